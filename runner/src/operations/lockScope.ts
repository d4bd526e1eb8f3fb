// What a lock is to hold for: one environment, a declared list of them, or every platform and Python from one on.
import { dirname } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { ProjectData } from "../../../shared/src/manifest/projectModel.ts";
import { type Marker, markerToString, readMarker } from "../../../shared/src/packaging/marker.ts";
import { readSpecifierSet, type SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import type { LockInput } from "../../../shared/src/protocol/lock.ts";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import type {
  NamedTarget,
  OwnPart,
  Question,
  SolveOptions,
  StackPart,
  StackResolution,
  StackScope,
  Universe,
} from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { environmentFor } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { targetOf } from "./environment.ts";
import { OperationError } from "./errors.ts";

/** Solves a question for everything that a lock is to hold for. */
export interface ScopeSolver {
  /** In words: `every platform, Python >=3.11`; `Python 3.11.7 on linux x86_64; Python 3.12.0 on win32 AMD64`. */
  readonly environment: string;
  solve(question: Question, options: SolveOptions): Promise<StackResolution>;
  /** The same in another universe, such as a part of the manifest's own: kept for as many questions as are asked of it. */
  over(universe: Universe): (question: Question, options: SolveOptions) => Promise<StackResolution>;
}

export type ScopeInput = Pick<LockInput, "universal" | "environments" | "environment" | "cwd" | "offline">;

/**
 * How a lock is solved where it is to hold for more than one environment: undefined where it is for one. A manifest asked for with
 * its extras and groups apart (`scoped`) has to be solved for everywhere.
 * @throws OperationError for an environment that is not known, and a marker of the manifest that cannot be read.
 */
export async function scopeSolverFor(
  context: OperationContext,
  input: ScopeInput,
  asked: AskedManifest,
  signal: AbortSignal,
): Promise<ScopeSolver | undefined> {
  if (input.universal) {
    const scope = scopeOf(input, asked.runtime, asked.root.tree.files[0]?.manifest.project);
    return solverForScope(scope, asked);
  }
  const named = await environmentsOf(input, asked);
  return named.length < 2 ? undefined : solverForTargets(context, input, asked, named, signal);
}

/** What the command line lists, else what `.thoth.yaml` declares for locks where nobody names another environment. */
async function environmentsOf(
  { environments = [], environment }: ScopeInput,
  { root }: AskedManifest,
): Promise<readonly EnvironmentOptions[]> {
  if (environments.length > 0) return environments;
  if (environment && Object.values(environment).some((value) => value !== undefined)) return [];
  const { configuration } = await configurationFor(dirname(root.path));
  return (configuration.lock?.environments ?? []).map((name) => ({ name }));
}

/** Solves a manifest's question for everything in a scope, as uv does. */
export async function solverForScope(scope: StackScope, asked: AskedManifest): Promise<ScopeSolver> {
  const { createScopeCatalogue, resolveUniversal } = await import("../resolve/index.ts");
  const conflicts = conflictsOf(asked.root.tree.files[0]?.manifest.project);
  const over: ScopeSolver["over"] = (universe) => {
    const catalogue = createScopeCatalogue(universe, scope, asked.policy);
    return (question, options) => resolveUniversal(catalogue, { ...question, conflicts }, options);
  };
  return {
    environment: `every platform, Python ${scope.requiresPython}`,
    solve: over(asked.universe),
    over,
  };
}

/** As uv has it: what the project requires, else from the Python that is named or found on. */
function scopeOf(
  { environment }: ScopeInput,
  { pythonVersion }: RuntimeEnvironment,
  project: ProjectData | undefined,
): StackScope {
  const required = environment?.python === undefined ? project?.requiresPython?.specifier : undefined;
  const named = environment?.python !== undefined && /^\d/.test(environment.python);
  const uv = project?.uv;
  const forkStrategy = uv?.forkStrategy?.text;
  return {
    requiresPython: required ?? fromPython(named ? environment.python! : pythonVersion!),
    environments: (uv?.environments ?? []).map(({ text }) => markerOf(text)),
    requiredEnvironments: (uv?.requiredEnvironments ?? []).map(({ text }) => markerOf(text)),
    ...(forkStrategy === "fewest" || forkStrategy === "requires-python" ? { forkStrategy } : {}),
  };
}

/** Throws OperationError for what is no version. */
export function fromPython(version: string): SpecifierSet {
  const read = readSpecifierSet(`>=${version}`);
  if (read.ok) return read.value;
  throw new OperationError(
    "usage",
    "bad-python",
    `${version} is no version of Python.`,
    "Name one: --python 3.12.",
  );
}

function markerOf(text: string): Marker {
  const read = readMarker(text);
  if (read.ok) return read.value;
  throw new OperationError(
    "usage",
    "bad-marker",
    `pyproject.toml: ${text} is no marker.`,
    read.error.message,
  );
}

/** uv's `conflicts` as far as they are of the project's own extras and groups. */
function conflictsOf(project: ProjectData | undefined): OwnPart[][] {
  return (project?.uv.conflicts ?? []).map((set) =>
    set.flatMap(({ package: other, extra, group }): OwnPart[] => {
      if (other !== undefined && other !== project?.normalizedName) return [];
      if (extra !== undefined) return [{ kind: "extra", name: extra }];
      return group === undefined ? [] : [{ kind: "group", name: group }];
    }),
  );
}

/** Solves a manifest's question for each of some environments, in one stack. Throws OperationError for one that is not known. */
export async function solverForTargets(
  context: OperationContext,
  input: Pick<ScopeInput, "cwd" | "offline">,
  asked: AskedManifest,
  named: readonly EnvironmentOptions[],
  signal: AbortSignal,
): Promise<ScopeSolver> {
  const { createTargetsCatalogue, resolveForTargets } = await import("../resolve/index.ts");
  const targets: NamedTarget[] = [];
  for (const environment of named) {
    const { cwd, offline } = input;
    const common = { cwd, environment, ...(offline === undefined ? {} : { offline }) };
    const runtime = await environmentFor(context, common, asked.root, signal);
    signal.throwIfAborted();
    targets.push({ name: describeRuntime(runtime!), target: targetOf(runtime) });
  }
  const over: ScopeSolver["over"] = (universe) => {
    const catalogue = createTargetsCatalogue(universe, targets, asked.policy);
    return (question, options) => resolveForTargets(catalogue, question, options);
  };
  return { environment: targets.map(({ name }) => name).join("; "), solve: over(asked.universe), over };
}

function describeRuntime({ pythonVersion, platform, architecture }: RuntimeEnvironment): string {
  return `Python ${pythonVersion} on ${platform} ${architecture}`;
}

/** What an answer is for, in words: the part that has no solution, else everything. */
export function describePart(
  { environment }: Pick<ScopeSolver, "environment">,
  answer: Pick<StackResolution, "kind">,
): string {
  const part = "part" in answer ? (answer.part as StackPart | undefined) : undefined;
  if (part?.environment !== undefined) return part.environment;
  return part?.marker === undefined ? environment : `${environment}, where ${markerToString(part.marker)}`;
}
