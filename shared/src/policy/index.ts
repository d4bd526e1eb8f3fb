// The policy that holds: layers merged, names matched, acceptances looked up. Loads no schema.
export {
  type Acceptable,
  type AcceptanceAnswer,
  type AcceptedFor,
  acceptanceOf,
  overdueAcceptances,
} from "./accept.ts";
export {
  type Binding,
  bindingOf,
  COOL_DOWN_DAYS,
  indexKey,
  type MergedPolicy,
  mergePolicies,
  type PlacedAcceptance,
  type PolicyLayer,
  type PolicyLevel,
  REQUIRED_BY_DEFAULT,
} from "./merge.ts";
export { matchesName } from "./pattern.ts";
