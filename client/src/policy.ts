// Asks for what an acceptance needs, a reason and a day, and writes what the server has planned into the workspace's policy.
import * as vscode from "vscode";
import {
  type PolicyChangePlan,
  type PolicyProposal,
  commands as serverCommands,
} from "../../shared/src/protocol/editor.ts";
import type { Server } from "./server.ts";

const DAY = 86_400_000;

/** Changes the policy as proposed; nothing happens where the person thinks better of it. Throws where it cannot be written. */
export async function changePolicy(server: Server, proposal: PolicyProposal): Promise<void> {
  const whole = proposal.kind === "accept" ? await askAcceptance(proposal) : proposal;
  if (whole === undefined) return;
  const plan = await server.ask<PolicyChangePlan | { problem: string }>(serverCommands.changePolicy, whole);
  if ("problem" in plan) throw new Error(plan.problem);
  const uri = vscode.Uri.parse(plan.uri);
  const edit = new vscode.WorkspaceEdit();
  if (plan.before === null) edit.createFile(uri, { contents: Buffer.from(plan.text, "utf8") });
  else {
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.getText().replaceAll("\r\n", "\n") !== plan.before.replaceAll("\r\n", "\n"))
      throw new Error(vscode.l10n.t("The policy has changed meanwhile. Open the quick fixes again."));
    const all = new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length));
    edit.replace(uri, all, plan.text);
  }
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(vscode.l10n.t("The policy cannot be written."));
  const document = await vscode.workspace.openTextDocument(uri);
  await document.save();
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}

async function askAcceptance(proposal: Extract<PolicyProposal, { kind: "accept" }>) {
  const reason = await vscode.window.showInputBox({
    title: proposal.message,
    prompt: vscode.l10n.t("Why is this accepted?"),
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === "" ? vscode.l10n.t("A reason is wanted.") : undefined),
  });
  if (reason === undefined) return undefined;
  const mayWait = proposal.mayWait === true;
  const until = await vscode.window.showInputBox({
    title: proposal.message,
    prompt: mayWait
      ? vscode.l10n.t("Until which day? Write fixed for: until a release fixes it.")
      : vscode.l10n.t("Until which day? After it this is a finding again."),
    value: new Date(Date.now() + 90 * DAY).toISOString().slice(0, 10),
    ignoreFocusOut: true,
    validateInput: (text) =>
      isDay(text) || (mayWait && text === "fixed")
        ? undefined
        : vscode.l10n.t("Write a day such as 2027-01-31."),
  });
  if (until === undefined) return undefined;
  const { message: _, mayWait: __, ...rest } = proposal;
  return { ...rest, reason: reason.trim(), until };
}

/** A day that the calendar has and that is not over: an acceptance until yesterday accepts nothing. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const end = Date.parse(`${text}T23:59:59Z`);
  return !Number.isNaN(end) && new Date(end).toISOString().startsWith(text) && end >= Date.now();
}
