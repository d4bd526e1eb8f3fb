// Moves every place in plain data: for readings of a text that lies otherwise in its file.
import { SpecifierSet } from "../packaging/specifier.ts";
import type { Span } from "../text/span.ts";

/** A deep copy of plain data with every span mapped; specifier sets are built anew. */
export function mapSpans<T>(value: T, map: (span: Span) => Span): T {
  if (value instanceof SpecifierSet) {
    if (value.clauses.length === 0) return value;
    if (value.alternatives) {
      return SpecifierSet.anyOf(value.alternatives.map((set) => mapSpans(set, map))) as T;
    }
    return new SpecifierSet(value.clauses.map((clause) => mapSpans(clause, map))) as T;
  }
  if (Array.isArray(value)) return value.map((item) => mapSpans(item, map)) as T;
  if (typeof value !== "object" || value === null) return value;
  if ("start" in value && "end" in value) return map(value as unknown as Span) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSpans(item, map)])) as T;
}
