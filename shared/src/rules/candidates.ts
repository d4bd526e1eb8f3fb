// Which releases may be offered for a line, and why another may not.
import type { ProjectFacts, ReleaseFacts } from "../facts/model.ts";
import { normalizeName } from "../packaging/name.ts";
import { parseVersion, type Version } from "../packaging/version.ts";
import { nameOf, sayPlace } from "./local.ts";
import type { PlacedRequirement, RuleInput } from "./model.ts";
import { appliesHere, canMeet, placementOf } from "./place.ts";
import {
  admitsPrereleases,
  canAgree,
  demandsOn,
  dependenciesOf,
  dependencyCounts,
  isUsable,
} from "./releases.ts";
import { sayPython, saySpecifier, tame } from "./words.ts";

/** Why a release must not be pinned on this line; undefined where it may. */
export function objectionTo(
  input: RuleInput,
  placed: PlacedRequirement,
  version: string,
): string | undefined {
  const facts = input.snapshot.projects.get(placed.entry.normalizedName ?? "");
  if (facts?.state !== "known") return `Not checked: ${nameOf(placed.entry)} is not known yet.`;
  const release = facts.releases.find((item) => item.version === version);
  if (!release) return `${version} is not on the index.`;
  return objectionToRelease(input, placed, release) ?? objectionByMetadata(input, placed, facts, release);
}

/** What the release's own files and the other lines say against it. */
function objectionToRelease(
  input: RuleInput,
  placed: PlacedRequirement,
  release: ReleaseFacts,
): string | undefined {
  if (release.yanked !== undefined) return `${release.version} is yanked.`;
  if (release.obstacle === "python")
    return `${release.version} needs ${sayPython(tame(release.requiresPython ?? "another Python", 60))}.`;
  if (release.obstacle !== undefined)
    return `${release.version} has no file that installs on this environment.`;
  const parsed = parseVersion(release.version);
  if (!parsed) return `${release.version} is not a PEP 440 version.`;
  for (const demand of demandsOn(input.tree, input.snapshot, placed)) {
    if (demand.specifier.contains(parsed, { prereleases: true })) continue;
    const who =
      demand.version === undefined
        ? sayPlace(demand.from, placed)
        : `${nameOf(demand.from.entry)} ${demand.version} (${sayPlace(demand.from, placed)})`;
    return `${who} asks for ${saySpecifier(demand.specifier)}.`;
  }
  return undefined;
}

/** What its own dependencies say against the other lines. */
function objectionByMetadata(
  input: RuleInput,
  placed: PlacedRequirement,
  facts: ProjectFacts,
  release: ReleaseFacts,
): string | undefined {
  const detail = facts.details[release.version];
  if (detail?.requiresDist === undefined) {
    return `Not checked: ${detail?.notChecked ?? `what ${release.version} requires is not known yet`}`;
  }
  const extras = placed.entry.extras.map((extra) => extra.text);
  for (const requirement of dependenciesOf(detail)) {
    if (requirement.url !== undefined || !dependencyCounts(requirement, input.snapshot.environment, extras))
      continue;
    const name = normalizeName(requirement.name.text);
    for (const other of placementOf(input.tree).byName.get(name) ?? []) {
      if (other.entry === placed.entry || !canMeet(other.entry, placed.entry)) continue;
      if (appliesHere(other.entry, input.snapshot.environment) === false) continue;
      if (
        canAgree(input.snapshot.projects.get(name), other.entry.specifier, requirement.specifier) === false
      ) {
        return `${release.version} needs ${name} ${saySpecifier(requirement.specifier)}; ${sayPlace(other, placed)} asks for ${saySpecifier(other.entry.specifier)}.`;
      }
    }
  }
  return undefined;
}

export interface Choice {
  /** Only releases that this accepts. */
  readonly accepts?: (version: Version) => boolean;
}

/** How many releases are looked at, newest first, when what they require is in the way. */
const depth = 4;

export interface Candidates {
  /** The newest that nothing speaks against. */
  readonly chosen?: ReleaseFacts;
  /** Newer than `chosen` and suiting Python, tags and the other lines, but what it requires does not agree, or is not known. */
  readonly newer?: { readonly release: ReleaseFacts; readonly objection: string };
  /** Its detail decides and is not known yet. */
  readonly undecided?: ReleaseFacts;
}

/** The releases that could be offered for a line: the newest without objection, and what stands above it. */
export function candidatesFor(input: RuleInput, placed: PlacedRequirement, choice: Choice = {}): Candidates {
  const facts = input.snapshot.projects.get(placed.entry.normalizedName ?? "");
  if (facts?.state !== "known") return {};
  let newer: Candidates["newer"];
  let looked = 0;
  for (const release of suitableReleases(input, placed, facts, choice)) {
    if (looked++ === depth) break;
    const objection = objectionByMetadata(input, placed, facts, release);
    if (objection === undefined) return { chosen: release, ...(newer ? { newer } : {}) };
    newer ??= { release, objection };
    const detail = facts.details[release.version];
    if (!detail) return { newer, undecided: release };
  }
  return newer ? { newer } : {};
}

/** The newest release that suits Python, tags and every line that reaches the project. Pre-releases only where the line names one. */
export function newestCompatible(
  input: RuleInput,
  placed: PlacedRequirement,
  choice: Choice = {},
): ReleaseFacts | undefined {
  const facts = input.snapshot.projects.get(placed.entry.normalizedName ?? "");
  if (facts?.state !== "known") return undefined;
  for (const release of suitableReleases(input, placed, facts, choice)) return release;
  return undefined;
}

function* suitableReleases(
  input: RuleInput,
  placed: PlacedRequirement,
  facts: ProjectFacts,
  choice: Choice,
): Generator<ReleaseFacts> {
  const demands = demandsOn(input.tree, input.snapshot, placed);
  const prereleases = admitsPrereleases(placed.entry.specifier);
  for (const release of facts.releases) {
    if (!isUsable(release)) continue;
    const version = parseVersion(release.version);
    if (!version || (version.isPrerelease && !prereleases)) continue;
    if (choice.accepts && !choice.accepts(version)) continue;
    if (demands.every((demand) => demand.specifier.contains(version, { prereleases: true }))) yield release;
  }
}
