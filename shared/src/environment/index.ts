// Runtime environments: the model, and what follows from a Python on a platform.
export { type MarkerSource, markersOf } from "./markers.ts";
export type { InstalledDistribution, Origin, RuntimeEnvironment } from "./model.ts";
export { type TagSource, tagsOf } from "./tags.ts";
