// Resolving: from requirements and a target to one pinned stack, or to why there is none.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { IndexFailure } from "../index/index.ts";
import type { Counters, SolveOptions } from "./core/model.ts";
import { Solver } from "./core/solver.ts";
import type { Catalogue, Need, Project } from "./python/catalogue.ts";
import type { Failure } from "./python/failure.ts";
import type { Demand, Pin, PinDependency, Question, Reason } from "./python/model.ts";
import { IndexRefused, PythonProvider, SourceFound } from "./python/provider.ts";

export type Resolution =
  | { readonly kind: "solved"; readonly pins: readonly Pin[]; readonly counters: Counters }
  | { readonly kind: "impossible"; readonly failure: Failure; readonly counters: Counters }
  /** The budget is spent: nothing is known of whether there is a stack. */
  | {
      readonly kind: "undecided";
      readonly counters: Counters;
      readonly soFar: readonly { name: string; version: Version }[];
    }
  /** An index could not be asked for a project that the search came to. */
  | { readonly kind: "stopped"; readonly project: string; readonly failure: IndexFailure };

/**
 * Resolves a question for the catalogue's target.
 * The same question gives the same answer, however its metadata arrives.
 * @throws what `options.signal` was aborted with.
 */
export async function resolve(
  catalogue: Catalogue,
  question: Question,
  options: SolveOptions = {},
): Promise<Resolution> {
  const sources = directSources(catalogue, question);
  for (;;) {
    const solver = new Solver<Reason>();
    const provider = new PythonProvider(solver, catalogue, question, sources);
    try {
      const outcome = await solver.solve(provider, options);
      const { counters } = outcome;
      if (outcome.kind === "impossible") {
        return { kind: "impossible", failure: { solver, provider, root: outcome.incompatibility }, counters };
      }
      if (outcome.kind === "undecided") {
        return { kind: "undecided", counters, soFar: selected(provider, outcome.versions) };
      }
      return {
        kind: "solved",
        pins: makePins(catalogue, provider, question, sources, outcome.versions),
        counters,
      };
    } catch (error) {
      if (error instanceof IndexRefused) {
        return { kind: "stopped", project: error.project, failure: error.failure };
      }
      if (!(error instanceof SourceFound)) throw error;
      sources.set(error.project, error.url);
    }
  }
}

/** The addresses that the person's own lines name. */
function directSources(catalogue: Catalogue, question: Question): Map<string, string> {
  const sources = new Map<string, string>();
  const lines = [...(question.overrides ?? []), ...question.requirements, ...(question.constraints ?? [])];
  for (const { requirement } of lines) {
    const name = normalizeName(requirement.name.text);
    const { url, marker } = requirement;
    if (url && !sources.has(name) && catalogue.admits(marker)) sources.set(name, url.text);
  }
  return sources;
}

function selected(provider: PythonProvider, versions: ReadonlyMap<number, number>) {
  const found: { name: string; version: Version; project: Project; place: number }[] = [];
  for (const [package_, place] of versions) {
    const one = provider.packages[package_];
    if (one === undefined || one.extra !== undefined) continue;
    found.push({
      name: one.project.name,
      version: one.project.versions[place]!,
      project: one.project,
      place,
    });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function makePins(
  catalogue: Catalogue,
  provider: PythonProvider,
  question: Question,
  sources: ReadonlyMap<string, string>,
  versions: ReadonlyMap<number, number>,
): Pin[] {
  const extras = new Map<string, string[]>();
  for (const package_ of versions.keys()) {
    const one = provider.packages[package_];
    if (one?.extra === undefined) continue;
    const list = extras.get(one.project.name) ?? [];
    extras.set(one.project.name, [...list, one.extra].sort());
  }
  const chosen = selected(provider, versions);
  const byName = new Map(chosen.map(({ name, version }) => [name, version]));
  const via = new Map<string, Set<string>>();
  const demands = demandsByName(catalogue, question);
  const pins = chosen.map(({ name, version, project, place }) => {
    const needs = catalogue.needs(project, place);
    // The search has read the metadata of everything that it selects.
    if (needs instanceof Promise || "unusable" in needs) throw new Error(`${name} was selected unread`);
    const lead = (wanted: readonly Need[]): PinDependency[] =>
      leadToPins(
        wanted.filter((need) => need.name !== name),
        byName,
        sources,
      );
    const dependencies = lead(needs.base);
    const pinExtras = extras.get(name) ?? [];
    const extraDependencies = new Map(
      pinExtras.map((extra) => [extra, lead(needs.byExtra.get(extra) ?? [])]),
    );
    for (const dependency of [...dependencies, ...[...extraDependencies.values()].flat()]) {
      via.set(dependency.name, (via.get(dependency.name) ?? new Set()).add(name));
    }
    return {
      name,
      version,
      extras: pinExtras,
      files: catalogue.usableFiles(project, place),
      release: project.files[place]!,
      file: needs.file,
      ...(sources.has(name) ? { direct: sources.get(name)! } : {}),
      demands: demands.get(name) ?? [],
      dependencies,
      extraDependencies,
    };
  });
  return pins.map((pin) => ({ ...pin, via: [...(via.get(pin.name) ?? [])].sort() }));
}

/** The pins that needs lead to, one for each name with the extras of all that ask for it. */
function leadToPins(
  needs: readonly Need[],
  versions: ReadonlyMap<string, Version>,
  sources: ReadonlyMap<string, string>,
): PinDependency[] {
  const extras = new Map<string, Set<string>>();
  const first = new Map<string, Need>();
  for (const need of needs) {
    // What an override took out of the stack leads nowhere.
    if (!versions.has(need.name)) continue;
    if (!first.has(need.name)) first.set(need.name, need);
    const wanted = extras.get(need.name) ?? new Set();
    extras.set(need.name, wanted);
    for (const extra of need.extras) wanted.add(extra);
  }
  return [...extras.keys()].sort().map((name) => ({
    name,
    version: versions.get(name)!,
    ...(sources.has(name) ? { direct: sources.get(name)! } : {}),
    extras: [...extras.get(name)!].sort(),
    written: /^[\w.-]+/.exec(first.get(name)!.text)?.[0],
    writtenMarker: first.get(name)!.marker,
  }));
}

function demandsByName(catalogue: Catalogue, question: Question): Map<string, Demand[]> {
  const demands = new Map<string, Demand[]>();
  for (const demand of question.requirements) {
    if (!catalogue.admits(demand.requirement.marker)) continue;
    const name = normalizeName(demand.requirement.name.text);
    demands.set(name, [...(demands.get(name) ?? []), demand]);
  }
  return demands;
}
