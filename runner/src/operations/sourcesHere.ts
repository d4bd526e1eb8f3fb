// uv's sources as one environment sees them: of several for one package those whose marker holds.
import type { Manifest, ManifestEntry } from "../../../shared/src/manifest/model.ts";
import { evaluateMarker, type MarkerEnvironment } from "../../../shared/src/packaging/marker.ts";
import type { LoadedRoot } from "./load.ts";

/**
 * The root with the sources that hold in an environment (uv, "Platform-specific sources"): where none does, the package comes from
 * the indexes that everything comes from. The same root where no source has a marker.
 */
export function withSourcesHere(root: LoadedRoot, markers: MarkerEnvironment | undefined): LoadedRoot {
  const [first, ...others] = root.tree.files;
  if (first === undefined || markers === undefined || !hasMarkers(first.manifest)) return root;
  const entries = first.manifest.entries.map((entry) => narrow(entry, first.manifest, markers));
  const manifest = { ...first.manifest, entries };
  return { ...root, tree: { ...root.tree, files: [{ ...first, manifest }, ...others] } };
}

function hasMarkers({ project }: Manifest): boolean {
  return [...(project?.uv.sources.values() ?? [])].some((ways) => ways.some(({ marker }) => marker));
}

function narrow(entry: ManifestEntry, { project }: Manifest, markers: MarkerEnvironment): ManifestEntry {
  if ((entry.kind !== "requirement" && entry.kind !== "constraint") || entry.sources === undefined)
    return entry;
  const sources = entry.sources.filter(({ marker }) => !marker || evaluateMarker(marker, markers));
  if (sources.length === entry.sources.length) return entry;
  const { sources: _, index: __, ...rest } = entry;
  const described = sources.find(
    ({ kind, value }) =>
      kind === "index" && project?.uv.indexes.some(({ name }) => name?.text === value?.text),
  );
  return {
    ...rest,
    ...(sources.length > 0 && { sources }),
    ...(described?.value && { index: described.value }),
  };
}
