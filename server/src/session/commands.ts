// What `workspace/executeCommand` does: each command asks the session or the runner and answers in words.
import {
  type CancellationToken,
  LSPErrorCodes,
  ResponseError,
  type WorkDoneProgressReporter,
} from "vscode-languageserver";
import * as z from "zod";
import type { InspectionFacts } from "../../../shared/src/facts/model.ts";
import { applyEdits } from "../../../shared/src/manifest/edits.ts";
import {
  type CheckSummary,
  commands,
  type InterpreterChoice,
  type UpdateProposal,
  type ValidateSummary,
} from "../../../shared/src/protocol/editor.ts";
import type { KnowledgeOutput } from "../../../shared/src/protocol/knowledge.ts";
import { position } from "../../../shared/src/protocol/operation.ts";
import type { ValidateOutput, ValidatePartial } from "../../../shared/src/protocol/validate.ts";
import { sayProof } from "../../../shared/src/rules/index.ts";
import { count, fileName, tame } from "../../../shared/src/rules/words.ts";
import { Cancelled } from "../backend/client.ts";
import { planOf } from "../features/codeActions.ts";
import { outcomeWords } from "../features/codeLens.ts";
import { provenanceViewOf } from "../features/provenanceView.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";
import type { LanguageService } from "../service.ts";
import { applyPlan } from "./apply.ts";
import { cancelledError } from "./guard.ts";
import { planPolicyChange } from "./policyChange.ts";
import type { Session } from "./session.ts";

/** Long work's line in the editor. */
type Reporter = WorkDoneProgressReporter;

const target = z.object({ uri: z.string(), position: position.optional() });

export const commandNames: readonly string[] = Object.values(commands);

/** Runs one command. Throws a ResponseError with a sentence where it cannot be done. */
export async function executeCommand(
  session: Session,
  service: LanguageService,
  name: string,
  argument: unknown,
  token: CancellationToken,
  progress: Reporter,
): Promise<unknown> {
  switch (name) {
    case commands.apply:
      return apply(session, argument);
    case commands.restartRunner:
      mustBeTrusted(session);
      await session.restartRunner();
      return { message: say("The runner was restarted.") };
    case commands.clearCache:
      return knowledge(session, "clear-cache", token, progress);
    case commands.fetchNames:
      return knowledge(session, "update", token, progress);
    case commands.changePolicy:
      mustBeTrusted(session);
      return planPolicyChange(session, argument);
    case commands.environments:
      return environments(session, argument);
  }
  const { view, at } = await targetOf(session, argument);
  switch (name) {
    case commands.check:
      return check(session, view, token, progress);
    case commands.validate:
      return validate(session, view, token, progress);
    case commands.advise:
      return service.adviceOn(
        await provenView(session, service, view, at, token),
        at,
        session.setup.runtime.rulePage,
      );
    case commands.explain:
      await settle(session, view, token);
      return service.explanationOf((await session.view(view.file.uri)) ?? view, at);
    case commands.updateAll:
      return updateAll(session, view, token, progress);
    case commands.provenance:
      await settle(session, view, token);
      return provenanceViewOf((await session.view(view.file.uri)) ?? view);
    case commands.report:
      await settle(session, view, token);
      return service.reportOf((await session.view(view.file.uri)) ?? view, session.setup.runtime.rulePage);
    case commands.fixAll:
      return fixAll(session, service, view);
    default:
      throw refusal(say("There is no command {0}.", tame(name, 60)));
  }
}

function refusal(message: string): ResponseError<undefined> {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}

function mustBeTrusted(session: Session): void {
  if (!session.trusted) {
    throw refusal(say("The workspace is not trusted: nothing is run or asked. Manage trust to change that."));
  }
}

async function targetOf(
  session: Session,
  argument: unknown,
): Promise<{ view: View; at: number | undefined }> {
  const read = target.safeParse(argument);
  if (!read.success) throw refusal(say("The command needs a manifest."));
  const view = await session.view(read.data.uri);
  if (!view) throw refusal(say("{0} is not an open manifest.", fileName(read.data.uri)));
  const at = read.data.position && view.file.manifest.lines.offsetAt(read.data.position);
  return { view, at };
}

/** Waits for the knowledge pass, or for the person to cancel. */
async function settle(session: Session, view: View, token: CancellationToken): Promise<void> {
  await orCancelled(session.settled(view.file.uri), token);
}

async function orCancelled<T>(work: Promise<T>, token: CancellationToken): Promise<T> {
  if (token.isCancellationRequested) throw cancelledError();
  let stop: { dispose(): void } | undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    stop = token.onCancellationRequested(() => reject(cancelledError()));
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    stop?.dispose();
  }
}

/** Milliseconds that a command waits for proofs: the person asked for them. */
const provingTime = 60_000;

/** The view with the proofs of everything that could be done about the line at the offset. */
async function provenView(
  session: Session,
  service: LanguageService,
  view: View,
  at: number | undefined,
  token: CancellationToken,
): Promise<View> {
  await settle(session, view, token);
  const now = (await session.view(view.file.uri)) ?? view;
  const position = now.file.manifest.lines.positionAt(at ?? 0);
  const request = { range: { start: position, end: position }, diagnostics: [] };
  const unproven = at === undefined ? now.findings().unproven : service.unprovenFixes(now, request);
  return orCancelled(session.prove(now, unproven, provingTime, token), token);
}

/** The newest set that resolves, as a plan that is shown as a diff before any of it is made. */
async function updateAll(
  session: Session,
  view: View,
  token: CancellationToken,
  progress: Reporter,
): Promise<UpdateProposal> {
  mustBeTrusted(session);
  const { uri } = view.file;
  progress.begin(say("Looking for the newest set"), undefined, fileName(uri), true);
  let newest: Awaited<ReturnType<Session["newest"]>>;
  try {
    await settle(session, view, token);
    newest = await session.newest(view, token);
  } catch (problem) {
    if (problem instanceof Cancelled) throw cancelledError();
    throw problem;
  } finally {
    progress.done();
  }
  if (!newest) return { message: say("Nothing newer resolves.") };
  if (!newest.proof.resolves)
    return { message: say("Nothing is proposed: {0}", tame(newest.proof.reason, 300)) };
  const title = say("Update {0} ({1})", count(newest.changes.length, "line"), sayProof(newest.proof));
  const plan = planOf(view, title, newest.edits, session.actionTools);
  if (!plan) return { message: say("Nothing newer resolves.") };
  const moves = newest.changes.map(({ name, from, to }) =>
    from === undefined ? `${name} ${to}` : `${name} ${from} → ${to}`,
  );
  const told = moves.length > 4 ? [...moves.slice(0, 3), say("{0} more", moves.length - 3)] : moves;
  const message = `${told.join(", ")}: ${sayProof(newest.proof)}`;
  const texts = newest.edits.flatMap(({ uri: changed, edits }) => {
    const file = view.tree.files.find((item) => item.uri === changed);
    return file ? [{ uri: changed, text: applyEdits(file.manifest.text, edits) }] : [];
  });
  return { message, plan, texts };
}

async function check(
  session: Session,
  view: View,
  token: CancellationToken,
  progress: Reporter,
): Promise<CheckSummary> {
  const { uri } = view.file;
  progress.begin(say("Checking"), undefined, fileName(uri), true);
  try {
    await settle(session, view, token);
    await orCancelled(session.keeper.refresh(uri, token), token);
    await orCancelled(session.resolveAgain(uri), token);
  } finally {
    progress.done();
  }
  return summaryOf((await session.view(uri)) ?? view);
}

function summaryOf(view: View): CheckSummary {
  const { findings, notChecked } = view.findings();
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const warnings = findings.filter((finding) => finding.severity === "warning").length;
  const files = say("in {0}", count(view.tree.files.length, "file"));
  const found =
    errors + warnings === 0
      ? say("No error, no warning")
      : `${count(errors, "error")}, ${count(warnings, "warning")}`;
  const { snapshot } = view;
  const known = [...snapshot.projects.values()].filter(
    (facts) => facts.state === "known" || facts.state === "absent",
  ).length;
  const checked = snapshot.unasked
    ? say("Not checked: {0}.", snapshot.unasked.message)
    : say("{0} checked.", count(known, "package"));
  const left =
    !snapshot.unasked && notChecked.length > 0 ? ` ${say("{0} not checked.", notChecked.length)}` : "";
  return { errors, warnings, message: `${found} ${files}. ${checked}${left}` };
}

async function validate(
  session: Session,
  view: View,
  token: CancellationToken,
  progress: Reporter,
): Promise<ValidateSummary> {
  mustBeTrusted(session);
  const { uri } = view.file;
  const { settings } = view;
  const input = await session.inputs.of(uri, settings);
  const path = session.inputs.pathFor(uri);
  const texts = Object.fromEntries(
    [...view.tree.files, ...(view.tree.companion ? [view.tree.companion] : [])].map((file) => [
      session.inputs.pathFor(file.uri),
      file.manifest.text,
    ]),
  );
  progress.begin(say("Validating"), undefined, fileName(uri), true);
  const reached = new Map<string, string>();
  try {
    const { result } = await session.runner.run(
      "validate",
      {
        ...input,
        path,
        texts,
        timeout: settings["validation.timeout"],
        memory: settings["validation.memory"],
        ...(settings["validation.script"] ? { script: settings["validation.script"] } : {}),
        allowWithoutSandbox: settings["validation.allowWithoutSandbox"],
      },
      {
        token,
        progress: ({ message, done, total }) => {
          const words = total === undefined ? tame(message) : `${tame(message)} (${done ?? 0}/${total})`;
          progress.report(words);
        },
        partial: (piece) => {
          const { stage } = piece as ValidatePartial;
          if (!stage.name) return;
          reached.set(
            stage.name,
            stage.outcome === undefined ? say("not finished") : outcomeWords(stage.outcome),
          );
          const ended = stage.outcome === undefined ? "" : ` ${outcomeWords(stage.outcome)}`;
          progress.report(`${say("{0} stage", tame(stage.name, 60))}${ended}`);
        },
      },
    );
    const output = result as ValidateOutput;
    // These say nothing of the stack, so what an earlier run showed stays.
    if (!["cancelled", "refused", "infrastructure-failed"].includes(output.outcome)) {
      const inspection = inspectionOf(output, session.setup.runtime.now(), view);
      session.keeper.setInspection(uri, inspection, view.file.manifest.text);
    }
    return {
      outcome: output.outcome,
      message: validateMessage(output),
      ...(output.log === undefined ? {} : { log: output.log }),
    };
  } catch (problem) {
    if (problem instanceof Cancelled) return { outcome: "cancelled", message: cancelledMessage(reached) };
    throw problem;
  } finally {
    progress.done();
  }
}

/** What a validation showed, in the form that snapshots hold. */
export function inspectionOf(output: ValidateOutput, finished: number, view: View): InspectionFacts {
  const failed = output.stages.find((stage) => stage.outcome !== "passed" && stage.outcome !== "skipped");
  const [telling] = output.observations;
  const python = view.snapshot.environment?.pythonVersion;
  return {
    id: output.id,
    outcome: output.outcome,
    finished,
    ...(python === undefined ? {} : { python }),
    packages: output.packages.map(({ name, version }) => ({ name, version })),
    current: true,
    ...(output.outcome === "passed"
      ? {}
      : {
          failure: {
            stage: failed?.name ?? outcomeWords(output.outcome),
            message: telling?.message ?? outcomeWords(output.outcome),
            lines: telling?.lines ?? [],
            ...(telling?.requirement === undefined ? {} : { requirement: telling.requirement }),
            ...(telling?.package === undefined ? {} : { package: telling.package }),
          },
        }),
  };
}

/** What was reached before the person cancelled: `Validation cancelled: install passed, import not finished.` */
function cancelledMessage(reached: ReadonlyMap<string, string>): string {
  const stages = [...reached].map(([name, outcome]) => `${tame(name, 60)} ${outcome}`);
  return stages.length === 0
    ? say("Validation cancelled.")
    : say("Validation cancelled: {0}.", stages.join(", "));
}

function validateMessage(output: ValidateOutput): string {
  const seconds = output.stages.reduce((sum, stage) => sum + stage.duration, 0) / 1000;
  const time = `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (output.outcome === "passed") {
    // What the earlier stages count, packages and files, is counted again by these.
    const telling = new Set(["install", "import", "test"]);
    const counted = output.stages.filter((stage) => telling.has(stage.name));
    const stages = counted.length > 0 ? counted : output.stages;
    const parts = stages.flatMap(({ detail }) => (detail ? [detail] : []));
    return say("Passed in {0}{1}.", time, parts.length > 0 ? `: ${parts.join(", ")}` : "");
  }
  const [telling] = output.observations;
  if (output.outcome === "cancelled") return say("Validation cancelled.");
  const what = outcomeWords(output.outcome);
  const first = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  return telling ? `${first}: ${tame(telling.message, 300)}` : say("{0} after {1}.", first, time);
}

async function fixAll(session: Session, service: LanguageService, view: View): Promise<{ message: string }> {
  await session.settled(view.file.uri);
  const settled = (await session.view(view.file.uri)) ?? view;
  const now = await session.prove(settled, settled.findings().unproven, provingTime);
  const { edits, fixes } = service.provenFixes(now);
  if (fixes.length === 0) return { message: say("Nothing to fix that is proven.") };
  const title = say("Fix all that is proven");
  const plan = service.planOf(now, title, edits, session.actionTools);
  const answer = plan
    ? await applyPlan(plan, session.applyHost)
    : { applied: false, message: say("Nothing to fix that is proven.") };
  if (!answer.applied) return { message: answer.message ?? "" };
  return { message: say("{0} applied.", count(fixes.length, "fix").replace(/fixs$/, "fixes")) };
}

async function apply(session: Session, argument: unknown) {
  const answer = await applyPlan(argument, session.applyHost);
  if (!answer.applied && answer.message) session.teller.tell(answer.message);
  return answer;
}

async function knowledge(
  session: Session,
  action: "clear-cache" | "update",
  token: CancellationToken,
  progress: Reporter,
): Promise<{ message: string }> {
  mustBeTrusted(session);
  const title = action === "update" ? say("Fetching names") : say("Clearing the cache");
  progress.begin(title, undefined, undefined, true);
  try {
    const [document] = session.setup.opened();
    const input = await session.inputs.of(document?.uri ?? "untitled:none");
    const { result } = await session.runner.run(
      "knowledge",
      { ...input, action, ...(action === "update" ? { what: "names" } : {}) },
      { token, progress: ({ message }) => progress.report(tame(message)) },
    );
    if (action === "clear-cache") session.keeper.retryAll();
    return { message: (result as KnowledgeOutput).message ?? title };
  } finally {
    progress.done();
  }
}

async function environments(session: Session, argument: unknown): Promise<InterpreterChoice[]> {
  const read = target.safeParse(argument);
  if (!read.success || !session.trusted) return [];
  return session.setup.runtime.interpreters(session.inputs.folderOf(read.data.uri));
}
