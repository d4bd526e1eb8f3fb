// A trust root made ready for verifying: parsed once, with the identifiers by which what is unknown to it is recognised.
import { createPublicKey, type KeyObject } from "node:crypto";
import type { X509Certificate } from "@sigstore/core";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type TrustMaterial as SigstoreTrust, toTrustMaterial } from "@sigstore/verify";
import { keepEncoding } from "./encoding.ts";
import type { TrustMaterial } from "./model.ts";

export interface PreparedTrust {
  readonly material: SigstoreTrust;
  readonly trust: TrustMaterial;
}

/** How many trust roots stay parsed: the one in use, and a few that a test or a policy names beside it. */
const KEPT = 8;
const prepared = new Map<string, PreparedTrust>();

/**
 * The parsed form of `trust`. `key` is the public key that a bundle without certificate is signed with.
 * Throws an Error where the trust root is none.
 */
export function prepareTrust(trust: TrustMaterial, key?: KeyObject): PreparedTrust {
  const known = prepared.get(trust.sha256);
  const ready = known ?? parseTrust(trust);
  if (!known) {
    if (prepared.size >= KEPT) prepared.delete(prepared.keys().next().value as string);
    prepared.set(trust.sha256, ready);
  }
  return { material: key ? { ...ready.material, publicKey: () => usable(key) } : ready.material, trust };
}

function usable(publicKey: KeyObject): ReturnType<SigstoreTrust["publicKey"]> {
  return { publicKey, validFor: () => true };
}

function parseTrust(trust: TrustMaterial): PreparedTrust {
  const material = toTrustMaterial(withoutOpenStart(TrustedRoot.fromJSON(trust.root)));
  for (const { certChain } of [...material.certificateAuthorities, ...material.timestampAuthorities]) {
    for (const certificate of certChain) {
      keepEncoding(certificate);
      rememberSignature(certificate);
    }
  }
  return { material, trust };
}

/**
 * A validity without its start is malformed (Sigstore `TimeRange`), and the library would take it as one from the beginning of
 * time: what has such a one is not trusted.
 */
function withoutOpenStart(root: TrustedRoot): TrustedRoot {
  const isWhole = (range: { start?: Date | undefined } | undefined): boolean =>
    range === undefined || range.start !== undefined;
  return {
    ...root,
    tlogs: root.tlogs.filter(({ publicKey }) => isWhole(publicKey?.validFor)),
    ctlogs: root.ctlogs.filter(({ publicKey }) => isWhole(publicKey?.validFor)),
    certificateAuthorities: root.certificateAuthorities.filter(({ validFor }) => isWhole(validFor)),
    timestampAuthorities: root.timestampAuthorities.filter(({ validFor }) => isWhole(validFor)),
  };
}

/**
 * A chain of authorities is the same for every attestation, and proving it anew each time takes longer than all the rest.
 * The certificates of a trust root never change, so what was found once holds.
 */
function rememberSignature(certificate: X509Certificate): void {
  const verify = certificate.verify.bind(certificate);
  const found = new Map<X509Certificate | undefined, boolean>();
  certificate.verify = (issuer) => {
    let holds = found.get(issuer);
    if (holds === undefined) {
      holds = verify(issuer);
      found.set(issuer, holds);
    }
    return holds;
  };
}

/** A public key from PEM. Throws an Error where it is none. */
export function readPublicKey(pem: string): KeyObject {
  return createPublicKey(pem);
}
