// Advisories: what is known against releases, and which versions it holds for. Pure.
export { affectsAll, isAffected, isInRange, type SoughtVersion, soughtVersion } from "./affected.ts";
export {
  groupByAliases,
  isWithdrawn,
  matchAdvisories,
  reaches,
  severityRank,
  smallestFix,
} from "./match.ts";
export type * from "./model.ts";
export { advisoryPage, STALE_AFTER, sayAdvisories, saySeverity } from "./words.ts";
