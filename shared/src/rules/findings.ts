// All findings of a tree, merged and ranked: those with the most effect on this stack first.
import type { Finding } from "../finding/model.ts";
import type { ManifestTree } from "../manifest/treeModel.ts";
import { hashFixOf } from "./fixes.ts";
import { addKnownFindings } from "./known.ts";
import { addLocalFindings } from "./local.ts";
import { Collector } from "./make.ts";
import type { Findings, RuleConfiguration, RuleInput, Snapshot } from "./model.ts";
import { placementOf } from "./place.ts";
import { addProvenanceFindings } from "./provenance.ts";
import { judgeFindings } from "./stack.ts";

/** What the text alone shows. */
export function localFindingsOf(tree: ManifestTree, configuration: RuleConfiguration): Findings {
  const collector = new Collector(configuration);
  addLocalFindings(tree, collector);
  const { silenced, accepted } = collector;
  return { findings: rank(collector.findings), silenced, accepted, unproven: [], notChecked: [] };
}

interface Remembered {
  readonly configuration: RuleConfiguration;
  readonly findings: Findings;
}

const remembered = new WeakMap<Snapshot, WeakMap<ManifestTree, Remembered>>();

/** What the text and the snapshot show together. Computed once per snapshot: hover and diagnostics ask for the same. */
export function findingsOf(input: RuleInput): Findings {
  const perTree = remembered.get(input.snapshot) ?? new WeakMap<ManifestTree, Remembered>();
  remembered.set(input.snapshot, perTree);
  const known = perTree.get(input.tree);
  if (known?.configuration === input.configuration) return known.findings;
  const collector = new Collector(input.configuration);
  addLocalFindings(input.tree, collector);
  // What stands in the way of a single line is not said again as a conflict: the resolver speaks last.
  const untraced = addProvenanceFindings(input, collector);
  const notChecked = [...addKnownFindings(input, collector), ...untraced];
  const judged = judgeFindings(
    input,
    rank(collector.findings).map((finding) => withHashes(input, finding)),
  );
  const { silenced, accepted } = collector;
  const findings = { ...judged, silenced, accepted, notChecked };
  perTree.set(input.tree, { configuration: input.configuration, findings });
  return findings;
}

/** A line that lacks its hashes, with those of its release as a fix where they are known. */
function withHashes(input: RuleInput, finding: Finding): Finding {
  if (finding.rule !== "missing-hash" || finding.fixes.length > 0) return finding;
  const named = placementOf(input.tree).byName.get(finding.package ?? "") ?? [];
  const placed = named.find(
    ({ file, entry }) =>
      file.uri === finding.uri &&
      entry.span.start <= finding.span.start &&
      finding.span.end <= entry.span.end,
  );
  const fix = placed && hashFixOf(input, placed);
  return fix ? { ...finding, fixes: [fix] } : finding;
}

/** Gravest first; among equals in reading order. The same fault is told once. */
function rank(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings
    .filter((finding) => {
      const key = `${finding.rule}\n${finding.uri}\n${finding.span.start}\n${finding.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort(
      (a, b) =>
        b.weight - a.weight || (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0) || a.span.start - b.span.start,
    );
}
