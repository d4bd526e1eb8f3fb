// Looks for the best change of the lines: first which advisories have to stay, then which lines have to move for the rest to go.
import type { Demand } from "../../resolve/index.ts";
import { type Candidate, isBetter, linesOf } from "./candidate.ts";
import { combinations } from "./combinations.ts";
import { MOST_COMBINED, MOST_COMPARED, MOST_SETS } from "./limits.ts";
import type { Prover } from "./prover.ts";
import { ReleaseComparison } from "./releases.ts";
import type { Key, Stacks, Trials } from "./search.ts";
import { Settler } from "./settler.ts";

export class Planner {
  readonly #trials: Trials;
  readonly #lines: ReadonlyMap<string, readonly Demand[]>;
  readonly #settler: Settler;
  readonly #releases: ReleaseComparison;

  constructor(prover: Prover, lines: ReadonlyMap<string, readonly Demand[]>) {
    this.#trials = prover.trials;
    this.#lines = lines;
    this.#settler = new Settler(prover, lines);
    this.#releases = new ReleaseComparison(prover, this.#settler);
  }

  /** The best change; undefined where none leaves fewer advisories than there are. */
  async best(): Promise<Candidate | undefined> {
    const all = new Set(this.#lines.keys());
    let tried = 0;
    for await (const sets of this.#leastLeft(all)) {
      let best: Candidate | undefined;
      for (const allowed of sets) {
        if (tried++ > MOST_SETS) {
          this.#trials.isCutShort = true;
          return best;
        }
        if (allowed.size >= this.#trials.present.size) continue;
        const found = await this.#fewestLines(allowed, all, best);
        if (found && (!best || isBetter(found, best))) best = found;
      }
      if (best) return best;
    }
    return undefined;
  }

  /**
   * The sets of advisories without which there is a stack, whatever lines move: the smallest ones together, then those that are
   * larger by one, as edits of lines may not get to every stack that there is.
   */
  async *#leastLeft(all: ReadonlySet<string>): AsyncGenerator<ReadonlySet<Key>[]> {
    const keys = [...this.#trials.present.keys()];
    const works = async (allowed: ReadonlySet<Key>) => (await this.#trials.trial(allowed, all)) !== undefined;
    const needed = new Set<Key>();
    if (await works(needed)) yield [needed];
    else {
      for (const key of keys) {
        if (!(await works(new Set(keys.filter((other) => other !== key))))) needed.add(key);
      }
      if (needed.size > 0 && (await works(needed))) yield [needed];
    }
    const others = keys.filter((key) => !needed.has(key));
    if (others.length <= MOST_COMBINED) {
      for (let size = 1; size < others.length && !this.#trials.isSpent; size++) {
        const found: ReadonlySet<Key>[] = [];
        for (const some of combinations(others, size)) {
          if (this.#trials.isSpent || found.length >= MOST_COMPARED) break;
          const allowed = new Set([...needed, ...some]);
          if (await works(allowed)) found.push(allowed);
        }
        if (found.length > 0) yield found;
      }
      if (!this.#trials.isSpent) return;
    }
    this.#trials.isCutShort = true;
    // One after the other, the gravest first: what can be cleared beside what is cleared already.
    let allowed = new Set(keys);
    for (const key of keys) {
      const without = new Set([...allowed].filter((other) => other !== key));
      if (!needed.has(key) && (await works(without))) allowed = without;
    }
    yield [allowed];
  }

  /** The fewest lines that have to move for a stack with nothing but what is allowed. */
  async #fewestLines(
    allowed: ReadonlySet<Key>,
    all: ReadonlySet<string>,
    toBeat: Candidate | undefined,
  ): Promise<Candidate | undefined> {
    const free = await this.#trials.trial(allowed, all);
    if (!free) return undefined;
    const suggested = this.#linesBroken(free);
    const needed = new Set<string>();
    for (const name of suggested) {
      const without = new Set([...all].filter((other) => other !== name));
      if (!(await this.#trials.trial(allowed, without))) needed.add(name);
    }
    const others = [...all].filter((name) => !needed.has(name));
    const isSmall = others.length <= MOST_COMBINED;
    const pool = isSmall ? others : [...suggested].filter((name) => !needed.has(name));
    if (!isSmall) this.#trials.isCutShort = true;
    let best = await this.#settler.finish(allowed, suggested);
    const mostAdded = pool.length <= MOST_COMBINED ? pool.length : 0;
    for (let size = 0; size <= mostAdded; size++) {
      const lines = needed.size + size;
      if (lines > Math.min(...[best, toBeat].map((one) => (one ? linesOf(one) : Infinity)))) break;
      let compared = 0;
      for (const some of combinations(pool, size)) {
        if (this.#trials.isSpent || compared >= MOST_COMPARED) {
          this.#trials.isCutShort = true;
          break;
        }
        const names = new Set([...needed, ...some]);
        if (!(await this.#trials.trial(allowed, names))) continue;
        compared++;
        const found = await this.#settler.finish(allowed, names);
        if (found && (!best || isBetter(found, best))) best = found;
        best = await this.#releases.compare(allowed, names, best);
      }
    }
    return best;
  }

  /** Names whose lines a stack breaks. */
  #linesBroken(stacks: Stacks): Set<string> {
    const broken = new Set<string>();
    for (const { name, version } of stacks.flat()) {
      const lines = this.#lines.get(name) ?? [];
      if (lines.some(({ requirement }) => !requirement.specifier.contains(version, { prereleases: true })))
        broken.add(name);
    }
    return broken;
  }
}
