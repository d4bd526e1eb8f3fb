// The provider for one part of a universal stack: markers are carried on what is asked for, and where one release will not do for
// the whole part, the search is parted.

import { readMarker } from "../../../../shared/src/packaging/marker.ts";
import { ALWAYS, type MarkerSet, NEVER } from "../../../../shared/src/packaging/markerDiagram.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import type { Version } from "../../../../shared/src/packaging/version.ts";
import { type Dependency, type Needs, type Registry, ROOT } from "../core/model.ts";
import { addVersion, hasVersion, isEmpty, noStates, oneVersion, type States, union } from "../core/states.ts";
import {
  type Catalogue,
  type Eventual,
  type Need,
  type Project,
  type ReleaseNeeds,
  whenKnown,
} from "../python/catalogue.ts";
import type { OwnPart, Question, Reason } from "../python/model.ts";
import { byName, needOf, PythonProvider, placeOf } from "../python/provider.ts";
import { type AskedThere, countUpperBounds, forkAsked, narrowPart, type Part, Parting } from "./part.ts";
import type { Preferences } from "./preferences.ts";
import type { ScopeReading } from "./reading.ts";

/** What all parts of one stack share. */
export interface Shared {
  readonly catalogue: Catalogue;
  readonly reading: ScopeReading;
  readonly question: Question;
  readonly preferences: Preferences;
  /** Addresses that projects come from, with where. */
  readonly sources: ReadonlyMap<string, readonly SourceThere[]>;
  /** What the person's own lines ask for. */
  readonly lines: readonly AskedThere[];
  /** What the needs of releases ask for, by the need. */
  readonly askedBy: Map<Need, readonly AskedThere[]>;
}

export interface SourceThere {
  readonly url: string;
  readonly where: MarkerSet;
}

type Usable = Exclude<ReleaseNeeds, { unusable: unknown }>;

export class PartProvider extends PythonProvider {
  readonly part: Part;
  readonly #shared: Shared;
  readonly #conflicts: readonly (readonly MarkerSet[])[];
  /** Where each project comes from, as soon as that is settled. */
  readonly #settled = new Map<string, Eventual<Project>>();
  /** Where each package asks for each other one, whatever its release. */
  readonly #edges: Map<number, MarkerSet>[] = [];
  /** For each package, the Pythons for which releases were refused already. */
  readonly #refused: string[] = [];

  constructor(registry: Registry<Reason>, shared: Shared, part: Part, parent?: PartProvider) {
    super(registry, shared.catalogue, shared.question, new Map());
    this.part = part;
    this.#shared = shared;
    const { question } = shared;
    this.#conflicts = (question.conflicts ?? []).map((set) => set.map((own) => ownSet(shared.reading, own)));
    if (parent) this.#take(parent);
  }

  #take(parent: PartProvider): void {
    for (const [place, package_] of parent.packages.entries()) this.packages[place] = package_;
    for (const [key, package_] of parent.byKey) this.byKey.set(key, package_);
    for (const [place, filtered] of parent.filtered.entries()) this.filtered[place] = filtered;
    for (const key of parent.ahead) this.ahead.add(key);
    this.order = parent.order.copy((package_) => this.packages[package_]?.project.name);
    for (const [name, project] of parent.#settled) this.#settled.set(name, project);
    for (const [place, edges] of parent.#edges.entries()) if (edges) this.#edges[place] = new Map(edges);
    for (const [place, key] of parent.#refused.entries()) this.#refused[place] = key;
  }

  /** The provider of a part of this part, with everything that this one knows. */
  narrow(registry: Registry<Reason>, where: MarkerSet): PartProvider {
    const part = narrowPart(this.#shared.reading.diagram, this.part, where);
    return new PartProvider(registry, this.#shared, part, this);
  }

  /** Whether something that is asked for there is asked for in this part. */
  includes(where: MarkerSet): boolean {
    const { diagram } = this.#shared.reading;
    if (where === ALWAYS) return true;
    return (
      !diagram.areDisjoint(this.part.where, where) &&
      !diagram.areDisjoint(diagram.pythonsIn(this.part.pythons), where)
    );
  }

  override choose(
    package_: number,
    allowed: States,
    decided: (package_: number) => number | undefined,
  ): number | undefined {
    const { project, base } = this.packages[package_]!;
    if (this.filter(package_)) return undefined;
    if (this.#refuseNewerPythons(package_, project)) return undefined;
    const at = base === package_ ? undefined : decided(base);
    if (at !== undefined && hasVersion(allowed, at)) return at;
    if (this.catalogue.isRemote) this.askAhead(package_, project, allowed);
    const place = this.best(project, allowed);
    if (place < 0) return place;
    // A release that is none for this part must not part it.
    if (this.isFiltered(package_, place)) return undefined;
    const low = this.#lowOf(project, place);
    if (low > this.part.pythons.low) this.#partPythons(package_, low);
    if (!this.#hasFileBelow(project, place)) {
      this.registry.forbid(package_, oneVersion(project.places, place), { kind: "filtered", code: "tag" });
      return undefined;
    }
    return this.#cover(package_, project, place, allowed);
  }

  /**
   * Whether one file of a release is for no newer Pythons than the part's: its wheels may all be for the rest of the stack. That
   * wheels for the newest Pythons are still to come is no reason to refuse a release, as in uv.
   */
  #hasFileBelow(project: Project, place: number): boolean {
    const { catalogue, reading } = this.#shared;
    const { high } = this.part.pythons;
    if (high === reading.pythons.high) return true;
    return catalogue.usableFiles(project, place).some((file) => reading.takesPythonsBelow(file, high));
  }

  /** The lowest Python that a release is for. Files of one release mostly agree, so that the best of them is rarely looked for. */
  #lowOf(project: Project, place: number): number {
    const { catalogue, reading } = this.#shared;
    const lows = reading.lowsOf(project);
    let low = lows[place]!;
    if (low < 0) {
      const files = project.files[place]!;
      const isAgreed = files.every(({ requiresPython }) => requiresPython === files[0]!.requiresPython);
      const [best] = isAgreed ? files : catalogue.usableFiles(project, place);
      low = reading.lowOf(best?.requiresPython);
      lows[place] = low;
    }
    return low;
  }

  /** Releases for Pythons that no parting leads to: every Python of the part would have to be newer. */
  #refuseNewerPythons(package_: number, project: Project): boolean {
    const { low, high } = this.part.pythons;
    const key = `${low} ${high}`;
    if (this.#refused[package_] === key) return false;
    this.#refused[package_] = key;
    const isFewest = this.#shared.reading.scope.forkStrategy === "fewest";
    const states = noStates(project.places);
    for (const [place, verdict] of project.verdicts.entries()) {
      if (verdict !== "usable" && verdict !== "yanked") continue;
      const least = this.#lowOf(project, place);
      if (least > low && (isFewest || least >= high)) addVersion(states, place);
    }
    if (isEmpty(states)) return false;
    this.registry.forbid(package_, states, { kind: "filtered", code: "requires-python" });
    this.filtered[package_] = union(this.filtered[package_] ?? noStates(project.places), states);
    return true;
  }

  /** @throws Parting: the older Pythons, and those from `low` on. */
  #partPythons(package_: number, low: number): never {
    const { diagram } = this.#shared.reading;
    const { pythons } = this.part;
    const sides = [
      { low: pythons.low, high: low },
      { low, high: pythons.high },
    ];
    const parts = sides
      .map((side) => ({ where: diagram.pythonsIn(side) }))
      .filter(({ where }) => !diagram.areDisjoint(this.part.where, where));
    throw new Parting(package_, parts);
  }

  protected override best(project: Project, allowed: States): number {
    const { preferences, reading, question } = this.#shared;
    const isLowest = this.isLowest(project.name);
    const kept = preferences.of(project.name, reading.diagram, this.part.where, isLowest);
    for (const { version, isKept } of kept) {
      if (version.isPrerelease && !isKept && question.prereleases !== "allow") continue;
      const place = placeOf(project.versions, version);
      if (place < 0 || !hasVersion(allowed, place)) continue;
      return localOf(project, place, allowed) ?? place;
    }
    return this.bestAfresh(project, allowed);
  }

  protected override isLowest(name: string): boolean {
    const { resolution = "highest" } = this.#shared.question;
    if (resolution !== "lowest-direct") return resolution === "lowest";
    return this.#shared.lines.some((one) => one.name === name && this.includes(one.where));
  }

  /**
   * The release, or another where it has no file for a part of the part: a required environment, or a platform that the release
   * without the local label has files for.
   * @throws Parting where the two do not do for one part.
   */
  #cover(package_: number, project: Project, place: number, allowed: States): number | undefined {
    const { reading, catalogue } = this.#shared;
    const { diagram, scope } = reading;
    const version = project.versions[place]!;
    const required = scope.requiredEnvironments ?? [];
    if (required.length === 0 && !version.isLocal) return place;
    const places = reading.placesOf(catalogue.usableFiles(project, place));
    if (places === ALWAYS) return place;
    for (const marker of required) {
      const where = diagram.of(marker);
      if (diagram.areDisjoint(this.part.where, where) || !diagram.areDisjoint(places, where)) continue;
      if (diagram.areDisjoint(this.#reachOf(package_), where)) continue;
      if (diagram.areDisjoint(this.part.where, diagram.not(where))) {
        this.registry.forbid(package_, oneVersion(project.places, place), { kind: "filtered", code: "tag" });
        return undefined;
      }
      throw new Parting(package_, [{ where }, { where: diagram.not(where) }]);
    }
    return version.isLocal ? this.#coverLocal(package_, project, place, places, allowed) : place;
  }

  #coverLocal(package_: number, project: Project, place: number, places: MarkerSet, allowed: States): number {
    const { reading, catalogue } = this.#shared;
    const { diagram } = reading;
    const { where } = this.part;
    const public_ = project.versions[place]!.public;
    const base = project.versions.findIndex((one, other) => other < place && one.toString() === public_);
    if (base < 0 || !hasVersion(allowed, base) || project.verdicts[base] !== "usable") return place;
    const basePlaces = reading.placesOf(catalogue.usableFiles(project, base));
    let rest = diagram.and(basePlaces, diagram.not(places));
    if (diagram.areDisjoint(where, rest)) return place;
    if (diagram.areDisjoint(where, places)) return base;
    // Where neither has files for some machines of a system, the whole system goes to the one that has any.
    for (const system of ["darwin", "linux", "win32"]) {
      const set = readSet(reading, `sys_platform == "${system}"`);
      if (diagram.areDisjoint(places, set) && !diagram.areDisjoint(rest, set)) rest = diagram.or(rest, set);
    }
    if (diagram.areDisjoint(where, diagram.not(rest))) return place;
    throw new Parting(package_, [
      { where: rest, version: base },
      { where: diagram.not(rest), version: place },
    ]);
  }

  /** Where a package is asked for, by everything that was seen to ask for it. */
  #reachOf(package_: number): MarkerSet {
    const { diagram } = this.#shared.reading;
    const reach = new Map<number, MarkerSet>([[ROOT, ALWAYS]]);
    const queue = [ROOT];
    for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
      for (const [next, where] of this.#edges[current] ?? []) {
        const before = reach.get(next) ?? NEVER;
        const after = diagram.or(before, diagram.and(reach.get(current)!, where));
        if (after === before) continue;
        reach.set(next, after);
        queue.push(next);
      }
    }
    return reach.get(package_) ?? NEVER;
  }

  override needs(package_: number, version: number): Needs<Reason> | Promise<Needs<Reason>> {
    if (package_ === ROOT) return this.#finish(ROOT, version, this.#shared.lines, []);
    const { project, extra, base } = this.packages[package_]!;
    return whenKnown(this.catalogue.needs(project, version), (needs): Eventual<Needs<Reason>> => {
      if ("unusable" in needs) return { unusable: { kind: "unusable", ...needs.unusable } };
      const low = this.#shared.reading.lowOf(needs.requiresPython);
      if (low > this.part.pythons.low) return this.#refuse(package_, needs, low);
      const wanted = flattenNeeds(this.#shared.reading, project.name, needs, extra);
      const asked = wanted.flatMap((need) => this.#askedThere(need));
      if (extra === undefined) return this.#finish(package_, version, asked, []);
      const allowed = oneVersion(project.places, version);
      return this.#finish(package_, version, asked, [
        { package: base, allowed, reason: { kind: "same-release" } },
      ]);
    });
  }

  #refuse(package_: number, { requiresPython }: Usable, low: number): Needs<Reason> {
    const { scope } = this.#shared.reading;
    if (scope.forkStrategy !== "fewest" && low < this.part.pythons.high) this.#partPythons(package_, low);
    const message = `it needs Python ${requiresPython}`;
    return { unusable: { kind: "unusable", code: "requires-python", message } };
  }

  /** Everything that a release may ask for, for the graph of the stack: what is not asked for here left out. */
  edgesOf(package_: number, version: number): readonly AskedThere[] {
    if (package_ === ROOT) return this.#shared.lines.filter((one) => this.includes(one.where));
    const { project, extra } = this.packages[package_]!;
    const needs = this.catalogue.needs(project, version);
    // The search has read the metadata of everything that it selects.
    if (needs instanceof Promise || "unusable" in needs)
      throw new Error(`${project.name} was selected unread`);
    const wanted = flattenNeeds(this.#shared.reading, project.name, needs, extra);
    return wanted.flatMap((need) => this.#askedThere(need)).filter((one) => this.includes(one.where));
  }

  /** The same objects for the same need, in every part. */
  #askedThere(need: Need): readonly AskedThere[] {
    const { askedBy } = this.#shared;
    let asked = askedBy.get(need);
    if (asked === undefined) {
      asked = this.#makeAskedThere(need);
      askedBy.set(need, asked);
    }
    return asked;
  }

  #makeAskedThere(need: Need): AskedThere[] {
    const { reading } = this.#shared;
    const overrides = this.overrides.get(need.name);
    if (overrides === undefined) {
      return [{ ...need, reason: { kind: "depends", text: need.text }, own: ALWAYS }];
    }
    return overrides.map((one) => ({
      ...needOf(
        one,
        { kind: "depends", text: one.text, demand: one },
        reading.withoutExtras(one.requirement.marker),
      ),
      own: ALWAYS,
    }));
  }

  #finish(
    package_: number,
    version: number,
    wanted: readonly AskedThere[],
    first: readonly Dependency<Reason>[],
  ): Eventual<Needs<Reason>> {
    const { diagram } = this.#shared.reading;
    const included = wanted.filter(
      (one) =>
        this.includes(one.where) && (one.own === ALWAYS || !diagram.areDisjoint(this.part.where, one.own)),
    );
    const asked =
      this.constraints.size === 0 ? included : included.flatMap((one) => [one, ...this.#constraintsOn(one)]);
    const forks = forkAsked(diagram, this.part, asked, this.#conflicts);
    if (forks.length > 1) throw new Parting(package_, this.#sortForks(forks, version));
    const kept = forks[0]?.asked ?? [];
    const made = this.dependencies(kept, first);
    const record = (needs: Needs<Reason>): Needs<Reason> => {
      this.#recordEdges(package_, kept, first);
      return needs;
    };
    return whenKnown(made, record);
  }

  /** Constraints narrow what is asked for, where both hold: they may part a stack as requirements do. */
  #constraintsOn(one: AskedThere): AskedThere[] {
    const { reading } = this.#shared;
    return (this.constraints.get(one.name) ?? []).flatMap((demand) => {
      const { requirement, text } = demand;
      if (requirement.url) return [];
      const where = reading.diagram.and(reading.withoutExtras(requirement.marker), one.where);
      if (where === NEVER || !this.includes(where)) return [];
      const reason = { kind: "depends", text, demand } as const;
      return [{ ...needOf(demand, reason, where), extras: [], own: one.own }];
    });
  }

  #sortForks(forks: ReturnType<typeof forkAsked>, version: number): Parting["parts"] {
    const { reading, question } = this.#shared;
    const { diagram, scope } = reading;
    // The last is solved first: the newest Pythons, or the oldest where few releases are wanted; then what is held from above.
    const sign = scope.forkStrategy === "fewest" || question.resolution === "lowest" ? -1 : 1;
    const lowOf = (where: MarkerSet): number => diagram.pythons(where)?.low ?? 0;
    return [...forks]
      .sort(
        (a, b) =>
          sign * (lowOf(a.where) - lowOf(b.where)) || countUpperBounds(a.asked) - countUpperBounds(b.asked),
      )
      .map(({ where }) => ({ where, version }));
  }

  #recordEdges(package_: number, asked: readonly AskedThere[], first: readonly Dependency<Reason>[]): void {
    const { diagram } = this.#shared.reading;
    this.#edges[package_] ??= new Map();
    const edges = this.#edges[package_];
    const add = (other: number | undefined, where: MarkerSet): void => {
      if (other !== undefined) edges.set(other, diagram.or(edges.get(other) ?? NEVER, where));
    };
    for (const one of first) add(one.package, ALWAYS);
    for (const { name, extras, where } of asked) {
      add(this.byKey.get(name), where);
      for (const extra of extras) add(this.byKey.get(`${name}[${extra}]`), where);
    }
  }

  /** Constraints come with what they constrain. */
  protected override constrain(): void {}

  protected override sourceOf(name: string): string | undefined {
    return this.#sourcesHere(name)[0]?.url;
  }

  #sourcesHere(name: string): readonly SourceThere[] {
    return (this.#shared.sources.get(name) ?? []).filter(({ where }) => this.includes(where));
  }

  /** The address that a project of this part comes from. */
  addressOf(project: Project): string | undefined {
    return this.sourceOf(project.name);
  }

  protected override projectOf(name: string): Eventual<Project> {
    const settled = this.#settled.get(name);
    if (settled !== undefined && !(settled instanceof Promise)) return settled;
    const project = this.catalogue.project(name, this.sourceOf(name));
    if (!(project instanceof Promise)) this.#settled.set(name, project);
    return project;
  }
}

/** What the person's own lines ask for: where their markers hold, and where their extra or group is asked for. */
export function linesOf(reading: ScopeReading, question: Question): AskedThere[] {
  const overrides = byName(question.overrides);
  return question.requirements.flatMap((demand) => {
    const own = demand.scope ? ownSet(reading, demand.scope) : ALWAYS;
    const counting = overrides.get(normalizeName(demand.requirement.name.text)) ?? [demand];
    return counting.map((one) => ({
      ...needOf(one, { kind: "required", demand: one }, reading.withoutExtras(one.requirement.marker)),
      own,
    }));
  });
}

function readSet(reading: ScopeReading, text: string): MarkerSet {
  const marker = readMarker(text);
  if (!marker.ok) throw new Error(text);
  return reading.diagram.of(marker.value);
}

/** Where one of the person's own extras or groups is asked for (PEP 751, "Dependency Groups and Extras"). */
export function ownSet(reading: ScopeReading, { kind, name }: OwnPart): MarkerSet {
  return readSet(reading, `"${name}" in ${kind === "extra" ? "extras" : "dependency_groups"}`);
}

/**
 * What a release needs, or what one of its extras adds, with what the extras of the same project add that this asks for in turn: told
 * at once, since what is asked for side by side may part a stack.
 */
function flattenNeeds(reading: ScopeReading, name: string, needs: Usable, extra?: string): readonly Need[] {
  const start = extra === undefined ? needs.base : (needs.byExtra.get(extra) ?? []);
  if (!start.some((need) => need.name === name && need.extras.length > 0)) return start;
  const { diagram } = reading;
  const flat: Need[] = [];
  /** What it asks of its own version beside. */
  const held: Need[] = [];
  const seen = new Set<string>(extra === undefined ? [] : [`${extra} ${ALWAYS}`]);
  const queue: { readonly list: readonly Need[]; readonly outer: MarkerSet }[] = [
    { list: start, outer: ALWAYS },
  ];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const need of next.list) {
      const where = diagram.and(need.where, next.outer);
      if (where === NEVER) continue;
      if (need.name !== name || need.extras.length === 0) {
        flat.push({ ...need, where });
        continue;
      }
      for (const one of need.extras) {
        const key = `${one} ${where}`;
        if (seen.has(key)) continue;
        seen.add(key);
        queue.push({ list: needs.byExtra.get(one) ?? [], outer: where });
      }
      if (need.specifier.clauses.length > 0) held.push({ ...need, extras: [], where });
    }
  }
  return [...flat, ...held];
}

/** The newest local release of a public one that is admitted; none where it has none. */
function localOf(project: Project, place: number, allowed: States): number | undefined {
  const version: Version = project.versions[place]!;
  if (version.isLocal) return undefined;
  const text = version.toString();
  for (let other = project.versions.length - 1; other > place; other--) {
    const one = project.versions[other]!;
    if (one.isLocal && one.public === text && hasVersion(allowed, other)) return other;
  }
  return undefined;
}

/** The addresses that the person's own lines name, with where. */
export function sourcesOfLines(reading: ScopeReading, question: Question): Map<string, SourceThere[]> {
  const sources = new Map<string, SourceThere[]>();
  const lines = [...(question.overrides ?? []), ...question.requirements, ...(question.constraints ?? [])];
  for (const { requirement } of lines) {
    const { url, marker, name } = requirement;
    if (!url) continue;
    const key = normalizeName(name.text);
    sources.set(key, [...(sources.get(key) ?? []), { url: url.text, where: reading.withoutExtras(marker) }]);
  }
  return sources;
}
