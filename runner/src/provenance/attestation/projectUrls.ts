// Compares the repository that has signed with those that a project's own pages name. A match proves nothing, since anybody may write it.
import type { ContinuityNote, Identity } from "./model.ts";
import { describeIdentity, shown } from "./words.ts";

/** Where a repository is its first two parts of the path; on GitLab groups nest. */
const FORGES: ReadonlySet<string> = new Set(["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"]);

/**
 * What is to be said where a project names repositories on forges, and none of them is the signer's: information, since a project may
 * be built elsewhere. Nothing otherwise: a match, a project that names no forge, a signer without a repository. `urls` are those of the
 * core metadata, labels left away.
 */
export function judgeProjectUrls(identity: Identity, urls: Iterable<string>): ContinuityNote | undefined {
  const signed = repositoryOf(identity.repository ?? "");
  if (signed === undefined) return undefined;
  const named = [...urls].map(repositoryOf).filter((repository) => repository !== undefined);
  const [first] = named;
  if (first === undefined || named.some((repository) => isSame(repository, signed))) return undefined;
  return {
    code: "other-project-url",
    severity: "information",
    sentence: `The project's pages name ${shown(first)}; it is signed by ${describeIdentity({ ...identity, workflow: undefined })}.`,
  };
}

/** `github.com/owner/name` of an address on a forge; CircleCI leaves the scheme away. */
function repositoryOf(text: string): string | undefined {
  const url = URL.parse(/^[a-z+]+:\/\//i.test(text) ? text.replace(/^git\+/i, "") : `https://${text}`);
  const host = url?.hostname.replace(/^www\./, "");
  if (!url || host === undefined || !FORGES.has(host)) return undefined;
  const parts = url.pathname.split("/").filter((part) => part !== "");
  // What comes behind `/-/` on GitLab is a page of the repository.
  const page = parts.indexOf("-");
  const path = (page < 0 ? parts : parts.slice(0, page)).slice(0, host === "gitlab.com" ? 8 : 2);
  if (path.length < 2) return undefined;
  return `${host}/${path.join("/").replace(/\.git$/, "")}`.toLowerCase();
}

/** On GitLab an address may go on behind the repository, and where it ends cannot be seen. */
function isSame(named: string, signed: string): boolean {
  return named === signed || (named.startsWith("gitlab.com/") && named.startsWith(`${signed}/`));
}
