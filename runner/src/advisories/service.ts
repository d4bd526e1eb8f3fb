// Asks OSV's interface for single projects, which a person has to choose: it is told their names, never their versions.
import type { IndexClient } from "../index/index.ts";
import { type Advisories, type AdvisoryRow, SERVICE } from "../knowledge/index.ts";
import { readOsvRecord } from "./osv.ts";
import { createRater } from "./severity.ts";
import {
  OTHER_LICENSE,
  PUBLISHED_LICENSE,
  type UpdateAnswer,
  UpdateRefused,
  unreachable,
} from "./updating.ts";

export interface ServiceOptions {
  /** `https://api.osv.dev` or another address that answers alike. */
  readonly address: string;
  /** PEP 503 names; the caller leaves out what must not be told. */
  readonly names: readonly string[];
  readonly advisories: Advisories;
  readonly client: IndexClient;
  readonly now: number;
  readonly signal: AbortSignal;
  readonly progress: (message: string, stage: string, done?: number, total?: number) => void;
}

/** Queries in one request; OSV takes a thousand. */
const BATCH = 500;
/** Pages of one query: a service that always has another one is not believed. */
const MOST_PAGES = 50;
const MOST_RECORDS = 20_000;
const MOST_ANSWER_BYTES = 32 * 1024 * 1024;
const MOST_RECORD_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 8;
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

interface Query {
  readonly name: string;
  readonly token?: string;
}

/**
 * Asks for every record of some projects (`/v1/querybatch`, then `/v1/vulns/ID`) and keeps them.
 * @throws UpdateRefused where the service cannot be asked, or answers what it must not; what `signal` was aborted with.
 */
export async function askService(options: ServiceOptions): Promise<UpdateAnswer> {
  const base = new URL(options.address);
  const ids = await askForIds(base, options);
  const rows = await fetchRecords(base, ids, options);
  const source = `${SERVICE}${base.origin}`;
  const license = base.hostname === "api.osv.dev" ? PUBLISHED_LICENSE : OTHER_LICENSE;
  const { now, advisories, names } = options;
  advisories.replaceProjects(
    { source, place: base.origin, license, time: now, newest: now, asOf: now },
    names,
    rows,
  );
  const kept = advisories.sources().find((one) => one.source === source)!;
  return { source: kept, read: ids.size, problems: [], leftOut: 0, foreign: 0 };
}

async function askForIds(
  base: URL,
  { names, client, signal, progress }: ServiceOptions,
): Promise<Set<string>> {
  const ids = new Set<string>();
  const stage = `asking ${base.host}`;
  let open: Query[] = names.map((name) => ({ name }));
  for (let page = 0; open.length > 0; page++) {
    if (page >= MOST_PAGES) throw refuse(base, "has always another page");
    const next: Query[] = [];
    for (let at = 0; at < open.length; at += BATCH) {
      progress(`${stage} for ${open.length} projects`, stage);
      const queries = open.slice(at, at + BATCH);
      const json = JSON.stringify({
        queries: queries.map(({ name, token }) => ({
          package: { name, ecosystem: "PyPI" },
          ...(token === undefined ? {} : { page_token: token }),
        })),
      });
      const url = new URL("/v1/querybatch", base).href;
      const answer = await client.text(url, { signal, maxBytes: MOST_ANSWER_BYTES, json });
      if ("failure" in answer) throw unreachable(answer.failure);
      next.push(...readResults(base, answer.bytes, queries, ids));
      if (ids.size > MOST_RECORDS) throw refuse(base, `names more than ${MOST_RECORDS} advisories`);
    }
    open = next;
  }
  return ids;
}

/** Takes the ids of one answer; answers the queries that have another page. */
function readResults(base: URL, bytes: Uint8Array, queries: readonly Query[], ids: Set<string>): Query[] {
  const { results } = parse(base, bytes) as { results?: unknown };
  if (!Array.isArray(results) || results.length !== queries.length) {
    throw refuse(base, "answers other queries than were asked");
  }
  return results.flatMap((result: unknown, at) => {
    const { vulns, next_page_token: token } = (result ?? {}) as {
      vulns?: unknown;
      next_page_token?: unknown;
    };
    for (const one of Array.isArray(vulns) ? vulns : []) {
      const id = (one as { id?: unknown } | null)?.id;
      if (typeof id === "string" && ID.test(id)) ids.add(id);
    }
    return typeof token === "string" && token !== "" && token.length < 4096
      ? [{ name: queries[at]!.name, token }]
      : [];
  });
}

async function fetchRecords(
  base: URL,
  ids: ReadonlySet<string>,
  { names, client, signal, progress }: ServiceOptions,
): Promise<AdvisoryRow[]> {
  const rate = await createRater();
  const asked = new Set(names);
  const rows: AdvisoryRow[] = [];
  const waiting = [...ids];
  const stage = "fetching advisories";
  const work = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      progress(
        `${stage}: ${ids.size - waiting.length} of ${ids.size}`,
        stage,
        ids.size - waiting.length,
        ids.size,
      );
      const url = new URL(`/v1/vulns/${encodeURIComponent(id)}`, base).href;
      const answer = await client.text(url, { signal, maxBytes: MOST_RECORD_BYTES });
      // Half of what is known would look like all of it.
      if ("failure" in answer) throw unreachable(answer.failure);
      const read = readOsvRecord(parse(base, answer.bytes), rate);
      if ("problem" in read) throw refuse(base, `sends a record that ${read.problem}`);
      rows.push(...read.records.filter((one) => asked.has(one.package)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  signal.throwIfAborted();
  return rows;
}

function parse(base: URL, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) ?? {};
  } catch {
    throw refuse(base, "answers with what is no JSON");
  }
}

function refuse(base: URL, what: string): UpdateRefused {
  return new UpdateRefused(
    "bad-answer",
    `${base.host} ${what}.`,
    "Nothing was changed. Ask again later, or load the archive.",
  );
}
