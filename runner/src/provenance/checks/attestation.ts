// Check 6: the artifact's attestations, down to the signature; and, since valid is not trusted, by what the signer was expected.
import { createHash } from "node:crypto";
import type { MergedPolicy } from "../../../../shared/src/policy/index.ts";
import type { Signer } from "../../../../shared/src/protocol/provenance.ts";
import type { IndexClient, ProvenanceAnswer } from "../../index/index.ts";
import type { PageStore } from "../../knowledge/index.ts";
import {
  describeIdentity,
  type Identity,
  isLasting,
  type ProvenanceVerdict,
  type TrustState,
  verdictKey,
  verifyProvenance,
} from "../attestation/index.ts";
import {
  type CheckDraft,
  type EvidenceDraft,
  type LocatedFile,
  pageEvidence,
  type SubjectView,
  subjectName,
  whyNot,
} from "../model.ts";
import { chooseSigner, demandsOn, type Expected, underDemand } from "./expectedSigner.ts";

const RULE = "attestation";
/** For so long at most an index's word on a file's attestations is not asked for again. */
const FRESH_FOR = 24 * 3_600_000;
const FORM = 1;

/** What verifying needs beside the file. */
export interface AttestationTools {
  readonly policy: MergedPolicy;
  readonly trust: TrustState;
  readonly store: PageStore;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly offline: boolean;
  /** Whether one more request may be sent. */
  take(): boolean;
  giveBack(): void;
}

/** What is known of one file's attestations: the result, and what the next check goes on with. */
export interface AttestedAnswer {
  readonly draft: CheckDraft;
  readonly state: "attested" | "absent" | "unknown";
  readonly identities: readonly Identity[];
  readonly signer?: Signer;
}

interface Known {
  readonly answer: ProvenanceAnswer;
  /** Milliseconds since the epoch: when the index said so. */
  readonly time: number;
  readonly isStale: boolean;
}

/** The result for one file, as the policy sees it. `client` is that of its index. Rejects only when cancelled. */
export async function checkAttestation(
  view: SubjectView,
  located: LocatedFile,
  client: IndexClient,
  tools: AttestationTools,
  expected: Expected = { byLock: [], byHistory: [] },
): Promise<AttestedAnswer> {
  const answer = await attestationOf(view, located, client, tools, expected);
  const about = { name: view.subject.name, written: subjectName(view) };
  return { ...answer, draft: underDemand(answer.draft, about, tools.policy) };
}

async function attestationOf(
  view: SubjectView,
  located: LocatedFile,
  client: IndexClient,
  tools: AttestationTools,
  expected: Expected,
): Promise<AttestedAnswer> {
  const { file, view: index } = located;
  const sha256 = file.hashes.sha256;
  const known = await askProvenance(located, client, tools);
  const { answer } = known;
  const evidence = (says: string): EvidenceDraft[] => [
    {
      ...pageEvidence(index, says),
      time: known.time,
      freshness: known.isStale ? "stale" : "fresh",
    },
  ];
  if ("absent" in answer) {
    const why = {
      none: "has none",
      "not-listed": "lists none",
      "not-found": "names some and does not have them",
    }[answer.absent];
    const draft: CheckDraft = {
      rule: RULE,
      state: "absent",
      artifact: file.filename,
      message: `No attestation was published for ${file.filename}: ${index.label} ${why}.`,
      labels: [answer.absent],
      evidence: evidence(why),
    };
    return { draft, state: "absent", identities: [] };
  }
  if ("failure" in answer) {
    const draft: CheckDraft = {
      rule: RULE,
      state: "not-checked",
      artifact: file.filename,
      message: `${file.filename}: ${whyNot(answer.failure)}.`,
      next: answer.failure.next,
      evidence: [{ source: answer.failure.index, freshness: "failed", says: whyNot(answer.failure) }],
    };
    return { draft, state: "unknown", identities: [] };
  }
  if (sha256 === undefined) {
    const draft: CheckDraft = {
      rule: RULE,
      state: "not-checked",
      artifact: file.filename,
      message: `${index.label} gives no sha256 of ${file.filename}, and an attestation is of one.`,
      evidence: evidence("no sha256"),
    };
    return { draft, state: "unknown", identities: [] };
  }
  const verdict = await verdictOn(file.filename, sha256, answer.provenance, tools);
  return tellVerdict(view, located, verdict, known, tools, expected);
}

/**
 * What the index says of the file's attestations: kept, since asking for each file is what takes time, for as long as the page is that
 * names them. A page that was asked for anew is one whose word has run out, and so has that on its files.
 */
async function askProvenance(
  { file, view: { answer: listed } }: LocatedFile,
  client: IndexClient,
  { store, now, offline, take, giveBack }: AttestationTools,
): Promise<Known> {
  const address = file.provenance;
  if (typeof address !== "string")
    return { answer: await client.provenance(file), time: now(), isStale: false };
  const url = URL.parse(address);
  // What needs a login is another for another login: it is not kept.
  const isOpen =
    url !== null && client.settings.secrets.authorization(url) === undefined && url.search === "";
  const key = `provenance ${FORM}\n${address}\n${file.hashes.sha256 ?? ""}`;
  const stored = isOpen ? store.read(key) : undefined;
  const kept = stored && parse(stored.body);
  const listedAt = listed.state === "page" ? listed.page.fetchedAt : 0;
  const isFresh = stored !== undefined && stored.freshUntil > now() && stored.fetchedAt >= listedAt;
  if (stored && kept && (isFresh || offline)) {
    return { answer: kept, time: stored.fetchedAt, isStale: stored.freshUntil <= now() };
  }
  if (!offline && !take()) {
    const failure = {
      code: "offline",
      index: url?.host ?? "",
      message: "Not checked: the requests that may be sent are used up.",
      next: "Allow more with --requests.",
    } as const;
    return { answer: { failure }, time: now(), isStale: false };
  }
  const answer = await client.provenance(file);
  if ("failure" in answer && answer.failure.code === "offline") giveBack();
  if (isOpen && !("failure" in answer)) {
    const time = now();
    store.write({
      key,
      partition: "",
      url: "",
      policy: "",
      freshUntil: time + FRESH_FOR,
      fetchedAt: time,
      body: JSON.stringify(answer),
    });
  }
  return { answer, time: now(), isStale: false };
}

function parse(body: string): Exclude<ProvenanceAnswer, { failure: unknown }> | undefined {
  try {
    const value = JSON.parse(body) as Exclude<ProvenanceAnswer, { failure: unknown }>;
    return "provenance" in value || "absent" in value ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Verifies, or takes the verdict of before: the same artifact, provenance and trust root give the same one. */
async function verdictOn(
  filename: string,
  sha256: string,
  provenance: unknown,
  { trust, store, now }: AttestationTools,
): Promise<ProvenanceVerdict> {
  const key = `verdict ${FORM}\n${verdictKey({ filename, sha256 }, provenance, trust.trust)}`;
  const stored = store.read(key);
  if (stored) {
    try {
      return JSON.parse(stored.body) as ProvenanceVerdict;
    } catch {
      // Another version wrote it: it is verified again.
    }
  }
  const verdict = await verifyProvenance({ filename, sha256, provenance, trust: trust.trust, now: now() });
  if (isLasting(verdict)) {
    store.write({
      key,
      partition: "",
      url: "",
      policy: "",
      freshUntil: Number.MAX_SAFE_INTEGER,
      fetchedAt: now(),
      body: JSON.stringify(verdict),
    });
  }
  return verdict;
}

function tellVerdict(
  view: SubjectView,
  { file, view: index }: LocatedFile,
  verdict: ProvenanceVerdict,
  known: Known,
  tools: AttestationTools,
  expected: Expected,
): AttestedAnswer {
  const trust: EvidenceDraft = {
    source: "trust root",
    ...(tools.trust.trust.time === undefined ? {} : { time: tools.trust.trust.time }),
    freshness: tools.trust.freshness === "stale" ? "stale" : "fresh",
    says: tools.trust.sentence,
  };
  const served: EvidenceDraft = {
    ...pageEvidence(index),
    time: known.time,
    freshness: known.isStale ? "stale" : "fresh",
    says: `provenance sha256:${createHash("sha256")
      .update("provenance" in known.answer ? JSON.stringify(known.answer.provenance) : "")
      .digest("hex")
      .slice(0, 16)}`,
  };
  const evidence = [served, trust];
  const base = { rule: RULE, artifact: file.filename, evidence } as const;
  if (verdict.state === "absent") {
    const draft: CheckDraft = {
      ...base,
      state: "absent",
      message: `No attestation was published for ${file.filename}: ${index.label} serves an empty list.`,
    };
    return { draft, state: "absent", identities: [] };
  }
  const first = verdict.attestations.find(({ state }) => state === verdict.state);
  if (verdict.state === "not-checked") {
    const draft: CheckDraft = {
      ...base,
      state: "not-checked",
      message: `${file.filename}: ${sentenceOf(first?.sentence ?? verdict.sentence)}`,
      labels: [verdict.reason],
    };
    return { draft, state: "unknown", identities: [] };
  }
  if (verdict.state === "failed") {
    const draft: CheckDraft = {
      ...base,
      state: "failed",
      severity: "error",
      message: `The attestation of ${file.filename} does not hold: ${lowerFirst(first?.sentence ?? verdict.sentence)}`,
      next: "Do not install it; tell its maintainers.",
      labels: [verdict.reason],
    };
    return { draft, state: "unknown", identities: [] };
  }
  const identities = verdict.attestations.flatMap(({ identity }) => identity ?? []);
  return tellSigned(view, file.filename, identities, base, known, tools, expected);
}

/** Valid: who signed, and by whom that was expected. What a policy expects otherwise is forbidden. */
function tellSigned(
  view: SubjectView,
  filename: string,
  identities: readonly Identity[],
  base: {
    readonly rule: typeof RULE;
    readonly artifact: string;
    readonly evidence: readonly EvidenceDraft[];
  },
  known: Known,
  tools: AttestationTools,
  expected: Expected,
): AttestedAnswer {
  const demands = demandsOn(view.subject.name, tools.policy);
  const choice = chooseSigner(identities, demands, expected);
  const { identity } = choice;
  const name = identity ? describeIdentity(identity) : "the given key";
  if ("unmet" in choice) {
    const draft: CheckDraft = {
      ...base,
      state: "failed",
      severity: "error",
      ...(choice.isForbidden ? { isForbidden: true } : {}),
      message: `${filename} is signed by ${name}; ${choice.unmet}.`,
      next: "Do not install it before it is known why.",
      labels: ["other-publisher"],
    };
    return { draft, state: "attested", identities };
  }
  const { expectedBy } = choice;
  const signer: Signer = {
    kind: identity?.kind ?? "other",
    name,
    ...(identity?.commit ? { commit: identity.commit } : {}),
    ...(identity?.signedAt === undefined ? {} : { time: new Date(identity.signedAt).toISOString() }),
    expectedBy,
    checked: new Date(known.time).toISOString(),
  };
  const draft: CheckDraft = {
    ...base,
    state: "passed",
    message: `${filename} is signed by ${name}; expected by ${expectedBy === "nothing" ? "nothing" : `the ${expectedBy}`}.`,
    labels: [`expected-by-${expectedBy}`],
  };
  const others = identities.filter((one) => one !== identity);
  return { draft, state: "attested", identities: identity ? [identity, ...others] : others, signer };
}

function sentenceOf(text: string): string {
  const plain = text.replace(/^Not checked: /, "");
  return plain.endsWith(".") ? plain : `${plain}.`;
}

function lowerFirst(text: string): string {
  const plain = sentenceOf(text);
  return /^[A-Z][a-z]/.test(plain) ? plain.charAt(0).toLowerCase() + plain.slice(1) : plain;
}
