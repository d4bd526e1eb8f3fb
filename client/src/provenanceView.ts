// The provenance view: one panel for each manifest, drawn from what the server says, with nothing loaded from anywhere.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { ProvenanceViewData } from "../../shared/src/protocol/editor.ts";
import { type PageWords, provenanceHtml } from "./provenanceHtml.ts";

const panels = new Map<string, vscode.WebviewPanel>();

/** Shows what was checked of a manifest, beside it; a panel that is open already is drawn anew. */
export function showProvenancePanel(about: vscode.Uri, data: ProvenanceViewData): void {
  const key = about.toString();
  let panel = panels.get(key);
  if (!panel) {
    panel = vscode.window.createWebviewPanel(
      "thoth.provenance",
      data.title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      { enableScripts: true, enableCommandUris: false, localResourceRoots: [], enableFindWidget: true },
    );
    panels.set(key, panel);
    panel.onDidDispose(() => panels.delete(key));
  }
  const nonce = randomBytes(16).toString("base64url");
  panel.webview.html = provenanceHtml(data, pageWords(), nonce, vscode.env.language);
  panel.reveal(undefined, false);
}

function pageWords(): PageWords {
  return {
    package: vscode.l10n.t("Package"),
    verdict: vscode.l10n.t("Verdict"),
    from: vscode.l10n.t("Index"),
    signedBy: vscode.l10n.t("Signed by"),
    packages: vscode.l10n.t("Packages"),
    graph: vscode.l10n.t("Who needs whom"),
    manifest: vscode.l10n.t("The manifest and its indexes"),
    evidence: vscode.l10n.t("Evidence"),
    needs: vscode.l10n.t("Needs"),
    basis: vscode.l10n.t("What this rests on"),
    verdicts: {
      error: vscode.l10n.t("Error"),
      warning: vscode.l10n.t("Warning"),
      information: vscode.l10n.t("Note"),
      "not-checked": vscode.l10n.t("Not checked"),
      passed: vscode.l10n.t("No finding"),
    },
  };
}
