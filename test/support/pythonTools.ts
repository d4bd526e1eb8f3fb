// The tools that install locks for real: pip, uv and pipenv, put into an ignored folder from this machine's registry on first use.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the tests were written against. pipenv's lock is compared byte by byte. */
const TOOLS = ["pip==26.3", "uv==0.13.9", "pipenv==2026.10.3"];
const CACHE = fileURLToPath(new URL("../../.thoth-cache/", import.meta.url));

export interface PythonTools {
  readonly python: string;
  readonly pip: string;
  readonly uv: string;
  readonly pipenv: string;
}

/** The tools, or in a phrase why there are none on this machine. */
export async function findPythonTools(): Promise<PythonTools | { readonly missing: string }> {
  const folder = join(CACHE, `lock-tools-${TOOLS.map((tool) => tool.split("==")[1]).join("-")}`);
  const ready = join(folder, "ready");
  if (!existsSync(ready)) {
    const missing = await installTools(folder, ready);
    if (missing !== undefined) return { missing };
  }
  const bin = (name: string): string => join(folder, "bin", name);
  return { python: bin("python"), pip: bin("pip"), uv: bin("uv"), pipenv: bin("pipenv") };
}

async function installTools(folder: string, ready: string): Promise<string | undefined> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const draft = `${folder}.${process.pid}`;
  try {
    await run("python3", ["-m", "venv", draft], { timeout: 60_000 });
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return "no Python here makes virtual environments";
  }
  try {
    // Scripts name their interpreter, so that the folder has to have its name before they are written.
    renameSync(draft, folder);
    const options = ["--quiet", "--disable-pip-version-check", "--retries", "0", "--timeout", "15"];
    const python = join(folder, "bin", "python");
    await run(python, ["-m", "pip", "install", ...options, ...TOOLS], { timeout: 240_000 });
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return "no registry gave pip, uv and pipenv";
  }
  writeFileSync(ready, "");
  return undefined;
}

/** An empty virtual environment, and what is installed there. */
export async function makeEnvironment(
  { python, pip }: PythonTools,
  folder: string,
): Promise<{ readonly python: string; list(): Promise<Record<string, string>> }> {
  await run(python, ["-m", "venv", "--without-pip", folder]);
  const own = join(folder, "bin", "python");
  return {
    python: own,
    async list() {
      const { stdout } = await run(pip, ["--python", own, "list", "--format", "json"], {
        env: bareEnvironment(),
      });
      const rows = JSON.parse(stdout) as { name: string; version: string }[];
      return Object.fromEntries(
        rows.map(({ name, version }) => [name.replace(/[-_.]+/g, "-").toLowerCase(), version]),
      );
    },
  };
}

/** This process's environment without what configures pip, uv, pipenv and proxies: they are to ask loopback alone. */
export function bareEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([key, value]) =>
      value !== undefined && !/^(PIP_|UV_|PIPENV_|VIRTUAL_ENV|PYTHON|XDG_|.*_proxy$)/i.test(key),
  ) as [string, string][];
  return {
    ...Object.fromEntries(kept),
    PIP_CONFIG_FILE: "/dev/null",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_CACHE_DIR: "1",
    UV_NO_CONFIG: "1",
    UV_NO_CACHE: "1",
    UV_PYTHON_DOWNLOADS: "never",
    ...more,
  };
}

/** The environment of pipenv for a project in `folder`. */
export function pipenvEnvironment(folder: string): Record<string, string> {
  return bareEnvironment({
    HOME: folder,
    PIPENV_VENV_IN_PROJECT: "1",
    PIPENV_IGNORE_VIRTUALENVS: "1",
    PIPENV_NOSPIN: "1",
    PIPENV_YES: "1",
    PIPENV_CACHE_DIR: join(folder, ".pipenv-cache"),
  });
}
