// Reads pip's configuration from where pip reads it, in pip's order, and remembers where each value was written.
import { posix, win32 } from "node:path";
import { normalizeKey, readIniFile } from "./iniFile.ts";
import type { ValueOrigin } from "./model.ts";

export interface PipConfigurationInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Home folder of the user. */
  readonly home: string;
  /** Where relative paths start. */
  readonly cwd: string;
  /** The text of a file, or undefined where there is none. Throws where it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /** `sys.prefix` of the Python that pip runs under: a virtual environment's folder. */
  readonly venv?: string | undefined;
  /** The pip command whose section counts beside `[global]`. `install` by default. */
  readonly command?: string;
}

/** One value as written. What it says may hold credentials: show it through `redactText`. */
export interface PipValue {
  readonly section: string;
  /** Lower case, with dashes: `index-url`. */
  readonly key: string;
  readonly value: string;
  readonly origin: ValueOrigin;
}

export interface PipConfigurationFile {
  readonly path: string;
  readonly kind: ValueOrigin["kind"];
  readonly state: "read" | "absent" | "broken";
  readonly problem?: string;
}

export interface PipConfiguration {
  /** What counts, by key: the last one written, by pip's order. */
  readonly values: ReadonlyMap<string, PipValue>;
  /** Everything that was found, in pip's order: a later one overrides. */
  readonly all: readonly PipValue[];
  /** Every place that was looked at. */
  readonly files: readonly PipConfigurationFile[];
  readonly input: PipConfigurationInput;
}

interface Place {
  readonly kind: ValueOrigin["kind"];
  readonly path: string;
}

/** The files that pip would read, lowest first (pip `get_configuration_files`, `iter_config_files`, platformdirs). */
function configurationPlaces(input: PipConfigurationInput): Place[] {
  const { env, platform, home, venv } = input;
  const { join } = platform === "win32" ? win32 : posix;
  const places: Place[] = [];
  const add = (kind: Place["kind"], path: string): number => places.push({ kind, path });
  if (env.PIP_CONFIG_FILE === (platform === "win32" ? "nul" : "/dev/null")) return places;
  const own = env.PIP_CONFIG_FILE;
  const ownExists = own !== undefined && own !== "" && safeRead(input, own).text !== undefined;
  if (platform === "win32") {
    add("global", join(env.PROGRAMDATA ?? env.ALLUSERSPROFILE ?? "C:\\ProgramData", "pip", "pip.ini"));
    if (!ownExists) {
      add("user", join(home, "pip", "pip.ini"));
      add("user", join(env.APPDATA ?? join(home, "AppData", "Roaming"), "pip", "pip.ini"));
    }
  } else if (platform === "darwin") {
    add("global", "/Library/Application Support/pip/pip.conf");
    if (!ownExists) {
      add("user", join(home, ".pip", "pip.conf"));
      const support = join(home, "Library", "Application Support", "pip", "pip.conf");
      const present = safeRead(input, support).text !== undefined;
      add("user", present ? support : join(home, ".config", "pip", "pip.conf"));
    }
  } else {
    const folders = (env.XDG_CONFIG_DIRS || "/etc/xdg").split(":").filter((folder) => folder.trim() !== "");
    for (const folder of folders) add("global", join(folder, "pip", "pip.conf"));
    add("global", "/etc/pip.conf");
    if (!ownExists) {
      add("user", join(home, ".pip", "pip.conf"));
      add("user", join(env.XDG_CONFIG_HOME || join(home, ".config"), "pip", "pip.conf"));
    }
  }
  if (venv) add("site", join(venv, platform === "win32" ? "pip.ini" : "pip.conf"));
  if (own) add("pip-config-file", own);
  return places;
}

function safeRead(input: PipConfigurationInput, path: string): { text?: string; problem?: string } {
  try {
    const text = input.readFile(path);
    return text === undefined ? {} : { text };
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})` };
  }
}

/**
 * pip's configuration as `pip config debug` lists it. Files: global, user, site, `PIP_CONFIG_FILE`; then `PIP_*` variables.
 * Among what is found, `[global]` gives way to the command's section and that to the environment; empty values do not count
 * (pip `ConfigOptionParser._get_ordered_configuration_items`). A file that is not an INI file is listed as broken, and the
 * lines that could be read count. Never throws.
 */
export function readPipConfiguration(input: PipConfigurationInput): PipConfiguration {
  const command = input.command ?? "install";
  const all: PipValue[] = [];
  const files: PipConfigurationFile[] = [];
  for (const { kind, path } of configurationPlaces(input)) {
    const { text, problem } = safeRead(input, path);
    if (text === undefined) {
      files.push({ path, kind, state: problem ? "broken" : "absent", ...(problem ? { problem } : {}) });
      continue;
    }
    const read = readIniFile(text);
    files.push({
      path,
      kind,
      state: read.error ? "broken" : "read",
      ...(read.error ? { problem: read.error } : {}),
    });
    for (const [section, options] of read.sections) {
      for (const [key, value] of options) all.push({ section, key, value, origin: { kind, where: path } });
    }
  }
  for (const [name, value] of Object.entries(input.env)) {
    if (!name.startsWith("PIP_") || value === undefined) continue;
    const key = normalizeKey(name.slice(4));
    // pip would else read PIP_VERSION and PIP_HELP, set for other purposes, as options.
    if (key === "version" || key === "help" || key === "config-file") continue;
    all.push({ section: ":env:", key, value, origin: { kind: "environment", where: name } });
  }
  const values = new Map<string, PipValue>();
  for (const section of ["global", command, ":env:"]) {
    const last = new Map<string, PipValue>();
    for (const value of all) if (value.section === section) last.set(value.key, value);
    for (const [key, value] of last) if (value.value !== "") values.set(key, value);
  }
  return { values, all, files, input };
}
