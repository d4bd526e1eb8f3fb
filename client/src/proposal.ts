// What would change, as a diff beside a question: nothing is written before the person says so.
import * as vscode from "vscode";

const SCHEME = "thoth-proposal";

/** One file as it would be. */
export interface ProposedText {
  readonly uri: string;
  readonly text: string;
}

/** Holds the proposed texts and hands them to the diff editor. */
export class Proposals implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  readonly onDidChange = this.#changes.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? "";
  }

  /** Shows each file against what it would be, and asks. The diffs are closed with the answer. */
  async accept(texts: readonly ProposedText[], question: string): Promise<boolean> {
    const proposed = texts.map(({ uri, text }) => {
      const file = vscode.Uri.parse(uri);
      const changed = vscode.Uri.from({ scheme: SCHEME, path: file.path, query: uri });
      this.#texts.set(changed.toString(), text);
      this.#changes.fire(changed);
      return { file, changed };
    });
    for (const { file, changed } of proposed) {
      const name = file.path.split("/").at(-1) ?? "";
      const title = vscode.l10n.t("{0}: the newest set that resolves", name);
      await vscode.commands.executeCommand("vscode.diff", file, changed, title, { preview: false });
    }
    const apply = { label: vscode.l10n.t("Apply"), detail: question };
    const discard = { label: vscode.l10n.t("Discard"), detail: vscode.l10n.t("Leave the lines as they are") };
    const choice = await vscode.window.showQuickPick([apply, discard], {
      title: vscode.l10n.t("Update the lines as the diff shows?"),
      // To look through the diff must not answer the question.
      ignoreFocusOut: true,
    });
    const keys = new Set(proposed.map(({ changed }) => changed.toString()));
    await this.#close(keys);
    for (const key of keys) this.#texts.delete(key);
    return choice === apply;
  }

  async #close(keys: ReadonlySet<string>): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) =>
      group.tabs.filter(
        ({ input }) => input instanceof vscode.TabInputTextDiff && keys.has(input.modified.toString()),
      ),
    );
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changes.dispose();
  }
}
