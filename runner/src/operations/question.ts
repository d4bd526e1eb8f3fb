// What `lock` and `explain` share: a manifest as a question to the resolver, and everything that answers it.
import { dirname } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { LockInput } from "../../../shared/src/protocol/lock.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import type { IndexClient, IndexSettings } from "../index/index.ts";
import {
  Catalogue,
  createIndexUniverse,
  type Demand,
  type IndexUniverse,
  type Question,
  type Resolution,
  readNameSet,
} from "../resolve/index.ts";
import { environmentFor, fileOptionsOf, finderFor, sourcesOf } from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { FactFinder } from "./factFinder.ts";
import { type LoadedRoot, Loader } from "./load.ts";

export type QuestionInput = Pick<
  LockInput,
  | "path"
  | "constraints"
  | "resolution"
  | "excludeNewer"
  | "cwd"
  | "environment"
  | "index"
  | "usePipConfiguration"
  | "offline"
>;

/** Where a line of the person's stands, so that it can be shown and edited. */
export interface DemandPlace {
  readonly uri: string;
  readonly manifest: Manifest;
  readonly entry: RequirementEntry;
}

export interface AskedManifest {
  readonly loader: Loader;
  /** As the person named it. */
  readonly path: string;
  readonly root: LoadedRoot;
  /** In words. */
  readonly environment: string;
  readonly question: Question;
  readonly places: ReadonlyMap<Demand, DemandPlace>;
  readonly catalogue: Catalogue;
  readonly universe: IndexUniverse;
  /** The same question with other texts in the place of the manifest's. Throws as `askRoot` does. */
  reread(edited: LoadedRoot): Pick<AskedManifest, "question" | "places">;
  /** The same for one section of a Pipfile alone, and what narrows all of them. Throws as `askRoot` does. */
  ofSection(section: string): Pick<AskedManifest, "question" | "places">;
  /** Ends the clients; what they have in hand is written. */
  close(): Promise<void>;
}

/** Indexes that are open, with what was read of them. */
export interface OpenIndexes {
  readonly settings: Pick<IndexSettings, "problems" | "pre" | "onlyBinary" | "noBinary">;
  readonly universe: IndexUniverse;
  readonly catalogue: Catalogue;
  /** Ends the clients; what they have in hand is written. */
  close(): Promise<void>;
}

/** Keeps indexes open between questions, for a process that answers many. */
export interface IndexShelf {
  /** What is open under a key that holds all that an answer depends on, or else what `open` opens; closing it is the shelf's. */
  take(key: string, open: (signal: AbortSignal) => Promise<OpenIndexes>): Promise<OpenIndexes>;
}

export interface AskOptions {
  readonly shelf?: IndexShelf | undefined;
  /** Every section of a Pipfile at once, as they have to agree; without it the packages alone, as `pipenv install` takes them. */
  readonly allSections?: boolean | undefined;
}

/**
 * Reads a manifest and opens its indexes for its environment.
 * @throws OperationError where the manifest cannot be read, has a line that cannot be resolved, or no Python is known.
 */
export async function askManifest(
  context: OperationContext,
  input: QuestionInput,
  calls: Pick<Calls<never>, "warn">,
  signal: AbortSignal,
): Promise<AskedManifest> {
  const loader = new Loader(input.cwd);
  const root = await oneRoot(loader, input);
  const environment = await environmentFor(context, input, root, signal);
  signal.throwIfAborted();
  return askRoot(context, input, { loader, root, environment }, calls, signal);
}

/** A manifest that is read, and what it is meant for. */
export interface ReadRoot {
  readonly loader: Loader;
  readonly root: LoadedRoot;
  readonly environment: RuntimeEnvironment | undefined;
}

/**
 * Opens the indexes of a manifest that is read already.
 * @throws OperationError where a line of it cannot be resolved, or no Python is known.
 */
export async function askRoot(
  context: OperationContext,
  input: QuestionInput,
  { loader, root, environment }: ReadRoot,
  calls: Pick<Calls<never>, "warn">,
  signal: AbortSignal,
  options: AskOptions = {},
): Promise<AskedManifest> {
  const target = targetOf(environment);
  const takes = options.allSections ? () => true : isInstalled;
  const demands = readDemands(root, loader, takes);
  const bound = boundOf(root);
  const open = async (while_: AbortSignal): Promise<OpenIndexes> => {
    const finder = finderFor(context, input, root, environment, while_, new Map());
    const { settings, universe } = await openUniverse(finder, root, bound, while_);
    const catalogue = new Catalogue(universe, target, {
      onlyBinary: readNameSet(settings.onlyBinary),
      noBinary: readNameSet(settings.noBinary),
      excludeNewer: cutOffOf(input.excludeNewer),
    });
    return { settings, universe, catalogue, close: () => finder.close() };
  };
  const { shelf } = options;
  const key = shelf && shelfKey(input, root, environment, bound);
  const opened = shelf && key ? await shelf.take(key, open) : await open(signal);
  const { settings, universe, catalogue } = opened;
  for (const problem of settings.problems) calls.warn(problem);
  for (const { requirement, place } of demands.constraints) {
    if (requirement.extras.length === 0) continue;
    calls.warn(`${place?.path} line ${place?.line}: the extras of a constraint are passed over.`);
  }
  const questionOf = ({ requirements, constraints }: Demands): Question => ({
    requirements,
    constraints,
    resolution: input.resolution,
    prereleases: settings.pre ? "allow" : "last",
  });
  return {
    loader,
    path: loader.display(root.path),
    root,
    environment: `Python ${target.python} on ${environment!.platform} ${environment!.architecture}`,
    question: questionOf(demands),
    places: demands.places,
    catalogue,
    universe,
    reread(edited) {
      const other = readDemands(edited, loader, takes);
      return { question: questionOf(other), places: other.places };
    },
    ofSection(section) {
      const own = readDemands(
        root,
        loader,
        (entry) => entry.section === undefined || entry.section === section,
      );
      return { question: questionOf(own), places: own.places };
    },
    close: () => opened.close(),
  };
}

/** All that what is open depends on: where it is asked, how, and for what. */
function shelfKey(
  input: QuestionInput,
  { path, tree }: LoadedRoot,
  environment: RuntimeEnvironment | undefined,
  bound: ReadonlyMap<string, string>,
): string {
  const { index, usePipConfiguration, offline, excludeNewer } = input;
  const { pythonVersion, platform, architecture, prefix, tags } = environment ?? {};
  return JSON.stringify([
    dirname(path),
    { index, usePipConfiguration, offline, excludeNewer },
    [pythonVersion, platform, architecture, prefix, tags?.length, tags?.[0]],
    fileOptionsOf(tree).map(({ option, value, folder }) => [option, value, folder]),
    sourcesOf(tree),
    [...bound],
  ]);
}

async function oneRoot(loader: Loader, input: QuestionInput): Promise<LoadedRoot> {
  const { roots } = await loader.roots([input.path], input.constraints);
  const sources = roots.filter(({ tree }) => !isLockKind(tree.files[0]?.manifest.kind ?? "requirements"));
  // What people write comes before what tools wrote from it.
  const ranked = ["requirements.in", "Pipfile", "requirements.txt"].flatMap((name) =>
    sources.filter(({ path }) => path.endsWith(`/${name}`) || path.endsWith(`\\${name}`)),
  );
  const root = roots.length === 1 ? roots[0] : (ranked[0] ?? sources[0]);
  if (root) return root;
  throw new OperationError(
    "usage",
    "no-manifest",
    `${input.path} has no requirements file and no Pipfile.`,
    "Name the manifest to resolve.",
  );
}

function targetOf(environment: RuntimeEnvironment | undefined) {
  const python =
    environment?.pythonVersion === undefined ? undefined : parseVersion(environment.pythonVersion);
  if (python && environment?.markers && environment.tags) {
    return { python, markers: environment.markers, tags: environment.tags };
  }
  throw new OperationError(
    "not-checked",
    "no-interpreter",
    environment?.notes[0] ?? "No Python was found.",
    "Name a version: --python 3.12.",
  );
}

function cutOffOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new OperationError(
    "usage",
    "bad-date",
    `--exclude-newer ${text} is not a date.`,
    "Write it like 2026-01-31 or 2026-01-31T12:00:00Z.",
  );
}

async function openUniverse(
  finder: FactFinder,
  root: LoadedRoot,
  bound: ReadonlyMap<string, string>,
  signal: AbortSignal,
) {
  const first = await finder.open(undefined);
  const clients = new Map<string, IndexClient>();
  const known = new Set(sourcesOf(root.tree).map(({ name }) => name));
  for (const source of new Set(bound.values())) {
    if (known.has(source)) clients.set(source, (await finder.open(source)).client);
  }
  const clientFor = (name: string): IndexClient => clients.get(bound.get(name) ?? "") ?? first.client;
  const universe = createIndexUniverse({
    routeFor: (name) => ({ client: clientFor(name), rule: "merge" }),
    signal,
  });
  return { settings: first.settings, universe };
}

interface Demands {
  readonly requirements: Demand[];
  readonly constraints: Demand[];
  readonly places: Map<Demand, DemandPlace>;
}

/** Projects of a Pipfile that are bound to one of its sources, in whatever section they stand; of two sources the one named first. */
function boundOf({ tree }: LoadedRoot): Map<string, string> {
  const bound = new Map<string, string>();
  for (const { manifest } of tree.files) {
    for (const entry of manifest.entries) {
      if (entry.kind !== "requirement" || !entry.index || entry.normalizedName === undefined) continue;
      if (!bound.has(entry.normalizedName)) bound.set(entry.normalizedName, entry.index.text);
    }
  }
  return bound;
}

function readDemands(
  { tree }: LoadedRoot,
  loader: Loader,
  takes: (entry: RequirementEntry) => boolean,
): Demands {
  const demands: Demands = { requirements: [], constraints: [], places: new Map() };
  const [fault] = tree.faults;
  if (fault) throw notResolvable(fault.message);
  for (const file of tree.files) {
    // uv passes these extras over, and so do we; pip refuses the line.
    const error = file.manifest.errors.find(({ code }) => code !== "constraint-with-extras");
    if (error)
      throw notResolvable(`${placeOf(file, error.span.start, loader)} cannot be read: ${error.message}`);
    for (const entry of file.manifest.entries) {
      if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
      if (!takes(entry)) continue;
      const demand = demandOf(entry, file, loader);
      const narrows = file.as === "constraints" || entry.kind === "constraint";
      (narrows ? demands.constraints : demands.requirements).push(demand);
      demands.places.set(demand, { uri: file.uri, manifest: file.manifest, entry });
    }
  }
  return demands;
}

/** A Pipfile's development packages stay out unless all sections are asked for, as `pipenv install` leaves them out. */
function isInstalled({ section }: RequirementEntry): boolean {
  return section === undefined || section === "packages" || section === "default";
}

function placeOf(file: ManifestFile, offset: number, loader: Loader): string {
  return `${loader.displayUri(file.uri)} line ${file.manifest.lines.positionAt(offset).line + 1}`;
}

function demandOf(entry: RequirementEntry, file: ManifestFile, loader: Loader): Demand {
  const { manifest } = file;
  const where = placeOf(file, entry.span.start, loader);
  const name = entry.name?.text ?? entry.normalizedName;
  if (entry.editable || entry.vcs || entry.path || name === undefined) {
    throw notResolvable(`${where}: what it needs is known only by building it, which runs its code.`);
  }
  if (entry.hasVariables || !entry.understood) throw notResolvable(`${where} is not understood fully.`);
  const extras = entry.extras.length > 0 ? `[${entry.extras.map((extra) => extra.text).join(",")}]` : "";
  const span = entry.specifierSpan;
  const written = span ? manifest.text.slice(span.start, span.end).trim() : "";
  const specifier = entry.url || written === "*" ? "" : written;
  const marker = entry.marker ? `; ${markerToString(entry.marker)}` : "";
  const text = entry.url
    ? `${name}${extras} @ ${entry.url.text}${marker && ` ${marker}`}`
    : `${name}${extras}${specifier}${marker}`;
  const read = readRequirement(text);
  if (!read.ok) throw notResolvable(`${where}: ${read.error.message}`);
  const line = manifest.lines.positionAt(entry.span.start).line + 1;
  const hashes = entry.hashes.map(({ algorithm, digest }) => `${algorithm}:${digest}`);
  return {
    requirement: read.value,
    text,
    place: { path: loader.displayUri(file.uri), line },
    ...(hashes.length > 0 ? { hashes } : {}),
  };
}

function notResolvable(message: string): OperationError {
  return new OperationError(
    "not-checked",
    "not-resolvable",
    message,
    "Without it a stack would be incomplete: change the line, or leave it out.",
  );
}

/** The pins of a lock that was written before, by normalised name. */
export async function readPins(loader: Loader, path: string): Promise<Map<string, Version>> {
  const { roots } = await loader.roots([path]);
  const pins = new Map<string, Version>();
  for (const { tree } of roots) {
    for (const { manifest } of tree.files) {
      for (const entry of manifest.entries) {
        if (entry.kind !== "requirement" || entry.normalizedName === undefined) continue;
        const [clause, ...more] = entry.specifier.clauses;
        if (clause?.operator !== "==" || more.length > 0) continue;
        const version = parseVersion(clause.version);
        if (version) pins.set(entry.normalizedName, version);
      }
    }
  }
  return pins;
}

/** Turns the ends of a search that are no answer into what a person is told. */
export function refuseUnanswered(
  resolution: Resolution,
  path: string,
): asserts resolution is Exclude<Resolution, { readonly kind: "undecided" | "stopped" }> {
  if (resolution.kind === "stopped") {
    const { message, next } = resolution.failure;
    throw new OperationError(
      "not-checked",
      "index-refused",
      `${resolution.project} cannot be resolved: ${message}`,
      next,
    );
  }
  if (resolution.kind === "undecided") {
    const { decisions } = resolution.counters;
    const last = resolution.soFar.at(-1);
    throw new OperationError(
      "not-checked",
      "undecided",
      `${path} is undecided after ${decisions} decisions${last ? `, with ${resolution.soFar.length} packages chosen` : ""}.`,
      "Narrow the lines that leave most open, or constrain what they bring in.",
    );
  }
}

/** How many releases may be tried before a search ends undecided. */
export const MOST_DECISIONS = 200_000;
