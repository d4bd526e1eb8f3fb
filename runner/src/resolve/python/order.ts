// Which project is decided next, as uv has it: this order finds the stacks that people expect, and finds them soon.
//
// 1. What was asked for by address: nothing else will do, and its releases must not be mistaken for those of an index.
// 2. What a clause holds to a single version: there is nothing to choose, and what it needs narrows the rest.
// 3. What had to give way five times: deciding it early ends a see-saw between it and what it clashes with.
// 4. What made others give way five times: right after those, before anything that has nothing to do with it.
// 5. Everything else, in the order in which it was first seen: what a person names comes before what that brings in, so
//    that it is the newest of what they asked for that they get.
//
// Within a rank, what was seen first comes first. All packages of one project (extras) move together.

const Rank = { plain: 0, late: 1, early: 2, single: 3, direct: 4 } as const;
type RankValue = (typeof Rank)[keyof typeof Rank];

/** Conflicts after which a project changes its rank. */
const THRESHOLD = 5;

interface Entry {
  readonly seen: number;
  rank: RankValue;
}

/** The project of a package, undefined for the root. */
type NameOf = (package_: number) => string | undefined;

export class DecisionOrder {
  readonly #entries = new Map<string, Entry>();
  readonly #affected = new Map<number, number>();
  readonly #culprits = new Map<number, number>();
  readonly #early: number[] = [];
  readonly #late: number[] = [];
  readonly #nameOf: NameOf;
  /** The entry of each package that was looked for, so that a project's name is looked up once. */
  readonly #byPackage: (Entry | undefined)[] = [];

  constructor(nameOf: NameOf) {
    this.#nameOf = nameOf;
  }

  /** The same order with the same counts, to be gone on with apart. */
  copy(nameOf: NameOf): DecisionOrder {
    const copy = new DecisionOrder(nameOf);
    for (const [name, entry] of this.#entries) copy.#entries.set(name, { ...entry });
    for (const [package_, count] of this.#affected) copy.#affected.set(package_, count);
    for (const [package_, count] of this.#culprits) copy.#culprits.set(package_, count);
    copy.#early.push(...this.#early);
    copy.#late.push(...this.#late);
    return copy;
  }

  /** Takes note that a project is asked for. */
  see(name: string, how: "direct" | "single" | "plain"): void {
    const rank = Rank[how];
    const entry = this.#entries.get(name);
    if (entry === undefined) this.#entries.set(name, { seen: this.#entries.size, rank });
    else entry.rank = Math.max(entry.rank, rank) as RankValue;
  }

  /** The one to decide. Packages of one project: the one with the lower number. */
  pick(undecided: Iterable<number>): number {
    let best = -1;
    let bestEntry: Entry | undefined;
    for (const package_ of undecided) {
      const entry = this.#entryOf(package_);
      if (entry === undefined) return package_;
      if (
        bestEntry === undefined ||
        entry.rank > bestEntry.rank ||
        (entry.rank === bestEntry.rank &&
          (entry.seen < bestEntry.seen || (entry.seen === bestEntry.seen && package_ < best)))
      ) {
        best = package_;
        bestEntry = entry;
      }
    }
    return best;
  }

  /** Counts a conflict. A project does not clash with itself: its extras only pass on what it is held to. */
  conflicted(affected: number, culprits: readonly number[]): void {
    const name = this.#nameOf(affected);
    let isReal = false;
    for (const culprit of culprits) {
      if (name !== undefined && this.#nameOf(culprit) === name) continue;
      isReal = true;
      if (countUp(this.#culprits, culprit) === THRESHOLD) this.#late.push(culprit);
    }
    if (isReal && countUp(this.#affected, affected) === THRESHOLD) this.#early.push(affected);
  }

  /** Moves what has reached the threshold; gives the culprits, before whose decision the search goes back. */
  takeBackjumps(): readonly number[] {
    if (this.#early.length === 0 && this.#late.length === 0) return [];
    for (const package_ of this.#early.splice(0)) {
      const entry = this.#entryOf(package_);
      if (entry) entry.rank = Rank.early;
    }
    return this.#late.splice(0).filter((package_) => {
      const entry = this.#entryOf(package_);
      // What is early stays so, or the two would change places for ever.
      if (entry === undefined || entry.rank === Rank.late || entry.rank === Rank.early) return false;
      entry.rank = Rank.late;
      return true;
    });
  }

  #entryOf(package_: number): Entry | undefined {
    let entry = this.#byPackage[package_];
    if (entry === undefined) {
      entry = this.#entries.get(this.#nameOf(package_) ?? "");
      this.#byPackage[package_] = entry;
    }
    return entry;
  }
}

function countUp(counts: Map<number, number>, key: number): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
