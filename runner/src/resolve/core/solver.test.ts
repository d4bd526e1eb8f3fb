// The core against exhaustive search: a solution if and only if there is one, always valid, and failures that follow.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Needs, Provider } from "./model.ts";
import { Solver } from "./solver.ts";
import {
  allStates,
  complement,
  hasVersion,
  highestVersion,
  noStates,
  oneVersion,
  type States,
} from "./states.ts";

/** For each package, for each version, what it needs: package → the indices that will do. */
type World = readonly (readonly ReadonlyMap<number, readonly number[]>[])[];

/** Package 0 of a world is the root and has one version. */
function everySolution(world: World): boolean {
  const chosen = new Map<number, number>();
  const search = (): boolean => {
    for (const [package_, version] of chosen) {
      for (const [needed, allowed] of world[package_]![version]!) {
        const at = chosen.get(needed);
        if (at !== undefined) {
          if (!allowed.includes(at)) return false;
          continue;
        }
        return allowed.some((one) => {
          chosen.set(needed, one);
          const found = search();
          if (!found) chosen.delete(needed);
          return found;
        });
      }
    }
    return true;
  };
  chosen.set(0, 0);
  return search();
}

function isValid(world: World, versions: ReadonlyMap<number, number>): boolean {
  if (versions.get(0) !== 0) return false;
  for (const [package_, version] of versions) {
    for (const [needed, allowed] of world[package_]![version]!) {
      const at = versions.get(needed);
      if (at === undefined || !allowed.includes(at)) return false;
    }
  }
  return true;
}

class WorldProvider implements Provider<string> {
  readonly #world: World;
  readonly #sets = new Map<string, States>();
  readonly #pause: (() => Promise<void>) | undefined;
  readonly #counts = new Map<number, number>();
  #back: number[] = [];

  constructor(world: World, pause?: () => Promise<void>) {
    this.#world = world;
    this.#pause = pause;
  }

  pick(undecided: Iterable<number>): number {
    return Math.min(...undecided);
  }

  choose(_package: number, allowed: States): number {
    return highestVersion(allowed);
  }

  needs(package_: number, version: number): Needs<string> | Promise<Needs<string>> {
    const dependencies = [...this.#world[package_]![version]!].map(([needed, allowed]) => {
      const key = `${needed}:${allowed}`;
      let states = this.#sets.get(key);
      if (states === undefined) {
        states = noStates(this.#world[needed]!.length);
        for (const one of allowed) {
          const single = oneVersion(this.#world[needed]!.length, one);
          for (let word = 0; word < states.length; word++) states[word]! |= single[word]!;
        }
        this.#sets.set(key, states);
      }
      return { package: needed, allowed: states, reason: key };
    });
    return this.#pause ? this.#pause().then(() => ({ dependencies })) : { dependencies };
  }

  conflicted(affected: number): void {
    const count = (this.#counts.get(affected) ?? 0) + 1;
    this.#counts.set(affected, count);
    if (count === 3) this.#back.push(affected);
  }

  takeBackjumps(): readonly number[] {
    const back = this.#back;
    this.#back = [];
    return back;
  }
}

const worlds: fc.Arbitrary<World> = fc.integer({ min: 2, max: 6 }).chain((packages) =>
  fc.tuple(
    ...Array.from({ length: packages }, (_, package_) =>
      fc.array(
        fc
          .array(
            fc.tuple(
              fc.integer({ min: 1, max: packages - 1 }),
              fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
            ),
            { minLength: package_ === 0 ? 1 : 0, maxLength: 3 },
          )
          .map((needs) => new Map(needs.filter(([needed]) => needed !== package_))),
        { minLength: package_ === 0 ? 1 : 4, maxLength: package_ === 0 ? 1 : 4 },
      ),
    ),
  ),
);

function prepare(world: World): Solver<string> {
  const solver = new Solver<string>();
  for (let package_ = 1; package_ < world.length; package_++) solver.addPackage(world[package_]!.length);
  return solver;
}

describe("the core", () => {
  it("finds a solution if and only if there is one, and it is valid", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const outcome = await prepare(world).solve(new WorldProvider(world));
        assert.equal(outcome.kind, everySolution(world) ? "solved" : "impossible");
        if (outcome.kind === "solved") assert.ok(isValid(world, outcome.versions));
      }),
      { numRuns: 3000 },
    );
  });

  it("derives what is impossible by steps that each follow from their two causes", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const solver = prepare(world);
        const outcome = await solver.solve(new WorldProvider(world));
        if (outcome.kind !== "impossible") return;
        const holds = (id: number, at: readonly number[]): boolean => {
          const { packages, terms } = solver.incompatibilities[id]!;
          return packages.every((package_, place) => hasVersion(terms[place]!, at[package_]!));
        };
        const states = world.map((versions) => versions.length + 1);
        for (const [id, { cause }] of solver.incompatibilities.entries()) {
          if (cause.kind !== "derived") continue;
          // A random state of every package, not selected being -1: if the step forbids it, so does one of its causes.
          const at = fc.sample(
            fc.tuple(...states.map((count) => fc.integer({ min: -1, max: count - 2 }))),
            40,
          );
          for (const one of at) {
            if (holds(id, one)) assert.ok(holds(cause.left, one) || holds(cause.right, one));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("gives the same answer however long what it waits for takes", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, fc.array(fc.integer({ min: 0, max: 2 })), async (world, pauses) => {
        let turn = 0;
        const pause = async (): Promise<void> => {
          for (let left = pauses[turn++ % Math.max(1, pauses.length)] ?? 0; left > 0; left--) await null;
        };
        const [one, other] = [
          await prepare(world).solve(new WorldProvider(world)),
          await prepare(world).solve(new WorldProvider(world, pause)),
        ];
        assert.deepEqual(one, other);
      }),
    );
  });

  it("never selects what is forbidden", async () => {
    const solver = new Solver<string>();
    const package_ = solver.addPackage(3);
    const all = allStates(3);
    solver.forbid(package_, oneVersion(3, 2), "withdrawn");
    const outcome = await solver.solve(
      new WorldProvider([[new Map([[1, [0, 1, 2]]])], [new Map(), new Map(), new Map()]]),
    );
    assert.equal(outcome.kind === "solved" && outcome.versions.get(package_), 1);
    assert.ok(hasVersion(complement(oneVersion(3, 2), all), 1));
  });

  it("ends undecided when the budget is spent, and stops when it is told to", async () => {
    const chain: World = Array.from({ length: 50 }, (_, place) => [
      place < 49 ? new Map([[place + 1, [0]]]) : new Map<number, number[]>(),
    ]);
    const outcome = await prepare(chain).solve(new WorldProvider(chain), { maxDecisions: 10 });
    assert.equal(outcome.kind, "undecided");
    assert.equal(outcome.counters.decisions, 10);
    const controller = new AbortController();
    const solving = prepare(chain).solve(
      new WorldProvider(chain, async () => controller.abort(new Error("enough"))),
      { signal: controller.signal },
    );
    await assert.rejects(solving, /enough/);
  });

  it("stops when told to where nothing is waited for", async () => {
    // Twelve pigeons for eleven holes: no search by resolution ends this in the life of a test.
    const holes = Array.from({ length: 11 }, (_, hole) => hole);
    const pigeons = Array.from({ length: 12 }, (_, pigeon) => pigeon);
    const hard: World = [
      [new Map(pigeons.map((pigeon) => [pigeon + 1, holes]))],
      ...pigeons.map((pigeon) => holes.map((hole) => new Map([[13 + hole, [pigeon]]]))),
      ...holes.map(() => pigeons.map(() => new Map<number, readonly number[]>())),
    ];
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error("enough")));
    const solving = prepare(hard).solve(new WorldProvider(hard), { signal: controller.signal });
    await assert.rejects(solving, /enough/);
  });
});
