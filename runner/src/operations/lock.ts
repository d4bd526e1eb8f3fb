// `lock`: resolves a manifest and gives the stack with the digest of every file, as the lock that is asked for holds it.
import { existsSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { sayDisagreement, type WheelDisagreement } from "../../../shared/src/facts/wheels.ts";
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import type { LockForm, LockInput, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { checkFormName, formOfName, LockRefused } from "../lock/index.ts";
import {
  explainFailure,
  type Failure,
  type Pin,
  type Question,
  type Resolution,
  resolve,
  type StackResolution,
} from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { Operation } from "./context.ts";
import { OperationError } from "./errors.ts";
import { lockPins } from "./lockedPins.ts";
import { indexOptionsOf } from "./lockIndexes.ts";
import type { Solve } from "./lockPipfile.ts";
import { describePart, scopeSolverFor } from "./lockScope.ts";
import { compareLocks, keepIdentities, keptPins, keptVersions, readPreviousLock } from "./previousLock.ts";
import { askManifest } from "./question.ts";
import { tellSources } from "./tellSources.ts";
import { MOST_DECISIONS, refuseUnanswered } from "./unanswered.ts";

/** Nothing resolves: what was asked and why not. */
class NoStack extends Error {
  readonly failure: Failure;
  readonly asked: Pick<AskedManifest, "question" | "places">;
  /** What it was for, in words. */
  readonly environment: string;

  constructor(failure: Failure, asked: Pick<AskedManifest, "question" | "places">, environment: string) {
    super("there is no stack");
    this.failure = failure;
    this.asked = asked;
    this.environment = environment;
  }
}

/** What a stack is made of, and what it holds for. */
type LockedStack = Pick<
  LockOutput,
  "packages" | "pipfile" | "requiresPython" | "environments" | "extras" | "groups" | "defaultGroups"
>;

/** Throws an OperationError where nothing can be said; a manifest that does not resolve is told in `conflict`. */
export const lock: Operation<LockInput, LockOutput, never> = async (context, input, calls, signal) => {
  const asked = await askManifest(context, { ...input, path: manifestFor(input) }, calls, signal, {
    scoped: isScoped(input),
    everywhere: input.universal,
  });
  try {
    const form = formFor(input, asked);
    const previous = await readPreviousLock(asked, input);
    const scope = await scopeSolverFor(context, input, asked, signal);
    const about = { path: asked.path, environment: scope?.environment ?? asked.environment, form };
    const indexOptions = indexOptionsOf(asked);
    const limits = { signal, maxDecisions: MOST_DECISIONS };
    const found: WheelDisagreement[] = [];
    const answer = async <Found extends Resolution | StackResolution>(
      ask: (question: Question) => Promise<Found>,
      question: Question,
      places: AskedManifest["places"],
    ): Promise<Extract<Found, { kind: "solved" }>> => {
      calls.progress({ message: `resolving ${asked.path}` });
      const resolution: Resolution | StackResolution = await ask(question);
      refuseUnanswered(resolution, asked.path);
      if (resolution.kind === "impossible") {
        const environment = scope ? describePart(scope, resolution) : asked.environment;
        throw new NoStack(resolution.failure, { question, places }, environment);
      }
      for (const told of tellSources(resolution.pins, question, asked)) calls.warn(told);
      if (scope) found.push(...(await disagreementsIn(resolution.pins, asked)));
      return resolution as Extract<Found, { kind: "solved" }>;
    };
    const solve: Solve = async (question, places) =>
      scope
        ? (await answer((one) => scope.solve(one, limits), question, places)).pins
        : (await answer((one) => resolve(asked.catalogue, one, limits), question, places)).pins;
    try {
      const stack =
        scope && form !== "pipfile-lock"
          ? {
              ...(await lockScope(asked, previous, (question) =>
                answer((one) => scope.solve(one, limits), question, asked.places),
              )),
              ...(isScoped(input) ? ownParts(asked) : {}),
            }
          : await lockStack(asked, form, previous, solve, scope !== undefined);
      const packages = keepIdentities(previous, stack.packages);
      const result = {
        ...about,
        resolves: true,
        ...stack,
        packages,
        ...compareLocks(previous, packages),
        indexOptions,
        ...tellDisagreements(found, calls.warn),
      };
      return { result, notChecked: [] };
    } catch (error) {
      if (!(error instanceof NoStack)) throw error;
      calls.progress({ message: "looking for what would help" });
      const { failure, asked: unsolved, environment } = error;
      const options = { signal, solve: scope?.solve };
      const { tellConflict } = await import("./explain.ts");
      const conflict = await tellConflict(explainFailure(failure), { ...asked, ...unsolved }, options);
      const nothing = { packages: [], changed: [], removed: [], indexOptions };
      return { result: { ...about, environment, resolves: false, conflict, ...nothing }, notChecked: [] };
    }
  } finally {
    await asked.close();
  }
};

/** Where several wheels of a release are installed, each has to ask for what the one asks for that was read. */
async function disagreementsIn(
  pins: readonly Pin[],
  { universe }: AskedManifest,
): Promise<WheelDisagreement[]> {
  const { compareWheels, disagreementsOf } = await import("./wheelMetadata.ts");
  return disagreementsOf(await compareWheels(pins, universe, { scope: "used", fetches: true }));
}

/** Each release once, however many sections of a Pipfile have it. */
function tellDisagreements(
  found: readonly WheelDisagreement[],
  warn: (message: string) => void,
): Pick<LockOutput, "disagreements"> {
  const distinct = [...new Map(found.map((one) => [`${one.name} ${one.version}`, one])).values()];
  for (const one of distinct) warn(sayDisagreement(one));
  if (distinct.length === 0) return {};
  return {
    disagreements: distinct.map(({ others, ...rest }) => ({
      ...rest,
      others: others.map(({ adds, lacks, ...other }) => ({ ...other, adds: [...adds], lacks: [...lacks] })),
    })),
  };
}

type Previous = Awaited<ReturnType<typeof readPreviousLock>>;

async function lockStack(
  asked: AskedManifest,
  form: LockForm,
  previous: Previous,
  solve: Solve,
  isForSeveral: boolean,
): Promise<LockedStack> {
  if (form === "pipfile-lock") {
    const { lockCategories } = await import("./lockPipfile.ts");
    return lockCategories(asked, previous, solve, isForSeveral);
  }
  const pins = await solve({ ...asked.question, preferences: keptVersions(previous) }, asked.places);
  return { packages: await lockPins(pins, asked, "chosen"), ...holdsFor(asked.runtime) };
}

type SolvedStack = Extract<StackResolution, { kind: "solved" }>;

/** One lock for everything in a scope: what it holds for is what was solved for. */
async function lockScope(
  asked: AskedManifest,
  previous: Previous,
  solve: (question: Question) => Promise<SolvedStack>,
): Promise<LockedStack> {
  const { pins, parts, requiresPython } = await solve({ ...asked.question, kept: keptPins(previous) });
  const named = parts.flatMap(({ environment, marker }) =>
    environment === undefined || marker === undefined ? [] : [markerToString(marker)],
  );
  return {
    packages: await lockPins(pins, asked, "admissible"),
    requiresPython: requiresPython.toString(),
    ...(named.length > 0 ? { environments: named } : {}),
  };
}

/** The project's own extras and groups, which an installer of such a lock is asked for by name (PEP 751). */
function ownParts({ root }: AskedManifest): Pick<LockOutput, "extras" | "groups" | "defaultGroups"> {
  const project = root.tree.files[0]!.manifest.project;
  if (project === undefined) return {};
  const namesOf = (parts: readonly { readonly normalizedName: string }[]): string[] =>
    [...new Set(parts.map(({ normalizedName }) => normalizedName))].sort();
  const [extras, groups] = [namesOf(project.extras), namesOf(project.groups)];
  return {
    ...(extras.length > 0 ? { extras } : {}),
    ...(groups.length > 0
      ? { groups, defaultGroups: project.defaultGroups.filter((name) => groups.includes(name)) }
      : {}),
  };
}

/** A lock for everywhere holds every extra and group, each where it is asked for, in the one form that has words for that. */
function isScoped({ universal, as, previous, selection }: LockInput): boolean {
  const form = as ?? (previous === undefined ? undefined : formOfName(previous));
  return universal === true && selection === undefined && (form === undefined || form === "pylock");
}

/** Of a folder with several manifests, a Pipfile.lock is made from the Pipfile. */
function manifestFor({ as, previous, cwd, path }: LockInput): string {
  const form = as ?? (previous === undefined ? undefined : formOfName(previous));
  if (form !== "pipfile-lock") return path;
  const pipfile = join(path, "Pipfile");
  return existsSync(resolvePath(cwd, pipfile)) ? pipfile : path;
}

/** By what is asked for, by the name of the file, by the manifest. Throws where these do not go together. */
function formFor({ as, previous, cwd }: LockInput, { root, path }: AskedManifest): LockForm {
  const kind = root.tree.files[0]!.manifest.kind;
  const usual = kind === "pipfile" ? "pipfile-lock" : kind === "pyproject" ? "pylock" : "requirements";
  const form = as ?? (previous === undefined ? undefined : formOfName(previous)) ?? usual;
  if (form === "pipfile-lock" && kind !== "pipfile") {
    throw new OperationError(
      "usage",
      "no-pipfile",
      `A Pipfile.lock is made from a Pipfile, and ${path} is none.`,
      "Take another form: --as pylock.",
    );
  }
  try {
    if (previous !== undefined) checkFormName(resolvePath(cwd, previous), form);
  } catch (error) {
    if (!(error instanceof LockRefused)) throw error;
    throw new OperationError("usage", error.code, error.message, error.next);
  }
  return form;
}

/** What one environment's stack was found for, and may be installed on: what its markers were read against. */
function holdsFor({ markers }: RuntimeEnvironment): Pick<LockOutput, "requiresPython" | "environments"> {
  if (markers === undefined) return {};
  const { implementation_name, platform_machine, python_version, sys_platform } = markers;
  const said = [
    ["implementation_name", implementation_name],
    ["platform_machine", platform_machine],
    ["sys_platform", sys_platform],
  ].filter(([, value]) => value !== "");
  const environment = said.map(([name, value]) => `${name} == "${value}"`).join(" and ");
  return {
    requiresPython: `==${python_version}.*`,
    ...(environment === "" ? {} : { environments: [environment] }),
  };
}
