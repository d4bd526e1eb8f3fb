// The universe behind an index client: pages of all configured indexes as one, metadata by the cheapest way.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guessArtifact } from "../../../shared/src/packaging/filename.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { IndexClient, IndexFailure, PageFile, ProjectAnswer } from "../index/index.ts";
import type { ReleaseMetadata, Universe, UniverseProject } from "./python/model.ts";

/** A universe that knows where its files come from. */
export interface IndexUniverse extends Universe {
  /** The index that a file was found on, without credentials; undefined of a file that was asked for by address. */
  indexOf(file: PageFile): string | undefined;
  /** The sha256 of a file whose index lists none: its bytes are fetched, hashed and thrown away. */
  digest(
    name: string,
    file: PageFile,
  ): Promise<{ readonly sha256: string } | { readonly failure: IndexFailure }>;
}

/**
 * Makes a universe of what indexes have. The indexes of one client are merged as pip merges them: every release of every
 * index, none before another; for the same file name the first index counts.
 * @param clientFor whom to ask for a project, by its normalised name.
 * @param signal ends every request that is under way.
 */
export function createIndexUniverse(
  clientFor: (name: string) => IndexClient,
  signal?: AbortSignal,
): IndexUniverse {
  const origins = new WeakMap<PageFile, string>();
  const readMetadata = async (name: string, file: PageFile): Promise<ReleaseMetadata> => {
    const answer = await clientFor(name).metadata(file, { signal });
    return "failure" in answer ? { failure: answer.failure } : answer.metadata;
  };
  return {
    isRemote: true,
    project: async (name) => mergePages(await clientFor(name).project(name, { signal }), origins),
    metadata: (name, _version, file) => readMetadata(name, file),
    direct: (name, url) => readDirect(name, url, (file) => readMetadata(name, file)),
    indexOf: (file) => origins.get(file),
    async digest(name, file) {
      const folder = await mkdtemp(join(tmpdir(), "thoth-digest-"));
      try {
        return await clientFor(name).download(file, join(folder, "file"), { signal });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function mergePages({ pages, failure }: ProjectAnswer, origins: WeakMap<PageFile, string>): UniverseProject {
  const releases = new Map<string, { readonly version: Version; readonly files: Map<string, PageFile> }>();
  for (const page of pages) {
    for (const { parsed, files } of page.releases) {
      if (parsed === undefined) continue;
      const release = releases.get(parsed.key) ?? { version: parsed, files: new Map<string, PageFile>() };
      releases.set(parsed.key, release);
      for (const file of files) {
        if (release.files.has(file.filename)) continue;
        release.files.set(file.filename, file);
        origins.set(file, page.index.url);
      }
    }
  }
  const merged = [...releases.values()].map(({ version, files }) => ({
    version,
    files: [...files.values()],
  }));
  return { releases: merged, failure };
}

/** One release at an address: its version from the file name, else from the metadata. */
async function readDirect(
  name: string,
  address: string,
  readMetadata: (file: PageFile) => Promise<ReleaseMetadata>,
): Promise<UniverseProject> {
  const url = new URL(address);
  const digest = /^#(?:.*&)?(sha256|sha384|sha512)=([0-9a-f]+)/i.exec(url.hash);
  url.hash = "";
  const filename = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
  const file: PageFile = {
    filename,
    url: url.href,
    hashes: digest ? { [digest[1]!.toLowerCase()]: digest[2]!.toLowerCase() } : {},
  };
  const { version } = guessArtifact(filename, name);
  if (version) return { releases: [{ version, files: [file] }] };
  const metadata = await readMetadata(file);
  const said = "failure" in metadata ? undefined : parseVersion(metadata.version);
  return { releases: said ? [{ version: said, files: [file] }] : [] };
}
