// Finds the interpreter of a folder and reads what its files say of it, without running it.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join, resolve } from "node:path";

export interface FoundInterpreter {
  readonly path: string;
  /** In words: `option --python`, `.venv`, `VIRTUAL_ENV`, `PATH`. */
  readonly origin: string;
  /** Folder of the virtual environment that it belongs to. */
  readonly environmentFolder?: string;
}

/** What `pyvenv.cfg` says (PEP 405, and the keys that venv, virtualenv and uv add). */
export interface VirtualEnvironment {
  readonly folder: string;
  readonly version?: string;
  readonly implementation?: string;
  /** The folder of the interpreter that it was made from. */
  readonly home?: string;
  readonly systemSitePackages: boolean;
}

export interface FindOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The folder of the manifest. */
  readonly cwd: string;
  /** A path of an interpreter, or the folder of a virtual environment. */
  readonly interpreter?: string;
  /** Not looked above this folder; without it, the look ends at the first folder with a `.git`. */
  readonly workspace?: string;
}

/**
 * The interpreter that this folder would use: the one named, `.venv` here or above, `VIRTUAL_ENV`, then `python3` or
 * `python` on PATH. Undefined where there is none; one that was named and is not there is answered as `missing`.
 */
export function findInterpreter(
  options: FindOptions,
): FoundInterpreter | { readonly missing: string } | undefined {
  if (options.interpreter !== undefined) {
    const path = resolve(options.cwd, expandHome(options.interpreter, options.home));
    const found = isFile(path) ? path : interpreterIn(path, options.platform);
    if (!found) return { missing: options.interpreter };
    return withEnvironment(found, "the interpreter named");
  }
  for (const folder of foldersUpwards(options)) {
    const path = interpreterIn(join(folder, ".venv"), options.platform);
    if (path) return withEnvironment(path, join(folder, ".venv"));
  }
  const active = options.env.VIRTUAL_ENV;
  if (active) {
    const path = interpreterIn(active, options.platform);
    if (path) return withEnvironment(path, "VIRTUAL_ENV");
  }
  return onPath(options);
}

/** The interpreter of a virtual environment's folder, or undefined. */
export function interpreterIn(folder: string, platform: NodeJS.Platform): string | undefined {
  const names = platform === "win32" ? ["Scripts/python.exe"] : ["bin/python3", "bin/python"];
  return names.map((name) => join(folder, name)).find(isFile);
}

/** Reads `pyvenv.cfg` beside or above an interpreter; undefined where it is no virtual environment. */
export function readVirtualEnvironment(interpreter: string): VirtualEnvironment | undefined {
  for (const folder of [dirname(interpreter), dirname(dirname(interpreter))]) {
    let text: string;
    try {
      text = readFileSync(join(folder, "pyvenv.cfg"), "utf8");
    } catch {
      continue;
    }
    const keys = new Map<string, string>();
    for (const line of text.split(/\r?\n/)) {
      const at = line.indexOf("=");
      if (at > 0) keys.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
    }
    const version = /^(\d+\.\d+\.\d+)(?:\.?(a|b|rc|alpha|beta|candidate|final)\.?(\d+))?/.exec(
      keys.get("version_info") ?? keys.get("version") ?? "",
    );
    const implementation = keys.get("implementation");
    const home = keys.get("home");
    return {
      folder,
      ...(version === null ? {} : { version: fullVersion(version[1]!, version[2], version[3]) }),
      ...(implementation === undefined ? {} : { implementation: implementation.toLowerCase() }),
      ...(home === undefined ? {} : { home }),
      systemSitePackages: keys.get("include-system-site-packages")?.toLowerCase() === "true",
    };
  }
  return undefined;
}

/** The `python_full_version` of PEP 508: `3.14.0rc1` for a pre-release, without a level for a final. */
export function fullVersion(release: string, level?: string, serial?: string): string {
  const letters: Readonly<Record<string, string>> = {
    alpha: "a",
    beta: "b",
    candidate: "rc",
    a: "a",
    b: "b",
    rc: "rc",
  };
  const letter = level === undefined ? undefined : letters[level];
  return letter === undefined ? release : `${release}${letter}${serial ?? "0"}`;
}

/** When a file was last changed, for a cache key; undefined where it is not there. */
export function modified(path: string): number | undefined {
  try {
    return Math.floor(statSync(path).mtimeMs);
  } catch {
    return undefined;
  }
}

function withEnvironment(path: string, origin: string): FoundInterpreter {
  const environment = readVirtualEnvironment(path);
  return { path, origin, ...(environment === undefined ? {} : { environmentFolder: environment.folder }) };
}

function* foldersUpwards({ cwd, workspace, home }: FindOptions): Generator<string> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    yield folder;
    const last =
      workspace === undefined ? modified(join(folder, ".git")) !== undefined : folder === workspace;
    if (last || folder === home || dirname(folder) === folder) return;
  }
}

function onPath(options: FindOptions): FoundInterpreter | undefined {
  const names = options.platform === "win32" ? ["python.exe"] : ["python3", "python"];
  const folders = (options.env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (!isFile(path)) continue;
      // The store's stand-in on Windows opens a shop window when it is run.
      if (options.platform === "win32" && /\\WindowsApps\\/i.test(path) && isEmptyFile(path)) continue;
      const behind = behindPyenv(path, options);
      if (behind === null) continue;
      return withEnvironment(behind ?? path, behind ? "PATH, by way of pyenv" : "PATH");
    }
  }
  return undefined;
}

/**
 * pyenv puts a shell script in place of every Python, which takes 50 ms and answers for the folder it is run in: its choice is read
 * from where it reads it (PYENV_VERSION, `.python-version` here or above, the global `version`).
 * Undefined: not pyenv's. Null: pyenv's, and no version is chosen that has a Python.
 */
function behindPyenv(path: string, options: FindOptions): string | null | undefined {
  if (basename(dirname(path)) !== "shims") return undefined;
  const root = dirname(dirname(path));
  if (modified(join(root, "versions")) === undefined) return undefined;
  for (const version of pyenvVersions(root, options)) {
    if (version === "system") return null;
    const chosen = join(root, "versions", version, "bin", basename(path));
    if (isFile(chosen)) return chosen;
  }
  return null;
}

function pyenvVersions(root: string, { env, cwd }: FindOptions): string[] {
  const read = (file: string): string[] | undefined => {
    try {
      const words = readFileSync(file, "utf8").replace(/#.*$/gm, "").split(/\s+/).filter(Boolean);
      return words.length > 0 ? words : undefined;
    } catch {
      return undefined;
    }
  };
  if (env.PYENV_VERSION) return env.PYENV_VERSION.split(":");
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const words = read(join(folder, ".python-version"));
    if (words) return words;
    if (dirname(folder) === folder) break;
  }
  return read(join(root, "version")) ?? [];
}

function expandHome(path: string, home: string): string {
  return path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isEmptyFile(path: string): boolean {
  try {
    return statSync(path).size === 0;
  } catch {
    return true;
  }
}

/** The file behind symbolic links, or the path itself. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
