// Builds that failed in this process, so that nothing that hangs or breaks is tried again with every keystroke.
import type { OperationContext } from "./context.ts";
import type { BuildFailure } from "./sourceBuilds.ts";

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
