// Writes files so that nobody ever sees half of one.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Writes a file so that nobody ever sees half of it. Throws what the file system says. */
export function writeWhole(path: string, text: string | Uint8Array, mode?: number): void {
  const folder = dirname(path);
  // Made new or not at all, so that a guess at the name does no harm: the module of digests takes five milliseconds to load.
  const draft = join(folder, `.${basename(path)}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  try {
    writeFileSync(draft, text, mode === undefined ? { flag: "wx" } : { flag: "wx", mode });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

const NOT_WRITABLE: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is a file",
  EISDIR: "it is a folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};

/** Why a file could not be written, as a clause. */
export function whyNotWritten(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return NOT_WRITABLE[code] ?? code;
}
