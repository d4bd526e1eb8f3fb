// What `check` and `fix` share: each root's environment, what is known of its packages, and its findings.
import { dirname } from "node:path";
import type { ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { ProjectFacts, ReleaseDetail } from "../../../shared/src/facts/model.ts";
import { requiredPythonOf } from "../../../shared/src/manifest/requiredPython.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { Calls, CommonInput, NotChecked } from "../../../shared/src/protocol/operation.ts";
import {
  type Findings,
  findingsOf,
  missingFrom,
  type RuleConfiguration,
  type Snapshot,
  wantedProjects,
} from "../../../shared/src/rules/index.ts";
import { prepareRequests } from "../index/index.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { environmentOf } from "./environment.ts";
import { OperationError } from "./errors.ts";
import { FactFinder, type FinderOptions } from "./factFinder.ts";
import { lastInspection } from "./lastInspection.ts";
import type { LoadedRoot } from "./load.ts";
import { fileOptionsOf, projectOptionsOf, sourcesOf } from "./manifestIndexes.ts";
import { policyFor } from "./policy.ts";
import { isToBeResolved, type ResolveRootsOptions } from "./resolvable.ts";

/** More rounds than this would mean that answers go in a circle. */
const MOST_ROUNDS = 4;

export interface CheckedRoot extends LoadedRoot {
  readonly snapshot: Snapshot;
  readonly findings: Findings;
}

export interface CheckSession {
  readonly roots: readonly CheckedRoot[];
  readonly notChecked: readonly NotChecked[];
  /** Of which the indexes said what they have, or that they have nothing. */
  readonly packages: number;
  readonly indexes: string[];
  /** Milliseconds since the epoch: the oldest page behind the findings. */
  readonly checked?: number;
  readonly finders: readonly FactFinder[];
}

export interface CheckRootsInput extends CommonInput {
  readonly rules: RuleConfiguration["severities"];
  readonly severityThreshold?: RuleConfiguration["severityThreshold"];
}

/** What decides how grave findings are. */
export function ruleConfigurationOf({
  rules,
  severityThreshold,
}: Pick<CheckRootsInput, "rules" | "severityThreshold">): RuleConfiguration {
  return { severities: rules, severityThreshold };
}

/** Finds out what the rules want to know of each root and applies them. Cancelled, it answers with what there is. */
export async function checkRoots(
  context: OperationContext,
  input: CheckRootsInput,
  roots: readonly LoadedRoot[],
  calls: Pick<Calls<never>, "progress" | "warn">,
  signal: AbortSignal,
  options: Pick<ResolveRootsOptions, "repairs"> = {},
): Promise<CheckSession> {
  const configuration = ruleConfigurationOf(input);
  const finders = new Map<string, FactFinder>();
  const progress = countProgress(calls);
  const checkedRoots = await Promise.all(
    roots.map(async (root) => {
      const environment = await environmentFor(context, input, root, signal);
      const { policy } = await policyFor(context, dirname(root.path));
      const planned = await planFor(policy, input, root);
      const finder = finderFor(context, input, root, environment, signal, finders, planned);
      const { acceptances } = policy;
      return checkRoot(
        context,
        { ...root, acceptances },
        environment,
        finder,
        configuration,
        progress,
        signal,
        options,
      );
    }),
  );
  const projects = new Map<string, ProjectFacts>();
  for (const { snapshot } of checkedRoots)
    for (const [name, facts] of snapshot.projects) projects.set(name, facts);
  const times = [...projects.values()].flatMap(({ checked }) => (checked === undefined ? [] : [checked]));
  const all = [...finders.values()];
  for (const problem of new Set(all.flatMap((finder) => [...finder.problems]))) calls.warn(problem);
  return {
    roots: checkedRoots,
    notChecked: [
      ...collectNotChecked(checkedRoots, signal.aborted),
      ...withoutAdvisories([...projects.values()]),
    ],
    packages: [...projects.values()].filter(({ state }) => state === "known" || state === "absent").length,
    indexes: [...new Set(all.flatMap((finder) => [...finder.indexes]))],
    ...(times.length > 0 ? { checked: Math.min(...times) } : {}),
    finders: all,
  };
}

/** Ends the clients; what they have in hand is written. */
export async function closeFinders({ finders }: Pick<CheckSession, "finders">): Promise<void> {
  await Promise.all(finders.map((finder) => finder.close()));
}

interface ProgressCount {
  expect(count: number): void;
  done(name: string): void;
}

function countProgress(calls: Pick<Calls<never>, "progress">): ProgressCount {
  let total = 0;
  let done = 0;
  return {
    expect(count) {
      total += count;
    },
    done() {
      done++;
      calls.progress({ message: "checking packages", done: Math.min(done, total), total });
    },
  };
}

/** The runtime environment that a root is meant for. Undefined when cancelled. */
export async function environmentFor(
  context: OperationContext,
  input: CommonInput,
  { path, tree }: LoadedRoot,
  signal: AbortSignal,
): Promise<RuntimeEnvironment | undefined> {
  const names = new Set(wantedProjects(tree).map(({ name }) => name));
  try {
    return await environmentOf(context, input, signal, {
      folder: dirname(path),
      installed: names,
      ...(input.offline ? {} : { meanwhile: prepareRequests }),
      manifestPython: requiredPythonOf(tree),
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

type Planned = Pick<FinderOptions, "plan" | "policy">;

/**
 * Where each project is asked, for a root whose indexes are more than a list that pip merges. What a binding gets wrong is told by the
 * rules and by the resolver: here the project is asked for where all others are. What a policy binds is asked nowhere else even then.
 */
export async function planFor(
  { bindings }: Pick<MergedPolicy, "bindings">,
  { index }: CommonInput,
  { path, tree }: Pick<LoadedRoot, "path" | "tree">,
): Promise<Planned> {
  const found = await configurationFor(dirname(path));
  const { configuration } = found;
  const strategy = index?.strategy ?? configuration["index-strategy"];
  const { project, pylock } = tree.files[0]?.manifest ?? {};
  const hasTables =
    project !== undefined || pylock?.packages.some(({ index }) => index !== undefined) === true;
  const hasOwn = configuration.indexes !== undefined || configuration["index-bindings"] !== undefined;
  if (strategy === undefined && !hasTables && !hasOwn && bindings.length === 0) return {};
  const { planIndexes, policyLanes } = await import("./indexPlan.ts");
  try {
    return {
      plan: planIndexes({ tree, index, configuration: found, strategy, torch: undefined, bindings }),
    };
  } catch (error) {
    if (error instanceof OperationError) return { policy: policyLanes(bindings, fileOptionsOf(tree)) };
    throw error;
  }
}

/** Roots with the same indexes in the same environment share one finder, so that nothing is asked twice. */
export function finderFor(
  context: OperationContext,
  input: CommonInput,
  { path, tree }: LoadedRoot,
  environment: RuntimeEnvironment | undefined,
  signal: AbortSignal,
  finders: Map<string, FactFinder>,
  { plan, policy }: Planned = {},
): FactFinder {
  const project = projectOptionsOf(tree);
  const fileOptions = [...fileOptionsOf(tree), ...project.options];
  const sources = [...sourcesOf(tree), ...project.sources];
  const key = JSON.stringify([
    fileOptions.map(({ option, value, folder }) => [option, value, folder]),
    sources,
    environment?.pythonVersion,
    environment?.platform,
    environment?.prefix,
    plan && [plan.general, ...plan.bound, plan.policy],
    policy,
  ]);
  let finder = finders.get(key);
  if (!finder) {
    finder = new FactFinder({
      context,
      cwd: dirname(path),
      environment,
      commandLine: absoluteFindLinks(input),
      fileOptions,
      sources,
      plan,
      policy,
      usePipConfiguration: input.usePipConfiguration !== false,
      offline: input.offline === true,
      refresh: false,
      signal,
    });
    finders.set(key, finder);
  }
  return finder;
}

/** Places on the command line are relative to where the person stands, not to the manifest. */
function absoluteFindLinks({ index, cwd }: CommonInput): CommonInput["index"] {
  if (!index?.findLinks) return index;
  const findLinks = index.findLinks.map((place) =>
    /^[a-z][a-z0-9+.-]*:/i.test(place) || place.startsWith("/") || place.startsWith("~")
      ? place
      : `${cwd}/${place}`,
  );
  return { ...index, findLinks };
}

async function checkRoot(
  context: OperationContext,
  { acceptances, ...root }: LoadedRoot & Pick<MergedPolicy, "acceptances">,
  environment: RuntimeEnvironment | undefined,
  finder: FactFinder,
  configuration: RuleConfiguration,
  progress: ProgressCount,
  signal: AbortSignal,
  options: Pick<ResolveRootsOptions, "repairs">,
): Promise<CheckedRoot> {
  const { tree } = root;
  const projects = new Map<string, ProjectFacts>();
  const inspection = await inspectionOf(context, root);
  let number = 0;
  const snapshot = (pending: boolean): Snapshot => ({
    number: ++number,
    ...(environment === undefined ? {} : { environment }),
    projects: new Map(projects),
    ...(inspection === undefined ? {} : { inspection }),
    ...(acceptances.length === 0 ? {} : { acceptances }),
    pending,
    now: context.now(),
  });
  const first = snapshot(true);
  let wanted = wantedProjects(tree, first);
  const narrow = narrowTo(new Set(wanted.map(({ name }) => name)));
  const advisories = (await context.knowledge()).advisories.read(wanted.map(({ name }) => name));
  let current = first;
  let findings: Findings | undefined;
  try {
    for (let round = 0; round < MOST_ROUNDS && wanted.length > 0; round++) {
      if (round === 0) progress.expect(wanted.length);
      await finder.ask(wanted, {
        newest: false,
        onProject: (facts) => {
          projects.set(facts.name, withAdvisories(narrow(facts), advisories));
          if (round === 0) progress.done(facts.name);
        },
      });
      current = snapshot(false);
      findings = findingsOf({ tree, snapshot: current, configuration });
      // Only what a fix of a finding would pin is looked into further: the rest is as it should be.
      const concerned = new Set(findings.findings.flatMap((finding) => finding.package ?? []));
      // A pin is offered with the resolver's proof alone: where it is not to be asked, neither is what a pin would require.
      if (concerned.size === 0 || !isToBeResolved({ tree, snapshot: current, findings }, options)) break;
      wanted = missingFrom(current, wantedProjects(tree, current, concerned));
      findings = wanted.length === 0 ? findings : undefined;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    current = snapshot(true);
    findings = undefined;
  }
  return {
    ...root,
    snapshot: current,
    findings: findings ?? findingsOf({ tree, snapshot: current, configuration }),
  };
}

/** What is known against a project, beside what its indexes say of it. */
export function withAdvisories(
  facts: ProjectFacts,
  advisories: ReadonlyMap<string, ProjectAdvisories> | undefined,
): ProjectFacts {
  const own = advisories?.get(facts.name);
  return own ? { ...facts, advisories: own } : facts;
}

/** What no advisories were looked for, said once: none found and none looked for are two things. Nothing requires them. */
function withoutAdvisories(projects: readonly ProjectFacts[]): NotChecked[] {
  const missing = projects.filter(({ advisories }) => advisories === undefined).map(({ name }) => name);
  if (missing.length === 0) return [];
  const next = "thoth knowledge update advisories";
  if (missing.length === projects.length) {
    return [{ what: "advisories", reason: `none stored; ${next}`, required: false }];
  }
  const told = missing.slice(0, 3).join(", ");
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
  return [
    { what: `advisories of ${told}${more}`, reason: `no service was asked for it; ${next}`, required: false },
  ];
}

/**
 * Keeps of each release's dependencies those on projects that the tree names: no rule looks at the others, and to read them
 * all takes longer than the rest of a warm check.
 */
function narrowTo(names: ReadonlySet<string>): (facts: ProjectFacts) => ProjectFacts {
  const narrowed = new WeakMap<ReleaseDetail, ReleaseDetail>();
  const narrowDetail = (detail: ReleaseDetail): ReleaseDetail => {
    const known = narrowed.get(detail);
    if (known) return known;
    const requiresDist = detail.requiresDist?.filter((text) => {
      const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text)?.[1];
      return name === undefined || names.has(normalizeName(name));
    });
    const made = requiresDist ? { ...detail, requiresDist } : detail;
    narrowed.set(detail, made);
    return made;
  };
  return (facts) => ({
    ...facts,
    details: Object.fromEntries(
      Object.entries(facts.details).map(([version, detail]) => [version, narrowDetail(detail)]),
    ),
  });
}

async function inspectionOf(context: OperationContext, { path, tree }: LoadedRoot) {
  const text = tree.files[0]?.manifest.text ?? "";
  const knowledge = await context.knowledge();
  if (!knowledge.hasInspections) return undefined;
  const { createHash } = process.getBuiltinModule("node:crypto");
  return lastInspection(context, { path, digest: createHash("sha256").update(text).digest("hex") });
}

/** What several roots did not check is said once. */
function collectNotChecked(roots: readonly CheckedRoot[], cancelled: boolean): NotChecked[] {
  const seen = new Set<string>();
  const items: NotChecked[] = [];
  for (const { findings } of roots) {
    for (const { what, reason } of findings.notChecked) {
      const why = cancelled && /to come|nothing was asked/.test(reason) ? "cancelled" : reason;
      const key = `${what}\n${why}`;
      if (!seen.has(key)) items.push({ what, reason: why });
      seen.add(key);
    }
  }
  return items;
}
