// The extension's entry: commands at once, the language server when the first manifest is open.
import * as vscode from "vscode";
import { registerCommands } from "./commands.ts";
import { Proposals } from "./proposal.ts";
import { Reports } from "./report.ts";
import { colourToml, isManifest } from "./selector.ts";
import { Server } from "./server.ts";
import { Status } from "./status.ts";

let running: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Thoth", { log: true });
  const status = new Status();
  const reports = new Reports();
  const proposals = new Proposals();
  const server = new Server(context, log, status);
  running = server;
  context.subscriptions.push(log, status, reports, proposals, server);
  context.subscriptions.push(registerCommands({ server, reports, proposals, log }));

  const meet = (document: vscode.TextDocument) => {
    if (!isManifest(document)) return;
    // Waiting for the server would count as the editor's own start-up time.
    server.start().catch(() => {});
    colourToml(document).catch((problem: unknown) => log.warn(String(problem)));
  };
  const tellContext = (editor: vscode.TextEditor | undefined) =>
    void vscode.commands.executeCommand(
      "setContext",
      "thoth.manifest",
      editor !== undefined && isManifest(editor.document),
    );
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument(meet),
    vscode.window.onDidChangeActiveTextEditor(tellContext),
  );
  void vscode.commands.executeCommand("setContext", "thoth.active", true);
  tellContext(vscode.window.activeTextEditor);
  for (const document of vscode.workspace.textDocuments) meet(document);
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}
