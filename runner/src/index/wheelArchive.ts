// Finds core metadata inside archives, reading no more of them than is needed. Loaded only when an archive must be opened.
import { PassThrough, Readable } from "node:stream";
import { crc32 } from "node:zlib";
import yauzl, { type Entry, type ZipFile } from "yauzl";

/** Bytes `start` to `end`, the end excluded, of an archive. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** No metadata is longer than this; one that says so is hostile. */
const MAX_METADATA = 16 * 1024 * 1024;
const MAX_ENTRIES = 200_000;

class RangeReader extends yauzl.RandomAccessReader {
  readonly #readRange: ReadRange;

  constructor(readRange: ReadRange) {
    super();
    this.#readRange = readRange;
  }

  /** Without a stream for each of a directory's thousands of entries. */
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#readRange(position, position + length).then(
      (bytes) => {
        buffer.set(bytes.subarray(0, length), offset);
        callback(bytes.length < length ? new Error("the archive ends early") : null);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const readRange = this.#readRange;
    return Readable.from(
      (async function* () {
        yield await readRange(start, end);
      })(),
      { objectMode: false },
    );
  }
}

/** The first entry whose name `wanted` accepts, unpacked and checked against its CRC; throws where the archive is broken. */
async function readEntry(
  size: number,
  readRange: ReadRange,
  wanted: (name: string) => boolean,
): Promise<Buffer | undefined> {
  const archive: ZipFile = await yauzl.fromRandomAccessReaderPromise(new RangeReader(readRange), size, {
    lazyEntries: true,
    autoClose: false,
  });
  try {
    if (archive.entryCount > MAX_ENTRIES) throw new Error("the archive has too many entries");
    // The whole directory at once: entry by entry, that of a large wheel would be thousands of requests.
    await readRange(Number(archive.readEntryCursor), size);
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      archive.on("error", reject);
      archive.on("end", () => resolve(undefined));
      archive.on("entry", (each: Entry) => {
        if (wanted(each.fileName)) resolve(each);
        else archive.readEntry();
      });
      archive.readEntry();
    });
    if (!entry) return undefined;
    if (entry.uncompressedSize > MAX_METADATA) throw new Error("the metadata is too long");
    const stream = await archive.openReadStreamPromise(entry);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_METADATA) throw new Error("the metadata is too long");
      chunks.push(chunk);
    }
    const data = Buffer.concat(chunks, length);
    if (crc32(data) !== entry.crc32) throw new Error("the checksum inside the archive is wrong");
    return data;
  } finally {
    archive.close();
  }
}

/** METADATA of a wheel (PEP 427): the file of that name in the one `.dist-info` folder at its top. */
export function readWheelMetadataEntry(size: number, readRange: ReadRange): Promise<Buffer | undefined> {
  return readEntry(size, readRange, (name) => /^[^/]+\.dist-info\/METADATA$/.test(name));
}

/** The file `wanted`, by its path below the one folder at the top, of an sdist in zip form. */
export function readZipFile(bytes: Uint8Array, wanted: string): Promise<Buffer | undefined> {
  return readEntry(
    bytes.length,
    async (start, end) => bytes.subarray(start, end),
    (name) => isAtTop(name, wanted),
  );
}

function isAtTop(name: string, wanted: string): boolean {
  const path = name.replace(/^\.\//, "");
  const top = path.indexOf("/");
  return top > 0 && path.slice(top + 1) === wanted;
}

/**
 * The file `wanted`, by its path below the one folder at the top, of an sdist in `.tar.gz` or `.tar` form, which is unpacked no
 * further than that and at most `maxBytes`.
 */
export async function readTarFile(
  bytes: Uint8Array,
  wanted: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  // CommonJS: in a bundle that is split, its names are on what it exports by default alone.
  const [{ default: tar }, { createGunzip }] = await Promise.all([import("tar-stream"), import("node:zlib")]);
  const unpack = tar.extract();
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const gunzip = isPacked ? createGunzip() : new PassThrough();
  let found: Buffer | undefined;
  let length = 0;
  gunzip.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) gunzip.destroy(new Error("the archive unpacks to too much"));
  });
  gunzip.on("error", (error) => unpack.destroy(error));
  Readable.from([bytes]).pipe(gunzip).pipe(unpack);
  try {
    for await (const entry of unpack) {
      const { name, type, size = 0 } = entry.header;
      if (type === "file" && isAtTop(name, wanted)) {
        if (size > MAX_METADATA) throw new Error("the metadata is too long");
        const chunks: Buffer[] = [];
        for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
        found = Buffer.concat(chunks);
        break;
      }
      entry.resume();
    }
  } finally {
    gunzip.destroy();
    unpack.destroy();
  }
  return found;
}

/** No source is unpacked further than this to find one text in it. */
const MAX_UNPACKED = 2 * 1024 * 1024 * 1024;

/**
 * A text of an sdist, by its path below the one folder at the top; undefined where it is not there.
 * @throws Error for an archive that cannot be read.
 */
export async function readArchiveText(
  bytes: Uint8Array,
  filename: string,
  path: string,
): Promise<string | undefined> {
  const data = filename.toLowerCase().endsWith(".zip")
    ? await readZipFile(bytes, path)
    : await readTarFile(bytes, path, MAX_UNPACKED);
  return data?.toString("utf8");
}
