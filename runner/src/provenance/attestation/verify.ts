// Verdicts on PEP 740 attestations and on Sigstore bundles. Loads the Sigstore library: import it when there is something to verify.
import { bundleOfAttestation, readBundle } from "./bundle.ts";
import { type Claims, identityOf, readClaims } from "./certificate.ts";
import type {
  AttestationReason,
  AttestationVerdict,
  Identity,
  ProvenanceVerdict,
  Publisher,
  TrustMaterial,
  VerifyAttestationInput,
  VerifyBesideInput,
  VerifyBundleInput,
  VerifyProvenanceInput,
} from "./model.ts";
import { comparePublisher, readPublisher, shownPublisher } from "./publisher.ts";
import { certificateOf, findFault, findUnknown, type SignatureFault, signingTime } from "./signature.ts";
import { findOtherSubject, readStatement } from "./statement.ts";
import { findMalformed, type PreparedTrust, prepareTrust, readPublicKey } from "./trustMaterial.ts";
import { describeIdentity, shown } from "./words.ts";

/** More attestations than any file has; each costs a few milliseconds, and an index may list as many as it likes. */
const MAX_ATTESTATIONS = 32;

const WITH_CERTIFICATE = "It is signed with a certificate, not with a key.";
const MALFORMED = "The attestation is not in the form that the standard asks for.";

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `1` is the only version there is; a later one may mean anything, so that it is neither good nor bad. */
function versionFault(version: unknown, what: string): SignatureFault | undefined {
  if (version === 1) return undefined;
  if (Number.isSafeInteger(version) && (version as number) > 1) {
    const sentence = `Not checked: ${what} is of version ${version}, and Thoth reads version 1.`;
    return { reason: "unsupported-version", sentence };
  }
  return { reason: "malformed", sentence: MALFORMED, detail: `${what} has no version` };
}

const NOT_CHECKED: ReadonlySet<AttestationReason> = new Set([
  "unsupported-version",
  "unsupported-publisher",
  "unknown-log",
  "unknown-certificate-authority",
  "unknown-certificate-log",
  "unknown-timestamp-authority",
  "too-many",
  "no-artifact",
  "future-signature",
]);

interface Known {
  readonly identity?: Identity | undefined;
  readonly publisher?: Publisher | undefined;
  readonly predicateType?: string | undefined;
}

function verdictOf(fault: SignatureFault | undefined, known: Known): AttestationVerdict {
  if (fault === undefined) {
    const signer = known.identity ? describeIdentity(known.identity) : "the given key";
    return { state: "passed", reason: "verified", sentence: `Signed by ${signer}.`, ...known };
  }
  return { state: NOT_CHECKED.has(fault.reason) ? "not-checked" : "failed", ...fault, ...known };
}

/** What the readers and the library throw at parts that are not what they should be: errors of many kinds, all of them the sender's. */
const malformed = (error: unknown): SignatureFault => ({
  reason: "malformed",
  sentence: MALFORMED,
  detail: shown((error as Error).message, 200),
});

/**
 * The verdict on everything that an index serves as the provenance of one file (PEP 740). What is not JSON of the right shape is a
 * failed check; nothing in it makes this throw. Throws an Error only where `trust` is no trust root.
 */
export function verifyProvenance(input: VerifyProvenanceInput): ProvenanceVerdict {
  const { provenance } = input;
  const whole = (fault: SignatureFault): ProvenanceVerdict => ({
    state: NOT_CHECKED.has(fault.reason) ? "not-checked" : "failed",
    reason: fault.reason,
    sentence: fault.sentence,
    attestations: [],
  });
  if (!isObject(provenance)) return whole({ reason: "malformed", sentence: MALFORMED });
  const version = versionFault(provenance.version, "the provenance");
  if (version) return whole(version);
  const bundles = provenance.attestation_bundles;
  if (!Array.isArray(bundles)) return whole({ reason: "malformed", sentence: MALFORMED });
  const found = listAttestations(bundles);
  if (found === undefined) return whole({ reason: "malformed", sentence: MALFORMED });
  if (found.length > MAX_ATTESTATIONS) {
    const sentence = `Not checked: the index lists ${found.length} attestations for one file.`;
    return whole({ reason: "too-many", sentence });
  }
  const prepared = prepareTrust(input.trust);
  return summarise(found.map(({ attestation, publisher }) => judge(attestation, publisher, input, prepared)));
}

interface Listed {
  readonly attestation: unknown;
  /** Undefined: the bundle claims none that can be read. */
  readonly publisher: Publisher | undefined;
}

function listAttestations(bundles: readonly unknown[]): Listed[] | undefined {
  const found: Listed[] = [];
  for (const bundle of bundles) {
    if (!isObject(bundle) || !Array.isArray(bundle.attestations)) return undefined;
    const publisher = readPublisher(bundle.publisher);
    for (const attestation of bundle.attestations) found.push({ attestation, publisher });
  }
  return found;
}

/** The worst verdict speaks for the file: what failed, then what was not checked. */
function summarise(attestations: readonly AttestationVerdict[]): ProvenanceVerdict {
  const speaking =
    attestations.find(({ state }) => state === "failed") ??
    attestations.find(({ state }) => state === "not-checked") ??
    attestations[0];
  if (speaking === undefined) {
    return {
      state: "absent",
      reason: "no-attestations",
      sentence: "No attestation was published.",
      attestations,
    };
  }
  return { state: speaking.state, reason: speaking.reason, sentence: speaking.sentence, attestations };
}

/**
 * The verdict on one PEP 740 attestation, which a person has beside the artifact. No publisher is claimed then, so none is compared.
 * Throws an Error only where `trust` is no trust root.
 */
export function verifyAttestation(input: VerifyAttestationInput): AttestationVerdict {
  return judge(input.attestation, null, input, prepareTrust(input.trust));
}

/** `publisher`: null where none is claimed, undefined where what is claimed cannot be read. */
function judge(
  attestation: unknown,
  publisher: Publisher | undefined | null,
  input: Omit<VerifyProvenanceInput, "provenance" | "trust">,
  prepared: PreparedTrust,
): AttestationVerdict {
  const claimed: Known = publisher ? { publisher: shownPublisher(publisher) } : {};
  if (!isObject(attestation)) return verdictOf({ reason: "malformed", sentence: MALFORMED }, claimed);
  const version = versionFault(attestation.version, "the attestation");
  if (version) return verdictOf(version, claimed);
  let known = claimed;
  try {
    const { bundle, statement: payload } = bundleOfAttestation(attestation);
    const certificate = certificateOf(bundle)!;
    const claims = readClaims(certificate);
    const statement = readStatement(payload);
    known = {
      ...claimed,
      identity: identityOf(claims, signingTime(bundle)),
      predicateType: statement?.predicateType,
    };
    const fault =
      findUnknown(bundle, certificate, prepared) ??
      findFault({ bundle, certificate, prepared, now: input.now }) ??
      (statement === undefined
        ? {
            reason: "malformed-statement" as const,
            sentence: "What was signed is no statement about a file.",
          }
        : findOtherSubject(statement, input)) ??
      (publisher === null ? undefined : publisherFault(publisher, claims)) ??
      identityFault(claims, input);
    return verdictOf(fault, known);
  } catch (error) {
    return verdictOf(malformed(error), known);
  }
}

function publisherFault(publisher: Publisher | undefined, claims: Claims): SignatureFault | undefined {
  if (publisher === undefined) {
    return { reason: "malformed", sentence: "The index does not say which publisher the attestation is of." };
  }
  const compared = comparePublisher(publisher, claims);
  if ("unsupported" in compared) {
    return { reason: "unsupported-publisher", sentence: `Not checked: ${compared.unsupported}.` };
  }
  return compared.matches ? undefined : { reason: "other-publisher", sentence: compared.sentence };
}

/**
 * The verdict on a Sigstore bundle beside a file: signed directly, or by a statement of which the file is a subject. Certificates
 * or a key; `identity` is compared exactly. Throws an Error where `trust` is no trust root or `publicKey` no key.
 */
export function verifyBundle(input: VerifyBundleInput): AttestationVerdict {
  const key = input.publicKey === undefined ? undefined : readPublicKey(input.publicKey);
  const prepared = prepareTrust(input.trust, key);
  let known: Known = {};
  try {
    const bundle = readBundle(input.bundle);
    const certificate = certificateOf(bundle);
    const claims = certificate && readClaims(certificate);
    if (claims) known = { identity: identityOf(claims, signingTime(bundle)) };
    if (!certificate !== (key !== undefined)) {
      const sentence = key ? WITH_CERTIFICATE : "The bundle names a key, and none was given.";
      return verdictOf({ reason: "invalid-certificate", sentence }, known);
    }
    const artifact = Buffer.from(input.artifact);
    const fault =
      findUnknown(bundle, certificate, prepared) ??
      findFault({ bundle, certificate, prepared, key, artifact, now: input.now }) ??
      findOtherArtifact(bundle, input) ??
      (claims && identityFault(claims, input));
    return verdictOf(fault, known);
  } catch (error) {
    return verdictOf(malformed(error), known);
  }
}

/** A statement's digests must hold the file's. */
function findOtherArtifact(
  { content }: ReturnType<typeof readBundle>,
  { sha256 }: VerifyBundleInput,
): SignatureFault | undefined {
  if (content.$case !== "dsseEnvelope") return undefined;
  const { payload, payloadType } = content.dsseEnvelope;
  const statement = payloadType === "application/vnd.in-toto+json" ? readStatement(payload, true) : undefined;
  if (statement === undefined) {
    return { reason: "malformed-statement", sentence: "What was signed is no statement about a file." };
  }
  if (statement.subjects.some((subject) => subject.sha256 === sha256)) return undefined;
  return { reason: "other-digest", sentence: "The statement is about no file with this digest." };
}

/** Whether another has signed than the person asked for. */
function identityFault(
  { san = "nobody", issuer = "nobody" }: Claims,
  { identity }: Pick<VerifyBundleInput, "identity">,
): SignatureFault | undefined {
  if (identity === undefined || (san === identity.san && issuer === identity.issuer)) return undefined;
  const sentence =
    san === identity.san
      ? `${shown(issuer)} has vouched for ${shown(san)}, not ${shown(identity.issuer)}.`
      : `Signed by ${shown(san)}, not by ${shown(identity.san)}.`;
  return { reason: "other-identity", sentence };
}

/**
 * The verdict on a file with what a person has beside it: one attestation or a provenance object (PEP 740), or a Sigstore bundle, told
 * by their keys. Only bundles may be signed with a `publicKey`. Throws an Error where `trust` is no trust root or `publicKey` no key.
 */
export function verifyBeside(input: VerifyBesideInput): ProvenanceVerdict {
  const { beside, filename, artifact, sha256, trust, now, publicKey, identity } = input;
  const isBundle = isObject(beside) && ("verificationMaterial" in beside || "mediaType" in beside);
  if (publicKey !== undefined && !isBundle) {
    readPublicKey(publicKey);
    return summarise([verdictOf({ reason: "invalid-certificate", sentence: WITH_CERTIFICATE }, {})]);
  }
  if (isObject(beside) && Array.isArray(beside.attestation_bundles)) {
    return verifyProvenance({ filename, sha256, provenance: beside, trust, now, identity });
  }
  if (isBundle && "messageSignature" in beside && artifact === undefined) {
    return summarise([verdictOf(faultWithoutArtifact(beside, sha256), {})]);
  }
  const verdict = isBundle
    ? verifyBundle({
        bundle: beside,
        artifact: artifact ?? new Uint8Array(),
        sha256,
        trust,
        now,
        publicKey,
        identity,
      })
    : verifyAttestation({ attestation: beside, filename, sha256, trust, now, identity });
  return summarise([verdict]);
}

/** What the digest alone tells of a signature on the file itself: that it is on another one, or that nothing more can be said. */
function faultWithoutArtifact(json: unknown, sha256: string): SignatureFault {
  try {
    const { content } = readBundle(json);
    if (
      content.$case === "messageSignature" &&
      Buffer.from(content.messageSignature.messageDigest.digest).toString("hex") !== sha256
    ) {
      return { reason: "other-digest", sentence: "The signature is on a file with another digest." };
    }
  } catch (error) {
    return malformed(error);
  }
  const sentence = "Not checked: the signature is on the file itself, which is not at hand.";
  return { reason: "no-artifact", sentence };
}

/** Why `trust` cannot be used, for a person; undefined where it can. */
export function findTrustFault(trust: TrustMaterial): string | undefined {
  try {
    const fault = findMalformed(trust.root);
    if (fault === undefined) prepareTrust(trust);
    return fault;
  } catch (error) {
    return `a part of it cannot be read (${shown((error as Error).message, 200)})`;
  }
}
