// Keeps the bytes that a certificate was read from. The library writes them anew whenever it compares, copies or verifies one, which is
// most of the time that an attestation takes; and what is signed is the bytes as they came, not as they would be written.
import { type ASN1Obj, X509Certificate } from "@sigstore/core";

/** Makes `object`, whose encoding starts at `start` of its buffer, give those bytes back. Returns where they end. */
function keep(object: ASN1Obj, start: number): number {
  const { value } = object;
  const end = value.byteOffset + value.length;
  const bytes = Buffer.from(value.buffer, start, end - start);
  object.toDER = () => bytes;
  return end;
}

function keepParts(object: ASN1Obj, count: number): void {
  let start = object.value.byteOffset;
  for (const part of object.subs.slice(0, count)) start = keep(part, start);
}

/** Version, serial number, algorithm, issuer, validity, subject and key: what stands before the extensions. */
const FIXED_PARTS = 7;

function keepAll(certificate: X509Certificate, length: number): void {
  const { root, tbsCertificate } = certificate;
  keep(root, root.value.byteOffset + root.value.length - length);
  keepParts(root, root.subs.length);
  keepParts(tbsCertificate, tbsCertificate.subs.length);
}

/**
 * Reads a certificate that remembers its bytes. Copies of it remember all but what the library changes in them to check that a log
 * has seen the certificate: the list of extensions. Throws the library's error where `raw` is no certificate.
 */
export function parseExactly(raw: Uint8Array): X509Certificate {
  const bytes = Buffer.from(raw);
  const certificate = X509Certificate.parse(bytes);
  keepAll(certificate, bytes.length);
  certificate.clone = () => {
    const copy = X509Certificate.parse(bytes);
    keepParts(copy.tbsCertificate, FIXED_PARTS);
    const list = copy.tbsCertificate.subs.find((part) => part.tag.isContextSpecific(0x03))?.subs[0];
    if (list) keepParts(list, list.subs.length);
    return copy;
  };
  return certificate;
}

/** The same for a certificate of a trust root, which is never copied. */
export function keepEncoding(certificate: X509Certificate): void {
  keepAll(certificate, certificate.root.toDER().length);
}
