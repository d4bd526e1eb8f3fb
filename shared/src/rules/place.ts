// Who requires what, in one tree: the look-up that all rules share.
import type { RuntimeEnvironment } from "../environment/model.ts";
import type { ManifestEntry, RequirementEntry } from "../manifest/model.ts";
import type { EntryScope } from "../manifest/projectModel.ts";
import type { ManifestFile, ManifestTree } from "../manifest/treeModel.ts";
import { evaluateMarker } from "../packaging/marker.ts";
import { areDisjoint } from "../packaging/markerAlgebra.ts";
import { normalizeName } from "../packaging/name.ts";
import { parseVersion } from "../packaging/version.ts";
import type { PlacedRequirement } from "./model.ts";

export interface Placement {
  /** Every requirement and constraint with a name, in reading order. */
  readonly all: readonly PlacedRequirement[];
  readonly byName: ReadonlyMap<string, readonly PlacedRequirement[]>;
  /** Names whose requirements uv's overrides replace or its exclusions leave out. */
  readonly replaced: ReadonlySet<string>;
  /** What the lock beside a Pipfile names. */
  readonly companionByName: ReadonlyMap<string, readonly PlacedRequirement[]>;
  /** Normalised version per PEP 503 name, from the lock beside a Pipfile. */
  readonly locked: ReadonlyMap<string, string>;
}

const placements = new WeakMap<ManifestTree, Placement>();

/** The tree's requirements by name. Computed once per tree. */
export function placementOf(tree: ManifestTree): Placement {
  const known = placements.get(tree);
  if (known) return known;
  const all = tree.files.flatMap(placedIn);
  const replaced = new Set<string>();
  for (const { entry } of all)
    if (entry.scope?.kind === "override" || entry.scope?.kind === "exclusion")
      replaced.add(entry.normalizedName!);
  const placement = {
    all,
    byName: groupByName(all),
    replaced,
    companionByName: groupByName(tree.companion ? placedIn(tree.companion) : []),
    locked: lockedVersions(tree.companion),
  };
  placements.set(tree, placement);
  return placement;
}

/** Requirements and constraints of a file that have a name. */
function placedIn(file: ManifestFile): PlacedRequirement[] {
  const placed: PlacedRequirement[] = [];
  for (const entry of file.manifest.entries) {
    if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
    if (entry.normalizedName !== undefined) placed.push({ file, entry });
  }
  return placed;
}

function groupByName(places: readonly PlacedRequirement[]): Map<string, PlacedRequirement[]> {
  return Map.groupBy(places, ({ entry }) => entry.normalizedName!);
}

function lockedVersions(lock: ManifestFile | undefined): Map<string, string> {
  const versions = new Map<string, string>();
  if (lock?.manifest.kind !== "pipfile-lock") return versions;
  for (const entry of lock.manifest.entries) {
    if (entry.kind !== "requirement" || entry.normalizedName === undefined) continue;
    const version = pinnedVersion(entry);
    if (version !== undefined && !versions.has(entry.normalizedName))
      versions.set(entry.normalizedName, version);
  }
  return versions;
}

/** Normalised version where the entry is a pin: one `==` without `.*`, or one `===` of a PEP 440 version. */
export function pinnedVersion(entry: RequirementEntry): string | undefined {
  const [clause, another] = entry.specifier.clauses;
  if (!clause || another || (clause.operator !== "==" && clause.operator !== "===")) return undefined;
  if (clause.version.endsWith(".*")) return undefined;
  return parseVersion(clause.version)?.toString();
}

const installedVersions = new WeakMap<RuntimeEnvironment, Map<string, string>>();

/** Normalised version per PEP 503 name of what is installed in the environment. */
export function installedIn(environment: RuntimeEnvironment | undefined): ReadonlyMap<string, string> {
  if (!environment?.installed) return new Map();
  let versions = installedVersions.get(environment);
  if (!versions) {
    versions = new Map(
      environment.installed.map((item) => [
        item.normalizedName || normalizeName(item.name),
        parseVersion(item.version)?.toString() ?? item.version,
      ]),
    );
    installedVersions.set(environment, versions);
  }
  return versions;
}

/** Whether the entry's marker holds here; undefined where the environment does not say. */
export function appliesHere(
  entry: RequirementEntry,
  environment: RuntimeEnvironment | undefined,
): boolean | undefined {
  if (!entry.marker) return true;
  if (!environment?.markers) return undefined;
  return evaluateMarker(entry.marker, environment.markers);
}

/**
 * Whether both entries can count in one installation. Categories of a Pipfile are resolved each on its own; of a pyproject.toml the
 * project goes with every extra and every group, and those each with themselves.
 */
export function canMeet(a: RequirementEntry, b: RequirementEntry): boolean {
  if (!areTogether(a, b)) return false;
  return !a.marker || !b.marker || !areDisjoint(a.marker, b.marker);
}

/** As `canMeet`, whatever the markers say. */
export function areTogether(a: RequirementEntry, b: RequirementEntry): boolean {
  if (a.scope === undefined && b.scope === undefined) return a.section === b.section;
  const [one, other] = [scopeOf(a), scopeOf(b)];
  if (APART.has(one.kind) || APART.has(other.kind)) return false;
  if (one.kind === "build" || other.kind === "build") return one.kind === other.kind;
  if (one.kind === "constraint" || other.kind === "constraint") return true;
  if (one.kind === "project" || other.kind === "project") return true;
  return one.kind === other.kind && "name" in one && "name" in other && one.name === other.name;
}

/** What says nothing against a requirement: it is replaced, left out, or only described. */
const APART: ReadonlySet<EntryScope["kind"]> = new Set<EntryScope["kind"]>([
  "override",
  "exclusion",
  "build-constraint",
  "detail",
]);

/** A file that is included or given beside a pyproject.toml counts as its project does, or narrows it. */
function scopeOf({ scope, kind }: RequirementEntry): EntryScope {
  return scope ?? { kind: kind === "constraint" ? "constraint" : "project" };
}

/** An entry that requires, rather than only narrows. */
export function isRequirement(
  entry: ManifestEntry,
): entry is RequirementEntry & { readonly kind: "requirement" } {
  return entry.kind === "requirement";
}

/** Where the entry comes from an index: no URL, no path, no version control. */
export function isFromIndex(entry: RequirementEntry): boolean {
  return (
    entry.url === undefined &&
    entry.path === undefined &&
    entry.vcs === undefined &&
    entry.normalizedName !== undefined &&
    entry.isSelf !== true &&
    isSourceAnIndex(entry)
  );
}

/** uv's sources may take a package from a repository, a path or the workspace, or from an index that another file describes. */
function isSourceAnIndex({ sources, index }: RequirementEntry): boolean {
  if (sources === undefined) return true;
  return index !== undefined && sources.every(({ kind }) => kind === "index");
}

/** One-based line of the entry. */
export function lineOf(placed: PlacedRequirement): number {
  return placed.file.manifest.lines.positionAt(placed.entry.span.start).line + 1;
}
