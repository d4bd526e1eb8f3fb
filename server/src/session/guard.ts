// The one wrapper around every handler: cancellation is checked before and after, and a fault costs one answer, never the server.
import { type CancellationToken, LSPErrorCodes, ResponseError } from "vscode-languageserver";

/** What the client is told when it no longer wants the answer. */
export function cancelledError(): ResponseError<undefined> {
  return new ResponseError(LSPErrorCodes.RequestCancelled, "Cancelled");
}

/**
 * Runs a handler. A cancelled request is answered with LSP's error for that, a failing one with `fallback`.
 * Throws ResponseErrors only: those that the handler throws are meant for the person and pass.
 */
export async function guarded<T>(
  what: string,
  token: CancellationToken,
  fallback: T,
  log: (line: string) => void,
  work: () => T | Promise<T>,
): Promise<T> {
  if (token.isCancellationRequested) throw cancelledError();
  let answer = fallback;
  try {
    answer = await work();
  } catch (problem) {
    if (problem instanceof ResponseError) throw problem;
    if (!token.isCancellationRequested) {
      log(
        `${what} failed: ${problem instanceof Error ? (problem.stack ?? problem.message) : String(problem)}`,
      );
    }
  }
  if (token.isCancellationRequested) throw cancelledError();
  return answer;
}
