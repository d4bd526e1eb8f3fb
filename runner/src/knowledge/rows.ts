// What reading and writing facts have in common: their columns, portions of rows, and the rule that the newer fact wins.
import type { Insertable, Kysely, Transaction } from "kysely";
import type { KnowledgeSchema } from "./schema.ts";
import type { Fact, Freshness, NewFact } from "./types.ts";

export type Queries = Kysely<KnowledgeSchema>;
export type Change = Transaction<KnowledgeSchema>;

/** How the facts reach the database; `change` runs in one transaction that nobody else's writes can come between. */
export interface FactsAccess {
  /** Runs `work`, again on a fresh database where it shows the file damaged. */
  read<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  change<T>(work: (change: Change) => Promise<T>): Promise<T>;
  clock(): number;
}

/** Rows per statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const ROWS_PER_STATEMENT = 500;

/** A row's fact: failed where asking failed, stale after its time. */
export function factOfRow<T>(
  row: { source: string; time: number; fresh_until: number | null; failure: string | null },
  value: T,
  now: number,
): Fact<T> {
  let freshness: Freshness = "fresh";
  if (row.failure !== null) freshness = "failed";
  else if (row.fresh_until !== null && row.fresh_until < now) freshness = "stale";
  return {
    value,
    source: row.source,
    time: row.time,
    freshness,
    ...optional("freshUntil", row.fresh_until),
    ...optional("failure", row.failure),
  };
}

/** A source without user, password and query, in case it is a URL that carries them. */
export function withoutCredentials(source: string): string {
  return source.replace(/^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^?#]*)(?:\?[^#]*)?/i, "$1$2");
}

/** The columns that every fact has. */
export function factColumns(fact: NewFact<unknown>) {
  return {
    source: withoutCredentials(fact.source),
    time: fact.time,
    fresh_until: fact.freshUntil ?? null,
    failure: fact.failure ?? null,
  };
}

/** `{[key]: value}`, or nothing where the value is null. */
export function optional<K extends string, V>(key: K, value: V | null): { [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { [P in K]?: V });
}

/** Rows in portions that fit one statement. */
export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) yield rows.slice(at, at + ROWS_PER_STATEMENT);
}

type FactTable = "projects" | "releases" | "artifacts" | "metadata";

/** Inserts rows, or replaces those that are not newer; returns how many changed. */
export async function upsert<T extends FactTable>(
  change: Change,
  table: T,
  keys: readonly string[],
  rows: readonly (Insertable<KnowledgeSchema[T]> & { time: number })[],
): Promise<number> {
  let changed = 0;
  // One row per key: PostgreSQL refuses to change a row twice in one statement.
  const newest = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const key = keys.map((column) => String((row as Record<string, unknown>)[column])).join("\n");
    const other = newest.get(key);
    if (other === undefined || other.time <= row.time) newest.set(key, row);
  }
  for (const part of chunks([...newest.values()])) {
    const columns = Object.keys(part[0] ?? {}).filter((column) => !keys.includes(column));
    const [result] = await untyped(change)
      .insertInto(table)
      .values(part as Record<string, unknown>[])
      .onConflict((conflict) =>
        conflict
          .columns([...keys])
          .doUpdateSet(
            (set) =>
              Object.fromEntries(
                columns.map((column) => [column, set.ref(`excluded.${column}` as never)]),
              ) as never,
          )
          .whereRef("excluded.time", ">=", `${table}.time`),
      )
      .execute();
    changed += Number(result?.numInsertedOrUpdatedRows ?? 0);
  }
  return changed;
}

/** The same queries where the table is only known at run time. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely cannot follow a table that is a type parameter.
export function untyped(queries: Queries | Change): Kysely<any> {
  return queries;
}
