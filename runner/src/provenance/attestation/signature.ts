// Verifies one bundle with the Sigstore library, and what the library leaves to its callers: keys unknown, texts inexact, certificates
// that are not for signing code, log entries of another signer.
import { createHash, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import { RFC3161Timestamp, type X509Certificate } from "@sigstore/core";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import { MalformedError, readBase64 } from "./bundle.ts";
import { parseExactly } from "./encoding.ts";
import type { AttestationReason } from "./model.ts";
import type { PreparedTrust } from "./trustMaterial.ts";
import { dayOf, keyName, nameOfTrust } from "./words.ts";

/** Why a bundle does not verify. `unknown` ones are not checked rather than false. */
export interface SignatureFault {
  readonly reason: AttestationReason;
  readonly sentence: string;
  readonly detail?: string;
}

type Entry = Bundle["verificationMaterial"]["tlogEntries"][number];

/** The certificate of a bundle, or undefined where it is signed with a key alone. Throws MalformedError. */
export function certificateOf(bundle: Bundle): X509Certificate | undefined {
  const { content } = bundle.verificationMaterial;
  const raw =
    content.$case === "certificate"
      ? content.certificate.rawBytes
      : content.$case === "x509CertificateChain"
        ? content.x509CertificateChain.certificates[0]?.rawBytes
        : undefined;
  return raw === undefined ? undefined : parseCertificate(raw);
}

function parseCertificate(raw: Uint8Array): X509Certificate {
  try {
    const certificate = parseExactly(raw);
    // Read here, where what cannot be read is still known to be malformed.
    certificate.validForDate(new Date(0));
    void certificate.extensions.map((extension) => extension.subs[0]?.toOID());
    return certificate;
  } catch (error) {
    throw new MalformedError(`the certificate cannot be read: ${(error as Error).message}`);
  }
}

/**
 * A key, log or authority in `bundle` that the trust root does not know at all: then nothing can be said, neither good nor bad.
 * Looked for before verifying, since the library says the same of these as of a forged signature.
 */
export function findUnknown(
  bundle: Bundle,
  certificate: X509Certificate | undefined,
  { material, trust }: PreparedTrust,
): SignatureFault | undefined {
  const unknown = (reason: AttestationReason, what: string, id: Uint8Array | undefined): SignatureFault => ({
    reason,
    sentence: `Not checked: ${what}${id === undefined ? "" : ` (${keyName(id)})`} is unknown to ${nameOfTrust(trust)}.`,
  });
  for (const { logId } of bundle.verificationMaterial.tlogEntries) {
    if (!material.tlogs.some((log) => log.logID.equals(logId.keyId))) {
      return unknown("unknown-log", "the log that recorded the signature", logId.keyId);
    }
  }
  if (certificate !== undefined) {
    const authority = certificate.extAuthorityKeyID?.keyIdentifier;
    const known = material.certificateAuthorities.some(({ certChain }) =>
      certChain.some((issuer) =>
        authority === undefined
          ? issuer.subject.equals(certificate.issuer)
          : issuer.extSubjectKeyID?.keyIdentifier.equals(authority),
      ),
    );
    if (!known) return unknown("unknown-certificate-authority", "the certificate's authority", authority);
    const scts = certificate.extSCT?.signedCertificateTimestamps ?? [];
    const stranger = scts.find(({ logID }) => !material.ctlogs.some((log) => log.logID.equals(logID)));
    if (stranger) return unknown("unknown-certificate-log", "the certificate's log", stranger.logID);
  }
  return findUnknownTimestamp(bundle, material, unknown);
}

function findUnknownTimestamp(
  bundle: Bundle,
  material: PreparedTrust["material"],
  unknown: (reason: AttestationReason, what: string, id: Uint8Array | undefined) => SignatureFault,
): SignatureFault | undefined {
  for (const { signedTimestamp } of bundle.verificationMaterial.timestampVerificationData
    ?.rfc3161Timestamps ?? []) {
    const timestamp = parseTimestamp(signedTimestamp);
    const known = material.timestampAuthorities.some(
      ({ certChain: [leaf] }) =>
        leaf?.serialNumber.equals(timestamp.signerSerialNumber) && leaf.issuer.equals(timestamp.signerIssuer),
    );
    if (!known) return unknown("unknown-timestamp-authority", "the authority of its timestamp", undefined);
  }
  return undefined;
}

function parseTimestamp(signed: Uint8Array): RFC3161Timestamp {
  try {
    const timestamp = RFC3161Timestamp.parse(Buffer.from(signed));
    void [timestamp.signerSerialNumber, timestamp.signerIssuer, timestamp.signingTime];
    return timestamp;
  } catch (error) {
    throw new MalformedError(`the timestamp cannot be read: ${(error as Error).message}`);
  }
}

export interface SignatureCheck {
  readonly bundle: Bundle;
  readonly certificate: X509Certificate | undefined;
  readonly prepared: PreparedTrust;
  /** The key in place of a certificate. */
  readonly key?: KeyObject | undefined;
  /** The artifact itself, where the signature is over it. */
  readonly artifact?: Buffer | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What is wrong with the signature, the certificate or the log entries; undefined where all of it holds. */
export function findFault(check: SignatureCheck): SignatureFault | undefined {
  const { bundle, certificate, prepared, artifact } = check;
  try {
    const early = findInexact(check);
    if (early) return early;
    const verifier = new Verifier(prepared.material);
    const entity = toSignedEntity(bundle, artifact);
    verifier.verify(certificate ? { ...entity, key: { $case: "certificate", certificate } } : entity);
  } catch (error) {
    return faultOf(error);
  }
  return (
    findLateLog(check) ?? (certificate && findUnfitCertificate(bundle, certificate)) ?? findFuture(check)
  );
}

/** A log has seen the signature at a time that has not come: rather this machine's clock is wrong than the log. */
function findFuture({ bundle, now }: SignatureCheck): SignatureFault | undefined {
  const time = signingTime(bundle);
  // A minute for clocks that differ.
  if (time === undefined || time <= now + 60_000) return undefined;
  const sentence = `Not checked: the signature is of ${dayOf(time)}, and this machine's clock says ${dayOf(now)}.`;
  return { reason: "future-signature", sentence };
}

/** A log's key signs for its own time only. The library sees to that for promises, and not for checkpoints. */
function findLateLog({ bundle, prepared }: SignatureCheck): SignatureFault | undefined {
  const time = signingTime(bundle);
  if (time === undefined) return undefined;
  const at = new Date(time);
  const valid = bundle.verificationMaterial.tlogEntries.every(({ logId }) =>
    prepared.material.tlogs.some(
      (log) =>
        logId !== undefined &&
        log.logID.equals(logId.keyId) &&
        log.validFor.start <= at &&
        at <= log.validFor.end,
    ),
  );
  return valid ? undefined : logFault("the log's key is not valid for the time of the signature");
}

/** When the log or a timestamp authority saw the signature: the earliest, in milliseconds since the epoch. */
export function signingTime({ verificationMaterial }: Bundle): number | undefined {
  const times = verificationMaterial.tlogEntries
    .filter((entry) => entry.inclusionPromise !== undefined)
    .map((entry) => Number(entry.integratedTime) * 1000);
  for (const { signedTimestamp } of verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []) {
    times.push(parseTimestamp(signedTimestamp).signingTime.getTime());
  }
  const known = times.filter((time) => time > 0);
  return known.length === 0 ? undefined : Math.min(...known);
}

const SENTENCES: Readonly<Record<string, readonly [AttestationReason, string]>> = {
  CERTIFICATE_ERROR: ["invalid-certificate", "The signing certificate is not valid."],
  PUBLIC_KEY_ERROR: ["invalid-certificate", "The signing key is not valid for the time of the signature."],
  TIMESTAMP_ERROR: ["invalid-timestamp", "The time of the signature is not proven."],
  SIGNATURE_ERROR: ["invalid-signature", "The signature does not fit what it is on."],
};
const LOG_SENTENCE = "The entry in the transparency log does not prove the signature.";

function faultOf(error: unknown): SignatureFault {
  const {
    code = "",
    message,
    cause,
  } = error as { code?: string; message: string; cause?: { message?: string } };
  const detail = cause?.message ? `${message}: ${cause.message}` : message;
  const [reason, sentence] =
    SENTENCES[code] ??
    (code.startsWith("TLOG_")
      ? (["invalid-log-entry", LOG_SENTENCE] as const)
      : (["malformed", "The attestation is not in the form that the standard asks for."] as const));
  return { reason, sentence, detail };
}

const logFault = (detail: string): SignatureFault => ({
  reason: "invalid-log-entry",
  sentence: LOG_SENTENCE,
  detail,
});

/** What must hold and the library does not look at. */
function findInexact({ bundle, certificate, key, artifact }: SignatureCheck): SignatureFault | undefined {
  for (const entry of bundle.verificationMaterial.tlogEntries) {
    const fault = findInexactEntry(entry, certificate, key);
    if (fault) return fault;
  }
  if (bundle.content.$case === "messageSignature" && artifact !== undefined) {
    const { messageDigest } = bundle.content.messageSignature;
    const digest = createHash("sha256").update(artifact).digest();
    if (!isEqual(digest, messageDigest.digest)) {
      return { reason: "other-digest", sentence: "The signature is on a file with another digest." };
    }
  }
  return undefined;
}

function findInexactEntry(
  entry: Entry,
  certificate: X509Certificate | undefined,
  key: KeyObject | undefined,
): SignatureFault | undefined {
  const proof = entry.inclusionProof;
  if (proof?.checkpoint !== undefined) {
    const { size, hash } = readCheckpoint(proof.checkpoint.envelope);
    if (size !== proof.treeSize) return logFault("the checkpoint is of a tree of another size");
    if (!isEqual(hash, proof.rootHash)) return logFault("the checkpoint is of a tree with another root hash");
    // A promise signs the index, which counts over all trees of the log; without one the log is one tree.
    if (entry.inclusionPromise === undefined && entry.logIndex !== proof.logIndex) {
      return logFault("the entry and its proof name different places in the log");
    }
  }
  const verifiers = verifiersOf(entry);
  const wanted = certificate?.root.toDER();
  const spki = certificate?.publicKey ?? key?.export({ type: "spki", format: "der" });
  const fits = verifiers.some((der) => (wanted && isEqual(der, wanted)) || (spki && isEqual(der, spki)));
  return fits ? undefined : logFault("the entry is of another certificate or key");
}

/** Size and root hash of a signed tree head (transparency-dev `checkpoint`); its signatures are written exactly. */
function readCheckpoint(envelope: string): { size: string; hash: Buffer } {
  const end = envelope.indexOf("\n\n");
  const [, size = "", hash = ""] = envelope.slice(0, Math.max(end, 0)).split("\n");
  const lines = envelope.slice(end + 2).split("\n");
  if (lines.pop() !== "") throw new MalformedError("the checkpoint does not end with its line");
  for (const line of lines) {
    const signature = /^\u2014 \S+ (\S+)$/.exec(line)?.[1];
    if (signature === undefined) throw new MalformedError("the checkpoint has a line that is no signature");
    readBase64(signature, "checkpoint");
  }
  return { size, hash: readBase64(hash, "checkpoint") };
}

/** The certificates or keys that a log entry was made for, in DER. */
function verifiersOf({ canonicalizedBody }: Entry): Buffer[] {
  let spec: Record<string, never> | undefined;
  try {
    spec = JSON.parse(canonicalizedBody.toString("utf8")).spec;
  } catch {
    return [];
  }
  const found: Buffer[] = [];
  const collect = (value: unknown, key: string, depth: number): void => {
    if (depth > 8) return;
    if (typeof value === "string") {
      if (/^(?:verifier|publicKey|content)$/.test(key)) found.push(...derOf(value));
      else if (key === "rawBytes") found.push(Buffer.from(value, "base64"));
    } else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value))
        collect(item, Array.isArray(value) ? key : name, depth + 1);
    }
  };
  collect(spec, "", 0);
  return found;
}

const PEM =
  /^-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----\n([A-Za-z0-9+/=\n]+)\n-----END (?:CERTIFICATE|PUBLIC KEY)-----\s*$/;

/** PEM in base64, once or twice over as Rekor's types have it. */
function derOf(text: string): Buffer[] {
  const once = Buffer.from(text, "base64").toString("latin1");
  for (const pem of [once, Buffer.from(once, "base64").toString("latin1")]) {
    const body = PEM.exec(pem.replace(/\r/g, ""))?.[1];
    if (body !== undefined) return [Buffer.from(body, "base64")];
  }
  return [];
}

const EXTENDED_KEY_USAGE = "2.5.29.37";
/** 1.3.6.1.5.5.7.3.3 in DER. */
const CODE_SIGNING = Buffer.from("06082b06010505070303", "hex");

/** A leaf must be for signing code, and no authority; no certificate that comes with it may be a root of its own. */
function findUnfitCertificate(bundle: Bundle, certificate: X509Certificate): SignatureFault | undefined {
  const unfit = (detail: string): SignatureFault => ({
    reason: "invalid-certificate",
    sentence: "The signing certificate is not valid.",
    detail,
  });
  if (certificate.isCA) return unfit("the signing certificate is an authority's");
  if (certificate.extKeyUsage?.digitalSignature === false) return unfit("its key is not for signatures");
  const usage = certificate.extension(EXTENDED_KEY_USAGE)?.value;
  if (!usage?.includes(CODE_SIGNING)) return unfit("its key is not for signing code");
  const { content } = bundle.verificationMaterial;
  if (content.$case !== "x509CertificateChain") return undefined;
  const roots = content.x509CertificateChain.certificates
    .slice(1)
    .map(({ rawBytes }) => parseCertificate(rawBytes))
    .some((other) => other.subject.equals(other.issuer));
  return roots ? unfit("it comes with a root of its own") : undefined;
}

function isEqual(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && timingSafeEqual(one, two);
}
