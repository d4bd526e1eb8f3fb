// How advisories are said, so that every face says them alike.
import type { AdvisoryMatch } from "./model.ts";

const DAY = 86_400_000;
/** Data older than this says too little of what is known today. */
const STALE_AFTER = 7 * DAY;

/**
 * Why advisories may not tell what is known today: they are old, or from so far ahead that the clock is wrong and how old they are
 * cannot be told. Undefined where they do. Times in milliseconds since the epoch.
 */
export function staleness(asOf: number, now: number): "old" | "ahead" | undefined {
  if (asOf - now > DAY) return "ahead";
  return now - asOf > STALE_AFTER ? "old" : undefined;
}

/** `1 advisory, high, fixed in 2.3.2: GHSA-…`, `2 advisories, worst high, fixed in 22.0.0`. */
export function sayAdvisories(matches: readonly AdvisoryMatch[], fixedIn: string | undefined): string {
  const [worst] = matches;
  if (!worst) return "no advisory";
  const fixed = fixedIn === undefined ? "no fix known" : `fixed in ${fixedIn}`;
  if (matches.length === 1) return `1 advisory, ${saySeverity(worst)}, ${fixed}: ${worst.id}`;
  const grave =
    worst.severity === "unknown" && !worst.malicious ? "severity unknown" : `worst ${saySeverity(worst)}`;
  return `${matches.length} advisories, ${grave}, ${fixed}`;
}

/** The severity in a word or two. */
export function saySeverity({ malicious, severity }: AdvisoryMatch): string {
  if (malicious) return "malicious";
  return severity === "unknown" ? "severity unknown" : severity;
}

/** The page of an advisory for people; undefined of an id that is no name of one. */
export function advisoryPage(id: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9-]{1,80}$/.test(id)) return undefined;
  return `https://osv.dev/vulnerability/${id}`;
}
