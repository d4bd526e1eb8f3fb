// The trials behind a plan: does a stack exist without these advisories, when these lines may move?
import {
  type AdvisoryRecord,
  groupByAliases,
  matchAdvisories,
  reaches,
} from "../../../../shared/src/advisory/index.ts";
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import {
  Catalogue,
  type Demand,
  explainFailure,
  type Pin,
  type Question,
  type Resolution,
  resolve,
  type Universe,
} from "../../resolve/index.ts";
import type { AdvisoryLookup, Exposure, RepairOptions } from "./model.ts";
import { nameOfDemand, withSpecifier } from "./specifiers.ts";
import { Affection, activeRecords, filterUniverse, rememberUniverse } from "./universe.ts";

/** One stack for each environment. */
export type Stacks = readonly (readonly Pin[])[];

const MOST_TRIALS = 2_000;
const TRIAL_DECISIONS = 20_000;

/** Names one thing known against one project, whatever its version. */
export type Key = string;

export class Trials {
  readonly #universe: Universe;
  readonly #lookup: AdvisoryLookup;
  readonly #question: Question;
  readonly #options: RepairOptions;
  readonly #groups = new Map<string, readonly (readonly AdvisoryRecord[])[]>();
  readonly #affection: Affection;
  readonly #catalogues = new Map<string, readonly Catalogue[]>();
  readonly #known = new Map<string, Promise<Stacks | undefined>>();
  #trials = 0;
  /** A search came to its limit: what it would have found is not claimed. */
  isCutShort = false;
  /** Today's stack, by project. */
  readonly today = new Map<string, Version>();

  constructor(universe: Universe, lookup: AdvisoryLookup, question: Question, options: RepairOptions) {
    this.#universe = rememberUniverse(universe);
    this.#lookup = lookup;
    this.#question = question;
    this.#options = options;
    this.#affection = new Affection((name) => this.#groupsOf(name));
  }

  get isSpent(): boolean {
    return this.#trials >= (this.#options.maxTrials ?? MOST_TRIALS);
  }

  #groupsOf(name: string): readonly (readonly AdvisoryRecord[])[] {
    let groups = this.#groups.get(name);
    if (!groups) {
      groups = groupByAliases(activeRecords(this.#lookup(name), this.#options.now));
      this.#groups.set(name, groups);
    }
    return groups;
  }

  /** The names of what is known against one version. */
  keysOf(name: string, version: Version): Key[] {
    const groups = this.#groupsOf(name);
    return this.#affection.of(name, version).map((at) => keyOf(name, groups[at]!));
  }

  /** What is known against the releases of a stack, each thing once over all environments. */
  exposuresOf(stacks: Stacks): Map<Key, Exposure> {
    const found = new Map<Key, Exposure>();
    for (const { name, version } of stacks.flat()) {
      const groups = this.#groupsOf(name);
      for (const at of this.#affection.of(name, version)) {
        const group = groups[at]!;
        const key = keyOf(name, group);
        if (found.has(key)) continue;
        const [match] = matchAdvisories(group, version.toString(), this.#options.now);
        if (match) found.set(key, { name, version: version.toString(), match });
      }
    }
    return found;
  }

  /** Whether an advisory that is not there today may come in. */
  mayComeIn({ match }: Exposure): boolean {
    const { threshold } = this.#options;
    return threshold !== undefined && !match.malicious && !reaches(match.severity, threshold);
  }

  /** Resolves for every environment; undefined where one has no stack, or it was not found in time. */
  async solve(question: Question, catalogues: readonly Catalogue[]): Promise<Stacks | undefined> {
    const { signal, maxDecisions = TRIAL_DECISIONS } = this.#options;
    const stacks: (readonly Pin[])[] = [];
    for (const catalogue of catalogues) {
      const resolution = await resolve(catalogue, question, { signal, maxDecisions });
      if (resolution.kind === "undecided" || resolution.kind === "stopped") this.isCutShort = true;
      if (resolution.kind !== "solved") return undefined;
      stacks.push(resolution.pins);
    }
    return stacks;
  }

  /** The universe as it is, for every environment. */
  plain(): readonly Catalogue[] {
    return this.#cataloguesFor("plain", this.#universe);
  }

  /** The universe without releases that have any of the forbidden, or, with `allowed`, anything but that. */
  without(rule: { readonly allowed?: ReadonlySet<Key>; readonly forbidden?: ReadonlySet<Key> }) {
    const { allowed, forbidden } = rule;
    const id = allowed
      ? `allowed ${[...allowed].sort().join("\n")}`
      : `not ${[...forbidden!].sort().join("\n")}`;
    const filtered = filterUniverse(this.#universe, (name, version) => {
      const today = this.today.get(name);
      if (today && !this.#options.allowDowngrade && compareVersions(version, today) < 0) return true;
      return this.keysOf(name, version).some((key) =>
        allowed ? !allowed.has(key) && !this.#isTolerated(name, version, key) : forbidden!.has(key),
      );
    });
    return this.#cataloguesFor(id, filtered);
  }

  /** Below the threshold, and not there today: no new finding. */
  #isTolerated(name: string, version: Version, key: Key): boolean {
    if (this.#options.threshold === undefined || this.present.has(key)) return false;
    const group = this.#groupsOf(name).find((records) => keyOf(name, records) === key);
    const [match] = group ? matchAdvisories(group, version.toString(), this.#options.now) : [];
    return match !== undefined && this.mayComeIn({ name, version: version.toString(), match });
  }

  /** What is there today: it may stay where it cannot be cleared. */
  present: ReadonlyMap<Key, Exposure> = new Map();

  #cataloguesFor(id: string, universe: Universe): readonly Catalogue[] {
    let catalogues = this.#catalogues.get(id);
    if (!catalogues) {
      catalogues = this.#options.targets.map(
        (target) => new Catalogue(universe, target, this.#options.policy),
      );
      this.#catalogues.set(id, catalogues);
    }
    return catalogues;
  }

  /** The lines that hold a project to something, by its name. */
  linesByName(): Map<string, Demand[]> {
    const lines = new Map<string, Demand[]>();
    const { mayEdit } = this.#options;
    for (const demand of [...this.#question.requirements, ...(this.#question.constraints ?? [])]) {
      if (demand.requirement.url || demand.requirement.specifier.clauses.length === 0) continue;
      if (mayEdit && !mayEdit(demand)) continue;
      const name = nameOfDemand(demand);
      lines.set(name, [...(lines.get(name) ?? []), demand]);
    }
    return lines;
  }

  /** The stack without what is not allowed, when the lines of `names` may move: as near to today's as the search finds it. */
  trial(allowed: ReadonlySet<Key>, names: ReadonlySet<string>): Promise<Stacks | undefined> {
    const id = `${[...allowed].sort().join("\n")}\n\n${[...names].sort().join("\n")}`;
    let found = this.#known.get(id);
    if (!found) {
      this.#trials++;
      this.#options.signal?.throwIfAborted();
      found = this.solve(this.open(names), this.without({ allowed }));
      this.#known.set(id, found);
    }
    return found;
  }

  /** The question with the lines of some projects open: of what they say only what they exclude is kept. */
  open(names: ReadonlySet<string>): Question {
    const openLine = (demand: Demand): Demand => {
      if (!names.has(nameOfDemand(demand)) || demand.requirement.url) return demand;
      if (this.#options.mayEdit && !this.#options.mayEdit(demand)) return demand;
      const excluded = demand.requirement.specifier.clauses.filter(({ operator }) => operator === "!=");
      return withSpecifier(demand, excluded.map((clause) => `!=${clause.version}`).join(","));
    };
    return {
      ...this.#question,
      requirements: this.#question.requirements.map(openLine),
      constraints: this.#question.constraints?.map(openLine),
      preferences: this.today,
      // The lowest above today's is the smallest step; with nothing to keep it from falling, the highest is nearer.
      resolution: this.#options.allowDowngrade ? "highest" : "lowest",
    };
  }

  /** Why there is no stack, in a sentence; undefined where there is one. */
  async whyNot(question: Question, catalogues: readonly Catalogue[]): Promise<string | undefined> {
    const { signal, maxDecisions = TRIAL_DECISIONS } = this.#options;
    for (const catalogue of catalogues) {
      const resolution = await resolve(catalogue, question, { signal, maxDecisions });
      const reason = reasonOf(resolution);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}

function reasonOf(resolution: Resolution): string | undefined {
  if (resolution.kind === "solved") return undefined;
  if (resolution.kind === "stopped") return `${resolution.project}: ${resolution.failure.message}`;
  if (resolution.kind === "undecided") return "the search was given up before it was decided";
  const last = explainFailure(resolution.failure).steps.at(-1);
  return last ? last.because.map(({ text }) => text).join("; ") : "nothing satisfies all of it";
}

function keyOf(name: string, group: readonly AdvisoryRecord[]): Key {
  return `${name} ${group.map(({ id }) => id).sort()[0] ?? ""}`;
}
