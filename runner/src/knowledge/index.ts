// Knowledge: what is known, in one file that editor and command line share. This is all that other parts may import.
export { type Advisories, type AdvisoryRow, type AdvisorySource, SERVICE } from "./advisories.ts";
export { KnowledgeError, type KnowledgeErrorCode } from "./errors.ts";
export type { Facts } from "./facts.ts";
export type { JournalMode } from "./file.ts";
export type { Identities, KeptIdentity, KnownIdentity } from "./identities.ts";
export { type Inspections, stackDigest } from "./inspections.ts";
export { type Knowledge, type KnowledgeOptions, knowledgePath, openKnowledge } from "./knowledge.ts";
export type { NameList, Names } from "./names.ts";
export { createMemoryPageStore, type MetadataStore, type PageStore, type StoredPage } from "./pageStore.ts";
export type { KnowledgeSchema } from "./schema.ts";
export type { ExportResult, ImportResult } from "./transfer.ts";
export type * from "./types.ts";
export type { KnowledgeStats, PruneOptions, PruneResult } from "./upkeep.ts";
