// Reads a Git repository through the `git` program: a reference becomes a commit, a path a text. Nothing is checked out or run.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface GitOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** The header that an address is asked with, where there is a login for it. */
  authorization?(url: URL): string | undefined;
  /** For one call of the program. */
  readonly timeoutMs?: number | undefined;
}

/** Why a repository could not be read, as the rest of a sentence about it. */
export class GitError extends Error {
  readonly code: "no-git" | "unreachable" | "no-reference" | "timeout";
  constructor(code: GitError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** One commit that was fetched. */
export interface GitCommit {
  readonly commit: string;
  /** Undefined of a file that the commit does not have. */
  read(path: string): Promise<string | undefined>;
  /** Puts the commit's files at a path as a `.tar` with one folder at its top. */
  archive(to: string): Promise<void>;
  close(): Promise<void>;
}

const FULL = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const MOST_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

/** Settings of a repository or of a person that would run programs are switched off. */
const SAFE = [
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.fsmonitor=false",
  "-c",
  "fetch.recurseSubmodules=false",
  "-c",
  "protocol.ext.allow=never",
];

/**
 * Fetches one commit of a repository into a folder of its own.
 * @param url of the repository; `file:`, `https:`, `http:`, `ssh:` or `git:`.
 * @param reference branch, tag or commit; undefined is the repository's HEAD.
 * @throws GitError, or what the signal was aborted with.
 */
export async function fetchCommit(
  url: string,
  reference: string | undefined,
  options: GitOptions,
): Promise<GitCommit> {
  if (!/^(?:file|https?|ssh|git):\/\//i.test(url) || reference?.startsWith("-")) {
    throw new GitError("unreachable", "has an address that git is not asked for");
  }
  const folder = await mkdtemp(join(tmpdir(), "thoth-git-"));
  const git = (args: readonly string[]) => runGit([...SAFE, "-C", folder, ...args], url, options);
  try {
    await git(["init", "--quiet", "--bare", "--template="]);
    const commit = await fetchReference(url, reference, git);
    return {
      commit,
      read: async (path) => {
        const listed = await git(["ls-tree", "-l", "-z", commit, "--", path]);
        const [, type, size] = /^\d+ (\w+) \w+ +(\d+|-)\t/.exec(listed) ?? [];
        if (type !== "blob") return undefined;
        if (Number(size) > MOST_BYTES) throw new GitError("unreachable", `has ${path} larger than is read`);
        return git(["cat-file", "blob", `${commit}:${path}`]);
      },
      archive: async (to) => {
        await git(["archive", "--format=tar", "--prefix=source/", `--output=${to}`, commit]);
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

type Git = (args: readonly string[]) => Promise<string>;

async function fetchReference(url: string, reference: string | undefined, git: Git): Promise<string> {
  const wanted = await advertised(url, reference, git);
  const depth = ["fetch", "--quiet", "--depth=1", "--no-tags", "--", url];
  if (wanted !== undefined) {
    await git([...depth, wanted]);
    return commitOf("FETCH_HEAD", git, url, reference);
  }
  if (reference !== undefined && FULL.test(reference)) {
    // Few servers give a commit that no reference points at; with the whole history it is there.
    try {
      await git([...depth, reference]);
      return await commitOf("FETCH_HEAD", git, url, reference);
    } catch (error) {
      if (!(error instanceof GitError) || error.code !== "unreachable") throw error;
    }
  }
  if (reference === undefined || !/^[0-9a-f]{7,64}$/.test(reference)) {
    throw new GitError("no-reference", `has no ${reference ?? "HEAD"}`);
  }
  await git(["fetch", "--quiet", "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
  return commitOf(reference, git, url, reference);
}

/** The full name of a reference that the repository lists: pip's order, a branch before a tag. */
async function advertised(url: string, reference: string | undefined, git: Git): Promise<string | undefined> {
  const listed = await git(["ls-remote", "--", url]);
  const names = new Set(listed.split("\n").map((line) => line.split("\t")[1] ?? ""));
  const wanted = reference ?? "HEAD";
  const found = [`refs/heads/${wanted}`, `refs/tags/${wanted}`, wanted].find((name) => names.has(name));
  if (found === undefined && listed.trim() === "") throw new GitError("no-reference", "is empty");
  return found;
}

async function commitOf(
  name: string,
  git: Git,
  _url: string,
  reference: string | undefined,
): Promise<string> {
  try {
    return (await git(["rev-parse", "--verify", "--quiet", `${name}^{commit}`])).trim();
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== "unreachable") throw error;
    throw new GitError("no-reference", `has no ${reference ?? "HEAD"}`);
  }
}

function runGit(args: readonly string[], url: string, options: GitOptions): Promise<string> {
  const { env, signal, authorization, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    execFile(
      "git",
      args as string[],
      {
        env: { ...env, ...quietEnvironment(url, authorization) } as NodeJS.ProcessEnv,
        maxBuffer: 64 * 1024 * 1024,
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        signal,
        encoding: "utf8",
      },
      (error, stdout, stderr) => {
        if (!error) resolve(stdout);
        else if (signal.aborted) reject(signal.reason);
        else if ((error as NodeJS.ErrnoException).code === "ENOENT") {
          reject(new GitError("no-git", "can be read only with git, which is not installed"));
        } else if (error.killed) reject(new GitError("timeout", "did not answer in time"));
        else reject(new GitError("unreachable", `cannot be read: ${reasonOf(stderr)}`));
      },
    );
  });
}

/** git asks nobody anything, starts no other transport than the usual ones, and gets a login out of sight of `ps`. */
function quietEnvironment(url: string, authorization: GitOptions["authorization"]): Record<string, string> {
  const login = /^https?:/i.test(url) ? authorization?.(new URL(url)) : undefined;
  const header =
    login === undefined
      ? {}
      : {
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: `http.${new URL(url).origin}/.extraHeader`,
          GIT_CONFIG_VALUE_0: `Authorization: ${login}`,
        };
  return {
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    SSH_ASKPASS: "true",
    GCM_INTERACTIVE: "never",
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
    GIT_ALLOW_PROTOCOL: "file:http:https:ssh:git",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
    ...header,
  };
}

/** What git says, in one line without its own prefix; a login in an address does not get so far. */
function reasonOf(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const fatal =
    lines.find((line) => line.startsWith("fatal:") || line.startsWith("ERROR:")) ?? lines[0] ?? "git failed";
  return fatal
    .replace(/^(?:fatal|error|ERROR): /, "")
    .replace(/\/\/[^/@\s]*@/g, "//")
    .replace(/\.$/, "")
    .slice(0, 200);
}
