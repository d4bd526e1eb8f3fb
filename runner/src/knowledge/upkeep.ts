// Looking after the file: what is in it, removing what is old, giving space back. Behind the `knowledge` operation.
import { statSync } from "node:fs";
import { deleteUnused, PAGES, pruneCaches, sizeOfCaches, TEXTS } from "./caches.ts";
import { storageFault } from "./errors.ts";
import type { JournalMode, KnowledgeFile } from "./file.ts";

export interface KnowledgeStats {
  readonly path: string;
  readonly schema: number;
  readonly journal: JournalMode;
  /** Bytes on the disk, journals included. */
  readonly bytes: number;
  /** Bytes of pages and metadata texts, which `prune` bounds. */
  readonly cacheBytes: number;
  readonly counts: Readonly<Record<KnowledgeCount, number>>;
  /** Milliseconds since the epoch of the oldest and newest page or fact; absent in an empty file. */
  readonly oldest?: number;
  readonly newest?: number;
}

const COUNTED = {
  pages: "pages",
  metadataTexts: "metadata_texts",
  projects: "projects",
  releases: "releases",
  artifacts: "artifacts",
  metadata: "metadata",
  dependencies: "dependencies",
  inspections: "inspections",
  observations: "observations",
  indicators: "indicators",
  names: "known_names",
} as const;

export type KnowledgeCount = keyof typeof COUNTED;

export interface PruneOptions {
  /** Pages and metadata texts together take at most this afterwards; the least recently used go. */
  maxBytes?: number;
  /**
   * Milliseconds since the epoch: facts learned and pages used before it go. The last inspection of a stack in an
   * environment stays.
   */
  olderThan?: number;
}

export interface PruneResult {
  readonly freedBytes: number;
  readonly removedFacts: number;
}

/** Counts, sizes and ages. */
export function readStats(file: KnowledgeFile): KnowledgeStats {
  const count = (table: string) => Number(file.first(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0);
  const counts = Object.fromEntries(
    Object.entries(COUNTED).map(([name, table]) => [name, count(table)]),
  ) as Record<KnowledgeCount, number>;
  const ages = file.first(
    `SELECT min(time) AS oldest, max(time) AS newest FROM (SELECT fetched_at AS time FROM pages
     UNION ALL SELECT time FROM projects UNION ALL SELECT time FROM releases UNION ALL SELECT time FROM artifacts
     UNION ALL SELECT time FROM metadata UNION ALL SELECT time FROM inspections)`,
  );
  return {
    path: file.path,
    schema: file.schema,
    journal: file.journal,
    bytes: ["", "-wal", "-shm", "-journal"].reduce((sum, suffix) => sum + sizeOf(file.path + suffix), 0),
    cacheBytes: sizeOfCaches(file, [PAGES, TEXTS]),
    counts,
    ...(typeof ages?.oldest === "number" ? { oldest: ages.oldest } : {}),
    ...(typeof ages?.newest === "number" ? { newest: ages.newest } : {}),
  };
}

/** Removes what is old and what is too much of what has been written. */
export function pruneKnowledge(file: KnowledgeFile, options: PruneOptions): PruneResult {
  const { maxBytes, olderThan } = options;
  let freedBytes = 0;
  let removedFacts = 0;
  if (olderThan !== undefined) {
    file.write(() => {
      freedBytes = deleteUnused(file, [PAGES, TEXTS], olderThan);
      removedFacts = 0;
      for (const sql of DELETE_OLD) removedFacts += Number(file.prepare(sql).run(olderThan).changes);
    });
  }
  if (maxBytes !== undefined) freedBytes += pruneCaches(file, [PAGES, TEXTS], maxBytes);
  return { freedBytes, removedFacts };
}

/** Empties the caches and the lists of names. */
export function clearCache(file: KnowledgeFile): void {
  file.write(() => {
    for (const table of ["pages", "page_bodies", "metadata_texts", "metadata_bodies"]) {
      file.exec(`DELETE FROM ${table}`);
    }
    file.exec("DELETE FROM known_names; DELETE FROM name_lists");
  });
}

/** Rewrites the file without its free pages and empties the WAL. Needs the file's size again on the disk for a moment. */
export function vacuum(file: KnowledgeFile): void {
  file.exec("VACUUM");
  if (file.journal === "wal") file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** What `PRAGMA integrity_check` says, without its "ok". */
export function checkIntegrity(file: KnowledgeFile): string[] {
  try {
    return file
      .prepareOnce("PRAGMA integrity_check")
      .all()
      .map((row) => String(row.integrity_check))
      .filter((line) => line !== "ok");
  } catch (error) {
    // Damage of some kinds ends the check itself.
    if (storageFault(error) !== "damaged") throw error;
    return [String((error as Error).message)];
  }
}

const DELETE_OLD = [
  "DELETE FROM projects WHERE time < ?",
  "DELETE FROM releases WHERE time < ?",
  "DELETE FROM artifacts WHERE time < ?",
  "DELETE FROM metadata WHERE time < ?",
  `DELETE FROM inspections WHERE started_at < ? AND EXISTS (SELECT 1 FROM inspections n
     WHERE n.stack_digest = inspections.stack_digest AND n.environment_digest = inspections.environment_digest
       AND (n.started_at, n.id) > (inspections.started_at, inspections.id))`,
];

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
