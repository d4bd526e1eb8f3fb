// Inspections in and out: one stack, built and run in one environment, with its stages, observations and indicators.
import type { ExpressionBuilder } from "kysely";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import {
  type Change,
  chunks,
  type FactsAccess,
  factOfRow,
  optional,
  type Queries,
  untyped,
  withoutCredentials,
} from "./rows.ts";
import type { InspectionRow, KnowledgeSchema } from "./schema.ts";
import type { Fact, Inspection, KeptInspection, StackPackage } from "./types.ts";

/** Records and reads inspections. */
export class Inspections {
  readonly #access: FactsAccess;

  constructor(access: FactsAccess) {
    this.#access = access;
  }

  /** Keeps an inspection; one of the same `id` is replaced. Its source is `inspection ID`, unless it came from elsewhere. */
  async recordInspection(inspection: Inspection, source = `inspection ${inspection.id}`): Promise<void> {
    const { id } = inspection;
    await this.#access.change(async (change) => {
      await change.deleteFrom("inspections").where("id", "=", id).execute();
      await change
        .insertInto("inspections")
        .values({
          id,
          manifest: inspection.manifest ?? null,
          manifest_digest: inspection.manifestDigest ?? null,
          stack_digest: inspection.stackDigest ?? stackDigest(inspection.packages),
          environment_digest: inspection.environment.digest,
          environment: JSON.stringify(inspection.environment.description),
          outcome: inspection.outcome,
          started_at: inspection.startedAt,
          duration: inspection.duration,
          log_path: inspection.logPath ?? null,
          source: withoutCredentials(source),
          time: inspection.startedAt,
          fresh_until: null,
          failure: null,
        })
        .execute();
      await insertParts(change, "inspection_packages", id, inspection.packages, (value) => ({
        name: normalizeName(value.name),
        version: value.version,
        sha256: value.sha256?.toLowerCase() ?? null,
      }));
      await insertParts(change, "inspection_stages", id, inspection.stages, (value) => ({
        name: value.name,
        outcome: value.outcome,
        ms: value.ms,
        detail: value.detail ?? null,
        requirement: value.requirement ?? null,
      }));
      await insertParts(change, "observations", id, inspection.observations, (value) => ({
        kind: value.kind,
        package: value.package === undefined ? null : normalizeName(value.package),
        message: value.message,
        lines: JSON.stringify(value.lines),
      }));
      await insertParts(change, "indicators", id, inspection.indicators, (value) => ({
        name: value.name,
        value: value.value,
        unit: value.unit,
        runs: value.runs === undefined ? null : JSON.stringify(value.runs),
      }));
    });
  }

  /** The newest inspection of a stack, in one environment or in any. */
  async lastInspection(of: {
    stackDigest: string;
    environmentDigest?: string;
  }): Promise<Fact<KeptInspection> | undefined> {
    const { environmentDigest } = of;
    return this.#access.read(async (queries) => {
      const rows = await queries
        .selectFrom("inspections")
        .select("id")
        .where("stack_digest", "=", of.stackDigest)
        .$if(environmentDigest !== undefined, (query) =>
          query.where("environment_digest", "=", environmentDigest ?? ""),
        )
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(1)
        .execute();
      return (await this.#inspections(queries, rows))[0];
    });
  }

  /** The inspections of a manifest, or those whose stack had a package, newest first. */
  async inspectionsOf(
    what: { manifest: string } | { package: string; version?: string },
    limit = 20,
  ): Promise<Fact<KeptInspection>[]> {
    return this.#access.read(async (queries) => {
      const select = queries
        .selectFrom("inspections as i")
        .select("i.id")
        .orderBy("i.started_at", "desc")
        .orderBy("i.id", "desc")
        .limit(limit);
      const rows =
        "manifest" in what
          ? await select.where("i.manifest", "=", what.manifest).execute()
          : await select.where((builder) => hasPackage(builder, what)).execute();
      return this.#inspections(queries, rows);
    });
  }

  /** One inspection by its id. */
  async inspection(id: string): Promise<Fact<KeptInspection> | undefined> {
    return this.#access.read(async (queries) => (await this.#inspections(queries, [{ id }]))[0]);
  }

  async #inspections(queries: Queries, found: readonly { id: string }[]): Promise<Fact<KeptInspection>[]> {
    if (found.length === 0) return [];
    const ids = found.map((row) => row.id);
    const of = { ids };
    const rows = await queries.selectFrom("inspections").selectAll().where("id", "in", ids).execute();
    const packages = await parts(queries, "inspection_packages", of);
    const stages = await parts(queries, "inspection_stages", of);
    const observations = await parts(queries, "observations", of);
    const indicators = await parts(queries, "indicators", of);
    const now = this.#access.clock();
    const facts = rows.map((row) =>
      factOfRow<KeptInspection>(
        row,
        {
          id: row.id,
          ...optional("manifest", row.manifest),
          ...optional("manifestDigest", row.manifest_digest),
          stackDigest: row.stack_digest,
          environment: {
            digest: row.environment_digest,
            description: JSON.parse(row.environment) as Record<string, unknown>,
          },
          outcome: row.outcome,
          startedAt: row.started_at,
          duration: row.duration,
          ...optional("logPath", row.log_path),
          packages: (packages.get(row.id) ?? []).map(({ name, version, sha256 }) => ({
            name,
            version,
            ...optional("sha256", sha256),
          })),
          stages: (stages.get(row.id) ?? []).map(({ name, outcome, ms, detail, requirement }) => ({
            name,
            outcome,
            ms,
            ...optional("detail", detail),
            ...optional("requirement", requirement),
          })),
          observations: (observations.get(row.id) ?? []).map((seen) => ({
            kind: seen.kind,
            ...optional("package", seen.package),
            message: seen.message,
            lines: JSON.parse(seen.lines) as string[],
          })),
          indicators: (indicators.get(row.id) ?? []).map(({ name, value, unit, runs }) => ({
            name,
            value,
            unit,
            ...optional("runs", runs === null ? null : (JSON.parse(runs) as number[])),
          })),
        },
        now,
      ),
    );
    return facts.sort((a, b) => ids.indexOf(a.value.id) - ids.indexOf(b.value.id));
  }
}

/** The identity of a stack: names, versions and digests in any order give the same. */
export function stackDigest(packages: readonly StackPackage[]): string {
  // Loaded on use: opening knowledge would otherwise pay 3 ms for it, as much as reading a hundred pages.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const lines = packages.map(
    ({ name, version, sha256 }) => `${normalizeName(name)}==${version} ${sha256?.toLowerCase() ?? ""}`,
  );
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}

function hasPackage(
  { exists, selectFrom }: ExpressionBuilder<KnowledgeSchema & { i: InspectionRow }, "i">,
  { package: name, version }: { package: string; version?: string },
) {
  return exists(
    selectFrom("inspection_packages as p")
      .select("p.position")
      .whereRef("p.inspection", "=", "i.id")
      .where("p.name", "=", normalizeName(name))
      .$if(version !== undefined, (query) => query.where("p.version", "=", version ?? "")),
  );
}

type PartTable = "inspection_packages" | "inspection_stages" | "observations" | "indicators";

async function insertParts<T>(
  change: Change,
  table: PartTable,
  inspection: string,
  values: readonly T[],
  columns: (value: T) => Record<string, unknown>,
): Promise<void> {
  const rows = values.map((value, position) => ({ inspection, position, ...columns(value) }));
  for (const part of chunks(rows)) {
    await untyped(change).insertInto(table).values(part).execute();
  }
}

async function parts<T extends PartTable>(
  queries: Queries,
  table: T,
  of: { ids: readonly string[] },
): Promise<Map<string, KnowledgeSchema[T][]>> {
  const rows = (await untyped(queries)
    .selectFrom(table)
    .selectAll()
    .where("inspection", "in", of.ids)
    .orderBy("inspection")
    .orderBy("position")
    .execute()) as unknown as KnowledgeSchema[T][];
  return Map.groupBy(rows, (row) => row.inspection);
}
