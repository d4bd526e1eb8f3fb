// Remembers what the checks said of a package for as long as everything behind it is the same: 200 packages take 300 ms to check.
import { createHash } from "node:crypto";
import type { PackageProvenance } from "../../../shared/src/protocol/provenance.ts";
import type { PageStore, StoredPage } from "../knowledge/index.ts";
import type { IndexView, Subject } from "../provenance/index.ts";

/** Raised when a result would come out otherwise. */
const FORM = 2;
/** What depends on the time of day, such as a cool-down, is looked at again after so many milliseconds. */
const VALID_FOR = 600_000;

/** Results that a process which goes on has at hand: what an edit leaves as it was is not read from the file again. */
const MOST_AT_HAND = 2_000;

interface AtHand {
  readonly found: PackageProvenance;
  readonly freshUntil: number;
}

const atHand = new WeakMap<PageStore, Map<string, AtHand>>();

export class ProvenanceMemory {
  readonly #store: PageStore;
  /** All that results depend on beside the package and its pages: policy, environments, options, how old the advisories are. */
  readonly #basis: unknown;
  /** Of the basis, which is of some length and goes into every key. */
  #basisDigest: string | undefined;
  readonly #now: number;
  readonly #pending: (() => StoredPage)[] = [];

  constructor(store: PageStore, basis: unknown, now: number) {
    this.#store = store;
    this.#basis = basis;
    this.#now = now;
  }

  /** The key of a result, `advisories` being all that is known against its project; undefined where something of it cannot be told to be the same the next time. */
  keyOf(subject: Subject, views: readonly IndexView[], advisories: unknown): string | undefined {
    const stamps: unknown[] = [];
    for (const { location, answer, isBound } of views) {
      // A query may hold a token: it is never written down, not even hashed.
      if (answer.state === "failed" || URL.parse(location.url)?.search) return undefined;
      if (answer.state === "page") {
        // A page that only who is signed in may see is not kept under a key that anybody can make.
        if (answer.page.source === "folder" || answer.page.freshness !== "fresh" || answer.failure)
          return undefined;
        stamps.push([location.url, location.kind, isBound, answer.page.fetchedAt]);
      } else stamps.push([location.url, location.kind, isBound, answer.state]);
    }
    const { name, written, version, from, digests, lockedFiles, lockedIdentities, source, address, vcs } =
      subject;
    const { isLocked, fileHasHashes, specifier } = subject;
    this.#basisDigest ??= createHash("sha256").update(JSON.stringify(this.#basis)).digest("base64url");
    const parts = [
      FORM,
      this.#basisDigest,
      [name, written, version, from, digests, lockedFiles, lockedIdentities, source, vcs],
      [isLocked, fileHasHashes, String(specifier)],
      stamps,
      advisories,
    ];
    // The address may hold a login: of it goes no more than a digest into the key.
    const hash = createHash("sha256")
      .update(JSON.stringify(parts))
      .update(address ?? "");
    return `provenance result ${FORM}\n${hash.digest("base64url")}`;
  }

  recall(key: string): PackageProvenance | undefined {
    const near = atHand.get(this.#store)?.get(key);
    if (near && this.#isValid(near.freshUntil)) return near.found;
    const stored = this.#store.read(key);
    if (!stored || !this.#isValid(stored.freshUntil)) return undefined;
    try {
      const found = JSON.parse(stored.body) as PackageProvenance;
      this.#putAtHand(key, { found, freshUntil: stored.freshUntil });
      return found;
    } catch {
      return undefined;
    }
  }

  /** What is said to be valid for longer than anything is was written under a clock that was set back since. */
  #isValid(freshUntil: number): boolean {
    return freshUntil > this.#now && freshUntil - VALID_FOR <= this.#now;
  }

  #putAtHand(key: string, one: AtHand): void {
    let all = atHand.get(this.#store);
    if (!all) {
      all = new Map();
      atHand.set(this.#store, all);
    }
    all.delete(key);
    all.set(key, one);
    const [oldest] = all.keys();
    if (all.size > MOST_AT_HAND && oldest !== undefined) all.delete(oldest);
  }

  /** Keeps a result once `flush` is called. What an outage left undone is not kept. */
  keep(key: string, found: PackageProvenance): void {
    const isUndone = found.checks.some(
      (check) =>
        check.state === "not-checked" && check.evidence.some(({ freshness }) => freshness === "failed"),
    );
    if (isUndone) return;
    const { places: _, ...rest } = found;
    this.#putAtHand(key, { found: { ...rest, places: [] }, freshUntil: this.#now + VALID_FOR });
    this.#pending.push(() => ({
      key,
      partition: "",
      url: "",
      policy: "",
      freshUntil: this.#now + VALID_FOR,
      fetchedAt: this.#now,
      body: JSON.stringify({ ...rest, places: [] }),
    }));
  }

  flush(): void {
    for (const page of this.#pending.splice(0)) this.#store.write(page());
  }
}
