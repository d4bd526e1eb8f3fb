// Reports and advice as read-only markdown documents, shown in the editor's own markdown preview.
import * as vscode from "vscode";

const SCHEME = "thoth-report";

/** Holds the text of each report and hands it to the editor. */
export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  readonly onDidChange = this.#changes.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? "";
  }

  /** Shows markdown about a manifest beside it. `kind` is the tab's name, such as "Report". */
  async show(about: vscode.Uri, kind: string, markdown: string): Promise<void> {
    const name = about.path.split("/").at(-1) ?? "manifest";
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${kind} on ${name}.md`, query: about.toString() });
    this.#texts.set(uri.toString(), markdown);
    this.#changes.fire(uri);
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changes.dispose();
  }
}
