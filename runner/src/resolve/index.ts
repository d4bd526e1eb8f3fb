// Resolving: from requirements and a target to one pinned stack, or to why there is none and what would help.
export type { Counters, SolveOptions } from "./core/model.ts";
export {
  type Because,
  type Explanation,
  explainFailure,
  type Ground,
  type ObstacleKind,
  type Step,
} from "./explain.ts";
export { Catalogue } from "./python/catalogue.ts";
export { readNameSet } from "./python/compatibility.ts";
export type { Failure } from "./python/failure.ts";
export type {
  Demand,
  FilePolicy,
  FilterCode,
  KeptPin,
  NameSet,
  OwnPart,
  Pin,
  PinDependency,
  Question,
  ReleaseMetadata,
  Target,
  Universe,
  UniverseProject,
  UniverseRelease,
  Withheld,
} from "./python/model.ts";
export { type Reading, TargetReading } from "./python/reading.ts";
export {
  findRelaxations,
  type LineEdit,
  type Relaxation,
  type RelaxOptions,
  type Solve,
  withSpecifier,
} from "./relax.ts";
export { type Resolution, resolve } from "./resolve.ts";
export { type HeldBack, type LineStory, type Objector, tellHeldBack, tellLines } from "./story.ts";
export type { StackPart, StackResolution, StackScope } from "./universal/model.ts";
export { createScopeCatalogue, resolveUniversal, type ScopeCatalogue } from "./universal/resolve.ts";
export {
  createTargetsCatalogue,
  type NamedTarget,
  resolveForTargets,
  type TargetsCatalogue,
} from "./universal/targets.ts";
export {
  type BuildableSource,
  createIndexUniverse,
  type DirectSource,
  type IndexRoute,
  type IndexSearch,
  type IndexUniverse,
  type MatchRule,
  type ReadSource,
  type SourceBuilder,
  type SourceReader,
  sdistOf,
  type UniverseOptions,
} from "./universe.ts";
