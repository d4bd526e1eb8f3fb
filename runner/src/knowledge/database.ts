// Small steps on one database: its schema, its identity on the disk, what it looks like from outside, closing it whatever happens.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { APPLICATION_ID, type Migration } from "./migrations.ts";

/** A database that lives as long as the process, with the same schema. */
export function createMemoryDatabase(migrations: readonly Migration[]): DatabaseSync {
  const db = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  migrate(db, migrations);
  return db;
}

/** Inspections took long to make and cannot be fetched again, so they stay in view; the rest is read from the file, or fetched. */
export function copyInspections(from: DatabaseSync, to: DatabaseSync): void {
  const tables = ["inspections", "inspection_packages", "inspection_stages", "observations", "indicators"];
  try {
    for (const table of tables) {
      for (const row of from.prepare(`SELECT * FROM ${table}`).iterate()) {
        const columns = Object.keys(row);
        const marks = columns.map(() => "?").join(", ");
        to.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`).run(
          ...Object.values(row),
        );
      }
    }
  } catch {
    // What cannot be read any more is missing; that nothing can be kept has been said.
  }
}

/** Brings the schema up to date; several processes may try at once, the first one does it. */
export function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = readPragma(db, "user_version");
    for (const step of migrations.slice(version)) {
      for (const sql of [...step.portable, ...step.embedded]) db.exec(sql);
    }
    if (version < migrations.length) {
      db.exec(`PRAGMA user_version = ${migrations.length}; PRAGMA application_id = ${APPLICATION_ID}`);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) rollbackQuietly(db);
    throw error;
  }
}

/** A number from the header of the file. */
export function readPragma(db: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** Device and inode of the file at a path, empty where there is none: tells whether two names mean the same file. */
export function identityOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? "" : `${stat.dev}:${stat.ino}`;
  } catch {
    // In a folder that may not be looked into; opening the file will say so.
    return "";
  }
}

/** Whether the file begins as every database of SQLite does. Throws errors of the file system. */
export function startsAsDatabase(path: string): boolean {
  const start = Buffer.alloc(15);
  const file = openSync(path, "r");
  try {
    readSync(file, start, 0, 15, 0);
  } finally {
    closeSync(file);
  }
  return start.toString("latin1") === "SQLite format 3";
}

/** Stands still, as SQLite does while it waits for a lock. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Ends a transaction that has failed. */
export function rollbackQuietly(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself; the error that led here is the one to tell.
  }
}

/** Closes a database, or one that is closed already. */
export function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    if (db?.isOpen) db.close();
  } catch {
    // A damaged or unwritable file may refuse its last checkpoint; there is nothing more to save.
  }
}
