// Runtime environments: the model, and what follows from a Python on a platform.
export { type MarkerSource, markersOf } from "./markers.ts";
export type { Gpu, InstalledDistribution, Origin, RuntimeEnvironment, VariantProperties } from "./model.ts";
export { type TagSource, tagsOf } from "./tags.ts";
