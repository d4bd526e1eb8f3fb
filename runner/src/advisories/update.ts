// Brings advisories into the file of knowledge: the published archive, an archive on disk, a folder or a file.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { redactUrl } from "../index/index.ts";
import { type ReadItem, readArchive, readFolder, readRecordFile, Unreadable } from "./reading.ts";
import { createRater } from "./severity.ts";
import {
  ARCHIVE,
  Collected,
  horizonOf,
  OTHER_LICENSE,
  PUBLISHED_LICENSE,
  refuseOlder,
  type UpdateAnswer,
  type UpdateOptions,
  UpdateRefused,
  unreachable,
} from "./updating.ts";

/** OSV's export of the ecosystem: every record of a PyPI project, from PyPA, GitHub and OpenSSF. */
export const PUBLISHED_ARCHIVE = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip";
/** A file of records, rather than an archive of them. */
const RECORD_FILE = /\.(?:json|ya?ml)$/i;
/** Times that what another process does meanwhile is waited out. */
const MOST_ATTEMPTS = 3;

/**
 * Reads advisories in, in place of what the same source had. What could not be read of it is told, and stays as it was.
 * @throws UpdateRefused; what `signal` was aborted with.
 */
export async function updateAdvisories(options: UpdateOptions): Promise<UpdateAnswer> {
  const from = options.from ?? PUBLISHED_ARCHIVE;
  if (/^https?:\/\//i.test(from)) return updateFromAddress(addressOf(from), options);
  return updateFromPath(from, options);
}

/** An address that ends in a slash means the archive in that place; that of a server alone means nothing. */
function addressOf(from: string): URL {
  if (!URL.canParse(from)) {
    throw new UpdateRefused(
      "not-advisories",
      `${redactUrl(from)} is no address.`,
      "Name that of an archive.",
    );
  }
  const url = new URL(from.endsWith("/") ? `${from}all.zip` : from);
  if (url.pathname === "/" || url.pathname.endsWith("/v1")) {
    throw new UpdateRefused(
      "not-advisories",
      `${redactUrl(from)} is the address of a server, not of advisories.`,
      "Name that of an archive, or ask a service for the packages of a manifest: --for MANIFEST.",
    );
  }
  return url;
}

function updateFromPath(path: string, options: UpdateOptions): Promise<UpdateAnswer> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat)
    throw new UpdateRefused("not-found", `${path} does not exist.`, "Name an archive, a folder or a file.");
  if (stat.isDirectory()) return load(readFolder(path, readingOptions(options, path)), path, path, options);
  if (/\.zip$/i.test(path))
    return load(readArchive(path, readingOptions(options, path)), ARCHIVE, path, options);
  if (RECORD_FILE.test(path)) return load(itemsOf(path), path, path, options);
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
  const shown = redactUrl(url);
  const client = await options.client();
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const kept = options.advisories.sources().find(({ source }) => source === ARCHIVE);
    if (kept?.place !== shown || !url.pathname.endsWith("/all.zip")) break;
    const { updateChanged } = await import("./changed.ts");
    const changed = await updateChanged(url, kept, client, options);
    if (changed === "whole") break;
    if (changed !== "again") return changed;
  }
  const folder = mkdtempSync(join(tmpdir(), "thoth-advisories-"));
  try {
    const [extension = ".zip"] = RECORD_FILE.exec(url.pathname) ?? [];
    const path = join(folder, `all${extension}`);
    const stage = `fetching ${shown}`;
    options.progress(stage, stage);
    const file = { filename: basename(path), url: url.href, hashes: {} };
    const answer = await client.download(file, path, {
      signal: options.signal,
      onProgress: (bytes, total) => options.progress(`${stage}: ${amount(bytes, total)}`, stage),
    });
    if ("failure" in answer) throw unreachable(answer.failure);
    if (extension !== ".zip") return await load(itemsOf(path), shown, shown, options);
    return await load(readArchive(path, readingOptions(options, shown)), ARCHIVE, shown, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  const kept = options.advisories.sources().find((one) => one.source === source);
  const collected = new Collected(horizonOf(options.now, kept), await createRater());
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
  const stage = "keeping advisories";
  options.progress(`keeping ${collected.ids.size} advisories`, stage);
  const newer = options.advisories.replace(
    {
      source,
      place,
      license: place === PUBLISHED_ARCHIVE ? PUBLISHED_LICENSE : OTHER_LICENSE,
      time: options.now,
      newest: collected.newest,
      // Where no record says when it was made, nothing better is known than when it was read; where all are of the future, it is the
      // clock that is wrong.
      asOf: collected.newest || collected.latest || options.now,
    },
    collected.rows,
    collected.unread,
  );
  refuseOlder(collected.newest, newer, place);
  return collected.answer(options.advisories, source);
}
