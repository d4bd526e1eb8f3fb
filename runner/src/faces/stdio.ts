// The JSON-RPC face: one process serves one server over its standard streams, framed as the Language Server Protocol frames.
import { resolve } from "node:path";
import {
  type CancellationToken,
  createMessageConnection,
  ErrorCodes,
  Message,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Progress } from "../../../shared/src/protocol/operation.ts";
import { type OperationName, operations } from "../../../shared/src/protocol/operations.ts";
import {
  type HelloParams,
  type HelloResult,
  methods,
  protocolVersion,
  type RunErrorData,
  type RunParams,
  type RunResult,
} from "../../../shared/src/protocol/rpc.ts";
import {
  type AnyOperation,
  createContext,
  loadOperation,
  type OperationContext,
  OperationError,
} from "../operations/index.ts";
import { thothVersion } from "./version.ts";

/** Milliseconds between two lines of progress: each replaces the one before. */
const PROGRESS_EVERY = 50;
/** LSP's code for a request that its sender cancelled. */
const REQUEST_CANCELLED = -32800;
/** LSP's code for a request that failed although it was understood. */
const REQUEST_FAILED = -32803;

/** Serves until standard input closes; then everything that runs is cancelled and the process may end. */
export async function serveStdio(argv: readonly string[]): Promise<void> {
  const writer = new AnsweringWriter(process.stdout, () => void settle());
  const connection = createMessageConnection(new StreamMessageReader(process.stdin), writer);
  const at = argv.indexOf("--knowledge");
  const knowledgeFile = at >= 0 ? argv[at + 1] : undefined;
  const context = createContext({
    version: thothVersion(),
    ...(knowledgeFile === undefined ? {} : { knowledgeFile: resolve(knowledgeFile) }),
    warn: (message) => void connection.sendNotification(methods.warning, { message }).catch(() => {}),
  });
  const settle = () =>
    context.settle().catch((problem: unknown) => {
      process.stderr.write(`thoth: not kept for the next time: ${String(problem)}\n`);
    });
  const running = new Set<AbortController>();
  connection.onRequest(methods.hello, (params: HelloParams) => hello(params, context));
  connection.onRequest(methods.run, (params: RunParams, token: CancellationToken) =>
    run(connection, context, params, token, running),
  );
  const ended = new Promise<void>((settle) => {
    connection.onClose(() => settle());
    process.stdin.once("end", () => settle()).once("close", () => settle());
    process.stdout.on("error", () => settle());
  });
  connection.listen();
  await ended;
  for (const controller of running) controller.abort(cancelled());
  connection.dispose();
  await context.close();
  process.stdin.destroy();
}

/** Tells the first at once and then the latest now and then: two hundred lines of progress would stand in the way of the answer. */
class LatestOnly<Step> {
  readonly #tell: (step: Step) => void;
  #latest: Step | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (step: Step) => void) {
    this.#tell = tell;
  }

  tell(step: Step): void {
    this.#latest = step;
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    if (this.#latest === undefined) return;
    this.#tell(this.#latest);
    this.#latest = undefined;
    this.#timer = setTimeout(() => this.#next(), PROGRESS_EVERY);
  }

  /** What is left is told before the answer. */
  end(): void {
    clearTimeout(this.#timer);
    this.#next();
    clearTimeout(this.#timer);
  }
}

/** Tells when an answer is out: what is kept for the next time is not waited for. */
class AnsweringWriter extends StreamMessageWriter {
  readonly #answered: () => void;

  constructor(stream: NodeJS.WritableStream, answered: () => void) {
    super(stream);
    this.#answered = answered;
  }

  override async write(message: Message): Promise<void> {
    await super.write(message);
    if (Message.isResponse(message)) this.#answered();
  }
}

async function hello(params: HelloParams, context: OperationContext): Promise<HelloResult> {
  if (params?.protocol !== protocolVersion) {
    throw failed({
      message: `This runner speaks protocol ${protocolVersion}, the editor speaks ${params?.protocol}.`,
      code: "protocol-mismatch",
      next: "Install the same version of both.",
    });
  }
  const { knowledgePath } = await import("../knowledge/index.ts");
  const file = context.knowledgeFile;
  const { env, platform, home } = context;
  const knowledge = knowledgePath({ env, platform, home, ...(file === undefined ? {} : { file }) });
  return { protocol: protocolVersion, version: context.version, knowledge };
}

async function run(
  connection: MessageConnection,
  context: OperationContext,
  params: RunParams,
  token: CancellationToken,
  running: Set<AbortController>,
): Promise<RunResult> {
  const { operation: name, token: call } = params;
  if (!Object.hasOwn(operations, name)) {
    throw new ResponseError<RunErrorData>(
      ErrorCodes.InvalidParams,
      `There is no operation ${String(name)}.`,
      {
        code: "unknown-operation",
      },
    );
  }
  const known = name as OperationName;
  const schema = await operations[known].schema();
  const input = schema.input.safeParse(params.input);
  if (!input.success) {
    const [issue] = input.error.issues;
    const where = issue?.path.join(".") ?? "";
    throw new ResponseError<RunErrorData>(
      ErrorCodes.InvalidParams,
      `The input of ${name} is not valid: ${where}: ${issue?.message}`,
      {
        code: "invalid-input",
      },
    );
  }
  const controller = new AbortController();
  running.add(controller);
  const watch = token.onCancellationRequested(() => controller.abort(cancelled()));
  const notify = (method: string, body: object) => {
    if (!controller.signal.aborted) void connection.sendNotification(method, body).catch(() => {});
  };
  const progress = new LatestOnly((step: Progress) => notify(methods.progress, { token: call, ...step }));
  try {
    const operation = (await loadOperation(known)) as unknown as AnyOperation;
    const answer = await operation(
      context,
      input.data as never,
      {
        progress: (step) => progress.tell(step),
        partial: (piece) => notify(methods.partial, { token: call, piece }),
        warn: (message) => notify(methods.warning, { token: call, message }),
      },
      controller.signal,
    );
    return { operation: name, schema: 1, result: answer.result, notChecked: answer.notChecked };
  } catch (error) {
    if (controller.signal.aborted)
      throw new ResponseError<RunErrorData>(REQUEST_CANCELLED, "Cancelled.", { code: "cancelled" });
    throw failed(error as Error);
  } finally {
    progress.end();
    watch.dispose();
    running.delete(controller);
  }
}

function failed(error: { message?: string; code?: unknown; next?: unknown }): ResponseError<RunErrorData> {
  const isTold = error instanceof OperationError || typeof error.next === "string";
  return new ResponseError<RunErrorData>(
    isTold ? REQUEST_FAILED : ErrorCodes.InternalError,
    error.message ?? String(error),
    {
      code: typeof error.code === "string" ? error.code : "internal",
      ...(typeof error.next === "string" ? { next: error.next } : {}),
    },
  );
}

function cancelled(): DOMException {
  return new DOMException("Cancelled", "AbortError");
}
