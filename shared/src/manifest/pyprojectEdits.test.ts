// Edits in pyproject.toml: within TOML strings of every kind and in poetry's style, nothing else touched.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { tomlForTests } from "../../../test/support/toml.ts";
import { parseVersion } from "../packaging/version.ts";
import {
  applyEdits,
  type EditPlan,
  planIgnore,
  planPin,
  planRemoveEntry,
  planRename,
  planRepair,
  planReplaceClause,
  planSpecifier,
} from "./edits.ts";
import type { Manifest, RequirementEntry } from "./model.ts";
import { raisePoetryConstraint } from "./poetryConstraint.ts";
import { readPyproject } from "./pyproject.ts";

const toml = await tomlForTests();

function requirements(manifest: Manifest): RequirementEntry[] {
  return manifest.entries.filter(
    (entry): entry is RequirementEntry => entry.kind === "requirement" || entry.kind === "constraint",
  );
}

type Plan = (manifest: Manifest, entry: RequirementEntry) => EditPlan;

/** The text after a plan for the first entry; a refusal by its code. */
function edited(text: string, plan: Plan): string {
  const manifest = readPyproject(text, toml);
  const made = plan(manifest, requirements(manifest)[0]!);
  return made.ok ? applyEdits(text, made.value) : made.error.code;
}

const pin: Plan = (manifest, entry) => planPin(manifest, entry, "3.1.3");

function checkList(plan: Plan, rows: readonly (readonly [string, string])[]): void {
  for (const [before, after] of rows) {
    const list = (items: string) => `[project]\ndependencies = [\n  ${items},\n  "other",\n]\n`;
    const expected = /^[a-z-]+$/.test(after) ? after : list(after);
    assert.equal(edited(list(before), plan), expected);
  }
}

function checkPoetry(plan: Plan, rows: readonly (readonly [string, string])[]): void {
  for (const [before, after] of rows) {
    const table = (value: string) => `[tool.poetry.dependencies]\nflask = ${value}\nother = "*"\n`;
    const expected = /^[a-z-]+$/.test(after) ? after : table(after);
    assert.equal(edited(table(before), plan), expected);
  }
}

describe("edits of pyproject.toml", () => {
  it("a pin stays in its string, in the style of the line", () => {
    checkList(pin, [
      ['"flask"', '"flask==3.1.3"'],
      ["'flask'", "'flask==3.1.3'"],
      ['"flask[async]"', '"flask[async]==3.1.3"'],
      ['"flask>=2,<3"', '"flask==3.1.3"'],
      ['"flask >= 2, < 3"', '"flask == 3.1.3"'],
      ['"flask (>=2,<3)"', '"flask (==3.1.3)"'],
      [`"flask>=2; python_version < '3.13'"`, `"flask==3.1.3; python_version < '3.13'"`],
      [`"flask ; os_name == \\"nt\\""`, `"flask==3.1.3 ; os_name == \\"nt\\""`],
      ['"flask\\u003e=2"', '"flask==3.1.3"'],
      ['"""flask>=2"""', '"""flask==3.1.3"""'],
      ["'''flask>=2'''", "'''flask==3.1.3'''"],
      ['"""\\\n  flask\\\n  >=2"""', '"""\\\n  flask\\\n  ==3.1.3"""'],
      ['"flask\\u005basync\\u005d"', "not-understood"],
      ['"flask @ https://example.com/flask.zip"', "direct-reference"],
      ['"flask>=2=3"', "not-understood"],
    ]);
  });

  it("poetry's pin is a bare version, or == where the person writes it", () => {
    checkPoetry(pin, [
      ['"^2.3"', '"3.1.3"'],
      ["'~2'", "'3.1.3'"],
      ['"*"', '"3.1.3"'],
      ['"==2.3"', '"==3.1.3"'],
      ['"^2 || ^3"', '"3.1.3"'],
      ['{ version = "^2", extras = ["async"] }', '{ version = "3.1.3", extras = ["async"] }'],
      ['{extras = ["async"]}', '{version = "3.1.3", extras = ["async"]}'],
      [
        '[{ version = "^2", python = "<3.9" }, { version = "^3" }]',
        '[{ version = "3.1.3", python = "<3.9" }, { version = "^3" }]',
      ],
      [
        '[{ extras = ["a"] }, { version = "^3" }]',
        '[{ version = "3.1.3", extras = ["a"] }, { version = "^3" }]',
      ],
      ['{ git = "https://example.com/flask.git" }', "direct-reference"],
      ['{ path = "../flask" }', "direct-reference"],
      ['"^^2"', "not-understood"],
    ]);
    assert.equal(
      edited('[tool.poetry.dependencies.flask]\nversion = "^2" # why\noptional = true\n', pin),
      '[tool.poetry.dependencies.flask]\nversion = "3.1.3" # why\noptional = true\n',
    );
  });

  it("any specifier that poetry reads may be written, and none that it does not", () => {
    checkPoetry(
      (manifest, entry) => planSpecifier(manifest, entry, "^3.1 || >=4.2,<5"),
      [['"^2"', '"^3.1 || >=4.2,<5"']],
    );
    checkPoetry((manifest, entry) => planSpecifier(manifest, entry, ""), [['"^2"', '"*"']]);
    checkPoetry(
      (manifest, entry) => planSpecifier(manifest, entry, "==3.1"),
      [
        ['"2.0"', '"3.1"'],
        ['"==2.0"', '"==3.1"'],
      ],
    );
    checkPoetry((manifest, entry) => planSpecifier(manifest, entry, "^^3"), [['"^2"', "invalid-specifier"]]);
    checkList((manifest, entry) => planSpecifier(manifest, entry, "^3"), [['"flask"', "invalid-specifier"]]);
    checkList(
      (manifest, entry) => planSpecifier(manifest, entry, ""),
      [['"flask >=2 ; os_name"', "not-understood"]],
    );
    checkList((manifest, entry) => planSpecifier(manifest, entry, ""), [['"flask >=2"', '"flask"']]);
  });

  it("one bound of a caret is moved by writing the piece out", () => {
    const move: Plan = (manifest, entry) =>
      planReplaceClause(manifest, entry, entry.specifier.clauses[1]!, "<5");
    checkPoetry(move, [
      ['"^2.3"', '">=2.3,<5"'],
      ['">=2.3, <3"', '">=2.3, <5"'],
      ['"^2.3 || ^4"', "not-understood"],
    ]);
    const drop: Plan = (manifest, entry) =>
      planReplaceClause(manifest, entry, entry.specifier.clauses[1]!, "");
    checkPoetry(drop, [['"^2.3"', '">=2.3"']]);
  });

  it("a raise keeps poetry's operator and precision", () => {
    const rows: readonly [string, string | undefined][] = [
      ["^1.2", "^3.1"],
      ["^1.2.3", "^3.1.3"],
      ["^1", "^3"],
      ["~4.2", "~3.1"],
      ["1.2.*", "3.1.*"],
      ["^ 1", "^ 3"],
      ["1.2", undefined],
      [">=1,<2", undefined],
      ["^1 || ^2", undefined],
    ];
    for (const [text, raised] of rows)
      assert.equal(raisePoetryConstraint(text, parseVersion("3.1.3")!), raised);
  });

  it("an item is taken out with its comma, and alone on its line with the line", () => {
    const remove = (text: string, name: string) => {
      const manifest = readPyproject(text, toml);
      const entry = requirements(manifest).find((each) => each.name?.text === name)!;
      const made = planRemoveEntry(manifest, entry);
      assert.ok(made.ok);
      return applyEdits(text, made.value);
    };
    const rows: readonly [string, string, string][] = [
      ['[\n  "a",  # why\n  "b",\n]', "a", '[\n  "b",\n]'],
      ['[\n  "a",\n  "b"\n]', "b", '[\n  "a",\n]'],
      ['["a", "b", "c"]', "a", '["b", "c"]'],
      ['["a", "b", "c"]', "b", '["a", "c"]'],
      ['["a", "b", "c"]', "c", '["a", "b"]'],
      ['["a"]', "a", "[]"],
      ['[\n  "a", # why\n  "b"]', "b", '[\n  "a", # why\n  ]'],
    ];
    for (const [before, name, after] of rows) {
      const text = (list: string) => `[project]\ndependencies = ${list}\n`;
      assert.equal(remove(text(before), name), text(after));
      assert.deepEqual(readPyproject(text(after), toml).errors, []);
    }
  });

  it("a rule is silenced behind the item's comma, and read again there", () => {
    const silence: Plan = (manifest, entry) => planIgnore(manifest, entry, "yanked-release");
    const rows: readonly [string, string][] = [
      ['[\n  "a",\n  "b",\n]', '[\n  "a",  # thoth: ignore[yanked-release]\n  "b",\n]'],
      ['[\n  "a"\n]', '[\n  "a"  # thoth: ignore[yanked-release]\n]'],
      ['["a", "b"]', '["a", "b"]  # thoth: ignore[yanked-release]'],
      ['[\n  "a", # why\n]', '[\n  "a", # why  # thoth: ignore[yanked-release]\n]'],
      ['[\n  "a", "b",\n]', "not-alone"],
    ];
    for (const [before, after] of rows) {
      const text = (list: string) => `[project]\ndependencies = ${list}\n`;
      const made = edited(text(before), silence);
      assert.equal(made, after === "not-alone" ? after : text(after));
      if (after === "not-alone") continue;
      assert.deepEqual(requirements(readPyproject(made, toml))[0]!.ignores, ["yanked-release"]);
    }
    checkPoetry(silence, [['"^2"', '"^2"  # thoth: ignore[yanked-release]']]);
  });

  it("a mistyped operator is repaired within the quotes", () => {
    const rows: readonly [string, string][] = [
      ['"flask=2"', '"flask==2"'],
      ["'flask =>2'", "'flask >=2'"],
      ['"flask>=2 <3"', '"flask>=2, <3"'],
      [`"flask=2; os_name == 'nt'"`, `"flask==2; os_name == 'nt'"`],
    ];
    for (const [before, after] of rows) {
      const text = (item: string) => `[project]\ndependencies = [${item}]\n`;
      const manifest = readPyproject(text(before), toml);
      const repair = planRepair(manifest, manifest.errors[0]!);
      assert.ok(repair, before);
      const made = applyEdits(manifest.text, repair.edits);
      assert.deepEqual(readPyproject(made, toml).errors, []);
      assert.equal(made.replace(" ,", ",").replace(",  ", ", "), text(after).replace(" ,", ","));
    }
  });

  it("of every requirement of the samples, an edit changes nothing but that requirement", () => {
    const folder = new URL("../../../test/fixtures/pyproject/", import.meta.url);
    const summary = (entry: RequirementEntry) =>
      [entry.section, entry.name?.text, entry.extras.length, `${entry.specifier}`, entry.comment?.text].join(
        " ",
      );
    let edits = 0;
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".toml"))) {
      const text = readFileSync(new URL(name, folder), "utf8");
      const manifest = readPyproject(text, toml);
      const entries = requirements(manifest);
      for (const [at, entry] of entries.entries()) {
        const plan = planPin(manifest, entry, "98.7.6");
        if (!plan.ok) {
          assert.ok(!entry.understood || entry.url || entry.path || plan.error.code === "not-understood");
          continue;
        }
        edits++;
        const after = readPyproject(applyEdits(text, plan.value), toml);
        assert.deepEqual(after.errors, []);
        const found = requirements(after);
        assert.equal(`${found[at]!.specifier}`, "==98.7.6");
        const others = (list: readonly RequirementEntry[]) =>
          list.filter((_, index) => index !== at).map(summary);
        assert.deepEqual(others(found), others(entries), `${name} ${entry.name?.text}`);
        const renamed = planRename(manifest, entry, "another.name");
        assert.ok(renamed.ok);
        const other = readPyproject(applyEdits(text, renamed.value), toml);
        const isShared = entries.some((each) => each !== entry && each.name === entry.name);
        if (!isShared && !entry.name!.text.includes(".") && entry.style !== "toml-inline-table")
          assert.equal(requirements(other)[at]!.name?.text, "another.name");
      }
    }
    assert.ok(edits > 60);
  });
});
