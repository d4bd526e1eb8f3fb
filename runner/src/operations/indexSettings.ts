// Which indexes an operation asks: pip's configuration, the command line, and what a file itself says, in pip's order.
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import {
  createIndexClient,
  type FileOption,
  type IndexClient,
  type IndexSettings,
  readMachineConfiguration,
  resolveIndexes,
} from "../index/index.ts";
import type { Machine, OperationContext } from "./context.ts";

export interface IndexSettingsInput {
  readonly machine: Machine;
  /** Absolute: the folder that relative places are looked up from. */
  readonly cwd: string;
  readonly commandLine: CommonInput["index"];
  readonly usePipConfiguration: boolean;
  readonly fileOptions?: readonly FileOption[];
  /** A virtual environment, which may have a pip.conf of its own. */
  readonly venv?: string | undefined;
}

/** The indexes, and how they are asked. Never throws: what cannot be used is in `problems`. */
export function indexSettingsFor(input: IndexSettingsInput): IndexSettings {
  const { machine, commandLine, usePipConfiguration } = input;
  const configuration = readMachineConfiguration({
    env: usePipConfiguration ? machine.env : withoutPip(machine),
    platform: machine.platform,
    home: machine.home,
    cwd: input.cwd,
    venv: input.venv,
  });
  return resolveIndexes(configuration, {
    fileOptions: input.fileOptions ?? [],
    commandLine: {
      indexUrl: commandLine?.indexUrl,
      extraIndexUrl: commandLine?.extraIndexUrls,
      findLinks: commandLine?.findLinks,
      noIndex: commandLine?.noIndex,
      onlyBinary: commandLine?.onlyBinary,
      noBinary: commandLine?.noBinary,
      pre: commandLine?.pre,
      trustedHost: commandLine?.trustedHosts,
    },
  });
}

/** The same with one index alone: the one of that address, named by whoever. */
export function oneIndexOf(settings: IndexSettings, address: string): IndexSettings {
  const wanted = indexKey(address);
  const isIt = ({ url }: { readonly url: string }): boolean => indexKey(url) === wanted;
  return {
    ...settings,
    indexes: settings.indexes.filter(isIt),
    findLinks: settings.findLinks.filter(isIt),
  };
}

/** A client for what no one manifest's environment has a say in: lists of names, advisories, files of requirements. The caller closes it. */
export async function openIndexClient(
  context: OperationContext,
  input: CommonInput,
  signal: AbortSignal,
  fileOptions: readonly FileOption[] = [],
): Promise<{ readonly client: IndexClient; readonly settings: IndexSettings }> {
  const settings = indexSettingsFor({
    machine: context,
    cwd: input.cwd,
    commandLine: input.index,
    usePipConfiguration: input.usePipConfiguration !== false,
    fileOptions,
  });
  const { pages } = await context.knowledge();
  const client = createIndexClient({
    settings,
    store: pages,
    signal,
    offline: input.offline === true,
    userAgent: `thoth/${context.version}`,
  });
  return { client, settings };
}

/** An environment in which pip would find no configuration at all. */
function withoutPip({ env, platform }: Machine): Machine["env"] {
  const kept = Object.entries(env).filter(([key]) => !key.startsWith("PIP_"));
  return { ...Object.fromEntries(kept), PIP_CONFIG_FILE: platform === "win32" ? "nul" : "/dev/null" };
}
