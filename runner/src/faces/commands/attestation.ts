// `attestation`: who signed the artifacts that are at hand.
import type { AttestationInput, AttestationOutput } from "../../../../shared/src/protocol/attestation.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { common } from "../options.ts";
import { commonInput, given, text, texts } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

export const attestation: CommandSpec = {
  operation: "attestation",
  args: [["<ARTIFACT...>", "wheels and source distributions; PATH#sha256=HEX for one that is not at hand"]],
  options: [
    {
      flags: "--attestation <FILE>",
      description:
        "an attestation, a provenance object or a Sigstore bundle (default: those beside the artifact)",
      repeats: true,
    },
    { flags: "--trusted-root <FILE>", description: "a Sigstore trust root in place of the one that is kept" },
    { flags: "--public-key <FILE>", description: "the key that a bundle without certificate is signed with" },
    {
      flags: "--identity <NAME>",
      description: "who must have signed, as the certificate says, with --issuer",
    },
    { flags: "--issuer <URL>", description: "who must have vouched for that" },
    ...common,
  ],
  input: (args, options, cwd): AttestationInput => ({
    ...commonInput(options, cwd),
    artifacts: [...args],
    ...given<Omit<AttestationInput, "cwd" | "artifacts">>({
      attestations: texts(options.attestation),
      trustedRoot: text(options.trustedRoot),
      publicKey: text(options.publicKey),
      identity: text(options.identity),
      issuer: text(options.issuer),
    }),
  }),
  formats: {
    text: async () => {
      const { attestationText } = await import("../text/attestation.ts");
      return (answer: Answer<AttestationOutput>, { terminal, verbose }) =>
        attestationText(answer, terminal, { verbose });
    },
  },
  failed: ({ artifacts }: AttestationOutput) => artifacts.some(({ state }) => state === "failed"),
  needsAll: true,
};
