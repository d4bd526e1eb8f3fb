// Choosing among releases: what can be used here, what a specifier admits, what others demand. Used by findings, fixes and hovers alike.
import type { RuntimeEnvironment } from "../environment/model.ts";
import type { ProjectFacts, ReleaseDetail, ReleaseFacts } from "../facts/model.ts";
import type { ManifestTree } from "../manifest/treeModel.ts";
import { readRequirementLenient } from "../packaging/lenient.ts";
import { evaluateMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import type { Requirement } from "../packaging/requirement.ts";
import type { SpecifierSet } from "../packaging/specifier.ts";
import { parseVersion, type Version } from "../packaging/version.ts";
import type { PlacedRequirement, Snapshot } from "./model.ts";
import {
  appliesHere,
  areTogether,
  canMeet,
  installedIn,
  isFromIndex,
  pinnedVersion,
  placementOf,
} from "./place.ts";

/** Whether pip would take this release here without being forced. */
export function isUsable(release: ReleaseFacts): boolean {
  return release.obstacle === undefined && release.yanked === undefined;
}

/** A clause that names a pre-release opts in, as PEP 440 says. */
export function admitsPrereleases(specifier: SpecifierSet): boolean {
  return specifier.clauses.some(
    (clause) => parseVersion(clause.version.replace(/\.\*$/, ""))?.isPrerelease === true,
  );
}

/** Whether the specifier admits the version, with pre-releases only where it names one. */
export function admits(specifier: SpecifierSet, version: Version): boolean {
  return (
    specifier.contains(version, { prereleases: true }) &&
    (!version.isPrerelease || admitsPrereleases(specifier))
  );
}

/** The releases that a specifier admits, newest first; pre-releases where it names one or nothing else is left. */
export function admittedReleases(facts: ProjectFacts, specifier: SpecifierSet): readonly ReleaseFacts[] {
  const matching = facts.releases.filter((release) => {
    const version = parseVersion(release.version);
    return version !== undefined && specifier.contains(version, { prereleases: true });
  });
  if (admitsPrereleases(specifier)) return matching;
  const stable = matching.filter((release) => !parseVersion(release.version)!.isPrerelease);
  return stable.length > 0 ? stable : matching;
}

/**
 * The first of the admitted releases that can be used here, without looking at those behind it. Undefined where that takes all of
 * them to know: where only pre-releases are left, or none.
 */
export function firstUsable(facts: ProjectFacts, specifier: SpecifierSet): ReleaseFacts | undefined {
  let prereleases: boolean | undefined;
  for (const release of facts.releases) {
    if (!isUsable(release)) continue;
    const version = parseVersion(release.version);
    if (!version || !specifier.contains(version, { prereleases: true })) continue;
    if (!version.isPrerelease) return release;
    prereleases ??= admitsPrereleases(specifier);
    if (prereleases) return release;
  }
  return undefined;
}

/** Newest first: usable and stable, then usable pre-releases, then the rest, yanked last. */
export function releaseChoice(facts: ProjectFacts): ReleaseFacts[] {
  const group = (release: ReleaseFacts): number => {
    if (release.yanked !== undefined) return 3;
    if (release.obstacle !== undefined) return 2;
    return parseVersion(release.version)?.isPrerelease ? 1 : 0;
  };
  return facts.releases
    .map((release, at) => ({ release, at, group: group(release) }))
    .sort((a, b) => a.group - b.group || a.at - b.at)
    .map((item) => item.release);
}

/** Something that another declared requirement asks of a project. */
export interface Demand {
  readonly specifier: SpecifierSet;
  readonly requirement: Requirement;
  /** Who asks: a line of the person's own, or the release that such a line means. */
  readonly from: PlacedRequirement;
  /** Present where a release's core metadata asks: its version. */
  readonly version?: string;
}

/** The version that a line means today: pinned, else locked, else installed. */
export function meantVersion(
  tree: ManifestTree,
  snapshot: Snapshot,
  placed: PlacedRequirement,
): { version: string; from: "pinned" | "locked" | "installed" } | undefined {
  const name = placed.entry.normalizedName;
  if (name === undefined) return undefined;
  const pinned = pinnedVersion(placed.entry);
  if (pinned !== undefined) return { version: pinned, from: "pinned" };
  const locked = placementOf(tree).locked.get(name);
  if (locked !== undefined && placed.file.manifest.kind === "pipfile")
    return { version: locked, from: "locked" };
  const installed = installedIn(snapshot.environment).get(name);
  const version = installed === undefined ? undefined : parseVersion(installed);
  if (version && placed.entry.specifier.contains(version, { prereleases: true })) {
    return { version: installed!, from: "installed" };
  }
  return undefined;
}

const parsedDependencies = new WeakMap<ReleaseDetail, readonly Requirement[]>();

/** What a release's core metadata requires, as far as it can be read. */
export function dependenciesOf(detail: ReleaseDetail): readonly Requirement[] {
  let requirements = parsedDependencies.get(detail);
  if (!requirements) {
    requirements = (detail.requiresDist ?? []).flatMap((text) => {
      const read = readRequirementLenient(text);
      return read.ok ? [read.value.requirement] : [];
    });
    parsedDependencies.set(detail, requirements);
  }
  return requirements;
}

/** Whether a dependency counts in the environment for the extras that are asked for. Without markers of the environment: only unconditional ones. */
export function dependencyCounts(
  requirement: Requirement,
  environment: RuntimeEnvironment | undefined,
  extras: readonly string[],
): boolean {
  if (!requirement.marker) return true;
  if (!environment?.markers) return false;
  return evaluateMarker(requirement.marker, environment.markers, extras.length > 0 ? [...extras] : [""]);
}

/** What the other lines of the tree ask of the project of `placed`: their specifiers, and what pinned releases require. */
export function demandsOn(tree: ManifestTree, snapshot: Snapshot, placed: PlacedRequirement): Demand[] {
  const name = placed.entry.normalizedName;
  if (name === undefined) return [];
  const placement = placementOf(tree);
  const demands: Demand[] = [];
  if (placement.replaced.has(name)) return demands;
  for (const other of placement.byName.get(name) ?? []) {
    if (other.entry === placed.entry || !canMeet(other.entry, placed.entry)) continue;
    if (appliesHere(other.entry, snapshot.environment) === false) continue;
    demands.push({ specifier: other.entry.specifier, requirement: requirementOf(other), from: other });
  }
  for (const other of dependents(tree, snapshot).get(name) ?? []) {
    if (!areTogether(other.from.entry, placed.entry)) continue;
    demands.push(other);
  }
  return demands;
}

function requirementOf(placed: PlacedRequirement): Requirement {
  const { entry } = placed;
  return {
    name: entry.name ?? { text: entry.normalizedName ?? "", span: entry.span },
    extras: entry.extras,
    specifier: entry.specifier,
    parenthesized: false,
    span: entry.span,
  };
}

const dependentsOfSnapshot = new WeakMap<Snapshot, WeakMap<ManifestTree, Map<string, Demand[]>>>();

/** By PEP 503 name: what the releases that the tree's lines pin or lock require of it. */
function dependents(tree: ManifestTree, snapshot: Snapshot): ReadonlyMap<string, readonly Demand[]> {
  let perTree = dependentsOfSnapshot.get(snapshot);
  if (!perTree) {
    perTree = new WeakMap();
    dependentsOfSnapshot.set(snapshot, perTree);
  }
  const known = perTree.get(tree);
  if (known) return known;
  const byName = new Map<string, Demand[]>();
  for (const from of placementOf(tree).all) {
    if (from.entry.kind !== "requirement" || !isFromIndex(from.entry)) continue;
    if (appliesHere(from.entry, snapshot.environment) === false) continue;
    const meant = meantVersion(tree, snapshot, from);
    if (!meant || meant.from === "installed") continue;
    const detail = snapshot.projects.get(from.entry.normalizedName!)?.details[meant.version];
    if (!detail) continue;
    const extras = from.entry.extras.map((extra) => extra.text);
    for (const requirement of dependenciesOf(detail)) {
      if (requirement.url !== undefined || !dependencyCounts(requirement, snapshot.environment, extras))
        continue;
      const name = normalizeName(requirement.name.text);
      const demand = { specifier: requirement.specifier, requirement, from, version: meant.version };
      const list = byName.get(name);
      if (list) list.push(demand);
      else byName.set(name, [demand]);
    }
  }
  perTree.set(tree, byName);
  return byName;
}

/** Whether some release of the project satisfies both; undefined where its releases are not known. */
export function canAgree(
  facts: ProjectFacts | undefined,
  a: SpecifierSet,
  b: SpecifierSet,
): boolean | undefined {
  if (facts?.state !== "known") return undefined;
  return facts.releases.some((release) => {
    const version = parseVersion(release.version);
    return (
      version !== undefined &&
      a.contains(version, { prereleases: true }) &&
      b.contains(version, { prereleases: true })
    );
  });
}
