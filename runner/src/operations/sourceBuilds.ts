// Builds what tells its dependencies only when built: its requirements come from the same indexes, by our own resolver; the building is in the sandbox.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { readCoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { compareVersions, parseVersion } from "../../../shared/src/packaging/version.ts";
import { cacheFolder } from "../data/index.ts";
import { type PageFile, readArchiveText } from "../index/index.ts";
import {
  type BuildSystem,
  buildSource,
  cachedWheel,
  describeInterpreter,
  digestOf,
  type FetchedWheel,
  findProgram,
  type Interpreter,
  keepWheel,
  type Outcome,
  type ProvidedWheels,
  readBuildSystem,
} from "../inspect/index.ts";
import {
  type BuildableSource,
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
  type SourceBuilder,
  TargetReading,
} from "../resolve/index.ts";
import type { OperationContext } from "./context.ts";
import { failedBuildsOf } from "./failedBuilds.ts";
import { targetOf } from "./question.ts";

/** Where metadata came from that a build gave, as knowledge has it; the Python follows. */
export const BUILT = "built from sdist in a sandbox";

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

/** A build that did not come to an end, as a person is told. */
export interface BuildFailure {
  readonly outcome: Outcome;
  readonly reason?: "no-sandbox" | undefined;
  /** A whole sentence. */
  readonly message: string;
  readonly next?: string | undefined;
  /** The log's telling lines. */
  readonly lines: readonly string[];
}

/** Metadata as a build gave it, of the right project and within bounds. */
interface BuiltMetadata {
  readonly name: string;
  readonly version: string;
  readonly requiresDist: readonly string[];
  readonly requiresPython: string | undefined;
  readonly providesExtra: readonly string[];
}

type Built =
  | { readonly metadata: BuiltMetadata; readonly wheel?: FetchedWheel }
  | { readonly failure: BuildFailure };

const MAX_REQUIREMENTS = 5000;
const MAX_REQUIREMENT = 2000;
const MAX_TOLD = 200_000;

/** Builds one source at a time, and none twice. Nothing is run, fetched or asked before the first. */
export class SourceBuilds implements SourceBuilder {
  readonly #options: SourceBuildsOptions;
  readonly #listeners = new Set<BuildListener>();
  readonly #provided = new Map<string, Promise<ProvidedWheels>>();
  #queue: Promise<unknown> = Promise.resolve();
  #python: Promise<Interpreter | BuildFailure> | undefined;
  #universe: IndexUniverse | undefined;
  #stop = new AbortController();

  constructor(options: SourceBuildsOptions) {
    this.#options = options;
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
    const kept = want === "metadata" && source.sha256 ? await this.#read(source, source.sha256) : undefined;
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
    const kept = want === "metadata" ? await this.#read(source, sha256) : undefined;
    if (kept) return { metadata: kept };
    const key = `${want} ${this.#source} ${sha256} ${source.subdirectory ?? ""}`;
    const failed = failedBuildsOf(this.#options.context);
    const known = failed.get(key);
    if (known) return { failure: known };
    const built = await this.#run(source, archive, want, signal);
    if ("failure" in built) {
      if (ofTheSource(built.failure)) failed.set(key, built.failure);
      const lines = built.failure.lines.map((line) => `\n       ${line}`).join("");
      for (const listener of this.#listeners) listener.warn(`${built.failure.message}${lines}`);
    } else await this.#keep(source, sha256, built.metadata);
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
        provide: (requires) => this.#provide(subject, requires, signal),
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
    const metadata = checkMetadata(source, answer.metadata);
    if ("fault" in metadata) return failureOf(`The build of ${subject} ${metadata.fault}.`);
    if (!answer.wheel) return { metadata };
    const { name, version } = metadata;
    const wheel = { name: normalizeName(name), version, ...answer.wheel };
    return { metadata, wheel };
  }

  #tell(message: string): void {
    for (const listener of this.#listeners) listener.progress?.({ message });
  }

  get #cache(): string {
    return join(cacheFolder(this.#options.context), "validation");
  }

  /** What knowledge has it under: metadata may depend on where it was built. */
  get #source(): string {
    const { implementation, pythonVersion = "", platform, architecture } = this.#options.environment;
    const minor = pythonVersion.split(".").slice(0, 2).join(".");
    return `${BUILT}, ${implementation} ${minor} on ${platform} ${architecture}`;
  }

  async #read(source: BuildableSource, sha256: string): Promise<BuiltMetadata | undefined> {
    const { facts } = await this.#options.context.knowledge();
    const known = await facts.metadata(keyOf(source));
    const value = known.find((fact) => fact.source === this.#source && fact.value.sha256 === sha256)?.value;
    if (value === undefined) return undefined;
    return {
      name: value.project,
      version: value.version,
      requiresDist: value.dependencies.map(({ requirement }) => requirement),
      requiresPython: value.requiresPython,
      providesExtra: value.providesExtra ?? [],
    };
  }

  async #keep(source: BuildableSource, sha256: string, metadata: BuiltMetadata): Promise<void> {
    const { requiresDist, requiresPython, providesExtra, name, version } = metadata;
    try {
      const { facts } = await this.#options.context.knowledge();
      await facts.recordMetadata({
        source: this.#source,
        time: this.#options.context.now(),
        value: {
          filename: keyOf(source),
          project: name,
          version,
          sha256,
          ...(requiresPython === undefined ? {} : { requiresPython }),
          providesExtra: [...providesExtra],
          dependencies: requiresDist.map((requirement) => ({
            name: normalizeName(/^[\w.-]+/.exec(requirement)?.[0] ?? ""),
            requirement,
          })),
        },
      });
    } catch {
      // Knowledge that cannot be written costs another build, not the answer.
    }
  }

  /** The interpreter of the environment, or another of its version on this machine. */
  #interpreter(signal: AbortSignal): Promise<Interpreter | BuildFailure> {
    this.#python ??= this.#findInterpreter(signal).catch((error) => {
      this.#python = undefined;
      throw error;
    });
    return this.#python;
  }

  async #findInterpreter(signal: AbortSignal): Promise<Interpreter | BuildFailure> {
    const { context, environment } = this.#options;
    const minor = /^\d+\.\d+/.exec(environment.pythonVersion ?? "")?.[0];
    const refuse = (message: string, next: string): BuildFailure => ({
      outcome: "infrastructure-failed",
      message,
      next,
      lines: [],
    });
    if (environment.platform !== context.platform) {
      const message = `Nothing can be built for ${environment.platform} on this machine.`;
      return refuse(message, "Choose releases with wheels for it.");
    }
    const places = [environment.executable, findProgram(`python${minor}`, context.env.PATH)];
    for (const place of places) {
      if (place === undefined) continue;
      const found = await describeInterpreter(place, signal);
      signal.throwIfAborted();
      if (found.ok && found.interpreter.version.startsWith(`${minor}.`)) {
        if (found.interpreter.pip) return found.interpreter;
      }
    }
    const message = `Building needs Python ${minor} with pip on this machine, and none was found.`;
    return refuse(message, "Install it, or name the path of an interpreter with --python.");
  }

  /** The wheels that build requirements come to. They are never built themselves. */
  #provide(subject: string, requires: readonly string[], signal: AbortSignal): Promise<ProvidedWheels> {
    if (requires.length === 0) return Promise.resolve({ wheels: [] });
    const key = [...requires].sort().join("\n");
    const known = this.#provided.get(key);
    if (known) return known;
    const work = this.#resolveRequires(subject, requires, signal);
    this.#provided.set(key, work);
    const forget = (): void => void this.#provided.delete(key);
    work.then((found) => "fault" in found && forget(), forget);
    return work;
  }

  async #resolveRequires(
    subject: string,
    requires: readonly string[],
    signal: AbortSignal,
  ): Promise<ProvidedWheels> {
    const demands: Demand[] = [];
    for (const text of requires) {
      const read = readRequirement(text);
      if (!read.ok)
        return { fault: `${subject} has a build requirement that cannot be read: ${text.slice(0, 200)}.` };
      demands.push({ requirement: read.value, text });
    }
    const { environment, routeFor, policy } = this.#options;
    const reading = new TargetReading(targetOf(environment), {
      ...policy,
      onlyBinary: readNameSet([":all:"]),
      noBinary: undefined,
    });
    this.#universe ??= createIndexUniverse({
      routeFor,
      signal: this.#options.signal,
      isUsable: (name, files) => reading.judge(name, files) === "usable",
    });
    const catalogue = new Catalogue(this.#universe, reading);
    const answer = await resolve(catalogue, { requirements: demands }, { signal, maxDecisions: 20_000 });
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
    const { filename } = file;
    const kept = file.hashes.sha256 && cachedWheel(this.#cache, file.hashes.sha256, { name, version });
    if (kept) return kept;
    this.#tell(`fetching ${filename}`);
    const to = join(folder, basename(filename));
    const { client } = this.#options.routeFor(name);
    const got = await client.download(file, to, { signal });
    if ("failure" in got) return { fault: got.failure.message, next: got.failure.next };
    const path = keepWheel(this.#cache, got.sha256, basename(filename), to);
    if (typeof path !== "string") return { fault: path.message, next: path.next };
    return { name, version, filename, sha256: got.sha256, path };
  }
}

/** Whether another try would fail as well: not where the machine was what stood in the way. */
function ofTheSource({ outcome }: BuildFailure): boolean {
  return outcome !== "refused" && outcome !== "infrastructure-failed" && outcome !== "lost";
}

const failureOf = (message: string): { readonly failure: BuildFailure } => ({
  failure: { outcome: "build-failed", message, lines: [] },
});

/** Under which knowledge has it: a part of an archive is another project than the whole. */
function keyOf({ filename, subdirectory }: BuildableSource): string {
  return subdirectory === undefined ? filename : `${filename}#${subdirectory}`;
}

function lastStep({ steps }: ReturnType<typeof explainFailure>): string {
  return (steps.at(-1)?.because ?? [])
    .map(({ text }) => text)
    .join("; ")
    .replace(/\.$/, "");
}

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

/** The back-end's METADATA, which nobody has to believe: its project, its version and its size are looked at. */
function checkMetadata(
  { name, version }: BuildableSource,
  text: string,
): BuiltMetadata | { readonly fault: string } {
  if (text.length > MAX_TOLD * 5) return { fault: "gives metadata that is too long" };
  const { metadata } = readCoreMetadata(text);
  if (metadata.name === "" || !/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(metadata.name))
    return { fault: "gives metadata without a name" };
  const told = parseVersion(metadata.version);
  if (!told) return { fault: "gives metadata without a version" };
  if (name !== undefined && normalizeName(metadata.name) !== normalizeName(name))
    return { fault: `gives metadata of another project, ${metadata.name.slice(0, 100)}` };
  if (version !== undefined && compareVersions(told, version) !== 0)
    return { fault: `gives metadata of another version, ${told}` };
  const { requiresDist, requiresPython, providesExtra } = metadata;
  if (requiresDist.length > MAX_REQUIREMENTS || requiresDist.some((one) => one.length > MAX_REQUIREMENT))
    return { fault: "gives metadata with more requirements than any project has" };
  return { name: metadata.name, version: told.toString(), requiresDist, requiresPython, providesExtra };
}
