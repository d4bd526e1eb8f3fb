// Which indexes each project of a manifest is asked of, and who wins among them: as the tool that will install sees them.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Configuration, IndexStrategy } from "../../../shared/src/config/index.ts";
import type { TorchChoice } from "../../../shared/src/environment/torch.ts";
import { TORCH_INDEX_BASE, TORCH_PACKAGES } from "../../../shared/src/environment/torchData.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ProjectData } from "../../../shared/src/manifest/projectModel.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { type Binding, matchesName } from "../../../shared/src/policy/index.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { type FileOption, redactUrl } from "../index/index.ts";
import type { IndexSearch, MatchRule } from "../resolve/index.ts";
import { CONFIGURATION_NAME, type FoundConfiguration } from "./configuration.ts";
import { OperationError } from "./errors.ts";
import type { PipfileSource } from "./manifestIndexes.ts";
import { fileOptionsOf, sourcesOf } from "./manifestIndexes.ts";

/** A set of indexes that some projects are asked of. */
export interface IndexLane {
  /** Distinct among the lanes of a plan. */
  readonly key: string;
  readonly rule: MatchRule;
  /** Why these indexes, in a phrase; undefined of the lane for everything that has none of its own. */
  readonly why?: string | undefined;
  /** What stands on top of pip's configuration and of the command line, as a file's own lines would. */
  readonly fileOptions: readonly FileOption[];
  /** uv's order: `--index-url` and what stands in its place comes after all others. */
  readonly isDefaultLast: boolean;
  /** The address of the one index, of all that these options come to, that is asked. */
  readonly only?: string | undefined;
}

export interface IndexPlan {
  readonly general: IndexLane;
  /** Of the projects that have one of their own, by normalised name. */
  readonly bound: ReadonlyMap<string, IndexLane>;
  /** What policies bind outranks all else, the first that matches. */
  readonly policy: readonly PolicyLane[];
}

export interface PolicyLane {
  readonly binding: Binding;
  readonly lane: IndexLane;
}

/** Where a project (normalised name) is asked for. */
export function laneOf({ general, bound, policy }: IndexPlan, name: string): IndexLane {
  return policyLaneOf(policy, name) ?? bound.get(name) ?? general;
}

/** Where a policy has a project asked for; undefined where none binds it. */
export function policyLaneOf(lanes: readonly PolicyLane[], name: string): IndexLane | undefined {
  return lanes.find(({ binding }) => matchesName(binding.pattern, name))?.lane;
}

/**
 * A lane for each binding: its index alone, asked as what is configured says where that names it (login, certificate, a page of links),
 * else by its address.
 */
export function policyLanes(bindings: readonly Binding[], fileOptions: readonly FileOption[]): PolicyLane[] {
  return bindings.map((binding) => {
    const { url, from } = binding;
    const own = { option: "--extra-index-url", value: url, where: `bindings of ${from}` };
    const lane: IndexLane = {
      key: `policy ${url}`,
      rule: "merge",
      why: `${from} binds it to ${redactUrl(url)}`,
      fileOptions: [...fileOptions, own],
      isDefaultLast: false,
      only: url,
    };
    return { binding, lane };
  });
}

export interface PlanInput {
  readonly tree: ManifestTree;
  readonly index: CommonInput["index"];
  readonly configuration: FoundConfiguration;
  /** The setting that takes the place of the manifest's own rule. */
  readonly strategy: IndexStrategy | undefined;
  readonly torch: TorchChoice | undefined;
  /** Of all policies that hold. */
  readonly bindings: readonly Binding[];
}

/** Plans the indexes of a tree. Throws OperationError where something is bound to an index that nobody names. */
export function planIndexes(input: PlanInput): IndexPlan {
  const named = namedIndexes(input);
  const bound = new Map<string, IndexLane>();
  const bind = (name: string, index: string, where: string): void => {
    const lane = named.get(index);
    if (lane === undefined) throw unknownIndex(name, index, where);
    bound.set(normalizeName(name), { ...lane, why: `${where} binds it to ${index}` });
  };
  if (input.torch) {
    const lane = torchLane(input.torch, input.configuration.configuration);
    for (const name of TORCH_PACKAGES) bound.set(name, lane);
  }
  for (const [name, lane] of lockedLanes(input)) bound.set(name, lane);
  for (const { name, index, where } of manifestBindings(input)) bind(name, index, where);
  const { configuration } = input.configuration;
  for (const [name, index] of Object.entries(configuration["index-bindings"] ?? {})) {
    bind(name, index, CONFIGURATION_NAME);
  }
  const general = generalLane(input);
  return { general, bound, policy: policyLanes(input.bindings, general.fileOptions) };
}

/** Another way to ask the indexes of a manifest, with the setting that makes it so. */
export interface OtherPlan {
  /** `numpy from the index extra (index-bindings of .thoth.yaml)`. */
  readonly title: string;
  readonly plan: IndexPlan;
}

/**
 * What a plan leaves out for some projects: named indexes that they are not asked of, one project at a time, and later indexes where
 * the first one that has a project is the only one that counts. Nothing where all of them are asked already.
 * @param searchOf what asking for a project came to under `plan`.
 */
export function otherPlans(
  input: PlanInput,
  plan: IndexPlan,
  names: readonly string[],
  searchOf: (name: string) => Pick<IndexSearch, "notAsked"> | undefined,
): OtherPlan[] {
  const found: OtherPlan[] = [];
  const asked = new Set(plan.general.fileOptions.map(({ value }) => value));
  const isFirstAlone = plan.general.rule === "first-index";
  for (const name of names) {
    if (plan.bound.has(name) || policyLaneOf(plan.policy, name)) continue;
    for (const [index, lane] of namedIndexes(input)) {
      const isAsked = lane.fileOptions.some(({ value }) => value !== undefined && asked.has(value));
      if (isAsked && !(isFirstAlone && (searchOf(name)?.notAsked.length ?? 0) > 0)) continue;
      const bound = new Map(plan.bound).set(name, { ...lane, why: `it is bound to ${index}` });
      const title = `${name} from the index ${index} (${bindingWords(input, name, index)})`;
      found.push({ title, plan: { ...plan, bound } });
    }
  }
  const isLeftOut =
    plan.general.rule === "first-index"
      ? names.some((name) => (searchOf(name)?.notAsked.length ?? 0) > 0)
      : input.strategy === undefined && sourcesOf(input.tree).length > 1;
  if (isLeftOut) {
    const title =
      "a later index where no release of an earlier one will do (--index-strategy unsafe-first-match)";
    found.push({ title, plan: planIndexes({ ...input, strategy: "unsafe-first-match" }) });
  }
  return found;
}

/** Where a project is bound to an index: on its own line where the format has that, else in the configuration. */
function bindingWords(input: PlanInput, name: string, index: string): string {
  const isLine = input.tree.files[0]?.manifest.entries.some(
    (entry) => entry.kind === "requirement" && entry.normalizedName === name,
  );
  if (isLine && sourcesOf(input.tree).length > 0) return `index = "${index}" on its line`;
  if (isLine && projectOf(input)?.tool === "uv") return `tool.uv.sources, index = "${index}"`;
  return `index-bindings of ${CONFIGURATION_NAME}`;
}

function unknownIndex(name: string, index: string, where: string): OperationError {
  return new OperationError(
    "not-checked",
    "unknown-source",
    `${where} binds ${name} to the index ${index}, which nothing describes.`,
    "Name one that is described, or describe it.",
  );
}

function projectOf({ tree }: Pick<PlanInput, "tree">): ProjectData | undefined {
  return tree.files[0]?.manifest.project;
}

/** What a Pipfile's `index` and uv's and poetry's sources bind, whether the entry applies here or not; the first one counts. */
function manifestBindings({ tree }: PlanInput): { name: string; index: string; where: string }[] {
  const found = new Map<string, { name: string; index: string; where: string }>();
  for (const { manifest } of tree.files) {
    for (const entry of manifest.entries) {
      if (entry.kind !== "requirement" || entry.normalizedName === undefined) continue;
      const index = entry.index?.text ?? uvIndexOf(entry);
      if (index === undefined || found.has(entry.normalizedName)) continue;
      const where = manifest.kind === "pipfile" ? "the Pipfile" : "pyproject.toml";
      found.set(entry.normalizedName, { name: entry.normalizedName, index, where });
    }
  }
  return [...found.values()];
}

/** What a pylock says of where each package is from (PEP 751), which is asked for it there alone; the first one counts. */
function lockedLanes({ tree }: Pick<PlanInput, "tree">): Map<string, IndexLane> {
  const found = new Map<string, IndexLane>();
  for (const { name, index } of tree.files[0]?.manifest.pylock?.packages ?? []) {
    if (index === undefined || found.has(name)) continue;
    found.set(name, {
      key: `index ${index}`,
      rule: "merge",
      why: "pylock.toml names its index",
      fileOptions: [{ option: "--index-url", value: index, where: "pylock.toml" }],
      isDefaultLast: false,
    });
  }
  return found;
}

function uvIndexOf({ sources = [] }: RequirementEntry): string | undefined {
  return sources.find(({ kind }) => kind === "index")?.value?.text;
}

/** Every index that can be bound to, as a lane of its own. */
function namedIndexes({ tree, configuration }: PlanInput): Map<string, IndexLane> {
  const named = new Map<string, IndexLane>();
  const add = (name: string | undefined, url: string | undefined, options: readonly FileOption[]): void => {
    if (name === undefined || url === undefined) return;
    named.set(name, { key: `index ${name}`, rule: "merge", fileOptions: options, isDefaultLast: false });
  };
  const project = projectOf({ tree });
  for (const { name, url, format } of project?.uv.indexes ?? []) {
    const where = `index ${name?.text} of pyproject.toml`;
    const only = {
      option: format === "flat" ? "--find-links" : "--index-url",
      value: url?.text ?? "",
      where,
    };
    const options = format === "flat" ? [{ option: "--no-index", where }, only] : [only];
    add(
      name?.text,
      url?.text,
      options.map((option) => ({ ...option, ...folderOf(tree) })),
    );
  }
  for (const { name, url } of project?.poetrySources ?? []) {
    add(name?.text, url?.text, [
      { option: "--index-url", value: url?.text ?? "", where: `source ${name?.text}` },
    ]);
  }
  for (const source of sourcesOf(tree)) add(source.name, source.url, sourceOptions(source));
  for (const { name, url } of configuration.configuration.indexes ?? []) {
    add(name, url, [configuredIndex("--index-url", name, url, configuration)]);
  }
  return named;
}

function configuredIndex(
  option: string,
  name: string,
  url: string,
  { path }: FoundConfiguration,
): FileOption {
  const folder = path === undefined ? {} : { folder: dirname(path) };
  return { option, value: url, where: `index ${name} of ${CONFIGURATION_NAME}`, ...folder };
}

/** Relative places of a manifest are looked up from its folder. */
function folderOf(tree: ManifestTree): { readonly folder?: string } {
  const uri = tree.files[0]?.uri ?? "";
  return uri.startsWith("file:") ? { folder: dirname(fileURLToPath(uri)) } : {};
}

/** A Pipfile's source as the options that it stands for. */
export function sourceOptions({ name, url, verifySsl }: PipfileSource): FileOption[] {
  const where = `source ${name}`;
  const host = URL.parse(url)?.host ?? "";
  return [
    { option: "--index-url", value: url, where },
    ...(verifySsl ? [] : [{ option: "--trusted-host", value: host, where }]),
  ];
}

function generalLane(input: PlanInput): IndexLane {
  const { tree, strategy, configuration } = input;
  const extra = (configuration.configuration.indexes ?? [])
    .filter(({ explicit }) => explicit !== true)
    .map(({ name, url }) => configuredIndex("--extra-index-url", name, url, configuration));
  const sources = sourcesOf(tree);
  const [first] = sources;
  if (first) {
    if (strategy === undefined && extra.length === 0) {
      return { key: first.name, rule: "merge", fileOptions: sourceOptions(first), isDefaultLast: false };
    }
    const all = strategy === undefined ? [first] : sources;
    const options = all.flatMap((source, at) =>
      at === 0 ? sourceOptions(source) : asExtra(sourceOptions(source)),
    );
    return lane([...options, ...extra], strategy ?? "merge", false);
  }
  const project = projectOf(input);
  if (project && project.poetrySources.length > 0 && project.tool === "poetry") {
    return poetryLane(project, extra, strategy);
  }
  if (project && (project.tool === "uv" || project.uv.indexes.length > 0))
    return uvLane(input, project, extra);
  return lane([...fileOptionsOf(tree), ...extra], strategy ?? "merge", strategy !== undefined);
}

function lane(fileOptions: readonly FileOption[], rule: MatchRule, isDefaultLast: boolean): IndexLane {
  return { key: "", rule, fileOptions, isDefaultLast };
}

function asExtra(options: readonly FileOption[]): FileOption[] {
  return options.map((one) => (one.option === "--index-url" ? { ...one, option: "--extra-index-url" } : one));
}

/** `[[tool.uv.index]]` in its order, the default one last; without one of its own, what pip is configured for. */
function uvLane(
  { tree, index, strategy }: PlanInput,
  { uv }: ProjectData,
  extra: readonly FileOption[],
): IndexLane {
  const folder = folderOf(tree);
  const options: FileOption[] = [];
  const where = (name: string | undefined): string => `index ${name ?? "without a name"} of pyproject.toml`;
  const byDefault = uv.indexes.find((one) => one.default)?.url ?? uv.indexUrl;
  // As in uv, the command line's default outranks the file's.
  if (byDefault && index?.indexUrl === undefined) {
    options.push({ option: "--index-url", value: byDefault.text, where: where("by default"), ...folder });
    for (const url of index?.extraIndexUrls ?? []) {
      options.push({ option: "--extra-index-url", value: url, where: "--extra-index-url" });
    }
  }
  for (const { name, url, explicit, default: isDefault, format } of uv.indexes) {
    if (explicit || isDefault || !url) continue;
    const option = format === "flat" ? "--find-links" : "--extra-index-url";
    options.push({ option, value: url.text, where: where(name?.text), ...folder });
  }
  for (const { text } of uv.extraIndexUrls) {
    options.push({ option: "--extra-index-url", value: text, where: "extra-index-url of pyproject.toml" });
  }
  for (const { text } of uv.findLinks) {
    options.push({ option: "--find-links", value: text, where: "find-links of pyproject.toml", ...folder });
  }
  if (uv.noIndex) options.push({ option: "--no-index", where: "no-index of pyproject.toml" });
  return lane([...options, ...extra], strategy ?? strategyOf(uv.indexStrategy?.text) ?? "first-index", true);
}

function strategyOf(text: string | undefined): IndexStrategy | undefined {
  const known: readonly IndexStrategy[] = ["first-index", "unsafe-first-match", "unsafe-best-match"];
  return known.find((one) => one === text);
}

/** poetry: the best of the primary sources; a supplemental one where the one primary has nothing. */
function poetryLane(
  { poetrySources }: ProjectData,
  extra: readonly FileOption[],
  strategy: IndexStrategy | undefined,
): IndexLane {
  const of = (...kinds: string[]) =>
    poetrySources.filter(({ priority, url }) => url && kinds.includes(priority));
  const primary = of("default", "primary");
  const rest = of("supplemental", "secondary");
  const options: FileOption[] = [...primary, ...rest].map(({ name, url }, at) => ({
    // Without a primary source of its own poetry asks the public index first.
    option: at === 0 && primary.length > 0 ? "--index-url" : "--extra-index-url",
    value: url!.text,
    where: `source ${name?.text ?? "without a name"} of pyproject.toml`,
  }));
  const rule = strategy ?? (primary.length > 1 ? "unsafe-best-match" : "first-index");
  return lane([...options, ...extra], rule, false);
}

/** PyTorch's packages come from the indexes of the back-ends alone, the best one that has what is asked for, as uv has it. */
function torchLane({ backends, why }: TorchChoice, configuration: Configuration): IndexLane {
  const base = (configuration["torch-index"] ?? TORCH_INDEX_BASE).replace(/\/+$/, "");
  const fileOptions = backends.map((name, at) => ({
    option: at === 0 ? "--index-url" : "--extra-index-url",
    value: `${base}/${name}`,
    where: "--torch-backend",
  }));
  return {
    key: "torch",
    rule: "unsafe-first-match",
    why: why.replace(/\.$/, ""),
    fileOptions,
    isDefaultLast: false,
  };
}
