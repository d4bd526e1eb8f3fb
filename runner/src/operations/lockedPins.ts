// The pins of a resolved stack as a lock holds them: every file with its digest, what each needs, and who asks for it.
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import type { LockedArtifact, LockedPackage } from "../../../shared/src/protocol/lock.ts";
import type { PageFile } from "../index/index.ts";
import type { Pin, PinDependency } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { OperationError } from "./errors.ts";
import { lockedOrigin } from "./lockedOrigin.ts";

export type LockingManifest = Pick<AskedManifest, "universe" | "loader" | "places">;

/**
 * Which files of a release a lock has to have, where their index lists no sha256: the one that is installed here, those that one
 * of several environments takes, or every one.
 */
export type NeededFiles = "chosen" | "admissible" | "every";

/**
 * In the order of the pins. One after another: only what lists no digest is fetched, and that is rare.
 * @throws OperationError where a file without a digest cannot be read to make one.
 */
export async function lockPins(
  pins: readonly Pin[],
  asked: LockingManifest,
  needed: NeededFiles,
): Promise<LockedPackage[]> {
  const packages: LockedPackage[] = [];
  for (const pin of pins) packages.push(lockedPackage(pin, await artifactsOf(pin, asked, needed), asked));
  return packages;
}

/** Every file of the release with a digest; one that is needed and has none listed is hashed here. */
async function artifactsOf(
  pin: Pin,
  { universe }: LockingManifest,
  needed: NeededFiles,
): Promise<LockedArtifact[]> {
  const source = pin.direct === undefined ? undefined : universe.sourceOf(pin.name, pin.direct);
  // A folder has no digest, and of a repository the commit says it all.
  if (source && source.kind !== "archive") return [];
  const admissible = new Set(pin.files.map(({ filename }) => filename));
  const artifacts: LockedArtifact[] = [];
  const chosen = (pin.files[0] ?? pin.file).filename;
  for (const file of pin.release) {
    const isAdmissible = admissible.has(file.filename);
    const isNeeded =
      needed === "every" || file.filename === chosen || (needed === "admissible" && isAdmissible);
    const sha256 = file.hashes.sha256 ?? (isNeeded ? await digestOf(pin, file, universe) : undefined);
    if (sha256 !== undefined) artifacts.push(lockedArtifact(file, sha256, isAdmissible));
  }
  return artifacts.sort((a, b) => (a.filename < b.filename ? -1 : 1));
}

async function digestOf(pin: Pin, file: PageFile, universe: LockingManifest["universe"]): Promise<string> {
  const answer = await universe.digest(pin.name, file);
  if ("sha256" in answer) return answer.sha256;
  const { message, next } = answer.failure;
  throw new OperationError(
    "not-checked",
    "no-digest",
    `${pin.name} ${pin.version} has no sha256 listed, and ${file.filename} cannot be read to make one: ${message}`,
    next,
  );
}

/** What only some forms write is looked at when it is written: a large stack has thousands of files. */
function lockedArtifact(file: PageFile, sha256: string, admissible: boolean): LockedArtifact {
  return {
    filename: file.filename,
    sha256,
    get url() {
      return file.url;
    },
    get size() {
      return file.size;
    },
    get uploadTime() {
      const { uploadTime } = file;
      return uploadTime === undefined ? undefined : new Date(uploadTime).toISOString().replace(".000Z", "Z");
    },
    admissible,
  };
}

function lockedPackage(pin: Pin, artifacts: LockedArtifact[], asked: LockingManifest): LockedPackage {
  const { universe, loader, places } = asked;
  const lines = pin.demands.flatMap((demand) => {
    const place = places.get(demand);
    return place ? [`-r ${loader.displayUri(place.uri)}`] : [];
  });
  const index = universe.indexOf(pin.name, pin.file);
  const requiresPython = pin.files[0]?.requiresPython ?? pin.file.requiresPython;
  return {
    name: pin.name,
    version: pin.version.toString(),
    extras: [...pin.extras],
    ...(index === undefined ? {} : { index }),
    ...lockedOrigin(pin, asked),
    ...(pin.direct === undefined ? { metadataFile: pin.file.filename } : {}),
    artifacts,
    ...(requiresPython ? { requiresPython } : {}),
    ...(pin.marker ? { marker: markerToString(pin.marker) } : {}),
    dependencies: dependenciesOf(pin),
    via: [...new Set([...lines, ...pin.via])],
  };
}

/** What it needs with the extras that were asked for: one entry for each distribution that meets it. */
function dependenciesOf({
  dependencies,
  extraDependencies,
}: Pin): NonNullable<LockedPackage["dependencies"]> {
  const found = new Map<string, NonNullable<LockedPackage["dependencies"]>[number]>();
  const all: readonly PinDependency[] = [...dependencies, ...[...extraDependencies.values()].flat()];
  for (const { name, version, extras, marker } of all) {
    const written = version.toString();
    const said = marker && markerToString(marker);
    const known = found.get(`${name} ${written}`);
    const both = [...new Set([...(known?.extras ?? []), ...extras])].sort();
    // Where two ways lead to it, it holds where either does: without a marker where one has none.
    const keeps = known === undefined || known.marker === said ? said : undefined;
    found.set(`${name} ${written}`, {
      name,
      version: written,
      ...(both.length > 0 ? { extras: both } : {}),
      ...(keeps === undefined ? {} : { marker: keeps }),
    });
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}
