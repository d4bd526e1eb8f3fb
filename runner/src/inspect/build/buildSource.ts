// Builds one source distribution in the sandbox: its metadata, or a wheel of it (PEP 517, 518). Nothing of it runs outside.
import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ensureFolder, type FolderFailure } from "../../data/index.ts";
import { innerEnvironment, pipCommands, runContained } from "../contained.ts";
import { type FetchedWheel, keepWheel, stageWheels, writePins } from "../fetch.ts";
import type { Interpreter } from "../interpreter.ts";
import type { KeptResult } from "../keeper.ts";
import { defaultLimits, type InspectionLimits, type Outcome } from "../model.ts";
import { type Containment, prepareBubblewrap, writeSandboxFiles } from "../sandbox.ts";
import { showable, tellingLine, tellingLines } from "../telling.ts";
import { claimRun, removeAbandonedRuns } from "../upkeep.ts";
import { buildFiles } from "./buildDriver.ts";
import { type BuildStage, type BuildTold, MAX_WHEEL, readBuildEvents } from "./buildEvents.ts";
import type { BuildSystem } from "./buildSystem.ts";

export interface BuildRequest {
  /** `flask 3.0`, for sentences. */
  readonly subject: string;
  /** An archive on this machine with one folder at its top, its digest verified: `.tar.gz`, `.tgz`, `.tar` or `.zip`. */
  readonly archive: string;
  /** The project's folder below the archive's own. */
  readonly subdirectory?: string | undefined;
  readonly system: BuildSystem;
  readonly want: "metadata" | "wheel";
  readonly interpreter: Interpreter;
  /** Where what a build needs lies while it runs, and where wheels are kept. */
  readonly cacheFolder: string;
  /** The wheels that build requirements come to, for the interpreter; without code being run. */
  provide(requires: readonly string[], signal: AbortSignal | undefined): Promise<ProvidedWheels>;
  readonly limits?: Partial<InspectionLimits> | undefined;
  /** For tests: what stands for `bwrap`. */
  readonly bubblewrap?: string | undefined;
}

export type ProvidedWheels =
  | { readonly wheels: readonly FetchedWheel[] }
  /** A whole sentence. */
  | { readonly fault: string; readonly next?: string | undefined };

export interface BuildCalls {
  /** Each stage as it begins. */
  progress?(stage: BuildStage | "requirements"): void;
  /** What the build writes. */
  onOutput?(chunk: Buffer): void;
  readonly signal?: AbortSignal | undefined;
}

export type BuildAnswer =
  | {
      readonly ok: true;
      /** METADATA as the back-end gave it, its header alone. Nobody has looked at it yet. */
      readonly metadata: string;
      /** Kept in the cache; where one was asked for. */
      readonly wheel?: { readonly filename: string; readonly sha256: string; readonly path: string };
    }
  | {
      readonly ok: false;
      readonly outcome: Outcome;
      /** With the outcome `refused`. */
      readonly reason?: "no-sandbox";
      /** A whole sentence, safe to show. */
      readonly message: string;
      readonly next?: string | undefined;
      /** The log's telling lines, safe to show. */
      readonly lines: readonly string[];
    };

type Failed = Extract<BuildAnswer, { ok: false }>;

const MIB = 1024 * 1024;

/** A build is held tighter than a whole stack. */
export const buildLimits: InspectionLimits = { ...defaultLimits, seconds: 600, disk: 3072 * MIB };

/** How often a back-end may ask for more than it has. */
const MAX_ROUNDS = 3;

/**
 * Builds in bubblewrap, without network: a virtual environment with the build requirements, then the back-end's hooks.
 * @throws what `calls.signal` was aborted with, when nothing of the build is left; never for what goes wrong in it.
 */
export async function buildSource(request: BuildRequest, calls: BuildCalls = {}): Promise<BuildAnswer> {
  const id = `build-${Date.now()}-${randomBytes(4).toString("hex")}`;
  const folder = join(request.cacheFolder, "runs", id);
  try {
    return await new SourceBuild(request, calls, folder).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class SourceBuild {
  readonly #request: BuildRequest;
  readonly #calls: BuildCalls;
  readonly #limits: InspectionLimits;
  readonly #folder: string;
  readonly #input: string;
  readonly #started = Date.now();

  constructor(request: BuildRequest, calls: BuildCalls, folder: string) {
    this.#request = request;
    this.#calls = calls;
    this.#limits = { ...buildLimits, ...request.limits };
    this.#folder = folder;
    this.#input = join(folder, "input");
  }

  async run(): Promise<BuildAnswer> {
    this.#calls.signal?.throwIfAborted();
    const hindered = this.#makeFolders();
    if (hindered) return this.#failed("infrastructure-failed", hindered.message, { next: hindered.next });
    const known: string[] = [...this.#request.system.requires];
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.#calls.progress?.("requirements");
      const provided = await this.#request.provide(known, this.#calls.signal);
      this.#calls.signal?.throwIfAborted();
      if ("fault" in provided) return this.#failed("build-failed", provided.fault, { next: provided.next });
      const answer = await this.#round(provided.wheels, known, round);
      if (!("requires" in answer)) return answer;
      known.push(...answer.requires);
    }
    return this.#failed(
      "build-failed",
      `${this.#request.subject} asks for further build requirements each time.`,
    );
  }

  #makeFolders(): FolderFailure | undefined {
    const failure = ensureFolder(this.#input, 0o755);
    if (failure) return failure;
    claimRun(this.#folder);
    removeAbandonedRuns(this.#request.cacheFolder);
    for (const [name, text] of Object.entries(buildFiles))
      writeFileSync(join(this.#input, name), text, { mode: 0o644 });
    const target = join(this.#input, basename(this.#request.archive));
    copyFileSync(this.#request.archive, target);
    chmodSync(target, 0o644);
    return writeSandboxFiles(this.#input);
  }

  async #round(
    wheels: readonly FetchedWheel[],
    known: readonly string[],
    round: number,
  ): Promise<BuildAnswer | { readonly requires: readonly string[] }> {
    rmSync(join(this.#input, "wheels"), { recursive: true, force: true });
    const hindered = stageWheels(wheels, join(this.#input, "wheels"));
    if (hindered) return this.#failed("infrastructure-failed", hindered.message, { next: hindered.next });
    writePins(wheels, this.#input);
    const prepared = await prepareBubblewrap({
      interpreter: this.#request.interpreter,
      staging: this.#input,
      limits: this.#limits,
      bubblewrap: this.#request.bubblewrap ?? "bwrap",
      ...(this.#calls.signal ? { signal: this.#calls.signal } : {}),
    });
    this.#calls.signal?.throwIfAborted();
    if (!prepared.ok) {
      return this.#failed("refused", `No sandbox: ${prepared.reason}`, {
        reason: "no-sandbox",
        next: "Install bubblewrap; nothing is built without a sandbox.",
      });
    }
    const wheelFile = join(this.#folder, `wheel-${round}`);
    const events = readBuildEvents(wheelFile, { begin: (stage) => this.#calls.progress?.(stage) });
    let tail = "";
    const result = await runContained({
      containment: prepared.containment,
      executable: this.#request.interpreter.executable,
      limits: this.#limits,
      job: this.#job(prepared.containment, wheels.length, known),
      deadline: this.#remaining() + 3000,
      label: this.#folder,
      signal: this.#calls.signal,
      onOutput: (chunk) => {
        tail = (tail + chunk.toString("utf8")).slice(-65536);
        this.#calls.onOutput?.(chunk);
      },
      onEvent: (chunk) => events.write(chunk),
    });
    const told = events.end();
    this.#calls.signal?.throwIfAborted();
    return this.#conclude(result, told, tail, wheelFile);
  }

  #job(containment: Containment, wheels: number, known: readonly string[]): object {
    const { input, work } = containment;
    const { interpreter, archive, subdirectory, system, want } = this.#request;
    return {
      work,
      input,
      python: interpreter.executable,
      count: wheels,
      install: pipCommands(containment, interpreter).install,
      archive: `${input}/${basename(archive)}`,
      subdirectory: subdirectory ?? "",
      backend: system.backend,
      path: system.backendPath,
      known,
      want,
      most: MAX_WHEEL,
      limits: { ...this.#limits, seconds: this.#remaining() / 1000 },
      env: innerEnvironment(work),
    };
  }

  #conclude(
    result: KeptResult & { readonly flood: boolean },
    told: BuildTold,
    tail: string,
    wheelFile: string,
  ): BuildAnswer | { readonly requires: readonly string[] } {
    const { subject } = this.#request;
    const stopped = this.#stopped(result, told);
    if (stopped) return this.#failed(stopped.outcome, stopped.message, { lines: tellingLines(tail) });
    if (told.failed) return this.#stageFailed(told.failed);
    if (told.fault !== undefined)
      return this.#failed("build-failed", `${subject} ${showable(told.fault)}.`, {
        lines: tellingLines(tail),
      });
    if (told.requires.length > 0) return { requires: told.requires };
    if (!told.done || told.metadata === undefined) {
      const message = `The sandbox ended before the build of ${subject} said what came of it.`;
      return this.#failed("lost", message, { next: "Try again.", lines: tellingLines(tail) });
    }
    if (this.#request.want === "metadata") return { ok: true, metadata: told.metadata };
    if (!told.wheel) return this.#failed("build-failed", `${subject} builds no wheel.`);
    const { filename, sha256 } = told.wheel;
    const kept = keepWheel(this.#request.cacheFolder, sha256, filename, wheelFile);
    if (typeof kept !== "string")
      return this.#failed("infrastructure-failed", kept.message, { next: kept.next });
    return { ok: true, metadata: told.metadata, wheel: { filename, sha256, path: kept } };
  }

  /** What ended the build from outside. */
  #stopped(
    result: KeptResult & { readonly flood: boolean },
    told: BuildTold,
  ): { readonly outcome: Outcome; readonly message: string } | undefined {
    const outcome: Outcome | undefined =
      result.limit === "memory"
        ? "out-of-memory"
        : result.limit === "tasks"
          ? "process-limit"
          : result.limit === "time"
            ? "timed-out"
            : result.flood || told.broken
              ? "output-limit"
              : undefined;
    return outcome && { outcome, message: this.#overLimit(outcome)! };
  }

  #overLimit(outcome: Outcome): string | undefined {
    const { subject } = this.#request;
    const { memory, tasks, seconds, output, disk } = this.#limits;
    switch (outcome) {
      case "out-of-memory":
        return `The build of ${subject} needs more than ${Math.round(memory / MIB)} MiB of memory.`;
      case "process-limit":
        return `The build of ${subject} starts more than ${tasks} processes and threads.`;
      case "timed-out":
        return `The build of ${subject} takes longer than ${seconds} s.`;
      case "output-limit":
        return `The build of ${subject} writes more than ${Math.round(output / MIB)} MiB of output.`;
      case "disk-limit":
        return `The build of ${subject} needs more than ${Math.round(disk / MIB)} MiB of disk.`;
      default:
        return undefined;
    }
  }

  #stageFailed({ stage, outcome, tail }: NonNullable<BuildTold["failed"]>): Failed {
    const { subject } = this.#request;
    const lines = tellingLines(tail);
    const over = this.#overLimit(outcome);
    if (over) return this.#failed(outcome, over, { lines });
    const archive = /^(?:unsafe|broken) archive: .*$/m.exec(tail)?.[0];
    if (stage === "unpack" && archive)
      return this.#failed(
        "build-failed",
        `${subject} is a source with an ${showable(archive)}.`.replace("an broken", "a broken"),
      );
    const why = tellingLine(tail);
    const what = stage === "install" ? "its build requirements do not install" : "it does not build";
    return this.#failed("build-failed", `${subject}: ${what}${why ? `: ${why}` : ""}`, { lines });
  }

  #failed(outcome: Outcome, message: string, more: Partial<Failed> = {}): Failed {
    return { ok: false, outcome, message, lines: [], ...more };
  }

  #remaining(): number {
    return Math.max(1, this.#started + this.#limits.seconds * 1000 - Date.now());
  }
}
