// Check 3: is the artifact on the index it is bound to, with that digest? A digest that its index does not know is a poisoned lock.
import type { ProjectPage } from "../../index/index.ts";
import {
  type CheckDraft,
  type Digest,
  type EvidenceDraft,
  type IndexView,
  orList,
  pageEvidence,
  type SubjectView,
  subjectName,
  whyNot,
} from "../model.ts";
import { boundViews, filesOfVersion } from "../view.ts";

const RULE = "artifact-digest";

/** One result per artifact that is checked, and one per digest that nobody knows. */
export function checkArtifactDigest(view: SubjectView): CheckDraft[] {
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
  if (subject.version === undefined) {
    return [
      {
        rule: RULE,
        state: "not-applicable",
        message: `${subject.written} is not pinned, so no file of it is meant.`,
        evidence: pages.map((one) => pageEvidence(one)),
      },
    ];
  }
  const hasRelease = pages.some(({ answer }) => releaseFiles(answer, subject.version!).length > 0);
  if (!hasRelease) return [silent.length > 0 ? silence(view, silent) : missingRelease(view, pages)];
  if (subject.digests.length === 0) {
    return [
      {
        rule: RULE,
        state: "absent",
        message: `${subjectName(view)} is held to no digest, so there is none to compare.`,
        evidence: pages.map((one) => pageEvidence(one)),
      },
    ];
  }
  return compareDigests(view, pages, silent);
}

function releaseFiles(answer: IndexView["answer"], version: string) {
  return answer.state === "page" ? filesOfVersion(answer.page, version) : [];
}

function compareDigests(
  view: SubjectView,
  pages: readonly IndexView[],
  silent: readonly IndexView[],
): CheckDraft[] {
  const { subject, version } = view;
  const files = pages.flatMap((one) =>
    releaseFiles(one.answer, version!).map((file) => ({ file, view: one })),
  );
  const known = new Set<string>();
  for (const { file } of files)
    for (const [algorithm, digest] of Object.entries(file.hashes)) known.add(`${algorithm}:${digest}`);
  const algorithms = new Set(files.flatMap(({ file }) => Object.keys(file.hashes)));
  const bare = files.filter(({ file }) => Object.keys(file.hashes).length === 0);
  const results: CheckDraft[] = [];
  const unknown = subject.digests.filter((one) => !known.has(`${one.algorithm}:${one.digest}`));
  const unlisted = unknown.filter(({ algorithm }) => !algorithms.has(algorithm));
  const foreign = unknown.filter(({ algorithm }) => algorithms.has(algorithm));
  if (foreign.length > 0) {
    const stale = pages.filter(({ answer }) => answer.state === "page" && answer.page.freshness === "stale");
    if (silent.length > 0) results.push(silence(view, silent));
    else if (bare.length > 0) results.push(undigested(view, pages, foreign));
    else if (stale.length > 0) results.push(outdated(view, stale, foreign));
    else results.push(poisoned(view, pages, foreign));
  }
  // A digest of an algorithm that the index does not list is of no file's, unless another digest says which.
  if (unlisted.length > 0 && unlisted.length === subject.digests.length)
    results.push(undigested(view, pages, unlisted));
  if (results.length > 0) return results;
  const passed = view.selected.map(
    ({ file, view: index }): CheckDraft => ({
      rule: RULE,
      state: "passed",
      artifact: file.filename,
      message: `${file.filename} is on ${index.label} with this digest.`,
      evidence: [pageEvidence(index, digestText(file.hashes))],
    }),
  );
  if (passed.length > 0) return passed;
  return [
    {
      rule: RULE,
      state: "passed",
      message: `Every digest of ${subjectName(view)} is one of ${orList(pages)}.`,
      evidence: pages.map((one) => pageEvidence(one, `${subject.digests.length} known`)),
    },
  ];
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
  const others = elsewhere(view, (page) => filesOfVersion(page, subject.version!).length > 0);
  const names = orList(pages);
  const where = others.length > 0 ? `; ${orList(others)} has it` : "";
  return {
    rule: RULE,
    state: "failed",
    severity: "error",
    message: `${subject.written} ${subject.version} is not on ${names}${where}.`,
    next: others.length > 0 ? "Bind it to the index that it is meant to come from." : "Lock again.",
    aliases: others.length > 0 ? ["MISSING-PACKAGE", "ARTIFACT-DIFFERENT-SOURCE"] : ["MISSING-PACKAGE"],
    evidence: [...pages, ...others].map((one) => pageEvidence(one, "no such release")),
  };
}

function undigested(view: SubjectView, pages: readonly IndexView[], digests: readonly Digest[]): CheckDraft {
  const algorithms = [...new Set(digests.map(({ algorithm }) => algorithm))].join(" and ");
  return {
    ...notChecked(
      view,
      `${orList(pages)} gives no ${algorithms} digest to compare with`,
      pages.map((one) => pageEvidence(one, "no digests")),
    ),
    next: "Use --download to compute it from the file.",
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
