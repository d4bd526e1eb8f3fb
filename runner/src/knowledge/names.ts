// Names of projects for completion: those that facts are known of first, then the full lists that a person had fetched.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { KnowledgeFile } from "./file.ts";
import { withoutCredentials } from "./rows.ts";

/** Where the names of one source are from, and how old they are. */
export interface NameList {
  source: string;
  time: number;
  count: number;
}

/** Rows per transaction: a few dozen milliseconds, after which others get their turn. */
const ROWS_PER_TURN = 20_000;

export class Names {
  readonly #file: KnowledgeFile;

  constructor(file: KnowledgeFile) {
    this.#file = file;
  }

  /**
   * Up to `limit` names that begin with `prefix` in any spelling, as their index spells them: known projects first, then
   * by name. The name that is the prefix itself comes first of all.
   */
  search(prefix: string, limit: number): string[] {
    // A trailing separator is kept as one: "django-" means names that go on after it.
    const start = normalizeName(prefix);
    const end = `${start}\u{10ffff}`;
    const found = new Map<string, string>();
    const take = (rows: Record<string, unknown>[]) => {
      for (const row of rows) {
        const name = String(row.name);
        if (found.size < limit && !found.has(name)) found.set(name, String(row.display_name ?? name));
      }
    };
    take(this.#file.rows(EXACT, start, start));
    if (found.size < limit) take(this.#file.rows(KNOWN_PROJECTS, start, end, limit));
    if (found.size < limit) take(this.#file.rows(LISTED_NAMES, start, end, limit * 2));
    return [...found.values()];
  }

  /** Those of some normalised names that facts are known of: projects that manifests named before, not all that an index lists. */
  knownAmong(names: readonly string[]): string[] {
    const wanted = JSON.stringify(names);
    const query =
      "SELECT DISTINCT name FROM projects WHERE name IN (SELECT value FROM json_each(?)) AND failure IS NULL";
    return this.#file.rows(query, wanted).map((row) => String(row.name));
  }

  /** The full lists that are kept. */
  lists(): NameList[] {
    return this.#file
      .rows("SELECT source, time, count FROM name_lists ORDER BY source")
      .map((row) => ({ source: String(row.source), time: Number(row.time), count: Number(row.count) }));
  }

  /**
   * Replaces the full list of one source. Until it is done a search sees names of both; stopped half-way it keeps both.
   * `signal` stops it between two portions.
   */
  async replaceAll(
    names: readonly string[],
    source: string,
    time: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const from = withoutCredentials(source);
    // In the table's order each row goes where the last one went, which is several times as fast.
    const rows = names
      .map((name) => ({ name: normalizeName(name), display: name }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    const generation = Math.max(time, this.#generation(from) + 1);
    for (let at = 0; at < rows.length; at += ROWS_PER_TURN) {
      signal?.throwIfAborted();
      this.#file.write(() => {
        const insert = this.#file.prepare(INSERT);
        for (const { name, display } of rows.slice(at, at + ROWS_PER_TURN)) {
          insert.run(name, from, display === name ? null : display, generation);
        }
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    signal?.throwIfAborted();
    this.#file.write(() => {
      this.#file
        .prepare("DELETE FROM known_names WHERE source = ? AND generation <> ?")
        .run(from, generation);
      this.#file
        .prepare(
          `INSERT INTO name_lists (source, time, count, generation) VALUES (?, ?, ?, ?) ON CONFLICT (source)
           DO UPDATE SET time = excluded.time, count = excluded.count, generation = excluded.generation`,
        )
        .run(from, time, names.length, generation);
    });
  }

  #generation(source: string): number {
    return Number(
      this.#file.first("SELECT generation FROM name_lists WHERE source = ?", source)?.generation ?? 0,
    );
  }
}

const EXACT = `SELECT name, display_name FROM projects WHERE name = ? AND failure IS NULL
  UNION ALL SELECT name, display_name FROM known_names WHERE name = ?`;
const KNOWN_PROJECTS = `SELECT DISTINCT name, display_name FROM projects
  WHERE name >= ? AND name < ? AND failure IS NULL ORDER BY name LIMIT ?`;
const LISTED_NAMES =
  "SELECT name, display_name FROM known_names WHERE name >= ? AND name < ? ORDER BY name LIMIT ?";
const INSERT = `INSERT INTO known_names (name, source, display_name, generation) VALUES (?, ?, ?, ?)
  ON CONFLICT (name, source) DO UPDATE SET display_name = excluded.display_name, generation = excluded.generation`;
