// `lock`: resolves a manifest and gives the stack with the digest of every file, as the lock that is asked for holds it.
import { resolve as resolvePath } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { LockForm, LockInput, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { checkFormName, formOfName, LockRefused } from "../lock/index.ts";
import { explainFailure, type Failure, resolve } from "../resolve/index.ts";
import type { Operation } from "./context.ts";
import { OperationError } from "./errors.ts";
import { tellConflict } from "./explain.ts";
import { lockPins } from "./lockedPins.ts";
import { indexOptionsOf } from "./lockIndexes.ts";
import type { Solve } from "./lockPipfile.ts";
import { compareLocks, keepIdentities, keptVersions, readPreviousLock } from "./previousLock.ts";
import {
  type AskedManifest,
  askManifest,
  MOST_DECISIONS,
  refuseUnanswered,
  tellForeignSources,
} from "./question.ts";

/** Nothing resolves: what was asked and why not. */
class NoStack extends Error {
  readonly failure: Failure;
  readonly asked: Pick<AskedManifest, "question" | "places">;

  constructor(failure: Failure, asked: Pick<AskedManifest, "question" | "places">) {
    super("there is no stack");
    this.failure = failure;
    this.asked = asked;
  }
}

/** What a stack is made of, and what it holds for. */
type LockedStack = Pick<LockOutput, "packages" | "pipfile" | "requiresPython" | "environments">;

/** Throws an OperationError where nothing can be said; a manifest that does not resolve is told in `conflict`. */
export const lock: Operation<LockInput, LockOutput, never> = async (context, input, calls, signal) => {
  const asked = await askManifest(context, input, calls, signal);
  try {
    const form = formFor(input, asked);
    const previous = await readPreviousLock(asked, input);
    const about = { path: asked.path, environment: asked.environment, form };
    const indexOptions = indexOptionsOf(asked);
    const solve: Solve = async (question, places) => {
      calls.progress({ message: `resolving ${asked.path}` });
      const resolution = await resolve(asked.catalogue, question, { signal, maxDecisions: MOST_DECISIONS });
      refuseUnanswered(resolution, asked.path);
      if (resolution.kind === "impossible") throw new NoStack(resolution.failure, { question, places });
      for (const told of tellForeignSources(resolution.pins, question)) calls.warn(told);
      return resolution.pins;
    };
    try {
      const stack = await lockStack(asked, form, previous, solve);
      const packages = keepIdentities(previous, stack.packages);
      const result = {
        ...about,
        resolves: true,
        ...stack,
        packages,
        ...compareLocks(previous, packages),
        indexOptions,
      };
      return { result, notChecked: [] };
    } catch (error) {
      if (!(error instanceof NoStack)) throw error;
      calls.progress({ message: "looking for what would help" });
      const { failure, asked: unsolved } = error;
      const conflict = await tellConflict(explainFailure(failure), { ...asked, ...unsolved }, { signal });
      const nothing = { packages: [], changed: [], removed: [], indexOptions };
      return { result: { ...about, resolves: false, conflict, ...nothing }, notChecked: [] };
    }
  } finally {
    await asked.close();
  }
};

type Previous = Awaited<ReturnType<typeof readPreviousLock>>;

async function lockStack(
  asked: AskedManifest,
  form: LockForm,
  previous: Previous,
  solve: Solve,
): Promise<LockedStack> {
  if (form === "pipfile-lock") {
    const { lockCategories } = await import("./lockPipfile.ts");
    return lockCategories(asked, previous, solve);
  }
  const pins = await solve({ ...asked.question, preferences: keptVersions(previous) }, asked.places);
  return { packages: await lockPins(pins, asked), ...holdsFor(asked.runtime) };
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
