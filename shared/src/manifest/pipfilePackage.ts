// One package of a Pipfile, however it is written: a version in quotes, an inline table, a table of its own, dotted keys.

import type { Marker } from "../packaging/marker.ts";
import { readMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import { readSpecifierSet, SpecifierSet } from "../packaging/specifier.ts";
import type { ParseError } from "../result.ts";
import type { Span, Spanned } from "../text/span.ts";
import { readIgnore, trailingComment } from "./ignores.ts";
import { readLink, urlSchemeOf } from "./links.ts";
import type { HashEntry, ManifestError, RequirementEntry, VcsReference } from "./model.ts";
import { PIPFILE_MARKER_KEYS } from "./pipfileMarkerKeys.ts";
import { holdsVariable } from "./requirementLine.ts";
import type { TomlKey, TomlPair, TomlValue } from "./toml.ts";

export interface PackageParts {
  readonly section: string;
  readonly key: TomlKey;
  readonly style: "toml-string" | "toml-inline-table" | "toml-table";
  readonly span: Span;
  /** The version, where the package is nothing but that. */
  readonly value?: TomlValue;
  readonly pairs: readonly TomlPair[];
  /** Where the line's comment may follow. */
  readonly commentFrom: number;
  /** False where the entry cannot be edited as one. */
  readonly isWhole: boolean;
}

const VCS_KEYS = ["git", "hg", "svn", "bzr"] as const;

type Expected = "string" | "boolean" | "array" | "any";

/** Every key that plette 2.4 knows of a package, with the type of its value. */
export const PACKAGE_KEYS: ReadonlyMap<string, Expected> = new Map<string, Expected>([
  ...VCS_KEYS.map((key) => [key, "string"] as const),
  ["ref", "string"],
  ["subdirectory", "string"],
  ["name", "string"],
  ["version", "string"],
  ["extras", "array"],
  ["editable", "boolean"],
  ["markers", "string"],
  ["os_markers", "string"],
  ["hashes", "array"],
  ["index", "string"],
  ["no_binary", "any"],
  ["pip_args", "array"],
  ["skip_resolver", "boolean"],
  ["path", "string"],
  ["file", "string"],
  ...PIPFILE_MARKER_KEYS.map((key) => [key, "string"] as const),
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Builds the entry of one package, and says what is wrong with it. */
export function buildPackage(
  text: string,
  parts: PackageParts,
): { entry: RequirementEntry; errors: readonly ManifestError[] } {
  const builder = new PackageBuilder(text, parts);
  return { entry: builder.build(), errors: builder.errors };
}

class PackageBuilder {
  readonly errors: ManifestError[] = [];
  readonly #parts: PackageParts;
  readonly #entry: Mutable<RequirementEntry>;
  readonly #markers: { marker: Marker; span: Span }[] = [];
  readonly #comment: Spanned | undefined;
  #understood: boolean;

  constructor(text: string, parts: PackageParts) {
    this.#parts = parts;
    this.#understood = parts.isWhole;
    this.#comment = trailingComment(text, parts.commentFrom);
    this.#entry = {
      kind: "requirement",
      style: parts.style,
      span: parts.span,
      section: parts.section,
      extras: [],
      specifier: SpecifierSet.any,
      editable: false,
      hashes: [],
      options: [],
      understood: true,
      hasVariables: holdsVariable(
        text.slice(parts.span.start, Math.min(parts.span.end, parts.span.start + 10_000)),
      ),
    };
  }

  build(): RequirementEntry {
    this.#readName();
    if (this.#parts.value !== undefined) this.#readVersion(this.#parts.value);
    const fields = this.#readFields();
    this.#readPlaces(fields);
    this.#joinMarkers();
    const ignores = this.#comment && readIgnore(this.#comment.text)?.rules;
    return {
      ...this.#entry,
      ...(this.#comment && { comment: this.#comment }),
      ...(ignores && { ignores }),
      understood: this.#understood,
    };
  }

  /** A key is a name, with extras where a person moved them there: `"name[extra]"`. */
  #readName(): void {
    const { text, inside } = this.#parts.key;
    const match = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?$/.exec(
      text.slice(0, 1000),
    );
    if (match === null) {
      this.#entry.name = { text, span: inside };
      this.#fault("invalid-name", "The key is not a package name.", this.#parts.key.span);
      return;
    }
    const name = match[1]!;
    const isVerbatim = inside.end - inside.start === text.length;
    const span = isVerbatim ? { start: inside.start, end: inside.start + name.length } : inside;
    this.#entry.name = { text: name, span };
    this.#entry.normalizedName = normalizeName(name);
    if (match[2] !== undefined) {
      const from = inside.start + text.indexOf("[") + 1;
      this.#entry.extras = [...match[2].matchAll(/[^\s,]+/g)].map((extra) => ({
        text: extra[0],
        span: isVerbatim ? { start: from + extra.index, end: from + extra.index + extra[0].length } : inside,
      }));
    }
  }

  #readVersion(value: TomlValue): void {
    const { text, inside } = value;
    this.#entry.specifierSpan = inside;
    if (!value.verbatim) this.#understood = false;
    if (text.trim() === "*") return;
    if (text.trim() === "") {
      const expected = '"*" for any release';
      this.#fault(
        "empty-specifier",
        'The version is empty: "*" stands for any release.',
        value.span,
        expected,
        true,
      );
      return;
    }
    // pipenv takes a version without an operator as ==.
    const bare = /^\s*[0-9v]/.test(text);
    const read = bare ? readSpecifierSet(`==${text.trim()}`, 0) : readSpecifierSet(text, inside.start);
    if (!read.ok) {
      this.#placeFault(read.error, value, bare ? inside.start + leading(text) - 2 : 0);
      return;
    }
    this.#entry.specifier = bare ? withoutOperator(read.value, inside.start + leading(text)) : read.value;
  }

  #readFields(): Map<string, TomlValue> {
    const fields = new Map<string, TomlValue>();
    const keys: { key: Spanned; value: Spanned }[] = [];
    for (const pair of this.#parts.pairs) {
      const key = pair.keys[0]!;
      const { value } = pair;
      if (pair.keys.length > 1) {
        this.#fault("unknown-key", `A package has no table ${key.text}.`, key.span);
        continue;
      }
      keys.push({
        key: { text: key.text, span: key.inside },
        value: { text: value.text, span: value.inside },
      });
      if (fields.has(key.text)) this.#fault("duplicate-key", `${key.text} is given twice.`, key.span);
      const expected = PACKAGE_KEYS.get(key.text);
      if (expected === undefined) this.#unknownKey(key);
      else if (expected !== "any" && expected !== value.kind) this.#wrongType(key, value, expected);
      else {
        fields.set(key.text, value);
        if (PIPFILE_MARKER_KEYS.includes(key.text)) this.#readMarkerKey(key, value);
      }
    }
    if (this.#parts.style !== "toml-string") this.#entry.keys = keys;
    return fields;
  }

  #unknownKey(key: TomlKey): void {
    const meant: Readonly<Record<string, string>> = {
      commit: "ref",
      branch: "ref",
      tag: "ref",
      rev: "ref",
      marker: "markers",
      extra: "extras",
      url: "file",
      hash: "hashes",
      source: "index",
    };
    const expected = Object.hasOwn(meant, key.text) ? meant[key.text] : undefined;
    const message = `pipenv does not know the key ${key.text}${expected ? `; it is ${expected}` : ""}.`;
    this.#fault("unknown-key", message, key.span, expected);
  }

  #wrongType(key: TomlKey, value: TomlValue, expected: Expected): void {
    const words: Readonly<Record<string, string>> = {
      string: "a text in quotes",
      boolean: "true or false",
      array: "a list in brackets",
    };
    this.#fault("invalid-value", `${key.text} is ${words[expected]}.`, value.span, words[expected]);
  }

  #readPlaces(fields: ReadonlyMap<string, TomlValue>): void {
    const entry = this.#entry;
    const version = fields.get("version");
    if (version) this.#readVersion(version);
    const extras = this.#strings(fields.get("extras"));
    if (extras.length > 0) entry.extras = [...entry.extras, ...extras];
    entry.editable = fields.get("editable")?.text === "true";
    const index = fields.get("index");
    if (index) entry.index = spanned(index);
    const subdirectory = fields.get("subdirectory");
    if (subdirectory) entry.subdirectory = subdirectory.text;
    entry.hashes = this.#strings(fields.get("hashes")).map(toHash);
    for (const key of ["path", "file"]) {
      const value = fields.get(key);
      if (value === undefined) continue;
      if (key === "file" && urlSchemeOf(value.text) !== undefined) entry.url = spanned(value);
      else entry.path = spanned(value);
    }
    this.#readVcs(fields);
    const markers = fields.get("markers") ?? fields.get("os_markers");
    if (markers) this.#readMarkers(markers);
  }

  #strings(value: TomlValue | undefined): Spanned[] {
    const found: Spanned[] = [];
    for (const item of value?.items ?? []) {
      if (item.kind === "string") found.push(spanned(item));
      else this.#fault("invalid-value", "The list holds texts in quotes.", item.span);
    }
    return found;
  }

  #readVcs(fields: ReadonlyMap<string, TomlValue>): void {
    const systems = VCS_KEYS.filter((key) => fields.has(key));
    const system = systems[0];
    if (system === undefined) {
      const ref = fields.get("ref");
      if (ref) this.#fault("unused-key", "ref says nothing without a repository.", ref.span, 'git = "…"');
      return;
    }
    if (systems.length > 1) {
      this.#fault(
        "invalid-value",
        `A package comes from one repository, not from ${systems.join(" and ")}.`,
        this.#parts.span,
      );
    }
    const value = fields.get(system)!;
    const place = spanned(value);
    const prefix = value.text.startsWith(`${system}+`) ? system.length + 1 : 0;
    const inLink = readLink(prefix > 0 ? value.text : `${system}+${value.text}`).vcs?.reference;
    const ref = fields.get("ref");
    const vcs: Mutable<VcsReference> = {
      system,
      url: {
        text: value.text.slice(prefix),
        span: { start: place.span.start + (value.verbatim ? prefix : 0), end: place.span.end },
      },
    };
    if (ref) vcs.reference = spanned(ref);
    else if (inLink && /^\w[\w.+-]*:\/\//.test(value.text))
      vcs.reference = { text: inLink.text, span: place.span };
    this.#entry.vcs = vcs;
    this.#entry.url = place;
  }

  #readMarkerKey(key: TomlKey, value: TomlValue): void {
    const read = readMarker(`${key.text} ${value.text}`, value.inside.start - key.text.length - 1);
    if (!read.ok) {
      this.#placeFault({ ...read.error, code: "invalid-marker" }, value, 0);
      return;
    }
    const marker = read.value;
    const placed =
      marker.kind === "comparison" && marker.left.kind === "variable"
        ? {
            ...marker,
            left: { ...marker.left, span: key.inside },
            span: { start: key.inside.start, end: value.inside.end },
          }
        : marker;
    this.#markers.push({ marker: placed, span: value.inside });
  }

  #readMarkers(value: TomlValue): void {
    if (!value.verbatim) this.#understood = false;
    const read = readMarker(value.text, value.inside.start);
    if (read.ok) this.#markers.push({ marker: read.value, span: value.inside });
    else this.#placeFault({ ...read.error, code: "invalid-marker" }, value, 0);
  }

  #joinMarkers(): void {
    const [first, ...rest] = this.#markers;
    if (first === undefined) return;
    const start = Math.min(...this.#markers.map((each) => each.span.start));
    const span = { start, end: Math.max(...this.#markers.map((each) => each.span.end)) };
    this.#entry.markerSpan = span;
    this.#entry.marker =
      rest.length === 0
        ? first.marker
        : {
            kind: "and",
            operands: this.#markers.map((each) => grouped(each.marker)),
            parenthesized: false,
            span,
          };
  }

  /** An error in a string, kept within it. */
  #placeFault(error: ParseError, value: TomlValue, by: number): void {
    const start = Math.max(value.inside.start, Math.min(error.offset + by, value.inside.end));
    const end = Math.max(start, Math.min(start + error.length, value.inside.end));
    const span = value.verbatim ? { start, end } : value.span;
    this.#fault(error.code, error.message, span, error.expected);
  }

  #fault(code: string, message: string, span: Span, expected?: string, isEditable = false): void {
    if (!isEditable) this.#understood = false;
    this.errors.push(expected === undefined ? { code, message, span } : { code, message, span, expected });
  }
}

function spanned(value: TomlValue): Spanned {
  return { text: value.text, span: value.inside };
}

function toHash(place: Spanned): HashEntry {
  const colon = place.text.indexOf(":");
  if (colon < 0) return { span: place.span, algorithm: "sha256", digest: place.text };
  const algorithm = place.text.slice(0, colon).toLowerCase();
  return { span: place.span, algorithm, digest: place.text.slice(colon + 1) };
}

/** Or binds looser than and: joined by and, it needs its parentheses. */
function grouped(marker: Marker): Marker {
  return marker.kind === "or" ? { ...marker, parenthesized: true } : marker;
}

function leading(text: string): number {
  return text.length - text.trimStart().length;
}

/** The clauses of `==TEXT`, moved to where TEXT stands: the first has no operator there. */
function withoutOperator(set: SpecifierSet, start: number): SpecifierSet {
  const by = start - 2;
  const move = (span: Span): Span => ({ start: Math.max(start, span.start + by), end: span.end + by });
  return new SpecifierSet(
    set.clauses.map((clause) => ({
      ...clause,
      span: move(clause.span),
      versionSpan: move(clause.versionSpan),
    })),
  );
}
