// What stands at a place of a manifest: the smallest thing that a person could mean by pointing there.
import type {
  HashEntry,
  IncludeEntry,
  Manifest,
  ManifestEntry,
  OptionEntry,
  RequirementEntry,
  SourceEntry,
} from "../../shared/src/manifest/model.ts";
import type { Clause } from "../../shared/src/packaging/specifier.ts";
import type { Span, Spanned } from "../../shared/src/text/span.ts";

export type Place =
  | {
      readonly what: "clause";
      readonly entry: RequirementEntry;
      readonly clause: Clause;
      readonly span: Span;
    }
  | { readonly what: "marker"; readonly entry: RequirementEntry; readonly span: Span }
  | { readonly what: "hash"; readonly entry: RequirementEntry; readonly hash: HashEntry; readonly span: Span }
  | { readonly what: "extra"; readonly entry: RequirementEntry; readonly extra: Spanned; readonly span: Span }
  | { readonly what: "index"; readonly entry: RequirementEntry; readonly span: Span }
  | {
      readonly what: "key";
      readonly entry: RequirementEntry;
      readonly key: Spanned;
      readonly value: Spanned;
      readonly span: Span;
    }
  | { readonly what: "requirement"; readonly entry: RequirementEntry; readonly span: Span }
  | { readonly what: "include"; readonly entry: IncludeEntry; readonly span: Span }
  | { readonly what: "option"; readonly entry: OptionEntry; readonly span: Span }
  | { readonly what: "source"; readonly entry: SourceEntry; readonly span: Span };

/** Whether the offset is in the span, its end included, since a cursor stands between characters. */
export function covers(span: Span | undefined, offset: number): span is Span {
  return span !== undefined && span.start <= offset && offset <= span.end;
}

/** The entry at the offset. Where two meet, the one that begins there. */
export function entryAt(manifest: Manifest, offset: number): ManifestEntry | undefined {
  let found: ManifestEntry | undefined;
  for (const entry of manifest.entries) {
    if (!covers(entry.span, offset)) continue;
    if (!found || entry.span.end - entry.span.start <= found.span.end - found.span.start) found = entry;
  }
  return found;
}

/** The smallest thing at the offset that a hover or a jump could be about. */
export function placeAt(manifest: Manifest, offset: number): Place | undefined {
  const entry = entryAt(manifest, offset);
  if (!entry) return undefined;
  switch (entry.kind) {
    case "include":
      return { what: "include", entry, span: entry.span };
    case "option":
      return { what: "option", entry, span: entry.span };
    case "source":
      return { what: "source", entry, span: entry.span };
    default:
      return placeInRequirement(entry, offset);
  }
}

function placeInRequirement(entry: RequirementEntry, offset: number): Place {
  if (covers(entry.name?.span, offset)) return { what: "requirement", entry, span: entry.name.span };
  for (const hash of entry.hashes) {
    if (covers(hash.span, offset)) return { what: "hash", entry, hash, span: hash.span };
  }
  for (const clause of entry.specifier.clauses) {
    if (covers(clause.span, offset)) return { what: "clause", entry, clause, span: clause.span };
  }
  for (const extra of entry.extras) {
    if (covers(extra.span, offset)) return { what: "extra", entry, extra, span: extra.span };
  }
  if (entry.marker && covers(entry.markerSpan, offset))
    return { what: "marker", entry, span: entry.markerSpan };
  if (covers(entry.index?.span, offset)) return { what: "index", entry, span: entry.index.span };
  for (const option of entry.options) {
    if (covers(option.span, offset)) return { what: "option", entry: option, span: option.span };
  }
  for (const { key, value } of entry.keys ?? []) {
    if (covers(key.span, offset)) return { what: "key", entry, key, value, span: key.span };
  }
  return { what: "requirement", entry, span: entry.span };
}

/** Requirements and constraints that touch the span, in reading order. */
export function requirementsIn(manifest: Manifest, span: Span): RequirementEntry[] {
  return manifest.entries.filter(
    (entry): entry is RequirementEntry =>
      (entry.kind === "requirement" || entry.kind === "constraint") &&
      entry.span.start <= span.end &&
      span.start <= entry.span.end,
  );
}
