// The lock that stands where a new one is to be written: what of it is kept, and when it is not touched.
import { existsSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { LockedPackage, LockInput } from "../../../shared/src/protocol/lock.ts";
import type { KeptPin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { OperationError } from "./errors.ts";

/** One entry of the lock before. */
export interface PreviousPin {
  /** Normalised. */
  readonly name: string;
  readonly version: Version;
  readonly entry: RequirementEntry;
}

export interface PreviousLock {
  /** All that it holds, in its order. */
  readonly pins: readonly PreviousPin[];
  /** Normalised names whose version is not to be kept. */
  readonly upgraded: ReadonlySet<string> | "all";
  readonly manifest: Manifest | undefined;
}

const NOTHING: PreviousLock = { pins: [], upgraded: "all", manifest: undefined };

/**
 * Reads the lock before; one that is not there, or that is to be made anew, keeps nothing.
 * @throws OperationError where it cannot be read whole, since writing over it would lose what it has, and where it is the manifest.
 */
export async function readPreviousLock(asked: AskedManifest, input: LockInput): Promise<PreviousLock> {
  const { previous, cwd, upgrade, upgradePackages } = input;
  if (previous === undefined) return NOTHING;
  const path = resolvePath(cwd, previous);
  refuseManifest(path, previous, asked);
  if (!existsSync(path)) return NOTHING;
  const manifest = upgrade ? await readTolerantly(asked, previous) : await readWhole(asked, previous);
  if (manifest === undefined) return NOTHING;
  return {
    pins: pinsOf(manifest),
    upgraded: upgrade ? "all" : new Set(upgradePackages.map(normalizeName)),
    manifest,
  };
}

/** A person's own file is never written over with what was made from it. */
function refuseManifest(path: string, written: string, { root, path: manifest }: AskedManifest): void {
  const own = root.tree.files.some(({ uri }) => uri.startsWith("file:") && fileURLToPath(uri) === path);
  if (!own) return;
  throw new OperationError(
    "usage",
    "lock-is-manifest",
    `${written} is what ${manifest} is read from, and would be written over.`,
    "Name another file with --output.",
  );
}

async function readWhole({ loader }: AskedManifest, written: string): Promise<Manifest | undefined> {
  const { roots } = await loader.roots([written]);
  const manifest = roots[0]?.tree.files[0]?.manifest;
  if (manifest === undefined) return undefined;
  const fault = faultOf(manifest);
  if (fault === undefined) return manifest;
  throw new OperationError(
    "unreadable",
    "lock-unreadable",
    `cannot keep the pins of ${written}: ${fault} Nothing is written.`,
    "Restore it, or lock without it: --upgrade.",
  );
}

/** For `changed` alone: a lock that cannot be read says nothing. */
async function readTolerantly({ loader }: AskedManifest, written: string): Promise<Manifest | undefined> {
  try {
    const { roots } = await loader.roots([written]);
    return roots[0]?.tree.files[0]?.manifest;
  } catch (error) {
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}

/** The one number of the format that pipenv has written since 2017. */
const PIPFILE_SPECIFICATION = 6;

function faultOf(manifest: Manifest): string | undefined {
  const { errors, lines, kind, lock } = manifest;
  const specification = lock?.specification;
  if (kind === "pipfile-lock" && specification !== undefined && specification !== PIPFILE_SPECIFICATION) {
    return `it is of pipfile-spec ${specification}, and ${PIPFILE_SPECIFICATION} can be read.`;
  }
  // A version that is not known comes before what it makes unreadable.
  const error = errors.find(({ code }) => code === "unsupported-lock-version") ?? errors[0];
  if (error === undefined) return undefined;
  return `line ${lines.positionAt(error.span.start).line + 1}: ${error.message}`;
}

/** All that a lock pins, in its order, each with the marker that it is used by. */
export function pinsOf(manifest: Manifest): (PreviousPin & KeptPin)[] {
  return manifest.entries.flatMap((entry) =>
    entry.kind === "requirement"
      ? pinOf(entry).map((pin) => ({ ...pin, ...(entry.marker ? { marker: entry.marker } : {}) }))
      : [],
  );
}

function pinOf(entry: RequirementEntry): PreviousPin[] {
  const [clause, ...more] = entry.specifier.clauses;
  if (entry.normalizedName === undefined || more.length > 0) return [];
  if (clause?.operator !== "==" && clause?.operator !== "===") return [];
  const version = parseVersion(clause.version);
  return version ? [{ name: entry.normalizedName, version, entry }] : [];
}

/** The versions to keep as far as they hold, of one category where one is named; of several the first. */
export function keptVersions(
  { pins, upgraded }: PreviousLock,
  takes: (entry: RequirementEntry) => boolean = () => true,
): Map<string, Version> {
  const kept = new Map<string, Version>();
  if (upgraded === "all") return kept;
  for (const { name, version, entry } of pins) {
    if (!upgraded.has(name) && !kept.has(name) && takes(entry)) kept.set(name, version);
  }
  return kept;
}

/** The same for a lock that may pin one project several times, each by its marker. */
export function keptPins(
  { pins, upgraded }: PreviousLock,
  takes: (entry: RequirementEntry) => boolean = () => true,
): KeptPin[] {
  if (upgraded === "all") return [];
  return pins.flatMap(({ name, version, entry }) => {
    if (upgraded.has(name) || !takes(entry)) return [];
    return [{ name, version, ...(entry.marker ? { marker: entry.marker } : {}) }];
  });
}

/** Names whose version differs from the lock before, and names that it had; nothing where there was none. */
export function compareLocks(
  { pins }: PreviousLock,
  packages: readonly LockedPackage[],
): { readonly changed: string[]; readonly removed: string[] } {
  if (pins.length === 0) return { changed: [], removed: [] };
  const before = versionsByName(pins.map(({ name, version }) => ({ name, version: version.key })));
  const now = versionsByName(
    packages.map(({ name, version }) => ({ name, version: parseVersion(version)?.key ?? version })),
  );
  return {
    changed: [...now].flatMap(([name, versions]) => (before.get(name) === versions ? [] : [name])),
    removed: [...before.keys()].filter((name) => !now.has(name)).sort(),
  };
}

function versionsByName(pins: readonly { name: string; version: string }[]): Map<string, string> {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of pins) versions.set(name, (versions.get(name) ?? new Set()).add(version));
  return new Map([...versions].map(([name, all]) => [name, [...all].sort().join(" ")]));
}

/** Who publishes what, kept from a pylock.toml while the version is the same: nothing that a resolve finds out. */
export function keepIdentities(
  { manifest }: PreviousLock,
  packages: readonly LockedPackage[],
): LockedPackage[] {
  if (manifest === undefined || !isLockKind(manifest.kind) || !manifest.pylock) return [...packages];
  const known = new Map(
    manifest.pylock.packages
      .filter(({ attestationIdentities }) => attestationIdentities.length > 0)
      .map((one) => [`${one.name} ${parseVersion(one.version ?? "")?.key}`, one.attestationIdentities]),
  );
  return packages.map((one) => {
    const identities = known.get(`${one.name} ${parseVersion(one.version)?.key}`);
    return identities
      ? { ...one, attestationIdentities: identities.map((identity) => ({ ...identity })) }
      : one;
  });
}
