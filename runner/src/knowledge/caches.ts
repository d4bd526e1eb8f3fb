// What can be fetched again, bounded in bytes: the least recently used goes first.
import type { KnowledgeFile } from "./file.ts";

interface Cache {
  table: "pages" | "metadata_texts";
  bodies: "page_bodies" | "metadata_bodies";
}

export const PAGES: Cache = { table: "pages", bodies: "page_bodies" };
export const TEXTS: Cache = { table: "metadata_texts", bodies: "metadata_bodies" };

/** The sum of what the rows of the caches take, in bytes. */
export function sizeOfCaches(file: KnowledgeFile, caches: readonly Cache[]): number {
  return file.guard(() => sum(file, caches), 0);
}

/** Deletes the least recently used rows of the caches together until at most `maxBytes` are left; returns the bytes freed. */
export function pruneCaches(file: KnowledgeFile, caches: readonly Cache[], maxBytes: number): number {
  return file.write(() => {
    let excess = sum(file, caches) - maxBytes;
    let freed = 0;
    if (excess <= 0) return freed;
    const rows = caches
      .map(({ table }, cache) => `SELECT ${cache} AS cache, id, bytes, used_at FROM ${table}`)
      .join(" UNION ALL ");
    for (const row of file.prepare(`${rows} ORDER BY used_at, id`).all()) {
      if (excess <= 0) break;
      const cache = caches[Number(row.cache)];
      if (cache === undefined) continue;
      deleteRow(file, cache, Number(row.id));
      excess -= Number(row.bytes);
      freed += Number(row.bytes);
    }
    return freed;
  });
}

/** Deletes the rows of the caches that were last used before `time`, within a transaction; returns the bytes freed. */
export function deleteUnused(file: KnowledgeFile, caches: readonly Cache[], time: number): number {
  let freed = 0;
  for (const cache of caches) {
    for (const row of file.prepare(`SELECT id, bytes FROM ${cache.table} WHERE used_at < ?`).all(time)) {
      deleteRow(file, cache, Number(row.id));
      freed += Number(row.bytes);
    }
  }
  return freed;
}

function deleteRow(file: KnowledgeFile, { table, bodies }: Cache, id: number): void {
  file.prepare(`DELETE FROM ${table} WHERE id = ?`).run(id);
  file.prepare(`DELETE FROM ${bodies} WHERE id = ?`).run(id);
}

function sum(file: KnowledgeFile, caches: readonly Cache[]): number {
  let total = 0;
  for (const { table } of caches) {
    total += Number(file.prepare(`SELECT coalesce(sum(bytes), 0) AS total FROM ${table}`).get()?.total ?? 0);
  }
  return total;
}
