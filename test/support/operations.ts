// Runs any operation in process over files in a folder of its own, for a Python that needs no interpreter, with advisories at hand.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createContext, loadOperation } from "../../runner/src/operations/index.ts";
import type { Answer } from "../../shared/src/protocol/operation.ts";
import type { OperationName } from "../../shared/src/protocol/operations.ts";

export const NOW = Date.parse("2026-11-22T12:00:00Z");

export interface OperationPlace {
  readonly folder: string;
  write(name: string, content: string): string;
  read(name: string): string;
  /** Stores advisories: all that is known afterwards. */
  advise(...records: readonly object[]): Promise<void>;
  run<Result>(
    name: OperationName,
    input: object,
    now?: number,
  ): Promise<Answer<Result> & { readonly warnings: readonly string[] }>;
  remove(): void;
}

/** A folder for Python 3.11.7 on Linux, with nothing of this machine's configuration. */
export function makeOperationPlace(): OperationPlace {
  const root = mkdtempSync(join(tmpdir(), "thoth-operations-"));
  const folder = join(root, "work");
  const home = join(root, "home");
  for (const each of [folder, home]) mkdirSync(each, { recursive: true });
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  const run: OperationPlace["run"] = async (name, input, now = NOW) => {
    const env = {
      HOME: home,
      PIP_CONFIG_FILE: "/dev/null",
      THOTH_TRUST_REPOSITORY: "off",
      PIP_KEYRING_PROVIDER: "disabled",
      PIP_RETRIES: "0",
    };
    const context = createContext({
      version: "0.0.0",
      knowledgeFile: join(root, "knowledge.db"),
      now: () => now,
      machine: { env, platform: "linux", home },
    });
    const warnings: string[] = [];
    const calls = {
      progress() {},
      partial() {},
      warn: (message: string) => void warnings.push(message),
    };
    try {
      const operation = await loadOperation(name);
      const environment = { python: "3.11.7", platform: "x86_64-manylinux_2_28" };
      const whole = { cwd: folder, environment, ...input };
      const answer = await operation(context, whole as never, calls as never, new AbortController().signal);
      return { ...(answer as Answer<never>), warnings };
    } finally {
      await context.close();
    }
  };
  return {
    folder,
    write,
    read: (name) => readFileSync(join(folder, name), "utf8"),
    async advise(...records) {
      const from = write("../advisories.json", JSON.stringify(records));
      await run("knowledge", { action: "update", what: "advisories", from });
    },
    run,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A record of OSV: everything below the fix is affected. */
export function advisory(id: string, name: string, fixed: string, more: object = {}): object {
  return {
    id,
    modified: new Date(NOW - 3_600_000).toISOString(),
    affected: [
      {
        package: { ecosystem: "PyPI", name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
      },
    ],
    ...more,
  };
}
