// pylock.toml (PEP 751): keys in the standard's order, one file of a release to a line, so that a diff shows what changed.
import { LOCK_VERSION } from "../../../shared/src/manifest/pylockModel.ts";
import type { LockedArtifact, LockedPackage, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { isLocal, placeFrom, type WriteOptions } from "./write.ts";

/** A pylock.toml. The same stack gives the same bytes. */
export function writePylock(lock: LockOutput, { folder }: WriteOptions): string {
  const { environments = [], requiresPython, extras, groups, defaultGroups } = lock;
  const lines = [
    `lock-version = ${text(LOCK_VERSION)}`,
    ...(environments.length > 0 ? list("environments", environments.map(marker)) : []),
    ...(requiresPython === undefined ? [] : [`requires-python = ${text(requiresPython)}`]),
    ...(extras ? [`extras = [${extras.map(text).join(", ")}]`] : []),
    ...(groups ? [`dependency-groups = [${groups.map(text).join(", ")}]`] : []),
    ...(defaultGroups ? [`default-groups = [${defaultGroups.map(text).join(", ")}]`] : []),
    `created-by = ${text("thoth")}`,
  ];
  // The key has to be there, whether or not there is anything to install.
  if (lock.packages.length === 0) lines.push("packages = []");
  const versions = new Map<string, number>();
  for (const { name } of lock.packages) versions.set(name, (versions.get(name) ?? 0) + 1);
  for (const one of lock.packages) lines.push("", ...pylockPackageLines(one, versions, folder));
  return `${lines.join("\n")}\n`;
}

/**
 * The tables of one package.
 * @param versions how many releases of each project the lock holds.
 */
export function pylockPackageLines(
  one: LockedPackage,
  versions: ReadonlyMap<string, number>,
  folder: string,
): string[] {
  const { name, version, url, vcs, directory, editable, index, dependencies = [] } = one;
  // What no environment of the lock takes is never installed from it.
  const files = url === undefined ? one.artifacts.filter(({ admissible }) => admissible !== false) : [];
  const wheels = files.filter(({ filename }) => filename.endsWith(".whl"));
  const sdist = files.find(({ filename }) => !filename.endsWith(".whl"));
  // What lies in a folder or a repository may come to have another version.
  const isFixed = !vcs && !directory;
  return [
    "[[packages]]",
    `name = ${text(name)}`,
    ...(isFixed ? [`version = ${text(version)}`] : []),
    ...(one.marker === undefined ? [] : [`marker = ${marker(one.marker)}`]),
    ...(one.requiresPython === undefined ? [] : [`requires-python = ${text(one.requiresPython)}`]),
    ...list("dependencies", dependencyTables(dependencies, versions)),
    ...(url !== undefined && vcs ? [`vcs = ${vcsTable(vcs, url, folder)}`] : []),
    ...(url !== undefined && directory
      ? [
          `directory = ${table([
            ["path", text(placeFrom(folder, url))],
            ["editable", editable ? "true" : undefined],
            ["subdirectory", one.subdirectory && text(one.subdirectory)],
          ])}`,
        ]
      : []),
    ...(url !== undefined && !vcs && !directory ? [`archive = ${archiveTable(one, url, folder)}`] : []),
    // A folder of files is no index, and its place is this machine's own.
    ...(index === undefined || url !== undefined || isLocal(index) ? [] : [`index = ${text(index)}`]),
    ...(sdist ? [`sdist = ${fileTable(sdist, folder)}`] : []),
    ...list(
      "wheels",
      wheels.map((wheel) => fileTable(wheel, folder)),
    ),
    ...list("attestation-identities", (one.attestationIdentities ?? []).map(freeValue)),
  ];
}

/** As little as tells the entry: the name, and the version where the lock has several. */
function dependencyTables(
  dependencies: NonNullable<LockedPackage["dependencies"]>,
  versions: ReadonlyMap<string, number>,
): string[] {
  const tables = dependencies.map(({ name, version }) =>
    table([
      ["name", text(name)],
      ["version", (versions.get(name) ?? 0) > 1 ? text(version) : undefined],
    ]),
  );
  return [...new Set(tables)];
}

function vcsTable(vcs: NonNullable<LockedPackage["vcs"]>, url: string, folder: string): string {
  return table([
    ["type", text(vcs.system)],
    isLocal(url) ? ["path", text(placeFrom(folder, url))] : ["url", text(url)],
    ["requested-revision", vcs.requested && text(vcs.requested)],
    ["commit-id", text(vcs.commit)],
    ["subdirectory", vcs.subdirectory && text(vcs.subdirectory)],
  ]);
}

function archiveTable({ artifacts, subdirectory }: LockedPackage, url: string, folder: string): string {
  const [file] = artifacts;
  const address = url.replace(/#.*$/s, "");
  return table([
    isLocal(address) ? ["path", text(placeFrom(folder, address))] : ["url", text(address)],
    ["size", file?.size?.toString()],
    ["upload-time", file?.uploadTime],
    ["hashes", table([["sha256", text(file?.sha256 ?? "")]])],
    ["subdirectory", subdirectory && text(subdirectory)],
  ]);
}

function fileTable({ filename, url, size, uploadTime, sha256 }: LockedArtifact, folder: string): string {
  const address = url ?? "";
  const local = isLocal(address);
  return table([
    ["name", isNamedBy(address, filename) ? undefined : text(filename)],
    ["upload-time", uploadTime],
    local ? ["path", text(placeFrom(folder, address))] : ["url", text(address)],
    ["size", size?.toString()],
    ["hashes", table([["sha256", text(sha256)]])],
  ]);
}

function isNamedBy(url: string, filename: string): boolean {
  const last = url.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
  try {
    return decodeURIComponent(last) === filename;
  } catch {
    return false;
  }
}

function list(key: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return [`${key} = [`, ...items.map((item) => `    ${item},`), "]"];
}

function table(pairs: readonly (readonly [key: string, value: string | undefined])[]): string {
  const said = pairs.filter(([, value]) => value !== undefined && value !== "");
  return `{ ${said.map(([key, value]) => `${bareKey(key)} = ${value}`).join(", ")} }`;
}

function bareKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : text(key);
}

/** Any value that a lock before had in a table of no prescribed form. */
function freeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(freeValue).join(", ")}]`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "object" && value !== null)
    return table(Object.entries(value).map(([key, item]) => [key, freeValue(item)] as const));
  return text(String(value));
}

/** Quotes within a marker need no escapes where they are single ones. */
function marker(written: string): string {
  return text(written.includes("'") ? written : written.replaceAll('"', "'"));
}

/** A basic string of TOML. JSON's escapes are TOML's too; what JSON leaves as it is and TOML does not is DEL. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll("\u007f", "\\u007F");
}
