// One inspection from beginning to end: resolve and fetch outside, install, check, import and test inside the sandbox.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ensureFolder, type FolderFailure, folderFailure } from "../data/index.ts";
import { DependencyGraph, orderByCause } from "./blame.ts";
import { innerEnvironment, pipCommands, runContained } from "./contained.ts";
import { describeFailure } from "./describe.ts";
import { driverSource } from "./driver.ts";
import { type DriverEvents, readDriverEvents } from "./events.ts";
import { type FetchedWheel, fetchWheels, linkKeptWheels, stageWheels, writePins } from "./fetch.ts";
import { hostEnvironment } from "./hostTools.ts";
import { describeInterpreter, type Interpreter } from "./interpreter.ts";
import type { KeptResult } from "./keeper.ts";
import { InspectionLog } from "./log.ts";
import {
  defaultLimits,
  type InspectedPackage,
  type Inspection,
  type InspectionCalls,
  type InspectionFailure,
  type InspectionLimits,
  type InspectionRequest,
  type ModuleResult,
  type Outcome,
  type PlannedStack,
  type RequirementLine,
  type StageName,
  type StageResult,
} from "./model.ts";
import { type PinnedPackage, type ResolveRequest, resolveStack } from "./resolve.ts";
import { type Containment, prepareBubblewrap, withoutSandbox, writeSandboxFiles } from "./sandbox.ts";
import { showable } from "./telling.ts";
import { claimRun, pruneLogs, pruneWheels, removeAbandonedRuns } from "./upkeep.ts";

const allStages: readonly StageName[] = ["resolve", "fetch", "install", "check", "import", "test"];

/** A file of nothing but source addresses needs no list of them all. */
const MAX_REFUSALS = 20;

/** Ends an inspection early: the outcome, and why. */
class Ended extends Error {
  readonly failure: InspectionFailure;
  constructor(failure: InspectionFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

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
  const run = new InspectionRun(request, calls);
  return run.finish();
}

class InspectionRun {
  readonly #request: InspectionRequest;
  readonly #calls: InspectionCalls;
  readonly #limits: InspectionLimits;
  readonly #id: string;
  readonly #started = Date.now();
  readonly #log: InspectionLog;
  readonly #stages: StageResult[] = [];
  readonly #failures: InspectionFailure[] = [];
  readonly #modules: ModuleResult[] = [];
  readonly #graph = new DependencyGraph();
  #packages: InspectedPackage[] = [];
  #interpreter: Interpreter | undefined;
  #resolver: string | undefined;
  #sandbox = "none";
  #sandboxDetail: string | undefined;
  #script: Inspection["script"];
  readonly #folder: string;
  /** The stage in progress and when it began. */
  #current: { name: StageName; began: number } | undefined;

  constructor(request: InspectionRequest, calls: InspectionCalls) {
    this.#request = request;
    this.#calls = calls;
    this.#limits = { ...defaultLimits, ...request.limits };
    this.#id = `${new Date(this.#started).toISOString().replaceAll(/[:.]/g, "-")}-${randomBytes(4).toString("hex")}`;
    this.#log = new InspectionLog(request.logFolder, this.#id, this.#limits.output * 2 + 1024 * 1024);
    this.#folder = join(request.cacheFolder, "runs", this.#id);
  }

  async finish(): Promise<Inspection> {
    try {
      await this.#run();
    } catch (error) {
      if (error instanceof Ended) this.#failures.push(error.failure);
      else if (!this.#calls.signal?.aborted) {
        this.#failures.push(this.#unforeseen(error));
      }
    }
    const outcome = this.#settle();
    try {
      rmSync(this.#folder, { recursive: true, force: true });
      pruneWheels(this.#request.cacheFolder);
      pruneLogs(this.#request.logFolder);
    } catch (error) {
      this.#log.line(`The folder of this inspection could not be removed: ${error}`);
    }
    this.#log.line(`== outcome: ${outcome}`);
    this.#log.close();
    const notChecked = this.#stages
      .filter((stage) => stage.outcome === "skipped" && stage.name !== "test")
      .map(({ name }) => ({ what: name, reason: this.#failures[0]?.message ?? "Cancelled." }));
    const [first] = this.#failures;
    // Whatever could not be done is something that was not checked, even where no later stage is missing.
    if (outcome === "infrastructure-failed" && notChecked.length === 0 && first)
      notChecked.push({ what: first.stage, reason: first.message });
    return {
      id: this.#id,
      outcome,
      started: this.#started,
      finished: Date.now(),
      ...(this.#interpreter ? { python: pick(this.#interpreter) } : {}),
      ...(this.#resolver ? { resolver: this.#resolver } : {}),
      sandbox: this.#sandbox,
      ...(this.#sandboxDetail === undefined ? {} : { sandboxDetail: this.#sandboxDetail }),
      packages: this.#packages,
      stages: this.#stages,
      modules: this.#modules,
      ...(this.#script ? { script: this.#script } : {}),
      failures: orderByCause(this.#failures, this.#graph),
      notChecked,
      ...(this.#log.problem === undefined ? { log: this.#log.path } : { logProblem: this.#log.problem }),
    };
  }

  /** What the file system refused is told as that; anything else in its own words. */
  #unforeseen(error: unknown): InspectionFailure {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    if (code !== undefined && syscall !== undefined) {
      const { message, next } = folderFailure(path ?? this.#request.cacheFolder, code);
      return this.#failure("infrastructure-failed", message, { next });
    }
    const message = `The inspection could not go on: ${showable(String(error))}`;
    return this.#failure("infrastructure-failed", message);
  }

  #mustHave(failure: FolderFailure | undefined): void {
    if (failure) this.#end("infrastructure-failed", failure.message, { next: failure.next });
  }

  async #run(): Promise<void> {
    const { requirements } = this.#request;
    const hindered = requirements.some((one) => one.obstacle && !this.#canBuild(one));
    this.#begin(hindered ? "resolve" : "sandbox");
    if (hindered) return this.#refuse(requirements);
    const found = await describeInterpreter(this.#request.interpreter, this.#calls.signal);
    if (this.#calls.signal?.aborted) this.#cancelled();
    if (!found.ok) return this.#end("infrastructure-failed", found.message, { next: found.next });
    this.#interpreter = found.interpreter;
    this.#makeFolders();
    const containment = await this.#contain(found.interpreter);
    this.#current = undefined;
    const resolving = this.#resolving(found.interpreter);
    const wheels = await this.#obtain(resolving);
    this.#stage(wheels);
    await this.#inside(containment, wheels);
  }

  #canBuild({ obstacle }: RequirementLine): boolean {
    const isSource = obstacle?.reason === "needs-build" || obstacle?.reason === "vcs";
    return isSource && this.#request.builder !== undefined;
  }

  /** Every entry that cannot be taken is told, not the first alone. */
  #refuse(requirements: readonly RequirementLine[]): void {
    const hindered = requirements
      .filter((one) => one.obstacle !== undefined && !this.#canBuild(one))
      .sort((a, b) => (a.path === b.path ? (a.line ?? 0) - (b.line ?? 0) : 0));
    for (const requirement of hindered.slice(0, MAX_REFUSALS)) {
      const { message, ...more } = requirement.obstacle!;
      this.#failures.push(this.#failure("refused", message, { ...more, requirement }));
    }
  }

  #makeFolders(): void {
    this.#mustHave(ensureFolder(join(this.#folder, "host")));
    claimRun(this.#folder);
    removeAbandonedRuns(this.#request.cacheFolder);
    this.#mustHave(writeSandboxFiles(join(this.#folder, "input")));
  }

  async #contain(interpreter: Interpreter): Promise<Containment> {
    const staging = join(this.#folder, "input");
    const answer = await prepareBubblewrap({
      interpreter,
      staging,
      limits: this.#limits,
      bubblewrap: this.#request.bubblewrap ?? "bwrap",
      ...(this.#calls.signal ? { signal: this.#calls.signal } : {}),
    });
    if (this.#calls.signal?.aborted) this.#cancelled();
    if (!answer.ok && !this.#request.allowWithoutSandbox) {
      this.#end("refused", `No sandbox: ${answer.reason}`, {
        reason: "no-sandbox",
        next: "Install bubblewrap, or set thoth.validation.allowWithoutSandbox (--allow-without-sandbox) to run the stack's code without one.",
      });
    }
    const containment = answer.ok ? answer.containment : withoutSandbox(staging);
    this.#sandbox = containment.description;
    this.#sandboxDetail = containment.detail;
    const { description, detail } = containment;
    this.#calls.progress?.({ stage: "sandbox", message: description, ...(detail ? { detail } : {}) });
    this.#log.line(`== sandbox: ${[containment.description, containment.detail].filter(Boolean).join(", ")}`);
    return containment;
  }

  #resolving(interpreter: Interpreter): ResolveRequest {
    const output = this.#log.stream();
    const indexes = this.#request.indexes ?? {};
    const folder = join(this.#folder, "host");
    const kept = this.#request.offline ? this.#keptWheels(folder) : undefined;
    return {
      interpreter,
      requirements: this.#request.requirements,
      constraints: this.#request.constraints ?? [],
      indexes: kept === undefined ? indexes : { ...indexes, findLinks: [...(indexes.findLinks ?? []), kept] },
      resolver: this.#request.resolver ?? "auto",
      offline: this.#request.offline ?? false,
      onlyListed: this.#request.onlyListed ?? false,
      folder,
      cwd: this.#request.cwd ?? folder,
      env: hostEnvironment(this.#request.env ?? process.env, indexes),
      deadline: this.#remaining(),
      ...(this.#calls.signal ? { signal: this.#calls.signal } : {}),
      onOutput: (chunk) => output.write(chunk),
    };
  }

  #keptWheels(folder: string): string | undefined {
    const texts = this.#request.requirements.map(({ text }) => text);
    const digests = texts.flatMap((text) =>
      [...text.matchAll(/--hash=sha256:(\w+)/g)].map((found) => found[1]!),
    );
    return linkKeptWheels(this.#request.cacheFolder, folder, new Set(digests));
  }

  async #obtain(request: ResolveRequest): Promise<readonly FetchedWheel[]> {
    this.#begin("resolve");
    if (request.requirements.length === 0) {
      this.#passed("nothing to install");
      return [];
    }
    const needsBuild = request.requirements.some(({ obstacle }) => obstacle !== undefined);
    const resolved = needsBuild ? undefined : await resolveStack(request);
    if (this.#calls.signal?.aborted) this.#cancelled();
    const lacksWheel = resolved === undefined || (!resolved.ok && resolved.lacksWheel === true);
    const built = lacksWheel ? await this.#buildStack(resolved !== undefined) : undefined;
    if (built) return this.#fetch(built, request);
    if (resolved === undefined) return [];
    if (!resolved.ok) {
      const named = resolved.names
        .map((name) => request.requirements.find((one) => one.name === name))
        .find((one) => one !== undefined);
      return this.#end(resolved.outcome, resolved.message, {
        lines: resolved.lines,
        ...(resolved.reason ? { reason: resolved.reason } : {}),
        ...(resolved.next ? { next: resolved.next } : {}),
        ...(resolved.names[0] ? { package: resolved.names[0] } : {}),
        ...(named ? { requirement: named } : {}),
      });
    }
    this.#resolver = resolved.tool;
    this.#resolved(resolved.packages);
    return this.#fetch(resolved.packages, request);
  }

  /** Whether a requirement of the person names a package. */
  #isRequested(name: string): boolean {
    return this.#request.requirements.some((one) => one.name === name);
  }

  #resolved(packages: readonly Pick<PinnedPackage, "name" | "version">[]): void {
    this.#packages = packages.map(({ name, version }) => ({
      name,
      version,
      requested: this.#isRequested(name),
    }));
    this.#passed(count(packages.length, "package"));
  }

  /**
   * The stack as Thoth resolves it, with what has no wheel built. Undefined where nothing is to be built, or, with `isSecond`,
   * where this resolver finds no stack either: then the tool's own words are told.
   */
  async #buildStack(isSecond: boolean): Promise<readonly PinnedPackage[] | undefined> {
    const { builder } = this.#request;
    if (!builder) return undefined;
    const late = AbortSignal.timeout(this.#remaining());
    const signal = this.#calls.signal ? AbortSignal.any([this.#calls.signal, late]) : late;
    try {
      const planned = await builder.resolve(signal);
      if ("message" in planned) {
        if (isSecond) return undefined;
        return this.#end("install-failed", planned.message, planned.next ? { next: planned.next } : {});
      }
      try {
        return await this.#buildPlanned(planned);
      } finally {
        await planned.close();
      }
    } catch (error) {
      if (this.#calls.signal?.aborted) this.#cancelled();
      if (!late.aborted) throw error;
      return this.#end("timed-out", `The stack takes longer than ${this.#limits.seconds} s.`, {
        next: "Raise the time limit.",
      });
    }
  }

  async #buildPlanned({ packages }: PlannedStack): Promise<readonly PinnedPackage[] | undefined> {
    const toBuild = packages.filter(({ build }) => build !== undefined);
    if (toBuild.length === 0) return undefined;
    this.#resolver = "thoth";
    for (const { name, requires } of packages) this.#graph.add(name, requires);
    this.#resolved(packages);
    this.#begin("build");
    const pinned: PinnedPackage[] = [];
    for (const one of packages) {
      if (!one.build) {
        pinned.push(one);
        continue;
      }
      const { name, version } = one;
      this.#log.line(`== build ${name} ${version}`);
      this.#calls.progress?.({
        stage: "build",
        message: `build ${name} ${version}`,
        done: toBuild.indexOf(one) + 1,
        total: toBuild.length,
      });
      const built = await one.build();
      if ("outcome" in built) {
        const { outcome, message, ...more } = built;
        const requirement = this.#graph.requirementOf(name, this.#request.requirements);
        return this.#end(outcome, message, {
          lines: more.lines,
          package: name,
          ...(more.next ? { next: more.next } : {}),
          ...(more.reason ? { reason: more.reason } : {}),
          ...(requirement ? { requirement } : {}),
        });
      }
      pinned.push({ name, version, sha256: [built.sha256] });
    }
    this.#passed(`${count(toBuild.length, "wheel")} built`);
    return pinned;
  }

  async #fetch(
    packages: readonly PinnedPackage[],
    request: ResolveRequest,
  ): Promise<readonly FetchedWheel[]> {
    this.#begin("fetch");
    const fetched = await fetchWheels(packages, this.#request.cacheFolder, {
      ...request,
      deadline: this.#remaining(),
    });
    if (this.#calls.signal?.aborted) this.#cancelled();
    if (!fetched.ok) {
      const named = request.requirements.find((one) => one.name !== undefined && one.name === fetched.name);
      return this.#end(fetched.timedOut ? "timed-out" : "infrastructure-failed", fetched.message, {
        lines: fetched.lines,
        ...(fetched.next ? { next: fetched.next } : {}),
        ...(fetched.name ? { package: fetched.name } : {}),
        ...(named ? { requirement: named } : {}),
      });
    }
    this.#packages = fetched.wheels
      .map(({ name, version, filename, sha256 }) => ({
        name,
        version,
        filename,
        sha256,
        requested: this.#isRequested(name),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#passed(`${count(fetched.wheels.length, "wheel")}, ${fetched.fetched} fetched`);
    return fetched.wheels;
  }

  /** Lays out what the sandbox may read. */
  #stage(wheels: readonly FetchedWheel[]): void {
    const input = join(this.#folder, "input");
    this.#mustHave(stageWheels(wheels, join(input, "wheels")));
    writePins(wheels, input);
    writeFileSync(join(input, "driver.py"), driverSource, { mode: 0o644 });
    if (this.#request.script === undefined) return;
    try {
      mkdirSync(join(input, "script"), { mode: 0o755 });
      const target = join(input, "script", basename(this.#request.script));
      writeFileSync(target, readFileSync(this.#request.script), { mode: 0o644 });
    } catch {
      this.#begin("test");
      this.#end("infrastructure-failed", `${this.#request.script} cannot be read.`, {
        next: "Check the path of the script.",
      });
    }
  }

  async #inside(containment: Containment, wheels: readonly FetchedWheel[]): Promise<void> {
    const output = this.#log.stream();
    const events = readDriverEvents({
      begin: (name) => this.#begin(name),
      stage: (name, event) => this.#stageEnded(name, event),
      module: (event) => this.#moduleEnded(event),
      package: (name, requires) => this.#graph.add(name, requires),
    });
    this.#begin("install");
    const result = await runContained({
      containment,
      executable: this.#interpreter!.executable,
      limits: this.#limits,
      job: this.#job(containment, wheels.length),
      deadline: this.#remaining() + 3000,
      label: this.#folder,
      signal: this.#calls.signal,
      onOutput: (chunk) => output.write(chunk),
      onEvent: (chunk) => events.write(chunk),
    });
    output.end();
    this.#concludeInside(result, events, result.flood);
  }

  /** What ended the sandbox, where the driver could not say so itself. */
  #concludeInside(result: KeptResult, events: DriverEvents, flood: boolean): void {
    if (this.#calls.signal?.aborted) this.#cancelled();
    const mib = Math.round(this.#limits.memory / 1024 / 1024);
    if (result.limit === "memory")
      this.#end("out-of-memory", `The stack needs more than ${mib} MiB of memory.`, {
        next: "Raise the memory limit.",
      });
    if (result.limit === "tasks")
      this.#end("process-limit", `The stack starts more than ${this.#limits.tasks} processes and threads.`);
    if (result.limit === "time")
      this.#end("timed-out", `The stack takes longer than ${this.#limits.seconds} s.`, {
        next: "Raise the time limit.",
      });
    if (flood || events.broken)
      this.#end("output-limit", "The stack writes more output than the limit allows.");
    if (!events.done)
      this.#end("lost", "The sandbox ended before it said what happened.", {
        next: "Validate again; the log has what was seen.",
      });
  }

  #job(containment: Containment, wheels: number): object {
    const { input, work } = containment;
    const { executable } = this.#interpreter!;
    const { install, check } = pipCommands(containment, this.#interpreter!);
    const { script } = this.#request;
    return {
      work,
      python: executable,
      count: wheels,
      install,
      check: wheels > 0 ? check : null,
      script: script === undefined ? null : `${input}/script/${basename(script)}`,
      limits: { ...this.#limits, seconds: this.#remaining() / 1000 },
      env: innerEnvironment(work),
    };
  }

  #stageEnded(
    name: StageName,
    event: { outcome: Outcome; ms: number; tail: string; exit?: number; signal?: number },
  ): void {
    const detail =
      name === "install"
        ? count(this.#packages.length, "package")
        : name === "import"
          ? count(this.#modules.length, "module")
          : undefined;
    if (name === "test") {
      this.#script = {
        outcome: event.outcome,
        duration: event.ms,
        ...(event.exit === undefined ? {} : { exit: event.exit }),
      };
    }
    this.#record(name, event.outcome, event.ms, detail);
    if (event.outcome === "passed" || name === "import") return;
    const failing =
      name === "check"
        ? /^([A-Za-z0-9][\w.-]*) \S+ (?:requires|has requirement)/m.exec(event.tail)?.[1]
        : undefined;
    this.#fail(name, event, failing);
  }

  #moduleEnded(event: {
    module: string;
    package: string;
    outcome: Outcome;
    ms: number;
    tail: string;
    exit?: number;
    signal?: number;
    done: number;
    total: number;
  }): void {
    const { module, outcome } = event;
    this.#modules.push({
      module,
      package: event.package,
      outcome,
      duration: event.ms,
      ...(event.exit === undefined ? {} : { exit: event.exit }),
      ...(event.signal === undefined ? {} : { signal: String(event.signal) }),
    });
    this.#calls.progress?.({
      stage: "import",
      message: `import ${module}`,
      done: event.done,
      total: event.total,
    });
    if (outcome !== "passed") this.#fail("import", event, event.package, module);
  }

  #fail(
    stage: StageName,
    event: { outcome: Outcome; tail: string; exit?: number; signal?: number },
    packageName?: string,
    module?: string,
  ): void {
    const found =
      packageName === undefined ? undefined : this.#packages.find((one) => one.name === packageName);
    const told = describeFailure({
      stage,
      ...event,
      limits: this.#limits,
      ...(found ? { found } : {}),
      ...(module ? { module } : {}),
    });
    const requirement = found ? this.#graph.requirementOf(found.name, this.#request.requirements) : undefined;
    this.#failures.push({
      stage,
      outcome: event.outcome,
      ...told,
      ...(found ? { package: found.name } : {}),
      ...(module ? { module } : {}),
      ...(requirement ? { requirement } : {}),
    });
  }

  #begin(name: StageName): void {
    if (this.#current?.name === name) return;
    this.#current = { name, began: Date.now() };
    if (name === "resolve" || name === "build" || name === "fetch") this.#log.line(`== ${name}`);
    this.#calls.progress?.({ stage: name, message: name });
  }

  #passed(detail: string): void {
    const { name, began } = this.#current!;
    this.#record(name, "passed", Date.now() - began, detail);
  }

  #record(name: StageName, outcome: Outcome, duration: number, detail?: string): void {
    if (this.#stages.some((stage) => stage.name === name)) return;
    const result = { name, outcome, duration, ...(detail === undefined ? {} : { detail }) };
    this.#stages.push(result);
    this.#current = undefined;
    this.#calls.progress?.({ stage: name, message: name, result });
  }

  #failure(outcome: Outcome, message: string, more: Partial<InspectionFailure> = {}): InspectionFailure {
    return {
      stage: this.#current?.name ?? this.#stages.at(-1)?.name ?? "sandbox",
      outcome,
      message,
      lines: [],
      ...more,
    };
  }

  #end(outcome: Outcome, message: string, more: Partial<InspectionFailure> = {}): never {
    throw new Ended(this.#failure(outcome, message, more));
  }

  #cancelled(): never {
    throw new Ended(this.#failure("cancelled", "Cancelled."));
  }

  #remaining(): number {
    return Math.max(1, this.#started + this.#limits.seconds * 1000 - Date.now());
  }

  /** Closes the stage in progress, marks what was not reached, and names the outcome: the first thing that went wrong. */
  #settle(): Outcome {
    if (this.#calls.signal?.aborted && !this.#failures.some((one) => one.outcome === "cancelled")) {
      this.#failures.push(this.#failure("cancelled", "Cancelled."));
    }
    // What stopped everything outranks what had gone wrong before: the rest was not seen.
    const last = this.#failures.at(-1);
    const stopped =
      last && ["cancelled", "lost", "timed-out", "out-of-memory"].includes(last.outcome) ? last : undefined;
    const outcome = stopped?.outcome ?? this.#failures[0]?.outcome ?? "passed";
    if (this.#current)
      this.#record(this.#current.name, last?.outcome ?? outcome, Date.now() - this.#current.began);
    for (const name of allStages) {
      if (name === "test" && this.#request.script === undefined) continue;
      if (!this.#stages.some((stage) => stage.name === name))
        this.#stages.push({ name, outcome: "skipped", duration: 0 });
    }
    return outcome;
  }
}

function pick({ version, executable, implementation, platform }: Interpreter) {
  return { version, executable, implementation, platform };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
