// Compares a signer with who was expected: by policy, by a lock (PEP 751 `attestation-identities`), by history.
import type { ExpectedIdentity, Identity } from "./model.ts";

/** The keys in which `identity` is not what was expected. None: it matches. */
export function differences(identity: Identity, asked: ExpectedIdentity): (keyof ExpectedIdentity)[] {
  const expected = onOneForge(asked);
  const wrong: (keyof ExpectedIdentity)[] = [];
  const compare = (key: keyof ExpectedIdentity, equal: boolean): void => {
    if (expected[key] !== undefined && !equal) wrong.push(key);
  };
  compare("kind", identity.kind.toLowerCase() === expected.kind?.toLowerCase());
  compare("issuer", identity.issuer === expected.issuer);
  compare("repository", isSameRepository(identity, expected.repository ?? ""));
  compare("repositoryId", identity.repositoryId === expected.repositoryId);
  compare("owner", isSameOwner(identity, expected.owner ?? ""));
  compare("ownerId", identity.ownerId === expected.ownerId);
  compare("workflow", isSameWorkflow(identity.workflow, expected.workflow ?? ""));
  compare("environment", identity.environment?.toLowerCase() === expected.environment?.toLowerCase());
  compare("email", identity.san === expected.email);
  const claims = Object.entries(expected.claims ?? {});
  if (claims.some(([key, value]) => !holdsClaim(identity, key, value))) wrong.push("claims");
  return wrong;
}

/**
 * Names and ids are each forge's own: who has `octo/demo` on one may be another than who has it on the next. Where nothing says which
 * forge is meant, it is GitHub.
 */
function onOneForge(expected: ExpectedIdentity): ExpectedIdentity {
  const { kind, issuer, repository, owner, repositoryId, ownerId } = expected;
  const names = [repository, owner].filter((name) => name !== undefined);
  const isSaid = kind !== undefined || issuer !== undefined || names.some((name) => name.includes("://"));
  if (isSaid || (names.length === 0 && repositoryId === undefined && ownerId === undefined)) return expected;
  return { ...expected, kind: "GitHub" };
}

/** Whether one of those expected is the signer. Without any there is no expectation, which is not a match. */
export function isExpected(identity: Identity, expected: readonly ExpectedIdentity[]): boolean {
  return expected.some((one) => differences(identity, one).length === 0);
}

/**
 * One entry of a pylock's `attestation-identities` (PEP 751) as an expectation: `kind` and the publisher's own keys, as in
 * PEP 740. The environment is kept out of it, since certificates seldom tell. Undefined where the entry
 * names nobody.
 */
export function readExpectedIdentity(entry: Readonly<Record<string, unknown>>): ExpectedIdentity | undefined {
  const text = (key: string): string | undefined => {
    const value = entry[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const kind = text("kind");
  if (kind === undefined) return undefined;
  const claims: Record<string, string> = {};
  for (const key of ["project_id", "pipeline_definition_id", "vcs_origin", "vcs_ref"]) {
    const value = text(key);
    if (value !== undefined) claims[key] = value;
  }
  const expected: ExpectedIdentity = {
    kind,
    repository: text("repository"),
    workflow: text("workflow") ?? text("workflow_filepath"),
    email: text("email"),
    ...(Object.keys(claims).length > 0 ? { claims } : {}),
  };
  // A kind alone would be met by everybody who publishes from there.
  const { kind: _, ...rest } = expected;
  return Object.values(rest).some((value) => value !== undefined) ? expected : undefined;
}

function isSameRepository({ repository }: Identity, expected: string): boolean {
  if (repository === undefined) return false;
  const wanted = expected.replace(/\/+$|\.git$/g, "").toLowerCase();
  const known = repository.toLowerCase();
  return known === wanted || known.replace(/^https?:\/\/[^/]+\//, "") === wanted;
}

function isSameOwner({ owner }: Identity, expected: string): boolean {
  if (owner === undefined) return false;
  const wanted = expected.replace(/\/+$/, "").toLowerCase();
  const known = owner.toLowerCase();
  return known === wanted || known.replace(/^https?:\/\/[^/]+\//, "") === wanted;
}

/** A publisher of GitHub's kind names the file alone, which then lies in `.github/workflows`. */
function isSameWorkflow(workflow: string | undefined, expected: string): boolean {
  if (workflow === undefined) return false;
  return workflow === expected || workflow === `.github/workflows/${expected}`;
}

/** CircleCI's publisher stands in the certificate's signer and source. */
function holdsClaim(identity: Identity, key: string, value: string): boolean {
  if (key === "vcs_origin") return identity.repository === value;
  if (key === "vcs_ref") return identity.ref === value;
  const part = key === "project_id" ? `/projects/${value}/` : `/pipeline-definitions/${value}`;
  return `${identity.signer ?? identity.san}/`.includes(part.endsWith("/") ? part : `${part}/`);
}
