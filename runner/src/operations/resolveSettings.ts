// How a manifest is resolved, where the command line, `.thoth.yaml` and the manifest itself each may say so: in that order.
import { dirname } from "node:path";
import { type CutOff, readCutOff } from "../../../shared/src/config/cutOff.ts";
import type { IndexStrategy } from "../../../shared/src/config/index.ts";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { isTorchBackend, type TorchChoice, torchBackendsFor } from "../../../shared/src/environment/torch.ts";
import type { ProjectData } from "../../../shared/src/manifest/projectModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import type { Binding } from "../../../shared/src/policy/index.ts";
import type { Demand, Question } from "../resolve/index.ts";
import { CONFIGURATION_NAME, configurationFor, type FoundConfiguration } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot } from "./load.ts";
import { policyFor } from "./policy.ts";
import type { QuestionInput } from "./questionInput.ts";

export interface ResolveSettings {
  readonly configuration: FoundConfiguration;
  readonly resolution: Question["resolution"];
  /** Undefined: as pip's `pre` says. */
  readonly prereleases: Question["prereleases"];
  /** Milliseconds since the epoch. */
  readonly excludeNewer: number | undefined;
  /** By normalised name; infinite where the general cut-off does not hold. */
  readonly excludeNewerPackages: ReadonlyMap<string, number>;
  /** Beside what pip is configured for. */
  readonly onlyBinary: readonly string[];
  readonly noBinary: readonly string[];
  readonly strategy: IndexStrategy | undefined;
  /** Of all policies that hold: where projects are asked for. */
  readonly bindings: readonly Binding[];
  /** Undefined: PyTorch's packages come from where all others do. */
  readonly torch: TorchChoice | undefined;
  /** Whether wheel variants are chosen; else they are left out. */
  readonly variants: boolean;
  /** Whether what only a build tells is built, in a sandbox. */
  readonly buildSdists: boolean;
  /** The ones of `.thoth.yaml`. */
  readonly overrides: readonly Demand[];
  /** Left out whoever asks for them: normalised names. */
  readonly excluded: readonly string[];
}

/** Throws OperationError for what cannot be understood. */
export async function resolveSettingsFor(
  context: OperationContext,
  input: QuestionInput,
  root: LoadedRoot,
  environment: RuntimeEnvironment | undefined,
  signal: AbortSignal,
): Promise<ResolveSettings> {
  const found = await configurationFor(dirname(root.path));
  const { configuration } = found;
  const project = root.tree.files[0]?.manifest.project;
  const now = context.now();
  const uv = project?.uv;
  const cutOff = firstCutOff(now, [
    ["--exclude-newer", input.excludeNewer],
    [`${CONFIGURATION_NAME}, exclude-newer:`, configuration["exclude-newer"]],
    ["pyproject.toml, exclude-newer:", uv?.excludeNewer?.text],
  ]);
  return {
    configuration: found,
    resolution: input.resolution ?? resolutionOf(uv?.resolution?.text),
    prereleases: prereleasesOf(input.prerelease ?? configuration.prerelease ?? uv?.prerelease?.text, root),
    excludeNewer: cutOff,
    excludeNewerPackages: packageCutOffs(input, found, project, now),
    onlyBinary: [
      ...(uv?.noBuild ? [":all:"] : (uv?.noBuildPackages ?? [])),
      ...(configuration["only-binary"] ?? []),
    ],
    noBinary: [
      ...(uv?.noBinary ? [":all:"] : (uv?.noBinaryPackages ?? [])),
      ...(configuration["no-binary"] ?? []),
    ],
    strategy: input.index?.strategy ?? configuration["index-strategy"],
    bindings: (await policyFor(context, dirname(root.path))).policy.bindings,
    torch: await torchChoice(context, input, found, environment, signal),
    variants: input.variants ?? configuration.variants ?? false,
    buildSdists: input.buildSdists ?? configuration["build-sdists"] ?? false,
    overrides: (configuration.overrides ?? []).map(overrideOf),
    excluded: [...(configuration.exclude ?? []), ...(input.exclude ?? [])].map(normalizeName),
  };
}

function resolutionOf(text: string | undefined): Question["resolution"] {
  const known = ["highest", "lowest", "lowest-direct"] as const;
  return known.find((one) => one === text);
}

function prereleasesOf(text: string | undefined, { tree }: LoadedRoot): Question["prereleases"] {
  if (text === "allow") return "allow";
  if (text === "disallow") return "never";
  if (text === "explicit") return "explicit";
  if (text !== undefined) return "last";
  const allows = tree.files[0]?.manifest.entries.some(
    (entry) =>
      entry.kind === "option" && entry.option === "allow_prereleases" && entry.value?.text === "true",
  );
  return allows ? "allow" : undefined;
}

function firstCutOff(
  now: number,
  given: readonly (readonly [where: string, text: string | undefined])[],
): number | undefined {
  for (const [where, text] of given) {
    if (text !== undefined) return timeOf(where, text, now);
  }
  return undefined;
}

function timeOf(where: string, text: string, now: number): number {
  const read: CutOff = readCutOff(text, now);
  if ("time" in read) return read.time;
  throw new OperationError(
    "usage",
    "bad-date",
    `${where} ${read.fault}.`,
    "Write it like 2026-01-31, 2026-01-31T12:00:00Z, 3 days or P3D.",
  );
}

function packageCutOffs(
  input: QuestionInput,
  { configuration }: FoundConfiguration,
  project: ProjectData | undefined,
  now: number,
): Map<string, number> {
  const cutOffs = new Map<string, number>();
  const put = (where: string, name: string, text: string | false): void => {
    const time = text === false ? Number.POSITIVE_INFINITY : timeOf(where, text, now);
    cutOffs.set(normalizeName(name), time);
  };
  for (const [name, value] of project?.uv.excludeNewerPackage ?? []) {
    put(`pyproject.toml, exclude-newer-package, ${name}:`, name, value === false ? false : value.text);
  }
  for (const [name, value] of Object.entries(configuration["exclude-newer-package"] ?? {})) {
    put(`${CONFIGURATION_NAME}, exclude-newer-package, ${name}:`, name, value);
  }
  for (const [name, value] of Object.entries(input.excludeNewerPackages ?? {})) {
    put(`--exclude-newer-package ${name}:`, name, value);
  }
  return cutOffs;
}

function overrideOf(text: string): Demand {
  const read = readRequirement(text);
  if (read.ok) return { requirement: read.value, text };
  const message = `${CONFIGURATION_NAME}, overrides: ${text} is no requirement: ${read.error.message}`;
  throw new OperationError("usage", "bad-configuration", message, "Write it like numpy==1.26.4.");
}

/** Takes the place of every requirement of a project, and holds nowhere: so the project is left out. */
export function exclusionOf(name: string): Demand {
  const text = `${name} ; python_version < "0"`;
  const read = readRequirement(text);
  if (!read.ok) throw new Error(`${text} cannot be read`);
  return { requirement: read.value, text };
}

async function torchChoice(
  context: OperationContext,
  input: QuestionInput,
  { configuration }: FoundConfiguration,
  environment: RuntimeEnvironment | undefined,
  signal: AbortSignal,
): Promise<TorchChoice | undefined> {
  const asked = input.torchBackend ?? environment?.torchBackend ?? configuration["torch-backend"];
  if (asked === undefined) return undefined;
  if (asked !== "auto") {
    if (isTorchBackend(asked))
      return { backends: [asked], why: `The PyTorch back-end ${asked} was asked for.` };
    const message = `PyTorch has no back-end ${asked}.`;
    throw new OperationError(
      "usage",
      "unknown-torch-backend",
      message,
      "Name auto, cpu, cu128, rocm6.4 or xpu.",
    );
  }
  const target = { platform: environment?.platform ?? context.platform, libc: environment?.libc };
  if (environment?.gpu !== undefined) return torchBackendsFor(environment.gpu, target);
  if (target.platform !== context.platform) {
    const why = `No accelerator is described for ${target.platform}: the build without one, cpu, is taken.`;
    return { backends: ["cpu"], why };
  }
  const { findAccelerator, machineProbe } = await import("../environment/index.ts");
  const found = await findAccelerator(machineProbe(context.env, signal));
  return torchBackendsFor(found?.gpu, target);
}
