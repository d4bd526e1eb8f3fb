// Who signed the checked artifacts, and whether it is who signed the ones before: what is expected is put together, what is seen is remembered.
import { compareVersions, parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import { indexKey, type MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { ProvenanceOutput, Signer } from "../../../shared/src/protocol/provenance.ts";
import { dataFolder } from "../data/index.ts";
import type { IndexClient, ProjectPage } from "../index/index.ts";
import { type Identity, readExpectedIdentity, type SeenIdentity } from "../provenance/attestation/index.ts";
import {
  type AttestationTools,
  type CheckDraft,
  checkAttestation,
  checkContinuity,
  checkLockedIdentities,
  checkProjectUrls,
  fileBefore,
  historyOf,
  type LocatedFile,
  type SubjectView,
  underDemand,
  withoutFiles,
} from "../provenance/index.ts";
import { OperationError } from "./errors.ts";
import type { ProvenanceIndexes } from "./provenanceIndexes.ts";
import type { RootInput } from "./provenanceModel.ts";

interface Attested {
  readonly drafts: CheckDraft[];
  readonly signer?: Signer | undefined;
}

/** A file on its index, and who may be asked about it. */
interface AskedFile {
  readonly view: SubjectView;
  readonly located: LocatedFile;
  readonly client: IndexClient;
  readonly tools: AttestationTools;
}

/** What is known of a project's publishers without asking. */
interface History {
  readonly seen: readonly SeenIdentity[];
  /** By file name. */
  readonly verified: Map<string, readonly Identity[]>;
  /** Who signed the release before, where that was not remembered. */
  readonly before: readonly Identity[];
}

/** Nothing of signatures is loaded before the first file is looked at. */
export class AttestationChecks {
  readonly #input: RootInput;
  readonly #policy: MergedPolicy;
  readonly #indexes: ProvenanceIndexes;
  readonly #basis: ProvenanceOutput["basis"] = [];
  #tools: Promise<AttestationTools> | undefined;

  constructor(input: RootInput, policy: MergedPolicy, indexes: ProvenanceIndexes) {
    this.#input = input;
    this.#policy = policy;
    this.#indexes = indexes;
  }

  /** The trust root that signatures were verified against, where one was needed. */
  get basis(): ProvenanceOutput["basis"] {
    return this.#basis;
  }

  /**
   * Checks 6 and 7 of each file that is looked at. Rejects when cancelled, and with OperationError where the trust root cannot be
   * read.
   */
  async check(view: SubjectView): Promise<Attested> {
    const rule = "attestation";
    const { subject } = view;
    // What lies in a folder of the person's own was published by nobody.
    const isOwn = subject.from === "path" || subject.address?.startsWith("file:");
    const both = (draft: CheckDraft): CheckDraft[] => [
      isOwn ? draft : underDemand(draft, subject, this.#policy),
      { ...draft, rule: "publisher-continuity" },
    ];
    const nothing = withoutFiles(rule, view);
    if (nothing) return { drafts: both(nothing) };
    if (view.selected.length === 0) {
      const message = `No file of ${subject.written} ${view.version} is for the declared environments.`;
      const draft: CheckDraft = { rule, state: "not-applicable", message, evidence: [] };
      return { drafts: [draft, { ...draft, rule: "publisher-continuity" }] };
    }
    this.#tools ??= this.#openTools();
    const tools = await this.#tools;
    const drafts: CheckDraft[] = [];
    let signer: Signer | undefined;
    for (const located of view.selected) {
      const client = this.#indexes.clientOf(located.view.location);
      if (!client) continue;
      const answer = await this.#checkFile({ view, located, client, tools });
      drafts.push(...answer.drafts);
      signer ??= answer.signer;
    }
    return { drafts, ...(signer ? { signer } : {}) };
  }

  /** One file's attestations, and whether its publisher is the one of before. */
  async #checkFile(asked: AskedFile): Promise<Attested> {
    const { view, located, client, tools } = asked;
    const counts = this.#countsFor(view);
    const { answer: pageAnswer } = located.view;
    const page =
      pageAnswer.state === "page"
        ? { ...pageAnswer.page, releases: pageAnswer.page.releases.filter(counts) }
        : undefined;
    const { seen, verified, before } = await this.#history(asked, page, counts);
    // Who has signed another file of the same release is no better known for that.
    const byHistory = [
      ...seen.filter(({ version }) => isBefore(version, view.version!)).map(({ identity }) => identity),
      ...before,
    ];
    const byLock = view.subject.lockedIdentities.flatMap((entry) => readExpectedIdentity(entry) ?? []);
    const answer = await checkAttestation(view, located, client, tools, { byLock, byHistory });
    const others = page ? historyOf(page, verified) : [];
    const told = checkContinuity(located, view.version!, answer, others, seen);
    // Lost by the lock and by the history is lost once.
    const lost = told.some(({ state }) => state === "failed")
      ? []
      : checkLockedIdentities(view, located, answer);
    const notes = lost.length > 0 ? lost : told;
    const hasPassed = answer.draft.state === "passed";
    if (hasPassed) this.#remember(view.subject.name, view.version!, located, answer.identities);
    const urls = hasPassed ? await projectUrlsOf(located.file, client) : [];
    notes.push(...checkProjectUrls(located, answer.identities[0], urls));
    return { drafts: [answer.draft, ...notes], signer: answer.signer };
  }

  /** Which releases tell who publishes: what came after the one in use may be by whom nobody trusts. */
  #countsFor({ subject, version: own }: SubjectView): (release: { readonly version: string }) => boolean {
    const inUse = this.#input.inUse?.(subject.name);
    return ({ version }) => inUse === undefined || version === own || isUpTo(version, inUse);
  }

  /** Who signed before, as remembered; who signed the release before is asked for once, and from then on it is known. */
  async #history(
    { view, located, client, tools }: AskedFile,
    page: ProjectPage | undefined,
    counts: (release: { readonly version: string }) => boolean,
  ): Promise<History> {
    const { identities } = await this.#input.context.knowledge();
    const all = identities.ofProject(view.subject.name) as unknown as SeenIdentity[];
    const seen = ofThisProject(all, located.view.location.url, page).filter(counts);
    // What was verified before is known of the page's own files, too.
    const verified = new Map<string, readonly Identity[]>();
    for (const { filename, identity } of seen)
      verified.set(filename, [...(verified.get(filename) ?? []), identity]);
    const last = page && fileBefore(page, located.file);
    const isKnown = seen.some(({ filename }) => filename === last?.file.filename);
    let before: readonly Identity[] = [];
    if (last && !isKnown && located.file.provenance) {
      const { file, version } = last;
      const earlier = await checkAttestation(
        { ...view, version },
        { file, view: located.view, installs: false },
        client,
        tools,
      );
      before = earlier.identities;
      verified.set(file.filename, before);
      this.#remember(view.subject.name, version, { ...located, file }, earlier.identities);
    }
    return { seen, verified, before };
  }

  /** Keeps who signed, once the answer has been told. */
  #remember(project: string, version: string, located: LocatedFile, identities: readonly Identity[]): void {
    const sha256 = located.file.hashes.sha256;
    if (sha256 === undefined || identities.length === 0) return;
    const { context } = this.#input;
    const now = context.now();
    context.afterwards(async () => {
      const knowledge = await context.knowledge();
      knowledge.identities.record(
        identities.map((identity) => ({
          project,
          version,
          filename: located.file.filename,
          sha256,
          source: located.view.location.url,
          identity: { ...identity },
          ...(located.file.uploadTime === undefined ? {} : { uploadedAt: located.file.uploadTime }),
        })),
        now,
      );
    });
  }

  async #openTools(): Promise<AttestationTools> {
    const { context, input, budget } = this.#input;
    const { currentTrust, trustFromFile } = await import("../provenance/attestation/index.ts");
    const answer =
      input.trustedRoot === undefined
        ? await currentTrust(dataFolder(context), context.now())
        : await trustFromFile(input.trustedRoot);
    if ("failure" in answer) {
      const { code, message, next } = answer.failure;
      throw new OperationError("unreadable", code, message, next);
    }
    const { trust, sentence } = answer;
    this.#basis.push({
      what: "trust root",
      ...(trust.time === undefined ? {} : { time: new Date(trust.time).toISOString() }),
      says: sentence,
    });
    if (input.trustedRoot === undefined) {
      const { refreshTrustLater } = await import("./trustRoot.ts");
      refreshTrustLater(context, input);
    }
    const { pages } = await context.knowledge();
    return {
      policy: this.#policy,
      trust: answer,
      store: pages,
      now: () => context.now(),
      offline: input.offline === true,
      take: () => budget.take(),
      giveBack: () => budget.giveBack(),
    };
  }
}

/** What was seen on this index, and on others that have the same files: the same name elsewhere may be another project's. */
function ofThisProject(
  seen: readonly SeenIdentity[],
  url: string,
  page: ProjectPage | undefined,
): SeenIdentity[] {
  const here = indexKey(url);
  let listed: ReadonlySet<string> | undefined;
  return seen.filter(({ source, filename, sha256 }) => {
    if (source === undefined || indexKey(source) === here) return true;
    listed ??= new Set(
      page?.releases.flatMap(({ files }) => files.map((file) => `${file.filename} ${file.hashes.sha256}`)),
    );
    return listed.has(`${filename} ${sha256}`);
  });
}

function isBefore(version: string, other: string): boolean {
  const [parsed, limit] = [parseVersion(version), parseVersion(other)];
  return parsed && limit ? compareVersions(parsed, limit) < 0 : version !== other;
}

function isUpTo(version: string, last: Version): boolean {
  const parsed = parseVersion(version);
  return parsed !== undefined && compareVersions(parsed, last) <= 0;
}

/** The addresses that a file's core metadata names, where it is at hand: nobody is asked for it. */
async function projectUrlsOf(file: LocatedFile["file"], client: IndexClient): Promise<string[]> {
  const answer = await client.metadata(file, { stored: true });
  if ("failure" in answer) return [];
  const { projectUrls, homePage, downloadUrl } = answer.metadata;
  return [
    ...projectUrls.map(({ url }) => url),
    ...[homePage, downloadUrl].filter((url) => url !== undefined),
  ];
}
