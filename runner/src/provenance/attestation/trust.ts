// Which trust root is used: a file that the person named, else the newest of the one that TUF brought and the one that is shipped.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nestsDeeperThan } from "../../../../shared/src/text/nesting.ts";
import type { TrustFailureCode, TrustMaterial, TrustState } from "./model.ts";
import { dayOf } from "./words.ts";

/** Why a trust root cannot be had, with what to do about it. */
export interface TrustFailure {
  readonly code: TrustFailureCode;
  readonly message: string;
  readonly next: string;
}

export type TrustAnswer = TrustState | { readonly failure: TrustFailure };

/** Metadata and trust root that an update kept; the folder is the platform's data folder. */
export const TRUST_FOLDER = "trust";
/** What an update found, beside the metadata that proves it. */
export const STATE_FILE = "state.json";

/** What an update writes down. Times are milliseconds since the epoch. */
export interface KeptState {
  readonly repository: string;
  readonly confirmedAt: number;
  readonly expires: number;
  /** When this trust root was first seen there. */
  readonly time: number;
  readonly root: unknown;
  /** Digest of `root`: what was damaged since is not used. */
  readonly sha256: string;
}

/** A file larger than this is no trust root. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Trust roots nest about eight deep. */
const MAX_DEPTH = 64;

/** Digest of a trust root: of its JSON, so that spaces do not matter. */
export function digestOfRoot(root: unknown): string {
  return createHash("sha256").update(JSON.stringify(root)).digest("hex");
}

/** The trust root that the program brings. */
export async function shippedTrust(): Promise<TrustMaterial> {
  const { SHIPPED_ROOT, SHIPPED_TIME, TUF_REPOSITORY } = await import("./shipped.ts");
  return {
    source: "shipped",
    from: TUF_REPOSITORY,
    time: SHIPPED_TIME,
    sha256: digestOfRoot(SHIPPED_ROOT),
    root: SHIPPED_ROOT,
  };
}

/** The trust root in a file that the person named (`--trusted-root`): it is taken as it is, and never updated. */
export async function trustFromFile(path: string): Promise<TrustAnswer> {
  const failure = (code: TrustFailureCode, message: string): TrustAnswer => ({
    failure: { code, message, next: "Name a trusted_root.json of Sigstore's form." },
  });
  let text: string;
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES)
      return failure("invalid-trust-root", `${path} is too large for a trust root.`);
    text = bytes.toString("utf8");
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    return failure("unreadable", `${path} cannot be read (${code}).`);
  }
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return failure("invalid-trust-root", `${path} is not JSON.`);
  }
  if (nestsDeeperThan(text, MAX_DEPTH)) {
    return failure("invalid-trust-root", `${path} is no trust root: it nests too deep.`);
  }
  const trust: TrustMaterial = { source: "file", from: path, sha256: digestOfRoot(root), root };
  const { findTrustFault } = await import("./verify.ts");
  const fault = findTrustFault(trust);
  if (fault !== undefined) return failure("invalid-trust-root", `${path} is no trust root: ${fault}.`);
  return { trust, freshness: "fixed", sentence: `The trust root is the file ${path}, which is not updated.` };
}

/**
 * The trust root to verify with, without asking anybody. `folder` is the platform's data folder, `now` in milliseconds since the epoch.
 * What an update kept there is used unless what is shipped is newer; whichever mirror it came from, the same keys have proven it.
 */
export async function currentTrust(folder: string, now: number): Promise<TrustState> {
  const shipped = await shippedTrust();
  const kept = await readKept(folder);
  if (kept === undefined) return withoutUpdate(shipped);
  const root = kept.time >= (shipped.time ?? 0) ? kept.root : shipped.root;
  const trust: TrustMaterial =
    root === kept.root
      ? { source: "updated", from: kept.repository, time: kept.time, sha256: kept.sha256, root }
      : shipped;
  return describeKept(trust, kept, now);
}

function withoutUpdate(trust: TrustMaterial): TrustState {
  const day = dayOf(trust.time ?? 0);
  return {
    trust,
    freshness: "stale",
    sentence: `The trust root is the one that came with Thoth, of ${day}.`,
  };
}

/** The trust root never expires, the repository's word that it is the current one does: which of both is old is said. */
export function describeKept(trust: TrustMaterial, kept: KeptState, now: number): TrustState {
  const fresh = now <= kept.expires;
  const root = `The trust root is of ${dayOf(trust.time ?? 0)}`;
  return {
    trust,
    confirmedAt: kept.confirmedAt,
    expires: kept.expires,
    freshness: fresh ? "fresh" : "stale",
    sentence: fresh
      ? `${root}, confirmed on ${dayOf(kept.confirmedAt)}.`
      : `${root} and does not expire; its confirmation of ${dayOf(kept.confirmedAt)} ran out on ${dayOf(kept.expires)}.`,
  };
}

/** What an update kept; undefined where there is none or it cannot be read. */
export async function readKept(folder: string): Promise<KeptState | undefined> {
  try {
    const text = await readFile(join(folder, TRUST_FOLDER, STATE_FILE), "utf8");
    const state = JSON.parse(text) as Partial<KeptState>;
    const { repository, confirmedAt, expires, time, root, sha256 } = state;
    if (typeof repository !== "string" || typeof root !== "object" || root === null) return undefined;
    if (typeof confirmedAt !== "number" || typeof expires !== "number" || typeof time !== "number")
      return undefined;
    if (sha256 === undefined || sha256 !== digestOfRoot(root)) return undefined;
    return { repository, confirmedAt, expires, time, root, sha256 };
  } catch {
    return undefined;
  }
}
