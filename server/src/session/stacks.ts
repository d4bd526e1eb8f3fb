// The third pass: whether each tree resolves, asked when its facts are settled, given up when its text changes; and proofs of fixes.
import type { CancellationToken } from "vscode-jsonrpc";
import {
  type FixProof,
  proofKey,
  type StackEdits,
  type StackFacts,
  type StackRelaxation,
} from "../../../shared/src/facts/stack.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { NewestStack, ResolveOutput, ResolvePartial } from "../../../shared/src/protocol/resolve.ts";
import { isStackCurrent } from "../../../shared/src/rules/index.ts";
import { Cancelled } from "../backend/client.ts";
import { fromRunner, toRunner, type UriPairs } from "./stackUris.ts";
import { tokenSource } from "./tokens.ts";

/** What the runner is asked about a tree, beside the tree itself. */
export interface StackWants {
  readonly relaxations?: boolean;
  readonly prove?: readonly (readonly StackEdits[])[];
  readonly newest?: boolean;
  readonly refresh?: boolean;
}

export interface StackHost {
  /** Asks the runner. Throws Cancelled, RunnerRefusal or RunnerUnavailable. */
  resolve(
    root: string,
    tree: ManifestTree,
    wants: StackWants,
    onPiece: (piece: ResolvePartial) => void,
    token: CancellationToken,
  ): Promise<ResolveOutput>;
  /** How the runner names the files of a tree. */
  pairs(tree: ManifestTree): UriPairs;
  now(): number;
  /** The answer for a root is another; `settled` when nothing more is to come. */
  changed(root: string, settled: boolean): void;
  log(line: string): void;
}

interface State {
  tree: ManifestTree;
  stack: StackFacts | undefined;
  revision: number;
  running:
    | { readonly tree: ManifestTree; readonly cancel: () => void; readonly done: Promise<void> }
    | undefined;
}

export class StackKeeper {
  readonly #host: StackHost;
  readonly #states = new Map<string, State>();

  constructor(host: StackHost) {
    this.#host = host;
  }

  /** What the resolver said last, perhaps of an earlier text. */
  stackOf(root: string): StackFacts | undefined {
    return this.#states.get(root)?.stack;
  }

  /** Grows with every answer. */
  revisionOf(root: string): number {
    return this.#states.get(root)?.revision ?? 0;
  }

  isResolving(root: string): boolean {
    return this.#states.get(root)?.running !== undefined;
  }

  /** The root's tree as it is now: an answer that is still awaited for another text is given up at once. */
  update(root: string, tree: ManifestTree): void {
    const state = this.#states.get(root);
    if (!state || state.tree === tree) return;
    state.tree = tree;
    if (state.running && !sameTexts(state.running.tree, tree)) state.running.cancel();
  }

  /** Resolves the tree, unless what is known of it is of this very text. */
  start(root: string, tree: ManifestTree, refresh = false): void {
    const state = this.#stateOf(root, tree);
    state.tree = tree;
    if (!refresh && isStackCurrent(state.stack, tree)) return;
    if (state.running) {
      if (!refresh && sameTexts(state.running.tree, tree)) return;
      state.running.cancel();
    }
    const { token, cancel } = tokenSource();
    const done = this.#run(root, state, tree, refresh, token).finally(() => {
      if (state.running?.done === done) state.running = undefined;
      if (this.#states.get(root) === state && !token.isCancellationRequested) this.#host.changed(root, true);
    });
    state.running = { tree, cancel, done };
  }

  #stateOf(root: string, tree: ManifestTree): State {
    let state = this.#states.get(root);
    if (!state) {
      state = { tree, stack: undefined, revision: 0, running: undefined };
      this.#states.set(root, state);
    }
    return state;
  }

  async #run(
    root: string,
    state: State,
    tree: ManifestTree,
    refresh: boolean,
    token: CancellationToken,
  ): Promise<void> {
    const pairs = this.#host.pairs(tree);
    const wants = { relaxations: true, ...(refresh ? { refresh } : {}) };
    try {
      const output = await this.#host.resolve(
        root,
        tree,
        wants,
        (piece) => {
          if (token.isCancellationRequested) return;
          if ("stack" in piece) this.#put(state, fromRunner(piece.stack, pairs));
          else if ("relaxation" in piece) this.#addRelaxation(state, fromRunner(piece.relaxation, pairs));
          this.#host.changed(root, false);
        },
        token,
      );
      if (token.isCancellationRequested) return;
      // Proofs that came meanwhile stay.
      const { proofs = {} } = isStackCurrent(state.stack, tree) ? state.stack : {};
      this.#put(state, { ...fromRunner(output.stack, pairs), proofs });
    } catch (problem) {
      if (problem instanceof Cancelled || token.isCancellationRequested) return;
      const reason = problem instanceof Error ? problem.message : String(problem);
      this.#host.log(`Not resolved: ${reason}`);
      this.#put(state, failed(tree, reason, this.#host.now()));
    }
  }

  #put(state: State, stack: StackFacts): void {
    state.stack = stack;
    state.revision++;
  }

  #addRelaxation(state: State, relaxation: StackRelaxation): void {
    const { stack } = state;
    if (!stack?.conflict) return;
    const relaxations = [...stack.conflict.relaxations, relaxation];
    this.#put(state, { ...stack, conflict: { ...stack.conflict, relaxations } });
  }

  /** Resolves when nothing is being resolved for the root. */
  async settled(root: string): Promise<void> {
    for (let running = this.#states.get(root)?.running; running; running = this.#states.get(root)?.running) {
      await running.done;
    }
  }

  /** Has edits of the present text proven that are not yet; what comes too late is kept for the next time. */
  async prove(
    root: string,
    fixes: readonly (readonly StackEdits[])[],
    token: CancellationToken,
  ): Promise<void> {
    const state = this.#states.get(root);
    if (!state) return;
    const { tree } = state;
    await state.running?.done;
    if (!isStackCurrent(state.stack, tree) || token.isCancellationRequested) return;
    const { stack } = state;
    const open = fixes.filter((edits) => stack.proofs[proofKey(edits)] === undefined);
    if (open.length === 0 || stack.state === "not-checked") return;
    const pairs = this.#host.pairs(tree);
    try {
      const sent = open.map((edits) => edits.map((edit) => toRunner(edit, pairs)));
      const output = await this.#host.resolve(root, tree, { prove: sent }, () => {}, token);
      const proofs: Record<string, FixProof> = {};
      for (const [at, edits] of open.entries()) {
        const proof = output.stack.proofs[proofKey(sent[at]!)];
        if (proof) proofs[proofKey(edits)] = proof;
      }
      if (!isStackCurrent(state.stack, tree)) return;
      this.#put(state, { ...state.stack, proofs: { ...state.stack.proofs, ...proofs } });
    } catch (problem) {
      if (!(problem instanceof Cancelled)) this.#host.log(`Not proven: ${String(problem)}`);
    }
  }

  /** The newest set that resolves, as edits of the root's tree; undefined where nothing newer does. */
  async newest(root: string, tree: ManifestTree, token: CancellationToken): Promise<NewestStack | undefined> {
    const output = await this.#host.resolve(root, tree, { newest: true }, () => {}, token);
    return output.newest && fromRunner(output.newest, this.#host.pairs(tree));
  }

  close(root: string): void {
    const state = this.#states.get(root);
    this.#states.delete(root);
    state?.running?.cancel();
  }

  /** What was answered is void: another environment, other settings, another runner. */
  forget(root: string): void {
    const state = this.#states.get(root);
    if (!state) return;
    state.running?.cancel();
    if (state.stack) state.revision++;
    state.stack = undefined;
  }

  dispose(): void {
    for (const root of [...this.#states.keys()]) this.close(root);
  }
}

/** A lock says what is, not what is wanted: there is nothing to resolve. */
export function isResolvable(tree: ManifestTree): boolean {
  const kind = tree.files[0]?.manifest.kind;
  if (kind !== "requirements" && kind !== "constraints" && kind !== "pipfile" && kind !== "pyproject")
    return false;
  return tree.files.some(({ manifest }) => manifest.entries.some((entry) => entry.kind === "requirement"));
}

function sameTexts(a: ManifestTree, b: ManifestTree): boolean {
  if (a === b) return true;
  return (
    a.files.length === b.files.length &&
    a.files.every(({ uri, manifest }, at) => {
      const other = b.files[at]!;
      return other.uri === uri && other.manifest.text === manifest.text;
    })
  );
}

function failed(tree: ManifestTree, reason: string, now: number): StackFacts {
  return {
    state: "not-checked",
    reason,
    leftOut: [],
    lines: [],
    proofs: {},
    texts: Object.fromEntries(tree.files.map(({ uri, manifest }) => [uri, manifest.text])),
    checked: now,
  };
}
