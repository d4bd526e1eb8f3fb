// A resident runner as the editor has one: started once, asked over its pipe, and each answer timed on the asker's side.
import { type ChildProcess, spawn } from "node:child_process";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { methods, protocolVersion } from "../../../shared/src/protocol/rpc.ts";
import { BUNDLE } from "../support.ts";

/** What is asked for beside the text: the same for every question. */
export interface ResidentSettings {
  readonly cwd: string;
  readonly indexUrl: string;
  readonly knowledge: string;
  readonly python: string;
  readonly platform: string;
}

export interface StackAnswer {
  readonly state: string;
  readonly relaxations: number;
  /** Milliseconds. */
  readonly time: number;
}

export class Resident {
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #settings: ResidentSettings;
  #asked = 0;

  private constructor(child: ChildProcess, connection: MessageConnection, settings: ResidentSettings) {
    this.#child = child;
    this.#connection = connection;
    this.#settings = settings;
  }

  static async start(settings: ResidentSettings, env: NodeJS.ProcessEnv): Promise<Resident> {
    const child = spawn(process.execPath, [BUNDLE, "--stdio", "--knowledge", settings.knowledge], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    connection.listen();
    await connection.sendRequest(methods.hello, { protocol: protocolVersion, client: "bench" });
    return new Resident(child, connection, settings);
  }

  /** Resolves a text that stands in no file, as the editor does with what is not saved. */
  async resolve(text: string, { relaxations }: { readonly relaxations: boolean }): Promise<StackAnswer> {
    const { cwd, indexUrl, python, platform } = this.#settings;
    const path = `${cwd}/requirements.in`;
    const began = performance.now();
    const { result } = await this.#connection.sendRequest<{
      result: { stack: { state: string; conflict?: { relaxations: readonly unknown[] } } };
    }>(methods.run, {
      operation: "resolve",
      token: `${this.#asked++}`,
      input: {
        cwd,
        path,
        texts: { [path]: text },
        relaxations,
        environment: { python, platform },
        index: { indexUrl, onlyBinary: [":all:"] },
        usePipConfiguration: false,
      },
    });
    const time = performance.now() - began;
    return { state: result.stack.state, relaxations: result.stack.conflict?.relaxations.length ?? 0, time };
  }

  close(): void {
    this.#connection.dispose();
    this.#child.stdin?.end();
    this.#child.kill();
  }
}
