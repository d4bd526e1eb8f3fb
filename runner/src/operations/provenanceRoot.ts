// One manifest's provenance: its subjects, what the indexes say of them, and every check of each, in one pass.
import { dirname } from "node:path";
import {
  isAffected,
  matchAdvisories,
  type ProjectAdvisories,
  STALE_AFTER,
  sayAdvisories,
  smallestFix,
  soughtVersion,
} from "../../../shared/src/advisory/index.ts";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { compareVersions, parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { EnvironmentOptions, Progress } from "../../../shared/src/protocol/operation.ts";
import type {
  FileProvenance,
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceInput,
  ProvenanceOutput,
  Signer,
} from "../../../shared/src/protocol/provenance.ts";
import { sayEnvironment } from "../../../shared/src/rules/words.ts";
import { dataFolder } from "../data/index.ts";
import { type IndexClient, redactUrl } from "../index/index.ts";
import { type Identity, readExpectedIdentity, type SeenIdentity } from "../provenance/attestation/index.ts";
import {
  type AttestationTools,
  type CheckContext,
  type CheckDraft,
  checkAbandoned,
  checkArtifactDigest,
  checkAttestation,
  checkContinuity,
  checkCoolDown,
  checkIndexPolicy,
  checkIndexUse,
  checkLockHash,
  checkMalware,
  checkNameConfusion,
  checkPinnedAndHashed,
  checkProjectUrls,
  checkRunsCode,
  checkSeveralIndexes,
  checkStatusMarkers,
  checkYanked,
  type EnvironmentJudge,
  fileBefore,
  historyOf,
  type IndexView,
  isWheel,
  type JudgeOptions,
  judge,
  type LocatedFile,
  lockedFilesOf,
  type Subject,
  type SubjectView,
  subjectsOf,
  viewSubject,
  withoutFiles,
} from "../provenance/index.ts";
import { environmentFor } from "./checkRoots.ts";
import { configurationFor } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import { policyFor } from "./policy.ts";
import { FileJudge } from "./projectFacts.ts";
import { ProvenanceIndexes, type RequestBudget } from "./provenanceIndexes.ts";
import { ProvenanceMemory } from "./provenanceMemory.ts";

export interface RootProvenance {
  readonly files: readonly FileProvenance[];
  readonly packages: readonly PackageProvenance[];
  readonly indexes: readonly string[];
  readonly environments: readonly string[];
  /** Milliseconds since the epoch. */
  readonly checked?: number;
  readonly basis: ProvenanceOutput["basis"];
}

export interface RootInput {
  readonly context: OperationContext;
  readonly input: ProvenanceInput;
  readonly root: LoadedRoot;
  readonly loader: Loader;
  readonly budget: RequestBudget;
  /** Locks that were checked already, by their URI: a Pipfile and its lock are one. */
  readonly seen: Set<string>;
  /** In place of those that are declared or that `input` means. */
  readonly environments?: readonly EnvironmentOptions[] | undefined;
  /** The advisories that a release clears, where they are known otherwise than by its being named as their fix. */
  readonly clears?: ((name: string, version: string) => readonly string[] | undefined) | undefined;
  /**
   * The release of a project that is in use: who publishes another one is compared with that and what came before it. What came
   * between was passed over, and may be by whom nobody trusts.
   */
  readonly inUse?: ((name: string) => Version | undefined) | undefined;
  readonly signal: AbortSignal;
  readonly calls: {
    progress(step: Progress): void;
    warn(message: string): void;
    package(one: PackageProvenance): void;
  };
}

const NOTHING: RootProvenance = { files: [], packages: [], indexes: [], environments: [], basis: [] };

/** Checks one manifest. When cancelled, it answers with what was known by then. */
export async function checkProvenanceOf(input: RootInput): Promise<RootProvenance> {
  const { root, seen } = input;
  const uris = lockedFilesOf(root.tree).map(({ uri }) => uri);
  if (uris.every((uri) => seen.has(uri))) return NOTHING;
  for (const uri of uris) seen.add(uri);
  const checks = await openChecks(input);
  try {
    return await checks.run();
  } finally {
    await checks.close();
  }
}

/** The checks of packages that no file names yet, as they would be made if the manifest's files did. */
export interface SubjectChecks {
  check(subjects: readonly Subject[]): Promise<readonly PackageProvenance[]>;
  close(): Promise<void>;
}

/** Opens the indexes of a manifest for packages that it may come to hold. Throws OperationError as the operation does. */
export async function openSubjectChecks(input: RootInput): Promise<SubjectChecks> {
  const checks = await openChecks(input);
  return { check: (subjects) => checks.check(subjects), close: () => checks.close() };
}

async function openChecks(input: RootInput): Promise<RootCheck> {
  const { root, context, signal } = input;
  const folder = dirname(root.path);
  const { policy, problems } = await policyFor(context, folder);
  for (const problem of problems) input.calls.warn(problem);
  const environments = await environmentsFor(input, folder);
  const indexes = await ProvenanceIndexes.open({
    context,
    input: input.input,
    path: root.path,
    tree: root.tree,
    environment: environments[0],
    policy,
    budget: input.budget,
    signal,
  });
  for (const problem of indexes.problems) input.calls.warn(problem);
  return new RootCheck(input, policy, environments, indexes);
}

/** The environments that the lock is declared for, else the one that the input means. */
async function environmentsFor(
  { context, input, root, signal, environments }: RootInput,
  folder: string,
): Promise<RuntimeEnvironment[]> {
  const { configuration } = await configurationFor(folder);
  const names = configuration.lock?.environments ?? [];
  const { name, interpreter, python, platform } = input.environment ?? {};
  const isNamed = [name, interpreter, python, platform].some((value) => value !== undefined);
  const declared = isNamed || names.length === 0 ? [undefined] : names.map((one) => ({ name: one }));
  const found: RuntimeEnvironment[] = [];
  for (const environment of environments ?? declared) {
    const asked = environment === undefined ? input : { ...input, environment };
    const runtime = await environmentFor(context, asked, root, signal);
    if (runtime) found.push(runtime);
  }
  return found;
}

class RootCheck {
  readonly #input: RootInput;
  readonly #policy: MergedPolicy;
  readonly #indexes: ProvenanceIndexes;
  readonly #judges: readonly KnownJudge[];
  readonly #judging: JudgeOptions;
  readonly #expired = new Map<string, CheckDraft>();
  readonly #times: number[] = [];
  readonly #views = new Map<Subject, readonly IndexView[]>();
  #advisories: ReadonlyMap<string, ProjectAdvisories> | undefined;
  #tools: Promise<AttestationTools> | undefined;
  #memory: ProvenanceMemory | undefined;
  readonly #basis: ProvenanceOutput["basis"] = [];

  constructor(
    input: RootInput,
    policy: MergedPolicy,
    environments: readonly RuntimeEnvironment[],
    indexes: ProvenanceIndexes,
  ) {
    this.#input = input;
    this.#policy = policy;
    this.#indexes = indexes;
    const settings = indexes.settings;
    this.#judges = environments.map((environment) =>
      environmentJudge(environment, settings?.onlyBinary ?? [], settings?.noBinary ?? []),
    );
    this.#judging = { policy, severities: input.input.rules, now: input.context.now() };
  }

  async run(): Promise<RootProvenance> {
    const { input, root } = this.#input;
    const only = input.only && new Set(input.only);
    const subjects = subjectsOf(root.tree).filter(({ name }) => !only || only.has(name));
    const packages = await this.check(subjects);
    const files = this.#fileChecks();
    const checked = this.#times.length > 0 ? Math.min(...this.#times) : undefined;
    return {
      files,
      packages,
      indexes: this.#indexes.addresses,
      environments: this.#judges.map(({ name }) => name),
      ...(checked === undefined ? {} : { checked }),
      basis: this.#basis,
    };
  }

  close(): Promise<void> {
    return this.#indexes.close();
  }

  /** Every check of each subject; when cancelled, of those that were done by then. */
  async check(subjects: readonly Subject[]): Promise<PackageProvenance[]> {
    const { input, context, calls, signal } = this.#input;
    const knowledge = await context.knowledge();
    this.#advisories = knowledge.advisories.read(new Set(subjects.map(({ name }) => name)));
    this.#noteAdvisories();
    if (!input.download && !input.offline && input.trustedRoot === undefined) {
      const asOf = this.#advisories && [...this.#advisories.values()].map((one) => one.asOf)[0];
      const { policy } = this.#judging;
      const basis = [
        { ...policy, fixed: [...policy.fixed], require: [...policy.require] },
        input.rules,
        input.allArtifacts,
        this.#input.clears && subjects.map(({ name, version }) => this.#input.clears!(name, version ?? "")),
        this.#input.inUse && subjects.map(({ name }) => this.#input.inUse!(name)?.toString()),
        this.#judges.map(({ basis }) => basis),
        this.#indexes.uses.map(({ label, verifiesCertificate, hasLogin }) => [
          label,
          verifiesCertificate,
          hasLogin,
        ]),
        asOf,
      ];
      this.#memory = new ProvenanceMemory(knowledge.pages, basis, this.#judging.now);
      context.afterwards(async () => this.#memory?.flush());
    }
    let done = 0;
    const names = new Set(subjects.map(({ name }) => name));
    const packages: (PackageProvenance | undefined)[] = await Promise.all(
      subjects.map(async (subject) => {
        try {
          const found = await this.#withNeeds(subject, await this.#checkSubject(subject), names);
          calls.progress({ message: "checking packages", done: ++done, total: subjects.length });
          calls.package(found);
          return found;
        } catch (error) {
          if (signal.aborted) return undefined;
          throw error;
        }
      }),
    );
    return packages.filter((one) => one !== undefined);
  }

  async #checkSubject(subject: Subject): Promise<PackageProvenance> {
    const views = await this.#indexes.ask(subject);
    if (this.#input.input.graph) this.#views.set(subject, views);
    for (const { answer } of views) if (answer.state === "page") this.#times.push(answer.page.fetchedAt);
    const key = this.#memory?.keyOf(subject, views, this.#advisories?.get(subject.name));
    const known = key === undefined ? undefined : this.#memory?.recall(key);
    if (known) return this.#recalled(known, subject);
    const view = viewSubject(subject, views, this.#judges, this.#input.input.allArtifacts);
    const context = this.#context();
    const drafts: CheckDraft[] = [
      ...checkPinnedAndHashed(subject),
      ...checkIndexPolicy(view, this.#indexes.uses, this.#policy),
      ...checkArtifactDigest(view),
      ...checkSeveralIndexes(view, context),
      ...checkStatusMarkers(view),
      ...this.#malware(view),
      ...this.#vulnerabilities(view),
    ];
    const attested = await this.#attestations(view);
    drafts.push(...attested.drafts);
    drafts.push(
      ...checkYanked(view),
      ...checkCoolDown(view, context),
      ...checkNameConfusion(view, context),
      ...checkRunsCode(view, context),
      ...(await this.#archives(view)),
      ...checkAbandoned(view, context),
    );
    const about = {
      name: subject.name,
      version: view.version,
      digests: subject.digests.map(({ algorithm, digest }) => `${algorithm}:${digest}`),
    };
    const before = this.#expired.size;
    const found = this.#tell(view, judge(drafts, about, this.#judging, this.#expired), attested.signer);
    // An expired acceptance is told by the file, which a kept result knows nothing of.
    if (key !== undefined && this.#expired.size === before) this.#memory?.keep(key, found);
    return found;
  }

  /** The same with what it needs of the others, where that is asked for and known. */
  async #withNeeds(
    subject: Subject,
    found: PackageProvenance,
    names: ReadonlySet<string>,
  ): Promise<PackageProvenance> {
    const { input } = this.#input;
    if (!input.graph) return found;
    const { needsOf } = await import("./provenanceGraph.ts");
    const dependsOn = await needsOf(subject, {
      views: this.#views.get(subject) ?? [],
      filename: found.artifacts[0]?.filename,
      clientOf: (location) => this.#indexes.clientOf(location),
      markers: this.#judges.flatMap(({ markers }) => markers ?? []),
      budget: this.#input.budget,
      offline: input.offline === true,
    });
    if (dependsOn === undefined) return found;
    return {
      ...found,
      dependsOn: dependsOn.filter((name) => names.has(name) && name !== subject.name).sort(),
    };
  }

  /** A result of before, at the places of now. */
  #recalled(known: PackageProvenance, subject: Subject): PackageProvenance {
    return { ...known, places: this.#placesOf(subject) };
  }

  #placesOf(subject: Subject): PackageProvenance["places"] {
    const { loader } = this.#input;
    return subject.places.map(({ file, entry }) => ({
      path: loader.displayUri(file.uri),
      range: file.manifest.lines.rangeOf(entry.span),
    }));
  }

  #context(): CheckContext {
    return {
      policy: this.#policy,
      now: this.#judging.now,
      environments: this.#judges,
      pipeline: this.#indexes.pipeline,
      fixes: (name, version) => this.#fixesOf(name, version),
      ownNames: new Set(),
    };
  }

  #tell(view: SubjectView, checks: ProvenanceCheck[], signer: Signer | undefined): PackageProvenance {
    const { subject, version } = view;
    const bound = view.indexes.filter(({ isBound }) => isBound);
    return {
      name: subject.name,
      ...(version === undefined ? {} : { version }),
      ...(view.isAssumed ? { assumed: true } : {}),
      indexes: bound.map(({ location }) => redactUrl(location.url)),
      places: this.#placesOf(subject),
      artifacts: view.selected.map(({ file, view: index, installs }) => ({
        filename: file.filename,
        index: redactUrl(index.location.url),
        digests: { ...file.hashes },
        ...(file.size === undefined ? {} : { size: file.size }),
        ...(file.uploadTime === undefined ? {} : { uploaded: new Date(file.uploadTime).toISOString() }),
        installs,
      })),
      ...(signer ? { signer } : {}),
      checks,
    };
  }

  #noteAdvisories(): void {
    const first = this.#advisories && [...this.#advisories.values()][0];
    if (!first) {
      this.#basis.push({ what: "advisories", says: "none stored; thoth knowledge update advisories" });
      return;
    }
    const isOld = this.#judging.now - first.asOf > STALE_AFTER;
    this.#basis.push({
      what: "advisories",
      time: new Date(first.asOf).toISOString(),
      says: isOld ? `${first.source}, older than a week` : first.source,
    });
  }

  #advisoryBasis(name: string) {
    const own = this.#advisories?.get(name);
    return own
      ? { source: own.source, time: own.asOf }
      : { source: "advisories", why: "none are stored; thoth knowledge update advisories" };
  }

  #malware(view: SubjectView): CheckDraft[] {
    const own = this.#advisories?.get(view.subject.name);
    const basis = this.#advisoryBasis(view.subject.name);
    if (!own || view.version === undefined) {
      return checkMalware(
        view,
        undefined,
        own ? { ...basis, why: "it is not pinned to one release" } : basis,
      );
    }
    const matches = matchAdvisories(own.records, view.version, this.#judging.now);
    const reports = matches
      .filter(({ malicious }) => malicious)
      .map(({ id, summary }) => ({ id, summary: summary ?? "", source: own.source, time: own.asOf }));
    return checkMalware(view, reports, basis);
  }

  /** Check 5, composed of what the advisories match. */
  #vulnerabilities(view: SubjectView): CheckDraft[] {
    const rule = "known-vulnerability";
    const { subject, version } = view;
    const own = this.#advisories?.get(subject.name);
    const basis = this.#advisoryBasis(subject.name);
    const isOld = own !== undefined && this.#judging.now - own.asOf > STALE_AFTER;
    const evidence = [
      {
        source: basis.source,
        time: own?.asOf,
        freshness: own ? (isOld ? ("stale" as const) : ("fresh" as const)) : ("unknown" as const),
      },
    ];
    if (subject.from === "path" || subject.from === "vcs") {
      const message = `${subject.written} is of no index, and advisories are of those.`;
      return [{ rule, state: "not-applicable", message, evidence }];
    }
    if (!own || version === undefined) {
      const why = own ? "it is not pinned to one release" : "no advisories are stored";
      const message = `${subject.written}: ${why}.`;
      return [{ rule, state: "not-checked", message, next: "thoth knowledge update advisories", evidence }];
    }
    const matches = matchAdvisories(own.records, version, this.#judging.now);
    if (matches.length === 0) {
      const message = `Nothing is known against ${subject.written} ${version}.`;
      return [{ rule, state: "passed", message, evidence }];
    }
    const fix = smallestFix(own.records, version, this.#judging.now, releasesOf(view.indexes));
    const malicious = matches.some((match) => match.malicious);
    return [
      {
        rule,
        state: "failed",
        ...(malicious ? { severity: "error" as const } : {}),
        message: `${subject.written} ${version} has ${sayAdvisories(matches, fix)}.`,
        next: fix === undefined ? "No release fixes all of it." : `Raise it to ${fix}.`,
        ...(view.isAssumed ? { labels: ["todays-newest"] } : {}),
        advisories: matches.map(({ id, aliases, severity, fixedIn, score, summary }) => ({
          id,
          aliases: [...aliases],
          severity,
          fixedIn: [...fixedIn],
          ...(score === undefined ? {} : { score }),
          ...(summary === undefined ? {} : { summary }),
        })),
        evidence,
      },
    ];
  }

  /** The advisories that a version fixes: it is named as a fix, and not affected any more. */
  #fixesOf(name: string, version: string): readonly string[] | undefined {
    if (this.#input.clears) return this.#input.clears(name, version);
    const own = this.#advisories?.get(name);
    const wanted = parseVersion(version)?.toString();
    if (!own || wanted === undefined) return undefined;
    const sought = soughtVersion(version);
    return own.records
      .filter(({ ranges = [] }) =>
        ranges.flat().some(([kind, text]) => kind === "fixed" && parseVersion(text)?.toString() === wanted),
      )
      .filter((record) => !isAffected(record, sought))
      .map(({ id }) => id);
  }

  async #attestations(view: SubjectView): Promise<{ drafts: CheckDraft[]; signer?: Signer }> {
    const rule = "attestation";
    const both = (draft: CheckDraft): CheckDraft[] => [draft, { ...draft, rule: "publisher-continuity" }];
    const nothing = withoutFiles(rule, view);
    if (nothing) return { drafts: both(nothing) };
    if (view.selected.length === 0) {
      const message = `No file of ${view.subject.written} ${view.version} is for the declared environments.`;
      return { drafts: both({ rule, state: "not-applicable", message, evidence: [] }) };
    }
    this.#tools ??= this.#openTools();
    const tools = await this.#tools;
    const drafts: CheckDraft[] = [];
    let signer: Signer | undefined;
    for (const located of view.selected) {
      const client = this.#indexes.clientOf(located.view.location);
      if (!client) continue;
      const answer = await this.#attestation(view, located, client, tools);
      drafts.push(...answer.drafts);
      signer ??= answer.signer;
    }
    return { drafts, ...(signer ? { signer } : {}) };
  }

  /** One file's attestations, and whether its publisher is the one of before. */
  async #attestation(
    view: SubjectView,
    located: LocatedFile,
    client: IndexClient,
    tools: AttestationTools,
  ): Promise<{ drafts: CheckDraft[]; signer?: Signer | undefined }> {
    const { identities } = await this.#input.context.knowledge();
    const inUse = this.#input.inUse?.(view.subject.name);
    const counts = ({ version }: { readonly version: string }): boolean =>
      inUse === undefined || version === view.version || isUpTo(version, inUse);
    const seen = (identities.ofProject(view.subject.name) as unknown as SeenIdentity[]).filter(counts);
    const { answer: pageAnswer } = located.view;
    const page =
      pageAnswer.state === "page"
        ? { ...pageAnswer.page, releases: pageAnswer.page.releases.filter(counts) }
        : undefined;
    // What was verified before is known of the page's own files, too.
    const verified = new Map<string, readonly Identity[]>();
    for (const { filename, identity } of seen)
      verified.set(filename, [...(verified.get(filename) ?? []), identity]);
    const before = page && fileBefore(page, located.file);
    const isKnown = seen.some(({ filename }) => filename === before?.file.filename);
    // Who signed the release before is asked for once: from then on it is known.
    if (before && !isKnown && located.file.provenance) {
      const earlier = await checkAttestation(
        { ...view, version: before.version },
        { file: before.file, view: located.view, installs: false },
        client,
        tools,
      );
      verified.set(before.file.filename, earlier.identities);
      this.#remember(
        view.subject.name,
        before.version,
        { ...located, file: before.file },
        earlier.identities,
      );
    }
    const byHistory = [...verified]
      .filter(([filename]) => filename !== located.file.filename)
      .flatMap(([, identities]) => identities);
    const byLock = view.subject.lockedIdentities.flatMap((entry) => readExpectedIdentity(entry) ?? []);
    const answer = await checkAttestation(view, located, client, tools, { byLock, byHistory });
    const others = page ? historyOf(page, verified) : [];
    const notes = checkContinuity(located, view.version!, answer, others, seen);
    if (answer.draft.state === "passed")
      this.#remember(view.subject.name, view.version!, located, answer.identities);
    const urls = answer.draft.state === "passed" ? await projectUrlsOf(located.file, client) : [];
    notes.push(...checkProjectUrls(located, answer.identities[0], urls));
    return { drafts: [answer.draft, ...notes], signer: answer.signer };
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

  async #archives(view: SubjectView): Promise<CheckDraft[]> {
    const rule = "archive-truth";
    const nothing = withoutFiles(rule, view);
    if (nothing) return [nothing];
    if (!this.#input.input.download) {
      return [
        {
          rule,
          state: "not-checked",
          message: "Archives are looked into with --download.",
          unasked: true,
          evidence: [],
        },
      ];
    }
    const { checkArchives } = await import("./provenanceArchives.ts");
    return checkArchives(view, this.#indexes, this.#input);
  }

  /** Checks of the files themselves and of the indexes that they name. */
  #fileChecks(): FileProvenance[] {
    const { root, loader } = this.#input;
    const { tree } = root;
    const files: FileProvenance[] = [];
    const drafts = this.#indexes.uses.flatMap((use) =>
      checkIndexUse(use, this.#policy).map((draft) => ({ draft, use })),
    );
    const [first] = lockedFilesOf(tree);
    if (!first) return [];
    const checks: FileProvenance["checks"] = drafts.flatMap(({ draft, use }) => {
      const place = sourcePlace(tree, use.written);
      return judge([draft], undefined, this.#judging, this.#expired).map((check) => ({
        ...check,
        ...(place && place.uri === first.uri ? { range: place.range } : {}),
      }));
    });
    if (first.manifest.kind === "pipfile-lock") {
      const pipfile = tree.files.find(({ manifest }) => manifest.kind === "pipfile") ?? tree.companion;
      const hash = first.manifest.lock?.hash;
      const lock = judge([checkLockHash(first, pipfile)], undefined, this.#judging, this.#expired);
      checks.push(
        ...lock.map((check) => ({
          ...check,
          ...(hash ? { range: first.manifest.lines.rangeOf(hash.span) } : {}),
        })),
      );
    }
    const unheard: CheckDraft[] = this.#policy.unheard.map((message) => ({
      rule: "policy",
      state: "failed",
      message,
      next: "Take it out, or have it changed where it was set.",
      evidence: [{ source: "policy", freshness: "fresh" }],
    }));
    const policyDrafts = [...unheard, ...this.#expired.values()];
    checks.push(...judge(policyDrafts, undefined, this.#judging, new Map()));
    files.push({ path: loader.displayUri(first.uri), checks });
    return files;
  }
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

/** Where the address of an index stands in the manifests of a tree. */
function sourcePlace(tree: ManifestTree, written: string | undefined) {
  if (written === undefined) return undefined;
  for (const file of [...tree.files, ...(tree.companion ? [tree.companion] : [])]) {
    for (const entry of file.manifest.entries) {
      const place = entry.kind === "source" ? entry.url : entry.kind === "option" ? entry.value : undefined;
      if (place?.text === written) return { uri: file.uri, range: file.manifest.lines.rangeOf(place.span) };
    }
  }
  return undefined;
}

function releasesOf(views: readonly IndexView[]): string[] | undefined {
  const versions = views.flatMap(({ isBound, answer }) =>
    isBound && answer.state === "page"
      ? answer.page.releases
          .filter(
            ({ parsed, files }) =>
              parsed && !parsed.isPrerelease && files.some((file) => file.yanked === undefined),
          )
          .map(({ version }) => version)
      : [],
  );
  return versions.length > 0 ? versions : undefined;
}

interface KnownJudge extends EnvironmentJudge {
  readonly markers: RuntimeEnvironment["markers"];
  /** All that its judgements depend on. */
  readonly basis: unknown;
}

/** Judges files for one environment: the best wheel first, an sdist last. */
function environmentJudge(
  environment: RuntimeEnvironment,
  onlyBinary: readonly string[],
  noBinary: readonly string[],
): KnownJudge {
  const judge = new FileJudge({
    ...(environment.pythonVersion === undefined ? {} : { python: environment.pythonVersion }),
    ...(environment.tags === undefined ? {} : { tags: environment.tags }),
    onlyBinary,
    noBinary,
  });
  return {
    name: sayEnvironment(environment),
    isKnown: environment.tags !== undefined,
    markers: environment.markers,
    basis: [environment.pythonVersion, environment.tags?.length, environment.tags?.[0], onlyBinary, noBinary],
    rank(project, file) {
      const wheel = isWheel(file);
      if (!judge.allows(wheel ? "wheel" : "sdist", project)) return undefined;
      if (!judge.admitsPython(file.requiresPython)) return undefined;
      return wheel ? judge.wheelRank(file.filename) : 1e9;
    },
  };
}
