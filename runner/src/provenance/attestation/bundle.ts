// Turns a PEP 740 attestation or a Sigstore bundle into the library's form, and refuses what is not written exactly as it should be.
import { BUNDLE_V01_MEDIA_TYPE, type Bundle, bundleFromJSON } from "@sigstore/bundle";

/** A form that is not the standard's: `message` says what is wrong, for a log rather than a person. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

type Json = Record<string, unknown>;

function objectAt(value: unknown, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedError(`${where} is no object`);
  }
  return value as Json;
}

function textAt(object: Json, key: string, where: string): string {
  const value = object[key];
  if (typeof value !== "string" || value === "") throw new MalformedError(`${where}.${key} is no text`);
  return value;
}

/**
 * Canonical base64, as bytes: Node reads over what is not base64, so that many texts would stand for the same bytes. Line breaks
 * are taken, which Python's own encoder writes.
 */
export function readBase64(text: string, where: string): Buffer {
  const joined = text.includes("\n") ? text.replace(/\r?\n/g, "") : text;
  const bytes = Buffer.from(joined, "base64");
  if (bytes.length === 0 || bytes.toString("base64") !== joined) {
    throw new MalformedError(`${where} is not base64`);
  }
  return bytes;
}

/** What an attestation holds, its bytes decoded. */
export interface AttestationParts {
  readonly bundle: Bundle;
  readonly certificate: Buffer;
  readonly statement: Buffer;
}

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** More entries than any log writes for one signature; each costs two signatures to check. */
const MAX_ENTRIES = 8;

/** The bundle that a PEP 740 attestation of version 1 stands for. Throws MalformedError. */
export function bundleOfAttestation(attestation: unknown): AttestationParts {
  const object = objectAt(attestation, "attestation");
  const material = objectAt(object.verification_material, "verification_material");
  const envelope = objectAt(object.envelope, "envelope");
  const certificate = readBase64(textAt(material, "certificate", "verification_material"), "certificate");
  const statement = readBase64(textAt(envelope, "statement", "envelope"), "statement");
  const signature = readBase64(textAt(envelope, "signature", "envelope"), "signature");
  const entries = material.transparency_entries;
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new MalformedError("transparency_entries has no entry");
  }
  const bundle = readBundle({
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      certificate: { rawBytes: certificate.toString("base64") },
      tlogEntries: entries,
    },
    dsseEnvelope: {
      payload: statement.toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: signature.toString("base64") }],
    },
  });
  return { bundle, certificate, statement };
}

/** A Sigstore bundle of any version that is known. Throws MalformedError. */
export function readBundle(json: unknown): Bundle {
  checkTexts(objectAt(json, "bundle"));
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(json);
  } catch (error) {
    const fields = (error as { fields?: readonly string[] }).fields;
    throw new MalformedError(fields ? fields.join(", ") : (error as Error).message);
  }
  const { tlogEntries } = bundle.verificationMaterial;
  if (bundle.mediaType === BUNDLE_V01_MEDIA_TYPE) {
    // The first version's proofs may lack the signed tree head: without it they prove nothing, and the promise stands alone.
    for (const entry of tlogEntries) {
      if (entry.inclusionProof?.checkpoint === undefined) entry.inclusionProof = undefined;
    }
  }
  if (tlogEntries.length > MAX_ENTRIES) throw new MalformedError("it has too many log entries");
  return bundle;
}

/** Fields of a bundle that hold bytes. */
const BYTES = new Set([
  "rawBytes",
  "payload",
  "sig",
  "signature",
  "digest",
  "keyId",
  "rootHash",
  "signedEntryTimestamp",
  "canonicalizedBody",
  "signedTimestamp",
]);
/** Fields that hold a number of 64 bits, which JSON carries as a text. */
const NUMBERS = new Set(["logIndex", "integratedTime", "treeSize"]);
/** Further fields that hold one text: a list of one reads the same as its item in JavaScript. */
const TEXTS = new Set(["kind", "version", "envelope", "mediaType", "payloadType", "hint"]);
const MAX_DEPTH = 12;

/** Walks the whole object: the library decodes texts leniently, and what it decodes alike must not look alike here. */
function checkTexts(value: unknown, key = "", depth = 0): void {
  if (depth > MAX_DEPTH) throw new MalformedError("it is nested too deep");
  if (typeof value === "string") {
    if (BYTES.has(key) || key === "hashes") readBase64(value, key);
    if (NUMBERS.has(key)) checkNumber(value, key);
    if (TEXTS.has(key) && key !== "envelope" && /\p{Cc}/u.test(value)) {
      throw new MalformedError(`${key} has control characters`);
    }
  } else if (typeof value === "number") {
    if (NUMBERS.has(key)) checkNumber(String(value), key);
  } else if (Array.isArray(value)) {
    if (BYTES.has(key) || NUMBERS.has(key) || TEXTS.has(key)) throw new MalformedError(`${key} is a list`);
    for (const item of value) checkTexts(item, key, depth + 1);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) checkTexts(item, name, depth + 1);
  }
}

function checkNumber(text: string, key: string): void {
  if (!/^(?:0|[1-9]\d{0,18})$/.test(text)) throw new MalformedError(`${key} is no number of a log`);
}
