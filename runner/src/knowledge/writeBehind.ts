// Gathers what the caches have to write and writes it in one transaction per tick, never waiting long for another process.
import { KnowledgeError } from "./errors.ts";
import type { KnowledgeFile } from "./file.ts";

/** One cache with something to write. */
export interface Writer {
  /** Runs inside the transaction; may run again if that failed. */
  write(): void;
  /** The transaction is committed: what was pending is forgotten. */
  done(): void;
}

export interface WriteBehindOptions {
  clock: () => number;
  warn: (message: string) => void;
  /** How old a page's last use must be, in milliseconds, before a read is worth a write. */
  useGranularity: number;
}

/** Milliseconds that a write in the background waits for another process: the event loop stands still meanwhile. */
const SHORT_WAIT = 50;
const RETRY = 100;
/** Characters that may wait to be written before they are written at once. */
const LIMIT = 32 * 1024 * 1024;

export class WriteBehind {
  readonly useGranularity: number;
  readonly #file: KnowledgeFile;
  readonly #clock: () => number;
  readonly #warn: (message: string) => void;
  readonly #writers: Writer[] = [];
  #scheduled = false;
  #dirty = false;
  #waiting = 0;
  #last = 0;

  constructor(file: KnowledgeFile, options: WriteBehindOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#warn = options.warn;
    this.useGranularity = options.useGranularity;
  }

  add(writer: Writer): void {
    this.#writers.push(writer);
  }

  /** The time in milliseconds, never twice the same: so that the order of uses is known within a millisecond. */
  tick(): number {
    this.#last = Math.max(this.#last + 1, this.#clock());
    return this.#last;
  }

  /** Something is to be written in this tick; `size` is its length in characters. */
  schedule(size: number): void {
    this.#dirty = true;
    this.#waiting += size;
    if (this.#waiting > LIMIT) this.#attemptInBackground();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  /** Something may be written with the next write, or on closing: not worth one of its own. */
  scheduleIdle(): void {
    this.#dirty = true;
  }

  /** Writes everything now, waiting for another process up to `wait` milliseconds, or as long as the file's own timeout. */
  flush(wait?: number): void {
    this.#attempt(wait);
  }

  #attempt(wait: number | undefined): boolean {
    if (!this.#dirty || !this.#file.isOpen) return true;
    // Someone's transaction is open on the same connection: what is written now would share its fate.
    if (this.#file.inTransaction) return false;
    try {
      this.#file.write(() => {
        for (const writer of this.#writers) writer.write();
      }, wait);
    } catch (error) {
      if (error instanceof KnowledgeError && error.code === "busy") return false;
      // What cannot be written at all would fail again with everything that comes after it.
      this.#done();
      throw error;
    }
    this.#done();
    return true;
  }

  #done(): void {
    for (const writer of this.#writers) writer.done();
    this.#dirty = false;
    this.#waiting = 0;
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#attemptInBackground() || this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => this.#turn(), RETRY).unref();
  }

  /** Nobody is there to catch an error in the background, and a cache is not worth the process. */
  #attemptInBackground(): boolean {
    try {
      return this.#attempt(SHORT_WAIT);
    } catch (error) {
      this.#warn(`Some pages were not kept: ${error instanceof Error ? error.message : String(error)}.`);
      return true;
    }
  }
}
