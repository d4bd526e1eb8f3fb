// Pipfile.lock as pipenv writes it, byte for byte: four blanks, keys sorted, ASCII alone (pipenv 2026, `_LockFileEncoder`).
import { compareCodePoints, jsonString } from "../../../shared/src/manifest/pipfileHash.ts";
import type { LockedPackage, LockedPipfile, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { compareTexts, isLocal, LockRefused, placeFrom, type WriteOptions } from "./write.ts";

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** The number of the format, which has not changed since 2017. */
const PIPFILE_SPECIFICATION = 6;

/**
 * A Pipfile.lock.
 * @throws LockRefused for a stack that holds a project twice, which the format has no way to say.
 */
export function writePipfileLock(lock: LockOutput, { folder }: WriteOptions): string {
  const { pipfile } = lock;
  if (pipfile === undefined) {
    throw new LockRefused(
      "no-pipfile",
      `A Pipfile.lock is made from a Pipfile, and ${lock.path} is none.`,
      "Take another form: --as pylock.",
    );
  }
  const categories = pipfile.categories.map(
    (category) => [category, categoryOf(category, lock, pipfile, folder)] as const,
  );
  const meta = {
    hash: { sha256: pipfile.hash },
    "pipfile-spec": PIPFILE_SPECIFICATION,
    requires: pipfile.requires,
    sources: pipfile.sources,
  };
  return `${printJson({ _meta: meta, ...Object.fromEntries(categories) }, "")}\n`;
}

function categoryOf(
  category: string,
  { packages }: LockOutput,
  { unused }: LockedPipfile,
  folder: string,
): { readonly [key: string]: Json } {
  const entries = new Map<string, Json>();
  const versions = new Map<string, string>();
  for (const one of packages) {
    if (!(one.categories ?? ["default"]).includes(category)) continue;
    const key = one.key ?? one.name;
    const other = versions.get(one.name);
    if (other !== undefined) throw twice(one, other);
    versions.set(one.name, one.version);
    entries.set(key, entryOf(one, folder));
  }
  for (const { category: of, key, marker, version, extras, hashes, index } of unused) {
    if (of !== category || entries.has(key)) continue;
    entries.set(key, {
      ...(extras === undefined ? {} : { extras: [...extras] }),
      ...(hashes.length > 0 ? { hashes } : {}),
      ...(index === undefined ? {} : { index }),
      markers: marker,
      version,
    });
  }
  return Object.fromEntries(entries);
}

function twice({ name, version }: LockedPackage, other: string): LockRefused {
  return new LockRefused(
    "two-versions",
    `A Pipfile.lock holds one version of a project, and this stack needs ${name} ${other} and ${version}, each by its marker.`,
    "Take a form that holds both: --as pylock.",
  );
}

function entryOf(one: LockedPackage, folder: string): { readonly [key: string]: Json } {
  const { version, extras, source, marker, artifacts, url, vcs, directory, editable, subdirectory } = one;
  // pipenv writes none beside an address.
  const digests = url === undefined ? artifacts.map(({ sha256 }) => `sha256:${sha256}`) : [];
  const hashes = [...new Set(digests)].sort(compareTexts);
  return {
    ...(extras.length > 0 ? { extras: [...extras] } : {}),
    ...(hashes.length > 0 ? { hashes } : {}),
    ...(source === undefined ? {} : { index: source }),
    ...(marker === undefined ? {} : { markers: marker }),
    ...(editable ? { editable: true } : {}),
    ...(url === undefined ? { version: `==${version}` } : {}),
    ...(url !== undefined && vcs
      ? {
          [vcs.system]: url,
          ref: vcs.commit,
          ...(vcs.subdirectory === undefined ? {} : { subdirectory: vcs.subdirectory }),
        }
      : {}),
    ...(url !== undefined && !vcs
      ? {
          ...(directory && isLocal(url) ? { path: one.path ?? placeFrom(folder, url) } : { file: url }),
          ...(subdirectory === undefined ? {} : { subdirectory }),
        }
      : {}),
  };
}

function printJson(value: Json, indent: string): string {
  if (typeof value === "string") return jsonString(value);
  if (typeof value !== "object") return String(value);
  const deeper = `${indent}    `;
  if (isList(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => deeper + printJson(item, deeper)).join(",\n")}\n${indent}]`;
  }
  const keys = Object.keys(value).sort(compareCodePoints);
  if (keys.length === 0) return "{}";
  const pairs = keys.map((key) => `${deeper}${jsonString(key)}: ${printJson(value[key]!, deeper)}`);
  return `{\n${pairs.join(",\n")}\n${indent}}`;
}

function isList(value: readonly Json[] | { readonly [key: string]: Json }): value is readonly Json[] {
  return Array.isArray(value);
}
