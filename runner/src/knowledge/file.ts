// The open file: how it is opened, written in short immediate transactions, replaced when damaged, and done without when it cannot be written.
import { closeSync, openSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ensureFolder } from "../data/index.ts";
import {
  closeQuietly,
  copyInspections,
  createMemoryDatabase,
  identityOf,
  migrate,
  pause,
  readPragma,
  rollbackQuietly,
  startsAsDatabase,
} from "./database.ts";
import { busyError, KnowledgeError, reasonOf, storageFault } from "./errors.ts";
import { APPLICATION_ID, MIGRATIONS, type Migration } from "./migrations.ts";
import { moveAside } from "./repair.ts";

/** `wal` on a local disk, `delete` (a rollback journal) on a network, `memory` where nothing can be written. */
export type JournalMode = "wal" | "delete" | "memory";

export interface FileOptions {
  path: string;
  /** The kind of network file system that the file lies on, if any. */
  network: string | undefined;
  /** The person named this file: what does not look like ours is then refused instead of moved aside. */
  named: boolean;
  warn: (message: string) => void;
  /** Told that nothing can be written. */
  warnUnwritable: (message: string) => void;
  /** Milliseconds to wait for another process that is writing. */
  busyTimeout: number;
  migrations?: readonly Migration[];
}

const DATABASE_SUFFIXES = new Set([".db", ".sqlite", ".sqlite3"]);

/** One open database, replaced underneath its users when the file turns out damaged, moved or unwritable. */
export class KnowledgeFile {
  readonly path: string;
  readonly #options: FileOptions;
  readonly #migrations: readonly Migration[];
  #db: DatabaseSync;
  #statements = new Map<string, StatementSync>();
  /** The unwritable file, still good for reading. */
  #readable: DatabaseSync | undefined;
  #readableStatements = new Map<string, StatementSync>();
  #journal: JournalMode = "wal";
  #identity = "";
  #closed = false;

  /** @throws KnowledgeError `newer-schema`, `not-knowledge` or `busy`. */
  constructor(options: FileOptions) {
    this.path = options.path;
    this.#options = options;
    this.#migrations = options.migrations ?? MIGRATIONS;
    this.#db = this.#open();
  }

  get journal(): JournalMode {
    return this.#journal;
  }

  get schema(): number {
    return this.#migrations.length;
  }

  /** What is written goes to memory, while an older file is still read. */
  get readsOlderFile(): boolean {
    return this.#readable !== undefined;
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** A transaction is open, begun by someone else on this connection. */
  get inTransaction(): boolean {
    return !this.#closed && this.#db.isTransaction;
  }

  /** A statement of the current database, kept for the next use of the same text. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** A statement that is not kept: for texts that vary without end. */
  prepareOnce(sql: string): StatementSync {
    return this.#db.prepare(sql);
  }

  /** Runs several statements of SQL. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** The first row, from the database or else from the file that can only be read; a damaged file is replaced and has none. */
  first(sql: string, ...parameters: (string | number)[]): Record<string, unknown> | undefined {
    return this.guard(
      () => this.prepare(sql).get(...parameters) ?? this.#fallback(sql)?.get(...parameters),
      undefined,
    );
  }

  /** All rows, as `first`. */
  rows(sql: string, ...parameters: (string | number)[]): Record<string, unknown>[] {
    return this.guard(() => {
      const rows = this.prepare(sql).all(...parameters);
      return this.#readable === undefined
        ? rows
        : [...rows, ...(this.#fallback(sql)?.all(...parameters) ?? [])];
    }, []);
  }

  /** Runs `work`, which reads; where the file cannot be read, it is replaced and `otherwise` is the answer. */
  guard<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      const fault = storageFault(error);
      if (fault === "other") throw error;
      if (fault !== "busy") this.recover(error);
      return otherwise;
    }
  }

  /**
   * Runs `work` in an immediate transaction, again on a fresh database if the file could not be written or was damaged.
   * `wait` is how long another writer is waited for.
   * @throws KnowledgeError `busy`; whatever `work` throws of its own.
   */
  write<T>(work: () => T, wait: number = this.#options.busyTimeout): T {
    if (this.inTransaction) throw busyError(this.path, undefined);
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.#followMoves();
        return this.#transact(work, wait);
      } catch (error) {
        const fault = storageFault(error);
        if (fault === "busy") throw busyError(this.path, error);
        if (fault === "other" || attempt >= 2) throw error;
        this.recover(error);
      }
    }
  }

  /** After an error of SQLite outside of `write`: makes the database usable again. Errors of other kinds change nothing. */
  recover(error: unknown): void {
    const fault = storageFault(error);
    if (fault === "damaged") this.#replaceDamaged();
    else if (fault === "unwritable") this.#goOnInMemory(error);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#readableStatements.clear();
    closeQuietly(this.#db);
    closeQuietly(this.#readable);
    this.#readable = undefined;
  }

  #transact<T>(work: () => T, wait: number): T {
    const db = this.#db;
    if (wait !== this.#options.busyTimeout) db.exec(`PRAGMA busy_timeout = ${wait}`);
    try {
      db.exec("BEGIN IMMEDIATE");
    } finally {
      if (wait !== this.#options.busyTimeout) db.exec(`PRAGMA busy_timeout = ${this.#options.busyTimeout}`);
    }
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (error) {
      if (db.isOpen && db.isTransaction) rollbackQuietly(db);
      throw error;
    }
  }

  #fallback(sql: string): StatementSync | undefined {
    if (this.#readable === undefined) return undefined;
    try {
      let statement = this.#readableStatements.get(sql);
      if (statement === undefined) {
        statement = this.#readable.prepare(sql);
        this.#readableStatements.set(sql, statement);
      }
      return statement;
    } catch {
      return undefined;
    }
  }

  #open(): DatabaseSync {
    for (let attempt = 0; ; attempt += 1) {
      const before = identityOf(this.path);
      try {
        return this.#openOnce();
      } catch (error) {
        const fault = storageFault(error);
        if (error instanceof KnowledgeError || fault === "other") throw error;
        if (fault === "busy") throw busyError(this.path, error);
        if (fault === "unwritable") this.#readable = this.#openReadable();
        if (fault === "unwritable" || attempt >= 3) return this.#openMemory(error);
        this.#refuseForeign();
        try {
          this.#setAside(before);
        } catch (reason) {
          return this.#openMemory(reason);
        }
      }
    }
  }

  /** The file as it stands on a read-only file system, where not even WAL's index can be made beside it. */
  #openReadable(): DatabaseSync | undefined {
    try {
      const url = pathToFileURL(this.path);
      url.searchParams.set("immutable", "1");
      const db = new DatabaseSync(url, { readOnly: true });
      if (
        readPragma(db, "user_version") === this.schema &&
        readPragma(db, "application_id") === APPLICATION_ID
      )
        return db;
      db.close();
    } catch {
      // Nothing to be read: knowledge starts empty, and the warning says why.
    }
    return undefined;
  }

  #openOnce(): DatabaseSync {
    const { path } = this;
    const before = identityOf(path);
    if (before === "") {
      const failure = ensureFolder(dirname(path));
      if (failure) throw Object.assign(new Error(failure.message), { code: failure.code });
      // Made here, so that pages of private indexes are for the owner's eyes only.
      closeSync(openSync(path, "a", 0o600));
    }
    // The busy timeout is set before any statement runs: the first one may already have to wait.
    const db = new DatabaseSync(path, {
      timeout: this.#options.busyTimeout,
      enableForeignKeyConstraints: true,
    });
    try {
      const version = readPragma(db, "user_version");
      const application = readPragma(db, "application_id");
      this.#refuseNewer(version, application);
      if (version === 0) this.#refuseForeignTables(db);
      this.#journal = this.#chooseJournal(db, version === 0);
      if (version < this.schema) migrate(db, this.#migrations);
      this.#identity = identityOf(path);
      return db;
    } catch (error) {
      closeQuietly(db);
      throw error;
    }
  }

  #refuseNewer(version: number, application: number): void {
    if (version > 0 && application !== APPLICATION_ID) throw foreignError(this.path);
    if (version <= this.schema) return;
    throw new KnowledgeError(
      "newer-schema",
      `${this.path} was written by a newer Thoth: its schema is ${version}, this one knows ${this.schema}.`,
      "Update Thoth, or name another file with --knowledge FILE.",
    );
  }

  #refuseForeignTables(db: DatabaseSync): void {
    // One statement sees one state: another process may be making the tables of a file of ours right now.
    const row = db
      .prepare("SELECT user_version, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_user_version")
      .get();
    if (Number(row?.user_version) === 0 && Number(row?.tables) > 0) throw foreignError(this.path);
  }

  /** A file that the person named, and that is no database by name nor by content, is theirs: it is not touched. */
  #refuseForeign(): void {
    if (!this.#options.named || DATABASE_SUFFIXES.has(extname(this.path).toLowerCase())) return;
    if (!startsAsDatabase(this.path)) throw foreignError(this.path);
  }

  #chooseJournal(db: DatabaseSync, isNew: boolean): JournalMode {
    const { network, warn } = this.#options;
    const wanted = network === undefined ? "wal" : "delete";
    const current = String(db.prepare("PRAGMA journal_mode").get()?.journal_mode);
    // Said when the file becomes so, and by `thoth knowledge stats` at any time, but not by every command.
    if (wanted === "delete" && (isNew || current !== wanted)) {
      warn(
        `${this.path} lies on a network file system (${network}): knowledge is kept with a rollback journal, which is slower. A local file is named with --knowledge FILE.`,
      );
    }
    if (current !== wanted) this.#changeJournal(db, wanted);
    // WAL cannot be corrupted by a power cut under NORMAL (it may lose the last commits); a rollback journal needs FULL.
    db.exec(`PRAGMA synchronous = ${wanted === "wal" ? "NORMAL" : "FULL"}`);
    return wanted;
  }

  #changeJournal(db: DatabaseSync, wanted: "wal" | "delete"): void {
    // Changing the mode needs the file for a moment alone, and SQLite does not always wait for that by itself.
    const until = Date.now() + this.#options.busyTimeout;
    for (;;) {
      try {
        db.exec(`PRAGMA journal_mode = ${wanted}`);
        return;
      } catch (error) {
        if (storageFault(error) !== "busy" || Date.now() > until) throw error;
        pause(5);
      }
    }
  }

  /** Another process may have moved a damaged file aside, or a person deleted it: what is written next belongs into the one in place. */
  #followMoves(): void {
    if (this.#journal === "memory" || this.#db.isTransaction) return;
    if (identityOf(this.path) === this.#identity) return;
    this.#statements.clear();
    closeQuietly(this.#db);
    this.#db = this.#openAgain();
  }

  /** In the middle of work there is nobody to refuse a file to: what is in place now may be a newer Thoth's. */
  #openAgain(): DatabaseSync {
    try {
      return this.#open();
    } catch (error) {
      return this.#openMemory(error);
    }
  }

  #replaceDamaged(): void {
    const damaged = this.#identity;
    this.#statements.clear();
    closeQuietly(this.#db);
    if (this.#journal === "memory") {
      // Memory is not damaged: it was the file that can only be read.
      closeQuietly(this.#readable);
      this.#readable = undefined;
      this.#readableStatements.clear();
      this.#db = createMemoryDatabase(this.#migrations);
      return;
    }
    try {
      this.#setAside(damaged);
    } catch (error) {
      this.#db = this.#openMemory(error);
      return;
    }
    this.#db = this.#openAgain();
  }

  #setAside(damaged: string): void {
    const aside = moveAside(this.path, damaged, identityOf);
    if (aside === undefined) return;
    this.#options.warn(
      `${this.path} was damaged. It is kept as ${basename(aside)}; what it held is fetched again as it is needed.`,
    );
  }

  #openMemory(error: unknown): DatabaseSync {
    this.#options.warnUnwritable(
      `Knowledge cannot be kept in ${this.path}: ${reasonOf(error)}. What is learned now is forgotten at the end.`,
    );
    this.#journal = "memory";
    const db = createMemoryDatabase(this.#migrations);
    if (this.#readable !== undefined) copyInspections(this.#readable, db);
    return db;
  }

  #goOnInMemory(error: unknown): void {
    if (this.#journal === "memory") return;
    const readable = this.#db;
    if (readable.isOpen && readable.isTransaction) rollbackQuietly(readable);
    this.#readable = readable;
    this.#readableStatements = this.#statements;
    this.#statements = new Map();
    this.#db = this.#openMemory(error);
  }
}

function foreignError(path: string): KnowledgeError {
  return new KnowledgeError(
    "not-knowledge",
    `${path} is not a file of knowledge; it is left as it is.`,
    "Name another file with --knowledge FILE, or one that does not exist yet.",
  );
}
