// One manifest's provenance: its subjects, what the indexes say of them, and every check of each, in one pass.
import { dirname } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { type MergedPolicy, overdueAcceptances } from "../../../shared/src/policy/index.ts";
import type { PackageProvenance, ProvenanceCheck, Signer } from "../../../shared/src/protocol/provenance.ts";
import { redactUrl } from "../index/index.ts";
import {
  type CheckContext,
  type CheckDraft,
  checkAbandoned,
  checkArtifactDigest,
  checkCoolDown,
  checkIndexPolicy,
  checkIndexUse,
  checkNameConfusion,
  checkPinnedAndHashed,
  checkRunsCode,
  checkSeveralIndexes,
  checkStatusMarkers,
  checkYanked,
  type IndexView,
  type JudgeOptions,
  judge,
  judgedOf,
  type LocatedFile,
  lockedFilesOf,
  noteExpired,
  type Subject,
  type SubjectView,
  subjectsOf,
  viewSubject,
  withoutFiles,
} from "../provenance/index.ts";
import { policyFor } from "./policy.ts";
import { KnownAdvisories, readAdvisories } from "./provenanceAdvisories.ts";
import { AttestationChecks } from "./provenanceAttestations.ts";
import type { Digests } from "./provenanceDigests.ts";
import { environmentJudge, environmentsFor, type KnownJudge } from "./provenanceEnvironments.ts";
import { checkFiles } from "./provenanceFiles.ts";
import { ProvenanceIndexes } from "./provenanceIndexes.ts";
import { ProvenanceMemory } from "./provenanceMemory.ts";
import type { RootInput, RootProvenance } from "./provenanceModel.ts";

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

class RootCheck {
  readonly #input: RootInput;
  readonly #policy: MergedPolicy;
  readonly #indexes: ProvenanceIndexes;
  readonly #judges: readonly KnownJudge[];
  readonly #judging: JudgeOptions;
  /** PEP 503 names of the projects that the manifests are of. */
  readonly #ownNames: ReadonlySet<string>;
  readonly #expired = new Map<string, CheckDraft>();
  readonly #times: number[] = [];
  readonly #views = new Map<Subject, readonly IndexView[]>();
  readonly #attestations: AttestationChecks;
  #advisories: KnownAdvisories;
  /** Of the subjects that are being checked. */
  #memory: ProvenanceMemory | undefined;
  /** Of all that were. */
  readonly #memories: ProvenanceMemory[] = [];

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
    this.#ownNames = new Set(
      input.root.tree.files.flatMap(({ manifest }) => manifest.project?.name?.text ?? []).map(normalizeName),
    );
    this.#judging = { policy, severities: input.input.rules, now: input.context.now() };
    this.#attestations = new AttestationChecks(input, policy, indexes);
    this.#advisories = new KnownAdvisories(undefined, this.#judging.now);
  }

  async run(): Promise<RootProvenance> {
    const { input, root, loader } = this.#input;
    const only = input.only && new Set(input.only);
    const subjects = subjectsOf(root.tree).filter(({ name }) => !only || only.has(name));
    const packages = await this.check(subjects);
    this.#noteOverdue(packages);
    const files = checkFiles(
      { root, loader },
      { uses: this.#indexes.uses, policy: this.#policy, judging: this.#judging, expired: this.#expired },
    );
    const checked = this.#times.length > 0 ? Math.min(...this.#times) : undefined;
    return {
      files,
      packages,
      indexes: this.#indexes.addresses,
      environments: this.#judges.map(({ name }) => name),
      ...(checked === undefined ? {} : { checked }),
      basis: [this.#advisories.basis, ...this.#attestations.basis],
    };
  }

  close(): Promise<void> {
    const memories = this.#memories;
    // Not before everything is kept: what another operation left for afterwards may be done at any time.
    this.#input.context.afterwards(async () => {
      for (const memory of memories) memory.flush();
    });
    return this.#indexes.close();
  }

  /** Every check of each subject; when cancelled, of those that were done by then. */
  async check(subjects: readonly Subject[]): Promise<PackageProvenance[]> {
    const { calls, signal } = this.#input;
    await this.#open(subjects);
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

  /** Reads the advisories of the subjects, and opens the memory of results where results may be kept. */
  async #open(subjects: readonly Subject[]): Promise<void> {
    const { input, context, clears, inUse } = this.#input;
    const { policy, now } = this.#judging;
    const { advisories, pages } = await context.knowledge();
    const names = new Set(subjects.map(({ name }) => name));
    this.#advisories = new KnownAdvisories(readAdvisories(names, this.#input.advisories, advisories), now);
    if (input.download || input.offline || input.trustedRoot !== undefined) return;
    const basis = [
      { ...policy, fixed: [...policy.fixed], require: [...policy.require] },
      input.rules,
      input.allArtifacts,
      [...this.#ownNames],
      clears && subjects.map(({ name, version }) => clears(name, version ?? "")),
      inUse && subjects.map(({ name }) => inUse(name)?.toString()),
      this.#judges.map((one) => one.basis),
      this.#indexes.uses.map((use) => [use.label, use.hasLogin, checkIndexUse(use, policy)]),
      this.#advisories.asOf,
    ];
    this.#memory = new ProvenanceMemory(pages, basis, now);
    this.#memories.push(this.#memory);
  }

  async #checkSubject(subject: Subject): Promise<PackageProvenance> {
    const views = await this.#indexes.ask(subject);
    if (this.#input.input.graph) this.#views.set(subject, views);
    for (const { answer } of views) if (answer.state === "page") this.#times.push(answer.page.fetchedAt);
    const key = this.#memory?.keyOf(subject, views, this.#advisories.of(subject.name));
    const known = key === undefined ? undefined : this.#memory?.recall(key);
    // A result of before, at the places of now.
    if (known) return { ...known, places: this.#placesOf(subject) };
    const view = viewSubject(subject, views, this.#judges, this.#input.input.allArtifacts);
    const context = this.#context();
    const computed = await this.#localDigests(view);
    const archives = await this.#archives(view, computed);
    const drafts: CheckDraft[] = [
      ...checkPinnedAndHashed(subject),
      ...checkIndexPolicy(view, this.#indexes.uses, this.#policy),
      ...checkArtifactDigest(view, computed),
      ...checkSeveralIndexes(view, context, computed),
      ...checkStatusMarkers(view),
      ...this.#advisories.malware(view),
      this.#advisories.vulnerabilities(view),
    ];
    const attested = await this.#attestations.check(view);
    drafts.push(...attested.drafts);
    drafts.push(
      ...checkYanked(view),
      ...checkCoolDown(view, context),
      ...checkNameConfusion(view, context),
      ...checkRunsCode(view, context),
      ...archives,
      ...checkAbandoned(view, context),
    );
    const before = this.#expired.size;
    const checks = judge(drafts, judgedOf(view), this.#judging, this.#expired);
    const found = this.#tell(view, checks, attested.signer);
    // An expired acceptance is told by the file, which a kept result knows nothing of.
    if (key !== undefined && this.#expired.size === before) this.#memory?.keep(key, found);
    return found;
  }

  /** An acceptance whose day is over is told for what it is bound to, whether or not there is still something to accept. */
  #noteOverdue(packages: readonly PackageProvenance[]): void {
    const { acceptances } = this.#policy;
    for (const { name, version, artifacts } of acceptances.length > 0 ? packages : []) {
      const digests = artifacts.flatMap((one) =>
        Object.entries(one.digests).map(([key, digest]) => `${key}:${digest}`),
      );
      const what = { package: name, version, digests };
      for (const { by, why } of overdueAcceptances(acceptances, what, this.#judging.now))
        noteExpired(by, why, this.#expired);
    }
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
      fixes: this.#input.clears ?? ((name, version) => this.#advisories.fixesOf(name, version)),
      ownNames: this.#ownNames,
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

  /** Digests of files on this machine, which no index lists. */
  async #localDigests(view: SubjectView): Promise<Map<LocatedFile["file"], Digests>> {
    if (!view.located.some(({ file }) => file.url.startsWith("file:"))) return new Map();
    const { digestLocalFiles } = await import("./provenanceDigests.ts");
    return digestLocalFiles(view, this.#input.signal);
  }

  async #archives(view: SubjectView, computed: Map<LocatedFile["file"], Digests>): Promise<CheckDraft[]> {
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
    return checkArchives(view, this.#indexes, this.#input, computed);
  }
}
