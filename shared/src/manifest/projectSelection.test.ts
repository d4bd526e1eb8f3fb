// What one resolve of a pyproject.toml takes: the defaults of uv export, extras that name extras, groups in groups, conflicts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tomlForTests } from "../../../test/support/toml.ts";
import { markerToString } from "../packaging/marker.ts";
import type { ProjectSelection } from "./projectModel.ts";
import { type SelectedEntries, selectEntries } from "./projectSelection.ts";
import { readPyproject } from "./pyproject.ts";
import { readRequirements } from "./requirements.ts";
import { loadManifestTreeSync } from "./tree.ts";

const toml = await tomlForTests();
const root = "file:///work/pyproject.toml";

function select(
  text: string,
  selection?: ProjectSelection,
  files: Record<string, string> = {},
): SelectedEntries {
  const tree = loadManifestTreeSync(
    root,
    (uri) => (uri === root ? text : files[uri.slice("file:///work/".length)]),
    {
      parse: (source, kind) =>
        kind === "pyproject"
          ? readPyproject(source, toml)
          : readRequirements(source, { kind: kind === "constraints" ? "constraints" : "requirements" }),
    },
  );
  return selectEntries(tree, selection);
}

function said({ requirements }: SelectedEntries): string[] {
  return requirements.map(({ entry, marker }) =>
    [entry.name?.text, marker && markerToString(marker)].filter(Boolean).join("; "),
  );
}

const text = `[project]
name = "demo"
dependencies = ["a"]
[project.optional-dependencies]
one = ["b"]
Two_x = ["c; os_name == 'nt' or os_name == 'posix'"]
all = ["demo[one]", "Demo[two-x]; python_version >= '3.12'"]
loop = ["demo[loop]", "l"]
[dependency-groups]
dev = ["d", {include-group = "test"}]
test = ["t"]
docs = ["s"]
[build-system]
requires = ["hatchling"]
`;

describe("the selection of a pyproject.toml", () => {
  it("is the project and the default groups, unless asked otherwise", () => {
    const rows: readonly [ProjectSelection, readonly string[]][] = [
      [{}, ["a", "d", "t"]],
      [{ defaultGroups: false }, ["a"]],
      [{ extras: ["ONE"] }, ["a", "b", "d", "t"]],
      [{ groups: ["docs"] }, ["a", "d", "t", "s"]],
      [{ groups: "all" }, ["a", "d", "t", "s"]],
      [{ groups: "all", withoutGroups: ["DOCS", "dev"] }, ["a", "t"]],
      [{ onlyGroups: ["docs"] }, ["s"]],
    ];
    for (const [selection, names] of rows) {
      const selected = select(text, selection);
      assert.deepEqual(said(selected), names);
      assert.deepEqual(selected.faults, []);
    }
  });

  it("follows the project's references to its own extras, each under its marker, and ends in a circle", () => {
    assert.deepEqual(said(select(text, { extras: ["all", "loop"], defaultGroups: false })), [
      "a",
      "b",
      'c; (os_name == "nt" or os_name == "posix") and python_version >= "3.12"',
      "l",
    ]);
  });

  it("tells what is asked for and is not there", () => {
    const { faults } = select(text, { extras: ["none"], groups: ["neither"] });
    assert.deepEqual(
      faults.map(({ code, message, span }) => [code, message, span]),
      [
        ["unknown-extra", "The project has no extra none.", undefined],
        ["unknown-group", "There is no dependency group neither.", undefined],
      ],
    );
  });

  it("tells groups that include each other, and ends", () => {
    const { faults } = select(
      '[dependency-groups]\na = [{include-group = "b"}]\nb = [{include-group = "a"}, "x"]\n',
      { groups: ["a"] },
    );
    assert.deepEqual(
      faults.map(({ code }) => code),
      ["cyclic-group"],
    );
  });

  it("refuses extras that are declared as conflicting, and of all leaves the later one out", () => {
    const both = `${text}[tool.uv]\nconflicts = [[{extra = "one"}, {extra = "two-x"}]]\n`;
    assert.deepEqual(
      select(both, { extras: ["one", "two-x"] }).faults.map(({ code }) => code),
      ["conflicting-selection"],
    );
    const all = select(both.replace(/^all = .*$/m, ""), { extras: "all" });
    assert.deepEqual([all.faults, all.skipped], [[], ["extra two-x"]]);
  });

  it("leaves of all what excludes a taken line out, where no tool locks them together", () => {
    const split = `[project]\nname = "x"\ndependencies = ["n"]\n[project.optional-dependencies]\nold = ["n<2"]\nnew = ["n>=2"]\n`;
    assert.deepEqual(select(split, { extras: "all" }).skipped, ["extra new"]);
    assert.deepEqual(select(`${split}[tool.uv]\n`, { extras: "all" }).skipped, []);
  });

  it("takes every extra and group by itself, told which of them brings what, where they are selected apart", () => {
    const text =
      '[project]\nname = "x"\ndependencies = ["n"]\n[project.optional-dependencies]\nold = ["n<2"]\nnew = ["n>=2"]\nall = ["x[new]"]\n' +
      '[dependency-groups]\nlint = ["l"]\ntest = [{ include-group = "lint" }]\n' +
      '[tool.uv]\nconflicts = [[{ extra = "old" }, { extra = "new" }]]\n';
    const { requirements, faults } = select(text, { isApart: true });
    assert.deepEqual(faults, []);
    assert.deepEqual(
      requirements.map(
        ({ entry, part }) => `${part?.name ?? "project"}: ${entry.name?.text}${entry.specifier}`,
      ),
      ["project: n", "old: n<2", "new: n>=2", "all: n>=2", "lint: l", "test: l"],
    );
  });

  it("takes uv's constraints, overrides and exclusions apart", () => {
    const sample = readFileSync(new URL("../../../test/fixtures/pyproject/uv.toml", import.meta.url), "utf8");
    const { constraints, overrides, excluded, groups } = select(sample);
    assert.deepEqual(
      [constraints, overrides].map((list) =>
        list.map(({ entry }) => `${entry.name?.text}${entry.specifier}`),
      ),
      [["grpcio<1.65"], ["werkzeug==2.3.0"]],
    );
    assert.deepEqual(excluded, ["setuptools"]);
    assert.deepEqual(groups, ["dev", "test", "lint", "docs"]);
  });

  it("poetry's optional packages come with an extra that names them, its optional groups when asked for", () => {
    const sample = readFileSync(
      new URL("../../../test/fixtures/pyproject/poetry.toml", import.meta.url),
      "utf8",
    );
    const names = (selection?: ProjectSelection) =>
      said(select(sample, selection)).map((one) => one.split(";")[0]);
    assert.ok(!names().includes("reportlab"));
    assert.ok(names().includes("black") && !names().includes("sphinx"));
    assert.ok(names({ extras: ["pdf"] }).includes("reportlab"));
    assert.ok(!names({ extras: ["pdf"] }).includes("psycopg2-binary"));
    assert.ok(names({ groups: ["docs"] }).includes("sphinx"));
  });

  it("beside [project] dependencies poetry's table requires nothing", () => {
    const sample = readFileSync(
      new URL("../../../test/fixtures/pyproject/poetry2.toml", import.meta.url),
      "utf8",
    );
    assert.deepEqual(said(select(sample, { defaultGroups: false })), [
      "jinja2",
      "markdown-it-py",
      "acme-theme",
    ]);
  });

  it("setuptools' files count as the table says", () => {
    const sample = readFileSync(
      new URL("../../../test/fixtures/pyproject/setuptools.toml", import.meta.url),
      "utf8",
    );
    const files = {
      "requirements.txt": "flask\n-r more.txt\n",
      "more.txt": "jinja2\n",
      "requirements-test.txt": "pytest\n",
    };
    assert.deepEqual(said(select(sample, {}, files)), ["flask", "jinja2"]);
    assert.deepEqual(said(select(sample, { extras: ["test"] }, files)), ["flask", "jinja2", "pytest"]);
  });

  it("is empty of a tree whose root is no pyproject.toml", () => {
    const tree = loadManifestTreeSync("file:///work/requirements.txt", () => "a\n");
    assert.deepEqual(selectEntries(tree), {
      requirements: [],
      constraints: [],
      overrides: [],
      excluded: [],
      extras: [],
      groups: [],
      skipped: [],
      faults: [],
    });
  });

  it("has what uv's lists narrow, replace and leave out, each under its marker", () => {
    const selected = select(`[project]
name = "demo"
dependencies = ["a"]
[tool.uv]
dev-dependencies = ["d"]
constraint-dependencies = ["c<2; os_name == 'nt'"]
override-dependencies = ["o==1"]
exclude-dependencies = ["Ex_a"]
`);
    const names = (entries: SelectedEntries["constraints"]) =>
      entries.map(({ entry, marker }) => [entry.name?.text, marker && markerToString(marker)]);
    assert.ok(said(selected).includes("d"));
    assert.deepEqual(names(selected.constraints), [["c", 'os_name == "nt"']]);
    assert.deepEqual(names(selected.overrides), [["o", undefined]]);
    assert.deepEqual(selected.excluded, ["ex-a"]);
  });

  it("leaves out of all groups one that excludes what is taken, unless their markers never hold together", () => {
    const pdm = (old: string) => `[project]
name = "demo"
dependencies = ["a>=2; os_name == 'nt'"]
[dependency-groups]
old = ["${old}"]
`;
    const all = { groups: "all", defaultGroups: false } as const;
    assert.deepEqual(select(pdm("a<2"), all).skipped, ["group old"]);
    assert.deepEqual(select(pdm("a<2; os_name == 'nt'"), all).skipped, ["group old"]);
    assert.deepEqual(select(pdm("a<2; os_name == 'posix'"), all).skipped, []);
    assert.deepEqual(select(pdm("a>=1"), all).skipped, []);
  });

  it("tells groups that are declared as conflicting, once, and passes over another package's", () => {
    const given = `[project]
name = "demo"
dependencies = []
[dependency-groups]
one = ["a"]
two = ["b"]
[tool.uv]
conflicts = [[{group = "one"}, {group = "two"}], [{group = "one"}, {group = "two"}], [{package = "other", group = "one"}, {group = "two"}]]
`;
    const { faults } = select(given, { groups: ["one", "two"] });
    assert.deepEqual(faults, [
      {
        code: "conflicting-selection",
        message: "group one and group two are declared as conflicting: they cannot be taken together.",
      },
    ]);
  });
});
