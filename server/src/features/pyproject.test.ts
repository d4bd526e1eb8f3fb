// The features over pyproject.toml: a cursor or a range in a text → what is said, offered and found there.
import assert from "node:assert/strict";
import { readPyproject } from "../../../shared/src/manifest/pyproject.ts";
import { commands } from "../../../shared/src/protocol/editor.ts";
import { tomlForTests } from "../../../test/support/toml.ts";
import { allAbilities, type View } from "../model.ts";
import { codeActions } from "./codeActions.ts";
import { codeLens } from "./codeLens.ts";
import { completion } from "./completion.ts";
import { definition, references } from "./definition.ts";
import { diagnostics } from "./diagnostics.ts";
import { documentLinks } from "./documentLinks.ts";
import { documentSymbols } from "./documentSymbols.ts";
import { foldingRanges } from "./foldingRanges.ts";
import { hover, hoveredProject } from "./hover.ts";
import { inlayHints } from "./inlayHints.ts";
import { mark, project, unmark, viewOf } from "./testing.ts";

const toml = await tomlForTests();
const flask = project("flask", ["3.1.3", { version: "2.2.5", yanked: "broken" }, "2.2.3"]);
const uri = "file:///work/pyproject.toml";

function viewAt(marked: string): { view: View; cursor: number; text: string } {
  const { text, cursor } = unmark(marked);
  return {
    view: viewOf(text, { uri, manifest: readPyproject(text, toml), projects: [flask] }),
    cursor,
    text,
  };
}

async function complete(marked: string): Promise<{ labels: string[]; replaced: string | undefined }> {
  const { view, cursor, text } = viewAt(marked);
  const list = await completion(view, cursor, {
    names: async (prefix) => ({
      names: ["flask", "flask-cors"].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
      incomplete: false,
    }),
    facts: async () => undefined,
    listFolder: async () => [],
  });
  const [first] = list.items;
  const edit = first?.textEdit;
  return {
    labels: list.items.map((item) => item.label),
    replaced: edit && "range" in edit ? mark(text, view.file.manifest.lines.spanOf(edit.range)) : undefined,
  };
}

function hovered(marked: string): string {
  const { view, cursor } = viewAt(marked);
  return hover(view, cursor)?.markdown ?? "";
}

const rulesOf = (view: View) => view.findings().findings.map(({ rule, message }) => `${rule}: ${message}`);

describe("completion in pyproject.toml", () => {
  it("offers names in every list of requirements, and in poetry's tables", async () => {
    for (const marked of [
      '[project]\ndependencies = ["fla‸"]\n',
      '[project]\ndependencies = [\n  "other>=1",\n  "fla‸",\n]\n',
      '[project]\ndependencies = [\n  "other>=1",  # "why\n  \'fla‸\n]\n',
      '[project.optional-dependencies]\nweb = ["fla‸"]\n',
      '[project]\noptional-dependencies.web = ["fla‸"]\n',
      '[dependency-groups]\ntest = [{include-group = "x"}, "fla‸"]\n',
      '[build-system]\nrequires = ["fla‸"]\n',
      '[tool.uv]\nconstraint-dependencies = ["fla‸"]\n',
      "[tool.poetry.dependencies]\nfla‸\n",
      '[tool.poetry.group.dev.dependencies]\nother = "1"\nfla‸ = "*"\n',
      "[tool.uv.sources]\nfla‸\n",
    ]) {
      const { labels, replaced } = await complete(marked);
      assert.deepEqual(labels, ["flask", "flask-cors"], marked);
      assert.match(replaced!, /⟦fla⟧/);
    }
  });

  it("offers versions behind an operator, and anywhere in poetry's constraints", async () => {
    for (const marked of [
      '[project]\ndependencies = ["flask>=‸"]\n',
      '[project]\ndependencies = [\n  "flask[async] >= 2, <‸"\n]\n',
      '[tool.poetry.dependencies]\nflask = "^‸"\n',
      '[tool.poetry.dependencies]\nflask = "‸"\n',
      '[tool.poetry.dependencies]\nflask = "^2 || ^‸"\n',
      '[tool.poetry.dependencies]\nflask = { extras = ["async"], version = "~‸" }\n',
      '[tool.poetry.dependencies.flask]\nversion = "‸"\n',
    ]) {
      assert.deepEqual((await complete(marked)).labels, ["3.1.3", "2.2.3", "2.2.5"], marked);
    }
  });

  it("offers keys, groups, sources, markers and rules where they belong", async () => {
    const rows: readonly [string, string][] = [
      ["[project]\nreq‸", "requires-python"],
      ['[project]\nname = "lib"\n[project.optional-dependencies]\nweb = []\nall = ["lib[w‸]"]', "web"],
      ["[tool.uv]\ncon‸", "constraint-dependencies"],
      ["[[tool.uv.index]]\nexp‸", "explicit"],
      ["[tool.uv.sources]\nflask = { ind‸ }", "index"],
      ['[tool.poetry.dependencies]\nflask = { version = "1", mark‸ }', "markers"],
      ["[tool.poetry.dependencies.flask]\nver‸", "version"],
      ['[dependency-groups]\nlint = []\nall = [{include-group = "l‸"}]', "lint"],
      [
        '[tool.uv.sources]\nflask = { index = "‸" }\n[[tool.uv.index]]\nname = "own"\nurl = "https://x.test"',
        "own",
      ],
      ['[project]\ndependencies = ["flask; sys_plat‸"]', "sys_platform"],
      ['[project]\ndependencies = ["flask"] # thoth: ignore[yan‸]', "yanked-release"],
    ];
    for (const [marked, label] of rows) {
      const { labels } = await complete(marked);
      assert.ok(labels.includes(label), `${label} for ${marked}: ${labels.join(" ")}`);
    }
  });

  it("offers nothing in other tables, in values that are no requirements and in comments", async () => {
    for (const marked of [
      '[tool.black]\ntarget = ["fla‸"]\n',
      '[project]\nname = "fla‸"\n',
      '[project]\ndependencies = ["flask"] # fla‸\n',
      '[project]\nkeywords = ["fla‸"]\n',
      "[project.ur‸\n",
    ])
      assert.deepEqual((await complete(marked)).labels, [], marked);
  });
});

describe("hover in pyproject.toml", () => {
  it("says the verdict on a requirement, in a list and in poetry's table", () => {
    assert.match(hovered('[project]\ndependencies = ["fl‸ask==2.2.3"]\n'), /^\*\*flask 2\.2\.3\*\*/);
    assert.match(hovered('[tool.poetry.dependencies]\nfl‸ask = "2.2.3"\n'), /^\*\*flask 2\.2\.3\*\*/);
  });
  it("says what a constraint of poetry's means", () => {
    assert.match(
      hovered('[tool.poetry.dependencies]\nflask = "^2‸.1"\n'),
      /^At least 2\.1.*below 3\.0.*Admits 2 of 3/,
    );
    assert.match(hovered('[tool.poetry.dependencies]\nflask = "^2 ‸|| ^3"\n'), /flask/);
    assert.match(
      hovered('[tool.poetry.dependencies]\nflask = "^2 || ^‸3"\n'),
      /^At least 2, below 3; or at least 3, below 4\. Admits 3 of 3/,
    );
  });
  it("says where uv's sources take a package from, and asks no index for it", () => {
    const marked =
      '[project]\nname = "x"\ndependencies = ["fl‸ask"]\n[tool.uv.sources]\nflask = { git = "https://me:secret@git.test/flask", tag = "3.0" }\n';
    const text = hovered(marked);
    assert.match(text, /comes from where \\?\[tool\.uv\.sources\\?\] says/);
    assert.match(text, /git `https:\/\/git\.test\/flask` @ `3\.0`/);
    const { view, cursor } = viewAt(marked);
    assert.equal(hoveredProject(view, cursor), undefined);
  });
  it("says what keys of uv's and poetry's tables mean", () => {
    assert.match(hovered('[tool.uv]\nindex-str‸ategy = "first-index"\n'), /Which index wins/);
    assert.match(hovered('[project]\nrequires-py‸thon = ">=3.9"\n'), /Versions of Python.*\n.*At least 3\.9/);
    assert.match(
      hovered('[tool.poetry.dependencies]\nflask = {ver‸sion = "^2"}\n'),
      /Versions that are admitted/,
    );
  });
});

describe("findings in pyproject.toml", () => {
  it("a library's loose lines raise no alarm", () => {
    const { view } = viewAt(`[project]
name = "lib"
dependencies = ["flask", "flask-login @ https://example.com/f.zip"]
[project.optional-dependencies]
async = ["flask[async]>=3"]
all = ["lib[async]"]
[dependency-groups]
test = ["flask>=2"]
[build-system]
requires = ["flask<3"]
`);
    assert.deepEqual(rulesOf(view), []);
  });
  it("what cannot hold together is told: within a list, with a group, with uv's constraint", () => {
    const rows: readonly [string, RegExp][] = [
      ['[project]\ndependencies = ["flask>3.1.3"]\n', /^no-matching-release/],
      ['[project]\ndependencies = ["flask>=3,<2"]\n', /^contradictory-specifier/],
      [
        '[project]\ndependencies = ["flask>=3"]\n[dependency-groups]\na = ["flask<3"]\n',
        /^conflicting-requirements/,
      ],
      [
        '[project]\ndependencies = ["flask>=3"]\n[tool.uv]\nconstraint-dependencies = ["flask<3"]\n',
        /^conflicting-requirements/,
      ],
      ['[project]\ndependencies = ["flask>=2", "flask"]\n', /^duplicate-requirement/],
      ['[tool.poetry.dependencies]\nflask = ">3,<2 || >5,<4"\n', /^contradictory-specifier/],
      ['[tool.poetry.dependencies]\nflask = "^^2"\n', /^invalid-syntax/],
      ['[project]\ndependencies = ["flask==2.2.5"]\n', /^yanked-release/],
    ];
    for (const [text, rule] of rows) {
      const told = rulesOf(viewAt(text).view);
      assert.equal(told.length, 1, `${text}${told.join("\n")}`);
      assert.match(told[0]!, rule);
    }
  });
  it("extras that differ, an override and a comment that silences make no finding", () => {
    for (const text of [
      '[project.optional-dependencies]\na = ["flask>=3"]\nb = ["flask<3"]\n',
      '[project]\ndependencies = ["flask>=3"]\n[tool.uv]\nconstraint-dependencies = ["flask<3"]\noverride-dependencies = ["flask==3.1.3"]\n',
      '[project]\ndependencies = [\n  "flask==2.2.5",  # thoth: ignore[yanked-release]\n]\n',
      '[tool.poetry.dependencies]\nflask = [{version = "^2", python = "<3.9"}, {version = "^3", python = ">=3.9"}]\n',
    ])
      assert.deepEqual(rulesOf(viewAt(text).view), [], text);
  });
  it("a diagnostic stands on the clause within the string", () => {
    const { view, text } = viewAt('[project]\ndependencies = ["flask>3.1.3"]\n');
    const [diagnostic] = diagnostics(view, allAbilities, () => undefined);
    assert.equal(
      mark(text, view.file.manifest.lines.spanOf(diagnostic!.range)),
      '[project]\ndependencies = ["flask⟦>3.1.3⟧"]\n',
    );
  });
  it("a mistyped operator has a quick fix within the string", () => {
    const { view, cursor } = viewAt('[project]\ndependencies = ["fla‸sk=2.2.3"]\n');
    const position = view.file.manifest.lines.positionAt(cursor);
    const actions = codeActions(
      view,
      { range: { start: position, end: position }, diagnostics: [] },
      allAbilities,
      { digest: () => "" },
    );
    const action = actions.find(({ title }) => title === "Replace = with ==");
    assert.equal(action?.command?.command, commands.apply);
  });
});

describe("places in pyproject.toml", () => {
  const text = `[project]
name = "lib"
dependencies = [
  "flask==2.2.3",
  "torch",
]

[project.optional-dependencies]
a = ["flask"]
all = ["lib[‸a]"]

[dependency-groups]
test = ["pytest"]
dev = [{include-group = "test"}]

[tool.uv.sources]
torch = { index = "own" }
pytest = { url = "https://example.com/pytest.zip" }

[[tool.uv.index]]
name = "own"
url = "https://index.example.com/simple"

[build-system]
requires = ["hatchling"]
`;

  it("the outline has a section for each list", () => {
    const { view } = viewAt(text);
    assert.deepEqual(
      documentSymbols(view).map(({ name, children }) => [name, children?.map((child) => child.name)]),
      [
        ["project.dependencies", ["flask", "torch"]],
        ["project.optional-dependencies.a", ["flask"]],
        ["project.optional-dependencies.all", ["lib"]],
        ["dependency-groups.test", ["pytest"]],
        ["tool.uv.index", ["own"]],
        ["build-system.requires", ["hatchling"]],
      ],
    );
  });

  it("jumps lead from an extra, a group and an index to what they name", () => {
    const to = (needle: string, within = 0) => {
      const { view, text: plain } = viewAt(text);
      const [found] = definition(view, plain.indexOf(needle) + within);
      return (
        found &&
        plain.slice(
          ...(Object.values(view.file.manifest.lines.spanOf(found.targetSelectionRange)) as [number, number]),
        )
      );
    };
    assert.equal(to("lib[a]", 4), "a");
    assert.equal(to('= "test"', 4), "test");
    assert.equal(to('index = "own"', 10), "own");
    assert.equal(to('"flask==', 2), "flask");
  });

  it("references are all lines on the package", () => {
    const { view } = viewAt(text);
    const at = view.file.manifest.text.indexOf("flask==");
    assert.deepEqual(
      references(view, at, [], true).map(({ range }) => range.start.line),
      [3, 8],
    );
  });

  it("addresses are links, tables and lists fold, and the lens counts what runs", () => {
    const { view } = viewAt(text);
    assert.deepEqual(
      documentLinks(view).map(({ target }) => target),
      ["https://index.example.com/simple", "https://example.com/pytest.zip"],
    );
    const folds = foldingRanges(view).map(({ startLine, endLine }) => [startLine, endLine]);
    assert.ok(folds.some(([start, end]) => start === 2 && end === 4));
    assert.ok(folds.some(([start, end]) => start === 0 && end === 5));
    assert.match(codeLens(view)[0]!.command!.title, /^3 packages/);
    const { lines } = view.file.manifest;
    const hints = inlayHints(view, lines.rangeOf({ start: 0, end: text.length }));
    assert.deepEqual(
      hints.map(({ position, label }) => [position.line, (label as { value: string }[])[0]!.value]),
      [[3, "3.1.3 available"]],
    );
  });
});
