// Asks a manifest: for which environment, over which indexes, and then what its lines ask.
import { dirname } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { AskedManifest, AskOptions } from "./askedManifest.ts";
import { environmentFor } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { targetOf } from "./environment.ts";
import { otherPlans, planIndexes } from "./indexPlan.ts";
import { type LoadedRoot, Loader } from "./load.ts";
import { oneManifest } from "./oneManifest.ts";
import { type OpenIndexes, type Opening, openIndexes } from "./openIndexes.ts";
import type { QuestionInput } from "./questionInput.ts";
import { readQuestion } from "./readQuestion.ts";
import { resolveSettingsFor } from "./resolveSettings.ts";
import { shelfKey } from "./shelfKey.ts";
import type { BuildListener } from "./sourceBuilds.ts";
import { withSourcesHere } from "./sourcesHere.ts";

/**
 * Reads a manifest and opens its indexes for its environment.
 * @throws OperationError where the manifest cannot be read, has a line that cannot be resolved, or no Python is known.
 */
export async function askManifest(
  context: OperationContext,
  input: QuestionInput,
  calls: BuildListener,
  signal: AbortSignal,
  options: AskOptions = {},
): Promise<AskedManifest> {
  const loader = new Loader(input.cwd);
  const root = await oneManifest(loader, input.path, input.constraints, "declared");
  const environment = await environmentFor(context, await withDeclared(input, root), root, signal);
  signal.throwIfAborted();
  return askRoot(context, input, { loader, root, environment }, calls, signal, options);
}

/** Where nobody names an environment, the one that `.thoth.yaml` declares for locks; several are the lock's own affair. */
async function withDeclared(input: QuestionInput, { path }: LoadedRoot): Promise<QuestionInput> {
  const { environment } = input;
  if (environment && Object.values(environment).some((value) => value !== undefined)) return input;
  const { configuration } = await configurationFor(dirname(path));
  const [name, ...more] = configuration.lock?.environments ?? [];
  return name === undefined || more.length > 0 ? input : { ...input, environment: { name } };
}

/** A manifest that is read, and what it is meant for. */
export interface ReadRoot {
  readonly loader: Loader;
  readonly root: LoadedRoot;
  readonly environment: RuntimeEnvironment | undefined;
}

/**
 * Opens the indexes of a manifest that is read already.
 * @throws OperationError where a line of it cannot be resolved, or no Python is known.
 */
export async function askRoot(
  context: OperationContext,
  input: QuestionInput,
  { loader, root: whole, environment }: ReadRoot,
  calls: BuildListener,
  signal: AbortSignal,
  options: AskOptions = {},
): Promise<AskedManifest> {
  const target = targetOf(environment);
  const root = options.everywhere ? whole : withSourcesHere(whole, environment?.markers);
  const resolving = await resolveSettingsFor(context, input, root, environment, signal);
  for (const problem of resolving.configuration.problems) calls.warn(problem);
  if (resolving.torch) calls.warn(resolving.torch.why);
  const planInput = { tree: root.tree, index: input.index, ...resolving };
  const plan = planIndexes(planInput);
  // A manifest without an environment has no target.
  const opening: Opening = { context, input, root, environment: environment!, target, resolving };
  const open = (while_: AbortSignal): Promise<OpenIndexes> => openIndexes(opening, plan, while_);
  const { shelf } = options;
  const key = shelf && shelfKey(input, root, environment, plan, resolving);
  const taken = shelf && key ? await shelf.take(key, open) : await open(signal);
  const ignore = taken.builds?.listen(calls);
  const close = async (): Promise<void> => {
    ignore?.();
    await taken.close();
  };
  const opened = { ...taken, close };
  try {
    const asked = await readQuestion({ ...opening, loader, opened }, calls, options);
    return {
      ...asked,
      otherIndexes: (names) =>
        otherPlans(planInput, plan, names, (name) => asked.universe.searchOf(name)).map((other) => ({
          title: other.title,
          open: (while_) => openIndexes(opening, other.plan, while_),
        })),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
