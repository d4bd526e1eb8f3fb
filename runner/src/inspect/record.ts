// What one inspection has come to: its stages, failures, packages and modules, with its clock and its log, until it is the answer.
import { randomBytes } from "node:crypto";
import { type FolderFailure, folderFailure } from "../data/index.ts";
import { DependencyGraph, orderByCause } from "./blame.ts";
import type { Interpreter } from "./interpreter.ts";
import { InspectionLog } from "./log.ts";
import {
  defaultLimits,
  type InspectedPackage,
  type Inspection,
  type InspectionCalls,
  type InspectionFailure,
  type InspectionLimits,
  type InspectionProgress,
  type InspectionRequest,
  type ModuleResult,
  type Outcome,
  type RequirementLine,
  type StageName,
  type StageResult,
} from "./model.ts";
import type { Containment } from "./sandbox.ts";
import { showable } from "./telling.ts";

const allStages: readonly StageName[] = ["resolve", "fetch", "install", "check", "import", "test"];

/** Ends an inspection early: the outcome, and why. */
class Ended extends Error {
  readonly failure: InspectionFailure;
  constructor(failure: InspectionFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What more a failure has to say than its outcome and a sentence. */
export type FailureDetails = Partial<Omit<InspectionFailure, "outcome" | "message">>;

/** Written by the stages one after the other, and read once, by `answer`. */
export class InspectionRecord {
  readonly id: string;
  readonly limits: InspectionLimits;
  readonly log: InspectionLog;
  readonly graph = new DependencyGraph();
  readonly modules: ModuleResult[] = [];
  interpreter: Interpreter | undefined;
  /** `pip 23.2.1`, `uv 0.9.1`. */
  resolver: string | undefined;
  containment: Pick<Containment, "description" | "detail"> | undefined;
  script: Inspection["script"];
  readonly #request: InspectionRequest;
  readonly #calls: InspectionCalls;
  readonly #started = Date.now();
  readonly #stages: StageResult[] = [];
  readonly #failures: InspectionFailure[] = [];
  #packages: readonly InspectedPackage[] = [];
  /** The stage in progress and when it began. */
  #current: { name: StageName; began: number } | undefined;

  constructor(request: InspectionRequest, calls: InspectionCalls) {
    this.#request = request;
    this.#calls = calls;
    this.limits = { ...defaultLimits, ...request.limits };
    this.id = `${new Date(this.#started).toISOString().replaceAll(/[:.]/g, "-")}-${randomBytes(4).toString("hex")}`;
    this.log = new InspectionLog(request.logFolder, this.id, this.limits.output * 2 + 1024 * 1024);
  }

  get signal(): AbortSignal | undefined {
    return this.#calls.signal;
  }

  get packages(): readonly InspectedPackage[] {
    return this.#packages;
  }

  /** What the stack is made of, as far as that is known by now. */
  setPackages(packages: readonly Omit<InspectedPackage, "requested">[]): void {
    const requested = new Set(this.#request.requirements.map(({ name }) => name));
    this.#packages = packages.map((one) => ({ ...one, requested: requested.has(one.name) }));
  }

  /** The stage `resolve` has passed with these. */
  resolved(packages: readonly Pick<InspectedPackage, "name" | "version">[]): void {
    this.setPackages(packages.map(({ name, version }) => ({ name, version })));
    this.passed(count(packages.length, "package"));
  }

  /** The requirement of the person that brings a package in. */
  requirementOf(name: string): RequirementLine | undefined {
    return this.graph.requirementOf(name, this.#request.requirements);
  }

  /** Milliseconds until the time limit. */
  get remaining(): number {
    return Math.max(1, this.#started + this.limits.seconds * 1000 - Date.now());
  }

  progress(step: InspectionProgress): void {
    this.#calls.progress?.(step);
  }

  begin(name: StageName): void {
    if (this.#current?.name === name) return;
    this.#current = { name, began: Date.now() };
    if (name === "resolve" || name === "build" || name === "fetch") this.log.line(`== ${name}`);
    this.progress({ stage: name, message: name });
  }

  /** The stage in progress is done, and none of those that are told. */
  leave(): void {
    this.#current = undefined;
  }

  /** The stage in progress is done. */
  passed(detail: string): void {
    const { name, began } = this.#current!;
    this.ended(name, "passed", Date.now() - began, detail);
  }

  /** @param duration milliseconds. */
  ended(name: StageName, outcome: Outcome, duration: number, detail?: string): void {
    if (this.#stages.some((stage) => stage.name === name)) return;
    const result = { name, outcome, duration, ...(detail === undefined ? {} : { detail }) };
    this.#stages.push(result);
    this.#current = undefined;
    this.progress({ stage: name, message: name, result });
  }

  /** Something went wrong, of the stage in progress where no other is named; what can go on goes on. */
  fail(outcome: Outcome, message: string, more: FailureDetails = {}): void {
    this.#failures.push(this.#failure(outcome, message, more));
  }

  /** Something went wrong that nothing can go on after. @throws what ends the inspection. */
  end(outcome: Outcome, message: string, more: FailureDetails = {}): never {
    throw new Ended(this.#failure(outcome, message, more));
  }

  /** @throws what ends the inspection, where there is a failure. */
  mustHave(failure: FolderFailure | undefined): void {
    if (failure) this.end("infrastructure-failed", failure.message, { next: failure.next });
  }

  /** @throws what ends the inspection, where it was cancelled. */
  stopIfCancelled(): void {
    if (this.signal?.aborted) this.end("cancelled", "Cancelled.");
  }

  /** Takes in what ended the stages before their time. */
  failWith(error: unknown): void {
    if (error instanceof Ended) this.#failures.push(error.failure);
    else if (!this.signal?.aborted) this.#failUnforeseen(error);
  }

  /** What the file system refused is told as that; anything else in its own words. */
  #failUnforeseen(error: unknown): void {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    if (code !== undefined && syscall !== undefined) {
      const { message, next } = folderFailure(path ?? this.#request.cacheFolder, code);
      this.fail("infrastructure-failed", message, { next });
    } else {
      this.fail("infrastructure-failed", `The inspection could not go on: ${showable(String(error))}`);
    }
  }

  #failure(outcome: Outcome, message: string, more: FailureDetails): InspectionFailure {
    return {
      stage: this.#current?.name ?? this.#stages.at(-1)?.name ?? "sandbox",
      outcome,
      message,
      lines: [],
      ...more,
    };
  }

  /** Closes the stage in progress, marks what was not reached, and names the outcome: the first thing that went wrong. */
  settle(): Outcome {
    if (this.signal?.aborted && !this.#failures.some((one) => one.outcome === "cancelled"))
      this.fail("cancelled", "Cancelled.");
    // What stopped everything outranks what had gone wrong before: the rest was not seen.
    const last = this.#failures.at(-1);
    const stopped =
      last && ["cancelled", "lost", "timed-out", "out-of-memory"].includes(last.outcome) ? last : undefined;
    const outcome = stopped?.outcome ?? this.#failures[0]?.outcome ?? "passed";
    if (this.#current)
      this.ended(this.#current.name, last?.outcome ?? outcome, Date.now() - this.#current.began);
    for (const name of allStages) {
      if (name === "test" && this.#request.script === undefined) continue;
      if (!this.#stages.some((stage) => stage.name === name))
        this.#stages.push({ name, outcome: "skipped", duration: 0 });
    }
    return outcome;
  }

  /** Closes the log. Nothing is recorded after this. */
  answer(outcome: Outcome): Inspection {
    this.log.line(`== outcome: ${outcome}`);
    this.log.close();
    const { interpreter, containment } = this;
    return {
      id: this.id,
      outcome,
      started: this.#started,
      finished: Date.now(),
      ...(interpreter ? { python: pythonOf(interpreter) } : {}),
      ...(this.resolver ? { resolver: this.resolver } : {}),
      sandbox: containment?.description ?? "none",
      ...(containment?.detail === undefined ? {} : { sandboxDetail: containment.detail }),
      packages: this.#packages,
      stages: this.#stages,
      modules: this.modules,
      ...(this.script ? { script: this.script } : {}),
      failures: orderByCause(this.#failures, this.graph),
      notChecked: this.#notChecked(outcome),
      ...(this.log.problem === undefined ? { log: this.log.path } : { logProblem: this.log.problem }),
    };
  }

  #notChecked(outcome: Outcome): Inspection["notChecked"] {
    const [first] = this.#failures;
    const notChecked = this.#stages
      .filter((stage) => stage.outcome === "skipped" && stage.name !== "test")
      .map(({ name }) => ({ what: name, reason: first?.message ?? "Cancelled." }));
    // Whatever could not be done is something that was not checked, even where no later stage is missing.
    if (outcome === "infrastructure-failed" && notChecked.length === 0 && first)
      return [{ what: first.stage, reason: first.message }];
    return notChecked;
  }
}

function pythonOf({
  version,
  executable,
  implementation,
  platform,
}: Interpreter): NonNullable<Inspection["python"]> {
  return { version, executable, implementation, platform };
}

/** `1 wheel`, `2 wheels`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
