// What a manifest says about indexes on its own lines: pip's options, or the sources of a Pipfile. Values go as written: the runner alone expands.
import { projectIndexesOf } from "../../../shared/src/manifest/projectIndexes.ts";
import type { Pylock } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { IndexOptions } from "../../../shared/src/protocol/operation.ts";

export interface FileSources {
  readonly fileOptions?: IndexOptions;
  readonly sources?: readonly {
    readonly name: string;
    readonly url: string;
    readonly verifySsl: boolean;
    readonly explicit?: boolean;
  }[];
}

/** The options of all files that the tree reaches by `-r`, or the sources of its Pipfile or lock. */
export function sourcesOf(tree: ManifestTree): FileSources {
  const [root] = tree.files;
  if (!root) return {};
  if (root.manifest.kind === "pipfile" || root.manifest.kind === "pipfile-lock") {
    const sources = pipfileSources(root);
    return sources.length > 0 ? { sources } : {};
  }
  if (root.manifest.kind === "pyproject") return projectSources(tree);
  if (root.manifest.pylock) return lockedSources(root.manifest.pylock);
  const fileOptions = pipOptions(tree.files);
  return Object.keys(fileOptions).length > 0 ? { fileOptions } : {};
}

/** uv's, poetry's and PDM's indexes, and the options of the requirements files that setuptools reads. */
function projectSources({ files }: ManifestTree): FileSources {
  const { named, noIndex, pre, ...places } = projectIndexesOf(files[0]!.manifest);
  const own = pipOptions(files.slice(1));
  const fileOptions: IndexOptions = {
    ...own,
    ...(places.indexUrl === undefined ? {} : { indexUrl: places.indexUrl }),
    ...(places.extraIndexUrls.length > 0
      ? { extraIndexUrls: [...(own.extraIndexUrls ?? []), ...places.extraIndexUrls] }
      : {}),
    ...(places.findLinks.length > 0 ? { findLinks: [...(own.findLinks ?? []), ...places.findLinks] } : {}),
    ...(noIndex ? { noIndex } : {}),
    ...(pre ? { pre } : {}),
  };
  return {
    ...(Object.keys(fileOptions).length > 0 ? { fileOptions } : {}),
    ...(named.length > 0 ? { sources: named } : {}),
  };
}

/** The indexes that a pylock names, each by its address: it is asked for the packages that name it, and for no other. */
function lockedSources({ packages }: Pylock): FileSources {
  const urls = new Set(packages.flatMap(({ index }) => index ?? []));
  if (urls.size === 0) return {};
  return { sources: [...urls].map((url) => ({ name: url, url, verifySsl: true, explicit: true })) };
}

function pipfileSources(root: ManifestFile): NonNullable<FileSources["sources"]> {
  return root.manifest.entries.flatMap((entry, at) =>
    entry.kind === "source" && entry.url
      ? [{ name: entry.name?.text ?? `source ${at + 1}`, url: entry.url.text, verifySsl: entry.verifySsl }]
      : [],
  );
}

function pipOptions(files: readonly ManifestFile[]): IndexOptions {
  const options: {
    -readonly [Key in keyof IndexOptions]: IndexOptions[Key];
  } = {};
  for (const file of files) {
    for (const entry of file.manifest.entries) {
      if (entry.kind !== "option") continue;
      const value = entry.value?.text;
      switch (entry.option) {
        case "--index-url":
          if (value !== undefined) options.indexUrl = value;
          break;
        case "--extra-index-url":
          if (value !== undefined) options.extraIndexUrls = [...(options.extraIndexUrls ?? []), value];
          break;
        case "--find-links":
          if (value !== undefined) options.findLinks = [...(options.findLinks ?? []), value];
          break;
        case "--trusted-host":
          if (value !== undefined) options.trustedHosts = [...(options.trustedHosts ?? []), value];
          break;
        case "--only-binary":
          if (value !== undefined) options.onlyBinary = [...(options.onlyBinary ?? []), ...value.split(",")];
          break;
        case "--no-binary":
          if (value !== undefined) options.noBinary = [...(options.noBinary ?? []), ...value.split(",")];
          break;
        case "--no-index":
          options.noIndex = true;
          break;
        case "--pre":
          options.pre = true;
          break;
      }
    }
  }
  return options;
}
