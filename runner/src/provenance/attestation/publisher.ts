// Compares the certificate with the trusted publisher that an index claims (PEP 740), as the index's own verifier does it.
import type { Claims } from "./certificate.ts";
import type { Publisher } from "./model.ts";
import { shown } from "./words.ts";

export type PublisherComparison =
  | { readonly matches: true }
  | { readonly matches: false; readonly sentence: string }
  | { readonly unsupported: string };

interface Forge {
  readonly issuer: string;
  readonly address: string;
  /** The publisher's key for the file that the build ran by, and what stands before that file in its address. */
  readonly file: string;
  readonly between: string;
}

const GITHUB: Forge = {
  issuer: "https://token.actions.githubusercontent.com",
  address: "https://github.com/",
  file: "workflow",
  between: "/.github/workflows/",
};
const GITLAB: Forge = {
  issuer: "https://gitlab.com",
  address: "https://gitlab.com/",
  file: "workflow_filepath",
  between: "//",
};
const GOOGLE = "https://accounts.google.com";
const CIRCLECI = "https://oidc.circleci.com";

/** The publisher object of a provenance object, or undefined where it is none. Claims that are no texts are left out. */
export function readPublisher(value: unknown): Publisher | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { kind } = value as { kind?: unknown };
  if (typeof kind !== "string") return undefined;
  const claims: [string, string][] = [];
  for (const [key, claim] of Object.entries(value).slice(0, 32)) {
    if (key !== "kind" && typeof claim === "string" && claim !== "") claims.push([key, claim]);
  }
  return { kind, claims: Object.fromEntries(claims) };
}

/** The same as it may be shown. */
export function shownPublisher({ kind, claims }: Publisher): Publisher {
  const texts = Object.entries(claims).map(([key, claim]) => [shown(key, 60), shown(claim, 300)]);
  return { kind: shown(kind, 60), claims: Object.fromEntries(texts) };
}

/**
 * Whether the certificate is of `publisher`. GitHub, GitLab, Google and CircleCI are compared; of any other kind nothing can be
 * said.
 */
export function comparePublisher(publisher: Publisher, claims: Claims): PublisherComparison {
  const { claims: said } = publisher;
  switch (publisher.kind) {
    case "GitHub":
      return compareForge(claims, said, GITHUB);
    case "GitLab":
      return compareForge(claims, said, GITLAB);
    case "Google":
      return compareGoogle(claims, said.email);
    case "CircleCI":
      return compareCircle(claims, said);
    default:
      return {
        unsupported: `a publisher of the kind ${shown(publisher.kind, 40)} cannot be compared with a certificate`,
      };
  }
}

/** The build's configuration is named with the commit or the ref that it ran on, which a publisher does not know. */
function compareForge(
  claims: Claims,
  said: Publisher["claims"],
  { issuer, address, file, between }: Forge,
): PublisherComparison {
  const { repository, environment } = said;
  const workflow = said[file];
  if (repository === undefined || workflow === undefined)
    return incomplete("names no repository or workflow");
  const wrong =
    differs("issuer", claims.issuer, issuer) ??
    differs("repository", claims.repositoryUri, address + repository);
  if (wrong) return wrong;
  const runs = [claims.commit, claims.ref].filter((part) => part !== undefined);
  if (runs.length === 0) return { matches: false, sentence: "The certificate names no commit or ref." };
  const wanted = `${address}${repository}${between}${workflow}`;
  if (!runs.some((run) => claims.buildConfigUri === `${wanted}@${run}`))
    return mismatch("workflow", claims.buildConfigUri, `${wanted}@${runs[0]}`);
  return compareEnvironment(claims.environment, environment) ?? { matches: true };
}

/** Forges take no care of an environment's case. A publisher that names none admits any, and an older certificate tells none. */
function compareEnvironment(
  is: string | undefined,
  claimed: string | undefined,
): PublisherComparison | undefined {
  if (is === undefined || claimed === undefined || is.toLowerCase() === claimed.toLowerCase())
    return undefined;
  return mismatch("environment", is, claimed);
}

function compareGoogle(claims: Claims, email: string | undefined): PublisherComparison {
  if (email === undefined) return incomplete("names no e-mail address");
  return (
    differs("issuer", claims.issuer, GOOGLE) ?? differs("signer", claims.san, email) ?? { matches: true }
  );
}

function compareCircle(claims: Claims, said: Readonly<Record<string, string>>): PublisherComparison {
  const { project_id: project, pipeline_definition_id: pipeline, vcs_origin: origin, vcs_ref: ref } = said;
  if (project === undefined || pipeline === undefined) return incomplete("names no project or pipeline");
  const signer = `https://circleci.com/api/v2/projects/${project}/pipeline-definitions/${pipeline}`;
  return (
    differs("issuer", claims.issuer, CIRCLECI) ??
    (origin === undefined ? undefined : differs("repository", claims.repositoryUri, origin)) ??
    (ref === undefined ? undefined : differs("ref", claims.ref, ref)) ??
    differs("pipeline", claims.buildSignerUri, signer) ?? { matches: true }
  );
}

function differs(what: string, is: string | undefined, claimed: string): PublisherComparison | undefined {
  return is === claimed ? undefined : mismatch(what, is, claimed);
}

function mismatch(what: string, is: string | undefined, claimed: string): PublisherComparison {
  const said = is === undefined ? `no ${what}` : `the ${what} ${shown(is)}`;
  return { matches: false, sentence: `The certificate has ${said}; the index says ${shown(claimed)}.` };
}

function incomplete(what: string): PublisherComparison {
  return { matches: false, sentence: `The publisher that the index claims ${what}.` };
}
