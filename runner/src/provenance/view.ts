// From a subject and what the indexes said to the files that are checked: located by digest, chosen for the environments.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion } from "../../../shared/src/packaging/version.ts";
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { PageFile, ProjectPage } from "../index/index.ts";
import type { Judged } from "./judge.ts";
import type {
  Digest,
  EnvironmentJudge,
  IndexView,
  LocatedFile,
  LockedFile,
  Subject,
  SubjectView,
} from "./model.ts";

/** Digests that a file has on its page, in one spelling. */
export function digestsOf(file: PageFile): Digest[] {
  return Object.entries(file.hashes).map(([algorithm, digest]) => ({ algorithm, digest }));
}

/** Whether the file is one that the digests admit: `undefined` where the two have no algorithm in common. */
export function admits(digests: readonly Digest[], file: Pick<PageFile, "hashes">): boolean | undefined {
  let isComparable = false;
  for (const { algorithm, digest } of digests) {
    const listed = file.hashes[algorithm];
    if (listed === undefined) continue;
    if (listed === digest) return true;
    isComparable = true;
  }
  return isComparable ? false : undefined;
}

/** Whether the file has the content that a lock says (PEP 751): by every digest that both give, `undefined` where there is none. */
export function agrees(
  { digests }: Pick<LockedFile, "digests">,
  { hashes }: Pick<PageFile, "hashes">,
): boolean | undefined {
  const common = digests.filter(({ algorithm }) => hashes[algorithm] !== undefined);
  if (common.length === 0) return undefined;
  return common.every(({ algorithm, digest }) => hashes[algorithm] === digest);
}

/** Whether two file names are one: an index may spell the project's part otherwise than a lock does. */
export function isSameFile(a: string, b: string): boolean {
  return a === b || normalizeName(a) === normalizeName(b);
}

/**
 * The files of one version on a page, as `==` takes it (PEP 440): `1.0` is `1.0.0`, and a version without a local label is every
 * one with the same public part.
 */
export function filesOfVersion(page: ProjectPage, version: string): readonly PageFile[] {
  const wanted = parseVersion(version);
  return page.releases
    .filter((release) => {
      if (!wanted || !release.parsed) return release.version === version;
      if (compareVersions(release.parsed, wanted) === 0) return true;
      if (wanted.local !== undefined || release.parsed.local === undefined) return false;
      const bare = parseVersion(release.version.replace(/\+.*$/, ""));
      return bare !== undefined && compareVersions(bare, wanted) === 0;
    })
    .flatMap((release) => release.files);
}

/** Whether the digests of a line that names no index admit files of the index at `url`: what else has them has the same content. */
export function isHeldTo({ subject, indexes, version }: SubjectView, url: string): boolean {
  if (subject.digests.length === 0 || subject.source !== undefined || version === undefined) return false;
  return indexes.some(
    ({ answer, location }) =>
      indexKey(location.url) === indexKey(url) &&
      answer.state === "page" &&
      filesOfVersion(answer.page, version).some((file) => admits(subject.digests, file) === true),
  );
}

/** Puts together what is known of a subject. */
export function viewSubject(
  subject: Subject,
  indexes: readonly IndexView[],
  environments: readonly EnvironmentJudge[],
  allArtifacts: boolean,
): SubjectView {
  const version = subject.version ?? newestToday(subject, indexes, environments);
  const isAssumed = subject.version === undefined && version !== undefined;
  const candidates = version === undefined ? [] : candidateFiles(subject, indexes, version);
  const chosen = new Set<PageFile>();
  for (const environment of environments) {
    const best = bestFile(subject.name, candidates, environment);
    if (best) chosen.add(best.file);
  }
  const located = candidates.map((one) => ({ ...one, installs: chosen.has(one.file) }));
  const selected = allArtifacts ? located : located.filter((one) => one.installs);
  return { subject, version, isAssumed, indexes, located, selected };
}

function candidateFiles(subject: Subject, indexes: readonly IndexView[], version: string) {
  const found: { file: PageFile; view: IndexView }[] = [];
  const seen = new Set<string>();
  for (const view of indexes) {
    if (!view.isBound || view.answer.state !== "page") continue;
    for (const file of filesOfVersion(view.answer.page, version)) {
      if (!isMeant(subject, file)) continue;
      const key = `${file.filename}\n${file.hashes.sha256 ?? ""}`;
      if (seen.has(key)) continue;
      seen.add(key);
      found.push({ file, view });
    }
  }
  return found;
}

/** Whether the manifest admits the file. A lock that names its files admits each with its own digests, and no other one. */
function isMeant({ digests, lockedFiles }: Subject, file: PageFile): boolean {
  if (lockedFiles.length === 0) return digests.length === 0 || admits(digests, file) !== false;
  return lockedFiles.some((one) => isSameFile(one.filename, file.filename) && agrees(one, file) !== false);
}

function bestFile<T extends { readonly file: PageFile }>(
  name: string,
  files: readonly T[],
  environment: EnvironmentJudge,
): T | undefined {
  let best: { rank: number; one: T } | undefined;
  for (const one of files) {
    const rank = environment.rank(name, one.file);
    if (rank !== undefined && (!best || rank < best.rank)) best = { rank, one };
  }
  return best?.one;
}

/** What an install of today would take where nothing is pinned: final releases before pre-releases, yanked ones never. */
function newestToday(
  subject: Subject,
  indexes: readonly IndexView[],
  environments: readonly EnvironmentJudge[],
): string | undefined {
  if (subject.from !== "index") return undefined;
  const releases = indexes
    .flatMap((view) => (view.isBound && view.answer.state === "page" ? view.answer.page.releases : []))
    .filter(({ parsed, files }) => {
      if (!parsed || !subject.specifier.contains(parsed, { prereleases: true })) return false;
      return files.some(
        (file) =>
          file.yanked === undefined &&
          environments.some((environment) => environment.rank(subject.name, file) !== undefined),
      );
    });
  const final = releases.filter(({ parsed }) => !parsed!.isPrerelease);
  const [first, ...rest] = final.length > 0 ? final : releases;
  if (!first) return undefined;
  return rest.reduce((best, one) => (compareVersions(one.parsed!, best.parsed!) > 0 ? one : best), first)
    .version;
}

/** What acceptances of findings about the subject are bound to. */
export function judgedOf({ subject, version, located, selected }: SubjectView): Judged {
  const texts = (digests: readonly Digest[]): string[] =>
    digests.map(({ algorithm, digest }) => `${algorithm}:${digest}`);
  const byFile = new Map<string, string[]>();
  const add = (filename: string, digests: readonly Digest[]): void =>
    void byFile.set(filename, [...(byFile.get(filename) ?? []), ...texts(digests)]);
  for (const { filename, digests } of subject.lockedFiles) add(filename, digests);
  for (const { file } of located) add(file.filename, digestsOf(file));
  const digests = [...texts(subject.digests), ...selected.flatMap(({ file }) => texts(digestsOf(file)))];
  return { name: subject.name, version, digests, byFile };
}

/** Views of the indexes that the subject may come from. */
export function boundViews(view: { readonly indexes: readonly IndexView[] }): readonly IndexView[] {
  return view.indexes.filter((one) => one.isBound);
}

/** Views of the indexes that an installer, which knows no policy of ours, may take the subject from. */
export function admittedViews(view: { readonly indexes: readonly IndexView[] }): readonly IndexView[] {
  return view.indexes.filter((one) => one.isAdmitted);
}

export function isWheel(file: Pick<PageFile, "filename">): boolean {
  return file.filename.endsWith(".whl");
}

export type { LocatedFile };
