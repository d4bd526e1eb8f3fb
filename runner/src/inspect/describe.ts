// Sentences for what went wrong inside the sandbox.
import type { InspectedPackage, InspectionLimits, Outcome, StageName } from "./model.ts";
import { showable, tellingLine, tellingLines } from "./telling.ts";

const signals: Readonly<Record<number, string>> = {
  4: "illegal instruction",
  6: "aborted",
  7: "bus error",
  8: "floating point exception",
  9: "killed",
  11: "segmentation fault",
  31: "a system call that the sandbox refuses",
};

export interface FailureEvent {
  readonly stage: StageName;
  readonly outcome: Outcome;
  readonly tail: string;
  readonly exit?: number;
  readonly signal?: number;
  readonly limits: InspectionLimits;
  readonly found?: InspectedPackage;
  readonly module?: string;
}

/** One sentence, subject first, with the lines that show it. */
export function describeFailure(event: FailureEvent): { message: string; next?: string; lines: string[] } {
  const { stage, outcome, tail, limits, found } = event;
  const subject = found ? `${found.name} ${found.version}` : stage === "test" ? "The script" : "The stack";
  const module = event.module === undefined ? "" : ` when ${showable(event.module, 100)} is imported`;
  const lines = tellingLines(tail);
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  switch (outcome) {
    case "timed-out":
      return {
        message: `${subject} is not done${module} after ${event.module === undefined ? limits.seconds : Math.min(limits.importSeconds, limits.seconds)} s.`,
        next: "Raise the time limit.",
        lines,
      };
    case "disk-limit":
      return {
        message: `${subject} needs more than ${mib(limits.disk)} of disk${module}.`,
        next: "Raise the disk limit.",
        lines,
      };
    case "output-limit":
      return { message: `${subject} writes more than ${mib(limits.output)} of output${module}.`, lines };
    case "process-limit":
      return {
        message: `${subject} starts more processes and threads than the limit of ${limits.tasks}${module}.`,
        lines,
      };
    case "infrastructure-failed":
      return {
        message: `The virtual environment could not be made: ${tellingLine(tail) ?? "no reason was given"}`,
        next: "Check that the interpreter has the venv module.",
        lines,
      };
    default:
  }
  const crash = event.signal === undefined ? undefined : (signals[event.signal] ?? `signal ${event.signal}`);
  const reason =
    crash ??
    (event.module !== undefined && event.exit === 0 && lines.length === 0
      ? "it ends the program"
      : tellingLine(tail)) ??
    `exit status ${event.exit ?? "unknown"}`;
  const verb =
    { install: "does not install", check: "lacks what it requires", import: "fails", test: "fails" }[
      stage as "install"
    ] ?? "fails";
  return { message: `${subject} ${verb}${module}: ${reason}`, lines };
}
