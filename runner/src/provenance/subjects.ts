// From a tree of manifests to the packages that it asks for: one subject per project, version and source, wherever it is written.

import type { ManifestEntry, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { type Pylock, pylockFileName } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { readSdistFilename, readWheelFilename } from "../../../shared/src/packaging/filename.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readSpecifierSet, SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { PlacedRequirement } from "../../../shared/src/rules/model.ts";
import { pinnedVersion } from "../../../shared/src/rules/place.ts";
import type { Digest, Subject } from "./model.ts";

/** The file of a tree that says what is installed: the lock of a Pipfile where there is one, else every file of the tree. */
export function lockedFilesOf(tree: ManifestTree): readonly ManifestFile[] {
  const [root] = tree.files;
  if (root?.manifest.kind === "pipfile" && tree.companion?.manifest.kind === "pipfile-lock")
    return [tree.companion];
  return tree.files;
}

/** Everything that the tree asks for by name. What only narrows adds its version and its digests, never a package. */
export function subjectsOf(tree: ManifestTree): Subject[] {
  const [root] = tree.files;
  if (root?.manifest.pylock) return subjectsOfPylock(root, root.manifest.pylock);
  const byKey = new Map<string, { places: PlacedRequirement[]; asked: Asked; file: ManifestFile }>();
  const files = lockedFilesOf(tree);
  const constraints = constraintsOf(files);
  for (const file of files) {
    if (file.as === "constraints") continue;
    for (const entry of file.manifest.entries) {
      const name = entry.kind === "requirement" ? (entry.normalizedName ?? nameOfAddress(entry)) : undefined;
      if (entry.kind !== "requirement" || name === undefined) continue;
      const asked = narrow(name, entry, constraints.get(name) ?? []);
      const { version, specifier } = asked;
      const key = [name, version ?? `?${specifier}`, entry.index?.text ?? ""].join("\n");
      const known = byKey.get(key);
      if (known) known.places.push({ file, entry });
      else byKey.set(key, { places: [{ file, entry }], asked, file });
    }
  }
  // pip asks for the digests of all, once a line of any of the files has one.
  const haveHashes = files.some(({ manifest }) =>
    manifest.entries.some((entry) => isNamed(entry) && entry.hashes.length > 0),
  );
  return [...byKey.values()].map(({ places, asked, file }) => subjectOf(places, asked, file, haveHashes));
}

const isNamed = (entry: ManifestEntry): entry is RequirementEntry =>
  (entry.kind === "requirement" || entry.kind === "constraint") && entry.normalizedName !== undefined;

/** By name, what the constraints of a tree say wherever it is installed. */
function constraintsOf(files: readonly ManifestFile[]): ReadonlyMap<string, readonly RequirementEntry[]> {
  const found = new Map<string, RequirementEntry[]>();
  for (const { as, manifest } of files) {
    for (const entry of manifest.entries) {
      if (!isNamed(entry) || entry.marker || entry.url) continue;
      // uv's overrides and exclusions replace what is asked for: they do not narrow it.
      if (entry.scope?.kind === "override" || entry.scope?.kind === "exclusion") continue;
      if (as !== "constraints" && entry.kind !== "constraint") continue;
      const name = entry.normalizedName!;
      found.set(name, [...(found.get(name) ?? []), entry]);
    }
  }
  return found;
}

/** An address that names no project (`git+https://example.com/demo.git`): what its path ends in stands for it. */
function nameOfAddress({ url }: RequirementEntry): string | undefined {
  if (!url) return undefined;
  const last = fileNameOf(url.text.replace(/\/+(?=[?#]|$)/, ""))
    .replace(/@[^@]*$/, "")
    .replace(/\.git$/i, "");
  return normalizeName(last).replace(/^-+|-+$/g, "") || undefined;
}

/** One entry, with what the constraints make of it. */
interface Asked {
  /** PEP 503 form. */
  readonly name: string;
  readonly entry: RequirementEntry;
  readonly version: string | undefined;
  readonly specifier: SpecifierSet;
  readonly constraints: readonly RequirementEntry[];
}

function narrow(name: string, entry: RequirementEntry, constraints: readonly RequirementEntry[]): Asked {
  const isDirect = entry.url !== undefined || entry.path !== undefined;
  if (isDirect || constraints.length === 0)
    return { name, entry, version: versionOf(entry), specifier: entry.specifier, constraints: [] };
  const pinned = [entry, ...constraints].flatMap((one) => pinnedVersion(one) ?? []);
  const specifier = constraints.reduce((set, one) => set.and(one.specifier), entry.specifier);
  return { name, entry, version: pinned[0], specifier, constraints };
}

function subjectOf(
  places: readonly PlacedRequirement[],
  { name, entry, version, specifier, constraints }: Asked,
  file: ManifestFile,
  fileHasHashes: boolean,
): Subject {
  const own = uniqueDigests(places.map((place) => place.entry));
  return {
    name,
    written: entry.name?.text ?? name,
    ...(version === undefined ? {} : { version }),
    ...originOf(entry),
    digests: constraints.reduce((digests, one) => inBoth(digests, uniqueDigests([one])), own),
    lockedFiles: [],
    lockedIdentities: [],
    specifier,
    isLocked: file.manifest.kind === "pipfile-lock" || fileHasHashes,
    fileHasHashes,
    places,
  };
}

type Origin = Pick<Subject, "from" | "source" | "address" | "vcs">;

/** Where an entry takes its package from: by itself, else by the first of uv's sources for it. */
function originOf({ index, vcs, url, path, sources = [] }: RequirementEntry): Origin {
  if (vcs && url)
    return { from: "vcs", address: url.text, vcs: { system: vcs.system, reference: vcs.reference?.text } };
  if (url) return { from: "url", address: url.text };
  if (path) return { from: "path", address: path.text };
  const [source] = sources;
  const address = source?.value?.text;
  switch (source?.kind) {
    case "git":
      return {
        from: "vcs",
        ...(address === undefined ? {} : { address }),
        vcs: { system: "git", reference: source.reference?.text },
      };
    case "url":
      return { from: "url", ...(address === undefined ? {} : { address }) };
    case "path":
    case "workspace":
      return { from: "path", ...(address === undefined ? {} : { address }) };
    default:
      return { from: "index", ...(index ? { source: index.text } : {}) };
  }
}

function uniqueDigests(entries: readonly RequirementEntry[]): readonly Digest[] {
  const digests = new Map<string, Digest>();
  for (const entry of entries)
    for (const digest of digestsOf(entry)) digests.set(`${digest.algorithm}:${digest.digest}`, digest);
  return [...digests.values()];
}

/** What two lists of digests both admit, as pip takes those of a line and of a constraint: none admits everything. */
function inBoth(some: readonly Digest[], others: readonly Digest[]): readonly Digest[] {
  if (some.length === 0) return others;
  if (others.length === 0) return some;
  const common = some.filter((one) =>
    others.some(({ algorithm, digest }) => one.algorithm === algorithm && one.digest === digest),
  );
  // With nothing in common pip takes no file: each is shown to be of none that the other means.
  return common.length > 0 ? common : [...some, ...others];
}

/** The packages of a pylock (PEP 751): each names its files, its index and, where the locker knew, who signed them. */
function subjectsOfPylock(file: ManifestFile, lock: Pylock): Subject[] {
  const namesDependencies = lock.packages.some(({ dependencies }) => dependencies.length > 0);
  return lock.packages.map((one) => {
    const version =
      one.version === undefined ? undefined : (parseVersion(one.version)?.toString() ?? one.version);
    const files = [...one.wheels, ...(one.sdist ? [one.sdist] : []), ...(one.archive ? [one.archive] : [])];
    const lockedFiles = files.map((each) => ({
      filename: pylockFileName(each),
      digests: Object.entries(each.hashes).map(([algorithm, digest]) => ({
        algorithm: algorithm.toLowerCase(),
        digest: digest.toLowerCase(),
      })),
      ...(each.url === undefined ? {} : { url: each.url }),
      ...(each.size === undefined ? {} : { size: each.size }),
    }));
    const from = one.vcs ? "vcs" : one.directory ? "path" : one.archive ? "url" : "index";
    const address = one.vcs?.url ?? one.directory?.path ?? one.archive?.url ?? one.archive?.path;
    const entry = file.manifest.entries.find(
      (each): each is RequirementEntry =>
        each.kind === "requirement" &&
        each.normalizedName === one.name &&
        (version === undefined || pinnedVersion(each) === undefined || pinnedVersion(each) === version),
    );
    const read = version === undefined ? undefined : readSpecifierSet(`==${version}`);
    return {
      name: one.name,
      written: one.name,
      ...(version === undefined ? {} : { version }),
      from,
      digests: lockedFiles.flatMap(({ digests }) => digests),
      lockedFiles: from === "index" ? lockedFiles : [],
      lockedIdentities: one.attestationIdentities,
      // A lock that names no dependency of any package says nothing of them.
      ...(namesDependencies ? { lockedDependencies: dependenciesOf(one.dependencies) } : {}),
      ...(one.index === undefined ? {} : { source: one.index }),
      ...(address === undefined ? {} : { address }),
      ...(one.vcs ? { vcs: { system: one.vcs.type, reference: one.vcs.commitId } } : {}),
      specifier: read?.ok ? read.value : SpecifierSet.any,
      isLocked: true,
      fileHasHashes: true,
      places: entry ? [{ file, entry }] : [],
    };
  });
}

function dependenciesOf(tables: Pylock["packages"][number]["dependencies"]): string[] {
  return tables.flatMap(({ name }) => (typeof name === "string" ? [normalizeName(name)] : []));
}

/** The digests of a line, and those in the fragment of its address (`#sha256=…`). */
function digestsOf(entry: RequirementEntry): Digest[] {
  const digests = entry.hashes.map(({ algorithm, digest }) => ({ algorithm, digest: digest.toLowerCase() }));
  const fragment = entry.url?.text.split("#")[1] ?? "";
  for (const part of fragment.split("&")) {
    const found = /^(sha256|sha384|sha512|sha224|sha1|md5)=([0-9a-f]+)$/i.exec(part);
    if (found?.[1] && found[2])
      digests.push({ algorithm: found[1].toLowerCase(), digest: found[2].toLowerCase() });
  }
  return digests;
}

function versionOf(entry: RequirementEntry): string | undefined {
  const pinned = pinnedVersion(entry);
  if (pinned !== undefined || entry.url === undefined) return pinned;
  const filename = fileNameOf(entry.url.text);
  const wheel = readWheelFilename(filename);
  if (wheel.ok) return wheel.value.version.toString();
  const sdist = readSdistFilename(filename);
  return sdist.ok ? sdist.value.version.toString() : undefined;
}

/** The last part of an address's path, decoded. */
export function fileNameOf(address: string): string {
  const path = address.replace(/[?#].*$/, "");
  const last = path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
