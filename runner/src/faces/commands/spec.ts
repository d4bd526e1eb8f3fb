// What a command is: the arguments and options of one operation, how they become its input, and how its answer is shown.
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import type { OperationName } from "../../../../shared/src/protocol/operations.ts";
import { OperationError } from "../../operations/index.ts";
import type { OptionSpec } from "../options.ts";
import type { Terminal } from "../terminal.ts";

/** What a person gave, by the names that commander makes of the flags. */
export type Options = Readonly<Record<string, unknown>>;

export interface RenderOptions {
  readonly now: number;
  readonly verbose: boolean;
  readonly terminal: Terminal;
  readonly version: string;
  readonly options: Options;
  /** The words that the person typed after `thoth`. */
  readonly argv: readonly string[];
}

export type Renderer = (answer: Answer<never>, options: RenderOptions) => string;

export interface CommandSpec {
  readonly operation: OperationName;
  readonly args: readonly (readonly [name: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Command lines that its help shows. */
  readonly examples?: readonly string[];
  /** Throws OperationError for what the options cannot mean. */
  input(args: readonly string[], options: Options, cwd: string): unknown;
  /** By format; JSON is the same for all. */
  readonly formats: Readonly<Record<string, () => Promise<Renderer>>>;
  /** What is said on standard error once the text is in its file. */
  readonly written?: () => Promise<Renderer>;
  /** Whether the answer says that something is wrong, at or above the severity asked for. */
  failed(result: never, counts: (severity: string) => boolean): boolean;
  /** What was not checked ends with a status of its own. */
  readonly needsAll: boolean;
}

/** The manifests that the arguments name; the folder where the command is run, where they name none. */
export const paths = (args: readonly string[]): string[] => (args.length === 0 ? ["."] : args.map(pathOf));

/** A manifest has a folder, which its includes and its configuration are looked up from: what streams in has none. */
export function pathOf(path: string): string {
  if (path !== "-") return path;
  const next = "Write it to a file and name that, or ./- for a file of this name.";
  throw new OperationError("usage", "no-stream", "a manifest is not read from standard input.", next);
}
