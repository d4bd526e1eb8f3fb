// `config`: makes or checks `.thoth.yaml`.
import type { ConfigInput, ConfigOutput } from "../../../../shared/src/protocol/config.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { OperationError } from "../../operations/index.ts";
import { common } from "../options.ts";
import { commonInput } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

export const config: CommandSpec = {
  operation: "config",
  args: [["[ACTION]", "check (the default), or init to make one"]],
  options: common,
  input: (args, options, cwd): ConfigInput => {
    const [action = "check"] = args;
    if (action !== "check" && action !== "init") {
      const message = `config has no action ${action}.`;
      throw new OperationError("usage", "unknown-action", message, "Name check or init.");
    }
    return { ...commonInput(options, cwd), action };
  },
  formats: {
    text: async () => {
      const { configText } = await import("../text/config.ts");
      return (answer: Answer<ConfigOutput>, { terminal }) => configText(answer, terminal);
    },
  },
  failed: ({ problems }: ConfigOutput) => problems.length > 0,
  needsAll: true,
};
