// A source distribution from its bytes: what lies in it twice, outside of it, or behind its end. Nothing is unpacked to disk.
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { isUnsafe, MOST_ALL, NotLookedInto, show } from "./archiveFaults.ts";

/** An sdist: members that are there twice, that go outside, and bytes behind the end. */
export async function lookIntoTar(path: string, filename: string, faults: string[]): Promise<void> {
  if (!/\.(?:tar\.gz|tgz|tar)$/i.test(filename))
    throw new NotLookedInto("Thoth does not read archives of this kind");
  // CommonJS: in a bundle that is split, its names are on what it exports by default alone.
  const { extract } = (await import("tar-stream")).default;
  const names = new Map<string, number>();
  const tops = new Set<string>();
  const zeros = new ZeroBlocks();
  /** Where the next header must stand. */
  let next = 0;
  const unpackTar = extract();
  const source = createReadStream(path);
  const gunzip = /\.tar$/i.test(filename) ? undefined : createGunzip();
  let total = 0;
  const failAll = (error: Error): void => void unpackTar.destroy(error);
  source.on("error", failAll);
  // Before it is taken apart: what is told of a member rests on the blocks in front of it.
  (gunzip ?? source).on("data", (piece: Buffer | string) => zeros.add(piece as Buffer));
  if (gunzip) {
    gunzip.on("error", failAll);
    gunzip.on("data", (piece: Buffer) => {
      total += piece.length;
      if (total > MOST_ALL)
        gunzip.destroy(
          new NotLookedInto("it unpacks to more than 4 GiB, of which the rest is not looked into"),
        );
    });
    source.pipe(gunzip).pipe(unpackTar);
  } else source.pipe(unpackTar);
  try {
    for await (const entry of unpackTar) {
      const {
        name,
        type,
        linkname,
        size = 0,
        byteOffset,
      } = entry.header as typeof entry.header & {
        readonly byteOffset: number;
      };
      // Python ends where a block of zeros stands in place of a header; others read on.
      if (zeros.has(next)) faults.push(`${show(name)} lies behind the archive's end`);
      next = byteOffset + Math.ceil(size / 512) * 512;
      names.set(name, (names.get(name) ?? 0) + 1);
      // What macOS puts beside each file is no folder of the project.
      if (!name.startsWith("._")) tops.add(name.replace(/^\.\//, "").split("/")[0] ?? "");
      if (isUnsafe(name.replace(/^\.\//, "")))
        faults.push(`${show(name)} would be put outside of the folder`);
      if ((type === "symlink" || type === "link") && linkname && isOutside(name, linkname, type === "link"))
        faults.push(`${show(name)} is a link to ${show(linkname)}, outside of the folder`);
      if (type && !["file", "directory", "symlink", "link", "pax-header", "contiguous-file"].includes(type))
        faults.push(`${show(name)} is a ${type}, which no sdist holds`);
      entry.resume();
    }
  } finally {
    source.destroy();
    gunzip?.destroy();
  }
  for (const [name, times] of names) {
    if (times > 1 && !name.endsWith("/")) faults.push(`${show(name)} is in it ${times} times`);
  }
  if (tops.size > 1) faults.push(`it has ${tops.size} folders at its top, and an sdist has one`);
}

/** Which blocks of a tar archive are all zeros, kept as runs. */
class ZeroBlocks {
  readonly #runs: { start: number; end: number }[] = [];
  #first = 0;
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  add(piece: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
    let from = 0;
    for (; from + BLOCK <= bytes.length; from += BLOCK) {
      if (!bytes.subarray(from, from + BLOCK).equals(ZEROS)) continue;
      const at = this.#at + from;
      const last = this.#runs.at(-1);
      if (last?.end === at) last.end = at + BLOCK;
      else this.#runs.push({ start: at, end: at + BLOCK });
    }
    this.#at += from;
    this.#rest = bytes.subarray(from);
  }

  /** Whether the block at `offset` is one of zeros. Asked with offsets that rise. */
  has(offset: number): boolean {
    while ((this.#runs[this.#first]?.end ?? Number.POSITIVE_INFINITY) <= offset) this.#first++;
    return (this.#runs[this.#first]?.start ?? Number.POSITIVE_INFINITY) <= offset;
  }
}

const BLOCK = 512;
const ZEROS = Buffer.alloc(BLOCK);

function isOutside(name: string, target: string, isHard: boolean): boolean {
  if (target.startsWith("/")) return true;
  const at = isHard ? [] : name.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.pop() === undefined) return true;
    } else at.push(part);
  }
  return false;
}
