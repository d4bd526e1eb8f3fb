// packse's scenarios run as uv runs them: one environment as `uv pip` does, all at once as `uv lock` and `--universal` do.
import assert from "node:assert/strict";
import { type Marker, readMarker } from "../../../shared/src/packaging/marker.ts";
import { ALWAYS, MarkerDiagram, type MarkerSet } from "../../../shared/src/packaging/markerDiagram.ts";
import { boundPythons } from "../../../shared/src/packaging/pythonRange.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import { Catalogue } from "./python/catalogue.ts";
import { isWheel, readNameSet } from "./python/compatibility.ts";
import type { FilePolicy, PinDependency, Question } from "./python/model.ts";
import { resolve } from "./resolve.ts";
import { makeTarget, makeUniverse, type PlainRelease, readDemands, readSpecifier } from "./testing.ts";
import type { StackResolution } from "./universal/model.ts";
import { createScopeCatalogue, resolveUniversal } from "./universal/resolve.ts";

export interface Scenario {
  readonly root: { readonly requires: readonly string[]; readonly requires_python?: string };
  readonly packages?: Readonly<Record<string, { versions: Record<string, ScenarioRelease> }>>;
  readonly environment?: { readonly python?: string };
  readonly resolver_options?: {
    readonly python?: string;
    readonly universal?: boolean;
    readonly prereleases?: boolean;
    readonly no_build?: readonly string[];
    readonly no_binary?: readonly string[];
    readonly resolution?: "highest" | "lowest" | "lowest-direct";
    readonly required_environments?: readonly string[];
  };
}

interface ScenarioRelease {
  readonly requires?: readonly string[];
  readonly requires_python?: string;
  readonly extras?: Readonly<Record<string, readonly string[]>>;
  readonly sdist?: boolean;
  readonly wheel?: boolean;
  readonly yanked?: boolean;
  readonly wheel_tags?: readonly string[];
}

/** What `uv lock` wrote, in the words of `expected.json`. */
export interface ExpectedLock {
  readonly requires_python: string;
  readonly resolution_markers: readonly string[];
  readonly packages: readonly ExpectedPackage[];
}

interface ExpectedPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly ExpectedDependency[];
  readonly optional_dependencies: Readonly<Record<string, readonly ExpectedDependency[]>>;
  readonly wheels: readonly string[];
  readonly sdist: boolean;
  readonly root: boolean;
}

interface ExpectedDependency {
  readonly name: string;
  readonly version?: string;
  readonly extra?: readonly string[];
  readonly marker?: string;
}

function readReleases({ packages = {} }: Scenario): Record<string, Record<string, PlainRelease>> {
  const universe: Record<string, Record<string, PlainRelease>> = {};
  for (const [name, { versions }] of Object.entries(packages)) {
    universe[name] = {};
    for (const [version, release] of Object.entries(versions)) {
      const { requires_python = ">=3.12", wheel_tags, ...rest } = release;
      universe[name][version] = {
        ...rest,
        requiresPython: requires_python,
        ...(wheel_tags ? { wheelTags: wheel_tags } : {}),
      };
    }
  }
  return universe;
}

function policyOf({ resolver_options: options = {} }: Scenario): FilePolicy {
  return {
    onlyBinary: readNameSet(options.no_build ?? []),
    noBinary: readNameSet(options.no_binary ?? []),
    ignoresPythonCaps: true,
  };
}

function questionOf({ root, resolver_options: options = {} }: Scenario): Question {
  return {
    requirements: readDemands(root.requires),
    prereleases: options.prereleases ? "allow" : "last",
    resolution: options.resolution,
  };
}

function pythonOf({ environment, resolver_options: options = {} }: Scenario): string {
  const python = options.python ?? environment?.python ?? "3.12";
  return parseVersion(python)!.release.length < 3 ? `${python}.0` : python;
}

/** Name to version, or undefined where there is no solution. */
export async function runForOne(scenario: Scenario): Promise<Record<string, string> | undefined> {
  const catalogue = new Catalogue(
    makeUniverse(readReleases(scenario)),
    makeTarget(pythonOf(scenario)),
    policyOf(scenario),
  );
  const resolution = await resolve(catalogue, questionOf(scenario));
  assert.notEqual(resolution.kind, "undecided");
  if (resolution.kind !== "solved") return undefined;
  return Object.fromEntries(resolution.pins.map(({ name, version }) => [name, version.toString()]));
}

function marker(text: string): Marker {
  const read = readMarker(text);
  assert.ok(read.ok, text);
  return read.value;
}

/** The whole stack, for every Python from the project's bound on or, without a project, from the interpreter's on. */
export function runForAll(scenario: Scenario, isProject: boolean): Promise<StackResolution> {
  const { resolver_options: options = {}, root } = scenario;
  const requiresPython = isProject ? (root.requires_python ?? ">=3.12") : `>=${pythonOf(scenario)}`;
  const scope = {
    requiresPython: readSpecifier(requiresPython),
    requiredEnvironments: (options.required_environments ?? []).map(marker),
  };
  const universe = makeUniverse(readReleases(scenario));
  return resolveUniversal(createScopeCatalogue(universe, scope, policyOf(scenario)), questionOf(scenario));
}

/** Name to version as `uv pip compile` prints it; of several the newest, which it prints last. */
export async function runUniversally(scenario: Scenario): Promise<Record<string, string> | undefined> {
  const resolution = await runForAll(scenario, false);
  if (resolution.kind !== "solved") return undefined;
  return Object.fromEntries(resolution.pins.map(({ name, version }) => [name, version.toString()]));
}

/** Compares markers by what they mean for the Pythons of the lock. */
class Meaning {
  readonly #diagram = new MarkerDiagram();
  readonly #given: MarkerSet;

  constructor(requiresPython: string) {
    this.#given = this.#diagram.pythonsIn(boundPythons(readSpecifier(requiresPython)));
  }

  of(one: Marker | string | undefined, within: MarkerSet = ALWAYS): MarkerSet {
    const set = this.#diagram.of(typeof one === "string" ? marker(one) : one);
    return this.#diagram.and(this.#diagram.and(set, this.#given), within);
  }

  any(sets: readonly MarkerSet[]): MarkerSet {
    return sets.reduce((all, set) => this.#diagram.or(all, set), this.of({ ...NEVER_MARKER }));
  }

  text(set: MarkerSet): string {
    return `#${set}`;
  }
}

const NEVER_MARKER: Marker = { kind: "constant", value: false, span: { start: 0, end: 0 } };

/** The stack and the lock in one form, so that they can be compared as a whole. */
export function compareWithLock(resolution: StackResolution, lock: ExpectedLock): void {
  assert.equal(resolution.kind, "solved");
  if (resolution.kind !== "solved") return;
  const meaning = new Meaning(lock.requires_python);
  const parts = resolution.parts.flatMap((part) => (part.marker ? [meaning.of(part.marker)] : []));
  const expectedParts = lock.resolution_markers.map((one) => meaning.of(one));
  assert.deepEqual([...parts].sort(), [...expectedParts].sort(), "the parts");
  const root = lock.packages.find((one) => one.root);
  const reach = new Map<string, MarkerSet>();
  for (const pin of resolution.pins) reach.set(`${pin.name} ${pin.version}`, meaning.of(pin.marker));
  const edges = (list: readonly PinDependency[], within?: MarkerSet) =>
    describeEdges(
      list.map((one) => ({ ...one, version: one.version.toString(), marker: one.marker })),
      meaning,
      within,
    );
  const expectedEdges = (list: readonly ExpectedDependency[], within?: MarkerSet) =>
    describeEdges(
      list.map((one) => ({
        name: one.name,
        version: one.version ?? onlyVersion(lock, one.name),
        extras: one.extra ?? [],
        marker: one.marker,
      })),
      meaning,
      within,
    );
  const whole = parts.length === 0 ? ALWAYS : meaning.any(parts);
  assert.deepEqual(edges(resolution.roots, whole), expectedEdges(root?.dependencies ?? [], whole), "root");
  const ours = resolution.pins.map((pin) => {
    const within = reach.get(`${pin.name} ${pin.version}`);
    return {
      name: pin.name,
      version: pin.version.toString(),
      dependencies: edges(pin.dependencies, within),
      extras: Object.fromEntries(
        [...pin.extraDependencies]
          .filter(([, list]) => list.length > 0)
          .map(([extra, list]) => [extra, edges(list, within)]),
      ),
      wheels: pin.files
        .filter(isWheel)
        .map(({ filename }) => filename)
        .sort(),
    };
  });
  const theirs = lock.packages
    .filter((one) => !one.root)
    .map((one) => {
      const within = reach.get(`${one.name} ${one.version}`);
      return {
        name: one.name,
        version: one.version,
        dependencies: expectedEdges(one.dependencies, within),
        extras: Object.fromEntries(
          Object.entries(one.optional_dependencies).map(([extra, list]) => [
            extra,
            expectedEdges(list, within),
          ]),
        ),
        wheels: [...one.wheels].sort(),
      };
    });
  assert.deepEqual(ours, theirs);
}

function onlyVersion(lock: ExpectedLock, name: string): string {
  return lock.packages.find((one) => one.name === name)?.version ?? "none";
}

interface Edge {
  readonly name: string;
  readonly version: string;
  readonly extras: readonly string[];
  readonly marker: Marker | string | undefined;
}

/** Where each release, and each extra of it, is asked for: the same whether told on one line or on several. */
function describeEdges(edges: readonly Edge[], meaning: Meaning, within?: MarkerSet): string[] {
  const found = new Map<string, MarkerSet[]>();
  for (const { name, version, extras, marker: one } of edges) {
    for (const key of [`${name} ${version}`, ...extras.map((extra) => `${name}[${extra}] ${version}`)]) {
      found.set(key, [...(found.get(key) ?? []), meaning.of(one, within)]);
    }
  }
  return [...found].map(([key, sets]) => `${key} ${meaning.text(meaning.any(sets))}`).sort();
}
