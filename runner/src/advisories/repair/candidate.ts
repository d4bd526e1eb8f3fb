// A plan that was shown to hold, and how two of them compare.
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand, Pin, Question } from "../../resolve/index.ts";
import type { AddedConstraint, Exposure, LineChange, Move } from "./model.ts";
import type { Key, Stacks } from "./search.ts";
import { distanceBetween } from "./specifiers.ts";

/** Lines edited and added, with the stack that was shown to come of them. */
export interface Candidate {
  readonly changes: readonly LineChange[];
  readonly constraints: readonly AddedConstraint[];
  readonly stacks: Stacks;
  readonly exposures: ReadonlyMap<Key, Exposure>;
  readonly moved: readonly Move[];
}

/** The question with lines added that narrow it. */
export function narrowed(question: Question, constraints: readonly Demand[]): Question {
  return { ...question, constraints: [...(question.constraints ?? []), ...constraints] };
}

/** Whether a project of the stack has another release than was meant, or was not meant to be there. */
export function isOther({ stacks }: Candidate, wanted: Stacks, name: string): boolean {
  const got = highest(stacks, name);
  const version = highest(wanted, name);
  return got !== undefined && (version === undefined || compareVersions(got, version) !== 0);
}

/** Among the environments the highest: one line holds for all of them. */
export function highest(stacks: Stacks, name: string): Version | undefined {
  const versions = stacks.flat().flatMap((pin) => (pin.name === name ? [pin.version] : []));
  return versions.sort(compareVersions).at(-1);
}

/** Lowest first. */
export function versionsByName(pins: readonly Pin[]): Map<string, Version[]> {
  const versions = new Map<string, Version[]>();
  for (const { name, version } of pins) versions.set(name, [...(versions.get(name) ?? []), version]);
  for (const all of versions.values()) all.sort(compareVersions);
  return versions;
}

/** Whether the version is among them, however it is written. */
export function has(versions: readonly Version[], version: Version): boolean {
  return versions.some((one) => compareVersions(one, version) === 0);
}

/** How many lines are written: those changed, and those added. */
export function linesOf({ changes, constraints }: Candidate): number {
  return changes.length + constraints.length;
}

/** The objective, in its order. That nothing new comes in was seen to before. */
export function isBetter(a: Candidate, b: Candidate): boolean {
  const left = scoreOf(a);
  const right = scoreOf(b);
  const at = left.findIndex((value, place) => value !== right[place]);
  return at >= 0 && left[at]! < right[at]!;
}

function scoreOf(candidate: Candidate): number[] {
  const steps = [0, 0, 0];
  for (const { from, to } of candidate.moved) {
    distanceBetween(from, to).forEach((step, at) => {
      steps[at]! += step;
    });
  }
  const down = candidate.moved.filter(({ from, to }) => isBelow(to, from));
  return [candidate.exposures.size, linesOf(candidate), candidate.moved.length, down.length, ...steps];
}

/** Whether one version is below another; of what is no version that cannot be said. */
export function isBelow(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left !== undefined && right !== undefined && compareVersions(left, right) < 0;
}
