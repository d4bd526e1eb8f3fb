// `validate`: a stack built, imported and run in the sandbox.
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import type { ValidateInput, ValidateOutput } from "../../../../shared/src/protocol/validate.ts";
import { building, common, constraint } from "../options.ts";
import { commonInput, given, text, texts } from "../optionValues.ts";
import { type CommandSpec, pathOf } from "./spec.ts";

export const validate: CommandSpec = {
  operation: "validate",
  args: [["[PATH]", "a manifest"]],
  options: [
    { flags: "--script <FILE>", description: "a Python file to run after the imports" },
    { flags: "--timeout <SECONDS>", description: "for the whole validation", number: true },
    { flags: "--memory <MIB>", description: "at most", number: true },
    {
      flags: "--allow-without-sandbox",
      description: "run where nothing can contain it: only for code that you trust",
    },
    { ...building, description: "build in the sandbox what has no wheel" },
    constraint,
    ...common,
  ],
  input: (args, options, cwd): ValidateInput => ({
    ...commonInput(options, cwd),
    path: pathOf(args[0] ?? "."),
    texts: {},
    allowWithoutSandbox: options.allowWithoutSandbox === true,
    ...given<Pick<ValidateInput, "constraints" | "script" | "timeout" | "memory">>({
      constraints: texts(options.constraint),
      script: text(options.script),
      timeout: typeof options.timeout === "number" ? options.timeout : undefined,
      memory: typeof options.memory === "number" ? options.memory : undefined,
    }),
  }),
  formats: {
    text: async () => {
      const { validateText } = await import("../text/validate.ts");
      return (answer: Answer<ValidateOutput>, { terminal, verbose }) =>
        validateText(answer, terminal, { verbose });
    },
  },
  // What was refused or could not be done says nothing of the stack: it was not checked.
  failed: ({ outcome }: ValidateOutput) =>
    outcome !== "passed" && outcome !== "refused" && outcome !== "infrastructure-failed",
  needsAll: true,
};
