// Projects, releases and what they need, read once for one target and kept for as many searches as are made for it.
import { plainAddress } from "../../../../shared/src/manifest/links.ts";
import { readRequirementLenient } from "../../../../shared/src/packaging/lenient.ts";
import type { Marker } from "../../../../shared/src/packaging/marker.ts";
import { ALWAYS, type MarkerSet, NEVER } from "../../../../shared/src/packaging/markerDiagram.ts";
import { normalizeExtra, normalizeName } from "../../../../shared/src/packaging/name.ts";
import type { Requirement } from "../../../../shared/src/packaging/requirement.ts";
import type { SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import {
  asksForVariant,
  NO_VARIANT,
  settleVariant,
} from "../../../../shared/src/packaging/variantMarkers.ts";
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import { type IndexFailure, type PageFile, redactUrl } from "../../index/index.ts";
import { addVersion, isEmpty, noStates, type States } from "../core/states.ts";
import { isWheel, type Verdict } from "./compatibility.ts";
import type {
  FilePolicy,
  ReleaseMetadata,
  Target,
  Universe,
  UniverseProject,
  UniverseRelease,
} from "./model.ts";
import { type Conditions, type Reading, TargetReading } from "./reading.ts";

/** One project with its releases in their order. */
export interface Project {
  readonly name: string;
  /** Lowest first; their places are what the core knows. */
  readonly versions: readonly Version[];
  readonly files: readonly (readonly PageFile[])[];
  /** What each release comes to before anyone asks for it. */
  readonly verdicts: readonly Verdict[];
  /**
   * How many versions the core is told of: one more than there are. The last stands for every release that is asked for and
   * does not exist, so that asking for one is found out when the project's turn comes, as for one that cannot be used.
   */
  readonly places: number;
  /** The releases that are no pre-releases. */
  readonly finals: States;
  /** Every release, without the last place and without "not selected". */
  readonly releases: States;
  /** Where an earlier index goes before a later one: the releases of each, in that order. */
  readonly tiers: readonly States[] | undefined;
  /** Every clause counts as met: only a build tells the version. */
  readonly isVersionUnknown: boolean;
  readonly failure: IndexFailure | undefined;
  /** Sets of its versions by the specifier that makes them, and by their own content: equal sets are one object. */
  readonly allowedBy: Map<string, States>;
  readonly distinct: Map<string, States>;
  readonly needs: (ReleaseNeeds | Promise<ReleaseNeeds> | undefined)[];
}

/** One requirement that a release makes where the catalogue is for. */
export interface Need {
  readonly name: string;
  readonly extras: readonly string[];
  readonly specifier: SpecifierSet;
  readonly url: string | undefined;
  readonly text: string;
  /** As the metadata has it. */
  readonly marker?: Marker | undefined;
  /** Where it holds: everywhere in a catalogue for one environment. */
  readonly where: MarkerSet;
}

export type ReleaseNeeds =
  | {
      readonly file: PageFile;
      readonly requiresPython: string | undefined;
      /** Without an extra. */
      readonly base: readonly Need[];
      /** What an extra adds; undefined of an extra that adds nothing or does not exist. */
      readonly byExtra: ReadonlyMap<string, readonly Need[]>;
    }
  | { readonly unusable: { readonly code: string; readonly message: string } };

export type Eventual<T> = T | Promise<T>;

/** One requirement of metadata as a catalogue reads it, whichever releases have it. */
interface ReadNeed {
  /** Without an extra; undefined where it is not asked for then. */
  readonly base: Need | undefined;
  /** With an extra and not without one. */
  readonly byExtra: readonly (readonly [extra: string, need: Need])[];
}

/** Goes on with a value at once, or with a promise when it is there. */
export function whenKnown<T, U>(value: Eventual<T>, go: (value: T) => Eventual<U>): Eventual<U> {
  return value instanceof Promise ? value.then(go) : go(value);
}

const UNCONDITIONAL: Conditions = { base: ALWAYS, byExtra: new Map() };
const ASKS_NOTHING: ReadNeed = { base: undefined, byExtra: [] };

export class Catalogue {
  readonly #universe: Universe;
  readonly #reading: Reading;
  readonly #projects = new Map<string, Eventual<Project>>();
  /** By their text, which releases of one project mostly share; undefined for what cannot be read. */
  readonly #read = new Map<string, ReadNeed | undefined>();

  /** @param where the environment that markers are evaluated for and files chosen, or another way to read them. */
  constructor(universe: Universe, where: Target | Reading, policy: FilePolicy = {}) {
    this.#universe = universe;
    this.#reading = "tags" in where ? new TargetReading(where, policy) : where;
  }

  /** Whether a marker holds where the catalogue is for, without an extra. */
  admits(marker: Marker | undefined): boolean {
    return this.#reading.admits(marker);
  }

  /** Whether asking takes long enough that it pays to ask ahead of need. */
  get isRemote(): boolean {
    return this.#universe.isRemote;
  }

  /** A project by its normalised name; with `url` the one release that lies there. */
  project(name: string, url?: string): Eventual<Project> {
    const key = url === undefined ? name : `${name} @ ${url}`;
    const known = this.#projects.get(key);
    if (known !== undefined) return known;
    const asked =
      url === undefined
        ? this.#universe.project(name)
        : (this.#universe.direct?.(name, url) ?? { releases: [] });
    const found = whenKnown(asked, (project) => {
      const made = this.#makeProject(name, project);
      this.#projects.set(key, made);
      return made;
    });
    if (found instanceof Promise) {
      this.#projects.set(key, found);
      // Whoever waits for it is told; asking ahead of need must not end the process.
      found.catch(() => this.#projects.delete(key));
    }
    return found;
  }

  #makeProject(name: string, project: UniverseProject): Project {
    const releases = [...project.releases].sort((a, b) => compareVersions(a.version, b.version));
    const places = releases.length + 1;
    const finals = noStates(places);
    const present = noStates(places);
    for (let place = 0; place < releases.length; place++) {
      addVersion(present, place);
      if (!releases[place]!.version.isPrerelease) addVersion(finals, place);
    }
    let verdicts: readonly Verdict[] | undefined;
    const judge = (): readonly Verdict[] =>
      releases.map(({ files, withheld }) => withheld ?? this.#reading.judge(name, files));
    return {
      name,
      versions: releases.map(({ version }) => version),
      files: releases.map(({ files }) => files),
      get verdicts() {
        verdicts ??= judge();
        return verdicts;
      },
      places,
      finals,
      releases: present,
      tiers: tiersOf(releases, places),
      isVersionUnknown: project.isVersionUnknown === true,
      failure: project.failure,
      allowedBy: new Map(),
      distinct: new Map(),
      needs: [],
    };
  }

  /** The places of the releases that a specifier admits, usable or not, or else the last. The same object for equal sets. */
  allowed(project: Project, specifier: SpecifierSet): States {
    const { clauses, alternatives } = specifier;
    let key = alternatives ? `${specifier.key}|` : "";
    for (const { operator, version } of clauses) key += `${operator}${version},`;
    let states = project.allowedBy.get(key);
    if (states === undefined) {
      states = this.#select(project, specifier);
      const content = states.join();
      const same = project.distinct.get(content);
      if (same) states = same;
      else project.distinct.set(content, states);
      project.allowedBy.set(key, states);
    }
    return states;
  }

  #select({ versions, places, releases, isVersionUnknown }: Project, specifier: SpecifierSet): States {
    if (isVersionUnknown) return releases;
    const states = noStates(places);
    if (specifier.clauses.some(({ operator }) => operator === "===")) {
      for (const [place, version] of versions.entries()) {
        if (specifier.contains(version.raw) || specifier.contains(version)) addVersion(states, place);
      }
    } else {
      for (const [start, end] of specifier.toVersionSet().stretchesIn(versions)) {
        for (let place = start; place < end; place++) addVersion(states, place);
      }
    }
    if (isEmpty(states)) addVersion(states, versions.length);
    return states;
  }

  /** The files of a release that the target takes, best first. */
  usableFiles(project: Project, place: number): PageFile[] {
    return this.#reading.usableFiles(project.name, project.files[place]!, true);
  }

  /** Whether what a release needs is asked for only when it is needed. */
  isCostly(project: Project, place: number): boolean {
    const file = this.#universe.isCostly && this.usableFiles(project, place)[0];
    return file ? this.#universe.isCostly!(file) : false;
  }

  /** What a release needs on the target. */
  needs(project: Project, place: number): Eventual<ReleaseNeeds> {
    const known = project.needs[place];
    if (known !== undefined) return known;
    const version = project.versions[place]!;
    const file = this.usableFiles(project, place)[0];
    if (file === undefined) {
      const message = `no file of ${project.name} ${version} can be used`;
      return { unusable: { code: "no-files", message } };
    }
    const found = whenKnown(this.#universe.metadata(project.name, version, file), (metadata) => {
      const needs = this.#makeNeeds(project, version, file, metadata);
      project.needs[place] = needs;
      return needs;
    });
    if (found instanceof Promise) {
      project.needs[place] = found;
      found.catch(() => {
        project.needs[place] = undefined;
      });
    }
    return found;
  }

  #makeNeeds(project: Project, version: Version, file: PageFile, metadata: ReleaseMetadata): ReleaseNeeds {
    if ("failure" in metadata) return { unusable: metadata.failure };
    const fault = this.#faultOf(project.name, version, file, metadata);
    if (fault) return { unusable: fault };
    const base: Need[] = [];
    const byExtra = new Map<string, Need[]>();
    for (const text of metadata.requiresDist) {
      const read = this.#readNeed(text, file);
      if (read === undefined) {
        const message = `its metadata has a requirement that cannot be read: ${text}`;
        return { unusable: { code: "bad-metadata", message } };
      }
      if (read.base) base.push(read.base);
      for (const [extra, need] of read.byExtra) {
        const needs = byExtra.get(extra);
        if (needs) needs.push(need);
        else byExtra.set(extra, [need]);
      }
    }
    return { file, requiresPython: metadata.requiresPython, base, byExtra };
  }

  #faultOf(
    name: string,
    version: Version,
    file: PageFile,
    metadata: Exclude<ReleaseMetadata, { failure: unknown }>,
  ): { code: string; message: string } | undefined {
    const { requiresPython } = metadata;
    if (metadata.name !== name && normalizeName(metadata.name) !== name) {
      return { code: "bad-metadata", message: `its metadata names another project, ${metadata.name}` };
    }
    const said = metadata.version === version.raw ? version : parseVersion(metadata.version);
    // A wheel may carry a local label in its name alone.
    if (isWheel(file) && said && compareVersions(said, version) !== 0 && said.public !== version.public) {
      return { code: "bad-metadata", message: `its metadata says version ${metadata.version}` };
    }
    if (requiresPython !== undefined && !this.#reading.admitsPython(requiresPython)) {
      return { code: "requires-python", message: `it needs Python ${requiresPython}` };
    }
    return undefined;
  }

  /** The same object for the same text: what comes of it has to be worked out once only. */
  #readNeed(text: string, file: PageFile): ReadNeed | undefined {
    let read = this.#read.get(text);
    if (read === undefined && !this.#read.has(text)) {
      const result = readRequirementLenient(text, true);
      if (!result.ok) {
        this.#read.set(text, undefined);
        return undefined;
      }
      const { requirement } = result.value;
      // What a wheel asks of its own variant is answered by that wheel: the same text may mean something else in the next one.
      if (requirement.marker && asksForVariant(requirement.marker)) {
        return this.#makeNeed(requirement, settleVariant(requirement.marker, file.variant ?? NO_VARIANT));
      }
      read = this.#makeNeed(requirement, requirement.marker);
      this.#read.set(text, read);
    }
    return read;
  }

  /** @param marker of the requirement, or what is left of it. */
  #makeNeed(requirement: Requirement, marker: Marker | undefined): ReadNeed {
    const { specifier, url } = requirement;
    const { base: where, byExtra } = marker ? this.#reading.conditionsOf(marker) : UNCONDITIONAL;
    if (where === NEVER && byExtra.size === 0) return ASKS_NOTHING;
    const need = {
      name: normalizeName(requirement.name.text),
      extras: extraNames(requirement),
      specifier,
      url: url && plainAddress(url.text),
      text: plainText(requirement),
      marker: marker?.kind === "constant" ? undefined : marker,
      where,
    };
    const more = [...byExtra].map(
      ([extra, only]) => [extra, only === where ? need : { ...need, where: only }] as const,
    );
    return { base: where === NEVER ? undefined : need, byExtra: more };
  }
}

function tiersOf(releases: readonly UniverseRelease[], places: number): States[] | undefined {
  if (releases.every(({ tier = 0 }) => tier === 0)) return undefined;
  const tiers = new Map<number, States>();
  for (const [place, { tier = 0 }] of releases.entries()) {
    const states = tiers.get(tier) ?? noStates(places);
    tiers.set(tier, states);
    addVersion(states, place);
  }
  return [...tiers].sort(([a], [b]) => a - b).map(([, states]) => states);
}

const NO_NAMES: readonly string[] = [];

/** The extras of a requirement, normalised, sorted, without doubles. */
export function extraNames(requirement: Requirement): readonly string[] {
  if (requirement.extras.length === 0) return NO_NAMES;
  return [...new Set(requirement.extras.map((extra) => normalizeExtra(extra.text)))].sort();
}

/** A requirement without its marker, as explanations show it. */
function plainText({ name, extras, specifier, url }: Requirement): string {
  const brackets = extras.length > 0 ? `[${extras.map((extra) => extra.text).join(",")}]` : "";
  const clauses = specifier.written;
  return url
    ? `${name.text}${brackets} @ ${redactUrl(url.text)}`
    : name.text + brackets + (clauses && ` ${clauses}`);
}
