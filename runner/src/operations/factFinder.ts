// Asks the indexes for projects and turns the answers into facts: one finder serves one manifest in one environment.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { MeantProject, ProjectFacts, ReleaseDetail } from "../../../shared/src/facts/model.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import type { IndexOptions } from "../../../shared/src/protocol/operation.ts";
import type { WantedProject } from "../../../shared/src/rules/model.ts";
import {
  createIndexClient,
  type FileOption,
  type IndexClient,
  type IndexSettings,
  type ProjectAnswer,
  redactUrl,
} from "../index/index.ts";
import type { OperationContext } from "./context.ts";
import { FactMemory } from "./factMemory.ts";
import {
  type IndexLane,
  type IndexPlan,
  laneOf,
  type PolicyLane,
  policyLaneOf,
  sourceOptions,
} from "./indexPlan.ts";
import { indexSettingsFor, oneIndexOf } from "./indexSettings.ts";
import type { PipfileSource } from "./manifestIndexes.ts";
import { artifactsOf, type DerivedProject, deriveProject, FileJudge, newestUsable } from "./projectFacts.ts";

/** More than these are no repair but a choice. */
const MOST_MEANT = 3;

export interface FinderOptions {
  readonly context: OperationContext;
  /** Absolute. */
  readonly cwd: string;
  readonly environment: RuntimeEnvironment | undefined;
  readonly commandLine: IndexOptions | undefined;
  readonly fileOptions: readonly FileOption[];
  /** Of a Pipfile: then each package has one source, the first unless it is bound to another. */
  readonly sources: readonly PipfileSource[];
  /** In place of the sources and file options, where projects have indexes of their own or another rule than pip's holds. */
  readonly plan?: IndexPlan | undefined;
  /** Without a plan: what policies bind, which outranks sources and file options. */
  readonly policy?: readonly PolicyLane[] | undefined;
  readonly usePipConfiguration: boolean;
  readonly offline: boolean;
  readonly refresh: boolean;
  readonly signal: AbortSignal;
}

export interface AskOptions {
  /** Detail the newest compatible release too, and the newest within each specifier. */
  readonly newest: boolean;
  onProject?(facts: ProjectFacts): void;
}

/** One set of indexes with its client, made when it is first asked. */
interface Lane {
  readonly settings: IndexSettings;
  readonly client: IndexClient;
  readonly judge: FileJudge;
  readonly memory: FactMemory;
}

interface Asked {
  readonly facts: ProjectFacts;
  readonly isRemembered: boolean;
  /** What the indexes said; asked for only where the facts are not enough. */
  derive(): Promise<{ readonly answer: ProjectAnswer; readonly derived: DerivedProject }>;
}

export class FactFinder {
  readonly #options: FinderOptions;
  readonly #lanes = new Map<string, Promise<Lane>>();
  readonly #projects = new Map<string, Promise<Asked>>();
  readonly #details = new Map<string, Promise<ReleaseDetail>>();
  readonly #meant = new Map<string, Promise<MeantProject[]>>();
  /** Indexes that were asked, credentials removed. */
  readonly indexes = new Set<string>();
  /** What of the configuration could not be used, in sentences. */
  readonly problems = new Set<string>();

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** Facts of each project, told as soon as each is known. Rejects only when cancelled. */
  async ask(wanted: readonly WantedProject[], options: AskOptions): Promise<ProjectFacts[]> {
    return Promise.all(
      wanted.map(async (project) => {
        const facts = await this.#askOne(project, options);
        options.onProject?.(facts);
        return facts;
      }),
    );
  }

  /** The indexes of a lane, for who asks them itself. They close with the finder. */
  open(plan: IndexLane): Promise<{ settings: IndexSettings; client: IndexClient }> {
    return this.#openedLane(plan);
  }

  #openedLane(plan: IndexLane): Promise<Lane> {
    const key = `lane ${plan.key}`;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = this.#openLane(plan);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Ends what runs and writes what is to be kept. */
  async close(): Promise<void> {
    const lanes = await Promise.allSettled(this.#lanes.values());
    await Promise.all(
      lanes.map((lane) => {
        if (lane.status === "rejected") return undefined;
        lane.value.memory.flush();
        return lane.value.client.close();
      }),
    );
  }

  async #askOne(project: WantedProject, options: AskOptions): Promise<ProjectFacts> {
    const planned = this.#planned(project.name);
    const source = planned ? undefined : this.#sourceOf(project);
    if (source === null) return unknownSource(project);
    const lane = planned ? await this.#openedLane(planned) : await this.#lane(source);
    const key = `${planned?.key ?? source?.name ?? ""}\n${project.name}`;
    let asked = this.#projects.get(key);
    if (!asked) {
      asked = this.#askIndexes(lane, project.name);
      this.#projects.set(key, asked);
    }
    const found = await asked;
    if (found.facts.state === "absent") return this.#withMeant(lane, key, found.facts);
    if (found.facts.state !== "known") return found.facts;
    const versions = versionsToDetail(project, found.facts, options.newest);
    const lacking = ({ details }: ProjectFacts): string[] =>
      versions.filter((version) => details[version] === undefined);
    if (found.isRemembered && lacking(found.facts).length === 0) return found.facts;
    const { answer, derived } = await found.derive();
    // What was remembered may be of a page fetched at another moment, and then is not among what follows from this one.
    const missing = lacking(derived.facts);
    const details = await Promise.all(
      missing.map((version) => this.#detail(`${key}\n${version}`, lane, derived, version)),
    );
    const all = { ...derived.facts.details };
    for (const detail of details) all[detail.version] = detail;
    const facts = { ...derived.facts, details: all };
    lane.memory.keep(answer, facts, false);
    return facts;
  }

  /** With what the name may have been meant to be, as far as the same indexes have it. */
  async #withMeant(lane: Lane, key: string, facts: ProjectFacts): Promise<ProjectFacts> {
    let meant = this.#meant.get(key);
    if (!meant) {
      meant = this.#findMeant(lane, facts.name);
      this.#meant.set(key, meant);
    }
    const found = await meant;
    return found.length === 0 ? facts : { ...facts, meant: found };
  }

  async #findMeant(lane: Lane, name: string): Promise<MeantProject[]> {
    const { context, signal } = this.#options;
    // Where nothing is asked, nothing is there for any name.
    if (lane.settings.indexes.length + lane.settings.findLinks.length === 0) return [];
    const { findSlip, possiblyMeant } = await import("../provenance/index.ts");
    const slip = findSlip(name);
    const candidates = new Map(possiblyMeant(name));
    const known = (await context.knowledge()).names.knownAmong([...candidates.keys()]);
    const wanted = slip ? [[slip.established, slip.how] as const] : [];
    wanted.push(...known.map((one) => [one, candidates.get(one)!] as const));
    const found: MeantProject[] = [];
    for (const [meant, how] of new Map(wanted)) {
      if (found.length === MOST_MEANT) break;
      const planned = this.#planned(meant);
      // What is bound to an index of its own is told to no other one, not even as a guess.
      const at = planned ? await this.#openedLane(planned) : lane;
      const answer = await at.client.project(meant, { signal });
      const { facts } = deriveProject(answer, at.settings, at.judge);
      if (facts.state === "known" && facts.releases.length > 0) {
        found.push({ name: facts.displayName ?? meant, how });
      }
    }
    return found;
  }

  /** What the indexes say; what follows from the very same pages is remembered, not worked out again. */
  async #askIndexes(lane: Lane, name: string): Promise<Asked> {
    const ask = async () => {
      const answer = await lane.client.project(name, { signal: this.#options.signal });
      const known = lane.memory.recall(answer);
      return { answer, known, derived: deriveProject(answer, lane.settings, lane.judge, known) };
    };
    const fresh = this.#options.refresh ? undefined : lane.memory.recallFresh(name);
    if (fresh) return { facts: fresh, isRemembered: true, derive: ask };
    const asked = await ask();
    return { facts: asked.derived.facts, isRemembered: asked.known !== undefined, derive: async () => asked };
  }

  #planned(name: string): IndexLane | undefined {
    const { plan, policy } = this.#options;
    return plan ? laneOf(plan, name) : policyLaneOf(policy ?? [], name);
  }

  /** Null: bound to a source that the Pipfile does not have. Undefined: pip's way, all indexes. */
  #sourceOf(project: WantedProject): PipfileSource | undefined | null {
    const { sources } = this.#options;
    if (sources.length === 0) return undefined;
    if (project.source === undefined) return sources.find(({ explicit }) => explicit !== true);
    return sources.find((source) => source.name === project.source) ?? null;
  }

  #lane(source: PipfileSource | undefined): Promise<Lane> {
    const key = source?.name ?? "";
    let lane = this.#lanes.get(key);
    if (!lane) {
      const { fileOptions, commandLine } = this.#options;
      const strategy = source ? undefined : commandLine?.strategy;
      lane = this.#openLane({
        rule: strategy ?? "merge",
        fileOptions: source ? sourceOptions(source) : fileOptions,
        isDefaultLast: strategy !== undefined,
      });
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  async #openLane(plan: Pick<IndexLane, "rule" | "fileOptions" | "isDefaultLast" | "only">): Promise<Lane> {
    const { context, environment, signal } = this.#options;
    const settings = this.#settings(plan);
    for (const place of [...settings.indexes, ...settings.findLinks]) this.indexes.add(redactUrl(place.url));
    for (const problem of settings.problems) this.problems.add(problem);
    const knowledge = await context.knowledge();
    const client = createIndexClient({
      settings,
      store: knowledge.pages,
      metadataStore: knowledge.metadata,
      signal,
      offline: this.#options.offline,
      cacheMode: this.#options.refresh ? "revalidate" : "default",
      search: plan.rule === "first-index" ? "first" : "all",
      userAgent: `thoth/${context.version}`,
      now: () => context.now(),
    });
    const target = {
      ...(environment?.pythonVersion === undefined ? {} : { python: environment.pythonVersion }),
      ...(environment?.tags === undefined ? {} : { tags: environment.tags }),
      onlyBinary: settings.onlyBinary,
      noBinary: settings.noBinary,
      rule: plan.rule,
    };
    const memory = new FactMemory(knowledge.pages, target, settings, () => context.now());
    return { settings, client, judge: new FileJudge(target), memory };
  }

  #settings({
    fileOptions,
    isDefaultLast,
    only,
  }: Pick<IndexLane, "fileOptions" | "isDefaultLast" | "only">): IndexSettings {
    const { context, cwd, commandLine, environment, usePipConfiguration } = this.#options;
    const settings = indexSettingsFor({
      machine: context,
      cwd,
      commandLine,
      usePipConfiguration,
      fileOptions,
      venv: environment?.prefix,
    });
    if (only !== undefined) return oneIndexOf(settings, only);
    const [byDefault, ...others] = settings.indexes;
    return isDefaultLast && byDefault ? { ...settings, indexes: [...others, byDefault] } : settings;
  }

  #detail(key: string, lane: Lane, derived: DerivedProject, version: string): Promise<ReleaseDetail> {
    let detail = this.#details.get(key);
    if (!detail) {
      detail = this.#readDetail(lane, derived, version);
      this.#details.set(key, detail);
    }
    return detail;
  }

  async #readDetail(lane: Lane, derived: DerivedProject, version: string): Promise<ReleaseDetail> {
    const files = derived.filesOf(version);
    const artifacts = artifactsOf(derived.facts.name, files, lane.judge);
    // What pip would install says it best; where that is an sdist, a wheel for elsewhere says it without being built.
    const file = files.find((placed) => placed.file.coreMetadata !== undefined) ?? files[0];
    if (!file) return { version, artifacts, notChecked: "The release has no files." };
    const answer = await lane.client.metadata(file.file, { signal: this.#options.signal });
    if ("failure" in answer) return { version, artifacts, notChecked: answer.failure.message };
    const { metadata } = answer;
    const urls = metadata.projectUrls.map((one) => [one.label, one.url] as const);
    const license = metadata.licenseExpression ?? metadata.license;
    return {
      version,
      requiresDist: metadata.requiresDist,
      providesExtra: metadata.providesExtra,
      ...(metadata.summary === undefined ? {} : { summary: metadata.summary }),
      ...(urls.length > 0 ? { projectUrls: Object.fromEntries(urls) } : {}),
      ...(license === undefined ? {} : { license: license.slice(0, 200) }),
      artifacts,
    };
  }
}

function versionsToDetail(project: WantedProject, { releases }: ProjectFacts, newest: boolean): string[] {
  const known = new Set(releases.map((release) => release.version));
  const versions = new Set(project.versions.filter((version) => known.has(version)));
  if (newest) {
    const best = newestUsable(releases);
    if (best) versions.add(best.version);
    for (const text of project.specifiers) {
      const read = readSpecifierSet(text);
      if (!read.ok) continue;
      const within = newestUsable(releases, (version) => read.value.contains(version, { prereleases: true }));
      if (within) versions.add(within.version);
    }
  }
  return [...versions];
}

function unknownSource(project: WantedProject): ProjectFacts {
  return {
    name: project.name,
    state: "failed",
    freshness: "failed",
    indexes: [],
    trouble: {
      code: "unknown-source",
      index: "",
      message: `Not checked: ${project.name} is bound to the source ${project.source}, which the manifest does not have.`,
      next: "Name one of its sources.",
    },
    releases: [],
    details: {},
  };
}
