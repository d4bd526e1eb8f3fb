// One stack for a declared list of environments: each is solved by itself, agreeing with the others where it can, and every pin says
// by its marker in which of them it is used.
import { evaluateMarker, type Marker } from "../../../../shared/src/packaging/marker.ts";
import { MarkerDiagram, type MarkerSet, NEVER } from "../../../../shared/src/packaging/markerDiagram.ts";
import {
  isSeriesStart,
  nextSeries,
  pythonCode,
  pythonRelease,
} from "../../../../shared/src/packaging/pythonRange.ts";
import { readSpecifierSet, type SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { PageFile } from "../../index/index.ts";
import type { SolveOptions } from "../core/model.ts";
import { Catalogue } from "../python/catalogue.ts";
import type { Verdict } from "../python/compatibility.ts";
import type { FilePolicy, Pin, PinDependency, Question, Target, Universe } from "../python/model.ts";
import { type Conditions, type Reading, TargetReading } from "../python/reading.ts";
import { type Resolution, resolve } from "../resolve.ts";
import type { StackPart, StackResolution } from "./model.ts";

/** One of the environments that a stack is for. */
export interface NamedTarget {
  /** As the person names it. */
  readonly name: string;
  readonly target: Target;
  /** How its files and markers are read, where not by its tags and markers alone. */
  readonly reading?: Reading | undefined;
}

/** Environments that no marker tells apart: what is selected in one is selected in all of them. */
interface Group {
  readonly names: readonly string[];
  readonly target: Target;
  readonly catalogue: Catalogue;
  readonly where: MarkerSet;
}

/** What `resolveForTargets` searches in, kept for as many searches as are made for the same environments. */
export interface TargetsCatalogue {
  readonly diagram: MarkerDiagram;
  readonly groups: readonly Group[];
}

type Solved = Extract<Resolution, { kind: "solved" }>;

/**
 * Makes what `resolveForTargets` searches in. Pages and metadata are asked for once for all environments.
 * @throws RangeError without a target.
 */
export function createTargetsCatalogue(
  universe: Universe,
  targets: readonly NamedTarget[],
  policy: FilePolicy = {},
): TargetsCatalogue {
  if (targets.length === 0) throw new RangeError("no environment is named");
  const shared = shareUniverse(universe);
  const diagram = new MarkerDiagram();
  const grouped = new Map<string, NamedTarget[]>();
  for (const one of targets) {
    const key = JSON.stringify(cubeOf(one.target, true));
    grouped.set(key, [...(grouped.get(key) ?? []), one]);
  }
  const alike = [...grouped.values()];
  // A series of Python tells environments apart as well as a full version, unless two of them share one.
  const series = alike.map(([first]) => JSON.stringify(cubeOf(first!.target, false)));
  const groups = alike.map((group, place): Group => {
    const [first] = group;
    const { target } = first!;
    const readings = group.map((one) => one.reading ?? new TargetReading(one.target, policy));
    const isShared = series.some((other, otherPlace) => otherPlace !== place && other === series[place]);
    return {
      names: group.map(({ name }) => name),
      target,
      catalogue: new Catalogue(shared, readings.length === 1 ? readings[0]! : new JointReading(readings)),
      where: setOf(diagram, target, isShared),
    };
  });
  return { diagram, groups };
}

/** The variables that tell environments apart. */
const TELLING = ["os_name", "sys_platform", "platform_machine", "implementation_name"] as const;

function cubeOf({ markers, python }: Target, isFull: boolean): readonly string[] {
  const version = isFull ? python.toString() : python.release.slice(0, 2).join(".");
  return [...TELLING.map((name) => markers[name]), version];
}

function setOf(diagram: MarkerDiagram, { markers, python }: Target, isFull: boolean): MarkerSet {
  const low = pythonCode(isFull ? python.release : python.release.slice(0, 2));
  const pythons = diagram.pythonsIn({ low, high: isFull || !isSeriesStart(low) ? low + 1 : nextSeries(low) });
  return TELLING.reduce((set, name) => diagram.and(set, diagram.textIs(name, markers[name])), pythons);
}

/** Files that each of several environments takes one of. */
class JointReading implements Reading {
  readonly #readings: readonly Reading[];

  constructor(readings: readonly Reading[]) {
    this.#readings = readings;
  }

  judge(name: string, files: readonly PageFile[]): Verdict {
    for (const reading of this.#readings) {
      const verdict = reading.judge(name, files);
      if (verdict !== "usable") return verdict;
    }
    return "usable";
  }

  usableFiles(name: string, files: readonly PageFile[], takesYanked: boolean): PageFile[] {
    return [...new Set(this.#readings.flatMap((one) => one.usableFiles(name, files, takesYanked)))];
  }

  admitsPython(text: string): boolean {
    return this.#readings.every((reading) => reading.admitsPython(text));
  }

  admits(marker: Marker | undefined): boolean {
    return this.#readings[0]!.admits(marker);
  }

  conditionsOf(marker: Marker): Conditions {
    return this.#readings[0]!.conditionsOf(marker);
  }
}

/** The same universe, asked once for each thing however many catalogues ask. */
function shareUniverse(universe: Universe): Universe {
  const projects = new Map<string, ReturnType<Universe["project"]>>();
  const metadata = new Map<PageFile, ReturnType<Universe["metadata"]>>();
  const remember = <K, V>(known: Map<K, V>, key: K, ask: () => V): V => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = ask();
    known.set(key, answer);
    if (answer instanceof Promise) answer.catch(() => known.delete(key));
    return answer;
  };
  const { direct } = universe;
  return {
    isRemote: universe.isRemote,
    project: (name) => remember(projects, name, () => universe.project(name)),
    metadata: (name, version, file) => remember(metadata, file, () => universe.metadata(name, version, file)),
    ...(direct
      ? {
          direct: (name: string, url: string) =>
            remember(projects, `${name} @ ${url}`, () => direct.call(universe, name, url)),
        }
      : {}),
  };
}

/**
 * Resolves a question for each of several environments, into one stack. The same question gives the same answer.
 * @throws what `options.signal` was aborted with.
 */
export async function resolveForTargets(
  catalogue: TargetsCatalogue,
  question: Question,
  options: SolveOptions = {},
): Promise<StackResolution> {
  const { groups } = catalogue;
  const order = [...groups].sort((a, b) => compareVersions(a.target.python, b.target.python));
  const first = await solveAll(order, question, options, () => []);
  if (!(first instanceof Map)) return first;
  // What the later ones came to may do for the earlier ones too; what leaves more releases than before is passed over.
  const versions = countVersions(first.values());
  const second = await solveAll(order, question, options, () => versions);
  const solved = second instanceof Map && countPins(second) < countPins(first) ? second : first;
  return combine(catalogue, solved, question);
}

/** Releases by how many environments they were taken in, most first. */
interface Counted {
  readonly name: string;
  readonly version: Version;
  readonly count: number;
}

function countVersions(solved: Iterable<Solved>): Counted[] {
  const counts = new Map<string, Counted>();
  for (const { pins } of solved) {
    for (const { name, version } of pins) {
      const key = `${name} ${version.key}`;
      counts.set(key, { name, version, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || compareVersions(a.version, b.version));
}

function countPins(solved: ReadonlyMap<Group, Solved>): number {
  return new Set(
    [...solved.values()].flatMap(({ pins }) => pins.map(({ name, version }) => `${name} ${version.key}`)),
  ).size;
}

async function solveAll(
  groups: readonly Group[],
  question: Question,
  options: SolveOptions,
  wanted: () => readonly Counted[],
): Promise<Map<Group, Solved> | StackResolution> {
  const solved = new Map<Group, Solved>();
  const counters = { decisions: 0, conflicts: 0 };
  for (const group of groups) {
    const preferences = new Map(keptFor(question, group.target));
    const others = wanted().length > 0 ? wanted() : countVersions(solved.values());
    for (const { name, version } of others) if (!preferences.has(name)) preferences.set(name, version);
    const resolution = await resolve(group.catalogue, { ...question, preferences }, options);
    if (resolution.kind === "stopped") return resolution;
    counters.decisions += resolution.counters.decisions;
    counters.conflicts += resolution.counters.conflicts;
    if (resolution.kind !== "solved") {
      return { ...resolution, counters, part: { environment: group.names.join(", ") } };
    }
    solved.set(group, { ...resolution, counters: { ...counters } });
  }
  return solved;
}

function* keptFor(question: Question, { markers }: Target): Generator<[string, Version]> {
  yield* question.preferences ?? [];
  for (const { name, version, marker } of question.kept ?? []) {
    if (marker === undefined || evaluateMarker(marker, { ...markers, extras: [], dependency_groups: [] })) {
      yield [name, version];
    }
  }
}

/** Pins of one release from several environments as one. */
interface Joined {
  readonly pins: { readonly group: Group; readonly pin: Pin }[];
  where: MarkerSet;
}

function combine(
  { diagram, groups }: TargetsCatalogue,
  solved: ReadonlyMap<Group, Solved>,
  question: Question,
): StackResolution {
  const whole = groups.reduce((all, { where }) => diagram.or(all, where), NEVER);
  const joined = new Map<string, Joined>();
  for (const group of groups) {
    for (const pin of solved.get(group)!.pins) {
      const key = `${pin.name} ${pin.version.key} ${pin.direct ?? ""}`;
      const one = joined.get(key) ?? { pins: [], where: NEVER };
      joined.set(key, one);
      one.pins.push({ group, pin });
      one.where = diagram.or(one.where, group.where);
    }
  }
  const join = (lists: readonly (readonly [Group, readonly PinDependency[]])[], given: MarkerSet) =>
    joinDependencies(diagram, lists, given);
  const pins = [...joined.values()].map(({ pins: same, where }): Pin => {
    const [first] = same;
    const { pin } = first!;
    const marker = diagram.toMarker(where, whole);
    const extras = unique(same.flatMap((one) => one.pin.extras));
    return {
      ...pin,
      extras,
      files: [...new Set(same.flatMap((one) => one.pin.files))],
      via: unique(same.flatMap((one) => one.pin.via)),
      demands: question.requirements.filter((demand) => same.some((one) => one.pin.demands.includes(demand))),
      ...(marker === undefined ? {} : { marker }),
      dependencies: join(
        same.map((one) => [one.group, one.pin.dependencies]),
        where,
      ),
      extraDependencies: new Map(
        extras.map((extra) => [
          extra,
          join(
            same.map((one) => [one.group, one.pin.extraDependencies.get(extra) ?? []]),
            where,
          ),
        ]),
      ),
    };
  });
  const last = [...solved.values()].at(-1)!;
  return {
    kind: "solved",
    pins: pins.sort((a, b) => compareText(a.name, b.name) || compareVersions(a.version, b.version)),
    roots: join(
      groups.map((group) => [group, rootsOf(solved.get(group)!.pins)]),
      whole,
    ),
    parts: groups.map(({ names, where }): StackPart => {
      const marker = diagram.toMarker(where);
      return { environment: names.join(", "), ...(marker === undefined ? {} : { marker }) };
    }),
    requiresPython: pythonsOf(groups),
    counters: last.counters,
  };
}

function rootsOf(pins: readonly Pin[]): PinDependency[] {
  return pins
    .filter(({ demands }) => demands.length > 0)
    .map(({ name, version, direct, demands }) => ({
      name,
      version,
      ...(direct === undefined ? {} : { direct }),
      extras: unique(demands.flatMap(({ requirement }) => requirement.extras.map(({ text }) => text))),
    }));
}

function joinDependencies(
  diagram: MarkerDiagram,
  lists: readonly (readonly [Group, readonly PinDependency[]])[],
  given: MarkerSet,
): PinDependency[] {
  const joined = new Map<string, { readonly dependency: PinDependency; where: MarkerSet }>();
  for (const [group, dependencies] of lists) {
    for (const dependency of dependencies) {
      const key = `${dependency.name} ${dependency.version.key} ${dependency.extras} ${dependency.direct ?? ""}`;
      const one = joined.get(key) ?? { dependency, where: NEVER };
      joined.set(key, one);
      one.where = diagram.or(one.where, group.where);
    }
  }
  return [...joined.values()]
    .map(({ dependency, where }) => {
      const marker = diagram.toMarker(where, given);
      return { ...dependency, ...(marker === undefined ? {} : { marker }) };
    })
    .sort((a, b) => compareText(a.name, b.name) || compareVersions(a.version, b.version));
}

/** From the oldest series on. */
function pythonsOf(groups: readonly Group[]): SpecifierSet {
  const oldest = Math.min(...groups.map(({ target }) => pythonCode(target.python.release.slice(0, 2))));
  const read = readSpecifierSet(`>=${pythonRelease(oldest).join(".")}`);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
