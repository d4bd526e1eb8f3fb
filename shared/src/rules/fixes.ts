// Fixes of one line, each checked before it is offered; what cannot be taken is shown with its reason.
import type { ProjectFacts, ReleaseFacts } from "../facts/model.ts";
import type { Finding, Fix, TextEdit } from "../finding/model.ts";
import { type EditPlan, planHashes, planIgnore, planPin, planSpecifier } from "../manifest/edits.ts";
import { isLockKind } from "../manifest/kind.ts";
import type { Manifest, RequirementEntry } from "../manifest/model.ts";
import { raisePoetryConstraint } from "../manifest/poetryConstraint.ts";
import { parseVersion, type Version } from "../packaging/version.ts";
import { candidatesFor, objectionTo } from "./candidates.ts";
import { nameOf } from "./local.ts";
import type { PlacedRequirement, RuleInput } from "./model.ts";
import { appliesHere, installedIn, isFromIndex, pinnedVersion, placementOf } from "./place.ts";
import { raiseSpecifier } from "./raise.ts";
import { judgeFixes } from "./stack.ts";
import { count, saySpecifier } from "./words.ts";

/** The fixes of one line that may be offered, the preferred one first, and those that the resolver is still to be asked about. */
export function judgedFixesOf(
  input: RuleInput,
  placed: PlacedRequirement,
): { readonly fixes: readonly Fix[]; readonly unproven: readonly Fix[] } {
  return judgeFixes(input, candidateFixes(input, placed));
}

/** The fixes of one line that may be offered. */
export function fixesOf(input: RuleInput, placed: PlacedRequirement): readonly Fix[] {
  return judgedFixesOf(input, placed).fixes;
}

/** Every fix that what is known of the releases allows; nothing is fetched, and no resolver has been asked. */
export function candidateFixes(input: RuleInput, placed: PlacedRequirement): Fix[] {
  const facts = input.snapshot.projects.get(placed.entry.normalizedName ?? "");
  if (!isFromIndex(placed.entry) || facts?.state !== "known" || isLockKind(placed.file.manifest.kind))
    return [];
  if (appliesHere(placed.entry, input.snapshot.environment) === false) return [];
  const fixes = new FixList(input, placed, facts);
  // A project that others depend on states what it works with: a pin is the last thing that it wants.
  const isLoose = placed.file.manifest.kind === "pyproject" && pinnedVersion(placed.entry) === undefined;
  if (isLoose) fixes.addBeyond(true);
  fixes.addNewest();
  fixes.addWithin();
  fixes.addKnown("pin-locked", placementOf(input.tree).locked.get(facts.name), "locked");
  fixes.addKnown("pin-installed", installedIn(input.snapshot.environment).get(facts.name), "installed");
  if (!isLoose) fixes.addBeyond();
  fixes.addHashes();
  return fixes.list;
}

/** Silences one finding where it is told, if a comment may. */
export function silenceOf(placed: PlacedRequirement, finding: Finding): Fix | undefined {
  if (finding.stands) return undefined;
  const plan = planIgnore(placed.file.manifest, placed.entry, finding.rule);
  if (!plan.ok) return undefined;
  const pinned = pinnedVersion(placed.entry);
  return {
    kind: "silence-rule",
    title:
      pinned === undefined ? `Silence ${finding.rule} here` : `Keep ${pinned} and silence ${finding.rule}`,
    edits: [{ uri: placed.file.uri, edits: plan.value }],
    proven: true,
  };
}

class FixList {
  readonly list: Fix[] = [];
  readonly #input: RuleInput;
  readonly #placed: PlacedRequirement;
  readonly #facts: ProjectFacts;
  readonly #pinned: string | undefined;
  /** Versions that a fix of the list pins already: one fix per outcome. */
  readonly #taken = new Set<string>();

  constructor(input: RuleInput, placed: PlacedRequirement, facts: ProjectFacts) {
    this.#input = input;
    this.#placed = placed;
    this.#facts = facts;
    this.#pinned = pinnedVersion(placed.entry);
    if (this.#pinned !== undefined) this.#taken.add(this.#pinned);
  }

  #push(
    fix: Omit<Fix, "edits" | "proven" | "disabled">,
    plan: EditPlan | undefined,
    objection?: string,
  ): void {
    const refused = objection ?? (plan && !plan.ok ? plan.error.message : undefined);
    const edits: readonly TextEdit[] = plan?.ok && refused === undefined ? plan.value : [];
    this.list.push({
      ...fix,
      edits: edits.length > 0 ? [{ uri: this.#placed.file.uri, edits }] : [],
      proven: refused === undefined,
      ...(refused === undefined ? {} : { disabled: refused, preferred: false }),
    });
  }

  /** A pin carries the hashes of the release along where the line has hashes. */
  #planPin(version: string): EditPlan {
    const { entry, file } = this.#placed;
    return planPin(
      file.manifest,
      entry,
      version,
      entry.hashes.length > 0 ? this.#hashesOf(version) : undefined,
    );
  }

  #hashesOf(version: string): string[] {
    const artifacts = this.#facts.details[version]?.artifacts ?? [];
    return artifacts.flatMap((artifact) =>
      artifact.hashes.sha256 ? [`sha256:${artifact.hashes.sha256}`] : [],
    );
  }

  #addPin(kind: string, release: ReleaseFacts, why: string, title: string, preferred: boolean): void {
    if (this.#taken.has(release.version)) return;
    this.#taken.add(release.version);
    this.#push({ kind, title: `${title} (${why})`, preferred }, this.#planPin(release.version));
  }

  addNewest(): void {
    const { chosen, newer } = candidatesFor(this.#input, this.#placed);
    const current = this.#facts.releases.find((release) => release.version === this.#pinned);
    if (chosen && current?.yanked !== undefined) this.#addReplacement(chosen);
    if (chosen)
      this.#addPin(
        "pin-newest-compatible",
        chosen,
        "newest compatible",
        `Pin to ${chosen.version}`,
        this.list.length === 0,
      );
    if (newer && !this.#taken.has(newer.release.version)) {
      this.#taken.add(newer.release.version);
      this.#push(
        { kind: "pin-newest-compatible", title: `Pin to ${newer.release.version} (newest)` },
        undefined,
        newer.objection,
      );
    }
  }

  /** The nearest release that is not yanked: the newest of the same series, where that is not the newest of all. */
  #addReplacement(chosen: ReleaseFacts): void {
    const pinned = parseVersion(this.#pinned ?? "");
    if (!pinned) return;
    const near = candidatesFor(this.#input, this.#placed, {
      accepts: (version) => version.epoch === pinned.epoch && version.release[0] === pinned.release[0],
    }).chosen;
    if (!near || near.version === chosen.version) return;
    this.#addPin(
      "replace-yanked",
      near,
      `newest ${pinned.release[0]}.x`,
      `Replace the yanked ${this.#pinned} with ${near.version}`,
      true,
    );
  }

  /** The newest that the line admits as it is written. */
  addWithin(): void {
    const { entry } = this.#placed;
    if (this.#pinned !== undefined || entry.specifier.clauses.length === 0) return;
    const accepts = (version: Version) => entry.specifier.contains(version, { prereleases: true });
    const { chosen } = candidatesFor(this.#input, this.#placed, { accepts });
    if (chosen)
      this.#addPin(
        "raise-within",
        chosen,
        `newest within ${saySpecifier(entry.specifier)}`,
        `Pin to ${chosen.version}`,
        false,
      );
  }

  addKnown(kind: string, version: string | undefined, why: string): void {
    if (version === undefined || this.#taken.has(version)) return;
    this.#taken.add(version);
    const objection = objectionTo(this.#input, this.#placed, version);
    this.#push(
      { kind, title: `Pin to ${version} (${why})` },
      objection ? undefined : this.#planPin(version),
      objection,
    );
  }

  /** Moves the clauses that keep the newest compatible release out, in the style in which they are written. */
  addBeyond(preferred = false): void {
    const { entry, file } = this.#placed;
    if (this.#pinned !== undefined || entry.specifier.clauses.length === 0) return;
    const { chosen } = candidatesFor(this.#input, this.#placed);
    const version = chosen && parseVersion(chosen.version);
    if (!version || entry.specifier.contains(version, { prereleases: true })) return;
    const raised = raisedText(placedText(file.manifest.text, entry), entry, version);
    if (raised === undefined) return;
    this.#push(
      {
        kind: "raise-beyond",
        title: `Raise to ${raised} (admits ${chosen.version})`,
        ...(preferred ? { preferred } : {}),
      },
      planSpecifier(file.manifest, entry, raised),
    );
  }

  /** Hash lines that are not those of the pinned release's files. */
  addHashes(): void {
    const { entry, file } = this.#placed;
    if (entry.hashes.length === 0) {
      const fix = hashFixOf(this.#input, this.#placed);
      if (fix) this.list.push(fix);
      return;
    }
    if (this.#pinned === undefined) return;
    const wanted = this.#hashesOf(this.#pinned);
    if (wanted.length === 0) return;
    const present = new Set(entry.hashes.map((hash) => `${hash.algorithm}:${hash.digest.toLowerCase()}`));
    if (wanted.length === present.size && wanted.every((hash) => present.has(hash))) return;
    this.#push(
      {
        kind: "refresh-hashes",
        title: `Refresh the hashes of ${nameOf(entry)} ${this.#pinned} (${count(wanted.length, "file")})`,
      },
      planHashes(file.manifest, entry, wanted),
    );
  }
}

/**
 * Gives a pinned line that has no hash, where pip wants one, those of every file of its release: of the index that it comes from, and
 * of no other one that has files under the same name. Undefined where a file there has no sha256, since pip would refuse that file.
 */
export function hashFixOf({ snapshot }: RuleInput, { entry, file }: PlacedRequirement): Fix | undefined {
  const version = pinnedVersion(entry);
  const facts = snapshot.projects.get(entry.normalizedName ?? "");
  if (version === undefined || entry.hashes.length > 0 || facts?.state !== "known" || !isFromIndex(entry))
    return undefined;
  if (!isHashed(file.manifest)) return undefined;
  const hashes = hashesFrom(facts, version);
  const plan = hashes && planHashes(file.manifest, entry, hashes);
  if (!plan?.ok || plan.value.length === 0) return undefined;
  return {
    kind: "add-hashes",
    title: `Add the hashes of ${nameOf(entry)} ${version} (${count(hashes!.length, "file")})`,
    edits: [{ uri: file.uri, edits: plan.value }],
    proven: true,
    preferred: true,
  };
}

/** One line with hashes, or the option, makes pip ask all lines for theirs. */
function isHashed({ kind, entries }: Manifest): boolean {
  if (kind !== "requirements") return false;
  return entries.some(
    (entry) =>
      (entry.kind === "requirement" && entry.hashes.length > 0) ||
      (entry.kind === "option" && entry.option === "--require-hashes"),
  );
}

/** Of several indexes with the release the one that pip would take it from: the order is that of what would be installed. */
function hashesFrom({ details }: ProjectFacts, version: string): string[] | undefined {
  const artifacts = details[version]?.artifacts ?? [];
  const bound = (artifacts.find(({ suits }) => suits) ?? artifacts[0])?.index;
  const own = artifacts.filter(({ index }) => index === bound);
  const hashes = own.flatMap(({ hashes: { sha256 } }) => (sha256 ? [`sha256:${sha256}`] : []));
  return own.length > 0 && hashes.length === own.length ? [...new Set(hashes)].sort() : undefined;
}

function placedText(text: string, { specifierSpan }: RequirementEntry): string {
  return specifierSpan ? text.slice(specifierSpan.start, specifierSpan.end) : "";
}

/** In poetry's own style where the line is written in it. */
function raisedText(
  written: string,
  { grammar, specifier }: RequirementEntry,
  version: Version,
): string | undefined {
  const own = grammar === "poetry" ? raisePoetryConstraint(written, version) : undefined;
  return own ?? raiseSpecifier(specifier, version);
}
