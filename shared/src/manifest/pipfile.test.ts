// Pipfiles and locks: every way to write a package, every key, and what is said of what is wrong.
import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import type { RequirementEntry, SourceEntry } from "./model.ts";
import { readPipfile } from "./pipfile.ts";
import { readPipfileLock } from "./pipfileLock.ts";
import type { TomlParser } from "./toml.ts";

let toml: TomlParser;
before(async () => {
  toml = await tomlForTests();
});

const codes = (text: string) => readPipfile(text, toml).errors.map((error) => error.code);
const one = (line: string) => readPipfile(`[packages]\n${line}\n`, toml).entries[0] as RequirementEntry;

describe("faults of a Pipfile", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['[packages]\na = {commit = "x"}\n', ["unknown-key"]],
    ['[packages]\na = {zzz = "x"}\n', ["unknown-key"]],
    ["[packages]\na = {version = 1}\n", ["invalid-value"]],
    ['[packages]\na = {editable = "x"}\n', ["invalid-value"]],
    ['[packages]\na = {extras = "x"}\n', ["invalid-value"]],
    ["[packages]\na = {extras = [1]}\n", ["invalid-value"]],
    ["[packages]\na = 1.0\n", ["invalid-value"]],
    ["[packages]\na = true\n", ["invalid-value"]],
    ['[packages]\na = ""\n', ["empty-specifier"]],
    ['[packages]\na = "^1"\n', ["invalid-operator"]],
    ['[packages]\na = "1.x"\n', ["invalid-specifier"]],
    ['[packages]\n"a b" = "*"\n', ["invalid-name"]],
    ['[packages]\na = {ref = "x"}\n', ["unused-key"]],
    ['[packages]\na = {git = "https://h/r", hg = "https://h/r"}\n', ["invalid-value"]],
    ['[packages]\na = {version = "*", version = "*"}\n', ["duplicate-key"]],
    ['[packages]\na = "*"\na = "*"\n', ["duplicate-key"]],
    ['[packages]\na = {x.y = "*"}\n', ["unknown-key"]],
    ['[packages]\na = {sys_platform = "nonsense"}\n', ["invalid-marker"]],
    ['[packages]\na = {markers = "nonsense"}\n', ["invalid-marker"]],
    ["[packages.a.b]\n", ["invalid-table"]],
    ["[[packages]]\n", ["invalid-table"]],
    ['[source]\nname = "x"\n', ["invalid-source"]],
    ["[[source]]\nname = 1\n", ["missing-key", "invalid-value"]],
    ['[[source]]\nname = "a"\nname = "b"\nurl = "c"\nverify_ssl = "x"\n', ["duplicate-key", "invalid-value"]],
    ["source = [1]\n", ["invalid-source"]],
    ["a = 1\n", ["unexpected-key"]],
    ["[requires]\npython_version = 3.11\n", ["invalid-value"]],
    ["[pipenv]\nallow_prereleases = 1\n", ["invalid-value"]],
    ['[scripts]\na = ""\n', ["invalid-value"]],
    ["[packages]\na = \n", ["toml-syntax"]],
    ["[packages]\na = *\n", ["toml-syntax"]],
    ["[packages]\na\n", ["toml-syntax"]],
    ["[packages]\na = [1\n", ["toml-syntax"]],
    ['[packages]\na = x"\n', ["toml-syntax"]],
    ['[packages\na = "*"\n', ["toml-syntax"]],
    ['[packages]\na = "*"\njunk here\nb = "*"\n', ["toml-syntax"]],
    ['[packages]\na = "*"\n[packages]\nb = "*"\n', ["toml-value"]],
  ];
  for (const [text, wanted] of rows) {
    it(`of ${JSON.stringify(text)} are ${wanted.join(", ")}`, () => {
      const found = codes(text);
      assert.ok(wanted.every((code) => found.includes(code)) && found.length >= wanted.length, found.join());
    });
  }

  it("leave the good lines around them alone", () => {
    const { entries } = readPipfile(
      '[packages]\na = "*"\nb = "x\nc = "*"\n[dev-packages\nd = "*"\n[scripts]\ne = "f"\n',
      toml,
    );
    const names = entries.map((entry) =>
      "name" in entry ? entry.name?.text : "option" in entry ? entry.option : "",
    );
    assert.deepEqual(names, ["a", "c", "d", "e"]);
    assert.equal((entries[2] as RequirementEntry).section, "dev-packages");
  });
});

describe("a package of a Pipfile", () => {
  it("is read with every key", () => {
    const entry = one(
      'a = {git = "git+https://h/r@v0", ref = "v1", subdirectory = "s", extras = ["x"], editable = true, index = "i", hashes = ["sha256:ab", "cd"], os_name = "== \'nt\'", markers = "a" } # c'.replace(
        '"a" }',
        "\"python_version < '3' or os_name == 'x'\" }",
      ),
    );
    assert.equal(entry.vcs?.url.text, "https://h/r@v0");
    assert.equal(entry.vcs?.reference?.text, "v1");
    assert.deepEqual([entry.subdirectory, entry.editable, entry.index?.text], ["s", true, "i"]);
    assert.deepEqual(
      entry.hashes.map((hash) => hash.algorithm + hash.digest),
      ["sha256ab", "sha256cd"],
    );
    assert.equal(entry.marker?.kind, "and");
    assert.equal(entry.comment?.text, "# c");
  });

  it("may be a path, a file, a URL, a repository with its reference in the URL", () => {
    assert.equal(one('a = {path = "."}').path?.text, ".");
    assert.equal(one('a = {file = "x.whl"}').path?.text, "x.whl");
    assert.equal(one('a = {file = "https://h/x.whl"}').url?.text, "https://h/x.whl");
    assert.equal(one('a = {git = "https://h/r@v2"}').vcs?.reference?.text, "v2");
    assert.deepEqual(
      one('"a[x,y]" = "*"').extras.map((extra) => extra.text),
      ["x", "y"],
    );
    assert.equal(one('a = "\\u003e=1"').understood, false);
    assert.equal(one('"\\u0061" = "*"').name?.text, "a");
    assert.equal(one('a = """>=1"""').specifier.clauses.length, 1);
  });

  it("may stand in tables written inline at the top", () => {
    const { entries, errors } = readPipfile(
      'source = [{name = "p", url = "https://x/$A"}]\npackages = {a = "*"}\ndev-packages.b = "*"\n[scripts.x]\ncmd = "y"\n',
      toml,
    );
    assert.deepEqual(errors, []);
    assert.equal(entries.length, 4);
    assert.equal((entries[0] as SourceEntry).hasVariables, true);
  });

  it("has its own remarks and those of the file", () => {
    const { ignores, entries } = readPipfile(
      '\ufeff# thoth: ignore[z]\r\n\r\n[packages]\r\na = "*" # thoth: ignore[y]\r\n',
      toml,
    );
    assert.deepEqual(ignores, ["z"]);
    assert.deepEqual((entries[0] as RequirementEntry).ignores, ["y"]);
  });
});

describe("a lock", () => {
  const locked = (fields: string) =>
    readPipfileLock(`{"_meta": {}, "default": {"a": ${fields}}, "develop": {}}`);
  const entry = (fields: string) => locked(fields).entries[0] as RequirementEntry;

  it("is read with every key", () => {
    assert.equal(
      entry('{"git": "https://h/r", "ref": "abc", "editable": true, "subdirectory": "s"}').vcs?.reference
        ?.text,
      "abc",
    );
    assert.equal(entry('{"git": "https://h/r@v1"}').vcs?.reference?.text, "v1");
    assert.equal(entry('{"path": "."}').path?.text, ".");
    assert.equal(entry('{"file": "x.whl"}').path?.text, "x.whl");
    assert.equal(entry('{"file": "https://h/x"}').url?.text, "https://h/x");
    assert.deepEqual(
      entry('{"hashes": ["ab", "sha256:c\\u0064"], "version": "*"}').hashes.map((hash) => hash.digest),
      ["ab", "cd"],
    );
    assert.equal(entry('{"extras": ["x"], "index": "i", "markers": "os_name == \'nt\'"}').index?.text, "i");
  });

  it("says of itself what it was made from", () => {
    const { lock, entries } = readPipfileLock(
      '{"_meta": {"hash": {"sha256": "ab", "x": 1}, "pipfile-spec": 6, "requires": {"python_version": "3.11", "y": 1}, "sources": [{"name": "p", "url": "https://x/\u0024{A}", "verify_ssl": false}, 1], "more": [1, {"a": 2}]}, "default": {}, "develop": {}}',
    );
    assert.deepEqual(
      [lock?.hash?.digest, lock?.specification, lock?.requires],
      ["ab", 6, { python_version: "3.11" }],
    );
    assert.equal((entries[0] as SourceEntry).verifySsl, false);
  });

  const rows: readonly (readonly [string, string])[] = [
    ['{"version": 1}', "invalid-value"],
    ['{"version": "nonsense"}', "missing-operator"],
    ['{"markers": "nonsense"}', "invalid-marker"],
    ['{"hashes": [1]}', "json-syntax invalid-value"],
    ["[]", "invalid-value"],
    ['{"version" "==1"}', "json-syntax"],
    ['{"version": }', "json-syntax"],
    ['{"version": "==1",}', "json-syntax"],
    ['{"hashes": ["a" "b"]}', "json-syntax"],
    ['{"hashes": ["a"', "json-syntax"],
    ['{1: 2, "version": "==1"}', "json-syntax"],
    ['{"a": "b" ] }', "json-syntax"],
    ["{} /* c */", "json-syntax"],
  ];
  for (const [fields, wanted] of rows) {
    it(`with ${fields} is told to be wrong`, () => {
      const { errors } = locked(fields);
      assert.ok(
        errors.some((error) => wanted.includes(error.code)),
        JSON.stringify(errors),
      );
    });
  }

  it("with a key twice, or text behind its end, or sources left open, is told to be wrong", () => {
    for (const text of [
      '{"_meta": {}, "default": {"a": {}, "a": {}}, "develop": {}, "develop": {}}',
      '{"_meta": {}} x',
      '{"_meta": {"sources": [{}',
      "\ufeff[]",
      '{"_meta": 1}',
    ]) {
      assert.ok(readPipfileLock(text).errors.length > 0, text);
    }
  });
});
