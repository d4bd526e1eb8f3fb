// What an operation is: a name, an input schema, an output schema, and how its answers travel. The three faces are derived from this.
import * as z from "zod";

/** What was not checked and why: it is said, never left out. */
export const notChecked = z.object({
  what: z.string(),
  reason: z.string(),
  /** False where nothing required it: the exit status does not change for it. */
  required: z.literal(false).optional(),
});
export type NotChecked = z.infer<typeof notChecked>;

/** A step of long work, for a line that replaces itself, or a notification. */
export interface Progress {
  /** What is being done: `flask`, `install`, `wheel 3 of 40`. */
  readonly message: string;
  readonly done?: number;
  readonly total?: number;
  /** The stage that the step belongs to. Without a terminal each stage is one line, however many steps it has. */
  readonly stage?: string;
}

export interface Answer<Output> {
  readonly result: Output;
  readonly notChecked: readonly NotChecked[];
}

/** The one object that JSON output is. */
export interface Envelope<Output> extends Answer<Output> {
  readonly operation: string;
  readonly schema: 1;
}

export interface Calls<Partial> {
  progress(step: Progress): void;
  /** A piece of the answer as soon as it is known; the whole answer repeats it. */
  partial(piece: Partial): void;
  /** Something that the person is to know once, such as a damaged file of knowledge that was moved aside. */
  warn(message: string): void;
}

/** Where indexes come from, beside pip's own configuration. Values may hold `${VAR}`, expanded by the runner alone. */
export const indexOptions = z.object({
  indexUrl: z.string().optional(),
  extraIndexUrls: z.array(z.string()).optional(),
  findLinks: z.array(z.string()).optional(),
  noIndex: z.boolean().optional(),
  onlyBinary: z.array(z.string()).optional(),
  noBinary: z.array(z.string()).optional(),
  pre: z.boolean().optional(),
  trustedHosts: z.array(z.string()).optional(),
  /** Who wins where several indexes have a project, in place of the rule of the manifest's own tool. */
  strategy: z.enum(["first-index", "unsafe-first-match", "unsafe-best-match"]).optional(),
});
export type IndexOptions = z.infer<typeof indexOptions>;

/** Which runtime environment is meant. All absent: the one of the folder. */
export const environmentOptions = z.object({
  /** A configured runtime environment. */
  name: z.string().optional(),
  /** Path of an interpreter. */
  interpreter: z.string().optional(),
  /** A Python version, `3.11` or `3.11.7`, in place of the interpreter's. */
  python: z.string().optional(),
  /** A platform tag or uv's platform name, in place of this machine's. */
  platform: z.string().optional(),
});
export type EnvironmentOptions = z.infer<typeof environmentOptions>;

/** Every operation takes these. */
export const commonInput = z.object({
  /** The folder that relative paths and environments are looked up from: absolute. */
  cwd: z.string(),
  environment: environmentOptions.optional(),
  /** Options of the command line, which outrank pip's configuration; the file's own `--index-url` replaces theirs, as in pip. */
  index: indexOptions.optional(),
  /** False leaves pip.conf and PIP_* unread. */
  usePipConfiguration: z.boolean().optional(),
  offline: z.boolean().optional(),
  /**
   * Whether source distributions, folders and commits may be built in a sandbox where only that tells what they need. Absent: as
   * `.thoth.yaml` says, else not.
   */
  buildSdists: z.boolean().optional(),
  /** The Python that the manifest asks for, where the operation does not read the manifest itself. */
  manifestPython: z
    .object({ version: z.string(), origin: z.string(), requires: z.array(z.string()).optional() })
    .optional(),
});
export type CommonInput = z.infer<typeof commonInput>;

/** From which severity on an advisory counts, by CVSS; one of unknown severity always does. */
export const severityThreshold = z.enum(["low", "medium", "high", "critical"]);

export const position = z.object({ line: z.number().int(), character: z.number().int() });
export const range = z.object({ start: position, end: position });
export const freshness = z.enum(["fresh", "stale", "unknown", "failed"]);
export const severity = z.enum(["error", "warning", "information", "hint"]);
