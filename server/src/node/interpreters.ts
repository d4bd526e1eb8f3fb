// Interpreters that a person could choose: found by their files, none of them run.
import { readFile, realpath, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { InterpreterChoice } from "../../../shared/src/protocol/editor.ts";
import { say } from "../l10n.ts";

/** Virtual environments of the folder and above, `VIRTUAL_ENV`, then what PATH has. */
export async function findInterpreters(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Promise<InterpreterChoice[]> {
  const choices = new Map<string, InterpreterChoice>();
  const add = async (path: string, label: string, detail: string): Promise<void> => {
    if (choices.has(path) || !(await stat(path).catch(() => undefined))?.isFile()) return;
    choices.set(path, { path, label, detail });
  };
  const inEnvironment = (prefix: string): string =>
    platform === "win32" ? join(prefix, "Scripts", "python.exe") : join(prefix, "bin", "python");
  const prefixes = [join(folder, ".venv"), join(folder, "venv"), join(folder, "..", ".venv")];
  if (env.VIRTUAL_ENV) prefixes.push(env.VIRTUAL_ENV);
  for (const prefix of prefixes) {
    const version = await versionOf(prefix);
    await add(inEnvironment(prefix), version ? `Python ${version}` : "Python", say("virtual environment"));
  }
  const names =
    platform === "win32"
      ? ["python.exe"]
      : ["python3", "python", ...Array.from({ length: 8 }, (_value, minor) => `python3.${15 - minor}`)];
  const parts = (env.PATH ?? "").split(delimiter).filter(Boolean);
  // /bin is often another name of /usr/bin.
  const folders = new Set(await Promise.all(parts.map((part) => realpath(part).catch(() => part))));
  for (const part of folders) {
    for (const name of names) await add(join(part, name), name.replace(/\.exe$/, ""), say("on PATH"));
  }
  return [...choices.values()];
}

async function versionOf(prefix: string): Promise<string | undefined> {
  const text = await readFile(join(prefix, "pyvenv.cfg"), "utf8").catch(() => "");
  return /^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1];
}
