// How diagnostics reach the client: pulled where it can pull, else pushed with the version; never both.
import type { Connection, DocumentDiagnosticParams, DocumentDiagnosticReport } from "vscode-languageserver";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { View } from "../model.ts";
import type { Runtime } from "../runtime.ts";
import type { LanguageService } from "../service.ts";
import type { Client } from "./abilities.ts";
import type { Session } from "./session.ts";

/** Milliseconds: a burst of keystrokes is answered once. */
const pushDelay = 50;

export interface SenderSetup {
  readonly connection: Connection;
  readonly service: LanguageService;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly session: Session;
}

export class DiagnosticsSender {
  readonly #setup: SenderSetup;
  readonly #trees = new WeakMap<ManifestTree, number>();
  readonly #timers = new Map<string, () => void>();
  #treeNumber = 0;

  constructor(setup: SenderSetup) {
    this.#setup = setup;
  }

  /** Answers a pull; "unchanged" where nothing that diagnostics are made from is another. */
  async pull(params: DocumentDiagnosticParams): Promise<DocumentDiagnosticReport> {
    const view = await this.#setup.session.view(params.textDocument.uri);
    if (!view) return { kind: "full", items: [] };
    const resultId = this.#resultIdOf(view);
    if (params.previousResultId === resultId) return { kind: "unchanged", resultId };
    return { kind: "full", resultId, items: this.#diagnosticsOf(view) };
  }

  /** The text with its includes, the snapshot and the settings. */
  #resultIdOf(view: View): string {
    let tree = this.#trees.get(view.tree);
    if (tree === undefined) {
      tree = ++this.#treeNumber;
      this.#trees.set(view.tree, tree);
    }
    return `${tree}.${view.snapshot.number}.${view.settings.revision}`;
  }

  #diagnosticsOf(view: View) {
    return this.#setup.service.diagnostics(view, this.#setup.client, (rule) =>
      this.#setup.runtime.rulePage(rule),
    );
  }

  /** Tells a client that cannot pull, soon. */
  push(uri: string): void {
    if (this.#setup.client.pullDiagnostics) return;
    this.#timers.get(uri)?.();
    const stop = this.#setup.runtime.schedule(pushDelay, () => {
      this.#timers.delete(uri);
      this.#send(uri).catch((problem: unknown) =>
        this.#setup.session.teller.log(`Diagnostics failed: ${String(problem)}`),
      );
    });
    this.#timers.set(uri, stop);
  }

  async #send(uri: string): Promise<void> {
    const document = this.#setup.session.setup.open(uri);
    if (!document) return;
    const view = await this.#setup.session.view(uri);
    const { version } = document;
    // Newer text has its own push under way.
    if (this.#setup.session.setup.open(uri)?.version !== version) return;
    const diagnostics = view ? this.#diagnosticsOf(view) : [];
    await this.#setup.connection.sendDiagnostics({ uri, version, diagnostics });
  }

  /** The document was closed: what was pushed for it goes. */
  clear(uri: string): void {
    this.#timers.get(uri)?.();
    this.#timers.delete(uri);
    if (!this.#setup.client.pullDiagnostics)
      void this.#setup.connection.sendDiagnostics({ uri, diagnostics: [] });
  }
}
