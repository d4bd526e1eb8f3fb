// The commands of the palette, the menus, the lens and the hovers. Each asks the server and shows its answer.
import * as vscode from "vscode";
import {
  type CheckSummary,
  clientCommands,
  type InterpreterChoice,
  type PolicyProposal,
  type ProvenanceViewData,
  commands as serverCommands,
  type UpdateProposal,
  type ValidateSummary,
} from "../../shared/src/protocol/editor.ts";
import { changePolicy } from "./policy.ts";
import type { Proposals } from "./proposal.ts";
import { showProvenancePanel } from "./provenanceView.ts";
import type { Reports } from "./report.ts";
import { isManifest } from "./selector.ts";
import type { Server } from "./server.ts";

/** What a lens, a link or another extension may name: the contract is `{uri, position?}`. */
interface Target {
  readonly uri: vscode.Uri;
  readonly position?: { readonly line: number; readonly character: number };
}

/** What the commands work with. */
export interface Tools {
  readonly server: Server;
  readonly reports: Reports;
  readonly proposals: Proposals;
  readonly log: vscode.LogOutputChannel;
}

/** The manifest that is meant: the argument's, else the active editor's with its cursor. */
function targetOf(argument: unknown): Target | undefined {
  if (argument instanceof vscode.Uri) return { uri: argument };
  if (typeof argument === "object" && argument !== null && "uri" in argument) {
    const { uri, position } = argument as { uri: unknown; position?: Target["position"] };
    const parsed =
      uri instanceof vscode.Uri ? uri : typeof uri === "string" ? vscode.Uri.parse(uri) : undefined;
    if (parsed !== undefined) return position === undefined ? { uri: parsed } : { uri: parsed, position };
  }
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || !isManifest(editor.document)) return undefined;
  const { line, character } = editor.selection.active;
  return { uri: editor.document.uri, position: { line, character } };
}

function isCancelled(problem: unknown): boolean {
  return (
    problem instanceof vscode.CancellationError ||
    /cancell?ed/i.test(String((problem as Error)?.message ?? ""))
  );
}

async function tellProblem(tools: Tools, doing: string, problem: unknown): Promise<void> {
  const words = problem instanceof Error ? problem.message : String(problem);
  tools.log.error(`${doing}: ${words}`);
  const showLog = vscode.l10n.t("Show Log");
  const choice = await vscode.window.showErrorMessage(words, showLog);
  if (choice === showLog) tools.log.show(true);
}

/** Asks the server under a notification with progress and cancel; undefined when the person cancelled. */
async function askWithProgress<Answer>(
  tools: Tools,
  title: string,
  command: string,
  argument: object,
): Promise<Answer | undefined> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      let reached = 0;
      try {
        return await tools.server.ask<Answer>(command, argument, token, (message, percentage) => {
          const increment = percentage === undefined ? 0 : Math.max(0, percentage - reached);
          reached += increment;
          progress.report({ ...(message === undefined ? {} : { message }), increment });
        });
      } catch (problem) {
        if (token.isCancellationRequested || isCancelled(problem)) return undefined;
        throw problem;
      }
    },
  );
}

async function showReport(tools: Tools, { uri }: Target): Promise<void> {
  const markdown = await tools.server.ask<string>(serverCommands.report, { uri: uri.toString() });
  await tools.reports.show(uri, vscode.l10n.t("Report"), markdown);
}

async function check(tools: Tools, { uri }: Target): Promise<void> {
  const summary = await askWithProgress<CheckSummary>(
    tools,
    vscode.l10n.t("Checking"),
    serverCommands.check,
    {
      uri: uri.toString(),
    },
  );
  if (summary === undefined) return;
  const report = vscode.l10n.t("Show Report");
  const tell =
    summary.errors + summary.warnings > 0
      ? vscode.window.showWarningMessage
      : vscode.window.showInformationMessage;
  if ((await tell(summary.message, report)) === report) await showReport(tools, { uri });
}

async function validate(tools: Tools, { uri }: Target): Promise<void> {
  const summary = await askWithProgress<ValidateSummary>(
    tools,
    vscode.l10n.t("Validating"),
    serverCommands.validate,
    { uri: uri.toString() },
  );
  if (summary === undefined || summary.outcome === "cancelled") {
    vscode.window.showInformationMessage(summary?.message ?? vscode.l10n.t("Validation cancelled."));
    return;
  }
  const report = vscode.l10n.t("Show Report");
  const openLog = vscode.l10n.t("Open Log");
  const tell =
    summary.outcome === "passed"
      ? vscode.window.showInformationMessage
      : summary.outcome === "refused"
        ? vscode.window.showWarningMessage
        : vscode.window.showErrorMessage;
  const choice = await tell(summary.message, report, ...(summary.log === undefined ? [] : [openLog]));
  if (choice === report) await showReport(tools, { uri });
  if (choice === openLog && summary.log !== undefined) {
    await vscode.window.showTextDocument(vscode.Uri.file(summary.log), { preview: true });
  }
}

async function advise(tools: Tools, target: Target): Promise<void> {
  const markdown = await askWithProgress<string>(tools, vscode.l10n.t("Advising"), serverCommands.advise, {
    uri: target.uri.toString(),
    ...(target.position === undefined ? {} : { position: target.position }),
  });
  if (typeof markdown === "string") await tools.reports.show(target.uri, vscode.l10n.t("Advice"), markdown);
}

async function explain(tools: Tools, target: Target): Promise<void> {
  const markdown = await askWithProgress<string>(tools, vscode.l10n.t("Explaining"), serverCommands.explain, {
    uri: target.uri.toString(),
    ...(target.position === undefined ? {} : { position: target.position }),
  });
  if (typeof markdown === "string")
    await tools.reports.show(target.uri, vscode.l10n.t("Explanation"), markdown);
}

/** Shows the newest set that resolves as a diff, and makes it so when the person accepts. */
async function updateAll(tools: Tools, { uri }: Target): Promise<void> {
  const looking = vscode.l10n.t("Looking for the newest set");
  const proposal = await askWithProgress<UpdateProposal>(tools, looking, serverCommands.updateAll, {
    uri: uri.toString(),
  });
  if (proposal === undefined) return;
  const { message, plan, texts = [] } = proposal;
  if (plan === undefined) {
    vscode.window.showInformationMessage(message);
    return;
  }
  if (!(await tools.proposals.accept(texts, message))) return;
  const { applied } = await tools.server.ask<{ applied: boolean }>(serverCommands.apply, plan);
  // Who was refused was told why.
  if (applied) vscode.window.showInformationMessage(vscode.l10n.t("Updated: {0}.", message));
}

async function fixAll(tools: Tools, { uri }: Target): Promise<void> {
  const answer = await tools.server.ask<{ message?: string } | undefined>(serverCommands.fixAll, {
    uri: uri.toString(),
  });
  if (answer?.message !== undefined) vscode.window.showInformationMessage(answer.message);
}

type EnvironmentPick = vscode.QuickPickItem & { readonly choose: () => Promise<string | undefined> };

async function selectEnvironment(tools: Tools, { uri }: Target): Promise<void> {
  const automatic: EnvironmentPick = {
    label: vscode.l10n.t("Automatic"),
    detail: vscode.l10n.t("The Python extension's choice, else .venv, VIRTUAL_ENV or the PATH"),
    choose: async () => "",
  };
  const browse: EnvironmentPick = {
    label: vscode.l10n.t("Choose an interpreter…"),
    choose: async () => {
      const chosen = await vscode.window.showOpenDialog({
        canSelectMany: false,
        openLabel: vscode.l10n.t("Select"),
      });
      return chosen?.[0]?.fsPath;
    },
  };
  const found = tools.server.ask<readonly InterpreterChoice[]>(serverCommands.environments, {
    uri: uri.toString(),
  });
  const items = found.then((choices): EnvironmentPick[] => [
    automatic,
    ...choices.map((choice) => ({
      label: choice.label,
      description: choice.path,
      detail: choice.detail,
      choose: async () => choice.path,
    })),
    browse,
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("What is the stack meant for?"),
    matchOnDescription: true,
  });
  const path = await picked?.choose();
  if (path === undefined) return;
  const inFolder = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  const manyFolders = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  await vscode.workspace
    .getConfiguration("thoth", uri)
    .update(
      "environment.python",
      path === "" ? undefined : path,
      !inFolder
        ? vscode.ConfigurationTarget.Global
        : manyFolders
          ? vscode.ConfigurationTarget.WorkspaceFolder
          : vscode.ConfigurationTarget.Workspace,
    );
}

async function showProvenance(tools: Tools, { uri }: Target): Promise<void> {
  const title = vscode.l10n.t("Checking where packages come from");
  const data = await askWithProgress<ProvenanceViewData>(tools, title, serverCommands.provenance, {
    uri: uri.toString(),
  });
  if (data !== undefined) showProvenancePanel(uri, data);
}

async function restartRunner(tools: Tools): Promise<void> {
  try {
    await tools.server.ask(serverCommands.restartRunner, {});
  } catch (problem) {
    tools.log.warn(`The server could not restart the runner, so it is restarted itself: ${String(problem)}`);
    await tools.server.restart();
  }
}

async function tellAnswer(tools: Tools, title: string, command: string): Promise<void> {
  const answer = await askWithProgress<{ message?: string } | string | undefined>(tools, title, command, {});
  const message = typeof answer === "string" ? answer : answer?.message;
  if (message !== undefined) vscode.window.showInformationMessage(message);
}

/** Registers every command; each failure is told once, with the log one step away. */
export function registerCommands(tools: Tools): vscode.Disposable {
  const onManifest = (doing: string, command: string, act: (tools: Tools, target: Target) => Promise<void>) =>
    vscode.commands.registerCommand(command, async (argument: unknown) => {
      const target = targetOf(argument);
      if (target === undefined) {
        vscode.window.showInformationMessage(
          vscode.l10n.t("Open a requirements file, a Pipfile or a pyproject.toml first."),
        );
        return;
      }
      await act(tools, target).catch((problem: unknown) => tellProblem(tools, doing, problem));
    });
  const anywhere = (doing: string, command: string, act: (tools: Tools) => Promise<void>) =>
    vscode.commands.registerCommand(command, () =>
      act(tools).catch((problem: unknown) => tellProblem(tools, doing, problem)),
    );
  return vscode.Disposable.from(
    onManifest("check", clientCommands.check, check),
    onManifest("validate", clientCommands.validate, validate),
    onManifest("advise", clientCommands.advise, advise),
    onManifest("explain", clientCommands.explain, explain),
    onManifest("update all", clientCommands.updateAll, updateAll),
    onManifest("fix all", clientCommands.fixAll, fixAll),
    onManifest("report", clientCommands.showReport, showReport),
    onManifest("provenance", clientCommands.showProvenance, showProvenance),
    onManifest("select environment", clientCommands.selectEnvironment, selectEnvironment),
    vscode.commands.registerCommand(clientCommands.changePolicy, (proposal: PolicyProposal) =>
      changePolicy(tools.server, proposal).catch((problem: unknown) =>
        tellProblem(tools, "change policy", problem),
      ),
    ),
    anywhere("restart runner", clientCommands.restartRunner, restartRunner),
    anywhere("clear cache", clientCommands.clearCache, (given) =>
      tellAnswer(given, vscode.l10n.t("Clearing the cache"), serverCommands.clearCache),
    ),
    anywhere("fetch names", clientCommands.fetchNames, (given) =>
      tellAnswer(given, vscode.l10n.t("Fetching package names"), serverCommands.fetchNames),
    ),
    anywhere("show log", clientCommands.showLog, async ({ log }) => log.show()),
  );
}
