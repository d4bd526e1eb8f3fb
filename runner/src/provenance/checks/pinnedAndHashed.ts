// Check 1: is every package pinned to one version, and every file to one digest; does the lock match its input?
import type { ManifestFile } from "../../../../shared/src/manifest/treeModel.ts";
import type { CheckDraft, Digest, Subject } from "../model.ts";

const RULE = "pinned-and-hashed";
/** Digests of which two files can be made to have the same. */
const WEAK = new Set(["md5", "sha1", "sha224"]);
const FROM_TEXT = (says: string) => [{ source: "the text", freshness: "fresh" as const, says }];

/** What can be said of one package's pin and digests. */
export function checkPinnedAndHashed(subject: Subject): CheckDraft[] {
  switch (subject.from) {
    case "vcs":
      return [checkReference(subject)];
    case "path":
      return [onThisMachine(subject)];
    case "url":
      return [checkAddress(subject)];
    case "index":
      return [checkPin(subject)];
  }
}

function onThisMachine({ written }: Subject): CheckDraft {
  return {
    rule: RULE,
    state: "not-applicable",
    message: `${written} is a path on this machine.`,
    evidence: FROM_TEXT("a path"),
  };
}

function checkPin(subject: Subject): CheckDraft {
  const { written, version, digests, fileHasHashes } = subject;
  if (version === undefined) {
    const message = `${written} is not pinned to one version.`;
    return { ...failed(message, "Pin it with ==, or install from a lock.", "no pin"), labels: ["unpinned"] };
  }
  if (digests.length === 0) {
    if (!fileHasHashes) {
      return {
        rule: RULE,
        state: "absent",
        message: `${written} ${version} is pinned and has no digest; neither has any other line.`,
        evidence: FROM_TEXT("pinned, no digest"),
      };
    }
    const message = `${written} ${version} has no digest although others have.`;
    return { ...failed(message, "Add its hashes.", "no digest"), labels: ["missing-hash"] };
  }
  return checkStrength(subject, `${count(digests.length)} of ${written} ${version}`);
}

const isWeak = ({ algorithm }: Digest): boolean => WEAK.has(algorithm);

/** Digests that let a file in by themselves, and are weak: those of a file that a lock also holds to a strong one do not. */
function weakDigests({ digests, lockedFiles }: Subject): readonly Digest[] {
  if (lockedFiles.length === 0) return digests.filter(isWeak);
  return lockedFiles.filter((file) => file.digests.every(isWeak)).flatMap((file) => file.digests);
}

function checkStrength(subject: Subject, what: string): CheckDraft {
  const { written, version, digests } = subject;
  const strong = digests.filter((one) => !isWeak(one));
  const weak = [...new Set(weakDigests(subject).map(({ algorithm }) => algorithm))];
  if (weak.length > 0) {
    const name = `${written} ${version ?? ""}`.trim();
    const rest = strong.length > 0 ? "also " : "only ";
    return failed(
      `${name} is ${rest}held to ${weak.join(" and ")}, of which two files can have the same.`,
      "Hold it to sha256.",
      `digests of ${weak.join(", ")}`,
    );
  }
  return {
    rule: RULE,
    state: "passed",
    message: `${what}.`,
    evidence: FROM_TEXT([...new Set(strong.map(({ algorithm }) => algorithm))].join(", ")),
  };
}

function checkAddress(subject: Subject): CheckDraft {
  if (/^file:/i.test(subject.address ?? "")) return onThisMachine(subject);
  if (subject.digests.length === 0) {
    return failed(
      `${subject.written} comes from an address without a hash, so what is there may change.`,
      "Add #sha256=… or --hash.",
      "an address without a hash",
    );
  }
  return checkStrength(subject, `${count(subject.digests.length)} of ${subject.written}`);
}

/** A commit is named whole: 40 hex digits of git and Mercurial (64 with sha256), a number in Subversion and Bazaar. */
function checkReference({ written, vcs }: Subject): CheckDraft {
  const system = vcs?.system ?? "git";
  const reference = vcs?.reference;
  const isCommit =
    reference !== undefined &&
    (system === "git" || system === "hg"
      ? /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(reference)
      : /^\d+$/.test(reference));
  if (isCommit) {
    return {
      rule: RULE,
      state: "passed",
      message: `${written} is held to one commit.`,
      evidence: FROM_TEXT(`commit ${reference}`),
    };
  }
  const at = reference === undefined ? "no commit" : `${reference}, which is no whole commit`;
  return failed(
    `${written} is taken from ${system} at ${at}.`,
    "Name the commit in full.",
    reference === undefined ? "no reference" : `reference ${reference}`,
  );
}

/** Whether a Pipfile.lock was made from the Pipfile beside it: its `_meta.hash`, computed again. */
export function checkLockHash(lock: ManifestFile, pipfile: ManifestFile | undefined): CheckDraft {
  const recorded = lock.manifest.lock?.hash;
  if (!recorded) {
    return {
      ...failed("Pipfile.lock does not say of which Pipfile it is: it has no _meta.hash.", "Lock again.", ""),
      aliases: ["INVALID-LOCK-HASH"],
      labels: ["lock-out-of-date"],
      evidence: FROM_TEXT("no _meta.hash"),
    };
  }
  if (pipfile?.manifest.kind !== "pipfile") {
    return {
      rule: RULE,
      state: "not-checked",
      message: "No Pipfile lies beside the lock to compare it with.",
      evidence: FROM_TEXT(`_meta.hash ${recorded.algorithm}:${recorded.digest}`),
    };
  }
  const hashes = pipfile.manifest.pipfileHashes ?? [];
  if (hashes.length === 0) {
    return {
      rule: RULE,
      state: "not-checked",
      message: "The Pipfile cannot be read whole, so its hash is not known.",
      evidence: FROM_TEXT(`_meta.hash ${recorded.algorithm}:${recorded.digest}`),
    };
  }
  if (recorded.algorithm === "sha256" && hashes.includes(recorded.digest.toLowerCase())) {
    return {
      rule: RULE,
      state: "passed",
      message: "Pipfile.lock was made from this Pipfile.",
      evidence: FROM_TEXT(`_meta.hash ${recorded.algorithm}:${recorded.digest}`),
    };
  }
  return {
    ...failed("Pipfile.lock was made from another Pipfile.", "Lock again.", ""),
    aliases: ["INVALID-LOCK-HASH"],
    labels: ["lock-out-of-date"],
    evidence: [
      ...FROM_TEXT(`_meta.hash ${recorded.algorithm}:${recorded.digest}`),
      { source: "Pipfile", freshness: "fresh", says: `sha256:${hashes[0]}` },
    ],
  };
}

function failed(message: string, next: string, says: string): CheckDraft {
  return { rule: RULE, state: "failed", message, next, evidence: FROM_TEXT(says) };
}

function count(number: number): string {
  return number === 1 ? "One digest" : `${number} digests`;
}
