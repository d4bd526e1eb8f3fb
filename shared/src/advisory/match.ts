// What is known against one version of a project, and the smallest version at which nothing is left.
import { compareVersions, parseVersion, type Version } from "../packaging/version.ts";
import { isAffected, type SoughtVersion, soughtVersion } from "./affected.ts";
import type { AdvisoryMatch, AdvisoryRecord, AdvisorySeverity } from "./model.ts";

const RANK: readonly AdvisorySeverity[] = ["none", "low", "medium", "unknown", "high", "critical"];
/** Of several records of one thing, the one whose name people know. */
const KNOWN_PREFIXES = ["MAL-", "GHSA-", "PYSEC-", "CVE-"];

/** Records of the same thing: those that name one another, or the same third, in any case, over however many steps. */
export function groupByAliases(records: readonly AdvisoryRecord[]): AdvisoryRecord[][] {
  const root = records.map((_, at) => at);
  const find = (at: number): number => {
    let here = at;
    while (root[here] !== here) {
      root[here] = root[root[here]!]!;
      here = root[here]!;
    }
    return here;
  };
  const owner = new Map<string, number>();
  records.forEach((record, at) => {
    for (const name of [record.id, ...(record.aliases ?? [])]) {
      const key = name.toUpperCase();
      const other = owner.get(key);
      if (other === undefined) owner.set(key, at);
      else root[find(at)] = find(other);
    }
  });
  const groups = new Map<number, AdvisoryRecord[]>();
  records.forEach((record, at) => {
    const key = find(at);
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  });
  return [...groups.values()];
}

interface Remembered {
  /** From when on and until when the same records count: what is withdrawn in between would change that. */
  readonly since: number;
  readonly until: number;
  readonly groups: AdvisoryRecord[][];
  /** What was answered, by version: hover, diagnostics and the lens ask the same one after the other. */
  readonly matches: Map<string, readonly AdvisoryMatch[]>;
  readonly fixes: Map<string, string | undefined>;
}

const remembered = new WeakMap<readonly AdvisoryRecord[], Remembered>();

/** The groups that count at a time: withdrawn records are left out. */
function remember(records: readonly AdvisoryRecord[], now: number): Remembered {
  const known = remembered.get(records);
  if (known && known.since <= now && now < known.until) return known;
  let [since, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { withdrawn } of records) {
    if (withdrawn === undefined) continue;
    if (withdrawn <= now) since = Math.max(since, withdrawn);
    else until = Math.min(until, withdrawn);
  }
  const groups = groupByAliases(records.filter((record) => !isWithdrawn(record, now)));
  const made = { since, until, groups, matches: new Map(), fixes: new Map() };
  remembered.set(records, made);
  return made;
}

/** Whether the record says nothing any more. `now` in milliseconds since the epoch. */
export function isWithdrawn({ withdrawn }: AdvisoryRecord, now: number): boolean {
  return withdrawn !== undefined && withdrawn <= now;
}

/**
 * What is known against a version, gravest first, each thing once.
 * @param version as installed, pinned or resolved: any text.
 * @param now milliseconds since the epoch.
 */
export function matchAdvisories(
  records: readonly AdvisoryRecord[],
  version: string,
  now: number,
): readonly AdvisoryMatch[] {
  if (records.length === 0) return [];
  const { groups, matches: known } = remember(records, now);
  const found = known.get(version);
  if (found) return found;
  const sought = soughtVersion(version);
  const matches = groups
    .filter((group) => group.some((record) => isAffected(record, sought)))
    .map((group) => mergeGroup(group, sought))
    .sort(
      (a, b) =>
        Number(b.malicious) - Number(a.malicious) ||
        severityRank(b.severity) - severityRank(a.severity) ||
        (a.id < b.id ? -1 : 1),
    );
  known.set(version, matches);
  return matches;
}

/** Where a severity stands among the others. Unknown stands above what is known to be mild. */
export function severityRank(severity: AdvisorySeverity): number {
  return RANK.indexOf(severity);
}

/** Whether a severity reaches a threshold; an unknown one always does. */
export function reaches(
  severity: AdvisorySeverity,
  threshold: Exclude<AdvisorySeverity, "unknown">,
): boolean {
  return severity === "unknown" || severityRank(severity) >= severityRank(threshold);
}

/** One match of the records of one thing. The name is of those that hold for the version: no other release's report is told of it. */
function mergeGroup(group: readonly AdvisoryRecord[], sought: SoughtVersion): AdvisoryMatch {
  const holding = group.length === 1 ? group : group.filter((record) => isAffected(record, sought));
  const first = [...holding].sort(byName)[0]!;
  const { severity, score } = gravest(group);
  const summary = first.summary ?? group.find((record) => record.summary !== undefined)?.summary;
  return {
    id: first.id,
    aliases: otherNames(group, first.id),
    severity,
    ...(score === undefined ? {} : { score }),
    malicious: holding.some((record) => record.malicious === true),
    ...(summary === undefined ? {} : { summary }),
    fixedIn: fixesAbove(group, sought).map(String),
  };
}

/** Every name of a group but one, each in one case: that of a record's own id before that of an alias. */
function otherNames(group: readonly AdvisoryRecord[], id: string): string[] {
  const names = new Map<string, string>();
  for (const name of [...group.map((record) => record.id), ...group.flatMap(({ aliases = [] }) => aliases)]) {
    const key = name.toUpperCase();
    if (!names.has(key)) names.set(key, name);
  }
  names.delete(id.toUpperCase());
  return [...names.values()].sort();
}

function byName(a: AdvisoryRecord, b: AdvisoryRecord): number {
  return nameRank(a.id) - nameRank(b.id) || (a.id < b.id ? -1 : 1);
}

function nameRank(id: string): number {
  const at = KNOWN_PREFIXES.findIndex((prefix) => id.toUpperCase().startsWith(prefix));
  return at < 0 ? KNOWN_PREFIXES.length : at;
}

/** The gravest that any record of a group says; what one leaves unsaid another may say. */
function gravest(group: readonly AdvisoryRecord[]): { severity: AdvisorySeverity; score?: number } {
  const known = group.filter(({ severity }) => severity !== "unknown");
  const [worst] = known.sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
  if (!worst) return { severity: "unknown" };
  return { severity: worst.severity, ...(worst.score === undefined ? {} : { score: worst.score }) };
}

/** The versions above the sought one that a record of the group calls fixed and none of them calls affected. */
function fixesAbove(group: readonly AdvisoryRecord[], { version }: SoughtVersion): Version[] {
  const fixes = new Map<string, Version>();
  for (const { ranges = [] } of group) {
    for (const [kind, text] of ranges.flat()) {
      const fixed = kind === "fixed" ? parseVersion(text) : undefined;
      if (!fixed || (version && compareVersions(fixed, version) <= 0)) continue;
      const sought = soughtVersion(text);
      if (!group.some((record) => isAffected(record, sought))) fixes.set(fixed.key, fixed);
    }
  }
  return [...fixes.values()].sort(compareVersions);
}

/**
 * The smallest version above `version` at which nothing is left of what is known against the project.
 * @param releases the versions that exist, where they are known: only they are answered.
 */
export function smallestFix(
  records: readonly AdvisoryRecord[],
  version: string,
  now: number,
  releases?: readonly string[],
): string | undefined {
  const { fixes } = remember(records, now);
  if (releases === undefined && fixes.has(version)) return fixes.get(version);
  const current = soughtVersion(version).version;
  const active = remember(records, now).groups.flat();
  const candidates = releases
    ? releases.flatMap((text) => parseVersion(text) ?? [])
    : active.flatMap(({ ranges = [] }) =>
        ranges.flat().flatMap(([kind, text]) => (kind === "fixed" ? (parseVersion(text) ?? []) : [])),
      );
  const above = candidates.filter((one) => current === undefined || compareVersions(one, current) > 0);
  for (const candidate of above.sort(compareVersions)) {
    const sought = soughtVersion(candidate.toString());
    if (active.some((record) => isAffected(record, sought))) continue;
    if (releases === undefined) fixes.set(version, candidate.toString());
    return candidate.toString();
  }
  if (releases === undefined) fixes.set(version, undefined);
  return undefined;
}
