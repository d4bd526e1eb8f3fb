// The digests of a release as lines and locks hold them.
import type { Pin } from "../resolve/index.ts";

/** `sha256:…` of every file of the release, as the index that it is bound to lists them. */
export function hashesOf({ release }: Pin): string[] {
  return release.flatMap(({ hashes: { sha256 } }) => (sha256 === undefined ? [] : [`sha256:${sha256}`]));
}
