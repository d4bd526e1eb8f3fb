// `provenance`: where every artifact comes from; as text, as SARIF and as CycloneDX.
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import type { ProvenanceInput, ProvenanceOutput } from "../../../../shared/src/protocol/provenance.ts";
import { common, findingOptions } from "../options.ts";
import { commonInput, given, ruleSeverities, text, texts } from "../optionValues.ts";
import { type CommandSpec, paths } from "./spec.ts";

export const provenance: CommandSpec = {
  operation: "provenance",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [
    {
      flags: "--all-artifacts",
      description: "every artifact that a lock names, not only those for the environments",
    },
    { flags: "--download", description: "fetch the artifacts and look into them" },
    { flags: "--requests <NUMBER>", description: "requests that may be sent (default: 4000)", number: true },
    { flags: "--trusted-root <FILE>", description: "a Sigstore trust root in place of the one that is kept" },
    ...findingOptions,
    ...common,
  ],
  input: (args, options, cwd): ProvenanceInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    texts: {},
    rules: ruleSeverities(options),
    allArtifacts: options.allArtifacts === true,
    download: options.download === true,
    // Forms that are read by programs tell the graph too.
    graph: options.format === "json" || options.format === "cyclonedx",
    ...given<Pick<ProvenanceInput, "requestBudget" | "trustedRoot">>({
      requestBudget: typeof options.requests === "number" ? options.requests : undefined,
      trustedRoot: text(options.trustedRoot),
    }),
  }),
  formats: {
    text: async () => {
      const { provenanceText } = await import("../text/provenance.ts");
      return (answer: Answer<ProvenanceOutput>, { terminal, now, verbose }) =>
        provenanceText(answer, terminal, { now, verbose });
    },
    sarif: async () => {
      const { provenanceSarif } = await import("../provenanceSarif.ts");
      return (answer: Answer<ProvenanceOutput>, { version }) => provenanceSarif(answer, version);
    },
    cyclonedx: async () => {
      const [{ cyclonedxOf }, { billOfProvenance }] = await Promise.all([
        import("../cyclonedx.ts"),
        import("../bills.ts"),
      ]);
      return (answer: Answer<ProvenanceOutput>, { version, now }) =>
        cyclonedxOf(billOfProvenance(answer), version, now);
    },
  },
  failed: (result: ProvenanceOutput, counts) =>
    [...result.files, ...result.packages].some(({ checks }) =>
      checks.some(
        ({ state, severity, accepted }) =>
          state === "failed" && severity !== undefined && accepted === undefined && counts(severity),
      ),
    ),
  needsAll: true,
};
