// `lock`: resolves a manifest and writes the lock.
import type { LockInput, LockOutput } from "../../../../shared/src/protocol/lock.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { resolving, scoping } from "../options.ts";
import { given, resolveInput, text, texts } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

export const lock: CommandSpec = {
  operation: "lock",
  args: [["[PATH]", "a manifest, or a folder with one"]],
  options: [
    {
      flags: "--as <FORM>",
      description: "the form of the lock (default: by the name of --output, else by the manifest)",
      choices: ["requirements", "pipfile-lock", "pylock"],
    },
    { flags: "-U, --upgrade", description: "take the newest, whatever the file of --output has" },
    { flags: "-P, --upgrade-package <NAME>", description: "the same for one package", repeats: true },
    ...resolving,
    ...scoping,
  ],
  input: (args, options, cwd): LockInput => {
    const output = text(options.output);
    return {
      ...resolveInput(args, options, cwd),
      ...given<Pick<LockInput, "as" | "previous">>({
        as: text(options.as) as LockInput["as"],
        previous: output === "-" ? undefined : output,
      }),
      upgrade: options.upgrade === true,
      upgradePackages: texts(options.upgradePackage) ?? [],
    };
  },
  formats: {
    text: async () => {
      const { lockText } = await import("../text/lock.ts");
      return (answer: Answer<LockOutput>, { options }) => lockText(answer, text(options.output));
    },
  },
  written: async () => {
    const { lockWritten } = await import("../text/lock.ts");
    return (answer: Answer<LockOutput>, { options }) => lockWritten(answer, text(options.output) ?? "");
  },
  failed: (result: LockOutput) => !result.resolves,
  needsAll: true,
};
