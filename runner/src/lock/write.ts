// What the writers of locks share: where the lock will lie, how places are written from there, and what no form can say.
import { isAbsolute, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export interface WriteOptions {
  /** Absolute: the folder that the lock will lie in. */
  readonly folder: string;
}

/** A stack that the form cannot hold: a sentence, and what to do. */
export class LockRefused extends Error {
  override readonly name = "LockRefused";
  /** Kebab-case, stable. */
  readonly code: string;
  readonly next: string;

  constructor(code: string, message: string, next: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/**
 * A place on this machine as seen from the lock, with slashes, so that both can be moved together; as it is where it lies neither
 * in the lock's folder nor beside it.
 */
export function placeFrom(folder: string, url: string): string {
  const address = new URL(url);
  address.hash = "";
  const path = fileURLToPath(address);
  const from = relative(folder, path);
  if (from === "") return ".";
  if (isAbsolute(from) || from.startsWith(`..${sep}..`)) return path;
  const written = from.replaceAll("\\", "/");
  return written.startsWith("..") ? written : `./${written}`;
}

export function isLocal(url: string | undefined): url is string {
  return url?.startsWith("file:") === true;
}

/** By code points, as every tool that writes locks sorts. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
