// Names of packages and patterns of them: `acme-*`.
import { normalizeName } from "../packaging/name.ts";

/** Whether the name (any spelling) is the pattern's, where `*` stands for any letters. */
export function matchesName(pattern: string, name: string): boolean {
  const wanted = normalizeName(pattern.replaceAll("*", "\u0001")).split("\u0001");
  const given = normalizeName(name);
  if (wanted.length === 1) return given === wanted[0];
  const [first = "", ...rest] = wanted;
  if (!given.startsWith(first)) return false;
  let at = first.length;
  for (const [number, part] of rest.entries()) {
    const isLast = number === rest.length - 1;
    const found = isLast ? given.length - part.length : given.indexOf(part, at);
    if (found < at || !given.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}
