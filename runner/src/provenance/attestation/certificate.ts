// What a Fulcio certificate says of its signer: the extensions 1.3.6.1.4.1.57264.1.*, by the names of Fulcio's own table.
import type { X509Certificate } from "@sigstore/core";
import type { Identity, IdentityKind } from "./model.ts";
import { shown } from "./words.ts";

/** The certificate's extensions as they stand, for comparing. */
export interface Claims {
  readonly san?: string | undefined;
  readonly issuer?: string | undefined;
  readonly buildSignerUri?: string | undefined;
  readonly runner?: string | undefined;
  readonly repositoryUri?: string | undefined;
  readonly commit?: string | undefined;
  readonly ref?: string | undefined;
  readonly repositoryId?: string | undefined;
  readonly ownerUri?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly buildConfigUri?: string | undefined;
  readonly run?: string | undefined;
  readonly environment?: string | undefined;
}

const BASE = "1.3.6.1.4.1.57264.1.";

/** DER-encoded UTF8Strings. */
const EXTENSIONS: Readonly<Record<string, keyof Claims>> = {
  "8": "issuer",
  "9": "buildSignerUri",
  "11": "runner",
  "12": "repositoryUri",
  "13": "commit",
  "14": "ref",
  "15": "repositoryId",
  "16": "ownerUri",
  "17": "ownerId",
  "18": "buildConfigUri",
  "21": "run",
  "23": "environment",
};

/** The issuer in certificates from before 2022: plain bytes. */
const OLD_ISSUER = "1";

/** Reads what the certificate claims. An extension that is no text is left out. */
export function readClaims(certificate: X509Certificate): Claims {
  const claims: { -readonly [Key in keyof Claims]: string } = {};
  for (const extension of certificate.extensions) {
    const oid = extension.subs[0]?.toOID() ?? "";
    if (!oid.startsWith(BASE)) continue;
    const key = oid.slice(BASE.length);
    const value = extension.subs.at(-1)?.value;
    if (value === undefined) continue;
    const name = EXTENSIONS[key];
    if (name !== undefined) {
      const text = utf8String(value);
      if (text !== undefined) claims[name] = text;
    } else if (key === OLD_ISSUER) claims.issuer ??= value.toString("utf8");
  }
  const san = certificate.subjectAltName;
  if (san !== undefined) claims.san = san;
  return claims;
}

/** The text in a DER-encoded UTF8String that fills `der` exactly. */
function utf8String(der: Buffer): string | undefined {
  if (der[0] !== 0x0c) return undefined;
  let length = der[1] ?? 0;
  let start = 2;
  if (length & 0x80) {
    const bytes = length & 0x7f;
    if (bytes === 0 || bytes > 3 || der.length < 2 + bytes) return undefined;
    length = der.readUIntBE(2, bytes);
    start = 2 + bytes;
  }
  return start + length === der.length ? der.toString("utf8", start) : undefined;
}

/** The signer that `claims` describe, in texts that may be shown. `signedAt` is in milliseconds since the epoch. */
export function identityOf(claims: Claims, signedAt: number | undefined): Identity {
  const repository = claims.repositoryUri?.replace(/\/+$/, "");
  const identity: { -readonly [Key in keyof Identity]: Identity[Key] } = {
    kind: kindOf(claims),
    issuer: shown(claims.issuer ?? "", 300),
    san: shown(claims.san ?? "", 500),
  };
  const workflow = workflowOf(claims, repository);
  const texts = {
    repository,
    repositoryId: claims.repositoryId,
    owner: claims.ownerUri?.replace(/\/+$/, ""),
    ownerId: claims.ownerId,
    workflow,
    ref: claims.ref,
    commit: claims.commit,
    environment: claims.environment,
    runner: claims.runner,
    run: claims.run,
    signer: claims.buildSignerUri,
  };
  for (const [key, text] of Object.entries(texts) as [keyof typeof texts, string | undefined][]) {
    if (text !== undefined && text !== "") identity[key] = shown(text, 300);
  }
  if (signedAt !== undefined) identity.signedAt = signedAt;
  return identity;
}

function kindOf({ issuer = "", san = "" }: Claims): IdentityKind {
  if (/^https:\/\/token\.actions\.githubusercontent\.com(?:\/|$)/.test(issuer)) return "GitHub";
  if (issuer === "https://gitlab.com") return "GitLab";
  if (issuer === "https://accounts.google.com" && /\.gserviceaccount\.com$/.test(san)) return "Google";
  if (/^https:\/\/oidc\.circleci\.com(?:\/|$)/.test(issuer)) return "CircleCI";
  return /^[^\s@/]+@[^\s@/]+$/.test(san) ? "email" : "other";
}

/** `https://github.com/o/r/.github/workflows/x.yml@refs/heads/main` and `https://gitlab.com/o/r//.gitlab-ci.yml@…` → the path. */
function workflowOf(
  { buildConfigUri, commit, ref }: Claims,
  repository: string | undefined,
): string | undefined {
  if (buildConfigUri === undefined || repository === undefined) return undefined;
  if (!buildConfigUri.startsWith(`${repository}/`)) return undefined;
  const path = buildConfigUri.slice(repository.length).replace(/^\/+/, "");
  // The names of files and refs may have the sign in them that stands between the two.
  const run = [ref, commit].find((one) => one !== undefined && path.endsWith(`@${one}`));
  return run === undefined ? path.replace(/@.*$/, "") : path.slice(0, -run.length - 1);
}
