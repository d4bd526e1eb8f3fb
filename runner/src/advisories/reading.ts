// Reads records out of archives, folders and files: each bounded, a broken one told and passed over, the rest read on.
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import yauzl, { type Entry, type ZipFile } from "yauzl";

/** One thing that was read: a value that may be a record, or why there is none. */
export type ReadItem =
  | { readonly name: string; readonly value: unknown }
  | { readonly name: string; readonly problem: string };

export interface ReadingOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bounds: the whole of PyPI's advisories is a tenth of them. */
export const LIMITS = {
  /** Bytes of one record, unpacked. */
  record: 8 * 1024 * 1024,
  /** Bytes of all records, unpacked. */
  total: 6 * 1024 * 1024 * 1024,
  /** Bytes of an archive, which is read whole: to ask the disk for each entry takes longer than to unpack it. */
  archive: 1024 * 1024 * 1024,
  entries: 2_000_000,
  depth: 24,
};

/** Nothing more can be read; the message says why. */
export class Unreadable extends Error {}

/** The signature of a local file header (APPNOTE 4.3.7). */
const LOCAL_HEADER = 0x04034b50;
/** Milliseconds after which others get their turn. */
const TURN = 25;
const isRecordName = (name: string): boolean =>
  /\.(?:json|ya?ml)$/i.test(name) && !/(?:^|\/)\.(?!\.?\/)/.test(name);

/** Gives others their turn every few milliseconds, so that work can be cancelled and shown. */
function createPacer({ signal, onProgress }: ReadingOptions) {
  let last = performance.now();
  return async (done: number, total: number): Promise<void> => {
    if (performance.now() - last < TURN) return;
    onProgress?.(done, total);
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    last = performance.now();
  };
}

/**
 * The records of an archive (`all.zip`).
 * @throws Unreadable for a bomb, and where the archive is none or is broken; what the signal was aborted with.
 */
export async function* readArchive(path: string, options: ReadingOptions): AsyncGenerator<ReadItem> {
  if (statSync(path).size > LIMITS.archive) throw new Unreadable("it is larger than 1 GiB");
  const bytes = readFileSync(path);
  // Names are told and never used as paths: one that would lead out of a folder is as good as another.
  const opening = yauzl.fromBufferPromise(bytes, { lazyEntries: true, decodeStrings: false });
  const archive: ZipFile = await opening.catch(refuseBroken);
  const pace = createPacer(options);
  try {
    if (archive.entryCount > LIMITS.entries) throw new Unreadable("it has more than two million entries");
    let total = 0;
    let done = 0;
    for await (const entry of entriesOf(archive)) {
      done++;
      await pace(done, archive.entryCount);
      const name = Buffer.from(entry.fileName).toString("utf8");
      if (!isRecordName(name)) continue;
      const unpacked = unpackEntry(bytes, entry);
      if (typeof unpacked === "string") {
        yield { name, problem: unpacked };
        continue;
      }
      total += unpacked.length;
      if (total > LIMITS.total) throw new Unreadable("it unpacks to more than 6 GiB");
      for (const item of await parseText(name, unpacked.toString("utf8"))) yield item;
    }
  } finally {
    archive.close();
  }
}

function refuseBroken(error: Error): never {
  throw new Unreadable(`it is damaged or no archive (${error.message})`);
}

async function* entriesOf(archive: ZipFile): AsyncGenerator<Entry> {
  let settle: (step: { entry?: Entry; error?: unknown }) => void = () => {};
  archive.on("entry", (entry) => settle({ entry }));
  archive.on("end", () => settle({}));
  archive.on("error", (error) => settle({ error }));
  for (;;) {
    const step = await new Promise<{ entry?: Entry; error?: unknown }>((resolve) => {
      settle = resolve;
      archive.readEntry();
    });
    if (step.error) refuseBroken(step.error as Error);
    if (!step.entry) return;
    yield step.entry;
  }
}

/** The bytes of an entry, or why there are none. What an entry says of its size is a limit, never believed beyond it. */
function unpackEntry(archive: Buffer, entry: Entry): Buffer | string {
  const { compressedSize, uncompressedSize, compressionMethod, relativeOffsetOfLocalHeader: at } = entry;
  if (uncompressedSize > LIMITS.record || compressedSize > LIMITS.record) return "is larger than 8 MiB";
  if (entry.isEncrypted()) return "is encrypted";
  if (at + 30 > archive.length || archive.readUInt32LE(at) !== LOCAL_HEADER) return "has no header";
  const start = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  const packed = archive.subarray(start, start + compressedSize);
  if (packed.length < compressedSize) return "ends early";
  if (compressionMethod !== 0 && compressionMethod !== 8) return "is packed in a way that nobody uses";
  try {
    const bytes =
      compressionMethod === 0
        ? packed
        : inflateRawSync(packed, { maxOutputLength: Math.max(1, uncompressedSize) });
    return bytes.length === uncompressedSize && crc32(bytes) === entry.crc32 ? bytes : "is damaged";
  } catch {
    return "is damaged, or larger than it says";
  }
}

/** The records of a folder and of the folders in it. Links to folders are not followed. */
export async function* readFolder(folder: string, options: ReadingOptions): AsyncGenerator<ReadItem> {
  const pace = createPacer(options);
  const waiting: { path: string; depth: number }[] = [{ path: folder, depth: 0 }];
  const files: string[] = [];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    await pace(0, files.length);
    for (const entry of readdirSync(at.path, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const path = join(at.path, entry.name);
      if (entry.isDirectory()) {
        if (at.depth >= LIMITS.depth) throw new Unreadable("its folders lie too deep in one another");
        waiting.push({ path, depth: at.depth + 1 });
      } else if (isRecordName(entry.name)) files.push(path);
      if (files.length > LIMITS.entries) throw new Unreadable("it has more than two million files");
    }
  }
  let done = 0;
  for (const path of files.sort()) {
    await pace(done++, files.length);
    yield* await readRecordFile(path);
  }
}

/** The records of one JSON or YAML file. */
export async function readRecordFile(path: string): Promise<ReadItem[]> {
  try {
    const stat = statSync(path);
    if (!stat.isFile())
      return lstatSync(path).isSymbolicLink() ? [] : [{ name: path, problem: "is no file" }];
    if (stat.size > LIMITS.record * 8) return [{ name: path, problem: "is larger than 64 MiB" }];
    return await parseText(path, readFileSync(path, "utf8"));
  } catch (error) {
    return [{ name: path, problem: `cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})` }];
  }
}

/** A file may hold one record, a list of them, or the `vulns` of an answer of OSV's API; of YAML also several of these. */
async function parseText(name: string, text: string): Promise<ReadItem[]> {
  let values: readonly unknown[];
  try {
    values = /^\.ya?ml$/i.test(extname(name)) ? await parseYaml(text) : [JSON.parse(text)];
  } catch (error) {
    const why = (error as Error).message.split("\n")[0]?.slice(0, 120) ?? "";
    return [{ name, problem: `cannot be read: ${why}` }];
  }
  return values.flatMap((value) => {
    const vulns = (value as { vulns?: unknown } | null)?.vulns;
    const list = Array.isArray(value) ? value : Array.isArray(vulns) ? vulns : [value];
    return list.map((one) => ({ name, value: one as unknown }));
  });
}

let yaml: Promise<typeof import("yaml")> | undefined;

/**
 * The documents of a text, every scalar as its text, since YAML would make the number 1.1 of version 1.10; only `null`, `~` and nothing
 * are null. Anchors are bounded, so that none is a bomb.
 */
async function parseYaml(text: string): Promise<readonly unknown[]> {
  yaml ??= import("yaml");
  const { parseAllDocuments } = await yaml;
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: ["null"],
    uniqueKeys: false,
    logLevel: "silent",
  });
  // A text without any is a record that is none.
  if (!Array.isArray(documents) || documents.length === 0) return [undefined];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
}
