// A source distribution from its bytes: what lies in it twice, outside of it, or behind its end. Nothing is unpacked to disk.
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { isUnsafe, MOST_ALL, NotLookedInto, show } from "./archiveFaults.ts";

/** The metadata at the top of a source distribution. */
export const IS_PKG_INFO = /^(?:\.\/)?[^/]+\/PKG-INFO$/;
/** Bytes of metadata beyond which it is not looked at. */
const MOST_INFO = 4 * 1024 * 1024;
const PLAIN_TYPES = new Set(["file", "directory", "symlink", "link", "pax-header", "contiguous-file"]);

interface TarHeader {
  readonly name: string;
  readonly type?: string | null | undefined;
  readonly linkname?: string | null | undefined;
  readonly size?: number | undefined;
  /** Where its content begins. */
  readonly byteOffset: number;
}

/** An sdist: members that are there twice, that go outside, and bytes behind the end. Answers with its PKG-INFO. */
export async function lookIntoTar(
  path: string,
  filename: string,
  faults: string[],
): Promise<{ readonly info?: string }> {
  if (!/\.(?:tar\.gz|tgz|tar)$/i.test(filename))
    throw new NotLookedInto("Thoth does not read archives of this kind");
  // CommonJS: in a bundle that is split, its names are on what it exports by default alone.
  const { extract } = (await import("tar-stream")).default;
  const members = new TarMembers();
  const zeros = new ZeroBlocks();
  let info: string | undefined;
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
      const header = entry.header as unknown as TarHeader;
      const { name, size = 0, byteOffset } = header;
      // Python ends where a block of zeros stands in place of a header; others read on.
      if (zeros.has(next)) faults.push(`${show(name)} lies behind the archive's end`);
      next = byteOffset + Math.ceil(size / 512) * 512;
      members.add(header, faults);
      if (info === undefined && IS_PKG_INFO.test(name) && size <= MOST_INFO) info = await readText(entry);
      else entry.resume();
    }
  } finally {
    source.destroy();
    gunzip?.destroy();
  }
  members.finish(faults);
  return info === undefined ? {} : { info };
}

async function readText(entry: AsyncIterable<unknown>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of entry) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces).toString("utf8");
}

/** The parts of a member's path: `./a//b` is `a/b`. */
const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** The members of a tar archive, as they would lie in a folder. */
class TarMembers {
  readonly #files = new Map<string, number>();
  readonly #folders = new Set<string>();
  readonly #tops = new Set<string>();
  readonly #links = new Map<string, { readonly target: string; readonly isHard: boolean }>();

  add({ name, type, linkname }: TarHeader, faults: string[]): void {
    const parts = partsOf(name);
    const path = parts.join("/");
    if (type === "directory" || name.endsWith("/")) this.#folders.add(path);
    else this.#files.set(path, (this.#files.get(path) ?? 0) + 1);
    // What macOS puts beside each file is no folder of the project.
    if (!name.startsWith("._")) this.#tops.add(parts[0] ?? "");
    if (isUnsafe(name)) faults.push(`${show(name)} would be put outside of the folder`);
    if ((type === "symlink" || type === "link") && linkname)
      this.#links.set(path, { target: linkname, isHard: type === "link" });
    if (type && !PLAIN_TYPES.has(type)) faults.push(`${show(name)} is a ${type}, which no sdist holds`);
  }

  finish(faults: string[]): void {
    for (const [name, times] of this.#files) {
      if (times > 1) faults.push(`${show(name)} is in it ${times} times`);
      else if (this.#folders.has(name)) faults.push(`${show(name)} is in it as a file and as a folder`);
    }
    for (const [name, { target, isHard }] of this.#links)
      if (this.#isOutside(name, target, isHard))
        faults.push(`${show(name)} is a link to ${show(target)}, outside of the folder`);
    const symbolic = [...this.#links].flatMap(([name, { isHard }]) => (isHard ? [] : [`${name}/`]));
    const paths = symbolic.length > 0 ? [...this.#files.keys(), ...this.#folders] : [];
    for (const path of paths) {
      const link = symbolic.find((one) => path.startsWith(one));
      if (link !== undefined) faults.push(`${show(path)} lies behind the link ${show(link.slice(0, -1))}`);
    }
    if (this.#tops.size > 1)
      faults.push(`it has ${this.#tops.size} folders at its top, and an sdist has one`);
  }

  /** Whether a link leads out of the folder at the top, through the archive's other links too: installers take that folder for the root. */
  #isOutside(name: string, target: string, isHard: boolean): boolean {
    if (target.startsWith("/")) return true;
    const at = isHard ? [] : name.split("/").slice(0, -1);
    const left = target.split("/");
    for (let steps = 0; left.length > 0 && steps < MOST_STEPS; steps++) {
      const part = left.shift()!;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (at.length <= 1) return true;
        at.pop();
        continue;
      }
      at.push(part);
      const through = this.#links.get(at.join("/"));
      if (!through || through.isHard) continue;
      if (through.target.startsWith("/")) return true;
      at.pop();
      left.unshift(...through.target.split("/"));
    }
    return false;
  }
}

/** Links in a circle lead nowhere. */
const MOST_STEPS = 1000;

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
