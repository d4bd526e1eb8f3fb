// Fetches the current trust root by TUF: every file through the index client's own transport, proven from the root that is shipped.
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fetcher, Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import type { TrustFailureCode, TrustMaterial, TrustState, UpdateTrustInput } from "./model.ts";
import { SHIPPED_ROOT, SHIPPED_TIME, SHIPPED_TUF_ROOT, TUF_REPOSITORY } from "./shipped.ts";
import {
  currentTrust,
  describeKept,
  digestOfRoot,
  type KeptState,
  readKept,
  STATE_FILE,
  TRUST_FOLDER,
  type TrustFailure,
} from "./trust.ts";
import { shown } from "./words.ts";

const TARGET = "trusted_root.json";
const METADATA_FOLDER = "tuf";
/** The repository's timestamp is signed anew every few days; asking once a day sees every change. */
const DAY = 24 * 3_600_000;

/**
 * The current trust root: from the repository where it has not been asked for a day, and what was there before where that fails,
 * with the reason. What is fetched is kept in `folder`. Rejects only when cancelled.
 */
export async function updateTrust(input: UpdateTrustInput): Promise<TrustState> {
  const { folder, now, maxAge = DAY } = input;
  const repository = input.repository ?? TUF_REPOSITORY;
  const kept = await readKept(folder);
  if (kept && now - kept.confirmedAt < maxAge && now >= kept.confirmedAt && now <= kept.expires) {
    return trustOfKept(kept, now);
  }
  const asked = new Asked(input);
  try {
    return trustOfKept(await refresh(input, repository, asked, kept), now);
  } catch (error) {
    input.signal?.throwIfAborted();
    const failure = asked.failure ?? failureOf(error, repository);
    const before = kept ? trustOfKept(kept, now) : await currentTrust(folder, now);
    return { ...before, failure, sentence: `${before.sentence} ${failure.message}` };
  }
}

function trustOfKept(kept: KeptState, now: number): TrustState {
  const { repository, time, root, sha256 } = kept;
  const trust: TrustMaterial = { source: "updated", from: repository, time, sha256, root };
  return describeKept(trust, kept, now);
}

/** The fetcher of the TUF library: all that it asks goes through the transport that was handed in. */
class Asked implements Fetcher {
  /** The first thing that could not be fetched, which the library's own errors no longer tell. */
  failure: TrustFailure | undefined;
  readonly #input: UpdateTrustInput;

  constructor(input: UpdateTrustInput) {
    this.#input = input;
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    this.#input.signal?.throwIfAborted();
    const answer = await this.#input.fetch(url, maxLength);
    if ("bytes" in answer) return answer.bytes;
    const { status, message, next, code } = answer.failure;
    // The library goes on from a root that has no successor.
    if (/\d+\.root\.json$/.test(url) && (status === 404 || status === 403)) {
      throw new DownloadHTTPError("absent", status);
    }
    this.failure ??= { code: code === "offline" ? "offline" : "unreachable", message, next };
    throw new Error(message);
  }

  async downloadFile<T>(url: string, maxLength: number, use: (file: string) => Promise<T>): Promise<T> {
    const bytes = await this.downloadBytes(url, maxLength);
    const file = join(
      this.#input.folder,
      TRUST_FOLDER,
      `${process.pid}-${Math.random().toString(36).slice(2)}.part`,
    );
    try {
      await writeFile(file, bytes, { mode: 0o600 });
      return await use(file);
    } finally {
      await rm(file, { force: true });
    }
  }
}

async function refresh(
  input: UpdateTrustInput,
  repository: string,
  fetcher: Fetcher,
  kept: KeptState | undefined,
): Promise<KeptState> {
  // One folder for all mirrors: what one has shown, another may not go behind.
  const metadata = join(input.folder, TRUST_FOLDER, METADATA_FOLDER);
  await mkdir(metadata, { recursive: true, mode: 0o700 });
  const updater = await makeUpdater(metadata, repository, fetcher, input.root ?? SHIPPED_TUF_ROOT);
  const target = await updater.getTargetInfo(TARGET);
  if (!target) throw new Error("it lists no trust root");
  const path = join(metadata, TARGET);
  if ((await updater.findCachedTarget(target, path)) === undefined)
    await updater.downloadTarget(target, path);
  const root = JSON.parse(await readFile(path, "utf8")) as unknown;
  const timestamp = JSON.parse(await readFile(join(metadata, "timestamp.json"), "utf8")) as {
    signed: { expires: string };
  };
  const time = firstSeen(root, kept, input.now);
  const sha256 = digestOfRoot(root);
  const { findTrustFault } = await import("./verify.ts");
  const fault = findTrustFault({ source: "updated", from: repository, time, sha256, root });
  if (fault !== undefined) throw new InvalidTrustRoot(fault);
  const expires = Date.parse(timestamp.signed.expires);
  const state: KeptState = { repository, confirmedAt: input.now, expires, time, root, sha256 };
  await writeState(join(input.folder, TRUST_FOLDER), state);
  return state;
}

class InvalidTrustRoot extends Error {}

/** TUF says nothing of when a trust root was made: the day counts on which it was first seen. */
function firstSeen(root: unknown, kept: KeptState | undefined, now: number): number {
  const digest = digestOfRoot(root);
  if (digest === digestOfRoot(SHIPPED_ROOT)) return SHIPPED_TIME;
  return kept?.sha256 === digest ? kept.time : now;
}

/** A root that cannot be read any more is replaced by the one that is shipped, from which the way leads on again. */
async function makeUpdater(
  folder: string,
  repository: string,
  fetcher: Fetcher,
  root: unknown,
): Promise<Updater> {
  const options = {
    metadataDir: folder,
    targetDir: folder,
    metadataBaseUrl: repository,
    targetBaseUrl: `${repository}/targets`,
    fetcher,
  };
  try {
    return new Updater(options);
  } catch {
    await writeFile(join(folder, "root.json"), JSON.stringify(root), { mode: 0o600 });
    return new Updater(options);
  }
}

async function writeState(folder: string, state: KeptState): Promise<void> {
  const partial = join(folder, `${STATE_FILE}.${process.pid}.part`);
  await writeFile(partial, JSON.stringify(state), { mode: 0o600 });
  await rename(partial, join(folder, STATE_FILE));
}

/** What the library's errors say, and what that means. Some come wrapped in text, so that only the text tells which they were. */
const REFUSALS: readonly (readonly [RegExp, TrustFailureCode, (at: string, said: string) => string])[] = [
  [/expired/i, "expired-metadata", (at) => `the metadata of ${at} has expired`],
  [
    /is less than/i,
    "older-metadata",
    (at) => `${at} serves metadata that is older than what it served before`,
  ],
  [
    /does(?: not|n't) match|Expected version|Missing file|Missing \S+ in snapshot/i,
    "invalid-metadata",
    (at, said) => `the metadata of ${at} does not fit together (${said})`,
  ],
  [
    /was signed by|signature/i,
    "invalid-metadata",
    (at, said) => `the metadata of ${at} is not validly signed (${said})`,
  ],
  [
    /Expected (?:hash|length)/i,
    "invalid-metadata",
    (at, said) => `${at} serves another file than its metadata lists (${said})`,
  ],
];

/** What stood in the way of an update, in words. */
function failureOf(error: unknown, repository: string): TrustFailure {
  const { message = "", code } = error as { message?: string; code?: string };
  const at = shown(repository, 120);
  const failure = (
    kind: TrustFailureCode,
    why: string,
    next = "Check again later; what is known stays in use.",
  ): TrustFailure => ({ code: kind, message: `Not updated: ${why}.`, next });
  if (error instanceof InvalidTrustRoot)
    return failure("invalid-trust-root", `what ${at} serves is no trust root`);
  const said = shown(message.replace(/^Unable to load .*? error (?:\w+: )?/, ""), 120);
  const found = REFUSALS.find(([pattern]) => pattern.test(message));
  if (found) return failure(found[1], found[2](at, said));
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) {
    return failure(
      "not-writable",
      `the folder of the trust root cannot be written (${code})`,
      "Check the folder.",
    );
  }
  return failure("invalid-metadata", `the metadata of ${at} cannot be read (${said})`);
}
