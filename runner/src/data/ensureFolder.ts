// Makes a folder with those above it, or says in a sentence why it cannot be made.
import { dirname, resolve } from "node:path";

// Not imported, for the reason that the loader of the bundle (faces/codeCache.ts) gives: it comes before everything.
const { mkdirSync, statSync } = process.getBuiltinModule("node:fs");

/** Why a folder cannot be written to, for a person. */
export interface FolderFailure {
  /** The system's code: `EACCES`, `ENOSPC`. */
  readonly code: string;
  /** What is at fault: the folder itself, or one above it. */
  readonly path: string;
  /** One sentence. */
  readonly message: string;
  readonly next: string;
}

/**
 * Makes `path` and what is missing above it, each with `mode`; one that is there already is left as it is. Node's own recursive
 * mkdir never returns where a file system answers that a folder's parent is missing although it is there, as /proc does:
 * here every folder is tried once.
 * @returns what hinders it, or nothing.
 */
export function ensureFolder(path: string, mode = 0o700): FolderFailure | undefined {
  const missing: string[] = [];
  try {
    for (let folder = resolve(path); ; folder = dirname(folder)) {
      const state = statSync(folder, { throwIfNoEntry: false });
      if (state?.isDirectory()) break;
      if (state !== undefined || folder === dirname(folder)) return folderFailure(folder, "ENOTDIR");
      missing.push(folder);
    }
    for (const folder of missing.reverse()) makeOne(folder, mode);
    return undefined;
  } catch (error) {
    const { path: at = path, code = String(error) } = error as NodeJS.ErrnoException;
    return folderFailure(at, code);
  }
}

/** Another process may have made it in the meantime. */
function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(folder).isDirectory()) throw error;
  }
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The failure that an error code of the file system at `path` stands for. */
export function folderFailure(path: string, code: string): FolderFailure {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "permission is denied",
    EPERM: "permission is denied",
    EROFS: "its file system is read-only",
    ENOTDIR: "it is not a folder",
    ENOENT: "its file system takes no new folder",
    ELOOP: "its symbolic links go in a circle",
    ENAMETOOLONG: "its name is too long",
  };
  const full = FULL.has(code);
  const reason = full ? "no space is left" : (reasons[code] ?? code);
  return {
    code,
    path,
    message: `${path} cannot be written: ${reason}.`,
    next: full
      ? "Make room there, or name another folder."
      : "Check its permissions, or name another folder.",
  };
}
