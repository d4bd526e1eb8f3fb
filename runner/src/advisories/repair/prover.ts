// Shows what comes of changed lines by resolving them as the person's tools would, and says what is wrong with it.
import type { Demand, KeptPin, Question } from "../../resolve/index.ts";
import { type Candidate, has, isBelow, versionsByName } from "./candidate.ts";
import type { AddedConstraint, LineChange, Move, RepairOptions } from "./model.ts";
import { type Key, keptOf, type Stacks, type Trials } from "./search.ts";
import { lineFor, withSpecifier } from "./specifiers.ts";

export class Prover {
  readonly trials: Trials;
  readonly options: RepairOptions;
  /** The stack of each environment as it is. */
  readonly today: Stacks;
  readonly #question: Question;

  constructor(trials: Trials, question: Question, today: Stacks, options: RepairOptions) {
    this.trials = trials;
    this.today = today;
    this.options = options;
    this.#question = question;
  }

  /** Applies changes to the lines and resolves as the person's tools would; undefined where that gives no stack. */
  async prove(
    changes: readonly LineChange[],
    constraints: readonly AddedConstraint[],
    wanted?: Stacks,
    kept: readonly KeptPin[] | undefined = wanted && keptOf(wanted),
  ): Promise<Candidate | undefined> {
    const edited = new Map(changes.map((change) => [change.demand, withSpecifier(change.demand, change.to)]));
    const edit = (demand: Demand): Demand => edited.get(demand) ?? demand;
    const added = constraints.map(({ name, specifier }) => lineFor(name, specifier));
    const locked = this.options.locked;
    const question: Question = {
      ...this.#question,
      requirements: this.#question.requirements.map(edit),
      constraints: [...(this.#question.constraints ?? []).map(edit), ...added],
      kept: locked && (kept ?? locked),
    };
    const stacks = await this.trials.solve(question, this.trials.plain());
    if (!stacks) return undefined;
    return {
      changes,
      constraints,
      stacks,
      exposures: this.trials.exposuresOf(stacks),
      moved: this.movesOf(stacks),
    };
  }

  /** Which packages have another version than today, over all environments. */
  movesOf(stacks: Stacks): Move[] {
    const moves = new Map<string, Move>();
    stacks.forEach((stack, at) => {
      const today = versionsByName(this.today[at] ?? []);
      for (const [name, versions] of versionsByName(stack)) {
        const before = today.get(name);
        if (!before) continue;
        // One project may have several releases in one stack, each by its marker: what went and what came are told in pairs.
        const gone = before.filter((one) => !has(versions, one));
        versions
          .filter((one) => !has(before, one))
          .forEach((version, place) => {
            const from = gone[place] ?? gone.at(-1) ?? before.at(-1)!;
            moves.set(`${name} ${from} ${version}`, { name, from: from.toString(), to: version.toString() });
          });
      }
    });
    return [...moves.values()];
  }

  /** Projects of which the stack has another release than was meant: one with an advisory, one refused, or one below today's. */
  wrongIn({ exposures, moved, stacks }: Candidate, allowed: ReadonlySet<Key>): Set<string> {
    const wrong = this.trials.refusedIn(stacks);
    for (const [key, exposure] of exposures) {
      const isNew = !this.trials.present.has(key);
      if (!allowed.has(key) && !(isNew && this.trials.mayComeIn(exposure))) wrong.add(exposure.name);
    }
    if (this.options.allowDowngrade) return wrong;
    for (const { name, from, to } of moved) if (isBelow(to, from)) wrong.add(name);
    return wrong;
  }

  /** Whether nothing comes in that is refused, or known against what is there then and not today. */
  bringsNothing({ exposures, stacks }: Candidate): boolean {
    if (this.trials.refusedIn(stacks).size > 0) return false;
    return [...exposures].every(([key, one]) => this.trials.present.has(key) || this.trials.mayComeIn(one));
  }
}
