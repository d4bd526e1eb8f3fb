// What the core and its provider say to each other. Packages and versions are numbers that the core gives out; reasons are
// the provider's own and are handed back unread.
import type { States } from "./states.ts";

/** The package that stands for what was asked: it has one version, and that is selected first. */
export const ROOT = 0;

/** One thing that a version needs: the package selected in one of the states `allowed`. */
export interface Dependency<Reason> {
  readonly package: number;
  /** Without "not selected". Equal sets of one package have to be the same object: by that dependencies are merged. */
  readonly allowed: States;
  readonly reason: Reason;
}

/** What a version needs, or why it cannot be used after all. */
export type Needs<Reason> =
  | { readonly dependencies: readonly Dependency<Reason>[] }
  | { readonly unusable: Reason };

/** Where the packages are registered, before or while their dependants are read. */
export interface Registry<Reason> {
  /** Makes a package with so many versions; they count from 0. */
  addPackage(versions: number): number;
  /** Says once and for all that these states of a package cannot be. */
  forbid(package_: number, states: States, reason: Reason): void;
}

/** What is not the core's business: the order of decisions, the choice of versions, and what versions need. */
export interface Provider<Reason> {
  /** Which of the packages that are needed and not decided is decided next. */
  pick(undecided: Iterable<number>): number;
  /**
   * Which version is tried first; `allowed` holds at least one and not "not selected". `decided` tells what others are at.
   * Undefined after something of the package was forbidden that was not before: what follows from it is drawn first.
   */
  choose(
    package_: number,
    allowed: States,
    decided: (package_: number) => number | undefined,
  ): number | undefined;
  /** What the version needs. A promise is awaited, a value used at once. */
  needs(package_: number, version: number): Needs<Reason> | Promise<Needs<Reason>>;
  /** Is told of every conflict: the package that had to give way, and those that it clashed with. */
  conflicted(affected: number, culprits: readonly number[]): void;
  /** Packages before whose decision the search is to go back, asked for after each propagation. */
  takeBackjumps(): readonly number[];
}

/** Where an incompatibility comes from. */
export type Cause<Reason> =
  | { readonly kind: "root" }
  | { readonly kind: "forbidden"; readonly reason: Reason }
  | { readonly kind: "unusable"; readonly reason: Reason }
  | {
      readonly kind: "dependency";
      readonly dependant: number;
      readonly dependency: number;
      /** What the dependants ask for. */
      readonly allowed: States;
      readonly reason: Reason;
    }
  | { readonly kind: "derived"; readonly left: number; readonly right: number };

/** States that cannot hold all at once. */
export interface Incompatibility<Reason> {
  readonly packages: readonly number[];
  /** One set for each of `packages`, in the same order. */
  readonly terms: readonly States[];
  readonly cause: Cause<Reason>;
}

export interface Counters {
  /** Versions that were tried. */
  readonly decisions: number;
  readonly conflicts: number;
}

export type Outcome =
  | { readonly kind: "solved"; readonly versions: ReadonlyMap<number, number>; readonly counters: Counters }
  | {
      readonly kind: "impossible";
      /** The incompatibility that says so: start of the derivation. */
      readonly incompatibility: number;
      readonly counters: Counters;
    }
  | {
      readonly kind: "undecided";
      /** What is selected so far. */
      readonly versions: ReadonlyMap<number, number>;
      readonly counters: Counters;
    };

export interface SolveOptions {
  /** Rejects with its reason within 100 ms of aborting. */
  readonly signal?: AbortSignal | undefined;
  /** How many versions may be tried before the search ends undecided. */
  readonly maxDecisions?: number | undefined;
}
