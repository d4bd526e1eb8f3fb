// Check 3, the other indexes: who would win where a name is on several, and is that a mirror, an accelerator's build, or confusion?

import { compareVersions } from "../../../../shared/src/packaging/version.ts";
import { bindingOf, indexKey } from "../../../../shared/src/policy/index.ts";
import type { PageFile, ProjectPage } from "../../index/index.ts";
import {
  type CheckContext,
  type CheckDraft,
  type IndexView,
  pageEvidence,
  type SubjectView,
  whyNot,
} from "../model.ts";
import { boundViews, isHeldTo } from "../view.ts";
import { labelOf } from "./addresses.ts";
import type { ComputedDigests } from "./artifactDigest.ts";

const RULE = "artifact-on-several-indexes";

/** Hosts whose own builds of public projects are what they are there for. */
const ACCELERATOR_HOSTS = new Set([
  "download.pytorch.org",
  "pypi.nvidia.com",
  "wheels.vllm.ai",
  "rocm.devices.amd.com",
  "repo.amd.com",
  "storage.googleapis.com",
  "data.pyg.org",
]);

/** What the other configured indexes say of the same name. */
export function checkSeveralIndexes(
  view: SubjectView,
  context: CheckContext,
  computed: ComputedDigests = new Map(),
): CheckDraft[] {
  const { subject, indexes } = view;
  if (subject.from !== "index")
    return [draft("not-applicable", `${subject.written} does not come from an index.`, [])];
  if (indexes.length < 2) {
    return [
      draft(
        "not-applicable",
        "Only one index is configured.",
        indexes.map((one) => pageEvidence(one)),
      ),
    ];
  }
  const binding = bindingOf(context.policy.bindings, subject.name);
  if (binding && isHeldTo(view, binding.url)) {
    return [
      draft(
        "passed",
        `${subject.written} is bound to ${labelOf(binding)} by ${binding.from}, and the digests in the file admit its files alone.`,
        indexes.map((one) => pageEvidence(one)),
      ),
    ];
  }
  const pages = indexes.filter(({ answer }) => answer.state === "page");
  const failures = indexes.filter(({ answer }) => answer.state === "failed");
  const [main] = [...pages].sort((a, b) => Number(b.isBound) - Number(a.isBound));
  const others = pages.filter((one) => one !== main);
  const findings = main ? others.flatMap((other) => compare({ view, main, other, computed }, context)) : [];
  const evidence = indexes.map((one) => pageEvidence(one));
  const unheard = failures.slice(0, 1).map(({ answer, label }) => {
    const why = answer.state === "failed" ? whyNot(answer.failure) : "";
    return draft("not-checked", `Whether ${label} has ${subject.written} too: ${why}.`, evidence);
  });
  if (findings.length + unheard.length > 0) return [...findings, ...unheard];
  const unasked = indexes.filter(({ answer }) => answer.state === "unasked");
  if (others.length === 0 && unasked.length > 0 && unasked.length === indexes.length - 1) {
    const bound = boundViews(view).map(({ label }) => label);
    return [
      draft(
        "passed",
        `${subject.written} is bound to ${bound.join(" and ")}: its name is told to no other index.`,
        evidence,
      ),
    ];
  }
  if (others.length === 0) return [draft("passed", `No other index has ${subject.written}.`, evidence)];
  return [
    draft(
      "passed",
      `${others.map(({ label }) => label).join(" and ")} has ${subject.written} too, which is no other package.`,
      evidence,
    ),
  ];
}

function draft(state: CheckDraft["state"], message: string, evidence: CheckDraft["evidence"]): CheckDraft {
  return { rule: RULE, state, message, evidence };
}

const pageOf = (view: IndexView): ProjectPage | undefined =>
  view.answer.state === "page" ? view.answer.page : undefined;

interface Pair {
  readonly view: SubjectView;
  readonly main: IndexView;
  readonly other: IndexView;
  readonly computed: ComputedDigests;
}

/** What speaks for two projects of one name. Empty for a mirror and for an accelerator's builds. */
function compare(pair: Pair, context: CheckContext): CheckDraft[] {
  const { view, main, other } = pair;
  const [mine, theirs] = [pageOf(main)!, pageOf(other)!];
  const { differing, same, incomparable } = sharedFiles(pair);
  const ofVersion = differing.filter((filename) =>
    view.located.length === 0 ? true : view.located.some(({ file }) => file.filename === filename),
  );
  // Files in common with one content, and none of this release with another: a mirror, whole or in part.
  const forged = ofVersion.length > 0 ? ofVersion : same > 0 ? [] : differing;
  if (forged.length > 0) return [tellForged(pair, forged, context)];
  if (same > 0 || isAccelerator(other, theirs) || isAccelerator(main, mine)) return [];
  if (areOneProject(main, other)) return [];
  if (mine.files.length === 0 || theirs.files.length === 0) return [];
  if (incomparable > 0) {
    const message = `Whether ${view.subject.written} of ${other.label} is that of ${main.label}: they give no digests to compare.`;
    return [draft("not-checked", message, [pageEvidence(main), pageEvidence(other)])];
  }
  return [tellTwins(pair, context)];
}

const isHeld = ({ view }: Pair): boolean => view.subject.digests.length > 0;
const DECIDED = "The digests in the file decide which is installed.";

/** What two findings of one name have in common: once digests hold what is installed, they are no more than information. */
function twoIndexes(pair: Pair): Pick<CheckDraft, "rule" | "state" | "severity" | "next" | "evidence"> {
  const { main, other } = pair;
  return {
    rule: RULE,
    state: "failed",
    severity: isHeld(pair) ? "information" : "warning",
    next: "Bind the package to the index that it is meant to come from.",
    evidence: [pageEvidence(main, sayNewest(pageOf(main)!)), pageEvidence(other, sayNewest(pageOf(other)!))],
  };
}

function tellForged(pair: Pair, filenames: readonly string[], context: CheckContext): CheckDraft {
  const { main, other, view } = pair;
  const more = filenames.length > 1 ? `, as with ${filenames.length - 1} more` : "";
  const what = `${other.label} has another content under the name ${filenames[0]} than ${main.label}${more}`;
  return {
    ...twoIndexes(pair),
    artifact: filenames[0],
    message: isHeld(pair) ? `${what}. ${DECIDED}` : `${what}: ${sayWinners(view, context)}.`,
    aliases: ["DIFFERENT-ARTIFACTS-ON-SOURCES"],
  };
}

function tellTwins(pair: Pair, context: CheckContext): CheckDraft {
  const { main, other, view } = pair;
  const isHalfPublic = main.isPublic !== other.isPublic;
  return {
    ...twoIndexes(pair),
    message: `${view.subject.written} is on ${main.label} and on ${other.label}, with no file in common${isHalfPublic ? ", and one of them is public" : ""}: ${sayWinners(view, context)}.${isHeld(pair) ? ` ${DECIDED}` : ""}`,
    aliases: ["ARTIFACT-POSSIBLE-DIFFERENT-SOURCE"],
    labels: ["confusion"],
  };
}

interface SharedFiles {
  /** File names with another content. */
  readonly differing: readonly string[];
  /** How many have the same content. */
  readonly same: number;
  /** How many have no digest in common to tell. */
  readonly incomparable: number;
}

/** What is to be told of the file names that both pages list. */
function sharedFiles({ main, other, computed }: Pair): SharedFiles {
  const hashesOf = (file: PageFile): PageFile["hashes"] => ({ ...file.hashes, ...computed.get(file) });
  const byName = new Map(pageOf(main)!.files.map((file) => [file.filename, file]));
  const differing: string[] = [];
  let [same, incomparable] = [0, 0];
  for (const file of pageOf(other)!.files) {
    const own = byName.get(file.filename);
    if (!own) continue;
    const isSame = sameContent(hashesOf(own), hashesOf(file));
    if (isSame === undefined) incomparable++;
    else if (isSame) same++;
    else differing.push(file.filename);
  }
  return { differing, same, incomparable };
}

function sameContent(a: PageFile["hashes"], b: PageFile["hashes"]): boolean | undefined {
  let isComparable = false;
  for (const [algorithm, digest] of Object.entries(a)) {
    const other = b[algorithm];
    if (other === undefined) continue;
    if (other !== digest) return false;
    isComparable = true;
  }
  return isComparable ? true : undefined;
}

/**
 * Whether the indexes themselves say that their projects of the name are one (PEP 708): one tracks the other, or both the same, or
 * each names both as its locations.
 */
function areOneProject(main: IndexView, other: IndexView): boolean {
  const sides = [main, other].map((view) => {
    const page = pageOf(view)!;
    const keys = (addresses: readonly string[] = []): Set<string> => new Set(addresses.map(indexKey));
    const own = indexKey(`${view.location.url.replace(/\/+$/, "")}/${page.name}`);
    return { own, tracks: keys(page.tracks), locations: keys(page.alternateLocations).add(own) };
  });
  const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
  if (a.tracks.has(b.own) || b.tracks.has(a.own) || !a.tracks.isDisjointFrom(b.tracks)) return true;
  return a.locations.size > 1 && a.locations.symmetricDifference(b.locations).size === 0;
}

/** An index of builds for particular machines: known by its host, or by its releases being local versions alone (`2.1.0+cu118`). */
function isAccelerator(view: IndexView, page: ProjectPage): boolean {
  const host = URL.parse(view.location.url)?.hostname ?? "";
  if (ACCELERATOR_HOSTS.has(host)) return true;
  const parsed = page.releases.flatMap((release) => release.parsed ?? []);
  return (
    parsed.length > 0 && parsed.every((version) => version.local !== undefined && version.local.length > 0)
  );
}

function sayNewest(page: ProjectPage): string {
  const newest = page.releases.find(({ parsed }) => parsed && !parsed.isPrerelease) ?? page.releases[0];
  return newest ? `newest ${newest.version}` : "no releases";
}

/**
 * Which index each installer would take the name from. pip: the highest version anywhere; uv: the first index that has the
 * name, extra ones before the default one; pipenv: the source that the lock names, else the first.
 */
function sayWinners(view: SubjectView, context: CheckContext): string {
  const withPages = view.indexes.filter((one) => pageOf(one) !== undefined);
  const newest = (one: IndexView) => {
    const releases = pageOf(one)!.releases.filter(
      ({ parsed, files }) =>
        parsed &&
        view.subject.specifier.contains(parsed, { prereleases: true }) &&
        // Only who asks for one release alone is given it although it is yanked (PEP 592).
        (view.subject.version !== undefined || files.some(({ yanked }) => yanked === undefined)),
    );
    const final = releases.filter(({ parsed }) => !parsed!.isPrerelease);
    return (final[0] ?? releases[0])?.parsed;
  };
  const ranked = withPages
    .flatMap((one, at) => {
      const version = newest(one);
      return version ? [{ one, version, at }] : [];
    })
    // Of equal releases pip takes the last index's: it looks at its links from the end.
    .sort((a, b) => compareVersions(b.version, a.version) || b.at - a.at);
  const [pip] = ranked;
  const order = [...withPages].sort((a, b) => Number(a.isDefault) - Number(b.isDefault));
  const [uv] = order;
  const pipenv =
    view.subject.source !== undefined || context.pipeline === "pipenv"
      ? (boundViews(view)[0] ?? withPages[0])
      : withPages[0];
  const parts = [
    pip ? `pip would take ${pip.version} of ${pip.one.label}` : "pip would take none",
    uv ? `uv what ${uv.label} has` : "",
    pipenv ? `pipenv what ${pipenv.label} has` : "",
  ];
  return parts.filter(Boolean).join(", ");
}
