// PubGrub (Weizenbaum 2018), as pubgrub-rs and uv run it: unit propagation, conflict resolution with backjumping, decisions by
// the provider. Knows packages and versions as numbers and nothing of what they stand for.
import {
  type Cause,
  type Counters,
  type Dependency,
  type Incompatibility,
  type Outcome,
  type Provider,
  type Registry,
  ROOT,
  type SolveOptions,
} from "./model.ts";
import { PartialSolution, Relation } from "./partialSolution.ts";
import {
  addVersion,
  allStates,
  areEqual,
  complement,
  hasVersion,
  intersection,
  isEmpty,
  oneVersion,
  type States,
  union,
} from "./states.ts";

/** How long the search runs before it lets others run, milliseconds. Cancelling is noticed then. */
const SLICE = 25;
/** Decisions between two looks at the clock, which a decision may be cheaper than. */
const LOOKS = 16;

export class Solver<Reason> implements Registry<Reason> {
  /** Every incompatibility ever known, by number: the derivation of a failure is read from it. */
  readonly incompatibilities: Incompatibility<Reason>[] = [];
  readonly #all: States[] = [];
  readonly #counts: number[] = [];
  /** For each package, the incompatibilities in play that speak of it, oldest first. */
  readonly #byPackage: number[][] = [];
  /** For each incompatibility, the decision level since which it is known to be false; 0 while it is not. */
  readonly #contradictedSince: number[] = [];
  /** The contradicted ones in the order of their levels, so that going back touches only what it undoes. */
  readonly #contradicted: number[] = [];
  /** For each dependant and what it needs, the incompatibility that holds all its versions which ask for the same. */
  readonly #merged: Map<number, Map<States, number>>[] = [];
  #partial = new PartialSolution(this.#all);
  #provider!: Provider<Reason>;
  #hasBegun = false;
  #hasBacktracked = false;
  #decisions = 0;
  #conflicts = 0;

  constructor() {
    this.addPackage(1);
    this.#add([ROOT], [complement(oneVersion(1, 0), this.#all[ROOT]!)], { kind: "root" });
  }

  /**
   * Everything that is known so far, to be gone on with apart: what the one then learns is unknown to the other. Asked for when the
   * provider has thrown to part the question; `solve` then goes on.
   */
  copy(): Solver<Reason> {
    const copy = new Solver<Reason>();
    copyInto(copy.incompatibilities, this.incompatibilities);
    copyInto(copy.#all, this.#all);
    copyInto(copy.#counts, this.#counts);
    copyInto(
      copy.#byPackage,
      this.#byPackage.map((list) => list.slice()),
    );
    copyInto(copy.#contradictedSince, this.#contradictedSince);
    copyInto(copy.#contradicted, this.#contradicted);
    copyInto(
      copy.#merged,
      this.#merged.map((merged) => new Map([...merged].map(([package_, ids]) => [package_, new Map(ids)]))),
    );
    copy.#partial = this.#partial.copy(copy.#all);
    copy.#hasBegun = this.#hasBegun;
    copy.#hasBacktracked = this.#hasBacktracked;
    copy.#decisions = this.#decisions;
    copy.#conflicts = this.#conflicts;
    return copy;
  }

  addPackage(versions: number): number {
    const package_ = this.#all.length;
    this.#all.push(allStates(versions));
    this.#counts.push(versions);
    this.#byPackage.push([]);
    this.#merged.push(new Map());
    return package_;
  }

  forbid(package_: number, states: States, reason: Reason): void {
    if (!isEmpty(states)) this.#add([package_], [states], { kind: "forbidden", reason });
  }

  /**
   * Searches until it is solved, shown to be impossible, or out of budget. After the provider threw, it may be asked again and
   * goes on where it was.
   * @param first what is tried before anything else, at that version or at the one that the provider chooses.
   * @throws what `signal` was aborted with, and what the provider throws.
   */
  async solve(
    provider: Provider<Reason>,
    options: SolveOptions = {},
    first?: { readonly package: number; readonly version?: number | undefined },
  ): Promise<Outcome> {
    this.#provider = provider;
    const { signal, maxDecisions = Number.POSITIVE_INFINITY } = options;
    let sliceEnd = milliseconds() + SLICE;
    let next = first?.package ?? ROOT;
    if (first) {
      this.#hasBegun = true;
      const waiting = this.#tryVersion(first.package, first.version);
      if (waiting) await waiting;
    }
    for (let turn = 0; ; turn++) {
      signal?.throwIfAborted();
      const impossible = this.#propagate(next);
      if (impossible !== undefined) {
        return { kind: "impossible", incompatibility: impossible, counters: this.counters };
      }
      for (const package_ of provider.takeBackjumps()) this.#goBackBefore(package_);
      const undecided = this.#partial.undecided();
      if (this.#hasBegun && (undecided as Set<number>).size === 0) {
        return { kind: "solved", versions: this.#partial.versions(), counters: this.counters };
      }
      if (this.#decisions >= maxDecisions) {
        return { kind: "undecided", versions: this.#partial.versions(), counters: this.counters };
      }
      if (turn % LOOKS === 0 && milliseconds() > sliceEnd) {
        await new Promise((resume) => setImmediate(resume));
        sliceEnd = milliseconds() + SLICE;
      }
      next = this.#hasBegun ? provider.pick(undecided) : ROOT;
      this.#hasBegun = true;
      const waiting = this.#tryVersion(next);
      if (waiting) await waiting;
    }
  }

  /** What the search has cost so far. */
  get counters(): Counters {
    return { decisions: this.#decisions, conflicts: this.#conflicts };
  }

  /** Decides a package, or learns why the version that was chosen cannot be. Gives a promise if that has to be waited for. */
  #tryVersion(package_: number, given?: number): Promise<void> | undefined {
    const partial = this.#partial;
    const version =
      package_ === ROOT
        ? 0
        : (given ??
          this.#provider.choose(package_, partial.known(package_), (other) => partial.decided(other)));
    if (version === undefined) return undefined;
    this.#decisions++;
    const needs = this.#provider.needs(package_, version);
    const take = (found: Awaited<typeof needs>): void => {
      if ("unusable" in found) {
        const { unusable: reason } = found;
        this.#add([package_], [this.#one(package_, version)], { kind: "unusable", reason });
      } else this.#decide(package_, version, found.dependencies);
    };
    if (needs instanceof Promise) return needs.then(take);
    take(needs);
    return undefined;
  }

  #one(package_: number, version: number): States {
    return oneVersion(this.#counts[package_]!, version);
  }

  #decide(package_: number, version: number, dependencies: readonly Dependency<Reason>[]): void {
    const added: number[] = [];
    for (let place = 0; place < dependencies.length; place++) {
      added.push(this.#addDependency(package_, version, dependencies[place]!));
    }
    // Before anything went wrong this would find nothing, and propagation would find it as well.
    const clash = this.#hasBacktracked
      ? added.find((id) => this.#partial.wouldSatisfy(this.incompatibilities[id]!, package_, version))
      : undefined;
    if (clash === undefined) this.#partial.decide(package_, version, this.#one(package_, version));
    else this.#tell(package_, clash);
  }

  #tell(affected: number, id: number): void {
    this.#conflicts++;
    this.#provider.conflicted(
      affected,
      this.incompatibilities[id]!.packages.filter((package_) => package_ !== affected),
    );
  }

  #addDependency(dependant: number, version: number, dependency: Dependency<Reason>): number {
    const { package: package_, allowed, reason } = dependency;
    let merged = this.#merged[dependant]!.get(package_);
    if (merged === undefined) {
      merged = new Map();
      this.#merged[dependant]!.set(package_, merged);
    }
    const before = merged.get(allowed);
    if (before !== undefined) {
      const old = this.incompatibilities[before]!;
      if (hasVersion(old.terms[0]!, version)) return before;
      const versions = old.terms[0]!.slice();
      addVersion(versions, version);
      const [, needed] = old.terms;
      this.#remove(dependant, before);
      if (needed !== undefined) this.#remove(package_, before);
      const terms = needed === undefined ? [versions] : [versions, needed];
      const id = this.#add(old.packages, terms, old.cause);
      merged.set(allowed, id);
      return id;
    }
    const cause: Cause<Reason> = { kind: "dependency", dependant, dependency: package_, allowed, reason };
    const versions = this.#one(dependant, version);
    // Of a package without a version that fits, every state is wrong: that says nothing of it and all of its dependant.
    const id =
      dependant === package_
        ? this.#add([dependant], [intersection(versions, complement(allowed, this.#all[package_]!))], cause)
        : isEmpty(allowed)
          ? this.#add([dependant], [versions], cause)
          : this.#add([dependant, package_], [versions, complement(allowed, this.#all[package_]!)], cause);
    if (dependant !== package_) merged.set(allowed, id);
    return id;
  }

  #remove(package_: number, id: number): void {
    const list = this.#byPackage[package_]!;
    const place = list.lastIndexOf(id);
    if (place >= 0) list.splice(place, 1);
  }

  #store(packages: readonly number[], terms: readonly States[], cause: Cause<Reason>): number {
    const id = this.incompatibilities.length;
    this.incompatibilities.push({ packages, terms, cause });
    this.#contradictedSince.push(0);
    return id;
  }

  /** Stores an incompatibility and puts it into play. */
  #add(packages: readonly number[], terms: readonly States[], cause: Cause<Reason>): number {
    const id = this.#store(packages, terms, cause);
    for (let place = 0; place < packages.length; place++) this.#byPackage[packages[place]!]!.push(id);
    return id;
  }

  #markContradicted(id: number): void {
    // Before the root is decided nothing is undone, so those need no mark that could be.
    this.#contradictedSince[id] = Math.max(1, this.#partial.level);
    this.#contradicted.push(id);
  }

  /** Draws every conclusion that follows from what is known of a package; gives the incompatibility that ends the search. */
  #propagate(start: number): number | undefined {
    const changed = [start];
    for (let package_ = changed.pop(); package_ !== undefined; package_ = changed.pop()) {
      const conflict = this.#propagateOne(package_, changed);
      if (conflict === undefined) continue;
      const resolved = this.#resolveConflict(conflict);
      if (resolved.impossible) return resolved.id;
      const { id, package: almost } = resolved;
      changed.length = 0;
      changed.push(almost);
      this.#deriveFrom(id, this.incompatibilities[id]!.packages.indexOf(almost));
    }
    return undefined;
  }

  #deriveFrom(id: number, place: number): void {
    const { packages, terms } = this.incompatibilities[id]!;
    this.#partial.derive(packages[place]!, id, terms[place]!);
    this.#markContradicted(id);
  }

  /** Looks at the incompatibilities of one package, newest first, and gives the first that is satisfied. */
  #propagateOne(package_: number, changed: number[]): number | undefined {
    const list = this.#byPackage[package_]!;
    for (let place = list.length - 1; place >= 0; place--) {
      const id = list[place]!;
      if (this.#contradictedSince[id] !== 0) continue;
      const incompatibility = this.incompatibilities[id]!;
      const relation = this.#partial.relate(incompatibility);
      if (relation === Relation.satisfied) return id;
      if (relation === Relation.contradicted) this.#markContradicted(id);
      else if (relation >= 0) {
        const almost = incompatibility.packages[relation]!;
        if (!changed.includes(almost)) changed.push(almost);
        this.#deriveFrom(id, relation);
      }
    }
    return undefined;
  }

  /** Works out why an incompatibility became true, goes back before that, and gives what was learnt. */
  #resolveConflict(conflict: number): { id: number; package: number; impossible: boolean } {
    let id = conflict;
    for (;;) {
      const incompatibility = this.incompatibilities[id]!;
      const { packages } = incompatibility;
      if (packages.length === 0 || (packages.length === 1 && packages[0] === ROOT)) {
        return { id, package: ROOT, impossible: true };
      }
      const [satisfier, previous] = this.#partial.findSatisfier(incompatibility, (cause, package_) =>
        this.#termOf(cause, package_),
      );
      const { package: package_, cause, level } = satisfier;
      if (previous < level || cause < 0) {
        this.#tell(package_, id);
        this.#backtrack(previous);
        if (id !== conflict) {
          for (const one of packages) this.#byPackage[one]!.push(id);
        }
        return { id, package: package_, impossible: false };
      }
      id = this.#derive(id, cause, package_);
      this.#tell(package_, id);
    }
  }

  #termOf(id: number, package_: number): States {
    const { packages, terms } = this.incompatibilities[id]!;
    return terms[packages.indexOf(package_)]!;
  }

  /** The rule of resolution: what cannot be if two incompatibilities cannot, without the package that tied them. */
  #derive(left: number, right: number, pivot: number): number {
    const a = this.incompatibilities[left]!;
    const b = this.incompatibilities[right]!;
    const packages: number[] = [];
    const terms: States[] = [];
    for (let place = 0; place < a.packages.length; place++) {
      const package_ = a.packages[place]!;
      const term = a.terms[place]!;
      const other = b.packages.indexOf(package_);
      let combined = term;
      if (package_ === pivot) combined = union(term, b.terms[other]!);
      else if (other >= 0) combined = intersection(term, b.terms[other]!);
      if (package_ === pivot && areEqual(combined, this.#all[package_]!)) continue;
      packages.push(package_);
      terms.push(combined);
    }
    for (let place = 0; place < b.packages.length; place++) {
      const package_ = b.packages[place]!;
      if (a.packages.includes(package_)) continue;
      packages.push(package_);
      terms.push(b.terms[place]!);
    }
    return this.#store(packages, terms, { kind: "derived", left, right });
  }

  #backtrack(level: number): void {
    this.#hasBacktracked = true;
    this.#partial.backtrack(level);
    const contradicted = this.#contradicted;
    while (contradicted.length > 0) {
      const id = contradicted[contradicted.length - 1]!;
      if (this.#contradictedSince[id]! <= level) break;
      this.#contradictedSince[id] = 0;
      contradicted.pop();
    }
  }

  #goBackBefore(package_: number): void {
    const level = this.#partial.levelBefore(package_);
    if (level !== undefined && level >= 1) this.#backtrack(level);
  }
}

/** Of a clock that only goes forward. Not that of `performance`, which takes four milliseconds to load when first asked. */
export function milliseconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function copyInto<T>(target: T[], source: readonly T[]): void {
  target.length = 0;
  for (const one of source) target.push(one);
}
