// Runs the driver in its containment, under the keeper, and stops what writes more than it may.
import { findGroupParent } from "./cgroup.ts";
import { type KeptResult, runKept } from "./keeper.ts";
import type { InspectionLimits } from "./model.ts";
import { bwrapEnvironment, type Containment } from "./sandbox.ts";

export interface ContainedRun {
  readonly containment: Containment;
  /** The Python that runs `driver.py` of the input folder. */
  readonly executable: string;
  readonly limits: InspectionLimits;
  /** What the driver reads, as JSON. */
  readonly job: object;
  /** Milliseconds. */
  readonly deadline: number;
  /** Shown in the list of processes. */
  readonly label: string;
  readonly signal?: AbortSignal | undefined;
  /** What is written, all stages together. */
  onOutput(chunk: Buffer): void;
  /** What the driver tells. */
  onEvent(chunk: Buffer): void;
}

/** @returns how it ended; `flood` where it was stopped for what it wrote. */
export async function runContained(run: ContainedRun): Promise<KeptResult & { readonly flood: boolean }> {
  const { containment, limits } = run;
  const { contained } = containment;
  let flood = false;
  let written = 0;
  const stop = new AbortController();
  const signal = run.signal ? AbortSignal.any([run.signal, stop.signal]) : stop.signal;
  // The kernel counts files in memory as well, which the disk limit bounds: the keeper's watch is the closer one.
  const group = contained ? findGroupParent() : undefined;
  const python = [run.executable, "-I", "-S", `${containment.input}/driver.py`];
  const result = await runKept({
    command: contained ? containment.command : python[0]!,
    args: contained ? [...containment.args, ...python] : python.slice(1),
    env: bwrapEnvironment,
    cwd: "/",
    label: run.label,
    feed: `${JSON.stringify(run.job)}\n`,
    ...(containment.filter ? { filter: containment.filter } : {}),
    info: contained,
    memory: limits.memory,
    ...(group === undefined ? {} : { group: { parent: group, memory: limits.memory + limits.disk } }),
    tasks: contained ? limits.tasks : 0,
    deadline: run.deadline,
    signal,
    onOutput: (chunk) => {
      written += chunk.length;
      run.onOutput(chunk);
      // The driver counts as well; this holds where the driver itself was overcome.
      if (written > limits.output + 4 * 1024 * 1024) {
        flood = true;
        stop.abort();
      }
    },
    onEvent: (chunk) => run.onEvent(chunk),
  });
  return { ...result, flood };
}

/** The environment of what runs inside: nothing of this machine's. */
export function innerEnvironment(work: string): Record<string, string> {
  return {
    PATH: `${work}/venv/bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: `${work}/home`,
    TMPDIR: `${work}/tmp`,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    VIRTUAL_ENV: `${work}/venv`,
    PYTHONNOUSERSITE: "1",
    PIP_CONFIG_FILE: "/dev/null",
    PIP_NO_INPUT: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  };
}

/** The pip commands of the driver: it fills the virtual environment with the wheels of the input folder and nothing else. */
export function pipCommands(
  { input, work }: Pick<Containment, "input" | "work">,
  { executable, pip }: { readonly executable: string; readonly pip?: { readonly wheel?: string } },
): { readonly install: readonly string[]; readonly check: readonly string[] } {
  const module = pip?.wheel ? [`${pip.wheel}/pip`] : ["-m", "pip"];
  const command = [executable, "-I", ...module, "--python", `${work}/venv/bin/python`];
  const quiet = ["--no-compile", "--no-cache-dir", "--progress-bar", "off", "--no-color"];
  const wheels = ["--no-index", "--find-links", `${input}/wheels`, "--no-deps", "--require-hashes"];
  return {
    install: [...command, "install", ...quiet, ...wheels, "-r", `${input}/pins.txt`],
    check: [...command, "check"],
  };
}
