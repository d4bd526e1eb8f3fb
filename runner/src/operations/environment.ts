// `environment`: this machine or a described one, and where each value came from.
import { basename } from "node:path";
import type { ConfiguredEnvironment } from "../../../shared/src/config/index.ts";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { RequiredPython } from "../../../shared/src/manifest/requiredPython.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { EnvironmentInput } from "../../../shared/src/protocol/environment.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { type DescribeOptions, describeEnvironment, type ProbeCache } from "../environment/index.ts";
import { CONFIGURATION_NAME, configurationFor, environmentNamed } from "./configuration.ts";
import type { Operation, OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";

/** Describes the runtime environment. Throws OperationError where the person named what does not exist. */
export const environment: Operation<EnvironmentInput, RuntimeEnvironment, never> = async (
  context,
  input,
  _calls,
  signal,
) => {
  const result = await environmentOf(context, input, signal, {
    installed: input.installed ? "all" : undefined,
  });
  const notChecked = result.notes
    .filter(() => result.pythonVersion === undefined)
    .map((reason) => ({ what: "the Python", reason }));
  return { result, notChecked };
};

export interface EnvironmentWants {
  readonly installed?: DescribeOptions["installed"] | undefined;
  /** What the manifest asks for where nothing else is said. */
  readonly manifestPython?: RequiredPython | undefined;
  /** Called when an interpreter is about to be asked: this process has nothing else to do for 30 ms. */
  readonly meanwhile?: () => void;
  /** The folder of the manifest, where it is not the current one. */
  readonly folder?: string | undefined;
}

/** The runtime environment that an operation's common input means. */
export async function environmentOf(
  context: OperationContext,
  input: CommonInput,
  signal: AbortSignal,
  wants: EnvironmentWants = {},
): Promise<RuntimeEnvironment> {
  const { name, interpreter } = input.environment ?? {};
  const folder = wants.folder ?? input.cwd;
  const named =
    name === undefined || name === THIS_MACHINE ? undefined : await namedEnvironment(folder, name);
  const python = input.environment?.python ?? named?.configured.python;
  const platform = input.environment?.platform ?? named?.configured.platform;
  const { installed } = wants;
  const manifestPython = wants.manifestPython ?? input.manifestPython;
  const described = await describeEnvironment({
    env: context.env,
    platform: context.platform,
    home: context.home,
    cwd: folder,
    signal,
    cache: () => probeCache(context, wants.meanwhile),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(python === undefined ? {} : { python }),
    ...(platform === undefined ? {} : { platformName: platform }),
    ...(installed === undefined ? {} : { installed }),
    ...(manifestPython === undefined ? {} : { manifestPython: withTest(manifestPython) }),
  });
  if ("fault" in described) {
    const { code, message, next } = described.fault;
    throw new OperationError("usage", code, message, next);
  }
  return named === undefined ? described.environment : asNamed(described.environment, named, input);
}

/** What a manifest asks for, with the test whether another Python will do. */
function withTest({
  version,
  origin,
  requires,
}: RequiredPython): NonNullable<DescribeOptions["manifestPython"]> {
  if (requires === undefined) return { version, origin };
  const sets = requires.flatMap((text) => {
    const read = readSpecifierSet(text);
    return read.ok ? [read.value] : [];
  });
  return {
    version,
    origin,
    admits: (python) => sets.some((set) => set.contains(python, { prereleases: true })),
  };
}

const THIS_MACHINE = "this machine";

interface NamedEnvironment {
  readonly name: string;
  /** The configuration file, for a person. */
  readonly file: string;
  readonly configured: ConfiguredEnvironment;
}

async function namedEnvironment(folder: string, name: string): Promise<NamedEnvironment> {
  const found = await configurationFor(folder);
  return {
    name,
    file: basename(found.path ?? CONFIGURATION_NAME),
    configured: environmentNamed(found, name),
  };
}

/** The described environment with its name, and with the configuration as the origin of what it says. */
function asNamed(
  environment: RuntimeEnvironment,
  { name, file, configured }: NamedEnvironment,
  { environment: asked }: CommonInput,
): RuntimeEnvironment {
  const origin = `${file}, environments.${name}`;
  const origins = { ...environment.origins };
  if (asked?.python === undefined && configured.python !== undefined) {
    origins.pythonVersion = origins.pythonVersion?.replace("option --python", origin) ?? origin;
  }
  if (asked?.platform === undefined && configured.platform !== undefined) {
    for (const key of ["platform", "architecture", "libc"]) if (origins[key]) origins[key] = origin;
  }
  if (configured.gpu !== undefined) origins.gpu = origin;
  return {
    ...environment,
    name,
    ...(configured.gpu === undefined ? {} : { gpu: configured.gpu }),
    ...(configured["torch-backend"] === undefined ? {} : { torchBackend: configured["torch-backend"] }),
    ...(configured.variants === undefined ? {} : { variants: configured.variants }),
    origins,
  };
}

/** Probes are kept among the pages: they too can be had again. */
async function probeCache(context: OperationContext, meanwhile?: () => void): Promise<ProbeCache> {
  const { pages } = await context.knowledge();
  return {
    read: (key) => {
      const kept = pages.read(key)?.body;
      if (kept === undefined && meanwhile) setImmediate(meanwhile);
      return kept;
    },
    write: (key, body) => {
      const now = context.now();
      pages.write({ key, partition: "", url: "", policy: "", freshUntil: now, fetchedAt: now, body });
    },
  };
}

/** What resolving and judging files need to know of an environment. @throws OperationError without a Python. */
export function targetOf(environment: RuntimeEnvironment | undefined) {
  const python =
    environment?.pythonVersion === undefined ? undefined : parseVersion(environment.pythonVersion);
  if (python && environment?.markers && environment.tags) {
    return { python, markers: environment.markers, tags: environment.tags };
  }
  throw new OperationError(
    "not-checked",
    "no-interpreter",
    environment?.notes[0] ?? "No Python was found.",
    "Name a version: --python 3.12.",
  );
}
