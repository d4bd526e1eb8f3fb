// Builds that failed in this process, so that nothing that hangs or breaks is tried again with every keystroke.
import type { Outcome } from "../inspect/index.ts";
import type { OperationContext } from "./context.ts";

/** A build that did not come to an end, as a person is told. */
export interface BuildFailure {
  readonly outcome: Outcome;
  readonly reason?: "no-sandbox" | undefined;
  /** A whole sentence. */
  readonly message: string;
  readonly next?: string | undefined;
  /** The log's telling lines. */
  readonly lines: readonly string[];
}

const failures = new WeakMap<OperationContext, Map<string, BuildFailure>>();

/** By what was built, on which Python. */
export function failedBuildsOf(context: OperationContext): Map<string, BuildFailure> {
  const known = failures.get(context) ?? new Map<string, BuildFailure>();
  failures.set(context, known);
  return known;
}

/** The next question tries them again. */
export function forgetFailedBuilds(context: OperationContext): void {
  failures.delete(context);
}
