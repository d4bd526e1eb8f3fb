// Turns what a page says of a file into a draft: addresses made absolute and judged, names checked, the rest left out with a reason.
import { archiveEnding, isPlainName, versionStart } from "./fileNames.ts";
import { cleanText, redactText, safeDecode } from "./redact.ts";

// Addresses that need no parsing: what nearly all pages hold, and parsing 50,000 others would take a while.
const PLAIN_ABSOLUTE = /^https?:\/\/[a-z0-9.-]+(?::\d+)?\/(?:[A-Za-z0-9._~%+!-]+\/)*[A-Za-z0-9._~%+!-]+$/;
const PLAIN_ROOTED = /^\/(?:[A-Za-z0-9._~%+!-]+\/)*[A-Za-z0-9._~%+!-]+$/;
const CLIMBS = /\/\.\.?(?:\/|$)/;

/** Resolves the addresses of one page and collects what was left out. */
export class LinkReader {
  readonly problems: string[] = [];
  readonly #base: URL;
  readonly #name: string | undefined;
  readonly #remote: boolean;
  #left = 0;

  /** `base` is the page's own address or its base element; `name` the project, absent for a page of loose files. */
  constructor(base: URL, name: string | undefined) {
    this.#base = base;
    this.#name = name;
    this.#remote = base.protocol !== "file:";
  }

  /** How many files were left out because they are of no use or not safe. */
  get leftOut(): number {
    return this.#left;
  }

  leave(what: string, why: string): void {
    this.#left++;
    if (this.problems.length < 5) this.problems.push(`${cleanText(redactText(what), 80)} ${why}.`);
  }

  /** The absolute address of `href` and its fragment, or undefined where it must not be followed. */
  resolve(href: string): { url: string; fragment: string } | undefined {
    if (href.length > 8192) return void this.leave(href, "has an address of more than 8 KB");
    if (this.#remote) {
      const hash = href.indexOf("#");
      const address = hash < 0 ? href : href.slice(0, hash);
      const fragment = hash < 0 ? "" : href.slice(hash + 1);
      if (PLAIN_ABSOLUTE.test(address) && !CLIMBS.test(address)) return { url: address, fragment };
      if (PLAIN_ROOTED.test(address) && !CLIMBS.test(address))
        return { url: this.#base.origin + address, fragment };
    }
    const url = URL.parse(href, this.#base.href);
    if (!url) return void this.leave(href, "has an address that is none");
    const allowed =
      url.protocol === "http:" || url.protocol === "https:" || (!this.#remote && url.protocol === "file:");
    // A page from the network must never make us open a local file, nor a local one another machine's share.
    if (!allowed || (url.protocol === "file:" && url.host !== "")) {
      return void this.leave(
        href,
        `has an address that a page may not name (${cleanText(url.protocol, 20)})`,
      );
    }
    const fragment = url.hash.slice(1);
    url.hash = "";
    // A login in an address of a page would be the index's to hand out, not ours to keep.
    url.username = "";
    url.password = "";
    return { url: url.href, fragment };
  }

  /** The file name that a page's address ends in. */
  filenameOf(url: string): string {
    const path = /^[^?#]*/.exec(url)?.[0] ?? url;
    return safeDecode(path.slice(path.lastIndexOf("/") + 1));
  }

  /** Whether `filename` is an archive of the project, named as a plain file. */
  accepts(filename: string): boolean {
    if (!isPlainName(filename)) {
      this.leave(filename, "is no file name");
      return false;
    }
    if (archiveEnding(filename) === "") return false;
    return this.#name === undefined || versionStart(filename, this.#name) >= 0;
  }
}

/**
 * Where a file's provenance is (PEP 740), absolute and without credentials. What is no address stays one that is refused when it is
 * asked: the index says that there is something, and that must not look like nothing.
 */
export function provenanceAddress(text: string, page: URL): string {
  if (text.length < 2048 && /^https?:\/\/[^@\s]+$/.test(text)) return text;
  const url = text.length < 8192 ? URL.parse(text, page.href) : null;
  if (!url) return "about:invalid";
  url.username = "";
  url.password = "";
  return url.href;
}

/** Addresses of a project on other indexes (PEP 708): as a page lists them, without logins. What is no address of a network is left out. */
export function otherLocations(listed: readonly unknown[]): string[] {
  return listed.slice(0, MOST_LOCATIONS).flatMap((text) => {
    const url = typeof text === "string" && text.length < 2048 ? URL.parse(text) : null;
    if (!url || !/^https?:$/.test(url.protocol)) return [];
    url.username = "";
    url.password = "";
    url.hash = "";
    return [url.href];
  });
}

const MOST_LOCATIONS = 50;
