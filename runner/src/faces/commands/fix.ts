// `fix`: proven changes of manifests, as a diff or written.
import type { FixInput, FixOutput } from "../../../../shared/src/protocol/fix.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { building, constraint, forSeveral, severityThreshold } from "../options.ts";
import {
  chosenRules,
  commonInput,
  environmentsOf,
  given,
  ruleSeverities,
  split,
  text,
  texts,
} from "../optionValues.ts";
import { type CommandSpec, paths } from "./spec.ts";

export const fix: CommandSpec = {
  operation: "fix",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [
    { flags: "--write", description: "apply the fixes" },
    { flags: "--allow-downgrade", description: "repairs may take releases below those of today" },
    {
      flags: "--choose <LETTER>",
      description: "what explain says would help, by its letter, in place of the fixes of findings",
      repeats: true,
    },
    { flags: "--only <RULE>", description: "only fixes of this rule", repeats: true },
    constraint,
    building,
    { flags: "--rule <RULE=SEVERITY>", description: "another severity for a rule, or off", repeats: true },
    severityThreshold,
    {
      flags: "--trusted-root <FILE>",
      description: "verify the attestations of what is raised to against this trusted_root.json",
    },
    ...forSeveral,
  ],
  input: (args, options, cwd): FixInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
    write: options.write === true,
    allowDowngrade: options.allowDowngrade === true,
    choose: split(options.choose) ?? [],
    ...given<Pick<FixInput, "only" | "environments" | "trustedRoot" | "severityThreshold">>({
      only: chosenRules(options),
      environments: environmentsOf(options),
      severityThreshold: text(options.severityThreshold) as FixInput["severityThreshold"],
      trustedRoot: text(options.trustedRoot),
    }),
  }),
  formats: {
    text: async () => {
      const { fixText } = await import("../text/others.ts");
      return (answer: Answer<FixOutput>, { terminal, options, argv }) =>
        fixText(answer, terminal, { write: options.write === true, argv });
    },
  },
  failed: () => false,
  needsAll: true,
};
