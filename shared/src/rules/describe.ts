// What there is to say about one line: the facts behind hover, inlay hint, lens and completion, with the verdict in one sentence.
import type { ProjectFacts, ReleaseDetail, ReleaseFacts } from "../facts/model.ts";
import type { Finding } from "../finding/model.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import { compareVersions, parseVersion } from "../packaging/version.ts";
import { candidatesFor } from "./candidates.ts";
import { findingsOf } from "./findings.ts";
import { nameOf } from "./local.ts";
import type { PlacedRequirement, RuleInput } from "./model.ts";
import { appliesHere, installedIn, isFromIndex, placementOf } from "./place.ts";
import { admittedReleases, isUsable, meantVersion } from "./releases.ts";
import { type Vulnerability, vulnerabilityOf } from "./vulnerabilities.ts";
import { count, saySpecifier } from "./words.ts";

export interface RequirementView {
  /** As the person wrote it. */
  readonly name: string;
  readonly normalizedName: string;
  readonly facts?: ProjectFacts;
  readonly state: "known" | "absent" | "failed" | "checking" | "unasked" | "not-an-index-requirement";
  /** Whether the marker holds here; absent where the environment does not say. */
  readonly applies?: boolean;
  /** What the line means today. */
  readonly current?: {
    readonly version: string;
    readonly from: "pinned" | "locked" | "installed" | "newest admitted";
  };
  readonly currentRelease?: ReleaseFacts;
  readonly currentDetail?: ReleaseDetail;
  /** Newest that nothing speaks against. */
  readonly newestCompatible?: ReleaseFacts;
  /** Newest usable one that the specifier admits. */
  readonly newestAdmitted?: ReleaseFacts;
  readonly newest?: ReleaseFacts;
  readonly admitted: {
    readonly count: number;
    readonly total: number;
    readonly oldest?: string;
    readonly newest?: string;
  };
  readonly locked?: string;
  readonly installed?: string;
  readonly findings: readonly Finding[];
  /** What is known against the release that the line means. */
  readonly vulnerability?: Vulnerability;
  /** First line of the hover, plain text. */
  readonly verdict: string;
}

/** The view of one requirement. Pure and quick: it may be asked for at every hover. */
export function describeRequirement(input: RuleInput, placed: PlacedRequirement): RequirementView {
  const { entry, file } = placed;
  const normalizedName = entry.normalizedName ?? "";
  const facts = input.snapshot.projects.get(normalizedName);
  const state = stateOf(input, placed, facts);
  const applies = appliesHere(entry, input.snapshot.environment);
  const findings = findingsOf(input).findings.filter(
    (finding) =>
      finding.uri === file.uri &&
      finding.span.start >= entry.span.start &&
      finding.span.end <= entry.span.end,
  );
  const locked = placementOf(input.tree).locked.get(normalizedName);
  const installed = installedIn(input.snapshot.environment).get(normalizedName);
  const vulnerability = vulnerabilityOf(input, placed);
  const base = {
    ...(vulnerability ? { vulnerability } : {}),
    name: nameOf(entry),
    normalizedName,
    state,
    findings,
    ...(applies === undefined ? {} : { applies }),
    ...(locked === undefined ? {} : { locked }),
    ...(installed === undefined ? {} : { installed }),
  };
  if (state !== "known" || !facts) {
    return {
      ...base,
      ...(facts ? { facts } : {}),
      admitted: { count: 0, total: 0 },
      verdict: verdictWithout(input, base, entry),
    };
  }
  const admitted = admittedReleases(facts, entry.specifier);
  const newestAdmitted = admitted.find(isUsable);
  const meant = meantVersion(input.tree, input.snapshot, placed);
  const current =
    meant ??
    (newestAdmitted ? { version: newestAdmitted.version, from: "newest admitted" as const } : undefined);
  const { chosen } = candidatesFor(input, placed);
  const currentRelease = current && facts.releases.find((release) => release.version === current.version);
  const currentDetail = current && facts.details[current.version];
  const newest =
    facts.releases.find((release) => !parseVersion(release.version)?.isPrerelease) ?? facts.releases[0];
  const view = {
    ...base,
    facts,
    ...(current ? { current } : {}),
    ...(currentRelease ? { currentRelease } : {}),
    ...(currentDetail ? { currentDetail } : {}),
    ...(chosen ? { newestCompatible: chosen } : {}),
    ...(newestAdmitted ? { newestAdmitted } : {}),
    ...(newest ? { newest } : {}),
    admitted: {
      count: admitted.length,
      total: facts.releases.length,
      ...(admitted.length > 0 ? { oldest: admitted.at(-1)!.version, newest: admitted[0]!.version } : {}),
    },
  };
  return { ...view, verdict: verdictOf(view, input, placed) };
}

function stateOf(
  input: RuleInput,
  placed: PlacedRequirement,
  facts: ProjectFacts | undefined,
): RequirementView["state"] {
  if (!isFromIndex(placed.entry)) return "not-an-index-requirement";
  if (input.snapshot.unasked) return "unasked";
  if (!facts) return "checking";
  return facts.state === "unknown" ? "unasked" : facts.state;
}

function verdictWithout(
  input: RuleInput,
  view: Pick<RequirementView, "name" | "state" | "findings">,
  { isSelf, sources }: RequirementEntry,
): string {
  const [worst] = view.findings;
  if (worst) return worst.message;
  switch (view.state) {
    case "checking":
      return `${view.name}: checking`;
    case "absent":
      return `${view.name} is not on the index`;
    case "not-an-index-requirement":
      if (isSelf) return `${view.name} is this project itself`;
      return sources
        ? `${view.name} comes from where [tool.uv.sources] says`
        : `${view.name} comes from where the line says, not from an index`;
    case "failed":
      return `${view.name} was not checked: the index did not answer`;
    default:
      return `${view.name} was not checked: ${input.snapshot.unasked?.message ?? "offline, and nothing is stored"}`;
  }
}

function verdictOf(
  view: Omit<RequirementView, "verdict">,
  input: RuleInput,
  placed: PlacedRequirement,
): string {
  const subject = view.current ? `${view.name} ${view.current.version}` : view.name;
  if (view.applies === false) return `${view.name} is not used on this environment`;
  const grave = view.findings.find(
    (finding) =>
      finding.severity === "error" ||
      // What is known against it has a line of its own, and a word in the verdict.
      (finding.severity === "warning" && finding.rule !== "known-vulnerability"),
  );
  // What to take instead is a line of its own.
  if (grave) return grave.message.replace(/ Newest compatible(?: release)?: \S+\.$/, "");
  const validated = `${validatedWords(view, input)}${advisoryWords(view.findings)}`;
  if (!view.current) return `${view.name} has no release that suits this environment`;
  const newest = view.newestCompatible;
  if (newest && newest.version !== view.current.version && isNewer(newest.version, view.current.version)) {
    const admitted = placed.entry.specifier.contains(parseVersion(newest.version)!, { prereleases: true });
    return `${subject} suits this environment${validated}; ${newest.version} is newer${admitted ? "" : ` and outside ${saySpecifier(placed.entry.specifier)}`}`;
  }
  return `${subject} suits this environment${validated} and is the newest that does`;
}

/** The first line alone must be enough: what is known against a release is part of its verdict. */
function advisoryWords(findings: readonly Finding[]): string {
  const count = findings.find(({ rule }) => rule === "known-vulnerability")?.advisories?.length ?? 0;
  return count === 0 ? "" : ` but has ${count} ${count === 1 ? "advisory" : "advisories"}`;
}

function validatedWords(view: Omit<RequirementView, "verdict">, input: RuleInput): string {
  const { inspection } = input.snapshot;
  if (!inspection?.current || inspection.outcome !== "passed") return "";
  const same = inspection.packages.some(
    (item) => item.name === view.normalizedName && item.version === view.current?.version,
  );
  return same ? ", was validated" : "";
}

function isNewer(a: string, b: string): boolean {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return left !== undefined && right !== undefined && compareVersions(left, right) > 0;
}

/** "Admits 12 of 87 releases: 1.4.0 … 1.9.3." */
export function sayAdmitted(view: RequirementView): string {
  const { count: admitted, total, oldest, newest } = view.admitted;
  if (total === 0) return "";
  if (admitted === 0) return `Admits none of ${count(total, "release")}.`;
  const span = admitted === 1 ? newest : `${oldest} … ${newest}`;
  return `Admits ${admitted} of ${count(total, "release")}: ${span}.`;
}
