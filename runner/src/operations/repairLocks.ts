// The locks of a manifest, which move along with its repair: a Pipfile.lock, a pylock.toml that holds for its lines, and a compiled
// requirements file whose head names it.
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, join, resolve as resolvePath } from "node:path";
import { type CompiledHead, readCompiledHead } from "../../../shared/src/manifest/compiled.ts";
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { isPylockName, type Pylock } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import type { LockForm } from "../../../shared/src/protocol/lock.ts";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import { isFromIndex } from "../../../shared/src/rules/place.ts";
import { type KeptPin, resolve, type StackScope } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import { fromPython } from "./lockScope.ts";
import { pinsOf } from "./previousLock.ts";
import { TRIAL_DECISIONS } from "./unanswered.ts";

/** One lock, with what it holds and what it is for. */
export interface FoundLock {
  readonly file: ManifestFile;
  /** Absolute. */
  readonly path: string;
  readonly form: LockForm;
  readonly pins: readonly KeptPin[];
  /** What it was made for, where it says so and that is one environment. */
  readonly environments?: readonly EnvironmentOptions[] | undefined;
  /** What it was made for, where that is more than one environment. */
  readonly scope?: StackScope | undefined;
  /** Why it cannot move along, in a sentence. */
  readonly refusal?: string | undefined;
}

/** A folder with more texts than this is not looked through for locks. */
const MOST_TEXTS = 60;
/** Bytes that hold the head of any compiled file. */
const HEAD_BYTES = 4096;

/** The locks of a manifest, the one whose pins count first. Files that cannot be read are none. */
export async function findLocks(asked: AskedManifest, signal: AbortSignal): Promise<FoundLock[]> {
  const { root, loader } = asked;
  const locks: FoundLock[] = [];
  const { companion } = root.tree;
  if (companion?.manifest.kind === "pipfile-lock") {
    locks.push({
      file: companion,
      path: `${root.path}.lock`,
      form: "pipfile-lock",
      pins: pinsOf(companion.manifest),
    });
  }
  for (const name of namesIn(dirname(root.path))) {
    const path = join(dirname(root.path), name);
    if (path === root.path || (!isPylockName(name) && !compiledFrom(path, root.path))) continue;
    const file = await read(loader, path);
    if (!file) continue;
    const found = file.manifest.pylock
      ? await pylockOf(file, path, file.manifest.pylock, asked, signal)
      : compiledOf(file, path, root.path);
    if (found && found.pins.length > 0) locks.push(found);
  }
  const rank: readonly LockForm[] = ["pipfile-lock", "pylock", "requirements"];
  return locks.sort((a, b) => rank.indexOf(a.form) - rank.indexOf(b.form));
}

/** The manifest that a lock was made from, where its head or its place says so and it is there: its absolute path. */
export function sourcesOfLock({ path, tree }: LoadedRoot): string[] {
  const folder = dirname(path);
  if (isPylockName(basename(path))) {
    return ["pyproject.toml", "requirements.in", "requirements.txt"].map((name) => join(folder, name));
  }
  const head = readCompiledHead(tree.files[0]?.manifest.text ?? "");
  return head?.sources.length === 1 ? [resolvePath(folder, basename(head.sources[0]!))] : [];
}

function namesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => isPylockName(name) || /\.txt$/i.test(name));
    return names.length > MOST_TEXTS ? names.filter(isPylockName) : names.sort();
  } catch {
    return [];
  }
}

/** Whether the head of a file names a manifest: read from its first bytes, so that a folder of texts costs little. */
function compiledFrom(path: string, source: string): boolean {
  const bytes = Buffer.alloc(HEAD_BYTES);
  try {
    const handle = openSync(path, "r");
    try {
      const length = readSync(handle, bytes, 0, HEAD_BYTES, 0);
      const head = readCompiledHead(bytes.toString("utf8", 0, length));
      return head !== undefined && names(head, path, source);
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}

/** Where the command was run is not known: beside each other a name is enough. */
function names({ sources }: CompiledHead, path: string, source: string): boolean {
  const isBeside = dirname(path) === dirname(source);
  return sources.some(
    (written) =>
      resolvePath(dirname(path), written) === source || (isBeside && basename(written) === basename(source)),
  );
}

async function read(loader: Loader, path: string): Promise<ManifestFile | undefined> {
  try {
    return (await loader.roots([path])).roots[0]?.tree.files[0];
  } catch {
    return undefined;
  }
}

function compiledOf(file: ManifestFile, path: string, source: string): FoundLock | undefined {
  const head = readCompiledHead(file.manifest.text);
  if (!head || !names(head, path, source)) return undefined;
  const found: FoundLock = { file, path, form: "requirements", pins: pinsOf(file.manifest) };
  if (head.sources.length > 1) {
    return { ...found, refusal: `${basename(path)} is compiled from several files: compile it anew` };
  }
  if (file.manifest.errors.length > 0) {
    return { ...found, refusal: `${basename(path)} cannot be read whole: compile it anew` };
  }
  if (head.universal) return { ...found, scope: { requiresPython: fromPython(head.python ?? "3.8") } };
  const { python, platform } = head;
  if (python === undefined && platform === undefined) return found;
  return { ...found, environments: [{ ...(python ? { python } : {}), ...(platform ? { platform } : {}) }] };
}

/** A pylock says nothing of what it was made from: it is the manifest's where it holds for its lines and has nothing beside. */
async function pylockOf(
  file: ManifestFile,
  path: string,
  pylock: Pylock,
  asked: AskedManifest,
  signal: AbortSignal,
): Promise<FoundLock | undefined> {
  const pins = pinsOf(file.manifest);
  if (file.manifest.errors.length > 0 || !holdsFor(asked.root, pins)) return undefined;
  const question = {
    ...asked.question,
    preferences: new Map(pins.map(({ name, version }) => [name, version])),
  };
  const resolution = await resolve(asked.catalogue, question, { signal, maxDecisions: TRIAL_DECISIONS });
  if (resolution.kind !== "solved") return undefined;
  const needed = new Set(resolution.pins.map(({ name }) => name));
  if (pylock.packages.some(({ name, marker }) => !marker && !needed.has(name))) return undefined;
  const found: FoundLock = { file, path, form: "pylock", pins };
  if (!isForSeveral(pylock, file.manifest)) return found;
  const environments = pylock.environments.map(({ marker }) => marker);
  const requiresPython = pylock.requiresPython?.specifier ?? fromPython(asked.runtime.pythonVersion ?? "3.8");
  return { ...found, scope: { requiresPython, ...(environments.length > 0 ? { environments } : {}) } };
}

/** Every line that needs no marker is pinned by the lock, at a version that it takes. */
function holdsFor({ tree }: LoadedRoot, pins: readonly KeptPin[]): boolean {
  const entries = tree.files.flatMap((file) =>
    file.as === "constraints" ? [] : file.manifest.entries.filter(isWanted),
  );
  return (
    entries.length > 0 &&
    entries.every(({ normalizedName, specifier, marker }) => {
      const own = pins.filter(({ name }) => name === normalizedName);
      if (own.length === 0) return marker !== undefined;
      return own.some(({ version }) => specifier.contains(version, { prereleases: true }));
    })
  );
}

function isWanted(entry: Manifest["entries"][number]): entry is RequirementEntry {
  if (entry.kind !== "requirement" || entry.normalizedName === undefined || !isFromIndex(entry)) return false;
  return entry.isSelf !== true && !/^build/.test(entry.scope?.kind ?? "");
}

function isForSeveral(
  { createdBy, environments, requiresPython, packages }: Pylock,
  { text }: Manifest,
): boolean {
  const head = readCompiledHead(text);
  if (head) return head.universal;
  if (/^#\s+uv export\b/m.test(text.slice(0, HEAD_BYTES))) return true;
  if (environments.length > 1 || packages.some(({ marker }) => marker !== undefined)) return true;
  return createdBy === "thoth" && requiresPython !== undefined && !/^==/.test(requiresPython.text);
}
