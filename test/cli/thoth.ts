// Runs the command as it ships, from the bundle, in a folder of its own, with nothing of the machine's configuration.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "../../scripts/bootstrap.js";

/** Built anew where a source is younger. */
export const ENTRY = build(process.execPath);

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly folder: string;
  readonly env: Record<string, string>;
  write(name: string, content: string | Uint8Array): string;
  /** Runs `thoth ARGS` there. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  start(args: readonly string[], options?: RunOptions): ChildProcess;
  remove(): void;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** A folder with a virtual environment for Python 3.11.7 that is only its files: nothing needs to be run to know it. */
export function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "thoth-cli-"));
  const home = join(folder, "home");
  const work = join(folder, "work");
  mkdirSync(join(work, ".venv", "bin"), { recursive: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(work, ".venv", "pyvenv.cfg"), "home = /nowhere/bin\nversion = 3.11.7\n");
  writeFileSync(join(work, ".venv", "bin", "python3"), "");
  const kept = Object.entries(process.env).filter(
    ([key, value]) =>
      value !== undefined && !/^(PIP_|UV_|VIRTUAL_ENV|XDG_|NO_COLOR|FORCE_COLOR|THOTH_|.*_proxy$)/i.test(key),
  ) as [string, string][];
  const env = {
    ...Object.fromEntries(kept),
    HOME: home,
    XDG_DATA_HOME: join(home, "data"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_STATE_HOME: join(home, "state"),
    PIP_CONFIG_FILE: "/dev/null",
    // Nobody outside this machine is asked.
    THOTH_TRUST_REPOSITORY: "off",
    NODE_DISABLE_COMPILE_CACHE: "1",
  };
  const start = (args: readonly string[], options: RunOptions = {}) =>
    spawn(process.execPath, [ENTRY, ...args], {
      cwd: options.cwd ?? work,
      env: { ...env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
  return {
    folder: work,
    env,
    write(name, content) {
      const path = join(work, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    start,
    run: (args, options) => finished(start(args, options)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a process wrote and how it ended. */
export function finished(child: ChildProcess): Promise<Ran> {
  return new Promise((settle, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      stdout += piece;
    });
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      stderr += piece;
    });
    child.on("error", reject);
    child.on("close", (status) => settle({ status, stdout, stderr }));
    child.stdin?.end();
  });
}
