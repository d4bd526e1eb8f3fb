// Findings of provenance on the lines that they are about, however many there are.
import assert from "node:assert/strict";
import type { PackageProvenance } from "../facts/provenance.ts";
import type { ManifestEntry } from "../manifest/model.ts";
import type { ManifestTree } from "../manifest/treeModel.ts";
import { findingsOf } from "./index.ts";
import { inputOf, now, project, treeOf } from "./testing/universe.ts";

const HASH = `--hash=sha256:${"a".repeat(64)}`;

function wrong(name: string, version = "1.0"): PackageProvenance {
  const message = `${name} ${version} is another file.`;
  return {
    name,
    version,
    indexes: [],
    places: [],
    artifacts: [],
    checks: [{ rule: "artifact-digest", state: "failed", severity: "error", message, evidence: [] }],
  };
}

/** The same tree, which counts how often its entries are looked through. */
function counted(text: string): { readonly tree: ManifestTree; looks(): number } {
  const tree = treeOf(text);
  let looks = 0;
  const files = tree.files.map((file) => {
    const { entries } = file.manifest;
    const manifest = Object.defineProperty({ ...file.manifest }, "entries", {
      get(): readonly ManifestEntry[] {
        looks++;
        return entries;
      },
    });
    return { ...file, manifest };
  });
  return { tree: { ...tree, files }, looks: () => looks };
}

describe("findings of provenance", () => {
  const told = (count: number) => {
    const names = Array.from({ length: count }, (_value, at) => `package-${at}`);
    const provenance = { packages: names.map((name) => wrong(name)), files: [], basis: [], checked: now };
    const projects = names.map((name) => project(name, { "1.0": {} }));
    const { tree, looks } = counted(names.map((name) => `${name}==1.0 ${HASH}\n`).join(""));
    const { findings } = findingsOf({ ...inputOf("", projects, { provenance }), tree });
    return { findings: findings.filter(({ rule }) => rule === "artifact-digest"), looks: looks() };
  };

  it("stand on the line of each package, and a file is not looked through once for each", () => {
    const [few, many] = [told(2), told(50)];
    assert.deepEqual(
      many.findings.map(({ package: name, range }) => `${name} ${range.start.line}`),
      Array.from({ length: 50 }, (_value, at) => `package-${at} ${at}`),
    );
    assert.equal(many.looks, few.looks);
  });

  it("stand on the line that pins the version, else on the first that leaves it open", () => {
    const text = `flask>=1 ${HASH}\nflask==1.0 ${HASH} ; python_version < "3"\n`;
    const at = (version: string) => {
      const provenance = { packages: [wrong("flask", version)], files: [], basis: [], checked: now };
      const { findings } = findingsOf(inputOf(text, [project("flask", { "1.0": {} })], { provenance }));
      return findings.filter(({ rule }) => rule === "artifact-digest").map(({ range }) => range.start.line);
    };
    assert.deepEqual(at("1.0"), [1]);
    assert.deepEqual(at("2.0"), [0]);
  });
});
