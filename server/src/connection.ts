// The language server: one start function that takes a connection and a runtime, and wires each request to a pure feature.
import {
  type CancellationToken,
  type ClientCapabilities,
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { resolveInclude, sameFileKey } from "../../shared/src/manifest/includeTarget.ts";
import {
  type InitializationOptions,
  interpreterChanged,
  trustGranted,
} from "../../shared/src/protocol/editor.ts";
import type { NamesOutput } from "../../shared/src/protocol/names.ts";
import type { Position } from "../../shared/src/text/span.ts";
import { codeActionKinds } from "./features/codeActions.ts";
import type { CompletionSources } from "./features/completion.ts";
import { markProven, versionDataOf } from "./features/completionItems.ts";
import { useMessages } from "./l10n.ts";
import { withoutMarkdown } from "./markdown.ts";
import type { View } from "./model.ts";
import type { Runtime } from "./runtime.ts";
import { createLanguageService } from "./service.ts";
import { type Client, readAbilities } from "./session/abilities.ts";
import { commandNames, executeCommand } from "./session/commands.ts";
import { DiagnosticsSender } from "./session/diagnosticsSender.ts";
import { guarded } from "./session/guard.ts";
import { Refresher } from "./session/refresher.ts";
import { Session } from "./session/session.ts";
import type { OpenDocument } from "./session/trees.ts";

/** Milliseconds that a hover or a completion waits for the one package that it is about. */
const patience = 1000;

/** Milliseconds that quick fixes wait for their proofs; what takes longer is there the next time. */
const provingPatience = 3000;

const watched = [
  "**/*.{txt,in,pip}",
  "**/Pipfile",
  "**/Pipfile.lock",
  "**/pylock*.toml",
  "**/pyvenv.cfg",
  "**/.thoth.yaml",
];

/** Starts serving the connection. Everything that touches the machine comes from the runtime. */
export function startServer(connection: Connection, runtime: Runtime): void {
  const service = createLanguageService();
  const documents = new TextDocuments(TextDocument);
  let folders: string[] = [];
  let session: Session | undefined;
  let sender: DiagnosticsSender | undefined;
  let client: Client | undefined;

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    const options = readOptions(params.initializationOptions);
    useMessages(options.messages);
    const abilities = readAbilities(params.capabilities, isOurs(params));
    client = abilities;
    folders = (params.workspaceFolders ?? []).map((folder) => folder.uri);
    const refresher = new Refresher({
      now: () => runtime.now(),
      schedule: (milliseconds, callback) => runtime.schedule(milliseconds, callback),
      refresh: () => refreshAll(connection, abilities),
    });
    const created: Session = new Session({
      connection,
      runtime,
      client: abilities,
      options,
      folders: () => folders,
      open: (uri) => openDocument(documents, uri),
      opened: () => documents.all().map(asOpen),
      events: {
        refresh: (root, settled) => {
          refresher.mark(settled);
          sender?.push(root);
        },
      },
    });
    session = created;
    sender = new DiagnosticsSender({ connection, service, runtime, client: abilities, session: created });
    return {
      capabilities: capabilitiesFor(abilities, params.capabilities),
      serverInfo: { name: "Thoth", version: options.extensionVersion },
    };
  });

  connection.onInitialized(async () => {
    if (client?.registerConfiguration) {
      await connection.client.register(DidChangeConfigurationNotification.type, { section: "thoth" });
    }
    if (client?.watchFiles) {
      const watchers = watched.map((globPattern) => ({ globPattern }));
      await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
  });

  connection.onShutdown(() => session?.dispose());
  wireDocuments({ connection, documents, runtime, session: () => session, sender: () => sender });
  connection.onDidChangeConfiguration(({ settings }) => {
    session?.settings.changed((settings as { thoth?: unknown } | undefined)?.thoth);
    session?.renewContexts();
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    if (!session) return;
    if (changes.some((change) => change.uri.endsWith("/pyvenv.cfg"))) session.environmentsChanged();
    if (changes.some((change) => change.uri.endsWith("/.thoth.yaml"))) session.configurationChanged();
    for (const { uri } of changes) {
      // An open buffer wins over what was written to disk.
      if (!openDocument(documents, uri)) session.fileChanged(uri);
    }
  });
  connection.onNotification("workspace/didChangeWorkspaceFolders", ({ event }) => {
    const removed = new Set(event.removed.map((folder: { uri: string }) => folder.uri));
    folders = [
      ...folders.filter((folder) => !removed.has(folder)),
      ...event.added.map((folder: { uri: string }) => folder.uri),
    ];
  });
  connection.onNotification(trustGranted, () => session?.grantTrust());
  connection.onNotification(interpreterChanged, () => {
    session?.environmentsChanged();
    session?.renewContexts();
  });

  /** Answers a request about one document; without a view of it, with `fallback`. */
  const about =
    <Params extends { textDocument: { uri: string } }, Answer>(
      what: string,
      fallback: Answer,
      answer: (view: View, params: Params, token: CancellationToken) => Answer | Promise<Answer>,
    ) =>
    (params: Params, token: CancellationToken) =>
      guarded(
        what,
        token,
        fallback,
        (line) => session?.teller.log(line),
        async () => {
          const view = await session?.view(params.textDocument.uri);
          return view ? answer(view, params, token) : fallback;
        },
      );
  const offsetIn = (view: View, position: Position): number => view.file.manifest.lines.offsetAt(position);

  connection.onHover(
    about("Hover", null, async (view, { textDocument, position }, token) => {
      const name = service.hoveredProject(view, offsetIn(view, position));
      let present = view;
      if (name !== undefined && view.snapshot.pending && !view.snapshot.projects.has(name)) {
        await session?.waitForProject(textDocument.uri, name, patience, token);
        present = (await session?.view(textDocument.uri)) ?? view;
      }
      const answer = service.hover(present, offsetIn(present, position));
      if (!answer) return null;
      const value = client?.markdown ? answer.markdown : withoutMarkdown(answer.markdown);
      return { contents: { kind: client?.markdown ? "markdown" : "plaintext", value }, range: answer.range };
    }),
  );
  connection.onCompletion(
    about("Completion", null, (view, { textDocument, position }, token) => {
      const active = session;
      return active
        ? service.completion(view, offsetIn(view, position), sourcesFor(active, textDocument.uri, token))
        : null;
    }),
  );
  connection.onCompletionResolve((item, token) =>
    guarded(
      "Completion item",
      token,
      item,
      (line) => session?.teller.log(line),
      async () => {
        const data = versionDataOf(item);
        const view = data && (await session?.view(data.uri));
        if (!session || !data || !view) return item;
        return markProven(item, await session.proofOf(view, data, provingPatience, token));
      },
    ),
  );
  connection.onCodeAction(
    about("Code actions", null, async (view, { range, context }, token) => {
      const request = {
        range,
        diagnostics: context.diagnostics,
        ...(context.only ? { only: context.only } : {}),
      };
      if (!client) return null;
      const unproven = service.unprovenFixes(view, request);
      const present = (await session?.prove(view, unproven, provingPatience, token)) ?? view;
      return service.codeActions(present, request, client, session?.actionTools ?? runtime);
    }),
  );
  connection.onCodeLens(about("Code lens", null, (view) => service.codeLens(view)));
  connection.languages.inlayHint.on(
    about("Inlay hints", null, (view, { range }) => service.inlayHints(view, range)),
  );
  connection.onDocumentLinks(about("Links", null, (view) => service.documentLinks(view)));
  connection.onDocumentSymbol(
    about("Symbols", null, (view) =>
      client?.hierarchicalSymbols ? service.documentSymbols(view) : service.flatSymbols(view),
    ),
  );
  connection.onDefinition(
    about("Definition", null, (view, { position }) =>
      client?.definitionLinks
        ? service.definition(view, offsetIn(view, position))
        : service.definitionLocations(view, offsetIn(view, position)),
    ),
  );
  connection.onReferences(
    about("References", null, async (view, { position, context }) => {
      const others = (await session?.trees.loaded()) ?? [];
      return service.references(view, offsetIn(view, position), others, context.includeDeclaration);
    }),
  );
  connection.onFoldingRanges(about("Folding", null, (view) => service.foldingRanges(view)));
  connection.languages.diagnostics.on((params, token) =>
    guarded(
      "Diagnostics",
      token,
      { kind: "full" as const, items: [] },
      (line) => session?.teller.log(line),
      async () => (sender ? sender.pull(params) : { kind: "full" as const, items: [] }),
    ),
  );
  connection.onExecuteCommand((params, token, progress) =>
    guarded<unknown>(
      params.command,
      token,
      null,
      (line) => session?.teller.log(line),
      async () =>
        session
          ? executeCommand(session, service, params.command, params.arguments?.[0], token, progress)
          : null,
    ),
  );
  documents.listen(connection);
  connection.listen();
}

interface DocumentWiring {
  readonly connection: Connection;
  readonly documents: TextDocuments<TextDocument>;
  readonly runtime: Runtime;
  readonly session: () => Session | undefined;
  readonly sender: () => DiagnosticsSender | undefined;
}

function wireDocuments({ documents, session, sender }: DocumentWiring): void {
  documents.onDidOpen(({ document }) => {
    session()?.fileChanged(document.uri);
    // Asked for before anyone hovers: the answer is then there.
    void session()?.view(document.uri);
    sender()?.push(document.uri);
  });
  documents.onDidChangeContent(({ document }) => {
    // Opening raises this too, with the text that was just read.
    for (const root of session()?.treesChanged(document.uri) ?? []) sender()?.push(root);
    sender()?.push(document.uri);
  });
  documents.onDidClose(({ document }) => {
    sender()?.clear(document.uri);
    session()?.close(document.uri);
    session()?.fileChanged(document.uri);
  });
}

function asOpen(document: TextDocument): OpenDocument {
  return {
    uri: document.uri,
    languageId: document.languageId,
    version: document.version,
    get text() {
      return document.getText();
    },
  };
}

/** An open document by any spelling of its URI. */
function openDocument(documents: TextDocuments<TextDocument>, uri: string): OpenDocument | undefined {
  const exact = documents.get(uri);
  if (exact) return asOpen(exact);
  const key = sameFileKey(uri);
  const same = documents.all().find((document) => sameFileKey(document.uri) === key);
  return same && asOpen(same);
}

function sourcesFor(session: Session, uri: string, token: CancellationToken): CompletionSources {
  return {
    names: async (prefix) => {
      const empty: Awaited<ReturnType<CompletionSources["names"]>> = { names: [], incomplete: true };
      if (!session.trusted) return empty;
      try {
        const input = await session.inputs.of(uri);
        const { result } = await session.runner.run("names", { ...input, prefix, limit: 100 }, { token });
        const { names, incomplete } = result as NamesOutput;
        const listed = names.map(({ name, summary }) => ({
          name,
          ...(summary === undefined ? {} : { summary }),
        }));
        return { names: listed, incomplete };
      } catch {
        // The failure of the runner is told where it is known; a menu is not the place.
        return empty;
      }
    },
    facts: (name) => session.waitForProject(uri, name, patience, token, true),
    listFolder: async (relative) => {
      const folder = resolveInclude(uri, relative === "" ? "./" : relative);
      return "uri" in folder ? session.files.listFolder(folder.uri) : [];
    },
  };
}

function refreshAll(connection: Connection, client: Client): void {
  // A client that is shutting down refuses; there is nothing to be done about it.
  const ignore = (): void => {};
  if (client.pullDiagnostics && client.refreshDiagnostics)
    connection.languages.diagnostics.refresh().catch(ignore);
  if (client.refreshInlayHints) connection.languages.inlayHint.refresh().catch(ignore);
  if (client.refreshCodeLenses) connection.sendRequest(CodeLensRefreshRequest.type).catch(ignore);
}

function capabilitiesFor(client: Client, given: ClientCapabilities): InitializeResult["capabilities"] {
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    hoverProvider: true,
    completionProvider: {
      triggerCharacters: ["=", "<", ">", "~", "!", "[", ",", ";", "-", "/", '"', "'", " "],
      resolveProvider: true,
    },
    codeActionProvider: { codeActionKinds: [...codeActionKinds] },
    codeLensProvider: {},
    inlayHintProvider: {},
    documentLinkProvider: {},
    documentSymbolProvider: { label: "Thoth" },
    definitionProvider: true,
    referencesProvider: true,
    foldingRangeProvider: true,
    ...(client.pullDiagnostics
      ? {
          diagnosticProvider: {
            identifier: "thoth",
            interFileDependencies: true,
            workspaceDiagnostics: false,
          },
        }
      : {}),
    executeCommandProvider: { commands: [...commandNames], workDoneProgress: true },
    ...(given.workspace?.workspaceFolders
      ? { workspace: { workspaceFolders: { supported: true, changeNotifications: true } } }
      : {}),
  };
}

function readOptions(given: unknown): InitializationOptions {
  const options = (
    typeof given === "object" && given !== null ? given : {}
  ) as Partial<InitializationOptions>;
  return {
    // Who does not say that the workspace is trusted has not been asked.
    trusted: options.trusted === true,
    runner: typeof options.runner === "string" ? options.runner : "",
    extensionVersion: typeof options.extensionVersion === "string" ? options.extensionVersion : "0",
    ...(typeof options.logFolder === "string" ? { logFolder: options.logFolder } : {}),
    ...(typeof options.messages === "object" && options.messages !== null
      ? { messages: options.messages }
      : {}),
  };
}

/** Our own extension sends a version; other clients know nothing of our notifications. */
function isOurs(params: InitializeParams): boolean {
  const options = params.initializationOptions as Partial<InitializationOptions> | undefined;
  return typeof options?.extensionVersion === "string";
}
