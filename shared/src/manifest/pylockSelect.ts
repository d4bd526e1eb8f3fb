// What an installer takes from a pylock.toml for one environment (PEP 751, "Installing from a lock file").
import { evaluateMarker, type Marker, type MarkerEnvironment } from "../packaging/marker.ts";
import { rankWheels, tagRanks } from "../packaging/tags.ts";
import {
  type Pylock,
  type PylockDirectory,
  type PylockFile,
  type PylockPackage,
  type PylockVcs,
  pylockFileName,
} from "./pylockModel.ts";

/** What one package is installed from. */
export type PylockSource =
  | { readonly kind: "vcs"; readonly vcs: PylockVcs }
  | { readonly kind: "directory"; readonly directory: PylockDirectory }
  | { readonly kind: "archive" | "sdist" | "wheel"; readonly file: PylockFile };

export interface SelectedPackage {
  readonly package: PylockPackage;
  readonly source: PylockSource;
}

export interface PylockSelectOptions {
  readonly markers: MarkerEnvironment;
  /** Best first. */
  readonly tags: readonly string[];
  readonly extras?: readonly string[] | undefined;
  /** The lock's default groups where none are named; an empty list takes none. */
  readonly dependencyGroups?: readonly string[] | undefined;
  readonly prefersSdist?: ((name: string) => boolean) | undefined;
}

/** What is installed, in the order of the lock, or in one sentence why nothing may be. */
export type PylockSelection =
  | { readonly packages: readonly SelectedPackage[] }
  | { readonly refused: string };

/** Selects from a lock without faults. */
export function selectFromPylock(lock: Pylock, options: PylockSelectOptions): PylockSelection {
  const { markers, extras = [], dependencyGroups = lock.defaultGroups } = options;
  const python = markers.python_full_version.replace(/\+$/, "");
  const environment = { ...markers, extras: [...extras], dependency_groups: [...dependencyGroups] };
  const admits = (specifier: { contains(version: string, options: { prereleases: boolean }): boolean }) =>
    specifier.contains(python, { prereleases: true });
  if (lock.requiresPython && !admits(lock.requiresPython.specifier)) {
    return { refused: `The lock is for Python ${lock.requiresPython.text}, not for ${python}.` };
  }
  if (
    lock.environments.length > 0 &&
    !lock.environments.some(({ marker }) => evaluateMarker(marker, markers))
  ) {
    return { refused: "The lock is not for this environment." };
  }
  const taken = new Map<string, PylockPackage>();
  for (const package_ of lock.packages) {
    const { name, marker, requiresPython } = package_;
    if (marker && !evaluateMarker(marker.marker, environment)) continue;
    if (requiresPython && !admits(requiresPython.specifier)) {
      return { refused: `${name} needs Python ${requiresPython.text}, and this is ${python}.` };
    }
    if (taken.has(name)) return { refused: `The lock has more than one ${name} for this environment.` };
    taken.set(name, package_);
  }
  const ranks = tagRanks(options.tags);
  const packages: SelectedPackage[] = [];
  for (const package_ of taken.values()) {
    const source = sourceOf(package_, ranks, options.prefersSdist?.(package_.name) === true);
    if (source === undefined) {
      return { refused: `No wheel of ${package_.name} is for this environment, and it has no sdist.` };
    }
    packages.push({ package: package_, source });
  }
  return { packages };
}

/**
 * A marker of a lock once it is settled which extras and groups are installed: what is left to say of the environment, or whether
 * it holds there at all.
 */
export function settleParts(
  marker: Marker,
  extras: readonly string[],
  groups: readonly string[],
): Marker | boolean {
  if (marker.kind === "constant") return marker.value;
  if (marker.kind === "comparison") {
    const { right } = marker;
    const isOfParts =
      right.kind === "variable" && (right.name === "extras" || right.name === "dependency_groups");
    return isOfParts
      ? evaluateMarker(marker, { ...NOWHERE, extras: [...extras], dependency_groups: [...groups] })
      : marker;
  }
  const isAnd = marker.kind === "and";
  const rest: Marker[] = [];
  for (const operand of marker.operands) {
    const settled = settleParts(operand, extras, groups);
    if (settled === !isAnd) return settled;
    if (typeof settled !== "boolean") rest.push(settled);
  }
  if (rest.length === 0) return isAnd;
  return rest.length === 1 ? rest[0]! : { ...marker, operands: rest };
}

/** Names of extras and groups are looked at without an environment. */
const NOWHERE: MarkerEnvironment = {
  implementation_name: "",
  implementation_version: "0",
  os_name: "",
  platform_machine: "",
  platform_release: "",
  platform_system: "",
  platform_version: "",
  python_full_version: "0",
  platform_python_implementation: "",
  python_version: "0",
  sys_platform: "",
};

function sourceOf(
  { vcs, directory, archive, sdist, wheels }: PylockPackage,
  ranks: ReadonlyMap<string, number>,
  prefersSdist: boolean,
): PylockSource | undefined {
  if (vcs) return { kind: "vcs", vcs };
  if (directory) return { kind: "directory", directory };
  if (archive) return { kind: "archive", file: archive };
  if (sdist && prefersSdist) return { kind: "sdist", file: sdist };
  const wheel = bestWheel(wheels, ranks);
  if (wheel) return { kind: "wheel", file: wheel };
  return sdist && { kind: "sdist", file: sdist };
}

function bestWheel(
  wheels: readonly PylockFile[],
  ranks: ReadonlyMap<string, number>,
): PylockFile | undefined {
  const byName = new Map(wheels.map((wheel) => [pylockFileName(wheel), wheel]));
  const [best] = rankWheels(byName.keys(), ranks);
  return best === undefined ? undefined : byName.get(best);
}
