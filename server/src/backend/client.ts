// The runner as the server sees it: started on first need, restarted once per death, with nothing in flight lost.
import {
  CancellationToken,
  createMessageConnection,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
  ResponseError,
} from "vscode-jsonrpc/node";
import type { Progress } from "../../../shared/src/protocol/operation.ts";
import {
  type HelloParams,
  type HelloResult,
  methods,
  type PartialParams,
  type ProgressParams,
  protocolVersion,
  type RunErrorData,
  type RunParams,
  type RunResult,
  type WarningParams,
} from "../../../shared/src/protocol/rpc.ts";
import { say } from "../l10n.ts";

/** A started runner: its pipe, and how its end is learnt. */
export interface RunnerProcess {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Called once, with a sentence on how it ended. */
  onEnd(listener: (reason: string) => void): void;
  /** Ends it now, whatever it does. */
  kill(): void;
}

export interface RunnerHost {
  /** Starts a runner. Throws a RunnerUnavailable where none can be started. */
  launch(): Promise<RunnerProcess>;
  /** Milliseconds since the epoch. */
  now(): number;
  log(line: string): void;
  /** Something that the person is to know once. */
  warn(message: string): void;
  /** The runner cannot be had, or can be had again. */
  stateChanged(state: RunnerState): void;
}

export interface RunnerState {
  readonly state: "stopped" | "running" | "failed";
  /** Why it failed, in a sentence. */
  readonly message?: string;
}

/** No runner can be started, or it died again and again: a sentence and what to do. */
export class RunnerUnavailable extends Error {
  override readonly name = "RunnerUnavailable";
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/** An operation that the runner could not do, in its own words. */
export class RunnerRefusal extends Error {
  override readonly name = "RunnerRefusal";
  readonly code: string;
  readonly next: string | undefined;

  constructor(code: string, message: string, next?: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

export interface RunCalls {
  progress?(step: Progress): void;
  partial?(piece: unknown): void;
  readonly token?: CancellationToken;
}

/** More deaths than this within the time below are one failure, told once. */
const mostDeaths = 4;
const deathsWithin = 60_000;

interface Session {
  readonly process: RunnerProcess;
  readonly connection: MessageConnection;
  readonly ended: Promise<string>;
}

export class RunnerClient {
  readonly #host: RunnerHost;
  readonly #calls = new Map<string, RunCalls>();
  #session: Promise<Session> | undefined;
  #deaths: number[] = [];
  #failure: RunnerUnavailable | undefined;
  #tokens = 0;
  #disposed = false;
  #hello: HelloResult | undefined;

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  /** What the runner said of itself when it last started. */
  get hello(): HelloResult | undefined {
    return this.#hello;
  }

  get failure(): RunnerUnavailable | undefined {
    return this.#failure;
  }

  /**
   * Runs one operation. A runner that dies on the way is started again and asked once more; pieces may then come twice.
   * Throws Cancelled, RunnerRefusal or RunnerUnavailable.
   */
  async run(operation: string, input: unknown, calls: RunCalls = {}): Promise<RunResult> {
    for (let attempt = 0; ; attempt++) {
      if (calls.token?.isCancellationRequested) throw new Cancelled();
      const session = await this.#open();
      const answer = await this.#ask(session, operation, input, calls);
      if (answer.what === "result") return answer.result;
      if (answer.what === "refused") throw answer.error;
      if (calls.token?.isCancellationRequested) throw new Cancelled();
      if (attempt >= 1) {
        throw new RunnerUnavailable(
          say("The runner ended twice while it worked on {0}: {1}", operation, answer.reason),
        );
      }
      this.#host.log(`Sent again after a restart: ${operation}`);
    }
  }

  async #ask(
    session: Session,
    operation: string,
    input: unknown,
    calls: RunCalls,
  ): Promise<Answered<RunResult>> {
    const token = `${++this.#tokens}`;
    this.#calls.set(token, calls);
    const params: RunParams = { operation, input, token };
    try {
      const asked = session.connection.sendRequest<RunResult>(
        methods.run,
        params,
        calls.token ?? CancellationToken.None,
      );
      return await answerOrEnd(asked, session);
    } finally {
      this.#calls.delete(token);
    }
  }

  #open(): Promise<Session> {
    if (this.#disposed)
      return Promise.reject(new RunnerUnavailable(say("The language server is shutting down.")));
    if (this.#failure) return Promise.reject(this.#failure);
    this.#session ??= this.#start();
    return this.#session;
  }

  async #start(): Promise<Session> {
    try {
      const process = await this.#host.launch();
      const session = this.#connect(process);
      const hello: HelloParams = { protocol: protocolVersion, client: "thoth-language-server" };
      const answer = await answerOrEnd(
        session.connection.sendRequest<HelloResult>(methods.hello, hello),
        session,
      );
      if (answer.what === "refused") throw answer.error;
      if (answer.what === "ended") {
        throw new RunnerUnavailable(
          say("The runner ended before it answered: {0}", answer.reason),
          nextStep(),
        );
      }
      const said = answer.result;
      if (said.protocol !== protocolVersion) {
        process.kill();
        throw new RunnerUnavailable(
          say(
            "The runner speaks version {0} of the protocol, this extension {1}.",
            said.protocol,
            protocolVersion,
          ),
          say("Install the runner that came with this extension."),
        );
      }
      this.#hello = said;
      this.#host.log(`Runner ${said.version} started, knowledge in ${said.knowledge}`);
      this.#host.stateChanged({ state: "running" });
      return session;
    } catch (problem) {
      this.#session = undefined;
      throw this.#fail(problem);
    }
  }

  /** A failure is told once; it stands until the person restarts the runner or changes how it is started. */
  #fail(problem: unknown): RunnerUnavailable {
    const failure =
      problem instanceof RunnerUnavailable
        ? problem
        : new RunnerUnavailable(say("The runner cannot be started: {0}", messageOf(problem)), nextStep());
    if (!this.#failure && !this.#disposed) {
      this.#failure = failure;
      this.#host.warn(failure.next ? `${failure.message} ${failure.next}` : failure.message);
      this.#host.stateChanged({ state: "failed", message: failure.message });
    }
    return failure;
  }

  #connect(process: RunnerProcess): Session {
    const connection = createMessageConnection(process.reader, process.writer);
    const ended = new Promise<string>((resolve) => process.onEnd(resolve));
    connection.onNotification(methods.progress, ({ token, ...step }: ProgressParams) =>
      this.#calls.get(token)?.progress?.(step),
    );
    connection.onNotification(methods.partial, ({ token, piece }: PartialParams) =>
      this.#calls.get(token)?.partial?.(piece),
    );
    connection.onNotification(methods.warning, ({ message }: WarningParams) => this.#host.warn(message));
    // A broken pipe is told by the end of the process.
    connection.onError(() => {});
    connection.onClose(() => {});
    connection.listen();
    const session = { process, connection, ended };
    void ended.then((reason) => this.#ended(session, reason));
    return session;
  }

  async #ended(session: Session, reason: string): Promise<void> {
    session.connection.dispose();
    const current = await this.#session?.catch(() => undefined);
    if (current !== session) return;
    this.#session = undefined;
    if (this.#disposed) return;
    this.#host.log(`The runner ended: ${reason}`);
    const now = this.#host.now();
    this.#deaths = [...this.#deaths.filter((time) => now - time < deathsWithin), now];
    if (this.#deaths.length >= mostDeaths) {
      this.#fail(
        new RunnerUnavailable(
          say("The runner ended {0} times within a minute: {1}", this.#deaths.length, reason),
          nextStep(),
        ),
      );
      return;
    }
    this.#host.stateChanged({ state: "stopped" });
  }

  /** Ends the runner and forgets its failures: the next request starts another. Requests in flight are sent to that one. */
  async restart(): Promise<void> {
    this.#failure = undefined;
    this.#deaths = [];
    const session = await this.#session?.catch(() => undefined);
    if (session) {
      session.process.kill();
      await session.ended;
    }
    await this.#open();
  }

  /** Ends the runner for good. */
  dispose(): void {
    this.#disposed = true;
    void this.#session?.then(
      (session) => session.process.kill(),
      () => {},
    );
  }
}

function nextStep(): string {
  return say(
    "Run “Thoth: Show Log” to see more, then “Thoth: Restart Runner”. The setting thoth.runner.node names another Node.",
  );
}

type Answered<Result> =
  | { readonly what: "result"; readonly result: Result }
  | { readonly what: "refused"; readonly error: Error }
  | { readonly what: "ended"; readonly reason: string };

/** What came of a request: its answer, the runner's refusal, or the end of the runner. */
async function answerOrEnd<Result>(asked: Promise<Result>, session: Session): Promise<Answered<Result>> {
  const ended = session.ended.then((reason): Answered<Result> => ({ what: "ended", reason }));
  const answered = asked.then<Answered<Result>, Answered<Result>>(
    (result) => ({ what: "result", result }),
    (problem: unknown) => {
      const error = refusalOf(problem);
      // A pipe that breaks rejects what is in flight a moment before the end of the process is learnt.
      return error ? { what: "refused", error } : ended;
    },
  );
  return Promise.race([answered, ended]);
}

/** LSP's code for a request that was cancelled. */
const requestCancelled = -32800;

/** What the runner itself refused with; undefined where the pipe broke. */
function refusalOf(problem: unknown): Error | undefined {
  if (!(problem instanceof ResponseError)) return undefined;
  if (problem.code === requestCancelled) return new Cancelled();
  // jsonrpc's own codes for a connection that is closed or disposed.
  if (problem.code === -32097 || problem.code === -32096) return undefined;
  const data = problem.data as RunErrorData | undefined;
  return new RunnerRefusal(data?.code ?? "internal", problem.message, data?.next);
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
