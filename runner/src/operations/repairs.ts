// Repairs of a manifest that clear advisories, as edits of its lines, their hashes and its lock: each proven by resolving.
import { matchAdvisories, smallestFix } from "../../../shared/src/advisory/index.ts";
import type { StackEdits, StackExposure, StackFacts, StackRepair } from "../../../shared/src/facts/stack.ts";
import type { TextEdit } from "../../../shared/src/finding/model.ts";
import { planLockChange } from "../../../shared/src/manifest/editPipfileLock.ts";
import { applyEdits, type EditPlan, planPin, planSpecifier } from "../../../shared/src/manifest/edits.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import { pinnedVersion, placementOf } from "../../../shared/src/rules/place.ts";
import { count } from "../../../shared/src/rules/words.ts";
import {
  type AdvisoryLookup,
  type AdvisoryThreshold,
  type LineChange,
  type Move,
  planRepairs,
  type Repair,
  type RepairPlan,
  type Vetted,
} from "../advisories/index.ts";
import type { Knowledge } from "../knowledge/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { OperationContext } from "./context.ts";
import { hashesOf } from "./pinHashes.ts";
import type { AskedManifest, QuestionInput } from "./question.ts";
import { notesOf, skippedOf } from "./repairNotes.ts";
import { type RepairScopeInput, repairEnvironments } from "./repairScope.ts";
import { createTargetChecks } from "./repairTargets.ts";
import type { SearchedStack } from "./stackFacts.ts";

interface ManifestRepairs {
  /** Independent of one another; the last holds all of them where there are several. */
  readonly repairs: readonly StackRepair[];
  /** Everything at once; absent where nothing helps. */
  readonly whole?: StackRepair | undefined;
  /** What stays, by project, with what is in the way. */
  readonly left: readonly { readonly name: string; readonly id: string; readonly reason: string }[];
  /** Why nothing could be planned. */
  readonly reason?: string | undefined;
}

/** What a repair is planned with, beside the manifest. */
export type RepairInput = RepairScopeInput &
  Omit<QuestionInput, "path" | "constraints"> & { readonly trustedRoot?: string | undefined };

export interface RepairOptions {
  /** Repairs of what is known: one of the whole, or each that stands alone; none where it is left out. */
  readonly wanted?: "whole" | "each" | undefined;
  readonly allowDowngrade?: boolean | undefined;
  /** An advisory below it stays, and one that is not there yet may come in below it. By default all count. */
  readonly threshold?: AdvisoryThreshold | undefined;
  readonly environments?: readonly EnvironmentOptions[] | undefined;
}

/** Plans repairs of a manifest that was asked for; nothing is written. */
async function repairManifest(
  context: OperationContext,
  input: RepairInput,
  { asked, scope }: SearchedStack,
  lookup: AdvisoryLookup,
  { allowDowngrade, environments, threshold }: RepairOptions,
  signal: AbortSignal,
): Promise<ManifestRepairs> {
  const { question, reading, universe } = asked;
  const locked = lockedPins(asked.root.tree.companion);
  const named = environments && [...environments];
  const each = await repairEnvironments({ ...input, environments: named }, asked.root.path);
  const targets = createTargetChecks(context, input, asked, each, lookup, signal);
  let plan: RepairPlan;
  try {
    plan = await planRepairs(universe, lookup, question, {
      targets: [reading],
      ...(scope ? { scope: (other) => scope.over(other) } : {}),
      now: context.now(),
      signal,
      locked: locked.size > 0 ? [...locked].map(([name, version]) => ({ name, version })) : undefined,
      allowDowngrade,
      threshold,
      vet: (pins, today) => targets.vet(pins, today),
    });
  } finally {
    await targets.close();
  }
  if (plan.kind === "unresolved") return { repairs: [], left: [], reason: plan.reason };
  const writer = new RepairWriter(asked, locked, plan.vetted);
  const left = plan.left.map(({ name, match, reason }) => {
    const skipped = skippedOf(plan.vetted, new Set([name]));
    return { name, id: match.id, reason: [reason, ...skipped].join("; ") };
  });
  const refused: { name: string; id: string; reason: string }[] = [];
  const repairs: StackRepair[] = [];
  for (const repair of plan.repairs) {
    const written = writer.write(repair);
    if (typeof written !== "string") repairs.push(written);
    else for (const { name, match } of repair.fixed) refused.push({ name, id: match.id, reason: written });
  }
  const whole = plan.repairs.length > 1 ? writer.write(wholeOf(plan)) : repairs[0];
  return {
    repairs,
    ...(whole === undefined || typeof whole === "string" ? {} : { whole }),
    left: [...left, ...refused],
  };
}

/**
 * Adds what is known against releases that no line names, of the lock beside the manifest, else of the stack as it resolves today;
 * and, where they are wanted, repairs of what is known.
 */
export async function addAdvisories(
  context: OperationContext,
  input: RepairInput,
  searched: SearchedStack,
  facts: StackFacts,
  signal: AbortSignal,
  options: RepairOptions = {},
): Promise<StackFacts> {
  const { asked, resolution } = searched;
  const { wanted } = options;
  const knowledge = await context.knowledge();
  if (resolution.kind !== "solved" || knowledge.advisories.sources().length === 0) return facts;
  const { tree } = asked.root;
  const lookup = createLookup(knowledge);
  const all = exposuresOf(resolution.pins, tree.companion, lookup, context.now());
  const named = placementOf(tree).byName;
  const lock = tree.companion ? { [tree.companion.uri]: tree.companion.manifest.text } : {};
  const known: StackFacts = {
    ...facts,
    texts: { ...facts.texts, ...lock },
    exposed: all.filter(({ name }) => !named.has(name)),
  };
  if (wanted === undefined) return known;
  if (all.length === 0) return { ...known, repairs: [] };
  const { whole, repairs, left, reason } = await repairManifest(
    context,
    input,
    searched,
    lookup,
    options,
    signal,
  );
  return {
    ...known,
    repairs: wanted === "each" ? repairs : whole ? [whole] : [],
    unrepaired: [...left, ...(reason === undefined ? [] : [{ name: "", reason }])],
  };
}

function exposuresOf(
  pins: readonly Pin[],
  lock: ManifestFile | undefined,
  lookup: AdvisoryLookup,
  now: number,
): StackExposure[] {
  const locked = lockedPins(lock);
  const all = locked.size > 0 ? [...locked].map(([name, version]) => ({ name, version })) : pins;
  return all.flatMap(({ name, version }) => {
    const text = version.toString();
    const matches = matchAdvisories(lookup(name), text, now);
    if (matches.length === 0) return [];
    const fixedIn = smallestFix(lookup(name), text, now);
    return [{ name, version: text, matches, ...(fixedIn === undefined ? {} : { fixedIn }) }];
  });
}

/** What is stored against each project, read when a search first comes to it. */
function createLookup({ advisories }: Knowledge): AdvisoryLookup {
  const known = new Map<string, ReturnType<AdvisoryLookup>>();
  return (name) => {
    let records = known.get(name);
    if (!records) {
      records = advisories.read([name])?.get(name)?.records ?? [];
      known.set(name, records);
    }
    return records;
  };
}

function wholeOf(plan: Extract<RepairPlan, { kind: "planned" }>): Repair {
  const { changes, constraints, moved, stacks } = plan;
  return { changes, constraints, moved, stacks, fixed: plan.repairs.flatMap(({ fixed }) => fixed) };
}

function lockedPins(lock: ManifestFile | undefined): Map<string, Version> {
  const pins = new Map<string, Version>();
  if (lock?.manifest.kind !== "pipfile-lock") return pins;
  for (const entry of lock.manifest.entries) {
    if (entry.kind !== "requirement" || entry.normalizedName === undefined) continue;
    const version = parseVersion(pinnedVersion(entry) ?? "");
    if (version) pins.set(entry.normalizedName, version);
  }
  return pins;
}

class RepairWriter {
  readonly #asked: AskedManifest;
  readonly #locked: ReadonlyMap<string, Version>;
  readonly #vetted: readonly Vetted[];

  constructor(asked: AskedManifest, locked: ReadonlyMap<string, Version>, vetted: readonly Vetted[]) {
    this.#asked = asked;
    this.#locked = locked;
    this.#vetted = vetted;
  }

  /** The repair as edits; a sentence where it cannot be written down. */
  write(repair: Repair): StackRepair | string {
    const edits = new Map<string, TextEdit[]>();
    const pins = new Map(repair.stacks.flat().map((pin) => [pin.name, pin]));
    for (const change of repair.changes) {
      const place = this.#asked.places.get(change.demand);
      const plan = place && this.#planChange(change, pins);
      if (!place || !plan) return `the line of ${change.name} cannot be edited`;
      if (!plan.ok) return plan.error.message;
      edits.set(place.uri, [...(edits.get(place.uri) ?? []), ...plan.value]);
    }
    const added = this.#addConstraints(repair, edits);
    if (added !== undefined) return added;
    const moved = this.#moveLock(pins, edits);
    if (moved !== undefined) return moved;
    const list: StackEdits[] = [...edits].map(([uri, own]) => ({ uri, edits: own }));
    if (list.every((one) => one.edits.length === 0)) {
      return "what is installed is affected, and the lines resolve to what is not: install anew";
    }
    const notes = notesOf(repair, this.#vetted);
    return {
      title: titleOf(repair, pins.size, this.#locked.size > 0, notes.short),
      edits: list,
      fixed: repair.fixed.map(({ name, version, match }) => ({ name, version, id: match.id })),
      packages: pins.size,
      ...(notes.whole.length > 0 ? { notes: notes.whole } : {}),
    };
  }

  #planChange({ demand, to, version }: LineChange, pins: ReadonlyMap<string, Pin>): EditPlan | undefined {
    const { manifest, entry } = this.#asked.places.get(demand)!;
    if (!/^={2,3}[^*]*$/.test(to)) return planSpecifier(manifest, entry, to);
    const pin = pins.get(entry.normalizedName ?? normalizeName(demand.requirement.name.text));
    return planPin(manifest, entry, version, entry.hashes.length > 0 && pin ? hashesOf(pin) : undefined);
  }

  /** Lines that narrow what other releases bring in, at the end of the file that the person named. */
  #addConstraints({ constraints }: Repair, edits: Map<string, TextEdit[]>): string | undefined {
    if (constraints.length === 0) return undefined;
    const [file] = this.#asked.root.tree.files;
    if (!file || (file.manifest.kind !== "requirements" && file.manifest.kind !== "constraints")) {
      const names = constraints.map(({ name, specifier }) => `${name}${specifier}`).join(", ");
      return `it needs a constraint (${names}), and this kind of file has no place for one`;
    }
    const { text, lines } = file.manifest;
    if (file.manifest.entries.some((entry) => "hashes" in entry && entry.hashes.length > 0)) {
      return "it needs a line more, and every line of this file needs hashes: compile it anew";
    }
    const eol = text.includes("\r\n") ? "\r\n" : "\n";
    const head = text === "" || /\n$/.test(text) ? "" : eol;
    const added = constraints.map(({ name, specifier, via }) => {
      const why = via.length > 0 ? `  # brought in by ${via.join(", ")}` : "";
      return `${name}${specifier}${why}${eol}`;
    });
    const end = lines ? text.length : 0;
    const edit = { span: { start: end, end }, newText: head + added.join("") };
    edits.set(file.uri, [...(edits.get(file.uri) ?? []), edit]);
    return undefined;
  }

  /** Moves the lock beside a Pipfile along: versions, hashes from the bound index, and the hash of the Pipfile. */
  #moveLock(pins: ReadonlyMap<string, Pin>, edits: Map<string, TextEdit[]>): string | undefined {
    const { companion, files } = this.#asked.root.tree;
    if (companion?.manifest.kind !== "pipfile-lock" || this.#locked.size === 0) return undefined;
    const [pipfile] = files;
    const own = pipfile ? edits.get(pipfile.uri) : undefined;
    let pipfileHash: string | undefined;
    if (pipfile && own) {
      const edited = this.#asked.loader.withText(pipfile, applyEdits(pipfile.manifest.text, own));
      [pipfileHash] = edited.manifest.pipfileHashes ?? [];
      if (pipfileHash === undefined) return "the hash of the edited Pipfile cannot be computed";
    }
    const moves = movesOf(this.#locked, pins);
    for (const { name, pin } of [...moves.moved, ...moves.added]) {
      if (hashesOf(pin).length === 0) return `the index lists no sha256 for ${name} ${pin.version}`;
    }
    const plan = planLockChange(companion.manifest, {
      moved: moves.moved.map(({ pin }) => lockMove(pin)),
      added: moves.added.map(({ pin }) => ({ ...lockMove(pin), sections: this.#sectionsOf(pin, companion) })),
      removed: moves.removed,
      pipfileHash,
    });
    if (!plan.ok) return plan.error.message;
    if (plan.value.length > 0) edits.set(companion.uri, [...plan.value]);
    return undefined;
  }

  /** Where a package that comes in belongs: the sections of those that bring it. */
  #sectionsOf(pin: Pin, lock: ManifestFile): string[] {
    const found = new Set<string>();
    for (const entry of lock.manifest.entries) {
      if (entry.kind !== "requirement" || !entry.section || !pin.via.includes(entry.normalizedName ?? ""))
        continue;
      found.add(entry.section);
    }
    return found.size > 0 ? [...found] : ["default"];
  }
}

function lockMove(pin: Pin) {
  const requiresPython = pin.release.find((file) => file.requiresPython !== undefined)?.requiresPython;
  return { name: pin.name, version: pin.version.toString(), hashes: hashesOf(pin), requiresPython };
}

interface LockMoves {
  readonly moved: readonly { readonly name: string; readonly pin: Pin }[];
  readonly added: readonly { readonly name: string; readonly pin: Pin }[];
  readonly removed: readonly string[];
}

/** A lock holds packages of other platforms too: what this one does not need is not taken out. */
function movesOf(locked: ReadonlyMap<string, Version>, pins: ReadonlyMap<string, Pin>): LockMoves {
  const moved: { name: string; pin: Pin }[] = [];
  const added: { name: string; pin: Pin }[] = [];
  for (const [name, pin] of pins) {
    const before = locked.get(name);
    if (before === undefined) added.push({ name, pin });
    else if (before.key !== pin.version.key) moved.push({ name, pin });
  }
  return { moved, added, removed: [] };
}

/** `Raise flask to 2.3.2 and werkzeug to 2.3.8 (fixes 3 advisories; resolves with 43 packages)`. */
function titleOf(
  { changes, constraints, fixed, moved }: Repair,
  packages: number,
  isLocked: boolean,
  notes: readonly string[],
): string {
  const lines = [
    ...changes.map(({ name, to }) => `${name} to ${to.replace(/^={2,3}/, "")}`),
    ...constraints.map(({ name, specifier }) => `${name} to ${specifier}`),
  ];
  const locks = lines.length === 0 ? moved.map(({ name, to }: Move) => `${name} to ${to}`) : [];
  const what = [...lines, ...locks];
  const told =
    what.length > 3 ? `${what.slice(0, 2).join(", ")} and ${what.length - 2} more` : joinWords(what);
  const advisories = fixed.length === 1 ? "1 advisory" : `${fixed.length} advisories`;
  const lock = isLocked ? (lines.length === 0 ? " in the lock" : " with the lock") : "";
  const proof = [`fixes ${advisories}`, `resolves with ${count(packages, "package")}`, ...notes];
  return `Raise ${told}${lock} (${proof.join("; ")})`;
}

function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
