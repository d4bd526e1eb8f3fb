// File names of wheels and source distributions: PEP 427, PEP 491, PEP 425's compressed tags, PEP 625.
import { failure, type ParseError, type Result, success } from "../result.ts";
import { normalizeName } from "./name.ts";
import { parseVersion, quoteShort, readVersion, type Version } from "./version.ts";

/** A wheel's name taken apart. */
export interface WheelFilename {
  /** In its normal form. */
  readonly name: string;
  readonly version: Version;
  /** Leading number and rest of the build tag: what decides among wheels that are otherwise equal. */
  readonly build?: readonly [number, string];
  /** The three parts as written, each perhaps several with dots between. */
  readonly pythonTag: string;
  readonly abiTag: string;
  readonly platformTag: string;
  /** Every single tag that the parts stand for, worked out when asked for. */
  readonly tags: readonly string[];
}

export interface SdistFilename {
  /** In its normal form. */
  readonly name: string;
  readonly version: Version;
}

/** What a file of an index page seems to be. */
export interface GuessedArtifact {
  readonly kind: "wheel" | "sdist" | "egg" | "other";
  /** Absent where no version can be read out of the name. */
  readonly version?: Version;
}

// A name with more tags than any real wheel is refused before it is multiplied out.
const MAX_TAGS = 10_000;

const NAME_PART = /^[\p{L}\p{M}\p{N}_.]+$/u;
const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;
const BUILD = /^(\d+)([^\n]*)/;

class ParsedWheelFilename implements WheelFilename {
  readonly name: string;
  readonly version: Version;
  readonly build?: readonly [number, string];
  readonly pythonTag: string;
  readonly abiTag: string;
  readonly platformTag: string;
  #tags: readonly string[] | undefined;

  constructor(name: string, version: Version, build: readonly [number, string] | undefined, tags: Tags) {
    this.name = name;
    this.version = version;
    if (build) this.build = build;
    this.pythonTag = tags.python;
    this.abiTag = tags.abi;
    this.platformTag = tags.platform;
    this.#tags = undefined;
  }

  get tags(): readonly string[] {
    this.#tags ??= expandTags(this.pythonTag, this.abiTag, this.platformTag);
    return this.#tags;
  }
}

interface Tags {
  readonly python: string;
  readonly abi: string;
  readonly platform: string;
}

/** Every tag of a compressed set (PEP 425), in lower case, sorted and without doubles. */
export function expandTags(python: string, abi: string, platform: string): string[] {
  const tags = new Set<string>();
  for (const one of python.toLowerCase().split(".")) {
    for (const two of abi.toLowerCase().split(".")) {
      for (const three of platform.toLowerCase().split(".")) tags.add(`${one}-${two}-${three}`);
    }
  }
  return [...tags].sort();
}

function bad(
  code: string,
  message: string,
  offset: number,
  length: number,
  expected?: string,
): Result<never> {
  const error: ParseError = { code, message, offset, length };
  return failure(expected === undefined ? error : { ...error, expected });
}

/** Reads a wheel's file name (PEP 427, "File name convention"; compressed tags in any order). */
export function readWheelFilename(filename: string): Result<WheelFilename> {
  if (!filename.endsWith(".whl")) {
    return bad("not-a-wheel", "A wheel's name ends in .whl.", 0, filename.length, ".whl at the end");
  }
  const stem = filename.slice(0, -4);
  const parts = stem.split("-");
  if (parts.length !== 5 && parts.length !== 6) {
    const expected = "name-version[-build]-python-abi-platform.whl";
    const message = `A wheel's name has five or six parts with dashes between, this one ${parts.length}.`;
    return bad("wrong-number-of-parts", message, 0, filename.length, expected);
  }
  const [name, versionText] = parts as [string, string];
  if (name.includes("__") || !NAME_PART.test(name)) {
    return bad(
      "invalid-name",
      `${quoteShort(name)} is not a project name as wheels write it.`,
      0,
      name.length,
      "a name",
    );
  }
  const version = readVersion(versionText);
  if (!version.ok) {
    return failure({ ...version.error, offset: name.length + 1 + version.error.offset });
  }
  let build: readonly [number, string] | undefined;
  if (parts.length === 6) {
    const match = BUILD.exec(parts[2]!);
    if (match === null) {
      const offset = name.length + versionText.length + 2;
      return bad("invalid-build", "A build tag starts with a digit.", offset, parts[2]!.length, "a digit");
    }
    build = [Number(match[1]), match[2]!];
  }
  const [python, abi, platform] = parts.slice(-3) as [string, string, string];
  const offset = stem.length - python.length - abi.length - platform.length - 2;
  const fault = tagFault(python, abi, platform);
  if (fault) return bad("invalid-tag", fault, offset, stem.length - offset, "python-abi-platform tags");
  return success(
    new ParsedWheelFilename(normalizeName(name), version.value, build, { python, abi, platform }),
  );
}

function tagFault(python: string, abi: string, platform: string): string | undefined {
  let count = 1;
  for (const part of [python, abi, platform]) {
    const pieces = part.split(".");
    if (pieces.includes("")) return "A part of the wheel's tag is empty.";
    count *= pieces.length;
  }
  const strange = python.split(".").find((piece) => !IDENTIFIER.test(piece));
  if (strange !== undefined)
    return `${quoteShort(strange)} is not the tag of an interpreter such as cp312 or py3.`;
  return count > MAX_TAGS ? `The tags stand for ${count} combinations.` : undefined;
}

/** Reads a source distribution's file name: `.tar.gz` or `.zip`, the version after the last dash (PEP 625). */
export function readSdistFilename(filename: string): Result<SdistFilename> {
  const extension = filename.endsWith(".tar.gz") ? ".tar.gz" : filename.endsWith(".zip") ? ".zip" : undefined;
  if (extension === undefined) {
    const message = "A source distribution's name ends in .tar.gz or .zip.";
    return bad("not-an-sdist", message, 0, filename.length, ".tar.gz or .zip at the end");
  }
  const stem = filename.slice(0, -extension.length);
  const dash = stem.lastIndexOf("-");
  if (dash < 1) {
    return bad(
      "missing-name",
      "A name and a version with a dash between are missing.",
      0,
      stem.length,
      "name-version",
    );
  }
  const version = readVersion(stem.slice(dash + 1));
  if (!version.ok) return failure({ ...version.error, offset: dash + 1 + version.error.offset });
  return success({ name: normalizeName(stem.slice(0, dash)), version: version.value });
}

const SDIST_EXTENSION = /\.(?:tar\.(?:gz|bz2|xz|lzma|Z)|tgz|tbz|tar|zip)$/i;

/**
 * What a file on an index page is, old names included: sdists whose version has dashes or whose name is spelled otherwise,
 * eggs, installers.
 * @param projectName the project whose page it is, in any spelling: tells where in the name the version starts.
 */
export function guessArtifact(filename: string, projectName: string): GuessedArtifact {
  if (/\.whl$/i.test(filename)) {
    const wheel = readWheelFilename(filename);
    return {
      kind: "wheel",
      ...versionPart(wheel.ok ? wheel.value.version : parseVersion(filename.split("-")[1] ?? "")),
    };
  }
  if (/\.egg$/i.test(filename))
    return { kind: "egg", ...versionPart(eggVersion(filename.slice(0, -4), projectName)) };
  const extension = SDIST_EXTENSION.exec(filename);
  if (extension === null) return { kind: "other" };
  const stem = filename.slice(0, extension.index);
  // distutils' built archives: no source, and not installable by today's tools.
  if (/\.(?:linux|macosx|win)[-_0-9a-z.]*$/i.test(stem)) return { kind: "other" };
  return { kind: "sdist", ...versionPart(versionAfterName(stem, projectName)) };
}

function versionPart(version: Version | undefined): { version?: Version } {
  return version ? { version } : {};
}

/** The version after the project's name: any dash may part them, since names and old versions both hold dashes. */
function versionAfterName(stem: string, projectName: string): Version | undefined {
  const wanted = normalizeName(projectName);
  for (let dash = stem.indexOf("-"); dash >= 0; dash = stem.indexOf("-", dash + 1)) {
    if (dash > 512) break;
    if (normalizeName(stem.slice(0, dash)) !== wanted) continue;
    const version = parseVersion(stem.slice(dash + 1));
    if (version) return version;
  }
  return undefined;
}

function eggVersion(stem: string, projectName: string): Version | undefined {
  return versionAfterName(stem.replace(/-py\d[^-]*(?:-.*)?$/i, ""), projectName);
}
