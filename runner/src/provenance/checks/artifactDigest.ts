// Check 3: is the artifact on the index it is bound to, with that digest? A digest that its index does not know is a poisoned lock.
import type { PageFile, ProjectPage } from "../../index/index.ts";
import {
  type CheckDraft,
  type Digest,
  type EvidenceDraft,
  type IndexView,
  orList,
  pageEvidence,
  type Subject,
  type SubjectView,
  subjectName,
  whyNot,
} from "../model.ts";
import { admits, agrees, boundViews, digestsOf, filesOfVersion, isSameFile } from "../view.ts";

const RULE = "artifact-digest";

/** Digests of files that were fetched and computed, beside those that their index lists. */
export type ComputedDigests = ReadonlyMap<PageFile, Readonly<Record<string, string>>>;

/** One result per artifact that is checked, and one per digest that nobody knows. */
export function checkArtifactDigest(view: SubjectView, computed: ComputedDigests = new Map()): CheckDraft[] {
  const { subject } = view;
  if (subject.from !== "index") return [notFromIndex(view)];
  const bound = boundViews(view);
  const pages = bound.filter(({ answer }) => answer.state === "page");
  const silent = bound.filter(({ answer }) => answer.state === "failed" || answer.state === "unasked");
  if (bound.length === 0)
    return [
      notChecked(view, "no index is configured for it", [{ source: "no index", freshness: "unknown" }]),
    ];
  if (pages.length === 0) return silent.length > 0 ? [silence(view, silent)] : [missing(view, bound)];
  if (subject.version === undefined && subject.digests.length === 0) {
    return [
      {
        rule: RULE,
        state: "not-applicable",
        message: `${subject.written} is not pinned, so no file of it is meant.`,
        evidence: pages.map((one) => pageEvidence(one)),
      },
    ];
  }
  const files = pages.flatMap(({ answer }) => filesMeant(answer, subject));
  const doubles = pages.flatMap((one) => listedTwice(view, one));
  if (files.length === 0) return [silent.length > 0 ? silence(view, silent) : missingRelease(view, pages)];
  if (subject.digests.length === 0) {
    return [
      ...doubles,
      {
        rule: RULE,
        state: "absent",
        message: `${subjectName(view)} is held to no digest, so there is none to compare.`,
        evidence: pages.map((one) => pageEvidence(one)),
      },
    ];
  }
  const listed = files.map((file) => ({
    filename: file.filename,
    hashes: computed.size === 0 ? file.hashes : { ...file.hashes, ...computed.get(file) },
  }));
  return [...doubles, ...compareDigests({ view, pages, silent, files: listed, computed })];
}

/** The files of the release that the subject is pinned to; all of them where digests alone say which is meant. */
function filesMeant(answer: IndexView["answer"], { version }: Subject): readonly PageFile[] {
  if (answer.state !== "page") return [];
  return version === undefined ? answer.page.files : filesOfVersion(answer.page, version);
}

/** File names of the release that one index lists with two contents: which of them is installed is a matter of chance, unless a digest says. */
function listedTwice({ subject }: SubjectView, index: IndexView): CheckDraft[] {
  const byName = new Map<string, PageFile>();
  const found = new Map<string, CheckDraft>();
  const isHeld = subject.digests.length > 0;
  for (const file of filesMeant(index.answer, subject)) {
    const { filename } = file;
    const known = byName.get(filename);
    byName.set(filename, file);
    if (!known || agrees({ digests: digestsOf(known) }, file) !== false) continue;
    found.set(filename, {
      rule: RULE,
      state: "failed",
      severity: isHeld ? "information" : "warning",
      artifact: filename,
      message: `${index.label} lists ${filename} twice, with two contents${isHeld ? "; the digests in the file decide which is installed" : ""}.`,
      next: isHeld ? "Tell the keepers of the index." : "Hold it to a digest.",
      aliases: ["DIFFERENT-ARTIFACTS-ON-SOURCES"],
      evidence: [pageEvidence(index, "two digests under one name")],
    });
  }
  return [...found.values()];
}

type ListedFile = Pick<PageFile, "filename" | "hashes">;

interface Comparison {
  readonly view: SubjectView;
  readonly pages: readonly IndexView[];
  /** Bound indexes that did not answer. */
  readonly silent: readonly IndexView[];
  /** The files that may be meant, with all that is known of their digests. */
  readonly files: readonly ListedFile[];
  readonly computed: ComputedDigests;
}

function compareDigests(comparison: Comparison): CheckDraft[] {
  const { view, pages, silent, files } = comparison;
  const { digests } = view.subject;
  const strange = strangeDigests(view.subject, files);
  // Whose file it is cannot be told while some file says nothing in that algorithm.
  const undecided = strange.filter(({ algorithm }) =>
    files.some(({ hashes }) => hashes[algorithm] === undefined),
  );
  const foreign = strange.filter((one) => !undecided.includes(one));
  const results: CheckDraft[] = [];
  if (strange.length > 0 && silent.length > 0) results.push(silence(view, silent));
  else {
    if (undecided.length > 0) results.push(undigested(comparison, undecided));
    const stale = pages.filter(({ answer }) => answer.state === "page" && answer.page.freshness === "stale");
    if (foreign.length > 0)
      results.push(stale.length > 0 ? outdated(view, stale, foreign) : poisoned(view, pages, foreign));
  }
  results.push(...misnamedFiles(comparison));
  if (results.some(({ state }) => state === "failed")) return results;
  const passed = passedFiles(comparison);
  if (passed.length > 0 || results.length > 0) return [...results, ...passed];
  return [
    {
      rule: RULE,
      state: "passed",
      message: `Every digest of ${subjectName(view)} is one of ${orList(pages)}.`,
      evidence: pages.map((one) => pageEvidence(one, `${digests.length} known`)),
    },
  ];
}

/**
 * Digests that no file has. One line's digests are each enough by themselves; of a lock that names its files they are all of one
 * file, and one that the index knows says which.
 */
function strangeDigests({ digests, lockedFiles }: Subject, files: readonly ListedFile[]): readonly Digest[] {
  const isKnown = ({ algorithm, digest }: Digest): boolean =>
    files.some(({ hashes }) => hashes[algorithm] === digest);
  if (lockedFiles.length === 0) return digests.filter((one) => !isKnown(one));
  return lockedFiles.flatMap((locked) => {
    const known = locked.digests.some(isKnown);
    const isListed = ({ algorithm }: Digest): boolean =>
      files.some(({ hashes }) => hashes[algorithm] !== undefined);
    return locked.digests.filter((one) => !isKnown(one) && !(known && !isListed(one)));
  });
}

/** Files of a lock (PEP 751) whose digest is known, and is another file's than the one of their name. */
function misnamedFiles({ view, pages, files }: Comparison): CheckDraft[] {
  return view.subject.lockedFiles.flatMap((locked) => {
    const owners = files.filter((file) => agrees(locked, file) === true);
    if (owners.length === 0 || owners.some(({ filename }) => isSameFile(filename, locked.filename)))
      return [];
    return [
      {
        rule: RULE,
        state: "failed" as const,
        severity: "error" as const,
        artifact: locked.filename,
        message: `The digest of ${locked.filename} is of ${owners[0]!.filename} on ${orList(pages)}.`,
        next: "Do not install it; lock again and compare.",
        aliases: ["INVALID-ARTIFACT-HASH"],
        evidence: pages.map((one) => pageEvidence(one, `has this digest as ${owners[0]!.filename}`)),
      },
    ];
  });
}

function passedFiles({ view, files, computed }: Comparison): CheckDraft[] {
  return view.selected.flatMap(({ file, view: index }) => {
    const hashes = { ...file.hashes, ...computed.get(file) };
    const isHeld =
      files.some(({ filename }) => filename === file.filename) &&
      admits(view.subject.digests, { hashes }) === true;
    if (!isHeld) return [];
    const how = computed.has(file) ? ", as computed from it" : "";
    return [
      {
        rule: RULE,
        state: "passed" as const,
        artifact: file.filename,
        message: `${file.filename} is on ${index.label} with this digest${how}.`,
        evidence: [pageEvidence(index, digestText(hashes))],
      },
    ];
  });
}

function notFromIndex(view: SubjectView): CheckDraft {
  return {
    rule: RULE,
    state: "not-applicable",
    message: `${view.subject.written} comes from ${view.subject.from === "vcs" ? "a repository" : view.subject.from === "url" ? "an address" : "a path"}, not from an index.`,
    evidence: [{ source: "the text", freshness: "fresh" }],
  };
}

function notChecked(view: SubjectView, why: string, evidence: readonly EvidenceDraft[]): CheckDraft {
  return {
    rule: RULE,
    state: "not-checked",
    message: `${subjectName(view)}: ${why}.`,
    evidence,
  };
}

function silence(view: SubjectView, silent: readonly IndexView[]): CheckDraft {
  const [first] = silent;
  const { answer } = first!;
  const why =
    answer.state === "failed" ? whyNot(answer.failure) : answer.state === "unasked" ? answer.reason : "";
  return {
    ...notChecked(
      view,
      why,
      silent.map((one) => pageEvidence(one)),
    ),
    ...(answer.state === "failed" ? { next: answer.failure.next } : {}),
  };
}

/** Other indexes of the settings that have what the bound one has not. */
function elsewhere(view: SubjectView, has: (page: ProjectPage) => boolean): readonly IndexView[] {
  return view.indexes.filter(
    ({ isBound, answer }) => !isBound && answer.state === "page" && has(answer.page),
  );
}

function missing(view: SubjectView, bound: readonly IndexView[]): CheckDraft {
  const others = elsewhere(view, () => true);
  const names = orList(bound);
  const where = others.length > 0 ? `; ${orList(others)} has it` : "";
  return {
    rule: RULE,
    state: "failed",
    severity: "error",
    message: `${view.subject.written} is not on ${names}${where}.`,
    next: others.length > 0 ? "Bind it to the index that it is meant to come from." : "Check its name.",
    aliases: others.length > 0 ? ["MISSING-PACKAGE", "ARTIFACT-DIFFERENT-SOURCE"] : ["MISSING-PACKAGE"],
    evidence: [...bound, ...others].map((one) => pageEvidence(one)),
  };
}

function missingRelease(view: SubjectView, pages: readonly IndexView[]): CheckDraft {
  const { subject } = view;
  if (pages.some(({ answer }) => answer.state === "page" && answer.page.freshness === "stale")) {
    return notChecked(
      view,
      `what is stored of ${orList(pages)} is old and has no such release`,
      pages.map((one) => pageEvidence(one)),
    );
  }
  const { version } = subject;
  const others = elsewhere(view, (page) => version === undefined || filesOfVersion(page, version).length > 0);
  const names = orList(pages);
  const where = others.length > 0 ? `; ${orList(others)} has it` : "";
  return {
    rule: RULE,
    state: "failed",
    severity: "error",
    message:
      version === undefined
        ? `${names} has no file of ${subject.written}${where}.`
        : `${subject.written} ${version} is not on ${names}${where}.`,
    next: others.length > 0 ? "Bind it to the index that it is meant to come from." : "Lock again.",
    aliases: others.length > 0 ? ["MISSING-PACKAGE", "ARTIFACT-DIFFERENT-SOURCE"] : ["MISSING-PACKAGE"],
    evidence: [...pages, ...others].map((one) => pageEvidence(one, "no such release")),
  };
}

function undigested({ view, pages, files, computed }: Comparison, digests: readonly Digest[]): CheckDraft {
  const all = [...new Set(digests.map(({ algorithm }) => algorithm))];
  const algorithms = all.join(" and ");
  const isPartly = files.some(({ hashes }) => all.some((algorithm) => hashes[algorithm] !== undefined));
  return {
    ...notChecked(
      view,
      isPartly
        ? `${orList(pages)} does not give the ${algorithms} digest of every file`
        : `${orList(pages)} gives no ${algorithms} digest to compare with`,
      pages.map((one) => pageEvidence(one, `no ${algorithms} digests`)),
    ),
    next:
      computed.size > 0
        ? "Use --download with --all-artifacts to compute it from every file."
        : "Use --download to compute it from the file.",
  };
}

function outdated(view: SubjectView, stale: readonly IndexView[], digests: readonly Digest[]): CheckDraft {
  const what = digests.length === 1 ? "one digest is" : `${digests.length} digests are`;
  return notChecked(
    view,
    `${what} not among what is stored, which is old`,
    stale.map((one) => pageEvidence(one)),
  );
}

function poisoned(view: SubjectView, pages: readonly IndexView[], digests: readonly Digest[]): CheckDraft {
  const { subject } = view;
  const matches = (hashes: Readonly<Record<string, string>>): boolean =>
    digests.some(({ algorithm, digest }) => hashes[algorithm] === digest);
  const others = elsewhere(view, (page) => page.files.some(({ hashes }) => matches(hashes)));
  const evidence = pages.map((one) => pageEvidence(one, "knows no file of this digest"));
  const otherRelease = pages
    .flatMap(({ answer }) => (answer.state === "page" ? answer.page.files : []))
    .find(({ hashes }) => matches(hashes));
  const names = orList(pages);
  const amount =
    digests.length === subject.digests.length
      ? digests.length === 1
        ? "The digest"
        : `All ${digests.length} digests`
      : `${digests.length} of ${subject.digests.length} digests`;
  const isOne = amount === "The digest" || digests.length === 1;
  const known = `${isOne ? "is" : "are"} of no file that is on ${names}`;
  const [elsewhereFirst] = others;
  const tail = elsewhereFirst
    ? `; ${elsewhereFirst.label} has a file of it`
    : otherRelease
      ? `; it is of ${otherRelease.filename}`
      : "";
  return {
    rule: RULE,
    state: "failed",
    severity: "error",
    artifact: digests.map(({ algorithm, digest }) => `${algorithm}:${digest}`).join(", "),
    message: `${amount} of ${subjectName(view)} ${known}${tail}.`,
    next: elsewhereFirst
      ? `Bind it to the index that it is meant to come from, or lock again.`
      : "Do not install it; lock again and compare.",
    aliases: elsewhereFirst
      ? ["INVALID-ARTIFACT-HASH", "ARTIFACT-DIFFERENT-SOURCE"]
      : ["INVALID-ARTIFACT-HASH"],
    evidence: [...evidence, ...others.map((one) => pageEvidence(one, "has a file of this digest"))],
  };
}

function digestText(hashes: Readonly<Record<string, string>>): string {
  const [algorithm, digest] =
    Object.entries(hashes).find(([key]) => key === "sha256") ?? Object.entries(hashes)[0] ?? [];
  return algorithm === undefined ? "" : `${algorithm}:${digest}`;
}
