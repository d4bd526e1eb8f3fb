// Changes of a setting that could make a stack resolve: another Python, sources, wheels, pre-releases, a later cut-off,
// a yanked release that is pinned, an index that the others leave out.
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import {
  Catalogue,
  type Demand,
  type Explanation,
  type FilePolicy,
  type ObstacleKind,
  type Pin,
  type Question,
  resolve,
  TargetReading,
  type Universe,
} from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { environmentFor } from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { TRIAL_DECISIONS } from "./unanswered.ts";

/** A change of a setting with which the stack was shown to resolve, or could: building is the one that cannot be tried. */
export interface SettingRelaxation {
  /** `python`, `sdists`, `build-sdists`, `wheels`, `prereleases`, `cut-off`, `yanked`, `index`. */
  readonly setting: string;
  /** In words, with the option: `Python 3.12 (--python 3.12)`. */
  readonly title: string;
  /** Of the stack; undefined where nothing was shown, since only a build would. */
  readonly pins: readonly Pin[] | undefined;
}

/** Minor versions of Python 3 that are tried, the nearest first. */
const PYTHONS = [8, 9, 10, 11, 12, 13, 14];
/** So many Pythons that help are enough. */
const MOST_PYTHONS = 2;
/** So many yanked releases are tried by themselves. */
const MOST_YANKED = 4;
/** So many projects of a conflict are looked for on other indexes. */
const MOST_NAMES = 4;

/** Tries the settings that stand in the way by the kinds of the conflict, one at a time, and tells each that helps or could. */
export async function findSettingRelaxations(
  context: OperationContext,
  input: CommonInput,
  asked: AskedManifest,
  explanation: Pick<Explanation, "kinds" | "grounds">,
  signal: AbortSignal,
  onFound: (relaxation: SettingRelaxation) => void,
): Promise<void> {
  const trials = new SettingTrials(context, input, asked, signal, onFound);
  const has = (kind: ObstacleKind): boolean => explanation.kinds.includes(kind);
  if (has("only-sdist"))
    await trials.tryPolicy("sdists", "source distributions too (without --only-binary)", {
      onlyBinary: undefined,
    });
  if (has("needs-build")) await trials.tryBuilds();
  if (has("only-wheels"))
    await trials.tryPolicy("wheels", "wheels too (without --no-binary)", { noBinary: undefined });
  if (has("prerelease")) await trials.tryPrereleases();
  if (has("cut-off")) await trials.tryLaterCutOff();
  if (has("yanked")) await trials.tryYanked();
  if (has("no-project") || has("no-release") || has("clash")) await trials.tryIndexes(explanation);
  if (has("tag") || has("requires-python") || has("no-files")) await trials.tryPythons();
}

class SettingTrials {
  readonly #context: OperationContext;
  readonly #input: CommonInput;
  readonly #asked: AskedManifest;
  readonly #signal: AbortSignal;
  readonly #onFound: (relaxation: SettingRelaxation) => void;

  constructor(
    context: OperationContext,
    input: CommonInput,
    asked: AskedManifest,
    signal: AbortSignal,
    onFound: (relaxation: SettingRelaxation) => void,
  ) {
    this.#context = context;
    this.#input = input;
    this.#asked = asked;
    this.#signal = signal;
    this.#onFound = onFound;
  }

  async #resolve(
    policy: FilePolicy,
    runtime = this.#asked.runtime,
    question: Question = this.#asked.question,
    universe: Universe = this.#asked.universe,
  ): Promise<readonly Pin[] | undefined> {
    const python = parseVersion(runtime.pythonVersion ?? "");
    const { markers, tags } = runtime;
    if (!python || !markers || !tags) return undefined;
    const reading = new TargetReading({ python, markers, tags }, policy);
    const catalogue = new Catalogue(universe, reading);
    const options = { signal: this.#signal, maxDecisions: TRIAL_DECISIONS };
    const resolution = await resolve(catalogue, question, options);
    return resolution.kind === "solved" ? resolution.pins : undefined;
  }

  async tryPolicy(setting: string, title: string, change: Partial<FilePolicy>): Promise<void> {
    const pins = await this.#resolve({ ...this.#asked.policy, ...change });
    if (pins) this.#onFound({ setting, title, pins });
  }

  /**
   * Nothing is built to see whether that would help: it is told where there is a stack as long as what is only built needs nothing
   * more, since without that no build can help.
   */
  async tryBuilds(): Promise<void> {
    const { runtime, policy, universe, question } = this.#asked;
    const needsNothing: Universe = {
      isRemote: universe.isRemote,
      project: (name) => universe.project(name),
      direct: (name, url) => universe.direct!(name, url),
      async metadata(name, version, file) {
        const found = await universe.metadata(name, version, file);
        if (!("failure" in found) || found.failure.code !== "metadata-not-static") return found;
        return { name, version: version.toString(), requiresDist: [] };
      },
    };
    if ((await this.#resolve(policy, runtime, question, needsNothing)) === undefined) return;
    const title = "source distributions built in a sandbox (--build-sdists)";
    this.#onFound({ setting: "build-sdists", title, pins: undefined });
  }

  async tryPrereleases(): Promise<void> {
    const question: Question = { ...this.#asked.question, prereleases: "allow" };
    const pins = await this.#resolve(this.#asked.policy, this.#asked.runtime, question);
    if (pins) this.#onFound({ setting: "prereleases", title: "pre-releases too (--prerelease allow)", pins });
  }

  /**
   * Yanked releases that the stack takes where they count, each held by a pin of its own: pip takes one that is pinned. Alone where
   * one alone helps, else all together.
   */
  async tryYanked(): Promise<void> {
    const free = await this.#resolve({ ...this.#asked.policy, takesYanked: true });
    const yanked = (free ?? []).filter(({ file }) => file.yanked !== undefined).slice(0, MOST_YANKED);
    const { question } = this.#asked;
    const prove = async (pins: readonly Pin[]): Promise<boolean> => {
      const texts = pins.map(({ name, version }) => `${name}==${version}`);
      const constraints = [...(question.constraints ?? []), ...texts.map(constraintOf)];
      const found = await this.#resolve(this.#asked.policy, this.#asked.runtime, {
        ...question,
        constraints,
      });
      if (!found) return false;
      const releases = pins.length === 1 ? "the yanked release, pinned" : "the yanked releases, pinned";
      this.#onFound({ setting: "yanked", title: `${releases} (${texts.join(", ")})`, pins: found });
      return true;
    };
    let helped = false;
    for (const pin of yanked) helped = (await prove([pin])) || helped;
    if (!helped && yanked.length > 1) await prove(yanked);
  }

  /** Indexes that are configured and were not asked, for the projects of the conflict. */
  async tryIndexes({ grounds }: Pick<Explanation, "grounds">): Promise<void> {
    const names = new Set(grounds.flatMap(({ about }) => about ?? []));
    for (const { title, open } of this.#asked.otherIndexes([...names].slice(0, MOST_NAMES))) {
      this.#signal.throwIfAborted();
      const opened = await open(this.#signal);
      try {
        const pins = await this.#resolve(
          this.#asked.policy,
          this.#asked.runtime,
          this.#asked.question,
          opened.universe,
        );
        if (pins) this.#onFound({ setting: "index", title, pins });
      } finally {
        await opened.close();
      }
    }
  }

  /** The day after the newest file that the stack without a cut-off takes. */
  async tryLaterCutOff(): Promise<void> {
    const free = await this.#resolve({
      ...this.#asked.policy,
      excludeNewer: undefined,
      excludeNewerPackages: undefined,
    });
    if (!free) return;
    const newest = Math.max(...free.map(({ file }) => file.uploadTime ?? Number.NaN));
    if (Number.isNaN(newest)) return;
    const day = new Date(newest + 24 * 3_600_000).toISOString().slice(0, 10);
    const policy = { ...this.#asked.policy, excludeNewer: Date.parse(day), excludeNewerPackages: undefined };
    const pins = await this.#resolve(policy);
    if (pins) this.#onFound({ setting: "cut-off", title: `a later cut-off (--exclude-newer ${day})`, pins });
  }

  async tryPythons(): Promise<void> {
    const minor = Number(/^3\.(\d+)/.exec(this.#asked.runtime.pythonVersion ?? "")?.[1]);
    if (Number.isNaN(minor)) return;
    const others = PYTHONS.filter((one) => one !== minor).sort(
      (a, b) => Math.abs(a - minor) - Math.abs(b - minor) || b - a,
    );
    let found = 0;
    for (const other of others) {
      if (found === MOST_PYTHONS) return;
      const version = `3.${other}`;
      const runtime = await this.#described(version);
      const pins = runtime && (await this.#resolve(this.#asked.policy, runtime));
      if (!pins) continue;
      found++;
      this.#onFound({ setting: "python", title: `Python ${version} (--python ${version})`, pins });
    }
  }

  async #described(python: string) {
    const { interpreter: _, ...rest } = this.#input.environment ?? {};
    const input = { ...this.#input, environment: { ...rest, python } };
    try {
      return await environmentFor(this.#context, input, this.#asked.root, this.#signal);
    } catch (error) {
      // A Python that cannot be described is not proposed.
      if (error instanceof OperationError) return undefined;
      throw error;
    }
  }
}

function constraintOf(text: string): Demand {
  const read = readRequirement(text);
  if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
  return { requirement: read.value, text };
}
