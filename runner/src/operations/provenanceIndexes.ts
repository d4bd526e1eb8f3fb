// Asks every configured index of a manifest about its packages, each by itself, and tells no name to whom it is not to be told.
import { dirname } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { SourceEntry } from "../../../shared/src/manifest/model.ts";
import type { Pylock } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { type Binding, bindingOf, indexKey, type MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import {
  createIndexClient,
  type FileOption,
  type IndexClient,
  type IndexFailure,
  type IndexLocation,
  type IndexSettings,
  redactUrl,
} from "../index/index.ts";
import {
  type IndexUse,
  type IndexView,
  isPublicIndex,
  labelOf,
  lockedFilesOf,
  mayBeTold,
  type Pipeline,
  type Subject,
  usesOf,
} from "../provenance/index.ts";
import { planFor } from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import type { IndexLane, IndexPlan } from "./indexPlan.ts";
import { indexSettingsFor } from "./indexSettings.ts";
import { fileOptionsOf, projectOptionsOf } from "./manifestIndexes.ts";

/** How many requests may still be sent. */
export class RequestBudget {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get used(): number {
    return this.#used;
  }

  get most(): number {
    return this.#most;
  }

  /** Takes one; false where none is left. */
  take(): boolean {
    if (this.#used >= this.#most) return false;
    this.#used++;
    return true;
  }

  /** Gives one back that was not sent after all. */
  giveBack(): void {
    this.#used--;
  }
}

interface Lane {
  readonly name?: string | undefined;
  readonly location: IndexLocation;
  readonly settings: IndexSettings;
  readonly client: IndexClient;
  readonly use: IndexUse;
  /** It is asked for whatever is bound to no other one. */
  readonly isDefault: boolean;
}

export interface LanesInput {
  readonly context: OperationContext;
  readonly input: CommonInput;
  readonly path: string;
  readonly tree: ManifestTree;
  readonly environment: RuntimeEnvironment | undefined;
  readonly policy: MergedPolicy;
  readonly budget: RequestBudget;
  readonly signal: AbortSignal;
}

/** The indexes of one manifest, each with a client of its own, so that one that refuses says nothing of the others. */
export class ProvenanceIndexes {
  readonly pipeline: Pipeline;
  readonly problems: readonly string[];
  readonly #lanes: readonly Lane[];
  /** By project, the index that the configuration or a project's own tables bind it to. */
  readonly #bound: ReadonlyMap<string, string>;
  /** Of the policy's bindings to indexes that the manifest names nowhere, by address. */
  readonly #policyLanes = new Map<string, Lane | undefined>();
  readonly #input: LanesInput;
  readonly #knowledge: Knowledge;

  private constructor(
    input: LanesInput,
    knowledge: Knowledge,
    { lanes, bound }: { readonly lanes: readonly Lane[]; readonly bound: ReadonlyMap<string, string> },
    pipeline: Pipeline,
    problems: readonly string[],
  ) {
    this.#input = input;
    this.#knowledge = knowledge;
    this.#lanes = lanes;
    this.#bound = bound;
    this.pipeline = pipeline;
    this.problems = problems;
  }

  static async open(input: LanesInput): Promise<ProvenanceIndexes> {
    const { tree } = input;
    const sources = lockSources(tree);
    const isPipfile = tree.files[0]?.manifest.kind.startsWith("pipfile") === true;
    const pylock = tree.files[0]?.manifest.pylock;
    const { plan } = await planFor(input.policy, input.input, input);
    const asked = pylock
      ? settingsOfPylock(input, pylock, plan)
      : sources.length > 0
        ? sources.flatMap((source) => settingsOfSource(input, source))
        : settingsOfPip(input, plan);
    const bindings = new Map(
      [...(plan?.bound ?? [])].map(([name, lane]) => [name, settingsOfLane(input, lane)]),
    );
    const named = [...asked, ...missingFrom(asked, [...bindings.values()].flat())];
    const knowledge = await input.context.knowledge();
    const first = named.findIndex(({ isForSome }) => !isForSome);
    const lanes = named.map((one, at) => openLane(input, knowledge, one, at === first));
    const problems = [...new Set(named.flatMap(({ settings }) => settings.problems))];
    const bound = new Map(
      [...bindings].flatMap(([name, [one]]) => (one ? [[name, one.location.url] as const] : [])),
    );
    return new ProvenanceIndexes(input, knowledge, { lanes, bound }, isPipfile ? "pipenv" : "pip", problems);
  }

  /** Every index that was asked, or is to be. */
  get #all(): readonly Lane[] {
    return [...this.#lanes, ...[...this.#policyLanes.values()].flatMap((lane) => lane ?? [])];
  }

  get uses(): readonly IndexUse[] {
    return this.#all.map(({ use }) => use);
  }

  /** Addresses without credentials. */
  get addresses(): string[] {
    return this.#all.map(({ location }) => redactUrl(location.url));
  }

  /** The settings of the index that a file was found on, for formats that may be installed. */
  get settings(): IndexSettings | undefined {
    return this.#lanes[0]?.settings;
  }

  clientOf(location: IndexLocation): IndexClient | undefined {
    return this.#all.find((lane) => lane.location === location)?.client;
  }

  /** What each index says of the subject. Rejects only when cancelled. */
  async ask(subject: Subject): Promise<IndexView[]> {
    if (subject.from !== "index") return [];
    const admitted = this.#admittedLanes(subject);
    const binding = bindingOf(this.#input.policy.bindings, subject.name);
    const own = binding && this.#laneOf(binding);
    const target = binding?.url ?? (admitted.isExplicit ? admitted.lanes[0]?.location.url : undefined);
    const lanes = own && !this.#lanes.includes(own) ? [...this.#lanes, own] : this.#lanes;
    return Promise.all(
      lanes.map(async (lane): Promise<IndexView> => {
        const isAdmitted = admitted.lanes.includes(lane);
        const isBound = binding ? lane === own : isAdmitted;
        const view = {
          location: lane.location,
          label: labelOf(lane.location),
          isBound,
          isAdmitted,
          isPublic: isPublicIndex(lane.location.url),
          isDefault: lane.isDefault,
        };
        if (!isBound && target && !mayBeTold(target, lane.location.url, lane.isDefault)) {
          const reason = `${subject.written} is bound to ${labelOf({ url: target })}, and its name is told to no other index`;
          return { ...view, answer: { state: "unasked", reason } };
        }
        return { ...view, answer: await this.#askOne(lane, subject.name) };
      }),
    );
  }

  /** The indexes that the manifest admits the subject from, and whether it names them for it. */
  #admittedLanes({ name: project, source }: Subject): { lanes: readonly Lane[]; isExplicit: boolean } {
    const lanes = this.#lanes;
    for (const wanted of [source, this.#bound.get(project)]) {
      const named = wanted === undefined ? [] : lanes.filter((lane) => isNamed(lane, wanted));
      if (named.length > 0) return { lanes: named, isExplicit: true };
    }
    // Without sources of its own pipenv writes the name of its default one all the same: what counts is pip's configuration.
    if (lanes.every(({ name }) => name === undefined)) return { lanes, isExplicit: false };
    if (source !== undefined) return { lanes: [], isExplicit: true };
    // pipenv takes what is bound to nothing from the first source alone; pip from wherever the best version is.
    if (this.pipeline === "pipenv") return { lanes: lanes.slice(0, 1), isExplicit: true };
    // What is named for one package is asked for that one.
    return { lanes: lanes.filter(({ name }) => name === undefined), isExplicit: false };
  }

  /** The manifest's own where it names that index, else one that is opened for it; undefined where indexes are not to be used at all. */
  #laneOf({ url, from }: Binding): Lane | undefined {
    const key = indexKey(url);
    const named = this.#lanes.find(({ location }) => indexKey(location.url) === key);
    if (named || this.#policyLanes.has(key)) return named ?? this.#policyLanes.get(key);
    const [one] = settingsOfUrl(this.#input, url, undefined, true, `bindings of ${from}`);
    const lane = one && openLane(this.#input, this.#knowledge, one, false);
    this.#policyLanes.set(key, lane);
    return lane;
  }

  async #askOne(lane: Lane, name: string): Promise<IndexView["answer"]> {
    const { budget, input } = this.#input;
    if (!budget.take()) {
      return { state: "unasked", reason: `the ${budget.most} requests that may be sent are used up` };
    }
    const answer = await lane.client.project(name);
    const [page] = answer.pages;
    const isSent = page ? page.source === "network" : answer.failure?.code !== "offline" && !input.offline;
    if (!isSent) budget.giveBack();
    const failure: IndexFailure | undefined = answer.failure ?? answer.notChecked?.[0];
    if (page) return { state: "page", page, ...(failure ? { failure } : {}) };
    return failure ? { state: "failed", failure } : { state: "absent" };
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ client }) => client.close()));
  }
}

/** Whether a manifest that says `source` means the index. */
function isNamed({ name, location }: Lane, source: string): boolean {
  return name === source || indexKey(location.url) === indexKey(source);
}

interface NamedSettings {
  readonly name?: string | undefined;
  /** It is named for some of the packages: the others are not asked for there. */
  readonly isForSome?: boolean;
  readonly settings: IndexSettings;
  readonly location: IndexLocation;
  readonly written: readonly string[];
}

type Knowledge = Pick<Awaited<ReturnType<OperationContext["knowledge"]>>, "pages" | "metadata">;

function openLane(
  { context, input, signal }: LanesInput,
  { pages, metadata }: Knowledge,
  { name, settings, location, written }: NamedSettings,
  isDefault: boolean,
): Lane {
  const alone: IndexSettings = {
    ...settings,
    indexes: location.kind === "index" ? [location] : [],
    findLinks: location.kind === "index" ? [] : [location],
  };
  const client = createIndexClient({
    settings: alone,
    store: pages,
    metadataStore: metadata,
    signal,
    offline: input.offline === true,
    userAgent: `thoth/${context.version}`,
    now: () => context.now(),
  });
  const [use] = usesOf(alone, written);
  return { name, location, settings: alone, client, use: use!, isDefault };
}

/** The sources of the lock where there is one, else of the Pipfile. */
function lockSources(tree: ManifestTree): SourceEntry[] {
  for (const file of [...lockedFilesOf(tree), ...tree.files]) {
    if (file.manifest.kind !== "pipfile" && file.manifest.kind !== "pipfile-lock") continue;
    const sources = file.manifest.entries.filter(
      (entry): entry is SourceEntry => entry.kind === "source" && entry.url !== undefined,
    );
    if (sources.length > 0) return sources;
  }
  return [];
}

function settingsOfSource(lanes: LanesInput, source: SourceEntry): NamedSettings[] {
  const name = source.name?.text;
  const where = `source ${name ?? "without a name"}`;
  return settingsOfUrl(lanes, source.url!.text, name, source.verifySsl, where);
}

/** One index as the manifest names it: its own login, and pip's certificates and proxies. */
function settingsOfUrl(
  lanes: LanesInput,
  url: string,
  name: string | undefined,
  verifiesCertificate: boolean,
  where: string,
): NamedSettings[] {
  const settings = settingsWith(lanes, [
    { option: "--index-url", value: url, where },
    ...(verifiesCertificate ? [] : [{ option: "--trusted-host", value: URL.parse(url)?.host ?? "", where }]),
  ]);
  const [location] = settings.indexes;
  return location ? [{ name, settings, location, written: [url] }] : [];
}

/** The indexes that a pylock names, and pip's own for the packages that name none. */
function settingsOfPylock(lanes: LanesInput, lock: Pylock, plan: IndexPlan | undefined): NamedSettings[] {
  const urls = [...new Set(lock.packages.flatMap(({ index }) => index ?? []))];
  const named = urls.flatMap((url) =>
    settingsOfUrl(lanes, url, url, true, "pylock.toml").map((one) => ({ ...one, isForSome: true })),
  );
  const isBare = lock.packages.some(
    (one) => one.index === undefined && !one.vcs && !one.directory && !one.archive,
  );
  if (!isBare && named.length > 0) return named;
  const own = settingsOfPip(lanes, plan);
  return [...missingFrom(own, named), ...own];
}

/** Those of `more` whose index is none of the others, each once. */
function missingFrom(others: readonly NamedSettings[], more: readonly NamedSettings[]): NamedSettings[] {
  const keys = new Set(others.map(({ location }) => indexKey(location.url)));
  return more.filter(({ location }) => {
    const key = indexKey(location.url);
    return !keys.has(key) && keys.add(key);
  });
}

function settingsOfPip(lanes: LanesInput, plan: IndexPlan | undefined): NamedSettings[] {
  const { tree } = lanes;
  const isOfPdm = tree.files[0]?.manifest.project?.tool === "pdm";
  const fileOptions = [
    ...(plan?.general.fileOptions ?? fileOptionsOf(tree)),
    ...(isOfPdm ? projectOptionsOf(tree).options : []),
  ];
  const settings = settingsWith(lanes, fileOptions);
  const written = fileOptions.flatMap(({ value }) => value ?? []);
  return [...settings.indexes, ...settings.findLinks].map((location) => ({ settings, location, written }));
}

/** The index that some projects are bound to, by the configuration or by the tables of uv and poetry. */
function settingsOfLane(lanes: LanesInput, { key, fileOptions }: IndexLane): NamedSettings[] {
  const settings = settingsWith(lanes, fileOptions);
  const places = new Set(fileOptions.map(({ where }) => where));
  const written = fileOptions.flatMap(({ value }) => value ?? []);
  return [...settings.indexes, ...settings.findLinks]
    .filter(({ origin }) => places.has(origin.where))
    .map((location) => ({ name: key, isForSome: true, settings, location, written }));
}

function settingsWith(lanes: LanesInput, fileOptions: readonly FileOption[]): IndexSettings {
  return indexSettingsFor({
    machine: lanes.context,
    cwd: dirname(lanes.path),
    commandLine: lanes.input.index,
    usePipConfiguration: lanes.input.usePipConfiguration !== false,
    fileOptions,
    venv: lanes.environment?.prefix,
  });
}
