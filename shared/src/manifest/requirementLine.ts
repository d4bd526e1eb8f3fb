// One requirement line without its options: a PEP 508 requirement, a URL, a path or an archive, told apart as pip 26 does.
import type { Marker } from "../packaging/marker.ts";
import { readMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import { type Requirement, readRequirement } from "../packaging/requirement.ts";
import { SpecifierSet } from "../packaging/specifier.ts";
import type { ParseError } from "../result.ts";
import type { Span, Spanned } from "../text/span.ts";
import {
  isArchiveName,
  isEggName,
  isScpAddress,
  looksLikePath,
  nameOfArchive,
  normalizedNameOfLink,
  readLink,
  shifted,
  splitExtras,
  urlSchemeOf,
} from "./links.ts";
import { isPythonSpace } from "./logicalLines.ts";
import type { ManifestError, RequirementEntry } from "./model.ts";

/** What a requirement line says, spans counted in the text handed in plus the base. */
export interface RequirementLine
  extends Pick<
    RequirementEntry,
    | "name"
    | "normalizedName"
    | "extras"
    | "specifier"
    | "specifierSpan"
    | "marker"
    | "markerSpan"
    | "url"
    | "vcs"
    | "path"
    | "subdirectory"
  > {
  readonly errors: readonly ManifestError[];
  readonly understood: boolean;
}

const VARIABLE = /\$\{[A-Z0-9_]+\}/;

/** Whether a text holds `${VAR}` as pip expands it. */
export function holdsVariable(text: string): boolean {
  return text.includes("${") && VARIABLE.test(text);
}

/**
 * Reads what stands before the options of a line, as `parse_req_from_line` of pip 26.
 *
 * A text that is not understood gives errors and as much of a reading as there is: mostly the name.
 */
export function readRequirementLine(text: string, base: number): RequirementLine {
  const isUrl = urlSchemeOf(text) !== undefined;
  const separator = text.indexOf(isUrl ? "; " : ";");
  if (separator < 0) return isUrl ? readUrlLine(text, base, NO_MARKER) : readNamedLine(text, base, NO_MARKER);
  const marker = readMarkerAfter(text, separator + 1, base);
  let end = separator;
  while (end > 0 && isPythonSpace(text.charCodeAt(end - 1))) end--;
  const head = text.slice(0, end);
  return isUrl ? readUrlLine(head, base, marker) : readNamedLine(head, base, marker);
}

/** Reads the value of `-e`, as `parse_editable` of pip 26. */
export function readEditable(text: string, base: number): RequirementLine {
  const direct = /^\s*[A-Za-z0-9][^@/\\:]*@/.test(text) ? readRequirement(text, base) : undefined;
  if (direct?.ok && direct.value.url !== undefined) return fromRequirement(direct.value, NO_MARKER);
  if (isScpAddress(text)) return scpLine(text, base, NO_MARKER);
  const isLink = urlSchemeOf(text) !== undefined || /^(?:git|hg|svn|bzr|ssh|file):/i.test(text);
  if (!isLink) return pathLine(text, base, NO_MARKER);
  const scheme = urlSchemeOf(text);
  if (scheme === undefined && !/^(?:ssh|file):/i.test(text)) return bareRepository(text, base);
  if (scheme === "file") {
    const { path } = splitExtras(text);
    const line = urlLine(path, base, NO_MARKER);
    return path === text ? line : { ...line, extras: extrasOfPath(text, base) };
  }
  const line = urlLine(text, base, NO_MARKER);
  if (scheme !== undefined && !scheme.includes("+")) {
    return flawed(line, {
      code: "invalid-editable",
      message: "An editable requirement is a local project or a repository, as in git+https.",
      span: { start: base, end: base + text.length },
    });
  }
  if (line.normalizedName === undefined && line.errors.length === 0) {
    return flawed(line, {
      code: "missing-name",
      message: "pip cannot tell the name of this package: write NAME @ URL, in quotes after -e.",
      span: { start: base, end: base + text.length },
    });
  }
  return line;
}

/** `-e git://host/repository`: pip sets `git+` before it. */
function bareRepository(text: string, base: number): RequirementLine {
  const system = text.slice(0, text.indexOf(":")).toLowerCase();
  const by = base - system.length - 1;
  const { vcs } = readLink(`${system}+${text}`);
  const line = urlLine(text, base, NO_MARKER);
  if (vcs === undefined) return line;
  const reference = vcs.reference && { reference: shifted(vcs.reference, by) };
  return { ...line, vcs: { ...vcs, url: shifted(vcs.url, by), ...reference } };
}

interface MarkerPart {
  readonly marker?: Marker;
  readonly markerSpan?: Span;
  readonly error?: ManifestError;
}

const NO_MARKER: MarkerPart = {};

function readMarkerAfter(text: string, at: number, base: number): MarkerPart {
  let start = at;
  while (start < text.length && isPythonSpace(text.charCodeAt(start))) start++;
  if (start >= text.length) return NO_MARKER;
  const markerSpan = { start: base + start, end: base + text.length };
  const read = readMarker(text.slice(start), base + start);
  return read.ok
    ? { marker: read.value, markerSpan }
    : { markerSpan, error: toError(read.error, "invalid-marker") };
}

function toError(error: ParseError, code: string): ManifestError {
  return {
    code: code === "invalid-marker" ? code : error.code,
    message: error.message,
    span: { start: error.offset, end: error.offset + error.length },
    ...(error.expected !== undefined && { expected: error.expected }),
  };
}

function readNamedLine(text: string, base: number, marker: MarkerPart): RequirementLine {
  if (text === "") {
    const span = { start: base, end: base };
    const error = {
      code: "missing-name",
      message: "The marker stands alone: a package name is missing.",
      span,
    };
    return withMarker({ ...NOTHING, errors: [error], understood: false }, marker);
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]{0,30}):\/\//.exec(text)?.[1];
  if (scheme !== undefined) {
    const span = { start: base, end: base + scheme.length };
    const message = `pip takes nothing from a ${scheme}: URL${/^(?:git|hg|svn|bzr)$/i.test(scheme) ? `; write ${scheme}+https:` : ""}.`;
    const url = { text, span: { start: base, end: base + text.length } };
    const normalizedName = normalizedNameOfLink(readLink(text));
    return withMarker(
      {
        ...NOTHING,
        url,
        ...(normalizedName && { normalizedName }),
        errors: [{ code: "invalid-url", message, span }],
        understood: false,
      },
      marker,
    );
  }
  if (isScpAddress(text)) return scpLine(text, base, marker);
  if (!mayBePath(text)) {
    const read = readRequirement(text, base);
    return read.ok ? fromRequirement(read.value, marker) : faulty(text, base, read.error, marker);
  }
  const asRequirement = /^\s*[A-Za-z0-9][^@/\\]*@/.test(text) ? readRequirement(text, base) : undefined;
  if (asRequirement?.ok) return fromRequirement(asRequirement.value, marker);
  if (asRequirement !== undefined && !text.startsWith("."))
    return faulty(text, base, asRequirement.error, marker);
  return pathLine(text, base, marker);
}

/** `git+git@host:owner/repository` is how git writes an address, and is no URL: pip takes it for nothing. */
function scpLine(text: string, base: number, marker: MarkerPart): RequirementLine {
  const url = { text, span: { start: base, end: base + text.length } };
  const [, system, login, path] = /^(\w+)\+([^:]+):([^#]*)/.exec(text)!;
  const normalizedName = normalizedNameOfLink(readLink(text));
  const line = { ...NOTHING, url, ...(normalizedName && { normalizedName }) };
  const message = `This is no URL for pip: write ${system}+ssh://${login}/${path}.`;
  return withMarker(flawed(line, { code: "invalid-url", message, span: url.span }), marker);
}

function mayBePath(text: string): boolean {
  return looksLikePath(text) || isArchiveName(splitExtras(text).path);
}

const NOTHING = { extras: [], specifier: SpecifierSet.any, errors: [], understood: true } as const;

function withMarker(line: RequirementLine, part: MarkerPart): RequirementLine {
  return {
    ...line,
    ...(part.marker && { marker: part.marker }),
    ...(part.markerSpan && { markerSpan: part.markerSpan }),
    ...(part.error && { errors: [...line.errors, part.error], understood: false }),
  };
}

function flawed(line: RequirementLine, error: ManifestError): RequirementLine {
  return { ...line, errors: [...line.errors, error], understood: false };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_ERRORS: readonly ManifestError[] = [];

function fromRequirement(requirement: Requirement, part: MarkerPart): RequirementLine {
  const { name, extras, specifier, specifierSpan, url, marker, markerSpan } = requirement;
  const line: Mutable<RequirementLine> = {
    name,
    normalizedName: normalizeName(name.text),
    extras,
    specifier,
    errors: NO_ERRORS,
    understood: true,
  };
  if (specifierSpan) line.specifierSpan = specifierSpan;
  if (marker) line.marker = marker;
  if (markerSpan) line.markerSpan = markerSpan;
  if (url) Object.assign(line, { url, ...linkParts(url) });
  const checked = url === undefined ? line : checkUrl(checkEgg(line, url), url);
  return part === NO_MARKER ? checked : withMarker(checked, part);
}

/** `git@host:owner/repository` reads as a package named git: a person means a repository. */
function checkUrl(line: RequirementLine, url: Spanned): RequirementLine {
  if (
    /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url.text)
      ? !/^[\w.-]+\.\w+:/.test(url.text)
      : /^[./\\]|\$\{/.test(url.text)
  )
    return line;
  const message = "What follows @ is no URL: it begins with a scheme, as in https:// or git+ssh://.";
  return flawed(line, { code: "invalid-url", message, span: url.span, expected: "a URL" });
}

function linkParts(url: Spanned): Pick<RequirementLine, "vcs" | "subdirectory"> {
  const { vcs, subdirectory } = readLink(url.text);
  const by = url.span.start;
  return {
    ...(vcs && {
      vcs: {
        ...vcs,
        url: shifted(vcs.url, by),
        ...(vcs.reference && { reference: shifted(vcs.reference, by) }),
      },
    }),
    ...(subdirectory && { subdirectory }),
  };
}

function readUrlLine(text: string, base: number, marker: MarkerPart): RequirementLine {
  const line = urlLine(text, base, marker);
  const space = /\s/.exec(text);
  if (space === null) return line;
  return flawed(line, {
    code: "unexpected-text",
    message: "The URL holds a space: what follows it is not read as anything of its own.",
    span: { start: base + space.index, end: base + text.length },
    expected: "; and a marker, or the end of the line",
  });
}

function urlLine(text: string, base: number, marker: MarkerPart): RequirementLine {
  const url = { text, span: { start: base, end: base + text.length } };
  const parts = readLink(text);
  const normalizedName = normalizedNameOfLink(parts);
  const line: RequirementLine = {
    ...NOTHING,
    url,
    ...linkParts(url),
    ...(normalizedName && { normalizedName }),
  };
  return withMarker(checkWheel(checkEgg(line, url), parts.fileName, url.span), marker);
}

function checkEgg(line: RequirementLine, url: Spanned): RequirementLine {
  const { egg } = readLink(url.text);
  if (egg === undefined || isEggName(egg.text) || holdsVariable(egg.text)) return line;
  const hasExtras = egg.text.includes("[");
  const wanted = readRequirement(egg.text, url.span.start + egg.span.start);
  return flawed(wanted.ok ? withEgg(line, wanted.value) : line, {
    code: "invalid-egg",
    message: hasExtras
      ? "pip 26 reads no extras after #egg=: write NAME[EXTRA] @ URL."
      : "What follows #egg= is not a package name.",
    span: shifted(egg, url.span.start).span,
    expected: "a package name",
  });
}

/** What older pips read after `#egg=`: a person meant it, though pip 26 refuses the line. */
function withEgg(line: RequirementLine, egg: Requirement): RequirementLine {
  if (egg.url !== undefined || line.extras.length > 0) return line;
  if (line.name !== undefined) return { ...line, extras: egg.extras };
  const { name, extras, specifier, specifierSpan } = egg;
  const normalizedName = normalizeName(name.text);
  return { ...line, normalizedName, extras, specifier, ...(specifierSpan && { specifierSpan }) };
}

function checkWheel(line: RequirementLine, fileName: string, span: Span): RequirementLine {
  if (!/\.whl$/i.test(fileName) || nameOfArchive(fileName) !== undefined || holdsVariable(fileName))
    return line;
  const message = "The file's name is not that of a wheel: NAME-VERSION-PYTHON-ABI-PLATFORM.whl.";
  return flawed(line, { code: "invalid-wheel-name", message, span });
}

function pathLine(text: string, base: number, marker: MarkerPart): RequirementLine {
  const { path } = splitExtras(text);
  const archive = nameOfArchive(path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1));
  const { egg, fileName } = readLink(path);
  const normalizedName = egg && isEggName(egg.text) ? egg.text : archive?.name;
  const span = { start: base, end: base + path.length };
  const line: RequirementLine = {
    ...NOTHING,
    path: { text: path, span },
    extras: extrasOfPath(text, base),
    ...(normalizedName !== undefined && { normalizedName: normalizeName(normalizedName) }),
  };
  return withMarker(checkWheel(line, fileName, span), marker);
}

function extrasOfPath(text: string, base: number): Spanned[] {
  const { extras } = splitExtras(text);
  if (extras === undefined) return [];
  const found: Spanned[] = [];
  for (const match of text.slice(extras.start, extras.end).matchAll(/[^\s,]+/g)) {
    const start = base + extras.start + match.index;
    found.push({ text: match[0], span: { start, end: start + match[0].length } });
  }
  return found;
}

/** What can be said of a line that is no requirement: its name, and where and why the reading stopped. */
function faulty(text: string, base: number, error: ParseError, marker: MarkerPart): RequirementLine {
  const match = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?![\w.-])/.exec(text.slice(0, 300));
  const at = match ? match[0].length - match[1]!.length : 0;
  const name = match
    ? { text: match[1]!, span: { start: base + at, end: base + match[0].length } }
    : undefined;
  const line: RequirementLine = {
    ...NOTHING,
    ...(name && { name, normalizedName: normalizeName(name.text) }),
    // A variable may hold anything: what pip makes of the line is then unknown, not wrong.
    errors: holdsVariable(text) ? [] : [toError(error, error.code)],
    understood: false,
  };
  return withMarker(line, marker);
}
