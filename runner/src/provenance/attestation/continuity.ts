// Whether a file's publisher is the one of before: by the ids that the forge gives, since names change hands and ids do not.
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import { indexKey } from "../../../../shared/src/policy/index.ts";
import { readArtifactName } from "./artifactName.ts";
import type {
  AttestedFile,
  ContinuityCode,
  ContinuityNote,
  Identity,
  PublisherHistory,
  SeenIdentity,
} from "./model.ts";
import { dayOf, describeIdentity, shown } from "./words.ts";

type Severity = ContinuityNote["severity"];
const RANK: Readonly<Record<Severity, number>> = { none: 0, information: 1, warning: 2 };

/** A file of before that was attested, with who signed it where that is known. */
interface Earlier {
  readonly version: string;
  readonly parsed: Version | undefined;
  readonly filename: string;
  readonly kind: string;
  readonly uploadedAt: number | undefined;
  readonly identities: readonly Identity[];
}

/**
 * What there is to say of the publisher of `history.file`, the gravest first; the same publisher is one note without severity.
 * Only files of an earlier or the same version, uploaded no later, are compared with: a release of an old line that never was
 * attested has lost nothing.
 */
export function judgeContinuity(history: PublisherHistory): ContinuityNote[] {
  const { file } = history;
  if (file.state === "unknown") {
    return [note("not-known", "none", "Not compared: it is not known whether its files are attested.")];
  }
  const earlier = earlierFiles(history);
  const notes = [
    ...judgeRewritten(history),
    ...(file.state === "absent" ? judgeLost(file, earlier) : judgeSigner(file, earlier)),
  ];
  return notes.sort((a, b) => RANK[b.severity] - RANK[a.severity]);
}

function note(
  code: ContinuityCode,
  severity: Severity,
  sentence: string,
  before?: ContinuityNote["before"],
): ContinuityNote {
  return { code, severity, sentence, ...(before ? { before } : {}) };
}

/** Attested files that come before, the nearest first: by version, then by time. */
function earlierFiles({ file, others, seen }: PublisherHistory): Earlier[] {
  const own = parseVersion(file.version);
  const all = [...others.filter(({ state }) => state === "attested"), ...seen.map(fileOfSeen)]
    .filter(({ filename }) => filename !== file.filename)
    .map(
      (other): Earlier => ({ ...other, uploadedAt: other.uploadedAt, parsed: parseVersion(other.version) }),
    );
  const before = all.filter(({ parsed, uploadedAt }) => {
    if (own && parsed && compareVersions(parsed, own) > 0) return false;
    return uploadedAt === undefined || file.uploadedAt === undefined || uploadedAt <= file.uploadedAt;
  });
  return before.sort((a, b) => {
    const order = a.parsed && b.parsed ? compareVersions(b.parsed, a.parsed) : 0;
    return order !== 0 ? order : (b.uploadedAt ?? 0) - (a.uploadedAt ?? 0);
  });
}

function fileOfSeen({ version, filename, identity, uploadedAt }: SeenIdentity): AttestedFile {
  const kind = readArtifactName(filename)?.kind ?? "sdist";
  return { version, filename, kind, uploadedAt, state: "attested", identities: [identity] };
}

/** What this very file, by its digest, was when it was first seen. */
function judgeRewritten(history: PublisherHistory): ContinuityNote[] {
  const { file, seen } = history;
  const own = seen.filter(({ filename, sha256 }) => filename === file.filename && sha256 === file.sha256);
  const first = firstOf(own);
  if (first === undefined) return judgeReplaced(history);
  const before = { version: first.version, filename: first.filename, identity: first.identity };
  const was = `${shown(file.filename)} was signed by ${describeIdentity(first.identity)} when it was first seen on ${dayOf(first.firstSeen)}`;
  if (file.state === "absent") {
    return [note("rewritten-history", "warning", `${was}; its attestation is gone.`, before)];
  }
  if (file.identities.length === 0) return [];
  const kept = file.identities.some((identity) => own.some((one) => isSameSigner(one.identity, identity)));
  if (kept) return [];
  const named = describeIdentity(file.identities[0] as Identity);
  const now =
    named === describeIdentity(first.identity) ? `${named} with other ids or another commit` : named;
  return [note("rewritten-history", "warning", `${was}, and is by ${now} now.`, before)];
}

const firstOf = (seen: readonly SeenIdentity[]): SeenIdentity | undefined =>
  seen.toSorted((a, b) => a.firstSeen - b.firstSeen)[0];

/** A file of this name that had another content on the same index. On two indexes each may have built its own. */
function judgeReplaced({ file, seen }: PublisherHistory): ContinuityNote[] {
  if (file.sha256 === undefined || file.source === undefined) return [];
  const isSameIndex = (source: string): boolean => indexKey(source) === indexKey(file.source ?? "");
  const first = firstOf(
    seen.filter(
      ({ filename, source }) => filename === file.filename && source !== undefined && isSameIndex(source),
    ),
  );
  if (first === undefined) return [];
  const before = { version: first.version, filename: first.filename, identity: first.identity };
  const [identity] = file.identities;
  const now = identity ? `by ${describeIdentity(identity)}` : "not attested";
  return [
    note(
      "rewritten-history",
      "warning",
      `${shown(file.filename)} was another file, by ${describeIdentity(first.identity)}, when it was first seen on ${dayOf(first.firstSeen)}; this one is ${now}.`,
      before,
    ),
  ];
}

function isSameSigner(before: Identity, now: Identity): boolean {
  return (
    compareSigners(before, now).every(({ code }) => code === "same-publisher") && before.commit === now.commit
  );
}

/** The versions that belong together: one major version, or all that are numbered by the calendar. */
function lineOf(version: Version | undefined, text: string): string {
  if (version === undefined) return text;
  const [, epoch = "0", major = "0"] = /^(?:(\d+)!)?(\d+)/.exec(version.toString()) ?? [];
  return Number(major) >= 1000 ? `${epoch}!calendar` : `${epoch}!${major}`;
}

function judgeLost(file: AttestedFile, earlier: readonly Earlier[]): ContinuityNote[] {
  const line = lineOf(parseVersion(file.version), file.version);
  const same = earlier.filter(({ kind }) => kind === file.kind);
  const found = same.find(({ parsed, version }) => lineOf(parsed, version) === line);
  const told = found ?? same[0];
  if (told === undefined) return [];
  const [identity] = told.identities;
  const by = identity ? ` by ${describeIdentity(identity)}` : "";
  const what = file.kind === "wheel" ? "wheel" : "source distribution";
  const before = { version: told.version, filename: told.filename, ...(identity ? { identity } : {}) };
  const sentence = `The ${what} of ${shown(told.version, 60)} was attested${by}; ${shown(file.filename)} is not attested.`;
  return [
    found
      ? note("lost-attestation", "warning", sentence, before)
      : note("lost-on-new-line", "information", sentence, before),
  ];
}

function judgeSigner(file: AttestedFile, earlier: readonly Earlier[]): ContinuityNote[] {
  if (file.identities.length === 0) return [];
  const base = baseOf(file, earlier);
  if (base === undefined) {
    return [
      earlier.length > 0
        ? note("no-history", "none", "Nothing verified is known of earlier releases.")
        : note("first-attested", "none", "No earlier release was attested."),
    ];
  }
  // An attestation of each kind by one workflow, or several workflows: the pair that differs least is what has continued.
  const pairs = file.identities.flatMap((now) =>
    base.identities.map((before) => compareSigners(before, now, base)),
  );
  return pairs.reduce((best, one) => (weigh(one) < weigh(best) ? one : best));
}

/** What a signer is compared with: the release before, since whoever has signed this one has signed its other files, too. */
function baseOf({ version }: AttestedFile, earlier: readonly Earlier[]): Earlier | undefined {
  const own = parseVersion(version);
  const known = earlier.filter(({ identities }) => identities.length > 0);
  const isBefore = (other: Earlier): boolean =>
    own && other.parsed ? compareVersions(other.parsed, own) < 0 : other.version !== version;
  return known.find(isBefore) ?? known[0];
}

const weigh = (notes: readonly ContinuityNote[]): number =>
  notes.reduce((sum, { severity }) => sum + 10 ** RANK[severity], 0);

/** How two signers differ. Ids decide where both have them; names do only where an id is missing. */
function compareSigners(
  before: Identity,
  now: Identity,
  where: { readonly version: string; readonly filename: string } = { version: "", filename: "" },
): ContinuityNote[] {
  const told = { version: where.version, filename: where.filename, identity: before };
  const old = describeIdentity(before);
  const release = where.version === "" ? "an earlier release" : shown(where.version, 60);
  const say = (code: ContinuityCode, severity: Severity, sentence: string): ContinuityNote =>
    note(code, severity, sentence, told);
  if (before.issuer !== now.issuer) {
    return [
      say(
        "other-issuer",
        "warning",
        `${release} was signed by ${old} through ${before.issuer}; this by ${describeIdentity(now)} through ${now.issuer}.`,
      ),
    ];
  }
  const names = [nameOf(before), nameOf(now)] as const;
  const sameName = names[0].toLowerCase() === names[1].toLowerCase();
  const other = (why: string): ContinuityNote[] => [
    say("other-owner", "warning", `${release} was signed by ${names[0]}; this by ${names[1]}${why}.`),
  ];
  const repository = sameId(before.repositoryId, now.repositoryId);
  const owner = sameId(before.ownerId, now.ownerId);
  if (repository === false) {
    if (sameName) {
      return [
        say(
          "recreated-repository",
          "warning",
          `${names[1]} is another repository than the one that signed ${release}: the name is the same, the id is not.`,
        ),
      ];
    }
    if (owner !== true) return other(", of another owner");
    return [
      say(
        "other-repository",
        "information",
        `${release} was signed by ${names[0]}; this by ${names[1]} of the same owner.`,
      ),
    ];
  }
  if (owner === false)
    return other(sameName ? ": the owner's name is the same, the id is not" : ", of another owner");
  const notes: ContinuityNote[] = [];
  if (!sameName) {
    if (repository === undefined) return other("");
    notes.push(
      say(
        "renamed-repository",
        "information",
        `The repository ${names[0]} is called ${names[1]} now; its id is the same.`,
      ),
    );
  }
  const [then, today] = builtBy(before, now);
  if (then !== today) {
    const place = before.workflow === now.workflow ? "for the same repository" : "of the same repository";
    const sentence = `${release} was built by ${then}, this by ${today} ${place}.`;
    notes.push(say("other-workflow", "information", sentence));
  }
  if (notes.length > 0) return notes;
  return [say("same-publisher", "none", `Signed by the publisher of ${release}: ${describeIdentity(now)}.`)];
}

/** The files that two builds ran by; where that is the same one, what it called: a workflow of another repository, or a pipeline. */
function builtBy(before: Identity, now: Identity): readonly [string, string] {
  const files = [before.workflow ?? "no workflow", now.workflow ?? "no workflow"] as const;
  if (files[0] !== files[1]) return files;
  const called = [calledBy(before), calledBy(now)] as const;
  const isKnown = called[0] !== undefined && called[1] !== undefined;
  return isKnown ? (called as readonly [string, string]) : files;
}

/** What told the build what to do, without its ref; within the repository without the repository's name, which may change. */
function calledBy({ signer, repository }: Identity): string | undefined {
  const path = signer?.replace(/@[^@]*$/, "");
  return path !== undefined && repository !== undefined && path.startsWith(`${repository}/`)
    ? path.slice(repository.length + 1)
    : path;
}

/** What a signer is called where it has no ids: its repository, its pipeline, or its e-mail address. */
function nameOf(identity: Identity): string {
  return identity.repository === undefined
    ? (identity.signer ?? identity.san)
    : describeIdentity({ ...identity, workflow: undefined });
}

function sameId(before: string | undefined, now: string | undefined): boolean | undefined {
  return before === undefined || now === undefined ? undefined : before === now;
}
