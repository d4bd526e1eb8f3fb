// Every manifest reader on arbitrary, mutated, deep and very long text, with a fixed budget: a manifest and errors with
// places inside the text come out, nothing is thrown, nothing hangs, and a requirements file comes back byte for byte.
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeManifest, encodeManifest } from "../../shared/src/manifest/decode.ts";
import {
  planIgnore,
  planPin,
  planRemoveEntry,
  planRepair,
  planSpecifier,
} from "../../shared/src/manifest/edits.ts";
import type { Manifest } from "../../shared/src/manifest/model.ts";
import { readPipfile } from "../../shared/src/manifest/pipfile.ts";
import { readPipfileLock } from "../../shared/src/manifest/pipfileLock.ts";
import { readPoetryConstraint } from "../../shared/src/manifest/poetryConstraint.ts";
import { selectEntries } from "../../shared/src/manifest/projectSelection.ts";
import { readPylock } from "../../shared/src/manifest/pylock.ts";
import { readPyproject } from "../../shared/src/manifest/pyproject.ts";
import { readRequirements } from "../../shared/src/manifest/requirements.ts";
import type { TomlParser } from "../../shared/src/manifest/toml.ts";
import { tomlForTests } from "../support/toml.ts";

const RUNS = 2000;

/** Places lie inside the text and run forwards, and every plan gives an answer. */
function check(manifest: Manifest): void {
  const { length } = manifest.text;
  const inside = ({ start, end }: { start: number; end: number }) => {
    assert.ok(start >= 0 && start <= end && end <= length, `${start}..${end} of ${length}`);
  };
  for (const error of manifest.errors) {
    inside(error.span);
    assert.match(error.message, /\.$/);
    planRepair(manifest, error);
  }
  for (const entry of manifest.entries) {
    inside(entry.span);
    if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
    for (const clause of entry.specifier.clauses) inside(clause.span);
    for (const hash of entry.hashes) inside(hash.span);
    if (entry.name) inside(entry.name.span);
    planPin(manifest, entry, "1.0", ["sha256:aa"]);
    planSpecifier(manifest, entry, ">=1");
    planIgnore(manifest, entry, "some-rule");
    planRemoveEntry(manifest, entry);
  }
  assert.deepEqual(manifest.lines.positionAt(0), { line: 0, character: 0 });
}

function checkRequirements(text: string): Manifest {
  const manifest = readRequirements(text, { kind: text.length % 2 === 0 ? "requirements" : "constraints" });
  check(manifest);
  let at = 0;
  for (const { span } of manifest.pieces!) {
    assert.equal(span.start, at);
    assert.ok(span.end > at);
    at = span.end;
  }
  assert.equal(at, text.length);
  return manifest;
}

const requirementTokens = fc
  .array(
    fc.constantFrom(
      "flask",
      "==",
      "1.0",
      ">=",
      " ",
      "  ",
      "\t",
      "\n",
      "\r\n",
      "\r",
      "\\\n",
      "\\",
      "\\\r\n",
      "#",
      " # c",
      ";",
      "python_version<'3'",
      "[a,b]",
      "@",
      "https://h/x.zip",
      "git+https://h/r@v1#egg=a",
      "--hash=sha256:ab",
      "-r ",
      "-c",
      "-e ",
      "--index-url",
      "=",
      "'",
      '"',
      "\u0024{A}",
      "\u2028",
      "\u0085",
      "\f",
      "\x1c",
      "\0",
      "\ufeff",
      "./p",
      "C:\\x",
      "-",
      "--",
      "é",
      "\u{1F600}",
      "# thoth: ignore[a",
      "]",
      "(",
      ")",
      ",",
      "*",
      "~>",
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

const tomlTokens = fc
  .array(
    fc.constantFrom(
      "[packages]",
      "[[source]]",
      "\n",
      "\r\n",
      "a",
      "=",
      " = ",
      '"*"',
      '"',
      "'",
      '"""',
      "{",
      "}",
      "[",
      "]",
      ",",
      "version",
      '"==1"',
      "#",
      "a.b",
      "[packages.x]",
      "markers",
      "sys_platform",
      "\"== 'nt'\"",
      "true",
      "1",
      "1.5",
      "__proto__",
      "constructor",
      "\\",
      "\\u00e9",
      "extras",
      '["a"]',
      "git",
      "hashes",
      "[requires]",
      "[scripts",
      "é",
      "\0",
      "\ufeff",
      "1979-05-27",
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const pyprojectTokens = fc
  .array(
    fc.constantFrom(
      "[project]\n",
      "[project.optional-dependencies]\n",
      "[dependency-groups]\n",
      "[build-system]\n",
      "[tool.uv]\n",
      "[tool.uv.sources]\n",
      "[[tool.uv.index]]\n",
      "[tool.poetry.dependencies]\n",
      "[tool.poetry.group.a.dependencies.b]\n",
      "[tool.setuptools.dynamic]\n",
      "[tool.pdm.dev-dependencies]\n",
      "name = 'a'\n",
      "dependencies = ",
      "requires-python = ",
      "dynamic = ",
      "conflicts = ",
      "a = ",
      "a.b = ",
      "[",
      "]",
      "{",
      "}",
      ", ",
      "\n",
      '"a>=1"',
      "'a[b]; os_name'",
      '"a @ https://h/x"',
      '"a\\u003e=1"',
      '"""\\\n a"""',
      "'''a'''",
      '"^1.2 || ~3"',
      '"*"',
      'include-group = "a"',
      "version = ",
      "index = ",
      "true",
      "1",
      '"',
      "'",
      "#",
      "\u{1F600}",
      "\0",
      "\ufeff",
      "\r\n",
      "__proto__",
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const pylockTokens = fc
  .array(
    fc.constantFrom(
      'lock-version = "1.0"\n',
      "created-by = 'a'\n",
      "[[packages]]\n",
      "[packages]\n",
      "[[packages.wheels]]\n",
      "[packages.sdist]\n",
      "[packages.hashes]\n",
      "packages = ",
      "name = 'a'\n",
      "name = ",
      "version = '1'\n",
      "marker = ",
      "\"'a' in extras\"",
      "wheels = ",
      "sdist = ",
      "vcs = ",
      "directory = ",
      "hashes = ",
      "environments = ",
      "dependencies = ",
      "attestation-identities = ",
      "sha256 = 'ab'",
      "url = 'https://h/a-1-py3-none-any.whl'",
      "path = ",
      "size = ",
      "1",
      "true",
      "1979-05-27T00:00:00Z",
      "{ ",
      " }",
      "[",
      "]",
      ", ",
      "\n",
      '"',
      "'",
      "#",
      "\\u00e9",
      "\u{1F600}",
      "\0",
      "\ufeff",
      "\r\n",
      "__proto__",
      ".",
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const jsonTokens = fc
  .array(
    fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"_meta"',
      '"default"',
      '"develop"',
      '"a"',
      '"version"',
      '"==1"',
      '"hashes"',
      '"sha256:ab"',
      '"markers"',
      "null",
      "true",
      "1",
      '"',
      "\\",
      "\n",
      "//",
      "/*",
      '"__proto__"',
      "é",
      "\0",
      "\ufeff",
      '"git"',
      '"extras"',
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const tables = (line: (at: number) => string): string =>
  Array.from({ length: 20_000 }, (_, at) => `${line(at)}\n`).join("");

describe("the manifest readers under fuzzing", () => {
  let toml: TomlParser;
  before(async () => {
    toml = await tomlForTests();
  });

  it("give a requirements file back whole, whatever it is", () => {
    const text = fc.oneof(requirementTokens, fc.string({ unit: "binary", maxLength: 200 }));
    fc.assert(
      fc.property(text, (each) => void checkRequirements(each)),
      { numRuns: RUNS },
    );
  });

  it("answer to any Pipfile", () => {
    const text = fc.oneof(tomlTokens, fc.string({ unit: "binary", maxLength: 200 }));
    const run = (each: string) => {
      const manifest = readPipfile(each, toml);
      check(manifest);
      assert.ok(Array.isArray(manifest.pipfileHashInputs));
    };
    fc.assert(fc.property(text, run), { numRuns: RUNS });
  });

  it("answer to any pyproject.toml", () => {
    const text = fc.oneof(pyprojectTokens, tomlTokens, fc.string({ unit: "binary", maxLength: 200 }));
    const run = (each: string) => {
      const manifest = readPyproject(each, toml);
      check(manifest);
      const file = { uri: "file:///pyproject.toml", manifest, as: "requirements" as const };
      selectEntries({ root: file.uri, files: [file], faults: [] }, { extras: "all", groups: "all" });
    };
    fc.assert(fc.property(text, run), { numRuns: RUNS });
  });

  it("answer to any pylock.toml", () => {
    const text = fc.oneof(pylockTokens, tomlTokens, fc.string({ unit: "binary", maxLength: 200 }));
    const run = (each: string) => {
      const manifest = readPylock(each, toml);
      check(manifest);
      for (const { where } of manifest.errors) assert.equal(typeof where, "string");
      assert.ok(manifest.entries.length <= manifest.pylock!.packages.length);
    };
    fc.assert(fc.property(text, run), { numRuns: RUNS });
  });

  it("answer to any constraint of poetry's", () => {
    const pieces = [
      "^",
      "~",
      "=",
      "<",
      ">",
      "!",
      "*",
      ".",
      "1",
      "23",
      "rc",
      "|",
      "||",
      ",",
      " ",
      "-",
      "x",
      "+",
    ];
    const text = fc.oneof(
      fc.array(fc.constantFrom(...pieces), { maxLength: 15 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary", maxLength: 40 }),
    );
    const run = (each: string) => {
      const read = readPoetryConstraint(each, 3);
      const places = read.ok
        ? read.value.clauses.map(({ span }) => span)
        : [{ start: read.error.offset, end: read.error.offset + read.error.length }];
      for (const { start, end } of places)
        assert.ok(start >= 3 && start <= end && end <= 3 + each.length, each);
      if (read.ok) read.value.toVersionSet();
    };
    fc.assert(fc.property(text, run), { numRuns: RUNS });
  });

  it("answer to any lock", () => {
    const text = fc.oneof(jsonTokens, fc.string({ unit: "binary", maxLength: 200 }), fc.json());
    fc.assert(
      fc.property(text, (each) => check(readPipfileLock(each))),
      { numRuns: RUNS },
    );
  });

  it("decode any bytes, and encode what was lossless to the same", () => {
    const starts = [
      "",
      "\xef\xbb\xbf",
      "\xff\xfe",
      "\xfe\xff",
      "\xff\xfe\0\0",
      "\0\0\xfe\xff",
      "# coding: cp1252\n",
      "#coding=latin-1\n",
      "# coding: utf-16\n",
      "# coding: no-such\n",
      "# coding: ascii\n",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        const bytes = Uint8Array.from([...[...start].map((unit) => unit.charCodeAt(0)), ...rest]);
        const decoded = decodeManifest(bytes);
        const back = decoded.lossless ? encodeManifest(decoded.text, decoded) : undefined;
        if (back !== undefined) assert.deepEqual(back, bytes);
        checkRequirements(decoded.text);
      }),
      { numRuns: RUNS },
    );
  });

  const long = 10_000_000;
  const requirements: readonly (readonly [string, () => string])[] = [
    ["one letter", () => "a".repeat(long)],
    ["spaces and a comment", () => `${" ".repeat(long)}#`],
    ["hash signs", () => "#".repeat(long)],
    ["one specifier", () => `a${",==1".repeat(1_000_000)}`],
    ["quotes", () => `-r ${"'".repeat(1_000_001)}`],
    ["backslashes", () => "\\".repeat(1_000_000)],
    ["continuations", () => "a\\\n".repeat(300_000)],
    ["options", () => `a ${"--hash=sha256:ab ".repeat(200_000)}`],
    ["brackets", () => `a${"[".repeat(100_000)}`],
    ["a marker in parentheses", () => `a; ${"(".repeat(100_000)}`],
    ["semicolons", () => "; ".repeat(1_000_000)],
    ["100,000 requirements", () => "flask==1.0 ; python_version < '3'  # c\n".repeat(100_000)],
    ["NULs", () => "\0".repeat(1_000_000)],
    ["line ends", () => "\n\r\u2028".repeat(300_000)],
    ["variables", () => "${".repeat(1_000_000)],
    ["at signs", () => `a@${"@".repeat(1_000_000)}`],
    ["a URL of brackets", () => `https://h/x#egg=${"[]".repeat(500_000)}`],
  ];
  for (const [what, make] of requirements) {
    it(`reads requirements of ${what} in linear time`, () => {
      const text = make();
      const manifest = readRequirements(text, { kind: "requirements" });
      assert.equal(manifest.pieces!.at(-1)!.span.end, text.length);
    });
  }

  const tomls: readonly (readonly [string, () => string])[] = [
    ["nested arrays", () => `[packages]\na = ${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["open arrays", () => `[packages]\na = ${"[".repeat(100_000)}`],
    ["open inline tables", () => `[packages]\n${"a={".repeat(50_000)}`],
    ["dotted keys", () => `[packages]\n${"a.".repeat(50_000)}b = 1`],
    ["one string", () => `[packages]\na = "${"x".repeat(long)}`],
    ["broken lines", () => `[packages]\n${'a = "\n'.repeat(20_000)}`],
    ["packages", () => `[packages]\n${Array.from({ length: 20_000 }, (_, at) => `p${at} = "*"\n`).join("")}`],
    ["NULs", () => "\0".repeat(1_000_000)],
    ["headers", () => "[".repeat(100_000)],
  ];
  for (const [what, make] of tomls) {
    it(`reads a Pipfile of ${what}`, () => {
      const manifest = readPipfile(make(), toml);
      assert.ok(manifest.entries.length + manifest.errors.length > 0);
      assert.ok(manifest.pipfileHashInputs);
    });
  }

  const pyprojects: readonly (readonly [string, () => string])[] = [
    ["nested arrays", () => `[project]\ndependencies = ${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["an open list", () => `[project]\ndependencies = [\n${'"a>=1",\n'.repeat(20_000)}`],
    ["a list with a broken line", () => `[project]\ndependencies = [\n${'"a>=1",\n'.repeat(4000)}"\n]\n`],
    ["escapes", () => `[project]\ndependencies = ["a\\u003e=1${"\\u0020".repeat(100_000)}"]`],
    ["one requirement", () => `[project]\ndependencies = ["a${",==1".repeat(500_000)}"]`],
    ["requirements", () => `[project]\ndependencies = [${"\"a>=1; os_name == 'nt'\",".repeat(20_000)}]`],
    ["extras", () => `[project.optional-dependencies]\n${tables((at) => `e${at} = ["a"]`)}`],
    [
      "groups in a chain",
      () => `[dependency-groups]\n${tables((at) => `g${at} = [{include-group = "g${at + 1}"}]`)}`,
    ],
    ["dotted keys", () => `[tool.poetry.dependencies]\n${"a.".repeat(50_000)}b = 1`],
    ["alternatives", () => `[tool.poetry.dependencies]\na = "${"^1 || ".repeat(1000)}2"`],
    ["a long constraint", () => `[tool.poetry.dependencies]\na = "${"^1 ".repeat(200_000)}"`],
  ];
  for (const [what, make] of pyprojects) {
    it(`reads a pyproject.toml of ${what}`, () => {
      const manifest = readPyproject(make(), toml);
      assert.ok(manifest.entries.length + manifest.errors.length > 0);
    });
  }

  const locks: readonly (readonly [string, () => string])[] = [
    ["nested arrays", () => "[".repeat(100_000)],
    ["nested objects", () => '{"default":'.repeat(50_000)],
    ["arrays within a package", () => `{"default":{"a":{"hashes":${"[".repeat(100_000)}`],
    ["deep sound arrays", () => `{"default":{"a":{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}`],
    ["one string", () => `"${"x".repeat(long)}`],
    ["quotes", () => '"'.repeat(1_000_000)],
    ["keys without values", () => `{${'"a",'.repeat(100_000)}`],
  ];
  for (const [what, make] of locks) {
    it(`reads a lock of ${what}`, () => {
      const manifest = readPipfileLock(make());
      assert.ok(manifest.errors.length > 0);
      assert.ok(manifest.errors.length < 200_000);
    });
  }

  it("take __proto__ for a name like any other", () => {
    const lock = readPipfileLock(
      '{"__proto__": {"__proto__": {"version": "==1"}}, "default": {"constructor": {"version": "==2"}}}',
    );
    assert.equal(lock.entries.length, 2);
    const pipfile = readPipfile(
      '[packages]\n__proto__ = "*"\nconstructor = {__proto__ = "x", version = "*"}\n[__proto__]\na = "*"\n',
      toml,
    );
    assert.equal(pipfile.entries.length, 3);
    assert.equal(({} as Record<string, unknown>).version, undefined);
  });
});
