// What the benchmarks share: a row of the table, whole processes and their times, the frozen index, and peers in Python, which are
// installed outside the repository.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The bundle that the benchmarks time. */
export const BUNDLE = fileURLToPath(new URL("../../dist/thoth.js", import.meta.url));

const SHARED = fileURLToPath(new URL("../../../shared/", import.meta.url));
/** The frozen part of the public index. */
export const SNAPSHOT = join(SHARED, "real-index");

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: number;
  readonly reach: string;
  readonly met: boolean;
}

/** The middle of the values, the upper one of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/**
 * A Python that has a package: the one in BENCH_PYTHON, else a virtual environment below the system's temporary folder, made on
 * first use. Throws what the process says where it cannot be made.
 */
export function pythonWith(module: string, requirement: string): string {
  const given = process.env.BENCH_PYTHON;
  if (given) return given;
  const folder = join(tmpdir(), "thoth-bench", module);
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const works = existsSync(python) && spawnSync(python, ["-c", `import ${module}`]).status === 0;
  if (!works) {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "ignore" });
    execFileSync(python, ["-m", "pip", "install", "--quiet", ...requirement.split(" ")], { stdio: "ignore" });
  }
  return python;
}

/** Builds the bundle where there is none. */
export async function needBundle(): Promise<void> {
  if (!existsSync(BUNDLE)) await (await import("../../scripts/build.ts")).buildAll();
}

/**
 * Milliseconds that a whole process took.
 * @throws what it said where it ended with another status than is expected.
 */
export function timed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { cwd, status: expected = 0 }: { readonly cwd?: string; readonly status?: number } = {},
): number {
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { env, cwd, encoding: "utf8" });
  const took = Number(process.hrtime.bigint() - began) / 1e6;
  if (status !== expected) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return took;
}

/** An environment in which neither pip nor uv is told anything by this machine, with a data folder of its own. */
export function cleanEnvironment(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([key]) => !/^(PIP_|UV_|VIRTUAL_ENV|.*_proxy$)/i.test(key));
  const own = {
    PIP_CONFIG_FILE: "/dev/null",
    THOTH_TRUST_REPOSITORY: "off",
    XDG_DATA_HOME: join(folder, "data"),
  };
  return { ...Object.fromEntries(kept), ...own };
}

/** The path of the interpreter itself: a shim before it would be timed with it. */
export function realPython(): string {
  return (
    process.env.BENCH_PYTHON ??
    execFileSync("python3", ["-c", "import sys; print(sys._base_executable)"], { encoding: "utf8" }).trim()
  );
}

/** A program of the Python registry: installed by pip into a folder below the temporary one on first use, or named by `BENCH_NAME`. */
export function findPeer(name: string): string {
  const given = process.env[`BENCH_${name.toUpperCase().replaceAll("-", "_")}`];
  if (given) return given;
  const folder = join(tmpdir(), "thoth-bench", name);
  const program = join(folder, "bin", name);
  const mark = join(folder, "installed");
  if (existsSync(mark)) return program;
  execFileSync("python3", ["-m", "venv", folder]);
  execFileSync(join(folder, "bin", "pip"), ["install", "--quiet", "--upgrade", name], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(mark, "");
  return program;
}

export interface SnapshotIndex {
  readonly url: string;
  close(): void;
}

/** Serves the frozen index on loopback, each answer that many milliseconds late. */
export async function serveSnapshot(delay = 0): Promise<SnapshotIndex> {
  const proxy = spawn(
    process.execPath,
    [
      join(SHARED, "tools", "index-proxy.mjs"),
      "--snapshot",
      SNAPSHOT,
      "--delay",
      `${delay}`,
      "--watch-stdin",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  return { url: await addressOf(proxy), close: () => proxy.kill() };
}

function addressOf(proxy: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    let said = "";
    proxy.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      const url = /listening (\S+)/.exec(said)?.[1];
      if (url !== undefined) settle(url);
    });
    proxy.on("exit", (status) => reject(new Error(`The index proxy ended with ${status}.`)));
  });
}
