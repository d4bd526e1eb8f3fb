// What is known against the release that a line means: the rule, the fix on the line itself, and what hover and hints say.
import {
  type AdvisoryMatch,
  matchAdvisories,
  type ProjectAdvisories,
  reaches,
  sayAdvisories,
  smallestFix,
  staleness,
} from "../advisory/index.ts";
import type { ProjectFacts, ReleaseFacts } from "../facts/model.ts";
import type { StackFacts } from "../facts/stack.ts";
import type { Evidence, Fix } from "../finding/model.ts";
import { planPin, planSpecifier } from "../manifest/edits.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import { parseVersion } from "../packaging/version.ts";
import { acceptanceFor } from "./accepted.ts";
import { objectionTo } from "./candidates.ts";
import { nameOf } from "./local.ts";
import type { Collector } from "./make.ts";
import type { PlacedRequirement, RuleInput } from "./model.ts";
import { appliesHere, canMeet, installedIn, isFromIndex, pinnedVersion, placementOf } from "./place.ts";
import { provenancesOf } from "./provenance.ts";
import { raiseSpecifier } from "./raise.ts";
import { admittedReleases, isUsable } from "./releases.ts";
import { isStackCurrent } from "./stack.ts";
import { count, sayAge, saySpecifier } from "./words.ts";

/** Where the version that a line means comes from. */
export type VersionOrigin = "pinned" | "locked" | "installed" | "resolved";

/** What is known against the release that a line means. */
export interface Vulnerability {
  readonly version: string;
  readonly from: VersionOrigin;
  /** Gravest first; never empty. */
  readonly matches: readonly AdvisoryMatch[];
  /** Those of them that no policy accepts. */
  readonly open: readonly AdvisoryMatch[];
  /** The smallest version above at which nothing is left. */
  readonly fixedIn?: string;
  readonly advisories: ProjectAdvisories;
}

/**
 * What is known against a line. A range counts only where what it resolves to today, or what is installed, is affected.
 * Undefined where nothing is known, or no advisories were ever loaded: `facts.advisories` tells the two apart.
 */
export function vulnerabilityOf(input: RuleInput, placed: PlacedRequirement): Vulnerability | undefined {
  const facts = input.snapshot.projects.get(placed.entry.normalizedName ?? "");
  const advisories = facts?.advisories;
  if (!advisories || advisories.records.length === 0 || !isFromIndex(placed.entry)) return undefined;
  const { now } = input.snapshot;
  for (const { version, from } of versionsMeant(input, placed, facts)) {
    const matches = matchAdvisories(advisories.records, version, now);
    if (matches.length === 0) continue;
    const fixedIn = smallestFix(advisories.records, version, now, releasesFor(facts, version));
    const open = openMatches(input, placed, version, matches);
    return { version, from, matches, open, advisories, ...(fixedIn === undefined ? {} : { fixedIn }) };
  }
  return undefined;
}

/** The versions that a line stands for: its pin, else what is locked, else what is installed and what it resolves to today. */
function versionsMeant(
  input: RuleInput,
  placed: PlacedRequirement,
  facts: ProjectFacts,
): { readonly version: string; readonly from: VersionOrigin }[] {
  const { entry, file } = placed;
  const pinned = pinnedVersion(entry) ?? arbitraryPin(entry);
  if (entry.kind === "constraint" && !isConstraintInUse(input, placed)) return [];
  // What is pinned is installed somewhere, be it not on this environment.
  if (pinned !== undefined) return [{ version: pinned, from: "pinned" }];
  if (entry.kind === "constraint") return [];
  const locked = placementOf(input.tree).locked.get(facts.name);
  if (locked !== undefined && file.manifest.kind === "pipfile") return [{ version: locked, from: "locked" }];
  const beside = lockedBeside(input, facts.name);
  if (beside !== undefined) return [{ version: beside, from: "locked" }];
  if (appliesHere(entry, input.snapshot.environment) === false) return [];
  const found: { version: string; from: VersionOrigin }[] = [];
  const installed = installedIn(input.snapshot.environment).get(facts.name);
  const here = installed === undefined ? undefined : parseVersion(installed);
  if (here && entry.specifier.contains(here, { prereleases: true })) {
    found.push({ version: installed!, from: "installed" });
  }
  const today = resolvedToday(input, placed, facts);
  if (today) found.push({ version: today.version, from: "resolved" });
  return found;
}

/** The version in a lock that was made from the tree, as far as the resolver's answer tells of one. */
function lockedBeside({ snapshot: { stack }, tree }: RuleInput, name: string): string | undefined {
  return isStackCurrent(stack, tree) ? stack.locks?.[0]?.versions[name] : undefined;
}

/** A pin that is no PEP 440 version, which `===` allows. */
function arbitraryPin(entry: RequirementEntry): string | undefined {
  const [clause, another] = entry.specifier.clauses;
  return clause?.operator === "===" && !another ? clause.version : undefined;
}

function isConstraintInUse(input: RuleInput, { entry }: PlacedRequirement): boolean {
  const { all, byName } = placementOf(input.tree);
  const named = byName.get(entry.normalizedName!) ?? [];
  if (named.some((other) => other.entry.kind === "requirement")) return true;
  return !all.some((other) => other.entry.kind === "requirement");
}

function resolvedToday(
  input: RuleInput,
  placed: PlacedRequirement,
  facts: ProjectFacts,
): ReleaseFacts | undefined {
  if (facts.state !== "known") return undefined;
  const others = (placementOf(input.tree).byName.get(facts.name) ?? []).filter(
    (other) => other.entry !== placed.entry && canMeet(other.entry, placed.entry),
  );
  return admittedReleases(facts, placed.entry.specifier).find((release) => {
    const version = isUsable(release) ? parseVersion(release.version) : undefined;
    return (
      version !== undefined &&
      others.every((other) => other.entry.specifier.contains(version, { prereleases: true }))
    );
  });
}

/** What could be taken in place of a version, where the releases are known: final ones, or any where it is none itself. */
function releasesFor(facts: ProjectFacts, version: string): string[] | undefined {
  if (facts.state !== "known") return undefined;
  const isPrerelease = parseVersion(version)?.isPrerelease === true;
  return facts.releases
    .filter((release) => isUsable(release) && (isPrerelease || !parseVersion(release.version)?.isPrerelease))
    .map((release) => release.version);
}

/** Adds the finding of one line. */
export function addVulnerability(input: RuleInput, placed: PlacedRequirement, collector: Collector): void {
  const found = vulnerabilityOf(input, placed);
  if (!found) return;
  const { entry, file } = placed;
  const matches = found.open;
  countAccepted(collector, entry.normalizedName!, found.version, found.matches, matches);
  if (matches.length === 0) return;
  const malicious = matches.filter((match) => match.malicious);
  const fixes = input.snapshot.pending ? [] : fixesFor(input, placed, found);
  collector.add({
    rule: "known-vulnerability",
    message: messageOf(placed, { ...found, matches }, malicious),
    file,
    entry,
    span: entry.specifierSpan ?? entry.name?.span ?? entry.span,
    package: entry.normalizedName!,
    ...severityOf(matches, input),
    evidence: [evidenceOf(found.advisories, input.snapshot.now)],
    advisories: matches,
    fixes,
    weight: malicious.length > 0 ? 500 : 20 + matches.length,
  });
}

/** Malicious is an error; what is all below the threshold that was asked for is worth knowing, and no more. */
function severityOf(
  matches: readonly AdvisoryMatch[],
  { configuration: { severityThreshold } }: RuleInput,
): { readonly severity?: "error" | "information" } {
  if (matches.some(({ malicious }) => malicious)) return { severity: "error" };
  if (severityThreshold === undefined) return {};
  return matches.some(({ severity }) => reaches(severity, severityThreshold))
    ? {}
    : { severity: "information" };
}

function countAccepted(
  collector: Collector,
  name: string,
  version: string,
  known: readonly AdvisoryMatch[],
  open: readonly AdvisoryMatch[],
): void {
  for (const match of known)
    if (!open.includes(match)) collector.addAccepted("known-vulnerability", name, version, match.id);
}

/** What nobody has accepted, an advisory of this version or all of them: as the checks of provenance said, and by the policy at hand. */
function openMatches(
  { snapshot }: RuleInput,
  { entry }: PlacedRequirement,
  version: string,
  matches: readonly AdvisoryMatch[],
): readonly AdvisoryMatch[] {
  const checks = provenancesOf(snapshot.provenance, entry.normalizedName)
    .filter((one) => (one.version ?? version) === version)
    .flatMap((one) => one.checks.filter(({ rule }) => rule === "known-vulnerability"));
  if (checks.some(({ accepted }) => accepted)) return [];
  const accepted = new Set(
    checks.flatMap(({ advisories = [] }) => advisories.flatMap((one) => (one.accepted ? one.id : []))),
  );
  const release = { package: entry.normalizedName!, version, entry };
  return matches.filter(
    (match) => !accepted.has(match.id) && !acceptanceFor(snapshot, release, "known-vulnerability", match),
  );
}

/** The repair of the whole stack, where one was planned; else the raise of the line alone. */
function fixesFor(input: RuleInput, placed: PlacedRequirement, found: Vulnerability): Fix[] {
  const { stack } = input.snapshot;
  if (isStackCurrent(stack, input.tree) && stack.repairs && isLockCurrent(stack, input.tree)) {
    return repairsFor(stack, placed.entry.normalizedName);
  }
  const raise = raiseOf(input, placed, found);
  return raise ? [raise] : [];
}

/** A lock that is another by now is not edited by what was planned on the old one. */
function isLockCurrent(stack: StackFacts, { companion }: RuleInput["tree"]): boolean {
  return companion === undefined || stack.texts[companion.uri] === companion.manifest.text;
}

/** The repairs that clear something known against a project, or else why none does. */
export function repairsFor(stack: StackFacts, name: string | undefined): Fix[] {
  const own = (stack.repairs ?? []).filter(({ fixed }) => fixed.some((one) => one.name === name));
  if (own.length > 0) {
    return own.map(({ title, edits, notes }) => ({
      kind: "repair-advisories",
      title,
      edits,
      proven: true,
      preferred: true,
      ...(notes && notes.length > 0 ? { notes } : {}),
    }));
  }
  const why = (stack.unrepaired ?? []).filter((one) => one.name === name || one.name === "");
  const [first] = why;
  const reason = first ? first.reason : "what the lines resolve to is not affected: install anew";
  return [{ kind: "repair-advisories", title: "Repair", edits: [], proven: false, disabled: reason }];
}

/** What is known against releases that no line names, told on the line that brings them in. */
export function addTransitiveVulnerabilities(input: RuleInput, collector: Collector): void {
  const { stack } = input.snapshot;
  if (!isStackCurrent(stack, input.tree)) return;
  for (const { name, version, matches: known, fixedIn } of stack.exposed ?? []) {
    const matches = known.filter(
      (match) => !acceptanceFor(input.snapshot, { package: name, version }, "known-vulnerability", match),
    );
    countAccepted(collector, name, version, known, matches);
    if (matches.length === 0) continue;
    const line = stack.lines.find(({ brings }) => brings.includes(name));
    const placed =
      line &&
      placementOf(input.tree).all.find(
        ({ file, entry }) => file.uri === line.uri && entry.span.start === line.span.start,
      );
    if (!placed) continue;
    const { entry, file } = placed;
    const [malicious] = matches.filter((match) => match.malicious);
    const subject = `${name} ${version}, which ${nameOf(entry)} brings in,`;
    const facts = input.snapshot.projects.get(entry.normalizedName!);
    collector.add({
      rule: "known-vulnerability",
      message: malicious
        ? `${subject} is reported as malicious: ${malicious.id}.`
        : `${subject} has ${sayAdvisories(matches, fixedIn)}.`,
      file,
      entry,
      span: entry.name?.span ?? entry.span,
      package: name,
      ...severityOf(matches, input),
      evidence: facts?.advisories ? [evidenceOf(facts.advisories, input.snapshot.now)] : [],
      advisories: matches,
      fixes: stack.repairs && isLockCurrent(stack, input.tree) ? repairsFor(stack, name) : [],
      weight: malicious ? 500 : 10 + matches.length,
    });
  }
}

function messageOf(
  { entry }: PlacedRequirement,
  { version, from, matches, fixedIn }: Vulnerability,
  malicious: readonly AdvisoryMatch[],
): string {
  const [first] = malicious;
  const what = saySpecifier(entry.specifier);
  const origin =
    from === "pinned"
      ? ""
      : from === "resolved"
        ? what === ""
          ? " (newest)"
          : ` (newest of ${what})`
        : ` (${from})`;
  const subject = `${nameOf(entry)} ${version}${origin}`;
  if (first) return `${subject} is reported as malicious: ${first.id}.`;
  return `${subject} has ${sayAdvisories(matches, fixedIn)}.`;
}

/** Where the advisories are from, and how old. */
export function evidenceOf({ source, asOf }: ProjectAdvisories, now: number): Evidence {
  return { source, time: asOf, freshness: staleness(asOf, now) ? "stale" : "fresh" };
}

/** The version that the line's own fix pins or admits, so that its detail is asked for before it is offered. */
export function raiseTarget(input: RuleInput, placed: PlacedRequirement): string | undefined {
  const found = vulnerabilityOf(input, placed);
  return found && (found.from === "pinned" || found.from === "resolved") ? found.fixedIn : undefined;
}

/** Raises the line to the smallest version at which nothing is left, where nothing known speaks against it. */
function raiseOf(input: RuleInput, placed: PlacedRequirement, found: Vulnerability): Fix | undefined {
  const { entry, file } = placed;
  const { fixedIn, from, matches } = found;
  const version = fixedIn === undefined ? undefined : parseVersion(fixedIn);
  if (!version || fixedIn === undefined || file.manifest.kind === "pipfile-lock") return undefined;
  if (from !== "pinned" && from !== "resolved") return undefined;
  if (objectionTo(input, placed, fixedIn) !== undefined) return undefined;
  const facts = input.snapshot.projects.get(entry.normalizedName!)!;
  const hashes = (facts.details[fixedIn]?.artifacts ?? []).flatMap(({ hashes: { sha256 } }) =>
    sha256 === undefined ? [] : [`sha256:${sha256}`],
  );
  if (entry.hashes.length > 0 && hashes.length === 0) return undefined;
  const raised = from === "pinned" ? undefined : raiseSpecifier(entry.specifier, version);
  if (from === "resolved" && raised === undefined) return undefined;
  const plan =
    raised === undefined
      ? planPin(file.manifest, entry, fixedIn, entry.hashes.length > 0 ? hashes : undefined)
      : planSpecifier(file.manifest, entry, raised);
  if (!plan.ok || plan.value.length === 0) return undefined;
  return {
    kind: "raise-fixed",
    title: `Raise to ${raised ?? fixedIn} (fixes ${count(matches.length, "advisory").replace("advisorys", "advisories")})`,
    edits: [{ uri: file.uri, edits: plan.value }],
    proven: true,
    preferred: true,
  };
}

/** Says once that the advisories are old, and what became known since then is not looked at; or that their age cannot be told. */
export function addStaleAdvisories(input: RuleInput, collector: Collector): void {
  const { now, projects } = input.snapshot;
  const known = [...projects.values()].find(({ advisories }) => advisories)?.advisories;
  const [file] = input.tree.files;
  const why = known && staleness(known.asOf, now);
  if (!known || !file || !why) return;
  const first = placementOf(input.tree).all.find((placed) => placed.file === file);
  collector.add({
    rule: "stale-advisories",
    message:
      why === "ahead"
        ? `The stored advisories are of ${sayAge(known.asOf, now)}, ahead of this machine's clock: how old they are is not known.`
        : `The stored advisories end ${sayAge(known.asOf, now)}: newer ones are not checked. To fetch them: thoth knowledge update advisories`,
    file,
    span: first?.entry.name?.span ?? first?.entry.span ?? { start: 0, end: 0 },
    evidence: [evidenceOf(known, now)],
  });
}

/** Whether advisories were looked up for what is known: undefined while nothing is. */
export function areAdvisoriesKnown(input: RuleInput): boolean | undefined {
  if (input.snapshot.projects.size === 0) return undefined;
  return [...input.snapshot.projects.values()].some(({ advisories }) => advisories !== undefined);
}
