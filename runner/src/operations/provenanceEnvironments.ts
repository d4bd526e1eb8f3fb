// The environments that the artifacts of a manifest are judged for.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { sayEnvironment } from "../../../shared/src/rules/words.ts";
import { type EnvironmentJudge, isWheel } from "../provenance/index.ts";
import { environmentFor } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import { FileJudge } from "./projectFacts.ts";
import type { RootInput } from "./provenanceModel.ts";

/** The environments that the lock is declared for, else the one that the input means. */
export async function environmentsFor(
  { context, input, root, signal, environments }: RootInput,
  folder: string,
): Promise<RuntimeEnvironment[]> {
  const { configuration } = await configurationFor(folder);
  const names = configuration.lock?.environments ?? [];
  const { name, interpreter, python, platform } = input.environment ?? {};
  const isNamed = [name, interpreter, python, platform].some((value) => value !== undefined);
  const declared = isNamed || names.length === 0 ? [undefined] : names.map((one) => ({ name: one }));
  const found: RuntimeEnvironment[] = [];
  for (const environment of environments ?? declared) {
    const asked = environment === undefined ? input : { ...input, environment };
    const runtime = await environmentFor(context, asked, root, signal);
    if (runtime) found.push(runtime);
  }
  return found;
}

export interface KnownJudge extends EnvironmentJudge {
  readonly markers: RuntimeEnvironment["markers"];
  /** All that its judgements depend on. */
  readonly basis: unknown;
}

/** Judges files for one environment: the best wheel first, an sdist last. */
export function environmentJudge(
  environment: RuntimeEnvironment,
  onlyBinary: readonly string[],
  noBinary: readonly string[],
): KnownJudge {
  const judge = new FileJudge({
    ...(environment.pythonVersion === undefined ? {} : { python: environment.pythonVersion }),
    ...(environment.tags === undefined ? {} : { tags: environment.tags }),
    onlyBinary,
    noBinary,
  });
  return {
    name: sayEnvironment(environment),
    isKnown: environment.tags !== undefined,
    markers: environment.markers,
    basis: [environment.pythonVersion, environment.tags?.length, environment.tags?.[0], onlyBinary, noBinary],
    rank(project, file) {
      const wheel = isWheel(file);
      if (!judge.allows(wheel ? "wheel" : "sdist", project)) return undefined;
      if (!judge.admitsPython(file.requiresPython)) return undefined;
      return wheel ? judge.wheelRank(file.filename) : 1e9;
    },
  };
}
