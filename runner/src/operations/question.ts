// What `lock` and `explain` share: a manifest as a question to the resolver, and everything that answers it.
import { statSync } from "node:fs";
import { dirname, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { LeftOut } from "../../../shared/src/facts/stack.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ProjectSelection } from "../../../shared/src/manifest/projectModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { LockInput } from "../../../shared/src/protocol/lock.ts";
import { type IndexSettings, type PageFile, redactUrl } from "../index/index.ts";
import {
  Catalogue,
  createIndexUniverse,
  type Demand,
  type FilePolicy,
  type IndexRoute,
  type IndexUniverse,
  type Pin,
  type Question,
  type Reading,
  type Resolution,
  readNameSet,
  type SourceReader,
  type StackResolution,
  TargetReading,
} from "../resolve/index.ts";
import { environmentFor, finderFor } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import {
  addressesOf,
  type DemandPlace,
  type Demands,
  isInstalled,
  readDemands,
  readSourceNames,
} from "./demands.ts";
import { targetOf } from "./environment.ts";
import { OperationError } from "./errors.ts";
import type { FactFinder } from "./factFinder.ts";
import { type IndexLane, type IndexPlan, otherPlans, planIndexes } from "./indexPlan.ts";
import { type LoadedRoot, Loader } from "./load.ts";
import { oneManifest } from "./oneManifest.ts";
import { exclusionOf, type ResolveSettings, resolveSettingsFor } from "./resolveSettings.ts";
import type { BuildListener, SourceBuilds, SourceBuildsOptions } from "./sourceBuilds.ts";
import { withSourcesHere } from "./sourcesHere.ts";

export type { DemandPlace } from "./demands.ts";

export type QuestionInput = Pick<
  LockInput,
  | "path"
  | "constraints"
  | "resolution"
  | "excludeNewer"
  | "excludeNewerPackages"
  | "prerelease"
  | "overrides"
  | "exclude"
  | "torchBackend"
  | "selection"
  | "variants"
  | "cwd"
  | "environment"
  | "index"
  | "usePipConfiguration"
  | "offline"
  | "buildSdists"
>;

export interface AskedManifest {
  readonly loader: Loader;
  /** As the person named it. */
  readonly path: string;
  readonly root: LoadedRoot;
  /** In words. */
  readonly environment: string;
  /** What it is resolved for. */
  readonly runtime: RuntimeEnvironment;
  readonly question: Question;
  readonly places: ReadonlyMap<Demand, DemandPlace>;
  /** Lines that the question is without, each with its reason; always empty unless it was asked leniently. */
  readonly leftOut: readonly LeftOut[];
  readonly catalogue: Catalogue;
  /** How the catalogue reads what the universe has: for another catalogue over part of the same universe. */
  readonly reading: Reading;
  /** What holds for every project, whatever it is resolved for. */
  readonly policy: FilePolicy;
  readonly universe: IndexUniverse;
  /** Where building is allowed. */
  readonly builds: SourceBuilds | undefined;
  /** The same question with other texts in the place of the manifest's. Throws as `askRoot` does. */
  reread(edited: LoadedRoot): Pick<AskedManifest, "question" | "places" | "leftOut">;
  /** Other ways to ask the indexes that are configured for projects by their normalised names; each is opened when it is tried. */
  otherIndexes(
    names: readonly string[],
  ): readonly { readonly title: string; open(signal: AbortSignal): Promise<OpenIndexes> }[];
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
  readonly reading: Reading;
  readonly policy: FilePolicy;
  readonly sources: SourceReader;
  /** Where building is allowed. */
  readonly builds: SourceBuilds | undefined;
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
  /**
   * Every section of a Pipfile, and every extra and group of a pyproject.toml, at once, as they have to agree; `pipfile`: of a
   * Pipfile only. Without it the packages alone, as `pipenv install` takes them.
   */
  readonly allSections?: boolean | "pipfile" | undefined;
  /** A line that cannot be resolved is left out and said, in place of the whole question being refused. */
  readonly lenient?: boolean | undefined;
  /** Every extra and group of a pyproject.toml at once, each line with the one that it belongs to. */
  readonly scoped?: boolean | undefined;
  /** Not for the environment alone: what holds elsewhere stays. */
  readonly everywhere?: boolean | undefined;
}

/**
 * Reads a manifest and opens its indexes for its environment.
 * @throws OperationError where the manifest cannot be read, has a line that cannot be resolved, or no Python is known.
 */
export async function askManifest(
  context: OperationContext,
  input: QuestionInput,
  calls: BuildListener,
  signal: AbortSignal,
  options: AskOptions = {},
): Promise<AskedManifest> {
  const loader = new Loader(input.cwd);
  const root = await oneManifest(loader, input.path, input.constraints, "declared");
  const environment = await environmentFor(context, await withDeclared(input, root), root, signal);
  signal.throwIfAborted();
  return askRoot(context, input, { loader, root, environment }, calls, signal, options);
}

/** Where nobody names an environment, the one that `.thoth.yaml` declares for locks; several are the lock's own affair. */
async function withDeclared(input: QuestionInput, { path }: LoadedRoot): Promise<QuestionInput> {
  const { environment } = input;
  if (environment && Object.values(environment).some((value) => value !== undefined)) return input;
  const { configuration } = await configurationFor(dirname(path));
  const [name, ...more] = configuration.lock?.environments ?? [];
  return name === undefined || more.length > 0 ? input : { ...input, environment: { name } };
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
  { loader, root: whole, environment }: ReadRoot,
  calls: BuildListener,
  signal: AbortSignal,
  options: AskOptions = {},
): Promise<AskedManifest> {
  const target = targetOf(environment);
  const root = options.everywhere ? whole : withSourcesHere(whole, environment?.markers);
  const resolving = await resolveSettingsFor(context, input, root, environment, signal);
  for (const problem of resolving.configuration.problems) calls.warn(problem);
  if (resolving.torch) calls.warn(resolving.torch.why);
  const planInput = { tree: root.tree, index: input.index, ...resolving };
  const plan = planIndexes(planInput);
  const openPlan = async (plan: IndexPlan, while_: AbortSignal): Promise<OpenIndexes> => {
    const finder = finderFor(context, input, root, environment, while_, new Map());
    const { settings, routeFor } = await openRoutes(finder, plan);
    const policy = policyOf(settings, resolving, root);
    const builds = resolving.buildSdists
      ? await openBuilds(context, { environment: environment!, routeFor, policy, signal: while_ })
      : undefined;
    const sources = lazySources(async () => {
      const { createSourceReader } = await import("../sources/index.ts");
      return createSourceReader({
        env: context.env,
        signal: while_,
        offline: input.offline === true,
        authorization: (url) => settings.secrets.authorization(url),
        store: (await context.knowledge()).metadata,
        builder: builds,
      });
    });
    const reading = new TargetReading(target, policy);
    const isUsable = (name: string, files: readonly PageFile[]): boolean =>
      reading.judge(name, files) === "usable";
    const variants = resolving.variants ? (environment?.variants ?? {}) : undefined;
    const universe = createIndexUniverse({
      routeFor,
      signal: while_,
      sources,
      isUsable,
      variants,
      builder: builds,
    });
    const catalogue = new Catalogue(universe, reading);
    return { settings, universe, catalogue, reading, policy, sources, builds, close: () => finder.close() };
  };
  const open = (while_: AbortSignal): Promise<OpenIndexes> => openPlan(plan, while_);
  const { shelf } = options;
  const key = shelf && shelfKey(input, root, environment, plan, resolving);
  const taken = shelf && key ? await shelf.take(key, open) : await open(signal);
  const ignore = taken.builds?.listen(calls);
  const close = async (): Promise<void> => {
    ignore?.();
    await taken.close();
  };
  const opened = { ...taken, close };
  try {
    const asked = await askOpened(input, { loader, root, environment }, opened, resolving, calls, options);
    return {
      ...asked,
      otherIndexes: (names) =>
        otherPlans(planInput, plan, names, (name) => asked.universe.searchOf(name)).map((other) => ({
          title: other.title,
          open: (while_) => openPlan(other.plan, while_),
        })),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function askOpened(
  input: QuestionInput,
  { loader, root, environment }: ReadRoot,
  opened: OpenIndexes,
  resolving: ResolveSettings,
  calls: BuildListener,
  options: AskOptions,
): Promise<Omit<AskedManifest, "otherIndexes">> {
  const { settings, universe, catalogue, reading, policy, sources, builds } = opened;
  const { cwd } = input;
  const names = await readSourceNames(root, loader, cwd, sources, options.lenient);
  const selection = selectionOf(input, root, options);
  let leftOut: LeftOut[] = [];
  const leaveOut = options.lenient ? (line: LeftOut) => void leftOut.push(line) : undefined;
  const read = (from: LoadedRoot, takes: (entry: RequirementEntry) => boolean): Demands =>
    readDemands(from, loader, { takes, selection, names, cwd, leaveOut });
  const isPipfile = root.tree.files[0]?.manifest.kind === "pipfile";
  const takes = options.allSections === true || (options.allSections && isPipfile) ? () => true : isInstalled;
  const demands = read(root, takes);
  const first = leftOut;
  const overrides = [...(await readOverrides(input, loader, names)), ...resolving.overrides];
  for (const problem of settings.problems) calls.warn(problem);
  for (const { requirement, place } of demands.constraints) {
    if (requirement.extras.length === 0) continue;
    calls.warn(`${place?.path} line ${place?.line}: the extras of a constraint are passed over.`);
  }
  const questionOf = (from: Demands): Question => ({
    requirements: from.requirements,
    constraints: from.constraints,
    overrides: withExclusions([...from.overrides, ...overrides], [...from.excluded, ...resolving.excluded]),
    resolution: resolving.resolution,
    prereleases: resolving.prereleases ?? (settings.pre ? "allow" : "last"),
  });
  return {
    loader,
    path: loader.display(root.path),
    root,
    environment: `Python ${environment!.pythonVersion} on ${environment!.platform} ${environment!.architecture}`,
    runtime: environment!,
    question: questionOf(demands),
    places: demands.places,
    leftOut: first,
    catalogue,
    reading,
    policy,
    universe,
    builds,
    reread(edited) {
      leftOut = [];
      const other = read(options.everywhere ? edited : withSourcesHere(edited, environment?.markers), takes);
      return { question: questionOf(other), places: other.places, leftOut };
    },
    ofSection(section) {
      const own = read(root, (entry) => entry.section === undefined || entry.section === section);
      return { question: questionOf(own), places: own.places };
    },
    close: () => opened.close(),
  };
}

/** Throws OperationError where parts are asked for of a manifest that has none. */
function selectionOf(input: QuestionInput, root: LoadedRoot, options: AskOptions): ProjectSelection {
  if (input.selection !== undefined && root.tree.files[0]?.manifest.project === undefined) {
    const message = `${input.path} has no extras and no groups: those are of a pyproject.toml.`;
    throw new OperationError(
      "usage",
      "no-groups",
      message,
      "Leave the option out, or name the pyproject.toml.",
    );
  }
  if (input.selection !== undefined) return { ...input.selection } as ProjectSelection;
  // Extras and groups that exclude each other are never asked for together.
  const areExclusive = (root.tree.files[0]?.manifest.project?.uv.conflicts.length ?? 0) > 0;
  if (options.scoped) return { isApart: true };
  const isWhole = options.allSections === true && !areExclusive;
  return isWhole ? { extras: "all", groups: "all" } : {};
}

/** What is left out is left out whatever an override says of it. */
function withExclusions(overrides: readonly Demand[], excluded: readonly string[]): Demand[] {
  const names = new Set(excluded);
  const kept = overrides.filter(({ requirement }) => !names.has(normalizeName(requirement.name.text)));
  return [...kept, ...[...names].map((name) => exclusionOf(name))];
}

/** The requirements of the files that `--override` names. */
async function readOverrides(
  input: QuestionInput,
  loader: Loader,
  names: ReadonlyMap<string, string>,
): Promise<Demand[]> {
  if (!input.overrides || input.overrides.length === 0) return [];
  const { roots } = await loader.roots(input.overrides);
  const { cwd } = input;
  return roots.flatMap(
    (root) => readDemands(root, loader, { takes: () => true, selection: {}, names, cwd }).requirements,
  );
}

function policyOf(
  settings: Pick<IndexSettings, "onlyBinary" | "noBinary">,
  { onlyBinary, noBinary, excludeNewer, excludeNewerPackages }: ResolveSettings,
  root: LoadedRoot,
): FilePolicy {
  return {
    onlyBinary: readNameSet([...onlyBinary, ...settings.onlyBinary]),
    noBinary: readNameSet([...noBinary, ...settings.noBinary]),
    excludeNewer,
    excludeNewerPackages,
    ignoresPythonCaps: isOfUv(root),
  };
}

function isOfUv({ tree }: LoadedRoot): boolean {
  return tree.files[0]?.manifest.project?.tool === "uv";
}

/** All that what is open depends on: where it is asked, how, and for what. */
function shelfKey(
  input: QuestionInput,
  root: LoadedRoot,
  environment: RuntimeEnvironment | undefined,
  plan: IndexPlan,
  resolving: ResolveSettings,
): string {
  const { index, usePipConfiguration, offline, excludeNewer, excludeNewerPackages } = input;
  const { pythonVersion, platform, architecture, prefix, tags } = environment ?? {};
  const { configuration } = resolving.configuration;
  const laneKey = ({ rule, fileOptions }: IndexLane) => [
    rule,
    fileOptions.map(({ option, value, folder }) => [option, value, folder]),
  ];
  return JSON.stringify([
    dirname(root.path),
    // A span stays the same text while its moment moves on: what is open is closed long before that matters.
    { index, usePipConfiguration, offline, excludeNewer, excludeNewerPackages, configuration },
    [pythonVersion, platform, architecture, prefix, tags?.length, tags?.[0]],
    [resolving.onlyBinary, resolving.noBinary, resolving.variants, environment?.variants],
    resolving.buildSdists,
    laneKey(plan.general),
    [...plan.bound].map(([name, lane]) => [name, laneKey(lane)]),
    addressesOf(root, input.cwd).map((address) => [address, stampOf(address)]),
  ]);
}

/** When a local project was last written to, as far as its metadata goes. */
function stampOf(address: string): number[] {
  if (!address.startsWith("file:")) return [];
  const url = new URL(address);
  url.hash = "";
  return ["", "pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO"].map((name) => {
    try {
      return statSync(resolvePath(fileURLToPath(url), name)).mtimeMs;
    } catch {
      return 0;
    }
  });
}

/** Few manifests have anything built: what does that is loaded where it is allowed. */
async function openBuilds(context: OperationContext, options: Omit<SourceBuildsOptions, "context">) {
  const { SourceBuilds } = await import("./sourceBuilds.ts");
  return new SourceBuilds({ context, ...options });
}

/** Most manifests name no address: what reads them is loaded when one does. */
function lazySources(load: () => Promise<SourceReader>): SourceReader {
  let reader: Promise<SourceReader> | undefined;
  return {
    async read(url) {
      reader ??= load();
      return (await reader).read(url);
    },
  };
}

/** Opens every lane of a plan; nothing is asked yet. */
async function openRoutes(finder: FactFinder, { general, bound }: IndexPlan) {
  const openLane = async (lane: IndexLane): Promise<IndexRoute> => {
    const { client } = await finder.open(lane);
    return { client, rule: lane.rule, why: lane.why };
  };
  const { settings } = await finder.open(general);
  const first = await openLane(general);
  const routes = new Map<string, IndexRoute>();
  for (const [name, lane] of bound) routes.set(name, await openLane(lane));
  return { settings, routeFor: (name: string): IndexRoute => routes.get(name) ?? first };
}

/**
 * What a person is to know of a stack: what comes from an address because another package says so, since index and date do not hold
 * for it and pip takes it all the same; and what has no version before it is built.
 */
export function tellSources(
  pins: readonly Pin[],
  { requirements }: Question,
  { universe }: Pick<AskedManifest, "universe">,
): string[] {
  const own = new Set(
    requirements.flatMap(({ requirement }) => (requirement.url ? [requirement.url.text] : [])),
  );
  return pins.flatMap(({ name, version, direct, via }) => {
    if (direct === undefined) return [];
    const told: string[] = [];
    const isUnknown = universe.sourceOf(name, direct)?.isVersionUnknown === true;
    if (!own.has(direct)) {
      const subject = isUnknown ? name : `${name} ${version}`;
      const askers = via.join(" and ");
      told.push(
        `${subject} comes from ${redactUrl(direct)} because ${askers} names that address, not an index.`,
      );
    }
    if (isUnknown)
      told.push(`${name} gets its version when it is built: what other lines ask of it is not checked.`);
    return told;
  });
}

/** Turns the ends of a search that are no answer into what a person is told. */
export function refuseUnanswered<Answer extends Resolution | StackResolution>(
  resolution: Answer,
  path: string,
): asserts resolution is Exclude<Answer, { readonly kind: "undecided" | "stopped" }> {
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
