// What an address says of itself, as it is written: whose machine it is of, how it is shown, and whether it holds a login.
import type { IndexLocation } from "../../index/index.ts";

/** How a person names an index: its address without login and query. */
export function labelOf({ url }: Pick<IndexLocation, "url">): string {
  const parsed = URL.parse(url);
  if (!parsed) return url;
  if (parsed.protocol === "file:") return decodeURIComponent(parsed.pathname);
  return `${parsed.host}${parsed.pathname.replace(/\/+$/, "")}`;
}

export function isThisMachine(url: URL): boolean {
  return url.protocol === "file:" || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(url.hostname);
}

/** Names of parameters whose values let in whoever has them. */
const SECRET_PARAMETER =
  /^(?:.*[-_.])?(?:token|secret|passw(?:or)?d|auth|authorization|api[-_]?key|access[-_]?key|sig|signature)$/i;
/** Stands for no password at all where the name is the token. */
const NO_PASSWORD = new Set(["", "x-oauth-basic"]);

/** Filled in when it is read: `${NAME}` for pip and pipenv, `$NAME` alone for pipenv. */
const isVariable = (text: string): boolean => /\$\{\w+\}/.test(text) || /^\$\w+$/.test(text);

/** Whether an address, as written, holds a password or token that everybody can use who has the file. */
export function holdsLogin(address: string): boolean {
  const [, scheme = "", authority = "", query = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)[^?#]*(?:\?([^#]*))?/i.exec(address) ?? [];
  const parameters = query.split("&").map((parameter) => parameter.split("="));
  if (
    parameters.some(
      ([name = "", value = ""]) => SECRET_PARAMETER.test(name) && value !== "" && !isVariable(value),
    )
  )
    return true;
  const end = authority.lastIndexOf("@");
  if (end < 0) return false;
  const [user = "", ...rest] = authority.slice(0, end).split(":");
  const password = rest.join(":");
  if (!NO_PASSWORD.has(password)) return !isVariable(password);
  // Of ssh the name is no secret; elsewhere it is a token where nothing else is.
  return !/ssh|sftp/i.test(scheme) && user !== "" && user !== "git" && !isVariable(user);
}
