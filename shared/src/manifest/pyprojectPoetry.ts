// `[tool.poetry]` of a pyproject.toml: dependencies, groups, extras and sources, in poetry's own constraints.
import type { Marker } from "../packaging/marker.ts";
import { readMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import { type Clause, SpecifierSet } from "../packaging/specifier.ts";
import type { Span, Spanned } from "../text/span.ts";
import { readIgnore, trailingComment } from "./ignores.ts";
import { mapSpans } from "./mapSpans.ts";
import type { RequirementEntry, VcsReference } from "./model.ts";
import { readPoetryConstraint } from "./poetryConstraint.ts";
import type {
  EntryScope,
  PlacedSpecifier,
  PoetrySource,
  ProjectExtra,
  ProjectGroup,
} from "./projectModel.ts";
import type { Mutable, Reading } from "./pyprojectItems.ts";
import { holdsVariable } from "./requirementLine.ts";
import type { TomlKey, TomlValue } from "./toml.ts";
import { placesInString } from "./tomlString.ts";
import { isTable, nodeAt, type TomlNode } from "./tomlTree.ts";

type Expected = "string" | "boolean" | "array";

/** Every key that poetry 2 knows of a dependency, with the type of its value. */
export const POETRY_KEYS: ReadonlyMap<string, Expected> = new Map<string, Expected>([
  ["version", "string"],
  ["python", "string"],
  ["platform", "string"],
  ["markers", "string"],
  ["optional", "boolean"],
  ["extras", "array"],
  ["allow-prereleases", "boolean"],
  ["allows-prereleases", "boolean"],
  ["source", "string"],
  ["git", "string"],
  ["branch", "string"],
  ["tag", "string"],
  ["rev", "string"],
  ["path", "string"],
  ["file", "string"],
  ["url", "string"],
  ["subdirectory", "string"],
  ["develop", "boolean"],
]);

export interface PoetryTables {
  readonly python?: PlacedSpecifier;
  readonly pythonKey?: TomlNode;
  readonly extras: readonly ProjectExtra[];
  readonly groups: readonly ProjectGroup[];
  readonly sources: readonly PoetrySource[];
}

/**
 * Reads `[tool.poetry]` (poetry 2, "The pyproject.toml file"). Its dependencies become entries of the reading.
 *
 * @param isDetail whether `[project]` gives the dependencies, so that poetry's only say more of them.
 */
export function readPoetry(reading: Reading, poetry: TomlNode, isDetail: boolean): PoetryTables {
  const groups: ProjectGroup[] = [];
  const main: EntryScope = { kind: isDetail ? "detail" : "project" };
  const dependencies = poetry.children.get("dependencies");
  let python: PlacedSpecifier | undefined;
  const pythonKey = dependencies?.children.get("python");
  if (pythonKey?.value?.kind === "string") python = readPython(reading, pythonKey.value);
  readDependencies(reading, dependencies, "tool.poetry.dependencies", main);
  const dev = poetry.children.get("dev-dependencies");
  if (dev?.key) {
    const name = { text: "dev", span: dev.key.inside };
    groups.push({ name, normalizedName: "dev", includes: [], optional: false });
    readDependencies(reading, dev, "tool.poetry.dev-dependencies", { kind: "group", name: "dev" });
  }
  for (const [written, group] of poetry.children.get("group")?.children ?? []) {
    if (!isTable(group) || !group.key) continue;
    const name = normalizeName(written);
    groups.push({
      name: { text: written, span: group.key.inside },
      normalizedName: name,
      includes: stringsOf(group.children.get("include-groups")?.value),
      optional: group.children.get("optional")?.value?.text === "true",
    });
    readDependencies(
      reading,
      group.children.get("dependencies"),
      `tool.poetry.group.${written}.dependencies`,
      { kind: "group", name },
    );
  }
  return {
    ...(python && { python }),
    ...(pythonKey && { pythonKey }),
    extras: readExtras(reading, poetry.children.get("extras")),
    groups,
    sources: (poetry.children.get("source")?.tables ?? []).map(readSource),
  };
}

function readPython(reading: Reading, value: TomlValue): PlacedSpecifier | undefined {
  const specifier = readConstraint(reading, value);
  return specifier && { text: value.text, span: value.inside, specifier };
}

function readExtras(reading: Reading, table: TomlNode | undefined): ProjectExtra[] {
  const extras: ProjectExtra[] = [];
  for (const [written, node] of table?.children ?? []) {
    if (node.value?.kind !== "array" || !node.key) {
      reading.fault("invalid-value", "An extra is a list of package names.", node.span, "[…]");
      continue;
    }
    extras.push({
      name: { text: written, span: node.key.inside },
      normalizedName: normalizeName(written),
      // `name[extra]` and `name (>=1)` begin with the name.
      brings: stringsOf(node.value).flatMap(({ text }) => {
        const name = /^[A-Za-z0-9][\w.-]*/.exec(text)?.[0];
        return name === undefined ? [] : normalizeName(name);
      }),
    });
  }
  return extras;
}

function readSource(node: TomlNode): PoetrySource {
  const name = stringAt(node, "name");
  const url = stringAt(node, "url");
  const priority = stringAt(node, "priority")?.text;
  const known = ["primary", "supplemental", "explicit", "default", "secondary"] as const;
  return {
    span: spanOfTable(node),
    ...(name && { name }),
    ...(url && { url }),
    priority: known.find((each) => each === priority) ?? "primary",
  };
}

function readDependencies(
  reading: Reading,
  table: TomlNode | undefined,
  section: string,
  scope: EntryScope,
): void {
  if (table === undefined) return;
  if (!isTable(table)) {
    reading.fault("invalid-value", `${section} is a table of packages.`, table.span);
    return;
  }
  for (const [name, node] of table.children) {
    if (node.key === undefined || (normalizeName(name) === "python" && section.startsWith("tool.poetry.dep")))
      continue;
    readDependency(reading, node, node.key, { section, scope });
  }
}

interface Place {
  readonly section: string;
  readonly scope: EntryScope;
}

function readDependency(reading: Reading, node: TomlNode, key: TomlKey, place: Place): void {
  const { value } = node;
  if (value?.kind === "string") addString(reading, key, value, node.span, place);
  else if (value?.kind === "array") {
    for (const item of value.items ?? []) {
      if (item.kind === "string") addString(reading, key, item, item.span, place);
      else if (item.kind !== "inline-table") {
        reading.fault("invalid-value", "An item is a version in quotes or a table.", item.span);
      }
    }
    for (const table of node.tables)
      addTable(reading, key, table, { style: "toml-inline-table", span: table.span, ...place });
  } else if (node.tables.length > 0) {
    for (const table of node.tables)
      addTable(reading, key, table, { style: "toml-table", span: spanOfTable(table), ...place });
  } else if (isTable(node)) {
    const style = value ? "toml-inline-table" : "toml-table";
    const span = value ? node.span : spanOfTable(node);
    addTable(reading, key, node, { style, span, ...place, isDotted: !value && !node.header });
  } else {
    const expected = value?.kind === "integer" || value?.kind === "float" ? `"${value.text}"` : '"*"';
    reading.fault("invalid-value", "A package takes a version in quotes or a table.", node.span, expected);
  }
}

/** A header with what stands under it, or the pairs that make the table by dotted keys. */
function spanOfTable(node: TomlNode): Span {
  const spans = [node.header?.span ?? node.span, ...node.pairs.map((pair) => pair.span)];
  for (const child of node.header ? [] : node.children.values()) spans.push(child.span);
  return {
    start: Math.min(...spans.map(({ start }) => start)),
    end: Math.max(...spans.map(({ end }) => end)),
  };
}

type Style = Extract<RequirementEntry["style"], `toml-${string}`>;

function baseEntry(
  reading: Reading,
  key: TomlKey,
  span: Span,
  style: Style,
  place: Place,
): Mutable<RequirementEntry> {
  const { text } = reading;
  // A table's comment stands behind its header.
  const end = style === "toml-table" && text[span.start] === "[" ? headerEnd(text, span.start) : span.end;
  const comment = trailingComment(text, skipComma(text, end));
  const ignores = comment && readIgnore(comment.text)?.rules;
  const isName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(key.text.slice(0, 1000));
  if (!isName) reading.fault("invalid-name", "The key is not a package name.", key.span);
  return {
    kind: "requirement",
    style,
    span,
    ...place,
    grammar: "poetry",
    name: { text: key.text, span: key.inside },
    ...(isName && { normalizedName: normalizeName(key.text) }),
    extras: [],
    specifier: SpecifierSet.any,
    editable: false,
    hashes: [],
    options: [],
    understood: isName,
    hasVariables: holdsVariable(text.slice(span.start, Math.min(span.end, span.start + 10_000))),
    ...(comment && { comment }),
    ...(ignores && { ignores }),
  };
}

function headerEnd(text: string, start: number): number {
  const end = text.indexOf("]", start);
  return end < 0 ? start : end + (text[end + 1] === "]" ? 2 : 1);
}

function skipComma(text: string, end: number): number {
  const after = /[ \t]*,?/y;
  after.lastIndex = end;
  after.test(text);
  return after.lastIndex;
}

function addString(reading: Reading, key: TomlKey, value: TomlValue, span: Span, place: Place): void {
  const entry = baseEntry(reading, key, span, "toml-string", place);
  readVersion(reading, entry, value);
  reading.entries.push(entry);
}

function readVersion(reading: Reading, entry: Mutable<RequirementEntry>, value: TomlValue): void {
  entry.specifierSpan = value.inside;
  if (placesInString(reading.text, value) === undefined) entry.understood = false;
  const specifier = readConstraint(reading, value);
  if (specifier) entry.specifier = specifier;
  else entry.understood = false;
}

/** Reads a constraint, its faults told where they stand. */
function readConstraint(reading: Reading, value: TomlValue): SpecifierSet | undefined {
  const places = placesInString(reading.text, value);
  const map = (span: Span): Span => places?.spanOf(span) ?? value.inside;
  const read = readPoetryConstraint(value.text);
  if (read.ok) return mapSpans(read.value, map);
  const { code, message, offset, length, expected } = read.error;
  const span = map({ start: offset, end: offset + length });
  reading.fault(code, message, span.end > span.start ? span : value.span, expected);
  return undefined;
}

interface TablePlace extends Place {
  readonly style: Style;
  readonly span: Span;
  /** Made of dotted keys, which other statements may stand between. */
  readonly isDotted?: boolean;
}

function addTable(reading: Reading, key: TomlKey, node: TomlNode, place: TablePlace): void {
  const { style, span, section, scope } = place;
  const entry = baseEntry(reading, key, span, style, { section, scope });
  const fields = new Map<string, TomlValue>();
  const keys: { key: Spanned; value: Spanned }[] = [];
  for (const [name, child] of node.children) {
    if (child.value === undefined || child.key === undefined) continue;
    keys.push({
      key: { text: name, span: child.key.inside },
      value: { text: child.value.text, span: child.value.inside },
    });
    const expected = POETRY_KEYS.get(name);
    if (expected === undefined) continue;
    if (expected === child.value.kind) fields.set(name, child.value);
    else {
      const words = { string: "a text in quotes", boolean: "true or false", array: "a list in brackets" };
      reading.fault("invalid-value", `${name} is ${words[expected]}.`, child.value.span, words[expected]);
      entry.understood = false;
    }
  }
  entry.keys = keys;
  const version = fields.get("version");
  if (version) readVersion(reading, entry, version);
  readPlaces(entry, fields);
  entry.extras = stringsOf(fields.get("extras"));
  if (fields.get("optional")?.text === "true") entry.optional = true;
  const prereleases = fields.get("allow-prereleases") ?? fields.get("allows-prereleases");
  if (prereleases?.text === "true") entry.allowPrereleases = true;
  if (place.isDotted && countLines(reading.text, span) !== node.children.size) entry.understood = false;
  joinMarkers(reading, entry, fields);
  reading.entries.push(entry);
}

function countLines(text: string, { start, end }: Span): number {
  return text.slice(start, end).split("\n").length;
}

function readPlaces(entry: Mutable<RequirementEntry>, fields: ReadonlyMap<string, TomlValue>): void {
  const source = fields.get("source");
  // Poetry knows the public index by its name without being told.
  if (source && source.text.toLowerCase() !== "pypi") entry.index = spanned(source);
  const subdirectory = fields.get("subdirectory");
  if (subdirectory) entry.subdirectory = subdirectory.text;
  entry.editable = fields.get("develop")?.text === "true";
  const url = fields.get("url");
  if (url) entry.url = spanned(url);
  const path = fields.get("path") ?? fields.get("file");
  if (path) entry.path = spanned(path);
  const git = fields.get("git");
  if (git === undefined) return;
  const reference = fields.get("rev") ?? fields.get("tag") ?? fields.get("branch");
  const vcs: VcsReference = {
    system: "git",
    url: spanned(git),
    ...(reference && { reference: spanned(reference) }),
  };
  entry.vcs = vcs;
  entry.url = spanned(git);
}

function joinMarkers(
  reading: Reading,
  entry: Mutable<RequirementEntry>,
  fields: ReadonlyMap<string, TomlValue>,
): void {
  const found: { marker: Marker; span: Span }[] = [];
  const add = (value: TomlValue, text: string, isWritten: boolean): void => {
    const read = readMarker(text);
    if (!read.ok) {
      reading.fault("invalid-marker", read.error.message, value.span, read.error.expected);
      entry.understood = false;
      return;
    }
    const places = isWritten ? placesInString(reading.text, value) : undefined;
    const marker = mapSpans(read.value, (span) => places?.spanOf(span) ?? value.inside);
    found.push({ marker, span: value.inside });
  };
  const markers = fields.get("markers");
  if (markers) add(markers, markers.text, true);
  const python = fields.get("python");
  const versions = python && readConstraint(reading, python);
  if (python && versions === undefined) entry.understood = false;
  if (python && versions && versions.clauses.length > 0) add(python, pythonMarker(versions), false);
  const platform = fields.get("platform");
  if (platform && platform.text.trim() !== "*") add(platform, platformMarker(platform.text), false);
  const [first, ...rest] = found;
  if (first === undefined) return;
  const span = {
    start: Math.min(...found.map((each) => each.span.start)),
    end: Math.max(...found.map((each) => each.span.end)),
  };
  entry.markerSpan = span;
  entry.marker =
    rest.length === 0
      ? first.marker
      : { kind: "and", operands: found.map(({ marker }) => grouped(marker)), parenthesized: false, span };
}

/** Or binds looser than and: joined by and, it needs its parentheses. */
function grouped(marker: Marker): Marker {
  return marker.kind === "or" ? { ...marker, parenthesized: true } : marker;
}

/** `python = "^3.8"` as the marker that poetry makes of it. */
function pythonMarker(versions: SpecifierSet): string {
  const all = (set: SpecifierSet) => set.clauses.map(pythonComparison).join(" and ");
  return versions.alternatives
    ? versions.alternatives.map((set) => `(${all(set)})`).join(" or ")
    : all(versions);
}

function pythonComparison({ operator, version }: Clause): string {
  const isExact = version.replace(/\.\*$/, "").split(".").length > 2;
  return `${isExact ? "python_full_version" : "python_version"} ${operator} "${version}"`;
}

/** `platform = "linux"`, `"!=win32"`, `"linux || darwin"` as a marker. */
function platformMarker(text: string): string {
  const parts = text.split(/\|\|?/).map((part) => {
    const [, operator, value] = /^\s*([=!]*)\s*([^"'\\]*?)\s*$/.exec(part) ?? [];
    return `sys_platform ${operator?.startsWith("!") ? "!=" : "=="} "${value ?? ""}"`;
  });
  return parts.join(" or ");
}

function spanned(value: TomlValue): Spanned {
  return { text: value.text, span: value.inside };
}

/** The strings of an array, with their places. */
export function stringsOf(value: TomlValue | undefined): Spanned[] {
  return (value?.items ?? []).filter(({ kind }) => kind === "string").map(spanned);
}

/** The string that a key of a table has. */
export function stringAt(node: TomlNode | undefined, key: string): Spanned | undefined {
  const value = node && nodeAt(node, key)?.value;
  return value?.kind === "string" ? spanned(value) : undefined;
}
