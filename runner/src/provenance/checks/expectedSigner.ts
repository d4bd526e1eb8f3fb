// By what a signer was expected: the policy's demands, the identities that a lock records, who signed before; and what a policy makes of none.
import { type MergedPolicy, matchesName } from "../../../../shared/src/policy/index.ts";
import { differences, type ExpectedIdentity, type Identity, isExpected } from "../attestation/index.ts";
import type { CheckDraft } from "../model.ts";

/** Who is expected to have signed, beside what the policy says. */
export interface Expected {
  /** PEP 751 `attestation-identities`. */
  readonly byLock: readonly ExpectedIdentity[];
  /** Who has signed the releases before. */
  readonly byHistory: readonly Identity[];
}

type Demand = MergedPolicy["attestations"][number];

/** What the policy asks of a package's attestations. `name` is in PEP 503 form. */
export function demandsOn(name: string, policy: MergedPolicy): readonly Demand[] {
  return policy.attestations.filter(({ packages }) => packages.some((pattern) => matchesName(pattern, name)));
}

/**
 * A result as the policy's demands leave it: none, or one that does not hold, is forbidden where one is asked for; and where it could
 * not be checked, that counts as a check that is required. `written` names the package for a person.
 */
export function underDemand(
  draft: CheckDraft,
  about: { readonly name: string; readonly written: string },
  policy: MergedPolicy,
): CheckDraft {
  const [demand] = demandsOn(about.name, policy);
  if (!demand || draft.state === "passed") return draft;
  if (draft.state === "not-checked") return { ...draft, isRequired: true };
  if (draft.state === "failed") return { ...draft, isForbidden: true };
  return {
    ...draft,
    state: "failed",
    isForbidden: true,
    message: `${about.written} has no attestation, and ${demand.from} asks for one.`,
    next: "Choose a release that has one.",
  };
}

/** Who speaks for a file that one or more have validly signed, and by what that one was expected. */
export type SignerChoice =
  | {
      readonly identity: Identity | undefined;
      readonly expectedBy: "policy" | "lock" | "history" | "nothing";
    }
  | { readonly identity: Identity | undefined; readonly unmet: string; readonly isForbidden: boolean };

/**
 * Of several who have signed the same file, the one that was expected speaks for it: a signature more takes nothing away from another.
 * Where the policy or the lock expects somebody, and it is none of them, that is said in `unmet`.
 */
export function chooseSigner(
  identities: readonly Identity[],
  demands: readonly Demand[],
  { byLock, byHistory }: Expected,
): SignerChoice {
  const [first] = identities;
  const named = demands.flatMap(({ publisher, from }) =>
    publisher ? [{ expected: expectedOf(publisher), from }] : [],
  );
  for (const { expected, from } of named) {
    if (identities.some((identity) => isExpected(identity, [expected]))) continue;
    const wrong = first ? differences(first, expected).map(spelled).join(", ") : "no certificate";
    return { identity: first, unmet: `${from} expects another one (${wrong})`, isForbidden: true };
  }
  const byPolicy = identities.find((identity) =>
    named.some(({ expected }) => isExpected(identity, [expected])),
  );
  const locked = identities.find((identity) => isExpected(identity, byLock));
  if (byLock.length > 0 && !locked) {
    return { identity: first, unmet: "the lock records another signer", isForbidden: false };
  }
  if (byPolicy) return { identity: byPolicy, expectedBy: "policy" };
  if (locked) return { identity: locked, expectedBy: "lock" };
  const known = identities.find((identity) => byHistory.some((before) => isSameSigner(before, identity)));
  return known ? { identity: known, expectedBy: "history" } : { identity: first, expectedBy: "nothing" };
}

/** A key as a policy spells it: `owner-id`. */
const spelled = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The same by what never changes hands. */
function isSameSigner(before: Identity, now: Identity): boolean {
  if (before.issuer !== now.issuer) return false;
  if (before.repositoryId !== undefined && now.repositoryId !== undefined)
    return before.repositoryId === now.repositoryId && before.ownerId === now.ownerId;
  return nameWithoutRun(before) === nameWithoutRun(now);
}

/** A build's address without the ref that it ran on; the whole of an e-mail address. */
function nameWithoutRun({ san }: Identity): string {
  return /^https?:\/\//.test(san) ? san.replace(/@.*$/, "") : san;
}

function expectedOf(publisher: NonNullable<Demand["publisher"]>): ExpectedIdentity {
  const { kind, repository, owner, workflow, environment, issuer, email } = publisher;
  return {
    kind,
    repository,
    repositoryId: publisher["repository-id"],
    owner,
    ownerId: publisher["owner-id"],
    workflow,
    environment,
    issuer,
    email,
  };
}
