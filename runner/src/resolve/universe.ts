// The universe behind index clients: pages of the indexes as the tool that will install sees them, metadata by the cheapest way.
import { promises } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guessArtifact } from "../../../shared/src/packaging/filename.ts";
import type { WheelVariant } from "../../../shared/src/packaging/variantMarkers.ts";
import {
  orderVariants,
  propertiesOf,
  readVariantsFile,
  splitVariant,
  type VariantProperties,
  variantsFileName,
} from "../../../shared/src/packaging/variants.ts";
import { compareVersions, parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import {
  type IndexClient,
  type IndexFailure,
  type PageFile,
  type ProjectAnswer,
  type ProjectPage,
  redactUrl,
} from "../index/index.ts";
import type { ReleaseMetadata, Universe, UniverseProject, UniverseRelease } from "./python/model.ts";

/**
 * Who wins where several indexes have a project. `merge` is pip's: the best file of the best release, wherever it is. The others
 * are uv's: `first-index` takes all releases from the first index that has any, `unsafe-first-match` takes a later index's only
 * where none of an earlier one will do, `unsafe-best-match` takes the best release, and of equal ones the first index's.
 */
export type MatchRule = "merge" | "first-index" | "unsafe-first-match" | "unsafe-best-match";

/** Whom to ask for a project, and who wins among them. The client of a `first-index` route searches so itself. */
export interface IndexRoute {
  readonly client: IndexClient;
  readonly rule: MatchRule;
  /** Why these indexes and no others, in a phrase; undefined of the ones that are asked for everything. */
  readonly why?: string | undefined;
}

/** What asking for one project came to. Addresses without credentials, in the order in which they were asked. */
export interface IndexSearch {
  readonly rule: MatchRule;
  readonly why?: string | undefined;
  readonly found: readonly string[];
  readonly absent: readonly string[];
  /** Not needed: an index before them had the project. */
  readonly notAsked: readonly string[];
  /** Left out, as pip leaves them out. */
  readonly passedOver: readonly IndexFailure[];
  readonly refused?: IndexFailure | undefined;
}

/** Where a project is that was asked for by address, and what was found there. */
export type DirectSource = SourcePlace & {
  /** Only a build tells the version: clauses on it count as met. */
  readonly isVersionUnknown?: boolean | undefined;
};

type SourcePlace =
  | { readonly kind: "archive"; readonly url: string; readonly subdirectory?: string | undefined }
  | {
      readonly kind: "directory";
      readonly url: string;
      /** Absolute, of the project itself. */
      readonly path: string;
      readonly subdirectory?: string | undefined;
    }
  | {
      readonly kind: "vcs";
      readonly system: "git";
      /** Without `git+`, reference and fragment. */
      readonly url: string;
      readonly requested?: string | undefined;
      readonly commit: string;
      readonly subdirectory?: string | undefined;
    };

/** One release that lies at an address. */
export interface ReadSource {
  readonly source: DirectSource;
  readonly name: string;
  readonly version: Version;
  /** Only a build tells the version: `version` stands for it, and clauses on it count as met. */
  readonly isVersionUnknown?: boolean | undefined;
  readonly metadata: ReleaseMetadata;
  /** For a wheel of it. */
  readonly buildable: BuildableSource;
}

/** Reads what no index client reads: folders and repositories. */
export interface SourceReader {
  /** Undefined of an address that is a plain file: a wheel or an sdist. */
  read(url: string): Promise<ReadSource | { readonly failure: IndexFailure } | undefined>;
}

/** An sdist, a folder or a commit that tells what it needs only when built. */
export interface BuildableSource {
  /** `flask 3.0`, for sentences. */
  readonly subject: string;
  /** As the archive is called: its ending says how it is packed. */
  readonly filename: string;
  /** Where it is known before the bytes are there. */
  readonly sha256?: string | undefined;
  /** What it has to be of, where that is known: any other metadata is refused. */
  readonly name?: string | undefined;
  readonly version?: Version | undefined;
  /** The project's folder below the archive's own. */
  readonly subdirectory?: string | undefined;
  /** Puts the archive at a path, verified; else why not. */
  fetch(
    to: string,
    signal: AbortSignal,
  ): Promise<{ readonly message: string; readonly next: string } | undefined>;
}

/** Builds sources where a person allows that. */
export interface SourceBuilder {
  metadata(
    source: BuildableSource,
  ): Promise<
    | Exclude<ReleaseMetadata, { readonly failure: unknown }>
    | { readonly failure: { readonly code: string; readonly message: string; readonly next: string } }
  >;
}

/** A universe that knows where its files come from. */
export interface IndexUniverse extends Universe {
  /** The metadata of a file as far as it is stored or lies on this machine: nothing is fetched. */
  storedMetadata(name: string, file: PageFile): Promise<ReleaseMetadata>;
  /** The index that a file of a project was found on, without credentials; undefined of a file that was asked for by address. */
  indexOf(name: string, file: PageFile): string | undefined;
  /** What asking for a project came to; undefined of one that was not asked for. */
  searchOf(name: string): IndexSearch | undefined;
  /** What a file that is no wheel is built from. */
  buildableOf(name: string, version: Version, file: PageFile): BuildableSource;
  /** What lies at an address that a project was asked for by; undefined of one that was not read. */
  sourceOf(name: string, url: string): DirectSource | undefined;
  /** The sha256 of a file whose index lists none: its bytes are fetched, hashed and thrown away. */
  digest(
    name: string,
    file: PageFile,
  ): Promise<{ readonly sha256: string } | { readonly failure: IndexFailure }>;
}

export interface UniverseOptions {
  /** Whom to ask for a project, by its normalised name. */
  routeFor(name: string): IndexRoute;
  /** Ends every request that is under way. */
  readonly signal?: AbortSignal | undefined;
  readonly sources?: SourceReader | undefined;
  /** Builds what says its dependencies only when built; without it such releases cannot be used. */
  readonly builder?: SourceBuilder | undefined;
  /** What the environment has, where wheel variants are to be chosen; without it they are left out. */
  readonly variants?: VariantProperties | undefined;
  /** Whether one of the files can be used: uv passes over an index whose files of a release cannot. Without it none is. */
  isUsable?(name: string, files: readonly PageFile[]): boolean;
}

const MOST_VARIANT_BYTES = 4 * 1024 * 1024;

/** Makes a universe of what indexes have. */
export function createIndexUniverse(options: UniverseOptions): IndexUniverse {
  return new MergedUniverse(options);
}

class MergedUniverse implements IndexUniverse {
  readonly isRemote = true;
  readonly #options: UniverseOptions;
  readonly #pages = new Map<string, readonly ProjectPage[]>();
  /** The file of the page, for one that stands in its place with a variant that was chosen. */
  readonly #listed = new WeakMap<PageFile, PageFile>();
  readonly #searches = new Map<string, IndexSearch>();
  readonly #sources = new Map<string, DirectSource>();
  /** Of the files that stand for folders and repositories. */
  readonly #read = new WeakMap<PageFile, ReleaseMetadata>();
  /** Of the same, and of archives at an address. */
  readonly #buildables = new WeakMap<PageFile, BuildableSource>();

  constructor(options: UniverseOptions) {
    this.#options = options;
  }

  async project(name: string): Promise<UniverseProject> {
    const { client, rule, why } = this.#options.routeFor(name);
    const answer = await client.project(name, { signal: this.#options.signal });
    this.#searches.set(name, searchOf(answer, rule, why));
    const { pages, failure } = answer;
    this.#pages.set(name, pages);
    const merged = rule === "merge" ? mergePages(pages) : this.#rankPages(name, pages, rule);
    const { variants } = this.#options;
    const releases = variants === undefined ? merged : await this.#chooseVariants(merged, client, variants);
    return { releases, failure };
  }

  /** Marks the wheels whose variant the environment takes; the others stay, and are passed over with that reason. */
  async #chooseVariants(
    releases: readonly UniverseRelease[],
    client: IndexClient,
    environment: VariantProperties,
  ): Promise<UniverseRelease[]> {
    return Promise.all(
      releases.map(async (release) => {
        const labelled = release.files.filter(({ filename }) => splitVariant(filename) !== undefined);
        if (labelled.length === 0) return release;
        const ranks = await this.#rankVariants(labelled[0]!, client, environment);
        const files = release.files.map((file) => {
          const label = splitVariant(file.filename)?.label;
          const rank = ranks.findIndex((one) => one.label === label);
          if (rank < 0) return file;
          const chosen: PageFile = { ...fieldsOf(file), variant: { ...ranks[rank]!, rank } };
          this.#listed.set(chosen, file);
          return chosen;
        });
        return { ...release, files };
      }),
    );
  }

  /** The variants that the environment takes, best first, by the file beside a release's wheels; none where that cannot be read. */
  async #rankVariants(
    wheel: PageFile,
    client: IndexClient,
    environment: VariantProperties,
  ): Promise<readonly WheelVariant[]> {
    const url = new URL(variantsFileName(wheel.filename)!, wheel.url);
    const { signal } = this.#options;
    const text =
      url.protocol === "file:"
        ? await promises.readFile(url, "utf8").catch(() => undefined)
        : await client
            .text(url.href, { maxBytes: MOST_VARIANT_BYTES, signal })
            .then((answer) => ("bytes" in answer ? answer.bytes.toString("utf8") : undefined));
    const file = text === undefined ? undefined : readVariantsFile(text);
    if (file === undefined) return [];
    return orderVariants(file, environment).map((label) => ({
      label,
      properties: propertiesOf(file, label, environment),
    }));
  }

  /** uv's way: a release's files are those of one index, the first that has one which can be used. */
  #rankPages(name: string, pages: readonly ProjectPage[], rule: MatchRule): UniverseRelease[] {
    const found = new Map<
      string,
      { version: Version; groups: { tier: number; files: readonly PageFile[] }[] }
    >();
    // uv's find-links are no index of their own: they stand beside whichever has the project.
    const loose = pages.filter(({ index }) => index.kind === "find-links");
    const indexes = pages.filter(({ index }) => index.kind === "index");
    for (const [tier, page] of indexes.entries()) {
      for (const { parsed, files } of page.releases) {
        if (parsed === undefined) continue;
        const release = found.get(parsed.key) ?? { version: parsed, groups: [] };
        release.groups.push({ tier, files });
        found.set(parsed.key, release);
      }
    }
    const { isUsable } = this.#options;
    const releases = new Map<string, UniverseRelease>();
    for (const [key, { version, groups }] of found) {
      const best = (isUsable && groups.find(({ files }) => isUsable(name, files))) ?? groups[0]!;
      releases.set(key, {
        version,
        files: best.files,
        ...(rule === "unsafe-first-match" ? { tier: best.tier } : {}),
      });
    }
    for (const { version, files } of mergePages(loose)) {
      const beside = releases.get(version.key);
      const names = new Set(files.map(({ filename }) => filename));
      const others = beside?.files.filter(({ filename }) => !names.has(filename)) ?? [];
      releases.set(version.key, { ...(beside ?? { version }), files: [...files, ...others] });
    }
    return [...releases.values()];
  }

  metadata(name: string, version: Version, file: PageFile): ReleaseMetadata | Promise<ReleaseMetadata> {
    return this.#read.get(file) ?? this.#metadata(name, version, file);
  }

  /** Whether metadata of this file may have to be built: nobody asks for that before it is needed. */
  isCostly(file: PageFile): boolean {
    return this.#options.builder !== undefined && !file.filename.endsWith(".whl");
  }

  async storedMetadata(name: string, file: PageFile): Promise<ReleaseMetadata> {
    const { client } = this.#options.routeFor(name);
    const answer = await client.metadata(file, { signal: this.#options.signal, stored: true });
    return "failure" in answer ? { failure: answer.failure } : answer.metadata;
  }

  async #metadata(name: string, version: Version, file: PageFile): Promise<ReleaseMetadata> {
    const { client } = this.#options.routeFor(name);
    const answer = await client.metadata(file, { signal: this.#options.signal });
    if (!("failure" in answer)) return answer.metadata;
    const { builder } = this.#options;
    if (builder === undefined || answer.failure.code !== "metadata-not-static")
      return { failure: answer.failure };
    return builder.metadata(sdistOf(client, file, name, version));
  }

  async direct(name: string, url: string): Promise<UniverseProject> {
    const read = await this.#options.sources?.read(url);
    if (read === undefined) return this.#directFile(name, url);
    if ("failure" in read) return { releases: [], failure: read.failure };
    const file: PageFile = { filename: directFileName(read), url, hashes: {} };
    this.#read.set(file, read.metadata);
    this.#buildables.set(file, read.buildable);
    const { source, isVersionUnknown } = read;
    this.#sources.set(`${name} @ ${url}`, { ...source, isVersionUnknown });
    return {
      releases: [{ version: read.version, files: [file] }],
      ...(read.isVersionUnknown ? { isVersionUnknown: true } : {}),
    };
  }

  /** One release at an address: its version from the file name, else from the metadata. */
  async #directFile(name: string, address: string): Promise<UniverseProject> {
    const { client } = this.#options.routeFor(name);
    const url = new URL(client.settings.secrets.takeFrom(address));
    const digest = /^#(?:.*&)?(sha256|sha384|sha512)=([0-9a-f]+)/i.exec(url.hash);
    const subdirectory = /^#(?:.*&)?subdirectory=([^&]+)/.exec(url.hash)?.[1];
    url.hash = "";
    const filename = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
    const file: PageFile = {
      filename,
      url: url.href,
      hashes: digest ? { [digest[1]!.toLowerCase()]: digest[2]!.toLowerCase() } : {},
    };
    this.#sources.set(`${name} @ ${address}`, { kind: "archive", url: url.href, subdirectory });
    // Nothing else can take its place: what cannot be read of it ends the search, and is no conflict.
    const answer = await client.metadata(file, { signal: this.#options.signal });
    const guessed = guessArtifact(filename, name).version;
    const { builder } = this.#options;
    const archive = sdistOf(client, file, name, guessed, subdirectory && decodeURIComponent(subdirectory));
    let found: ReleaseMetadata;
    if (!("failure" in answer)) found = answer.metadata;
    else if (builder && answer.failure.code === "metadata-not-static") {
      const built = await builder.metadata(archive);
      if ("failure" in built)
        return { releases: [], failure: { ...answer.failure, ...ended(built.failure) } };
      found = built;
    } else return { releases: [], failure: this.#withBuilding(answer.failure) };
    this.#read.set(file, found);
    this.#buildables.set(file, archive);
    const version = guessed ?? parseVersion(found.version);
    return { releases: version ? [{ version, files: [file] }] : [] };
  }

  buildableOf(name: string, version: Version, file: PageFile): BuildableSource {
    const { client } = this.#options.routeFor(name);
    return this.#buildables.get(file) ?? sdistOf(client, file, name, version);
  }

  /** Names the setting with which what is only built can be had. */
  #withBuilding(failure: IndexFailure): IndexFailure {
    if (failure.code !== "metadata-not-static" || this.#options.builder) return failure;
    return { ...failure, next: `${failure.next.replace(/\.$/, "")}, or let it be built: --build-sdists.` };
  }

  indexOf(name: string, file: PageFile): string | undefined {
    const listed = this.#listed.get(file) ?? file;
    const has = ({ releases }: ProjectPage) => releases.some(({ files }) => files.includes(listed));
    const index = this.#pages.get(name)?.find(has)?.index.url;
    return index && redactUrl(index);
  }

  searchOf(name: string): IndexSearch | undefined {
    return this.#searches.get(name);
  }

  sourceOf(name: string, url: string): DirectSource | undefined {
    return this.#sources.get(`${name} @ ${url}`);
  }

  async digest(name: string, file: PageFile) {
    const folder = await promises.mkdtemp(join(tmpdir(), "thoth-digest-"));
    const { signal } = this.#options;
    try {
      return await this.#options.routeFor(name).client.download(file, join(folder, "file"), { signal });
    } finally {
      await promises.rm(folder, { recursive: true, force: true });
    }
  }
}

/** An sdist of an index, or at an address, for building: downloaded and held against the digest that is listed. */
export function sdistOf(
  client: IndexClient,
  file: PageFile,
  name: string,
  version: Version | undefined,
  subdirectory?: string,
): BuildableSource {
  return {
    subject: version === undefined ? name : `${name} ${version}`,
    filename: file.filename,
    sha256: file.hashes.sha256,
    name,
    version,
    subdirectory,
    async fetch(to, signal) {
      const got = await client.download(file, to, { signal });
      return "failure" in got ? got.failure : undefined;
    },
  };
}

/** A failure inside of a sentence, as a whole one. */
function ended({ message, next }: { readonly message: string; readonly next: string }) {
  return { message: `${message.replace(/\.$/, "")}.`, next };
}

/** A page's file works its values out when they are asked for: a spread of it would have none. */
function fieldsOf(file: PageFile): PageFile {
  const { filename, url, hashes, requiresPython, yanked, size, uploadTime, coreMetadata, provenance } = file;
  return { filename, url, hashes, requiresPython, yanked, size, uploadTime, coreMetadata, provenance };
}

function searchOf(answer: ProjectAnswer, rule: MatchRule, why: string | undefined): IndexSearch {
  const { pages, absentFrom, notAsked = [], notChecked = [], failure } = answer;
  return {
    rule,
    why,
    found: pages.map(({ index }) => index.url),
    absent: absentFrom.map(({ url }) => url),
    notAsked: notAsked.map(({ url }) => url),
    passedOver: notChecked,
    refused: failure,
  };
}

/**
 * pip's way: every file of every index, none before another. Where the same file name is on several, pip takes the last index,
 * since it sorts its links in the order of the indexes, loose files first, and looks at them from the end.
 */
function mergePages(pages: readonly ProjectPage[]): UniverseRelease[] {
  if (pages.length === 1) return releasesOf(pages[0]!);
  const releases = new Map<string, { readonly version: Version; readonly files: Map<string, PageFile> }>();
  const isLoose = ({ index }: ProjectPage): boolean => index.kind === "find-links";
  const ordered = [...pages.filter(isLoose), ...pages.filter((page) => !isLoose(page))].reverse();
  for (const page of ordered) {
    for (const { parsed, files } of page.releases) {
      if (parsed === undefined) continue;
      const release = releases.get(parsed.key) ?? { version: parsed, files: new Map<string, PageFile>() };
      releases.set(parsed.key, release);
      for (const file of files) {
        if (release.files.has(file.filename)) continue;
        release.files.set(file.filename, file);
      }
    }
  }
  return [...releases.values()].map(({ version, files }) => ({ version, files: [...files.values()] }));
}

/** What merging comes to for the one page that most projects have, which may be of thousands of files. */
function releasesOf({ releases: listed }: ProjectPage): UniverseRelease[] {
  const releases: { readonly version: Version; files: readonly PageFile[] }[] = [];
  for (const { parsed, files } of listed) {
    if (parsed === undefined) continue;
    const last = releases.at(-1);
    // `1.0` and `1.0.0` are one release, and stand side by side.
    if (last && compareVersions(last.version, parsed) === 0) last.files = [...last.files, ...files];
    else releases.push({ version: parsed, files });
  }
  return releases.map(({ version, files }) => ({ version, files: withoutDoubles(files) }));
}

/** The first of the files of each name. */
function withoutDoubles(files: readonly PageFile[]): readonly PageFile[] {
  if (files.length < 2 || (files.length === 2 && files[0]!.filename !== files[1]!.filename)) return files;
  const names = new Set<string>();
  for (const { filename } of files) names.add(filename);
  return names.size === files.length ? files : files.filter(({ filename }) => names.delete(filename));
}

/** What stands for a folder or a repository among files: what a build of it would be called. */
function directFileName({ name, version }: ReadSource): string {
  return `${name.replaceAll("-", "_")}-${version}.tar.gz`;
}
