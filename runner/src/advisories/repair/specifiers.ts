// The specifier of a line that is raised: as little as that takes, in the form that people expect.
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../../shared/src/packaging/requirement.ts";
import { readSpecifierSet, type SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import { raiseSpecifier } from "../../../../shared/src/rules/raise.ts";
import type { Demand } from "../../resolve/index.ts";

/** Whether one release is named: `==1.2` or `===1.2`. */
export function isPin({ clauses }: SpecifierSet): boolean {
  const [clause, another] = clauses;
  if (!clause || another) return false;
  return clause.operator === "===" || (clause.operator === "==" && !clause.version.endsWith(".*"));
}

/**
 * The specifier that takes `version` and nothing below it: a pin stays a pin, a range goes up to the next major release, and what a
 * line excludes it excludes further.
 * @param below the range ends before this one, where given.
 */
export function raisedSpecifier(specifier: SpecifierSet, version: Version, below?: Version): string {
  const [first] = specifier.clauses;
  if (isPin(specifier)) return `${first!.operator}${version}`;
  const wildcard = specifier.clauses.length === 1 && first?.version.endsWith(".*") && below === undefined;
  if (wildcard) {
    const raised = raiseSpecifier(specifier, version);
    if (raised !== undefined) return raised;
  }
  const others = specifier.clauses
    .filter(({ operator }) => operator === "!=")
    .map((clause) => `!=${clause.version}`);
  const upper = specifier.clauses.filter(({ operator }) => /^(?:<|<=|~=|==|===)$/.test(operator));
  const kept = upper.filter(
    (clause) => /^<=?$/.test(clause.operator) && admits(`${clause.operator}${clause.version}`, version),
  );
  const ends = kept.map((clause) => `${clause.operator}${clause.version}`);
  if (ends.length === 0 && upper.length > 0) ends.push(`<${nextMajor(version)}`);
  const capped = below && ends.every((end) => admits(end, below)) ? [`<${below.public}`] : ends;
  return [`>=${version.public}`, ...capped, ...others].join(",");
}

function admits(clause: string, version: Version): boolean {
  const read = readSpecifierSet(clause);
  return read.ok && read.value.contains(version, { prereleases: true });
}

/** `3.0.0` after `2.4.1`, with as many numbers as the release has. */
function nextMajor(version: Version): string {
  const [major = 0, ...rest] = version.release;
  const epoch = version.epoch > 0 ? `${version.epoch}!` : "";
  return epoch + [major + 1, ...rest.map(() => 0)].join(".");
}

/** The line with another specifier; its hashes are those of another release and go. */
export function withSpecifier(demand: Demand, specifier: string): Demand {
  const { requirement } = demand;
  const extras = requirement.extras.map(({ text }) => text).join(",");
  const marker = /;.*$/s.exec(demand.text)?.[0] ?? "";
  const text = `${requirement.name.text}${extras === "" ? "" : `[${extras}]`}${specifier}${marker && ` ${marker}`}`;
  const read = readRequirement(text);
  if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
  return { ...demand, requirement: read.value, text, hashes: undefined };
}

/** A line of its own for a project. */
export function lineFor(name: string, specifier: string): Demand {
  const text = `${name}${specifier}`;
  const read = readRequirement(text);
  if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
  return { requirement: read.value, text };
}

export function nameOfDemand({ requirement }: Demand): string {
  return normalizeName(requirement.name.text);
}

/** The specifier as it is told: single commas, no spaces. */
export function saidSpecifier({ requirement, text }: Demand): string {
  const span = requirement.specifierSpan;
  return span ? text.slice(span.start, span.end).trim() : "";
}

/**
 * How far a step is: by major number first, then minor, then the rest. Of the releases of another major number the lowest is the
 * nearest on the way up, the highest on the way down.
 */
export function distanceBetween(from: string, to: string): readonly [number, number, number] {
  const a = parseVersion(from);
  const b = parseVersion(to);
  if (!a || !b || compareVersions(a, b) === 0) return [0, 0, 0];
  const at = (version: Version, place: number) => version.release[place] ?? 0;
  const epochs = Math.abs(a.epoch - b.epoch) * 1000;
  const major = Math.abs(at(a, 0) - at(b, 0)) + epochs;
  const way = compareVersions(a, b) < 0 ? 1 : -1;
  if (major > 0) return [major, way * at(b, 1), way * at(b, 2)];
  const minor = Math.abs(at(a, 1) - at(b, 1));
  if (minor > 0) return [0, minor, way * at(b, 2)];
  return [0, 0, Math.max(1, Math.abs(at(a, 2) - at(b, 2)))];
}
