// The language server as the extension sees it: started on first need, asked, restarted, ended.
import * as vscode from "vscode";
import type {
  CancellationToken,
  LanguageClient,
  LanguageClientOptions,
  ServerOptions,
  TransportKind,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient/node";
import {
  type ActiveInterpreterParams,
  type ActiveInterpreterResult,
  activeInterpreter,
  type InitializationOptions,
  interpreterChanged,
  logLine,
  type StatusParams,
  statusChanged,
  trustGranted,
} from "../../shared/src/protocol/editor.ts";
import { activeInterpreterOf, watchInterpreter } from "./python.ts";
import { manifestSelector } from "./selector.ts";
import type { Status } from "./status.ts";

/** Loaded with the first manifest: reading it takes longer than all else that activation does. */
const loadProtocol = () => import("vscode-languageclient/node");

type ProgressValue = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

/** Called with each step of long work: what is done, and how much of it in percent where that is known. */
export type OnProgress = (message: string | undefined, percentage: number | undefined) => void;

export class Server implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #status: Status;
  readonly #watch: vscode.Disposable[] = [];
  #client: LanguageClient | undefined;
  #started: Promise<LanguageClient> | undefined;
  #tokens = 0;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, status: Status) {
    this.#context = context;
    this.#log = log;
    this.#status = status;
    this.#watch.push(
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.#notify(trustGranted);
        void this.#watchInterpreter();
      }),
    );
  }

  /** Starts the server once; later calls give the same. */
  start(): Promise<LanguageClient> {
    this.#started ??= this.#launch();
    return this.#started;
  }

  async #launch(): Promise<LanguageClient> {
    const { LanguageClient, TransportKind } = await loadProtocol();
    const options = this.#serverOptions(TransportKind.ipc);
    const client = new LanguageClient("thoth", "Thoth", options, this.#clientOptions());
    this.#client = client;
    client.onNotification(statusChanged, (status: StatusParams) => this.#status.update(status));
    client.onNotification(logLine, (line: string | { message: string }) =>
      this.#log.info(typeof line === "string" ? line : line.message),
    );
    client.onRequest(
      activeInterpreter,
      async ({ uri }: ActiveInterpreterParams): Promise<ActiveInterpreterResult> => {
        const path = await activeInterpreterOf(vscode.Uri.parse(uri)).catch((problem: unknown) => {
          this.#log.warn(`The Python extension gave no interpreter: ${String(problem)}`);
          return undefined;
        });
        return path === undefined ? {} : { path };
      },
    );
    try {
      await client.start();
    } catch (problem) {
      this.#log.error(`The language server did not start: ${String(problem)}`);
      this.#status.update({
        state: "runner-failed",
        message: vscode.l10n.t("The language server did not start"),
      });
      this.#started = undefined;
      throw problem;
    }
    void this.#watchInterpreter();
    return client;
  }

  #serverOptions(transport: TransportKind.ipc): ServerOptions {
    const module = this.#context.asAbsolutePath("dist/server.js");
    const run = { module, transport };
    return { run, debug: { ...run, options: { execArgv: ["--nolazy", "--inspect=0"] } } };
  }

  #clientOptions(): LanguageClientOptions {
    const initializationOptions: InitializationOptions = {
      trusted: vscode.workspace.isTrusted,
      runner: this.#context.asAbsolutePath("dist/thoth.js"),
      logFolder: this.#context.logUri.fsPath,
      extensionVersion: String(this.#context.extension.packageJSON.version),
      ...(vscode.l10n.bundle === undefined ? {} : { messages: vscode.l10n.bundle }),
    };
    return {
      documentSelector: [...manifestSelector],
      initializationOptions,
      outputChannel: this.#log,
      traceOutputChannel: this.#log,
      progressOnInitialization: false,
      synchronize: { configurationSection: "thoth" },
      diagnosticPullOptions: { onChange: true, onSave: true },
    };
  }

  #notify(method: string): void {
    if (this.#client?.isRunning() !== true) return;
    this.#client.sendNotification(method).catch((problem: unknown) => this.#log.warn(String(problem)));
  }

  async #watchInterpreter(): Promise<void> {
    try {
      const watching = await watchInterpreter(() => this.#notify(interpreterChanged));
      if (watching !== undefined) this.#watch.push(watching);
    } catch (problem) {
      this.#log.warn(`The Python extension cannot be watched: ${String(problem)}`);
    }
  }

  /**
   * Runs a command of the server and gives its answer.
   * Throws what the server refuses with, and a cancellation when `token` asks for one.
   */
  async ask<Answer>(
    command: string,
    argument: object,
    token?: CancellationToken,
    onProgress?: OnProgress,
  ): Promise<Answer> {
    const client = await this.start();
    const { ExecuteCommandRequest, WorkDoneProgress } = await loadProtocol();
    const workDoneToken = `thoth-client-${++this.#tokens}`;
    const listening = client.onProgress(WorkDoneProgress.type, workDoneToken, (value: ProgressValue) => {
      if (value.kind === "end") return;
      // The title is the notification's own already.
      onProgress?.(value.message, value.percentage);
    });
    try {
      return (await client.sendRequest(
        ExecuteCommandRequest.type,
        { command, arguments: [argument], workDoneToken },
        token,
      )) as Answer;
    } finally {
      listening.dispose();
    }
  }

  /** Ends a server that no longer answers and starts another. */
  async restart(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#started === undefined) {
      await this.start();
      return;
    }
    await client.restart();
  }

  dispose(): void {
    for (const part of this.#watch) part.dispose();
  }

  async stop(): Promise<void> {
    this.dispose();
    await this.#client?.stop();
  }
}
