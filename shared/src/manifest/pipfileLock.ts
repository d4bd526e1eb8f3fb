// Pipfile.lock with places: a scanner walked without recursion, so that broken and deep texts end in errors, not in crashes.
import { readMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import { readSpecifierSet, SpecifierSet } from "../packaging/specifier.ts";
import type { ParseError } from "../result.ts";
import { LineIndex, type Span, type Spanned } from "../text/span.ts";
import { type JsonField, JsonReader } from "./jsonReader.ts";
import { readLink, urlSchemeOf } from "./links.ts";
import type {
  HashEntry,
  LockMeta,
  Manifest,
  ManifestEntry,
  ManifestError,
  RequirementEntry,
  SourceEntry,
  VcsReference,
} from "./model.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const VCS_KEYS = ["git", "hg", "svn", "bzr"] as const;

/**
 * Reads a Pipfile.lock (`pipfile-spec` 6). Never throws; a broken text gives errors and what could be read around them.
 *
 * The hashes of a package are looked at when they are asked for: a lock of 5 MB is mostly hashes.
 */
export function readPipfileLock(text: string): Manifest {
  const reading = new LockReading(text);
  reading.read();
  const errors = reading.errors.sort((a, b) => a.span.start - b.span.start);
  return {
    kind: "pipfile-lock",
    text,
    lines: new LineIndex(text),
    entries: reading.entries,
    errors,
    ignores: [],
    ...(reading.meta && { lock: reading.meta }),
  };
}

class LockReading {
  readonly entries: ManifestEntry[] = [];
  readonly errors: ManifestError[] = [];
  meta: LockMeta | undefined;
  readonly #text: string;
  readonly #json: JsonReader;

  constructor(text: string) {
    this.#text = text;
    this.#json = new JsonReader(text, this.errors);
  }

  read(): void {
    const json = this.#json;
    const sections = new Set<string>();
    json.readRoot((key) => {
      if (sections.has(key.text)) this.#fault("duplicate-key", `${key.text} is given twice.`, key.span);
      sections.add(key.text);
      if (key.text === "_meta") this.#readMeta();
      else this.#readCategory(key.text);
    });
    json.addParserFault();
    if (this.errors.length > 0) return;
    const whole = { start: 0, end: Math.min(1, this.#text.length) };
    for (const required of ["_meta", "default", "develop"]) {
      if (!sections.has(required))
        this.#fault("missing-key", `The lock has no ${required}.`, whole, required);
    }
  }

  #fault(code: string, message: string, span: Span, expected?: string): void {
    this.errors.push(expected === undefined ? { code, message, span } : { code, message, span, expected });
  }

  #readMeta(): void {
    const meta: Mutable<LockMeta> = { requires: {} };
    const requires: [string, string][] = [];
    this.#json.readObject("_meta", (key) => {
      if (key.text === "hash") {
        this.#json.readObject("hash", (algorithm, value) => {
          if (value.kind !== "string") return;
          const digest = this.#json.textOf(value);
          meta.hash ??= { algorithm: algorithm.text, digest, span: this.#json.insideOf(value) };
        });
      } else if (key.text === "requires") {
        this.#json.readObject("requires", (name, value) => {
          if (value.kind === "string") requires.push([name.text, this.#json.textOf(value)]);
        });
      } else if (key.text === "sources") this.#readSources();
      else if (key.text === "pipfile-spec") {
        const token = this.#json.readScalar();
        if (token?.kind === "number") meta.specification = Number(this.#json.textOf(token));
      }
    });
    this.meta = { ...meta, requires: Object.fromEntries(requires) };
  }

  #readSources(): void {
    this.#json.readArray((start) => {
      const source: Mutable<SourceEntry> = {
        kind: "source",
        section: "_meta",
        span: { start, end: start },
        verifySsl: true,
        hasVariables: false,
      };
      const end = this.#json.readObject("sources", (key, value) => {
        if (key.text === "verify_ssl") {
          source.verifySsl = value.kind !== "false";
          source.verifySslSpan = value.span;
        } else if (value.kind === "string" && (key.text === "name" || key.text === "url")) {
          const place = { text: this.#json.textOf(value), span: this.#json.insideOf(value) };
          source[key.text] = place;
          if (key.text === "url") source.hasVariables = /\$\{?\w/.test(place.text);
        }
      });
      this.entries.push({ ...source, span: { start, end } });
    });
  }

  #readCategory(section: string): void {
    const names = new Set<string>();
    this.#json.readObject(section, (key, value) => {
      if (names.has(key.text))
        this.#fault("duplicate-key", `${key.text} is given twice in ${section}.`, key.span);
      names.add(key.text);
      if (value.kind === "string") {
        // Old locks give the version alone.
        const version = { text: this.#json.textOf(value), span: this.#json.insideOf(value) };
        const fields = { strings: new Map([["version", version]]), extras: [], isEditable: false };
        const span = { start: key.span.start, end: value.span.end };
        this.entries.push(this.#entryOf(section, key, span, fields));
        return;
      }
      if (value.kind !== "{") {
        this.#fault("invalid-value", `${key.text} is not an object.`, value.span, "an object");
        return;
      }
      this.#readPackage(section, key);
    });
  }

  #readPackage(section: string, key: JsonField): void {
    const fields: PackageFields = { strings: new Map(), extras: [], isEditable: false };
    const end = this.#json.readObject(key.text, (field, value) => {
      if (field.text === "hashes" && value.kind === "[") fields.hashes = this.#readHashes();
      else if (field.text === "extras" && value.kind === "[") fields.extras = this.#json.readStrings();
      else if (field.text === "editable") fields.isEditable = value.kind === "true";
      else if (value.kind === "string") {
        fields.strings.set(field.text, { text: this.#json.textOf(value), span: this.#json.insideOf(value) });
      } else if (EXPECTED_STRINGS.has(field.text)) {
        this.#fault("invalid-value", `${field.text} is not a text.`, value.span, "a text in quotes");
      }
    });
    this.entries.push(this.#entryOf(section, key, { start: key.span.start, end }, fields));
  }

  /** The hashes of a whole text are left for later; in a broken one every fault is looked for. */
  #readHashes(): () => readonly HashEntry[] {
    const stretch = this.#json.skipPlainArray();
    const text = this.#text;
    if (stretch === undefined) {
      const hashes = this.#json.readStrings().map(hashOf);
      return () => hashes;
    }
    let hashes: readonly HashEntry[] | undefined;
    return () => {
      hashes ??= [...text.slice(stretch.start, stretch.end).matchAll(/"([^"]*)"/g)].map((match) => {
        const start = stretch.start + match.index + 1;
        return hashOf({ text: match[1]!, span: { start, end: start + match[1]!.length } });
      });
      return hashes;
    };
  }

  #entryOf(section: string, key: JsonField, span: Span, fields: PackageFields): RequirementEntry {
    const { strings } = fields;
    const version = this.#readVersion(strings.get("version"));
    const marker = this.#readMarker(strings.get("markers"));
    const index = strings.get("index");
    const subdirectory = strings.get("subdirectory");
    const hashes = fields.hashes ?? NO_HASHES;
    return {
      kind: "requirement",
      style: "json",
      span,
      section,
      name: { text: key.text, span: key.inside },
      normalizedName: normalizeName(key.text),
      extras: fields.extras,
      ...version,
      ...marker,
      ...placesOf(strings),
      ...(subdirectory && { subdirectory: subdirectory.text }),
      editable: fields.isEditable,
      get hashes() {
        return hashes();
      },
      ...(index && { index }),
      options: [],
      understood: true,
      hasVariables: false,
    };
  }

  #readVersion(version: Spanned | undefined): Pick<RequirementEntry, "specifier" | "specifierSpan"> {
    if (version === undefined) return ANY_VERSION;
    const specifierSpan = version.span;
    if (version.text === "*") return { specifier: SpecifierSet.any, specifierSpan };
    const read = readSpecifierSet(version.text, specifierSpan.start);
    if (read.ok) return { specifier: read.value, specifierSpan };
    this.#placeFault(read.error, version);
    return { specifier: SpecifierSet.any, specifierSpan };
  }

  #readMarker(marker: Spanned | undefined): Pick<RequirementEntry, "marker" | "markerSpan"> {
    if (marker === undefined || marker.text === "") return {};
    const read = readMarker(marker.text, marker.span.start);
    if (read.ok) return { marker: read.value, markerSpan: marker.span };
    this.#placeFault({ ...read.error, code: "invalid-marker" }, marker);
    return { markerSpan: marker.span };
  }

  #placeFault(error: ParseError, place: Spanned): void {
    const start = Math.min(error.offset, place.span.end);
    const end = Math.min(start + error.length, place.span.end);
    this.#fault(error.code, error.message, { start, end }, error.expected);
  }
}

const EXPECTED_STRINGS = new Set([
  "version",
  "markers",
  "index",
  "git",
  "ref",
  "path",
  "file",
  "subdirectory",
]);
const ANY_VERSION = { specifier: SpecifierSet.any };
const NO_HASHES = () => [];

interface PackageFields {
  readonly strings: Map<string, Spanned>;
  hashes?: () => readonly HashEntry[];
  extras: readonly Spanned[];
  isEditable: boolean;
}

function hashOf(place: Spanned): HashEntry {
  const colon = place.text.indexOf(":");
  if (colon < 0) return { span: place.span, algorithm: "sha256", digest: place.text };
  return {
    span: place.span,
    algorithm: place.text.slice(0, colon).toLowerCase(),
    digest: place.text.slice(colon + 1),
  };
}

function placesOf(strings: ReadonlyMap<string, Spanned>): Pick<RequirementEntry, "url" | "path" | "vcs"> {
  const file = strings.get("file");
  const path = strings.get("path") ?? (file && urlSchemeOf(file.text) === undefined ? file : undefined);
  const system = VCS_KEYS.find((key) => strings.has(key));
  if (system === undefined) {
    const url = file !== path ? file : undefined;
    return { ...(path && { path }), ...(url && { url }) };
  }
  const url = strings.get(system)!;
  const ref = strings.get("ref") ?? readLink(`${system}+${url.text}`).vcs?.reference;
  const vcs: Mutable<VcsReference> = { system, url };
  if (ref) vcs.reference = ref;
  return { url, vcs };
}
