// Writes a planned repair down: edits of the lines, their hashes and the locks, or a sentence where that cannot be done.
import type { StackEdits, StackRepair } from "../../../shared/src/facts/stack.ts";
import type { TextEdit } from "../../../shared/src/finding/model.ts";
import { planLockChange } from "../../../shared/src/manifest/editPipfileLock.ts";
import { applyEdits, type EditPlan, planPin, planSpecifier } from "../../../shared/src/manifest/edits.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import type { LineChange, Repair, RepairPlan } from "../advisories/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { hashesOf } from "./pinHashes.ts";
import { planAddedLines } from "./repairAddedLines.ts";
import { moveLock } from "./repairLockEdits.ts";
import type { FoundLock } from "./repairLocks.ts";
import { notesOf } from "./repairNotes.ts";
import { raiseAsSpecifier, raiseInStyle } from "./repairStyle.ts";
import { titleOf } from "./repairTitle.ts";

type PlannedRepair = Extract<RepairPlan, { kind: "planned" }>;

/** Writes the repairs of one plan. */
export class RepairWriter {
  readonly #asked: AskedManifest;
  readonly #locks: readonly FoundLock[];
  readonly #plan: Pick<PlannedRepair, "vetted" | "today">;

  constructor(
    asked: AskedManifest,
    locks: readonly FoundLock[],
    plan: Pick<PlannedRepair, "vetted" | "today">,
  ) {
    this.#asked = asked;
    this.#locks = locks;
    this.#plan = plan;
  }

  /** The repair as edits; a sentence where it cannot be written down. */
  async write(repair: Repair): Promise<StackRepair | string> {
    const edits = new Map<string, TextEdit[]>();
    const pins = new Map(repair.stacks.flat().map((pin) => [pin.name, pin]));
    for (const change of repair.changes) {
      const place = this.#asked.places.get(change.demand);
      const plan = place && this.#planChange(change, pins);
      if (!place || !plan) return `the line of ${change.name} cannot be edited`;
      if (!plan.ok) return plan.error.message;
      edits.set(place.uri, [...(edits.get(place.uri) ?? []), ...plan.value]);
    }
    const added = await planAddedLines(this.#asked, repair, pins, this.#plan.today.flat());
    if (typeof added === "string") return added;
    for (const { uri, edits: own } of added) edits.set(uri, [...(edits.get(uri) ?? []), ...own]);
    const moved = (await this.#moveLocks(repair, edits)) ?? this.#movePipfileLock(repair, pins, edits);
    if (moved !== undefined) return moved;
    const list: StackEdits[] = [...edits].map(([uri, own]) => ({ uri, edits: own }));
    if (list.every((one) => one.edits.length === 0)) {
      return "what is installed is affected, and the lines resolve to what is not: install anew";
    }
    const notes = notesOf(repair, this.#plan.vetted);
    return {
      title: titleOf(repair, pins, this.#locks.length > 0, notes.short),
      edits: list,
      fixed: repair.fixed.map(({ name, version, match }) => ({ name, version, id: match.id })),
      packages: pins.size,
      ...(notes.whole.length > 0 ? { notes: notes.whole } : {}),
    };
  }

  #planChange({ demand, to, version }: LineChange, pins: ReadonlyMap<string, Pin>): EditPlan | undefined {
    const place = this.#asked.places.get(demand)!;
    const { manifest, entry } = place;
    const release = parseVersion(version);
    if (release && raiseAsSpecifier(place, release) === to)
      return planSpecifier(manifest, entry, raiseInStyle(place, release)!);
    if (!/^={2,3}[^*]*$/.test(to)) return planSpecifier(manifest, entry, to);
    const pin = pins.get(entry.normalizedName ?? normalizeName(demand.requirement.name.text));
    return planPin(manifest, entry, version, entry.hashes.length > 0 && pin ? hashesOf(pin) : undefined);
  }

  /** Moves pylock.toml and compiled requirements along; a sentence where one cannot be. */
  async #moveLocks({ stacks }: Repair, edits: Map<string, TextEdit[]>): Promise<string | undefined> {
    const move = { today: this.#plan.today.flat(), after: stacks.flat() };
    for (const lock of this.#locks) {
      if (lock.form === "pipfile-lock") continue;
      const plan = await moveLock(lock, move, this.#asked);
      if (typeof plan === "string") return plan;
      if (plan.length > 0) edits.set(lock.file.uri, [...plan]);
    }
    return undefined;
  }

  /** Moves the lock beside a Pipfile along: versions, hashes from the bound index, and the hash of the Pipfile. */
  #movePipfileLock(
    { stacks }: Repair,
    pins: ReadonlyMap<string, Pin>,
    edits: Map<string, TextEdit[]>,
  ): string | undefined {
    const { files } = this.#asked.root.tree;
    const found = this.#locks.find(({ form }) => form === "pipfile-lock");
    if (!found) return undefined;
    const companion = found.file;
    const locked = new Map(found.pins.map(({ name, version }) => [name, version]));
    const twice = stacks.flat().find((pin) => pins.get(pin.name)?.version.key !== pin.version.key);
    if (twice)
      return `a Pipfile.lock holds one version of a project, and this needs several of ${twice.name}`;
    const [pipfile] = files;
    const own = pipfile ? edits.get(pipfile.uri) : undefined;
    let pipfileHash: string | undefined;
    if (pipfile && own) {
      const edited = this.#asked.loader.withText(pipfile, applyEdits(pipfile.manifest.text, own));
      [pipfileHash] = edited.manifest.pipfileHashes ?? [];
      if (pipfileHash === undefined) return "the hash of the edited Pipfile cannot be computed";
    }
    const moves = movesOf(locked, pins);
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
