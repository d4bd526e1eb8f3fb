// Core metadata of one file by the cheapest way: metadata file, ranges of the wheel, the wheel, the sdist's static PKG-INFO. Runs no code.
import { fileURLToPath } from "node:url";
import { type CoreMetadata, readCoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion } from "../../../shared/src/packaging/version.ts";
import type { MetadataStore } from "../knowledge/index.ts";
import { fail, failError, failStatus, IndexError } from "./failure.ts";
import { archiveEnding } from "./fileNames.ts";
import type { MetadataAnswer, PageFile } from "./model.ts";
import { cleanText } from "./redact.ts";
import type { Secrets } from "./secrets.ts";
import { decodeBody, header, readAll, type Transport } from "./transport.ts";

export interface MetadataContext {
  readonly transport: Transport;
  readonly secrets: Secrets;
  readonly store: MetadataStore | undefined;
  readonly offline: boolean;
}

type Source = Extract<MetadataAnswer, { source: unknown }>["source"];
interface Found {
  readonly text: string;
  readonly source: Source;
}

/** What one range request asks for at first: the directory and METADATA of most wheels lie in their last 16 KB. */
const TAIL = 16_384;
const MAX_RANGES = 24;
const AGAIN = "Choose another release, or tell the keepers of the index.";

/** Whether `bytes` have the digest that the index lists; true where it lists none that is known. */
export function digestProblem(
  bytes: Uint8Array,
  hashes: Readonly<Record<string, string>>,
): string | undefined {
  // Loaded here: five milliseconds that whoever finds everything stored does not need.
  const { createHash, timingSafeEqual } = process.getBuiltinModule("node:crypto");
  for (const algorithm of ["sha256", "sha512", "sha384"]) {
    const listed = hashes[algorithm];
    if (listed === undefined) continue;
    const actual = createHash(algorithm).update(bytes).digest();
    const wanted = Buffer.from(listed, "hex");
    return wanted.length === actual.length && timingSafeEqual(wanted, actual) ? undefined : algorithm;
  }
  return undefined;
}

function mismatch(file: PageFile, what: string): IndexError {
  const why = `sent ${what} of ${cleanText(file.filename, 120)} with another digest than it lists`;
  return new IndexError(
    fail("digest-mismatch", file.url, why, "Do not install it; tell the keepers of the index."),
  );
}

/** The metadata file beside the artifact (PEP 658), or undefined where the index says it has one and has not. */
async function fromMetadataFile(
  file: PageFile,
  context: MetadataContext,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const url = new URL(file.url);
  url.pathname += ".metadata";
  const { transport, secrets } = context;
  const headers = { "accept-encoding": "gzip, deflate" };
  const answer = await transport.getWhole(url, { headers, signal, maxBytes: 16 * 1024 * 1024 });
  if (answer.status === 404 || answer.status === 410) return undefined;
  if (answer.status !== 200)
    throw new IndexError(failStatus(url, answer.status, secrets.authorization(url) !== undefined));
  const bytes = await decodeBody(answer, 16 * 1024 * 1024);
  const { coreMetadata } = file;
  if (typeof coreMetadata === "object" && digestProblem(bytes, coreMetadata))
    throw mismatch(file, "the metadata");
  return { text: bytes.toString("utf8"), source: "metadata-file" };
}

/** The bytes of an artifact of which parts have been fetched. */
class PartialFile {
  readonly parts: { start: number; bytes: Uint8Array }[] = [];

  read(start: number, end: number): Uint8Array | undefined {
    const part = this.parts.find((each) => each.start <= start && end <= each.start + each.bytes.length);
    return part?.bytes.subarray(start - part.start, end - part.start);
  }
}

/** Means: this server's ranges are of no use here. */
class NoRanges extends Error {}

/**
 * METADATA by ranges. The server may answer a range with the whole file: then that is taken. Returns undefined where ranges
 * do not work, whatever the reason, since the whole file can still be had and its digest checked.
 */
async function fromRanges(
  file: PageFile,
  context: MetadataContext,
  signal: AbortSignal,
): Promise<Found | Buffer | undefined> {
  const url = new URL(file.url);
  const partial = new PartialFile();
  let total = -1;
  let asked = 0;
  const { transport, secrets } = context;
  const { maxMemoryBytes, downloadDeadlineMs } = transport.limits;
  const ask = (range: string, first: number, length: number): Promise<Buffer | undefined> =>
    transport.get(
      url,
      {
        headers: { range: `bytes=${range}`, "accept-encoding": "identity" },
        signal,
        deadlineMs: downloadDeadlineMs,
      },
      async (answer) => {
        if (++asked > MAX_RANGES) throw new NoRanges("too many ranges");
        if (answer.status === 200) return readAll(answer, maxMemoryBytes);
        if (answer.status !== 206) {
          if ([401, 403, 429].includes(answer.status) || answer.status >= 500) {
            throw new IndexError(failStatus(url, answer.status, secrets.authorization(url) !== undefined));
          }
          throw new NoRanges(`status ${answer.status}`);
        }
        const [, from, to, of] =
          /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(answer.headers, "content-range") ?? "") ?? [];
        const [start, end, size] = [Number(from), Number(to), Number(of)];
        const wantedStart = first >= 0 ? first : Math.max(0, size - length);
        const wantedEnd = first >= 0 ? first + length - 1 : size - 1;
        if (start !== wantedStart || end !== wantedEnd || (total >= 0 && size !== total))
          throw new NoRanges("another range");
        const bytes = await readAll(answer, length);
        if (bytes.length !== end - start + 1) throw new NoRanges("a range of another length");
        total = size;
        partial.parts.push({ start, bytes });
        return undefined;
      },
    );
  try {
    const whole = await ask(`-${TAIL}`, -1, TAIL);
    if (whole) return whole;
    const { readWheelMetadataEntry } = await import("./wheelArchive.ts");
    const data = await readWheelMetadataEntry(total, async (start, end) => {
      const known = partial.read(start, end);
      if (known) return known;
      if (end - start > maxMemoryBytes) throw new NoRanges("a range of more than is read into memory");
      const whole = await ask(`${start}-${end - 1}`, start, end - start);
      return whole ? whole.subarray(start, end) : (partial.read(start, end) as Uint8Array);
    });
    return data && { text: data.toString("utf8"), source: "range" };
  } catch (error) {
    // What the server refuses stays refused; what it only does wrong may be right in one piece.
    if (signal.aborted) throw error;
    const refused = [
      "unauthorized",
      "forbidden",
      "server-error",
      "rate-limited",
      "timeout",
      "unreachable",
      "tls",
    ];
    if (error instanceof IndexError && refused.includes(error.failure.code)) throw error;
    return undefined;
  }
}

/** The whole artifact in memory, its digest checked. */
async function wholeFile(file: PageFile, context: MetadataContext, signal: AbortSignal): Promise<Buffer> {
  const url = new URL(file.url);
  const { transport, secrets } = context;
  const { maxMemoryBytes, downloadDeadlineMs } = transport.limits;
  if (url.protocol === "file:") {
    if (url.host !== "") throw new IndexError(fail("unsafe-url", url, "is no place on this machine", AGAIN));
    return process.getBuiltinModule("node:fs/promises").readFile(fileURLToPath(url), { signal });
  }
  const headers = { "accept-encoding": "identity" };
  const options = { headers, signal, maxBytes: maxMemoryBytes, deadlineMs: downloadDeadlineMs };
  const answer = await transport.getWhole(url, options);
  if (answer.status === 404 || answer.status === 410) {
    throw new IndexError(
      fail(
        "not-found",
        url,
        `lists ${cleanText(file.filename, 120)} and does not have it`,
        AGAIN,
        answer.status,
      ),
    );
  }
  if (answer.status !== 200)
    throw new IndexError(failStatus(url, answer.status, secrets.authorization(url) !== undefined));
  return answer.body;
}

function checked(file: PageFile, bytes: Buffer): Buffer {
  if (digestProblem(bytes, file.hashes)) throw mismatch(file, "a file");
  return bytes;
}

async function fromWheel(
  file: PageFile,
  context: MetadataContext,
  signal: AbortSignal,
  bytes?: Buffer,
): Promise<Found> {
  const data = checked(file, bytes ?? (await wholeFile(file, context, signal)));
  const { readWheelMetadataEntry } = await import("./wheelArchive.ts");
  let metadata: Buffer | undefined;
  try {
    metadata = await readWheelMetadataEntry(data.length, async (start, end) => data.subarray(start, end));
  } catch (error) {
    const why = `has ${cleanText(file.filename, 120)} broken (${cleanText((error as Error).message, 80)})`;
    throw new IndexError(fail("bad-archive", file.url, why, AGAIN));
  }
  if (!metadata) {
    throw new IndexError(
      fail("bad-archive", file.url, `has ${cleanText(file.filename, 120)} without METADATA`, AGAIN),
    );
  }
  return { text: metadata.toString("utf8"), source: "wheel" };
}

async function fromSdist(
  file: PageFile,
  ending: string,
  context: MetadataContext,
  signal: AbortSignal,
): Promise<Found> {
  const name = cleanText(file.filename, 120);
  if (![".tar.gz", ".tgz", ".zip"].includes(ending)) {
    throw new IndexError(
      fail("unsupported-archive", file.url, `has ${name}, an archive that is not read here`, AGAIN),
    );
  }
  const bytes = checked(file, await wholeFile(file, context, signal));
  const { readTarFile, readZipFile } = await import("./wheelArchive.ts");
  const most = context.transport.limits.maxMemoryBytes * 4;
  const read = async (wanted: string): Promise<string | undefined> => {
    try {
      const data = await (ending === ".zip" ? readZipFile(bytes, wanted) : readTarFile(bytes, wanted, most));
      return data?.toString("utf8");
    } catch (error) {
      const why = `has ${name} broken (${cleanText((error as Error).message, 80)})`;
      throw new IndexError(fail("bad-archive", file.url, why, AGAIN));
    }
  };
  const text = await read("PKG-INFO");
  if (text !== undefined) {
    const { metadata } = readCoreMetadata(text);
    if (isStatic(metadata)) return { text, source: "sdist" };
    // From 2.2 on PKG-INFO itself says what is left open; before that only the table can.
    const pyproject = saysDynamic(metadata) ? undefined : await read("pyproject.toml");
    const stated = pyproject === undefined ? undefined : await statedMetadata(metadata, pyproject);
    if (stated !== undefined) return { text: stated, source: "sdist" };
  }
  const why = `has ${name}, which says what it needs only when built`;
  throw new IndexError(fail("metadata-not-static", file.url, why, "Choose a release with a wheel."));
}

/** What an sdist's pyproject.toml states binds every build of it (PEP 621), where an older PKG-INFO does not: as core metadata. */
async function statedMetadata(
  { name, version, requiresDist: said }: CoreMetadata,
  pyproject: string,
): Promise<string | undefined> {
  const [{ parse }, { readProjectTable }] = await Promise.all([
    import("toml"),
    import("../../../shared/src/packaging/projectTable.ts"),
  ]);
  let document: unknown;
  try {
    document = parse(pyproject, { bigint: true });
  } catch {
    return undefined;
  }
  const read = readProjectTable(document);
  if (read === undefined || "fault" in read || normalizeName(read.project.name) !== normalizeName(name))
    return undefined;
  const { requiresDist, requiresPython, providesExtra } = read.project;
  // A back-end that wrote something else into PKG-INFO did not keep to the table.
  if (said.length > 0 && said.length !== requiresDist.length) return undefined;
  const isOneLine = [...requiresDist, requiresPython ?? ""].every((value) => !/[\r\n]/.test(value));
  if (!isOneLine) return undefined;
  return [
    "Metadata-Version: 2.2",
    `Name: ${name}`,
    `Version: ${version}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...providesExtra.map((extra) => `Provides-Extra: ${extra}`),
    ...requiresDist.map((one) => `Requires-Dist: ${one}`),
    "",
    "",
  ].join("\n");
}

/** Whether metadata is of a version that has to say what is dynamic (PEP 643). */
function saysDynamic({ metadataVersion }: CoreMetadata): boolean {
  const [major = 0, minor = 0] = (metadataVersion ?? "").split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 2);
}

/** Whether an sdist's metadata holds for every wheel built from it (PEP 643): 2.2 or newer, dependencies not dynamic. */
export function isStatic(metadata: CoreMetadata): boolean {
  if (!saysDynamic(metadata)) return false;
  const dynamic = metadata.dynamic.map((field) => field.toLowerCase());
  return !dynamic.some((field) => ["requires-dist", "requires-python", "provides-extra"].includes(field));
}

/** Throws where the metadata is of another project or version than the file's name says: one of both is a lie. */
function checkAgainstName(file: PageFile, metadata: CoreMetadata): void {
  const lies = (what: string): IndexError =>
    new IndexError(
      fail(
        "bad-metadata",
        file.url,
        `has ${cleanText(file.filename, 120)} with metadata of ${cleanText(what, 80)}`,
        AGAIN,
      ),
    );
  if (metadata.name === "" || metadata.version === "") throw lies("no name or no version");
  const name = normalizeName(metadata.name);
  const version = parseVersion(metadata.version);
  const stem = file.filename.slice(0, file.filename.length - archiveEnding(file.filename).length);
  const isWheel = /\.whl$/i.test(file.filename);
  const dash = isWheel ? stem.indexOf("-") : stem.lastIndexOf("-");
  const saidVersion = isWheel ? stem.split("-")[1] : stem.slice(dash + 1);
  if (normalizeName(stem.slice(0, dash)) !== name) throw lies(`${metadata.name} ${metadata.version}`);
  const said = parseVersion(saidVersion ?? "");
  if (said && (!version || compareVersions(said, version) !== 0)) throw lies(`version ${metadata.version}`);
}

/** The header part of metadata: the description after it is long, and no one who reads from the store asks for it. */
function headersOnly(text: string): string {
  const end = /\r?\n\r?\n/.exec(text);
  return end ? `${text.slice(0, end.index)}\n\n` : text;
}

/**
 * The core metadata of `file`. Throws only what `signal` was aborted with; all else is a failure in the answer. What is
 * found is kept by the file's sha256, since an artifact never changes.
 */
export async function readMetadata(
  file: PageFile,
  context: MetadataContext,
  signal: AbortSignal,
): Promise<MetadataAnswer> {
  const key = file.hashes.sha256 ?? file.url;
  const local = file.url.startsWith("file:");
  const stored = local && !file.hashes.sha256 ? undefined : context.store?.read(key);
  if (stored !== undefined)
    return { metadata: readCoreMetadata(stored).metadata, text: stored, source: "store" };
  if (context.offline && !local) {
    const { index } = fail("offline", file.url, "", "");
    return {
      failure: {
        code: "offline",
        index,
        message: "Not checked: offline.",
        next: "Check again when you are online.",
      },
    };
  }
  try {
    const found = await findMetadata(file, context, signal);
    const { metadata } = readCoreMetadata(found.text);
    checkAgainstName(file, metadata);
    if (!local || file.hashes.sha256) context.store?.write(key, headersOnly(found.text));
    return { metadata, ...found };
  } catch (error) {
    if (signal.aborted) throw error;
    return { failure: failError(file.url, error) };
  }
}

async function findMetadata(file: PageFile, context: MetadataContext, signal: AbortSignal): Promise<Found> {
  const ending = archiveEnding(file.filename).toLowerCase();
  const remote = !file.url.startsWith("file:");
  if (remote && file.coreMetadata !== undefined) {
    const found = await fromMetadataFile(file, context, signal);
    if (found) return found;
  }
  if (ending !== ".whl") return fromSdist(file, ending, context, signal);
  const ranged = remote ? await fromRanges(file, context, signal) : undefined;
  if (ranged && !Buffer.isBuffer(ranged)) return ranged;
  return fromWheel(file, context, signal, ranged);
}
