// The two tools that run outside the sandbox, pip and uv, held to wheels so that no code of a package runs.
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Interpreter } from "./interpreter.ts";
import { type KeptResult, runKept } from "./keeper.ts";
import type { InspectionIndexes } from "./model.ts";

export interface HostToolResult extends KeptResult {
  readonly output: string;
}

export interface HostToolOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: number;
  readonly signal?: AbortSignal;
  onOutput?(chunk: Buffer): void;
}

/**
 * pip never needs another process to read wheels. It starts one to build a source distribution or to clone a repository,
 * which a direct reference in some package's metadata can ask for whatever `--only-binary` says: an audit hook
 * (PEP 578) refuses all of them, keyring's program aside.
 */
const guardedPip = `
import os, runpy, sys
wheel = sys.argv.pop(1)
if wheel:
    sys.path.insert(0, wheel)
refused = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile"}
def guard(event, args):
    if event in refused:
        program = args[0] if args else ""
        if event == "subprocess.Popen" and not program and len(args) > 1:
            program = args[1][0] if isinstance(args[1], (list, tuple)) and args[1] else args[1]
        if event in ("subprocess.Popen", "os.posix_spawn") and os.path.basename(os.fsdecode(program)) == "keyring":
            return
        raise PermissionError(13, "building from source is refused while resolving", str(program))
sys.addaudithook(guard)
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`;

const MAX_OUTPUT = 4 * 1024 * 1024;

/** Runs pip of `interpreter` with the guard. `-I`: neither PYTHON* nor the user's site-packages have a say. */
export function runPip(
  interpreter: Interpreter,
  args: readonly string[],
  options: HostToolOptions,
): Promise<HostToolResult> {
  return runHostTool(
    interpreter.executable,
    ["-I", "-c", guardedPip, interpreter.pip?.wheel ?? "", ...args],
    options,
  );
}

/** Runs a program under a keeper and collects what it says, within bounds. */
export async function runHostTool(
  command: string,
  args: readonly string[],
  options: HostToolOptions,
): Promise<HostToolResult> {
  const chunks: Buffer[] = [];
  let size = 0;
  const result = await runKept({
    command,
    args,
    env: options.env,
    cwd: options.cwd,
    deadline: options.deadline,
    ...(options.signal ? { signal: options.signal } : {}),
    onOutput: (chunk) => {
      size += chunk.length;
      if (size <= MAX_OUTPUT) chunks.push(chunk);
      options.onOutput?.(chunk);
    },
  });
  return { ...result, output: Buffer.concat(chunks).toString("utf8") };
}

/** Settings that would turn pip's work into something else than looking. */
const turnedAside = [
  "PIP_REQUIRE_VIRTUALENV",
  "PIP_TARGET",
  "PIP_PREFIX",
  "PIP_ROOT",
  "PIP_REPORT",
  "PIP_LOG",
  "PIP_NO_BINARY",
  "PIP_USER",
  "PIP_PYTHON",
  "PIP_REQUIREMENT",
  "PIP_EDITABLE",
];

/** The environment of a host tool: the caller's, without what turns it aside. */
export function hostEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  indexes: InspectionIndexes,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || turnedAside.includes(name)) continue;
    if (name.startsWith("ELECTRON_") || name.startsWith("VSCODE_") || name.startsWith("NODE_")) continue;
    if (/^(?:PYTHON|VIRTUAL_ENV|CONDA_|LD_PRELOAD)/.test(name)) continue;
    if (indexes.usePipConfiguration === false && name.startsWith("PIP_")) continue;
    kept[name] = value;
  }
  kept.PIP_DISABLE_PIP_VERSION_CHECK = "1";
  kept.PIP_NO_INPUT = "1";
  kept.PIP_NO_COLOR = "1";
  // Looking is allowed in an interpreter that its distribution manages (PEP 668); nothing is installed into it.
  kept.PIP_BREAK_SYSTEM_PACKAGES = "1";
  if (indexes.usePipConfiguration === false)
    kept.PIP_CONFIG_FILE = process.platform === "win32" ? "nul" : "/dev/null";
  return kept;
}

/** The first program of that name on PATH. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  for (const folder of (path ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}
