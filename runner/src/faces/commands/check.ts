// `check`: the findings of manifests; as text, as SARIF, as CycloneDX and as JUnit.
import type { CheckInput, CheckOutput } from "../../../../shared/src/protocol/check.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { common, findingOptions, severityThreshold } from "../options.ts";
import { commonInput, given, ruleSeverities, text, texts } from "../optionValues.ts";
import { checkText } from "../text/check.ts";
import { type CommandSpec, paths, type Renderer } from "./spec.ts";

export const check: CommandSpec = {
  operation: "check",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [...findingOptions, severityThreshold, ...common],
  input: (args, options, cwd): CheckInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
    ...given<Pick<CheckInput, "severityThreshold" | "bill">>({
      bill: options.format === "cyclonedx" ? true : undefined,
      severityThreshold: text(options.severityThreshold) as CheckInput["severityThreshold"],
    }),
  }),
  formats: {
    text: async () => {
      return (answer: Answer<CheckOutput>, { terminal, now, verbose }) =>
        checkText(answer, terminal, { now, verbose });
    },
    sarif: async () => {
      const { sarifOf } = await import("../sarif.ts");
      return (answer: Answer<CheckOutput>, { version }) => sarifOf(answer, version);
    },
    cyclonedx: async () => {
      const [{ cyclonedxOf }, { billOfCheck }] = await Promise.all([
        import("../cyclonedx.ts"),
        import("../bills.ts"),
      ]);
      return (answer: Answer<CheckOutput>, { version, now }) =>
        cyclonedxOf(billOfCheck(answer), version, now);
    },
    junit: async () => (await import("../junit.ts")).junitOf as Renderer,
  },
  failed: (result: CheckOutput, counts) =>
    result.files.some(({ findings }) => findings.some(({ severity }) => counts(severity))),
  needsAll: true,
};
