// The three passes over each open tree: facts first, then whether it resolves and where it comes from; and the one snapshot that they make.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { FactsOutput, FactsPartial } from "../../../shared/src/protocol/facts.ts";
import type { ProvenanceOutput, ProvenancePartial } from "../../../shared/src/protocol/provenance.ts";
import type { ResolveOutput, ResolvePartial } from "../../../shared/src/protocol/resolve.ts";
import type { Snapshot } from "../../../shared/src/rules/model.ts";
import type { SettingsStore } from "./configuration.ts";
import type { ContextKeeper } from "./contexts.ts";
import type { Inputs } from "./inputs.ts";
import { type AskContext, KnowledgeKeeper } from "./knowledge.ts";
import { hasProvenance, ProvenanceKeeper } from "./provenances.ts";
import { opensBeside, pairsOf, provenanceRequest, resolveRequest } from "./requests.ts";
import type { SessionRunner } from "./runner.ts";
import type { SessionSetup } from "./setup.ts";
import { isResolvable, StackKeeper } from "./stacks.ts";
import type { TreeStore } from "./trees.ts";
import type { Trust } from "./trust.ts";

export interface PassesHost {
  readonly setup: Pick<SessionSetup, "runtime" | "opened" | "events">;
  readonly settings: SettingsStore;
  readonly trust: Trust;
  readonly runner: SessionRunner;
  readonly inputs: Inputs;
  readonly contexts: ContextKeeper;
  readonly trees: TreeStore;
  tellStatus(root: string): void;
  log(line: string): void;
}

export class Passes {
  readonly keeper: KnowledgeKeeper;
  readonly stacks: StackKeeper;
  readonly provenances: ProvenanceKeeper;
  readonly #host: PassesHost;
  readonly #joined = new WeakMap<Snapshot, { readonly key: string; readonly snapshot: Snapshot }>();

  constructor(host: PassesHost) {
    this.#host = host;
    this.keeper = this.#knowledgeKeeper();
    this.stacks = this.#stackKeeper();
    this.provenances = this.#provenanceKeeper();
  }

  #knowledgeKeeper(): KnowledgeKeeper {
    const { setup, runner, tellStatus, log } = this.#host;
    const { runtime, events } = setup;
    return new KnowledgeKeeper({
      ask: {
        environment: async (input, token) =>
          (await runner.run("environment", { ...input, installed: true }, { token }))
            .result as RuntimeEnvironment,
        facts: async (input, onProject, token) => {
          const partial = (piece: unknown): void => onProject((piece as FactsPartial).project);
          return (await runner.run("facts", input, { token, partial })).result as FactsOutput;
        },
      },
      now: () => runtime.now(),
      digest: (text) => runtime.digest(text),
      schedule: (milliseconds, callback) => runtime.schedule(milliseconds, callback),
      changed: (root, settled) => {
        if (settled) this.#startWhole(root);
        tellStatus(root);
        events.refresh(root, settled);
      },
      log,
    });
  }

  #stackKeeper(): StackKeeper {
    const { setup, settings, runner, inputs, contexts, tellStatus, log } = this.#host;
    const pathFor = (uri: string): string => inputs.pathFor(uri);
    return new StackKeeper({
      resolve: async (root, tree, wants, onPiece, token) => {
        const input = await contexts.inputOf(root);
        const request = resolveRequest({
          tree,
          wants,
          input,
          settings: await settings.of(root),
          beside: opensBeside(root, setup.opened()),
          pathFor,
        });
        const partial = (piece: unknown): void => onPiece(piece as ResolvePartial);
        return (await runner.run("resolve", request, { token, partial })).result as ResolveOutput;
      },
      pairs: (tree) => pairsOf(tree, opensBeside(tree.root, setup.opened()), pathFor),
      now: () => setup.runtime.now(),
      changed: (root, settled) => {
        tellStatus(root);
        setup.events.refresh(root, settled);
      },
      log,
    });
  }

  #provenanceKeeper(): ProvenanceKeeper {
    const { setup, settings, runner, inputs, contexts, tellStatus, log } = this.#host;
    const { runtime, events } = setup;
    return new ProvenanceKeeper({
      ask: async (root, tree, onPiece, token) => {
        const input = await contexts.inputOf(root);
        const request = provenanceRequest(tree, input, await settings.of(root), (uri) => inputs.pathFor(uri));
        const partial = (piece: unknown): void => onPiece(piece as ProvenancePartial);
        return (await runner.run("provenance", request, { token, partial })).result as ProvenanceOutput;
      },
      now: () => runtime.now(),
      schedule: (milliseconds, callback) => runtime.schedule(milliseconds, callback),
      changed: (root, settled) => {
        tellStatus(root);
        events.refresh(root, settled);
      },
      log,
    });
  }

  /**
   * What looks at the whole follows the facts: what is wrong with a single line is told before. Where packages come from is asked
   * beside whether they resolve.
   */
  #startWhole(root: string): void {
    const { trust, contexts, trees } = this.#host;
    const context = contexts.of(root);
    const snapshot = this.keeper.snapshotOf(root);
    if (!trust.isGranted || !context || context.unasked || !snapshot || snapshot.unasked) return;
    void trees.tree(root).then(
      (tree) => {
        if (contexts.of(root) !== context) return;
        if (isResolvable(tree)) this.stacks.start(root, tree);
        if (hasProvenance(tree)) this.provenances.start(root, tree);
      },
      () => {},
    );
  }

  /** The root's tree as it is now, and what is known of it; undefined where that is nothing at all. */
  update(root: string, tree: ManifestTree, context: AskContext): Snapshot | undefined {
    this.keeper.update(root, tree, context);
    this.stacks.update(root, tree);
    this.provenances.update(root, tree);
    const snapshot = this.keeper.snapshotOf(root);
    return snapshot && this.#join(root, tree, snapshot);
  }

  /** The facts together with what was said of the whole: the same object as long as neither changes. */
  #join(root: string, tree: ManifestTree, snapshot: Snapshot): Snapshot {
    const stack = this.stacks.stackOf(root);
    const revision = this.stacks.revisionOf(root) + this.provenances.revisionOf(root);
    const provenance = this.provenances.factsOf(root);
    const waits = snapshot.pending && !snapshot.unasked;
    const resolving = (waits && isResolvable(tree)) || this.stacks.isResolving(root);
    const tracing = !snapshot.unasked && hasProvenance(tree) && !this.provenances.isAnswered(root);
    const key = `${revision} ${resolving} ${tracing}`;
    const known = this.#joined.get(snapshot);
    if (known?.key === key) return known.snapshot;
    const joined = {
      ...snapshot,
      number: 4 * (snapshot.number + revision) + (resolving ? 0 : 2) + (tracing ? 0 : 1),
      ...(stack ? { stack } : {}),
      ...(provenance ? { provenance } : {}),
      ...(resolving ? { resolving } : {}),
      ...(tracing ? { tracing } : {}),
    };
    this.#joined.set(snapshot, { key, snapshot: joined });
    return joined;
  }

  /** Resolves when all passes over a root are over. */
  async settled(root: string): Promise<void> {
    await this.keeper.settled(root);
    // What was settled is told to the passes over the whole a moment later.
    await this.#host.trees.tree(root).catch(() => undefined);
    await this.stacks.settled(root);
    await this.provenances.settled(root);
  }

  /** What was said of the whole is void: another environment, other settings. */
  forgetWhole(root: string): void {
    this.stacks.forget(root);
    this.provenances.forget(root);
  }

  /** The configuration is another: what resolves is void, what was said of provenance is shown until it has been asked again. */
  outdateWhole(root: string): void {
    this.stacks.forget(root);
    this.provenances.outdate(root);
  }

  close(root: string): void {
    this.keeper.close(root);
    this.stacks.close(root);
    this.provenances.close(root);
  }

  dispose(): void {
    this.keeper.dispose();
    this.stacks.dispose();
    this.provenances.dispose();
  }
}
