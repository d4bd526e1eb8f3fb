// `config`: checks the `.thoth.yaml` that holds for the folder, makes one, or changes its policy.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCutOff } from "../../../shared/src/config/cutOff.ts";
import { type Configuration, readConfiguration } from "../../../shared/src/config/index.ts";
import type { ConfigInput, ConfigOutput } from "../../../shared/src/protocol/config.ts";
import { CONFIGURATION_NAME, findConfiguration } from "./configuration.ts";
import type { Operation, OperationContext } from "./context.ts";
import { environmentOf } from "./environment.ts";
import { OperationError } from "./errors.ts";
import { whyNotWritten, writeWhole } from "./writeWhole.ts";

/** Throws an OperationError where there is a file to be kept, or none can be read or written. */
export const config: Operation<ConfigInput, ConfigOutput, never> = async (context, input, _calls, signal) => {
  if (input.action === "init") return { result: await makeFile(context, input, signal), notChecked: [] };
  if (input.action === "change" && input.change) {
    const { changeConfiguration } = await import("./configChange.ts");
    return { result: await changeConfiguration(context, input, input.change), notChecked: [] };
  }
  const path = findConfiguration(input.cwd);
  if (path === undefined)
    return { result: { action: "check", problems: [], environments: [] }, notChecked: [] };
  const { configuration = {}, problems } = readConfiguration(readText(path));
  const told = [
    ...problems.map(({ code, line, message }) => ({ code, line, message })),
    ...meaningProblems(configuration, readText(path), context.now()),
  ].sort((a, b) => a.line - b.line);
  const environments = Object.keys(configuration.environments ?? {});
  return { result: { action: "check", path, problems: told, environments }, notChecked: [] };
};

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperationError(
      "unreadable",
      "unreadable",
      `cannot read ${path}: ${code}.`,
      "Check its permissions.",
    );
  }
}

type Problem = ConfigOutput["problems"][number];

/** What the schema lets through and no command could use. */
function meaningProblems(configuration: Configuration, text: string, now: number): Problem[] {
  const problems: Problem[] = [];
  const add = (word: string, message: string): void => {
    const line = text.split("\n").findIndex((one) => one.includes(word)) + 1;
    problems.push({ code: "bad-value", line: Math.max(1, line), message });
  };
  const environments = configuration.environments ?? {};
  for (const name of configuration.lock?.environments ?? []) {
    if (!Object.hasOwn(environments, name)) add(name, `lock.environments: there is no environment ${name}.`);
  }
  const cutOffs: [string, string | false | undefined][] = [
    ["exclude-newer", configuration["exclude-newer"]],
    ...Object.entries(configuration["exclude-newer-package"] ?? {}),
  ];
  for (const [key, value] of cutOffs) {
    const read = typeof value === "string" ? readCutOff(value, now) : undefined;
    if (read && "fault" in read) add(key, `${key}: ${read.fault}.`);
  }
  return problems;
}

async function makeFile(
  context: OperationContext,
  input: ConfigInput,
  signal: AbortSignal,
): Promise<ConfigOutput> {
  const path = join(input.cwd, CONFIGURATION_NAME);
  if (existsSync(path)) {
    const next = "thoth config check says what is in it.";
    throw new OperationError("usage", "configuration-exists", `${path} is there already.`, next);
  }
  const { pythonVersion = "3.12.0" } = await environmentOf(
    context,
    { ...input, environment: undefined },
    signal,
  );
  try {
    writeWhole(path, template(pythonVersion.split(".").slice(0, 2).join(".")));
  } catch (error) {
    throw new OperationError(
      "usage",
      "output-not-writable",
      `cannot write ${path}: ${whyNotWritten(error)}.`,
      "Check the folder.",
    );
  }
  return { action: "init", path, problems: [], environments: ["default"] };
}

/** A file that changes nothing yet and shows what it could say. */
function template(python: string): string {
  return `# How Thoth treats this repository. Every key may be left out.

# Where stacks are to run, by name: thoth lock --environment default
environments:
  default:
    python: "${python}"
    # platform: x86_64-manylinux_2_28
    # gpu: {vendor: nvidia, driver: 580.65.06}
    # torch-backend: auto

# What thoth lock is made for where no environment is named.
# lock:
#   environments: [default]

# Who wins where several indexes have a project, in place of the rule of the manifest's own tool.
# index-strategy: first-index

# Releases younger than this are left out: a date or a span.
# exclude-newer: 3 days
`;
}
