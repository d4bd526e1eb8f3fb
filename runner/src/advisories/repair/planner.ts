// Looks for the best change of the lines: first which advisories have to stay, then which lines have to move for the rest to go.
import type { Demand } from "../../resolve/index.ts";
import { type Candidate, isBetter, linesOf } from "./candidate.ts";
import { combinations } from "./combinations.ts";
import { MOST_COMBINED, MOST_COMPARED } from "./limits.ts";
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
    let best: Candidate | undefined;
    for (const allowed of await this.#leastLeft(all)) {
      if (allowed.size >= this.#trials.present.size) continue;
      const found = await this.#fewestLines(allowed, all, best);
      if (found && (!best || isBetter(found, best))) best = found;
    }
    return best;
  }

  /** The smallest sets of advisories without which there is no stack, whatever lines move. */
  async #leastLeft(all: ReadonlySet<string>): Promise<ReadonlySet<Key>[]> {
    const keys = [...this.#trials.present.keys()];
    const works = async (allowed: ReadonlySet<Key>) => (await this.#trials.trial(allowed, all)) !== undefined;
    if (await works(new Set())) return [new Set()];
    const needed = new Set<Key>();
    for (const key of keys) {
      if (!(await works(new Set(keys.filter((other) => other !== key))))) needed.add(key);
    }
    if (await works(needed)) return [needed];
    const others = keys.filter((key) => !needed.has(key));
    if (others.length <= MOST_COMBINED) {
      for (let size = 1; size < others.length && !this.#trials.isSpent; size++) {
        const found: ReadonlySet<Key>[] = [];
        for (const some of combinations(others, size)) {
          if (this.#trials.isSpent || found.length >= MOST_COMPARED) break;
          const allowed = new Set([...needed, ...some]);
          if (await works(allowed)) found.push(allowed);
        }
        if (found.length > 0) return found;
      }
    }
    this.#trials.isCutShort = true;
    // One after the other, the gravest first: what can be cleared beside what is cleared already.
    let allowed = new Set(keys);
    for (const key of keys) {
      const without = new Set([...allowed].filter((other) => other !== key));
      if (!needed.has(key) && (await works(without))) allowed = without;
    }
    return [allowed];
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
