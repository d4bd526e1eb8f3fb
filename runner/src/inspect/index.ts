// Inspection: builds and runs one stack in one environment, contained.

export { findProgram } from "./hostTools.ts";
export type {
  InspectedPackage,
  Inspection,
  InspectionCalls,
  InspectionFailure,
  InspectionIndexes,
  InspectionLimits,
  InspectionProgress,
  InspectionRequest,
  ModuleResult,
  RequirementLine,
  StageName,
  StageResult,
} from "./model.ts";
export { defaultLimits } from "./model.ts";
export { type GatheredRequirements, gatherRequirements } from "./requirements.ts";
export { inspectStack } from "./stack.ts";
