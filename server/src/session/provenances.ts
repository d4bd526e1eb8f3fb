// The pass of provenance: asked when a root's facts are settled, given up when its text changes; what was said stays until more is known.
import type { CancellationToken } from "vscode-jsonrpc";
import type { ProvenanceFacts } from "../../../shared/src/facts/provenance.ts";
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
/** Pieces are gathered for so many milliseconds, so that a hundred of them are not a hundred snapshots. */
const BATCH = 100;

interface State {
  key: string;
  facts: ProvenanceFacts | undefined;
  revision: number;
  /** What was said was said under another policy. */
  isOutdated: boolean;
  running: { readonly key: string; readonly cancel: () => void; readonly done: Promise<void> } | undefined;
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

  /** Asks about the tree, unless what is known is of this very text and fresh. */
  start(root: string, tree: ManifestTree, refresh = false): void {
    const key = keyOf(tree);
    const state = this.#stateOf(root);
    const isKnown =
      !state.isOutdated &&
      state.key === key &&
      state.facts &&
      this.#host.now() - state.facts.checked < FRESH_FOR;
    if (!refresh && (isKnown || state.running?.key === key)) return;
    state.running?.cancel();
    const { token, cancel } = tokenSource();
    const done = this.#run(root, state, tree, key, token).finally(() => {
      if (state.running?.done === done) state.running = undefined;
      if (this.#states.get(root) === state && !token.isCancellationRequested) this.#host.changed(root, true);
    });
    state.running = { key, cancel, done };
  }

  #stateOf(root: string): State {
    let state = this.#states.get(root);
    if (!state) {
      state = { key: "", facts: undefined, revision: 0, isOutdated: false, running: undefined };
      this.#states.set(root, state);
    }
    return state;
  }

  async #run(
    root: string,
    state: State,
    tree: ManifestTree,
    key: string,
    token: CancellationToken,
  ): Promise<void> {
    const arrived: ProvenancePartial["package"][] = [];
    let stop: (() => void) | undefined;
    const put = (facts: ProvenanceFacts): void => {
      state.key = key;
      state.facts = facts;
      state.isOutdated = false;
      state.revision++;
    };
    try {
      const output = await this.#host.ask(
        root,
        tree,
        (piece) => {
          arrived.push(piece.package);
          // The first time there is nothing to replace: what arrives is shown as it comes.
          if (state.facts && state.key === key) return;
          stop ??= this.#host.schedule(BATCH, () => {
            stop = undefined;
            if (token.isCancellationRequested || !state.running) return;
            state.facts = { packages: [...arrived], files: [], basis: [], checked: this.#host.now() };
            state.revision++;
            this.#host.changed(root, false);
          });
        },
        token,
      );
      if (token.isCancellationRequested) return;
      put({
        packages: output.packages,
        files: output.files,
        basis: output.basis,
        checked: this.#host.now(),
      });
    } catch (problem) {
      if (problem instanceof Cancelled || token.isCancellationRequested) return;
      const failure = problem instanceof Error ? problem.message : String(problem);
      this.#host.log(`Provenance not checked: ${failure}`);
      put({ packages: [], files: [], basis: [], checked: this.#host.now(), failure });
    } finally {
      stop?.();
    }
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
    state.key = "";
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

function keyOf(tree: ManifestTree): string {
  const files = tree.companion ? [...tree.files, tree.companion] : tree.files;
  return files.map(({ uri, manifest }) => `${uri}\n${manifest.text}`).join("\0");
}
