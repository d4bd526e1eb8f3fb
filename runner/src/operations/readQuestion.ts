// The lines of a manifest as a question: which of its parts count, what overrides and exclusions do to them, and the same of an edited text.
import type { LeftOut } from "../../../shared/src/facts/stack.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ProjectSelection } from "../../../shared/src/manifest/projectModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Demand, Question } from "../resolve/index.ts";
import type { AskedManifest, AskOptions } from "./askedManifest.ts";
import { type Demands, isInstalled, readDemands, readSourceNames } from "./demands.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import type { OpenIndexes, Opening } from "./openIndexes.ts";
import type { QuestionInput } from "./questionInput.ts";
import { exclusionOf } from "./resolveSettings.ts";
import type { BuildListener } from "./sourceBuilds.ts";
import { withSourcesHere } from "./sourcesHere.ts";

/** Whose lines are read, with what is open for them. */
export interface Reads extends Opening {
  readonly loader: Loader;
  readonly opened: OpenIndexes;
}

/**
 * Reads the manifest's lines as a question to what is open.
 * @throws OperationError where a line cannot be resolved, or parts are asked for that there are not.
 */
export async function readQuestion(
  { input, root, environment, resolving, loader, opened }: Reads,
  calls: Pick<BuildListener, "warn">,
  options: AskOptions,
): Promise<Omit<AskedManifest, "otherIndexes">> {
  const { settings, universe, catalogue, reading, policy, sources, builds } = opened;
  const { cwd } = input;
  const names = await readSourceNames(root, loader, cwd, sources, options.lenient);
  const selection = selectionOf(input, root, options);
  let leftOut: LeftOut[] = [];
  const leaveOut = options.lenient ? (line: LeftOut) => void leftOut.push(line) : undefined;
  const read = (from: LoadedRoot, takes: (entry: RequirementEntry) => boolean): Demands =>
    readDemands(from, loader, { takes, selection, names, cwd, leaveOut });
  const isPipfile = root.tree.files[0]?.manifest.kind === "pipfile";
  const takes = options.allSections === true || (options.allSections && isPipfile) ? () => true : isInstalled;
  const demands = read(root, takes);
  const first = leftOut;
  const overrides = [...(await readOverrides(input, loader, names)), ...resolving.overrides];
  for (const problem of settings.problems) calls.warn(problem);
  for (const { requirement, place } of demands.constraints) {
    if (requirement.extras.length === 0) continue;
    calls.warn(`${place?.path} line ${place?.line}: the extras of a constraint are passed over.`);
  }
  const questionOf = (from: Demands): Question => ({
    requirements: from.requirements,
    constraints: from.constraints,
    overrides: withExclusions([...from.overrides, ...overrides], [...from.excluded, ...resolving.excluded]),
    resolution: resolving.resolution,
    prereleases: resolving.prereleases ?? (settings.pre ? "allow" : "last"),
  });
  return {
    loader,
    path: loader.display(root.path),
    root,
    environment: `Python ${environment.pythonVersion} on ${environment.platform} ${environment.architecture}`,
    runtime: environment,
    question: questionOf(demands),
    places: demands.places,
    leftOut: first,
    catalogue,
    reading,
    policy,
    universe,
    builds,
    reread(edited) {
      leftOut = [];
      const other = read(options.everywhere ? edited : withSourcesHere(edited, environment.markers), takes);
      return { question: questionOf(other), places: other.places, leftOut };
    },
    ofSection(section) {
      const own = read(root, (entry) => entry.section === undefined || entry.section === section);
      return { question: questionOf(own), places: own.places };
    },
    close: () => opened.close(),
  };
}

/** Throws OperationError where parts are asked for of a manifest that has none. */
function selectionOf(input: QuestionInput, root: LoadedRoot, options: AskOptions): ProjectSelection {
  if (input.selection !== undefined && root.tree.files[0]?.manifest.project === undefined) {
    const message = `${input.path} has no extras and no groups: those are of a pyproject.toml.`;
    throw new OperationError(
      "usage",
      "no-groups",
      message,
      "Leave the option out, or name the pyproject.toml.",
    );
  }
  if (input.selection !== undefined) return { ...input.selection } as ProjectSelection;
  // Extras and groups that exclude each other are never asked for together.
  const areExclusive = (root.tree.files[0]?.manifest.project?.uv.conflicts.length ?? 0) > 0;
  if (options.scoped) return { isApart: true };
  const isWhole = options.allSections === true && !areExclusive;
  return isWhole ? { extras: "all", groups: "all" } : {};
}

/** What is left out is left out whatever an override says of it. */
function withExclusions(overrides: readonly Demand[], excluded: readonly string[]): Demand[] {
  const names = new Set(excluded);
  const kept = overrides.filter(({ requirement }) => !names.has(normalizeName(requirement.name.text)));
  return [...kept, ...[...names].map((name) => exclusionOf(name))];
}

/** The requirements of the files that `--override` names. */
async function readOverrides(
  input: QuestionInput,
  loader: Loader,
  names: ReadonlyMap<string, string>,
): Promise<Demand[]> {
  if (!input.overrides || input.overrides.length === 0) return [];
  const { roots } = await loader.roots(input.overrides);
  const { cwd } = input;
  return roots.flatMap(
    (root) => readDemands(root, loader, { takes: () => true, selection: {}, names, cwd }).requirements,
  );
}
