// The pass of provenance: asked when a root's facts are settled, given up when its text changes; what was said stays until more is known.
import type { CancellationToken } from "vscode-jsonrpc";
import type { PackageProvenance, ProvenanceFacts } from "../../../shared/src/facts/provenance.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { ProvenanceOutput, ProvenancePartial } from "../../../shared/src/protocol/provenance.ts";
import { Cancelled } from "../backend/client.ts";
import { tokenSource } from "./tokens.ts";

export interface ProvenanceHost {
  /** Asks the runner. Throws Cancelled, RunnerRefusal or RunnerUnavailable. */
  ask(
    root: string,
    tree: ManifestTree,
    onPiece: (piece: ProvenancePartial) => void,
    token: CancellationToken,
  ): Promise<ProvenanceOutput>;
  now(): number;
  /** Calls back after so many milliseconds; what it gives stops that. */
  schedule(milliseconds: number, callback: () => void): () => void;
  /** The answer for a root is another; `settled` when nothing more is to come. */
  changed(root: string, settled: boolean): void;
  log(line: string): void;
}

/** Milliseconds for which an answer counts: the runner's own memory makes asking again cheap. */
const FRESH_FOR = 10 * 60_000;
/** The first pieces are shown after so many milliseconds: what comes together is shown together. */
const SOON = 20;
/** Later ones are gathered for so many milliseconds, so that a hundred of them are not a hundred snapshots. */
const BATCH = 100;

/** The texts of a tree, each by where it stands. */
type Texts = readonly string[];

interface State {
  /** What `facts` is all of; undefined where it is of several texts, or of none. */
  texts: Texts | undefined;
  facts: ProvenanceFacts | undefined;
  /** A whole answer came, be it of an earlier text. */
  isAnswered: boolean;
  revision: number;
  /** What was said was said under another policy. */
  isOutdated: boolean;
  running: { readonly texts: Texts; readonly cancel: () => void; readonly done: Promise<void> } | undefined;
}

export class ProvenanceKeeper {
  readonly #host: ProvenanceHost;
  readonly #states = new Map<string, State>();

  constructor(host: ProvenanceHost) {
    this.#host = host;
  }

  /** What was said last, perhaps of an earlier text. */
  factsOf(root: string): ProvenanceFacts | undefined {
    return this.#states.get(root)?.facts;
  }

  /** Grows with every answer. */
  revisionOf(root: string): number {
    return this.#states.get(root)?.revision ?? 0;
  }

  /** The root's tree as it is now: an answer that is still awaited for another text is given up at once. */
  update(root: string, tree: ManifestTree): void {
    const state = this.#states.get(root);
    if (state?.running && !areSame(state.running.texts, textsOf(tree))) this.#giveUp(state);
  }

  /** Whether something whole was answered, be it of an earlier text. */
  isAnswered(root: string): boolean {
    return this.#states.get(root)?.isAnswered === true;
  }

  /** Asks about the tree, unless what is known is of this very text and fresh. */
  start(root: string, tree: ManifestTree, refresh = false): void {
    const texts = textsOf(tree);
    const state = this.#stateOf(root);
    const isKnown =
      !state.isOutdated &&
      state.facts &&
      areSame(state.texts, texts) &&
      this.#host.now() - state.facts.checked < FRESH_FOR;
    if (!refresh && (isKnown || areSame(state.running?.texts, texts))) return;
    this.#giveUp(state);
    const { token, cancel } = tokenSource();
    const done = this.#run(root, state, tree, texts, token).finally(() => {
      if (state.running?.done === done) state.running = undefined;
      if (this.#states.get(root) === state && !token.isCancellationRequested) this.#host.changed(root, true);
    });
    state.running = { texts, cancel, done };
  }

  #stateOf(root: string): State {
    let state = this.#states.get(root);
    if (!state) {
      state = {
        texts: undefined,
        facts: undefined,
        isAnswered: false,
        revision: 0,
        isOutdated: false,
        running: undefined,
      };
      this.#states.set(root, state);
    }
    return state;
  }

  async #run(
    root: string,
    state: State,
    tree: ManifestTree,
    texts: Texts,
    token: CancellationToken,
  ): Promise<void> {
    const arrived: PackageProvenance[] = [];
    const earlier = state.facts;
    let wait = SOON;
    let stop: (() => void) | undefined;
    const show = (): void => {
      stop = undefined;
      if (token.isCancellationRequested) return;
      this.#put(state, undefined, withArrived(earlier, arrived, this.#host.now()));
      this.#host.changed(root, false);
    };
    try {
      const output = await this.#host.ask(
        root,
        tree,
        (piece) => {
          arrived.push(piece.package);
          stop ??= this.#host.schedule(wait, show);
          wait = BATCH;
        },
        token,
      );
      if (token.isCancellationRequested) return;
      const { packages, files, basis } = output;
      this.#put(state, texts, { packages, files, basis, checked: this.#host.now() });
      state.isOutdated = false;
    } catch (problem) {
      if (problem instanceof Cancelled || token.isCancellationRequested) return;
      const failure = problem instanceof Error ? problem.message : String(problem);
      this.#host.log(`Provenance not checked: ${failure}`);
      this.#put(state, texts, { packages: [], files: [], basis: [], checked: this.#host.now(), failure });
      state.isOutdated = false;
    } finally {
      stop?.();
    }
  }

  /** `texts` is undefined where the facts are not all of one text. */
  #put(state: State, texts: Texts | undefined, facts: ProvenanceFacts): void {
    if (texts) state.isAnswered = true;
    state.texts = texts;
    state.facts = facts;
    state.revision++;
  }

  /** Resolves when nothing is being asked for the root. */
  async settled(root: string): Promise<void> {
    for (let running = this.#states.get(root)?.running; running; running = this.#states.get(root)?.running) {
      await running.done;
    }
  }

  close(root: string): void {
    const state = this.#states.get(root);
    this.#states.delete(root);
    state?.running?.cancel();
  }

  /** The policy is another: what was said is shown until it has been asked again. */
  outdate(root: string): void {
    const state = this.#states.get(root);
    if (!state) return;
    this.#giveUp(state);
    state.isOutdated = true;
  }

  /** What was answered is void: another environment, other settings, another runner. */
  forget(root: string): void {
    const state = this.#states.get(root);
    if (!state) return;
    this.#giveUp(state);
    if (state.facts) state.revision++;
    state.facts = undefined;
    state.isAnswered = false;
    state.texts = undefined;
  }

  /** What is under way counts no more, not even as the same question. */
  #giveUp(state: State): void {
    state.running?.cancel();
    state.running = undefined;
  }

  dispose(): void {
    for (const root of [...this.#states.keys()]) this.close(root);
  }
}

/** What names packages that are installed as they stand there; a library's own needs are another matter. */
export function hasProvenance(tree: ManifestTree): boolean {
  const kind = tree.files[0]?.manifest.kind;
  return kind === "requirements" || kind === "pipfile" || kind === "pipfile-lock" || kind === "pylock";
}

function textsOf(tree: ManifestTree): Texts {
  const files = tree.companion ? [...tree.files, tree.companion] : tree.files;
  return files.flatMap(({ uri, manifest }) => [uri, manifest.text]);
}

function areSame(a: Texts | undefined, b: Texts): boolean {
  return a !== undefined && a.length === b.length && a.every((text, at) => text === b[at]);
}

/** What was said before, with what has arrived since in place of what was said of the same projects. */
function withArrived(
  earlier: ProvenanceFacts | undefined,
  arrived: readonly PackageProvenance[],
  now: number,
): ProvenanceFacts {
  const renewed = new Set(arrived.map(({ name }) => name));
  const kept = earlier?.packages.filter(({ name }) => !renewed.has(name)) ?? [];
  return {
    packages: [...kept, ...arrived],
    files: earlier?.files ?? [],
    basis: earlier?.basis ?? [],
    checked: earlier?.checked ?? now,
  };
}
