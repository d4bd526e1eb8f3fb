// The packaging standards of Python, pure and without I/O: names, versions, specifiers, sets, markers, requirements, tags,
// file names, core metadata, dependency groups and licence expressions.
export * from "./dependencyGroups.ts";
export * from "./filename.ts";
export * from "./lenient.ts";
export * from "./license.ts";
export * from "./marker.ts";
export * from "./markerAlgebra.ts";
export * from "./markerWords.ts";
export * from "./metadata.ts";
export * from "./name.ts";
export * from "./requirement.ts";
export * from "./specifier.ts";
export * from "./tags.ts";
export * from "./version.ts";
export * from "./versionSet.ts";
