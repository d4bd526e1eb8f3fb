// Which interpreter an inspection uses: the one behind a virtual environment, asked without running anything that is installed.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

export interface Interpreter {
  readonly executable: string;
  /** `3.11.7`. */
  readonly version: string;
  readonly implementation: string;
  /** As `sysconfig.get_platform()` says: `linux-x86_64`. */
  readonly platform: string;
  /** Folders that it needs to run. */
  readonly prefixes: readonly string[];
  /** Where pip is: importable, or a wheel that ensurepip carries. Absent where there is none. */
  readonly pip?: { readonly version: string; readonly wheel?: string };
}

export type InterpreterAnswer =
  | { readonly ok: true; readonly interpreter: Interpreter }
  | { readonly ok: false; readonly message: string; readonly next: string };

/** Run with -I -S: no site, so no .pth file of any environment has a say. */
const question = String.raw`
import glob, json, os, re, sys, sysconfig
pip = None
for folder in [sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"], "/usr/lib/python3/dist-packages"]:
    try:
        with open(os.path.join(folder, "pip", "__init__.py"), encoding="utf-8") as file:
            found = re.search(r'__version__\s*=\s*["\']([^"\']+)', file.read(65536))
    except OSError:
        continue
    if found:
        pip = {"version": found.group(1)}
        break
if pip is None:
    places = ["/usr/share/python-wheels"]
    try:
        import ensurepip
        places.insert(0, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
    except ImportError:
        pass
    for place in places:
        for wheel in glob.glob(os.path.join(glob.escape(place), "pip-*-py3-none-any.whl")):
            pip = pip or {"version": os.path.basename(wheel).split("-")[1], "wheel": wheel}
print(json.dumps({
    "executable": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "platform": sysconfig.get_platform(),
    "prefixes": sorted({sys.base_prefix, sys.base_exec_prefix}),
    **({"pip": pip} if pip else {}),
}))
`;

/**
 * Describes the interpreter at `path`. For one inside a virtual environment that is the interpreter it was made from
 * (`home` of pyvenv.cfg, PEP 405): what is installed in the environment is never run.
 */
export function describeInterpreter(path: string, signal?: AbortSignal): Promise<InterpreterAnswer> {
  const executable = behindVirtualEnvironment(path);
  return new Promise((resolve) => {
    const fail = (message: string): void =>
      resolve({ ok: false, message, next: "Choose another interpreter for this folder." });
    execFile(
      executable,
      ["-I", "-S", "-c", question],
      { timeout: 20_000, maxBuffer: 1 << 20, ...(signal ? { signal } : {}), env: bareEnvironment() },
      (error, stdout) => {
        if (error) {
          const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
          return fail(missing ? `${path} does not exist.` : `${path} does not run as a Python interpreter.`);
        }
        try {
          const found = JSON.parse(stdout) as Interpreter;
          if (!isAbsolute(found.executable)) return fail(`${path} does not say where it is.`);
          resolve({ ok: true, interpreter: found });
        } catch {
          fail(`${path} does not answer as a Python interpreter does.`);
        }
      },
    );
  });
}

/** What a version manager's shim needs to find its interpreter, and nothing more. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const name of ["PATH", "HOME", "SYSTEMROOT", "PYENV_ROOT", "PYENV_VERSION", "LANG"]) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  return kept;
}

function behindVirtualEnvironment(path: string): string {
  try {
    const text = readFileSync(join(dirname(dirname(path)), "pyvenv.cfg"), "utf8");
    const value = (key: string): string | undefined =>
      new RegExp(`^\\s*${key}\\s*=\\s*(.+?)\\s*$`, "m").exec(text)?.[1];
    const executable = value("executable") ?? value("base-executable");
    if (executable) return executable;
    const home = value("home");
    if (home) return join(home, process.platform === "win32" ? "python.exe" : "python3");
  } catch {
    // Not a virtual environment.
  }
  return path;
}
