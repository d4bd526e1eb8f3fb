// Moves a specifier just far enough that it admits a release, in the style in which it is written.
import type { Clause, SpecifierSet } from "../packaging/specifier.ts";
import { readSpecifierSet } from "../packaging/specifier.ts";
import { parseVersion, type Version } from "../packaging/version.ts";
import { saySpecifier } from "./words.ts";

/**
 * The specifier that admits `version` with the fewest clauses changed: `>=1,<2` becomes `>=1,<4` for 3.1, `~=1.4` becomes
 * `~=3.1`, `==1.*` becomes `==3.*`. Undefined where no such change is known, as for `!=`.
 */
export function raiseSpecifier(specifier: SpecifierSet, version: Version): string | undefined {
  if (specifier.alternatives) return undefined;
  const clauses = specifier.clauses.map((clause) => {
    const alone = readSpecifierSet(`${clause.operator}${clause.version}`);
    if (!alone.ok || alone.value.contains(version, { prereleases: true }))
      return `${clause.operator}${clause.version}`;
    return raiseClause(clause, version);
  });
  if (clauses.includes(undefined)) return undefined;
  const read = readSpecifierSet(clauses.join(","));
  return read.ok && read.value.contains(version, { prereleases: true })
    ? saySpecifier(read.value)
    : undefined;
}

function raiseClause(clause: Clause, version: Version): string | undefined {
  const bound = parseVersion(clause.version.replace(/\.\*$/, ""));
  if (!bound) return undefined;
  const precision = bound.release.length;
  switch (clause.operator) {
    case "~=":
      return `~=${prefix(version, Math.max(2, precision))}`;
    case "==":
      return clause.version.endsWith(".*") ? `==${prefix(version, precision)}.*` : `==${version.toString()}`;
    case "<=":
      return `<=${version.toString()}`;
    case "<":
      return `<${after(version, significant(bound))}`;
    default:
      return undefined;
  }
}

/** How many leading parts of a bound say something: 1 for `<2` and `<2.0`, 2 for `<1.5`. */
function significant(bound: Version): number {
  let parts = bound.release.length;
  while (parts > 1 && bound.release[parts - 1] === 0) parts--;
  return parts;
}

function prefix(version: Version, parts: number): string {
  const release = Array.from({ length: parts }, (_, at) => version.release[at] ?? 0);
  return `${version.epoch > 0 ? `${version.epoch}!` : ""}${release.join(".")}`;
}

/** The first version after all that share `parts` leading numbers with this one. */
function after(version: Version, parts: number): string {
  const release = Array.from({ length: parts }, (_, at) => version.release[at] ?? 0);
  release[parts - 1]! += 1;
  return `${version.epoch > 0 ? `${version.epoch}!` : ""}${release.join(".")}`;
}
