// Requirements of a pyproject.toml as PEP 508 writes them: TOML strings in arrays, every piece with its place through escapes.
import { normalizeName } from "../packaging/name.ts";
import { readRequirement } from "../packaging/requirement.ts";
import type { Span, Spanned } from "../text/span.ts";
import { readIgnore, trailingComment } from "./ignores.ts";
import { mapSpans } from "./mapSpans.ts";
import type { ManifestError, RequirementEntry } from "./model.ts";
import type { EntryScope } from "./projectModel.ts";
import { holdsVariable, type RequirementLine, readRequirementLine } from "./requirementLine.ts";
import type { TomlValue } from "./toml.ts";
import { placesInString } from "./tomlString.ts";

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where faults are told and entries are collected while a pyproject.toml is read. */
export interface Reading {
  readonly text: string;
  readonly entries: RequirementEntry[];
  fault(code: string, message: string, span: Span, expected?: string): void;
}

export interface ItemList {
  readonly section: string;
  readonly scope: EntryScope;
  readonly kind: RequirementEntry["kind"];
}

/** Longer strings are no requirement that a person wrote. */
const MAX_LENGTH = 100_000;

/** Reads the strings of an array as requirements. `other` is shown what is no string; false from it means that it is a fault. */
export function readItems(
  reading: Reading,
  value: TomlValue,
  list: ItemList,
  other?: (item: TomlValue) => boolean,
): void {
  if (value.kind !== "array") {
    reading.fault("invalid-value", `${list.section} is a list of requirements.`, value.span, "[…]");
    return;
  }
  const shared = commentOfList(reading.text, value);
  for (const item of value.items ?? []) {
    if (item.kind === "string") readItem(reading, item, list, shared);
    else if (!other?.(item)) {
      reading.fault("invalid-value", "A requirement is a text in quotes.", item.span, "a text in quotes");
    }
  }
}

/** A list on one line has one comment for all of its items. */
function commentOfList(text: string, value: TomlValue): Spanned | undefined {
  const { start, end } = value.span;
  return text.slice(start, end).includes("\n") ? undefined : trailingComment(text, end);
}

/** The comment behind an item of a list, its comma passed over. */
function commentOfItem(text: string, end: number): Spanned | undefined {
  const after = /[ \t]*,?[ \t]*\]?/y;
  after.lastIndex = end;
  return trailingComment(text, after.test(text) ? after.lastIndex : end);
}

function readItem(reading: Reading, value: TomlValue, list: ItemList, shared: Spanned | undefined): void {
  const { text } = reading;
  const written = value.text.length > MAX_LENGTH ? "" : value.text;
  // Most strings are their value character for character: then no place has to be moved.
  const places = value.verbatim ? undefined : placesInString(text, value);
  const line = value.verbatim
    ? readText(written, value.inside.start)
    : mapSpans(readText(written, 0), (span) => places?.spanOf(span) ?? value.inside);
  const comment = shared ?? commentOfItem(text, value.span.end);
  const ignores = comment && readIgnore(comment.text)?.rules;
  const entry: Mutable<RequirementEntry> = {
    kind: list.kind,
    style: "toml-item",
    span: value.span,
    section: list.section,
    scope: list.scope,
    extras: line.extras,
    specifier: line.specifier,
    editable: false,
    hashes: [],
    options: [],
    understood: line.understood && (value.verbatim || places !== undefined) && written === value.text,
    hasVariables: holdsVariable(value.text) || value.text.includes("{root:"),
    ...(line.name && { name: line.name }),
    ...(line.normalizedName !== undefined && { normalizedName: line.normalizedName }),
    ...(line.specifierSpan && { specifierSpan: line.specifierSpan }),
    ...(line.marker && { marker: line.marker }),
    ...(line.markerSpan && { markerSpan: line.markerSpan }),
    ...(line.url && { url: line.url }),
    ...(line.vcs && { vcs: line.vcs }),
    ...(line.subdirectory !== undefined && { subdirectory: line.subdirectory }),
    ...(comment && { comment }),
    ...(ignores && { ignores }),
  };
  reading.entries.push(entry);
  for (const error of line.errors) {
    reading.fault(error.code, error.message, within(error.span, value), error.expected);
  }
}

/** A place of an error, kept within the string, and seen where it would be empty. */
function within({ start, end }: Span, value: TomlValue): Span {
  const from = Math.max(value.inside.start, Math.min(start, value.inside.end));
  const to = Math.max(from, Math.min(end, value.inside.end));
  return to > from ? { start: from, end: to } : value.span;
}

/** A requirement as the standard has it; of one that is none, as much as can be told. */
function readText(text: string, base: number): RequirementLine {
  const read = readRequirement(text, base);
  if (read.ok && read.value.url === undefined) {
    const { name, extras, specifier, specifierSpan, marker, markerSpan } = read.value;
    return {
      name,
      normalizedName: normalizeName(name.text),
      extras,
      specifier,
      errors: [],
      understood: true,
      ...(specifierSpan && { specifierSpan }),
      ...(marker && { marker }),
      ...(markerSpan && { markerSpan }),
    };
  }
  const line = readRequirementLine(text, base);
  if (read.ok) {
    // Hatch fills in the place of the project: what stands there is no URL before.
    if (!text.includes("{root:")) return line;
    return { ...line, errors: line.errors.filter(({ code }) => code !== "invalid-url"), understood: false };
  }
  const { path: _, ...rest } = line;
  const { code, message, offset, length, expected } = read.error;
  const error: ManifestError = {
    code,
    message,
    span: { start: offset, end: offset + length },
    ...(expected !== undefined && { expected }),
  };
  return { ...rest, errors: holdsVariable(text) ? [] : [error], understood: false };
}
