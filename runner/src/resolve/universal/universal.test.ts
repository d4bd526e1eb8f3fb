// Stacks for several environments: valid and complete in each, parted only where they have to be, told where there is none.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluateMarker,
  type Marker,
  markerToString,
  readMarker,
} from "../../../../shared/src/packaging/marker.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../../shared/src/packaging/requirement.ts";
import { parseVersion } from "../../../../shared/src/packaging/version.ts";
import { explainFailure } from "../explain.ts";
import type { Demand, Pin, PinDependency, Question, Target, Universe } from "../python/model.ts";
import { makeTarget, makeUniverse, type PlainUniverse, readDemands, readSpecifier } from "../testing.ts";
import type { StackResolution, StackScope } from "./model.ts";
import { createScopeCatalogue, resolveUniversal } from "./resolve.ts";
import { createTargetsCatalogue, resolveForTargets } from "./targets.ts";

type Solved = Extract<StackResolution, { kind: "solved" }>;

interface Asking extends Omit<Partial<Question>, "requirements"> {
  readonly requires: readonly string[];
  readonly python?: string;
  readonly scope?: Partial<StackScope>;
}

function read(text: string): Marker {
  const result = readMarker(text);
  assert.ok(result.ok, text);
  return result.value;
}

function ask(universe: PlainUniverse | Universe, { requires, python = ">=3.11", scope, ...rest }: Asking) {
  const made = "metadata" in universe ? (universe as Universe) : makeUniverse(universe as PlainUniverse);
  const catalogue = createScopeCatalogue(made, { requiresPython: readSpecifier(python), ...scope });
  return resolveUniversal(catalogue, { requirements: readDemands(requires), ...rest });
}

async function solve(universe: PlainUniverse | Universe, asking: Asking): Promise<Solved> {
  const resolution = await ask(universe, asking);
  assert.equal(resolution.kind, "solved");
  return resolution as Solved;
}

function withMarker(what: string, marker: Marker | undefined): string {
  return marker === undefined ? what : `${what} ; ${markerToString(marker)}`;
}

function linesOf({ pins }: Solved): string[] {
  return pins.map(({ name, version, marker }) => withMarker(`${name}==${version}`, marker));
}

function edgesOf(dependencies: readonly PinDependency[]): string[] {
  return dependencies.map(({ name, version, extras, marker }) =>
    withMarker(`${name}${extras.length > 0 ? `[${extras}]` : ""}==${version}`, marker),
  );
}

function selectFor(pins: readonly Pin[], { markers }: Target): Pin[] {
  return pins.filter(({ marker }) => marker === undefined || evaluateMarker(marker, markers));
}

/** What is wrong with the pins for one environment, from the plain universe alone. */
function faultsIn(
  universe: PlainUniverse,
  requires: readonly string[],
  pins: readonly Pin[],
  target: Target,
): string[] {
  const faults: string[] = [];
  const selected = new Map<string, Pin>();
  for (const pin of selectFor(pins, target)) {
    if (selected.has(pin.name)) faults.push(`${pin.name} is there twice`);
    selected.set(pin.name, pin);
  }
  const reached = new Set<string>();
  const check = (text: string): void => {
    const result = readRequirement(text);
    assert.ok(result.ok);
    const { marker, specifier, name, extras } = result.value;
    if (marker && !evaluateMarker(marker, target.markers)) return;
    const pin = selected.get(normalizeName(name.text));
    if (pin === undefined || !specifier.contains(pin.version)) {
      faults.push(`${text} is not met by ${pin?.version}`);
      return;
    }
    const release = universe[pin.name]![pin.version.toString()]!;
    for (const extra of ["", ...extras.map(({ text }) => text)]) {
      const key = `${pin.name}[${extra}]`;
      if (reached.has(key)) continue;
      reached.add(key).add(pin.name);
      for (const next of extra === "" ? (release.requires ?? []) : (release.extras?.[extra] ?? []))
        check(next);
    }
  };
  for (const text of requires) check(text);
  for (const name of selected.keys()) if (!reached.has(name)) faults.push(`nothing asks for ${name}`);
  return faults;
}

const TARGETS = ["3.11.2", "3.12.0", "3.13.1"].flatMap((python) => [
  makeTarget(python),
  makeTarget(python, "win32"),
]);
const NAMES = ["a", "b", "c", "d"];
const MARKERS = [
  "",
  "",
  ' ; sys_platform == "win32"',
  ' ; sys_platform != "win32"',
  ' ; python_version < "3.12"',
  ' ; python_version >= "3.12"',
  ' ; python_version >= "3.13" or sys_platform == "linux"',
];
const requirement = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom("", "", "[x]"),
    fc.constantFrom("", ">=2", "<2", "==1", "!=3", "<=2", "==3"),
    fc.constantFrom(...MARKERS),
  )
  .map((parts) => parts.join(""));
const release = fc.record({
  requires: fc.array(requirement, { maxLength: 2 }),
  extras: fc.record({ x: fc.array(requirement, { maxLength: 1 }) }),
  requiresPython: fc.constantFrom(">=3.11", ">=3.11", ">=3.11", ">=3.12"),
});
const universes = fc.record(
  Object.fromEntries(NAMES.map((name) => [name, fc.record({ "1": release, "2": release, "3": release })])),
);
const lines = fc.array(requirement, { minLength: 1, maxLength: 3 });

/** Whether some choice of releases meets everything in one environment. */
function isSolvable(universe: PlainUniverse, requires: readonly string[], target: Target): boolean {
  const choices: (string | undefined)[] = [undefined, "1", "2", "3"];
  const python = target.python;
  const tryFrom = (place: number, chosen: ReadonlyMap<string, string>): boolean => {
    if (place === NAMES.length) {
      const pins = [...chosen].map(([name, version]) => ({
        name,
        version: parseVersion(version)!,
      }));
      return faultsIn(universe, requires, pins as unknown as Pin[], target).every((fault) =>
        fault.startsWith("nothing asks"),
      );
    }
    const name = NAMES[place]!;
    return choices.some((version) => {
      if (version === undefined) return tryFrom(place + 1, chosen);
      const admitted = readSpecifier(universe[name]![version]!.requiresPython ?? "").contains(python);
      return admitted && tryFrom(place + 1, new Map([...chosen, [name, `${version}`]]));
    });
  };
  return tryFrom(0, new Map());
}

describe("a stack for every environment", () => {
  it("is in each environment a stack that meets everything, with nothing more", async () => {
    let solved = 0;
    await fc.assert(
      fc.asyncProperty(universes, lines, async (universe, requires) => {
        const resolution = await ask(universe as PlainUniverse, { requires });
        if (resolution.kind !== "solved") return;
        solved++;
        for (const target of TARGETS) {
          assert.deepEqual(faultsIn(universe as PlainUniverse, requires, resolution.pins, target), []);
        }
      }),
      { numRuns: 300, seed: 4 },
    );
    assert.ok(solved > 100, `${solved} were solved`);
  });

  it("is impossible where one environment has no solution, and else found unless requirements that part it are far apart", async () => {
    // Requirements of different projects do not part a stack (as in uv), so that it is enough that most are found.
    let found = 0;
    let possible = 0;
    await fc.assert(
      fc.asyncProperty(universes, lines, async (universe, requires) => {
        const plain = universe as PlainUniverse;
        const isEverywhere = TARGETS.every((target) => isSolvable(plain, requires, target));
        const resolution = await ask(plain, { requires });
        if (!isEverywhere) assert.equal(resolution.kind, "impossible");
        else {
          possible++;
          if (resolution.kind === "solved") found++;
        }
      }),
      { numRuns: 120, seed: 9 },
    );
    assert.ok(possible > 20 && found >= 0.8 * possible, `${found} of ${possible}`);
  });

  it("is the same in whatever order its metadata arrives", async () => {
    await fc.assert(
      fc.asyncProperty(universes, lines, fc.scheduler(), async (universe, requires, scheduler) => {
        const atOnce = await ask(universe as PlainUniverse, { requires });
        const late = makeUniverse(universe as PlainUniverse, () => scheduler.schedule(Promise.resolve()));
        const answer = ask(late, { requires });
        const resolution = await scheduler.waitFor(answer);
        assert.equal(resolution.kind, atOnce.kind);
        if (resolution.kind !== "solved" || atOnce.kind !== "solved") return;
        assert.deepEqual(linesOf(resolution), linesOf(atOnce));
        assert.deepEqual(resolution.counters, atOnce.counters);
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  it("is parted where one project is asked for in two ways", async () => {
    const solved = await solve(
      { a: { "1": {}, "2": { requires: ["b"] } }, b: { "1": {} } },
      { requires: ['a<2; sys_platform == "win32"', 'a>=2; sys_platform != "win32"'] },
    );
    assert.deepEqual(linesOf(solved), [
      'a==1 ; sys_platform == "win32"',
      'a==2 ; sys_platform != "win32"',
      'b==1 ; sys_platform != "win32"',
    ]);
    assert.deepEqual(edgesOf(solved.roots), [
      'a==1 ; sys_platform == "win32"',
      'a==2 ; sys_platform != "win32"',
    ]);
    assert.deepEqual(edgesOf(solved.pins[1]!.dependencies), ["b==1"]);
    assert.deepEqual(solved.parts.map(({ marker }) => marker && markerToString(marker)).sort(), [
      'sys_platform != "win32"',
      'sys_platform == "win32"',
    ]);
  });

  it("takes the newest release for each Python, or as few as will do", async () => {
    const universe = { a: { "1": { requiresPython: ">=3.8" }, "2": { requiresPython: ">=3.12" } } };
    const newest = await solve(universe, { requires: ["a"] });
    assert.deepEqual(linesOf(newest), ['a==1 ; python_version < "3.12"', 'a==2 ; python_version >= "3.12"']);
    const fewest = await solve(universe, { requires: ["a"], scope: { forkStrategy: "fewest" } });
    assert.deepEqual(linesOf(fewest), ["a==1"]);
  });

  it("prefers in one part what another came to", async () => {
    const universe = { a: { "1": {}, "2": {} }, b: { "1": { requires: ["a<2"] }, "2": { requires: ["a"] } } };
    const solved = await solve(universe, {
      requires: ['b<2; python_version >= "3.12"', 'b>=2; python_version < "3.12"'],
    });
    assert.deepEqual(linesOf(solved), [
      "a==1",
      'b==1 ; python_version >= "3.12"',
      'b==2 ; python_version < "3.12"',
    ]);
  });

  it("keeps the pins of a lock, each where it was used", async () => {
    const universe = { a: { "1": {}, "2": {}, "3": {} } };
    const kept = [
      { name: "a", version: parseVersion("1")!, marker: read('sys_platform == "win32"') },
      { name: "a", version: parseVersion("2")!, marker: read('sys_platform != "win32"') },
    ];
    const requires = ['a; sys_platform == "win32"', 'a; sys_platform != "win32"'];
    assert.deepEqual(linesOf(await solve(universe, { requires })), ["a==3"]);
    assert.deepEqual(linesOf(await solve(universe, { requires, kept })), [
      'a==1 ; sys_platform == "win32"',
      'a==2 ; sys_platform != "win32"',
    ]);
  });

  it("lets constraints and overrides with markers part it", async () => {
    const universe = { a: { "1": {}, "2": {} }, b: { "1": { requires: ["a>=2"] } } };
    const constrained = await solve(universe, {
      requires: ["a"],
      constraints: readDemands(['a<2; python_version < "3.12"']),
    });
    assert.deepEqual(linesOf(constrained), [
      'a==1 ; python_version < "3.12"',
      'a==2 ; python_version >= "3.12"',
    ]);
    const overridden = await solve(universe, {
      requires: ["b"],
      overrides: readDemands(['a==1; sys_platform == "win32"', 'a==2; sys_platform == "linux"']),
    });
    assert.deepEqual(linesOf(overridden), [
      'a==1 ; sys_platform == "win32"',
      'a==2 ; sys_platform == "linux"',
      "b==1",
    ]);
  });

  it("takes a project from an address where a line says so, and from the index elsewhere", async () => {
    const index = makeUniverse({ a: { "1": {}, "2": {} }, b: { "1": { requires: ["a"] } } });
    const there = makeUniverse({ a: { "2": {} } });
    const universe: Universe = { ...index, direct: (name) => there.project(name) };
    const solved = await solve(universe, {
      requires: [
        'a @ https://x.example/a-1.zip ; sys_platform == "win32"',
        'a<2; sys_platform != "win32"',
        "b",
      ],
    });
    assert.deepEqual(
      solved.pins.map(({ name, version, direct, marker }) => [
        `${name} ${version}`,
        direct,
        marker && markerToString(marker),
      ]),
      [
        ["a 1", undefined, 'sys_platform != "win32"'],
        ["a 2", "https://x.example/a-1.zip", 'sys_platform == "win32"'],
        ["b 1", undefined, undefined],
      ],
    );
  });

  it("parts local releases by the platforms that they have wheels for", async () => {
    const wheels = ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-macosx_11_0_arm64"];
    const solved = await solve(
      {
        torch: {
          "2.0": { sdist: false, wheelTags: wheels },
          "2.0+cpu": { sdist: false, wheelTags: ["cp312-cp312-manylinux_2_17_x86_64"] },
        },
      },
      { requires: ["torch"], python: ">=3.12" },
    );
    assert.deepEqual(linesOf(solved), [
      'torch==2.0 ; sys_platform == "darwin"',
      'torch==2.0+cpu ; sys_platform != "darwin"',
    ]);
  });

  it("passes over a release without a wheel for a required environment, there alone", async () => {
    const universe = {
      a: {
        "1": { sdist: false, wheelTags: ["py3-none-win_amd64", "py3-none-manylinux_2_17_x86_64"] },
        "2": { sdist: false, wheelTags: ["py3-none-manylinux_2_17_x86_64"] },
      },
    };
    assert.deepEqual(linesOf(await solve(universe, { requires: ["a"] })), ["a==2"]);
    const required = await solve(universe, {
      requires: ["a"],
      scope: { requiredEnvironments: [read('sys_platform == "win32"')] },
    });
    assert.deepEqual(linesOf(required), ['a==1 ; sys_platform == "win32"', 'a==2 ; sys_platform != "win32"']);
  });

  it("keeps to the environments that are named", async () => {
    const universe = { a: { "1": { requires: ['b; sys_platform == "darwin"'] } }, b: { "1": {} } };
    const scope = { environments: ["linux", "win32"].map((one) => read(`sys_platform == "${one}"`)) };
    const solved = await solve(universe, { requires: ["a"], scope });
    assert.deepEqual(linesOf(solved), ["a==1"]);
    assert.equal(solved.parts.length, 2);
  });

  it("keeps the wheels that are of use where a pin is", async () => {
    const tags = ["cp310-cp310-win_amd64", "cp311-abi3-win_amd64", "cp312-cp312-manylinux_2_17_x86_64"];
    const solved = await solve(
      { a: { "1": { wheelTags: tags } } },
      { requires: ['a; sys_platform == "win32"'] },
    );
    assert.deepEqual(
      solved.pins[0]!.files.map(({ filename }) => filename),
      ["a-1-cp311-abi3-win_amd64.whl", "a-1.tar.gz"],
    );
  });

  it("carries markers on extras", async () => {
    const solved = await solve(
      { a: { "1": { extras: { fast: ['c; python_version < "3.13"'] } } }, c: { "1": {} } },
      { requires: ["a", 'a[fast]; sys_platform == "linux"'] },
    );
    assert.deepEqual(linesOf(solved), ["a==1", 'c==1 ; python_version < "3.13" and sys_platform == "linux"']);
    assert.deepEqual(edgesOf(solved.roots), ["a==1", 'a[fast]==1 ; sys_platform == "linux"']);
    assert.deepEqual(edgesOf(solved.pins[0]!.extraDependencies.get("fast")!), [
      'c==1 ; python_version < "3.13"',
    ]);
  });

  it("holds extras of the person's own that exclude each other apart", async () => {
    const scoped = (kind: "extra" | "group", name: string, text: string): Demand => ({
      ...readDemands([text])[0]!,
      scope: { kind, name },
    });
    const requirements = [
      ...readDemands(["b"]),
      scoped("extra", "old", "a<2"),
      scoped("extra", "new", "a>=2"),
      scoped("group", "test", "c"),
    ];
    const universe = makeUniverse({ a: { "1": {}, "2": {} }, b: { "1": {} }, c: { "1": {} } });
    const catalogue = createScopeCatalogue(universe, { requiresPython: readSpecifier(">=3.11") });
    assert.equal((await resolveUniversal(catalogue, { requirements })).kind, "impossible");
    const conflicts = [
      [
        { kind: "extra", name: "old" },
        { kind: "extra", name: "new" },
      ],
    ] as const;
    const solved = await resolveUniversal(catalogue, { requirements, conflicts });
    assert.equal(solved.kind, "solved");
    const { markers } = makeTarget("3.12.0");
    const chosen = (extras: readonly string[], groups: readonly string[] = []): string[] =>
      (solved as Solved).pins
        .filter(
          ({ marker }) =>
            marker === undefined || evaluateMarker(marker, { ...markers, extras, dependency_groups: groups }),
        )
        .map(({ name, version }) => `${name}==${version}`);
    assert.deepEqual(chosen([]), ["b==1"]);
    assert.deepEqual(chosen(["old"]), ["a==1", "b==1"]);
    assert.deepEqual(chosen(["new"], ["test"]), ["a==2", "b==1", "c==1"]);
  });

  it("says in which part there is none, and why", async () => {
    const resolution = await ask(
      { a: { "1": {}, "2": { requires: ["b>=2"] } }, b: { "1": {} } },
      { requires: ['a<2; sys_platform == "win32"', 'a>=2; sys_platform != "win32"'] },
    );
    assert.equal(resolution.kind, "impossible");
    if (resolution.kind !== "impossible") return;
    assert.equal(
      resolution.part?.marker && markerToString(resolution.part.marker),
      'sys_platform != "win32"',
    );
    const { steps, causes } = explainFailure(resolution.failure);
    assert.match(
      steps.map(({ because }) => because.map(({ text }) => text).join("; ")).join("\n"),
      /a 2 depends on b >=2/,
    );
    assert.deepEqual(
      causes.map(({ text }) => text),
      ['a>=2; sys_platform != "win32"'],
    );
  });

  it("ends undecided when its budget is spent", async () => {
    const universe = makeUniverse({ a: { "1": {}, "2": {} }, b: { "1": {} } });
    const catalogue = createScopeCatalogue(universe, { requiresPython: readSpecifier(">=3.11") });
    const question = { requirements: readDemands(["a", "b"]) };
    const resolution = await resolveUniversal(catalogue, question, { maxDecisions: 1 });
    assert.equal(resolution.kind, "undecided");
    await assert.rejects(
      resolveUniversal(catalogue, question, { signal: AbortSignal.abort(new Error("stop")) }),
      /stop/,
    );
  });

  it("takes no release for older Pythons whose wheels are all for newer ones, as uv does", async () => {
    const universe: PlainUniverse = {
      a: {
        "1": { sdist: false, wheelTags: ["py3-none-any"] },
        "2": { sdist: false, wheelTags: ["cp312-cp312-manylinux_2_17_x86_64"], requiresPython: ">=3.11" },
        "3": { sdist: false, wheelTags: ["cp312-cp312-manylinux_2_17_x86_64"], requiresPython: ">=3.12" },
      },
    };
    assert.deepEqual(linesOf(await solve(universe, { requires: ["a"] })), [
      'a==1 ; python_version < "3.12"',
      'a==3 ; python_version >= "3.12"',
    ]);
  });
});

describe("a stack for a list of environments", () => {
  const named = (name: string, python: string, platform: "linux" | "win32" = "linux") => ({
    name,
    target: makeTarget(python, platform),
  });
  const forTargets = async (
    universe: PlainUniverse,
    targets: Parameters<typeof createTargetsCatalogue>[1],
    requires: readonly string[],
  ): Promise<StackResolution> =>
    resolveForTargets(createTargetsCatalogue(makeUniverse(universe), targets), {
      requirements: readDemands(requires),
    });

  it("selects right for each", async () => {
    await fc.assert(
      fc.asyncProperty(universes, lines, async (universe, requires) => {
        const targets = [named("old", "3.11.2"), named("new", "3.12.0"), named("windows", "3.12.0", "win32")];
        const resolution = await forTargets(universe as PlainUniverse, targets, requires);
        if (resolution.kind !== "solved") return;
        for (const { target } of targets) {
          assert.deepEqual(faultsIn(universe as PlainUniverse, requires, resolution.pins, target), []);
        }
      }),
      { numRuns: 150, seed: 6 },
    );
  });

  it("agrees where it can, and tells the environments apart by what people know them by", async () => {
    const universe = {
      a: { "1": {}, "2": { requiresPython: ">=3.12" } },
      b: { "1": {}, "2": {} },
      c: { "1": { requires: ['d; sys_platform == "win32"'] } },
      d: { "1": {} },
      e: { "1": { requiresPython: ">=3.11", wheelTags: ["py3-none-win_amd64"], sdist: false }, "0": {} },
    };
    const targets = [named("old", "3.11.2"), named("new", "3.12.0"), named("windows", "3.12.0", "win32")];
    const resolution = await forTargets(universe, targets, ["a", "b", "c", "e"]);
    assert.deepEqual(linesOf(resolution as Solved), [
      "a==1",
      "b==2",
      "c==1",
      'd==1 ; sys_platform == "win32"',
      "e==0",
    ]);
    const apart = await forTargets(
      { a: { "1": { requiresPython: "<3.12" }, "2": { requiresPython: ">=3.12" } } },
      targets,
      ["a"],
    );
    assert.deepEqual(linesOf(apart as Solved), [
      'a==1 ; python_version < "3.12"',
      'a==2 ; python_version >= "3.12"',
    ]);
  });

  it("takes one stack for environments that no marker tells apart", async () => {
    const glibc = makeTarget("3.12.0");
    const old = { ...glibc, tags: glibc.tags.filter((tag) => !tag.includes("manylinux_2_28")) };
    const universe = {
      a: {
        "1": { sdist: false, wheelTags: ["py3-none-manylinux_2_17_x86_64"] },
        "2": { sdist: false, wheelTags: ["py3-none-manylinux_2_28_x86_64"] },
      },
    };
    const resolution = await forTargets(
      universe,
      [
        { name: "new", target: glibc },
        { name: "old", target: old },
      ],
      ["a"],
    );
    assert.deepEqual(linesOf(resolution as Solved), ["a==1"]);
  });

  it("says for which environment there is none", async () => {
    const resolution = await forTargets(
      { a: { "1": { requiresPython: ">=3.12" } } },
      [named("old", "3.11.2"), named("new", "3.12.0")],
      ["a"],
    );
    assert.equal(resolution.kind === "impossible" && resolution.part?.environment, "old");
  });

  it("asks for each page once", async () => {
    const asked: string[] = [];
    const inner = makeUniverse({ a: { "1": {} } });
    const universe: Universe = {
      ...inner,
      project: (name) => {
        asked.push(name);
        return inner.project(name);
      },
    };
    const targets = [named("old", "3.11.2"), named("new", "3.12.0")];
    await resolveForTargets(createTargetsCatalogue(universe, targets), { requirements: readDemands(["a"]) });
    assert.deepEqual(asked, ["a"]);
  });
});
