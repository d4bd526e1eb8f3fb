// Plans against every way there is: in small random universes nothing beats what is planned, by the objective in its order.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AdvisoryRecord } from "../../../../shared/src/advisory/index.ts";
import { makeTarget, makeUniverse, type PlainUniverse, readDemands } from "../../resolve/testing.ts";
import { planRepairs } from "./plan.ts";

const VERSIONS = ["1.0.0", "1.1.0", "2.0.0"] as const;
const DIRECT = ["one", "two", "three"] as const;
const INNER = ["lib", "core"] as const;

interface World {
  /** For each direct package and version: the place of the version of each inner one that it holds, or none. */
  readonly needs: readonly (readonly (readonly (number | undefined)[])[])[];
  /** For each package: the places of the versions that each of its advisories holds for. */
  readonly bad: readonly (readonly (readonly boolean[])[])[];
}

const place = fc.integer({ min: 0, max: 2 });
const worlds: fc.Arbitrary<World> = fc.record({
  needs: fc.array(
    fc.array(fc.array(fc.option(place, { nil: undefined, freq: 2 }), { minLength: 2, maxLength: 2 }), {
      minLength: 3,
      maxLength: 3,
    }),
    { minLength: 3, maxLength: 3 },
  ),
  bad: fc.array(
    fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { minLength: 0, maxLength: 2 }),
    { minLength: 5, maxLength: 5 },
  ),
});

function universeOf({ needs }: World): PlainUniverse {
  const universe: Record<string, Record<string, { requires: string[] }>> = {};
  DIRECT.forEach((name, package_) => {
    universe[name] = Object.fromEntries(
      VERSIONS.map((version, at) => [
        version,
        {
          requires: INNER.flatMap((inner, which) => {
            const held = needs[package_]![at]![which];
            return held === undefined ? [] : [`${inner}==${VERSIONS[held]}`];
          }),
        },
      ]),
    );
  });
  for (const name of INNER)
    universe[name] = Object.fromEntries(VERSIONS.map((version) => [version, { requires: [] }]));
  return universe;
}

const NAMES = [...DIRECT, ...INNER];

function advisoriesOf({ bad }: World): (name: string) => readonly AdvisoryRecord[] {
  const byName = new Map<string, AdvisoryRecord[]>(
    NAMES.map((name, at) => [
      name,
      bad[at]!.flatMap((places, number): AdvisoryRecord[] => {
        const versions = VERSIONS.filter((_, place_) => places[place_]);
        return versions.length === 0 ? [] : [{ id: `${name}-${number}`, severity: "high", versions }];
      }),
    ]),
  );
  return (name) => byName.get(name) ?? [];
}

/** What is installed with these direct versions, by place; undefined where they exclude one another. */
function stackOf({ needs }: World, direct: readonly number[]): Map<string, number> | undefined {
  const stack = new Map<string, number>(DIRECT.map((name, at) => [name, direct[at]!]));
  for (const [which, inner] of INNER.entries()) {
    const held = direct.flatMap((version, package_) => needs[package_]![version]![which] ?? []);
    if (held.length === 0) continue;
    if (held.some((one) => one !== held[0])) return undefined;
    stack.set(inner, held[0]!);
  }
  return stack;
}

function exposed(world: World, stack: ReadonlyMap<string, number>): Set<string> {
  const found = new Set<string>();
  for (const [name, version] of stack) {
    world.bad[NAMES.indexOf(name as (typeof NAMES)[number])]!.forEach((places, number) => {
      if (places[version]) found.add(`${name}-${number}`);
    });
  }
  return found;
}

/** The smallest of all: advisories left, lines changed, packages moved. */
function bestOf(world: World): readonly [number, number, number] | undefined {
  const today = stackOf(world, [0, 0, 0]);
  if (!today) return undefined;
  const present = exposed(world, today);
  let best: [number, number, number] = [present.size, 0, 0];
  for (let code = 1; code < 27; code++) {
    const direct = [code % 3, Math.floor(code / 3) % 3, Math.floor(code / 9)];
    const stack = stackOf(world, direct);
    if (!stack) continue;
    if ([...stack].some(([name, version]) => version < (today.get(name) ?? 0))) continue;
    const left = exposed(world, stack);
    if ([...left].some((one) => !present.has(one))) continue;
    const moved = [...stack].filter(
      ([name, version]) => today.has(name) && today.get(name) !== version,
    ).length;
    const score: [number, number, number] = [left.size, direct.filter((one) => one > 0).length, moved];
    const at = score.findIndex((value, which) => value !== best[which]);
    if (at >= 0 && score[at]! < best[at]!) best = score;
  }
  return best;
}

describe("planning repairs, against every way there is", function () {
  this.timeout(120_000);

  it("leaves the fewest advisories, with the fewest lines and the fewest moves", async () => {
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const best = bestOf(world);
        const plan = await planRepairs(
          makeUniverse(universeOf(world)),
          advisoriesOf(world),
          { requirements: readDemands(DIRECT.map((name) => `${name}==1.0.0`)) },
          { targets: [makeTarget("3.11")], now: Date.UTC(2026, 10, 22) },
        );
        if (best === undefined) {
          assert.equal(plan.kind, "unresolved");
          return;
        }
        assert.ok(plan.kind === "planned");
        if (plan.changes.length > 0) planned++;
        assert.deepEqual(
          [plan.left.length, plan.changes.length + plan.constraints.length, plan.moved.length],
          best,
          JSON.stringify(plan.changes.map(({ name, to }) => name + to)),
        );
        for (const { reason } of plan.left) assert.ok(reason.length > 10, reason);
      }),
      { numRuns: 300, seed: 20261122 },
    );
    assert.ok(planned > 30, `only ${planned} plans change anything`);
  });
});
