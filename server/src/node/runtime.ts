// The machine as Node shows it: files, folders, the clock, the runner as a child process.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime } from "../runtime.ts";
import { findInterpreters } from "./interpreters.ts";
import { launchRunner } from "./launchRunner.ts";

/** Where the pages of the rules can be read. */
const rulePages = "https://github.com/thoth-station/thoth/blob/main/docs/rules";

/** The runtime of a server that runs under Node or under the editor's own. */
export function createNodeRuntime(log: (line: string) => void): Runtime {
  return {
    readFile: async (uri) => readFile(fileURLToPath(uri)),
    async stat(uri) {
      const path = pathOf(uri);
      if (path === undefined) return undefined;
      const found = await stat(path).catch(() => undefined);
      return found && { isFolder: found.isDirectory(), size: found.size, modified: found.mtimeMs };
    },
    async listFolder(uri) {
      const path = pathOf(uri);
      if (path === undefined) return [];
      const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    },
    startRunner: (options) => launchRunner(options, log),
    interpreters: (folder) => findInterpreters(folder, process.env, process.platform),
    tomlBinaries: async () => {
      const [runtime, grammar] = await Promise.all([
        readBinary("web-tree-sitter.wasm", "web-tree-sitter"),
        readBinary("tree-sitter-toml.wasm", "@tree-sitter-grammars/tree-sitter-toml"),
      ]);
      return { runtime, grammar };
    },
    pathOf,
    digest: (text) => createHash("sha256").update(text, "utf8").digest("hex"),
    schedule(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
    home: homedir(),
    rulePage: (rule) => `${rulePages}/${encodeURIComponent(rule)}.md`,
  };
}

function pathOf(uri: string): string | undefined {
  if (!uri.startsWith("file:") || !URL.canParse(uri)) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    // Another host, or an escaped slash: no path of this machine.
    return undefined;
  }
}

/** Beside the bundle, else in the package that it comes from. */
async function readBinary(name: string, packageName: string): Promise<Uint8Array> {
  const beside = join(dirname(fileURLToPath(import.meta.url)), name);
  if (existsSync(beside)) return readFile(beside);
  const require = createRequire(import.meta.url);
  return readFile(require.resolve(`${packageName}/${name}`));
}
