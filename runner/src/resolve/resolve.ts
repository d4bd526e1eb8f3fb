// Resolving: from requirements and a target to one pinned stack, or to why there is none.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { IndexFailure } from "../index/index.ts";
import type { Counters, SolveOptions } from "./core/model.ts";
import { Solver } from "./core/solver.ts";
import type { Catalogue, Project } from "./python/catalogue.ts";
import type { Demand, Pin, Question, Reason } from "./python/model.ts";
import { IndexRefused, PythonProvider, SourceFound } from "./python/provider.ts";

/** What a failed search leaves behind: explanations are told from it. */
export interface Failure {
  readonly solver: Solver<Reason>;
  readonly provider: PythonProvider;
  /** The incompatibility that says that nothing will do. */
  readonly root: number;
}

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
  const names = new Set(chosen.map(({ name }) => name));
  const via = new Map<string, Set<string>>();
  const files = new Map<string, Pin["file"]>();
  for (const { name, project, place } of chosen) {
    const needs = catalogue.needs(project, place);
    // The search has read the metadata of everything that it selects.
    if (needs instanceof Promise || "unusable" in needs) throw new Error(`${name} was selected unread`);
    files.set(name, needs.file);
    const wanted = [
      ...needs.base,
      ...(extras.get(name) ?? []).flatMap((one) => needs.byExtra.get(one) ?? []),
    ];
    for (const need of wanted) {
      if (need.name === name || !names.has(need.name)) continue;
      via.set(need.name, (via.get(need.name) ?? new Set()).add(name));
    }
  }
  const demands = demandsByName(catalogue, question);
  return chosen.map(({ name, version, project, place }) => ({
    name,
    version,
    extras: extras.get(name) ?? [],
    files: catalogue.usableFiles(project, place),
    release: project.files[place]!,
    file: files.get(name)!,
    ...(sources.has(name) ? { direct: sources.get(name)! } : {}),
    via: [...(via.get(name) ?? [])].sort(),
    demands: demands.get(name) ?? [],
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
