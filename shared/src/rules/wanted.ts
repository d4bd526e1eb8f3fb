// What is to be asked of the indexes for a tree. With more known, more may be wanted: asking ends when nothing is added.
import type { ManifestTree } from "../manifest/treeModel.ts";
import { parseVersion, type Version } from "../packaging/version.ts";
import { candidatesFor } from "./candidates.ts";
import type { PlacedRequirement, RuleInput, Snapshot, WantedProject } from "./model.ts";
import { installedIn, isFromIndex, pinnedVersion, placementOf } from "./place.ts";
import { raiseTarget } from "./vulnerabilities.ts";
import { saySpecifier } from "./words.ts";

/** Projects that the tree names, each with the versions whose detail the rules look at; of `only`, where it is given. */
export function wantedProjects(
  tree: ManifestTree,
  snapshot?: Snapshot,
  only?: ReadonlySet<string>,
): WantedProject[] {
  const placement = placementOf(tree);
  const installed = installedIn(snapshot?.environment);
  const wanted: WantedProject[] = [];
  for (const [name, places] of placement.byName) {
    if (only && !only.has(name)) continue;
    const indexed = places.filter((placed) => isFromIndex(placed.entry));
    if (indexed.length === 0) continue;
    const versions = new Set<string>();
    const specifiers = new Set<string>();
    for (const placed of indexed) {
      const pinned = pinnedVersion(placed.entry);
      if (pinned !== undefined) versions.add(pinned);
      else if (placed.entry.specifier.clauses.length > 0)
        for (const set of placed.entry.specifier.alternatives ?? [placed.entry.specifier])
          specifiers.add(saySpecifier(set));
      for (const version of candidatesOf(tree, snapshot, placed)) versions.add(version);
    }
    const locked = placement.locked.get(name);
    if (locked !== undefined) versions.add(locked);
    const here = installed.get(name);
    if (here !== undefined && parseVersion(here)) versions.add(here);
    const source =
      indexed.find((placed) => placed.entry.index)?.entry.index?.text ?? lockedIndexOf(tree, name);
    wanted.push({
      name,
      versions: [...versions],
      specifiers: [...specifiers],
      ...(source === undefined ? {} : { source }),
    });
  }
  return wanted;
}

/** The index that a pylock names for a package (PEP 751). */
function lockedIndexOf({ files: [root] }: ManifestTree, name: string): string | undefined {
  return root?.manifest.pylock?.packages.find((one) => one.name === name && one.index !== undefined)?.index;
}

/** Versions that a fix would pin, so that what they require is known before they are offered. */
function candidatesOf(
  tree: ManifestTree,
  snapshot: Snapshot | undefined,
  placed: PlacedRequirement,
): string[] {
  if (!snapshot) return [];
  const input: RuleInput = { tree, snapshot, configuration: { severities: {} } };
  const within = {
    accepts: (version: Version) => placed.entry.specifier.contains(version, { prereleases: true }),
  };
  const found = [candidatesFor(input, placed), candidatesFor(input, placed, within)];
  const fixed = raiseTarget(input, placed);
  return [
    ...found
      .flatMap((item) => [item.chosen, item.undecided])
      .flatMap((release) => (release ? [release.version] : [])),
    ...(fixed === undefined ? [] : [fixed]),
  ];
}

/** Whether the snapshot already holds all that is wanted. */
export function missingFrom(snapshot: Snapshot, wanted: readonly WantedProject[]): WantedProject[] {
  return wanted.filter((project) => {
    const facts = snapshot.projects.get(project.name);
    if (!facts) return true;
    if (facts.state !== "known") return false;
    const known = new Set(facts.releases.map((release) => release.version));
    return project.versions.some((version) => known.has(version) && facts.details[version] === undefined);
  });
}
