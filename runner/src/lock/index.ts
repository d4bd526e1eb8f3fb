// Locks as files: one model, the answer of the operation `lock`, and a writer for each form.
export { checkFormName, formOfName } from "./form.ts";
export { type PipfileMarkers, parsePipfileMarkers, pipenvMarker } from "./pipenvMarkers.ts";
export { writePipfileLock } from "./pipfileForm.ts";
export { pylockPackageLines, writePylock } from "./pylockForm.ts";
export { requirementLines, writeRequirements } from "./requirementsForm.ts";
export { LockRefused, type WriteOptions } from "./write.ts";
