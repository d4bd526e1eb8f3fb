// Whether a record says of a version that it is affected: OSV's evaluation by PEP 440.
import { compareVersions, parseVersion, type Version } from "../packaging/version.ts";
import type { AdvisoryRecord, RangeEvent } from "./model.ts";

/** A version as it is looked for: PEP 440 where it is one, else its text. Local labels are left out (`2.1.0+cu118` is 2.1.0). */
export interface SoughtVersion {
  readonly text: string;
  readonly version?: Version;
  /** With its local label, for records that name one. */
  readonly local?: Version;
}

/** Reads what is looked for. Anything is taken: what is not PEP 440 is compared as text. */
export function soughtVersion(text: string): SoughtVersion {
  const version = parseVersion(text);
  if (!version) return { text: text.trim() };
  if (!version.isLocal) return { text: text.trim(), version };
  return { text: text.trim(), version: parseVersion(version.public)!, local: version };
}

/** Whether the record names the version or has it in a range (OSV schema, "Evaluation"). A withdrawn record names nothing. */
export function isAffected(record: AdvisoryRecord, sought: SoughtVersion): boolean {
  if (record.versions?.some((named) => isSame(named, sought))) return true;
  const { version, local } = sought;
  return version !== undefined && (record.ranges?.some((range) => isInRange(range, version, local)) ?? false);
}

/** Whether a record holds for every release that there is or may come: it was introduced with the first one, and nothing ends it. */
export function affectsAll({ ranges = [] }: Pick<AdvisoryRecord, "ranges">): boolean {
  return ranges.some(
    (range) => range.length > 0 && range.every(([kind, text]) => kind === "introduced" && text === "0"),
  );
}

function isSame(named: string, { text, version, local }: SoughtVersion): boolean {
  if (named === text) return true;
  const one = version && parseVersion(named);
  if (!one) return false;
  return compareVersions(one, version) === 0 || (local !== undefined && compareVersions(one, local) === 0);
}

interface Step {
  readonly kind: RangeEvent[0];
  /** Undefined: before every version. */
  readonly at: Version | undefined;
}

const prepared = new WeakMap<readonly RangeEvent[], readonly Step[]>();

/**
 * Whether a version lies in a range. Its events may come in any order. `local` is the version with its local label, which counts
 * where an event has one itself.
 */
export function isInRange(range: readonly RangeEvent[], version: Version, local = version): boolean {
  let steps = prepared.get(range);
  if (!steps) {
    steps = stepsOf(range);
    prepared.set(range, steps);
  }
  let hasLimit = false;
  let isWithinLimit = false;
  let affected = false;
  for (const { kind, at } of steps) {
    const order = at === undefined ? 1 : compareVersions(at.isLocal ? local : version, at);
    if (kind === "limit") {
      hasLimit = true;
      isWithinLimit ||= at === undefined || order < 0;
      continue;
    }
    if (kind === "introduced" && order >= 0) affected = true;
    else if (kind === "fixed" && order >= 0) affected = false;
    else if (kind === "last_affected" && order > 0) affected = false;
  }
  return affected && (!hasLimit || isWithinLimit);
}

/**
 * Events by version. An event whose version is not PEP 440 errs to the safe side: it may open a range, from the start, and never
 * ends one.
 */
function stepsOf(range: readonly RangeEvent[]): Step[] {
  const steps: Step[] = [];
  for (const [kind, text] of range) {
    const isStart = kind === "introduced" && text === "0";
    const isOpen = kind === "limit" && text === "*";
    const at = isStart || isOpen ? undefined : parseVersion(text);
    if (at !== undefined || isOpen || kind === "introduced") steps.push({ kind, at });
  }
  const isInOrder = steps.every((step, at) => at === 0 || compareSteps(steps[at - 1]!, step) <= 0);
  return steps.sort((a, b) => compareSteps(a, b) || tieRank(a, isInOrder) - tieRank(b, isInOrder));
}

function compareSteps(a: Step, b: Step): number {
  if (a.at === undefined || b.at === undefined) return (a.at ? 1 : 0) - (b.at ? 1 : 0);
  return compareVersions(a.at, b.at);
}

/**
 * Which of several events at one version counts first. What ends with a version and begins at it holds for that one: else it would
 * never end. Of what is fixed and introduced at one version the order as written counts, where the events are in order at all; else
 * it is taken for introduced anew, to be on the safe side.
 */
function tieRank({ kind, at }: Step, isInOrder: boolean): number {
  if (at === undefined) return 0;
  if (kind === "last_affected") return 2;
  return kind === "introduced" && !isInOrder ? 1 : 0;
}
