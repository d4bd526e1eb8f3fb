// Markdown that strangers' text cannot break out of: names, summaries and URLs of packages come from whoever published them.
import { tame } from "../../shared/src/rules/words.ts";

/** Text as markdown that shows exactly that text: control and bidirectional characters gone, syntax and autolinks escaped. */
export function plain(text: string, most = 200): string {
  return tame(stripEscapes(text), most)
    .replace(/[\\`*_{}[\]()<>#|~$!@]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\b(www)\./gi, "$1\\.")
    .replace(/^([-+=])/, "\\$1")
    .replace(/^(\d+)\./, (whole, digits: string) => (/^\d+\.\s/.test(text) ? `${digits}\\.` : whole));
}

/** Terminal sequences go as a whole, so that no `[31m` is left behind. */
function stripEscapes(text: string): string {
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g, "");
}

/** Inline code; backticks within become quotes. */
export function code(text: string, most = 120): string {
  return `\`${tame(stripEscapes(text), most).replaceAll("`", "'") || " "}\``;
}

/** A link where the address is http or https without credentials, else the label alone. */
export function link(label: string, address: string | undefined): string {
  const url = address === undefined ? undefined : webAddress(address);
  return url === undefined ? plain(label) : `[${plain(label)}](${url})`;
}

/** The address in a form that is safe inside `(…)`; undefined where it is not one for a browser, or would carry credentials. */
export function webAddress(address: string): string | undefined {
  if (
    address.length > 2000 ||
    /[\u0000-\u0020\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(address.trim())
  ) {
    return undefined;
  }
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  return url.href.replace(
    /[()<>[\]\\`*_|]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** What markdown says, as text, for clients that show none. */
export function withoutMarkdown(markdown: string): string {
  const syntax = /\\([!-/:-@[-`{-~])|\[((?:\\.|[^\]\\])*)\]\([^)]*\)|\*\*|`|&amp;| {2}(?=\n)/g;
  return markdown.replace(syntax, (whole, escaped?: string, label?: string) => {
    if (escaped !== undefined) return escaped;
    if (label !== undefined) return withoutMarkdown(label);
    return whole === "&amp;" ? "&" : "";
  });
}
