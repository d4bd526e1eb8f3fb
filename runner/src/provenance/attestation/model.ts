// What checking attestations says: verdicts, identities, trust, continuity. Plain data; nothing here loads a library.

/** How one attestation, or all of one file together, turned out. `absent`: there is none, so there was nothing to check. */
export type AttestationState = "passed" | "failed" | "not-checked";
export type ProvenanceState = AttestationState | "absent";

/** Why a verdict is what it is. Kebab-case, stable. */
export type AttestationReason =
  | "verified"
  // Nothing there.
  | "no-attestations"
  // Not checked.
  | "unsupported-version"
  | "unsupported-publisher"
  | "unknown-log"
  | "unknown-certificate-authority"
  | "unknown-certificate-log"
  | "unknown-timestamp-authority"
  | "too-many"
  | "no-artifact"
  | "future-signature"
  // Failed.
  | "malformed"
  | "malformed-statement"
  | "unknown-predicate"
  | "no-subject"
  | "several-subjects"
  | "malformed-name"
  | "other-name"
  | "other-digest"
  | "invalid-certificate"
  | "invalid-timestamp"
  | "invalid-log-entry"
  | "invalid-signature"
  | "other-identity"
  | "other-publisher";

/** The services whose identities PEP 740 publishers name, and what else a certificate can be for. */
export type IdentityKind = "GitHub" | "GitLab" | "Google" | "CircleCI" | "email" | "other";

/**
 * Who signed, as the certificate says (Fulcio, OIDs 1.3.6.1.4.1.57264.1.*). Ids are the forge's own and never change hands; names
 * do. Texts have no control characters.
 */
export interface Identity {
  readonly kind: IdentityKind;
  /** Address of the service that vouched for the signer. */
  readonly issuer: string;
  /** The certificate's subject alternative name: an address of a workflow, or an e-mail address. */
  readonly san: string;
  /** Address of the source repository, without a slash at its end. */
  readonly repository?: string | undefined;
  readonly repositoryId?: string | undefined;
  /** Address of the repository's owner. */
  readonly owner?: string | undefined;
  readonly ownerId?: string | undefined;
  /** Path of the file in the repository that the build ran by. */
  readonly workflow?: string | undefined;
  readonly ref?: string | undefined;
  readonly commit?: string | undefined;
  /** Name of the deployment environment, where the certificate has one. */
  readonly environment?: string | undefined;
  /** `github-hosted`, `self-hosted`. */
  readonly runner?: string | undefined;
  /** Address of the run that signed. */
  readonly run?: string | undefined;
  /** Address of what the build was told by: for GitHub the workflow at its ref, for CircleCI the pipeline definition. */
  readonly signer?: string | undefined;
  /** Milliseconds since the epoch: when the log or a timestamp authority saw the signature. */
  readonly signedAt?: number | undefined;
}

/** The trusted publisher that an index says has uploaded the file (PEP 740 `publisher`), as it stands there. */
export interface Publisher {
  readonly kind: string;
  readonly claims: Readonly<Record<string, string>>;
}

/** The verdict on one attestation. */
export interface AttestationVerdict {
  readonly state: AttestationState;
  readonly reason: AttestationReason;
  /** One sentence for a person. */
  readonly sentence: string;
  /** What the library said, where it adds something. */
  readonly detail?: string | undefined;
  /** Set as soon as the certificate could be read: without `passed` it is a claim, no more. */
  readonly identity?: Identity | undefined;
  readonly publisher?: Publisher | undefined;
  readonly predicateType?: string | undefined;
}

/** The verdict on all attestations of one file. */
export interface ProvenanceVerdict {
  /** `failed` if any did, else `not-checked` if any was not, else `passed`; `absent` without any. */
  readonly state: ProvenanceState;
  readonly reason: AttestationReason;
  readonly sentence: string;
  readonly attestations: readonly AttestationVerdict[];
}

/** What is to be trusted: certificate authorities, logs and timestamp authorities, as Sigstore's `trusted_root.json` says. */
export interface TrustMaterial {
  /** Shipped with the program, fetched by TUF, or a file that the person named. */
  readonly source: "shipped" | "updated" | "file";
  /** Address or path, for a person. */
  readonly from: string;
  /** Milliseconds since the epoch: when this state was published. Absent where a file does not tell. */
  readonly time?: number | undefined;
  /** Lower-case hex, of the text: part of a verdict's key. */
  readonly sha256: string;
  /** The object in the file. */
  readonly root: unknown;
}

/** What is known of how old the trust is. TUF's metadata expires; the trust root itself does not. */
export interface TrustState {
  readonly trust: TrustMaterial;
  /** Milliseconds since the epoch: the last time that the repository confirmed it. */
  readonly confirmedAt?: number | undefined;
  /** Milliseconds since the epoch: until then the repository's word counts as current. */
  readonly expires?: number | undefined;
  readonly freshness: "fresh" | "stale" | "fixed";
  /** One sentence about which is old, or why nothing newer could be had. */
  readonly sentence: string;
  /** Why the update failed, where one was tried. */
  readonly failure?: { readonly code: TrustFailureCode; readonly message: string; readonly next: string };
}

export type TrustFailureCode =
  | "offline"
  | "unreachable"
  | "expired-metadata"
  | "older-metadata"
  | "invalid-metadata"
  | "invalid-trust-root"
  | "unreadable"
  | "not-writable";

/** What an update of the trust root needs. */
export interface UpdateTrustInput {
  /** The platform's data folder. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Gets a file of at most `maxBytes` bytes, through the proxy and with the certificates that are set. */
  readonly fetch: (
    url: string,
    maxBytes: number,
  ) => Promise<
    | { readonly bytes: Buffer }
    | {
        readonly failure: {
          readonly code: string;
          readonly status?: number;
          readonly message: string;
          readonly next: string;
        };
      }
  >;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for which an answer counts before it is asked again; a day. */
  readonly maxAge?: number;
  /** Address of the repository, without a slash at its end; Sigstore's own by default. */
  readonly repository?: string;
  /** The repository's first root, in place of the shipped one. */
  readonly root?: unknown;
}

export interface VerifyProvenanceInput {
  readonly filename: string;
  /** Lower-case hex, of the artifact's bytes. */
  readonly sha256: string;
  /** The provenance object as the index served it (PEP 740), parsed from JSON. */
  readonly provenance: unknown;
  readonly trust: TrustMaterial;
  /** Milliseconds since the epoch: a signature from after it is not checked, since then one of two clocks is wrong. */
  readonly now: number;
  /** Who must have signed, whatever the index claims. */
  readonly identity?: SignerName | undefined;
}

/** A signer by the names in its certificate, which are compared exactly. */
export interface SignerName {
  readonly san: string;
  readonly issuer: string;
}

export interface VerifyAttestationInput extends Omit<VerifyProvenanceInput, "provenance"> {
  /** One attestation (PEP 740), parsed from JSON. */
  readonly attestation: unknown;
}

export interface VerifyBundleInput {
  /** A Sigstore bundle of version 0.1 to 0.3, parsed from JSON. */
  readonly bundle: unknown;
  readonly artifact: Uint8Array;
  /** Lower-case hex, of the artifact. */
  readonly sha256: string;
  readonly trust: TrustMaterial;
  /** PEM: then the bundle must be signed with this key and no certificate. */
  readonly publicKey?: string | undefined;
  /** Who must have signed. */
  readonly identity?: SignerName | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface VerifyBesideInput extends Omit<VerifyBundleInput, "bundle" | "artifact"> {
  readonly filename: string;
  /** Absent where the artifact is known by its digest alone: enough for statements, not for a signature on the file itself. */
  readonly artifact?: Uint8Array | undefined;
  /** What lies beside the artifact, parsed from JSON. */
  readonly beside: unknown;
}

/** Who is expected to have signed: by policy, by a lock (PEP 751 `attestation-identities`), by history. Missing keys are not compared. */
export interface ExpectedIdentity {
  readonly kind?: string | undefined;
  readonly issuer?: string | undefined;
  /** `owner/name` or an address. */
  readonly repository?: string | undefined;
  readonly repositoryId?: string | undefined;
  readonly owner?: string | undefined;
  readonly ownerId?: string | undefined;
  /** File name or path. */
  readonly workflow?: string | undefined;
  readonly environment?: string | undefined;
  readonly email?: string | undefined;
  /** Further keys of the publisher, as PEP 740 spells them: `project_id`, `pipeline_definition_id`. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

/** What one file's attestations were at some time: from the index today, or from knowledge. */
export interface AttestedFile {
  readonly version: string;
  readonly filename: string;
  readonly kind: "wheel" | "sdist";
  /** Milliseconds since the epoch, by the index. */
  readonly uploadedAt?: number | undefined;
  /** `unknown`: an outage, offline, an index that serves no attestations at all. Never read as lost. */
  readonly state: "attested" | "absent" | "unknown";
  /** Of verified attestations. Empty where the index only lists that there are some. */
  readonly identities: readonly Identity[];
}

/** What the continuity of one file's publisher is judged by. */
export interface PublisherHistory {
  readonly file: AttestedFile & {
    readonly sha256?: string | undefined;
    /** Address of the index that serves it. */
    readonly source?: string | undefined;
  };
  /** Further files of the project, of any version, in any order. */
  readonly others: readonly AttestedFile[];
  /** What knowledge has kept of the project. */
  readonly seen: readonly SeenIdentity[];
}

/** An identity that stays in knowledge from the first time it was seen. */
export interface SeenIdentity {
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  readonly sha256: string;
  /** Address of the index that served it then. */
  readonly source?: string | undefined;
  readonly identity: Identity;
  /** Milliseconds since the epoch, by the index. */
  readonly uploadedAt?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
}

export type ContinuityCode =
  | "same-publisher"
  | "first-attested"
  | "no-history"
  | "renamed-repository"
  | "other-workflow"
  | "other-repository"
  | "recreated-repository"
  | "other-owner"
  | "other-issuer"
  | "lost-attestation"
  | "lost-on-new-line"
  | "rewritten-history"
  | "other-project-url"
  | "not-known";

/** One thing to say of a publisher's continuity. */
export interface ContinuityNote {
  readonly code: ContinuityCode;
  readonly severity: "none" | "information" | "warning";
  readonly sentence: string;
  /** What was before, where there is something to compare with. */
  readonly before?:
    | { readonly version: string; readonly filename: string; readonly identity?: Identity }
    | undefined;
}
