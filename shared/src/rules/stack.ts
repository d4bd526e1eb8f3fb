// What the resolver says of a tree, as findings and as proofs of fixes.
import {
  type FixProof,
  proofKey,
  type ResolvingPin,
  type StackCause,
  type StackFacts,
  type StackRelaxation,
} from "../facts/stack.ts";
import { sayDisagreement } from "../facts/wheels.ts";
import type { Evidence, Finding, Fix, RelatedPlace } from "../finding/model.ts";
import type { ManifestTree } from "../manifest/treeModel.ts";
import type { Span } from "../text/span.ts";
import { type Collector, relatedPlace } from "./make.ts";
import type { PlacedRequirement, RuleInput, Snapshot } from "./model.ts";
import { lineOf, placementOf } from "./place.ts";
import { count, fileName, tame } from "./words.ts";

/** Whether the resolver's answer is of the texts that the tree has now. */
export function isStackCurrent(stack: StackFacts | undefined, tree: ManifestTree): stack is StackFacts {
  return stack !== undefined && tree.files.every(({ uri, manifest }) => stack.texts[uri] === manifest.text);
}

/** How the stack of a tree stands: `pending` until the resolver has answered for these very texts. */
export function stackStateOf({ stack }: Snapshot, tree: ManifestTree): StackFacts["state"] | "pending" {
  return isStackCurrent(stack, tree) ? stack.state : "pending";
}

/** What the resolver said of one line, where the line and everything beside it is as it was then. */
export function stackLineOf(input: RuleInput, { file, entry }: PlacedRequirement) {
  const { stack } = input.snapshot;
  if (!isStackCurrent(stack, input.tree)) return undefined;
  return stack.lines.find((line) => line.uri === file.uri && line.span.start === entry.span.start);
}

/**
 * Where the lines of a conflict stand now. They exclude each other whatever stands beside them, so that the conflict holds as
 * long as all of them are there as they were; else undefined.
 */
function placesOf(
  { causes }: { readonly causes: readonly StackCause[] },
  stack: StackFacts,
  tree: ManifestTree,
): PlacedRequirement[] | undefined {
  const taken = new Set<PlacedRequirement>();
  const { all } = placementOf(tree);
  for (const cause of causes) {
    const text = slice(stack.texts[cause.uri] ?? "", cause.span);
    const same = all.filter(
      (placed) =>
        placed.file.uri === cause.uri &&
        !taken.has(placed) &&
        slice(placed.file.manifest.text, placed.entry.span) === text,
    );
    const place = same.find(({ entry }) => entry.span.start === cause.span.start) ?? same[0];
    if (place === undefined) return undefined;
    taken.add(place);
  }
  return [...taken];
}

function slice(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

/** Rules that say of a line what the resolver would say again where the line alone is the cause. */
const SAID_BY_FACTS = new Set([
  "unknown-project",
  "no-matching-release",
  "python-incompatible",
  "no-artifact",
  "contradictory-specifier",
  "conflicting-requirements",
  "yanked-release",
  "index-refused",
  "artifact-digest",
]);

/**
 * The lines of the conflict, each of which is told that it takes part; undefined where there is none, where a line has changed since,
 * and where its only line is one of which `findings` say it already.
 */
function toldPlaces(
  { snapshot, tree }: RuleInput,
  findings: readonly Finding[],
): PlacedRequirement[] | undefined {
  const { stack } = snapshot;
  const places = stack?.conflict && placesOf(stack.conflict, stack, tree);
  if (!places) return undefined;
  const [only, ...others] = places;
  const isSaid = findings.some(
    ({ rule, uri, span, severity }) =>
      severity === "error" &&
      SAID_BY_FACTS.has(rule) &&
      only?.file.uri === uri &&
      only.entry.span.start <= span.start &&
      span.end <= only.entry.span.end,
  );
  return others.length === 0 && isSaid ? undefined : places;
}

/** Whether the resolver's conflict becomes findings, so that it is worth looking for what would help. `findings`: those of facts. */
export function isConflictTold(input: RuleInput, findings: readonly Finding[]): boolean {
  return toldPlaces(input, findings) !== undefined;
}

/** Adds one finding to each line that takes part in the conflict, each with the others as related places. */
export function addStackFindings(input: RuleInput, collector: Collector): void {
  const { stack } = input.snapshot;
  const conflict = stack?.conflict;
  const places = toldPlaces(input, collector.findings);
  if (!stack || !conflict || !places) return;
  const fixes = conflict.relaxations.flatMap((relaxation, at) => relaxationFix(input, relaxation, at));
  for (const [at, placed] of places.entries()) {
    const { entry, file } = placed;
    collector.add({
      rule: "conflicting-requirements",
      message: tame(conflict.causes[at]!.message, 300),
      file,
      span: entry.specifierSpan ?? entry.name?.span ?? entry.span,
      entry,
      package: entry.normalizedName!,
      evidence: [evidenceOf(stack)],
      fixes,
      related: places.flatMap((other, index) => relatedTo(other, placed, conflict.causes[index]!)),
      weight: 10,
    });
  }
}

function relatedTo(other: PlacedRequirement, placed: PlacedRequirement, cause: StackCause): RelatedPlace[] {
  return other === placed
    ? []
    : [relatedPlace(other.file, other.entry.span, tame(`Takes part: ${cause.requirement}`, 120))];
}

function evidenceOf({ environment, checked }: StackFacts): Evidence {
  return {
    source: `the resolver, for ${environment ?? "this environment"}`,
    time: checked,
    freshness: "fresh",
  };
}

/** A relaxation as a fix: only of the very texts that it was proven on, and only where it is an edit. */
function relaxationFix(input: RuleInput, relaxation: StackRelaxation, at: number): Fix[] {
  const { stack } = input.snapshot;
  const { packages } = relaxation;
  if (!isStackCurrent(stack, input.tree) || relaxation.edits.length === 0 || packages === undefined)
    return [];
  const changes = relaxation.changes.map(({ name, specifier, uri, span }) =>
    specifier === undefined
      ? `remove ${name}${placeWords(input, uri, span)}`
      : `change ${name} to ${specifier === "" ? "any version" : specifier}`,
  );
  const title = tame(changes.join(" and "), 160);
  const removes = relaxation.changes.some(({ specifier }) => specifier === undefined);
  return [
    {
      kind: removes ? "remove-requirement" : "relax-requirement",
      title: `${title.charAt(0).toUpperCase()}${title.slice(1)} (resolves with ${count(packages, "package")})`,
      edits: relaxation.edits,
      proven: true,
      // To do without a package is a person's decision.
      preferred: at === 0 && !removes,
    },
  ];
}

function placeWords({ tree }: RuleInput, uri: string, span: Span): string {
  const placed = placementOf(tree).all.find(
    ({ file, entry }) => file.uri === uri && entry.span.start === span.start,
  );
  if (!placed) return "";
  return uri === tree.root ? ` (line ${lineOf(placed)})` : ` (${fileName(uri)} line ${lineOf(placed)})`;
}

/** Adds one finding for each release whose wheels disagree, on the line that names it, else on the first that brings it in. */
export function addDisagreements(input: RuleInput, collector: Collector): void {
  const { stack } = input.snapshot;
  if (!isStackCurrent(stack, input.tree)) return;
  const { all } = placementOf(input.tree);
  for (const disagreement of stack.disagreements ?? []) {
    const { name } = disagreement;
    const line =
      stack.lines.find((one) => one.name === name && one.version !== undefined) ??
      stack.lines.find(({ brings }) => brings.includes(name));
    const placed = all.find(
      ({ file, entry }) => file.uri === line?.uri && entry.span.start === line.span.start,
    );
    if (placed === undefined) continue;
    const { entry, file } = placed;
    const said = sayDisagreement(disagreement);
    collector.add({
      rule: "wheels-disagree",
      message: tame(`${said.charAt(0).toUpperCase()}${said.slice(1)}`, 300),
      file,
      span: entry.specifierSpan ?? entry.name?.span ?? entry.span,
      entry,
      package: name,
      evidence: [
        { ...evidenceOf(stack), source: `the metadata of ${disagreement.others.length + 1} wheels` },
      ],
    });
  }
}

/** Whether the resolver has spoken of what facts alone would call a conflict of two lines: then it has the word. */
export function isJudgedByStack(
  { snapshot: { stack }, tree }: RuleInput,
  a: PlacedRequirement,
  b: PlacedRequirement,
): boolean {
  if (stack?.state === "conflict" && stack.conflict) {
    const places = placesOf(stack.conflict, stack, tree) ?? [];
    return [a, b].every(({ entry }) => places.some((placed) => placed.entry === entry));
  }
  if (stack?.state !== "resolves" || !isStackCurrent(stack, tree)) return false;
  return true;
}

/** Kinds of fixes that choose a version: each is offered only with a proof. */
const VERSION_KINDS = new Set([
  "pin-newest-compatible",
  "replace-yanked",
  "raise-within",
  "raise-beyond",
  "raise-fixed",
  "pin-locked",
  "pin-installed",
]);

/** Whether a fix decides which versions are installed, so that with it the stack has to resolve. */
export function choosesVersion({ kind }: Fix): boolean {
  return (
    VERSION_KINDS.has(kind) ||
    kind === "pin-newest-resolving" ||
    kind === "relax-requirement" ||
    kind === "remove-requirement"
  );
}

/** Whether a fix needs the resolver's word before it is offered. */
export function needsProof(fix: Fix): boolean {
  return VERSION_KINDS.has(fix.kind) && fix.disabled === undefined && fix.edits.length > 0;
}

/**
 * The fix with what the resolver says of it, and beside one that does not resolve the newest pin that does; undefined while the
 * resolver has not said it.
 */
function judgeFix(input: RuleInput, fix: Fix): readonly Fix[] | undefined {
  if (!needsProof(fix)) return [fix];
  const { stack } = input.snapshot;
  if (!isStackCurrent(stack, input.tree)) return undefined;
  const proof = stack.proofs[proofKey(fix.edits)];
  if (proof?.resolves) return [{ ...fix, title: withProof(fix.title, proof), proven: true }];
  if (proof) {
    const refused = disable(fix, `${REFUSALS[proof.code]}: ${tame(proof.reason, 200)}`);
    return proof.instead ? [pinInstead(proof.instead, fix), refused] : [refused];
  }
  if (stack.state === "not-checked" || stack.state === "undecided") {
    return [disable(fix, `Not proven: ${tame(stack.reason ?? "the resolver gave no answer", 200)}`)];
  }
  return undefined;
}

const REFUSALS = {
  failed: "With it the stack does not resolve",
  advisory: "It brings in an advisory",
  "not-checked": "Not proven",
} as const;

function pinInstead({ version, edits, ...proof }: ResolvingPin, { preferred }: Fix): Fix {
  const title = withProof(`Pin to ${version} (newest possible)`, { resolves: true, ...proof });
  return {
    kind: "pin-newest-resolving",
    title,
    edits,
    proven: true,
    ...(preferred === undefined ? {} : { preferred }),
  };
}

/** What may be offered of some fixes, each outcome once, and those that the resolver is still to be asked about. */
export function judgeFixes(
  input: RuleInput,
  fixes: readonly Fix[],
): { readonly fixes: readonly Fix[]; readonly unproven: readonly Fix[] } {
  const unproven: Fix[] = [];
  const judged: Fix[] = [];
  for (const fix of fixes) {
    const known = judgeFix(input, fix);
    if (known === undefined) unproven.push(fix);
    judged.push(...(known ?? []));
  }
  const others = new Set(judged.filter(({ kind }) => kind !== "pin-newest-resolving").map(outcomeOf));
  const seen = new Set<string>();
  const offered = judged.filter((fix) => {
    if (fix.kind !== "pin-newest-resolving") return true;
    const outcome = outcomeOf(fix);
    if (seen.has(outcome) || others.has(outcome)) return false;
    seen.add(outcome);
    return true;
  });
  return { fixes: offered, unproven };
}

function outcomeOf({ edits }: Fix): string {
  return proofKey(edits);
}

function disable(fix: Fix, reason: string): Fix {
  return { ...fix, edits: [], proven: false, preferred: false, disabled: reason };
}

/** `Pin to 3.1.3 (newest compatible; resolves with 43 packages, 2 change)`. */
function withProof(title: string, proof: Extract<FixProof, { resolves: true }>): string {
  const said = sayProof(proof);
  return title.endsWith(")") ? `${title.slice(0, -1)}; ${said})` : `${title} (${said})`;
}

/** `resolves with 43 packages, 2 change`. */
export function sayProof({ packages, changes }: Extract<FixProof, { resolves: true }>): string {
  const changed =
    changes === undefined
      ? ""
      : changes === 0
        ? ", none changes"
        : `, ${changes} ${changes === 1 ? "changes" : "change"}`;
  return `resolves with ${count(packages, "package")}${changed}`;
}

/** The findings with only those fixes that may be offered, and the fixes that the resolver is still to be asked about. */
export function judgeFindings(
  input: RuleInput,
  findings: readonly Finding[],
): { readonly findings: readonly Finding[]; readonly unproven: readonly Fix[] } {
  const unproven: Fix[] = [];
  const judged = findings.map((finding) => {
    if (!finding.fixes.some(needsProof)) return finding;
    const told = judgeFixes(input, finding.fixes);
    unproven.push(...told.unproven);
    return { ...finding, fixes: told.fixes };
  });
  return { findings: judged, unproven };
}
