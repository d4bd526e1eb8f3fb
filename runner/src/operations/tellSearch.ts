// Where a project was looked for, as plain data: which indexes have it, which have not, which were not asked or left out, and why.
import type { ExplainSearch } from "../../../shared/src/protocol/explain.ts";
import { redactUrl } from "../index/index.ts";
import type { MatchRule } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";

const RULES: Readonly<Record<MatchRule, string>> = {
  merge: "the best file of all of them is taken, as pip does",
  "first-index": "the first index that has it is the only one that counts, as uv does",
  "unsafe-first-match": "a later index counts only where no release of an earlier one will do",
  "unsafe-best-match": "the best release is taken, and of equal ones the first index's",
};

/** What the search for a project came to; undefined of one that no index was asked for. */
export function tellSearch(
  name: string,
  { universe }: Pick<AskedManifest, "universe">,
): ExplainSearch | undefined {
  const search = universe.searchOf(name);
  if (search === undefined) return undefined;
  const { rule, why, found, absent, notAsked, passedOver, refused } = search;
  return {
    name,
    rule: RULES[rule],
    ...(why === undefined ? {} : { why }),
    found: [...new Set(found.map(redactUrl))],
    absent: absent.map(redactUrl),
    notAsked: notAsked.map(redactUrl),
    leftOut: [...passedOver, ...(refused ? [refused] : [])].map(({ index, message }) => ({
      index,
      reason: message,
    })),
  };
}

/** Whether there is more to tell than that one index was asked and has it. */
export function isWorthTelling({ found, absent, notAsked, leftOut, why }: ExplainSearch): boolean {
  return why !== undefined || found.length + absent.length + notAsked.length + leftOut.length > 1;
}
