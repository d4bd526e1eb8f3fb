// Facts, signers and advisories from one machine to another: lines of JSON (NDJSON), one each, without caches, credentials or folders.
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Kysely } from "kysely";
import * as z from "zod";
import type { Advisories } from "./advisories.ts";
import { KnowledgeError, reasonOf } from "./errors.ts";
import type { Facts } from "./facts.ts";
import type { Identities, KeptIdentity } from "./identities.ts";
import type { Inspections } from "./inspections.ts";
import type { KnowledgeSchema } from "./schema.ts";
import {
  ADVISORY_LINE,
  ADVISORY_SOURCE_LINE,
  type AdvisoryTransfer,
  exportAdvisories,
  ImportedAdvisories,
} from "./transferAdvisories.ts";
import type { Artifact, ArtifactMetadata, Fact, Inspection, NewFact, Project, Release } from "./types.ts";

export interface ExportResult {
  readonly records: number;
}

/** What of the knowledge is read and written here. */
interface Source {
  readonly facts: Facts;
  readonly inspections: Inspections;
  readonly identities: Identities;
  readonly advisories: Advisories;
  db(): Promise<Kysely<KnowledgeSchema>>;
}

export interface ImportResult {
  /** Lines read and taken, or known already in a newer form. */
  readonly records: number;
  readonly badCount: number;
  /** The first hundred bad lines. */
  readonly bad: readonly { readonly line: number; readonly reason: string }[];
}

const FORMAT = "thoth-knowledge";
const FORMAT_VERSION = 1;
/** Facts per transaction on the way in. */
const BATCH = 1_000;
/** Bad lines that are told one by one. */
const MAX_BAD = 100;

/** See `Knowledge.exportTo`. A path appears only when it is complete. */
export async function exportTo(
  knowledge: Source,
  target: string | NodeJS.WritableStream,
): Promise<ExportResult> {
  let records = 0;
  async function* lines() {
    yield `${JSON.stringify({ kind: FORMAT, version: FORMAT_VERSION })}\n`;
    for await (const record of recordsOf(knowledge)) {
      records += 1;
      yield `${JSON.stringify(record)}\n`;
    }
  }
  if (typeof target !== "string") {
    await pipeline(Readable.from(lines()), target, { end: false });
    return { records };
  }
  const partial = `${target}.${process.pid}.partial`;
  try {
    await pipeline(Readable.from(lines()), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw new KnowledgeError(
      "unreadable",
      `${target} cannot be written: ${reasonOf(error)}.`,
      "Name a file in a folder that can be written.",
      { cause: error },
    );
  }
  return { records };
}

async function* recordsOf(knowledge: Source): AsyncGenerator<object> {
  const { facts, inspections, identities } = knowledge;
  const queries = await knowledge.db();
  const projects = await queries.selectFrom("projects").select("name").distinct().orderBy("name").execute();
  for (const { name } of projects) yield* exported("project", await facts.project(name));
  const released = await queries
    .selectFrom("releases")
    .select("project")
    .distinct()
    .orderBy("project")
    .execute();
  for (const { project } of released) yield* exported("release", await facts.releases(project));
  const built = await queries
    .selectFrom("artifacts")
    .select("project")
    .distinct()
    .orderBy("project")
    .execute();
  for (const { project } of built) yield* exported("artifact", await facts.artifacts(project));
  const files = await queries
    .selectFrom("metadata")
    .select("filename")
    .distinct()
    .orderBy("filename")
    .execute();
  for (const { filename } of files) yield* exported("metadata", await facts.metadata(filename));
  const ids = await queries
    .selectFrom("inspections")
    .select("id")
    .orderBy("started_at")
    .orderBy("id")
    .execute();
  for (const { id } of ids) {
    const fact = await inspections.inspection(id);
    if (fact !== undefined) yield* exported("inspection", [{ ...fact, value: withoutLog(fact.value) }]);
  }
  for (const project of identities.projects())
    for (const one of identities.ofProject(project)) yield { kind: "identity", ...one };
  yield* exportAdvisories(knowledge.advisories);
}

function* exported(kind: string, facts: readonly Fact<unknown>[]): Generator<object> {
  for (const { freshness: _, ...fact } of facts) yield { kind, ...fact };
}

function withoutLog({ logPath: _, ...inspection }: Inspection): Inspection {
  return inspection;
}

const texts = z.record(z.string(), z.string());
const release = {
  project: z.string().min(1),
  version: z.string().min(1),
  requiresPython: z.string().optional(),
  yanked: z.union([z.string(), z.literal(true)]).optional(),
  uploaded: z.number().optional(),
};
const fact = {
  source: z.string().min(1),
  time: z.number().int().nonnegative(),
  freshUntil: z.number().int().optional(),
  failure: z.string().optional(),
};

/** One line of the format. Keys that are not known are dropped: a newer Thoth may say more. */
const RECORD = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("project"),
    ...fact,
    value: z.object({
      name: z.string().min(1),
      displayName: z.string().optional(),
      summary: z.string().optional(),
      license: z.string().optional(),
      urls: texts.optional(),
      status: z.object({ status: z.string(), reason: z.string().optional() }).optional(),
    }),
  }),
  z.object({ kind: z.literal("release"), ...fact, value: z.object(release) }),
  z.object({
    kind: z.literal("artifact"),
    ...fact,
    value: z.object({
      ...release,
      filename: z.string().min(1),
      kind: z.enum(["wheel", "sdist", "other"]),
      url: z.string().optional(),
      size: z.number().optional(),
      digests: texts,
    }),
  }),
  z.object({
    kind: z.literal("metadata"),
    ...fact,
    value: z.object({
      filename: z.string().min(1),
      project: z.string().min(1),
      version: z.string().min(1),
      sha256: z.string().optional(),
      requiresPython: z.string().optional(),
      summary: z.string().optional(),
      license: z.string().optional(),
      providesExtra: z.array(z.string()).optional(),
      urls: texts.optional(),
      dependencies: z.array(z.object({ name: z.string(), requirement: z.string() })),
    }),
  }),
  z.object({
    kind: z.literal("inspection"),
    ...fact,
    value: z.object({
      id: z.string().min(1),
      manifest: z.string().optional(),
      manifestDigest: z.string().optional(),
      stackDigest: z.string(),
      environment: z.object({ digest: z.string(), description: z.record(z.string(), z.unknown()) }),
      packages: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string().optional() })),
      outcome: z.string(),
      startedAt: z.number(),
      duration: z.number(),
      stages: z.array(
        z.object({
          name: z.string(),
          outcome: z.string(),
          ms: z.number(),
          detail: z.string().optional(),
          requirement: z.string().optional(),
        }),
      ),
      observations: z.array(
        z.object({
          kind: z.string(),
          package: z.string().optional(),
          message: z.string(),
          lines: z.array(z.string()),
        }),
      ),
      indicators: z.array(
        z.object({
          name: z.string(),
          value: z.number(),
          unit: z.string(),
          runs: z.array(z.number()).optional(),
        }),
      ),
    }),
  }),
  z.object({
    kind: z.literal("identity"),
    project: z.string().min(1),
    version: z.string().min(1),
    filename: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/i),
    source: z.string().min(1),
    identity: z.record(z.string(), z.unknown()),
    uploadedAt: z.number().optional(),
    firstSeen: z.number().int().nonnegative(),
    lastSeen: z.number().int().nonnegative(),
  }),
  ADVISORY_SOURCE_LINE,
  ADVISORY_LINE,
]);

type ImportedRecord = Exclude<z.infer<typeof RECORD>, AdvisoryTransfer>;

/**
 * See `Knowledge.importFrom`.
 * @throws KnowledgeError `unreadable` when the file cannot be read or is not such an export at all.
 */
export async function importFrom(knowledge: Source, path: string): Promise<ImportResult> {
  const bad: { line: number; reason: string }[] = [];
  let records = 0;
  let badCount = 0;
  const imported = new ImportedAdvisories();
  let batch: ImportedRecord[] = [];
  let line = 0;
  try {
    for await (const text of createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      line += 1;
      if (line === 1) readHeader(text, path);
      if (line === 1 || text.trim() === "") continue;
      const read = readRecord(text);
      if (typeof read === "string") {
        badCount += 1;
        if (bad.length < MAX_BAD) bad.push({ line, reason: read });
        continue;
      }
      records += 1;
      if (read.kind === "advisory" || read.kind === "advisory-source") {
        imported.add(read);
        continue;
      }
      batch.push(read);
      if (batch.length < BATCH) continue;
      await record(knowledge, batch);
      batch = [];
    }
  } catch (error) {
    if (typeof (error as { syscall?: unknown }).syscall !== "string") throw error;
    throw new KnowledgeError(
      "unreadable",
      `${path} cannot be read: ${reasonOf(error)}.`,
      "Name a file that `thoth knowledge export` has written.",
      { cause: error },
    );
  }
  if (line === 0) readHeader("", path);
  await record(knowledge, batch);
  imported.merge(knowledge.advisories);
  return { records, badCount, bad };
}

function readHeader(text: string, path: string): void {
  const header = z.object({ kind: z.literal(FORMAT), version: z.number() }).safeParse(parseJson(text));
  if (header.success && header.data.version === FORMAT_VERSION) return;
  throw new KnowledgeError(
    "unreadable",
    header.success
      ? `${path} was exported by a newer Thoth: its format is ${header.data.version}, this one reads ${FORMAT_VERSION}.`
      : `${path} is not an export of knowledge: line 1 does not say so.`,
    header.success ? "Update Thoth." : "Name a file that `thoth knowledge export` has written.",
  );
}

function readRecord(text: string): z.infer<typeof RECORD> | string {
  const json = parseJson(text);
  if (json === undefined) return "it is not JSON";
  const read = RECORD.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  return `${issue?.path.join(".") || "the line"}: ${issue?.message ?? "not understood"}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function record(
  { facts, inspections, identities }: Source,
  records: readonly ImportedRecord[],
): Promise<void> {
  const releases: NewFact<Release>[] = [];
  const artifacts: NewFact<Artifact>[] = [];
  const signers: KeptIdentity[] = [];
  for (const each of records) {
    if (each.kind === "project") await facts.recordProject(each as NewFact<Project>);
    else if (each.kind === "release") releases.push(each as NewFact<Release>);
    else if (each.kind === "artifact") artifacts.push(each as NewFact<Artifact>);
    else if (each.kind === "identity") signers.push(each);
    else if (each.kind === "metadata") await facts.recordMetadata(each as NewFact<ArtifactMetadata>);
    else {
      const kept = await inspections.inspection(each.value.id);
      if (kept === undefined || kept.time < each.time) {
        await inspections.recordInspection(each.value as Inspection, each.source);
      }
    }
  }
  await facts.recordReleases(releases);
  await facts.recordArtifacts(artifacts);
  identities.merge(signers);
}
