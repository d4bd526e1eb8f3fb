// Attestations: who has signed an artifact, whether that holds, and whether it is who it was before. What verifies is loaded when first used.
import { createHash } from "node:crypto";
import type {
  AttestationVerdict,
  ProvenanceVerdict,
  TrustMaterial,
  TrustState,
  UpdateTrustInput,
  VerifyAttestationInput,
  VerifyBesideInput,
  VerifyBundleInput,
  VerifyProvenanceInput,
} from "./model.ts";

export { isSameArtifactName, readArtifactName } from "./artifactName.ts";
export { judgeContinuity } from "./continuity.ts";
export { differences, isExpected, readExpectedIdentity } from "./expectation.ts";
export type * from "./model.ts";
export { judgeProjectUrls } from "./projectUrls.ts";
export { currentTrust, shippedTrust, type TrustAnswer, type TrustFailure, trustFromFile } from "./trust.ts";
export { dayOf, describeIdentity, nameOfTrust } from "./words.ts";

/** See `verify.ts`. The first call loads the Sigstore library. */
export async function verifyProvenance(input: VerifyProvenanceInput): Promise<ProvenanceVerdict> {
  return (await import("./verify.ts")).verifyProvenance(input);
}

/** See `verify.ts`. The first call loads the Sigstore library. */
export async function verifyAttestation(input: VerifyAttestationInput): Promise<AttestationVerdict> {
  return (await import("./verify.ts")).verifyAttestation(input);
}

/** See `verify.ts`. The first call loads the Sigstore library. */
export async function verifyBundle(input: VerifyBundleInput): Promise<AttestationVerdict> {
  return (await import("./verify.ts")).verifyBundle(input);
}

/** See `verify.ts`. The first call loads the Sigstore library. */
export async function verifyBeside(input: VerifyBesideInput): Promise<ProvenanceVerdict> {
  return (await import("./verify.ts")).verifyBeside(input);
}

/** See `tuf.ts`: asks the repository, at most once a day. Loads the TUF library. */
export async function updateTrust(input: UpdateTrustInput): Promise<TrustState> {
  return (await import("./tuf.ts")).updateTrust(input);
}

/** Raised when a verdict would come out otherwise: verdicts of before are then made anew. */
const VERDICT_FORM = 2;

/** Whether a verdict may be kept under its key: all but one that this machine's clock has made, which may be set right. */
export function isLasting({ attestations }: ProvenanceVerdict): boolean {
  return attestations.every(({ reason }) => reason !== "future-signature");
}

/**
 * The key under which a verdict may be kept: the same artifact, file name, provenance and trust root give the same verdict, as long
 * as it is a lasting one. `provenance` is the object that the index served.
 */
export function verdictKey(
  artifact: { readonly filename: string; readonly sha256: string },
  provenance: unknown,
  trust: TrustMaterial,
): string {
  const served = createHash("sha256")
    .update(JSON.stringify(provenance) ?? "")
    .digest("hex");
  return createHash("sha256")
    .update(JSON.stringify([VERDICT_FORM, artifact.filename, artifact.sha256, served, trust.sha256]))
    .digest("hex");
}
