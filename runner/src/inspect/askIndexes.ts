// Asks the indexes themselves before a stack is blamed: pip leaves out an index that refuses, and takes what another one has.
import { homedir } from "node:os";
import {
  createIndexClient,
  type FileOption,
  type IndexFailure,
  type IndexSettings,
  readMachineConfiguration,
  resolveIndexes,
} from "../index/index.ts";
import { createMemoryPageStore } from "../knowledge/index.ts";
import type { InspectionIndexes } from "./model.ts";
import type { ResolveRequest } from "./resolving.ts";

type Asking = Pick<ResolveRequest, "indexes" | "env" | "cwd" | "offline" | "deadline" | "signal">;

/** An index that could not be asked, and the project (PEP 503 form) that it was asked for. */
export interface RefusedProject {
  readonly name: string;
  readonly failure: IndexFailure;
}

/** The indexes that pip would ask: its configuration, then what the manifest and the person say. */
export function indexSettings({ indexes, env, cwd }: Asking): IndexSettings {
  const home = env.HOME ?? homedir();
  const configuration = readMachineConfiguration({ env, platform: process.platform, home, cwd });
  return resolveIndexes(configuration, { fileOptions: fileOptions(indexes) });
}

/**
 * Asks every index for `names`, anew: what is stored says nothing of an index that has begun to refuse.
 * @returns the first of `names` that an index refuses, or nothing where all answer, or where there was no time to ask.
 */
export async function findRefused(
  names: readonly string[],
  request: Asking,
): Promise<RefusedProject | undefined> {
  const late = AbortSignal.timeout(Math.min(request.deadline, 0x7fffffff));
  const signal = request.signal ? AbortSignal.any([request.signal, late]) : late;
  const client = createIndexClient({
    settings: indexSettings(request),
    store: createMemoryPageStore(),
    offline: request.offline,
    signal,
  });
  const refused = new Map<string, IndexFailure>();
  try {
    await client.projects(
      names,
      ({ name, failure }) => {
        if (failure) refused.set(name, failure);
      },
      { signal },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await client.close();
  }
  const name = names.find((one) => refused.has(one));
  return name === undefined ? undefined : { name, failure: refused.get(name)! };
}

function fileOptions(indexes: InspectionIndexes): FileOption[] {
  const where = "the manifest";
  const each = (option: string, values: readonly string[] = []): FileOption[] =>
    values.map((value) => ({ option, value, where }));
  return [
    ...(indexes.noIndex ? [{ option: "--no-index", where }] : []),
    ...(indexes.indexUrl === undefined ? [] : each("--index-url", [indexes.indexUrl])),
    ...each("--extra-index-url", indexes.extraIndexUrls),
    ...each("--find-links", indexes.findLinks),
    ...each("--trusted-host", indexes.trustedHosts),
  ];
}
