// Builds what tells its dependencies only when built, one source at a time and none twice; the building is in the sandbox.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { cacheFolder } from "../data/index.ts";
import { readArchiveText } from "../index/index.ts";
import {
  type BuildSystem,
  buildSource,
  digestOf,
  type FetchedWheel,
  type Interpreter,
  readBuildSystem,
} from "../inspect/index.ts";
import type { BuildableSource, FilePolicy, IndexRoute, SourceBuilder } from "../resolve/index.ts";
import { findBuildPython } from "./buildPython.ts";
import { BuildRequires } from "./buildRequires.ts";
import { type BuiltMetadata, checkBuiltMetadata, KeptMetadata } from "./builtMetadata.ts";
import type { OperationContext } from "./context.ts";
import { type BuildFailure, failedBuildsOf } from "./failedBuilds.ts";

export interface SourceBuildsOptions {
  readonly context: OperationContext;
  /** What it is built for. */
  readonly environment: RuntimeEnvironment;
  routeFor(name: string): IndexRoute;
  readonly policy: FilePolicy;
  /** Ends every build that is under way, with all that it started. */
  readonly signal: AbortSignal;
}

/** Told while a question waits for builds. */
export interface BuildListener {
  progress?(step: { readonly message: string }): void;
  warn(message: string): void;
}

type Built =
  | { readonly metadata: BuiltMetadata; readonly wheel?: FetchedWheel }
  | { readonly failure: BuildFailure };

/** Builds one source at a time, and none twice. Nothing is run, fetched or asked before the first. */
export class SourceBuilds implements SourceBuilder {
  readonly #options: SourceBuildsOptions;
  readonly #listeners = new Set<BuildListener>();
  readonly #kept: KeptMetadata;
  readonly #requires: BuildRequires;
  readonly #cache: string;
  #queue: Promise<unknown> = Promise.resolve();
  #python: Promise<Interpreter | BuildFailure> | undefined;
  #stop = new AbortController();

  constructor(options: SourceBuildsOptions) {
    this.#options = options;
    this.#kept = new KeptMetadata(options.context, options.environment);
    this.#cache = join(cacheFolder(options.context), "validation");
    this.#requires = new BuildRequires({
      environment: options.environment,
      routeFor: (name) => options.routeFor(name),
      policy: options.policy,
      cacheFolder: this.#cache,
      signal: options.signal,
      tell: (message) => this.#tell(message),
    });
  }

  /** @returns what ends the listening; with the last listener goes what is being built. */
  listen(listener: BuildListener): () => void {
    this.#listeners.add(listener);
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#stop.abort(new DOMException("Nobody waits for this build", "AbortError"));
      this.#stop = new AbortController();
    };
  }

  async metadata(source: BuildableSource): ReturnType<SourceBuilder["metadata"]> {
    const built = await this.build(source, "metadata");
    if (!("failure" in built)) return built.metadata;
    const { message, next = "Choose a release with a wheel." } = built.failure;
    return { failure: { code: "build-failed", message: message.replace(/\.$/, ""), next } };
  }

  /**
   * What a build of the source comes to; from knowledge where it was built before and metadata is all that is wanted.
   * @throws what the signal was aborted with.
   */
  build(source: BuildableSource, want: "metadata" | "wheel"): Promise<Built> {
    const work = this.#queue.then(() => this.#build(source, want));
    this.#queue = work.catch(() => {});
    return work;
  }

  get #signal(): AbortSignal {
    return AbortSignal.any([this.#options.signal, this.#stop.signal]);
  }

  async #build(source: BuildableSource, want: "metadata" | "wheel"): Promise<Built> {
    const signal = this.#signal;
    signal.throwIfAborted();
    const kept =
      want === "metadata" && source.sha256 ? await this.#kept.read(source, source.sha256) : undefined;
    if (kept) return { metadata: kept };
    const folder = await mkdtemp(join(tmpdir(), "thoth-sdist-"));
    try {
      const archive = join(folder, basename(source.filename).replaceAll(/[^\w.+-]/g, "_"));
      const fault = await source.fetch(archive, signal);
      if (fault) return { failure: { outcome: "infrastructure-failed", ...fault, lines: [] } };
      return await this.#buildArchive(source, archive, want, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #buildArchive(
    source: BuildableSource,
    archive: string,
    want: "metadata" | "wheel",
    signal: AbortSignal,
  ): Promise<Built> {
    const sha256 = await digestOf(archive);
    const kept = want === "metadata" ? await this.#kept.read(source, sha256) : undefined;
    if (kept) return { metadata: kept };
    const key = `${want} ${this.#kept.origin} ${sha256} ${source.subdirectory ?? ""}`;
    const failed = failedBuildsOf(this.#options.context);
    const known = failed.get(key);
    if (known) return { failure: known };
    const built = await this.#run(source, archive, want, signal);
    if ("failure" in built) {
      if (ofTheSource(built.failure)) failed.set(key, built.failure);
      const lines = built.failure.lines.map((line) => `\n       ${line}`).join("");
      for (const listener of this.#listeners) listener.warn(`${built.failure.message}${lines}`);
    } else await this.#kept.keep(source, sha256, built.metadata);
    return built;
  }

  async #run(
    source: BuildableSource,
    archive: string,
    want: "metadata" | "wheel",
    signal: AbortSignal,
  ): Promise<Built> {
    const { subject, subdirectory } = source;
    const system = await readSystem(archive, subdirectory);
    if ("fault" in system) return failureOf(`${subject} ${system.fault}.`);
    const python = await this.#interpreter(signal);
    if ("outcome" in python) return { failure: python };
    const answer = await buildSource(
      {
        subject,
        archive,
        subdirectory,
        system,
        want,
        interpreter: python,
        cacheFolder: this.#cache,
        provide: (requires) => this.#requires.provide(subject, requires, signal),
      },
      {
        signal,
        progress: (stage) => this.#tell(`building ${subject}: ${stage}`),
      },
    );
    if (!answer.ok) {
      const { outcome, reason, message, next, lines } = answer;
      return { failure: { outcome, reason, message, next, lines } };
    }
    const metadata = checkBuiltMetadata(source, answer.metadata);
    if ("fault" in metadata) return failureOf(`The build of ${subject} ${metadata.fault}.`);
    if (!answer.wheel) return { metadata };
    const { name, version } = metadata;
    const wheel = { name: normalizeName(name), version, ...answer.wheel };
    return { metadata, wheel };
  }

  #tell(message: string): void {
    for (const listener of this.#listeners) listener.progress?.({ message });
  }

  #interpreter(signal: AbortSignal): Promise<Interpreter | BuildFailure> {
    const { context, environment } = this.#options;
    this.#python ??= findBuildPython(context, environment, signal).catch((error) => {
      this.#python = undefined;
      throw error;
    });
    return this.#python;
  }
}

/** Whether another try would fail as well: not where the machine was what stood in the way. */
function ofTheSource({ outcome }: BuildFailure): boolean {
  return outcome !== "refused" && outcome !== "infrastructure-failed" && outcome !== "lost";
}

const failureOf = (message: string): { readonly failure: BuildFailure } => ({
  failure: { outcome: "build-failed", message, lines: [] },
});

async function readSystem(
  archive: string,
  subdirectory: string | undefined,
): Promise<BuildSystem | { readonly fault: string }> {
  const path = subdirectory === undefined ? "pyproject.toml" : `${subdirectory}/pyproject.toml`;
  let text: string | undefined;
  try {
    text = await readArchiveText(await readFile(archive), basename(archive), path);
  } catch (error) {
    return { fault: `is an archive that cannot be read (${(error as Error).message.slice(0, 100)})` };
  }
  if (text === undefined) return readBuildSystem(undefined);
  const { parse } = await import("toml");
  try {
    return readBuildSystem(parse(text));
  } catch {
    return { fault: "has a pyproject.toml that is not TOML" };
  }
}
