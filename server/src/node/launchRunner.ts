// Starts the runner as a child under the editor's own Node, or under the one that a setting names where that cannot run it.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { isBuiltin } from "node:module";
import { StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { type RunnerProcess, RunnerUnavailable } from "../backend/client.ts";
import { runnerEnvironment } from "../backend/environment.ts";
import { say } from "../l10n.ts";
import type { RunnerOptions } from "../runtime.ts";

/** What the runner says on standard error is kept to this many characters, for telling how it ended. */
const keptError = 4000;

/** Spawns the runner. Throws a RunnerUnavailable where the program or its Node is missing or cannot run it. */
export async function launchRunner(
  options: RunnerOptions,
  log: (line: string) => void,
): Promise<RunnerProcess> {
  if (!existsSync(options.program)) {
    throw new RunnerUnavailable(
      say("The runner is missing: {0}", options.program),
      say("Install the extension again."),
    );
  }
  // The server runs under the editor's own Node: what that has, the runner has.
  const node = isBuiltin("node:sqlite") ? process.execPath : options.node || process.execPath;
  const env = runnerEnvironment(process.env);
  await probe(node, env);
  const args = [
    options.program,
    "--stdio",
    ...(options.knowledgeFile ? ["--knowledge", options.knowledgeFile] : []),
  ];
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...args], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  let said = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    said = (said + text).slice(-keptError);
    for (const line of text.split(/\r?\n/)) if (line.trim() !== "") log(`runner: ${line}`);
  });
  // The end of the process tells what a broken pipe would.
  child.stdin.on("error", () => {});
  const ended = new Promise<string>((resolve) => {
    child.once("error", (problem) => resolve(problem.message));
    child.once("exit", (code, signal) => {
      const [last] = said.trim().split("\n").slice(-1);
      const how = signal ? say("ended by {0}", signal) : say("exit status {0}", code ?? "?");
      resolve(last ? `${how}: ${last}` : how);
    });
  });
  return {
    reader: new StreamMessageReader(child.stdout),
    writer: new StreamMessageWriter(child.stdin),
    onEnd: (listener) => void ended.then(listener),
    kill: () => void child.kill("SIGKILL"),
  };
}

const probed = new Map<string, Promise<void>>();

/** Whether this Node can hold the knowledge: a Node or Electron without `node:sqlite` cannot. Asked once per Node. */
function probe(node: string, env: Record<string, string>): Promise<void> {
  let answer = probed.get(node);
  if (!answer) {
    answer = probeNow(node, env);
    probed.set(node, answer);
    answer.catch(() => probed.delete(node));
  }
  return answer;
}

async function probeNow(node: string, env: Record<string, string>): Promise<void> {
  if (node === process.execPath && isBuiltin("node:sqlite")) return;
  await new Promise<void>((resolve, reject) => {
    execFile(
      node,
      ["-e", "require('node:sqlite')"],
      { env, timeout: 20_000, windowsHide: true },
      (problem) => {
        if (!problem) return resolve();
        const next = say("Set thoth.runner.node to a Node 24 or newer.");
        reject(new RunnerUnavailable(say("{0} cannot run the runner: it has no node:sqlite.", node), next));
      },
    );
  });
}
