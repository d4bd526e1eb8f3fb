// Requirements files of other projects and lines that pip 26.3 itself was asked about, read as the expectations say.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeManifest } from "../../shared/src/manifest/decode.ts";
import type { ManifestEntry, ManifestError, RequirementEntry } from "../../shared/src/manifest/model.ts";
import { readRequirements } from "../../shared/src/manifest/requirements.ts";
import { normalizeName } from "../../shared/src/packaging/name.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/requirements-files/", import.meta.url));
const isHere = existsSync(folder);

interface Expected {
  readonly options: readonly unknown[];
  readonly requirements: readonly ExpectedRequirement[];
  readonly invalid_lines?: readonly { readonly line_number: number; readonly line: string }[];
}

interface ExpectedRequirement {
  readonly name: string | null;
  readonly specifier: readonly string[];
  readonly extras: readonly string[];
  readonly marker: string | null;
  readonly is_editable: boolean;
  readonly is_vcs_url: boolean | null;
  readonly is_url: boolean | null;
  readonly is_wheel: boolean | null;
  readonly is_archive: boolean | null;
  readonly hash_options: readonly string[];
  readonly requirement_line: { readonly line_number: number; readonly line: string };
}

/** Why pip 26 differs from what older pips read, kind by kind: the line's text decides. */
const DIFFERENCES: readonly {
  readonly when: RegExp;
  readonly why: string;
  readonly codes: readonly string[];
}[] = [
  { when: /[#&]egg=[^&]*\[/, why: "pip 25 and newer refuse extras after #egg=", codes: ["invalid-egg"] },
  { when: /--(?:global|install)-option/, why: "removed in pip 23.1 and 25.3", codes: ["removed-option"] },
  {
    when: /^git@[^/]+:/,
    why: "reads as a package named git with a URL that has no scheme",
    codes: ["invalid-url"],
  },
  {
    when: /^(?:-e|--editable) git:\/\//,
    why: "pip sets git+ before it, so that it is a repository",
    codes: [],
  },
  { when: /^(?:git|novcs\+\w+|bzr|hg|svn):\/\//, why: "pip 26 takes no such scheme", codes: ["invalid-url"] },
  { when: /^--pre \w/, why: "pip passes over what follows an option", codes: ["ignored-text"] },
];

function places(text: string) {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]/g)) {
    starts.push(end.index + end[0].length);
  }
  return (offset: number) => starts.findLastIndex((start) => start <= offset) + 1;
}

function specifierOf(entry: RequirementEntry): string[] {
  return entry.specifier.clauses.map((clause) => clause.operator + clause.version).sort();
}

function errorsOf(entry: ManifestEntry, errors: readonly ManifestError[]): ManifestError[] {
  return errors.filter((error) => error.span.start >= entry.span.start && error.span.start <= entry.span.end);
}

function compare(entry: RequirementEntry, expected: ExpectedRequirement): void {
  const { line } = expected.requirement_line;
  if (expected.name !== null) assert.equal(entry.normalizedName, normalizeName(expected.name), line);
  if (!expected.is_wheel) assert.deepEqual(specifierOf(entry), [...expected.specifier].sort(), line);
  const extras = entry.extras.map((extra) => extra.text.toLowerCase()).sort();
  assert.deepEqual(extras, expected.extras.map((extra) => extra.toLowerCase()).sort(), line);
  assert.equal(entry.marker !== undefined, expected.marker !== null, line);
  assert.equal(entry.editable, expected.is_editable, line);
  assert.equal(entry.hashes.length, expected.hash_options.length, line);
  if (!DIFFERENCES.some(({ when }) => when.test(line))) {
    assert.equal(entry.vcs !== undefined, expected.is_vcs_url === true, line);
    if (expected.is_url) assert.ok(entry.url, line);
  }
}

describe("requirements files of other projects", () => {
  if (!isHere) it.skip("are read (the conformance set is not beside this clone)");
  const files = isHere ? globSync("**/*.{txt,in,pip}", { cwd: folder }).sort() : [];

  for (const file of files) {
    it(`${file} comes back byte for byte`, () => {
      const decoded = decodeManifest(readFileSync(folder + file));
      const { pieces = [] } = readRequirements(decoded.text, { kind: "requirements" });
      assert.equal(pieces.map(({ span }) => decoded.text.slice(span.start, span.end)).join(""), decoded.text);
    });
  }

  for (const file of files.filter((each) => existsSync(`${folder}${each}-expected.json`))) {
    it(`${file} is read as its expectation says`, () => {
      const expected = JSON.parse(readFileSync(`${folder}${file}-expected.json`, "utf8")) as Expected;
      const { text } = decodeManifest(readFileSync(folder + file));
      const manifest = readRequirements(text, { kind: "requirements" });
      const lineOf = places(text);
      const byLine = new Map<number, RequirementEntry>();
      for (const entry of manifest.entries)
        if (entry.kind === "requirement") byLine.set(lineOf(entry.span.start), entry);
      for (const wanted of expected.requirements) {
        const { line, line_number } = wanted.requirement_line;
        const entry = byLine.get(line_number);
        assert.ok(entry, `${line_number}: ${line}`);
        byLine.delete(line_number);
        compare(entry, wanted);
        const errors = errorsOf(entry, manifest.errors);
        const known = DIFFERENCES.filter(({ when }) => when.test(line)).flatMap(({ codes }) => codes);
        assert.deepEqual(
          errors.filter(({ code }) => !known.includes(code)),
          [],
          line,
        );
      }
      for (const { line, line_number } of expected.invalid_lines ?? []) {
        byLine.delete(line_number);
        assert.ok(
          manifest.errors.some((error) => lineOf(error.span.start) === line_number),
          `silent: ${line}`,
        );
      }
      assert.deepEqual(
        [...byLine.values()].map((entry) => text.slice(entry.span.start, entry.span.end)),
        [],
      );
    });
  }
});

interface PipRow {
  readonly line: number;
  readonly kind?: "requirement" | "include" | "option";
  readonly error?: true;
  readonly name?: string;
  readonly specifier?: readonly string[];
  readonly extras?: readonly string[];
  readonly marker?: true;
  readonly url?: true;
  readonly editable?: true;
  readonly hashes?: number;
  readonly target?: string;
  readonly as?: string;
}

/** Where a person is told more than pip tells, or pip's answer depends on the disk. */
const TOLD_MORE: Readonly<Record<string, string>> = {
  "flask --index-url x": "pip passes over the option in silence",
  "flask -r x": "pip passes over the option in silence",
  "flask - bar": "pip passes over the text in silence",
  "-r a.txt b.txt": "pip passes over the text in silence",
  "-c a.txt -r b.txt": "pip follows the first -r alone",
  "--hash=sha256:abc": "pip warns and passes over the hash",
  "git@github.com:o/r.git": "pip reads a package named git and fails when it fetches",
  "-e a @ git+https://h/r": "pip reads the path a, and passes over the rest",
  "-e a": "pip asks the disk whether a is a folder",
  "s3://h/x.zip": "pip takes it for an archive on the disk",
  "${X}": "what a variable holds is not known here",
  "foo==${X}": "what a variable holds is not known here",
};

describe("lines that pip 26.3 was asked about", () => {
  const table = JSON.parse(
    readFileSync(new URL("./requirements-files-pip26.json", import.meta.url), "utf8"),
  ) as readonly { readonly text: string; readonly rows: readonly PipRow[] }[];

  for (const { text, rows } of table) {
    it(`${JSON.stringify(text)} is read as pip reads it`, () => {
      const manifest = readRequirements(text, { kind: "requirements" });
      if (TOLD_MORE[text] !== undefined) return assert.ok(manifest.entries.length > 0);
      const lineOf = places(text);
      for (const row of rows) {
        // pip counts from the first of joined lines, though it be empty.
        const entry =
          rows.length === 1
            ? manifest.entries[0]
            : manifest.entries.find((each) => lineOf(each.span.start) === row.line);
        const errors = manifest.errors.filter((error) =>
          entry ? errorsOf(entry, [error]).length > 0 : lineOf(error.span.start) === row.line,
        );
        if (row.error) assert.ok(errors.length > 0, "pip refuses it");
        else assert.deepEqual(errors, []);
        if (row.error) continue;
        assert.equal(entry?.kind, row.kind);
        if (entry?.kind === "include") assert.deepEqual([entry.target.text, entry.as], [row.target, row.as]);
        if (entry?.kind === "requirement") sameAsPip(entry, row);
      }
      assert.ok(manifest.entries.length <= rows.length);
    });
  }
});

function sameAsPip(entry: RequirementEntry, row: PipRow): void {
  assert.equal(entry.normalizedName, row.name === undefined ? entry.normalizedName : normalizeName(row.name));
  const isWheel = /\.whl/.test(entry.url?.text ?? "");
  if (!isWheel) assert.deepEqual(specifierOf(entry), [...(row.specifier ?? [])].sort());
  assert.deepEqual(entry.extras.map((extra) => extra.text).sort(), row.extras ?? []);
  assert.equal(entry.marker !== undefined, row.marker ?? false);
  assert.equal(entry.editable, row.editable ?? false);
  assert.equal(entry.hashes.length, row.hashes ?? 0);
  assert.equal((entry.url ?? entry.path) !== undefined, row.url ?? false);
}
