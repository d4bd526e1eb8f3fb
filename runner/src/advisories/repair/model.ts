// What a repair is asked and what it answers: lines to change so that the fewest advisories are left.
import type {
  AdvisoryMatch,
  AdvisoryRecord,
  AdvisoryThreshold,
} from "../../../../shared/src/advisory/index.ts";
import type { Version } from "../../../../shared/src/packaging/version.ts";
import type {
  Demand,
  FilePolicy,
  KeptPin,
  Pin,
  Question,
  Reading,
  Resolution,
  SolveOptions,
  StackResolution,
  Target,
  Universe,
} from "../../resolve/index.ts";

/** What is known against a project, by its normalised name. */
export type AdvisoryLookup = (name: string) => readonly AdvisoryRecord[];

/** Answers one question in one universe. */
export type Search = (question: Question, options: SolveOptions) => Promise<Resolution | StackResolution>;

/** What was found of one release that a plan would take. */
export interface Vetted {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  /** Why it is not to be taken, in a few words: `publisher changed`. */
  readonly refused?: string | undefined;
  /** What a person is to know of it: where it is refused, why; where it is taken, all of the two below. */
  readonly notes: readonly string[];
  /** With which labels it passes, in words. */
  readonly passes?: readonly string[] | undefined;
  /** What could not be checked of it: rules, or in words where it is all of them. */
  readonly unchecked?: readonly string[] | undefined;
}

export interface RepairOptions {
  /** Every environment of the lock, each solved by itself: a plan holds for all of them. */
  readonly targets: readonly (Target | Reading)[];
  readonly policy?: FilePolicy;
  /** In place of `targets`: one stack for all that the lock is to hold for, whose pins say by markers where they are used. */
  readonly scope?: ((universe: Universe) => Search) | undefined;
  /** Looks at releases that a plan would take and that are not there today; one that it refuses is not taken. */
  readonly vet?: ((pins: readonly Pin[], today: readonly Pin[]) => Promise<readonly Vetted[]>) | undefined;
  /** Milliseconds since the epoch: what was withdrawn by then does not count. */
  readonly now: number;
  /** What a lock holds: the plan moves the lock too, so that a move of it alone changes no line. */
  readonly locked?: readonly KeptPin[] | undefined;
  /** An advisory that is not there yet may come in below this severity. By default none may. */
  readonly threshold?: AdvisoryThreshold | undefined;
  /** Releases below today's may be taken. */
  readonly allowDowngrade?: boolean | undefined;
  /** Lines that may be edited; all of them by default. */
  readonly mayEdit?: ((demand: Demand) => boolean) | undefined;
  /**
   * The specifier of a line that is raised to a release in a grammar of its own, `~1.2` for one, as PEP 440 has it; undefined where
   * that grammar has no better way than a range.
   */
  readonly raise?: ((demand: Demand, version: Version) => string | undefined) | undefined;
  /** Whether lines may be added that narrow what other releases bring in. By default they may. */
  readonly mayConstrain?: boolean | undefined;
  /** Searches at most; beyond, the plan is good and not shown to be the best. */
  readonly maxTrials?: number | undefined;
  readonly maxDecisions?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One thing known against one release of a stack. */
export interface Exposure {
  readonly name: string;
  readonly version: string;
  readonly match: AdvisoryMatch;
}

/** A line with another specifier. */
export interface LineChange {
  readonly demand: Demand;
  /** Normalised. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** The release that it is raised for. */
  readonly version: string;
}

/** A line that is added: it narrows what other releases bring in. */
export interface AddedConstraint {
  readonly name: string;
  readonly specifier: string;
  /** Who brings the project in. */
  readonly via: readonly string[];
}

export interface Move {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Changes that belong together, and what they clear. */
export interface Repair {
  readonly changes: readonly LineChange[];
  readonly constraints: readonly AddedConstraint[];
  readonly fixed: readonly Exposure[];
  /** What moves with these changes alone, and the stack of each environment that was shown to come of them. */
  readonly moved: readonly Move[];
  readonly stacks: readonly (readonly Pin[])[];
}

export interface Remaining extends Exposure {
  /** What is in the way, in a sentence. */
  readonly reason: string;
}

export type RepairPlan =
  | {
      readonly kind: "planned";
      /** What is known against the stack as it is. */
      readonly before: readonly Exposure[];
      /** Independent of one another; together they are the plan. Empty: nothing helps, or nothing is wrong. */
      readonly repairs: readonly Repair[];
      readonly changes: readonly LineChange[];
      readonly constraints: readonly AddedConstraint[];
      readonly moved: readonly Move[];
      readonly left: readonly Remaining[];
      /** The proven stack of each environment, and the one of before. */
      readonly stacks: readonly (readonly Pin[])[];
      readonly today: readonly (readonly Pin[])[];
      /** What was looked at: releases that were passed over, and what is to be said of those that are taken. */
      readonly vetted: readonly Vetted[];
      /** False where the search was cut short: the plan is proven, and a better one may exist. */
      readonly exact: boolean;
    }
  /** The stack as it is does not resolve, or an index could not be asked: nothing can be planned on it. */
  | { readonly kind: "unresolved"; readonly reason: string };
