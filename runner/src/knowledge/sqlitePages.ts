// The stores of pages and metadata texts in the file of knowledge: written behind, in one transaction per tick, and read through what is still to be written.
import { PAGES, pruneCaches, sizeOfCaches, TEXTS } from "./caches.ts";
import type { KnowledgeFile } from "./file.ts";
import { type MetadataStore, type PageStore, type StoredPage, sizeOfPage } from "./pageStore.ts";
import type { WriteBehind } from "./writeBehind.ts";

/** What is still to be done to one page. */
type PendingPage =
  | { kind: "written"; page: StoredPage; usedAt: number }
  | { kind: "touched"; policy: string; freshUntil: number; fetchedAt: number; usedAt: number }
  | { kind: "removed" };

const COLUMNS =
  "p.key, p.partition, p.url, p.etag, p.policy, p.fresh_until, p.fetched_at, p.used_at, p.bytes, b.body";

/** Pages in the file. Nothing is lost on a kill but the last tick's pages, which are fetched again. */
export class SqlitePageStore implements PageStore {
  readonly #file: KnowledgeFile;
  readonly #behind: WriteBehind;
  #pending = new Map<string, PendingPage>();
  #used = new Map<string, number>();
  /** Removed pages that a file which can only be read would bring back. */
  readonly #gone = new Set<string>();

  constructor(file: KnowledgeFile, behind: WriteBehind) {
    this.#file = file;
    this.#behind = behind;
    behind.add({
      write: () => this.#writePending(),
      done: () => {
        this.#pending = new Map();
        this.#used = new Map();
      },
    });
  }

  read(key: string): StoredPage | undefined {
    const pending = this.#pending.get(key);
    if (pending?.kind === "removed") return undefined;
    if (pending?.kind === "written") {
      pending.usedAt = this.#behind.tick();
      return { ...pending.page };
    }
    const row = this.#file.first(
      `SELECT ${COLUMNS} FROM pages p JOIN page_bodies b ON b.id = p.id WHERE p.key = ?`,
      key,
    );
    if (row === undefined || this.#gone.has(key)) return undefined;
    this.#noteUse(key, Number(row.used_at));
    const page = pageOfRow(row);
    if (pending === undefined) return page;
    const { policy, freshUntil, fetchedAt } = pending;
    return { ...page, policy, freshUntil, fetchedAt };
  }

  write(page: StoredPage): void {
    this.#used.delete(page.key);
    this.#gone.delete(page.key);
    this.#pending.set(page.key, { kind: "written", page: { ...page }, usedAt: this.#behind.tick() });
    this.#behind.schedule(page.body.length);
  }

  touch(key: string, policy: string, freshUntil: number, fetchedAt: number): void {
    const pending = this.#pending.get(key);
    if (pending?.kind === "removed") return;
    const usedAt = this.#behind.tick();
    if (pending?.kind === "written") {
      this.#pending.set(key, {
        kind: "written",
        page: { ...pending.page, policy, freshUntil, fetchedAt },
        usedAt,
      });
    } else {
      this.#used.delete(key);
      this.#pending.set(key, { kind: "touched", policy, freshUntil, fetchedAt, usedAt });
    }
    this.#behind.schedule(0);
  }

  remove(key: string): void {
    this.#used.delete(key);
    this.#pending.set(key, { kind: "removed" });
    this.#behind.schedule(0);
  }

  bytes(): number {
    this.#behind.flush();
    return sizeOfCaches(this.#file, [PAGES]);
  }

  prune(maxBytes: number): number {
    this.#behind.flush();
    return pruneCaches(this.#file, [PAGES], maxBytes);
  }

  #noteUse(key: string, usedAt: number): void {
    const now = this.#behind.tick();
    const pending = this.#pending.get(key);
    if (pending?.kind === "touched") pending.usedAt = now;
    else if (now - usedAt >= this.#behind.useGranularity) {
      this.#used.set(key, now);
      this.#behind.scheduleIdle();
    }
  }

  #writePending(): void {
    const file = this.#file;
    for (const [key, usedAt] of this.#used) {
      file.prepare("UPDATE pages SET used_at = max(used_at, ?) WHERE key = ?").run(usedAt, key);
    }
    for (const [key, pending] of this.#pending) {
      if (pending.kind === "removed") {
        file.prepare("DELETE FROM page_bodies WHERE id = (SELECT id FROM pages WHERE key = ?)").run(key);
        file.prepare("DELETE FROM pages WHERE key = ?").run(key);
        if (file.readsOlderFile) this.#gone.add(key);
      } else if (pending.kind === "touched") {
        const { changes } = file
          .prepare("UPDATE pages SET policy = ?, fresh_until = ?, fetched_at = ?, used_at = ? WHERE key = ?")
          .run(pending.policy, pending.freshUntil, pending.fetchedAt, pending.usedAt, key);
        if (Number(changes) > 0) file.prepare(RESIZE).run(key);
        else if (file.readsOlderFile && !this.#gone.has(key)) this.#copyTouched(key);
      } else this.#writePage(pending.page, pending.usedAt);
    }
  }

  #copyTouched(key: string): void {
    const page = this.read(key);
    if (page !== undefined) this.#writePage(page, this.#behind.tick());
  }

  #writePage(page: StoredPage, usedAt: number): void {
    const row = this.#file
      .prepare(
        `INSERT INTO pages (key, partition, url, etag, policy, fresh_until, fetched_at, used_at, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET partition = excluded.partition, url = excluded.url, etag = excluded.etag,
           policy = excluded.policy, fresh_until = excluded.fresh_until, fetched_at = excluded.fetched_at,
           used_at = excluded.used_at, bytes = excluded.bytes
         RETURNING id`,
      )
      .get(
        page.key,
        page.partition,
        page.url,
        page.etag ?? null,
        page.policy,
        page.freshUntil,
        page.fetchedAt,
        usedAt,
        sizeOfPage(page),
      );
    this.#file
      .prepare(
        "INSERT INTO page_bodies (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
      )
      .run(Number(row?.id), page.body);
  }
}

// octet_length reads the length of a text from its header, without the text.
const RESIZE = `UPDATE pages SET bytes = octet_length(key) + octet_length(url) + octet_length(policy)
  + octet_length(coalesce(etag, '')) + (SELECT octet_length(body) FROM page_bodies b WHERE b.id = pages.id) WHERE key = ?`;

/** Core metadata texts in the file. */
export class SqliteMetadataStore implements MetadataStore {
  readonly #file: KnowledgeFile;
  readonly #behind: WriteBehind;
  #pending = new Map<string, string>();
  #used = new Map<string, number>();

  constructor(file: KnowledgeFile, behind: WriteBehind) {
    this.#file = file;
    this.#behind = behind;
    behind.add({
      write: () => this.#writePending(),
      done: () => {
        this.#pending = new Map();
        this.#used = new Map();
      },
    });
  }

  read(key: string): string | undefined {
    const row = this.#file.first(
      "SELECT m.used_at, b.body FROM metadata_texts m JOIN metadata_bodies b ON b.id = m.id WHERE m.key = ?",
      key,
    );
    if (row === undefined) return this.#pending.get(key);
    const now = this.#behind.tick();
    if (now - Number(row.used_at) >= this.#behind.useGranularity) {
      this.#used.set(key, now);
      this.#behind.scheduleIdle();
    }
    return String(row.body);
  }

  write(key: string, body: string): void {
    if (this.#pending.has(key)) return;
    this.#pending.set(key, body);
    this.#behind.schedule(body.length);
  }

  bytes(): number {
    this.#behind.flush();
    return sizeOfCaches(this.#file, [TEXTS]);
  }

  prune(maxBytes: number): number {
    this.#behind.flush();
    return pruneCaches(this.#file, [TEXTS], maxBytes);
  }

  #writePending(): void {
    const file = this.#file;
    for (const [key, usedAt] of this.#used) {
      file.prepare("UPDATE metadata_texts SET used_at = max(used_at, ?) WHERE key = ?").run(usedAt, key);
    }
    for (const [key, body] of this.#pending) {
      const row = file
        .prepare(
          "INSERT INTO metadata_texts (key, used_at, bytes) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        )
        .get(key, this.#behind.tick(), Buffer.byteLength(key) + Buffer.byteLength(body));
      if (row === undefined) continue;
      file
        .prepare("INSERT OR REPLACE INTO metadata_bodies (id, body) VALUES (?, ?)")
        .run(Number(row.id), body);
    }
  }
}

function pageOfRow(row: Record<string, unknown>): StoredPage {
  return {
    key: String(row.key),
    partition: String(row.partition),
    url: String(row.url),
    ...(row.etag === null ? {} : { etag: String(row.etag) }),
    policy: String(row.policy),
    freshUntil: Number(row.fresh_until),
    fetchedAt: Number(row.fetched_at),
    body: String(row.body),
  };
}
