// Facts in and out: projects, releases, artifacts and their core metadata, each with source, time and freshness.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import {
  chunks,
  type FactsAccess,
  factColumns,
  factOfRow,
  optional,
  upsert,
  withoutCredentials,
} from "./rows.ts";
import type { Artifact, ArtifactMetadata, Fact, NewFact, Project, Release } from "./types.ts";

/** Records and reads facts. A newer fact replaces an older one of the same source; an older one changes nothing. */
export class Facts {
  readonly #access: FactsAccess;

  constructor(access: FactsAccess) {
    this.#access = access;
  }

  async recordProject(fact: NewFact<Project>): Promise<void> {
    const { value } = fact;
    await this.#access.change((change) =>
      upsert(
        change,
        "projects",
        ["name", "source"],
        [
          {
            name: normalizeName(value.name),
            display_name: value.displayName ?? null,
            summary: value.summary ?? null,
            license: value.license ?? null,
            urls: value.urls === undefined ? null : JSON.stringify(value.urls),
            status: value.status?.status ?? null,
            status_reason: value.status?.reason ?? null,
            ...factColumns(fact),
          },
        ],
      ),
    );
  }

  async recordRelease(fact: NewFact<Release>): Promise<void> {
    await this.recordReleases([fact]);
  }

  async recordReleases(facts: readonly NewFact<Release>[]): Promise<void> {
    await this.#access.change((change) =>
      upsert(
        change,
        "releases",
        ["project", "version", "source"],
        facts.map((fact) => ({ ...releaseColumns(fact.value), ...factColumns(fact) })),
      ),
    );
  }

  async recordArtifacts(facts: readonly NewFact<Artifact>[]): Promise<void> {
    await this.#access.change(async (change) => {
      await upsert(
        change,
        "artifacts",
        ["filename", "source"],
        facts.map((fact) => ({
          ...releaseColumns(fact.value),
          filename: fact.value.filename,
          kind: fact.value.kind,
          url: fact.value.url === undefined ? null : withoutCredentials(fact.value.url),
          size: fact.value.size ?? null,
          ...factColumns(fact),
        })),
      );
      const digests = facts.flatMap((fact) =>
        Object.entries(fact.value.digests).map(([algorithm, digest]) => ({
          filename: fact.value.filename,
          source: withoutCredentials(fact.source),
          algorithm: algorithm.toLowerCase(),
          digest: digest.toLowerCase(),
        })),
      );
      for (const rows of chunks(digests)) {
        await change
          .insertInto("artifact_digests")
          .values(rows)
          .onConflict((conflict) =>
            conflict
              .columns(["filename", "source", "algorithm"])
              .doUpdateSet((set) => ({ digest: set.ref("excluded.digest") })),
          )
          .execute();
      }
    });
  }

  async recordMetadata(fact: NewFact<ArtifactMetadata>): Promise<void> {
    const { value } = fact;
    const source = withoutCredentials(fact.source);
    await this.#access.change(async (change) => {
      const changed = await upsert(
        change,
        "metadata",
        ["filename", "source"],
        [
          {
            filename: value.filename,
            project: normalizeName(value.project),
            version: value.version,
            sha256: value.sha256?.toLowerCase() ?? null,
            requires_python: value.requiresPython ?? null,
            summary: value.summary ?? null,
            license: value.license ?? null,
            provides_extra: JSON.stringify(value.providesExtra ?? []),
            urls: value.urls === undefined ? null : JSON.stringify(value.urls),
            ...factColumns(fact),
          },
        ],
      );
      if (changed === 0) return;
      await change
        .deleteFrom("dependencies")
        .where("filename", "=", value.filename)
        .where("source", "=", source)
        .execute();
      const rows = value.dependencies.map((dependency, position) => ({
        filename: value.filename,
        source,
        position,
        name: normalizeName(dependency.name),
        requirement: dependency.requirement,
      }));
      for (const part of chunks(rows)) await change.insertInto("dependencies").values(part).execute();
    });
  }

  /** What each source says of a project, newest first. */
  async project(name: string): Promise<Fact<Project>[]> {
    const rows = await this.#access.read((queries) =>
      queries
        .selectFrom("projects")
        .selectAll()
        .where("name", "=", normalizeName(name))
        .orderBy("time", "desc")
        .orderBy("source")
        .execute(),
    );
    return rows.map((row) =>
      this.#fact(row, {
        name: row.name,
        ...optional("displayName", row.display_name),
        ...optional("summary", row.summary),
        ...optional("license", row.license),
        ...optional("urls", row.urls === null ? null : (JSON.parse(row.urls) as Record<string, string>)),
        ...(row.status === null
          ? {}
          : { status: { status: row.status, ...optional("reason", row.status_reason) } }),
      }),
    );
  }

  /** The releases of a project on every source, in no order of versions. */
  async releases(project: string): Promise<Fact<Release>[]> {
    const rows = await this.#access.read((queries) =>
      queries
        .selectFrom("releases")
        .selectAll()
        .where("project", "=", normalizeName(project))
        .orderBy("source")
        .orderBy("version")
        .execute(),
    );
    return rows.map((row) => this.#fact(row, releaseOfRow(row)));
  }

  /** The artifacts of a project, or of one of its releases, on every source. */
  async artifacts(project: string, version?: string): Promise<Fact<Artifact>[]> {
    const { rows, digests } = await this.#access.read(async (queries) => ({
      rows: await queries
        .selectFrom("artifacts")
        .selectAll()
        .where("project", "=", normalizeName(project))
        .$if(version !== undefined, (query) => query.where("version", "=", version ?? ""))
        .orderBy("source")
        .orderBy("filename")
        .execute(),
      digests: await queries
        .selectFrom("artifact_digests as d")
        .innerJoin("artifacts as a", (join) =>
          join.onRef("a.filename", "=", "d.filename").onRef("a.source", "=", "d.source"),
        )
        .select(["d.filename", "d.source", "d.algorithm", "d.digest"])
        .where("a.project", "=", normalizeName(project))
        .execute(),
    }));
    const byArtifact = Map.groupBy(digests, (row) => `${row.source}\n${row.filename}`);
    return rows.map((row) =>
      this.#fact(row, {
        ...releaseOfRow(row),
        filename: row.filename,
        kind: row.kind as Artifact["kind"],
        ...optional("url", row.url),
        ...optional("size", row.size),
        digests: Object.fromEntries(
          (byArtifact.get(`${row.source}\n${row.filename}`) ?? []).map((d) => [d.algorithm, d.digest]),
        ),
      }),
    );
  }

  /** The core metadata of an artifact, as each source gave it. */
  async metadata(filename: string): Promise<Fact<ArtifactMetadata>[]> {
    const { rows, dependencies } = await this.#access.read(async (queries) => ({
      rows: await queries
        .selectFrom("metadata")
        .selectAll()
        .where("filename", "=", filename)
        .orderBy("time", "desc")
        .execute(),
      dependencies: await queries
        .selectFrom("dependencies")
        .selectAll()
        .where("filename", "=", filename)
        .orderBy("position")
        .execute(),
    }));
    return rows.map((row) =>
      this.#fact(row, {
        filename: row.filename,
        project: row.project,
        version: row.version,
        ...optional("sha256", row.sha256),
        ...optional("requiresPython", row.requires_python),
        ...optional("summary", row.summary),
        ...optional("license", row.license),
        ...optional("urls", row.urls === null ? null : (JSON.parse(row.urls) as Record<string, string>)),
        providesExtra: JSON.parse(row.provides_extra) as string[],
        dependencies: dependencies
          .filter((dependency) => dependency.source === row.source)
          .map(({ name, requirement }) => ({ name, requirement })),
      }),
    );
  }

  #fact<T>(row: Parameters<typeof factOfRow>[0], value: T): Fact<T> {
    return factOfRow(row, value, this.#access.clock());
  }
}

function releaseColumns(value: Release) {
  return {
    project: normalizeName(value.project),
    version: value.version,
    requires_python: value.requiresPython ?? null,
    yanked: value.yanked === undefined ? 0 : 1,
    yanked_reason: typeof value.yanked === "string" ? value.yanked : null,
    uploaded: value.uploaded ?? null,
  };
}

function releaseOfRow(row: {
  project: string;
  version: string;
  requires_python: string | null;
  yanked: number;
  yanked_reason: string | null;
  uploaded: number | null;
}): Release {
  return {
    project: row.project,
    version: row.version,
    ...optional("requiresPython", row.requires_python),
    ...(row.yanked === 0 ? {} : { yanked: row.yanked_reason ?? (true as const) }),
    ...optional("uploaded", row.uploaded),
  };
}
