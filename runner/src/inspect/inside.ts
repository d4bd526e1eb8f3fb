// What happens inside the sandbox: it is laid out, the driver runs in it, and what the driver tells goes into the record.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { innerEnvironment, pipCommands, runContained } from "./contained.ts";
import { describeFailure } from "./describe.ts";
import { driverSource } from "./driver.ts";
import { type DriverEvents, type DriverListener, type Ended, readDriverEvents } from "./events.ts";
import { type FetchedWheel, stageWheels, writePins } from "./fetch.ts";
import type { Interpreter } from "./interpreter.ts";
import type { KeptResult } from "./keeper.ts";
import type { InspectionRequest, StageName } from "./model.ts";
import { count, type InspectionRecord } from "./record.ts";
import type { Containment } from "./sandbox.ts";

export interface Inside {
  readonly containment: Containment;
  readonly interpreter: Interpreter;
  /** Of this inspection's own; the sandbox reads what lies in `input`. */
  readonly folder: string;
  readonly wheels: readonly FetchedWheel[];
}

/**
 * The stages `install`, `check`, `import` and `test`.
 * @throws what ends the inspection.
 */
export async function runInside(
  { script }: Pick<InspectionRequest, "script">,
  record: InspectionRecord,
  inside: Inside,
): Promise<void> {
  layOut(script, record, inside);
  const output = record.log.stream();
  const events = readDriverEvents(recordEvents(record));
  record.begin("install");
  const result = await runContained({
    containment: inside.containment,
    executable: inside.interpreter.executable,
    limits: record.limits,
    job: jobOf(script, record, inside),
    deadline: record.remaining + 3000,
    label: inside.folder,
    signal: record.signal,
    onOutput: (chunk) => output.write(chunk),
    onEvent: (chunk) => events.write(chunk),
  });
  output.end();
  conclude(record, result, events);
}

/** Lays out what the sandbox may read. */
function layOut(script: string | undefined, record: InspectionRecord, { folder, wheels }: Inside): void {
  const input = join(folder, "input");
  record.mustHave(stageWheels(wheels, join(input, "wheels")));
  writePins(wheels, input);
  writeFileSync(join(input, "driver.py"), driverSource, { mode: 0o644 });
  if (script === undefined) return;
  try {
    mkdirSync(join(input, "script"), { mode: 0o755 });
    const target = join(input, "script", basename(script));
    writeFileSync(target, readFileSync(script), { mode: 0o644 });
  } catch {
    record.begin("test");
    record.end("infrastructure-failed", `${script} cannot be read.`, {
      next: "Check the path of the script.",
    });
  }
}

function jobOf(
  script: string | undefined,
  record: InspectionRecord,
  { containment, interpreter, wheels }: Inside,
): object {
  const { input, work } = containment;
  const { install, check } = pipCommands(containment, interpreter);
  return {
    work,
    python: interpreter.executable,
    count: wheels.length,
    install,
    check: wheels.length > 0 ? check : null,
    script: script === undefined ? null : `${input}/script/${basename(script)}`,
    limits: { ...record.limits, seconds: record.remaining / 1000 },
    env: innerEnvironment(work),
  };
}

/** What ended the sandbox, where the driver could not say so itself. */
function conclude(
  record: InspectionRecord,
  { limit, flood }: KeptResult & { readonly flood: boolean },
  events: DriverEvents,
): void {
  record.stopIfCancelled();
  const { memory, tasks, seconds } = record.limits;
  if (limit === "memory")
    record.end(
      "out-of-memory",
      `The stack needs more than ${Math.round(memory / 1024 / 1024)} MiB of memory.`,
      {
        next: "Raise the memory limit.",
      },
    );
  if (limit === "tasks")
    record.end("process-limit", `The stack starts more than ${tasks} processes and threads.`);
  if (limit === "time")
    record.end("timed-out", `The stack takes longer than ${seconds} s.`, { next: "Raise the time limit." });
  if (flood || events.broken)
    record.end("output-limit", "The stack writes more output than the limit allows.");
  if (!events.done)
    record.end("lost", "The sandbox ended before it said what happened.", {
      next: "Validate again; the log has what was seen.",
    });
}

function recordEvents(record: InspectionRecord): DriverListener {
  return {
    begin: (name) => record.begin(name),
    stage: (name, ended) => recordStage(record, name, ended),
    module: (ended) => recordModule(record, ended),
    package: (name, requires) => record.graph.add(name, requires),
  };
}

function recordStage(record: InspectionRecord, name: StageName, ended: Ended): void {
  const { outcome, ms, exit } = ended;
  const detail =
    name === "install"
      ? count(record.packages.length, "package")
      : name === "import"
        ? count(record.modules.length, "module")
        : undefined;
  if (name === "test") record.script = { outcome, duration: ms, ...(exit === undefined ? {} : { exit }) };
  record.ended(name, outcome, ms, detail);
  if (outcome === "passed" || name === "import") return;
  const failing =
    name === "check"
      ? /^([A-Za-z0-9][\w.-]*) \S+ (?:requires|has requirement)/m.exec(ended.tail)?.[1]
      : undefined;
  recordFailure(record, name, ended, failing);
}

function recordModule(record: InspectionRecord, event: Parameters<DriverListener["module"]>[0]): void {
  const { module, package: packageName, outcome, ms, exit, signal, done, total } = event;
  record.modules.push({
    module,
    package: packageName,
    outcome,
    duration: ms,
    ...(exit === undefined ? {} : { exit }),
    ...(signal === undefined ? {} : { signal: String(signal) }),
  });
  record.progress({ stage: "import", message: `import ${module}`, done, total });
  if (outcome !== "passed") recordFailure(record, "import", event, packageName, module);
}

function recordFailure(
  record: InspectionRecord,
  stage: StageName,
  ended: Ended,
  packageName?: string,
  module?: string,
): void {
  const found =
    packageName === undefined ? undefined : record.packages.find(({ name }) => name === packageName);
  const { message, ...told } = describeFailure({
    ...ended,
    stage,
    limits: record.limits,
    ...(found ? { found } : {}),
    ...(module ? { module } : {}),
  });
  const requirement = found ? record.requirementOf(found.name) : undefined;
  record.fail(ended.outcome, message, {
    stage,
    ...told,
    ...(found ? { package: found.name } : {}),
    ...(module ? { module } : {}),
    ...(requirement ? { requirement } : {}),
  });
}
