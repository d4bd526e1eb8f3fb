// The partial solution of PubGrub: what is decided, what follows from it, and at which decision level each was learnt.
import type { Incompatibility } from "./model.ts";
import {
  admitsAbsence,
  complement,
  hasVersion,
  intersection,
  isDisjoint,
  isSubset,
  type States,
} from "./states.ts";

/** One thing learnt of a package: after it, the package is in one of the states `known`. */
interface Derivation {
  readonly order: number;
  readonly level: number;
  /** The incompatibility that it follows from. */
  readonly cause: number;
  readonly known: States;
}

interface Assignment {
  readonly derivations: Derivation[];
  /** What is known now, the decision included. */
  known: States;
  /** The decided version, -1 while there is none. */
  decided: number;
  decidedOrder: number;
  decidedLevel: number;
}

/** What made a term true: a derivation with its cause, or the decision, whose cause is -1. */
export interface Satisfier {
  readonly package: number;
  readonly cause: number;
  readonly order: number;
  readonly level: number;
}

/** Whether the partial solution makes an incompatibility true, false, nearly true (one term open), or neither. */
export const Relation = { satisfied: -1, contradicted: -2, open: -3 } as const;

export class PartialSolution {
  level = 0;
  readonly #all: readonly States[];
  readonly #assignments: (Assignment | undefined)[] = [];
  /** Packages in the order of their decisions: the first is decided at level 1. */
  readonly #decisions: number[] = [];
  /** Packages that have to be selected and are not decided. */
  readonly #undecided = new Set<number>();
  #order = 0;

  /** @param all every state of each package, which grows as packages are added. */
  constructor(all: readonly States[]) {
    this.#all = all;
  }

  /** The same solution, to be gone on with apart. @param all as for the constructor. */
  copy(all: readonly States[]): PartialSolution {
    const copy = new PartialSolution(all);
    for (const [package_, assignment] of this.#assignments.entries()) {
      if (assignment === undefined) continue;
      copy.#assignments[package_] = { ...assignment, derivations: [...assignment.derivations] };
    }
    copy.#decisions.push(...this.#decisions);
    for (const package_ of this.#undecided) copy.#undecided.add(package_);
    copy.#order = this.#order;
    copy.level = this.level;
    return copy;
  }

  /** What is known of a package. */
  known(package_: number): States {
    return this.#assignments[package_]?.known ?? this.#all[package_]!;
  }

  /** The version that is decided, or undefined. */
  decided(package_: number): number | undefined {
    const version = this.#assignments[package_]?.decided ?? -1;
    return version < 0 ? undefined : version;
  }

  undecided(): Iterable<number> {
    return this.#undecided;
  }

  /** Packages that are decided, with their versions. */
  versions(): Map<number, number> {
    return new Map(this.#decisions.map((package_) => [package_, this.#assignments[package_]!.decided]));
  }

  decide(package_: number, version: number, states: States): void {
    const assignment = this.#assignmentOf(package_);
    this.level++;
    assignment.decided = version;
    assignment.decidedOrder = this.#order++;
    assignment.decidedLevel = this.level;
    assignment.known = states;
    this.#undecided.delete(package_);
    this.#decisions.push(package_);
  }

  /** Learns that the term of an incompatibility whose other terms are true is false. */
  derive(package_: number, cause: number, term: States): void {
    const assignment = this.#assignmentOf(package_);
    const known = intersection(assignment.known, complement(term, this.#all[package_]!));
    assignment.known = known;
    assignment.derivations.push({ order: this.#order++, level: this.level, cause, known });
    if (!admitsAbsence(known)) this.#undecided.add(package_);
  }

  #assignmentOf(package_: number): Assignment {
    let assignment = this.#assignments[package_];
    if (assignment === undefined) {
      assignment = {
        derivations: [],
        known: this.#all[package_]!,
        decided: -1,
        decidedOrder: -1,
        decidedLevel: -1,
      };
      this.#assignments[package_] = assignment;
    }
    return assignment;
  }

  /** A value of `Relation`, or the place of the one term that is open while all others are true. */
  relate(incompatibility: Incompatibility<unknown>): number {
    const { packages, terms } = incompatibility;
    let open: number = Relation.satisfied;
    for (let place = 0; place < packages.length; place++) {
      const known = this.known(packages[place]!);
      const term = terms[place]!;
      if (isSubset(known, term)) continue;
      if (isDisjoint(known, term)) return Relation.contradicted;
      open = open === Relation.satisfied ? place : Relation.open;
    }
    return open;
  }

  /** Whether the incompatibility would hold if that version were decided. */
  wouldSatisfy(incompatibility: Incompatibility<unknown>, package_: number, version: number): boolean {
    const { packages, terms } = incompatibility;
    return packages.every((other, place) =>
      other === package_ ? hasVersion(terms[place]!, version) : isSubset(this.known(other), terms[place]!),
    );
  }

  /** Goes back to a decision level: what was learnt after it is forgotten. */
  backtrack(level: number): void {
    while (this.#decisions.length > level) {
      const package_ = this.#decisions.pop()!;
      this.#assignments[package_]!.decided = -1;
    }
    this.level = level;
    for (let package_ = 0; package_ < this.#assignments.length; package_++) {
      const assignment = this.#assignments[package_];
      if (assignment === undefined || assignment.decided >= 0) continue;
      const { derivations } = assignment;
      let length = derivations.length;
      while (length > 0 && derivations[length - 1]!.level > level) length--;
      derivations.length = length;
      const known = length === 0 ? this.#all[package_]! : derivations[length - 1]!.known;
      assignment.known = known;
      if (length === 0 || admitsAbsence(known)) this.#undecided.delete(package_);
      else this.#undecided.add(package_);
    }
  }

  /** The level just before a package was decided; undefined if it is not. */
  levelBefore(package_: number): number | undefined {
    const assignment = this.#assignments[package_];
    return assignment === undefined || assignment.decided < 0 ? undefined : assignment.decidedLevel - 1;
  }

  /**
   * The earliest assignment after which a true incompatibility was true, and the level of the one before which that left it
   * to: the search can go back there. Level 1 is that of the root, which stays.
   */
  findSatisfier(incompatibility: Incompatibility<unknown>, causes: TermOf): [Satisfier, number] {
    const { packages, terms } = incompatibility;
    const satisfiers = packages.map((package_, place) => this.#satisfierOf(package_, terms[place]!));
    let last = 0;
    for (let place = 1; place < satisfiers.length; place++) {
      if (satisfiers[place]!.order > satisfiers[last]!.order) last = place;
    }
    const satisfier = satisfiers[last]!;
    const { package: package_ } = satisfier;
    const alone =
      satisfier.cause < 0
        ? this.known(package_)
        : complement(causes(satisfier.cause, package_), this.#all[package_]!);
    // Together with what the satisfier itself says, less had to be known of its package before.
    const needed = complement(
      intersection(alone, complement(terms[last]!, this.#all[package_]!)),
      this.#all[package_]!,
    );
    satisfiers[last] = this.#satisfierOf(package_, needed);
    let previous = 1;
    let order = -1;
    for (const one of satisfiers) {
      if (one.order <= order) continue;
      order = one.order;
      previous = Math.max(1, one.level);
    }
    return [satisfier, previous];
  }

  #satisfierOf(package_: number, term: States): Satisfier {
    const assignment = this.#assignments[package_];
    if (assignment === undefined) return { package: package_, cause: -1, order: -1, level: 0 };
    const { derivations } = assignment;
    let low = 0;
    let high = derivations.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isSubset(derivations[middle]!.known, term)) high = middle;
      else low = middle + 1;
    }
    const found = derivations[low];
    if (found) return { package: package_, cause: found.cause, order: found.order, level: found.level };
    return {
      package: package_,
      cause: -1,
      order: assignment.decidedOrder,
      level: assignment.decidedLevel,
    };
  }
}

/** The term that an incompatibility has of a package. */
export type TermOf = (incompatibility: number, package_: number) => States;
