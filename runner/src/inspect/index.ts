// Inspection: builds and runs one stack in one environment, contained.

export {
  type BuildAnswer,
  type BuildRequest,
  buildSource,
  type ProvidedWheels,
} from "./build/buildSource.ts";
export { type BuildSystem, readBuildSystem } from "./build/buildSystem.ts";
export { cachedWheel, digestOf, type FetchedWheel, keepWheel } from "./fetch.ts";
export { findProgram } from "./hostTools.ts";
export { describeInterpreter, type Interpreter } from "./interpreter.ts";
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
  Outcome,
  PlannedPackage,
  PlannedStack,
  RequirementLine,
  StackBuilder,
  StageName,
  StageResult,
} from "./model.ts";
export { defaultLimits } from "./model.ts";
export { type GatheredRequirements, gatherRequirements } from "./requirements.ts";
export { inspectStack } from "./stack.ts";
