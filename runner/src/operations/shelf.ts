// Keeps indexes and what was read of them open between questions, so that a resolve after one edit reads nothing again.
import type { OperationContext } from "./context.ts";
import type { OpenIndexes } from "./openIndexes.ts";

/** Each holds the pages and metadata of a whole stack: a few suffice for the manifests that a person works on. */
const MOST = 4;
/** Milliseconds. Pages change: after this the indexes are asked again, which costs little where nothing did. */
const FRESH_FOR = 10 * 60_000;

/** Keeps indexes open between questions, for a process that answers many. */
export interface IndexShelf {
  /** What is open under a key that holds all that an answer depends on, or else what `open` opens; closing it is the shelf's. */
  take(key: string, open: (signal: AbortSignal) => Promise<OpenIndexes>): Promise<OpenIndexes>;
}

interface Entry {
  readonly opened: Promise<OpenIndexes>;
  readonly since: number;
  readonly controller: AbortController;
  uses: number;
  isDropped: boolean;
}

class Shelf implements IndexShelf {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async take(key: string, open: (signal: AbortSignal) => Promise<OpenIndexes>): Promise<OpenIndexes> {
    const entry = this.#entryOf(key, open);
    entry.uses++;
    let isHeld = true;
    const close = async (): Promise<void> => {
      if (!isHeld) return;
      isHeld = false;
      entry.uses--;
      await this.#closeUnused(entry);
    };
    try {
      return { ...(await entry.opened), close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  #entryOf(key: string, open: (signal: AbortSignal) => Promise<OpenIndexes>): Entry {
    const known = this.#entries.get(key);
    if (known && this.#now() - known.since < FRESH_FOR) {
      // The one that was used last goes last.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    if (known) this.#drop(key, known);
    const controller = new AbortController();
    const entry: Entry = {
      opened: open(controller.signal),
      since: this.#now(),
      controller,
      uses: 0,
      isDropped: false,
    };
    this.#entries.set(key, entry);
    // What could not be opened is tried again by the next question.
    entry.opened.catch(() => this.#drop(key, entry));
    for (const [oldKey, old] of this.#entries) {
      if (this.#entries.size <= MOST) break;
      this.#drop(oldKey, old);
    }
    return entry;
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.isDropped = true;
    void this.#closeUnused(entry);
  }

  async #closeUnused(entry: Entry): Promise<void> {
    if (!entry.isDropped || entry.uses > 0) return;
    await entry.opened.then(
      (opened) => opened.close(),
      () => {},
    );
  }

  /** The next questions ask the indexes again. */
  clear(): void {
    for (const [key, entry] of [...this.#entries]) this.#drop(key, entry);
  }

  /** Ends what is under way and closes everything. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      entry.controller.abort(new DOMException("The process ends", "AbortError"));
      entry.isDropped = true;
      entry.uses = 0;
    }
    await Promise.all(entries.map((entry) => this.#closeUnused(entry)));
  }
}

const shelves = new WeakMap<OperationContext, Shelf>();

/** The shelf of a process; it closes with the context. */
export function shelfOf(context: OperationContext): Shelf {
  let shelf = shelves.get(context);
  if (shelf === undefined) {
    const made = new Shelf(() => context.now());
    context.beforeClose(() => {
      shelves.delete(context);
      return made.close();
    });
    shelves.set(context, made);
    shelf = made;
  }
  return shelf;
}
