// The index client's front: one project or many, core metadata, artifacts. Everything below it is loaded when first needed.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { MetadataStore, PageStore, StoredPage } from "../knowledge/index.ts";
import { abortError, InFlight, orAbort } from "./concurrency.ts";
import { fail, offlineFailure } from "./failure.ts";
import {
  isFolderThere,
  type LooseFiles,
  missingFolder,
  readFolderIndex,
  readLooseFiles,
  selectProject,
} from "./folders.ts";
import { FORBIDDEN_MEANS_ABSENT, type ForbiddenMeansAbsent } from "./knownIndexes.ts";
import type {
  DownloadAnswer,
  IndexFailure,
  IndexLocation,
  MetadataAnswer,
  NamesAnswer,
  PageFile,
  ProjectAnswer,
  ProjectPage,
  ProvenanceAnswer,
  TextAnswer,
} from "./model.ts";
import { type CacheMode, PageReader, type PageResult } from "./pages.ts";
import { redactUrl } from "./redact.ts";
import type { IndexSettings } from "./settings.ts";
import { defaultLimits, isLoopback, isTrustedHost, Transport, type TransportLimits } from "./transport.ts";

export interface IndexClientOptions {
  readonly settings: IndexSettings;
  readonly store: PageStore;
  /** Core metadata texts, which never change. Without it they are asked for each time. */
  readonly metadataStore?: MetadataStore;
  /** Ends everything that the client does. */
  readonly signal?: AbortSignal;
  /** Answers from the store alone, whatever its age, and from folders. */
  readonly offline?: boolean;
  readonly cacheMode?: CacheMode;
  /**
   * `all` (the default) asks every index at once. `first` asks them one after another until one has the project, as uv's
   * first-index does: what comes after it is never asked. Places of loose files are asked in both cases.
   */
  readonly search?: "all" | "first";
  readonly userAgent?: string;
  readonly limits?: Partial<TransportLimits>;
  /** Bytes that the page store may take. */
  readonly maxStoreBytes?: number;
  /** Secret with which credentials are made into words for the store. Without it one is kept in the store. */
  readonly partitionKey?: string | Uint8Array;
  readonly forbiddenMeansAbsent?: readonly ForbiddenMeansAbsent[];
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
  /** Name of the keyring command; for tests. */
  readonly keyringCommand?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface MetadataOptions extends CallOptions {
  /** Only what is stored, or lies on this machine: nothing is fetched. */
  readonly stored?: boolean | undefined;
}

export interface DownloadOptions extends CallOptions {
  /** Told the bytes that have arrived, and of how many where that is known. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
  readonly maxBytes?: number;
}

export interface NamesOptions extends CallOptions {
  /** Told the bytes that have arrived, and of how many where that is known. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

export interface TextOptions extends CallOptions {
  readonly maxBytes: number;
  /** JSON to send: the address is then asked by POST. */
  readonly json?: string;
}

export interface IndexClient {
  readonly settings: IndexSettings;
  /** What every index says of `name`, in any spelling. Rejects only when cancelled. */
  project(name: string, options?: CallOptions): Promise<ProjectAnswer>;
  /** The same for many: `onAnswer` is called once per distinct project, as each is known. */
  projects(
    names: Iterable<string>,
    onAnswer: (answer: ProjectAnswer) => void,
    options?: CallOptions,
  ): Promise<void>;
  /** The core metadata of a file, by the cheapest way that the index offers; no code is run. Rejects only when cancelled. */
  metadata(file: PageFile, options?: MetadataOptions): Promise<MetadataAnswer>;
  /** The provenance object of a file (PEP 740), asked anew each time. Rejects only when cancelled. */
  provenance(file: PageFile, options?: CallOptions): Promise<ProvenanceAnswer>;
  /** Puts the file at the path `to`, whole and verified, or not at all. Rejects only when cancelled. */
  download(file: PageFile, to: string, options?: DownloadOptions): Promise<DownloadAnswer>;
  /** Every name that one of the settings' indexes lists. Nothing of it is kept here. Rejects only when cancelled. */
  names(index: IndexLocation, options?: NamesOptions): Promise<NamesAnswer>;
  /** The bytes at an address, asked as an index is: a requirements file that another one includes. Rejects only when cancelled. */
  text(address: string, options: TextOptions): Promise<TextAnswer>;
  /** Ends what runs, and writes what is still to be kept. */
  close(): Promise<void>;
}

const DEFAULT_STORE_BYTES = 512 * 1024 * 1024;
const SALT = "salt";
/** Milliseconds that pages wait in memory for the burst they came with to end. */
const QUIET = 500;

type Outcome = PageResult | { readonly notChecked: IndexFailure };

class Client implements IndexClient {
  readonly settings: IndexSettings;
  readonly #options: IndexClientOptions;
  readonly #now: () => number;
  readonly #transport: Transport;
  readonly #reader: PageReader;
  readonly #pages = new InFlight<PageResult>();
  readonly #files = new InFlight<MetadataAnswer>();
  readonly #closing = new AbortController();
  readonly #joined = new WeakMap<AbortSignal, AbortSignal>();
  readonly #pending = new Map<string, () => StoredPage>();
  readonly #loose = new Map<string, Promise<LooseFiles>>();
  readonly #roots = new Map<string, Promise<boolean>>();
  readonly #keyringAsked = new Map<string, Promise<boolean>>();
  #partitionKey: string | Uint8Array | undefined;
  #flushing: NodeJS.Timeout | undefined;

  constructor(options: IndexClientOptions) {
    const { settings, store } = options;
    this.settings = settings;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#partitionKey = options.partitionKey;
    this.#transport = new Transport(
      settings,
      { ...defaultLimits(settings), ...options.limits },
      options.userAgent ?? "thoth",
      async (path) => (await import("node:fs/promises")).readFile(path),
    );
    this.#reader = new PageReader({
      transport: this.#transport,
      store: this.#throughPending(store),
      secrets: settings.secrets,
      cacheMode: options.cacheMode ?? "default",
      offline: options.offline ?? false,
      partitionKey: () => this.#readPartitionKey(),
      now: this.#now,
      forbiddenMeansAbsent: options.forbiddenMeansAbsent ?? FORBIDDEN_MEANS_ABSENT,
      write: (key, page) => this.#write(key, page),
    });
    options.signal?.addEventListener(
      "abort",
      () => this.#closing.abort(abortError(options.signal as AbortSignal)),
      {
        once: true,
      },
    );
    if (options.signal?.aborted) this.#closing.abort(abortError(options.signal));
  }

  /** Kept in the store when none is given, so that processes which share the store share what it holds. */
  #readPartitionKey(): string | Uint8Array {
    if (this.#partitionKey !== undefined) return this.#partitionKey;
    const { store } = this.#options;
    let salt = store.read(SALT)?.body;
    if (!salt) {
      salt = process.getBuiltinModule("node:crypto").randomBytes(32).toString("base64url");
      store.write({
        key: SALT,
        partition: "",
        url: "",
        policy: "",
        freshUntil: 0,
        fetchedAt: this.#now(),
        body: salt,
      });
      salt = store.read(SALT)?.body ?? salt;
    }
    this.#partitionKey = salt;
    return salt;
  }

  /** Writes wait for a quiet moment or the end: an answer in hand is worth more than a page on disk. */
  #write(key: string, page: () => StoredPage): void {
    this.#pending.set(key, page);
    this.#flushing ??= setTimeout(() => this.#flush(), QUIET).unref();
  }

  /** The store as it will be when what waits has been written. */
  #throughPending(store: PageStore): PageStore {
    const pending = this.#pending;
    return {
      read: (key) => {
        const page = pending.get(key)?.();
        if (page) pending.set(key, () => page);
        return page ?? store.read(key);
      },
      write: (page) => void pending.set(page.key, () => page),
      touch: (key, policy, freshUntil, fetchedAt) => {
        const page = pending.get(key);
        if (page) pending.set(key, () => ({ ...page(), policy, freshUntil, fetchedAt }));
        else store.touch(key, policy, freshUntil, fetchedAt);
      },
      remove: (key) => {
        pending.delete(key);
        store.remove(key);
      },
      bytes: () => store.bytes(),
      prune: (maxBytes) => store.prune(maxBytes),
    };
  }

  #flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    const { store, maxStoreBytes = DEFAULT_STORE_BYTES } = this.#options;
    const pages = [...this.#pending.values()];
    this.#pending.clear();
    for (const page of pages) store.write(page());
    if (store.bytes() > maxStoreBytes) store.prune(Math.floor(maxStoreBytes * 0.9));
  }

  /** Who asks for many projects hands in one signal for all of them: it is joined to the client's own once. */
  #signal(signal: AbortSignal | undefined): AbortSignal {
    if (!signal) return this.#closing.signal;
    let joined = this.#joined.get(signal);
    if (!joined) {
      joined = AbortSignal.any([signal, this.#closing.signal]);
      this.#joined.set(signal, joined);
    }
    return joined;
  }

  /** Why pip would pass over this index, if it would. */
  #passedOver(index: IndexLocation): IndexFailure | undefined {
    const url = new URL(index.url);
    if (url.protocol !== "http:" || isLoopback(url) || isTrustedHost(url, this.settings.trustedHosts))
      return undefined;
    return fail(
      "insecure-index",
      url,
      "is plain http, which pip passes over",
      "Use https, or name the host in trusted-host.",
    );
  }

  async #askIndex(index: IndexLocation, name: string, signal: AbortSignal): Promise<Outcome> {
    if (index.url.startsWith("file:")) {
      const there = this.#roots.get(index.url) ?? isFolderThere(index);
      this.#roots.set(index.url, there);
      if (!(await there)) return { notChecked: missingFolder(index) };
      return readFolderIndex(index, name, this.#now());
    }
    const passedOver = this.#passedOver(index);
    if (passedOver) return { notChecked: passedOver };
    const url = projectUrl(index, name);
    const known = this.#reader.fromStore(url, name, index);
    if (known) return known;
    const ask = (): Promise<PageResult> =>
      this.#pages.run(
        `${url.href}\n${index.url}`,
        (shared) => this.#reader.read(url, name, index, shared),
        signal,
      );
    return this.#signedIn(index, signal, ask);
  }

  /** Once per index: whether the keyring told a login for it. */
  #signInByKeyring(index: IndexLocation, signal: AbortSignal): Promise<boolean> {
    const { keyring, secrets } = this.settings;
    const url = new URL(index.url);
    if (keyring === "disabled" || secrets.authorization(url) !== undefined) return Promise.resolve(false);
    let asked = this.#keyringAsked.get(index.url);
    if (!asked) {
      asked = (async () => {
        const { askKeyring } = await import("./keyring.ts");
        const command = this.#options.keyringCommand ?? "keyring";
        for (const service of [index.url, url.host]) {
          const login = await askKeyring(service, this.#closing.signal, 10_000, command);
          if (!login) continue;
          secrets.add(url, login.user, login.password);
          return true;
        }
        return false;
      })();
      this.#keyringAsked.set(index.url, asked);
    }
    return orAbort(asked, signal);
  }

  async #askFindLinks(place: IndexLocation, name: string, signal: AbortSignal): Promise<Outcome> {
    let loose: LooseFiles;
    if (place.url.startsWith("file:")) {
      const reading = this.#loose.get(place.url) ?? readLooseFiles(place, this.#now());
      this.#loose.set(place.url, reading);
      loose = await reading;
    } else {
      const passedOver = this.#passedOver(place);
      if (passedOver) return { notChecked: passedOver };
      const url = new URL(place.url);
      const known = this.#reader.fromStore(url, "", place);
      const result =
        known ??
        (await this.#pages.run(
          `links\n${url.href}`,
          (shared) => this.#reader.read(url, "", place, shared),
          signal,
        ));
      if ("absent" in result) return result;
      if ("failure" in result) {
        const stale = result.stale && selectProject(result.stale, name);
        return stale ? { failure: result.failure, stale } : { failure: result.failure };
      }
      loose = result;
    }
    if ("missing" in loose) return { notChecked: loose.missing };
    if ("failure" in loose) return loose;
    const page = selectProject(loose.page, name);
    return page ? { page } : { absent: true };
  }

  async project(asked: string, options: CallOptions = {}): Promise<ProjectAnswer> {
    const name = normalizeName(asked);
    const signal = this.#signal(options.signal);
    if (signal.aborted) throw abortError(signal);
    const { indexes, findLinks } = this.settings;
    const places = [...indexes, ...findLinks];
    const outcomes = await orAbort(this.#search(name, signal), signal);
    const pages: ProjectPage[] = [];
    const absentFrom: IndexLocation[] = [];
    const notAsked: IndexLocation[] = [];
    const notChecked: IndexFailure[] = [];
    let failure: IndexFailure | undefined;
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome === undefined) notAsked.push(places[at] as IndexLocation);
      else if ("page" in outcome) pages.push(outcome.page);
      else if ("notChecked" in outcome) notChecked.push(outcome.notChecked);
      else if ("absent" in outcome) absentFrom.push(places[at] as IndexLocation);
      else {
        // Named by the index, not by the page, so that what one cause does to many projects is told once.
        failure ??= { ...outcome.failure, index: redactUrl((places[at] as IndexLocation).url) };
        if (outcome.stale) pages.push(outcome.stale);
      }
    }
    return {
      name,
      pages,
      absentFrom,
      ...(notAsked.length > 0 ? { notAsked } : {}),
      ...(failure ? { failure } : {}),
      ...(notChecked.length > 0 ? { notChecked } : {}),
    };
  }

  /** What each place says, in the order of the settings; undefined of one that there was no need to ask. */
  async #search(name: string, signal: AbortSignal): Promise<(Outcome | undefined)[]> {
    const { indexes, findLinks } = this.settings;
    const loose = findLinks.map((place) => this.#askFindLinks(place, name, signal));
    if (this.#options.search !== "first") {
      return Promise.all([...indexes.map((index) => this.#askIndex(index, name, signal)), ...loose]);
    }
    const asked = Promise.all(loose);
    asked.catch(() => {});
    const outcomes: (Outcome | undefined)[] = indexes.map(() => undefined);
    for (const [at, index] of indexes.entries()) {
      const outcome = await this.#askIndex(index, name, signal);
      outcomes[at] = outcome;
      // One that refuses may have the project: to go on would be to fall through to another in silence.
      if ("page" in outcome || "failure" in outcome) break;
    }
    return [...outcomes, ...(await asked)];
  }

  async projects(
    names: Iterable<string>,
    onAnswer: (answer: ProjectAnswer) => void,
    options: CallOptions = {},
  ): Promise<void> {
    const distinct = new Set([...names].map(normalizeName));
    await Promise.all([...distinct].map(async (name) => onAnswer(await this.project(name, options))));
  }

  async metadata(file: PageFile, options: MetadataOptions = {}): Promise<MetadataAnswer> {
    const signal = this.#signal(options.signal);
    const { readMetadata } = await orAbort(import("./metadata.ts"), signal);
    const context = {
      transport: this.#transport,
      secrets: this.settings.secrets,
      store: this.#options.metadataStore,
      offline: options.stored === true || (this.#options.offline ?? false),
    };
    return this.#files.run(
      `${file.url}\n${file.hashes.sha256 ?? ""}${options.stored ? "\nstored" : ""}`,
      (shared) => readMetadata(file, context, shared),
      signal,
    );
  }

  async provenance(file: PageFile, options: CallOptions = {}): Promise<ProvenanceAnswer> {
    if (file.provenance === null) return { absent: "none" };
    if (file.provenance === undefined) return { absent: "not-listed" };
    const signal = this.#signal(options.signal);
    const { readProvenance } = await orAbort(import("./provenance.ts"), signal);
    const url = URL.parse(file.provenance);
    if (url && this.#options.offline) return { failure: offlineFailure(url) };
    const context = { transport: this.#transport, secrets: this.settings.secrets, signal };
    const ask = (): Promise<ProvenanceAnswer> => readProvenance(file.provenance as string, context);
    const place = this.settings.indexes.find((index) => URL.parse(index.url)?.origin === url?.origin);
    return place ? this.#signedIn(place, signal, ask) : ask();
  }

  async download(file: PageFile, to: string, options: DownloadOptions = {}): Promise<DownloadAnswer> {
    const signal = this.#signal(options.signal);
    const { downloadFile } = await orAbort(import("./download.ts"), signal);
    return downloadFile(file, to, {
      transport: this.#transport,
      offline: this.#options.offline ?? false,
      signal,
      onProgress: options.onProgress,
      maxBytes: options.maxBytes,
    });
  }

  async names(index: IndexLocation, options: NamesOptions = {}): Promise<NamesAnswer> {
    const signal = this.#signal(options.signal);
    const { readNameList } = await orAbort(import("./nameList.ts"), signal);
    const passedOver = index.url.startsWith("file:") ? undefined : this.#passedOver(index);
    if (passedOver) return { failure: passedOver };
    if (this.#options.offline && !index.url.startsWith("file:"))
      return { failure: offlineFailure(index.url) };
    const { onProgress } = options;
    const context = { transport: this.#transport, secrets: this.settings.secrets, signal, onProgress };
    return this.#signedIn(index, signal, () => readNameList(index, context));
  }

  async text(address: string, options: TextOptions): Promise<TextAnswer> {
    const signal = this.#signal(options.signal);
    const { readRemoteText } = await orAbort(import("./remoteText.ts"), signal);
    const { secrets } = this.settings;
    const url = new URL(secrets.takeFrom(address));
    if (this.#options.offline) return { failure: offlineFailure(url) };
    const { maxBytes, json } = options;
    const context = { transport: this.#transport, secrets, signal, maxBytes, json };
    const place: IndexLocation = {
      kind: "index",
      url: `${url.origin}/`,
      origin: { kind: "file", where: "an include" },
    };
    return this.#signedIn(place, signal, () => readRemoteText(url, context));
  }

  /** Asks, and asks once more where the keyring has a login for what was refused without one. */
  async #signedIn<T extends object>(
    index: IndexLocation,
    signal: AbortSignal,
    ask: () => Promise<T | { readonly failure: IndexFailure }>,
  ): Promise<T | { readonly failure: IndexFailure }> {
    const answer = await ask();
    if (!("failure" in answer) || answer.failure.code !== "unauthorized") return answer;
    return (await this.#signInByKeyring(index, signal)) ? ask() : answer;
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The index client was closed", "AbortError"));
    this.#pages.abortAll(abortError(this.#closing.signal));
    this.#files.abortAll(abortError(this.#closing.signal));
    if (this.#pending.size > 0) this.#flush();
    await this.#transport.close();
  }
}

/** Loads what the first request will need. Called where something else is waited for anyway; what fails here fails again when it is used. */
export function prepareRequests(): void {
  for (const load of [
    () => import("./http.ts"),
    () => import("./jsonPage.ts"),
    () => import("http-cache-semantics"),
  ]) {
    load().catch(() => {});
  }
}

/** Where an index has the page of the project `name` (PEP 503). */
export function projectUrl(index: IndexLocation, name: string): URL {
  const url = new URL(index.url);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${encodeURIComponent(name)}/`;
  return url;
}

/**
 * A client for the indexes of `settings`. It opens nothing until it is asked; close it when done. It loads the HTTP client only
 * when the store and folders do not answer.
 */
export function createIndexClient(options: IndexClientOptions): IndexClient {
  return new Client(options);
}
