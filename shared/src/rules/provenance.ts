// Findings of what the checks of provenance said: placed on the line that a person wrote, and on the lock's where there is none.
import type { PackageProvenance, ProvenanceCheck, ProvenanceFacts } from "../facts/provenance.ts";
import type { Evidence, Finding, Severity } from "../finding/model.ts";
import { isLockKind } from "../manifest/kind.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import type { ManifestFile, ManifestTree } from "../manifest/treeModel.ts";
import { describeRule, type RuleName } from "./catalogue.ts";
import type { Collector } from "./make.ts";
import type { NotCheckedItem, PlacedRequirement, RuleInput } from "./model.ts";
import { pinnedVersion, placementOf } from "./place.ts";

/** What other rules say of the same, from facts or from the text: told once, by them. */
const TOLD_ELSEWHERE = new Set([
  "unpinned",
  "missing-hash",
  "archived",
  "deprecated",
  "insecure",
  "lock-out-of-date",
]);
const OTHER_RULES = new Set(["known-vulnerability", "yanked-release"]);

/** How grave a finding of provenance is beside others of its severity: what is poisoned comes before what is merely odd. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "known-bad": 60,
  "artifact-digest": 55,
  attestation: 50,
  "index-policy": 45,
  "publisher-continuity": 40,
  "artifact-on-several-indexes": 35,
  "name-confusion": 30,
  "archive-truth": 58,
  policy: 25,
  "cool-down": 5,
};

/** Whether a check is a finding of its own. */
export function isProvenanceFinding(check: ProvenanceCheck): boolean {
  return (
    check.state === "failed" && check.severity !== undefined && !check.accepted && check.inherited !== true
  );
}

/** Adds what the checks found, and answers what stood in the way of all of them. */
export function addProvenanceFindings(input: RuleInput, collector: Collector): NotCheckedItem[] {
  const { provenance } = input.snapshot;
  if (!provenance) return [];
  for (const one of provenance.packages) {
    const placed = placeOf(input.tree, one);
    // A project that no index has is told as that.
    if (!placed || input.snapshot.projects.get(one.name)?.state === "absent") continue;
    const isHeld = isLockKind(placed.file.manifest.kind) || hasLock(input.tree) || hasHashes(input.tree, one);
    for (const check of one.checks) {
      const { accepted, ...unaccepted } = check;
      if (!isTold(unaccepted) || !(isHeld || isToldOfLoose(check))) continue;
      if (accepted)
        collector.addAccepted(check.rule as RuleName, one.name, one.version ?? "", check.artifact);
      else addCheck(collector, placed, check, one);
    }
  }
  addFileChecks(input.tree, provenance, collector);
  return provenance.failure === undefined
    ? []
    : [{ what: "where the packages come from", reason: provenance.failure }];
}

/** A Pipfile's packages are installed from the lock beside it. */
function hasLock({ companion }: ManifestTree): boolean {
  return companion?.manifest.kind === "pipfile-lock";
}

/** Some line of the package has hashes: its own, or a constraint's. */
function hasHashes(tree: ManifestTree, { name }: PackageProvenance): boolean {
  return (placementOf(tree).byName.get(name) ?? []).some(({ entry }) => entry.hashes.length > 0);
}

const LOOSE_RULES = new Set([
  "name-confusion",
  "artifact-on-several-indexes",
  "known-bad",
  "attestation",
  "publisher-continuity",
  "index-policy",
  "policy",
]);

/** Of what no digest holds only what is grave is told: what it installs is another file tomorrow. */
function isToldOfLoose({ rule, severity }: ProvenanceCheck): boolean {
  return LOOSE_RULES.has(rule) && (severity === "error" || severity === "warning");
}

function isTold(check: ProvenanceCheck): boolean {
  if (!isProvenanceFinding(check)) return false;
  if (OTHER_RULES.has(check.rule)) return false;
  // An error is told whoever else says something of the kind.
  return check.severity === "error" || !check.labels?.some((label) => TOLD_ELSEWHERE.has(label));
}

function addCheck(
  collector: Collector,
  { file, entry }: PlacedRequirement,
  check: ProvenanceCheck,
  one: PackageProvenance,
): void {
  collector.add({
    rule: check.rule as RuleName,
    message: check.message,
    file,
    entry,
    span: entry.name?.span ?? entry.span,
    package: one.name,
    severity: check.severity as Severity,
    isJudged: true,
    evidence: check.evidence.map(tellEvidence),
    weight: WEIGHTS[check.rule] ?? 10,
  });
}

function tellEvidence({ source, says, time, freshness }: ProvenanceCheck["evidence"][number]): Evidence {
  return {
    source: says === undefined ? source : `${source}: ${says}`,
    freshness,
    ...(time === undefined ? {} : { time: Date.parse(time) }),
  };
}

function addFileChecks(tree: ManifestTree, provenance: ProvenanceFacts, collector: Collector): void {
  const files = filesOf(tree);
  for (const { path, checks } of provenance.files) {
    const name = lastPart(path);
    const file = files.find(({ uri }) => lastPart(decode(uri)) === name) ?? files[0];
    if (!file) continue;
    for (const check of checks) {
      if (!isTold(check)) continue;
      const [first] = file.manifest.entries;
      const span = check.range ? file.manifest.lines.spanOf(check.range) : first?.span;
      collector.add({
        rule: check.rule as RuleName,
        message: check.message,
        file,
        span: span ?? { start: 0, end: 0 },
        severity: check.severity as Severity,
        isJudged: true,
        evidence: check.evidence.map(tellEvidence),
        weight: WEIGHTS[check.rule] ?? 10,
      });
    }
  }
}

function filesOf(tree: ManifestTree): ManifestFile[] {
  return tree.companion ? [...tree.files, tree.companion] : [...tree.files];
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

function decode(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

/** The line that a person wrote of the package: the root's own files first, then the lock beside them. */
function placeOf(tree: ManifestTree, one: PackageProvenance): PlacedRequirement | undefined {
  const { byName, companionByName } = placementOf(tree);
  const places = [...(byName.get(one.name) ?? []), ...(companionByName.get(one.name) ?? [])];
  let loose: PlacedRequirement | undefined;
  for (const placed of places) {
    const { entry, file } = placed;
    if (loose && loose.file !== file) break;
    if (entry.kind !== "requirement") continue;
    const pinned = pinnedVersion(entry);
    if (pinned !== undefined && pinned === one.version) return placed;
    if (pinned === undefined || one.version === undefined) loose ??= placed;
  }
  return loose;
}

const packagesByName = new WeakMap<ProvenanceFacts, ReadonlyMap<string, readonly PackageProvenance[]>>();

/** What was said of every version of a project. */
export function provenancesOf(
  provenance: ProvenanceFacts | undefined,
  name: string | undefined,
): readonly PackageProvenance[] {
  if (!provenance || name === undefined) return [];
  let byName = packagesByName.get(provenance);
  if (!byName) {
    byName = Map.groupBy(provenance.packages, (one) => one.name);
    packagesByName.set(provenance, byName);
  }
  return byName.get(name) ?? [];
}

/** What was said of the package that an entry names. */
export function provenanceOf(
  provenance: ProvenanceFacts | undefined,
  entry: RequirementEntry,
): PackageProvenance | undefined {
  const all = provenancesOf(provenance, entry.normalizedName);
  const pinned = pinnedVersion(entry);
  return all.find(({ version }) => version === pinned) ?? all[0];
}

/** Whether the finding is of what a package is and where it comes from, of which an editor shows one per package. */
export function isOfProvenance({ rule }: Pick<Finding, "rule">): boolean {
  return describeRule(rule)?.provenance === true;
}
