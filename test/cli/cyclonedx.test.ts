// `thoth check --format cyclonedx`: the packages that manifests stand for, what is known against them, and what was not checked.
import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { PackageURL } from "packageurl-js";
import { normalizeName } from "../../shared/src/packaging/name.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { assertCyclonedx } from "./schemas.ts";
import { makePlace, type Place } from "./thoth.ts";

interface Component {
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly "bom-ref": string;
  readonly externalReferences?: readonly { readonly hashes?: readonly { alg: string; content: string }[] }[];
  readonly properties?: readonly { name: string; value: string }[];
}

interface Document {
  readonly serialNumber: string;
  readonly components?: readonly Component[];
  readonly vulnerabilities?: readonly {
    id: string;
    analysis: { state: string; response?: string[] };
    affects: { ref: string }[];
  }[];
  readonly dependencies?: readonly { ref: string; dependsOn?: string[] }[];
  readonly metadata: { readonly properties: readonly { name: string; value: string }[] };
}

const hashesOf = ({ externalReferences = [] }: Component): string[] =>
  [...new Set(externalReferences.flatMap(({ hashes = [] }) => hashes.map(({ content }) => content)))].sort();

describe("thoth check --format cyclonedx", () => {
  const base = buildWheel({ name: "base", version: "1.5" });
  const demo = buildWheel({ name: "demo", version: "1.0", requires: ["base"] });
  let index: RunningIndex;
  let place: Place;

  before(async () => {
    index = await startIndex({ demo: [demo], base: [base] });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const document = async (...args: string[]): Promise<Document> => {
    const { stdout, stderr } = await place.run(["check", "-q", "--format", "cyclonedx", ...args]);
    assert.notEqual(stdout, "", stderr);
    assert.doesNotMatch(stderr, /Warning/);
    const bom = JSON.parse(stdout);
    assertCyclonedx(bom);
    return bom;
  };
  const advise = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      const record = {
        id: `ACME-2026-${name}`,
        modified: "2026-11-20T00:00:00Z",
        affected: [
          {
            package: { ecosystem: "PyPI", name },
            ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "9" }] }],
          },
        ],
      };
      place.write(`advisories/${name}.json`, JSON.stringify(record));
    }
    assert.equal((await place.run(["knowledge", "update", "advisories", "--from", "advisories"])).status, 0);
  };

  it("holds what is named and what that brings in, each with its file, and the same twice", async () => {
    await advise("demo", "base");
    place.write("requirements.txt", "demo==1.0\n");
    place.write(
      ".thoth.yaml",
      "policy:\n  accept:\n    - {advisory: ACME-2026-base, package: base, version: '1.5', reason: not reached, until: 2099-01-31}\n",
    );
    const bom = await document("--index-url", index.url);
    const purl = (name: string, version: string) =>
      new PackageURL(
        "pypi",
        undefined,
        name,
        version,
        { repository_url: index.url.replace(/\/$/, "") },
        undefined,
      ).toString();
    assert.deepEqual(
      bom.components?.map((one) => [one.purl, hashesOf(one), one.properties?.map(({ name }) => name)]),
      [
        [purl("base", "1.5"), [base.sha256], ["thoth:pinned"]],
        [purl("demo", "1.0"), [demo.sha256], ["thoth:finding:known-vulnerability"]],
      ],
    );
    const needs = bom.dependencies?.find(({ ref }) => ref === purl("demo", "1.0"))?.dependsOn;
    assert.deepEqual(needs, [purl("base", "1.5")]);
    assert.deepEqual(
      bom.vulnerabilities
        ?.map(({ id, analysis: { state, response }, affects }) => [
          id,
          state,
          response,
          affects.map(({ ref }) => ref),
        ])
        .sort(),
      [
        ["ACME-2026-base", "exploitable", ["will_not_fix"], [purl("base", "1.5")]],
        ["ACME-2026-demo", "in_triage", undefined, [purl("demo", "1.0")]],
      ],
    );
    assert.doesNotMatch(JSON.stringify(bom), /not_affected/);
    const again = await document("--index-url", index.url);
    const still = ({ metadata, ...rest }: Document) => [rest, metadata.properties];
    assert.deepEqual(still(again), still(bom));
  });

  it("says that it is not whole where something was not checked", async () => {
    place.write("requirements.txt", "demo\n");
    const { components, metadata } = await document("--offline");
    assert.deepEqual(
      components?.map(({ purl, version, properties }) => [
        purl,
        version,
        properties?.map(({ name }) => name),
      ]),
      [["pkg:pypi/demo", undefined, ["thoth:finding:unpinned-requirement", "thoth:pinned"]]],
    );
    const said = metadata.properties.map(({ name, value }) => `${name} ${value}`);
    assert.ok(said.includes("thoth:complete false"), said.join("\n"));
    assert.ok(said.some((one) => /^thoth:not-checked advisories: none stored/.test(one)));
    assert.ok(said.some((one) => /^thoth:not-checked demo: /.test(one)));
  });

  const conformance = join(import.meta.dirname, "..", "..", "..", "shared", "conformance");
  const expected = join(conformance, "pipfiles", "cyclonedx", "expected-1.6");
  const inputOf = (form: string, name: string): string | undefined =>
    [
      join(conformance, "pipfiles", "cyclonedx", name, "Pipfile.lock"),
      join(conformance, "requirements-files", "cyclonedx", `${name}.txt`),
    ].find((path) => existsSync(path) && path.endsWith(form));
  const cases = [
    ...globSync(join(expected, "pipenv__plain_*_1.6.json")).map((path) => [path, "Pipfile.lock"] as const),
    ...globSync(join(expected, "requirements__stream_*_1.6.json")).map((path) => [path, ".txt"] as const),
  ].flatMap(([path, form]) => {
    const input = inputOf(form, /_([^_]+)_1\.6\.json$/.exec(path)![1]!);
    return input === undefined ? [] : [[path, input] as const];
  });

  it("agrees with cyclonedx-python on names, versions, places and digests of its cases", async function () {
    if (!existsSync(expected)) {
      console.log("      skipped: ../shared/conformance is not here");
      return this.skip();
    }
    assert.ok(cases.length >= 9, String(cases.length));
    for (const [wanted, input] of cases) {
      const folder = basename(wanted, "_1.6.json");
      cpSync(input, join(place.folder, folder, basename(input)), { recursive: true });
      // What a file names that is not here is read by neither.
      const { components = [] } = await document("--offline", join(folder, basename(input)));
      const told: Document = JSON.parse(readFileSync(wanted, "utf8"));
      for (const one of told.components ?? []) {
        // What has no address of its own is known by its path, which we do not take for a name.
        if (one.purl === undefined) continue;
        const found = components.find((own) => isSame(one, own));
        assert.ok(found, `${folder}: ${one.purl} among ${components.map(({ purl }) => purl).join(" ")}`);
        assert.deepEqual(hashesOf(found), hashesOf(one), `${folder}: ${one.purl}`);
      }
    }
  });
});

/** Names in PEP 503's form; a version where they tell one; the place without login and fragment. */
function isSame(theirs: Component, ours: Component): boolean {
  if (ours.purl === undefined) return false;
  const [a, b] = [PackageURL.fromString(theirs.purl!), PackageURL.fromString(ours.purl)];
  const placeOf = ({ qualifiers }: PackageURL): string =>
    Object.entries(qualifiers ?? {})
      .map(([key, value]) => `${key}=${value.replace(/\/\/[^/@]*@/, "//").replace(/#.*$/, "")}`)
      .join("&");
  return (
    normalizeName(a.name!) === normalizeName(b.name!) &&
    (theirs.version === undefined || theirs.version === ours.version) &&
    placeOf(a) === placeOf(b)
  );
}
