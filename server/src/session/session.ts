// One editor's session: its documents, what they reach, what is known of them, and who is told when that changes.
import type { CancellationToken, Connection } from "vscode-languageserver";
import { MessageType, ShowMessageNotification, CancellationToken as Tokens } from "vscode-languageserver";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { type FixProof, proofKey, type StackEdits } from "../../../shared/src/facts/stack.ts";
import type { ManifestKind } from "../../../shared/src/manifest/model.ts";
import { isPylockName } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import {
  type ActiveInterpreterParams,
  type ActiveInterpreterResult,
  activeInterpreter,
  type InitializationOptions,
  logLine,
  type StatusParams,
  statusChanged,
} from "../../../shared/src/protocol/editor.ts";
import type { FactsOutput, FactsPartial } from "../../../shared/src/protocol/facts.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import type {
  ProvenanceOutput,
  ProvenancePartial,
  ProvenanceRequest,
} from "../../../shared/src/protocol/provenance.ts";
import type {
  NewestStack,
  ResolveOutput,
  ResolvePartial,
  ResolveRequest,
} from "../../../shared/src/protocol/resolve.ts";
import { findingsOf } from "../../../shared/src/rules/index.ts";
import type { Findings, Snapshot } from "../../../shared/src/rules/model.ts";
import { fileName, sayEnvironment } from "../../../shared/src/rules/words.ts";
import { type RunCalls, RunnerClient } from "../backend/client.ts";
import type { ActionTools } from "../features/codeActions.ts";
import { summaryOf } from "../features/codeLens.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";
import type { Runtime } from "../runtime.ts";
import type { Settings } from "../settings.ts";
import type { Client } from "./abilities.ts";
import { SettingsStore } from "./configuration.ts";
import { type AskContext, KnowledgeKeeper } from "./knowledge.ts";
import { ProvenanceKeeper } from "./provenances.ts";
import { ManifestReader } from "./reading.ts";
import { StackKeeper, type StackWants } from "./stacks.ts";
import { pairUris, type UriPairs } from "./stackUris.ts";
import { largestText, type OpenDocument, TreeStore } from "./trees.ts";

/** Milliseconds that the Python extension gets to name its interpreter. */
const interpreterWait = 3000;

export interface SessionEvents {
  /** Answers changed without the client having asked: `settled` when nothing more is to come. */
  refresh(root: string, settled: boolean): void;
}

export interface SessionSetup {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly options: InitializationOptions;
  readonly folders: () => readonly string[];
  readonly open: (uri: string) => OpenDocument | undefined;
  readonly opened: () => readonly OpenDocument[];
  readonly events: SessionEvents;
}

export class Session {
  readonly settings: SettingsStore;
  readonly trees: TreeStore;
  readonly keeper: KnowledgeKeeper;
  readonly stacks: StackKeeper;
  readonly provenances: ProvenanceKeeper;
  readonly setup: SessionSetup;
  readonly #reader: ManifestReader;
  readonly #views = new Map<string, View>();
  readonly #contexts = new Map<string, AskContext>();
  readonly #preparing = new Map<string, Promise<void>>();
  readonly #empty = new WeakMap<ManifestTree, Snapshot>();
  #runner: RunnerClient | undefined;
  #runnerKey = "";
  #trusted: boolean;

  constructor(setup: SessionSetup) {
    this.setup = setup;
    this.#trusted = setup.options.trusted;
    const { runtime } = setup;
    this.settings = new SettingsStore({
      ask: async (uri) =>
        setup.client.configuration
          ? setup.connection.workspace.getConfiguration({
              section: "thoth",
              ...(uri === undefined ? {} : { scopeUri: uri }),
            })
          : undefined,
      warn: (message) => this.warn(message),
    });
    this.#reader = new ManifestReader(runtime);
    this.trees = new TreeStore({
      open: setup.open,
      readFile: async (uri) => {
        this.#mustBeAllowed(uri);
        const stat = await runtime.stat(uri);
        if (stat && stat.size > largestText)
          throw new Error(
            say("{0} is larger than {1} MB and is not read.", fileName(uri), largestText / 1e6),
          );
        return runtime.readFile(uri);
      },
      stamp: async (uri) => {
        if (this.#forbidden(uri)) return undefined;
        const stat = await runtime.stat(uri);
        return stat && `${stat.modified} ${stat.size}`;
      },
      load: (root, read) => this.#reader.loadTree(root, read, (uri) => this.#forbidden(uri)),
    });
    this.keeper = new KnowledgeKeeper({
      ask: {
        environment: async (input, token) =>
          (await this.run("environment", { ...input, installed: true }, { token }))
            .result as RuntimeEnvironment,
        facts: async (input, onProject, token) => {
          const partial = (piece: unknown): void => onProject((piece as FactsPartial).project);
          return (await this.run("facts", input, { token, partial })).result as FactsOutput;
        },
      },
      now: () => runtime.now(),
      digest: (text) => runtime.digest(text),
      schedule: (milliseconds, callback) => runtime.schedule(milliseconds, callback),
      changed: (root, settled) => {
        if (settled) this.#startStack(root);
        if (settled) this.#startProvenance(root);
        void this.tellStatus(root);
        setup.events.refresh(root, settled);
      },
      log: (line) => this.log(line),
    });
    this.provenances = new ProvenanceKeeper({
      ask: async (root, tree, onPiece, token) => {
        const input = await this.#provenanceInput(root, tree);
        const partial = (piece: unknown): void => onPiece(piece as ProvenancePartial);
        return (await this.run("provenance", input, { token, partial })).result as ProvenanceOutput;
      },
      now: () => runtime.now(),
      schedule: (milliseconds, callback) => runtime.schedule(milliseconds, callback),
      changed: (root, settled) => setup.events.refresh(root, settled),
      log: (line) => this.log(line),
    });
    this.stacks = new StackKeeper({
      resolve: async (root, tree, wants, onPiece, token) => {
        const input = await this.#resolveInput(root, tree, wants);
        const partial = (piece: unknown): void => onPiece(piece as ResolvePartial);
        return (await this.run("resolve", input, { token, partial })).result as ResolveOutput;
      },
      pairs: (tree) => this.#pairs(tree),
      now: () => runtime.now(),
      changed: (root, settled) => {
        void this.tellStatus(root);
        setup.events.refresh(root, settled);
      },
      log: (line) => this.log(line),
    });
  }

  /** Where packages come from is asked beside whether they resolve, once it is known what there is. */
  #startProvenance(root: string): void {
    const context = this.#contexts.get(root);
    const snapshot = this.keeper.snapshotOf(root);
    if (!this.#trusted || !context || context.unasked || !snapshot || snapshot.unasked) return;
    void this.trees.tree(root).then(
      (tree) => {
        if (this.#contexts.get(root) === context && hasProvenance(tree)) this.provenances.start(root, tree);
      },
      () => {},
    );
  }

  async #provenanceInput(root: string, tree: ManifestTree): Promise<ProvenanceRequest> {
    const input = this.#contexts.get(root)?.input ?? (await this.inputFor(root));
    const settings = await this.settings.of(root);
    const files = tree.companion ? [...tree.files, tree.companion] : tree.files;
    return {
      ...input,
      paths: [this.pathFor(root)],
      texts: Object.fromEntries(files.map(({ uri, manifest }) => [this.pathFor(uri), manifest.text])),
      rules: settings.rules,
    };
  }

  /** The third pass follows the second: what is wrong with a single line is told before the whole is looked at. */
  #startStack(root: string): void {
    const context = this.#contexts.get(root);
    const snapshot = this.keeper.snapshotOf(root);
    if (!this.#trusted || !context || context.unasked || !snapshot || snapshot.unasked) return;
    void this.trees.tree(root).then(
      (tree) => {
        if (this.#contexts.get(root) === context && isResolvable(tree)) this.stacks.start(root, tree);
      },
      () => {},
    );
  }

  async #resolveInput(root: string, tree: ManifestTree, wants: StackWants): Promise<ResolveRequest> {
    const input = this.#contexts.get(root)?.input ?? (await this.inputFor(root));
    const { "resolve.prerelease": prerelease } = await this.settings.of(root);
    return {
      ...input,
      ...(prerelease === "" ? {} : { prerelease }),
      path: this.pathFor(root),
      texts: Object.fromEntries(
        [
          ...this.#opensBeside(root).map(({ uri, text }) => [uri, text] as const),
          ...tree.files.map(({ uri, manifest }) => [uri, manifest.text] as const),
        ].map(([uri, text]) => [this.pathFor(uri), text]),
      ),
      relaxations: wants.relaxations ?? false,
      prove: (wants.prove ?? []).map((edits) => edits.map(plainEdits)),
      newest: wants.newest ?? false,
      refresh: wants.refresh ?? false,
    };
  }

  #pairs(tree: ManifestTree): UriPairs {
    const uris = new Set([
      ...tree.files.map(({ uri }) => uri),
      ...this.#opensBeside(tree.root).map(({ uri }) => uri),
    ]);
    return pairUris([...uris].map((uri) => [uri, this.pathFor(uri)]));
  }

  /** What a plan of edits is bound to. */
  get actionTools(): ActionTools {
    const { runtime } = this.setup;
    return {
      digest: (text) => runtime.digest(text),
      versionOf: (uri) => this.setup.open(uri)?.version,
    };
  }

  /** Open documents that may be locks of a manifest in the same folder: what is typed there counts, saved or not. */
  #opensBeside(root: string): readonly OpenDocument[] {
    const folder = root.slice(0, root.lastIndexOf("/") + 1);
    return this.setup.opened().filter(({ uri }) => {
      const name = uri.startsWith(folder) ? uri.slice(folder.length) : "";
      return uri !== root && !name.includes("/") && (isPylockName(name) || /\.txt$/i.test(name));
    });
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
    let stop: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      stop = this.setup.runtime.schedule(milliseconds, resolve);
    });
    const proving = this.settled(uri).then(() => this.stacks.prove(uri, edits, token));
    await Promise.race([proving, late]);
    stop();
    return (await this.view(uri)) ?? view;
  }

  get trusted(): boolean {
    return this.#trusted;
  }

  log(line: string): void {
    if (this.setup.client.ours) void this.setup.connection.sendNotification(logLine, line);
    else this.setup.connection.console.log(line);
  }

  readonly #warned = new Set<string>();

  /** Tells the person something once. */
  warn(message: string): void {
    this.log(message);
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.tell(message);
  }

  /** Shows a message that wants no answer. */
  tell(message: string): void {
    void this.setup.connection.sendNotification(ShowMessageNotification.type, {
      type: MessageType.Warning,
      message,
    });
  }

  kindOf(document: OpenDocument): ManifestKind | undefined {
    return this.#reader.kindOf(document.uri, document.languageId);
  }

  /** Runs one operation of the runner, which is started on first need. Never in an untrusted workspace. */
  async run(operation: string, input: unknown, calls: RunCalls = {}) {
    if (!this.#trusted) throw new Error(untrustedMessage());
    return (await this.#runnerOf()).run(operation, input, calls);
  }

  async #runnerOf(): Promise<RunnerClient> {
    const machine = await this.settings.of(undefined);
    const key = JSON.stringify([machine["runner.node"], machine["knowledge.file"]]);
    if (this.#runner && key === this.#runnerKey) return this.#runner;
    this.#runner?.dispose();
    this.#runnerKey = key;
    const { runtime, options } = this.setup;
    this.#runner = new RunnerClient({
      launch: () =>
        runtime.startRunner({
          program: options.runner,
          node: machine["runner.node"],
          knowledgeFile: machine["knowledge.file"],
        }),
      now: () => runtime.now(),
      log: (line) => this.log(line),
      warn: (message) => this.warn(message),
      stateChanged: () => {},
    });
    return this.#runner;
  }

  /** Ends the runner and starts another; what failed before is asked again. */
  async restartRunner(): Promise<void> {
    this.#warned.clear();
    await (await this.#runnerOf()).restart();
    for (const { uri } of this.setup.opened()) this.stacks.forget(uri);
    this.keeper.retryAll();
  }

  /** The present view of an open manifest; undefined where it is none, or Thoth is turned off for it. */
  async view(uri: string): Promise<View | undefined> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const document = this.setup.open(uri);
      if (!document || this.kindOf(document) === undefined) return undefined;
      const settings = await this.settings.of(uri);
      if (!settings.enable) return undefined;
      const tree = await this.#treeOf(uri);
      if (!tree) return undefined;
      // Text that was typed while the tree was read makes another tree.
      if (this.setup.open(uri)?.version !== document.version) continue;
      return this.#viewOf(document, tree, settings);
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

  #viewOf(document: OpenDocument, tree: ManifestTree, settings: Settings): View | undefined {
    const [file] = tree.files;
    if (!file) return undefined;
    const snapshot = this.#snapshotFor(document, tree, settings);
    const known = this.#views.get(document.uri);
    if (known && known.tree === tree && known.snapshot === snapshot && known.settings === settings)
      return known;
    let findings: Findings | undefined;
    const view: View = {
      file,
      tree,
      snapshot,
      settings,
      configuration: { severities: settings.rules },
      versions: this.#versionsOf(tree),
      ...(document.text.length > largestText ? { refused: refusal(document) } : {}),
      findings: () => {
        findings ??= findingsOf(view);
        return findings;
      },
    };
    this.#views.set(document.uri, view);
    return view;
  }

  #versionsOf(tree: ManifestTree): Map<string, number> {
    const versions = new Map<string, number>();
    for (const file of [...tree.files, ...(tree.companion ? [tree.companion] : [])]) {
      const open = this.setup.open(file.uri);
      if (open) versions.set(file.uri, open.version);
    }
    return versions;
  }

  #snapshotFor(document: OpenDocument, tree: ManifestTree, settings: Settings): Snapshot {
    const context = this.#contexts.get(document.uri);
    if (context) {
      this.keeper.update(document.uri, tree, context);
      this.stacks.update(document.uri, tree);
      const snapshot = this.keeper.snapshotOf(document.uri);
      if (snapshot) return this.#withStack(document.uri, tree, snapshot);
    } else this.#prepare(document.uri, settings);
    let snapshot = this.#empty.get(tree);
    if (!snapshot) {
      const unasked = this.#unasked(settings);
      snapshot = {
        number: 0,
        projects: new Map(),
        pending: !unasked,
        now: this.setup.runtime.now(),
        ...(unasked ? { unasked } : {}),
      };
      this.#empty.set(tree, snapshot);
    }
    return snapshot;
  }

  readonly #joined = new WeakMap<Snapshot, { readonly key: string; readonly snapshot: Snapshot }>();

  /** The snapshot together with the resolver's word: the same object as long as neither changes. */
  #withStack(uri: string, tree: ManifestTree, snapshot: Snapshot): Snapshot {
    const stack = this.stacks.stackOf(uri);
    const revision = this.stacks.revisionOf(uri) + this.provenances.revisionOf(uri);
    const provenance = this.provenances.factsOf(uri);
    const waits = snapshot.pending && !snapshot.unasked && isResolvable(tree);
    const resolving = waits || this.stacks.isResolving(uri);
    const key = `${revision} ${resolving}`;
    const known = this.#joined.get(snapshot);
    if (known?.key === key) return known.snapshot;
    const joined = {
      ...snapshot,
      number: 2 * (snapshot.number + revision) + (resolving ? 0 : 1),
      ...(stack ? { stack } : {}),
      ...(provenance ? { provenance } : {}),
      ...(resolving ? { resolving } : {}),
    };
    this.#joined.set(snapshot, { key, snapshot: joined });
    return joined;
  }

  /** Finds out how a document is to be asked about, then asks. */
  #prepare(uri: string, settings: Settings): void {
    if (this.#preparing.has(uri)) return;
    const preparing = this.#contextFor(uri, settings)
      .then(async (context) => {
        if (this.#preparing.get(uri) !== preparing || !this.setup.open(uri)) return;
        this.#contexts.set(uri, context);
        this.keeper.update(uri, await this.trees.tree(uri), context, "once");
        await this.tellStatus(uri);
      })
      .catch((problem: unknown) => this.log(`Not prepared: ${String(problem)}`))
      .finally(() => {
        if (this.#preparing.get(uri) === preparing) this.#preparing.delete(uri);
      });
    this.#preparing.set(uri, preparing);
  }

  /** Resolves when the document's knowledge pass is over. */
  async settled(uri: string): Promise<void> {
    await this.view(uri);
    await this.#preparing.get(uri);
    await this.keeper.settled(uri);
    // What was settled is told to the third pass a moment later.
    await this.trees.tree(uri).catch(() => undefined);
    await this.stacks.settled(uri);
    await this.provenances.settled(uri);
  }

  /** Resolves when it is known how the document is asked about; with `waitFor` of the keeper, a hover may wait a moment. */
  async prepared(uri: string): Promise<void> {
    await this.#preparing.get(uri);
  }

  #unasked(settings: Settings): AskContext["unasked"] {
    void settings;
    return this.#trusted ? undefined : { code: "untrusted", message: untrustedMessage() };
  }

  async #contextFor(uri: string, settings: Settings): Promise<AskContext> {
    const unasked = this.#unasked(settings);
    const input = await this.inputFor(uri, settings);
    const path = this.setup.runtime.pathOf(uri);
    return {
      input,
      ...(path === undefined ? {} : { manifest: path }),
      ...(unasked ? { unasked } : {}),
    };
  }

  /** What every operation is told for a document: its folder, its environment, the person's indexes. */
  async inputFor(uri: string, settings?: Settings): Promise<CommonInput> {
    const configured = settings ?? (await this.settings.of(uri));
    const interpreter = configured["environment.python"] || (await this.#activeInterpreter(uri));
    const index = {
      ...(configured["index.url"] ? { indexUrl: configured["index.url"] } : {}),
      ...(configured["index.extraUrls"].length > 0 ? { extraIndexUrls: configured["index.extraUrls"] } : {}),
      ...(configured["index.findLinks"].length > 0 ? { findLinks: configured["index.findLinks"] } : {}),
      ...(configured["index.strategy"] ? { strategy: configured["index.strategy"] } : {}),
    };
    const environment = {
      ...(interpreter ? { interpreter } : {}),
      ...(configured["environment.pythonVersion"] ? { python: configured["environment.pythonVersion"] } : {}),
      ...(configured["environment.platform"] ? { platform: configured["environment.platform"] } : {}),
    };
    return {
      cwd: this.folderOf(uri),
      ...(Object.keys(environment).length > 0 ? { environment } : {}),
      ...(Object.keys(index).length > 0 ? { index } : {}),
      ...(configured["index.usePipConfiguration"] ? {} : { usePipConfiguration: false }),
      ...(configured.offline ? { offline: true } : {}),
      ...(configured["resolve.buildSdists"] ? { buildSdists: true } : {}),
    };
  }

  /** The folder that relative paths of a document mean: its own, else the workspace's, else the home. */
  folderOf(uri: string): string {
    const own = this.setup.runtime.pathOf(new URL(".", uri.startsWith("file:") ? uri : "file:///").href);
    if (uri.startsWith("file:") && own !== undefined) return own;
    for (const folder of this.setup.folders()) {
      const path = this.setup.runtime.pathOf(folder);
      if (path !== undefined) return path;
    }
    return this.setup.runtime.home;
  }

  /** Where a document would lie if it does not: untitled text has a name in its folder. */
  pathFor(uri: string): string {
    const path = this.setup.runtime.pathOf(uri);
    if (path !== undefined) return path;
    const name = fileName(uri.replace(/^[a-z-]+:/, "")) || "requirements.txt";
    return `${this.folderOf(uri).replace(/[/\\]+$/, "")}/${/\.|^Pipfile$/.test(name) ? name : `${name}.txt`}`;
  }

  // What applying a plan needs.
  get connection(): Connection {
    return this.setup.connection;
  }
  get documentChanges(): boolean {
    return this.setup.client.documentChanges;
  }
  open(uri: string): OpenDocument | undefined {
    return this.setup.open(uri);
  }
  digest(text: string): string {
    return this.setup.runtime.digest(text);
  }

  async #activeInterpreter(uri: string): Promise<string | undefined> {
    if (!this.setup.client.ours || !this.#trusted) return undefined;
    const params: ActiveInterpreterParams = { uri };
    const asked = this.setup.connection.sendRequest<ActiveInterpreterResult>(activeInterpreter, params).then(
      (result) => result?.path,
      () => undefined,
    );
    let stop: () => void = () => {};
    const late = new Promise<undefined>((resolve) => {
      stop = this.setup.runtime.schedule(interpreterWait, () => resolve(undefined));
    });
    const path = await Promise.race([asked, late]);
    stop();
    return path;
  }

  /** Before trust, nothing on another host is touched: Windows would send the person's credentials there. */
  #forbidden(uri: string): string | undefined {
    if (this.#trusted || !isRemoteFile(uri)) return undefined;
    return say("{0} is on another host: not read before the workspace is trusted.", fileName(uri));
  }

  #mustBeAllowed(uri: string): void {
    const reason = this.#forbidden(uri);
    if (reason) throw new Error(reason);
  }

  /** Folders for the completion of paths. */
  async listFolder(uri: string): Promise<string[]> {
    return this.#forbidden(uri) || !uri.startsWith("file:") ? [] : this.setup.runtime.listFolder(uri);
  }

  /** A file's text as it is on disk. Throws where it cannot be read, or must not be. */
  async readText(uri: string): Promise<string> {
    this.#mustBeAllowed(uri);
    return this.#reader.decode(await this.setup.runtime.readFile(uri));
  }

  grantTrust(): void {
    if (this.#trusted) return;
    this.#trusted = true;
    this.trees.clear();
    this.renewContexts();
  }

  /** Environments are to be read again, and all that was resolved for them is void. */
  environmentsChanged(): void {
    for (const { uri } of this.setup.opened()) {
      this.stacks.forget(uri);
      this.provenances.forget(uri);
    }
    this.keeper.forgetEnvironments();
  }

  /** Resolves anew, asking the indexes again; settles with the answer. */
  async resolveAgain(uri: string): Promise<void> {
    const tree = await this.trees.tree(uri);
    if (!this.#contexts.get(uri) || !isResolvable(tree)) return;
    this.stacks.start(uri, tree, true);
    await this.stacks.settled(uri);
  }

  /** The newest set that resolves, as edits of the view's files. */
  newest(view: View, token: CancellationToken): Promise<NewestStack | undefined> {
    return this.stacks.newest(view.file.uri, view.tree, token);
  }

  /** Settings, trust or interpreters changed: how to ask is found out again for every document. */
  renewContexts(): void {
    this.#contexts.clear();
    this.#preparing.clear();
    for (const document of this.setup.opened()) {
      this.stacks.forget(document.uri);
      this.provenances.forget(document.uri);
      this.keeper.touch(document.uri);
      void this.view(document.uri).then(() => this.setup.events.refresh(document.uri, true));
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
    this.keeper.close(uri);
    this.stacks.close(uri);
    this.provenances.close(uri);
    this.settings.close(uri);
    this.#views.delete(uri);
    this.#contexts.delete(uri);
    this.#preparing.delete(uri);
  }

  /** What the language-status item says of a document. */
  async tellStatus(uri: string): Promise<void> {
    if (!this.setup.client.ours) return;
    const view = await this.view(uri);
    if (!view) return;
    const { snapshot } = view;
    const status: StatusParams = {
      state: stateOf(view),
      uri,
      message: snapshot.unasked ? unaskedStatus(snapshot.unasked) : summaryOf(view),
      ...(snapshot.environment ? { environment: sayEnvironment(snapshot.environment) } : {}),
    };
    await this.setup.connection.sendNotification(statusChanged, status);
  }

  /** Waits for one project, but never longer than a moment. */
  async waitForProject(
    uri: string,
    name: string,
    milliseconds: number,
    token: CancellationToken = Tokens.None,
    ask = false,
  ) {
    const until = this.setup.runtime.now() + milliseconds;
    let stop: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      stop = this.setup.runtime.schedule(milliseconds, resolve);
    });
    await Promise.race([this.prepared(uri), late]);
    stop();
    return this.keeper.waitFor(uri, name, Math.max(0, until - this.setup.runtime.now()), token, ask);
  }

  dispose(): void {
    this.keeper.dispose();
    this.stacks.dispose();
    this.provenances.dispose();
    this.#runner?.dispose();
  }
}

/** What names packages that are installed as they stand there; a library's own needs are another matter. */
function hasProvenance(tree: ManifestTree): boolean {
  const kind = tree.files[0]?.manifest.kind;
  return kind === "requirements" || kind === "pipfile" || kind === "pipfile-lock" || kind === "pylock";
}

/** A lock says what is, not what is wanted: there is nothing to resolve. */
export function isResolvable(tree: ManifestTree): boolean {
  const kind = tree.files[0]?.manifest.kind;
  if (kind !== "requirements" && kind !== "constraints" && kind !== "pipfile" && kind !== "pyproject")
    return false;
  return tree.files.some(({ manifest }) => manifest.entries.some((entry) => entry.kind === "requirement"));
}

function plainEdits({ uri, edits }: StackEdits) {
  return { uri, edits: edits.map(({ span, newText }) => ({ span: { ...span }, newText })) };
}

function untrustedMessage(): string {
  return say("the workspace is not trusted");
}

function unaskedStatus({ code, message }: NonNullable<AskContext["unasked"]>): string {
  return code === "untrusted" ? say("Not checked: {0}. The text alone is checked.", message) : message;
}

function refusal(document: OpenDocument): string {
  return say(
    "{0} is larger than {1} MB and is not read. Split it with -r, or check it with `thoth check`.",
    fileName(document.uri),
    largestText / 1e6,
  );
}

function stateOf(view: View): StatusParams["state"] {
  const code = view.snapshot.unasked?.code;
  if (code === "untrusted") return "untrusted";
  if (code === "runner-failed") return "runner-failed";
  if (view.settings.offline) return "offline";
  return view.snapshot.pending || view.snapshot.resolving ? "checking" : "idle";
}

/** `file://host/…`, and the UNC paths that some write as `file:////host/…`. */
export function isRemoteFile(uri: string): boolean {
  if (!uri.startsWith("file:")) return false;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  return (
    url === undefined ||
    (url.host !== "" && url.host !== "localhost") ||
    /^\/\/|^\/%5c|^\/\\/i.test(url.pathname)
  );
}
