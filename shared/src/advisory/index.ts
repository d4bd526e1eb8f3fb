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
export { advisoryPage, sayAdvisories, saySeverity, staleness } from "./words.ts";
