// What a repair has to hold for: the environments that are listed or declared, or everything that a lock says it is for.
import { dirname } from "node:path";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { type ScopeInput, type ScopeSolver, solverForTargets } from "./lockScope.ts";
import type { QuestionInput } from "./questionInput.ts";

type RepairScopeInput = Pick<ScopeInput, "environments" | "environment" | "cwd" | "offline">;

/** What a repair is planned with, beside the manifest. */
export type RepairInput = RepairScopeInput &
  Omit<QuestionInput, "path" | "constraints"> & { readonly trustedRoot?: string | undefined };

/**
 * The environments that are listed, else those that `.thoth.yaml` declares for locks where nobody names another one by name, Python
 * or platform: an interpreter that happens to be selected does not make the lock one for it alone.
 */
export async function repairEnvironments(
  { environments, environment }: RepairScopeInput,
  path: string,
): Promise<readonly EnvironmentOptions[] | undefined> {
  if (environments && environments.length > 0) return environments;
  const { name, python, platform } = environment ?? {};
  if ([name, python, platform].some((value) => value !== undefined)) return undefined;
  const { configuration } = await configurationFor(dirname(path));
  const declared = configuration.lock?.environments ?? [];
  return declared.length > 0 ? declared.map((one) => ({ name: one })) : undefined;
}

/**
 * How a manifest is solved for all that its repair has to hold for; undefined where that is its one environment.
 * @throws OperationError for an environment that is not known.
 */
export async function repairScopeFor(
  context: OperationContext,
  input: RepairScopeInput,
  asked: AskedManifest,
  signal: AbortSignal,
): Promise<ScopeSolver | undefined> {
  const environments = await repairEnvironments(input, asked.root.path);
  return environments && solverForTargets(context, input, asked, environments, signal);
}
