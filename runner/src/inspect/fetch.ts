// The wheels of a stack, kept by their sha256 in a cache of the runner's own.

import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  linkSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { ensureFolder, type FolderFailure, folderFailure } from "../data/index.ts";
import { OFFLINE_NEXT, offlineWords } from "./explain.ts";
import { runPip } from "./hostTools.ts";
import { pipArguments, writePipFile } from "./pipFile.ts";
import type { PinnedPackage, ResolveRequest } from "./resolving.ts";
import { tellingLines } from "./telling.ts";
import { keptWheels, touchWheel } from "./upkeep.ts";

export interface FetchedWheel {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly sha256: string;
  readonly path: string;
}

export type FetchAnswer =
  | { readonly ok: true; readonly wheels: readonly FetchedWheel[]; readonly fetched: number }
  | {
      readonly ok: false;
      readonly message: string;
      readonly next?: string;
      readonly lines: readonly string[];
      readonly name?: string;
      readonly timedOut: boolean;
    };

/** Takes from the cache what is there, fetches the rest with pip's own rules, and keeps only what has its digest. */
export async function fetchWheels(
  packages: readonly PinnedPackage[],
  cacheFolder: string,
  request: ResolveRequest,
): Promise<FetchAnswer> {
  const wheels: FetchedWheel[] = [];
  const missing: PinnedPackage[] = [];
  for (const one of packages) {
    const kept = one.sha256
      .map((digest) => cachedWheel(cacheFolder, digest, one))
      .find((wheel) => wheel !== undefined);
    if (kept) {
      touchWheel(kept.path);
      wheels.push(kept);
    } else missing.push(one);
  }
  if (missing.length === 0) return { ok: true, wheels, fetched: 0 };
  const file = join(request.folder, "fetch.txt");
  const target = join(request.folder, "download");
  const hindered = ensureFolder(target);
  if (hindered) return cannotKeep(hindered);
  writePipFile(file, request.indexes, missing.map((one) => `${fetchLine(one)}\n`).join(""));
  const hashed = missing.every((one) => one.sha256.length > 0);
  const args = [
    "download",
    ...pipArguments(request),
    "--no-deps",
    "--only-binary",
    ":all:",
    "--progress-bar",
    "off",
  ];
  if (hashed) args.push("--require-hashes");
  args.push("-d", target, "-r", file);
  const result = await runPip(request.interpreter, args, {
    cwd: request.cwd,
    env: request.env,
    deadline: request.deadline,
    ...(request.signal ? { signal: request.signal } : {}),
    onOutput: request.onOutput,
  });
  const failed = (message: string, name?: string, next?: string): FetchAnswer => ({
    ok: false,
    message,
    ...(next ? { next } : {}),
    lines: tellingLines(result.output),
    timedOut: result.limit === "time",
    ...(name ? { name } : {}),
  });
  if (result.exit !== 0) {
    if (/No space left on device|Disk quota exceeded/.test(result.output))
      return cannotKeep(folderFailure(cacheFolder, "ENOSPC"));
    const absent = missing.map(({ name, version }) => `${name} ${version}`);
    if (request.offline)
      return failed(offlineWords(absent.slice(0, 3).join(", ")), missing[0]?.name, OFFLINE_NEXT);
    return failed("Not every wheel of the stack could be fetched.");
  }
  for (const filename of readdirSync(target)) {
    const path = join(target, filename);
    const [project = "", version = ""] = filename.split("-");
    const pinned = missing.find((one) => one.name === normalizeName(project));
    if (!pinned || !filename.endsWith(".whl")) return failed(`${filename} was not asked for.`);
    const sha256 = await digestOf(path);
    if (pinned.sha256.length > 0 && !pinned.sha256.includes(sha256)) {
      return failed(`${filename} does not have the digest that it was resolved with.`, pinned.name);
    }
    const kept = keepWheel(cacheFolder, sha256, filename, path);
    if (typeof kept !== "string") return cannotKeep(kept);
    wheels.push({
      name: pinned.name,
      version: pinned.version || version,
      filename,
      sha256,
      path: kept,
    });
  }
  const absent = missing.find((one) => !wheels.some((wheel) => wheel.name === one.name));
  if (absent) return failed(`The wheel of ${absent.name} ${absent.version} did not arrive.`, absent.name);
  return { ok: true, wheels, fetched: missing.length };
}

/**
 * A folder of the wheels that are kept, below `folder`, for a resolver that looks nowhere else. Of several with one name it has
 * the one that `wanted` names by its digest, else the one that was used last: a resolver tries no second one.
 */
export function linkKeptWheels(
  cacheFolder: string,
  folder: string,
  wanted: ReadonlySet<string>,
): string | undefined {
  const target = join(folder, "kept");
  const best = new Map<string, { path: string; rank: number }>();
  for (const { folder: digest, used } of keptWheels(cacheFolder)) {
    const rank = wanted.has(basename(digest)) ? Number.POSITIVE_INFINITY : used;
    for (const name of readdirSync(digest).filter((file) => file.endsWith(".whl"))) {
      if ((best.get(name)?.rank ?? Number.NEGATIVE_INFINITY) < rank)
        best.set(name, { path: join(digest, name), rank });
    }
  }
  if (best.size === 0 || ensureFolder(target)) return undefined;
  for (const [name, { path }] of best) symlinkSync(path, join(target, name));
  return target;
}

/** Puts the wheels side by side in `folder`, without a second copy where the file system can. */
export function stageWheels(wheels: readonly FetchedWheel[], folder: string): FolderFailure | undefined {
  const failure = ensureFolder(folder, 0o755);
  if (failure) return failure;
  for (const wheel of wheels) {
    const target = join(folder, wheel.filename);
    try {
      linkSync(wheel.path, target);
    } catch {
      copyFileSync(wheel.path, target);
    }
  }
  return undefined;
}

/** The requirements file that the wheels are installed by, inside: each with its digest. */
export function writePins(wheels: readonly FetchedWheel[], folder: string): void {
  const pins = wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`);
  writeFileSync(join(folder, "pins.txt"), pins.join(""), { mode: 0o644 });
}

const cannotKeep = ({ message, next }: FolderFailure): FetchAnswer => ({
  ok: false,
  message,
  next,
  lines: [],
  timedOut: false,
});

function fetchLine(one: PinnedPackage): string {
  const hashes = one.sha256.map((digest) => ` --hash=sha256:${digest}`).join("");
  return one.url === undefined ? `${one.name}==${one.version}${hashes}` : `${one.name} @ ${one.url}${hashes}`;
}

const folderOf = (cacheFolder: string, sha256: string): string =>
  join(cacheFolder, "wheels", sha256.slice(0, 2), sha256);

/** The wheel of that digest, where it is kept and is the project's. */
export function cachedWheel(
  cacheFolder: string,
  sha256: string,
  one: Pick<PinnedPackage, "name" | "version">,
): FetchedWheel | undefined {
  const folder = folderOf(cacheFolder, sha256);
  try {
    const filename = readdirSync(folder).find((name) => name.endsWith(".whl"));
    if (filename === undefined || normalizeName(filename.split("-")[0] ?? "") !== one.name) return undefined;
    return { name: one.name, version: one.version, filename, sha256, path: join(folder, filename) };
  } catch {
    return undefined;
  }
}

/** Moves a wheel in by way of a folder that appears whole: several processes may keep the same one. */
export function keepWheel(
  cacheFolder: string,
  sha256: string,
  filename: string,
  path: string,
): string | FolderFailure {
  const folder = folderOf(cacheFolder, sha256);
  const whole = join(cacheFolder, "wheels", `.${sha256}.${process.pid}.${Date.now()}`);
  const failure = ensureFolder(whole, 0o755) ?? ensureFolder(join(folder, ".."), 0o755);
  if (failure) return failure;
  renameSync(path, join(whole, basename(filename)));
  // The user of the sandbox is another one and has to read it.
  chmodSync(join(whole, basename(filename)), 0o644);
  try {
    renameSync(whole, folder);
  } catch {
    rmSync(whole, { recursive: true, force: true });
  }
  return join(folder, filename);
}

/** sha256 of a file, hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
