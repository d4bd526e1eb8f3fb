// Kysely over node:sqlite: its own SQLite dialect, with the few methods of better-sqlite3 that it calls. Loaded on first use only.
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import type { KnowledgeFile } from "./file.ts";
import type { KnowledgeSchema } from "./schema.ts";

/** A query builder over the open file. Closing the file ends it. */
export function createQueries(file: KnowledgeFile): Kysely<KnowledgeSchema> {
  return new Kysely<KnowledgeSchema>({ dialect: new SqliteDialect({ database: adapt(file) }) });
}

function adapt(file: KnowledgeFile): SqliteDatabase {
  return {
    // The file is closed by whoever opened it.
    close: () => {},
    prepare(sql): SqliteStatement {
      // After a full disk SQLite has rolled back by itself, and a second time would be an error that hides the first.
      if (sql === "rollback" && !file.inTransaction) return NOTHING;
      // Two deferred transactions that both read before they write lose one another's work; an immediate one waits its turn.
      const statement = file.prepareOnce(sql === "begin" ? "begin immediate" : sql);
      const values = (parameters: readonly unknown[]) => parameters.map(toSqlite);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}

const NOTHING: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
};

function toSqlite(value: unknown): string | number | bigint | null | Uint8Array {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`A ${typeof value} cannot be kept in the file of knowledge.`);
}
