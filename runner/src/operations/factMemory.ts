// Remembers facts that were worked out of index pages, for as long as the pages are the same: 100 projects cost 120 ms to work out.
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import type { IndexSettings, ProjectAnswer } from "../index/index.ts";
import type { PageStore, StoredPage } from "../knowledge/index.ts";
import type { FactsTarget, KnownFacts } from "./projectFacts.ts";

interface KeptFacts extends KnownFacts {
  readonly displayName?: string;
  readonly status?: ProjectFacts["status"];
}

export class FactMemory {
  readonly #store: PageStore;
  readonly #target: FactsTarget;
  #made: string | undefined;
  readonly #places: readonly string[];
  readonly #isOpen: boolean;
  readonly #now: () => number;
  readonly #pending = new Map<string, () => StoredPage>();

  constructor(store: PageStore, target: FactsTarget, settings: IndexSettings, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#places = [...settings.indexes, ...settings.findLinks].map((place) => place.url);
    this.#isOpen = this.#places.every((place) => {
      const url = URL.parse(place);
      return url !== null && settings.secrets.authorization(url) === undefined;
    });
    this.#target = target;
  }

  /** Made when the first page is looked for: the tags of an environment are a long text. */
  get #prefix(): string {
    this.#made ??= `facts 2\n${fingerprint(JSON.stringify([this.#target, this.#places]))}\n`;
    return this.#made;
  }

  /**
   * Facts that need no index and no page: every page behind them may still be used without asking, and is one that anybody
   * is shown, so that no credential has to be compared.
   */
  recallFresh(name: string): ProjectFacts | undefined {
    // Where nothing is asked, no page is there to remember.
    if (!this.#isOpen || this.#places.length === 0) return undefined;
    const stored = this.#read(name);
    if (!stored || stored.freshUntil <= this.#now()) return undefined;
    const kept = parseFacts(stored.body);
    if (!kept) return undefined;
    const { displayName, status, releases, details } = kept;
    return {
      name,
      ...(displayName === undefined ? {} : { displayName }),
      state: "known",
      freshness: "fresh",
      checked: stored.fetchedAt,
      indexes: this.#places,
      ...(status ? { status } : {}),
      releases,
      details,
    };
  }

  /** Facts of the very pages of this answer. Who cannot have the pages cannot have what follows from them. */
  recall(answer: ProjectAnswer): KnownFacts | undefined {
    const stamp = stampOf(answer);
    if (stamp === undefined) return undefined;
    const stored = this.#read(answer.name);
    if (stored?.etag !== stamp) return undefined;
    return parseFacts(stored.body);
  }

  #read(name: string): StoredPage | undefined {
    const key = this.#prefix + name;
    return this.#pending.get(key)?.() ?? this.#store.read(key);
  }

  /** Writes what was kept, all at once: a transaction for each project would take longer than the check. */
  flush(): void {
    const pages = [...this.#pending.values()];
    this.#pending.clear();
    for (const page of pages) this.#store.write(page());
  }

  /** Keeps facts for the next time, once `flush` is called; `isKept` where nothing has been added to what is kept. */
  keep(answer: ProjectAnswer, facts: ProjectFacts, isKept: boolean): void {
    const stamp = stampOf(answer);
    if (stamp === undefined || isKept) return;
    const key = this.#prefix + answer.name;
    this.#pending.set(key, () => this.#toStore(key, stamp, answer, facts));
  }

  #toStore(key: string, stamp: string, answer: ProjectAnswer, facts: ProjectFacts): StoredPage {
    const { displayName, status, releases } = facts;
    const details = Object.fromEntries(
      Object.entries(facts.details).filter(([, detail]) => detail.notChecked === undefined),
    );
    return {
      key,
      partition: "",
      url: "",
      etag: stamp,
      policy: "",
      freshUntil: this.#isOpen ? freshUntilOf(answer) : 0,
      fetchedAt: facts.checked ?? this.#now(),
      body: JSON.stringify({ displayName, status, releases, details }),
    };
  }
}

/**
 * What changes when any page behind an answer does. Undefined for an answer that something is missing from, for folders, and for
 * addresses with a query, which may hold a token: their pages are not kept either.
 */
function stampOf(answer: ProjectAnswer): string | undefined {
  if (answer.failure || answer.pages.length === 0) return undefined;
  if (answer.pages.some(({ source, index }) => source === "folder" || URL.parse(index.url)?.search))
    return undefined;
  return answer.pages.map((page) => `${page.index.url} ${page.fetchedAt}`).join("\n");
}

/** Until when the whole of an answer may be used without asking; 0 where part of it is no page with a time of its own. */
function freshUntilOf(answer: ProjectAnswer): number {
  if (answer.absentFrom.length > 0 || answer.notChecked) return 0;
  return Math.min(...answer.pages.map((page) => page.freshUntil ?? 0));
}

function parseFacts(text: string): KeptFacts | undefined {
  try {
    return JSON.parse(text) as KeptFacts;
  } catch {
    return undefined;
  }
}

/** A short name for a long text, to tell one environment's facts from another's; guards nothing, so it need not be a digest. */
function fingerprint(text: string): string {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul(two ^ code, 0x85ebca6b) ^ (two >>> 13);
  }
  return `${text.length}-${(one >>> 0).toString(36)}-${(two >>> 0).toString(36)}`;
}
