// What the ways of bringing advisories in share: what they are told, what they have read, what they answer, and why they change nothing.
import { basename } from "node:path";
import type { IndexClient } from "../index/index.ts";
import type { Advisories, AdvisoryRow, AdvisorySource } from "../knowledge/index.ts";
import { readOsvRecord } from "./osv.ts";
import type { ReadItem } from "./reading.ts";
import type { createRater } from "./severity.ts";

export const PUBLISHED_LICENSE = "CC-BY-4.0 (PyPA, GitHub), Apache-2.0 (OpenSSF)";
export const OTHER_LICENSE = "as its publisher says";
/** The slot of the archive, of which one is kept, wherever it came from. */
export const ARCHIVE = "archive";
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

/** @throws UpdateRefused where what was read is older than what is stored: times of the newest record of each, in milliseconds. */
export function refuseOlder(newest: number, kept: AdvisorySource | undefined, place: string): void {
  if (!kept || newest >= kept.newest) return;
  throw new UpdateRefused(
    "older-advisories",
    `${place} is older than what is stored: its newest record is of ${sayDay(newest)}, the stored one of ${sayDay(kept.newest)}.`,
    "Nothing was changed. Fetch a newer one, or load it into another file with --knowledge FILE.",
  );
}

/** Milliseconds since the epoch from which on a time is in the future: a day from now, or from what was none before, where the clock went back. */
export function horizonOf(now: number, kept: AdvisorySource | undefined): number {
  return Math.max(now, kept?.newest ?? 0) + DAY;
}

/** To the second: an archive may be older by hours. */
function sayDay(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Records as they are read, and what was left out of them. */
export class Collected {
  readonly rows: AdvisoryRow[] = [];
  /** Of what was read, those that say nothing of PyPI (any more) included. */
  readonly ids = new Set<string>();
  readonly problems: string[] = [];
  leftOut = 0;
  readonly #unread = new Set<string>();
  readonly #foreign = new Set<string>();
  /** When the newest record was modified. A time in the future is a clock's fault, or a trick to keep newer data out. */
  newest = 0;
  /** When the very newest was, those in the future included. */
  latest = 0;
  readonly #horizon: number;
  readonly #rate: Awaited<ReturnType<typeof createRater>>;

  /** @param horizon what is newer is in the future: see `horizonOf`. */
  constructor(horizon: number, rate: Awaited<ReturnType<typeof createRater>>) {
    this.#horizon = horizon;
    this.#rate = rate;
  }

  add(item: ReadItem): void {
    const read = "problem" in item ? item : readOsvRecord(item.value, this.#rate);
    if ("problem" in read) {
      this.#leaveOut(item.name, read.problem);
      this.#unread.add(basename(item.name).replace(/\.[^.]*$/, ""));
      return;
    }
    this.latest = Math.max(this.latest, read.modified);
    if (read.modified <= this.#horizon) this.newest = Math.max(this.newest, read.modified);
    this.ids.add(read.id);
    for (const one of read.records) this.rows.push(one);
    if (read.partly !== undefined) this.#leaveOut(item.name, read.partly);
    else if (read.records.length === 0) this.#foreign.add(read.id);
  }

  /** The ids of what could not be read, as far as the names of files tell: they are those of the records. */
  get unread(): string[] {
    return [...this.#unread].filter((id) => !this.ids.has(id));
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
