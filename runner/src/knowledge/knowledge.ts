// Opens the file of knowledge and hands out its rooms: pages and texts at once, facts through Kysely on first use.
import { posix, resolve, win32 } from "node:path";
import type { Kysely, Transaction } from "kysely";
import { dataFolder, type PlatformInfo } from "../data/index.ts";
import { Advisories } from "./advisories.ts";
import { busyError, storageFault } from "./errors.ts";
import { Facts } from "./facts.ts";
import { type JournalMode, KnowledgeFile } from "./file.ts";
import { Identities } from "./identities.ts";
import { Inspections } from "./inspections.ts";
import type { Migration } from "./migrations.ts";
import { type MountProbe, networkFileSystem } from "./mounts.ts";
import { Names } from "./names.ts";
import type { MetadataStore, PageStore } from "./pageStore.ts";
import type { KnowledgeSchema } from "./schema.ts";
import { SqliteMetadataStore, SqlitePageStore } from "./sqlitePages.ts";
import type { ExportResult, ImportResult } from "./transfer.ts";
import type { KnowledgeStats, PruneOptions, PruneResult } from "./upkeep.ts";
import { WriteBehind } from "./writeBehind.ts";

export interface KnowledgeOptions extends PlatformInfo {
  /** The file that the person named, instead of `knowledge.db` in the platform's data folder. */
  file?: string;
  /** What is asked only reads: that nothing can be written is then no news. */
  readOnlyOk?: boolean;
  /** Told at most a few times: a damaged file, a network file system, nothing can be written. Goes to standard error or the log. */
  warn: (message: string) => void;
  /** What follows is for tests. */
  mounts?: MountProbe;
  clock?: () => number;
  busyTimeout?: number;
  useGranularity?: number;
  migrations?: readonly Migration[];
}

const HOUR = 3_600_000;
/** Milliseconds that closing waits for another process before it gives up the last pages, which can be fetched again. */
const CLOSING_WAIT = 400;

/** The path of the file of knowledge, whether it exists or not. */
export function knowledgePath(options: PlatformInfo & { file?: string }): string {
  if (options.file !== undefined) return resolve(options.file);
  const { join } = options.platform === "win32" ? win32 : posix;
  return join(dataFolder(options), "knowledge.db");
}

/**
 * Opens the file of knowledge, making or migrating it where needed. A damaged file is moved aside and rebuilt; where
 * nothing can be written, work goes on in memory: both with one warning.
 * @throws KnowledgeError `newer-schema`, `not-knowledge`, or `busy` when another process is migrating for too long.
 */
export function openKnowledge(options: KnowledgeOptions): Knowledge {
  const path = knowledgePath(options);
  const folder = options.platform === "win32" ? win32.dirname(path) : posix.dirname(path);
  const file = new KnowledgeFile({
    path,
    network: networkFileSystem(folder, options.platform, options.mounts),
    named: options.file !== undefined,
    warn: options.warn,
    warnUnwritable: options.readOnlyOk === true ? () => {} : options.warn,
    busyTimeout: options.busyTimeout ?? 5_000,
    ...(options.migrations === undefined ? {} : { migrations: options.migrations }),
  });
  return new Knowledge(file, options);
}

export class Knowledge {
  readonly pages: PageStore;
  readonly metadata: MetadataStore;
  readonly names: Names;
  readonly advisories: Advisories;
  readonly identities: Identities;
  readonly facts: Facts;
  readonly inspections: Inspections;
  readonly #file: KnowledgeFile;
  readonly #behind: WriteBehind;
  #queries: Promise<Kysely<KnowledgeSchema>> | undefined;

  constructor(file: KnowledgeFile, options: KnowledgeOptions) {
    const { clock = Date.now, useGranularity = HOUR, warn } = options;
    this.#file = file;
    this.#behind = new WriteBehind(file, { clock, useGranularity, warn });
    this.pages = new SqlitePageStore(file, this.#behind);
    this.metadata = new SqliteMetadataStore(file, this.#behind);
    this.names = new Names(file);
    this.advisories = new Advisories(file);
    this.identities = new Identities(file);
    const access = {
      read: <T>(work: (queries: Kysely<KnowledgeSchema>) => Promise<T>) => this.#read(work),
      change: <T>(work: (change: Transaction<KnowledgeSchema>) => Promise<T>) => this.change(work),
      clock,
    };
    this.facts = new Facts(access);
    this.inspections = new Inspections(access);
  }

  get path(): string {
    return this.#file.path;
  }

  /** `memory` means that nothing learned now outlives the process. */
  get journal(): JournalMode {
    return this.#file.journal;
  }

  get schema(): number {
    return this.#file.schema;
  }

  /** Whether anything was ever inspected: answered without the query builder, which takes longer to load than a check takes. */
  get hasInspections(): boolean {
    return this.#file.first("SELECT 1 FROM inspections LIMIT 1") !== undefined;
  }

  /** The query builder over the tables of facts; Kysely is loaded by the first call. */
  db(): Promise<Kysely<KnowledgeSchema>> {
    this.#queries ??= import("./kysely.ts").then(({ createQueries }) => createQueries(this.#file));
    return this.#queries;
  }

  /**
   * Runs `work` in one immediate transaction. It runs again from the start where the file had to be replaced, so it must
   * change nothing but the database.
   * @throws KnowledgeError `busy`; whatever `work` throws.
   */
  async change<T>(work: (change: Transaction<KnowledgeSchema>) => Promise<T>): Promise<T> {
    const queries = await this.db();
    return this.#withRecovery(() => {
      // An empty write first: it follows a file that was moved aside, and finds an unwritable one early.
      if (!this.#file.inTransaction) this.#file.write(() => {});
      return queries.transaction().execute(work);
    });
  }

  async #read<T>(work: (queries: Kysely<KnowledgeSchema>) => Promise<T>): Promise<T> {
    const queries = await this.db();
    return this.#withRecovery(() => work(queries));
  }

  async #withRecovery<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        const fault = storageFault(error);
        if (fault === "busy") throw busyError(this.path, error);
        if (fault === "other" || attempt >= 2) throw error;
        this.#file.recover(error);
      }
    }
  }

  /** Writes what is pending now, instead of in this tick's end. */
  flush(): void {
    this.#behind.flush();
  }

  /** What is kept, how much and how old. */
  async stats(): Promise<KnowledgeStats> {
    const { readStats } = await import("./upkeep.ts");
    this.flush();
    return readStats(this.#file);
  }

  /** Removes what is oldest: see `PruneOptions`. */
  async prune(options: PruneOptions): Promise<PruneResult> {
    const { pruneKnowledge } = await import("./upkeep.ts");
    this.flush();
    return pruneKnowledge(this.#file, options);
  }

  /** Forgets every page, metadata text and list of names, all of which can be fetched again; facts stay. */
  async clearCache(): Promise<void> {
    const { clearCache } = await import("./upkeep.ts");
    this.flush();
    clearCache(this.#file);
  }

  /** Gives free space in the file back to the disk. */
  async vacuum(): Promise<void> {
    const { vacuum } = await import("./upkeep.ts");
    this.flush();
    vacuum(this.#file);
  }

  /** Reads the whole file; returns what SQLite finds wrong with it, nothing when it is sound. */
  async check(): Promise<string[]> {
    const { checkIntegrity } = await import("./upkeep.ts");
    return checkIntegrity(this.#file);
  }

  /** Writes every fact as a line of JSON; no pages, no credentials, no paths of logs. */
  async exportTo(target: string | NodeJS.WritableStream): Promise<ExportResult> {
    const { exportTo } = await import("./transfer.ts");
    return exportTo(this, target);
  }

  /** Merges lines of `exportTo`; the newer fact wins, a bad line is reported with its number and skipped. */
  async importFrom(path: string): Promise<ImportResult> {
    const { importFrom } = await import("./transfer.ts");
    return importFrom(this, path);
  }

  /** Writes what is pending and closes the file. */
  close(): void {
    this.#behind.flush(CLOSING_WAIT);
    this.#file.close();
  }
}
