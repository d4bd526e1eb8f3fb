// The build requirements of sources (PEP 518): resolved by our own resolver on the same indexes and fetched as wheels, never built themselves.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import type { PageFile } from "../index/index.ts";
import { cachedWheel, type FetchedWheel, keepWheel, type ProvidedWheels } from "../inspect/index.ts";
import {
  Catalogue,
  createIndexUniverse,
  type Demand,
  explainFailure,
  type FilePolicy,
  type IndexRoute,
  type IndexUniverse,
  type Pin,
  readNameSet,
  resolve,
  TargetReading,
} from "../resolve/index.ts";
import { targetOf } from "./environment.ts";
import { TRIAL_DECISIONS } from "./unanswered.ts";

export interface BuildRequiresOptions {
  /** What is built for, and with. */
  readonly environment: RuntimeEnvironment;
  routeFor(name: string): IndexRoute;
  readonly policy: FilePolicy;
  /** Where wheels are kept. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Told before each wheel that has to be fetched. */
  tell(message: string): void;
}

/** Resolves and fetches no set of build requirements twice; nothing is asked before the first. */
export class BuildRequires {
  readonly #options: BuildRequiresOptions;
  readonly #provided = new Map<string, Promise<ProvidedWheels>>();
  #universe: IndexUniverse | undefined;

  constructor(options: BuildRequiresOptions) {
    this.#options = options;
  }

  /**
   * The wheels that build requirements come to.
   * @param subject whose they are, `flask 3.0`, for sentences.
   * @param requires PEP 508 requirements.
   * @throws what the signal was aborted with.
   */
  provide(subject: string, requires: readonly string[], signal: AbortSignal): Promise<ProvidedWheels> {
    if (requires.length === 0) return Promise.resolve({ wheels: [] });
    const key = [...requires].sort().join("\n");
    const known = this.#provided.get(key);
    if (known) return known;
    const work = this.#resolve(subject, requires, signal);
    this.#provided.set(key, work);
    const forget = (): void => void this.#provided.delete(key);
    work.then((found) => "fault" in found && forget(), forget);
    return work;
  }

  async #resolve(subject: string, requires: readonly string[], signal: AbortSignal): Promise<ProvidedWheels> {
    const demands: Demand[] = [];
    for (const text of requires) {
      const read = readRequirement(text);
      if (!read.ok)
        return { fault: `${subject} has a build requirement that cannot be read: ${text.slice(0, 200)}.` };
      demands.push({ requirement: read.value, text });
    }
    const answer = await resolve(
      this.#catalogue(),
      { requirements: demands },
      { signal, maxDecisions: TRIAL_DECISIONS },
    );
    if (answer.kind === "stopped") {
      const { message, next } = answer.failure;
      return { fault: `The build requirements of ${subject} cannot be resolved: ${message}`, next };
    }
    if (answer.kind !== "solved") {
      const why = answer.kind === "impossible" ? ` ${lastStep(explainFailure(answer.failure))}` : "";
      const next = "Build requirements are taken as wheels from the same indexes.";
      return { fault: `The build requirements of ${subject} do not resolve:${why || " undecided"}.`, next };
    }
    return this.#fetch(answer.pins, signal);
  }

  /** Wheels alone. */
  #catalogue(): Catalogue {
    const { environment, routeFor, policy, signal } = this.#options;
    const reading = new TargetReading(targetOf(environment), {
      ...policy,
      onlyBinary: readNameSet([":all:"]),
      noBinary: undefined,
    });
    this.#universe ??= createIndexUniverse({
      routeFor,
      signal,
      isUsable: (name, files) => reading.judge(name, files) === "usable",
    });
    return new Catalogue(this.#universe, reading);
  }

  async #fetch(pins: readonly Pin[], signal: AbortSignal): Promise<ProvidedWheels> {
    const folder = await mkdtemp(join(tmpdir(), "thoth-requires-"));
    try {
      const wheels: FetchedWheel[] = [];
      for (const { name, version, file } of pins) {
        const wheel = await this.#fetchWheel({ name, version: version.toString(), file }, folder, signal);
        if ("fault" in wheel) return wheel;
        wheels.push(wheel);
      }
      return { wheels };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #fetchWheel(
    { name, version, file }: { readonly name: string; readonly version: string; readonly file: PageFile },
    folder: string,
    signal: AbortSignal,
  ): Promise<FetchedWheel | { readonly fault: string; readonly next: string }> {
    const { cacheFolder, routeFor, tell } = this.#options;
    const { filename } = file;
    const kept = file.hashes.sha256 && cachedWheel(cacheFolder, file.hashes.sha256, { name, version });
    if (kept) return kept;
    tell(`fetching ${filename}`);
    const to = join(folder, basename(filename));
    const { client } = routeFor(name);
    const got = await client.download(file, to, { signal });
    if ("failure" in got) return { fault: got.failure.message, next: got.failure.next };
    const path = keepWheel(cacheFolder, got.sha256, basename(filename), to);
    if (typeof path !== "string") return { fault: path.message, next: path.next };
    return { name, version, filename, sha256: got.sha256, path };
  }
}

function lastStep({ steps }: ReturnType<typeof explainFailure>): string {
  return (steps.at(-1)?.because ?? [])
    .map(({ text }) => text)
    .join("; ")
    .replace(/\.$/, "");
}
