// `.thoth.yaml` for a folder: found upwards as far as the repository reaches, read, and what is wrong in it told.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Configuration, ConfiguredEnvironment } from "../../../shared/src/config/index.ts";
import { OperationError } from "./errors.ts";

export const CONFIGURATION_NAME = ".thoth.yaml";

export interface FoundConfiguration {
  /** Absolute; undefined where there is none. */
  readonly path?: string;
  readonly configuration: Configuration;
  /** What was passed over, in sentences. */
  readonly problems: readonly string[];
}

/** No person writes so much; a file that says so is none. */
const MOST_BYTES = 1024 * 1024;
const NONE: FoundConfiguration = { configuration: {}, problems: [] };

/**
 * The path of the `.thoth.yaml` that holds for a folder: its own, or the nearest above it within the same repository. Outside of
 * a repository only the folder's own counts, so that a file in a shared place such as /tmp decides nothing.
 */
export function findConfiguration(folder: string): string | undefined {
  const last = repositoryOf(folder) ?? folder;
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, CONFIGURATION_NAME);
    if (existsSync(path)) return path;
    if (at === last) return undefined;
  }
}

/** The folder with `.git` that a folder is in, or is itself. */
export function repositoryOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The configuration that holds for a folder. Throws OperationError where it says what cannot be understood. */
export async function configurationFor(folder: string): Promise<FoundConfiguration> {
  const path = findConfiguration(folder);
  if (path === undefined) return NONE;
  const { readConfiguration } = await import("../../../shared/src/config/index.ts");
  const { configuration, problems } = readConfiguration(readFile(path));
  const grave = problems.find(({ code }) => code !== "unknown-key");
  if (grave || configuration === undefined) {
    throw new OperationError(
      "usage",
      "bad-configuration",
      `cannot read ${path} line ${grave?.line ?? 1}: ${grave?.message ?? "it cannot be read."}`,
      "thoth config check lists all that is wrong with it.",
    );
  }
  return {
    path,
    configuration,
    problems: problems.map(({ line, message }) => `${path} line ${line}: ${message}`),
  };
}

function readFile(path: string): string {
  try {
    if (statSync(path).size > MOST_BYTES) throw Object.assign(new Error(), { code: "it is too large" });
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new OperationError(
      "unreadable",
      "unreadable",
      `cannot read ${path}: ${why}.`,
      "Check its permissions.",
    );
  }
}

/** One of the configured environments. Throws OperationError for a name that is not among them. */
export function environmentNamed(
  { path, configuration }: FoundConfiguration,
  name: string,
): ConfiguredEnvironment {
  const environments = configuration.environments ?? {};
  const found = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (found) return found;
  const names = Object.keys(environments);
  throw new OperationError(
    "usage",
    "unknown-environment",
    `There is no runtime environment named ${name}.`,
    names.length > 0
      ? `${path} has ${names.join(", ")}.`
      : `Describe it under environments in ${CONFIGURATION_NAME}, or give --python and --platform.`,
  );
}
