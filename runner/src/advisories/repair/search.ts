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
  type KeptPin,
  type Pin,
  type Question,
  type Resolution,
  resolve,
  type StackResolution,
  type Universe,
} from "../../resolve/index.ts";
import type { AdvisoryLookup, Exposure, RepairOptions, Search, Vetted } from "./model.ts";
import { nameOfDemand, withSpecifier } from "./specifiers.ts";
import { Affection, activeRecords, orderBelow, withholdReleases } from "./universe.ts";

/** One stack for each environment. */
export type Stacks = readonly (readonly Pin[])[];

const MOST_TRIALS = 2_000;
/** One search for everywhere takes as long as many for one environment. */
const MOST_SCOPE_TRIALS = 300;
const TRIAL_DECISIONS = 20_000;
/** So many causes are told of what is in the way. */
const MOST_GROUNDS = 4;

/** Names one thing known against one project, whatever its version. */
export type Key = string;

export class Trials {
  readonly #universe: Universe;
  readonly #lookup: AdvisoryLookup;
  readonly #question: Question;
  readonly #options: RepairOptions;
  readonly #groups = new Map<string, readonly (readonly AdvisoryRecord[])[]>();
  readonly #affection: Affection;
  readonly #searches = new Map<string, readonly Search[]>();
  readonly #known = new Map<string, Promise<Stacks | undefined>>();
  #trials = 0;
  /** Something came to its limit: what it would have found is not claimed. */
  isCutShort = false;
  /** Today's stack, by project: of several releases the lowest. */
  readonly today = new Map<string, Version>();
  readonly #kept: KeptPin[] = [];
  readonly #refused: ReadonlyMap<string, Vetted>;

  /**
   * @param universe asked again and again: it is to remember what it was asked.
   * @param refused releases that are not to be taken, by `pinKey`.
   */
  constructor(
    universe: Universe,
    lookup: AdvisoryLookup,
    question: Question,
    options: RepairOptions,
    refused: ReadonlyMap<string, Vetted>,
  ) {
    this.#universe = universe;
    this.#refused = refused;
    this.#lookup = lookup;
    this.#question = question;
    this.#options = options;
    this.#affection = new Affection((name) => this.#groupsOf(name));
  }

  get isSpent(): boolean {
    const most = this.#options.scope ? MOST_SCOPE_TRIALS : MOST_TRIALS;
    return this.#trials >= (this.#options.maxTrials ?? most);
  }

  get allowsDowngrade(): boolean {
    return this.#options.allowDowngrade === true;
  }

  /** Projects of which the stacks hold a release that is not to be taken. */
  refusedIn(stacks: Stacks): Set<string> {
    const refused = stacks.flat().filter(({ name, version }) => this.isRefused(name, version));
    return new Set(refused.map(({ name }) => name));
  }

  /** Takes note of the stack as it is. */
  begin(stacks: Stacks): void {
    for (const { name, version } of stacks.flat()) {
      const other = this.today.get(name);
      if (!other || compareVersions(version, other) < 0) this.today.set(name, version);
    }
    this.#kept.push(...keptOf(stacks));
    this.present = this.exposuresOf(stacks);
  }

  /** Whether a release was looked at and is not to be taken. What is there today may stay. */
  isRefused(name: string, version: Version): boolean {
    if (this.#refused.size === 0 || !this.#refused.has(pinKey({ name, version }))) return false;
    return !this.#kept.some((pin) => pin.name === name && compareVersions(pin.version, version) === 0);
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
  async solve(question: Question, searches: readonly Search[]): Promise<Stacks | undefined> {
    const { signal, maxDecisions = TRIAL_DECISIONS } = this.#options;
    const stacks: (readonly Pin[])[] = [];
    for (const search of searches) {
      const resolution = await search(question, { signal, maxDecisions });
      if (resolution.kind === "undecided" || resolution.kind === "stopped") this.isCutShort = true;
      if (resolution.kind !== "solved") return undefined;
      stacks.push(resolution.pins);
    }
    return stacks;
  }

  /** The universe as it is, for every environment. */
  plain(): readonly Search[] {
    return this.#searchesIn("plain", this.#universe);
  }

  /** The universe in which nobody may choose releases that have any of the forbidden, or, with `allowed`, anything but that. */
  without(rule: { readonly allowed?: ReadonlySet<Key>; readonly forbidden?: ReadonlySet<Key> }) {
    const { allowed, forbidden } = rule;
    const id = allowed
      ? `allowed ${[...allowed].sort().join("\n")}`
      : `not ${[...forbidden!].sort().join("\n")}`;
    const all = this.#options.allowDowngrade ? orderBelow(this.#universe, this.today) : this.#universe;
    const filtered = withholdReleases(all, (name, version) => {
      const isAffected = this.keysOf(name, version).some((key) =>
        allowed ? !allowed.has(key) && !this.#isTolerated(name, version, key) : forbidden!.has(key),
      );
      if (isAffected) return "affected";
      if (this.isRefused(name, version)) return "refused";
      const today = this.today.get(name);
      if (!today || this.#options.allowDowngrade) return undefined;
      return compareVersions(version, today) < 0 ? "downgrade" : undefined;
    });
    return this.#searchesIn(id, filtered);
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

  #searchesIn(id: string, universe: Universe): readonly Search[] {
    let searches = this.#searches.get(id);
    if (!searches) {
      const { scope, targets, policy } = this.#options;
      searches = scope
        ? [scope(universe)]
        : targets.map((target): Search => {
            const catalogue = new Catalogue(universe, target, policy);
            return ({ kept, ...question }, limits) =>
              resolve(catalogue, { ...question, preferences: kept && preferencesOf(kept) }, limits);
          });
      this.#searches.set(id, searches);
    }
    return searches;
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
      kept: this.#kept,
      // The lowest above today's is the smallest step; what may fall is tried after it, the nearest first.
      resolution: "lowest",
    };
  }

  /** The releases of a project that do not have one of the things known against it, lowest first. */
  async releasesWithout(key: Key, name: string): Promise<Version[]> {
    const { releases } = await this.#universe.project(name);
    const versions = releases
      .map(({ version }) => version)
      .filter((one) => !this.keysOf(name, one).includes(key));
    return versions.sort(compareVersions);
  }

  /** Why there is no stack, in a sentence; undefined where there is one. */
  async whyNot(question: Question, searches: readonly Search[]): Promise<string | undefined> {
    const { signal, maxDecisions = TRIAL_DECISIONS } = this.#options;
    for (const search of searches) {
      const resolution = await search(question, { signal, maxDecisions });
      const reason = reasonOf(resolution);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}

/** The pins of stacks, to be kept as far as they hold. */
export function keptOf(stacks: Stacks): KeptPin[] {
  return stacks.flat().map(({ name, version, marker }) => ({ name, version, ...(marker ? { marker } : {}) }));
}

/** Names one release. */
export function pinKey({ name, version }: Pick<Pin, "name" | "version">): string {
  return `${name} ${version.key}`;
}

function preferencesOf(kept: readonly KeptPin[]): ReadonlyMap<string, Version> {
  return new Map(kept.map(({ name, version }) => [name, version]));
}

function reasonOf(resolution: Resolution | StackResolution): string | undefined {
  if (resolution.kind === "solved") return undefined;
  if (resolution.kind === "stopped") return `${resolution.project}: ${resolution.failure.message}`;
  if (resolution.kind === "undecided") return "the search was given up before it was decided";
  const { steps } = explainFailure(resolution.failure);
  // What the steps are drawn from: a step that only joins others says nothing without them.
  const grounds = steps.flatMap(({ because }) => because.filter(({ step }) => step === undefined));
  const texts = [...new Set(grounds.map(({ text }) => text))];
  if (texts.length === 0) return "nothing satisfies all of it";
  const more = texts.length - MOST_GROUNDS;
  return [...texts.slice(0, MOST_GROUNDS), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function keyOf(name: string, group: readonly AdvisoryRecord[]): Key {
  return `${name} ${group.map(({ id }) => id).sort()[0] ?? ""}`;
}
