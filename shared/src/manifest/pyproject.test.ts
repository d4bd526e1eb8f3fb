// pyproject.toml of five tools, read as Python's own reader and poetry read them, each piece at its place.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { tomlForTests } from "../../../test/support/toml.ts";
import type { MarkerEnvironment } from "../packaging/index.ts";
import { evaluateMarker, readMarker } from "../packaging/marker.ts";
import { saySpecifier } from "../rules/words.ts";
import type { Manifest, RequirementEntry } from "./model.ts";
import { readPyproject } from "./pyproject.ts";

const folder = new URL("../../../test/fixtures/pyproject/", import.meta.url);

interface Row {
  readonly section: string;
  readonly text?: string;
  readonly error?: true;
  readonly name: string;
  readonly extras: readonly string[];
  readonly specifier: string;
  readonly marker: string | null;
  readonly url: string | null;
}

interface PoetryRow {
  readonly section: string;
  readonly name: string;
  readonly constraint: string;
  readonly marker: string;
  readonly extras: readonly string[];
  readonly optional: boolean;
  readonly source: string | null;
}

const expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as Record<
  string,
  Row[]
> & {
  poetry: PoetryRow[];
};

async function read(text: string): Promise<Manifest> {
  return readPyproject(text, await tomlForTests());
}

async function sample(name: string): Promise<Manifest> {
  return read(readFileSync(new URL(name, folder), "utf8"));
}

function requirements(manifest: Manifest): RequirementEntry[] {
  return manifest.entries.filter(
    (entry): entry is RequirementEntry => entry.kind === "requirement" || entry.kind === "constraint",
  );
}

function* environments(): Generator<MarkerEnvironment> {
  for (const version of ["3.8.1", "3.9.5", "3.10.2", "3.10.3", "3.12.0", "3.13.1", "4.0.0"]) {
    for (const [system, os, name] of [
      ["linux", "posix", "Linux"],
      ["win32", "nt", "Windows"],
      ["darwin", "posix", "Darwin"],
    ] as const) {
      yield {
        python_version: version.split(".").slice(0, 2).join("."),
        python_full_version: version,
        sys_platform: system,
        os_name: os,
        platform_system: name,
        platform_machine: "arm64",
      } as MarkerEnvironment;
    }
  }
}

function holdsAlike(entry: RequirementEntry, marker: string | null): void {
  const other = marker ? readMarker(marker) : undefined;
  if (other && !other.ok) assert.fail(`${marker}: ${other.error.message}`);
  for (const environment of environments()) {
    assert.equal(
      entry.marker ? evaluateMarker(entry.marker, environment) : true,
      other ? evaluateMarker(other.value, environment) : true,
      `${entry.name?.text} ${marker} ${JSON.stringify(environment)}`,
    );
  }
}

describe("pyproject.toml", () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".toml"))) {
    it(`the lists of ${name} say what Python reads in them`, async () => {
      const manifest = await sample(name);
      assert.deepEqual(manifest.errors, []);
      const found = requirements(manifest).filter(({ grammar }) => grammar === undefined);
      const rows = [...expected[name]!];
      assert.equal(found.length, rows.length);
      for (const entry of found) {
        const index = rows.findIndex(
          (row) =>
            row.section === entry.section &&
            (row.name === entry.name?.text || row.text?.startsWith(entry.name?.text ?? "?")) &&
            (row.specifier ?? "") ===
              entry.specifier.clauses
                .map(({ operator, version }) => operator + version)
                .sort()
                .join(","),
        );
        assert.notEqual(index, -1, `${entry.section} ${entry.name?.text} ${entry.specifier}`);
        const [row] = rows.splice(index, 1);
        if (row!.error) continue;
        assert.deepEqual(entry.extras.map(({ text }) => text).sort(), row!.extras);
        assert.equal(entry.url?.text ?? null, row!.url);
        holdsAlike(entry, row!.marker);
      }
    });

    it(`every place in ${name} is that of what it says`, async () => {
      const manifest = await sample(name);
      const written = (span: { start: number; end: number }) => manifest.text.slice(span.start, span.end);
      for (const entry of requirements(manifest)) {
        const plain = !written(entry.span).includes("\\");
        assert.ok(entry.name);
        assert.equal(written(entry.name.span), entry.name.text);
        for (const extra of entry.extras) assert.equal(written(extra.span), extra.text);
        for (const clause of plain && !entry.grammar ? entry.specifier.clauses : []) {
          assert.equal(written(clause.versionSpan), clause.version);
          assert.ok(written(clause.span).startsWith(clause.operator));
        }
        if (plain && entry.url && !entry.vcs) assert.equal(written(entry.url.span), entry.url.text);
      }
      for (const entry of manifest.entries) {
        if (entry.kind === "option") assert.equal(written(entry.optionSpan), entry.option);
        if (entry.kind === "source") assert.equal(written(entry.url!.span), entry.url!.text);
      }
    });
  }

  it("takes integers of 64 bits, as TOML has them, and tells one of more", async () => {
    const toml = await tomlForTests();
    const big = (value: string) =>
      readPyproject(`[project]\nname = "a"\ndependencies = ["b"]\n[tool.other]\nbig = ${value}\n`, toml);
    for (const value of [
      "9007199254740993",
      "9223372036854775807",
      "-9223372036854775808",
      "0xFFFFFFFFFFFFFFF",
    ]) {
      const { errors, entries } = big(value);
      assert.deepEqual(errors, [], value);
      assert.equal(entries.length, 1, value);
    }
    const [error, ...more] = big("9223372036854775808").errors;
    assert.equal(more.length, 0);
    assert.equal(error?.code, "toml-value");
  });

  it("poetry's tables say what poetry reads in them", async () => {
    const manifest = await sample("poetry.toml");
    const found = requirements(manifest).filter(({ grammar }) => grammar === "poetry");
    const rows = [...expected.poetry];
    assert.equal(found.length, rows.length);
    for (const entry of found) {
      const said = saySpecifier(entry.specifier) || "*";
      const index = rows.findIndex(
        (row) =>
          row.section === entry.section &&
          row.name === entry.name?.text &&
          said === row.constraint.replace(/^(?=\d)/, "=="),
      );
      assert.notEqual(index, -1, `${entry.section} ${entry.name?.text} ${said}`);
      const [row] = rows.splice(index, 1);
      assert.deepEqual(entry.extras.map(({ text }) => text).sort(), row!.extras);
      assert.equal(entry.optional ?? false, row!.optional);
      assert.equal(entry.index?.text ?? null, row!.source);
      holdsAlike(entry, row!.marker || null);
    }
    const byName = (name: string) => found.find((entry) => entry.name?.text === name)!;
    assert.equal(byName("internal-auth").vcs?.reference?.text, "v2.1.0");
    assert.equal(byName("shared-models").path?.text, "../shared-models");
    assert.equal(byName("shared-models").editable, true);
    assert.equal(byName("fonts").url?.text, "https://example.com/fonts-1.0.tar.gz");
    assert.equal(byName("pyyaml").allowPrereleases, true);
    assert.equal(byName("gunicorn").style, "toml-table");
    assert.equal(manifest.project?.requiresPython?.specifier.toString(), "<4.0,>=3.9");
    assert.deepEqual(
      manifest.project?.extras.map(({ normalizedName, brings }) => [normalizedName, brings]),
      [
        ["postgres", ["psycopg2-binary"]],
        ["pdf", ["reportlab"]],
        ["full", ["psycopg2-binary", "reportlab"]],
      ],
    );
    assert.deepEqual(manifest.project?.defaultGroups, ["dev"]);
    assert.equal(
      manifest.project?.groups.find(({ normalizedName }) => normalizedName === "docs")?.optional,
      true,
    );
    assert.equal(manifest.project?.poetrySources[0]?.priority, "explicit");
  });

  it("where [project] gives the dependencies, poetry's table only says where from", async () => {
    const manifest = await sample("poetry2.toml");
    const theme = requirements(manifest).filter(({ normalizedName }) => normalizedName === "acme-theme");
    assert.deepEqual(
      theme.map(({ scope, index }) => [scope?.kind, index?.text]),
      [
        ["project", undefined],
        ["detail", "acme"],
      ],
    );
  });

  it("uv's tables are plain data", async () => {
    const { project, ...manifest } = await sample("uv.toml");
    const { uv } = project!;
    assert.equal(project!.tool, "uv");
    assert.deepEqual(project!.defaultGroups, ["dev", "docs"]);
    assert.deepEqual(
      uv.indexes.map((index) => [index.name?.text, index.explicit, index.default]),
      [
        ["pytorch-cpu", true, false],
        ["pytorch-cu124", true, false],
        ["internal", false, false],
      ],
    );
    assert.deepEqual(
      [...uv.sources].map(([name, ways]) => [name, ways.map((way) => way.kind + (way.extra ?? ""))]),
      [
        ["orders-core", ["workspace"]],
        ["torch", ["index", "indexgpu"]],
        ["httpx", ["git"]],
        ["asyncpg", ["index"]],
      ],
    );
    assert.equal(uv.sources.get("httpx")?.[0]?.reference?.text, "326b943");
    assert.deepEqual(uv.conflicts, [
      [{ extra: "postgres" }, { extra: "mysql" }],
      [{ group: "docs" }, { extra: "gpu" }],
    ]);
    assert.equal(uv.environments.length, 2);
    assert.equal(uv.requiredEnvironments.length, 1);
    assert.equal(uv.prerelease?.text, "if-necessary-or-explicit");
    assert.equal(uv.excludeNewer?.text, "2026-05-01T00:00:00Z");
    const cutOffs = [...uv.excludeNewerPackage].map(([name, at]) => [name, at === false ? at : at.text]);
    assert.deepEqual(cutOffs, [
      ["torch", "2026-06-01"],
      ["ruff", false],
    ]);
    assert.deepEqual(uv.noBuildPackages, ["torch"]);
    assert.deepEqual(uv.workspace, { members: ["packages/*"], exclude: ["packages/old"] });
    const entries = requirements({ ...manifest, project: project! });
    const torch = entries.filter(({ normalizedName }) => normalizedName === "torch");
    assert.deepEqual(
      torch.map(({ section, sources }) => [section, sources?.length]),
      [
        ["project.dependencies", 1],
        ["project.optional-dependencies.gpu", 2],
      ],
    );
    assert.equal(entries.find(({ isSelf }) => isSelf)?.section, "project.optional-dependencies.all");
    assert.equal(entries.find(({ normalizedName }) => normalizedName === "asyncpg")?.index?.text, "internal");
  });

  it("setuptools' dynamic files are includes that count as the table says", async () => {
    const manifest = await sample("setuptools.toml");
    const includes = manifest.entries.filter((entry) => entry.kind === "include");
    assert.deepEqual(
      includes.map(({ target, scope }) => [target.text, scope]),
      [
        ["requirements.txt", { kind: "project" }],
        ["requirements-test.txt", { kind: "extra", name: "test" }],
      ],
    );
  });

  it("the good items around a broken one are kept, and the broken line alone is told", async () => {
    const text = `[project]
name = "x"
dependencies = [
  "flask>=2",
  "reque
  "django>=4",  # thoth: ignore[yanked-release]
]

[dependency-groups]
test = ["pytest>=8"]
`;
    const manifest = await read(text);
    assert.deepEqual(
      requirements(manifest).map(({ name, ignores }) => [name?.text, ignores]),
      [
        ["flask", undefined],
        ["django", ["yanked-release"]],
        ["pytest", undefined],
      ],
    );
    assert.deepEqual(
      manifest.errors.map(({ code, span }) => [code, text.slice(span.start, span.end)]),
      [["toml-syntax", '"reque']],
    );
  });

  it("what the grammar does not know and TOML has is no fault", async () => {
    const manifest = await read('[project]\ndependencies = ["a"]\n[tool.x]\ntext = """\n a \\  \n   b"""\n');
    assert.deepEqual(manifest.errors, []);
    assert.equal(requirements(manifest).length, 1);
  });

  it("what a tool refuses is told at its place", async () => {
    const rows: readonly [string, string, string][] = [
      ['[project]\ndependencies = ["a>>1"]', "unexpected-text", ">"],
      ['[project]\ndependencies = ["a = 1"]', "unexpected-text", "="],
      ['[project]\ndependencies = "a"', "invalid-value", '"a"'],
      ["[project]\ndependencies = [1]", "invalid-value", "1"],
      ['[project]\nrequires-python = "3.9"', "missing-operator", "3.9"],
      ['[project]\nversion = "1"\ndynamic = ["version"]', "dynamic-and-given", "version"],
      ["[project.optional-dependencies]\na_b = []\nA-b = []", "duplicate-extra", "A-b"],
      ["[dependency-groups]\na_b = []\nA-b = []", "duplicate-group", "A-b"],
      ['[dependency-groups]\na = [{include-group = "b"}]', "unknown-group", "b"],
      ['[dependency-groups]\na = [{include = "b"}]', "invalid-group-entry", '{include = "b"}'],
      ['[tool.poetry.dependencies]\na = "^^1"', "invalid-operator", "^^1"],
      ["[tool.poetry.dependencies]\na = 1.2", "invalid-value", "a = 1.2"],
      ["[tool.poetry.dependencies]\na = {version = 1}", "invalid-value", "1"],
      ['[tool.uv.sources]\na = {rev = "1"}', "invalid-value", 'a = {rev = "1"}'],
      ['[tool.uv]\nenvironments = ["nonsense"]', "invalid-marker", '"nonsense"'],
    ];
    for (const [text, code, place] of rows) {
      const manifest = await read(text);
      const said = manifest.errors.map((error) => [error.code, text.slice(error.span.start, error.span.end)]);
      assert.deepEqual(said, [[code, place]], text);
    }
  });

  it("groups that include each other in a circle are told on each include in it", async () => {
    const text = `[dependency-groups]
a = [{include-group = "b"}]
b = [{include-group = "c"}]
c = [{include-group = "a"}, "x"]
d = [{include-group = "e"}]
e = ["y"]
`;
    const manifest = await read(text);
    assert.deepEqual(
      manifest.errors.map(({ code, span }) => [code, text.slice(span.start, span.end)]),
      [
        ["cyclic-group", "b"],
        ["cyclic-group", "c"],
        ["cyclic-group", "a"],
      ],
    );
  });

  it("a file that configures tools alone has no entries and no errors", async () => {
    const manifest = await read(
      '[tool.black]\nline-length = 100\n[tool.pytest.ini_options]\naddopts = "-q"\n',
    );
    assert.deepEqual([manifest.entries, manifest.errors], [[], []]);
  });
});
