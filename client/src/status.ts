// The language-status items: the state of the last check, and the environment that a manifest is checked for.
import * as vscode from "vscode";
import { clientCommands, type StatusParams } from "../../shared/src/protocol/editor.ts";
import { isManifest, manifestSelector } from "./selector.ts";

const { Error: failed, Warning: warning, Information: fine } = vscode.LanguageStatusSeverity;

/** Keeps what the server says per file and shows what concerns the file that is looked at. */
export class Status implements vscode.Disposable {
  readonly #check = vscode.languages.createLanguageStatusItem("thoth.check", [...manifestSelector]);
  readonly #environment = vscode.languages.createLanguageStatusItem("thoth.environment", [
    ...manifestSelector,
  ]);
  readonly #byFile = new Map<string, StatusParams>();
  readonly #watch: vscode.Disposable[];
  #general: StatusParams | undefined;

  constructor() {
    this.#check.name = "Thoth";
    this.#environment.name = vscode.l10n.t("Thoth environment");
    this.#watch = [
      vscode.window.onDidChangeActiveTextEditor(() => this.#show()),
      vscode.workspace.onDidCloseTextDocument((document) => this.#byFile.delete(document.uri.toString())),
    ];
    this.#show();
  }

  /** Takes what the server says now, for one file or for all. */
  update(status: StatusParams): void {
    if (status.uri === undefined) this.#general = status;
    else this.#byFile.set(vscode.Uri.parse(status.uri).toString(), status);
    this.#show();
  }

  #show(): void {
    const document = vscode.window.activeTextEditor?.document;
    const status =
      document !== undefined && isManifest(document)
        ? (this.#byFile.get(document.uri.toString()) ?? this.#general)
        : this.#general;
    this.#showCheck(status);
    this.#showEnvironment(status);
  }

  #showCheck(status: StatusParams | undefined): void {
    const trusted = vscode.workspace.isTrusted;
    const state = status?.state ?? (trusted ? "idle" : "untrusted");
    this.#check.busy = state === "checking";
    this.#check.text = status?.message ?? textOf(state);
    this.#check.severity = state === "runner-failed" ? failed : state === "offline" ? warning : fine;
    this.#check.command =
      state === "runner-failed"
        ? { title: vscode.l10n.t("Restart Runner"), command: clientCommands.restartRunner }
        : state === "untrusted"
          ? { title: vscode.l10n.t("Trust…"), command: "workbench.trust.manage" }
          : { title: vscode.l10n.t("Show Report"), command: clientCommands.showReport };
  }

  #showEnvironment(status: StatusParams | undefined): void {
    this.#environment.text = status?.environment ?? vscode.l10n.t("Environment not known");
    if (vscode.workspace.isTrusted) {
      this.#environment.command = {
        title: vscode.l10n.t("Select Environment"),
        command: clientCommands.selectEnvironment,
      };
    }
  }

  dispose(): void {
    for (const part of [...this.#watch, this.#check, this.#environment]) part.dispose();
  }
}

function textOf(state: StatusParams["state"]): string {
  switch (state) {
    case "untrusted":
      return vscode.l10n.t("Not checked: the workspace is not trusted. The text alone is checked.");
    case "checking":
      return vscode.l10n.t("Checking");
    case "offline":
      return vscode.l10n.t("Offline");
    case "runner-failed":
      return vscode.l10n.t("The runner does not answer");
    case "idle":
      return vscode.l10n.t("Not checked yet");
  }
}
