// What is known of one tree at a time: asks the runner in rounds and makes a new snapshot of what arrives. Never in the way of a keystroke.
import type { CancellationToken } from "vscode-jsonrpc";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { InspectionFacts, ProjectFacts } from "../../../shared/src/facts/model.ts";
import { requiredPythonOf } from "../../../shared/src/manifest/requiredPython.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import type { Snapshot, WantedProject } from "../../../shared/src/rules/model.ts";
import { missingFrom, wantedProjects } from "../../../shared/src/rules/wanted.ts";
import { sourcesOf } from "./fileOptions.ts";
import { tokenSource } from "./tokens.ts";

/** Asks the runner. Throws Cancelled, RunnerRefusal or RunnerUnavailable. */
export interface KnowledgeAsker {
  environment(input: CommonInput, token: CancellationToken): Promise<RuntimeEnvironment>;
  facts(
    input: CommonInput & FactsExtra,
    onProject: (project: ProjectFacts) => void,
    token: CancellationToken,
  ): Promise<{ projects: readonly ProjectFacts[]; inspection?: InspectionFacts }>;
}

export interface FactsExtra {
  readonly packages: readonly WantedProject[];
  readonly fileOptions?: unknown;
  readonly sources?: unknown;
  readonly manifest?: { readonly path: string; readonly digest: string };
  readonly refresh?: boolean;
}

/** How a tree is asked about; another one makes what is known void. */
export interface AskContext {
  readonly input: CommonInput;
  /** Path of the manifest, for what inspections of it showed. */
  readonly manifest?: string;
  /** Nothing is asked, and why. */
  readonly unasked?: { readonly code: string; readonly message: string };
}

export interface KeeperHost {
  readonly ask: KnowledgeAsker;
  now(): number;
  /** SHA-256 in hex. */
  digest(text: string): string;
  /** Calls back after so many milliseconds; what it gives stops that. */
  schedule(milliseconds: number, callback: () => void): () => void;
  /** A new snapshot; `settled` when nothing more is to come. */
  changed(root: string, settled: boolean): void;
  log(line: string): void;
}

/** Milliseconds without a keystroke after which what was typed counts as written. */
const debounce = 150;
const batch = 100;
const freshFor = 10 * 60_000;
/** Candidates of candidates end soon; a bound keeps a faulty index from asking for ever. */
const mostRounds = 5;
/** More projects than this in one tree are not asked for. */
export const mostProjects = 5000;

interface State {
  readonly root: string;
  tree: ManifestTree;
  context: AskContext;
  contextKey: string;
  snapshot: Snapshot;
  environmentKnown: boolean;
  inspectionAsked: boolean;
  /** The text that the last inspection was of, where that is still at hand. */
  inspectedText: string | undefined;
  /** When the text last changed. */
  typed: number;
  dirty: boolean;
  refresh: boolean;
  running: Promise<void> | undefined;
  cancel: (() => void) | undefined;
  stopTimer: (() => void) | undefined;
  arrived: Map<string, ProjectFacts>;
  stopBatch: (() => void) | undefined;
  lastAsked: number;
  settled: PromiseWithResolvers<void> | undefined;
  readonly waiters: Set<{ name: string; done: () => void }>;
  /** Asked beyond what the tree names: completion of what is being typed. */
  readonly extras: Set<string>;
}

export class KnowledgeKeeper {
  readonly #host: KeeperHost;
  readonly #states = new Map<string, State>();

  constructor(host: KeeperHost) {
    this.#host = host;
  }

  /** The snapshot of a root, with the present time; undefined before `update`. */
  snapshotOf(root: string): Snapshot | undefined {
    const state = this.#states.get(root);
    if (!state) return undefined;
    const now = this.#host.now();
    // Ages are told in minutes: a new object every half minute is enough and keeps what was computed from it.
    if (now - state.snapshot.now > 30_000) state.snapshot = { ...state.snapshot, now };
    if (!state.running && !state.snapshot.unasked && now - state.lastAsked > freshFor)
      this.#markDirty(state, debounce);
    return state.snapshot;
  }

  /** Tells the keeper of a root's present tree and how to ask. Asks soon, if anything is missing. */
  update(root: string, tree: ManifestTree, context: AskContext, at: "once" | "soon" = "soon"): void {
    const contextKey = JSON.stringify([context.input, context.unasked?.code, requiredPythonOf(tree)]);
    const known = this.#states.get(root);
    if (known && known.contextKey === contextKey) {
      if (known.tree === tree) return;
      known.tree = tree;
      known.context = context;
      this.#judgeInspection(known);
      if (!known.snapshot.unasked) this.#markTyped(known);
      return;
    }
    const state = known
      ? this.#reset(known, tree, context, contextKey)
      : this.#create(root, tree, context, contextKey);
    if (!context.unasked) this.#markDirty(state, at === "once" ? 0 : debounce);
  }

  /** An inspection is of one text: typing makes it one of an earlier text, undoing that makes it current again. */
  #judgeInspection(state: State): void {
    const { inspection } = state.snapshot;
    if (!inspection || state.inspectedText === undefined) return;
    const current = textOf(state.tree) === state.inspectedText;
    if (current !== inspection.current) this.#set(state, { inspection: { ...inspection, current } });
  }

  #create(root: string, tree: ManifestTree, context: AskContext, contextKey: string): State {
    const state: State = {
      root,
      tree,
      context,
      contextKey,
      snapshot: this.#empty(0, context),
      environmentKnown: false,
      inspectionAsked: false,
      inspectedText: undefined,
      typed: Number.NEGATIVE_INFINITY,
      dirty: false,
      refresh: false,
      running: undefined,
      cancel: undefined,
      stopTimer: undefined,
      arrived: new Map(),
      stopBatch: undefined,
      lastAsked: this.#host.now(),
      settled: undefined,
      waiters: new Set(),
      extras: new Set(),
    };
    this.#states.set(root, state);
    return state;
  }

  #empty(number: number, context: AskContext): Snapshot {
    return {
      number: number + 1,
      projects: new Map(),
      pending: !context.unasked,
      now: this.#host.now(),
      ...(context.unasked ? { unasked: context.unasked } : {}),
    };
  }

  #reset(state: State, tree: ManifestTree, context: AskContext, contextKey: string): State {
    state.cancel?.();
    state.tree = tree;
    state.context = context;
    state.contextKey = contextKey;
    state.environmentKnown = false;
    state.arrived.clear();
    state.snapshot = this.#empty(state.snapshot.number, context);
    this.#host.changed(state.root, context.unasked !== undefined);
    return state;
  }

  /** Settings that change how facts are read, not which facts: what was computed from the snapshot is void. */
  touch(root: string): void {
    const state = this.#states.get(root);
    if (state) this.#set(state, {});
  }

  /** Reads environments again: an interpreter was chosen, a virtual environment changed. */
  forgetEnvironments(): void {
    for (const state of this.#states.values()) {
      if (state.context.unasked) continue;
      state.environmentKnown = false;
      this.#markDirty(state, debounce);
    }
  }

  /** Asks for everything again, from what is stored where that is fresh: the configuration that answers depend on is another. */
  askAgain(): void {
    for (const state of this.#states.values()) state.lastAsked = Number.NEGATIVE_INFINITY;
    this.forgetEnvironments();
  }

  /** Asks the indexes again, even where what is stored is fresh; settles when all is answered. */
  async refresh(root: string, token: CancellationToken): Promise<void> {
    const state = this.#states.get(root);
    if (!state || state.context.unasked) return;
    state.refresh = true;
    state.environmentKnown = false;
    this.#markDirty(state, 0);
    const stop = token.onCancellationRequested(() => state.cancel?.());
    try {
      await this.settled(root);
    } finally {
      stop.dispose();
    }
  }

  /** Resolves when nothing is being asked for the root. */
  async settled(root: string): Promise<void> {
    const state = this.#states.get(root);
    if (!state || (!state.running && !state.dirty)) return;
    state.settled ??= Promise.withResolvers<void>();
    await state.settled.promise;
  }

  /** Asks again after the runner failed or the network came back. */
  retryAll(): void {
    for (const state of this.#states.values()) {
      if (state.context.unasked) continue;
      const { unasked: _, ...rest } = state.snapshot;
      state.snapshot = { ...rest, number: rest.number + 1, pending: true };
      this.#markDirty(state, 0);
    }
  }

  /** What the last validation showed. */
  setInspection(root: string, inspection: InspectionFacts, text: string): void {
    const state = this.#states.get(root);
    if (!state) return;
    state.inspectedText = text;
    this.#set(state, { inspection });
    this.#judgeInspection(state);
    this.#host.changed(root, true);
  }

  /** Resolves when the project is answered, the time is over, or the token cancels; asks for it where the tree does not name it. */
  async waitFor(
    root: string,
    name: string,
    milliseconds: number,
    token: CancellationToken,
    ask = false,
  ): Promise<ProjectFacts | undefined> {
    const state = this.#states.get(root);
    if (!state) return undefined;
    const known = state.snapshot.projects.get(name);
    if (known || state.snapshot.unasked || token.isCancellationRequested) return known;
    if (ask && !state.extras.has(name)) {
      if (state.extras.size > 50) state.extras.clear();
      state.extras.add(name);
      this.#markDirty(state, 0);
    }
    if (!ask && !state.running && !state.dirty) return undefined;
    await new Promise<void>((resolve) => {
      const waiter = { name, done: () => finish() };
      const stop = this.#host.schedule(milliseconds, () => finish());
      const cancelled = token.onCancellationRequested(() => finish());
      const finish = (): void => {
        stop();
        cancelled.dispose();
        state.waiters.delete(waiter);
        resolve();
      };
      state.waiters.add(waiter);
    });
    return state.snapshot.projects.get(name);
  }

  /** The document was closed. */
  close(root: string): void {
    const state = this.#states.get(root);
    if (!state) return;
    this.#states.delete(root);
    state.cancel?.();
    state.stopTimer?.();
    state.stopBatch?.();
    state.dirty = false;
    this.#finish(state);
  }

  dispose(): void {
    for (const root of [...this.#states.keys()]) this.close(root);
  }

  /**
   * The text is another. The first keystroke after a rest is looked into at once where nothing has to be asked for it: names that are
   * still being typed are asked for when the typing rests.
   */
  #markTyped(state: State): void {
    const now = this.#host.now();
    const isFirst = now - state.typed >= debounce;
    state.typed = now;
    this.#markDirty(state, isFirst ? 0 : debounce, isFirst);
  }

  #markDirty(state: State, delay: number, onlyIfKnown = false): void {
    state.dirty = true;
    if (state.running) return;
    state.stopTimer?.();
    state.stopTimer = this.#host.schedule(delay, () => {
      state.stopTimer = undefined;
      if (onlyIfKnown) this.#startIfKnown(state);
      else this.#start(state);
    });
  }

  /** A turn later than it might, so that the answer to the keystroke itself is out before. */
  #startIfKnown(state: State): void {
    state.stopTimer = this.#host.schedule(0, () => {
      state.stopTimer = undefined;
      if (this.#isKnown(state)) this.#start(state);
      else this.#markDirty(state, debounce);
    });
  }

  #start(state: State): void {
    if (state.running || !this.#states.has(state.root)) return;
    state.running = this.#work(state).finally(() => {
      state.running = undefined;
      state.cancel = undefined;
      if (state.dirty && this.#states.get(state.root) === state) this.#markDirty(state, 0);
      else this.#finish(state);
    });
  }

  /** Whether all that the text wants to know is there already. */
  #isKnown(state: State): boolean {
    return (
      state.environmentKnown &&
      state.inspectionAsked &&
      missingFrom(state.snapshot, this.#wanted(state)).length === 0
    );
  }

  #finish(state: State): void {
    for (const waiter of [...state.waiters]) waiter.done();
    state.settled?.resolve();
    state.settled = undefined;
  }

  async #work(state: State): Promise<void> {
    const controller = tokenSource();
    state.cancel = controller.cancel;
    try {
      await this.#ask(state, controller.token);
    } catch (problem) {
      if (controller.token.isCancellationRequested) {
        if (!state.dirty) this.#settle(state);
        return;
      }
      this.#host.log(`Not checked: ${problem instanceof Error ? problem.message : String(problem)}`);
      const code =
        problem instanceof Error && problem.name === "RunnerUnavailable" ? "runner-failed" : "failed";
      const message = problem instanceof Error ? problem.message : String(problem);
      state.dirty = false;
      this.#settle(state, { unasked: { code, message } });
    }
  }

  async #ask(state: State, token: CancellationToken): Promise<void> {
    state.dirty = false;
    const refresh = state.refresh;
    state.refresh = false;
    const expired = this.#host.now() - state.lastAsked > freshFor;
    state.lastAsked = this.#host.now();
    if (!state.environmentKnown) {
      const environment = await this.#host.ask.environment(inputOf(state), token);
      if (token.isCancellationRequested) return;
      state.environmentKnown = true;
      this.#set(state, { environment, pending: true });
      this.#host.changed(state.root, false);
    }
    let again = refresh || expired;
    for (let round = 0; round < mostRounds && !token.isCancellationRequested; round++) {
      const all = this.#wanted(state);
      const wanted = again ? all : missingFrom(state.snapshot, all);
      // A tree may want nothing of an index and still have been inspected.
      if (wanted.length === 0 && state.inspectionAsked) break;
      if (!state.snapshot.pending && wanted.length > 0) this.#set(state, { pending: true });
      await this.#facts(state, wanted, again && refresh, token);
      again = false;
      if (wanted.length === 0 || state.dirty) break;
    }
    if (!state.dirty && !token.isCancellationRequested) this.#settle(state);
  }

  #wanted(state: State): WantedProject[] {
    const named = wantedProjects(state.tree, state.snapshot).slice(0, mostProjects);
    const names = new Set(named.map((project) => project.name));
    const typed = [...state.extras]
      .filter((name) => !names.has(name))
      .map((name) => ({ name, versions: [], specifiers: [] }));
    return [...named, ...typed];
  }

  async #facts(
    state: State,
    packages: readonly WantedProject[],
    refresh: boolean,
    token: CancellationToken,
  ): Promise<void> {
    const { manifest } = state.context;
    const input = inputOf(state);
    const text = textOf(state.tree);
    state.inspectionAsked = true;
    const extra = sourcesOf(state.tree);
    const answer = await this.#host.ask.facts(
      {
        ...input,
        packages,
        ...extra,
        ...(manifest === undefined ? {} : { manifest: { path: manifest, digest: this.#host.digest(text) } }),
        ...(refresh ? { refresh } : {}),
      },
      (project) => {
        if (!token.isCancellationRequested) this.#arrive(state, project);
      },
      token,
    );
    if (token.isCancellationRequested) return;
    for (const project of answer.projects) state.arrived.set(project.name, project);
    if (answer.inspection?.current) state.inspectedText = text;
    this.#merge(state, answer.inspection);
    this.#judgeInspection(state);
  }

  /** Pieces are gathered for a moment, so that a hundred of them do not make a hundred snapshots. */
  #arrive(state: State, project: ProjectFacts): void {
    state.arrived.set(project.name, project);
    if ([...state.waiters].some((waiter) => waiter.name === project.name)) {
      this.#merge(state);
      return;
    }
    state.stopBatch ??= this.#host.schedule(batch, () => {
      this.#merge(state);
      this.#host.changed(state.root, false);
    });
  }

  #merge(state: State, inspection?: InspectionFacts): void {
    state.stopBatch?.();
    state.stopBatch = undefined;
    const projects = new Map(state.snapshot.projects);
    for (const [name, facts] of state.arrived) projects.set(name, mergeDetails(projects.get(name), facts));
    const names = [...state.arrived.keys()];
    state.arrived.clear();
    this.#set(state, { projects, ...(inspection ? { inspection } : {}) });
    for (const waiter of [...state.waiters]) if (names.includes(waiter.name)) waiter.done();
  }

  #settle(state: State, change: Partial<Snapshot> = {}): void {
    this.#set(state, { ...change, pending: false });
    this.#host.changed(state.root, true);
  }

  #set(state: State, change: Partial<Snapshot>): void {
    state.snapshot = {
      ...state.snapshot,
      ...change,
      number: state.snapshot.number + 1,
      now: this.#host.now(),
    };
  }
}

/** A later answer counts; details of releases that it was not asked for are kept. */
function mergeDetails(earlier: ProjectFacts | undefined, later: ProjectFacts): ProjectFacts {
  if (earlier?.state !== "known" || later.state !== "known") return later;
  return { ...later, details: { ...earlier.details, ...later.details } };
}

function textOf(tree: ManifestTree): string {
  return tree.files[0]?.manifest.text ?? "";
}

/** How a root is asked about, with the Python that its manifest asks for: a runner that is asked for facts does not read it. */
function inputOf({ context: { input }, tree }: Pick<State, "context" | "tree">): CommonInput {
  const python = requiredPythonOf(tree);
  if (python === undefined) return input;
  const { requires, ...rest } = python;
  return { ...input, manifestPython: { ...rest, ...(requires ? { requires: [...requires] } : {}) } };
}
