// What a pyproject.toml says about indexes, in pip's words: for looking up projects, where it matters which index has one.
import { DEFAULT_INDEX_URL } from "../packaging/defaultIndex.ts";
import type { Manifest } from "./model.ts";

/** An index that only packages which name it are looked up on. */
export interface NamedIndex {
  readonly name: string;
  readonly url: string;
  readonly verifySsl: boolean;
  readonly explicit: true;
}

export interface ProjectIndexes {
  /** Takes the place of the public index. */
  readonly indexUrl?: string;
  readonly extraIndexUrls: readonly string[];
  readonly findLinks: readonly string[];
  readonly noIndex: boolean;
  readonly pre: boolean;
  readonly named: readonly NamedIndex[];
}

/**
 * The indexes of uv, poetry and PDM in one form: where all are asked alike, who has a project is the same, whichever wins. Texts
 * are as written: `${VAR}` is never expanded.
 */
export function projectIndexesOf({ project, entries }: Manifest): ProjectIndexes {
  const general: string[] = [];
  const findLinks: string[] = [];
  const named: NamedIndex[] = [];
  let indexUrl: string | undefined;
  const name = (written: string | undefined, url: string) => {
    if (written !== undefined) named.push({ name: written, url, verifySsl: true, explicit: true });
  };
  if (project === undefined) return { extraIndexUrls: [], findLinks, noIndex: false, pre: false, named };
  for (const index of project.uv.indexes) {
    if (index.url === undefined) continue;
    name(index.name?.text, index.url.text);
    if (index.explicit) continue;
    if (index.format === "flat") findLinks.push(index.url.text);
    else if (index.default) indexUrl ??= index.url.text;
    else general.push(index.url.text);
  }
  indexUrl ??= project.uv.indexUrl?.text;
  general.push(...project.uv.extraIndexUrls.map(({ text }) => text));
  findLinks.push(...project.uv.findLinks.map(({ text }) => text));
  for (const source of project.poetrySources) {
    const isPublic = source.url === undefined && source.name?.text.toLowerCase() === "pypi";
    const url = isPublic ? DEFAULT_INDEX_URL : source.url?.text;
    if (url === undefined) continue;
    name(source.name?.text, url);
    // One primary source of its own, and poetry asks the public index no more.
    if (source.priority === "primary" || source.priority === "default") {
      if (indexUrl === undefined) indexUrl = url;
      else general.push(url);
    } else if (source.priority !== "explicit") general.push(url);
  }
  for (const entry of entries) {
    if (entry.kind !== "source" || entry.section !== "tool.pdm.source" || !entry.url) continue;
    if (entry.name?.text === "pypi") indexUrl ??= entry.url.text;
    else general.push(entry.url.text);
  }
  return {
    ...(indexUrl !== undefined && { indexUrl }),
    extraIndexUrls: general,
    findLinks,
    noIndex: project.uv.noIndex,
    pre: project.uv.prerelease?.text === "allow",
    named,
  };
}
