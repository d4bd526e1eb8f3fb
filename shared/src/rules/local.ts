// Rules that the text alone decides. They answer in milliseconds and without anything being asked.
import type { Fix } from "../finding/model.ts";
import { planRemoveEntry } from "../manifest/edits.ts";
import type { OptionEntry, RequirementEntry, SourceEntry } from "../manifest/model.ts";
import type { ManifestFile, ManifestTree } from "../manifest/treeModel.ts";
import type { Span } from "../text/span.ts";
import { type Collector, relatedPlace } from "./make.ts";
import type { PlacedRequirement } from "./model.ts";
import { canMeet, isFromIndex, isRequirement, lineOf, pinnedVersion, placementOf } from "./place.ts";
import { repairOf } from "./repair.ts";
import { count, fileName, saySpecifier, tame } from "./words.ts";

/** Adds what the tree's text shows. */
export function addLocalFindings(tree: ManifestTree, collector: Collector): void {
  for (const file of tree.files) {
    addSyntax(file, collector);
    addSources(file, collector);
    addHashMode(file, collector);
    for (const entry of file.manifest.entries) {
      if (entry.kind === "requirement" || entry.kind === "constraint")
        addContradiction(file, entry, collector);
      // Who depends on a project wants its dependencies loose, whichever file it reads them from.
      if (entry.kind === "requirement" && tree.files[0]?.manifest.project === undefined)
        addUnpinned(file, entry, collector);
    }
  }
  addIncludes(tree, collector);
  addDuplicates(tree, collector);
  addStaleLock(tree, collector);
}

function addSyntax(file: ManifestFile, collector: Collector): void {
  for (const error of file.manifest.errors) {
    const repair = repairOf(file, error);
    collector.add({
      rule: "invalid-syntax",
      message: tame(error.message),
      file,
      span: error.span,
      fixes: repair ? [repair] : [],
    });
  }
}

function addIncludes(tree: ManifestTree, collector: Collector): void {
  const files = new Map(tree.files.map((file) => [file.uri, file]));
  for (const fault of tree.faults) {
    const file = files.get(fault.uri);
    if (!file) continue;
    collector.add({
      rule: "unreadable-include",
      message: tame(fault.message),
      file,
      span: fault.span,
      ...(fault.code === "remote" || fault.code === "cycle" ? { severity: "warning" as const } : {}),
    });
  }
  // A fault in an included file shows on the line that includes it, linked, since that file may not be open.
  for (const file of tree.files) {
    const from = file.includedBy && files.get(file.includedBy.uri);
    const [first] = file.manifest.errors;
    if (!from || !first || !file.includedBy) continue;
    const line = file.manifest.lines.positionAt(first.span.start).line + 1;
    collector.add({
      rule: "unreadable-include",
      severity: "warning",
      message: `${fileName(file.uri)} has ${count(file.manifest.errors.length, "line")} that cannot be read, the first is line ${line}.`,
      file: from,
      span: file.includedBy.span,
      related: [relatedPlace(file, first.span, tame(first.message))],
    });
  }
}

function addContradiction(file: ManifestFile, entry: RequirementEntry, collector: Collector): void {
  if (entry.specifier.clauses.length < 2 || !entry.specifier.isUnsatisfiable()) return;
  const which = entry.specifier.clauses.length === 2 ? "the two clauses" : "the clauses";
  collector.add({
    rule: "contradictory-specifier",
    message: `No release of ${nameOf(entry)} matches ${saySpecifier(entry.specifier)}: ${which} exclude each other.`,
    file,
    span: entry.specifierSpan ?? entry.span,
    entry,
    ...packageOf(entry),
  });
}

function addUnpinned(file: ManifestFile, entry: RequirementEntry, collector: Collector): void {
  // A Pipfile is meant to be loose: its lock pins.
  if (file.manifest.kind !== "requirements" || file.as === "constraints") return;
  if (!isFromIndex(entry) || entry.specifier.clauses.length > 0 || !entry.understood) return;
  if (file.uri.endsWith(".in")) return;
  collector.add({
    rule: "unpinned-requirement",
    message: `${nameOf(entry)} names no version: every install may take another one.`,
    file,
    span: entry.name?.span ?? entry.span,
    entry,
    ...packageOf(entry),
  });
}

/** pip turns hash mode on for the whole installation as soon as one requirement has a hash or `--require-hashes` is given. */
function addHashMode(file: ManifestFile, collector: Collector): void {
  if (file.manifest.kind !== "requirements") return;
  const requirements = file.manifest.entries.filter(isRequirement);
  const demanded = file.manifest.entries.some(
    (entry) => entry.kind === "option" && entry.option === "--require-hashes",
  );
  const hashed = requirements.filter((entry) => entry.hashes.length > 0);
  if (!demanded && hashed.length === 0) return;
  const why = demanded
    ? "--require-hashes is set"
    : `${count(hashed.length, "other requirement")} ${hashed.length === 1 ? "has" : "have"} hashes`;
  for (const entry of requirements) {
    if (!entry.understood) continue;
    if (entry.hashes.length === 0 && !entry.editable && entry.vcs === undefined && !isHashedUrl(entry)) {
      collector.add({
        rule: "missing-hash",
        message: `${nameOf(entry)} has no hash, and ${why}: pip refuses the file.`,
        file,
        span: entry.name?.span ?? entry.span,
        entry,
        ...packageOf(entry),
      });
    } else if (isFromIndex(entry) && pinnedVersion(entry) === undefined) {
      collector.add({
        rule: "unpinned-under-hashes",
        message: `${nameOf(entry)} has hashes and is not pinned with ==: pip refuses the file.`,
        file,
        span: entry.specifierSpan ?? entry.name?.span ?? entry.span,
        entry,
        ...packageOf(entry),
      });
    }
  }
}

/** A direct URL may carry its digest: `#sha256=…`. */
function isHashedUrl(entry: RequirementEntry): boolean {
  return /#(?:.*&)?(?:sha256|sha384|sha512)=/.test(entry.url?.text ?? "");
}

function addSources(file: ManifestFile, collector: Collector): void {
  for (const entry of file.manifest.entries) {
    if (entry.kind === "source") addSource(file, entry, collector);
    else if (entry.kind === "option") addOptionSource(file, entry, collector);
    else if (entry.kind === "include" && isPlainHttp(entry.target.text)) {
      collector.add({
        rule: "insecure-source",
        message: "This file is read over http, which anyone on the way can change. Use https.",
        file,
        span: entry.target.span,
      });
    }
  }
}

function addSource(file: ManifestFile, source: SourceEntry, collector: Collector): void {
  const name = source.name ? `Source ${tame(source.name.text)}` : "A source";
  if (isPlainHttp(source.url?.text)) {
    collector.add({
      rule: "insecure-source",
      message: `${name} is asked over http, which anyone on the way can change. Use https.`,
      file,
      span: source.url?.span ?? source.span,
    });
  }
  if (!source.verifySsl) {
    collector.add({
      rule: "insecure-source",
      message: `${name} is not verified (verify_ssl = false): anyone on the way can answer in its place.`,
      file,
      span: source.verifySslSpan ?? source.span,
    });
  }
}

const urlOptions = new Set(["--index-url", "--extra-index-url", "--find-links"]);

function addOptionSource(file: ManifestFile, option: OptionEntry, collector: Collector): void {
  if (urlOptions.has(option.option) && isPlainHttp(option.value?.text)) {
    collector.add({
      rule: "insecure-source",
      message: `${option.option} is asked over http, which anyone on the way can change. Use https.`,
      file,
      span: option.value?.span ?? option.span,
    });
  }
  if (option.option === "--trusted-host" && !isLoopback(option.value?.text.split(":")[0])) {
    collector.add({
      rule: "insecure-source",
      message: `--trusted-host ${tame(option.value?.text ?? "")} turns certificate checks off for that host.`,
      file,
      span: option.span,
    });
  }
}

function isPlainHttp(url: string | undefined): boolean {
  if (!url || !/^http:\/\//i.test(url)) return false;
  return !isLoopback(/^http:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)/i.exec(url)?.[1]);
}

/** What never leaves the machine cannot be changed on the way. */
function isLoopback(host: string | undefined): boolean {
  return host !== undefined && /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

function addDuplicates(tree: ManifestTree, collector: Collector): void {
  for (const [name, places] of placementOf(tree).byName) {
    const requirements = places.filter(
      (placed) => placed.entry.kind === "requirement" && placed.file.as === "requirements",
    );
    for (let at = 1; at < requirements.length; at++) {
      const placed = requirements[at]!;
      const earlier = requirements.slice(0, at).find((other) => areSameList(other.entry, placed.entry));
      if (!earlier) continue;
      collector.add({
        rule: "duplicate-requirement",
        message: `${nameOf(placed.entry)} is required twice: ${sayPlace(earlier, placed)} too.`,
        file: placed.file,
        span: placed.entry.name?.span ?? placed.entry.span,
        entry: placed.entry,
        package: name,
        fixes: removal(placed, earlier),
        related: [relatedPlace(earlier.file, earlier.entry.span, "Required here first.")],
      });
    }
  }
}

/** An extra or a group may say more of what the project requires, and a table of poetry's may give one package several times. */
function areSameList(a: RequirementEntry, b: RequirementEntry): boolean {
  const isOneKey = a.grammar === "poetry" && a.name?.span.start === b.name?.span.start;
  return a.section === b.section && !isOneKey && a.isSelf !== true && canMeet(a, b);
}

/** Offered only where the line that goes says nothing that the one that stays does not. */
function removal(placed: PlacedRequirement, earlier: PlacedRequirement): Fix[] {
  if (!saysNothingMore(placed.entry, earlier.entry)) return [];
  const plan = planRemoveEntry(placed.file.manifest, placed.entry);
  if (!plan.ok) return [];
  return [
    {
      kind: "remove-duplicate",
      title: `Remove this ${nameOf(placed.entry)}, ${sayPlace(earlier, placed)} has it`,
      edits: [{ uri: placed.file.uri, edits: plan.value }],
      proven: true,
      preferred: true,
    },
  ];
}

function saysNothingMore(later: RequirementEntry, earlier: RequirementEntry): boolean {
  const extras = new Set(earlier.extras.map((extra) => extra.text.toLowerCase()));
  return (
    later.understood &&
    later.url === undefined &&
    later.path === undefined &&
    later.vcs === undefined &&
    later.options.length === 0 &&
    later.marker === undefined &&
    later.markerSpan === undefined &&
    earlier.marker === undefined &&
    later.extras.every((extra) => extras.has(extra.text.toLowerCase())) &&
    (later.specifier.clauses.length === 0 ||
      saySpecifier(later.specifier) === saySpecifier(earlier.specifier))
  );
}

function addStaleLock(tree: ManifestTree, collector: Collector): void {
  const root = tree.files[0];
  const companion = tree.companion;
  if (!root || !companion) return;
  const pipfile = root.manifest.kind === "pipfile" ? root : companion;
  const lock = root.manifest.kind === "pipfile" ? companion : root;
  const recorded = lock.manifest.lock?.hash;
  const present = pipfile.manifest.pipfileHashes;
  if (!recorded || !present?.length || recorded.algorithm !== "sha256" || present.includes(recorded.digest))
    return;
  // Without a source of its own, pipenv hashes those of the pip configuration of whoever locked it.
  if (!pipfile.manifest.entries.some((entry) => entry.kind === "source")) return;
  const span: Span =
    root === lock
      ? recorded.span
      : (root.manifest.entries.find((entry) => entry.kind === "requirement")?.span ?? { start: 0, end: 0 });
  collector.add({
    rule: "lock-out-of-date",
    message: `${fileName(lock.uri)} was made from another ${fileName(pipfile.uri)}. Run pipenv lock.`,
    file: root,
    span,
    related: [
      root === lock
        ? relatedPlace(pipfile, { start: 0, end: 0 }, "The Pipfile as it is now.")
        : relatedPlace(lock, recorded.span, "The hash that the lock recorded."),
    ],
  });
}

/** `line 2`, or `base.txt line 2` when it is another file. */
export function sayPlace(place: PlacedRequirement, from: PlacedRequirement): string {
  const line = `line ${lineOf(place)}`;
  return place.file.uri === from.file.uri ? line : `${fileName(place.file.uri)} ${line}`;
}

/** The name as the person wrote it. */
export function nameOf(entry: RequirementEntry): string {
  return tame(
    entry.name?.text ?? entry.normalizedName ?? entry.url?.text ?? entry.path?.text ?? "this entry",
    80,
  );
}

export function packageOf(entry: RequirementEntry): { package?: string } {
  return entry.normalizedName === undefined ? {} : { package: entry.normalizedName };
}
