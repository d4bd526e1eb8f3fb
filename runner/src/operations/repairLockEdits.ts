// A lock moved with a repair, as edits of its text: only what has to move moves, and what comes is checked to be what was meant.
import { basename, dirname } from "node:path";
import type { TextEdit } from "../../../shared/src/finding/model.ts";
import { planCompiledChange } from "../../../shared/src/manifest/compiled.ts";
import { type PylockMove, planPylockChange } from "../../../shared/src/manifest/editPylock.ts";
import { applyEdits, type EditPlan } from "../../../shared/src/manifest/edits.ts";
import type { PylockPackage } from "../../../shared/src/manifest/pylockModel.ts";
import { compareVersions } from "../../../shared/src/packaging/version.ts";
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { LockedPackage } from "../../../shared/src/protocol/lock.ts";
import { pylockPackageLines, requirementLines } from "../lock/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { OperationError } from "./errors.ts";
import { lockPins } from "./lockedPins.ts";
import { keepIdentities, pinsOf } from "./previousLock.ts";
import type { FoundLock } from "./repairLocks.ts";

/** Stacks before and after, each pin of every environment. */
export interface StackMove {
  readonly today: readonly Pin[];
  readonly after: readonly Pin[];
}

/** What changes in a lock, by PEP 503 name. */
interface LockMoves {
  readonly moved: ReadonlyMap<string, readonly Pin[]>;
  readonly added: ReadonlyMap<string, readonly Pin[]>;
  readonly removed: readonly string[];
}

/** The edits of a pylock.toml or a compiled requirements file; a sentence where it cannot be moved. */
export async function moveLock(
  lock: FoundLock,
  move: StackMove,
  asked: AskedManifest,
): Promise<readonly TextEdit[] | string> {
  const moves = movesOf(lock, move);
  if (moves.moved.size + moves.added.size + moves.removed.length === 0) return [];
  if (lock.refusal !== undefined) return lock.refusal;
  let plan: EditPlan | string;
  try {
    plan = await (lock.form === "pylock" ? planPylock : planCompiled)(lock, moves, move, asked);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error.message;
  }
  if (typeof plan === "string") return plan;
  if (!plan.ok) return `${basename(lock.path)}: ${plan.error.message}`;
  return faultIn(lock, plan.value, moves, asked) ?? plan.value;
}

function movesOf({ pins }: FoundLock, { today, after }: StackMove): LockMoves {
  const now = byName(after);
  const before = byName(pins);
  const differs = (name: string, all: readonly Pin[]): boolean => keysOf(all) !== keysOf(before.get(name)!);
  const was = new Set(today.map(({ name }) => name));
  return {
    moved: new Map([...now].filter(([name, all]) => before.has(name) && differs(name, all))),
    added: new Map([...now].filter(([name, all]) => !before.has(name) && all.every(({ direct }) => !direct))),
    removed: [...before.keys()].filter((name) => was.has(name) && !now.has(name)),
  };
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(item.name, [...(found.get(item.name) ?? []), item]);
  return found;
}

function keysOf(pins: readonly Pick<Pin, "version">[]): string {
  return [...new Set(pins.map(({ version }) => version.key))].sort().join(" ");
}

async function planPylock(
  { file, path, scope }: FoundLock,
  { moved, added, removed }: LockMoves,
  { after }: StackMove,
  asked: AskedManifest,
): Promise<EditPlan | string> {
  const pylock = file.manifest.pylock!;
  const needed = scope ? "admissible" : "chosen";
  const counts = new Map([...byName(after)].map(([name, all]) => [name, all.length]));
  const hasParts = pylock.extras.length > 0 || pylock.dependencyGroups.length > 0;
  const hasDependencies =
    pylock.createdBy === "thoth" || pylock.packages.some((one) => one.dependencies.length > 0);
  const hasIndexes = pylock.packages.some(({ index }) => index !== undefined);
  const moves: PylockMove[] = removed.map((name) => ({ name, blocks: [] }));
  for (const [name, pins] of [...moved, ...added]) {
    const before = pylock.packages.filter((one) => one.name === name);
    const sorted = [...pins].sort((a, b) => compareVersions(a.version, b.version));
    const packages = keepIdentities(
      { pins: [], upgraded: new Set(), manifest: file.manifest },
      await lockPins(sorted, asked, needed),
    );
    const blocks: string[][] = [];
    for (const one of packages) {
      const marker = markerFor(one, before, pins, pylock.packages, hasParts);
      if (marker === undefined)
        return `where ${name} is used cannot be told in ${basename(path)}: lock it anew`;
      const bound = before.find(({ index }) => index !== undefined)?.index;
      if (bound !== undefined && one.index !== undefined && indexKey(bound) !== indexKey(one.index)) {
        return `${basename(path)} binds ${name} to another index than ${one.version} comes from`;
      }
      if (one.artifacts.length === 0) return `the index lists no sha256 for ${name} ${one.version}`;
      const { marker: _, index, dependencies, ...rest } = one;
      const written: LockedPackage = {
        ...rest,
        ...(marker === "" ? {} : { marker }),
        ...(hasIndexes && index !== undefined ? { index } : {}),
        ...(hasDependencies && dependencies ? { dependencies } : {}),
      };
      blocks.push(pylockPackageLines(written, counts, dirname(path)));
    }
    moves.push({ name, blocks });
  }
  return planPylockChange(file.manifest, moves);
}

/** One in the place of one is used where that was; of several each says where itself. What comes in is used where it is asked for. */
function markerFor(
  one: LockedPackage,
  before: readonly PylockPackage[],
  pins: readonly Pin[],
  all: readonly PylockPackage[],
  hasParts: boolean,
): string | undefined {
  if (before.length === 1 && pins.length === 1) return before[0]!.marker?.text ?? "";
  // A marker that speaks of extras and groups is the lock's own, and no stack says it.
  if (!hasParts) return one.marker ?? "";
  if (before.length > 0) return undefined;
  const askers = all.filter(({ name }) => one.via.includes(name)).map(({ marker }) => marker?.text ?? "");
  const [first, ...others] = new Set(askers);
  return others.length > 0 ? undefined : first;
}

async function planCompiled(
  { file, path }: FoundLock,
  { moved, added, removed }: LockMoves,
  { today, after }: StackMove,
  asked: AskedManifest,
): Promise<EditPlan | string> {
  const { manifest } = file;
  const isHashed = manifest.entries.some((entry) => entry.kind === "requirement" && entry.hashes.length > 0);
  const moveOf = async (name: string, pins: readonly Pin[]) => {
    const [one, another] = await lockPins(pins, asked, "chosen");
    if (!one || another)
      return `${name} has several releases, each by its marker: compile ${basename(path)} anew`;
    const hashes = one.artifacts.map(({ sha256 }) => `sha256:${sha256}`);
    if (isHashed && hashes.length === 0) return `the index lists no sha256 for ${name} ${one.version}`;
    return { name, version: one.version, hashes, lines: requirementLines(one, dirname(path), isHashed) };
  };
  const change = { moved: [] as Move[], added: [] as Move[] };
  for (const [which, pins] of [
    ["moved", moved],
    ["added", added],
  ] as const) {
    for (const [name, own] of pins) {
      const one = await moveOf(name, own);
      if (typeof one === "string") return one;
      change[which].push(one);
    }
  }
  const before = new Map(today.map(({ name, via }) => [name, via.join(" ")]));
  const via = new Map(
    after.flatMap((pin) =>
      before.has(pin.name) && before.get(pin.name) !== pin.via.join(" ")
        ? [[pin.name, pin.via] as const]
        : [],
    ),
  );
  return planCompiledChange(manifest, { ...change, removed, via });
}

type Move = { name: string; version: string; hashes: string[]; lines: string[] };

/** What the edited text would say, read again: nothing but what was meant may differ. */
function faultIn(
  { file, path }: FoundLock,
  edits: readonly TextEdit[],
  { moved, added, removed }: LockMoves,
  { loader }: AskedManifest,
): string | undefined {
  const edited = loader.withText(file, applyEdits(file.manifest.text, edits)).manifest;
  const told = (pins: readonly Pick<Pin, "name" | "version">[]): string[] =>
    [...new Set(pins.map(({ name, version }) => `${name} ${version.key}`))].sort();
  const changed = new Set([...moved.keys(), ...removed]);
  const kept = pinsOf(file.manifest).filter(({ name }) => !changed.has(name));
  const wanted = told([...kept, ...[...moved.values(), ...added.values()].flat()]);
  if (edited.errors.length === 0 && told(pinsOf(edited)).join("\n") === wanted.join("\n")) return undefined;
  return `${basename(path)} would not say what was meant: lock it anew`;
}
