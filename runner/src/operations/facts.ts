// `facts`: what is known of projects for one environment; each project is told as soon as it is known.
import type { IndexStrategy } from "../../../shared/src/config/index.ts";
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Binding } from "../../../shared/src/policy/index.ts";
import type { FactsInput, FactsOutput, FactsPartial } from "../../../shared/src/protocol/facts.ts";
import type { Answer, Calls, IndexOptions } from "../../../shared/src/protocol/operation.ts";
import type { FileOption } from "../index/index.ts";
import { withAdvisories } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import type { Operation, OperationContext } from "./context.ts";
import { environmentOf } from "./environment.ts";
import { OperationError } from "./errors.ts";
import { FactFinder } from "./factFinder.ts";
import { policyLanes } from "./indexPlan.ts";
import { lastInspection } from "./lastInspection.ts";
import type { PipfileSource } from "./manifestIndexes.ts";
import { policyFor } from "./policy.ts";
import { rememberNames } from "./rememberNames.ts";

/** Asks the indexes. Rejects only when cancelled; what cannot be asked is a project with its trouble. */
export const facts: Operation<FactsInput, FactsOutput, FactsPartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const described = await environmentOf(context, input, signal);
  const own = await configuredIndexes(context, input);
  if (own instanceof OperationError) return unasked(input, calls, own);
  const finder = new FactFinder({
    context,
    cwd: input.cwd,
    environment: described,
    commandLine: { ...(own.strategy === undefined ? {} : { strategy: own.strategy }), ...input.index },
    fileOptions: [...optionLines(input.fileOptions), ...own.options],
    sources: [...(input.sources ?? []), ...own.sources],
    policy: policyLanes(own.policy, optionLines(input.fileOptions)),
    usePipConfiguration: input.usePipConfiguration !== false,
    offline: input.offline === true,
    refresh: input.refresh === true,
    signal,
  });
  try {
    let done = 0;
    const total = input.packages.length;
    const wanted = input.packages.map(({ name, versions, specifiers, source = own.bindings[name] }) => ({
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

interface OwnIndexes {
  readonly options: readonly FileOption[];
  readonly sources: readonly PipfileSource[];
  readonly bindings: Readonly<Record<string, string>>;
  readonly policy: readonly Binding[];
  readonly strategy?: IndexStrategy | undefined;
}

/** Where names may be told is said in a file that cannot be understood: until it can be, none is told. */
function unasked(
  { packages }: FactsInput,
  calls: Pick<Calls<FactsPartial>, "warn" | "partial">,
  { message, next }: OperationError,
): Answer<FactsOutput> {
  calls.warn(message);
  const trouble = {
    code: "bad-configuration",
    index: "",
    message: `Not checked: ${message}`,
    ...(next === undefined ? {} : { next }),
  };
  const projects = packages.map(
    ({ name }): ProjectFacts => ({
      name,
      state: "unknown",
      freshness: "unknown",
      indexes: [],
      trouble,
      releases: [],
      details: {},
    }),
  );
  for (const project of projects) calls.partial({ project });
  return { result: { projects }, notChecked: projects.flatMap(notCheckedOf) };
}

/** What `.thoth.yaml` and the policies say of indexes, or why that cannot be understood. */
async function configuredIndexes(
  context: OperationContext,
  { cwd, index }: FactsInput,
): Promise<OwnIndexes | OperationError> {
  try {
    const { configuration } = await configurationFor(cwd);
    const { indexes = [], "index-bindings": bindings = {} } = configuration;
    const asked = Object.entries(bindings).map(([name, one]) => [normalizeName(name), one] as const);
    return {
      options: indexes
        .filter(({ explicit }) => explicit !== true)
        .map(({ name, url }) => ({
          option: "--extra-index-url",
          value: url,
          where: `index ${name} of .thoth.yaml`,
        })),
      sources: indexes.map(({ name, url }) => ({ name, url, verifySsl: true, explicit: true })),
      bindings: Object.fromEntries(asked),
      policy: (await policyFor(context, cwd)).policy.bindings,
      strategy: index?.strategy ?? configuration["index-strategy"],
    };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error;
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
