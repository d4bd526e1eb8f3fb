// What the tests of knowledge share: a folder of their own, a way to open a file in it, and child processes that do the same.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Knowledge, KnowledgeOptions, StoredPage } from "../index.ts";
import { openKnowledge } from "../index.ts";

/** A folder that is gone after the test that made it. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), "thoth-knowledge-"));
  readonly warnings: string[] = [];
  readonly #opened: Knowledge[] = [];

  get file(): string {
    return join(this.path, "data", "thoth", "knowledge.db");
  }

  open(options: Partial<KnowledgeOptions> = {}): Knowledge {
    const knowledge = openKnowledge({
      env: { XDG_DATA_HOME: join(this.path, "data") },
      platform: "linux",
      home: this.path,
      warn: (message) => this.warnings.push(message),
      useGranularity: 0,
      ...options,
    });
    this.#opened.push(knowledge);
    return knowledge;
  }

  remove(): void {
    for (const knowledge of this.#opened) knowledge.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A page with what matters to a test. */
export function pageOf(key: string, body = "{}", more: Partial<StoredPage> = {}): StoredPage {
  return {
    key,
    partition: "",
    url: `https://index.example/simple/${key}/`,
    policy: "{}",
    freshUntil: 1,
    fetchedAt: 1,
    body,
    ...more,
  };
}

/** The program of a child process. */
export const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

/** Starts a child that opens `file` and does `task`; see child.ts. `prefix` is a command that runs it, such as `prlimit`. */
export function startChild(file: string, task: string, prefix: readonly string[] = []): ChildProcess {
  const [command = process.execPath, ...rest] = [...prefix, process.execPath];
  return spawn(command, [...rest, "--disable-warning=ExperimentalWarning", CHILD, file, task], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a child printed, once it has ended. */
export async function endOf(
  child: ChildProcess,
): Promise<{ code: number | null; out: string; errors: string }> {
  let out = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, out, errors };
}

/** Kills a child when it has printed `count` lines, or at once where `count` is 0; resolves when it is gone. */
export async function killAfter(child: ChildProcess, count: number): Promise<void> {
  let lines = 0;
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    lines += text.split("\n").length - 1;
    if (lines >= count) child.kill("SIGKILL");
  });
  await new Promise((done) => child.once("close", done));
}
