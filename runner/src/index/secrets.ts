// Holds every credential of a session. Nothing in it can be printed, stored or read back but as a header for its own origin.
import type { NetrcLogin } from "./netrc.ts";
import { redactText, safeDecode } from "./redact.ts";

interface Login {
  readonly origin: string;
  readonly path: string;
  readonly header: string;
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;

const commonLength = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
};

/** Credentials by origin. Serialises and prints as nothing, whatever is done with it. */
export class Secrets {
  readonly #logins: Login[] = [];
  readonly #netrc: () => ReadonlyMap<string, NetrcLogin>;
  #read: ReadonlyMap<string, NetrcLogin> | undefined;

  constructor(netrc: () => ReadonlyMap<string, NetrcLogin> = () => new Map()) {
    this.#netrc = netrc;
  }

  /** Takes the user and password out of `text`, keeps them for its origin, and returns the URL without them. */
  takeFrom(text: string): string {
    const url = URL.parse(text);
    if (!url) return redactText(text);
    if (url.username !== "" || url.password !== "") {
      this.add(url, safeDecode(url.username), safeDecode(url.password));
      url.username = "";
      url.password = "";
    }
    return url.href;
  }

  /** Keeps a login for the origin of `url`, found in its address or told by a keyring. */
  add(url: URL, user: string, password: string): void {
    this.#logins.push({ origin: url.origin, path: url.pathname, header: basic(user, password) });
  }

  /** The Authorization header for `url`: an index's own login first, the nearest path deciding, then netrc (pip's order). */
  authorization(url: URL): string | undefined {
    let best: { login: Login; length: number } | undefined;
    for (const login of this.#logins) {
      if (login.origin !== url.origin) continue;
      const length = commonLength(login.path, url.pathname);
      if (!best || length > best.length) best = { login, length };
    }
    if (best) return best.login.header;
    this.#read ??= this.#netrc();
    const login = this.#read.get(url.hostname.toLowerCase()) ?? this.#read.get("");
    return login && basic(login.user, login.password);
  }

  /** An opaque word for the credential that `url` is asked with, empty for none: a keyed digest, which says nothing without the key. */
  partition(url: URL, key: () => string | Uint8Array): string {
    const header = url.protocol === "file:" ? undefined : this.authorization(url);
    if (header === undefined) return "";
    // Loaded here: five milliseconds that most checks, without credentials, do not need.
    const { createHmac } = process.getBuiltinModule("node:crypto");
    return createHmac("sha256", key()).update(`${url.origin}\0${header}`).digest("base64url").slice(0, 22);
  }

  toJSON(): string {
    return "[credentials]";
  }

  toString(): string {
    return "[credentials]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[credentials]";
  }
}
