// Keeps credentials and control characters out of everything that is shown, stored or sent on.

/** What an index says may hold terminal escapes, bidirectional overrides or line breaks: they become spaces, and the text is cut at `limit`. */
export function cleanText(text: string, limit = 500): string {
  const clean = text
    .slice(0, limit * 2)
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]+/gu, " ")
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** `text` as a URL without login, query values and fragment. Works for text that is no URL, too. */
export function redactUrl(text: string | URL): string {
  const url = typeof text === "string" ? URL.parse(text) : new URL(text);
  if (!url) return redactText(String(text));
  if (!isGitUser(url.protocol, url.password === "" ? url.username : "")) url.username = "";
  url.password = "";
  url.hash = "";
  if (url.search) url.search = "";
  return url.href;
}

/** A sentence with every URL's credentials removed: for messages that other software made. */
export function redactText(text: string): string {
  return cleanText(
    text
      .replace(
        /([a-z][a-z0-9+.-]*:\/\/)([^\s'"<>]*@)/gi,
        (_, scheme: string, rest: string) => scheme + keptOf(scheme, rest),
      )
      .replace(/\?[^\s'"<>]*/g, "?…")
      .replace(/\b(basic|bearer)\s+[a-z0-9+/=._~-]+/gi, "$1 …"),
  );
}

/**
 * What stays of an address between its scheme and its last `@`. All of that may be a password: one with a slash in it makes
 * an address none, and is still a password. A repository's `@` behind a whole host is its reference, which stays.
 */
function keptOf(scheme: string, rest: string): string {
  const login = rest.slice(0, rest.indexOf("@"));
  if (isGitUser(scheme, login) || /^\$\{\w+\}(?::\$\{\w+\})?$/.test(login)) {
    const more = rest.slice(login.length + 1);
    return `${login}@${more === "" ? "" : keptOf(scheme, more)}`;
  }
  if (!/^(?:git|hg|svn|bzr)[+:]/i.test(scheme)) return "";
  const slash = rest.indexOf("/");
  if (slash < 0) return "";
  const user = rest.lastIndexOf("@", slash) + 1;
  return user > 0 || /^[^:/@]+(?::\d*)?\//.test(rest) ? rest.slice(user) : "";
}

/** PEP 610 lets two logins stay in an address since they hold no secret: `${VARIABLES}`, and the user of every git server. */
function isGitUser(scheme: string, login: string): boolean {
  return login === "git" && /^(?:git\+|ssh:)/i.test(scheme);
}

/** How a person names an index: its host and path, or its folder. */
export function shortName(url: string): string {
  const parsed = URL.parse(redactUrl(url));
  if (!parsed) return redactText(url);
  if (parsed.protocol === "file:") return cleanText(safeDecode(parsed.pathname));
  return parsed.host;
}

/** Percent-decoding that leaves broken sequences as they are. */
export function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
