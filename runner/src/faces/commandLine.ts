// The command line: reads arguments, runs one operation, shows its answer, and says how it went by the exit status.
import { resolve } from "node:path";
import type { Answer, Calls } from "../../../shared/src/protocol/operation.ts";
import {
  type AnyOperation,
  createContext,
  loadOperation,
  type OperationContext,
  OperationError,
  whyNotWritten,
  writeWhole,
} from "../operations/index.ts";
import type { CommandSpec, Options, RenderOptions } from "./commands/spec.ts";
import { writeAll } from "./output.ts";
import { buildProgram, CommanderError } from "./program.ts";
import { createProgress, type ProgressLine } from "./progress.ts";
import { createTerminal, escapeControls } from "./terminal.ts";
import { thothVersion } from "./version.ts";

const STATUS = { fine: 0, findings: 1, usage: 2, notChecked: 3, cancelled: 130 } as const;

/** Runs one command; the number is the exit status. Never throws. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", quietPipe);
  process.stderr.on("error", quietPipe);
  let status: number = STATUS.fine;
  try {
    const program = buildProgram(thothVersion(), async (command, args, options) => {
      status = await runCommand(command, args, options, argv);
    });
    try {
      await program.parseAsync([...argv], { from: "user" });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode === 0 ? STATUS.fine : STATUS.usage;
    }
  } catch (error) {
    tell(errorLines(error));
    return statusOfError(error);
  }
  return status;
}

/** A reader that has gone away, as in `thoth list | head -1`, has what it wanted. */
function quietPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
  throw error;
}

async function runCommand(
  command: CommandSpec,
  args: readonly string[],
  options: Options,
  argv: readonly string[],
): Promise<number> {
  const format = (options.format as string | undefined) ?? "text";
  const output = options.output as string | undefined;
  const toFile = output !== undefined && output !== "-";
  const progress = createProgress(process.stderr, {
    quiet: options.quiet === true || options.progress === false,
  });
  const input = command.input(args, options, process.cwd());
  const context = createContext({
    version: thothVersion(),
    ...(typeof options.knowledge === "string" ? { knowledgeFile: resolve(options.knowledge) } : {}),
    warn: (message) => progress.say(`thoth: ${escapeControls(message)}`),
  });
  const cancel = watchInterrupts();
  try {
    const answer = await runOperation(command, input, context, progress, cancel.signal);
    progress.clear();
    const terminal = createTerminal({ stream: process.stdout, env: process.env, toFile });
    const shown: RenderOptions = {
      now: context.now(),
      verbose: options.verbose === true,
      terminal,
      version: context.version,
      options,
      argv,
    };
    const text = await render(command, answer, format, shown);
    if (toFile) {
      writeOutput(output, text);
      const say = command.written && options.quiet !== true ? await command.written() : undefined;
      if (say && format === "text") tell([`thoth: ${escapeControls(say(answer as never, shown))}`]);
    } else await writeAll(process.stdout, text);
    if (cancel.signal.aborted) return STATUS.cancelled;
    return statusOf(command, answer, options);
  } catch (error) {
    progress.clear();
    if (cancel.signal.aborted) {
      tell(["thoth: cancelled."]);
      return STATUS.cancelled;
    }
    throw error;
  } finally {
    cancel.stop();
    await context.close();
  }
}

async function runOperation(
  command: CommandSpec,
  input: unknown,
  context: OperationContext,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Answer<unknown>> {
  const operation = (await loadOperation(command.operation)) as unknown as AnyOperation;
  const calls: Calls<unknown> = {
    progress: (step) => progress.show(step),
    partial: () => {},
    warn: (message) => progress.say(`thoth: ${escapeControls(message)}`),
  };
  return operation(context, input as never, calls, signal);
}

/** The first interrupt cancels and keeps what there is; the second ends the process at once. */
function watchInterrupts(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(STATUS.cancelled);
    controller.abort(new DOMException("Cancelled", "AbortError"));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}

async function render(
  command: CommandSpec,
  answer: Answer<unknown>,
  format: string,
  options: RenderOptions,
): Promise<string> {
  if (format === "json") {
    const { result, notChecked } = answer;
    return `${JSON.stringify({ operation: command.operation, schema: 1, result, notChecked }, null, 2)}\n`;
  }
  const renderer = await command.formats[format]!();
  return renderer(answer as never, options);
}

function writeOutput(path: string, text: string): void {
  try {
    writeWhole(resolve(path), text);
  } catch (error) {
    throw new OperationError(
      "usage",
      "output-not-writable",
      `cannot write ${path}: ${whyNotWritten(error)}.`,
      "Name a file in a folder that can be written.",
    );
  }
}

const SEVERITIES = ["error", "warning", "information", "hint"];

/** Findings outrank what was not checked. */
function statusOf(command: CommandSpec, answer: Answer<unknown>, options: Options): number {
  const level = SEVERITIES.indexOf((options.failOn as string | undefined) ?? "error");
  const failed = command.failed(answer.result as never, (severity) => {
    const at = SEVERITIES.indexOf(severity);
    return at >= 0 && at <= level;
  });
  if (failed) return STATUS.findings;
  const isMissing = answer.notChecked.some(({ required }) => required !== false);
  return command.needsAll && isMissing ? STATUS.notChecked : STATUS.fine;
}

function statusOfError(error: unknown): number {
  if (!(error instanceof OperationError)) {
    return (error as { name?: string }).name === "KnowledgeError" ? STATUS.usage : STATUS.findings;
  }
  if (error.kind === "failed") return STATUS.findings;
  return error.kind === "not-checked" ? STATUS.notChecked : STATUS.usage;
}

/** `thoth: what`, then why and what now, indented below it. */
function errorLines(error: unknown): string[] {
  const { message, next, stack } = error as { message?: string; next?: string; stack?: string };
  const isTold = error instanceof OperationError || (error as { name?: string }).name === "KnowledgeError";
  if (!isTold) {
    const trace = (stack ?? String(error)).split("\n").slice(1, 6);
    return [
      `thoth: a fault of Thoth's own: ${escapeControls(message ?? String(error))}`,
      ...trace.map((line) => `       ${line.trim()}`),
    ];
  }
  const [first = "", ...rest] = (message ?? "").split("\n");
  return [
    // Behind the name of the program a sentence goes on.
    `thoth: ${escapeControls(first.replace(/^(?:There|The|This|No|It) /, (word) => word.toLowerCase()))}`,
    ...[...rest, ...(next ? [next] : [])].map((line) => `       ${escapeControls(line)}`),
  ];
}

function tell(lines: readonly string[]): void {
  process.stderr.write(`${lines.join("\n")}\n`);
}
