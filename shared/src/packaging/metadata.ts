// Core metadata of distributions, versions 1.0 to 2.5: PEP 241, 314, 345, 566, 643, 685, 639, 794. Reads what is there.
import type { ParseError } from "../result.ts";
import { isValidName } from "./name.ts";
import { readRequirement } from "./requirement.ts";
import { readSpecifierSet } from "./specifier.ts";
import { quoteShort, readVersion } from "./version.ts";

export interface ProjectUrl {
  readonly label: string;
  readonly url: string;
}

/** What a METADATA or PKG-INFO file says. Texts are as written; lists are empty where the field is absent. */
export interface CoreMetadata {
  readonly metadataVersion?: string;
  readonly name: string;
  readonly version: string;
  readonly summary?: string;
  readonly description?: string;
  readonly descriptionContentType?: string;
  readonly keywords: readonly string[];
  readonly homePage?: string;
  readonly downloadUrl?: string;
  readonly projectUrls: readonly ProjectUrl[];
  readonly author?: string;
  readonly authorEmail?: string;
  readonly maintainer?: string;
  readonly maintainerEmail?: string;
  readonly license?: string;
  readonly licenseExpression?: string;
  readonly licenseFiles: readonly string[];
  readonly classifiers: readonly string[];
  readonly platforms: readonly string[];
  readonly supportedPlatforms: readonly string[];
  readonly requiresPython?: string;
  readonly requiresDist: readonly string[];
  readonly requiresExternal: readonly string[];
  readonly providesExtra: readonly string[];
  readonly providesDist: readonly string[];
  readonly obsoletesDist: readonly string[];
  /** Fields that a build may change, in lower case (PEP 643). */
  readonly dynamic: readonly string[];
  readonly importNames: readonly string[];
  readonly importNamespaces: readonly string[];
  /** Fields of no known name, as written. */
  readonly unknown: readonly (readonly [field: string, value: string])[];
}

export interface CoreMetadataResult {
  readonly metadata: CoreMetadata;
  readonly errors: readonly ParseError[];
}

interface Header {
  readonly field: string;
  readonly value: string;
  /** Where the value starts. */
  readonly offset: number;
}

type Texts = {
  -readonly [Key in keyof CoreMetadata as CoreMetadata[Key] extends string | undefined
    ? Key
    : never]?: string;
};
type Lists = {
  -readonly [Key in keyof CoreMetadata as CoreMetadata[Key] extends readonly string[]
    ? Key
    : never]: string[];
};

const SINGLE: ReadonlyMap<string, keyof Texts> = new Map([
  ["metadata-version", "metadataVersion"],
  ["name", "name"],
  ["version", "version"],
  ["summary", "summary"],
  ["description", "description"],
  ["description-content-type", "descriptionContentType"],
  ["home-page", "homePage"],
  ["download-url", "downloadUrl"],
  ["author", "author"],
  ["author-email", "authorEmail"],
  ["maintainer", "maintainer"],
  ["maintainer-email", "maintainerEmail"],
  ["license", "license"],
  ["license-expression", "licenseExpression"],
  ["requires-python", "requiresPython"],
]);

const MULTIPLE: ReadonlyMap<string, keyof Lists> = new Map([
  ["license-file", "licenseFiles"],
  ["classifier", "classifiers"],
  ["platform", "platforms"],
  ["supported-platform", "supportedPlatforms"],
  ["requires-dist", "requiresDist"],
  ["requires-external", "requiresExternal"],
  ["provides-extra", "providesExtra"],
  ["provides-dist", "providesDist"],
  ["obsoletes-dist", "obsoletesDist"],
  ["dynamic", "dynamic"],
  ["import-name", "importNames"],
  ["import-namespace", "importNamespaces"],
]);

const KNOWN_VERSIONS: ReadonlySet<string> = new Set(["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"]);
const FIELD_NAME = /^[!-9;-~]+$/;

/**
 * Reads core metadata: headers as in mail (RFC 822, with folding), then the description as the body.
 * Never throws; what is wrong comes back beside what could be read, with its place.
 * @param input bytes are read as UTF-8, or as Latin-1 where they are not.
 * @param options.validate also reads name, version, Requires-Python and every Requires-Dist and tells their faults.
 */
export function readCoreMetadata(
  input: string | Uint8Array,
  options: { readonly validate?: boolean } = {},
): CoreMetadataResult {
  const errors: ParseError[] = [];
  const text = typeof input === "string" ? input : decode(input, errors);
  const { headers, body, end } = splitHeaders(text, errors);
  const texts: Texts = {};
  const lists: Lists = emptyLists();
  const projectUrls: ProjectUrl[] = [];
  const unknown: [string, string][] = [];
  for (const { field, value, offset } of headers) {
    const key = field.toLowerCase();
    const single = SINGLE.get(key);
    const multiple = MULTIPLE.get(key);
    if (single) {
      // Old tools repeated fields; the first one is what installers go by.
      if (texts[single] === undefined) texts[single] = single === "description" ? unfold(value) : value;
      else
        errors.push(makeError("repeated-field", `${field} stands here a second time.`, offset, value.length));
    } else if (multiple) lists[multiple].push(multiple === "dynamic" ? value.toLowerCase() : value);
    else if (key === "keywords") lists.keywords.push(...splitKeywords(value));
    else if (key === "project-url") projectUrls.push(splitProjectUrl(value));
    else unknown.push([field, value]);
  }
  if (texts.description === undefined && body !== "") texts.description = body;
  const metadata = {
    ...texts,
    name: texts.name ?? "",
    version: texts.version ?? "",
    ...lists,
    projectUrls,
    unknown,
  };
  checkIdentity(metadata, headers, end, errors);
  if (options.validate) checkValues(headers, errors);
  return { metadata, errors };
}

function emptyLists(): Lists {
  return {
    keywords: [],
    licenseFiles: [],
    classifiers: [],
    platforms: [],
    supportedPlatforms: [],
    requiresDist: [],
    requiresExternal: [],
    providesExtra: [],
    providesDist: [],
    obsoletesDist: [],
    dynamic: [],
    importNames: [],
    importNamespaces: [],
  };
}

function makeError(
  code: string,
  message: string,
  offset: number,
  length: number,
  expected?: string,
): ParseError {
  return expected === undefined
    ? { code, message, offset, length }
    : { code, message, offset, length, expected };
}

function decode(bytes: Uint8Array, errors: ParseError[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    errors.push(makeError("not-utf-8", "The metadata is not UTF-8; it is read as Latin-1.", 0, 0, "UTF-8"));
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** Splits into headers and body. A line that is no header ends the headers, as in Python's mail parser. */
function splitHeaders(text: string, errors: ParseError[]): { headers: Header[]; body: string; end: number } {
  const headers: Header[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const line = text.slice(at, end);
    if (line === "") return { headers, body: text.slice(afterLine(text, end)), end: at };
    const colon = line.indexOf(":");
    if (colon < 1 || !FIELD_NAME.test(line.slice(0, colon))) {
      const message = `${quoteShort(line)} is no header; everything from here on is taken as the description.`;
      errors.push(makeError("invalid-header", message, at, line.length, "Field: value"));
      return { headers, body: text.slice(at), end: at };
    }
    const start = at + colon + 1;
    at = afterLine(text, end);
    let valueEnd = end;
    while (at < text.length && (text[at] === " " || text[at] === "\t")) {
      valueEnd = lineEnd(text, at);
      at = afterLine(text, valueEnd);
    }
    const raw = text.slice(start, valueEnd);
    const isText = /^(?:description|license)$/i.test(line.slice(0, colon));
    // Elsewhere a fold means nothing; spaces in its place leave every offset where it was.
    const value = (isText ? raw : raw.replace(/[\r\n]/g, " ")).trim();
    const lead = raw.length - raw.trimStart().length;
    headers.push({ field: line.slice(0, colon), value, offset: start + lead });
  }
  return { headers, body: "", end: text.length };
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf("\n", from);
  if (feed < 0) return text.length;
  return feed > from && text.charCodeAt(feed - 1) === 13 ? feed - 1 : feed;
}

function afterLine(text: string, end: number): number {
  return text.charCodeAt(end) === 13 ? end + 2 : end + 1;
}

/** Takes the marks of folding off a description that stands in a header: `       |` (PEP 566) or plain indentation. */
function unfold(value: string): string {
  const lines = value.split(/\r?\n/);
  const rest = lines.slice(1);
  if (rest.every((line) => line.startsWith("       |") || line.trim() === "")) {
    return [lines[0]!, ...rest.map((line) => line.slice(8))].join("\n");
  }
  let indent = Number.POSITIVE_INFINITY;
  for (const line of rest) {
    if (line.trim() !== "") indent = Math.min(indent, line.length - line.trimStart().length);
  }
  return [lines[0]!, ...rest.map((line) => line.slice(indent))].join("\n");
}

function splitKeywords(value: string): string[] {
  return value
    .split(",")
    .map((keyword) => keyword.trim())
    .filter((keyword) => keyword !== "");
}

function splitProjectUrl(value: string): ProjectUrl {
  const comma = value.indexOf(",");
  if (comma < 0) return { label: "", url: value };
  return { label: value.slice(0, comma).trim(), url: value.slice(comma + 1).trim() };
}

function checkIdentity(
  metadata: CoreMetadata,
  headers: readonly Header[],
  end: number,
  errors: ParseError[],
): void {
  for (const field of ["Name", "Version"] as const) {
    if (!headers.some((header) => header.field.toLowerCase() === field.toLowerCase())) {
      errors.push(makeError("missing-field", `The metadata has no ${field}.`, end, 0, `${field}: …`));
    }
  }
  const version = metadata.metadataVersion;
  if (version !== undefined && !KNOWN_VERSIONS.has(version)) {
    const header = headers.find((one) => one.field.toLowerCase() === "metadata-version")!;
    const message = `Metadata version ${quoteShort(version)} is not known; what it has in common with 2.5 is read.`;
    errors.push(makeError("unknown-metadata-version", message, header.offset, version.length, "1.0 to 2.5"));
  }
}

function checkValues(headers: readonly Header[], errors: ParseError[]): void {
  for (const { field, value, offset } of headers) {
    switch (field.toLowerCase()) {
      case "name":
      case "provides-extra":
        if (!isValidName(value)) {
          const message = `${quoteShort(value)} is not a valid name.`;
          errors.push(
            makeError("invalid-name", message, offset, value.length, "letters, digits, and - _ . between"),
          );
        }
        break;
      case "version": {
        const result = readVersion(value);
        if (!result.ok) errors.push({ ...result.error, offset: offset + result.error.offset });
        break;
      }
      case "requires-python": {
        const result = readSpecifierSet(value, offset);
        if (!result.ok) errors.push(result.error);
        break;
      }
      case "requires-dist": {
        const result = readRequirement(value, offset);
        if (!result.ok) errors.push(result.error);
        break;
      }
    }
  }
}
