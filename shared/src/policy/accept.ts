// Whether a person has accepted a finding: for this package at this version or digest, until a day or until it is fixed.
import { normalizeName } from "../packaging/name.ts";
import { compareVersions, parseVersion } from "../packaging/version.ts";
import type { PlacedAcceptance } from "./merge.ts";

/** What an acceptance is bound to. */
export interface AcceptedFor {
  /** PEP 503 form. */
  readonly package: string;
  readonly version?: string | undefined;
  /** `sha256:…` */
  readonly digests: readonly string[];
}

/** What may be accepted: one advisory or one rule, of one package. */
export interface Acceptable extends AcceptedFor {
  readonly rule: string;
  /** The advisory's id and its aliases; none where the finding is of a rule alone. */
  readonly advisories: readonly string[];
  /** Whether a fixing version is known, which ends an acceptance "until fixed". */
  readonly isFixed: boolean;
}

export type AcceptanceAnswer =
  | { readonly state: "accepted"; readonly by: PlacedAcceptance }
  /** It was accepted, and is no longer: a finding of its own. */
  | { readonly state: "expired"; readonly by: PlacedAcceptance; readonly why: string };

/** The acceptance of a finding, where there is one; one that holds before one that has expired. `now` in milliseconds. */
export function acceptanceOf(
  acceptances: readonly PlacedAcceptance[],
  what: Acceptable,
  now: number,
): AcceptanceAnswer | undefined {
  let expired: AcceptanceAnswer | undefined;
  for (const by of acceptances) {
    if (!concerns(by, what)) continue;
    const why = whyExpired(by, what, now);
    if (why === undefined) return { state: "accepted", by };
    expired ??= { state: "expired", by, why };
  }
  return expired;
}

/** The acceptances for a package as it is now whose day is over, whether or not what they are of is still there. */
export function overdueAcceptances(
  acceptances: readonly PlacedAcceptance[],
  what: AcceptedFor,
  now: number,
): { readonly by: PlacedAcceptance; readonly why: string }[] {
  return acceptances.flatMap((by) => {
    const why = isFor(by, what) ? whyExpired(by, { isFixed: false }, now) : undefined;
    return why === undefined ? [] : [{ by, why }];
  });
}

function concerns(by: PlacedAcceptance, what: Acceptable): boolean {
  const { acceptance } = by;
  if (acceptance.rule !== undefined && acceptance.rule !== what.rule) return false;
  if (acceptance.advisory !== undefined) {
    const wanted = acceptance.advisory.toLowerCase();
    if (!what.advisories.some((id) => id.toLowerCase() === wanted)) return false;
  }
  return isFor(by, what);
}

function isFor({ acceptance }: PlacedAcceptance, what: AcceptedFor): boolean {
  if (normalizeName(acceptance.package) !== what.package) return false;
  if (acceptance.digest !== undefined) return what.digests.includes(acceptance.digest);
  if (acceptance.version === undefined || what.version === undefined) return false;
  const [a, b] = [parseVersion(acceptance.version), parseVersion(what.version)];
  return a && b ? compareVersions(a, b) === 0 : acceptance.version === what.version;
}

function whyExpired(
  { acceptance }: PlacedAcceptance,
  what: Pick<Acceptable, "isFixed">,
  now: number,
): string | undefined {
  if (acceptance.until === "fixed") return what.isFixed ? "a release fixes it now" : undefined;
  // The day itself still counts, wherever on earth it is asked.
  const end = Date.parse(`${acceptance.until}T23:59:59-12:00`);
  return Number.isNaN(end) || now > end ? `it was until ${acceptance.until}` : undefined;
}
