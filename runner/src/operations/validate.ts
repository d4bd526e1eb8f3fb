// `validate`: builds, imports and runs the stack of a manifest in a sandbox, and keeps what was seen.
import { createHash } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type {
  Answer,
  Calls,
  EnvironmentOptions,
  NotChecked,
} from "../../../shared/src/protocol/operation.ts";
import type {
  ValidateInput,
  ValidateOutput,
  ValidatePartial,
} from "../../../shared/src/protocol/validate.ts";
import { cacheFolder, stateFolder } from "../data/index.ts";
import { describeEnvironment, parsePlatform } from "../environment/index.ts";
import {
  findProgram,
  type GatheredRequirements,
  gatherRequirements,
  type Inspection,
  type InspectionFailure,
  type InspectionIndexes,
  inspectStack,
  type StackBuilder,
} from "../inspect/index.ts";
import { configurationFor, environmentNamed } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { Loader } from "./load.ts";
import { oneManifest } from "./oneManifest.ts";
import type { BuiltManifest } from "./stackBuilder.ts";

const MIB = 1024 * 1024;

/** These say nothing of the stack: they must not stand before what an earlier run showed. */
const saysNothing: ReadonlySet<string> = new Set(["cancelled", "refused", "infrastructure-failed"]);

/**
 * Validates one manifest. A stack that fails is an answer, and so is one that was cancelled: it has the stages until then.
 * Throws an OperationError where the manifest cannot be read or no interpreter is there to validate with.
 */
export async function validate(
  context: OperationContext,
  input: ValidateInput,
  calls: Calls<ValidatePartial>,
  signal: AbortSignal,
): Promise<Answer<ValidateOutput>> {
  const texts = new Map(Object.entries(input.texts));
  const loader = new Loader(input.cwd, undefined, texts);
  const root = await oneManifest(loader, input.path, input.constraints, "installed");
  const { path, tree } = root;
  const gathered = gatherRequirements(tree, (uri) => loader.displayUri(uri));
  const script = input.script === undefined ? undefined : readableScript(input.script, input.cwd);
  const environment = await environmentOf(context, input, path);
  const indexes = mergeIndexes(gathered.indexes, input);
  const builder = await builderFor(context, input, { loader, root, environment }, calls, gathered);
  const inspection = await inspectStack(
    {
      requirements: gathered.requirements,
      constraints: gathered.constraints,
      onlyListed: gathered.onlyListed,
      interpreter: environment.executable!,
      indexes,
      ...(script === undefined ? {} : { script }),
      ...(builder === undefined ? {} : { builder }),
      limits: {
        ...(input.timeout === undefined ? {} : { seconds: input.timeout }),
        ...(input.memory === undefined ? {} : { memory: input.memory * MIB }),
      },
      logFolder: join(stateFolder(context), "validations"),
      cacheFolder: join(cacheFolder(context), "validation"),
      allowWithoutSandbox: input.allowWithoutSandbox,
      cwd: input.cwd,
      offline: input.offline ?? false,
      env: context.env,
    },
    {
      signal,
      progress: ({ stage, message, done, total, result }) => {
        if (result) calls.partial({ stage: { ...result } });
        else if (done === undefined || total === undefined) calls.progress({ message, stage });
        else calls.progress({ message, done, total, stage });
      },
    },
  );
  const notChecked: NotChecked[] = inspection.notChecked.map(({ what, reason }) => ({ what, reason }));
  if (inspection.logProblem) calls.warn(`The log of this validation is not kept: ${inspection.logProblem}`);
  if (!saysNothing.has(inspection.outcome)) {
    const problem = await record(context, inspection, path, tree.files[0]!.manifest.text, environment);
    if (problem) calls.warn(`This validation is not kept: ${problem}`);
  }
  return { result: outputOf(inspection, environment, loader.displayUri(tree.root)), notChecked };
}

/** Where building is allowed; a lock names its files, none of which a build makes. */
async function builderFor(
  context: OperationContext,
  input: ValidateInput,
  manifest: BuiltManifest,
  calls: Calls<ValidatePartial>,
  { onlyListed }: Pick<GatheredRequirements, "onlyListed">,
): Promise<StackBuilder | undefined> {
  const { configuration } = await configurationFor(dirname(manifest.root.path));
  const isAllowed = input.buildSdists ?? configuration["build-sdists"] ?? false;
  if (!isAllowed || onlyListed) return undefined;
  const { createStackBuilder } = await import("./stackBuilder.ts");
  return createStackBuilder(context, input, manifest, calls);
}

/** Known before the minutes that a stack may take. */
function readableScript(script: string, cwd: string): string {
  const path = resolve(cwd, script);
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isFile()) return path;
  } catch {
    // Told below, like a folder.
  }
  throw new OperationError(
    "unreadable",
    "script-unreadable",
    `cannot read ${script}.`,
    "Check the path of the script and its permissions.",
  );
}

async function environmentOf(
  context: OperationContext,
  input: ValidateInput,
  path: string,
): Promise<RuntimeEnvironment> {
  const asked = await withConfigured(input, path);
  if (asked.platform !== undefined) {
    throw new OperationError(
      "usage",
      "platform-not-here",
      "A validation runs on this machine; another platform cannot be named.",
      "Leave --platform out.",
    );
  }
  const described = await describeEnvironment({
    env: context.env,
    platform: context.platform,
    home: context.home,
    cwd: dirname(path),
    workspace: input.cwd,
    ...(asked.interpreter === undefined ? {} : { interpreter: asked.interpreter }),
    ...(asked.python === undefined || asked.interpreter !== undefined
      ? {}
      : interpreterFor(asked.python, context.env.PATH)),
  });
  if ("fault" in described) {
    throw new OperationError("usage", described.fault.code, described.fault.message, described.fault.next);
  }
  const { environment } = described;
  if (environment.executable === undefined) {
    const reason = environment.notes[0] ?? "No Python was found.";
    throw new OperationError(
      "not-checked",
      "no-interpreter",
      reason,
      "Install Python, or name an interpreter.",
    );
  }
  return environment;
}

/** What is asked for, with what `.thoth.yaml` says of an environment that is named; its platform has to be this machine's. */
async function withConfigured(input: ValidateInput, path: string): Promise<EnvironmentOptions> {
  const asked = input.environment ?? {};
  if (asked.name === undefined || asked.name === "this machine") return asked;
  const { python, platform } = environmentNamed(await configurationFor(dirname(path)), asked.name);
  const isHere = platform === undefined || parsePlatform(platform)?.platform === process.platform;
  return {
    ...asked,
    ...(asked.python === undefined && python !== undefined ? { python } : {}),
    ...(isHere ? {} : { platform }),
  };
}

/** A validation needs the interpreter itself: `3.12` is looked up as `python3.12`. */
function interpreterFor(python: string, path: string | undefined): { interpreter: string } {
  const version = /^\d+\.\d+/.exec(python)?.[0];
  if (version === undefined) return { interpreter: python };
  const found = findProgram(`python${version}`, path);
  if (found !== undefined) return { interpreter: found };
  throw new OperationError(
    "not-checked",
    "no-interpreter",
    `There is no python${version} on PATH.`,
    "Install it, or name the path of an interpreter.",
  );
}

/** The command line outranks what the files say. */
function mergeIndexes(own: InspectionIndexes, input: ValidateInput): InspectionIndexes {
  const given = input.index ?? {};
  const extra = [...(own.extraIndexUrls ?? []), ...(given.extraIndexUrls ?? [])];
  const findLinks = [...(own.findLinks ?? []), ...(given.findLinks ?? [])];
  const trustedHosts = [...(own.trustedHosts ?? []), ...(given.trustedHosts ?? [])];
  const indexUrl = given.indexUrl ?? own.indexUrl;
  return {
    ...(indexUrl === undefined ? {} : { indexUrl }),
    extraIndexUrls: extra,
    findLinks,
    trustedHosts,
    noIndex: given.noIndex ?? own.noIndex ?? false,
    pre: given.pre ?? own.pre ?? false,
    ...(input.usePipConfiguration === undefined ? {} : { usePipConfiguration: input.usePipConfiguration }),
  };
}

/** Keeps the inspection. What hinders that is answered, and takes nothing from the validation. */
async function record(
  context: OperationContext,
  inspection: Inspection,
  path: string,
  text: string,
  environment: RuntimeEnvironment,
): Promise<string | undefined> {
  const description = {
    name: environment.name,
    pythonVersion: inspection.python?.version ?? environment.pythonVersion ?? "",
    implementation: environment.implementation,
    platform: environment.platform,
    architecture: environment.architecture,
    ...(environment.libc ? { libc: `${environment.libc.family} ${environment.libc.version}` } : {}),
  };
  try {
    const knowledge = await context.knowledge();
    await knowledge.inspections.recordInspection({
      id: inspection.id,
      manifest: path,
      manifestDigest: createHash("sha256").update(text).digest("hex"),
      environment: {
        digest: createHash("sha256").update(JSON.stringify(description)).digest("hex"),
        description,
      },
      packages: inspection.packages.map(packageOf),
      outcome: inspection.outcome,
      startedAt: inspection.started,
      duration: inspection.finished - inspection.started,
      stages: inspection.stages.map(({ name, outcome, duration, detail }) => {
        const requirement = inspection.failures.find((one) => one.stage === name)?.requirement?.name;
        return {
          name,
          outcome,
          ms: duration,
          ...(detail ? { detail } : {}),
          ...(requirement ? { requirement } : {}),
        };
      }),
      observations: inspection.failures.map((one) => ({
        kind: one.outcome,
        message: one.message,
        lines: one.lines,
        ...(one.package ? { package: one.package } : {}),
      })),
      indicators: [],
      ...(inspection.log === undefined ? {} : { logPath: inspection.log }),
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const packageOf = ({ name, version, sha256 }: Inspection["packages"][number]) => ({
  name,
  version,
  ...(sha256 === undefined ? {} : { sha256 }),
});

function outputOf(inspection: Inspection, environment: RuntimeEnvironment, root: string): ValidateOutput {
  const { script, python } = inspection;
  return {
    id: inspection.id,
    path: root,
    outcome: inspection.outcome,
    environment: python ? `Python ${python.version}, ${python.platform}` : environment.name,
    sandbox: inspection.sandbox,
    ...(inspection.sandboxDetail === undefined ? {} : { sandboxDetail: inspection.sandboxDetail }),
    packages: inspection.packages.map(packageOf),
    stages: inspection.stages.map((stage) => ({ ...stage })),
    runs: script
      ? [
          {
            command: "script",
            outcome: script.outcome,
            duration: script.duration,
            ...(script.exit === undefined ? {} : { exit: script.exit }),
          },
        ]
      : [],
    indicators: [],
    observations: inspection.failures.map((failure) => observationOf(failure, root)),
    ...(inspection.log === undefined ? {} : { log: inspection.log }),
  };
}

function observationOf(failure: InspectionFailure, root: string): ValidateOutput["observations"][number] {
  const { requirement, next } = failure;
  return {
    kind: failure.outcome,
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    message: next === undefined ? failure.message : `${failure.message} ${next}`,
    lines: [...failure.lines],
    ...(failure.package ? { package: failure.package } : {}),
    ...(requirement?.name ? { requirement: requirement.name } : {}),
    path: requirement?.path ?? root,
    ...(requirement?.line === undefined ? {} : { line: requirement.line - 1 }),
  };
}
