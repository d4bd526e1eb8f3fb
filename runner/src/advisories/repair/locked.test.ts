// Plans beside a lock, against every stack that there is: in small random worlds none leaves or moves less.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import { parseVersion } from "../../../../shared/src/packaging/version.ts";
import { makeTarget, makeUniverse, readDemands, readSpecifier } from "../../resolve/testing.ts";
import { type Candidate, isBetter } from "./candidate.ts";
import { planRepairs } from "./plan.ts";
import {
  exposedIn,
  isLess,
  measuresOf,
  outcomeOf,
  type Stack,
  stackOf,
  tell,
  type World,
  worlds,
} from "./testing.ts";

const target = makeTarget("3.11");
const read = new Map<string, SpecifierSet>();

function takes(specifier: string, version: string): boolean {
  const known = read.get(specifier) ?? readSpecifier(specifier);
  read.set(specifier, known);
  return known.contains(parseVersion(version)!);
}

/** Every stack of the projects that the lines name, whatever versions these ask for. */
function stacksOf({ universe, lines }: World): Stack[] {
  const found = new Map<string, Stack>();
  const extend = (chosen: Stack, wanted: readonly string[]): void => {
    const next = wanted.find((name) => !chosen.has(name));
    if (next === undefined) {
      found.set([...chosen].sort().join(), chosen);
      return;
    }
    for (const [version, { requires = [] }] of Object.entries(universe[next]!)) {
      const more = new Map(chosen).set(next, version);
      if (agrees(universe, more)) extend(more, [...wanted, ...requires.map((one) => one.slice(0, 1))]);
    }
  };
  extend(
    new Map(),
    lines.map(([name]) => name),
  );
  return [...found.values()];
}

function agrees(universe: World["universe"], stack: Stack): boolean {
  return [...stack].every(([name, version]) =>
    (universe[name]![version]!.requires ?? []).every((need) => {
      const other = stack.get(need.slice(0, 1));
      return other === undefined || takes(need.slice(1), other);
    }),
  );
}

/** The best of all stacks: a line changes where it does not take its version; what it excludes it excludes further. */
function bestOf(world: World, today: Stack, stacks: readonly Stack[], allowDowngrade: boolean): Candidate {
  let best = outcomeOf(world, today, today, 0)!;
  for (const stack of stacks) {
    const excluded = world.lines.some(([name, specifier]) =>
      specifier.startsWith("!=") ? !takes(specifier, stack.get(name)!) : false,
    );
    if (excluded) continue;
    const changed = world.lines.filter(([name, specifier]) => !takes(specifier, stack.get(name)!)).length;
    const outcome = outcomeOf(world, today, stack, changed, allowDowngrade);
    if (outcome && isBetter(outcome, best)) best = outcome;
  }
  return best;
}

/** Whether the plan changes anything. */
async function comparePlan(world: World, which: number, allowDowngrade: boolean): Promise<boolean> {
  const stacks = stacksOf(world);
  const valid = stacks.filter((stack) =>
    world.lines.every(([name, specifier]) => takes(specifier, stack.get(name)!)),
  );
  const today = valid[which % valid.length];
  if (!today || exposedIn(world, today).size === 0) return false;
  const plan = await planRepairs(
    makeUniverse(world.universe),
    world.advisories,
    { requirements: readDemands(world.lines.map((line) => line.join(""))) },
    {
      targets: [target],
      now: Date.UTC(2026, 10, 22),
      locked: [...today].map(([name, version]) => ({ name, version: parseVersion(version)! })),
      allowDowngrade,
    },
  );
  assert.ok(plan.kind === "planned");
  assert.deepEqual([...stackOf(plan.today[0]!)].sort(), [...today].sort());
  const upwards = bestOf(world, today, stacks, false);
  const free = allowDowngrade ? bestOf(world, today, stacks, true) : upwards;
  const best = free.exposures.size < upwards.exposures.size ? free : upwards;
  const { changes, constraints } = plan;
  const after = stackOf(plan.stacks[0]!);
  const found = outcomeOf(world, today, after, changes.length + constraints.length, allowDowngrade);
  const told = tell(world, { today: [...today], after: [...after], best: best.moved, allowDowngrade });
  assert.ok(found, `brings something in or goes down: ${told}`);
  assert.ok(!isLess(measuresOf(best), measuresOf(found)), told);
  return plan.repairs.length > 0;
}

describe("planning repairs beside a lock, against every stack there is", function () {
  this.timeout(120_000);

  it("is never worse, brings in nothing, and goes down only where that is allowed and needed", async () => {
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(worlds, fc.nat(1_000), fc.boolean(), async (world, which, allowDowngrade) => {
        if (await comparePlan(world, which, allowDowngrade)) planned++;
      }),
      { numRuns: 800, seed: 20261130 },
    );
    assert.ok(planned > 40, `only ${planned} plans change anything`);
  });
});
