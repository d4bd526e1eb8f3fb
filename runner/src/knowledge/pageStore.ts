// The stores of what indexes answered: parsed pages, bounded in bytes, and core metadata texts, which never change.

/** One parsed index page with what is needed to decide whether it may be used again. */
export interface StoredPage {
  /** Identity of the page: made by the index client from partition, URL and what the answer varies by. */
  key: string;
  /** Which credential the page was fetched with, as an opaque word; never the credential itself. */
  partition: string;
  /** Address without credentials. */
  url: string;
  etag?: string;
  /** The serialised `http-cache-semantics` policy. */
  policy: string;
  /** Milliseconds since the epoch. */
  freshUntil: number;
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** The parsed page as text. */
  body: string;
}

/** A bounded store of pages. Every call is synchronous; a reader sees its own writes at once. */
export interface PageStore {
  read(key: string): StoredPage | undefined;
  write(page: StoredPage): void;
  /** Renews the policy of a page whose body was confirmed (HTTP 304); nothing happens if the page is gone. */
  touch(key: string, policy: string, freshUntil: number, fetchedAt: number): void;
  remove(key: string): void;
  /** Sum of what the stored pages take, in bytes of UTF-8. */
  bytes(): number;
  /** Removes the least recently used pages until at most `maxBytes` are left; returns the bytes freed. */
  prune(maxBytes: number): number;
}

/**
 * Core metadata texts by the identity of their artifact: its sha256, or index and file name where there is none.
 * An artifact's metadata is immutable, so the first text written for a key stays.
 */
export interface MetadataStore {
  read(key: string): string | undefined;
  write(key: string, body: string): void;
  bytes(): number;
  prune(maxBytes: number): number;
}

/** What a page takes in a store, in bytes of UTF-8: its texts, without the store's own overhead. */
export function sizeOfPage(page: StoredPage): number {
  return (
    Buffer.byteLength(page.body) +
    Buffer.byteLength(page.policy) +
    Buffer.byteLength(page.url) +
    Buffer.byteLength(page.key) +
    Buffer.byteLength(page.etag ?? "")
  );
}

/** A page store that lives as long as the process: for a single answer, and for tests of those who use one. */
export function createMemoryPageStore(): PageStore {
  // A Map keeps insertion order, so putting a page in again on use keeps the least recently used one first.
  const pages = new Map<string, StoredPage>();
  let total = 0;
  const drop = (key: string): number => {
    const page = pages.get(key);
    if (page === undefined) return 0;
    pages.delete(key);
    const size = sizeOfPage(page);
    total -= size;
    return size;
  };
  const put = (page: StoredPage): void => {
    drop(page.key);
    pages.set(page.key, page);
    total += sizeOfPage(page);
  };
  return {
    read(key) {
      const page = pages.get(key);
      if (page === undefined) return undefined;
      put(page);
      return { ...page };
    },
    write: (page) => put({ ...page }),
    touch(key, policy, freshUntil, fetchedAt) {
      const page = pages.get(key);
      if (page !== undefined) put({ ...page, policy, freshUntil, fetchedAt });
    },
    remove: (key) => void drop(key),
    bytes: () => total,
    prune(maxBytes) {
      let freed = 0;
      for (const key of [...pages.keys()]) {
        if (total <= maxBytes) break;
        freed += drop(key);
      }
      return freed;
    },
  };
}
