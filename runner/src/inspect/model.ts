// What goes into an inspection and what comes out: plain data.
import type { Outcome, RefusalReason } from "../../../shared/src/protocol/validate.ts";

export type { Outcome, RefusalReason };

/** One requirement as pip would read it, with the place that it came from. */
export interface RequirementLine {
  /** A PEP 508 requirement with pip's per-requirement options, `${VAR}` unexpanded: `flask==3.0.3 --hash=sha256:…`. */
  readonly text: string;
  /** PEP 503 form, where the line names a project. */
  readonly name?: string;
  readonly path?: string;
  /** One-based. */
  readonly line?: number;
  /** Why this line cannot be validated. */
  readonly obstacle?: Obstacle;
}

export interface Obstacle {
  readonly reason: RefusalReason;
  /** One sentence that names the entry as it is written. */
  readonly message: string;
  readonly next: string;
}

/** Where artifacts are looked for, beside pip's own configuration. */
export interface InspectionIndexes {
  readonly indexUrl?: string;
  readonly extraIndexUrls?: readonly string[];
  readonly findLinks?: readonly string[];
  readonly noIndex?: boolean;
  readonly pre?: boolean;
  readonly trustedHosts?: readonly string[];
  /** False leaves pip.conf and `PIP_*` unread. */
  readonly usePipConfiguration?: boolean;
}

export interface InspectionLimits {
  /** Wall time of the whole inspection, in seconds. */
  readonly seconds: number;
  /** Wall time of one import, in seconds. */
  readonly importSeconds: number;
  /** Memory of all processes together, in bytes. */
  readonly memory: number;
  /** Processes and threads together. */
  readonly tasks: number;
  /** Bytes that can be written, all files together. */
  readonly disk: number;
  /** Bytes of output, all stages together. */
  readonly output: number;
}

const MIB = 1024 * 1024;

export const defaultLimits: InspectionLimits = {
  seconds: 900,
  importSeconds: 120,
  memory: 4096 * MIB,
  tasks: 1024,
  disk: 6144 * MIB,
  output: 16 * MIB,
};

export interface InspectionRequest {
  readonly requirements: readonly RequirementLine[];
  readonly constraints?: readonly RequirementLine[];
  /** Path of a Python interpreter; one inside a virtual environment stands for the interpreter that it was made from. */
  readonly interpreter: string;
  readonly indexes?: InspectionIndexes;
  /** Absolute path of a Python file that runs after the imports. */
  readonly script?: string;
  readonly limits?: Partial<InspectionLimits>;
  /** The log is kept here as `ID.log`. */
  readonly logFolder: string;
  /** Wheels are kept here by their sha256, and what one inspection needs while it runs. */
  readonly cacheFolder: string;
  /** The person has said that code of the stack may run without a sandbox. */
  readonly allowWithoutSandbox?: boolean;
  /** Folder that relative paths of the requirements start at. */
  readonly cwd?: string;
  /** Nothing is asked of a remote index: the wheels that are kept, find-links folders and `file:` indexes alone answer. */
  readonly offline?: boolean;
  /** The requirements are a whole lock: nothing is added to them, and what they lack is for the check stage to find. */
  readonly onlyListed?: boolean;
  /** Where the person allows building: what stands in for the tools where they find no wheel. */
  readonly builder?: StackBuilder;
  /** The tool that resolves; `auto` takes uv where it is found, else the interpreter's pip. */
  readonly resolver?: "auto" | "uv" | "pip";
  /** In place of `process.env`, for host tools: pip's configuration and PATH come from it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Program names, for tests: what stands for `bwrap`. */
  readonly bubblewrap?: string;
}

/** Resolves a stack that wheels alone do not make, and builds what is missing. */
export interface StackBuilder {
  /** @throws what `signal` was aborted with. */
  resolve(
    signal: AbortSignal,
  ): Promise<PlannedStack | { readonly message: string; readonly next?: string | undefined }>;
}

/** A stack of which some releases have yet to be built. */
export interface PlannedStack {
  readonly packages: readonly PlannedPackage[];
  close(): Promise<void>;
}

export interface PlannedPackage {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  /** Of its wheel; empty where it is built, or the index lists none. */
  readonly sha256: readonly string[];
  /** A direct reference to a wheel. */
  readonly url?: string;
  /** What it needs, by name. */
  readonly requires: readonly string[];
  /** Builds its wheel into the cache. Absent where there is a wheel. */
  build?(): Promise<
    | { readonly sha256: string }
    | {
        readonly outcome: Outcome;
        readonly reason?: "no-sandbox" | undefined;
        readonly message: string;
        readonly next?: string | undefined;
        readonly lines: readonly string[];
      }
  >;
}

export interface StageResult {
  readonly name: StageName;
  readonly outcome: Outcome | "skipped";
  /** Milliseconds. */
  readonly duration: number;
  /** "43 packages", "61 modules". */
  readonly detail?: string;
}

export type StageName = "sandbox" | "resolve" | "build" | "fetch" | "install" | "check" | "import" | "test";

export interface InspectedPackage {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  readonly filename?: string;
  readonly sha256?: string;
  /** A requirement names it, rather than another package. */
  readonly requested: boolean;
}

export interface ModuleResult {
  readonly module: string;
  /** PEP 503 form of the package that brought it. */
  readonly package: string;
  readonly outcome: Outcome;
  readonly duration: number;
  readonly exit?: number;
  readonly signal?: string;
}

/** Something that went wrong, tied to the requirement that caused it. */
export interface InspectionFailure {
  readonly stage: StageName;
  readonly outcome: Outcome;
  /** With the outcome `refused`. */
  readonly reason?: RefusalReason;
  /** One sentence, safe to show. */
  readonly message: string;
  readonly next?: string;
  /** The log's telling lines, safe to show. */
  readonly lines: readonly string[];
  /** PEP 503 form of the package that failed. */
  readonly package?: string;
  readonly module?: string;
  /** The requirement of the person that brings the package in. */
  readonly requirement?: RequirementLine;
}

export interface Inspection {
  readonly id: string;
  readonly outcome: Outcome;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
  readonly python?: {
    readonly version: string;
    readonly executable: string;
    readonly implementation: string;
    readonly platform: string;
  };
  /** `pip 23.2.1`, `uv 0.9.1`. */
  readonly resolver?: string;
  /** What contained the stack, in words: `bubblewrap, no network, system-call filter`. */
  readonly sandbox: string;
  /** More of it, for who wants to know: `user 2000000017, memory watched`. */
  readonly sandboxDetail?: string;
  readonly packages: readonly InspectedPackage[];
  readonly stages: readonly StageResult[];
  readonly modules: readonly ModuleResult[];
  readonly script?: { readonly outcome: Outcome; readonly duration: number; readonly exit?: number };
  /** The first is the one that decided the outcome. */
  readonly failures: readonly InspectionFailure[];
  readonly notChecked: readonly { readonly what: string; readonly reason: string }[];
  /** Absolute path. */
  readonly log?: string;
  /** Why there is no log, or no whole one: a sentence. */
  readonly logProblem?: string;
}

export interface InspectionProgress {
  readonly stage: StageName;
  readonly message: string;
  /** What only somebody who looks closer wants to know. */
  readonly detail?: string;
  readonly done?: number;
  readonly total?: number;
  /** Present when the stage has ended. */
  readonly result?: StageResult;
}

export interface InspectionCalls {
  progress?(step: InspectionProgress): void;
  readonly signal?: AbortSignal;
}
