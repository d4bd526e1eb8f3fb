// Resolving for several environments at once, as uv does: one search, parted where one release will not do for all of them.
import { ALWAYS, type MarkerSet } from "../../../../shared/src/packaging/markerDiagram.ts";
import type { Counters, SolveOptions } from "../core/model.ts";
import { milliseconds, Solver } from "../core/solver.ts";
import { Catalogue } from "../python/catalogue.ts";
import type { FilePolicy, Question, Reason, Universe } from "../python/model.ts";
import { IndexRefused, SourceFound } from "../python/provider.ts";
import type { StackPart, StackResolution, StackScope } from "./model.ts";
import { narrowPart, type Part, Parting } from "./part.ts";
import { Preferences } from "./preferences.ts";
import { linesOf, PartProvider, type Shared, type SourceThere, sourcesOfLines } from "./provider.ts";
import { ScopeReading } from "./reading.ts";
import { type SolvedPart, StackGraph } from "./stack.ts";

/** Projects and metadata for stacks of one scope, kept for as many searches as are made for it. */
export interface ScopeCatalogue {
  readonly catalogue: Catalogue;
  readonly reading: ScopeReading;
}

/** Makes what `resolveUniversal` searches in. */
export function createScopeCatalogue(
  universe: Universe,
  scope: StackScope,
  policy: FilePolicy = {},
): ScopeCatalogue {
  const reading = new ScopeReading(scope, policy);
  return { catalogue: new Catalogue(universe, reading, policy), reading };
}

/** How long parts are searched before others may run, milliseconds. */
const SLICE = 25;

/** A part that is still to be solved. */
interface Open {
  readonly solver: Solver<Reason>;
  readonly provider: PartProvider;
  readonly first?: { readonly package: number; readonly version?: number | undefined };
}

/**
 * Resolves a question for everything in a scope. The same question gives the same answer, however its metadata arrives.
 * @throws what `options.signal` was aborted with.
 */
export async function resolveUniversal(
  { catalogue, reading }: ScopeCatalogue,
  question: Question,
  options: SolveOptions = {},
): Promise<StackResolution> {
  const sources = sourcesOfLines(reading, question);
  for (;;) {
    const preferences = new Preferences();
    for (const [name, version] of question.preferences ?? []) {
      preferences.add(name, { version, where: ALWAYS, isKept: true });
    }
    for (const { name, version, marker } of question.kept ?? []) {
      preferences.add(name, { version, where: reading.diagram.of(marker), isKept: true });
    }
    const lines = linesOf(reading, question);
    const shared = { catalogue, reading, question, preferences, sources, lines, askedBy: new Map() };
    const search = new StackSearch(shared, options);
    try {
      return await search.run();
    } catch (error) {
      if (error instanceof IndexRefused) {
        return { kind: "stopped", project: error.project, failure: error.failure };
      }
      if (!(error instanceof SourceFound)) throw error;
      const there: SourceThere = { url: error.url, where: search.where };
      sources.set(error.project, [...(sources.get(error.project) ?? []), there]);
    }
  }
}

class StackSearch {
  readonly #shared: Shared;
  readonly #options: SolveOptions;
  readonly #solved: SolvedPart[] = [];
  readonly #open: Open[] = [];
  #cost: Counters = { decisions: 0, conflicts: 0 };
  /** Of the part that is being solved. */
  where: MarkerSet = ALWAYS;

  constructor(shared: Shared, options: SolveOptions) {
    this.#shared = shared;
    this.#options = options;
  }

  async run(): Promise<StackResolution> {
    this.#open.push(...this.#begin());
    let sliceEnd = milliseconds() + SLICE;
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      const ended = await this.#solve(next);
      if (ended) return ended;
      // Each part begins its own slice, and many parts may come to their end before it does.
      if (milliseconds() <= sliceEnd) continue;
      await new Promise((resume) => setImmediate(resume));
      sliceEnd = milliseconds() + SLICE;
    }
    const graph = new StackGraph(this.#shared, this.#solved);
    return {
      kind: "solved",
      pins: graph.pins(),
      roots: graph.roots(),
      parts: this.#solved.map(({ part }) => this.#tell(part)),
      requiresPython: this.#shared.reading.scope.requiresPython,
      counters: this.#cost,
    };
  }

  /** The parts that the scope names, so that the first is solved first among those of one Python. */
  #begin(): Open[] {
    const { reading, question } = this.#shared;
    const { diagram, scope, pythons } = reading;
    const whole = { where: ALWAYS, pythons };
    const named = (scope.environments ?? []).map((marker) => narrowPart(diagram, whole, diagram.of(marker)));
    const isOldestFirst = scope.forkStrategy === "fewest" || question.resolution === "lowest";
    const sign = isOldestFirst ? -1 : 1;
    const lowOf = ({ where }: Part): number => diagram.pythons(where)?.low ?? 0;
    const parts = named.length === 0 ? [whole] : named.reverse().sort((a, b) => sign * (lowOf(a) - lowOf(b)));
    return parts.map((part) => {
      const solver = new Solver<Reason>();
      return { solver, provider: new PartProvider(solver, this.#shared, part) };
    });
  }

  /** Solves one part, or parts it; gives what ends the whole. */
  async #solve({ solver, provider, first }: Open): Promise<StackResolution | undefined> {
    const { part } = provider;
    this.where = part.where;
    const { signal, maxDecisions } = this.#options;
    const most = maxDecisions === undefined ? undefined : maxDecisions - this.#cost.decisions;
    const before = solver.counters;
    try {
      const outcome = await solver.solve(
        provider,
        { signal, maxDecisions: most === undefined ? undefined : before.decisions + most },
        first,
      );
      const counters = this.#count(before, outcome.counters);
      if (outcome.kind === "solved") {
        this.#keep({ part, provider, versions: outcome.versions });
        return undefined;
      }
      const told = this.#tell(part);
      const where = told.marker === undefined ? {} : { part: told };
      if (outcome.kind === "impossible") {
        return {
          kind: "impossible",
          failure: { solver, provider, root: outcome.incompatibility },
          ...where,
          counters,
        };
      }
      return { kind: "undecided", counters, soFar: soFar(provider, outcome.versions), ...where };
    } catch (error) {
      if (!(error instanceof Parting)) throw error;
      this.#count(before, solver.counters);
      for (const { where, version } of error.parts) {
        const copy = solver.copy();
        const narrowed = provider.narrow(copy, where);
        this.#open.push({ solver: copy, provider: narrowed, first: { package: error.package, version } });
      }
      return undefined;
    }
  }

  /** Adds what one search has cost, and gives what all have. */
  #count(before: Counters, after: Counters): Counters {
    this.#cost = {
      decisions: this.#cost.decisions + after.decisions - before.decisions,
      conflicts: this.#cost.conflicts + after.conflicts - before.conflicts,
    };
    return this.#cost;
  }

  /** What one part came to is preferred in those that follow, unless what is direct in one may not be so in another. */
  #keep(solved: SolvedPart): void {
    this.#solved.push(solved);
    const { preferences, question } = this.#shared;
    if (question.resolution === "lowest-direct") return;
    for (const { name, version } of soFar(solved.provider, solved.versions)) {
      preferences.add(name, { version, where: solved.part.where, isKept: false });
    }
  }

  #tell({ where }: Part): StackPart {
    const { diagram, pythons } = this.#shared.reading;
    const marker = diagram.toMarker(where, diagram.pythonsIn(pythons));
    return marker === undefined ? {} : { marker };
  }
}

function soFar(provider: PartProvider, versions: ReadonlyMap<number, number>) {
  return [...versions].flatMap(([package_, place]) => {
    const one = provider.packages[package_];
    if (one === undefined || one.extra !== undefined) return [];
    return [{ name: one.project.name, version: one.project.versions[place]! }];
  });
}
