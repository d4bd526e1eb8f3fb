// What can go wrong with the file of knowledge, as sentences with a next step, and what SQLite's codes mean for us.

export type KnowledgeErrorCode =
  /** The file was written by a newer Thoth. */
  | "newer-schema"
  /** The named file is something else: it is left alone. */
  | "not-knowledge"
  /** Another process held the file for longer than we wait. */
  | "busy"
  /** The file was found damaged in the middle of a change; it is set aside and the change can be made again. */
  | "damaged"
  /** A file to import cannot be read, or one to export cannot be written. */
  | "unreadable";

/** A fault that a person is to be told: a sentence, and what to do now. */
export class KnowledgeError extends Error {
  override readonly name = "KnowledgeError";
  readonly code: KnowledgeErrorCode;
  readonly next: string;
  constructor(code: KnowledgeErrorCode, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.next = next;
  }
}

/** What an error of SQLite or of the file system asks us to do. */
export type StorageFault = "busy" | "damaged" | "unwritable" | "other";

const BY_SQLITE_CODE: Readonly<Record<number, StorageFault>> = {
  3: "unwritable", // PERM
  5: "busy", // BUSY
  6: "busy", // LOCKED
  8: "unwritable", // READONLY
  10: "unwritable", // IOERR
  11: "damaged", // CORRUPT
  13: "unwritable", // FULL
  14: "unwritable", // CANTOPEN
  15: "busy", // PROTOCOL: a race for the WAL's locks
  22: "unwritable", // NOLFS
  26: "damaged", // NOTADB
};

const UNWRITABLE = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOSPC",
  "EDQUOT",
  "ENOTDIR",
  "ENOENT",
  "EISDIR",
  "EEXIST",
  "EFBIG",
  "ELOOP",
  "ENAMETOOLONG",
  "EIO",
  "EBUSY",
]);

/** Classifies what was thrown by node:sqlite or node:fs; see https://sqlite.org/rescode.html. */
export function storageFault(error: unknown): StorageFault {
  if (!(error instanceof Error)) return "other";
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number") return BY_SQLITE_CODE[errcode & 0xff] ?? "other";
  return typeof code === "string" && UNWRITABLE.has(code) ? "unwritable" : "other";
}

/** Another process holds the file. */
export function busyError(path: string, cause: unknown): KnowledgeError {
  return new KnowledgeError(
    "busy",
    `${path} is being written by another process.`,
    "Run it again when that is done; `thoth knowledge stats` shows the file.",
    { cause },
  );
}

/** The shortest true reason, for a sentence: `disk full`, `read-only`, or what the system said. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof KnowledgeError)
    return error.code === "busy" ? "another process holds it" : error.message.replace(/\.$/, "");
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number") {
    const primary = errcode & 0xff;
    if (primary === 13) return "the disk is full";
    if (primary === 8) return "it is read-only";
    if (primary === 14) return "it cannot be opened";
    if (primary === 10) return "the disk reports an error";
  }
  if (code === "ENOSPC" || code === "EDQUOT") return "the disk is full";
  if (code === "EROFS") return "it is read-only";
  if (code === "EACCES" || code === "EPERM") return "permission is denied";
  if (code === "ENOTDIR" || code === "EEXIST") return "a part of its path is not a folder";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ENOENT") return "it is not there";
  return typeof code === "string" && code !== "ERR_SQLITE_ERROR" ? code : error.message;
}
