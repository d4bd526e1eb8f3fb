// What the benchmarks share: a row of the table, and peers in Python, which are installed outside the repository.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
    execFileSync(python, ["-m", "pip", "install", "--quiet", requirement], { stdio: "ignore" });
  }
  return python;
}
