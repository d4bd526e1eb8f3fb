// Takes a plan apart into changes that help on their own, so that a person may take one and leave the other.

import type { Candidate } from "./candidate.ts";
import { combinations } from "./combinations.ts";
import type { Exposure, LineChange, Repair } from "./model.ts";
import type { Prover } from "./prover.ts";
import { type Key, keptOf } from "./search.ts";

/** With more changes than this they are told as one. */
const MOST_CHANGES = 24;

/** The independent parts of a plan, each with what it clears. */
export async function findGroups(prover: Prover, plan: Candidate): Promise<Repair[]> {
  const fixed = [...prover.trials.present].filter(([key]) => !plan.exposures.has(key));
  const whole: Repair = {
    changes: plan.changes,
    constraints: plan.constraints,
    fixed: fixed.map(([, exposure]) => exposure),
    moved: plan.moved,
    stacks: plan.stacks,
  };
  const isOne = plan.changes.length < 2 && prover.options.locked === undefined;
  if (isOne || plan.changes.length > MOST_CHANGES || plan.constraints.length > 0) {
    return fixed.length === 0 ? [] : [whole];
  }
  const needs = new Map<Key, ReadonlySet<LineChange>>();
  for (const [key, exposure] of fixed) needs.set(key, await changesFor(prover, plan, key, exposure));
  const repairs: Repair[] = [];
  for (const part of joinOverlapping(plan.changes, fixed, needs)) {
    const proven = await proveAlone(prover, plan, part);
    // What does not stand alone is told as the one plan that was proven.
    if (!proven) return [whole];
    repairs.push(proven);
  }
  return repairs;
}

/** A part of the plan with nothing else changed: of a lock only what the part is about moves. */
async function proveAlone(prover: Prover, plan: Candidate, part: Part): Promise<Repair | undefined> {
  const names = new Set([...part.changes, ...part.fixed].map(({ name }) => name));
  const moved = keptOf(plan.stacks).filter(({ name }) => names.has(name));
  const stays = (prover.options.locked ?? []).filter(({ name }) => !names.has(name));
  const found = await prover.prove(part.changes, [], plan.stacks, [...stays, ...moved]);
  if (!found || !prover.bringsNothing(found)) return undefined;
  if (part.keys.some((key) => found.exposures.has(key))) return undefined;
  const { changes, fixed } = part;
  return { changes, constraints: [], fixed, moved: found.moved, stacks: found.stacks };
}

interface Part {
  readonly changes: readonly LineChange[];
  readonly fixed: readonly Exposure[];
  readonly keys: readonly Key[];
}

/** The changes without which one advisory is not cleared. */
async function changesFor(
  prover: Prover,
  plan: Candidate,
  key: Key,
  exposure: Exposure,
): Promise<ReadonlySet<LineChange>> {
  const clears = async (changes: readonly LineChange[]): Promise<boolean> => {
    const found = await prover.prove(changes, [], plan.stacks);
    return found !== undefined && !found.exposures.has(key) && prover.bringsNothing(found);
  };
  let kept: readonly LineChange[] = plan.changes;
  // Two lines that need one another can only go together.
  for (const size of [1, 2]) {
    for (const some of combinations(plan.changes, size)) {
      if (!some.every((change) => kept.includes(change) && change.name !== exposure.name)) continue;
      const fewer = kept.filter((change) => !some.includes(change));
      if (await clears(fewer)) kept = fewer;
    }
  }
  return new Set(kept);
}

function joinOverlapping(
  changes: readonly LineChange[],
  fixed: readonly (readonly [Key, Exposure])[],
  needs: ReadonlyMap<Key, ReadonlySet<LineChange>>,
): Part[] {
  const groups: { changes: Set<LineChange>; fixed: Exposure[]; keys: Key[] }[] = [];
  for (const [key, exposure] of fixed) {
    const own = needs.get(key) ?? new Set<LineChange>();
    // What no line is needed for moves in the lock alone, package by package.
    const touching = groups.filter((group) =>
      own.size === 0
        ? group.changes.size === 0 && group.fixed.some(({ name }) => name === exposure.name)
        : [...own].some((change) => group.changes.has(change)),
    );
    const joined = {
      changes: new Set([...touching.flatMap((group) => [...group.changes]), ...own]),
      fixed: [...touching.flatMap((group) => group.fixed), exposure],
      keys: [...touching.flatMap((group) => group.keys), key],
    };
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(joined);
  }
  return groups.map((group) => ({
    changes: changes.filter((change) => group.changes.has(change)),
    fixed: group.fixed,
    keys: group.keys,
  }));
}
