// Speaks HTTP to indexes: bounded, cancellable, retried, with each credential for its own origin only. Loads undici on first use.
import type { Dispatcher } from "undici";
import { abortError, orAbort, Slots } from "./concurrency.ts";
import { fail, failError, IndexError } from "./failure.ts";
import type { IndexFailure } from "./model.ts";
import type { IndexSettings } from "./settings.ts";

/** Bounds, all with defaults that suit a person who waits; tests use smaller ones. */
export interface TransportLimits {
  /** Requests at once. */
  readonly concurrency: number;
  /** Milliseconds for connecting, for the headers, and between two pieces of a body: pip's `timeout`. */
  readonly timeoutMs: number;
  /** Milliseconds for a whole page or metadata file, so that no server holds us by dripping. */
  readonly deadlineMs: number;
  /** Milliseconds for a whole artifact. */
  readonly downloadDeadlineMs: number;
  /** Bytes of a page on the wire. */
  readonly maxWireBytes: number;
  /** Bytes of a page after decompression. */
  readonly maxPageBytes: number;
  /** Bytes of an artifact that is read into memory for its metadata. */
  readonly maxMemoryBytes: number;
  /** Bytes of an artifact that is downloaded. */
  readonly maxDownloadBytes: number;
  readonly maxRedirections: number;
  readonly retries: number;
  /** Milliseconds before the first retry; each further one waits twice as long. */
  readonly retryDelayMs: number;
}

export function defaultLimits(settings: Pick<IndexSettings, "timeoutMs" | "retries">): TransportLimits {
  return {
    concurrency: 50,
    timeoutMs: settings.timeoutMs,
    deadlineMs: Math.max(60_000, settings.timeoutMs * 4),
    downloadDeadlineMs: 30 * 60_000,
    maxWireBytes: 64 * 1024 * 1024,
    maxPageBytes: 256 * 1024 * 1024,
    maxMemoryBytes: 128 * 1024 * 1024,
    maxDownloadBytes: 8 * 1024 * 1024 * 1024,
    maxRedirections: 10,
    retries: settings.retries,
    retryDelayMs: 250,
  };
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number;
  /** Sent by POST, which is not tried again by itself. */
  readonly body?: string | undefined;
}

export interface OpenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Answer extends Omit<OpenAnswer, "body"> {
  /** As sent, not decompressed. */
  readonly body: Buffer;
}

/** A header's text, the first where it came more than once. */
export function header(headers: OpenAnswer["headers"], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export type ReadFileBytes = (path: string) => Promise<Uint8Array>;

interface Undici {
  readonly dispatcher: Dispatcher;
  readonly request: (
    this: Dispatcher,
    options: Dispatcher.RequestOptions,
  ) => Promise<Dispatcher.ResponseData>;
  readonly destroy: () => Promise<void>;
}

/** After so many silences in a row a host is not asked again for `SILENT_FOR` milliseconds. */
const SILENT_AFTER = 3;
const SILENT_FOR = 30_000;
const RETRIED_STATUS = [429, 500, 502, 503, 504, 520, 524];
const RETRIED_ERRORS = [
  "ECONNRESET",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EPIPE",
  "UND_ERR_SOCKET",
  "EAI_AGAIN",
];

/** Whether `url` is of a host that pip was told to trust without TLS or a valid certificate. */
export function isTrustedHost(url: URL, trusted: readonly string[]): boolean {
  return trusted.some((entry) => {
    const [, host = "", port] = /^(?:\w+:\/\/)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(entry) ?? [];
    if (host.toLowerCase() !== url.hostname.toLowerCase()) return false;
    return port === undefined || port === (url.port || (url.protocol === "https:" ? "443" : "80"));
  });
}

/** Where pip takes plain http without being told: this machine (pip `SECURE_ORIGINS`). */
export function isLoopback(url: URL): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(url.hostname);
}

/** One client for all indexes of a session. */
export class Transport {
  readonly limits: TransportLimits;
  readonly #settings: IndexSettings;
  readonly #userAgent: string;
  readonly #readFile: ReadFileBytes;
  readonly #slots: Slots;
  /** Hosts that did not answer, one after the other: a hundred packages need not each wait for the same silence. */
  readonly #silence = new Map<string, { count: number; until: number; failure: IndexFailure }>();
  #undici: Promise<Undici> | undefined;
  #closed = false;

  constructor(settings: IndexSettings, limits: TransportLimits, userAgent: string, readFile: ReadFileBytes) {
    this.#settings = settings;
    this.limits = limits;
    this.#userAgent = userAgent;
    this.#readFile = readFile;
    this.#slots = new Slots(limits.concurrency);
  }

  /**
   * Gives the answer to a GET of `url` to `use`, whose result it returns; the connection is freed when `use` is done. Throws
   * IndexError for what a person is to be told, and what `signal` was aborted with.
   */
  async get<T>(url: URL, options: RequestOptions, use: (answer: OpenAnswer) => Promise<T>): Promise<T> {
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new IndexError(fail("unsafe-url", url, "is no address of a network", "Use http or https."));
    }
    const release = await this.#slots.take(options.signal);
    const silent = this.#silence.get(url.origin);
    if (silent && silent.count >= SILENT_AFTER && Date.now() < silent.until) {
      release();
      throw new IndexError(silent.failure);
    }
    // One controller for both ends: AbortSignal.any costs more than the rest of a small request.
    const ending = new AbortController();
    const outer = options.signal;
    const onAbort = (): void => ending.abort(outer && abortError(outer));
    if (outer?.aborted) onAbort();
    outer?.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(
      () => ending.abort(new DOMException("Deadline", "TimeoutError")),
      options.deadlineMs ?? this.limits.deadlineMs,
    );
    const { signal } = ending;
    let body: Dispatcher.ResponseData["body"] | undefined;
    try {
      const answer = await orAbort(this.#send(url, options, signal), signal);
      this.#silence.delete(url.origin);
      body = answer.data.body;
      body.on("error", () => {});
      return await orAbort(use({ ...answer.open, body }), signal);
    } catch (error) {
      if (outer?.aborted) throw abortError(outer);
      const failure = failError(url, signal.aborted ? signal.reason : error);
      if (body === undefined) this.#noteSilence(url.origin, failure);
      throw new IndexError(failure);
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener("abort", onAbort);
      // What was not read to its end would hold the connection.
      if (body && !body.readableEnded) body.destroy();
      release();
    }
  }

  #noteSilence(origin: string, failure: IndexFailure): void {
    if (failure.code !== "timeout" && failure.code !== "unreachable") return;
    const count = (this.#silence.get(origin)?.count ?? 0) + 1;
    this.#silence.set(origin, { count, until: Date.now() + SILENT_FOR, failure });
  }

  /** The whole answer to a GET of `url`. A body of more than `maxBytes` is an IndexError. */
  getWhole(url: URL, options: RequestOptions & { readonly maxBytes: number }): Promise<Answer> {
    return this.get(url, options, async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      url: answer.url,
      body: await readAll(answer, options.maxBytes),
    }));
  }

  async #send(
    url: URL,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<{ open: Omit<OpenAnswer, "body">; data: Dispatcher.ResponseData }> {
    this.#undici ??= this.#load();
    const { dispatcher, request } = await this.#undici;
    const data = await request.call(dispatcher, {
      origin: url.origin,
      path: url.pathname + url.search,
      method: options.body === undefined ? "GET" : "POST",
      ...(options.body === undefined ? {} : { body: options.body }),
      headers: { "user-agent": this.#userAgent, ...options.headers },
      signal,
      throwOnMaxRedirect: true,
      // Carried through the interceptors to the guard, which sees every hop.
      startedSecure: url.protocol === "https:",
    } as Dispatcher.RequestOptions);
    const history = (data.context as { history?: URL[] } | undefined)?.history;
    return { open: { status: data.statusCode, headers: data.headers, url: history?.at(-1) ?? url }, data };
  }

  async #load(): Promise<Undici> {
    const { redirect, request, retry } = await import("./http.ts");
    const strict = await this.#agent(true);
    let lenient: Dispatcher | undefined;
    if (this.#settings.trustedHosts.length > 0) lenient = await this.#agent(false);
    const { limits } = this;
    const dispatcher = strict.compose(
      this.#guard(strict, lenient ?? strict),
      retry({
        maxRetries: limits.retries,
        minTimeout: limits.retryDelayMs,
        maxTimeout: Math.max(limits.retryDelayMs, 5000),
        timeoutFactor: 2,
        statusCodes: RETRIED_STATUS,
        errorCodes: RETRIED_ERRORS,
        // What is sent by POST asks, and changes nothing where it is sent twice.
        methods: ["GET", "POST"],
        throwOnError: false,
      }),
      redirect({ maxRedirections: limits.maxRedirections, throwOnMaxRedirect: true }),
    );
    const destroy = async (): Promise<void> => {
      await Promise.all([strict.destroy(), lenient?.destroy()]);
    };
    if (this.#closed) await destroy();
    return { dispatcher, request, destroy };
  }

  /** Below retry and redirect, so that it sees every hop: adds the login of the hop's own origin, and refuses to go from https to http. */
  #guard(strict: Dispatcher, lenient: Dispatcher): Dispatcher.DispatcherComposeInterceptor {
    const { secrets, trustedHosts } = this.#settings;
    return () => (options, handler) => {
      const url = new URL(options.path, String(options.origin));
      const trusted = isTrustedHost(url, trustedHosts);
      const { startedSecure } = options as { startedSecure?: boolean };
      if (startedSecure && url.protocol === "http:" && !trusted) {
        const failure = fail(
          "redirect-refused",
          url,
          "is plain http, and was reached from an https address",
          "Use the https address of the index.",
        );
        throw new IndexError(failure);
      }
      const authorization = secrets.authorization(url);
      const headers = authorization
        ? withHeader(options.headers, "authorization", authorization)
        : options.headers;
      return (trusted ? lenient : strict).dispatch({ ...options, headers: headers ?? null }, handler);
    };
  }

  /** What connects: through a proxy where one is set, with TLS set up only when an https address is first asked. */
  async #agent(strictTls: boolean): Promise<Dispatcher> {
    const { limits } = this;
    const settings = this.#settings;
    const common = {
      allowH2: false,
      pipelining: 1,
      headersTimeout: limits.timeoutMs,
      bodyTimeout: limits.timeoutMs,
      connectTimeout: limits.timeoutMs,
    };
    const places = [...settings.indexes, ...settings.findLinks];
    const identity = await this.#readIdentity();
    // Parsed once: a bundle of authorities takes ten milliseconds, and there may be 50 connections.
    const shared = places.some(({ url }) => url.startsWith("https:"))
      ? { secureContext: (await import("node:tls")).createSecureContext(identity) }
      : identity;
    const tls = { timeout: limits.timeoutMs, rejectUnauthorized: strictTls, ...shared };
    const proxy = settings.proxy();
    if (proxy.http || proxy.https) {
      const ProxyAgent = await (await import("./http.ts")).loadProxyAgent();
      return new ProxyAgent({
        ...common,
        connect: tls,
        requestTls: tls,
        proxyTls: tls,
        httpProxy: proxy.http ?? "",
        httpsProxy: proxy.https ?? "",
        noProxy: proxy.no ?? "",
      });
    }
    const { Agent } = await import("./http.ts");
    return new Agent({ ...common, connect: tls });
  }

  /** The authorities and the client certificate that pip is set to use. */
  async #readIdentity(): Promise<{ ca?: Buffer; cert?: Buffer; key?: Buffer }> {
    const { cert, clientCert, indexes } = this.#settings;
    try {
      const [ca, both] = await Promise.all([
        cert === undefined ? undefined : this.#readFile(cert),
        clientCert === undefined ? undefined : this.#readFile(clientCert),
      ]);
      const own = both && Buffer.from(both);
      return { ...(ca ? { ca: Buffer.from(ca) } : {}), ...(own ? { cert: own, key: own } : {}) };
    } catch (error) {
      const { code = "error" } = error as NodeJS.ErrnoException;
      const why = `cannot be asked: a certificate file cannot be read (${code})`;
      throw new IndexError(
        fail("tls", indexes[0]?.url ?? "file:///", why, "Check pip's cert and client-cert options."),
      );
    }
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    this.#closed = true;
    const undici = this.#undici;
    if (!undici) return;
    await undici.then(({ destroy }) => destroy()).catch(() => {});
  }
}

/** Headers in any of the forms that undici hands on, with one more. */
function withHeader(
  headers: Dispatcher.DispatchOptions["headers"],
  name: string,
  value: string,
): Dispatcher.DispatchOptions["headers"] {
  if (headers === null || headers === undefined) return { [name]: value };
  if (Array.isArray(headers)) return [...headers, name, value];
  if (Symbol.iterator in headers)
    return [...(headers as Iterable<[string, string]>)].flat().concat(name, value);
  return { ...headers, [name]: value };
}

/** A body's bytes, as long as they are at most `maxBytes`. */
export async function readAll(answer: OpenAnswer, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): IndexError =>
    new IndexError(
      fail(
        "too-large",
        answer.url,
        `sent more than ${Math.ceil(maxBytes / 1_048_576)} MB for one page`,
        "Check the address of the index.",
      ),
    );
  if (Number(header(answer.headers, "content-length") ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** The body of an answer without its content encoding, at most `maxBytes` long. Throws IndexError. */
export async function decodeBody(answer: Answer, maxBytes: number): Promise<Buffer> {
  const encodings = (header(answer.headers, "content-encoding") ?? "")
    .split(",")
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== "" && encoding !== "identity");
  if (encodings.length === 0) return answer.body;
  const { gunzip, inflate, brotliDecompress } = await import("node:zlib");
  const decoders = { gzip: gunzip, "x-gzip": gunzip, deflate: inflate, br: brotliDecompress };
  const again = "Check again later, or tell the keepers of the index.";
  if (encodings.length > 2)
    throw new IndexError(fail("bad-encoding", answer.url, "packed a page too many times", again));
  let { body } = answer;
  for (const encoding of encodings.reverse()) {
    const decode = Object.hasOwn(decoders, encoding)
      ? (decoders[encoding as keyof typeof decoders] as typeof gunzip)
      : undefined;
    if (!decode) {
      throw new IndexError(
        fail("bad-encoding", answer.url, `sent an encoding that was not asked for (${encoding})`, again),
      );
    }
    const packed = body;
    body = await new Promise<Buffer>((resolve, reject) => {
      // Each piece of output is a job of its own for the thread pool: one piece for most pages.
      const chunkSize = Math.min(Math.max(packed.length * 12, 65_536), 4_194_304);
      decode(packed, { maxOutputLength: maxBytes, chunkSize }, (error, unpacked) => {
        if (!error) return resolve(unpacked);
        const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
        const code = large ? "too-large" : "bad-encoding";
        const what = large ? "sent a page that unpacks to too much" : `sent broken ${encoding}`;
        reject(new IndexError(fail(code, answer.url, what, again)));
      });
    });
  }
  return body;
}
