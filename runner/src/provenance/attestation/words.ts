// How verdicts on signatures are told: dates, signers, keys. What others wrote is cleaned before it is shown.
import { cleanText } from "../../index/index.ts";
import type { Identity, TrustMaterial } from "./model.ts";

let days: Intl.DateTimeFormat | undefined;

/** `21 August 2026`, in UTC. `time` is in milliseconds since the epoch. */
export function dayOf(time: number): string {
  days ??= new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? days.format(time) : "an unknown day";
}

/** What a trust root is called in a sentence: by its day where that is known, else by its place. */
export function nameOfTrust(trust: TrustMaterial): string {
  return trust.time === undefined
    ? `the trust root in ${cleanText(trust.from, 120)}`
    : `the trust root of ${dayOf(trust.time)}`;
}

/**
 * `pallets/flask, publish.yaml` for a workflow of GitHub, with the host for one of another forge, where the same name may be another's;
 * an e-mail address; else the certificate's own name.
 */
export function describeIdentity(identity: Identity): string {
  const { repository, workflow, san, issuer } = identity;
  if (repository !== undefined) {
    const path = repository.replace(/^https?:\/\/(?:(?:www\.)?github\.com\/)?/, "");
    const file = workflow?.replace(/^\.github\/workflows\//, "");
    return file === undefined ? path : `${path}, ${file}`;
  }
  return san === "" ? `an identity of ${issuer}` : san;
}

/** `text` from a certificate or an index, as it may stand in a sentence. */
export function shown(text: string, limit = 120): string {
  return cleanText(text, limit);
}

/** The beginning of a key's identifier, by which a person finds it. */
export function keyName(id: Uint8Array): string {
  return Buffer.from(id).toString("hex").slice(0, 16);
}
