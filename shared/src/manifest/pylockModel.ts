// What a pylock.toml says (PEP 751, lock-version 1.0) as plain data, and the names that its files go by.
import type { Marker } from "../packaging/marker.ts";
import type { SpecifierSet } from "../packaging/specifier.ts";
import { parseVersion } from "../packaging/version.ts";

/** The version of the format that is written. */
export const LOCK_VERSION = "1.0";

/** A table of which nothing but its being one is prescribed. */
export type FreeTable = Readonly<Record<string, unknown>>;

/** A marker as read, with its text. */
export interface WrittenMarker {
  readonly text: string;
  readonly marker: Marker;
}

/** A specifier as read, with its text. */
export interface WrittenSpecifier {
  readonly text: string;
  readonly specifier: SpecifierSet;
}

/** `packages.sdist`, an item of `packages.wheels`, or `packages.archive`. */
export interface PylockFile {
  readonly name?: string;
  /** As written: a date and time of TOML. */
  readonly uploadTime?: string;
  readonly url?: string;
  readonly path?: string;
  /** Bytes. */
  readonly size?: number;
  /** By algorithm, as written. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Archives only. */
  readonly subdirectory?: string;
}

export interface PylockVcs {
  readonly type: string;
  readonly url?: string;
  readonly path?: string;
  readonly requestedRevision?: string;
  readonly commitId: string;
  readonly subdirectory?: string;
}

export interface PylockDirectory {
  readonly path: string;
  readonly editable?: boolean;
  readonly subdirectory?: string;
}

export interface PylockPackage {
  /** In its normal form, which the standard asks for. */
  readonly name: string;
  /** Absent where it is not fixed, as for a directory. */
  readonly version?: string;
  readonly marker?: WrittenMarker;
  readonly requiresPython?: WrittenSpecifier;
  /** What tells the entries that it needs; for people to read, never for installing. */
  readonly dependencies: readonly FreeTable[];
  readonly vcs?: PylockVcs;
  readonly directory?: PylockDirectory;
  readonly archive?: PylockFile;
  readonly index?: string;
  readonly sdist?: PylockFile;
  readonly wheels: readonly PylockFile[];
  readonly attestationIdentities: readonly FreeTable[];
  readonly tool?: FreeTable;
}

export interface Pylock {
  readonly lockVersion: string;
  readonly environments: readonly WrittenMarker[];
  readonly requiresPython?: WrittenSpecifier;
  readonly extras: readonly string[];
  readonly dependencyGroups: readonly string[];
  readonly defaultGroups: readonly string[];
  readonly createdBy: string;
  readonly packages: readonly PylockPackage[];
  readonly tool?: FreeTable;
}

/** Whether a file of this name is a lock: `pylock.toml`, or `pylock.NAME.toml` with no dot in the name (PEP 751, "File name"). */
export function isPylockName(name: string): boolean {
  return name === "pylock.toml" || /^pylock\.[^.]+\.toml$/.test(name);
}

/**
 * Whether a lock of this version can be read: all of 1, where a later minor version may hold keys that are not known
 * (PEP 751, `lock-version`); undefined of what is no version.
 */
export function readsLockVersion(text: string): boolean | undefined {
  const version = parseVersion(text);
  if (version === undefined) return undefined;
  return version.key >= parseVersion("1")!.key && version.key < parseVersion("2")!.key;
}

/** Where a file's name may be said. */
export interface PylockPlace {
  readonly name?: string | undefined;
  readonly path?: string | undefined;
  readonly url?: string | undefined;
}

/** The name of a file: as given, else the end of its path, else that of its address with escapes undone. */
export function pylockFileName({ name, path, url }: PylockPlace): string {
  if (name) return name;
  // A relative path may be written with either kind of slash.
  if (path) return path.slice(path.lastIndexOf(path.includes("/") ? "/" : "\\") + 1);
  if (!url) return "";
  const end = url.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
  try {
    return decodeURIComponent(end);
  } catch {
    return end;
  }
}
