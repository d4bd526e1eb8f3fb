// Gets one page of one remote index: from the store where it is fresh, else asked for again, and kept in its compact form.
import type { PageStore, StoredPage } from "../knowledge/index.ts";
import { failStatus, IndexError, offlineFailure } from "./failure.ts";
import { type ForbiddenMeansAbsent, isAbsentWhenForbidden } from "./knownIndexes.ts";
import type { IndexFailure, IndexLocation, ProjectPage } from "./model.ts";
import { ABSENT_BODY, decodePage, encodePage, pageOfDraft } from "./pageBody.ts";
import { readPage } from "./readPage.ts";
import { redactUrl } from "./redact.ts";
import type { Secrets } from "./secrets.ts";
import { type Answer, header, type Transport } from "./transport.ts";

/** What an index says of one project. */
export type PageResult =
  | { readonly page: ProjectPage }
  | { readonly absent: true }
  | { readonly failure: IndexFailure; readonly stale?: ProjectPage };

/** `default` asks again when a page is no longer fresh, `revalidate` always, `bypass` neither reads nor writes the store. */
export type CacheMode = "default" | "revalidate" | "bypass";

export interface PageReaderOptions {
  readonly transport: Transport;
  readonly store: PageStore;
  readonly secrets: Secrets;
  readonly cacheMode: CacheMode;
  readonly offline: boolean;
  readonly partitionKey: () => string | Uint8Array;
  readonly now: () => number;
  readonly forbiddenMeansAbsent: readonly ForbiddenMeansAbsent[];
  /** Handed each page that is to be kept; it is put into its compact form only when nothing else waits. */
  readonly write: (key: string, page: () => StoredPage) => void;
}

// As pip asks (PEP 691): JSON, else HTML.
const ACCEPT =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";
/** Milliseconds for which a page counts as fresh where the index does not say: what the public index says of its own pages. */
const UNSAID_FRESHNESS = 600_000;
/** The same for "no such project": a name may be registered at any time. */
const UNSAID_ABSENCE = 60_000;
/** No index is believed for longer than this. */
const LONGEST_FRESHNESS = 24 * 3_600_000;
// What freshness and revalidation are decided on. Nothing else of an answer is kept: it may hold cookies.
const KEPT_HEADERS = ["cache-control", "expires", "date", "age", "etag", "last-modified", "vary", "pragma"];

function keptHeaders(headers: Answer["headers"]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = header(headers, name);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

export class PageReader {
  readonly #options: PageReaderOptions;

  constructor(options: PageReaderOptions) {
    this.#options = options;
  }

  #key(url: URL): { key: string; partition: string } {
    const { secrets, partitionKey } = this.#options;
    // The partition is made of the credential, so whoever has another one, or none, finds nothing.
    const partition = secrets.partition(url, partitionKey);
    return { key: `page\n${partition}\n${redactUrl(url)}`, partition };
  }

  #decode(stored: StoredPage, name: string, index: IndexLocation, fresh: boolean): PageResult | undefined {
    if (stored.body === ABSENT_BODY) return { absent: true };
    const page = decodePage(name, stored.body, {
      index,
      fetchedAt: stored.fetchedAt,
      freshUntil: stored.freshUntil,
      freshness: fresh ? "fresh" : "stale",
      source: "store",
    });
    return page && { page };
  }

  /** What the store has of `url` and may be used without asking, offline whatever its age; undefined where the index must be asked. */
  fromStore(url: URL, name: string, index: IndexLocation): PageResult | undefined {
    const { store, cacheMode, offline, now } = this.#options;
    if ((cacheMode !== "default" && !offline) || url.search !== "") return undefined;
    const stored = store.read(this.#key(url).key);
    if (!stored) return undefined;
    const fresh = stored.freshUntil > now();
    return fresh || offline ? this.#decode(stored, name, index, fresh) : undefined;
  }

  /**
   * The page at `url`. `name` is the project in PEP 503 form, empty for a page of loose files. Throws only what `signal` was
   * aborted with: all else is a result.
   */
  async read(url: URL, name: string, index: IndexLocation, signal: AbortSignal): Promise<PageResult> {
    const { offline, cacheMode, store } = this.#options;
    const known = this.fromStore(url, name, index);
    if (known) return known;
    if (offline) return { failure: offlineFailure(index.url) };
    const keys = this.#key(url);
    // An address with a query may hold a token: it is never written down, not even hashed.
    const keep = cacheMode !== "bypass" && url.search === "";
    const stored = keep ? store.read(keys.key) : undefined;
    try {
      return await this.#ask(url, name, index, signal, { ...keys, stored, keep });
    } catch (error) {
      if (signal.aborted || !(error instanceof IndexError)) throw error;
      const { failure } = error;
      // Who may no longer see an index is not shown what it said before.
      const refused = failure.code === "unauthorized" || failure.code === "forbidden";
      const stale = stored && !refused ? this.#decode(stored, name, index, false) : undefined;
      return stale && "page" in stale ? { failure, stale: stale.page } : { failure };
    }
  }

  async #ask(
    url: URL,
    name: string,
    index: IndexLocation,
    signal: AbortSignal,
    kept: { key: string; partition: string; stored: StoredPage | undefined; keep: boolean },
  ): Promise<PageResult> {
    const { transport, secrets, forbiddenMeansAbsent } = this.#options;
    const { stored } = kept;
    const usable = stored && (stored.body === ABSENT_BODY || this.#decode(stored, name, index, true));
    const conditional = usable ? await this.#revalidationHeaders(stored, url) : {};
    const { maxWireBytes, maxPageBytes } = transport.limits;
    const headers = { accept: ACCEPT, "accept-encoding": "gzip, deflate", ...conditional };
    const answer = await transport.getWhole(url, { headers, signal, maxBytes: maxWireBytes });
    if (answer.status === 304 && usable) {
      const confirmed = await this.#confirm(stored, answer, url);
      const result = this.#decode(confirmed, name, index, true);
      if (result) return result;
    }
    if (answer.status === 404 || answer.status === 410) {
      await this.#keep(kept, url, answer, () => ABSENT_BODY, UNSAID_ABSENCE);
      return { absent: true };
    }
    if (answer.status === 403 && isAbsentWhenForbidden(url, forbiddenMeansAbsent)) return { absent: true };
    if (answer.status !== 200) {
      throw new IndexError(failStatus(url, answer.status, secrets.authorization(url) !== undefined));
    }
    const read = await readPage(answer, name === "" ? undefined : name, maxPageBytes);
    const draft = answer.url.origin === url.origin ? read : { ...read, answeredBy: answer.url.origin };
    const times = await this.#keep(kept, url, answer, () => encodePage(draft), UNSAID_FRESHNESS);
    return { page: pageOfDraft(name, draft, { index, ...times, freshness: "fresh", source: "network" }) };
  }

  async #revalidationHeaders(stored: StoredPage, url: URL): Promise<Record<string, string>> {
    const { default: CachePolicy } = await import("http-cache-semantics");
    try {
      const policy = CachePolicy.fromObject(JSON.parse(stored.policy) as never);
      const headers = policy.revalidationHeaders({
        url: url.pathname,
        method: "GET",
        headers: { accept: ACCEPT },
      });
      const conditional: Record<string, string> = {};
      for (const name of ["if-none-match", "if-modified-since"]) {
        const value = headers[name];
        if (typeof value === "string") conditional[name] = value;
      }
      return conditional;
    } catch {
      // A policy that another version wrote: the page is asked for whole.
      return {};
    }
  }

  /** The policy for an answer, and until when it is fresh. */
  async #policy(
    answer: Answer,
    url: URL,
    unsaid: number,
  ): Promise<{ policy: string; ttl: number; storable: boolean }> {
    const { default: CachePolicy } = await import("http-cache-semantics");
    const headers = keptHeaders(answer.headers);
    if (
      headers["cache-control"] === undefined &&
      headers.expires === undefined &&
      headers.pragma === undefined
    ) {
      headers["cache-control"] = `max-age=${unsaid / 1000}`;
    }
    const policy = new CachePolicy(
      { url: url.pathname, method: "GET", headers: { accept: ACCEPT } },
      { status: answer.status, headers },
      { shared: false },
    );
    const ttl = Math.min(policy.timeToLive(), LONGEST_FRESHNESS);
    return { policy: JSON.stringify(policy.toObject()), ttl, storable: policy.storable() };
  }

  async #keep(
    kept: { key: string; partition: string; keep: boolean },
    url: URL,
    answer: Answer,
    body: () => string,
    unsaid: number,
  ): Promise<{ fetchedAt: number; freshUntil?: number }> {
    const fetchedAt = this.#options.now();
    if (!kept.keep) return { fetchedAt };
    const { policy, ttl, storable } = await this.#policy(answer, url, unsaid);
    if (!storable) return { fetchedAt };
    const freshUntil = fetchedAt + ttl;
    const etag = header(answer.headers, "etag");
    const { key, partition } = kept;
    this.#options.write(key, () => ({
      key,
      partition,
      url: redactUrl(url),
      ...(etag === undefined ? {} : { etag }),
      policy,
      freshUntil,
      fetchedAt,
      body: body(),
    }));
    return { fetchedAt, freshUntil };
  }

  /** The index says that what is stored still holds. */
  async #confirm(stored: StoredPage, answer: Answer, url: URL): Promise<StoredPage> {
    const { default: CachePolicy } = await import("http-cache-semantics");
    const before = CachePolicy.fromObject(JSON.parse(stored.policy) as never);
    const { policy } = before.revalidatedPolicy(
      { url: url.pathname, method: "GET", headers: { accept: ACCEPT } },
      { status: 304, headers: keptHeaders(answer.headers) },
    );
    const fetchedAt = this.#options.now();
    const freshUntil = fetchedAt + Math.min(policy.timeToLive(), LONGEST_FRESHNESS);
    const text = JSON.stringify(policy.toObject());
    this.#options.store.touch(stored.key, text, freshUntil, fetchedAt);
    return { ...stored, policy: text, freshUntil, fetchedAt };
  }
}
