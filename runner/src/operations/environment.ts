// `environment`: this machine or a described one, and where each value came from.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { EnvironmentInput } from "../../../shared/src/protocol/environment.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { type DescribeOptions, describeEnvironment, type ProbeCache } from "../environment/index.ts";
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
  readonly manifestPython?: DescribeOptions["manifestPython"] | undefined;
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
  const { name, interpreter, python, platform } = input.environment ?? {};
  if (name !== undefined && name !== "this machine") {
    throw new OperationError(
      "usage",
      "unknown-environment",
      `There is no runtime environment named ${name}.`,
      "Leave it out for this machine, or describe one with --python and --platform.",
    );
  }
  const { installed, manifestPython } = wants;
  const described = await describeEnvironment({
    env: context.env,
    platform: context.platform,
    home: context.home,
    cwd: wants.folder ?? input.cwd,
    signal,
    cache: () => probeCache(context, wants.meanwhile),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(python === undefined ? {} : { python }),
    ...(platform === undefined ? {} : { platformName: platform }),
    ...(installed === undefined ? {} : { installed }),
    ...(manifestPython === undefined ? {} : { manifestPython }),
  });
  if ("fault" in described) {
    const { code, message, next } = described.fault;
    throw new OperationError("usage", code, message, next);
  }
  return described.environment;
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
