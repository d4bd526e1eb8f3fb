// Makes facts of what the indexes answered: releases newest first, what stands in their way here, and the files behind one of them.
import type {
  ArtifactFacts,
  IndexTrouble,
  ProjectFacts,
  ReleaseDetail,
  ReleaseFacts,
} from "../../../shared/src/facts/model.ts";
import { expandTags, readWheelFilename } from "../../../shared/src/packaging/filename.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { tagRanks } from "../../../shared/src/packaging/tags.ts";
import { compareVersions, parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import {
  type IndexFailure,
  type IndexSettings,
  type PageFile,
  type ProjectAnswer,
  redactUrl,
} from "../index/index.ts";

/** What the facts depend on beside the pages: the Python, its tags, and which formats may be installed. */
export interface FactsTarget {
  /** `python_full_version`; absent where no Python was found: then nothing stands in any release's way. */
  readonly python?: string;
  /** Best first. */
  readonly tags?: readonly string[];
  /** PEP 503 names, or `:all:`. */
  readonly onlyBinary: readonly string[];
  readonly noBinary: readonly string[];
  /** Who wins where several indexes have a project: facts of one rule are none of another's. */
  readonly rule?: string;
}

interface Suits {
  readonly rank: number | undefined;
}

/** Judges files for one target, remembering what it has judged: a page repeats few tags and few Requires-Python. */
export class FileJudge {
  readonly #python: Version | undefined;
  readonly #ranks: ReadonlyMap<string, number> | undefined;
  readonly #target: FactsTarget;
  readonly #byTags = new Map<string, Suits>();
  readonly #byPython = new Map<string, boolean>();

  constructor(target: FactsTarget) {
    this.#target = target;
    this.#python = target.python === undefined ? undefined : parseVersion(target.python);
    this.#ranks = target.tags === undefined ? undefined : tagRanks(target.tags);
  }

  /** Whether the environment's Python is within a file's Requires-Python; one that cannot be read does not count, as in pip. */
  admitsPython(requiresPython: string | undefined): boolean {
    if (requiresPython === undefined || !this.#python) return true;
    let admitted = this.#byPython.get(requiresPython);
    if (admitted === undefined) {
      const read = readSpecifierSet(requiresPython);
      admitted = !read.ok || read.value.contains(this.#python, { prereleases: true });
      this.#byPython.set(requiresPython, admitted);
    }
    return admitted;
  }

  /** The rank of a wheel, 0 the best; undefined where the environment's tags do not have it. Without tags every wheel suits. */
  wheelRank(filename: string): number | undefined {
    // The last three parts between dashes, found from the end: a page has thousands of names and few tags.
    const platformAt = filename.lastIndexOf("-");
    const abiAt = filename.lastIndexOf("-", platformAt - 1);
    const pythonAt = filename.lastIndexOf("-", abiAt - 1);
    const tags = filename.slice(pythonAt + 1, -4);
    let suits = this.#byTags.get(tags);
    if (suits === undefined) {
      suits = this.#judgeTags(tags, filename);
      this.#byTags.set(tags, suits);
    }
    return suits.rank;
  }

  #judgeTags(tags: string, filename: string): Suits {
    if (!this.#ranks) return { rank: 0 };
    const [python = "", abi = "", platform = ""] = tags.split("-");
    let best: number | undefined;
    for (const tag of tagsOfWheel(python, abi, platform, filename)) {
      const rank = this.#ranks.get(tag);
      if (rank !== undefined && (best === undefined || rank < best)) best = rank;
    }
    return { rank: best };
  }

  /** Whether pip may take this format of this project: `--only-binary` and `--no-binary`. */
  allows(format: "wheel" | "sdist", name: string): boolean {
    const names = format === "wheel" ? this.#target.noBinary : this.#target.onlyBinary;
    return names.length === 0 || !(names.includes(name) || names.includes(":all:"));
  }
}

function tagsOfWheel(python: string, abi: string, platform: string, filename: string): Iterable<string> {
  const simple = /^[\w.]+$/;
  if (simple.test(python) && simple.test(abi) && simple.test(platform))
    return expandTags(python, abi, platform);
  const read = readWheelFilename(filename);
  return read.ok ? read.value.tags : [];
}

interface PlacedFile {
  readonly file: PageFile;
  readonly index: number;
}

interface MergedRelease {
  readonly version: string;
  readonly parsed: Version | undefined;
  readonly files: PlacedFile[];
}

/** One project as facts, with what is needed to detail a release of it later. */
export interface DerivedProject {
  readonly facts: ProjectFacts;
  /** The files of a release, best first, where there are any. */
  filesOf(version: string): readonly PlacedFile[];
}

/** Releases and details that were derived before from the very same pages. */
export interface KnownFacts {
  readonly releases: readonly ReleaseFacts[];
  readonly details: Readonly<Record<string, ReleaseDetail>>;
}

/**
 * Merges what every index has, as pip does: it looks at all of them and takes the best version, wherever it is.
 * A failure of one index makes the whole project `failed`, though what others have is kept beside it.
 * With `known`, files are only looked at where a further release is to be detailed.
 */
export function deriveProject(
  answer: ProjectAnswer,
  settings: IndexSettings,
  judge: FileJudge,
  known?: KnownFacts,
): DerivedProject {
  const places = [...settings.indexes, ...settings.findLinks].map((place) => place.url);
  let merged: MergedRelease[] | undefined;
  const mergedReleases = (): MergedRelease[] => {
    merged ??= mergeReleases(answer, places);
    return merged;
  };
  const releases =
    known?.releases ?? mergedReleases().map((release) => releaseFacts(answer.name, release, judge));
  const checked = Math.min(...answer.pages.map((page) => page.fetchedAt));
  const first = answer.pages[0];
  const status = answer.pages.find((page) => page.status && page.status.status !== "active")?.status;
  const trouble = answer.failure ?? (first ? undefined : answer.notChecked?.[0]);
  const displayName = first?.displayName;
  const facts: ProjectFacts = {
    name: answer.name,
    ...(displayName === undefined || displayName === answer.name ? {} : { displayName }),
    state: stateOf(answer),
    freshness: freshnessOf(answer),
    ...(Number.isFinite(checked) ? { checked } : {}),
    indexes: places.map((place) => redactUrl(place)),
    ...(trouble ? { trouble: troubleOf(trouble) } : {}),
    ...(status ? { status } : {}),
    releases,
    details: known?.details ?? {},
  };
  return {
    facts,
    filesOf: (version) => {
      const release = mergedReleases().find((one) => one.version === version);
      return release ? sortFiles(answer.name, release.files, judge) : [];
    },
  };
}

function stateOf(answer: ProjectAnswer): ProjectFacts["state"] {
  if (answer.failure) {
    if (answer.failure.code !== "offline") return "failed";
    return answer.pages.length > 0 ? "known" : "unknown";
  }
  if (answer.pages.length > 0) return "known";
  return answer.notChecked && answer.notChecked.length > 0 ? "failed" : "absent";
}

function freshnessOf(answer: ProjectAnswer): ProjectFacts["freshness"] {
  if (answer.failure && answer.pages.length === 0)
    return answer.failure.code === "offline" ? "unknown" : "failed";
  if (answer.failure) return answer.failure.code === "offline" ? "stale" : "failed";
  return answer.pages.some((page) => page.freshness === "stale") ? "stale" : "fresh";
}

function troubleOf(failure: IndexFailure): IndexTrouble {
  return { code: failure.code, index: failure.index, message: failure.message, next: failure.next };
}

function mergeReleases(answer: ProjectAnswer, places: readonly string[]): MergedRelease[] {
  const [only] = answer.pages;
  const indexOf = (url: string) => Math.max(0, places.indexOf(url));
  if (only && answer.pages.length === 1) {
    const index = indexOf(only.index.url);
    return only.releases.map((release) => ({
      version: release.version,
      parsed: release.parsed,
      files: release.files.map((file) => ({ file, index })),
    }));
  }
  const byVersion = new Map<string, MergedRelease>();
  for (const page of answer.pages) {
    const index = indexOf(page.index.url);
    for (const release of page.releases) {
      let known = byVersion.get(release.version);
      if (!known) {
        known = { version: release.version, parsed: release.parsed, files: [] };
        byVersion.set(release.version, known);
      }
      for (const file of release.files) known.files.push({ file, index });
    }
  }
  return [...byVersion.values()].sort((a, b) => {
    if (a.parsed && b.parsed) return compareVersions(b.parsed, a.parsed);
    return a.parsed ? -1 : b.parsed ? 1 : a.version < b.version ? 1 : -1;
  });
}

function isWheel(file: PageFile): boolean {
  return file.filename.endsWith(".whl");
}

function releaseFacts(name: string, release: MergedRelease, judge: FileJudge): ReleaseFacts {
  let yankedFiles = 0;
  let reason: string | true = true;
  let uploaded = Number.POSITIVE_INFINITY;
  let hasFormat = false;
  let hasTags = false;
  let hasPython = false;
  let best: { rank: number; wheel: boolean; file: PlacedFile } | undefined;
  for (const placed of release.files) {
    const { file } = placed;
    if (file.yanked !== undefined) {
      yankedFiles++;
      if (typeof file.yanked === "string") reason = file.yanked;
    }
    const time = file.uploadTime;
    if (time !== undefined && time < uploaded) uploaded = time;
    const wheel = isWheel(file);
    if (!judge.allows(wheel ? "wheel" : "sdist", name)) continue;
    hasFormat = true;
    const rank = wheel ? judge.wheelRank(file.filename) : Number.POSITIVE_INFINITY;
    if (rank === undefined) continue;
    hasTags = true;
    if (!judge.admitsPython(file.requiresPython)) continue;
    hasPython = true;
    if (!best || rank < best.rank) best = { rank, wheel, file: placed };
  }
  const obstacle = !release.parsed
    ? "legacy-version"
    : !hasFormat
      ? "no-artifact"
      : !hasTags
        ? pythonBlocksAll(release, judge)
          ? "python"
          : "tags"
        : !hasPython
          ? "python"
          : undefined;
  const requiresPython = loosestPython(release);
  const isYanked = release.files.length > 0 && yankedFiles === release.files.length;
  return {
    version: release.version,
    ...(isYanked ? { yanked: reason } : {}),
    ...(requiresPython === undefined ? {} : { requiresPython }),
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(best ? { artifact: best.wheel ? ("wheel" as const) : ("sdist" as const) } : {}),
    ...(best?.wheel && best.file.file.filename.endsWith("-any.whl") ? { anyPlatform: true } : {}),
    ...(Number.isFinite(uploaded) ? { uploaded } : {}),
    index: (best?.file ?? release.files[0])?.index ?? 0,
  };
}

/** Wheels name their Python in the tags too: where Requires-Python already excludes it, that is what a person wants to read. */
function pythonBlocksAll(release: MergedRelease, judge: FileJudge): boolean {
  return release.files.every(({ file }) => !judge.admitsPython(file.requiresPython));
}

/** Of several Requires-Python the one that asks for least: none at all, else the one that most files have. */
function loosestPython(release: MergedRelease): string | undefined {
  const counts = new Map<string, number>();
  for (const { file } of release.files) {
    if (file.requiresPython === undefined) return undefined;
    counts.set(file.requiresPython, (counts.get(file.requiresPython) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** As pip would choose: wheels by tag, then the sdist, then what does not suit. */
function sortFiles(name: string, files: readonly PlacedFile[], judge: FileJudge): PlacedFile[] {
  const key = ({ file }: PlacedFile): number => {
    const wheel = isWheel(file);
    if (!judge.allows(wheel ? "wheel" : "sdist", name)) return 3e9;
    if (!judge.admitsPython(file.requiresPython)) return 2e9;
    const rank = wheel ? judge.wheelRank(file.filename) : 1e9;
    return rank ?? 1.5e9;
  };
  return files
    .map((placed) => ({ placed, key: key(placed) }))
    .sort((a, b) => a.key - b.key)
    .map(({ placed }) => placed);
}

/** The files of a release as facts; the core metadata is added by whoever has read it. */
export function artifactsOf(name: string, files: readonly PlacedFile[], judge: FileJudge): ArtifactFacts[] {
  return files.map(({ file, index }) => ({
    filename: file.filename,
    hashes: file.hashes,
    ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
    suits:
      judge.allows(isWheel(file) ? "wheel" : "sdist", name) &&
      judge.admitsPython(file.requiresPython) &&
      (!isWheel(file) || judge.wheelRank(file.filename) !== undefined),
    index,
  }));
}

/** The newest release that can be used here and that the specifier, where there is one, admits; stable ones first. */
export function newestUsable(
  releases: readonly ReleaseFacts[],
  admits: (version: Version) => boolean = () => true,
): ReleaseFacts | undefined {
  let prerelease: ReleaseFacts | undefined;
  for (const release of releases) {
    if (release.obstacle !== undefined || release.yanked !== undefined) continue;
    const version = parseVersion(release.version);
    if (!version || !admits(version)) continue;
    if (!version.isPrerelease) return release;
    prerelease ??= release;
  }
  return prerelease;
}

export type { PlacedFile, ReleaseDetail };
