// The interpreter on this machine that sources are built with.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { describeInterpreter, findProgram, type Interpreter } from "../inspect/index.ts";
import type { OperationContext } from "./context.ts";
import type { BuildFailure } from "./failedBuilds.ts";

/**
 * The interpreter of the environment, or another of its version on this machine.
 * @throws what the signal was aborted with.
 */
export async function findBuildPython(
  context: OperationContext,
  environment: RuntimeEnvironment,
  signal: AbortSignal,
): Promise<Interpreter | BuildFailure> {
  const minor = /^\d+\.\d+/.exec(environment.pythonVersion ?? "")?.[0];
  const refuse = (message: string, next: string): BuildFailure => ({
    outcome: "infrastructure-failed",
    message,
    next,
    lines: [],
  });
  if (environment.platform !== context.platform) {
    const message = `Nothing can be built for ${environment.platform} on this machine.`;
    return refuse(message, "Choose releases with wheels for it.");
  }
  const places = [environment.executable, findProgram(`python${minor}`, context.env.PATH)];
  for (const place of places) {
    if (place === undefined) continue;
    const found = await describeInterpreter(place, signal);
    signal.throwIfAborted();
    if (found.ok && found.interpreter.version.startsWith(`${minor}.`)) {
      if (found.interpreter.pip) return found.interpreter;
    }
  }
  const message = `Building needs Python ${minor} with pip on this machine, and none was found.`;
  return refuse(message, "Install it, or name the path of an interpreter with --python.");
}
