// Installed distributions, read from their `.dist-info` folders (PEP 376, 610, 627). Nothing is run or imported.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { InstalledDistribution } from "../../../shared/src/environment/model.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";

/** Metadata headers longer than this are cut: a description never matters here. */
const MOST_HEADER_BYTES = 256 * 1024;

export interface InstalledOptions {
  /** Only these, by PEP 503 name; without it, all. */
  readonly names?: ReadonlySet<string>;
}

/**
 * The distributions in site-packages folders, in the order that Python finds them: of two with one name the first counts.
 * A folder that cannot be read has none.
 */
export function readInstalled(
  folders: readonly string[],
  options: InstalledOptions = {},
): InstalledDistribution[] {
  const found = new Map<string, InstalledDistribution>();
  for (const folder of folders) {
    for (const name of listFolder(folder)) {
      const parts = /^(.+?)-([^-]+)\.(dist-info|egg-info)$/.exec(name);
      if (!parts) continue;
      const normalizedName = normalizeName(parts[1]!);
      if (found.has(normalizedName) || (options.names && !options.names.has(normalizedName))) continue;
      const distribution = readDistribution(join(folder, name), parts[1]!, parts[2]!);
      if (distribution) found.set(normalizedName, distribution);
    }
  }
  return [...found.values()].sort((a, b) => (a.normalizedName < b.normalizedName ? -1 : 1));
}

function readDistribution(
  folder: string,
  folderName: string,
  folderVersion: string,
): InstalledDistribution | undefined {
  const egg = folder.endsWith(".egg-info");
  const headers = readHeaders(join(folder, egg ? "PKG-INFO" : "METADATA"));
  // A dist-info folder without METADATA is what an interrupted uninstall leaves.
  if (!headers && !egg) return undefined;
  const name = headers?.get("name")?.[0] ?? folderName;
  const requires = headers?.get("requires-dist");
  const direct = readDirectUrl(folder);
  return {
    name,
    normalizedName: normalizeName(name),
    version: headers?.get("version")?.[0] ?? folderVersion.replaceAll("_", "-"),
    ...(requires === undefined ? {} : { requiresDist: requires }),
    ...(direct === undefined ? {} : { direct }),
  };
}

/** The header fields of a core metadata file, up to its first blank line. */
function readHeaders(path: string): Map<string, string[]> | undefined {
  const text = readStart(path);
  if (text === undefined) return undefined;
  const headers = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line === "") break;
    if (/^[ \t]/.test(line)) {
      if (values) values[values.length - 1] += `\n${line.trim()}`;
      continue;
    }
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const key = line.slice(0, at).toLowerCase();
    values = headers.get(key) ?? [];
    values.push(line.slice(at + 1).trim());
    headers.set(key, values);
  }
  return headers;
}

function readStart(path: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    let text = Buffer.alloc(0);
    // Most headers fit into the first piece; a description behind them can be megabytes.
    while (text.length < MOST_HEADER_BYTES) {
      const piece = Buffer.alloc(8192);
      const read = readSync(handle, piece, 0, piece.length, text.length);
      text = Buffer.concat([text, piece.subarray(0, read)]);
      if (read < piece.length || text.includes("\n\n") || text.includes("\r\n\r\n")) break;
    }
    return text.toString("utf8");
  } catch {
    return undefined;
  } finally {
    closeSync(handle);
  }
}

/** PEP 610: where a direct installation came from, credentials removed. */
function readDirectUrl(folder: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "direct_url.json"), "utf8");
  } catch {
    return undefined;
  }
  try {
    const { url } = JSON.parse(text) as { url?: unknown };
    return typeof url === "string" ? url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1") : "unknown";
  } catch {
    return "unknown";
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/**
 * Site-packages of a prefix, found by looking: `lib/pythonX.Y/site-packages`, its lib64 twin, Debian's dist-packages,
 * `Lib/site-packages` on Windows.
 */
export function sitePackagesOf(prefix: string, version: string | undefined): string[] {
  const minor = version?.split(".").slice(0, 2).join(".");
  const candidates: string[] = [];
  for (const lib of ["lib", "lib64"]) {
    for (const name of listFolder(join(prefix, lib))) {
      const matching =
        minor === undefined
          ? /^(python|pypy)\d/.test(name)
          : new RegExp(`^(python|pypy)${minor.replace(".", "\\.")}t?$`).test(name);
      if (matching) candidates.push(join(prefix, lib, name, "site-packages"));
    }
  }
  candidates.push(join(prefix, "Lib", "site-packages"));
  if (minor !== undefined && prefix === "/usr") {
    candidates.push(`/usr/local/lib/python${minor}/dist-packages`, "/usr/lib/python3/dist-packages");
  }
  const seen = new Set<string>();
  return candidates.filter((folder) => {
    const real = listFolder(folder).length > 0;
    if (!real || seen.has(folder)) return false;
    seen.add(folder);
    return true;
  });
}
