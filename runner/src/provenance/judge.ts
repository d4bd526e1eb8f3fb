// Puts policy on the results of checks: how grave each is, whether it is required, and whether a person has accepted it.
import type { Severity } from "../../../shared/src/finding/model.ts";
import { acceptanceOf, type MergedPolicy, type PlacedAcceptance } from "../../../shared/src/policy/index.ts";
import type { ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import { ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import type { CheckDraft, EvidenceDraft } from "./model.ts";

export interface JudgeOptions {
  readonly policy: MergedPolicy;
  /** Severities of this run: the command line's, the editor's settings. */
  readonly severities: Readonly<Record<string, Severity | "off">>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What acceptances are bound to. */
export interface Judged {
  readonly name: string;
  readonly version?: string | undefined;
  /** `sha256:…` of all that the manifest admits and that is looked at. */
  readonly digests: readonly string[];
  /** The digests of one file, by its name. */
  readonly byFile: ReadonlyMap<string, readonly string[]>;
}

const LOUDNESS: readonly (Severity | "off")[] = ["off", "hint", "information", "warning", "error"];
const loudness = (severity: Severity | "off"): number => LOUDNESS.indexOf(severity);

/** Judges results. Acceptances that have expired are put into `expired`, each once. */
export function judge(
  drafts: readonly CheckDraft[],
  about: Judged | undefined,
  options: JudgeOptions,
  expired: Map<string, CheckDraft>,
): ProvenanceCheck[] {
  return drafts.map((draft) => judgeOne(draft, about, options, expired));
}

function judgeOne(
  draft: CheckDraft,
  about: Judged | undefined,
  options: JudgeOptions,
  expired: Map<string, CheckDraft>,
): ProvenanceCheck {
  const { policy } = options;
  const isFailed = draft.state === "failed";
  const severity = isFailed ? severityOf(draft, options) : undefined;
  const acceptance = isFailed && about ? acceptanceFor(draft, about, options, expired) : NO_ACCEPTANCE;
  const required = policy.require.has(draft.rule) || draft.isForbidden === true || draft.isRequired === true;
  return {
    rule: draft.rule,
    state: draft.state,
    ...(draft.artifact === undefined ? {} : { artifact: draft.artifact }),
    message: draft.message,
    ...(severity === undefined || severity === "off" ? {} : { severity }),
    ...(draft.next === undefined ? {} : { next: draft.next }),
    ...(draft.aliases && draft.aliases.length > 0 ? { aliases: [...draft.aliases] } : {}),
    ...(draft.labels && draft.labels.length > 0 ? { labels: [...draft.labels] } : {}),
    ...(required ? { required: true } : {}),
    // What a policy requires is asked for, whoever ran this.
    ...(draft.unasked && !required ? { unasked: true } : {}),
    ...(draft.inherited ? { inherited: true } : {}),
    ...(acceptance.whole ? { accepted: tellAcceptance(acceptance.whole) } : {}),
    ...(draft.advisories ? { advisories: withAcceptances(draft.advisories, acceptance.byAdvisory) } : {}),
    evidence: draft.evidence.map(tellEvidence),
  };
}

/**
 * What a policy forbids is an error. Else the policy's severity, or this run's where nobody above the workspace has set one or
 * where it is graver; else the finding's own.
 */
function severityOf(draft: CheckDraft, { policy, severities }: JudgeOptions): Severity | "off" {
  if (draft.isForbidden) return "error";
  const own = draft.severity ?? ruleCatalogue[draft.rule].severity;
  const byPolicy = policy.severities[draft.rule];
  const byRun = severities[draft.rule];
  if (byPolicy === undefined) return byRun ?? own;
  if (byRun === undefined) return byPolicy;
  if (!policy.fixed.has(draft.rule)) return byRun;
  return loudness(byRun) > loudness(byPolicy) ? byRun : byPolicy;
}

interface Acceptances {
  /** All of the finding is accepted: the last of those that say so. */
  readonly whole?: PlacedAcceptance | undefined;
  readonly byAdvisory: ReadonlyMap<string, PlacedAcceptance>;
}

const NO_ACCEPTANCE: Acceptances = { byAdvisory: new Map() };

/** Each advisory is accepted by itself: the finding counts as accepted only where all of it is. */
function acceptanceFor(
  draft: CheckDraft,
  about: Judged,
  { policy, now }: JudgeOptions,
  expired: Map<string, CheckDraft>,
): Acceptances {
  if (draft.isForbidden) return NO_ACCEPTANCE;
  const ask = (advisories: readonly string[], isFixed: boolean): PlacedAcceptance | undefined => {
    const what = {
      rule: draft.rule,
      advisories,
      package: about.name,
      version: about.version,
      digests: digestsOf(draft, about),
      isFixed,
    };
    const answer = acceptanceOf(policy.acceptances, what, now);
    if (answer?.state === "expired") noteExpired(answer.by, answer.why, expired);
    return answer?.state === "accepted" ? answer.by : undefined;
  };
  const byAdvisory = new Map<string, PlacedAcceptance>();
  if (!draft.advisories || draft.advisories.length === 0) return { whole: ask([], false), byAdvisory };
  for (const { id, aliases, fixedIn } of draft.advisories) {
    const by = ask([id, ...aliases], fixedIn.length > 0);
    if (by) byAdvisory.set(id, by);
  }
  const isWhole = byAdvisory.size === draft.advisories.length;
  return { whole: isWhole ? [...byAdvisory.values()].at(-1) : undefined, byAdvisory };
}

/** What is said of one file, or of one digest, is accepted for that one: what is said of two digests at once by neither. */
function digestsOf({ artifact }: CheckDraft, { digests, byFile }: Judged): readonly string[] {
  if (artifact === undefined) return digests;
  return byFile.get(artifact) ?? (digests.includes(artifact) ? [artifact] : []);
}

function withAcceptances(
  advisories: NonNullable<CheckDraft["advisories"]>,
  byAdvisory: ReadonlyMap<string, PlacedAcceptance>,
): NonNullable<ProvenanceCheck["advisories"]> {
  return advisories.map((advisory) => {
    const by = byAdvisory.get(advisory.id);
    return by ? { ...advisory, accepted: tellAcceptance(by) } : advisory;
  });
}

/** Puts into `expired` that an acceptance is over, once. */
export function noteExpired(by: PlacedAcceptance, why: string, expired: Map<string, CheckDraft>): void {
  const { acceptance, from } = by;
  const what = acceptance.advisory ?? acceptance.rule ?? "a finding";
  const of = `${acceptance.package} ${acceptance.version ?? acceptance.digest?.slice(0, 19) ?? ""}`.trim();
  expired.set(`${what}\n${of}\n${from}`, {
    rule: "policy",
    state: "failed",
    message: `The acceptance of ${what} for ${of} has expired: ${why}.`,
    next: "Look at it again, and give it another day or take it out.",
    evidence: [{ source: from, freshness: "fresh", says: acceptance.reason }],
  });
}

/** How an acceptance is told: never by whom a credential could be read. */
export function tellAcceptance({
  acceptance,
  from,
}: PlacedAcceptance): NonNullable<ProvenanceCheck["accepted"]> {
  const { reason, until, evidence } = acceptance;
  return { reason, until, from, ...(evidence === undefined ? {} : { evidence }) };
}

function tellEvidence({ source, time, freshness, says }: EvidenceDraft): ProvenanceCheck["evidence"][number] {
  const isTime = time !== undefined && Number.isFinite(time);
  return {
    source,
    ...(isTime ? { time: new Date(time).toISOString() } : {}),
    freshness: freshness ?? "fresh",
    ...(says === undefined || says === "" ? {} : { says }),
  };
}

/** Whether the result is a finding: it failed, is not accepted, and nobody has turned its rule off. */
export function isFinding(check: ProvenanceCheck): boolean {
  return check.state === "failed" && check.severity !== undefined && check.accepted === undefined;
}
