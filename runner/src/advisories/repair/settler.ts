// Turns what a search found with some lines open into edits of those lines, and shows that what comes of them is what was meant.
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand, Question } from "../../resolve/index.ts";
import { type Candidate, highest, isBetter, isOther, linesOf, narrowed } from "./candidate.ts";
import { MOST_COMBINED, MOST_REFINEMENTS, MOST_SCOPE_REFINEMENTS, MOST_SWAPPED } from "./limits.ts";
import { type Holding, LineEdits } from "./lineEdits.ts";
import type { Prover } from "./prover.ts";
import type { Key, Stacks, Trials } from "./search.ts";
import { lineFor } from "./specifiers.ts";

export class Settler {
  readonly #prover: Prover;
  readonly #trials: Trials;
  readonly #lines: ReadonlyMap<string, readonly Demand[]>;
  #refined = 0;

  constructor(prover: Prover, lines: ReadonlyMap<string, readonly Demand[]>) {
    this.#prover = prover;
    this.#trials = prover.trials;
    this.#lines = lines;
  }

  /** Turns the lines of `names` being open into edits, and shows that what comes of them is what was meant. */
  async finish(allowed: ReadonlySet<Key>, names: ReadonlySet<string>): Promise<Candidate | undefined> {
    const found = await this.#trials.trial(allowed, names);
    return found && this.settle(allowed, this.#trials.open(names), names, found);
  }

  /** Turns what a search found with the lines of `names` open, as the question has them, into edits of them. */
  async settle(
    allowed: ReadonlySet<Key>,
    open: Question,
    names: ReadonlySet<string>,
    found: Stacks,
  ): Promise<Candidate | undefined> {
    const wanted = await this.#nearer(allowed, open, found);
    const loose = await this.#hold(allowed, names, wanted, "where it is");
    const isEnough = loose && linesOf(loose) <= names.size;
    const tight = isEnough ? undefined : await this.#hold(allowed, names, wanted, "in written lines");
    const best = tight && (!loose || isBetter(tight, loose)) ? tight : loose;
    return best && this.#withFewerMoves(best, wanted, names, allowed);
  }

  /** Narrows the lines of `names`, and what else has to be, until what comes of them is what was meant. */
  async #hold(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    wanted: Stacks,
    how: Holding,
  ): Promise<Candidate | undefined> {
    const edits = new LineEdits(this.#lines, this.#prover.options);
    for (const name of names) {
      const version = highest(wanted, name);
      if (version) edits.take(name, version);
    }
    for (let round = 0; round < 8; round++) {
      const candidate = await this.#prover.prove(edits.changes, edits.constraints, wanted);
      if (!candidate) return undefined;
      const wrong = this.#prover.wrongIn(candidate, allowed);
      if (wrong.size === 0) return round === 0 ? candidate : this.#withoutSpare(candidate, wanted, allowed);
      if (!edits.holdTo(wanted, wrong, candidate, how)) return undefined;
    }
    return undefined;
  }

  /** Each line raised to the release that was found, and nothing else: undefined where that is not enough. */
  async raiseAll(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    wanted: Stacks,
  ): Promise<Candidate | undefined> {
    const edits = new LineEdits(this.#lines, this.#prover.options);
    for (const name of names) {
      const version = highest(wanted, name);
      // A line that takes the release already may have to say it all the same: it keeps the search from going elsewhere.
      if (version && !edits.take(name, version)) edits.hold(name, version);
    }
    const changes = edits.changes.filter(({ from, to }) => from !== to);
    const raised = await this.#prover.prove(changes, [], wanted);
    return raised && this.#prover.wrongIn(raised, allowed).size === 0 ? raised : undefined;
  }

  /** A line that leaves open more than was meant, as a range does, may move others along: held to what was meant where that moves fewer. */
  async #withFewerMoves(
    open: Candidate,
    wanted: Stacks,
    names: ReadonlySet<string>,
    allowed: ReadonlySet<Key>,
  ): Promise<Candidate> {
    const fewest = this.#prover.movesOf(wanted).length;
    const ends = new Map<string, Version>();
    let best = open;
    for (let last = open, round = 0; round < 8 && best.moved.length > fewest; round++) {
      if (!this.#mayRefine()) break;
      let isNarrower = false;
      for (const name of [...names, ...open.constraints.map((one) => one.name)]) {
        const got = highest(last.stacks, name);
        const version = highest(wanted, name);
        if (!got || !version || compareVersions(got, version) <= 0) continue;
        ends.set(name, got);
        isNarrower = true;
      }
      if (!isNarrower) break;
      const held = await this.#heldBelow(open, wanted, names, ends);
      if (!held) break;
      if (this.#prover.wrongIn(held, allowed).size === 0 && isBetter(held, best)) best = held;
      last = held;
    }
    return best.moved.length > fewest ? this.#withOtherConstraints(best, wanted, allowed) : best;
  }

  /** Counts what only makes a plan better that holds already, so that a large stack is not refined for minutes. */
  #mayRefine(): boolean {
    const most = this.#prover.options.scope ? MOST_SCOPE_REFINEMENTS : MOST_REFINEMENTS;
    if (this.#refined++ < most) return true;
    this.#trials.isCutShort = true;
    return false;
  }

  /** A constraint on another package that moved further than was meant may hold the first one too. */
  async #withOtherConstraints(
    whole: Candidate,
    wanted: Stacks,
    allowed: ReadonlySet<Key>,
  ): Promise<Candidate> {
    let best = whole;
    const others = whole.moved.filter(
      ({ name }) => !this.#lines.has(name) && isOther(whole, wanted, name) && highest(wanted, name),
    );
    for (const one of whole.constraints.slice(0, MOST_SWAPPED)) {
      for (const { name } of others.slice(0, MOST_SWAPPED)) {
        if (!this.#mayRefine()) return best;
        const end = highest(whole.stacks, name)!;
        const via = whole.stacks.flat().find((pin) => pin.name === name)?.via ?? [];
        const instead = { name, specifier: `>=${highest(wanted, name)!.public},<${end.public}`, via };
        const constraints = whole.constraints.map((other) => (other === one ? instead : other));
        const swapped = await this.#prover.prove(whole.changes, constraints, wanted);
        if (swapped && this.#prover.wrongIn(swapped, allowed).size === 0 && isBetter(swapped, best))
          best = swapped;
      }
    }
    return best;
  }

  /** The same lines, each that has an end held below it. */
  #heldBelow(
    open: Candidate,
    wanted: Stacks,
    names: ReadonlySet<string>,
    ends: ReadonlyMap<string, Version>,
  ): Promise<Candidate | undefined> {
    const edits = new LineEdits(this.#lines, this.#prover.options);
    for (const name of names) {
      const version = highest(wanted, name);
      const end = ends.get(name);
      if (version && end) edits.hold(name, version, end);
      else if (version) edits.take(name, version);
    }
    const constraints = open.constraints.map((one) => {
      const version = highest(wanted, one.name);
      const end = ends.get(one.name);
      return version && end ? { ...one, specifier: `>=${version.public},<${end.public}` } : one;
    });
    return this.#prover.prove(edits.changes, constraints, wanted);
  }

  /** What was held beside another thing may not have to be held once that is. */
  async #withoutSpare(whole: Candidate, wanted: Stacks, allowed: ReadonlySet<Key>): Promise<Candidate> {
    let best = whole;
    for (const one of [...whole.constraints, ...whole.changes]) {
      const constraints = best.constraints.filter((other) => other !== one);
      const changes = best.changes.filter((other) => other !== one);
      const fewer = await this.#prover.prove(changes, constraints, wanted);
      if (fewer && this.#prover.wrongIn(fewer, allowed).size === 0 && isBetter(fewer, best)) best = fewer;
    }
    return best;
  }

  /** Moves what need not move back to where it is, within what the question leaves open. */
  async #nearer(allowed: ReadonlySet<Key>, open: Question, found: Stacks): Promise<Stacks> {
    let best = found;
    const catalogues = this.#trials.without({ allowed });
    const held: Demand[] = [];
    const tryHolding = async (name: string, version: Version): Promise<boolean> => {
      const stacks = await this.#trials.solve(
        narrowed(open, [...held, lineFor(name, `==${version}`)]),
        catalogues,
      );
      // What is held may go away altogether, and others move in its place.
      if (!stacks || this.#prover.movesOf(stacks).length >= this.#prover.movesOf(best).length) return false;
      held.push(lineFor(name, `==${version}`));
      best = stacks;
      return true;
    };
    const moved = this.#prover.movesOf(found);
    if (moved.length < 2 || moved.length > MOST_COMBINED) return best;
    for (const { name } of moved) {
      const now = this.#trials.today.get(name);
      const still = highest(best, name);
      if (now && still && compareVersions(now, still) !== 0) await tryHolding(name, now);
    }
    return best;
  }
}
