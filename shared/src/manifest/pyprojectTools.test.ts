// [tool.uv] and [tool.poetry] key by key, and what is told of values that neither tool takes.
import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import { markerToString } from "../packaging/marker.ts";
import type { Manifest, RequirementEntry } from "./model.ts";
import { readPyproject } from "./pyproject.ts";

const toml = await tomlForTests();
const read = (text: string): Manifest => readPyproject(text, toml);

function entryOf(text: string): RequirementEntry {
  const { entries, errors } = read(text);
  assert.deepEqual(errors, []);
  return entries.find((entry): entry is RequirementEntry => entry.kind === "requirement")!;
}

const poetry = (line: string) => `[tool.poetry.dependencies]\n${line}\n`;

describe("faults of a pyproject.toml", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["[project.dependencies]\na = 1\n", "invalid-value", "[project.dependencies]"],
    ["[project]\nrequires-python = 3.8\n", "invalid-value", "3.8"],
    ['[project]\nrequires-python = ">=x"\n', "invalid-version", "x"],
    ["[project.optional-dependencies.x]\na = 1\n", "invalid-value", "[project.optional-dependencies.x]"],
    ["[dependency-groups.x]\na = 1\n", "invalid-value", "[dependency-groups.x]"],
    ["[dependency-groups]\nx = [1]\n", "invalid-value", "1"],
    ["[dependency-groups]\nx = [{a = 1}]\n", "invalid-group-entry", "{a = 1}"],
    ["[tool.uv.sources]\na = 1\n", "invalid-value", "a = 1"],
    ["[tool.uv.sources]\na = {}\n", "invalid-value", "a = {}"],
    ['[tool.uv.sources]\na = {git = "g", path = "p"}\n', "invalid-value", 'a = {git = "g", path = "p"}'],
    ['[tool.uv.sources]\na = {path = "p", marker = "x"}\n', "invalid-marker", '"x"'],
    ['[tool.uv]\nenvironments = ["x"]\n', "invalid-marker", '"x"'],
    ["[tool.poetry]\ndependencies = 1\n", "invalid-value", "dependencies = 1"],
    ["[tool.poetry.extras]\nx = 1\n", "invalid-value", "x = 1"],
    [poetry("a = true"), "invalid-value", "a = true"],
    [poetry("a = 1.0"), "invalid-value", "a = 1.0"],
    [poetry("a = [1]"), "invalid-value", "1"],
    [poetry("a = {version = 1}"), "invalid-value", "1"],
    [poetry('a = {version = "1", markers = "x"}'), "invalid-marker", '"x"'],
    [poetry('a = {version = "1", python = "^^3"}'), "invalid-operator", "^^3"],
    [poetry('"a b" = "1"'), "invalid-name", '"a b"'],
  ];
  for (const [text, code, written] of rows) {
    it(`of ${JSON.stringify(text)} is ${code} on ${written}`, () => {
      const found = read(text).errors.map((error) => [
        error.code,
        text.slice(error.span.start, error.span.end),
      ]);
      assert.deepEqual(found, [[code, written]]);
    });
  }
});

describe("[tool.uv]", () => {
  it("says of a source which part of what is meant, for whom and where", () => {
    const { project, errors } = read(`[tool.uv.sources]
a = [
  {git = "https://h/r", tag = "v1", subdirectory = "s", marker = "os_name == \\"nt\\"", extra = "G_pu"},
  {path = "p", editable = true, package = false, group = "De_v"},
]
`);
    assert.deepEqual(errors, []);
    const [git, path] = project!.uv.sources.get("a")!;
    assert.deepEqual(
      [git!.kind, git!.reference?.text, git!.subdirectory, git!.extra],
      ["git", "v1", "s", "g-pu"],
    );
    assert.equal(markerToString(git!.marker!), 'os_name == "nt"');
    assert.deepEqual([path!.kind, path!.editable, path!.package, path!.group], ["path", true, false, "de-v"]);
  });

  it("gives a source for a group to the requirements of that group alone", () => {
    const { entries } = read(
      '[project]\ndependencies = ["a"]\n[dependency-groups]\ndev = ["a"]\n[tool.uv.sources]\na = {path = "p", group = "dev"}\n',
    );
    const found = entries.map(
      (entry) => entry.kind === "requirement" && [entry.section, entry.sources?.length],
    );
    assert.deepEqual(found.filter(Boolean), [
      ["project.dependencies", undefined],
      ["dependency-groups.dev", 1],
    ]);
  });

  it("has indexes, settings, conflicts and metadata as they are written", () => {
    const { project, errors } = read(`[tool.uv]
index-url = "https://one.example/simple"
fork-strategy = "fewest"
default-groups = "all"
dev-dependencies = ["d"]
environments = "os_name == 'nt'"
required-environments = ["os_name == 'posix'", 1]
conflicts = [[{extra = "A_b"}, {group = "c"}, {package = "P_q"}], 1]
exclude-newer-package = {a = false, B_c = "2025-01-01"}
[[tool.uv.index]]
name = "flat"
url = "https://two.example/files"
format = "flat"
default = true
explicit = true
[[tool.uv.dependency-metadata]]
name = "A_b"
version = "1"
requires-python = ">=3.8"
requires-dist = ["c"]
[[tool.uv.dependency-metadata]]
version = "1"
[dependency-groups]
docs = ["s"]
`);
    assert.deepEqual(errors, []);
    const { uv, defaultGroups } = project!;
    assert.equal(uv.indexUrl?.text, "https://one.example/simple");
    assert.equal(uv.forkStrategy?.text, "fewest");
    assert.deepEqual([...defaultGroups].sort(), ["dev", "docs"]);
    assert.deepEqual(
      uv.environments.map(({ text }) => text),
      ["os_name == 'nt'"],
    );
    assert.deepEqual(
      uv.requiredEnvironments.map(({ text }) => text),
      ["os_name == 'posix'"],
    );
    assert.deepEqual(uv.conflicts, [[{ extra: "a-b" }, { group: "c" }, { package: "p-q" }], []]);
    assert.equal(uv.excludeNewerPackage.get("a"), false);
    const cutOff = uv.excludeNewerPackage.get("b-c");
    assert.equal(cutOff ? cutOff.text : cutOff, "2025-01-01");
    const [index] = uv.indexes;
    assert.deepEqual([index!.format, index!.default, index!.explicit], ["flat", true, true]);
    assert.deepEqual(uv.dependencyMetadata, [
      { name: "a-b", version: "1", requiresPython: ">=3.8", requiresDist: ["c"], providesExtras: [] },
    ]);
  });
});

describe("[tool.poetry]", () => {
  it("joins markers, Python and platform of a package, an or in its parentheses", () => {
    const entry = entryOf(
      poetry(
        'a = {version = "1", markers = "os_name == \'nt\' or os_name == \'posix\'", python = "^3.8", platform = "!=win32"}',
      ),
    );
    assert.equal(
      markerToString(entry.marker!),
      '(os_name == "nt" or os_name == "posix") and python_version >= "3.8" and python_version < "4.0" and sys_platform != "win32"',
    );
  });

  it("reads a package that is a list, in quotes and in tables", () => {
    for (const text of [
      poetry('a = ["<2", ">3"]'),
      poetry('a = [{version = "<2"}, {version = ">3"}]'),
      '[[tool.poetry.dependencies.a]]\nversion = "<2"\n[[tool.poetry.dependencies.a]]\nversion = ">3"\n',
    ]) {
      const { entries, errors } = read(text);
      assert.deepEqual(errors, []);
      const said = entries.map((entry) => entry.kind === "requirement" && String(entry.specifier));
      assert.deepEqual(said, ["<2", ">3"], text);
    }
  });

  it("says where a package comes from, down to the folder", () => {
    const entry = entryOf(poetry('a = {git = "https://h/r", rev = "1", subdirectory = "s"}'));
    assert.equal(entry.vcs?.reference?.text, "1");
    assert.equal(entry.subdirectory, "s");
  });

  it("understands dotted keys where each stands on its own line, and no edit is offered across others", () => {
    assert.equal(entryOf(poetry('a.version = "1"\na.optional = true')).understood, true);
    assert.equal(entryOf(poetry('a.version = "1"\nb = "2"\na.optional = true')).understood, false);
  });

  it("has the comment behind a package, or behind the header of its table, and what it silences", () => {
    for (const text of [
      poetry('a = "1" # thoth: ignore[yanked-release]'),
      '[tool.poetry.dependencies.a] # thoth: ignore[yanked-release]\nversion = "1"\n',
      '[[tool.poetry.dependencies.a]] # thoth: ignore[yanked-release]\nversion = "1"\n',
    ]) {
      const entry = entryOf(text);
      assert.match(entry.comment?.text ?? "", /yanked-release/, text);
      assert.deepEqual(entry.ignores?.map(String).length, 1, text);
    }
  });

  it("has groups with what they include, extras by the names they begin with, and sources by their rank", () => {
    const { project } = read(`[tool.poetry.extras]
One = ["a[x]", "b (>=1)", "!"]
[tool.poetry.group.docs]
optional = true
include-groups = ["test"]
[tool.poetry.group.test.dependencies]
t = "*"
[[tool.poetry.source]]
name = "p"
url = "https://one.example/simple"
priority = "soon"
[[tool.poetry.source]]
name = "q"
url = "https://two.example/simple"
priority = "explicit"
`);
    assert.deepEqual(project!.extras[0]!.brings, ["a", "b"]);
    const docs = project!.groups.find(({ normalizedName }) => normalizedName === "docs");
    assert.deepEqual(
      docs?.includes.map(({ text }) => text),
      ["test"],
    );
    assert.deepEqual(project!.defaultGroups, ["test"]);
    assert.deepEqual(
      project!.poetrySources.map(({ priority }) => priority),
      ["primary", "explicit"],
    );
  });
});

describe("setuptools' files", () => {
  it("are one in quotes or a list, and what is no text is passed over", () => {
    const included = (file: string) =>
      read(
        `[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = ${file}}\n`,
      ).entries.flatMap((entry) => (entry.kind === "include" ? entry.target.text : []));
    assert.deepEqual(included('"r.txt"'), ["r.txt"]);
    assert.deepEqual(included('["r.txt", 1, "s.txt"]'), ["r.txt", "s.txt"]);
    assert.deepEqual(included("1"), []);
  });
});
