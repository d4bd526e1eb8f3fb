// One editor's session: puts together what reads its documents, what asks about them and who is told, and renews that when they change.
import type { CancellationToken } from "vscode-languageserver";
import { CancellationToken as Tokens } from "vscode-languageserver";
import { type FixProof, proofKey, type StackEdits } from "../../../shared/src/facts/stack.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { statusChanged } from "../../../shared/src/protocol/editor.ts";
import type { NewestStack } from "../../../shared/src/protocol/resolve.ts";
import type { ActionTools } from "../features/codeActions.ts";
import type { View } from "../model.ts";
import type { ApplyHost } from "./apply.ts";
import { SettingsStore } from "./configuration.ts";
import { ContextKeeper } from "./contexts.ts";
import { FileAccess } from "./files.ts";
import { Inputs } from "./inputs.ts";
import type { KnowledgeKeeper } from "./knowledge.ts";
import { Passes } from "./passes.ts";
import { within } from "./patience.ts";
import { ManifestReader } from "./reading.ts";
import { SessionRunner } from "./runner.ts";
import type { SessionSetup } from "./setup.ts";
import { isResolvable } from "./stacks.ts";
import { statusOf } from "./status.ts";
import { Teller } from "./telling.ts";
import { TreeStore } from "./trees.ts";
import { Trust } from "./trust.ts";
import { ViewKeeper } from "./views.ts";

export class Session {
  readonly setup: SessionSetup;
  readonly teller: Teller;
  readonly settings: SettingsStore;
  readonly files: FileAccess;
  readonly runner: SessionRunner;
  readonly inputs: Inputs;
  readonly trees: TreeStore;
  readonly keeper: KnowledgeKeeper;
  readonly #trust: Trust;
  readonly #reader: ManifestReader;
  readonly #contexts: ContextKeeper;
  readonly #passes: Passes;
  readonly #views: ViewKeeper;

  constructor(setup: SessionSetup) {
    const { runtime } = setup;
    this.setup = setup;
    const trust = new Trust(setup.options.trusted);
    const teller = new Teller(setup);
    const log = (line: string): void => teller.log(line);
    const settings = settingsOf(setup, teller);
    const runner = new SessionRunner({ setup, settings, teller, trust });
    const inputs = new Inputs(setup, settings, trust);
    this.#trust = trust;
    this.teller = teller;
    this.settings = settings;
    this.runner = runner;
    this.inputs = inputs;
    this.files = new FileAccess(runtime, trust);
    this.#reader = new ManifestReader(runtime);
    this.trees = new TreeStore({
      open: setup.open,
      readFile: (uri) => this.files.readManifest(uri),
      stamp: (uri) => this.files.stamp(uri),
      load: (root, read) => this.#reader.loadTree(root, read, (uri) => this.files.forbidden(uri)),
    });
    this.#contexts = new ContextKeeper({
      setup,
      inputs,
      trust,
      found: async (uri, context) => {
        this.keeper.update(uri, await this.trees.tree(uri), context, "once");
        await this.#tellStatus(uri);
      },
      log,
    });
    this.#passes = new Passes({
      setup,
      settings,
      trust,
      runner,
      inputs,
      contexts: this.#contexts,
      trees: this.trees,
      tellStatus: (root) => void this.#tellStatus(root),
      log,
    });
    this.keeper = this.#passes.keeper;
    this.#views = new ViewKeeper(setup, this.#contexts, this.#passes);
  }

  get trusted(): boolean {
    return this.#trust.isGranted;
  }

  /** What a plan of edits is bound to. */
  get actionTools(): ActionTools {
    const { runtime, open } = this.setup;
    return { digest: (text) => runtime.digest(text), versionOf: (uri) => open(uri)?.version };
  }

  /** What applying a plan needs. */
  get applyHost(): ApplyHost {
    const { connection, client, open, runtime } = this.setup;
    return {
      connection,
      documentChanges: client.documentChanges,
      open,
      readText: (uri) => this.files.readText(uri),
      digest: (text) => runtime.digest(text),
    };
  }

  /** The present view of an open manifest; undefined where it is none, or Thoth is turned off for it. */
  async view(uri: string): Promise<View | undefined> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const document = this.setup.open(uri);
      if (!document || this.#reader.kindOf(document.uri, document.languageId) === undefined) return undefined;
      const settings = await this.settings.of(uri);
      if (!settings.enable) return undefined;
      const tree = await this.#treeOf(uri);
      if (!tree) return undefined;
      // Text that was typed while the tree was read makes another tree.
      if (this.setup.open(uri)?.version !== document.version) continue;
      return this.#views.of(document, tree, settings);
    }
    return undefined;
  }

  /** The tree of a document, or undefined when it was closed meanwhile. */
  async #treeOf(uri: string): Promise<ManifestTree | undefined> {
    try {
      return await this.trees.tree(uri);
    } catch (error) {
      if (this.setup.open(uri)) throw error;
      return undefined;
    }
  }

  /** Resolves when all passes over the document are over. */
  async settled(uri: string): Promise<void> {
    await this.view(uri);
    await this.#contexts.prepared(uri);
    await this.#passes.settled(uri);
  }

  /** Waits for one project, but never longer than a moment. */
  async waitForProject(
    uri: string,
    name: string,
    milliseconds: number,
    token: CancellationToken = Tokens.None,
    ask = false,
  ) {
    const { runtime } = this.setup;
    const until = runtime.now() + milliseconds;
    await within(runtime, milliseconds, this.#contexts.prepared(uri));
    return this.keeper.waitFor(uri, name, Math.max(0, until - runtime.now()), token, ask);
  }

  /** Has fixes of a view proven, as far as that is done within so many milliseconds; the view as it then is. */
  async prove(
    view: View,
    fixes: readonly { readonly edits: readonly StackEdits[] }[],
    milliseconds: number,
    token: CancellationToken = Tokens.None,
  ): Promise<View> {
    if (fixes.length === 0) return view;
    const { uri } = view.file;
    const edits = fixes.map((fix) => fix.edits);
    const proving = this.settled(uri).then(() => this.#passes.stacks.prove(uri, edits, token));
    await within(this.setup.runtime, milliseconds, proving);
    return (await this.view(uri)) ?? view;
  }

  /** What one replacement in a view's document comes to; undefined where that is not known in time. */
  async proofOf(
    view: View,
    { span, newText }: StackEdits["edits"][number],
    milliseconds: number,
    token: CancellationToken,
  ): Promise<FixProof | undefined> {
    if (span.end > view.file.manifest.text.length) return undefined;
    const edits = [{ uri: view.file.uri, edits: [{ span, newText }] }];
    const present = await this.prove(view, [{ edits }], milliseconds, token);
    const { stack } = present.snapshot;
    return present.tree === view.tree ? stack?.proofs[proofKey(edits)] : undefined;
  }

  /** Resolves anew, asking the indexes again; settles with the answer. */
  async resolveAgain(uri: string): Promise<void> {
    const tree = await this.trees.tree(uri);
    if (!this.#contexts.of(uri) || !isResolvable(tree)) return;
    const { stacks } = this.#passes;
    stacks.start(uri, tree, true);
    await stacks.settled(uri);
  }

  /** The newest set that resolves, as edits of the view's files. */
  newest(view: View, token: CancellationToken): Promise<NewestStack | undefined> {
    return this.#passes.stacks.newest(view.file.uri, view.tree, token);
  }

  /** Ends the runner and starts another; what failed before is asked again. */
  async restartRunner(): Promise<void> {
    this.teller.forgetWarnings();
    await this.runner.restart();
    for (const { uri } of this.setup.opened()) this.#passes.stacks.forget(uri);
    this.keeper.retryAll();
  }

  grantTrust(): void {
    if (this.#trust.isGranted) return;
    this.#trust.grant();
    this.trees.clear();
    this.renewContexts();
  }

  /** Environments are to be read again, and all that was resolved for them is void. */
  environmentsChanged(): void {
    for (const { uri } of this.setup.opened()) this.#passes.forgetWhole(uri);
    this.keeper.forgetEnvironments();
  }

  /** A `.thoth.yaml` is another on the disk: environments, cut-offs and policy were asked under the old one. */
  configurationChanged(): void {
    for (const { uri } of this.setup.opened()) this.#passes.outdateWhole(uri);
    this.keeper.askAgain();
  }

  /** Settings, trust or interpreters changed: how to ask is found out again for every document. */
  renewContexts(): void {
    this.#contexts.clear();
    for (const { uri } of this.setup.opened()) {
      this.#passes.forgetWhole(uri);
      this.keeper.touch(uri);
      void this.view(uri).then(() => this.setup.events.refresh(uri, true));
    }
  }

  /** A text changed: the trees that hold it are read again when they are looked at next. Gives the other roots. */
  treesChanged(uri: string): string[] {
    return this.trees.changed(uri).filter((root) => root !== uri);
  }

  /** A file changed on disk, was opened or closed: what is shown of other documents is to be asked again. */
  fileChanged(uri: string): void {
    for (const root of this.treesChanged(uri)) this.setup.events.refresh(root, true);
  }

  close(uri: string): void {
    this.trees.close(uri);
    this.#passes.close(uri);
    this.settings.close(uri);
    this.#views.close(uri);
    this.#contexts.close(uri);
  }

  async #tellStatus(uri: string): Promise<void> {
    if (!this.setup.client.ours) return;
    const view = await this.view(uri);
    if (view) await this.setup.connection.sendNotification(statusChanged, statusOf(uri, view));
  }

  dispose(): void {
    this.#passes.dispose();
    this.runner.dispose();
  }
}

function settingsOf({ client, connection }: SessionSetup, teller: Teller): SettingsStore {
  return new SettingsStore({
    ask: async (uri) =>
      client.configuration
        ? connection.workspace.getConfiguration({
            section: "thoth",
            ...(uri === undefined ? {} : { scopeUri: uri }),
          })
        : undefined,
    warn: (message) => teller.warn(message),
  });
}
