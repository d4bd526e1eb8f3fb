// What a manifest itself says about indexes: options on its lines, the sources of a Pipfile, the tables of a pyproject.toml.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { projectIndexesOf } from "../../../shared/src/manifest/projectIndexes.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { FileOption } from "../index/index.ts";

export interface PipfileSource {
  readonly name: string;
  /** May hold `${VAR}` and credentials. */
  readonly url: string;
  readonly verifySsl: boolean;
  /** Only for packages that are bound to it, as uv's and poetry's named indexes are. */
  readonly explicit?: boolean | undefined;
}

const INDEX_OPTIONS = new Set([
  "--index-url",
  "--extra-index-url",
  "--find-links",
  "--no-index",
  "--trusted-host",
  "--pre",
  "--prefer-binary",
  "--only-binary",
  "--no-binary",
]);

/** The index options on the lines of a tree, in pip's order, for as long as they are global ones. */
export function fileOptionsOf(tree: ManifestTree): FileOption[] {
  const options: FileOption[] = [];
  for (const { uri, manifest } of tree.files) {
    if (manifest.kind !== "requirements" && manifest.kind !== "constraints") continue;
    for (const entry of manifest.entries) {
      if (entry.kind !== "option" || !INDEX_OPTIONS.has(entry.option)) continue;
      const line = manifest.lines.positionAt(entry.span.start).line + 1;
      options.push({
        option: entry.option,
        ...(entry.value === undefined ? {} : { value: entry.value.text }),
        where: `${decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1))} line ${line}`,
        ...(uri.startsWith("file:") ? { folder: dirname(fileURLToPath(uri)) } : {}),
      });
    }
  }
  return options;
}

/** What the tables of a pyproject.toml say about indexes, for looking projects up. */
export function projectOptionsOf({ files: [root] }: ManifestTree): {
  readonly options: FileOption[];
  readonly sources: readonly PipfileSource[];
} {
  if (root?.manifest.project === undefined) return { options: [], sources: [] };
  const { indexUrl, extraIndexUrls, findLinks, noIndex, pre, named } = projectIndexesOf(root.manifest);
  const folder = root.uri.startsWith("file:") ? { folder: dirname(fileURLToPath(root.uri)) } : {};
  const option = (name: string, value?: string): FileOption => ({
    option: name,
    ...(value === undefined ? {} : { value }),
    where: "pyproject.toml",
    ...folder,
  });
  const options = [
    ...(indexUrl === undefined ? [] : [option("--index-url", indexUrl)]),
    ...extraIndexUrls.map((url) => option("--extra-index-url", url)),
    ...findLinks.map((place) => option("--find-links", place)),
    ...(noIndex ? [option("--no-index")] : []),
    ...(pre ? [option("--pre")] : []),
  ];
  return { options, sources: named };
}

/** The sources of a Pipfile or of a lock alone. A lock beside its Pipfile has the Pipfile's. */
export function sourcesOf(tree: ManifestTree): PipfileSource[] {
  const [root] = tree.files;
  if (!root || (root.manifest.kind !== "pipfile" && root.manifest.kind !== "pipfile-lock")) return [];
  const sources: PipfileSource[] = [];
  for (const entry of root.manifest.entries) {
    if (entry.kind !== "source" || !entry.url) continue;
    sources.push({
      name: entry.name?.text ?? `source ${sources.length + 1}`,
      url: entry.url.text,
      verifySsl: entry.verifySsl,
    });
  }
  return sources;
}
