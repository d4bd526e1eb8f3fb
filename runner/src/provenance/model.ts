// What the checks of provenance look at and what they say: subjects, indexes, artifacts, drafts of results. Plain data.

import type { Severity } from "../../../shared/src/finding/model.ts";
import type { SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import type { MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { CheckState, ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import type { RuleName } from "../../../shared/src/rules/catalogue.ts";
import type { PlacedRequirement } from "../../../shared/src/rules/model.ts";
import type { IndexFailure, IndexLocation, PageFile, ProjectPage } from "../index/index.ts";

export interface Digest {
  /** Lower case: `sha256`. */
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly digest: string;
}

/** A file that a lock names with more than a digest (PEP 751). */
export interface LockedFile {
  readonly filename: string;
  readonly digests: readonly Digest[];
  readonly url?: string;
  readonly size?: number;
  readonly uploadTime?: number;
}

/** One package as a manifest asks for it. */
export interface Subject {
  /** PEP 503 form. */
  readonly name: string;
  readonly written: string;
  /** Normalised; absent where nothing pins it. */
  readonly version?: string | undefined;
  readonly from: "index" | "url" | "vcs" | "path";
  /** Every digest that the manifest admits for it. */
  readonly digests: readonly Digest[];
  readonly lockedFiles: readonly LockedFile[];
  /** The packages that a lock says it needs (PEP 751 `dependencies`), in PEP 503 form; absent where it does not say. */
  readonly lockedDependencies?: readonly string[];
  /** Who a lock says has signed its files (PEP 751 `attestation-identities`), as written. */
  readonly lockedIdentities: readonly Readonly<Record<string, unknown>>[];
  /** The name of the source, or the address of the index, that it is bound to in the manifest. */
  readonly source?: string | undefined;
  /** Direct references only: the address as written, which may hold a login. Never shown. */
  readonly address?: string | undefined;
  readonly vcs?: { readonly system: string; readonly reference?: string | undefined } | undefined;
  readonly specifier: SpecifierSet;
  /** It stands in a lock: a Pipfile.lock, a pylock, or a requirements file whose lines are hashed. */
  readonly isLocked: boolean;
  /** Some lines of its file have hashes. */
  readonly fileHasHashes: boolean;
  readonly places: readonly PlacedRequirement[];
}

/** What one index said of a subject's project. */
export interface IndexView {
  readonly location: IndexLocation;
  /** For a person: the source's name where it has one, and the address without credentials. */
  readonly label: string;
  /** The subject may come from it: the one that a policy binds it to, else every one that its manifest admits. */
  readonly isBound: boolean;
  /** Whoever installs by the manifest alone may take it from here, whatever a policy says. */
  readonly isAdmitted: boolean;
  /** A service that everybody may use. */
  readonly isPublic: boolean;
  /** The first index: what is bound to no other one comes from it, and for uv it is asked last. */
  readonly isDefault: boolean;
  readonly answer:
    | { readonly state: "page"; readonly page: ProjectPage; readonly failure?: IndexFailure }
    | { readonly state: "absent" }
    | { readonly state: "failed"; readonly failure: IndexFailure }
    /** It was not asked, and why. */
    | { readonly state: "unasked"; readonly reason: string };
}

/** A file on an index that the subject may be installed from. */
export interface LocatedFile {
  readonly file: PageFile;
  readonly view: IndexView;
  /** A declared environment would take it. */
  readonly installs: boolean;
}

/** A subject with all that the indexes said of it. */
export interface SubjectView {
  readonly subject: Subject;
  /** Pinned, or today's newest within what is asked for. */
  readonly version?: string | undefined;
  readonly isAssumed: boolean;
  readonly indexes: readonly IndexView[];
  /** Files of the version on the bound indexes that the digests admit; all files where there is none. */
  readonly located: readonly LocatedFile[];
  /** Those of them that are checked: what the environments would install, or all. */
  readonly selected: readonly LocatedFile[];
}

/** One runtime environment, as far as files are judged for it. */
export interface EnvironmentJudge {
  readonly name: string;
  /** Lower is better; undefined where the environment cannot take the file. An sdist is the last resort. */
  rank(project: string, file: PageFile): number | undefined;
  /** False where no interpreter was found: then every wheel suits. */
  readonly isKnown: boolean;
}

export type Pipeline = "pip" | "pipenv";

export interface CheckContext {
  readonly policy: MergedPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly environments: readonly EnvironmentJudge[];
  readonly pipeline: Pipeline;
  /** The ids of the advisories that a version of a project fixes. Undefined where none are known of. */
  readonly fixes: (name: string, version: string) => readonly string[] | undefined;
  /** PEP 503 names of which nobody is to say that they look like another's. */
  readonly ownNames: ReadonlySet<string>;
}

export interface EvidenceDraft {
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly time?: number | undefined;
  readonly freshness?: "fresh" | "stale" | "unknown" | "failed";
  readonly says?: string | undefined;
}

/** A result before policy has looked at it. */
export interface CheckDraft {
  readonly rule: RuleName;
  readonly state: CheckState;
  readonly message: string;
  readonly artifact?: string | undefined;
  /** In place of the rule's own. */
  readonly severity?: Severity | undefined;
  readonly next?: string | undefined;
  readonly aliases?: readonly string[];
  readonly labels?: readonly string[];
  readonly unasked?: boolean;
  readonly inherited?: boolean;
  readonly advisories?: ProvenanceCheck["advisories"];
  readonly evidence: readonly EvidenceDraft[];
  /** Forbidden by a policy: an error whatever the rule is otherwise, and silenced by nothing. */
  readonly isForbidden?: boolean;
  /** A policy asks for this very check: it counts as missing where it could not be made. */
  readonly isRequired?: boolean;
}

/** How pages are shown as evidence. */
export function pageEvidence(view: IndexView, says?: string): EvidenceDraft {
  const { answer } = view;
  if (answer.state === "page") {
    const { page } = answer;
    return { source: view.label, time: page.fetchedAt, freshness: page.freshness, says };
  }
  if (answer.state === "absent") return { source: view.label, freshness: "fresh", says: says ?? "not there" };
  const why = answer.state === "failed" ? answer.failure.message : answer.reason;
  return {
    source: view.label,
    freshness: answer.state === "failed" ? "failed" : "unknown",
    says: says ?? why,
  };
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(views: readonly Pick<IndexView, "label">[]): string {
  const labels = views.map(({ label }) => label);
  const last = labels.pop() ?? "no index";
  return labels.length === 0 ? last : `${labels.join(", ")} or ${last}`;
}

/** `flask 2.2.3`, or `flask`. */
export function subjectName({ subject, version }: Pick<SubjectView, "subject" | "version">): string {
  return version === undefined ? subject.written : `${subject.written} ${version}`;
}

/** Why an index said nothing, without "Not checked:" in front. */
export function whyNot(failure: IndexFailure): string {
  return failure.message.replace(/^Not checked: /, "").replace(/\.$/, "");
}
