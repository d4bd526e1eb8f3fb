// Computes the digests that an index does not list: of files that lie on this machine, and of files that were fetched.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { admits, type LocatedFile, type SubjectView } from "../provenance/index.ts";

export type Digests = Readonly<Record<string, string>>;

/** What locks are written with, and Node computes. */
const COMPUTED = new Set(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]);

/** The algorithms of the manifest's digests that the file's index does not list. */
export function unlistedAlgorithms({ subject }: SubjectView, { file }: LocatedFile): string[] {
  const wanted = new Set(subject.digests.map(({ algorithm }) => algorithm));
  return [...wanted].filter((algorithm) => COMPUTED.has(algorithm) && file.hashes[algorithm] === undefined);
}

/** Lower-case hex of the file's content by each algorithm, in one pass. Rejects where it cannot be read. */
export async function digestFile(
  path: string,
  algorithms: readonly string[],
  signal: AbortSignal,
): Promise<Digests> {
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  for await (const piece of createReadStream(path, { signal, highWaterMark: 1 << 20 }))
    for (const [, hash] of hashes) hash.update(piece as Buffer);
  return Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")]));
}

/** Digests of the located files that lie on this machine: nobody needs to be asked for those. Rejects only when cancelled. */
export async function digestLocalFiles(
  view: SubjectView,
  signal: AbortSignal,
): Promise<Map<LocatedFile["file"], Digests>> {
  const computed = new Map<LocatedFile["file"], Digests>();
  for (const one of view.located) {
    if (!one.file.url.startsWith("file:")) continue;
    // By sha256, other indexes tell whether it is the file that they have.
    const isCompared = view.indexes.length > 1 && one.file.hashes.sha256 === undefined;
    const algorithms = [...new Set([...unlistedAlgorithms(view, one), ...(isCompared ? ["sha256"] : [])])];
    if (algorithms.length === 0) continue;
    try {
      computed.set(one.file, await digestFile(fileURLToPath(one.file.url), algorithms, signal));
    } catch (error) {
      if (signal.aborted) throw error;
      // What cannot be read stays without its digest, and so not checked.
    }
  }
  return computed;
}

/** Whether some file that is looked at is one that the manifest admits, by all that is known of its digests. */
export function isOneAdmitted(
  { subject, selected }: SubjectView,
  computed: ReadonlyMap<LocatedFile["file"], Digests>,
): boolean {
  return selected.some(
    ({ file }) => admits(subject.digests, { hashes: { ...file.hashes, ...computed.get(file) } }) === true,
  );
}
