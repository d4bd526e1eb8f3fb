// Asks OSV's interface for single projects, which a person has to choose: it is told their names, never their versions.
import { type IndexClient, redactUrl } from "../index/index.ts";
import { type Advisories, SERVICE } from "../knowledge/index.ts";
import { createRater } from "./severity.ts";
import {
  Collected,
  horizonOf,
  OTHER_LICENSE,
  PUBLISHED_LICENSE,
  type UpdateAnswer,
  UpdateRefused,
  unreachable,
} from "./updating.ts";

export interface ServiceOptions {
  /** `https://api.osv.dev` or another address that answers alike, with or without the `/v1` of its interface. */
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
const LONGEST_TOKEN = 4_096;
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
  const base = interfaceOf(options.address);
  const ids = await askForIds(base, options);
  const collected = await fetchRecords(base, ids, options);
  const place = redactUrl(base).replace(/\/v1\/$/, "");
  const source = `${SERVICE}${place}`;
  const license = base.hostname === "api.osv.dev" ? PUBLISHED_LICENSE : OTHER_LICENSE;
  const { now, advisories, names } = options;
  const asked = new Set(names);
  const rows = collected.rows.filter((row) => asked.has(row.package));
  advisories.replaceProjects({ source, place, license, time: now, newest: now, asOf: now }, names, rows);
  return collected.answer(advisories, source);
}

/** Where the interface lies, which may be below a path of its server. */
function interfaceOf(address: string): URL {
  const base = new URL(address);
  base.pathname = `${base.pathname.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1/`;
  return base;
}

/** An address of the interface. A query of the service's own address may hold what lets one in, so it is sent along. */
function within(base: URL, name: string): string {
  const url = new URL(name, base);
  url.search = base.search;
  return url.href;
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
      const answer = await client.text(within(base, "querybatch"), {
        signal,
        maxBytes: MOST_ANSWER_BYTES,
        json,
      });
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
      // What is not asked for would look as if it were not there.
      if (typeof id !== "string" || !ID.test(id)) throw refuse(base, "names an advisory by what is no id");
      ids.add(id);
    }
    if (token === undefined || token === null || token === "") return [];
    const { name, token: last } = queries[at]!;
    if (typeof token !== "string" || token.length > LONGEST_TOKEN || token === last) {
      throw refuse(base, "names a next page that is none");
    }
    return [{ name, token }];
  });
}

async function fetchRecords(
  base: URL,
  ids: ReadonlySet<string>,
  { client, now, signal, progress }: ServiceOptions,
): Promise<Collected> {
  const collected = new Collected(horizonOf(now, undefined), await createRater());
  const waiting = [...ids];
  const stage = "fetching advisories";
  const work = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const done = ids.size - waiting.length;
      progress(`${stage}: ${done} of ${ids.size}`, stage, done, ids.size);
      const url = within(base, `vulns/${encodeURIComponent(id)}`);
      const answer = await client.text(url, { signal, maxBytes: MOST_RECORD_BYTES });
      // Half of what is known would look like all of it.
      if ("failure" in answer) throw unreachable(answer.failure);
      const value = parse(base, answer.bytes) as { id?: unknown };
      if (value.id !== id) throw refuse(base, `sends another record than ${id}`);
      collected.add({ name: id, value });
      const [problem] = collected.problems;
      if (problem !== undefined) throw refuse(base, `sends a record that cannot be read: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  signal.throwIfAborted();
  return collected;
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
