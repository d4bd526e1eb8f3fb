// Moves a damaged file aside, once, however many processes find the damage at the same time.
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const WAIT = 10_000;

/**
 * Renames the file at `path`, with its journals, to `path.damaged-YYYYMMDD-HHMMSS` (UTC).
 * `damaged` is the identity under which the damage was seen: a file of another identity is the work of a process that was
 * faster, and stays. Returns the new name, or `undefined` where nothing was left to do. Throws errors of the file system.
 */
export function moveAside(
  path: string,
  damaged: string,
  identityOf: (path: string) => string,
  now: Date = new Date(),
): string | undefined {
  // A lock of SQLite on an empty file beside it: the kernel gives it back when its holder is killed.
  const lock = new DatabaseSync(`${path}.repair`, { timeout: WAIT });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    if (identityOf(path) !== damaged || damaged === "") return undefined;
    const aside = freeName(`${path}.damaged-${stamp(now)}`);
    // The journals first: a journal that stayed would be played into the file that is made next.
    for (const suffix of ["-wal", "-shm", "-journal"]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    }
    renameSync(path, aside);
    return aside;
  } finally {
    lock.close();
  }
}

function freeName(wanted: string): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!existsSync(name)) return name;
  }
}

function stamp(now: Date): string {
  return now
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(/[-:]/g, "")
    .replace("T", "-");
}
