// Makes index clients for tests: asked of loopback only, with small bounds, and closed by the test that made them.
import {
  createIndexClient,
  type IndexClient,
  type IndexClientOptions,
} from "../../runner/src/index/index.ts";
import { readPipConfiguration } from "../../runner/src/index/pipConfiguration.ts";
import {
  type CommandLineOptions,
  type IndexSettings,
  resolveIndexes,
} from "../../runner/src/index/settings.ts";
import { createMemoryPageStore, type PageStore } from "../../runner/src/knowledge/pageStore.ts";

/** Settings that ask `url` and nothing else, whatever is configured on this machine. */
export function settingsFor(
  url: string,
  commandLine: CommandLineOptions = {},
  files: Readonly<Record<string, string>> = {},
): IndexSettings {
  const configuration = readPipConfiguration({
    env: { PIP_INDEX_URL: url, PIP_KEYRING_PROVIDER: "disabled" },
    platform: "linux",
    home: "/home/nobody",
    cwd: "/nowhere",
    readFile: (path) => files[path],
  });
  return resolveIndexes(configuration, { commandLine });
}

export interface TestClient extends IndexClient {
  readonly store: PageStore;
}

/** A client of `url` (or of `settings`) with no retries and bounds that a test need not wait for. */
export function clientFor(
  url: string | IndexSettings,
  options: Partial<IndexClientOptions> & { store?: PageStore } = {},
): TestClient {
  const store = options.store ?? createMemoryPageStore();
  const client = createIndexClient({
    ...options,
    settings: typeof url === "string" ? settingsFor(url) : url,
    store,
    limits: { timeoutMs: 5000, deadlineMs: 10_000, retries: 0, retryDelayMs: 1, ...options.limits },
  });
  return Object.assign(client, { store });
}
