// Follows a published archive by the list of what was modified when (`modified_id.csv`): only the records that changed are fetched.
import { type IndexClient, redactUrl } from "../index/index.ts";
import type { AdvisorySource } from "../knowledge/index.ts";
import { timeOf } from "./osv.ts";
import type { ReadItem } from "./reading.ts";
import { createRater } from "./severity.ts";
import {
  ARCHIVE,
  Collected,
  horizonOf,
  refuseOlder,
  type UpdateAnswer,
  type UpdateOptions,
  unreachable,
} from "./updating.ts";

/** More changed records than this, and the whole archive is sooner fetched. */
const MOST_SINGLE = 400;
const AT_ONCE = 8;
const MOST_LIST_BYTES = 256 * 1024 * 1024;
const MOST_RECORD_BYTES = 8 * 1024 * 1024;

interface Listed {
  readonly id: string;
  /** Where the record is, from where the list is. */
  readonly place: string;
  readonly modified: number;
}

/**
 * Brings what is kept up to date. Answers `whole` where the archive itself is needed: there is no list, too much has changed, or
 * something that is kept is on it no more, which may be withdrawn or only cut off the list; and `again` where another process has
 * changed meanwhile what is kept.
 * @param kept what the archive's slot holds, from this very address.
 * @throws UpdateRefused; what the signal was aborted with.
 */
export async function updateChanged(
  url: URL,
  kept: AdvisorySource,
  client: IndexClient,
  options: UpdateOptions,
): Promise<UpdateAnswer | "whole" | "again"> {
  const { advisories, signal, now, progress } = options;
  const list = beside(url, "modified_id.csv");
  progress("asking what has changed", "asking what has changed");
  const answer = await client.text(list.href, { signal, maxBytes: MOST_LIST_BYTES });
  if ("failure" in answer) {
    if (answer.failure.code === "not-found") return "whole";
    throw unreachable(answer.failure);
  }
  const listed = readModified(answer.bytes.toString("utf8"));
  if (listed.size === 0) return "whole";
  const horizon = horizonOf(now, kept);
  let newest = 0;
  for (const { modified } of listed.values()) if (modified <= horizon) newest = Math.max(newest, modified);
  refuseOlder(newest, kept, redactUrl(list));
  const known = advisories.modifiedOf(ARCHIVE);
  for (const id of known.keys()) if (!listed.has(id)) return "whole";
  const changed = [...listed.values()].filter(
    ({ id, modified }) => modified > (known.get(id) ?? Number.NEGATIVE_INFINITY),
  );
  if (changed.length > MOST_SINGLE) return "whole";
  const collected = await fetchRecords(url, changed, client, horizon, options);
  if (!collected) return "whole";
  const source = {
    ...kept,
    time: now,
    newest: Math.max(newest, kept.newest),
    asOf: Math.max(newest, kept.asOf),
  };
  if (!advisories.merge(source, kept, [...collected.ids], collected.rows)) return "again";
  return collected.answer(advisories, ARCHIVE);
}

/** The records themselves; undefined where one that is on the list is not there. */
async function fetchRecords(
  url: URL,
  changed: readonly Listed[],
  client: IndexClient,
  horizon: number,
  { signal, progress }: UpdateOptions,
): Promise<Collected | undefined> {
  const collected = new Collected(horizon, await createRater());
  const waiting = [...changed];
  let done = 0;
  let isWhole = true;
  const stage = "fetching changed advisories";
  const work = async (): Promise<void> => {
    for (let one = waiting.pop(); one && isWhole; one = waiting.pop()) {
      progress(`${stage}: ${++done} of ${changed.length}`, stage, done, changed.length);
      const place = beside(url, `${one.place.split("/").map(encodeURIComponent).join("/")}.json`);
      const record = await client.text(place.href, { signal, maxBytes: MOST_RECORD_BYTES });
      if (!("failure" in record)) collected.add(parseRecord(one.id, record.bytes.toString("utf8")));
      else if (record.failure.code === "not-found") isWhole = false;
      else throw unreachable(record.failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  signal.throwIfAborted();
  return isWhole ? collected : undefined;
}

/** What lies beside the archive. The archive's query may hold what lets one in, so it is sent along. */
function beside(url: URL, name: string): URL {
  const place = new URL(name, url);
  place.search = url.search;
  return place;
}

function parseRecord(id: string, text: string): ReadItem {
  try {
    const value = JSON.parse(text) as { id?: unknown };
    return value?.id === id
      ? { name: id, value }
      : { name: id, problem: "is another record than was asked for" };
  } catch {
    return { name: id, problem: "is no JSON" };
  }
}

/** `2024-08-15T00:05:00Z,GHSA-…`, or with the ecosystem before the id, of which PyPI's count. In any order; the latest time of an id. */
function readModified(text: string): Map<string, Listed> {
  const rows = new Map<string, Listed>();
  for (const line of text.split(/\r?\n/)) {
    const [time = "", written = ""] = line.split(",");
    const place = written.trim();
    const [, ecosystem, id] = /^(?:([^/]*)\/)?([A-Za-z0-9][A-Za-z0-9._:-]{0,127})$/.exec(place) ?? [];
    const modified = timeOf(time.trim());
    if (id === undefined || modified === undefined) continue;
    if (ecosystem !== undefined && ecosystem.toLowerCase() !== "pypi") continue;
    if (modified > (rows.get(id)?.modified ?? Number.NEGATIVE_INFINITY))
      rows.set(id, { id, place, modified });
  }
  return rows;
}
