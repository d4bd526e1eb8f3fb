// Check 7: is the artifact published by whom the releases before it were? By the forge's ids, and by what was seen first.
import type { PageFile, ProjectPage } from "../../index/index.ts";
import {
  type AttestedFile,
  type ContinuityNote,
  describeIdentity,
  type Identity,
  judgeContinuity,
  judgeProjectUrls,
  type PublisherHistory,
  type SeenIdentity,
} from "../attestation/index.ts";
import {
  type CheckDraft,
  type EvidenceDraft,
  type LocatedFile,
  pageEvidence,
  type SubjectView,
  subjectName,
} from "../model.ts";
import { isWheel } from "../view.ts";
import type { AttestedAnswer } from "./attestation.ts";

const RULE = "publisher-continuity";
const ASK = "Ask its maintainers before you install it.";

/** A file as the history of its project has it; who signed it is known only of files that were verified. */
export function historyFile(
  file: PageFile,
  version: string,
  identities: readonly Identity[] = [],
): AttestedFile {
  return {
    version,
    filename: file.filename,
    kind: isWheel(file) ? "wheel" : "sdist",
    uploadedAt: file.uploadTime,
    state: typeof file.provenance === "string" ? "attested" : file.provenance === null ? "absent" : "unknown",
    identities,
  };
}

/** Every file of a page, with who signed those that were verified. */
export function historyOf(
  page: ProjectPage,
  verified: ReadonlyMap<string, readonly Identity[]>,
): AttestedFile[] {
  return page.releases.flatMap(({ version, files }) =>
    files.map((file) => historyFile(file, version, verified.get(file.filename))),
  );
}

/** The attested file that comes right before this one: of the release before, uploaded no later, and of its kind where there is one. */
export function fileBefore(
  page: ProjectPage,
  located: PageFile,
): { file: PageFile; version: string } | undefined {
  const all = page.releases.flatMap(({ version, files }) => files.map((file) => ({ file, version })));
  const at = all.findIndex(({ file }) => file.filename === located.filename);
  const own = all[at];
  if (!own) return undefined;
  // Releases stand newest first: what comes behind is of the same version or of an earlier one.
  const earlier = all
    .slice(at + 1)
    .filter(
      ({ file, version }) =>
        version !== own.version &&
        typeof file.provenance === "string" &&
        (file.uploadTime === undefined ||
          located.uploadTime === undefined ||
          file.uploadTime <= located.uploadTime),
    );
  const last = earlier.filter(({ version }) => version === earlier[0]?.version);
  return last.find(({ file }) => isWheel(file) === isWheel(located)) ?? last[0];
}

/** What is to be said of one file's publisher. `answer` is what its own attestations gave. */
export function checkContinuity(
  located: LocatedFile,
  version: string,
  answer: AttestedAnswer,
  others: readonly AttestedFile[],
  seen: readonly SeenIdentity[],
): CheckDraft[] {
  const { file, view } = located;
  // An index that says of no file whether it is attested serves none at all: nothing was lost there.
  const isSilent = answer.state === "absent" && file.provenance === undefined;
  const servesNone = others.every(({ state }) => state === "unknown");
  const silence =
    isSilent && servesNone ? `${view.label} tells of no file whether it is attested` : undefined;
  const unknown = answer.state === "unknown" ? whyUnknown(answer) : silence;
  if (unknown !== undefined) {
    const message = `${file.filename}: ${unknown}.`;
    const evidence = [pageEvidence(view)];
    return [
      { rule: RULE, state: "not-checked", artifact: file.filename, message, labels: ["not-known"], evidence },
    ];
  }
  const history: PublisherHistory = {
    file: {
      ...historyFile(file, version, answer.identities),
      state: answer.state,
      sha256: file.hashes.sha256,
      source: view.location.url,
    },
    others: others.filter(({ filename }) => filename !== file.filename),
    seen,
  };
  const notes = judgeContinuity(history);
  if (notes.length === 0) {
    return [
      {
        rule: RULE,
        state: "absent",
        artifact: file.filename,
        message: `No release of this kind before ${file.filename} was attested either.`,
        evidence: [pageEvidence(view)],
      },
    ];
  }
  return notes.map((note) => tellNote(note, located));
}

const whyUnknown = ({ draft }: AttestedAnswer): string =>
  draft.state === "failed"
    ? "its attestation does not hold, so that nobody is known to have signed it"
    : "who has signed it is not known";

/**
 * What is to be said where a lock records who has signed the package's files (PEP 751 `attestation-identities`), and none of them is
 * attested any more. The lock does not tell which file it was.
 */
export function checkLockedIdentities(
  view: SubjectView,
  located: LocatedFile,
  answer: AttestedAnswer,
): CheckDraft[] {
  const { lockedIdentities } = view.subject;
  const isElsewhere = view.located.some(
    ({ file }) => file !== located.file && typeof file.provenance === "string",
  );
  if (answer.state !== "absent" || lockedIdentities.length === 0 || isElsewhere) return [];
  const { filename } = located.file;
  const message = `The lock records who signed ${subjectName(view)}; ${filename} is not attested.`;
  return [
    {
      rule: RULE,
      state: "failed",
      severity: "warning",
      artifact: filename,
      message,
      next: ASK,
      labels: ["lost-attestation"],
      evidence: [pageEvidence(located.view), { source: "the lock", freshness: "fresh" }],
    },
  ];
}

/**
 * What is to be said where the project's own pages name repositories on forges, and the signer's is none of them. A match proves nothing
 * and is not told. `urls` are those of the file's core metadata.
 */
export function checkProjectUrls(
  located: LocatedFile,
  identity: Identity | undefined,
  urls: Iterable<string>,
): CheckDraft[] {
  const note = identity && judgeProjectUrls(identity, urls);
  return note ? [tellNote(note, located)] : [];
}

function tellNote(note: ContinuityNote, { file, view }: LocatedFile): CheckDraft {
  const { before } = note;
  const who = before?.identity ? describeIdentity(before.identity) : "attested";
  const evidence: EvidenceDraft[] = [
    pageEvidence(view),
    ...(before ? [{ source: before.filename, says: who, ...timeOf(before.identity) }] : []),
  ];
  const base = { rule: RULE, artifact: file.filename, labels: [note.code], evidence } as const;
  const { sentence: message } = note;
  if (note.severity !== "none") {
    return {
      ...base,
      state: "failed",
      severity: note.severity,
      message,
      ...(note.severity === "warning" ? { next: ASK } : {}),
    };
  }
  return { ...base, state: note.code === "no-history" ? "absent" : "passed", message };
}

function timeOf(identity: Identity | undefined): { time?: number } {
  return identity?.signedAt === undefined ? {} : { time: identity.signedAt };
}
