// The wire of the JSON-RPC face (over a pipe, framed as the Language Server Protocol frames): method names and notifications.
import type { Envelope, Progress } from "./operation.ts";

/**
 * Request `thoth/run`: one method for all operations, cancelled by `$/cancelRequest`. An operation that has something to say of
 * what was done until then answers a cancel with its result, as `validate` does with the outcome `cancelled`; others answer with
 * error -32800. Each piece told by `thoth/partial` before the cancel stands, and none comes after it.
 */
export interface RunParams {
  readonly operation: string;
  readonly input: unknown;
  /** Chosen by the caller; progress and partial notifications carry it. */
  readonly token: string;
}
export type RunResult = Envelope<unknown>;

/** Errors of `thoth/run` carry this as `data`. */
export interface RunErrorData {
  readonly code: string;
  readonly next?: string;
}

export interface ProgressParams extends Progress {
  readonly token: string;
}
export interface PartialParams {
  readonly token: string;
  readonly piece: unknown;
}
export interface WarningParams {
  readonly token?: string;
  readonly message: string;
}

export const methods = {
  run: "thoth/run",
  progress: "thoth/progress",
  partial: "thoth/partial",
  warning: "thoth/warning",
  /** First request: versions are compared; a runner of another major version is refused with a sentence. */
  hello: "thoth/hello",
} as const;

export interface HelloParams {
  readonly protocol: number;
  readonly client: string;
}
export interface HelloResult {
  readonly protocol: number;
  readonly version: string;
  readonly knowledge: string;
}
/** Grows when the wire changes incompatibly. */
export const protocolVersion = 1;
