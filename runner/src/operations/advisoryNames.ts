// Which names of a manifest may be told to a public service of advisories: those that only public indexes are asked for.
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { isFromIndex, placementOf } from "../../../shared/src/rules/place.ts";
import { isPublicIndex } from "../provenance/index.ts";
import { environmentFor, finderFor } from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import { type IndexLane, laneOf, planIndexes } from "./indexPlan.ts";
import { filesOf, Loader } from "./load.ts";
import { resolveSettingsFor } from "./resolveSettings.ts";

export interface TellableNames {
  /** PEP 503 form. */
  readonly names: readonly string[];
  /** Left out, since an index that is not public is asked for them. */
  readonly kept: readonly string[];
}

/** Sorts the names of manifests, those of their locks included, into what may be told and what may not. */
export async function tellableNames(
  context: OperationContext,
  input: CommonInput,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<TellableNames> {
  const loader = new Loader(input.cwd);
  const { roots } = await loader.roots(paths);
  const names = new Set<string>();
  const kept = new Set<string>();
  for (const root of roots) {
    const environment = await environmentFor(context, input, root, signal);
    const question = { ...input, path: root.path, constraints: [], resolution: "highest" as const };
    const resolving = await resolveSettingsFor(context, question, root, environment, signal);
    const plan = planIndexes({ tree: root.tree, index: input.index, ...resolving });
    const finder = finderFor(context, input, root, environment, signal, new Map());
    const isPublic = async (lane: IndexLane): Promise<boolean> => {
      const { settings } = await finder.open(lane);
      return [...settings.indexes, ...settings.findLinks].every(({ url }) => isPublicIndex(url));
    };
    try {
      const elsewhere = lockedElsewhere(root.tree);
      for (const name of namesOf(root.tree)) {
        if (!elsewhere.has(name) && (await isPublic(laneOf(plan, name)))) names.add(name);
        else kept.add(name);
      }
    } finally {
      await finder.close();
    }
  }
  // What one manifest keeps for itself no other one gives away.
  for (const name of kept) names.delete(name);
  return { names: [...names].sort(), kept: [...kept].sort() };
}

function namesOf(tree: ManifestTree): Set<string> {
  const names = new Set(
    placementOf(tree).all.flatMap(({ entry }) => (isFromIndex(entry) ? [entry.normalizedName!] : [])),
  );
  for (const { manifest } of filesOf(tree)) {
    if (!isLockKind(manifest.kind)) continue;
    for (const entry of manifest.entries) {
      if (entry.kind === "requirement" && isFromIndex(entry)) names.add(entry.normalizedName!);
    }
  }
  return names;
}

/** What a lock says to come from an index that is not public, or, where it names no index, from a place that is none. */
function lockedElsewhere(tree: ManifestTree): Set<string> {
  const found = new Set<string>();
  for (const { manifest } of filesOf(tree)) {
    for (const { name, index, wheels, sdist } of manifest.pylock?.packages ?? []) {
      const files = [...wheels, ...(sdist ? [sdist] : [])];
      const places = index === undefined ? files.map(({ url }) => url ?? "") : [index];
      if (!places.every(isPublicIndex)) found.add(name);
    }
    if (manifest.kind !== "pipfile-lock") continue;
    const sources = new Map<string, string>();
    for (const entry of manifest.entries) {
      if (entry.kind === "source" && entry.name && entry.url) sources.set(entry.name.text, entry.url.text);
    }
    for (const entry of manifest.entries) {
      if (entry.kind !== "requirement" || !entry.index || entry.normalizedName === undefined) continue;
      if (!isPublicIndex(sources.get(entry.index.text) ?? "")) found.add(entry.normalizedName);
    }
  }
  return found;
}
