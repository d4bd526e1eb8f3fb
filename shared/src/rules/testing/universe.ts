// Small universes for the rules' tests: projects with releases, as the runner would tell of them.
import type { RuntimeEnvironment } from "../../environment/model.ts";
import type { ProjectFacts, ReleaseDetail, ReleaseFacts } from "../../facts/model.ts";
import type { FixProof, StackFacts } from "../../facts/stack.ts";
import type { Finding } from "../../finding/model.ts";
import { applyEdits } from "../../manifest/edits.ts";
import { readRequirements } from "../../manifest/requirements.ts";
import type { ManifestFile, ManifestTree } from "../../manifest/treeModel.ts";
import { compareVersions, parseVersion } from "../../packaging/version.ts";
import { candidateFixes } from "../fixes.ts";
import { findingsOf, type RuleInput, type Snapshot } from "../index.ts";
import type { PlacedRequirement } from "../model.ts";

export const now = Date.UTC(2026, 10, 22, 12);

export interface Release extends Partial<Omit<ReleaseFacts, "version">> {
  requires?: readonly string[];
  sha256?: string;
}

/** A project whose releases are all detailed. */
export function project(
  name: string,
  releases: Record<string, Release>,
  more: Partial<ProjectFacts> = {},
): ProjectFacts {
  const versions = Object.keys(releases).sort((a, b) => compareVersions(parseVersion(b)!, parseVersion(a)!));
  const details: Record<string, ReleaseDetail> = {};
  for (const version of versions) {
    const { requires, sha256 } = releases[version]!;
    details[version] = {
      version,
      requiresDist: requires ?? [],
      artifacts: [
        {
          filename: `${name}-${version}-py3-none-any.whl`,
          hashes: sha256 ? { sha256 } : {},
          suits: true,
          index: 0,
        },
      ],
    };
  }
  return {
    name,
    state: "known",
    freshness: "fresh",
    checked: now - 300_000,
    indexes: ["https://packages.example.com/simple"],
    releases: versions.map((version) => {
      const { requires: _, sha256: __, ...facts } = releases[version]!;
      return { version, artifact: "wheel", ...facts };
    }),
    details,
    ...more,
  };
}

export const linux: RuntimeEnvironment = {
  name: "test",
  pythonVersion: "3.10.4",
  implementation: "CPython",
  platform: "linux",
  architecture: "x86_64",
  markers: {
    implementation_name: "cpython",
    implementation_version: "3.10.4",
    os_name: "posix",
    platform_machine: "x86_64",
    platform_python_implementation: "CPython",
    platform_release: "6.1",
    platform_system: "Linux",
    platform_version: "1",
    python_full_version: "3.10.4",
    python_version: "3.10",
    sys_platform: "linux",
  },
  tags: ["cp310-cp310-manylinux_2_36_x86_64", "py3-none-any"],
  origins: {},
  notes: [],
};

/** A tree of one requirements file, or of several: the first is the root, `NAME` in another is reached by its include. */
export function treeOf(files: Record<string, string> | string): ManifestTree {
  const texts = typeof files === "string" ? { "requirements.txt": files } : files;
  const read: ManifestFile[] = Object.entries(texts).map(([name, text]) => {
    const as = name.startsWith("constraints") ? "constraints" : "requirements";
    return { uri: `file:///w/${name}`, manifest: readRequirements(text, { kind: as }), as };
  });
  return { root: read[0]!.uri, files: read, faults: [] };
}

export function inputOf(
  files: Record<string, string> | string,
  projects: readonly ProjectFacts[],
  more: Partial<Snapshot> = {},
): RuleInput {
  const snapshot: Snapshot = {
    number: 1,
    environment: linux,
    projects: new Map(projects.map((facts) => [facts.name, facts])),
    pending: false,
    now,
    ...more,
  };
  return { tree: treeOf(files), snapshot, configuration: { severities: { "unpinned-requirement": "off" } } };
}

/** A resolver's answer for a tree; without more it resolves and says nothing of single edits. */
export function stackOf(tree: ManifestTree, more: Partial<StackFacts> = {}): StackFacts {
  return {
    state: "resolves",
    environment: "Python 3.10.4 on linux x86_64",
    packages: 43,
    leftOut: [],
    lines: [],
    proofs: {},
    texts: Object.fromEntries(tree.files.map(({ uri, manifest }) => [uri, manifest.text])),
    checked: now,
    ...more,
  };
}

/** Proofs that say the same of every edit. */
export function sameProof(proof: FixProof): Readonly<Record<string, FixProof>> {
  return new Proxy({}, { get: () => proof });
}

/** `LINE rule: message`, ranked. */
export function told(input: RuleInput): string[] {
  return findingsOf(input).findings.map(
    (finding: Finding) => `${finding.range.start.line + 1} ${finding.rule}: ${finding.message}`,
  );
}

export function placedOn(input: RuleInput, name: string): PlacedRequirement {
  for (const file of input.tree.files) {
    for (const entry of file.manifest.entries) {
      if ((entry.kind === "requirement" || entry.kind === "constraint") && entry.normalizedName === name)
        return { file, entry };
    }
  }
  throw new Error(`${name} is not in the tree`);
}

/** What is known of the releases alone, before the resolver is asked: `title → text after it`, or `title ✗ reason`. */
export function fixesTold(input: RuleInput, name: string): string[] {
  const placed = placedOn(input, name);
  return candidateFixes(input, placed).map((fix) => {
    if (fix.disabled !== undefined) return `${fix.title} ✗ ${fix.disabled}`;
    const text = placed.file.manifest.text;
    return `${fix.title} → ${applyEdits(text, fix.edits[0]?.edits ?? [])}`;
  });
}
