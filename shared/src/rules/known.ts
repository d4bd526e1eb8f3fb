// Rules that need facts: does the project exist, does a release match, does it suit the environment, does it agree with the other lines.
import type { ProjectFacts, ReleaseFacts } from "../facts/model.ts";
import type { Evidence } from "../finding/model.ts";
import { parseVersion } from "../packaging/version.ts";
import { acceptanceFor } from "./accepted.ts";
import { newestCompatible } from "./candidates.ts";
import { candidateFixes } from "./fixes.ts";
import { nameOf, sayPlace } from "./local.ts";
import { type Collector, type Draft, relatedPlace } from "./make.ts";
import type { NotCheckedItem, PlacedRequirement, RuleInput } from "./model.ts";
import { appliesHere, isFromIndex, pinnedVersion, placementOf } from "./place.ts";
import { admittedReleases, canAgree, demandsOn, firstUsable, isUsable } from "./releases.ts";
import { repairNameOf } from "./repair.ts";
import { addDisagreements, addStackFindings, isJudgedByStack, isStackCurrent } from "./stack.ts";
import { addStaleAdvisories, addTransitiveVulnerabilities, addVulnerability } from "./vulnerabilities.ts";
import { count, fileName, sayEnvironment, sayPython, saySpecifier, shortPython, tame } from "./words.ts";

/** Adds what the snapshot shows, and answers what could not be checked. */
export function addKnownFindings(input: RuleInput, collector: Collector): NotCheckedItem[] {
  const notChecked: NotCheckedItem[] = [];
  if (input.snapshot.unasked) {
    return [{ what: "releases, advice and validation", reason: input.snapshot.unasked.message }];
  }
  const told = new Set<string>();
  for (const placed of placementOf(input.tree).all) {
    if (!isFromIndex(placed.entry)) continue;
    const facts = input.snapshot.projects.get(placed.entry.normalizedName!);
    const rules = new RequirementRules(input, placed, facts, collector);
    const reason = rules.run();
    addVulnerability(input, placed, collector);
    if (reason !== undefined && !told.has(placed.entry.normalizedName!)) {
      told.add(placed.entry.normalizedName!);
      notChecked.push({ what: placed.entry.normalizedName!, reason });
    }
  }
  addTransitiveVulnerabilities(input, collector);
  addStaleAdvisories(input, collector);
  addStackFindings(input, collector);
  addDisagreements(input, collector);
  const unresolved = unresolvedReason(input);
  if (unresolved) notChecked.push(unresolved);
  addInspection(input, collector);
  return notChecked;
}

/** Why it is not known whether the tree resolves, where the resolver could not say. */
function unresolvedReason({ snapshot: { stack }, tree }: RuleInput): NotCheckedItem | undefined {
  if (!isStackCurrent(stack, tree)) return undefined;
  const what = `whether ${fileName(tree.root)} resolves`;
  const isAnswered = stack.state === "resolves" || stack.state === "conflict";
  if (!isAnswered) return { what, reason: stack.reason ?? "the resolver gave no answer" };
  const [first, ...more] = stack.leftOut.filter(({ isFinding }) => !isFinding);
  if (first === undefined) return undefined;
  const others = more.length > 0 ? ` And ${count(more.length, "other line")}.` : "";
  return { what: `${what} as a whole`, reason: `${first.reason}${others}` };
}

/** The rules of one line. At most one of them speaks about the release, the gravest. */
class RequirementRules {
  readonly #input: RuleInput;
  readonly #placed: PlacedRequirement;
  readonly #facts: ProjectFacts | undefined;
  readonly #collector: Collector;

  constructor(
    input: RuleInput,
    placed: PlacedRequirement,
    facts: ProjectFacts | undefined,
    collector: Collector,
  ) {
    this.#input = input;
    this.#placed = placed;
    this.#facts = facts;
    this.#collector = collector;
  }

  /** Answers why the line was not checked, where it was not. */
  run(): string | undefined {
    const facts = this.#facts;
    if (!facts) return this.#input.snapshot.pending ? "the answer is still to come" : "nothing was asked";
    switch (facts.state) {
      case "failed":
        this.#refused(facts);
        return facts.trouble?.message ?? "the index did not answer";
      case "unknown":
        return facts.trouble?.message ?? "offline, and nothing is stored";
      case "absent":
        this.#absent(facts);
        return undefined;
      case "known":
        this.#status(facts);
        if (appliesHere(this.#placed.entry, this.#input.snapshot.environment) !== false) this.#release(facts);
        return this.#input.snapshot.environment?.tags
          ? undefined
          : "no Python was found, so releases were not matched to one";
    }
  }

  #add(draft: Omit<Draft, "file" | "entry" | "package" | "evidence">): void {
    this.#collector.add({
      ...draft,
      file: this.#placed.file,
      entry: this.#placed.entry,
      package: this.#placed.entry.normalizedName!,
      evidence: this.#facts ? evidenceOf(this.#facts) : [],
    });
  }

  #nameSpan() {
    return this.#placed.entry.name?.span ?? this.#placed.entry.span;
  }

  #specifierSpan() {
    return this.#placed.entry.specifierSpan ?? this.#nameSpan();
  }

  #refused(facts: ProjectFacts): void {
    const trouble = facts.trouble;
    const message = trouble?.message ?? `Not checked: the index did not answer for ${facts.name}.`;
    this.#add({
      rule: "index-refused",
      message: tame(trouble?.next ? `${message} ${trouble.next}` : message),
      span: this.#nameSpan(),
    });
  }

  #absent(facts: ProjectFacts): void {
    const hosts = [...new Set(facts.indexes.map((index) => tame(hostOf(index))))];
    // Beyond three a sentence would only list; the evidence names them all.
    const where =
      hosts.length === 0
        ? "any index: none is asked"
        : hosts.length <= 3
          ? hosts.join(", ").replace(/, ([^,]*)$/, " or $1")
          : `any of the ${facts.indexes.length} indexes`;
    const meant = facts.meant ?? [];
    const [first] = meant;
    const hint = first ? ` One slip away: ${meant.map(({ name }) => tame(name)).join(", ")}.` : "";
    this.#add({
      rule: "unknown-project",
      message: `${nameOf(this.#placed.entry)} is not on ${where}.${hint}`,
      span: this.#nameSpan(),
      fixes: meant.flatMap((one) => repairNameOf(this.#placed, one, meant.length === 1)),
    });
  }

  #status(facts: ProjectFacts): void {
    if (!facts.status || facts.status.status === "active") return;
    const reason = facts.status.reason ? `: "${tame(facts.status.reason, 80)}"` : "";
    this.#add({
      rule: "project-status",
      severity:
        facts.status.status === "quarantined"
          ? "error"
          : facts.status.status === "archived"
            ? "information"
            : "warning",
      message: `${nameOf(this.#placed.entry)} is ${tame(facts.status.status, 40)} by its index${reason}.`,
      span: this.#nameSpan(),
    });
  }

  #release(facts: ProjectFacts): void {
    const { entry } = this.#placed;
    // What holds for most lines is known after a look at the newest release.
    if (firstUsable(facts, entry.specifier)) {
      if (entry.kind === "requirement") this.#conflicts(facts);
      return;
    }
    const admitted = admittedReleases(facts, entry.specifier);
    if (admitted.length === 0) {
      if (entry.specifier.isUnsatisfiable()) return;
      this.#noMatch(facts);
      return;
    }
    const usable =
      admitted.find(isUsable) ??
      (isPin(admitted, entry) ? admitted.find((release) => release.obstacle === undefined) : undefined);
    if (!usable) {
      this.#unusable(admitted);
      return;
    }
    if (usable.yanked !== undefined) this.#yanked(usable);
    if (entry.kind === "requirement") this.#conflicts(facts);
  }

  #noMatch(facts: ProjectFacts): void {
    const { entry } = this.#placed;
    const newest =
      facts.releases.find((release) => !parseVersion(release.version)?.isPrerelease) ?? facts.releases[0];
    const best = newestCompatible(this.#input, this.#placed);
    const hint = best
      ? ` Newest compatible: ${best.version}.`
      : newest
        ? ` Newest: ${newest.version}.`
        : " It has no releases.";
    this.#add({
      rule: "no-matching-release",
      message: `No release of ${nameOf(entry)} matches ${saySpecifier(entry.specifier)}.${hint}`,
      span: this.#specifierSpan(),
      fixes: this.#repairs(),
    });
  }

  /** Everything that matches is out of reach here: say why of the newest, which is the one that the person would expect. */
  #unusable(admitted: readonly ReleaseFacts[]): void {
    const { entry } = this.#placed;
    const environment = this.#input.snapshot.environment;
    const [newest] = admitted;
    if (!newest) return;
    const subject =
      admitted.length === 1
        ? `${nameOf(entry)} ${newest.version}`
        : `Every release of ${nameOf(entry)}${entry.specifier.clauses.length > 0 ? ` that matches ${saySpecifier(entry.specifier)}` : ""}`;
    const best = newestCompatible(this.#input, this.#placed);
    const hint = best ? ` Newest compatible: ${best.version}.` : "";
    const nearest = admitted.find((release) => release.obstacle === "python") ?? newest;
    if (nearest.obstacle === "python" && nearest.requiresPython !== undefined) {
      const python = environment?.pythonVersion ? shortPython(environment.pythonVersion) : "another one";
      this.#add({
        rule: "python-incompatible",
        message: `${subject} needs ${sayPython(tame(nearest.requiresPython, 60))}; this environment has ${python}.${hint}`,
        span: this.#specifierSpan(),
        fixes: this.#repairs(),
      });
    } else if (nearest.obstacle === "tags") {
      this.#add({
        rule: "no-artifact",
        message: `${subject} has no wheel for ${sayEnvironment(environment)} and no sdist.${hint}`,
        span: this.#specifierSpan(),
        fixes: this.#repairs(),
      });
    } else if (admitted.some((release) => release.yanked !== undefined)) {
      this.#yanked(admitted.find((release) => release.yanked !== undefined)!);
    } else {
      this.#add({
        rule: "no-artifact",
        message: `${subject} has no file that can be installed.${hint}`,
        span: this.#specifierSpan(),
        fixes: this.#repairs(),
      });
    }
  }

  #yanked(release: ReleaseFacts): void {
    const { entry } = this.#placed;
    const accepted = { package: entry.normalizedName!, version: release.version, entry };
    if (acceptanceFor(this.#input.snapshot, accepted, "yanked-release")) {
      this.#collector.addAccepted("yanked-release", accepted.package, accepted.version);
      return;
    }
    const reason =
      typeof release.yanked === "string" && release.yanked !== "" ? `: "${tame(release.yanked, 80)}"` : "";
    const best = newestCompatible(this.#input, this.#placed);
    this.#add({
      rule: "yanked-release",
      message: `${nameOf(this.#placed.entry)} ${release.version} is yanked${reason}.${best ? ` Newest compatible release: ${best.version}.` : ""}`,
      span: this.#specifierSpan(),
      fixes: this.#repairs(),
    });
  }

  /** What pinned releases require of this project, against what this line asks for. Told on the line that is pinned to them. */
  #conflicts(facts: ProjectFacts): void {
    const { entry } = this.#placed;
    for (const demand of demandsOn(this.#input.tree, this.#input.snapshot, this.#placed)) {
      if (canAgree(facts, entry.specifier, demand.specifier) !== false) continue;
      if (isJudgedByStack(this.#input, this.#placed, demand.from)) continue;
      if (demand.version === undefined) {
        this.#disagreement(demand.from, saySpecifier(demand.specifier));
      } else {
        this.#demanded(demand.from, demand.version, saySpecifier(demand.specifier), facts);
      }
    }
  }

  /** Two lines of the person's own: told once, on the later one. */
  #disagreement(other: PlacedRequirement, specifier: string): void {
    const all = placementOf(this.#input.tree).all;
    if (all.indexOf(other) > all.indexOf(this.#placed) && other.entry.kind === "requirement") return;
    this.#add({
      rule: "conflicting-requirements",
      message: `${nameOf(this.#placed.entry)} ${saySpecifier(this.#placed.entry.specifier)} and ${specifier} (${sayPlace(other, this.#placed)}) have no release in common.`,
      span: this.#specifierSpan(),
      related: [relatedPlace(other.file, other.entry.span, `Asks for ${specifier}.`)],
    });
  }

  #demanded(by: PlacedRequirement, version: string, specifier: string, facts: ProjectFacts): void {
    const { entry, file } = this.#placed;
    const asked = saySpecifier(entry.specifier);
    const place =
      file.uri === by.file.uri
        ? sayPlace(this.#placed, by)
        : `${fileName(file.uri)} ${sayPlace(this.#placed, this.#placed)}`;
    const byFacts = this.#input.snapshot.projects.get(by.entry.normalizedName!);
    this.#collector.add({
      rule: "conflicting-requirements",
      message: `${nameOf(by.entry)} ${version} needs ${facts.name} ${specifier}; ${place} asks for ${asked}.`,
      file: by.file,
      span: by.entry.specifierSpan ?? by.entry.span,
      entry: by.entry,
      package: by.entry.normalizedName!,
      evidence: byFacts ? evidenceOf(byFacts) : [],
      fixes: this.#input.snapshot.pending
        ? []
        : candidateFixes(this.#input, by).filter((fix) => fix.disabled === undefined),
      related: [relatedPlace(file, entry.span, `Asks for ${facts.name} ${asked}.`)],
      weight: 5,
    });
  }

  #repairs() {
    return candidateFixes(this.#input, this.#placed).filter((fix) => fix.disabled === undefined);
  }
}

function isPin(admitted: readonly ReleaseFacts[], entry: PlacedRequirement["entry"]): boolean {
  // pip installs a yanked release only where it is pinned by == or ===.
  return admitted.length === 1 && pinnedVersion(entry) !== undefined;
}

/** Where a project's facts come from and how old they are. */
export function evidenceOf(facts: ProjectFacts): Evidence[] {
  if (facts.indexes.length === 0) return [{ source: "no index", freshness: facts.freshness }];
  return facts.indexes.map((index) => ({
    source: index,
    freshness: facts.freshness,
    ...(facts.checked === undefined ? {} : { time: facts.checked }),
  }));
}

/** The host of an index, or the whole of it where it has none. */
function hostOf(index: string): string {
  const host = /^[a-z]+:\/\/([^/]+)/i.exec(index)?.[1];
  return host && host !== "" ? host : index;
}

function addInspection(input: RuleInput, collector: Collector): void {
  const { inspection } = input.snapshot;
  const failure = inspection?.failure;
  if (!inspection || !failure || !inspection.current) return;
  const places = failure.requirement ? (placementOf(input.tree).byName.get(failure.requirement) ?? []) : [];
  const placed = places.find((place) => place.entry.kind === "requirement");
  const [root] = input.tree.files;
  const file = placed?.file ?? root;
  if (!file) return;
  const first = file.manifest.entries.find((entry) => entry.kind === "requirement");
  collector.add({
    rule: "validation-failed",
    message: tame(failure.message, 160),
    file,
    span: placed?.entry.span ?? first?.span ?? { start: 0, end: 0 },
    ...(placed ? { entry: placed.entry, package: placed.entry.normalizedName! } : {}),
    evidence: [{ source: `validation ${inspection.id}`, time: inspection.finished, freshness: "fresh" }],
    weight: 50,
  });
}
