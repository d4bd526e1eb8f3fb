// An editor for tests: starts the server over stdio with a real runner behind it, and speaks LSP as a client would.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { ClientCapabilities, Diagnostic, InitializeResult } from "vscode-languageserver-protocol";
import type { StatusParams } from "../../shared/src/protocol/editor.ts";

const serverMain = fileURLToPath(new URL("../../server/src/node/main.ts", import.meta.url));
const runnerMain = fileURLToPath(new URL("../../runner/src/faces/main.ts", import.meta.url));

export interface EditorOptions {
  readonly trusted?: boolean;
  readonly indexUrl?: string;
  /** The section `thoth` as the client answers it, per document. */
  readonly settings?: (uri: string | undefined) => unknown;
  readonly pull?: boolean;
  readonly folders?: readonly string[];
  /** The runner's program, the real one by default. */
  readonly runner?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface PushedDiagnostics {
  readonly uri: string;
  readonly version?: number;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Editor {
  readonly connection: MessageConnection;
  readonly initialized: InitializeResult;
  /** A fresh folder, removed at the end. */
  readonly folder: string;
  readonly pushed: PushedDiagnostics[];
  readonly statuses: StatusParams[];
  readonly warnings: string[];
  readonly log: string[];
  readonly appliedEdits: unknown[];
  /** What the client answers to `workspace/applyEdit`. */
  acceptEdits: boolean;
  refreshes: number;
  readonly server: ChildProcess;
  uri(name: string): string;
  open(uri: string, text: string, languageId?: string): Promise<void>;
  change(uri: string, version: number, text: string): Promise<void>;
  request<Answer>(method: string, params: unknown): Promise<Answer>;
  execute<Answer>(command: string, argument: unknown): Promise<Answer>;
  diagnostics(uri: string): Promise<readonly Diagnostic[]>;
  /** Resolves when the condition holds, looked at whenever the server says something. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Resolves when the status of the document says that nothing is being asked. */
  settled(uri: string): Promise<void>;
  /** Processes that the server started. */
  runners(): number[];
  close(): Promise<void>;
}

const capabilities = (pull: boolean): ClientCapabilities => ({
  textDocument: {
    hover: { contentFormat: ["markdown"] },
    codeAction: {
      disabledSupport: true,
      codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } },
    },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    publishDiagnostics: { relatedInformation: true, versionSupport: true },
    ...(pull ? { diagnostic: { relatedInformation: true, codeDescriptionSupport: true } } : {}),
  },
  workspace: {
    configuration: true,
    applyEdit: true,
    workspaceFolders: true,
    workspaceEdit: { documentChanges: true },
    ...(pull ? { diagnostics: { refreshSupport: true } } : {}),
    inlayHint: { refreshSupport: true },
    codeLens: { refreshSupport: true },
  },
  window: { workDoneProgress: true },
});

/** Starts a server and shakes hands with it. */
export async function startEditor(options: EditorOptions = {}): Promise<Editor> {
  const folder = mkdtempSync(join(tmpdir(), "thoth-server-"));
  const home = mkdtempSync(join(tmpdir(), "thoth-home-"));
  const {
    PIP_INDEX_URL: _index,
    PIP_EXTRA_INDEX_URL: _extra,
    PIP_CONFIG_FILE: _file,
    ...inherited
  } = process.env;
  const server = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", serverMain, "--stdio"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...inherited,
      HOME: home,
      XDG_DATA_HOME: join(home, "data"),
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_STATE_HOME: join(home, "state"),
      XDG_CONFIG_HOME: join(home, "config"),
      PIP_CONFIG_FILE: "/dev/null",
      THOTH_TRUST_REPOSITORY: "off",
      PIP_INDEX_URL: options.indexUrl ?? "http://127.0.0.1:9/simple/",
      ...options.env,
    },
  });
  const log: string[] = [];
  server.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const watchers = new Set<() => void>();
  const stir = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  const editor: Editor = {
    connection,
    initialized: { capabilities: {} },
    folder,
    pushed: [],
    statuses: [],
    warnings: [],
    log,
    appliedEdits: [],
    acceptEdits: true,
    refreshes: 0,
    server,
    uri: (name) => pathToFileURL(join(folder, name)).href,
    open: (uri, text, languageId = "pip-requirements") =>
      connection.sendNotification("textDocument/didOpen", {
        textDocument: { uri, languageId, version: 1, text },
      }),
    change: (uri, version, text) =>
      connection.sendNotification("textDocument/didChange", {
        textDocument: { uri, version },
        contentChanges: [{ text }],
      }),
    request: (method, params) => connection.sendRequest(method, params),
    execute: (command, argument) =>
      connection.sendRequest("workspace/executeCommand", { command, arguments: [argument] }),
    diagnostics: async (uri) =>
      (
        await connection.sendRequest<{ items?: Diagnostic[] }>("textDocument/diagnostic", {
          textDocument: { uri },
        })
      ).items ?? [],
    until: (condition, what) =>
      new Promise((resolve, reject) => {
        const end = (): void =>
          reject(new Error(`The server ended before ${what}: ${log.join("").slice(-2000)}`));
        const look = (): void => {
          if (!condition()) return;
          watchers.delete(look);
          server.off("exit", end);
          resolve();
        };
        watchers.add(look);
        server.once("exit", end);
        look();
      }),
    settled(uri) {
      return this.until(() => {
        const last = this.statuses.filter((status) => status.uri === uri).at(-1);
        return last !== undefined && last.state !== "checking";
      }, `${uri} settled`);
    },
    runners: () => childrenOf(server.pid ?? 0),
    async close() {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = new Promise((resolve) => server.once("exit", resolve));
        await connection.sendRequest("shutdown").catch(() => {});
        await connection.sendNotification("exit").catch(() => {});
        await exited;
      }
      connection.dispose();
      for (const path of [folder, home]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  answerServer(editor, options, stir);
  connection.listen();
  const folders = options.folders ?? [pathToFileURL(folder).href];
  const initialized = await connection.sendRequest<InitializeResult>("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: capabilities(options.pull ?? true),
    workspaceFolders: folders.map((uri) => ({ uri, name: uri })),
    initializationOptions: {
      trusted: options.trusted ?? true,
      runner: options.runner ?? runnerMain,
      extensionVersion: "0.0.0",
    },
  });
  (editor as { initialized: InitializeResult }).initialized = initialized;
  await connection.sendNotification("initialized", {});
  return editor;
}

function answerServer(editor: Editor, options: EditorOptions, stir: () => void): void {
  const { connection } = editor;
  connection.onRequest("workspace/configuration", ({ items }: { items: { scopeUri?: string }[] }) =>
    items.map((item) => options.settings?.(item.scopeUri) ?? {}),
  );
  connection.onRequest("thoth/activeInterpreter", () => ({}));
  connection.onRequest("client/registerCapability", () => null);
  connection.onRequest("window/workDoneProgress/create", () => null);
  connection.onRequest("workspace/applyEdit", ({ edit }: { edit: unknown }) => {
    editor.appliedEdits.push(edit);
    return { applied: editor.acceptEdits };
  });
  for (const method of [
    "workspace/diagnostic/refresh",
    "workspace/inlayHint/refresh",
    "workspace/codeLens/refresh",
  ]) {
    connection.onRequest(method, () => {
      if (method === "workspace/diagnostic/refresh") editor.refreshes++;
      stir();
      return null;
    });
  }
  connection.onNotification("thoth/status", (status: StatusParams) => {
    editor.statuses.push(status);
    stir();
  });
  connection.onNotification("thoth/log", (line: string) => {
    editor.log.push(`${line}\n`);
    stir();
  });
  connection.onNotification("window/logMessage", ({ message }: { message: string }) => {
    editor.log.push(`${message}
`);
  });
  connection.onNotification("window/showMessage", ({ message }: { message: string }) => {
    editor.warnings.push(message);
    stir();
  });
  connection.onNotification("textDocument/publishDiagnostics", (params: PushedDiagnostics) => {
    editor.pushed.push(params);
    stir();
  });
  connection.onUnhandledNotification(() => stir());
  connection.onError(() => {});
}

/** Children of a process, read from /proc: only there where that exists. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(fields[1]) === parent && fields[0] !== "Z" ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
}
