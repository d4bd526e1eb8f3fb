// Advisories: read in from archives, folders and files, rated, and kept by project. This is all that other parts may import.

export { type ReadRecord, readOsvRecord } from "./osv.ts";
export { type ReadItem, readArchive, readFolder } from "./reading.ts";
export type * from "./repair/model.ts";
export { planRepairs } from "./repair/plan.ts";
export { askService } from "./service.ts";
export { createRater } from "./severity.ts";
export { PUBLISHED_ARCHIVE, updateAdvisories } from "./update.ts";
export { type UpdateAnswer, UpdateRefused } from "./updating.ts";
