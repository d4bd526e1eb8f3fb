// `explain`: why a manifest does not resolve, or why a project is in its stack.
import type { ExplainInput, ExplainOutput } from "../../../../shared/src/protocol/explain.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { resolving, scoping } from "../options.ts";
import { given, resolveInput } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

export const explain: CommandSpec = {
  operation: "explain",
  args: [
    ["[PATH]", "a manifest, or a folder with one"],
    ["[NAME]", "a project of its stack"],
  ],
  options: [...resolving, ...scoping],
  input: (args, options, cwd): ExplainInput => ({
    ...resolveInput(args, options, cwd),
    ...given<Pick<ExplainInput, "name">>({ name: args[1] }),
  }),
  formats: {
    text: async () => {
      const { explainText } = await import("../text/resolve.ts");
      return (answer: Answer<ExplainOutput>, { terminal }) => explainText(answer, terminal);
    },
  },
  failed: (result: ExplainOutput) => !result.resolves,
  needsAll: true,
};
