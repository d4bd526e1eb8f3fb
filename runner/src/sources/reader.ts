// Reads folders and repositories that requirements name by address, once each.
import { promises } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import { type IndexFailure, redactUrl } from "../index/index.ts";
import type {
  BuildableSource,
  DirectSource,
  ReadSource,
  SourceBuilder,
  SourceReader,
} from "../resolve/index.ts";
import { GitError, type GitOptions } from "./git.ts";
import { isInside, type ProjectTree } from "./projectTree.ts";
import { readStaticMetadata, type StaticMetadata, type StaticProject } from "./staticMetadata.ts";

export interface SourceReaderOptions extends GitOptions {
  readonly offline: boolean;
  /** Builds what says its dependencies only when built. */
  readonly builder?: SourceBuilder | undefined;
  /** Keeps what commits say, which never changes. */
  readonly store?:
    | { read(key: string): string | undefined; write(key: string, text: string): void }
    | undefined;
}

type Answer = ReadSource | { readonly failure: IndexFailure };

/** Reads no address twice; rejects only with what `options.signal` was aborted with. */
export function createSourceReader(options: SourceReaderOptions): SourceReader {
  const known = new Map<string, Promise<Answer | undefined>>();
  return {
    read(url) {
      let answer = known.get(url);
      if (answer === undefined) {
        answer = readSource(url, options);
        answer.catch(() => known.delete(url));
        known.set(url, answer);
      }
      return answer;
    },
  };
}

async function readSource(url: string, options: SourceReaderOptions): Promise<Answer | undefined> {
  const version = /^([a-z]+)\+/i.exec(url)?.[1]?.toLowerCase();
  if (version === "git") return readRepository(url, options);
  if (version !== undefined) {
    const next = "Name a wheel or an sdist of it, or a Git repository.";
    return {
      failure: failureOf(
        "unsupported-archive",
        url,
        `is a ${version} repository, which is not read here`,
        next,
      ),
    };
  }
  return url.startsWith("file:") ? readFolder(url, options) : undefined;
}

/** Undefined of a file. */
async function readFolder(url: string, options: SourceReaderOptions): Promise<Answer | undefined> {
  const address = new URL(url);
  const subdirectory = subdirectoryOf(address.hash);
  address.hash = "";
  let path: string;
  try {
    path = fileURLToPath(address);
    if (!(await promises.stat(path)).isDirectory()) return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const isThere = code !== "ENOENT" && code !== "ENOTDIR";
    const why = isThere ? `cannot be read (${code})` : "is not there";
    return { failure: failureOf(isThere ? "unreadable" : "not-found", url, why, "Check the path.") };
  }
  const root = subdirectory === undefined ? path : join(path, subdirectory);
  try {
    const read = await readStaticMetadata(folderTree(root));
    const source: DirectSource = {
      kind: "directory",
      url: address.href,
      path: root,
      ...(subdirectory === undefined ? {} : { subdirectory }),
    };
    const buildable = buildableOf(url, subdirectory, async (to) => {
      const { packFolder } = await import("./pack.ts");
      await packFolder(path, to);
    });
    if ("project" in read) return sourceOf(read.project, source, buildable);
    return await built(url, read, source, buildable, options);
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { failure: failureOf("unreadable", url, `cannot be read (${code})`, "Check its permissions.") };
  }
}

const MOST_BYTES = 8 * 1024 * 1024;

function folderTree(root: string): ProjectTree {
  return {
    async read(path) {
      try {
        const at = join(root, path);
        if ((await promises.stat(at)).size > MOST_BYTES)
          throw Object.assign(new Error(), { code: "too large" });
        return await promises.readFile(at, "utf8");
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
        throw error;
      }
    },
  };
}

/** `git+URL[@REFERENCE][#subdirectory=FOLDER]`, taken apart as pip does: the reference follows the last `@` of the path. */
export function splitRepository(address: string): {
  readonly url: string;
  readonly reference: string | undefined;
  readonly subdirectory: string | undefined;
} {
  const [body = "", hash = ""] = address.replace(/^git\+/i, "").split("#", 2);
  const pathAt = body.indexOf("/", body.indexOf("//") + 2);
  const at = body.lastIndexOf("@");
  const hasReference = pathAt >= 0 && at > pathAt;
  return {
    url: hasReference ? body.slice(0, at) : body,
    reference: hasReference ? decodeURIComponent(body.slice(at + 1)) : undefined,
    subdirectory: subdirectoryOf(hash),
  };
}

/** A login in an address goes to git out of sight, and into no lock and no message. */
function takeLogin(address: string): { readonly url: string; readonly login: string | undefined } {
  const url = /^https?:/i.test(address) ? URL.parse(address) : null;
  if (!url || (url.username === "" && url.password === "")) return { url: address, login: undefined };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  return { url: url.href, login: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

async function readRepository(address: string, given: SourceReaderOptions): Promise<Answer> {
  const { url: written, reference, subdirectory } = splitRepository(address);
  const { url, login } = takeLogin(written);
  const options = login === undefined ? given : { ...given, authorization: () => login };
  if (subdirectory !== undefined && !isInside(subdirectory)) {
    return {
      failure: failureOf(
        "unsafe-url",
        address,
        "names a folder outside of the repository",
        "Check the address.",
      ),
    };
  }
  const sourceAt = (commit: string): DirectSource => ({
    kind: "vcs",
    system: "git",
    url,
    ...(reference === undefined ? {} : { requested: reference }),
    commit,
    ...(subdirectory === undefined ? {} : { subdirectory }),
  });
  const keyOf = (commit: string): string => `git ${url} ${commit} ${subdirectory ?? ""}`;
  const kept = reference === undefined ? undefined : options.store?.read(keyOf(reference));
  const { fetchCommit } = await import("./git.ts");
  const buildableAt = (at: string): BuildableSource =>
    buildableOf(address, subdirectory, async (to) => {
      const commit = await fetchCommit(url, at, options);
      await commit.archive(to).finally(() => commit.close());
    });
  if (kept !== undefined && reference !== undefined)
    return sourceOf(JSON.parse(kept), sourceAt(reference), buildableAt(reference));
  if (options.offline && !url.startsWith("file:")) {
    return { failure: failureOf("offline", address, "offline", "Check again when you are online.") };
  }
  try {
    const commit = await fetchCommit(url, reference, options);
    try {
      const root = subdirectory === undefined ? "" : `${subdirectory.replace(/\/+$/, "")}/`;
      const read = await readStaticMetadata({ read: (path) => commit.read(`${root}${path}`) });
      if ("fault" in read) {
        return await built(address, read, sourceAt(commit.commit), buildableAt(commit.commit), options);
      }
      options.store?.write(keyOf(commit.commit), JSON.stringify(read.project));
      return sourceOf(read.project, sourceAt(commit.commit), buildableAt(commit.commit));
    } finally {
      await commit.close();
    }
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const next =
      error.code === "no-git"
        ? "Install git, or name a wheel or an sdist in its place."
        : error.code === "no-reference"
          ? "Check the branch, the tag or the commit after @."
          : "Check the address and your access to it.";
    const code =
      error.code === "timeout" ? "timeout" : error.code === "no-reference" ? "not-found" : "unreachable";
    return { failure: failureOf(code, address, error.message, next) };
  }
}

/** @param pack puts the archive at a path; what it throws is told as the fault of the source. */
function buildableOf(
  address: string,
  subdirectory: string | undefined,
  pack: (to: string) => Promise<void>,
): BuildableSource {
  const subject = shownAddress(address);
  return {
    subject,
    filename: `${subject}.tar`,
    subdirectory,
    async fetch(to) {
      try {
        await pack(to);
        return undefined;
      } catch (error) {
        const { code = String(error), message } = error as NodeJS.ErrnoException;
        const why = error instanceof GitError ? message : `cannot be copied (${code})`;
        return { message: `${subject} ${why}.`, next: "Check its permissions." };
      }
    },
  };
}

/** What a build says of a source, where one is allowed and can help. */
async function built(
  address: string,
  { fault, isBuildable }: Extract<StaticMetadata, { fault: string }>,
  source: DirectSource,
  buildable: BuildableSource,
  { builder }: SourceReaderOptions,
): Promise<Answer> {
  if (!builder && isBuildable) {
    const next =
      "Write its dependencies in [project] of pyproject.toml, name a wheel of it, or let it be built: --build-sdists.";
    return { failure: failureOf("metadata-not-static", address, fault, next) };
  }
  if (!builder || !isBuildable) return { failure: notStatic(address, fault) };
  const metadata = await builder.metadata(buildable);
  if (!("failure" in metadata)) {
    const { name, version, requiresDist, requiresPython } = metadata;
    return sourceOf({ name, version, requiresDist, requiresPython }, source, buildable);
  }
  const { message, next } = metadata.failure;
  const { index } = failureOf("metadata-not-static", address, "", "");
  return { failure: { code: "metadata-not-static", index, message: `${message}.`, next } };
}

function subdirectoryOf(hash: string): string | undefined {
  const found = /(?:^#?|&)subdirectory=([^&]+)/.exec(hash)?.[1];
  return found === undefined ? undefined : decodeURIComponent(found);
}

function sourceOf(
  project: Pick<StaticProject, "name" | "version" | "requiresDist" | "requiresPython">,
  source: DirectSource,
  buildable: BuildableSource,
): ReadSource {
  const known = project.version === undefined ? undefined : parseVersion(project.version);
  const version = known ?? parseVersion("0")!;
  const { name, requiresDist, requiresPython } = project;
  return {
    source,
    name: normalizeName(name),
    version,
    buildable,
    ...(known ? {} : { isVersionUnknown: true }),
    metadata: { name, version: version.toString(), requiresDist, requiresPython },
  };
}

function notStatic(url: string, fault: string): IndexFailure {
  const next = "Write its dependencies in [project] of pyproject.toml, or name a wheel of it.";
  return failureOf("metadata-not-static", url, fault, next);
}

function failureOf(code: IndexFailure["code"], url: string, why: string, next: string): IndexFailure {
  const index = redactUrl(url.replace(/^[a-z]+\+/i, ""));
  return { code, index, message: `${shownAddress(url)} ${why}.`, next };
}

/** A folder by its path, anything else by its address without credentials. */
function shownAddress(url: string): string {
  const index = redactUrl(url.replace(/^[a-z]+\+/i, ""));
  return index.startsWith("file:") ? index.slice("file://".length) : index;
}
