// One inspection from beginning to end: resolve and fetch outside, install, check, import and test inside the sandbox.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ensureFolder } from "../data/index.ts";
import { runInside } from "./inside.ts";
import { describeInterpreter, type Interpreter } from "./interpreter.ts";
import type { Inspection, InspectionCalls, InspectionRequest, RequirementLine } from "./model.ts";
import { obtainWheels } from "./obtain.ts";
import { InspectionRecord } from "./record.ts";
import { type Containment, prepareBubblewrap, withoutSandbox, writeSandboxFiles } from "./sandbox.ts";
import { claimRun, pruneLogs, pruneWheels, removeAbandonedRuns } from "./upkeep.ts";

/** A file of nothing but source addresses needs no list of them all. */
const MAX_REFUSALS = 20;

/**
 * Builds and runs one stack: resolves it from metadata without running code, fetches its wheels, and in a sandbox without
 * network installs them, checks them, imports every top-level module and runs the script. What goes wrong is told by the
 * answer's outcome and failures; an abort gives `cancelled` with what is known by then.
 * @throws never, except for a fault of this program.
 */
export async function inspectStack(
  request: InspectionRequest,
  calls: InspectionCalls = {},
): Promise<Inspection> {
  const record = new InspectionRecord(request, calls);
  const folder = join(request.cacheFolder, "runs", record.id);
  try {
    await runStages(request, record, folder);
  } catch (error) {
    record.failWith(error);
  }
  const outcome = record.settle();
  try {
    rmSync(folder, { recursive: true, force: true });
    pruneWheels(request.cacheFolder);
    pruneLogs(request.logFolder);
  } catch (error) {
    record.log.line(`The folder of this inspection could not be removed: ${error}`);
  }
  return record.answer(outcome);
}

async function runStages(
  request: InspectionRequest,
  record: InspectionRecord,
  folder: string,
): Promise<void> {
  const hindered = request.requirements.filter((one) => one.obstacle && !canBuild(request, one));
  record.begin(hindered.length > 0 ? "resolve" : "sandbox");
  if (hindered.length > 0) return refuse(record, hindered);
  const found = await describeInterpreter(request.interpreter, record.signal);
  record.stopIfCancelled();
  if (!found.ok) return record.end("infrastructure-failed", found.message, { next: found.next });
  const { interpreter } = found;
  record.interpreter = interpreter;
  makeFolders(request, record, folder);
  const containment = await contain(request, record, interpreter, folder);
  record.leave();
  const wheels = await obtainWheels(request, record, interpreter, join(folder, "host"));
  await runInside(request, record, { containment, interpreter, folder, wheels });
}

function canBuild({ builder }: InspectionRequest, { obstacle }: RequirementLine): boolean {
  const isSource = obstacle?.reason === "needs-build" || obstacle?.reason === "vcs";
  return isSource && builder !== undefined;
}

/** Every entry that cannot be taken is told, not the first alone. */
function refuse(record: InspectionRecord, hindered: readonly RequirementLine[]): void {
  const inOrder = hindered.toSorted((a, b) => (a.path === b.path ? (a.line ?? 0) - (b.line ?? 0) : 0));
  for (const requirement of inOrder.slice(0, MAX_REFUSALS)) {
    const { message, ...more } = requirement.obstacle!;
    record.fail("refused", message, { ...more, requirement });
  }
}

function makeFolders({ cacheFolder }: InspectionRequest, record: InspectionRecord, folder: string): void {
  record.mustHave(ensureFolder(join(folder, "host")));
  claimRun(folder);
  removeAbandonedRuns(cacheFolder);
  record.mustHave(writeSandboxFiles(join(folder, "input")));
}

async function contain(
  request: InspectionRequest,
  record: InspectionRecord,
  interpreter: Interpreter,
  folder: string,
): Promise<Containment> {
  const staging = join(folder, "input");
  const answer = await prepareBubblewrap({
    interpreter,
    staging,
    limits: record.limits,
    bubblewrap: request.bubblewrap ?? "bwrap",
    ...(record.signal ? { signal: record.signal } : {}),
  });
  record.stopIfCancelled();
  if (!answer.ok && !request.allowWithoutSandbox) {
    record.end("refused", `No sandbox: ${answer.reason}`, {
      reason: "no-sandbox",
      next: "Install bubblewrap, or set thoth.validation.allowWithoutSandbox (--allow-without-sandbox) to run the stack's code without one.",
    });
  }
  const containment = answer.ok ? answer.containment : withoutSandbox(staging);
  record.containment = containment;
  const { description, detail } = containment;
  record.progress({ stage: "sandbox", message: description, ...(detail ? { detail } : {}) });
  record.log.line(`== sandbox: ${[description, detail].filter(Boolean).join(", ")}`);
  return containment;
}
