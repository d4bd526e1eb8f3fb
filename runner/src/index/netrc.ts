// Reads netrc as Python's netrc module does, which is what pip (by requests) asks for a host's login.

export interface NetrcLogin {
  readonly user: string;
  readonly password: string;
}

/** Words of the file: quoted with `"`, backslash escapes the next character, `#` begins a comment at a word's start. */
function tokens(text: string): { word: string; line: number }[] {
  const found: { word: string; line: number }[] = [];
  for (const [line, content] of text.split(/\r\n|\r|\n/).entries()) {
    let at = 0;
    while (at < content.length) {
      while (at < content.length && /\s/.test(content[at] ?? "")) at++;
      if (at >= content.length) break;
      const previous = found.at(-1);
      // A password may begin with `#`, a word in any other place may not.
      if (content[at] === "#" && !(previous?.line === line && previous.word === "password")) break;
      let word = "";
      const quoted = content[at] === '"';
      if (quoted) at++;
      while (at < content.length && (quoted ? content[at] !== '"' : !/\s/.test(content[at] ?? ""))) {
        if (content[at] === "\\" && at + 1 < content.length) at++;
        word += content[at++];
      }
      if (quoted) at++;
      found.push({ word, line });
    }
  }
  return found;
}

/** Logins by host; `default` is under the empty host. `macdef` bodies are passed over, as far as the next empty line. */
export function readNetrc(text: string): ReadonlyMap<string, NetrcLogin> {
  const hosts = new Map<string, NetrcLogin>();
  // The body of a macro ends at an empty line and may hold any words.
  const words = tokens(text.replace(/^[ \t]*macdef\b[\s\S]*?(?:\n[ \t]*\r?\n|$(?![\s\S]))/gm, "\n"));
  let at = 0;
  while (at < words.length) {
    const kind = words[at++]?.word;
    if (kind !== "machine" && kind !== "default") continue;
    const host = kind === "machine" ? (words[at++]?.word ?? "").toLowerCase() : "";
    let user = "";
    let password = "";
    while (at < words.length) {
      const key = words[at]?.word;
      if (key !== "login" && key !== "user" && key !== "account" && key !== "password") break;
      const value = words[at + 1]?.word ?? "";
      if (key === "password") password = value;
      else if (key !== "account") user = value;
      at += 2;
    }
    if (!hosts.has(host)) hosts.set(host, { user, password });
  }
  return hosts;
}
