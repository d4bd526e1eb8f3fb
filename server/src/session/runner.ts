// The session's one runner: started on first need, another one where the settings that it is started with are others.
import { type RunCalls, RunnerClient } from "../backend/client.ts";
import type { SettingsStore } from "./configuration.ts";
import type { SessionSetup } from "./setup.ts";
import type { Teller } from "./telling.ts";
import { type Trust, untrustedMessage } from "./trust.ts";

export interface RunnerSetup {
  readonly setup: Pick<SessionSetup, "runtime" | "options">;
  readonly settings: SettingsStore;
  readonly teller: Teller;
  readonly trust: Trust;
}

export class SessionRunner {
  readonly #setup: RunnerSetup;
  #client: RunnerClient | undefined;
  #key = "";

  constructor(setup: RunnerSetup) {
    this.#setup = setup;
  }

  /** Runs one operation. Never in an untrusted workspace. */
  async run(operation: string, input: unknown, calls: RunCalls = {}) {
    if (!this.#setup.trust.isGranted) throw new Error(untrustedMessage());
    return (await this.#present()).run(operation, input, calls);
  }

  /** Ends the runner and starts another. */
  async restart(): Promise<void> {
    await (await this.#present()).restart();
  }

  async #present(): Promise<RunnerClient> {
    const { setup, settings, teller } = this.#setup;
    const machine = await settings.of(undefined);
    const key = JSON.stringify([machine["runner.node"], machine["knowledge.file"]]);
    if (this.#client && key === this.#key) return this.#client;
    this.#client?.dispose();
    this.#key = key;
    const { runtime, options } = setup;
    this.#client = new RunnerClient({
      launch: () =>
        runtime.startRunner({
          program: options.runner,
          node: machine["runner.node"],
          knowledgeFile: machine["knowledge.file"],
        }),
      now: () => runtime.now(),
      log: (line) => teller.log(line),
      warn: (message) => teller.warn(message),
      stateChanged: () => {},
    });
    return this.#client;
  }

  dispose(): void {
    this.#client?.dispose();
  }
}
