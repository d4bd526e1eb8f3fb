// The runner names files by their paths on disk, an editor by its own spelling, or has them nowhere at all: this translates.
import { sameFileKey } from "../../../shared/src/manifest/includeTarget.ts";

/** The two spellings of each file of a tree. */
export interface UriPairs {
  /** Of the runner's spelling, by `sameFileKey`, the editor's. */
  readonly editor: ReadonlyMap<string, string>;
  /** Of the editor's spelling the runner's. */
  readonly runner: ReadonlyMap<string, string>;
}

/** @param files the editor's URI of each file, and the absolute path under which the runner is given it. */
export function pairUris(files: readonly (readonly [uri: string, path: string])[]): UriPairs {
  const editor = new Map<string, string>();
  const runner = new Map<string, string>();
  for (const [uri, path] of files) {
    const spelled = fileUriOf(path);
    editor.set(sameFileKey(spelled), uri);
    runner.set(uri, spelled);
  }
  return { editor, runner };
}

function fileUriOf(path: string): string {
  const slashed = path.replaceAll("\\", "/");
  const parts = slashed
    .split("/")
    .map((part) => (/^[A-Za-z]:$/.test(part) ? part : encodeURIComponent(part)));
  return `file://${slashed.startsWith("/") ? "" : "/"}${parts.join("/")}`;
}

/** The same data with every URI as the editor spells it. */
export function fromRunner<T>(data: T, { editor }: UriPairs): T {
  return mapUris(data, (uri) => editor.get(sameFileKey(uri)) ?? uri);
}

/** The same data with every URI as the runner spells it. */
export function toRunner<T>(data: T, { runner }: UriPairs): T {
  return mapUris(data, (uri) => runner.get(uri) ?? uri);
}

/** URIs stand under `uri`, and as the keys of `texts`. */
function mapUris<T>(data: T, change: (uri: string) => string): T {
  if (Array.isArray(data)) return data.map((item) => mapUris(item, change)) as T;
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if (key === "uri" && typeof value === "string") return [key, change(value)];
      if (key === "texts") return [key, mapKeys(value as Record<string, string>, change)];
      return [key, mapUris(value, change)];
    }),
  ) as T;
}

function mapKeys(texts: Record<string, string>, change: (uri: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([uri, text]) => [change(uri), text]));
}
