// `attestation`: whether what lies beside an artifact is a valid attestation of it, and who has signed.
import * as z from "zod";
import { commonInput } from "./operation.ts";

export const input = commonInput.extend({
  /** Paths of artifacts. `PATH#sha256=HEX` stands for one that is not at hand, by its digest. */
  artifacts: z.array(z.string()).min(1).max(10_000),
  /** Attestations, provenance objects or Sigstore bundles; by default those that lie beside each artifact. For one artifact only. */
  attestations: z.array(z.string()).max(100).optional(),
  /** A Sigstore `trusted_root.json`, in place of the one that is kept. */
  trustedRoot: z.string().optional(),
  /** A file with the public key that a bundle is signed with, in place of a certificate. */
  publicKey: z.string().optional(),
  /** Who must have signed, whatever lies beside the artifact: the certificate's name, and who vouched for it. */
  identity: z.string().optional(),
  issuer: z.string().optional(),
});
export type AttestationInput = z.infer<typeof input>;

export const signer = z.object({
  kind: z.string(),
  issuer: z.string(),
  san: z.string(),
  repository: z.string().optional(),
  repositoryId: z.string().optional(),
  owner: z.string().optional(),
  ownerId: z.string().optional(),
  workflow: z.string().optional(),
  ref: z.string().optional(),
  commit: z.string().optional(),
  environment: z.string().optional(),
  runner: z.string().optional(),
  run: z.string().optional(),
  signer: z.string().optional(),
  /** Milliseconds since the epoch. */
  signedAt: z.number().optional(),
});

export const verdict = z.object({
  /** Path of the file with the attestation. */
  file: z.string(),
  state: z.enum(["passed", "failed", "not-checked"]),
  /** Kebab-case: `verified`, `other-digest`, `unknown-log`. */
  reason: z.string(),
  /** One sentence. */
  message: z.string(),
  /** By what the signer of a valid one was expected: valid is not trusted, and `nothing` is no tick. */
  expectedBy: z.enum(["identity", "key", "nothing"]).optional(),
  detail: z.string().optional(),
  predicateType: z.string().optional(),
  identity: signer.optional(),
});
export type AttestationVerdictOutput = z.infer<typeof verdict>;

export const output = z.object({
  artifacts: z.array(
    z.object({
      path: z.string(),
      sha256: z.string(),
      /** The worst of its attestations; `absent` without any. */
      state: z.enum(["passed", "failed", "not-checked", "absent"]),
      attestations: z.array(verdict),
    }),
  ),
  trust: z.object({
    source: z.enum(["shipped", "updated", "file"]),
    from: z.string(),
    /** Milliseconds since the epoch. */
    time: z.number().optional(),
    message: z.string(),
  }),
});
export type AttestationOutput = z.infer<typeof output>;
export const partial = z.never();
