// `# thoth: ignore[rule, …]`: the comments by which a person silences a rule.
import type { Spanned } from "../text/span.ts";

const IGNORE = /\bthoth:\s*ignore\b(?:\s*\[([^\]]*)\])?/i;

/** A silencing comment: which rules (none named means all), and where its brackets stand in the comment. */
export interface IgnoreComment {
  readonly rules: readonly string[];
  readonly start: number;
  readonly end: number;
  /** Inside the brackets; absent where there are none. */
  readonly list?: { readonly start: number; readonly end: number };
}

/** Reads the first silencing remark in a comment; undefined where there is none. */
export function readIgnore(comment: string): IgnoreComment | undefined {
  const match = IGNORE.exec(comment.length > 10_000 ? comment.slice(0, 10_000) : comment);
  if (match === null) return undefined;
  const start = match.index;
  const end = start + match[0].length;
  if (match[1] === undefined) return { rules: [], start, end };
  const rules = match[1]
    .split(",")
    .map((rule) => rule.trim())
    .filter((rule) => rule !== "");
  const list = { start: end - 1 - match[1].length, end: end - 1 };
  return { rules, start, end, list };
}

/** The comment that follows on the same line. */
export function trailingComment(text: string, from: number): Spanned | undefined {
  let start = from;
  while (text[start] === " " || text[start] === "\t") start++;
  if (text[start] !== "#") return undefined;
  const found = text.indexOf("\n", start);
  let end = found < 0 ? text.length : found;
  if (text[end - 1] === "\r") end--;
  return { text: text.slice(start, end), span: { start, end } };
}

/** The rules that the comments of a TOML file silence above its first line that says something. */
export function readFileIgnores(text: string): string[] {
  const ignores: string[] = [];
  const line = /[ \t\ufeff]*(?:#(.*))?(?:\r?\n|$)/y;
  while (line.lastIndex < text.length) {
    const match = line.exec(text);
    if (match === null) break;
    if (match[1] !== undefined) ignores.push(...(readIgnore(match[1])?.rules ?? []));
  }
  return ignores;
}
