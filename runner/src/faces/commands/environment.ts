// `environment`: a runtime environment, and where each of its values came from.
import type { EnvironmentInput, EnvironmentOutput } from "../../../../shared/src/protocol/environment.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { common } from "../options.ts";
import { commonInput } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

export const environment: CommandSpec = {
  operation: "environment",
  args: [["[NAME]", "a configured runtime environment; this machine by default"]],
  options: [{ flags: "--installed", description: "list what is installed" }, ...common],
  input: (args, options, cwd): EnvironmentInput => {
    const input = commonInput(options, cwd);
    const [name] = args;
    return {
      ...input,
      environment: { ...input.environment, ...(name === undefined ? {} : { name }) },
      installed: options.installed === true,
    };
  },
  formats: {
    text: async () => {
      const { environmentText } = await import("../text/others.ts");
      return (answer: Answer<EnvironmentOutput>, { terminal, verbose, options }) =>
        environmentText(answer, terminal, { verbose: verbose || options.installed === true });
    },
  },
  failed: () => false,
  needsAll: true,
};
