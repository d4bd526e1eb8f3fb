// Python packaging for the core: projects and their extras as packages, releases as versions, requirements as dependencies.
import { ALWAYS } from "../../../../shared/src/packaging/markerDiagram.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { type Clause, SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import { parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import { type IndexFailure, type PageFile, redactUrl } from "../../index/index.ts";
import { type Dependency, type Needs, type Provider, type Registry, ROOT } from "../core/model.ts";
import {
  addVersion,
  complement,
  hasVersion,
  highestVersion,
  intersection,
  lowestVersion,
  noStates,
  oneVersion,
  type States,
  union,
  versionsIn,
} from "../core/states.ts";
import {
  type Catalogue,
  type Eventual,
  extraNames,
  type Need,
  type Project,
  whenKnown,
} from "./catalogue.ts";
import type { Demand, FilterCode, Question, Reason } from "./model.ts";
import { DecisionOrder } from "./order.ts";

/** One package of the core: a project, or one extra of it. */
export interface PythonPackage {
  readonly project: Project;
  /** Normalised; undefined for the project itself. */
  readonly extra: string | undefined;
  /** The package of the project itself. */
  readonly base: number;
}

/** Thrown inside the search where a project's index could not be asked: nothing may be concluded without it. */
export class IndexRefused extends Error {
  readonly project: string;
  readonly failure: IndexFailure;

  constructor(project: string, failure: IndexFailure) {
    super(failure.message);
    this.project = project;
    this.failure = failure;
  }
}

/** Thrown inside the search where a release asks for a project by address that was not known to come from there. */
export class SourceFound extends Error {
  readonly project: string;
  readonly url: string;

  constructor(project: string, url: string) {
    super(url);
    this.project = project;
    this.url = url;
  }
}

/** One thing that is asked for, with why. */
export interface Asked extends Need {
  readonly reason: Reason;
}

/** What is asked for in the core's words. */
interface Wanted {
  readonly how: "direct" | "single" | "plain";
  readonly dependencies: readonly Dependency<Reason>[];
}

/** Releases of one project that were tried, before the next ones are asked for ahead of need. */
const AHEAD_AFTER = 5;
const AHEAD_MOST = 50;

export class PythonProvider implements Provider<Reason> {
  /** By the core's numbers; the root has none. */
  readonly packages: (PythonPackage | undefined)[] = [undefined];
  protected readonly registry: Registry<Reason>;
  protected readonly catalogue: Catalogue;
  protected readonly question: Question;
  /** The addresses that projects come from, by name. */
  protected readonly sources: ReadonlyMap<string, string>;
  protected readonly byKey = new Map<string, number>();
  protected order = new DecisionOrder((package_) => this.packages[package_]?.project.name);
  protected readonly constraints: ReadonlyMap<string, readonly Demand[]>;
  protected readonly overrides: ReadonlyMap<string, readonly Demand[]>;
  protected readonly asked: ReadonlyMap<string, readonly Demand[]>;
  protected readonly tried: number[] = [];
  /** The releases of each package that were told to be unfit, as soon as its turn has come. */
  protected readonly filtered: (States | undefined)[] = [];
  protected readonly ahead = new Set<string>();
  readonly #askedBy = new Map<Need, readonly Asked[]>();
  readonly #wanted = new Map<Asked, Wanted>();

  constructor(
    registry: Registry<Reason>,
    catalogue: Catalogue,
    question: Question,
    sources: ReadonlyMap<string, string>,
  ) {
    this.registry = registry;
    this.catalogue = catalogue;
    this.question = question;
    this.sources = sources;
    this.constraints = byName(question.constraints);
    this.overrides = byName(question.overrides);
    // A line that is for elsewhere says nothing here: neither that the oldest is wanted, nor which files are.
    this.asked = byName(
      question.requirements.filter(({ requirement }) => catalogue.admits(requirement.marker)),
    );
  }

  pick(undecided: Iterable<number>): number {
    return this.order.pick(undecided);
  }

  conflicted(affected: number, culprits: readonly number[]): void {
    this.order.conflicted(affected, culprits);
  }

  takeBackjumps(): readonly number[] {
    return this.order.takeBackjumps();
  }

  choose(
    package_: number,
    allowed: States,
    decided: (package_: number) => number | undefined,
  ): number | undefined {
    const { project, base } = this.packages[package_]!;
    // Not before its turn: a search that looks further ahead than this comes to other stacks than people know.
    if (this.filter(package_)) return undefined;
    const at = base === package_ ? undefined : decided(base);
    if (at !== undefined && hasVersion(allowed, at)) return at;
    if (this.catalogue.isRemote) this.askAhead(package_, project, allowed);
    const place = this.best(project, allowed);
    return this.isFiltered(package_, place) ? undefined : place;
  }

  /**
   * Whether a release was told to be unfit. Going back undoes what followed from that: the search then has to conclude it again
   * before it may decide.
   */
  protected isFiltered(package_: number, place: number): boolean {
    const filtered = this.filtered[package_];
    return filtered !== undefined && place >= 0 && hasVersion(filtered, place);
  }

  /** The release that is tried first: a kept one, then finals, then pre-releases; newest or oldest as it was asked. */
  protected best(project: Project, allowed: States): number {
    const { preferences } = this.question;
    const kept = preferences?.get(project.name);
    if (kept) {
      const place = placeOf(project.versions, kept);
      if (place >= 0 && hasVersion(allowed, place)) return place;
    }
    return this.bestAfresh(project, allowed);
  }

  /** The release that is tried first where none is kept. */
  protected bestAfresh(project: Project, allowed: States): number {
    for (const tier of project.tiers ?? []) {
      const place = this.end(project, intersection(allowed, tier));
      if (place >= 0) return place;
    }
    return this.end(project, allowed);
  }

  protected end(project: Project, allowed: States): number {
    const { prereleases = "last" } = this.question;
    const end = this.isLowest(project.name) ? lowestVersion : highestVersion;
    if (prereleases !== "allow") {
      const final = end(intersection(allowed, project.finals));
      if (final >= 0) return final;
    }
    return end(allowed);
  }

  protected isLowest(name: string): boolean {
    const { resolution = "highest" } = this.question;
    return resolution === "lowest" || (resolution === "lowest-direct" && this.asked.has(name));
  }

  /** After some rejected releases more will follow: the next ones are asked for at once instead of one after another. */
  protected askAhead(package_: number, project: Project, allowed: States): void {
    const tried = (this.tried[package_] ?? 0) + 1;
    this.tried[package_] = tried;
    if (tried < AHEAD_AFTER || (tried / AHEAD_AFTER) % 1 !== 0) return;
    const places = [...versionsIn(allowed)];
    if (!this.isLowest(project.name)) places.reverse();
    for (const place of places.slice(0, Math.min(AHEAD_MOST, tried * 2)))
      if (!this.catalogue.isCostly(project, place)) this.catalogue.needs(project, place);
  }

  needs(package_: number, version: number): Needs<Reason> | Promise<Needs<Reason>> {
    if (package_ === ROOT) {
      return this.dependencies(this.question.requirements.flatMap((demand) => this.askedBy(demand)));
    }
    const { project, extra, base } = this.packages[package_]!;
    return whenKnown(this.catalogue.needs(project, version), (needs): Eventual<Needs<Reason>> => {
      if ("unusable" in needs) return { unusable: { kind: "unusable", ...needs.unusable } };
      if (extra === undefined) return this.dependencies(this.#askedForAll(needs.base));
      const same = {
        package: base,
        allowed: oneVersion(project.places, version),
        reason: { kind: "same-release" },
      } as const;
      return this.dependencies(this.#askedForAll(needs.byExtra.get(extra) ?? []), [same]);
    });
  }

  /** What a line of the person's asks for on the target: nothing if its marker does not hold. */
  protected askedBy(demand: Demand): Asked[] {
    const name = normalizeName(demand.requirement.name.text);
    const overrides = this.overrides.get(name);
    return (overrides ?? [demand])
      .filter(({ requirement }) => this.catalogue.admits(requirement.marker))
      .map((one) => needOf(one, { kind: "required", demand: one }));
  }

  /** What the needs of a release ask for on the target: the same objects for the same needs. */
  #askedForAll(needs: readonly Need[]): Asked[] {
    const all: Asked[] = [];
    for (let place = 0; place < needs.length; place++) {
      const need = needs[place]!;
      let asked = this.#askedBy.get(need);
      if (asked === undefined) {
        asked = this.#makeAsked(need);
        this.#askedBy.set(need, asked);
      }
      for (let at = 0; at < asked.length; at++) all.push(asked[at]!);
    }
    return all;
  }

  #makeAsked(need: Need): Asked[] {
    const overrides = this.overrides.get(need.name);
    if (overrides === undefined) return [{ ...need, reason: { kind: "depends", text: need.text } }];
    return overrides
      .filter(({ requirement }) => this.catalogue.admits(requirement.marker))
      .map((one) => needOf(one, { kind: "depends", text: one.text, demand: one }));
  }

  protected projectOf(name: string): Eventual<Project> {
    return this.catalogue.project(name, this.sourceOf(name));
  }

  /** The address that a project comes from, where it does not come from an index. */
  protected sourceOf(name: string): string | undefined {
    return this.sources.get(name);
  }

  protected dependencies(
    asked: readonly Asked[],
    first: readonly Dependency<Reason>[] = [],
  ): Eventual<Needs<Reason>> {
    const fresh = asked.filter((one) => !this.#wanted.has(one));
    for (const { name, url, reason } of fresh) {
      if (url === undefined) continue;
      const source = this.sourceOf(name);
      if (source === undefined) throw new SourceFound(name, url);
      if (source === url) continue;
      const message = `it asks for ${name} from ${redactUrl(url)}, and another requirement for it from ${redactUrl(source)}`;
      const own = "demand" in reason && reason.demand ? [reason.demand] : [];
      const demands = [...this.#askedAt(source), ...own];
      return { unusable: { kind: "unusable", code: "several-sources", message, demands } };
    }
    const waiting: Promise<unknown>[] = [];
    for (const need of fresh) {
      const project = this.projectOf(need.name);
      if (!(project instanceof Promise)) continue;
      waiting.push(project);
      this.lookAhead(need);
    }
    const make = (): Needs<Reason> => {
      const dependencies = [...first];
      for (let place = 0; place < asked.length; place++) {
        const wanted = this.dependenciesOf(asked[place]!);
        for (let at = 0; at < wanted.length; at++) dependencies.push(wanted[at]!);
      }
      return { dependencies };
    };
    return waiting.length > 0 ? Promise.all(waiting).then(make) : make();
  }

  /** The person's line that names an address, if one does. */
  #askedAt(address: string): Demand[] {
    const { requirements, constraints = [], overrides = [] } = this.question;
    return [...requirements, ...constraints, ...overrides]
      .filter(({ requirement }) => requirement.url?.text === address)
      .slice(0, 1);
  }

  /** The project, and each extra, in the versions that are asked for. The project's page has arrived. */
  protected dependenciesOf(asked: Asked): readonly Dependency<Reason>[] {
    let wanted = this.#wanted.get(asked);
    if (wanted === undefined) {
      wanted = this.#makeWanted(asked);
      this.#wanted.set(asked, wanted);
    }
    this.order.see(asked.name, wanted.how);
    return wanted.dependencies;
  }

  #makeWanted({ name, extras, specifier, url, reason }: Asked): Wanted {
    const project = this.projectOf(name) as Project;
    if (project.failure) throw new IndexRefused(name, project.failure);
    const isSingle = specifier.clauses.some(
      ({ operator, version }) => operator === "===" || (operator === "==" && !version.endsWith(".*")),
    );
    // What lies at an address is what was asked for, whatever its version.
    const allowed = this.catalogue.allowed(project, url === undefined ? specifier : SpecifierSet.any);
    const dependencies = [undefined, ...extras].map((extra) => ({
      package: this.register(project, extra),
      allowed,
      reason,
    }));
    // A line that no release meets is reason enough: told at once, no other line is drawn into why there is no stack.
    if (reason.kind === "required" && hasVersion(allowed, project.versions.length)) {
      this.filter(this.register(project, undefined));
    }
    const how = this.sourceOf(name) !== undefined ? "direct" : isSingle ? "single" : "plain";
    return { how, dependencies };
  }

  /** Asks for the metadata of what will probably be chosen, and for what that needs, while its page is still awaited. */
  protected lookAhead(need: Need): void {
    if (!this.catalogue.isRemote) return;
    const ahead = async (): Promise<void> => {
      const project = await this.projectOf(need.name);
      const place = this.best(project, this.usable(project, need.specifier));
      const key = `${need.name} ${place}`;
      if (place < 0 || this.ahead.has(key)) return;
      this.ahead.add(key);
      if (this.catalogue.isCostly(project, place)) return;
      const needs = await this.catalogue.needs(project, place);
      if ("unusable" in needs) return;
      for (const next of needs.base) {
        if (next.url === undefined) this.lookAhead(next);
      }
    };
    // Whoever needs the answer is told of a failure.
    ahead().catch(() => {});
  }

  protected usable(project: Project, specifier: SpecifierSet): States {
    const usable = noStates(project.places);
    const { verdicts } = project;
    for (let place = 0; place < verdicts.length; place++)
      if (verdicts[place] === "usable") addVersion(usable, place);
    return intersection(usable, this.catalogue.allowed(project, specifier));
  }

  protected register(project: Project, extra: string | undefined): number {
    const key = extra === undefined ? project.name : `${project.name}[${extra}]`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const package_ = this.registry.addPackage(project.places);
    this.byKey.set(key, package_);
    const base = extra === undefined ? package_ : this.register(project, undefined);
    this.packages[package_] = { project, extra, base };
    if (extra === undefined) this.constrain(package_, project);
    return package_;
  }

  protected constrain(package_: number, project: Project): void {
    for (const demand of this.constraints.get(project.name) ?? []) {
      const { specifier, marker, url } = demand.requirement;
      if (url || !this.catalogue.admits(marker)) continue;
      const admitted = this.catalogue.allowed(project, specifier);
      const others = intersection(project.releases, complement(admitted, project.releases));
      this.registry.forbid(package_, others, { kind: "constrained", demand });
    }
  }

  /**
   * Every release stays a version of its package; the ones that cannot be chosen are forbidden, each for one reason.
   * @returns false if that was done before.
   */
  protected filter(package_: number): boolean {
    if (this.filtered[package_]) return false;
    const { project } = this.packages[package_]!;
    const { name, versions, verdicts, places } = project;
    this.registry.forbid(package_, oneVersion(places, versions.length), { kind: "no-release" });
    const codes = new Map<FilterCode, States>();
    const pinned = this.pinned(project);
    const put = (code: FilterCode, place: number): void => {
      let states = codes.get(code);
      if (states === undefined) {
        states = noStates(places);
        codes.set(code, states);
      }
      addVersion(states, place);
    };
    const hashes = this.hashesOf(name);
    const takesPrereleases = this.takesPrereleases(name);
    for (let place = 0; place < verdicts.length; place++) {
      const verdict = verdicts[place]!;
      const isTaken = verdict === "usable" || (verdict === "yanked" && hasVersion(pinned, place));
      if (!isTaken) put(verdict as FilterCode, place);
      else if (versions[place]!.isPrerelease && !takesPrereleases) put("prerelease", place);
      else if (hashes && !this.hasHash(project, place, hashes)) put("hash", place);
    }
    let all = oneVersion(places, versions.length);
    for (const [code, states] of codes) {
      this.registry.forbid(package_, states, { kind: "filtered", code });
      all = union(all, states);
    }
    this.filtered[package_] = all;
    return true;
  }

  /** Whether pre-releases of a project may be chosen at all. */
  protected takesPrereleases(name: string): boolean {
    const { prereleases } = this.question;
    if (prereleases !== "explicit") return prereleases !== "never";
    const lines = [
      ...(this.overrides.get(name) ?? this.asked.get(name) ?? []),
      ...(this.constraints.get(name) ?? []),
    ];
    return lines.some(
      ({ requirement }) =>
        this.catalogue.admits(requirement.marker) && requirement.specifier.clauses.some(namesPrerelease),
    );
  }

  /** The releases that a line of the person's names exactly: those are taken though they are yanked. */
  protected pinned(project: Project): States {
    const { name, versions, places } = project;
    const pinned = noStates(places);
    const lines = [this.asked, this.constraints, this.overrides].flatMap((lines) => lines.get(name) ?? []);
    for (const { requirement } of lines) {
      for (const clause of requirement.specifier.clauses) {
        if (clause.operator !== "==" && clause.operator !== "===") continue;
        if (clause.version.endsWith(".*")) continue;
        for (const place of versionsIn(this.catalogue.allowed(project, new SpecifierSet([clause])))) {
          addVersion(pinned, place);
        }
      }
      if (requirement.url) for (const place of versions.keys()) addVersion(pinned, place);
    }
    const kept = this.question.preferences?.get(name);
    const place = kept ? placeOf(versions, kept) : -1;
    if (place >= 0) addVersion(pinned, place);
    return pinned;
  }

  protected hashesOf(name: string): ReadonlySet<string> | undefined {
    const lines = [...(this.asked.get(name) ?? []), ...(this.constraints.get(name) ?? [])];
    const hashes = lines.flatMap((line) => line.hashes ?? []);
    return hashes.length > 0 ? new Set(hashes) : undefined;
  }

  protected hasHash(project: Project, place: number, hashes: ReadonlySet<string>): boolean {
    const isNamed = (file: PageFile): boolean =>
      Object.entries(file.hashes).some(([name, digest]) => hashes.has(`${name}:${digest}`));
    // Hashes name files of one release of many: which of its files can be used is asked of that one alone.
    return project.files[place]!.some(isNamed) && this.catalogue.usableFiles(project, place).some(isNamed);
  }
}

function namesPrerelease({ operator, version }: Clause): boolean {
  return operator !== "!=" && parseVersion(version.replace(/\.\*$/, ""))?.isPrerelease === true;
}

/** Where a version stands among a project's; -1 where it does not. */
export function placeOf(versions: readonly Version[], one: Version): number {
  return versions.findIndex((version) => version.order === one.order && version.key === one.key);
}

/** What a line of the person's asks for. */
export function needOf({ requirement, text }: Demand, reason: Reason, where = ALWAYS): Asked {
  return {
    name: normalizeName(requirement.name.text),
    extras: extraNames(requirement),
    specifier: requirement.specifier,
    url: requirement.url?.text,
    text,
    marker: requirement.marker,
    where,
    reason,
  };
}

/** Lines by the project that they name. */
export function byName(demands: readonly Demand[] = []): Map<string, Demand[]> {
  const lines = new Map<string, Demand[]>();
  for (const demand of demands) {
    const name = normalizeName(demand.requirement.name.text);
    const list = lines.get(name);
    if (list) list.push(demand);
    else lines.set(name, [demand]);
  }
  return lines;
}
