// What a policy accepts, as the rules that tell it from facts ask.
import type { AdvisoryMatch } from "../advisory/model.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import { acceptanceOf, type PlacedAcceptance } from "../policy/index.ts";
import type { RuleName } from "./catalogue.ts";
import type { Snapshot } from "./model.ts";

/** One release, as acceptances are bound to it. */
export interface AcceptedRelease {
  /** PEP 503 name. */
  readonly package: string;
  readonly version: string;
  /** The line that names it, where one does. */
  readonly entry?: RequirementEntry | undefined;
}

/** The acceptance that holds for a finding of a release: of the rule, or of one advisory. */
export function acceptanceFor(
  { acceptances = [], now }: Pick<Snapshot, "acceptances" | "now">,
  { package: name, version, entry }: AcceptedRelease,
  rule: RuleName,
  match?: AdvisoryMatch,
): PlacedAcceptance | undefined {
  if (acceptances.length === 0) return undefined;
  const what = {
    rule,
    advisories: match ? [match.id, ...match.aliases] : [],
    package: name,
    version,
    digests: (entry?.hashes ?? []).map(({ algorithm, digest }) => `${algorithm}:${digest}`),
    isFixed: match !== undefined && match.fixedIn.length > 0,
  };
  const answer = acceptanceOf(acceptances, what, now);
  return answer?.state === "accepted" ? answer.by : undefined;
}
