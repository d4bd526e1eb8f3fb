// Advisories that are kept: one row for each record and project, found by the project's name without reading the others.
import type { AdvisoryRecord, ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { KnowledgeFile } from "./file.ts";
import { withoutCredentials } from "./rows.ts";

/** Where advisories come from, how many, and how old. */
export interface AdvisorySource {
  /** `archive`, of which there is one, the place of a folder or file, or `service ORIGIN`. */
  readonly source: string;
  /** As the person named it, credentials removed. */
  readonly place: string;
  readonly license: string;
  /** Milliseconds since the epoch: when it was read in or confirmed. */
  readonly time: number;
  /** When the newest of its records was modified, times in the future left out. */
  readonly newest: number;
  /** What it knows reaches up to here: `newest`, or later where its publisher confirmed that there is nothing newer. */
  readonly asOf: number;
  readonly records: number;
}

/** A record of one project, as it is kept. */
export interface AdvisoryRow {
  readonly package: string;
  readonly record: AdvisoryRecord;
}

/** The id of the row that says that a service was asked for a project. */
const ASKED = "";
/** What the sources begin with that were asked for single projects. */
export const SERVICE = "service ";

export class Advisories {
  readonly #file: KnowledgeFile;

  constructor(file: KnowledgeFile) {
    this.#file = file;
  }

  /** Every source, the archive first. Empty: no advisories were ever loaded. */
  sources(): AdvisorySource[] {
    return this.#file
      .rows("SELECT * FROM advisory_sources ORDER BY source <> 'archive', source")
      .map(sourceOf);
  }

  /**
   * What is kept against each project; undefined where no advisories were ever loaded, so that it is not taken for none.
   * @param names in PEP 503 form.
   */
  read(names: Iterable<string>): Map<string, ProjectAdvisories> | undefined {
    const sources = this.sources();
    const [first] = sources;
    if (!first) return undefined;
    const source = sources.map(({ place }) => place).join(", ");
    const asOf = first.source === "archive" ? first.asOf : Math.max(...sources.map((one) => one.asOf));
    const isWhole = sources.some((one) => !one.source.startsWith(SERVICE));
    const found = new Map<string, ProjectAdvisories>();
    for (const name of names) {
      const rows = this.#file.rows("SELECT id, record FROM advisories WHERE package = ?", name);
      // A service knows only of what it was asked for: nothing of the others is not "none".
      if (!isWhole && rows.length === 0) continue;
      found.set(name, { records: recordsOf(rows.filter(({ id }) => id !== ASKED)), source, asOf });
    }
    return found;
  }

  /** How many records are kept, over all sources and projects. */
  count(): number {
    return Number(this.#file.first("SELECT coalesce(sum(records), 0) AS n FROM advisory_sources")?.n ?? 0);
  }

  /** All that a source has; a record with an empty id says that a service was asked for the project. */
  *rowsOf(source: string): Generator<AdvisoryRow> {
    const rows = this.#file.rows(
      "SELECT package, record FROM advisories WHERE source = ? ORDER BY package, id",
      source,
    );
    for (const row of rows) yield rowOf(row);
  }

  /** When a record of a source was modified, by its id. */
  modifiedOf(source: string): Map<string, number> {
    const rows = this.#file.rows("SELECT DISTINCT id, modified FROM advisories WHERE source = ?", source);
    return new Map(rows.map((row) => [String(row.id), Number(row.modified)]));
  }

  /**
   * Replaces all that a source has, in one transaction: a reader sees what was there or what is there. Where what is there is newer,
   * which another process may have brought in meanwhile, nothing is changed and that is answered.
   * @param unread ids of records that are there and could not be read: what was known of them stays.
   */
  replace(
    source: Omit<AdvisorySource, "records">,
    rows: readonly AdvisoryRow[],
    unread: readonly string[] = [],
  ): AdvisorySource | undefined {
    // In the table's order each row goes where the last one went, which is several times as fast.
    const sorted = [...rows].sort(byPackage);
    return this.#file.write(() => {
      const kept = this.#sourceOf(source.source);
      if (kept && kept.newest > source.newest) return kept;
      const staying = unread.flatMap((id) => this.#recordRows(source.source, id));
      this.#file.prepare("DELETE FROM advisories WHERE source = ?").run(source.source);
      this.#insert(source.source, sorted);
      this.#insert(source.source, staying);
      this.#keepSource(source);
      return undefined;
    });
  }

  /** Replaces single records of a source, those of `ids`, by `rows`; false, and nothing is changed, where the source is not at `from` any more. */
  merge(
    source: Omit<AdvisorySource, "records">,
    from: AdvisorySource,
    ids: readonly string[],
    rows: readonly AdvisoryRow[],
  ): boolean {
    return this.#file.write(() => {
      const kept = this.#sourceOf(source.source);
      if (kept?.place !== from.place || kept.newest !== from.newest || kept.time !== from.time) return false;
      const remove = this.#file.prepare("DELETE FROM advisories WHERE source = ? AND id = ?");
      for (const id of ids) remove.run(source.source, id);
      this.#insert(source.source, rows);
      this.#keepSource(source);
      return true;
    });
  }

  /** Replaces what a service says of some projects; the others that it was asked for before stay. */
  replaceProjects(
    source: Omit<AdvisorySource, "records">,
    names: readonly string[],
    rows: readonly AdvisoryRow[],
  ): void {
    this.#file.write(() => {
      const remove = this.#file.prepare("DELETE FROM advisories WHERE source = ? AND package = ?");
      for (const name of names) remove.run(source.source, name);
      const asked = names.map((name) => ({
        package: name,
        record: { id: ASKED, severity: "unknown" } as const,
      }));
      this.#insert(source.source, [...asked, ...rows]);
      this.#keepSource(source);
    });
  }

  /** Within a transaction. */
  #sourceOf(source: string): AdvisorySource | undefined {
    const row = this.#file.prepare("SELECT * FROM advisory_sources WHERE source = ?").get(source);
    return row && sourceOf(row);
  }

  #recordRows(source: string, id: string): AdvisoryRow[] {
    return this.#file
      .prepare("SELECT package, record FROM advisories WHERE source = ? AND id = ?")
      .all(source, id)
      .map(rowOf);
  }

  #insert(source: string, rows: readonly AdvisoryRow[]): void {
    const insert = this.#file.prepare(
      `INSERT INTO advisories (package, source, id, modified, record) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (package, source, id) DO UPDATE SET modified = excluded.modified, record = excluded.record
       WHERE excluded.modified >= advisories.modified`,
    );
    for (const { package: name, record } of rows) {
      insert.run(name, source, record.id, record.modified ?? 0, JSON.stringify(record));
    }
  }

  #keepSource({ source, place, license, time, newest, asOf }: Omit<AdvisorySource, "records">): void {
    const from = withoutCredentials(place);
    const records = Number(
      this.#file
        .prepare("SELECT count(DISTINCT id) AS n FROM advisories WHERE source = ? AND id <> ''")
        .get(source)?.n ?? 0,
    );
    this.#file
      .prepare(
        `INSERT INTO advisory_sources (source, place, license, time, newest, as_of, records) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (source) DO UPDATE SET place = excluded.place, license = excluded.license, time = excluded.time,
         newest = excluded.newest, as_of = excluded.as_of, records = excluded.records`,
      )
      .run(source, from, license, time, newest, asOf, records);
  }
}

function sourceOf(row: Record<string, unknown>): AdvisorySource {
  return {
    source: String(row.source),
    place: String(row.place),
    license: String(row.license),
    time: Number(row.time),
    newest: Number(row.newest),
    asOf: Number(row.as_of),
    records: Number(row.records),
  };
}

function rowOf(row: Record<string, unknown>): AdvisoryRow {
  return { package: String(row.package), record: JSON.parse(String(row.record)) as AdvisoryRecord };
}

function byPackage(a: AdvisoryRow, b: AdvisoryRow): number {
  return a.package < b.package ? -1 : a.package > b.package ? 1 : a.record.id < b.record.id ? -1 : 1;
}

/** The same record of two sources counts once, as it was modified last. */
function recordsOf(rows: readonly Record<string, unknown>[]): readonly AdvisoryRecord[] {
  if (rows.length === 0) return NONE;
  const byId = new Map<string, AdvisoryRecord>();
  for (const row of rows) {
    const record = JSON.parse(String(row.record)) as AdvisoryRecord;
    const other = byId.get(record.id);
    if (!other || (record.modified ?? 0) >= (other.modified ?? 0)) byId.set(record.id, record);
  }
  return [...byId.values()];
}

const NONE: readonly AdvisoryRecord[] = [];
