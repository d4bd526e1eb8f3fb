// URLs, paths and archives as pip tells them apart: by how they look, never by what is on disk.
import { normalizeName } from "../packaging/name.ts";
import { splitVariant } from "../packaging/variants.ts";
import { parseVersion } from "../packaging/version.ts";
import type { Span, Spanned } from "../text/span.ts";
import type { VcsReference } from "./model.ts";

const URL_SCHEMES = new Set(["http", "https", "file", "ftp"]);
const VCS_SCHEMES = new Set([
  "git+http",
  "git+https",
  "git+ssh",
  "git+git",
  "git+file",
  "hg+file",
  "hg+http",
  "hg+https",
  "hg+ssh",
  "hg+static-http",
  "svn+ssh",
  "svn+http",
  "svn+https",
  "svn+svn",
  "svn+file",
  "bzr+http",
  "bzr+https",
  "bzr+ssh",
  "bzr+sftp",
  "bzr+ftp",
  "bzr+lp",
  "bzr+file",
]);
const ARCHIVE = /\.(?:whl|zip|tar\.gz|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma)$/i;
const HASH = 35;
const AMPERSAND = 38;
const EGG_NAME = /^(?:[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i;

/** The scheme of a text, lower case, where pip takes the text for a URL; undefined where it does not. */
export function urlSchemeOf(text: string): string | undefined {
  const match = /^[A-Za-z][A-Za-z0-9+.-]{0,30}(?=:)/.exec(text);
  if (match === null) return undefined;
  const scheme = match[0].toLowerCase();
  return URL_SCHEMES.has(scheme) || VCS_SCHEMES.has(scheme) ? scheme : undefined;
}

/** Whether a text is a repository's address in the form that ssh and git take and URLs have not: `git+git@host:path`. */
export function isScpAddress(text: string): boolean {
  return /^(?:git|hg|svn|bzr)\+[\w.-]+@[\w.-]+:(?!\/\/)/i.test(text);
}

/**
 * Whether a text looks like a path: it holds a separator, or begins with a dot. Windows' separators count anywhere but at
 * the end, where a backslash is what is left of a line that was meant to go on and has a space behind it.
 */
export function looksLikePath(text: string): boolean {
  return text.startsWith(".") || text.includes("/") || text.slice(0, -1).includes("\\");
}

export function isArchiveName(text: string): boolean {
  return ARCHIVE.test(text.slice(-300));
}

/** A path without the extras at its end, as `strip_extras` cuts them: `./here[a,b]`. */
export function splitExtras(text: string): {
  readonly path: string;
  readonly extras?: { start: number; end: number };
} {
  if (!text.endsWith("]")) return { path: text };
  // The shortest group of brackets at the end that holds no `]` and something.
  const open = text.indexOf("[", text.lastIndexOf("]", text.length - 2) + 1);
  if (open <= 0 || open === text.length - 2) return { path: text };
  return { path: text.slice(0, open).trimEnd(), extras: { start: open + 1, end: text.length - 1 } };
}

/** The parts of a URL's fragment that pip reads. */
export interface LinkParts {
  readonly egg?: Spanned;
  readonly subdirectory?: string;
  /** The last part of the path, percent-decoded. */
  readonly fileName: string;
  readonly vcs?: VcsReference;
}

/** Takes a link apart. Spans count from the start of the link. */
export function readLink(link: string): LinkParts {
  const hash = link.indexOf("#");
  const body = hash < 0 ? link : link.slice(0, hash);
  const query = body.indexOf("?");
  const path = query < 0 ? body : body.slice(0, query);
  const fileName = decodePercent(path.slice(path.lastIndexOf("/") + 1));
  let egg: Spanned | undefined;
  let subdirectory: string | undefined;
  if (hash >= 0) {
    egg = fragmentPart(link, hash, "egg");
    subdirectory = fragmentPart(link, hash, "subdirectory")?.text;
  }
  const vcs = readVcs(body);
  return {
    fileName,
    ...(egg && { egg }),
    ...(subdirectory && { subdirectory }),
    ...(vcs && { vcs }),
  };
}

/** Whether `#egg=` says a name that pip 26 admits: a bare project name, extras no longer. */
export function isEggName(text: string): boolean {
  return EGG_NAME.test(text);
}

/** `requests-2.31.0-py3-none-any.whl` and `requests-2.31.0.tar.gz` say a name and a version; undefined where they do not. */
export function nameOfArchive(
  fileName: string,
): { readonly name: string; readonly version: string } | undefined {
  if (fileName.length > 300) return undefined;
  if (/\.whl$/i.test(fileName)) {
    const name = splitVariant(fileName)?.plain ?? fileName;
    const match = /^([^\s-]+?)-([^\s-]+)(?:-\d[^-]*)?-[^\s-]+-[^\s-]+-[^\s-]+\.whl$/i.exec(name);
    return match ? { name: match[1]!, version: match[2]! } : undefined;
  }
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]*?)-(\d[^-]*)\.(?:tar\.gz|zip|tgz|tar\.bz2|tar\.xz|tar)$/.exec(
    fileName,
  );
  return match ? { name: match[1]!, version: match[2]! } : undefined;
}

/** The version that a wheel's link or path tells by its file's name; undefined for anything else. */
export function versionOfWheel(link: string): string | undefined {
  const { fileName } = readLink(link.replaceAll("\\", "/"));
  const version = /\.whl$/i.test(fileName) ? nameOfArchive(fileName)?.version : undefined;
  return version && (parseVersion(version)?.toString() ?? version);
}

/** The PEP 503 form of the name that a link tells: by its fragment, else by its file. */
export function normalizedNameOfLink(parts: LinkParts): string | undefined {
  const eggName = parts.egg && /^[^[\]]*/.exec(parts.egg.text)![0];
  if (eggName && isEggName(eggName)) return normalizeName(eggName);
  const archive = parts.vcs ? undefined : nameOfArchive(parts.fileName);
  return archive && normalizeName(archive.name);
}

/** As pip looks for it: behind any `#` or `&`, up to the next `&`. */
function fragmentPart(link: string, from: number, key: string): Spanned | undefined {
  for (let at = from; at < link.length; at++) {
    const code = link.charCodeAt(at);
    if ((code !== HASH && code !== AMPERSAND) || !link.startsWith(`${key}=`, at + 1)) continue;
    const start = at + 1 + key.length + 1;
    const next = link.indexOf("&", start);
    const end = next < 0 ? link.length : next;
    return { text: link.slice(start, end), span: { start, end } };
  }
  return undefined;
}

/** `git+https://host/repository.git@reference`, without its fragment: the reference is what follows the last `@` of the path. */
function readVcs(body: string): VcsReference | undefined {
  const scheme = urlSchemeOf(body);
  if (scheme === undefined || !scheme.includes("+")) return undefined;
  const start = scheme.indexOf("+") + 1;
  const authority = body.indexOf("//", scheme.length);
  const pathAt = authority < 0 ? scheme.length + 1 : body.indexOf("/", authority + 2);
  const at = pathAt < 0 ? -1 : body.lastIndexOf("@");
  const isReference = at > pathAt && pathAt >= 0;
  const end = isReference ? at : body.length;
  const system = scheme.slice(0, start - 1) as VcsReference["system"];
  return {
    system,
    url: { text: body.slice(start, end), span: { start, end } },
    ...(isReference && {
      reference: { text: body.slice(at + 1), span: { start: at + 1, end: body.length } },
    }),
  };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address with no more than what says where to look and what has to lie there: two that differ in `#egg=` are one. */
export function plainAddress(address: string): string {
  const [body = "", fragment = ""] = address.split("#", 2);
  const kept = fragment.split("&").filter((part) => /^(?:subdirectory|sha256|sha384|sha512)=/.test(part));
  return kept.length > 0 ? `${body}#${kept.join("&")}` : body;
}

/** Moves a place by an amount. */
export function shifted(place: Spanned, by: number): Spanned {
  return { text: place.text, span: shiftedSpan(place.span, by) };
}

function shiftedSpan(span: Span, by: number): Span {
  return { start: span.start + by, end: span.end + by };
}
