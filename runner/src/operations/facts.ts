// `facts`: what is known of projects for one environment; each project is told as soon as it is known.
import { fileURLToPath } from "node:url";
import type { InspectionFacts, ProjectFacts } from "../../../shared/src/facts/model.ts";
import type { FactsInput, FactsOutput, FactsPartial } from "../../../shared/src/protocol/facts.ts";
import type { IndexOptions } from "../../../shared/src/protocol/operation.ts";
import type { FileOption } from "../index/index.ts";
import { withAdvisories } from "./checkRoots.ts";
import type { Operation, OperationContext } from "./context.ts";
import { environmentOf } from "./environment.ts";
import { FactFinder } from "./factFinder.ts";

/** Asks the indexes. Rejects only when cancelled; what cannot be asked is a project with its trouble. */
export const facts: Operation<FactsInput, FactsOutput, FactsPartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const described = await environmentOf(context, input, signal);
  const finder = new FactFinder({
    context,
    cwd: input.cwd,
    environment: described,
    commandLine: input.index,
    fileOptions: optionLines(input.fileOptions),
    sources: input.sources ?? [],
    usePipConfiguration: input.usePipConfiguration !== false,
    offline: input.offline === true,
    refresh: input.refresh === true,
    signal,
  });
  try {
    let done = 0;
    const total = input.packages.length;
    const wanted = input.packages.map(({ name, versions, specifiers, source }) => ({
      name,
      versions,
      specifiers,
      ...(source === undefined ? {} : { source }),
    }));
    const advisories = (await context.knowledge()).advisories.read(wanted.map(({ name }) => name));
    const known = await finder.ask(wanted, {
      newest: true,
      onProject: (found) => {
        const project = withAdvisories(found, advisories);
        done++;
        calls.partial({ project });
        calls.progress({ message: project.name, done, total });
      },
    });
    const projects = known.map((project) => withAdvisories(project, advisories));
    for (const problem of finder.problems) calls.warn(problem);
    void rememberNames(context, projects).catch(() => {});
    const inspection = input.manifest ? await lastInspection(context, input.manifest) : undefined;
    return {
      result: { projects, ...(inspection ? { inspection } : {}) },
      notChecked: projects.flatMap(notCheckedOf),
    };
  } finally {
    await finder.close();
  }
};

const remembered = new WeakMap<OperationContext, Set<string>>();

/** Keeps the names of projects that exist, for completion. It is a convenience: nobody waits for it and nothing fails with it. */
async function rememberNames(context: OperationContext, projects: readonly ProjectFacts[]): Promise<void> {
  const known = remembered.get(context) ?? new Set();
  remembered.set(context, known);
  const { facts: kept } = await context.knowledge();
  for (const project of projects) {
    if (project.state !== "known" || known.has(project.name)) continue;
    known.add(project.name);
    const summary = Object.values(project.details).find((detail) => detail.summary)?.summary;
    await kept.recordProject({
      value: {
        name: project.name,
        ...(project.displayName === undefined ? {} : { displayName: project.displayName }),
        ...(summary === undefined ? {} : { summary }),
        ...(project.status === undefined ? {} : { status: project.status }),
      },
      source: project.indexes[0] ?? "index",
      time: project.checked ?? context.now(),
    });
  }
}

function notCheckedOf(project: ProjectFacts): { what: string; reason: string }[] {
  if (project.state !== "failed" && project.state !== "unknown") return [];
  return [{ what: project.name, reason: project.trouble?.message ?? "nothing is known of it" }];
}

/** The options of a manifest's lines that came as one record, as the lines they were. */
function optionLines(options: IndexOptions | undefined): FileOption[] {
  if (!options) return [];
  const where = "the manifest";
  const line = (option: string, value?: string): FileOption => ({
    option,
    where,
    ...(value === undefined ? {} : { value }),
  });
  return [
    ...(options.indexUrl === undefined ? [] : [line("--index-url", options.indexUrl)]),
    ...(options.extraIndexUrls ?? []).map((value) => line("--extra-index-url", value)),
    ...(options.findLinks ?? []).map((value) => line("--find-links", value)),
    ...(options.noIndex ? [line("--no-index")] : []),
    ...(options.onlyBinary ?? []).map((value) => line("--only-binary", value)),
    ...(options.noBinary ?? []).map((value) => line("--no-binary", value)),
    ...(options.pre ? [line("--pre")] : []),
    ...(options.trustedHosts ?? []).map((value) => line("--trusted-host", value)),
  ];
}

/** What the newest inspection of a manifest showed. */
export async function lastInspection(
  context: OperationContext,
  manifest: { readonly path: string; readonly digest: string },
): Promise<InspectionFacts | undefined> {
  const path = manifest.path.startsWith("file:") ? fileURLToPath(manifest.path) : manifest.path;
  const { inspections } = await context.knowledge();
  const [found] = await inspections.inspectionsOf({ manifest: path }, 1);
  if (!found) return undefined;
  const { value } = found;
  const failed = value.stages.find((stage) => stage.outcome !== "passed" && stage.outcome !== "skipped");
  const observation = value.observations[0];
  const python = value.environment.description.pythonVersion;
  return {
    id: value.id,
    outcome: value.outcome,
    finished: value.startedAt + value.duration,
    ...(typeof python === "string" ? { python } : {}),
    packages: value.packages.map(({ name, version }) => ({ name, version })),
    ...(failed && value.outcome !== "passed"
      ? {
          failure: {
            stage: failed.name,
            message: observation?.message ?? failed.detail ?? value.outcome,
            lines: observation?.lines ?? [],
            ...(failed.requirement === undefined ? {} : { requirement: failed.requirement }),
            ...(observation?.package === undefined ? {} : { package: observation.package }),
          },
        }
      : {}),
    current: value.manifestDigest === manifest.digest,
  };
}
