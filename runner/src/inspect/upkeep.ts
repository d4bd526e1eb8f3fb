// Keeps the folders of inspections within bounds: what a killed runner left, wheels not used lately, old logs.
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MAX_WHEELS = 12 * 1024 ** 3;
const MAX_LOGS = 200;

/** Marks a run's folder as this process's own. */
export function claimRun(folder: string): void {
  writeFileSync(join(folder, "owner"), String(process.pid), { mode: 0o600 });
}

/** Removes the folders of runs whose process is gone. */
export function removeAbandonedRuns(cacheFolder: string): void {
  for (const name of list(join(cacheFolder, "runs"))) {
    const folder = join(cacheFolder, "runs", name);
    if (!isAlive(ownerOf(folder))) rmSync(folder, { recursive: true, force: true });
  }
}

function ownerOf(folder: string): number {
  try {
    return Number(readFileSync(join(folder, "owner"), "utf8"));
  } catch {
    // A run that has just made its folder has not signed it yet: it counts as alive for a while.
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - made < 60_000 ? process.pid : 0;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Notes that a kept wheel was used, so that it is among the last to go. */
export function touchWheel(path: string): void {
  const now = new Date();
  try {
    utimesSync(join(path, ".."), now, now);
  } catch {
    // A cache that cannot be written is still a cache.
  }
}

/** The folder of each wheel that is kept, named by its digest, and when it was used last, in milliseconds since the epoch. */
export function keptWheels(cacheFolder: string): { readonly folder: string; readonly used: number }[] {
  const root = join(cacheFolder, "wheels");
  return list(root)
    .filter((name) => !name.startsWith("."))
    .flatMap((first) => list(join(root, first)).map((name) => join(root, first, name)))
    .map((folder) => ({ folder, used: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
}

/** Removes the wheels that were not used for longest, until the rest is within `limit` bytes. */
export function pruneWheels(cacheFolder: string, limit = MAX_WHEELS): void {
  const kept = keptWheels(cacheFolder).sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { folder } of kept) {
    total += sizeOf(folder);
    if (total > limit) rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes the oldest logs beyond `limit`. Their names begin with their time. */
export function pruneLogs(logFolder: string, limit = MAX_LOGS): void {
  const logs = list(logFolder)
    .filter((name) => /^\d{4}-\d\d-\d\dT.*\.log$/.test(name))
    .sort();
  for (const name of logs.slice(0, Math.max(0, logs.length - limit)))
    rmSync(join(logFolder, name), { force: true });
}

function sizeOf(folder: string): number {
  return list(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
