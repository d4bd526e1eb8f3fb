// Brings advisories into the file of knowledge: the published archive, an archive on disk, a folder or a file.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type IndexClient, redactUrl } from "../index/index.ts";
import type { Advisories, AdvisoryRow, AdvisorySource } from "../knowledge/index.ts";
import { readOsvRecord, timeOf } from "./osv.ts";
import { type ReadItem, readArchive, readFolder, readRecordFile, Unreadable } from "./reading.ts";
import { createRater } from "./severity.ts";

/** OSV's export of the ecosystem: every record of a PyPI project, from PyPA, GitHub and OpenSSF. */
export const PUBLISHED_ARCHIVE = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip";
export const PUBLISHED_LICENSE = "CC-BY-4.0 (PyPA, GitHub), Apache-2.0 (OpenSSF)";
export const OTHER_LICENSE = "as its publisher says";

/** The slot of the archive, of which one is kept, wherever it came from. */
const ARCHIVE = "archive";
/** More changed records than this, and the whole archive is sooner fetched. */
const MOST_SINGLE = 400;
const AT_ONCE = 8;
const MOST_LIST_BYTES = 256 * 1024 * 1024;
const DAY = 86_400_000;
/** Problems that are told one by one. */
const MOST_PROBLEMS = 10;

export interface UpdateOptions {
  /** An address, or an absolute path; the published archive by default. */
  readonly from?: string | undefined;
  readonly advisories: Advisories;
  /** Asked only where `from` is an address. */
  readonly client: () => Promise<IndexClient>;
  readonly now: number;
  readonly signal: AbortSignal;
  readonly progress: (message: string, stage: string, done?: number, total?: number) => void;
}

export interface UpdateAnswer {
  readonly source: AdvisorySource;
  /** Records that were read now. */
  readonly read: number;
  /** What was left out, at most a few of them by name. */
  readonly problems: readonly string[];
  readonly leftOut: number;
  /** Records that are of other ecosystems only. */
  readonly foreign: number;
}

/** Why nothing was changed, for a person. */
export class UpdateRefused extends Error {
  readonly code: string;
  readonly next: string;
  /** True where the network or a server stood in the way, rather than what was read. */
  readonly unreachable: boolean;

  constructor(code: string, message: string, next: string, unreachable = false) {
    super(message);
    this.code = code;
    this.next = next;
    this.unreachable = unreachable;
  }
}

/**
 * Reads advisories in. What is stored stays as it was unless all of it could be read.
 * @throws UpdateRefused; what `signal` was aborted with.
 */
export async function updateAdvisories(options: UpdateOptions): Promise<UpdateAnswer> {
  const from = options.from ?? PUBLISHED_ARCHIVE;
  if (/^https?:\/\//i.test(from)) return updateFromAddress(new URL(archiveAddress(from)), options);
  return updateFromPath(from, options);
}

/** An address that ends in a slash means the archive in that place. */
function archiveAddress(from: string): string {
  return from.endsWith("/") ? `${from}all.zip` : from;
}

function updateFromPath(path: string, options: UpdateOptions): Promise<UpdateAnswer> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat)
    throw new UpdateRefused("not-found", `${path} does not exist.`, "Name an archive, a folder or a file.");
  if (stat.isDirectory()) return load(readFolder(path, readingOptions(options, path)), path, path, options);
  if (/\.zip$/i.test(path))
    return load(readArchive(path, readingOptions(options, path)), ARCHIVE, path, options);
  if (/\.(?:json|ya?ml)$/i.test(path)) return load(itemsOf(path), path, path, options);
  throw new UpdateRefused(
    "not-advisories",
    `${path} is no archive and no record.`,
    "Name a .zip, .json or .yaml file, or a folder of such.",
  );
}

async function* itemsOf(path: string): AsyncGenerator<ReadItem> {
  yield* await readRecordFile(path);
}

function readingOptions({ signal, progress }: UpdateOptions, shown: string) {
  const stage = `reading ${basename(shown)}`;
  return {
    signal,
    onProgress: (done: number, total: number) =>
      progress(`${stage}: ${done} of ${total}`, stage, done, total),
  };
}

async function updateFromAddress(url: URL, options: UpdateOptions): Promise<UpdateAnswer> {
  const shown = publicAddress(url);
  const client = await options.client();
  const kept = options.advisories.sources().find(({ source }) => source === ARCHIVE);
  if (kept && kept.place === shown && url.pathname.endsWith("/all.zip")) {
    const changed = await updateChanged(url, kept, client, options);
    if (changed) return changed;
  }
  const folder = mkdtempSync(join(tmpdir(), "thoth-advisories-"));
  try {
    const path = join(folder, "all.zip");
    const stage = `fetching ${shown}`;
    options.progress(stage, stage);
    const file = { filename: "all.zip", url: url.href, hashes: {} };
    const answer = await client.download(file, path, {
      signal: options.signal,
      onProgress: (bytes, total) => options.progress(`${stage}: ${amount(bytes, total)}`, stage),
    });
    if ("failure" in answer) throw unreachable(answer.failure);
    return await load(readArchive(path, readingOptions(options, shown)), ARCHIVE, shown, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An address without what must not be kept or shown. */
function publicAddress(url: URL): string {
  const plain = new URL(url);
  plain.search = "";
  plain.hash = "";
  plain.username = "";
  plain.password = "";
  return redactUrl(plain.href);
}

/** Why a server could not be asked. */
export function unreachable({
  message,
  next,
  code,
}: {
  message: string;
  next: string;
  code: string;
}): UpdateRefused {
  return new UpdateRefused(code, message.replace(/^Not checked: /, ""), next, true);
}

function amount(bytes: number, total: number | undefined): string {
  const read = (bytes / 1_000_000).toFixed(1);
  return total === undefined ? `${read} MB` : `${read} of ${(total / 1_000_000).toFixed(1)} MB`;
}

/** Reads what a stream gives into rows and keeps them in place of what the source had. */
async function load(
  items: AsyncIterable<ReadItem>,
  source: string,
  place: string,
  options: UpdateOptions,
): Promise<UpdateAnswer> {
  const collected = new Collected(options.now, await createRater());
  try {
    for await (const item of items) collected.add(item);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const message = `${place} is not read: ${error.message}.`;
    throw new UpdateRefused("bad-archive", message, "Nothing was changed. Fetch it anew.");
  }
  options.signal.throwIfAborted();
  if (collected.rows.length === 0) {
    throw new UpdateRefused(
      "no-advisories",
      `${place} has no advisory of a PyPI project${collected.leftOut > 0 ? `: ${collected.problems[0]}` : ""}.`,
      "Nothing was changed. Name OSV records in JSON or YAML, or an archive of them.",
    );
  }
  const kept = options.advisories.sources().find((one) => one.source === source);
  refuseOlder(collected.newest, kept, place);
  const stage = "keeping advisories";
  options.progress(`keeping ${collected.ids.size} advisories`, stage);
  options.advisories.replace(
    {
      source,
      place,
      license: place === PUBLISHED_ARCHIVE ? PUBLISHED_LICENSE : OTHER_LICENSE,
      time: options.now,
      newest: collected.newest,
      // Where no record says when it was made, nothing better is known than when it was read.
      asOf: collected.newest === 0 ? options.now : collected.newest,
    },
    collected.rows,
  );
  return collected.answer(options.advisories, source);
}

function refuseOlder(newest: number, kept: AdvisorySource | undefined, place: string): void {
  if (!kept || newest >= kept.newest) return;
  throw new UpdateRefused(
    "older-advisories",
    `${place} is older than what is stored: its newest record is of ${sayDay(newest)}, the stored one of ${sayDay(kept.newest)}.`,
    "Nothing was changed. Fetch a newer one, or load it into another file with --knowledge FILE.",
  );
}

/** To the second: an archive may be older by hours. */
function sayDay(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

class Collected {
  readonly rows: AdvisoryRow[] = [];
  /** Of what was read, those that say nothing of PyPI (any more) included. */
  readonly ids = new Set<string>();
  readonly problems: string[] = [];
  leftOut = 0;
  readonly #foreign = new Set<string>();
  /** When the newest record was modified. A time in the future is a clock's fault, or a trick to keep newer data out. */
  newest = 0;
  readonly #now: number;
  readonly #rate: Awaited<ReturnType<typeof createRater>>;

  constructor(now: number, rate: Awaited<ReturnType<typeof createRater>>) {
    this.#now = now;
    this.#rate = rate;
  }

  add(item: ReadItem): void {
    const read = "problem" in item ? item : readOsvRecord(item.value, this.#rate);
    if ("problem" in read) {
      this.#leaveOut(item.name, read.problem);
      return;
    }
    if (read.modified <= this.#now + DAY) this.newest = Math.max(this.newest, read.modified);
    this.ids.add(read.id);
    for (const one of read.records) this.rows.push(one);
    if (read.partly !== undefined) this.#leaveOut(item.name, read.partly);
    else if (read.records.length === 0) this.#foreign.add(read.id);
  }

  #leaveOut(name: string, problem: string): void {
    this.leftOut++;
    if (this.problems.length < MOST_PROBLEMS)
      this.problems.push(`${basename(name).slice(0, 120)} ${problem}`);
  }

  answer(advisories: Advisories, source: string): UpdateAnswer {
    const kept = advisories.sources().find((one) => one.source === source)!;
    const { problems, leftOut } = this;
    const read = new Set(this.rows.map(({ record }) => record.id)).size;
    return { source: kept, read, problems, leftOut, foreign: this.#foreign.size };
  }
}

/** By the list of what was modified when, only the records that changed; undefined where the whole archive is needed. */
async function updateChanged(
  url: URL,
  kept: AdvisorySource,
  client: IndexClient,
  options: UpdateOptions,
): Promise<UpdateAnswer | undefined> {
  const { advisories, signal, now, progress } = options;
  const list = new URL("modified_id.csv", url);
  progress("asking what has changed", "asking what has changed");
  const answer = await client.text(list.href, { signal, maxBytes: MOST_LIST_BYTES });
  if ("failure" in answer) {
    if (answer.failure.code === "not-found") return undefined;
    throw unreachable(answer.failure);
  }
  const listed = readModified(answer.bytes.toString("utf8"));
  if (listed.length === 0) return undefined;
  const newest = newestOf(listed, now);
  refuseOlder(newest, kept, publicAddress(list));
  const known = advisories.modifiedOf(ARCHIVE);
  const changed = listed.filter(({ id, modified }) => {
    const stored = known.get(id);
    // Records that name no PyPI project are not stored: of those unknown, only young ones can be new.
    return stored === undefined ? modified > kept.newest - 2 * DAY : modified > stored;
  });
  if (changed.length > MOST_SINGLE) return undefined;
  const collected = new Collected(now, await createRater());
  const waiting = [...changed];
  let done = 0;
  const stage = "fetching changed advisories";
  const work = async (): Promise<void> => {
    for (let one = waiting.pop(); one; one = waiting.pop()) {
      progress(`${stage}: ${++done} of ${changed.length}`, stage, done, changed.length);
      const place = new URL(`${encodeURIComponent(one.id)}.json`, url);
      const record = await client.text(place.href, { signal, maxBytes: 8 * 1024 * 1024 });
      if ("failure" in record) throw unreachable(record.failure);
      collected.add(parseRecord(one.id, record.bytes.toString("utf8")));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  signal.throwIfAborted();
  const source = {
    ...kept,
    time: now,
    newest: Math.max(newest, kept.newest),
    asOf: Math.max(newest, kept.asOf),
  };
  advisories.merge(source, [...collected.ids], collected.rows);
  return collected.answer(advisories, ARCHIVE);
}

function parseRecord(id: string, text: string): ReadItem {
  try {
    const value = JSON.parse(text) as { id?: unknown };
    return value?.id === id
      ? { name: id, value }
      : { name: id, problem: "is another record than was asked for" };
  } catch {
    return { name: id, problem: "is no JSON" };
  }
}

/** `2024-08-15T00:05:00Z,GHSA-…`, or with the ecosystem before the id. */
function readModified(text: string): { readonly id: string; readonly modified: number }[] {
  const rows: { id: string; modified: number }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [time = "", place = ""] = line.split(",");
    const id = place.slice(place.lastIndexOf("/") + 1).trim();
    const modified = timeOf(time.trim());
    if (modified !== undefined && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(id)) rows.push({ id, modified });
  }
  return rows;
}

function newestOf(rows: readonly { readonly modified: number }[], now: number): number {
  let newest = 0;
  for (const { modified } of rows) if (modified <= now + DAY) newest = Math.max(newest, modified);
  return newest;
}
