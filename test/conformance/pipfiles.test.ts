// Pipfiles and locks of other projects: read in full where they are sound, told where they are not, hashed as pipenv does.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ManifestEntry, RequirementEntry } from "../../shared/src/manifest/model.ts";
import { readPipfile } from "../../shared/src/manifest/pipfile.ts";
import { sha256Hex } from "../../shared/src/manifest/pipfileHash.ts";
import { readPipfileLock } from "../../shared/src/manifest/pipfileLock.ts";
import type { TomlParser } from "../../shared/src/manifest/toml.ts";
import { tomlForTests } from "../support/toml.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/pipfiles/", import.meta.url));
const isHere = existsSync(folder);

/** Files that are broken on purpose, and what must be said of them. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  "dependabot/empty_requirement/Pipfile": ["empty-specifier"],
  "dependabot/unparseable/Pipfile": ["toml-syntax"],
  "snyk/pipfile-markers/Pipfile": ["invalid-marker"],
  "dependabot/edited/Pipfile.lock": ["invalid-value"],
  "dependabot/edited_array/Pipfile.lock": ["invalid-value"],
  "dependabot/malformed_default_section/Pipfile.lock": ["invalid-value"],
  "heroku/pipenv_lockfile_invalid_json/Pipfile.lock": ["json-syntax"],
  "osv-scalibr/pipfilelock/not-json.txt": ["json-syntax"],
  "osv-scalibr/pipfilelock/empty-file": ["json-syntax"],
};

/** Small by intent: parts of a lock are left out. */
const PARTIAL = /^osv-scalibr\/pipfilelock\//;

describe("Pipfiles of other projects", () => {
  let toml: TomlParser;
  before(async () => {
    toml = await tomlForTests();
  });
  if (!isHere) it.skip("are read (the conformance set is not beside this clone)");
  const files = isHere ? globSync("**/{Pipfile,*.Pipfile}", { cwd: folder }).sort() : [];

  for (const file of files) {
    it(`${file} has the faults that are known, and no others`, () => {
      const { errors } = readPipfile(readFileSync(folder + file, "utf8"), toml);
      assert.deepEqual(
        [...new Set(errors.map((error) => error.code))],
        FAULTS[file] ?? [],
        JSON.stringify(errors),
      );
    });

    it(`${file} has every place where its text stands`, () => {
      const { entries, text } = readPipfile(readFileSync(folder + file, "utf8"), toml);
      for (const entry of entries) {
        if (entry.kind !== "requirement") continue;
        assert.equal(text.slice(entry.name!.span.start, entry.name!.span.end), entry.name!.text);
        for (const clause of entry.specifier.clauses) {
          assert.equal(text.slice(clause.versionSpan.start, clause.versionSpan.end), clause.version);
        }
      }
    });
  }

  it("the pipenv project's own Pipfile holds what it says", () => {
    const file = `${folder}pipenv/root/Pipfile`;
    if (!existsSync(file)) return;
    const { entries } = readPipfile(readFileSync(file, "utf8"), toml);
    const packages = entries.filter(isRequirement);
    const stdeb = packages.find((entry) => entry.name?.text === "stdeb");
    assert.equal(stdeb?.marker?.kind, "comparison");
    const gunicorn = packages.find((entry) => entry.name?.text === "gunicorn");
    assert.deepEqual(
      gunicorn?.specifier.clauses.map(({ operator, version }) => operator + version),
      ["==26.1.*"],
    );
    assert.ok(
      entries.some(
        (entry) => entry.kind === "option" && entry.section === "scripts" && entry.option === "test",
      ),
    );
  });
});

describe("locks of other projects", () => {
  if (!isHere) it.skip("are read (the conformance set is not beside this clone)");
  const files = isHere ? globSync("**/{Pipfile.lock,pipfilelock/*}", { cwd: folder }).sort() : [];

  for (const file of files) {
    it(`${file} has the faults that are known, and no others`, () => {
      const { errors } = readPipfileLock(readFileSync(folder + file, "utf8"));
      const codes = new Set(
        errors.map((error) => error.code).filter((code) => !(PARTIAL.test(file) && code === "missing-key")),
      );
      assert.deepEqual([...codes], FAULTS[file] ?? [], JSON.stringify(errors));
    });

    it(`${file} holds every package with version and hashes as JSON says`, () => {
      const text = readFileSync(folder + file, "utf8");
      let data: Record<string, Record<string, LockedPackage>>;
      try {
        data = JSON.parse(text);
      } catch {
        return;
      }
      const { entries } = readPipfileLock(text);
      const found = entries.filter(isRequirement);
      for (const entry of found) checkLocked(text, entry, data[entry.section!]![entry.name!.text]!);
      const count = Object.entries(data)
        .filter(([section]) => section !== "_meta")
        .flatMap(([, packages]) => (typeof packages === "object" ? Object.values(packages) : []))
        .filter(
          (value) => typeof value === "string" || (typeof value === "object" && !Array.isArray(value)),
        ).length;
      assert.equal(found.length, count);
    });
  }
});

function isRequirement(entry: ManifestEntry): entry is RequirementEntry {
  return entry.kind === "requirement";
}

interface LockedPackage {
  readonly version?: string;
  readonly hashes?: readonly string[];
  readonly extras?: readonly string[];
  readonly editable?: boolean;
}

function checkLocked(text: string, entry: RequirementEntry, value: LockedPackage | string): void {
  const wanted: LockedPackage = typeof value === "string" ? { version: value } : value;
  const version = entry.specifierSpan && text.slice(entry.specifierSpan.start, entry.specifierSpan.end);
  assert.equal(version, wanted.version);
  assert.deepEqual(
    entry.hashes.map((hash) => `${hash.algorithm}:${hash.digest}`),
    wanted.hashes ?? [],
  );
  for (const hash of entry.hashes) {
    assert.equal(text.slice(hash.span.start, hash.span.end), `${hash.algorithm}:${hash.digest}`);
  }
  assert.deepEqual(
    entry.extras.map((extra) => extra.text),
    wanted.extras ?? [],
  );
  assert.equal(entry.editable, wanted.editable ?? false);
}

describe("the hash of a Pipfile", () => {
  const table = JSON.parse(
    readFileSync(new URL("./pipfiles-hashes.json", import.meta.url), "utf8"),
  ) as readonly { readonly text: string; readonly hashes: readonly string[] }[];

  for (const { text, hashes } of table) {
    it(`of ${JSON.stringify(text).slice(0, 60)} is what pipenv 2026.10 and plette 2.4 compute`, async () => {
      const { pipfileHashInputs, pipfileHashInput } = readPipfile(text, await tomlForTests());
      assert.deepEqual(pipfileHashInputs?.map(sha256Hex), hashes);
      assert.equal(pipfileHashInput, pipfileHashInputs?.[0]);
    });
  }

  const pairs = isHere ? globSync("{cyclonedx,heroku,pipenv}/**/Pipfile", { cwd: folder }).sort() : [];
  for (const file of pairs.filter((each) => existsSync(`${folder}${each}.lock`))) {
    it(`of ${file} is the one in its lock`, async () => {
      const { lock } = readPipfileLock(readFileSync(`${folder}${file}.lock`, "utf8"));
      if (lock?.hash === undefined) return;
      const { pipfileHashInputs } = readPipfile(readFileSync(folder + file, "utf8"), await tomlForTests());
      assert.ok(pipfileHashInputs?.map(sha256Hex).includes(lock.hash.digest));
    });
  }
});
