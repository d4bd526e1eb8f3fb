// The schema of the file, step by step. A step that has been released is never edited: a change is a further step.

/**
 * One step. `portable` is SQL that SQLite and PostgreSQL both take (times are BIGINT milliseconds, flags are 0 or 1,
 * lists are JSON texts); `embedded` is for the file alone: caches that a server keeps elsewhere.
 */
export interface Migration {
  readonly portable: readonly string[];
  readonly embedded: readonly string[];
}

/** Every fact has where it is from, when, until when it counts as fresh, and why asking failed where it did. */
const FACT = "source TEXT NOT NULL, time BIGINT NOT NULL, fresh_until BIGINT, failure TEXT";

/** The steps in order; the schema's number is their count. */
export const MIGRATIONS: readonly Migration[] = [
  {
    portable: [
      `CREATE TABLE projects (
        name TEXT NOT NULL, display_name TEXT, summary TEXT, license TEXT, urls TEXT, status TEXT, status_reason TEXT,
        ${FACT}, PRIMARY KEY (name, source))`,
      `CREATE TABLE releases (
        project TEXT NOT NULL, version TEXT NOT NULL, requires_python TEXT, yanked INTEGER NOT NULL, yanked_reason TEXT,
        uploaded BIGINT, ${FACT}, PRIMARY KEY (project, version, source))`,
      `CREATE TABLE artifacts (
        project TEXT NOT NULL, version TEXT NOT NULL, filename TEXT NOT NULL, kind TEXT NOT NULL, url TEXT, size BIGINT,
        requires_python TEXT, yanked INTEGER NOT NULL, yanked_reason TEXT, uploaded BIGINT, ${FACT},
        PRIMARY KEY (filename, source))`,
      "CREATE INDEX artifacts_by_release ON artifacts (project, version)",
      `CREATE TABLE artifact_digests (
        filename TEXT NOT NULL, source TEXT NOT NULL, algorithm TEXT NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (filename, source, algorithm),
        FOREIGN KEY (filename, source) REFERENCES artifacts (filename, source) ON DELETE CASCADE)`,
      "CREATE INDEX artifact_digests_by_digest ON artifact_digests (digest)",
      `CREATE TABLE metadata (
        filename TEXT NOT NULL, project TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT, requires_python TEXT,
        summary TEXT, license TEXT, provides_extra TEXT NOT NULL, urls TEXT, ${FACT}, PRIMARY KEY (filename, source))`,
      "CREATE INDEX metadata_by_release ON metadata (project, version)",
      `CREATE TABLE dependencies (
        filename TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
        requirement TEXT NOT NULL, PRIMARY KEY (filename, source, position),
        FOREIGN KEY (filename, source) REFERENCES metadata (filename, source) ON DELETE CASCADE)`,
      "CREATE INDEX dependencies_by_name ON dependencies (name)",
      `CREATE TABLE inspections (
        id TEXT NOT NULL PRIMARY KEY, manifest TEXT, manifest_digest TEXT, stack_digest TEXT NOT NULL,
        environment_digest TEXT NOT NULL, environment TEXT NOT NULL, outcome TEXT NOT NULL, started_at BIGINT NOT NULL,
        duration DOUBLE PRECISION NOT NULL, log_path TEXT, ${FACT})`,
      "CREATE INDEX inspections_by_stack ON inspections (stack_digest, environment_digest, started_at)",
      "CREATE INDEX inspections_by_manifest ON inspections (manifest, started_at)",
      `CREATE TABLE inspection_packages (
        inspection TEXT NOT NULL REFERENCES inspections (id) ON DELETE CASCADE, position INTEGER NOT NULL,
        name TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT, PRIMARY KEY (inspection, position))`,
      "CREATE INDEX inspection_packages_by_name ON inspection_packages (name, version)",
      `CREATE TABLE inspection_stages (
        inspection TEXT NOT NULL REFERENCES inspections (id) ON DELETE CASCADE, position INTEGER NOT NULL,
        name TEXT NOT NULL, outcome TEXT NOT NULL, ms DOUBLE PRECISION NOT NULL, detail TEXT, requirement TEXT,
        PRIMARY KEY (inspection, position))`,
      `CREATE TABLE observations (
        inspection TEXT NOT NULL REFERENCES inspections (id) ON DELETE CASCADE, position INTEGER NOT NULL,
        kind TEXT NOT NULL, package TEXT, message TEXT NOT NULL, lines TEXT NOT NULL, PRIMARY KEY (inspection, position))`,
      "CREATE INDEX observations_by_package ON observations (package)",
      `CREATE TABLE indicators (
        inspection TEXT NOT NULL REFERENCES inspections (id) ON DELETE CASCADE, position INTEGER NOT NULL,
        name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL, unit TEXT NOT NULL, runs TEXT, PRIMARY KEY (inspection, position))`,
    ],
    embedded: [
      `CREATE TABLE pages (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, partition TEXT NOT NULL, url TEXT NOT NULL, etag TEXT,
        policy TEXT NOT NULL, fresh_until INTEGER NOT NULL, fetched_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL)`,
      // Apart from the page's row, so that sums, use and renewed policies never touch the long texts.
      "CREATE TABLE page_bodies (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
      `CREATE TABLE metadata_texts (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, used_at INTEGER NOT NULL, bytes INTEGER NOT NULL)`,
      "CREATE TABLE metadata_bodies (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    ],
  },
  {
    portable: [
      `CREATE TABLE name_lists (
        source TEXT NOT NULL PRIMARY KEY, time BIGINT NOT NULL, count BIGINT NOT NULL, generation BIGINT NOT NULL)`,
    ],
    embedded: [
      `CREATE TABLE known_names (
        name TEXT NOT NULL, source TEXT NOT NULL, display_name TEXT, generation INTEGER NOT NULL,
        PRIMARY KEY (name, source)) WITHOUT ROWID`,
    ],
  },
  {
    portable: [
      `CREATE TABLE advisory_sources (
        source TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL, license TEXT NOT NULL, time BIGINT NOT NULL,
        newest BIGINT NOT NULL, as_of BIGINT NOT NULL, records BIGINT NOT NULL)`,
      `CREATE TABLE advisories (
        package TEXT NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL, modified BIGINT NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (package, source, id))`,
      "CREATE INDEX advisories_by_id ON advisories (source, id)",
    ],
    embedded: [],
  },
  {
    portable: [
      `CREATE TABLE identities (
        project TEXT NOT NULL, version TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL, source TEXT NOT NULL,
        signer TEXT NOT NULL, identity TEXT NOT NULL, uploaded BIGINT, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL,
        PRIMARY KEY (project, filename, sha256, source, signer))`,
    ],
    embedded: [],
  },
];

/** The number of the schema that this program reads and writes. */
export const SCHEMA = MIGRATIONS.length;

/** Marks the file as ours in its header ("Thot"), so that another program's database is never written to. */
export const APPLICATION_ID = 0x54686f74;
