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

type Range = { readonly start?: Date | undefined; readonly end?: Date | undefined } | undefined;

const isTime = (time: Date | undefined): boolean => time !== undefined && !Number.isNaN(time.getTime());

/**
 * What makes `root` no trust root by its form, for a person; undefined where nothing does. What is malformed in it would otherwise let
 * valid attestations look false.
 */
export function findMalformed(root: unknown): string | undefined {
  if (typeof root !== "object" || root === null || Array.isArray(root)) return "it is no object";
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = TrustedRoot.fromJSON(root);
  const authorities = [...certificateAuthorities, ...timestampAuthorities];
  if (certificateAuthorities.length === 0 && tlogs.length === 0)
    return "it names no certificate authority and no log";
  if (authorities.some(({ certChain }) => (certChain?.certificates.length ?? 0) === 0))
    return "an authority in it has no certificate";
  const ranges: Range[] = [
    ...[...tlogs, ...ctlogs].map(({ publicKey }) => publicKey?.validFor),
    ...authorities.map(({ validFor }) => validFor),
  ];
  for (const range of ranges) {
    if (range === undefined) continue;
    if (!isTime(range.start)) return "a key in it does not say since when it holds";
    if (range.end !== undefined && !isTime(range.end)) return "a key in it does not say until when it holds";
  }
  return undefined;
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
