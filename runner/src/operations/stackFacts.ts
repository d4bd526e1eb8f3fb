// What resolving a manifest came to, as plain data: its status, what each line does, what would help, and what edits come to.
import type {
  FixProof,
  ResolvingPin,
  StackCause,
  StackConflict,
  StackEdits,
  StackFacts,
  StackLine,
  StackRelaxation,
} from "../../../shared/src/facts/stack.ts";
import type { EditPlan } from "../../../shared/src/manifest/editPlan.ts";
import { applyEdits, planPin, planRemoveEntry, planSpecifier } from "../../../shared/src/manifest/edits.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions } from "../../../shared/src/packaging/version.ts";
import type { ExplainStep } from "../../../shared/src/protocol/conflict.ts";
import {
  type Demand,
  type Explanation,
  explainFailure,
  findRelaxations,
  type LineEdit,
  type LineStory,
  type Pin,
  type Question,
  type Relaxation,
  type Resolution,
  resolve,
  tellLines,
} from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { tellFromLine } from "./conflictWords.ts";
import type { DemandPlace } from "./demands.ts";
import { OperationError } from "./errors.ts";
import type { AdvisoryGuard } from "./knownAdvisories.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import { describePart, type ScopeSolver } from "./lockScope.ts";
import type { SettingRelaxation } from "./settingTrials.ts";
import { MOST_DECISIONS, refuseUnanswered, TRIAL_DECISIONS } from "./unanswered.ts";

/** A manifest together with what its search came to. */
export interface SearchedStack {
  readonly asked: AskedManifest;
  readonly resolution: Resolution;
  readonly facts: StackFacts;
  readonly explanation: Explanation | undefined;
  /** Solves the manifest for all that its fixes have to hold for; absent where that is the one environment. */
  readonly scope?: ScopeSolver | undefined;
}

/** Rejects as soon as the signal aborts, whatever is still being waited for. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  // Who gave up waiting is not told of what comes later.
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Resolves a manifest and tells what came of it; relaxations are looked for by `addRelaxations`. */
export async function searchStack(
  asked: AskedManifest,
  now: number,
  signal: AbortSignal,
): Promise<SearchedStack> {
  const { catalogue, question } = asked;
  const work = resolve(catalogue, question, { signal, maxDecisions: MOST_DECISIONS });
  const resolution = await untilAborted(work, signal);
  const about = {
    environment: asked.environment,
    texts: textsOf(asked.root),
    leftOut: asked.leftOut,
    proofs: {},
    checked: now,
  };
  if (resolution.kind === "solved") {
    const lines = tellLines(catalogue, question, resolution.pins);
    const facts: StackFacts = {
      ...about,
      state: "resolves",
      packages: resolution.pins.length,
      lines: lines.flatMap((line) => lineOf(line, lines, asked)),
    };
    return { asked, resolution, facts, explanation: undefined };
  }
  const lines = question.requirements.flatMap((demand) => emptyLine(demand, asked));
  if (resolution.kind !== "impossible") {
    const facts: StackFacts = { ...about, ...tellUnanswered(resolution, asked), lines };
    return { asked, resolution, facts, explanation: undefined };
  }
  const explanation = explainFailure(resolution.failure);
  const conflict: StackConflict = {
    ...tellSteps(explanation, asked, tellLine(explanation)),
    kinds: explanation.kinds,
    relaxations: [],
    searching: true,
  };
  return { asked, resolution, facts: { ...about, state: "conflict", conflict, lines }, explanation };
}

/** What is told of a manifest that could not be asked about at all. */
export function unaskable(root: LoadedRoot, error: OperationError, now: number): StackFacts {
  return {
    state: "not-checked",
    reason: error.message,
    next: error.next,
    leftOut: [],
    lines: [],
    proofs: {},
    texts: textsOf(root),
    checked: now,
  };
}

function tellUnanswered(
  resolution: Resolution,
  { path }: AskedManifest,
): Pick<StackFacts, "state" | "reason" | "next"> {
  try {
    refuseUnanswered(resolution, path);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const state = resolution.kind === "undecided" ? "undecided" : "not-checked";
    return { state, reason: error.message, next: error.next };
  }
  throw new Error(`a search that is ${resolution.kind} has an answer`);
}

/** The texts that the question was made from. */
export function textsOf({ tree }: LoadedRoot): Record<string, string> {
  return Object.fromEntries(tree.files.map(({ uri, manifest }) => [uri, manifest.text]));
}

function lineOf(
  { demand, pin, brings, only, heldBack }: LineStory,
  all: readonly LineStory[],
  asked: AskedManifest,
): StackLine[] {
  return emptyLine(demand, asked).map((line) => ({
    ...line,
    ...(pin ? { version: pin.version.toString() } : {}),
    brings,
    only: only.length,
    ...(heldBack
      ? {
          heldBack: {
            newest: heldBack.newest.toString(),
            by: heldBack.by.map((one) => {
              const from = one.kind === "line" ? one.demand : originOf(one.pin, all);
              const text =
                one.kind === "line" ? one.demand.text : `${one.pin.name} ${one.pin.version.toString()}`;
              const place = from && asked.places.get(from);
              return {
                text,
                ...(place && from?.place ? { uri: place.uri, line: from.place.line } : {}),
              };
            }),
          },
        }
      : {}),
  }));
}

/** The line that brings a package in: its own, else the first that needs it. */
function originOf(pin: Pin, all: readonly LineStory[]): Demand | undefined {
  return (
    all.find((line) => line.pin?.name === pin.name)?.demand ??
    all.find((line) => line.brings.includes(pin.name))?.demand
  );
}

function emptyLine(demand: Demand, { places }: AskedManifest): StackLine[] {
  const place = places.get(demand);
  if (place === undefined) return [];
  const name = normalizeName(demand.requirement.name.text);
  return [{ uri: place.uri, span: place.entry.span, name, brings: [], only: 0 }];
}

/** The steps of an explanation, and those of its causes that are lines of the person's, each as `tellCause` says. */
export function tellSteps<Cause>(
  explanation: Explanation,
  { places }: Pick<AskedManifest, "places">,
  tellCause: (demand: Demand, place: DemandPlace) => Cause,
): { readonly steps: ExplainStep[]; readonly causes: Cause[] } {
  const known = explanation.causes.filter((demand) => places.has(demand));
  return {
    steps: explanation.steps.map(({ number, because, therefore }) => ({
      number,
      because: because.map(({ text, step, demand }) => ({
        text,
        ...(step === undefined ? {} : { step }),
        ...(demand && known.includes(demand) ? { cause: known.indexOf(demand) } : {}),
      })),
      therefore,
    })),
    causes: known.map((demand) => tellCause(demand, places.get(demand)!)),
  };
}

function tellLine(explanation: Explanation): (demand: Demand, place: DemandPlace) => StackCause {
  return (demand, { uri, entry }) => ({
    uri,
    span: entry.span,
    requirement: demand.text,
    name: normalizeName(demand.requirement.name.text),
    message: tellFromLine(demand, explanation),
  });
}

export interface RelaxationCalls {
  onRelaxation?(relaxation: StackRelaxation): void;
}

/** Looks for what would help, best first; each is told as soon as it is proven. */
export async function addRelaxations(
  { asked, facts, explanation }: SearchedStack,
  signal: AbortSignal,
  calls: RelaxationCalls = {},
  settings?: (explanation: Explanation, found: (relaxation: SettingRelaxation) => void) => Promise<void>,
): Promise<StackFacts> {
  if (explanation === undefined || facts.conflict === undefined) return facts;
  const relaxations: StackRelaxation[] = [];
  const add = (told: StackRelaxation | undefined): void => {
    if (told === undefined) return;
    relaxations.push(told);
    calls.onRelaxation?.(told);
  };
  const work = findRelaxations(asked.catalogue, asked.question, explanation.causes, {
    signal,
    onProven: (relaxation) => add(tellRelaxation(relaxation, asked)),
  });
  await untilAborted(work, signal);
  const tellSetting = ({ setting, title, pins }: SettingRelaxation): void =>
    add({ title, changes: [], edits: [], packages: pins?.length, setting });
  if (settings) await untilAborted(settings(explanation, tellSetting), signal);
  return { ...facts, conflict: { ...facts.conflict, relaxations, searching: false } };
}

/** A relaxation with its edits; undefined where a line of it cannot be edited. */
export function tellRelaxation(
  { edits, pins }: Relaxation,
  asked: Pick<AskedManifest, "places">,
): StackRelaxation | undefined {
  const byUri = new Map<string, StackEdits["edits"][number][]>();
  for (const edit of edits) {
    const { uri } = asked.places.get(edit.demand)!;
    const plan = planOf(edit, pins, asked);
    if (!plan.ok) return undefined;
    byUri.set(uri, [...(byUri.get(uri) ?? []), ...plan.value]);
  }
  return {
    title: edits.map(titleOf).join(" and "),
    changes: edits.map(({ demand, replacement }) => {
      const { uri, entry } = asked.places.get(demand)!;
      return {
        uri,
        span: entry.span,
        name: demand.requirement.name.text,
        ...(replacement === undefined ? {} : { specifier: clausesOf(replacement) }),
      };
    }),
    edits: [...byUri].map(([uri, list]) => ({ uri, edits: list })),
    packages: pins.length,
  };
}

/** What a line becomes, in the style in which it is written. */
function planOf(
  { demand, replacement }: LineEdit,
  pins: readonly Pin[],
  { places }: Pick<AskedManifest, "places">,
): EditPlan {
  const { manifest, entry } = places.get(demand)!;
  if (replacement === undefined) return planRemoveEntry(manifest, entry);
  const [clause, ...more] = replacement.requirement.specifier.clauses;
  if (clause?.operator === "==" && more.length === 0 && entry.hashes.length > 0) {
    const pin = pins.find(({ name }) => name === entry.normalizedName);
    const hashes = pin?.release.flatMap(({ hashes: { sha256 } }) => (sha256 ? [`sha256:${sha256}`] : []));
    return planPin(manifest, entry, clause.version, hashes);
  }
  return planSpecifier(manifest, entry, clausesOf(replacement));
}

function titleOf({ demand, replacement }: LineEdit): string {
  const { line } = demand.place!;
  if (replacement === undefined) return `line ${line}: leave out ${demand.text}`;
  const { name, extras } = replacement.requirement;
  const brackets = extras.length > 0 ? `[${extras.map((extra) => extra.text).join(",")}]` : "";
  const clauses = clausesOf(replacement);
  return `line ${line}: ${name.text}${brackets} ${clauses === "" ? "without a version" : clauses}`;
}

function clausesOf({ requirement }: Demand): string {
  return requirement.specifier.written;
}

/** Tries edits of the texts that were searched, each on its own, on what is known already. */
export class FixProver {
  readonly #searched: SearchedStack;
  readonly #signal: AbortSignal;
  readonly #guard: AdvisoryGuard | undefined;
  /** By the line that they are of. */
  readonly #newest = new Map<Demand, Promise<ResolvingPin | undefined>>();

  /** @param guard says what a stack may not bring in. */
  constructor(searched: SearchedStack, signal: AbortSignal, guard?: AdvisoryGuard) {
    this.#searched = searched;
    this.#signal = signal;
    this.#guard = guard;
  }

  /** Whether the manifest resolves with the edits, and how much then changes. Edits of other files change nothing. */
  async prove(edits: readonly StackEdits[]): Promise<FixProof> {
    const { proof } = await this.resolveWith(edits);
    if (proof.resolves || proof.code !== "failed") return proof;
    const line = this.#lineOf(edits);
    const instead = line && (await this.#newestOf(line));
    return instead ? { ...proof, instead } : proof;
  }

  /** The one line that edits are of; undefined where they are of several, or of what no stack is asked for. */
  #lineOf(edits: readonly StackEdits[]): Demand | undefined {
    const { question, places } = this.#searched.asked;
    const changed = edits.flatMap(({ uri, edits: list }) => list.map(({ span }) => ({ uri, span })));
    const [only, ...more] = question.requirements.filter((demand) => {
      const place = places.get(demand);
      if (place === undefined) return false;
      const { start, end } = place.entry.span;
      return changed.some(({ uri, span }) => uri === place.uri && start <= span.start && span.end <= end);
    });
    return more.length > 0 || new Set(edits.map(({ uri }) => uri)).size > 1 ? undefined : only;
  }

  #newestOf(line: Demand): Promise<ResolvingPin | undefined> {
    let found = this.#newest.get(line);
    if (found === undefined) {
      found = this.#findNewest(line);
      this.#newest.set(line, found);
    }
    return found;
  }

  async #findNewest(line: Demand): Promise<ResolvingPin | undefined> {
    const { asked, resolution } = this.#searched;
    const { findNewestPin } = await import("./newestPin.ts");
    const solve = async (question: Question): Promise<readonly Pin[] | undefined> => {
      const trial = await this.#resolve(question);
      return trial.kind === "solved" ? trial.pins : undefined;
    };
    const found = await findNewestPin(asked, line, solve);
    if (found === undefined) return undefined;
    const { edit, version } = found;
    const before = resolution.kind === "solved" ? resolution.pins : undefined;
    const now = before?.find(({ name }) => name === normalizeName(line.requirement.name.text));
    // To step down is no repair of a release that works.
    if (now && now.file.yanked === undefined && compareVersions(version, now.version) < 0) return undefined;
    const plan = planOf(edit, found.pins, asked);
    if (!plan.ok || plan.value.length === 0) return undefined;
    const edits = [{ uri: asked.places.get(line)!.uri, edits: plan.value }];
    const { proof } = await this.resolveWith(edits);
    if (!proof.resolves) return undefined;
    const { packages, changes } = proof;
    return { version: version.toString(), edits, packages, ...(changes === undefined ? {} : { changes }) };
  }

  /** The same, with the stack that comes of it. */
  async resolveWith(
    edits: readonly StackEdits[],
  ): Promise<{ readonly proof: FixProof; readonly pins: readonly Pin[] }> {
    const { asked, resolution } = this.#searched;
    const before = resolution.kind === "solved" ? resolution.pins : undefined;
    try {
      const { question } = asked.reread(editedRoot(asked.root, asked.loader, edits));
      const kept = new Map(before?.map(({ name, version }) => [name, version]));
      const trial = await this.#resolve({ ...question, preferences: kept });
      const elsewhere = trial.kind === "solved" ? await this.#resolveElsewhere(question) : undefined;
      if (elsewhere !== undefined) return { proof: failed(elsewhere), pins: [] };
      const brought = trial.kind === "solved" ? this.#guard?.(trial.pins) : undefined;
      if (brought !== undefined)
        return { proof: { resolves: false, code: "advisory", reason: brought }, pins: [] };
      if (trial.kind === "solved") {
        const changes = before && countChanges(before, trial.pins);
        const packages = trial.pins.length;
        return {
          proof: { resolves: true, packages, ...(changes === undefined ? {} : { changes }) },
          pins: trial.pins,
        };
      }
      if (trial.kind === "impossible") return { proof: failed(sayFailure(trial, asked)), pins: [] };
      refuseUnanswered(trial, asked.path);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { proof: { resolves: false, code: "not-checked", reason: error.message }, pins: [] };
    }
    throw new Error("a search has no answer");
  }

  /** Why it does not resolve in one of the other environments that it has to hold for. */
  async #resolveElsewhere(question: Question): Promise<string | undefined> {
    const { scope, asked } = this.#searched;
    if (!scope) return undefined;
    const limits = { signal: this.#signal, maxDecisions: TRIAL_DECISIONS };
    const trial = await untilAborted(scope.solve(question, limits), this.#signal);
    if (trial.kind === "solved") return undefined;
    refuseUnanswered(trial, asked.path);
    const explanation = explainFailure(trial.failure);
    const [first] = explanation.causes;
    const why = first ? tellFromLine(first, explanation) : "nothing satisfies all of it";
    return `for ${describePart(scope, trial)}: ${why}`;
  }

  #resolve(question: Question): Promise<Resolution> {
    const { catalogue } = this.#searched.asked;
    const work = resolve(catalogue, question, { signal: this.#signal, maxDecisions: TRIAL_DECISIONS });
    return untilAborted(work, this.#signal);
  }
}

function failed(reason: string): FixProof {
  return { resolves: false, code: "failed", reason };
}

/** Why an edited manifest does not resolve, in one sentence. */
function sayFailure(
  resolution: Extract<Resolution, { kind: "impossible" }>,
  { path }: AskedManifest,
): string {
  const explanation = explainFailure(resolution.failure);
  const [first] = explanation.causes;
  return first ? tellFromLine(first, explanation) : `${path} would not resolve.`;
}

/** Packages that come, go or get another version. */
export function countChanges(before: readonly Pin[], after: readonly Pin[]): number {
  const versions = new Map(before.map(({ name, version, direct }) => [name, `${version.key} ${direct}`]));
  let changes = 0;
  for (const { name, version, direct } of after) {
    if (versions.get(name) !== `${version.key} ${direct}`) changes++;
    versions.delete(name);
  }
  return changes + versions.size;
}

/** The tree with other texts; files that no edit is of stay as they are. */
export function editedRoot(root: LoadedRoot, loader: Loader, edits: readonly StackEdits[]): LoadedRoot {
  const byUri = new Map<string, StackEdits["edits"]>();
  for (const { uri, edits: list } of edits) byUri.set(uri, [...(byUri.get(uri) ?? []), ...list]);
  const edited = (file: ManifestFile): ManifestFile => {
    const own = byUri.get(file.uri);
    return own ? loader.withText(file, applyEdits(file.manifest.text, own)) : file;
  };
  return { ...root, tree: { ...root.tree, files: root.tree.files.map(edited) } };
}
