// A throw-away Sigstore: an authority, a certificate log and a transparency log of its own, which sign whatever a test wants signed.
import { createHash, createSign, generateKeyPairSync } from "node:crypto";
// By file: the package's front starts to intercept requests.
import { type CA, initializeCA } from "@sigstore/mock/dist/fulcio/ca.js";
import { type CTLog, initializeCTLog } from "@sigstore/mock/dist/fulcio/ctlog.js";
import { initializeTLog, type TLog } from "@sigstore/mock/dist/rekor/tlog.js";

export const PUBLISH = "https://docs.pypi.org/attestations/publish/v1";
const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const GITHUB = "https://token.actions.githubusercontent.com";

/** Who signs: a GitHub workflow, with the ids that the forge gives it. */
export interface Signer {
  readonly repository: string;
  readonly workflow: string;
  readonly repositoryId: string;
  readonly ownerId: string;
  readonly ref: string;
  readonly commit: string;
  readonly issuer: string;
  /** The deployment environment, which newer certificates tell. */
  readonly environment?: string;
  /** In place of all extensions but the issuer. */
  readonly extensions?: Readonly<Record<string, string>>;
  readonly san?: string;
}

export const SIGNER: Signer = {
  repository: "octo/demo",
  workflow: "release.yml",
  repositoryId: "1001",
  ownerId: "2002",
  ref: "refs/tags/v1.0",
  commit: "c0ffee".padEnd(40, "0"),
  issuer: GITHUB,
};

/** What is signed, beside the artifact: each part may be made hostile. */
export interface Attested {
  readonly filename: string;
  readonly sha256: string;
  readonly signer?: Partial<Signer>;
  readonly predicateType?: string;
  /** In place of the one subject. */
  readonly subjects?: readonly unknown[];
  /** In place of the whole statement. */
  readonly statement?: string;
}

export interface ThrowAwaySigstore {
  /** Its `trusted_root.json`. */
  readonly root: Record<string, unknown>;
  /** A PEP 740 attestation, validly signed. */
  attest(what: Attested): Promise<Record<string, unknown>>;
  /** A provenance object with one attestation, and the publisher that is claimed. */
  provenance(what: Attested, publisher?: Record<string, unknown> | null): Promise<Record<string, unknown>>;
}

const sha256 = (bytes: Uint8Array | string): Buffer => createHash("sha256").update(bytes).digest();
const base64 = (bytes: ArrayBufferView | Uint8Array | string): string =>
  typeof bytes === "string"
    ? Buffer.from(bytes).toString("base64")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** The publisher that an index would claim for `signer`. */
export function publisherOf(signer: Partial<Signer> = {}): Record<string, unknown> {
  const { repository, workflow } = { ...SIGNER, ...signer };
  return { kind: "GitHub", repository, workflow, environment: null };
}

/** A Sigstore that nobody else knows. `clock` is when it signs: not before now, since its authority begins to exist now. */
export async function createSigstore(clock = new Date()): Promise<ThrowAwaySigstore> {
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctLog = await initializeCTLog(keys(), clock);
  const ca = await initializeCA(keys(), ctLog, clock);
  const log = await initializeTLog("https://rekor.example", keys(), clock);
  const attest = (what: Attested): Promise<Record<string, unknown>> => signOne(ca, log, what);
  return {
    root: trustedRoot(ca, ctLog, log),
    attest,
    async provenance(what, publisher = publisherOf(what.signer)) {
      const attestations = [await attest(what)];
      return { version: 1, attestation_bundles: [{ publisher, attestations }] };
    },
  };
}

function trustedRoot(ca: CA, ctLog: CTLog, log: TLog): Record<string, unknown> {
  const validFor = { start: "2020-01-01T00:00:00Z" };
  const logOf = (baseUrl: string, key: Buffer): Record<string, unknown> => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(key), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
    logId: { keyId: base64(sha256(key)) },
  });
  return {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logOf("https://rekor.example", log.publicKey)],
    certificateAuthorities: [
      {
        subject: { organization: "sigstore.mock", commonName: "sigstore" },
        uri: "https://fulcio.example",
        certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
        validFor,
      },
    ],
    ctlogs: [logOf("https://ctfe.example", ctLog.publicKey)],
    timestampAuthorities: [],
  };
}

/** Fulcio's extensions 1.3.6.1.4.1.57264.1.8 to 23 for a GitHub workflow, by their last number. */
function extensionsOf(signer: Signer): Readonly<Record<string, string>> {
  const repository = `https://github.com/${signer.repository}`;
  const workflow = `${repository}/.github/workflows/${signer.workflow}@${signer.ref}`;
  return {
    "8": signer.issuer,
    ...(signer.extensions ?? {
      "9": workflow,
      "11": "github-hosted",
      "12": repository,
      "13": signer.commit,
      "14": signer.ref,
      "15": signer.repositoryId,
      "16": repository.slice(0, repository.lastIndexOf("/")),
      "17": signer.ownerId,
      "18": workflow,
      ...(signer.environment === undefined ? {} : { "23": signer.environment }),
    }),
  };
}

async function signOne(ca: CA, log: TLog, what: Attested): Promise<Record<string, unknown>> {
  const signer: Signer = { ...SIGNER, ...what.signer };
  const extensions = extensionsOf(signer);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await ca.issueCertificate({
    publicKey: publicKey.export({ type: "spki", format: "der" }) as Buffer<ArrayBuffer>,
    subjectAltName: signer.san ?? extensions["18"] ?? "https://signer.example/",
    extensions: Object.entries(extensions).map(([key, value]) => ({
      oid: `1.3.6.1.4.1.57264.1.${key}`,
      value,
    })),
  });
  const payload = Buffer.from(
    what.statement ??
      JSON.stringify({
        _type: "https://in-toto.io/Statement/v1",
        subject: what.subjects ?? [{ name: what.filename, digest: { sha256: what.sha256 } }],
        predicateType: what.predicateType ?? PUBLISH,
        predicate: null,
      }),
  );
  const signed = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  const signature = createSign("sha256")
    .update(Buffer.concat([Buffer.from(signed), payload]))
    .sign(privateKey);
  return {
    version: 1,
    verification_material: {
      certificate: base64(certificate),
      transparency_entries: [await record(log, payload, signature, base64(certificate))],
    },
    envelope: { statement: base64(payload), signature: base64(signature) },
  };
}

/** What Rekor's API answers for one entry. */
interface RekorEntry {
  readonly body: string;
  readonly integratedTime: number;
  /** Hex. */
  readonly logID: string;
  readonly logIndex: number;
  readonly verification?: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      /** Hex. */
      readonly rootHash: string;
      readonly treeSize: number;
      readonly checkpoint: string;
    };
  };
}

/** The log's entry (Rekor `dsse` 0.0.1) with promise and proof, as an attestation carries it. */
async function record(
  log: TLog,
  payload: Buffer,
  signature: Buffer,
  certificate: string,
): Promise<Record<string, unknown>> {
  const lines = certificate.match(/.{1,64}/g)?.join("\n");
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  const envelope = {
    payload: base64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ sig: base64(signature) }],
  };
  const entries = await log.log({
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: { algorithm: "sha256", value: sha256(JSON.stringify(envelope)).toString("hex") },
      payloadHash: { algorithm: "sha256", value: sha256(payload).toString("hex") },
      signatures: [{ signature: base64(signature), verifier: base64(pem) }],
    },
  });
  const [entry] = Object.values(entries as Record<string, RekorEntry>);
  const proof = entry?.verification?.inclusionProof;
  if (!entry || !proof) throw new Error("The throw-away log has recorded nothing.");
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: Buffer.from(entry.logID, "hex").toString("base64") },
    kindVersion: { kind: "dsse", version: "0.0.1" },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.verification?.signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: Buffer.from(proof.rootHash, "hex").toString("base64"),
      treeSize: String(proof.treeSize),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
}
