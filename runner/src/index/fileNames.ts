// Tells from a file name alone whether a file is one that pip could install, and of which project and version it is.
import { parseVersion } from "../../../shared/src/packaging/version.ts";

const ARCHIVE = /\.(?:whl|tar\.gz|zip|tgz|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma|tar)$/i;

/** The ending that makes `filename` a wheel or an sdist, or an empty string. */
export function archiveEnding(filename: string): string {
  // Nearly every name ends so, and the expression looks for an ending at each letter.
  if (filename.endsWith(".whl")) return ".whl";
  if (filename.endsWith(".tar.gz")) return ".tar.gz";
  return ARCHIVE.exec(filename)?.[0] ?? "";
}

/** Whether `filename` is a name and no more: no separator, no control character, nothing that climbs out of a folder. */
export function isPlainName(filename: string): boolean {
  if (filename.length > 255) return false;
  // Nearly every name is of these, and the full test is slow on 50,000 of them.
  if (/^[A-Za-z0-9_][A-Za-z0-9._+!~-]*$/.test(filename)) return true;
  return (
    filename.length > 0 &&
    !/[/\\:\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(filename) &&
    filename !== "." &&
    filename !== ".."
  );
}

const isSeparator = (code: number): boolean => code === 45 || code === 95 || code === 46;

/**
 * Where the version starts in `filename`, if it is a file of the project `name` (PEP 503 form), else -1. Compares without
 * making strings, since it runs for every file of every page.
 */
export function versionStart(filename: string, name: string): number {
  let at = 0;
  for (let i = 0; i < name.length; i++) {
    const wanted = name.charCodeAt(i);
    if (wanted === 45) {
      if (!isSeparator(filename.charCodeAt(at))) return -1;
      while (isSeparator(filename.charCodeAt(at))) at++;
      continue;
    }
    let found = filename.charCodeAt(at++);
    if (found >= 65 && found <= 90) found += 32;
    if (found !== wanted) return -1;
  }
  if (filename.charCodeAt(at) === 45) return at + 1;
  // Old sdists wrote `name_1.0.tar.gz` nowhere, but a name may end in separators that its normal form has lost.
  while (isSeparator(filename.charCodeAt(at)) && at < filename.length) at++;
  return filename.charCodeAt(at - 1) === 45 ? at : -1;
}

/** The version in `filename` as written there, given where it starts; undefined where there is none. */
export function versionText(filename: string, start: number): string | undefined {
  const ending = archiveEnding(filename);
  const end =
    ending.toLowerCase() === ".whl" ? filename.indexOf("-", start) : filename.length - ending.length;
  if (end <= start) return undefined;
  const text = filename.slice(start, end);
  // A wheel's name writes `-` as `_`, which is no version where it stood for an implicit post release.
  return text.includes("_") && !parseVersion(text) ? text.replaceAll("_", "-") : text;
}
