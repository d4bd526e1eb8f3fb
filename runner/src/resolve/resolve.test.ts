// Resolving against exhaustive search on random universes, whatever the order in which metadata arrives, and rule by rule.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import { Catalogue } from "./python/catalogue.ts";
import { readNameSet } from "./python/compatibility.ts";
import type { FilePolicy, Question } from "./python/model.ts";
import { type Resolution, resolve } from "./resolve.ts";
import { makeTarget, makeUniverse, type PlainRelease, type PlainUniverse, readDemands } from "./testing.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const VERSIONS = ["1.0", "1.1", "2.0a1", "2.0", "2.1+local"];
const CLAUSES = ["", ">=1.1", "<2", "==1.0", "!=1.1", "==2.*", "==2.1", ">2.0", ">=3"];

const requirementTexts = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom("", "", "[x]"), fc.constantFrom(...CLAUSES))
  .map(([name, extra, clause]) => `${name}${extra}${clause}`);
const releases: fc.Arbitrary<PlainRelease> = fc.record({
  requires: fc.array(requirementTexts, { maxLength: 2 }),
  extras: fc.array(requirementTexts, { maxLength: 1 }).map((x) => ({ x })),
  yanked: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
  requiresPython: fc.constantFrom(">=3.8", ">=3.8", ">=3.8", ">=3.12"),
});
const universes: fc.Arbitrary<PlainUniverse> = fc
  .array(fc.dictionary(fc.constantFrom(...VERSIONS), releases, { minKeys: 1 }), {
    minLength: 4,
    maxLength: NAMES.length,
  })
  .map((projects) => Object.fromEntries(projects.map((versions, index) => [NAMES[index]!, versions])));
const questions = fc.array(requirementTexts, { minLength: 1, maxLength: 3 });

interface Wish {
  readonly name: string;
  readonly extras: readonly string[];
  readonly admits: (version: Version) => boolean;
}

function readWish(text: string): Wish {
  const read = readRequirement(text);
  assert.ok(read.ok);
  const { name, extras, specifier } = read.value;
  return {
    name: name.text,
    extras: extras.map((extra) => extra.text),
    admits: (version) => specifier.contains(version),
  };
}

/** Whether a set of releases meets all that it and the lines ask for. */
function meetsAll(
  plain: PlainUniverse,
  lines: readonly string[],
  stack: Readonly<Record<string, string>>,
): boolean {
  const done = new Set<string>();
  const meets = (text: string): boolean => {
    const { name, extras, admits } = readWish(text);
    const version = stack[name];
    if (version === undefined || !admits(parseVersion(version)!)) return false;
    const key = `${name}[${extras}]`;
    if (done.has(key)) return true;
    done.add(key);
    const release = plain[name]![version]!;
    const wanted = [...(release.requires ?? []), ...extras.flatMap((extra) => release.extras?.[extra] ?? [])];
    return wanted.every(meets);
  };
  return lines.every(meets);
}

/** Tries every choice of one release of each project. */
function hasSolution(plain: PlainUniverse, lines: readonly string[]): boolean {
  const isPinned = (name: string, version: string): boolean =>
    lines.some(
      (line) =>
        line.includes("==") &&
        !line.includes("*") &&
        readWish(line).name === name &&
        readWish(line).admits(parseVersion(version)!),
    );
  const choices = Object.entries(plain).map(([name, versions]) => ({
    name,
    versions: Object.keys(versions).filter((version) => {
      const release = versions[version]!;
      return release.requiresPython !== ">=3.12" && (!release.yanked || isPinned(name, version));
    }),
  }));
  const search = (index: number, stack: Record<string, string>): boolean => {
    const choice = choices[index];
    if (choice === undefined) return meetsAll(plain, lines, stack);
    return (
      search(index + 1, stack) ||
      choice.versions.some((version) => search(index + 1, { ...stack, [choice.name]: version }))
    );
  };
  return search(0, {});
}

function stackOf(resolution: Resolution): Record<string, string> | undefined {
  if (resolution.kind !== "solved") return undefined;
  return Object.fromEntries(resolution.pins.map(({ name, version }) => [name, version.raw]));
}

const target = makeTarget("3.11.7");

async function solve(
  plain: PlainUniverse,
  lines: readonly string[],
  more: Partial<Question> = {},
  policy: FilePolicy = {},
): Promise<Record<string, string> | undefined> {
  const catalogue = new Catalogue(makeUniverse(plain), target, policy);
  return stackOf(await resolve(catalogue, { requirements: readDemands(lines), ...more }));
}

describe("resolving", () => {
  it("finds a stack if and only if there is one, and it is valid", async () => {
    await fc.assert(
      fc.asyncProperty(universes, questions, async (plain, lines) => {
        const stack = await solve(plain, lines);
        assert.equal(stack !== undefined, hasSolution(plain, lines));
        if (stack) assert.ok(meetsAll(plain, lines, stack));
      }),
      { numRuns: 1000 },
    );
  });

  it("gives the same stack and counts the same, whatever arrives first", async () => {
    await fc.assert(
      fc.asyncProperty(universes, questions, fc.array(fc.nat(6)), async (plain, lines, delays) => {
        let turn = 0;
        const pause = async (): Promise<void> => {
          for (let left = delays[turn++ % Math.max(1, delays.length)] ?? 0; left > 0; left--) await null;
        };
        const question = { requirements: readDemands(lines) };
        const [one, other] = [
          await resolve(new Catalogue(makeUniverse(plain), target), question),
          await resolve(new Catalogue(makeUniverse(plain, pause), target), question),
        ];
        assert.deepEqual(stackOf(other), stackOf(one));
        assert.ok("counters" in one && "counters" in other);
        assert.deepEqual(other.counters, one.counters);
      }),
    );
  });

  it("narrows by constraints and adds nothing for them", async () => {
    const plain = { a: { "1.0": {}, "2.0": {} }, b: { "1.0": {} } };
    assert.deepEqual(await solve(plain, ["a"], { constraints: readDemands(["a<2", "b"]) }), { a: "1.0" });
  });

  it("takes an override in place of every requirement of the project", async () => {
    const plain = { a: { "1.0": { requires: ["b<2"] } }, b: { "1.0": {}, "2.0": {} } };
    assert.deepEqual(await solve(plain, ["a"], { overrides: readDemands(["b>=2"]) }), { a: "1.0", b: "2.0" });
  });

  it("keeps what a lock has as far as it holds", async () => {
    const plain = { a: { "1.0": {}, "2.0": {} }, b: { "1.0": {}, "2.0": {} } };
    const preferences = new Map([
      ["a", parseVersion("1.0")!],
      ["b", parseVersion("1.0")!],
    ]);
    assert.deepEqual(await solve(plain, ["a", "b>1"], { preferences }), { a: "1.0", b: "2.0" });
  });

  it("takes finals before pre-releases, however new, and none where they are refused", async () => {
    const plain = { a: { "1.0": {}, "2.0rc1": {} } };
    // pip takes 2.0rc1 here, since the clause names a pre-release.
    assert.deepEqual(await solve(plain, ["a>=1.0rc1"]), { a: "1.0" });
    assert.deepEqual(await solve(plain, ["a"], { prereleases: "allow" }), { a: "2.0rc1" });
    // pip finds nothing here.
    assert.deepEqual(await solve(plain, ["a>1.0"]), { a: "2.0rc1" });
    assert.equal(await solve(plain, ["a>1.0"], { prereleases: "never" }), undefined);
  });

  describe("takes pre-releases as uv 0.13.9 does", () => {
    const plain = {
      pa: { "1.0": {}, "2.0a1": {} },
      pb: { "1.0a1": {} },
      top: { "1.0": { requires: ["pa>=2.0a1"] } },
      plain: { "1.0": { requires: ["pa"] } },
    };
    /** Lines, `c:` a constraint, `o:` an override → what pa or pb comes to: disallow, allow, if-necessary, explicit. */
    const rows: readonly (readonly [lines: string, ...versions: (string | undefined)[]])[] = [
      ["pa", "1.0", "2.0a1", "1.0", "1.0"],
      ["pa>=1.0a1", "1.0", "2.0a1", "1.0", "1.0"],
      ["pa>=2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["pa==2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["pa!=2.0a2,>1.0", undefined, "2.0a1", "2.0a1", undefined],
      ["pa>1.0", undefined, "2.0a1", "2.0a1", undefined],
      ["pa>1.0,<2.0a5", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["pa>1.0|pa>=0a0", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["pb", undefined, "1.0a1", "1.0a1", undefined],
      ["pb>=0.1", undefined, "1.0a1", "1.0a1", undefined],
      ["pb>=1.0a1", undefined, "1.0a1", "1.0a1", "1.0a1"],
      ["top", undefined, "2.0a1", "2.0a1", undefined],
      ["top|pa>=0a0", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ['top|pa>=2.0a1; sys_platform == "win32"', undefined, "2.0a1", "2.0a1", undefined],
      ["pa|c:pa>=2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["top|c:pa>=2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["plain|c:pa==2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["top|o:pa==2.0a1", undefined, "2.0a1", "2.0a1", "2.0a1"],
      ["pa>=2.0a1|o:pa>1.0", undefined, "2.0a1", "2.0a1", undefined],
    ];
    const modes = ["never", "allow", "last", "explicit"] as const;
    for (const [lines, ...versions] of rows) {
      it(lines, async () => {
        const read = (prefix: string): readonly string[] =>
          lines.split("|").flatMap((line) => {
            const [, kind = "", text = ""] = /^([co]:)?(.*)$/.exec(line) ?? [];
            return kind === prefix ? [text] : [];
          });
        const found: (string | undefined)[] = [];
        for (const prereleases of modes) {
          const more = {
            constraints: readDemands(read("c:")),
            overrides: readDemands(read("o:")),
            prereleases,
          };
          const stack = await solve(plain, read(""), more);
          found.push(stack?.pa ?? stack?.pb);
        }
        assert.deepEqual(found, versions);
      });
    }
  });

  it("leaves out files from the cut-off on, and those of unknown age", async () => {
    const plain = { a: { "1.0": { uploadTime: 10 }, "2.0": { uploadTime: 20 }, "3.0": {} } };
    assert.deepEqual(await solve(plain, ["a"], {}, { excludeNewer: 20 }), { a: "1.0" });
    const excludeNewerPackages = new Map([["a", 21]]);
    assert.deepEqual(await solve(plain, ["a"], {}, { excludeNewer: 5, excludeNewerPackages }), { a: "2.0" });
  });

  it("takes only files with one of the hashes that stand at a line", async () => {
    const plain = { a: { "1.0": {}, "2.0": {} } };
    const [demand] = readDemands(["a"]);
    const requirements = [{ ...demand!, hashes: [`sha256:${"a100".padEnd(64, "0")}`] }];
    assert.deepEqual(await solve(plain, [], { requirements }), { a: "1.0" });
  });

  it("honours which projects may come as wheels and which as source alone", async () => {
    const plain = { a: { "1.0": {}, "2.0": { wheel: false } }, b: { "1.0": {}, "2.0": { sdist: false } } };
    const policy = { onlyBinary: readNameSet(["a"]), noBinary: readNameSet(["b"]) };
    assert.deepEqual(await solve(plain, ["a", "b"], {}, policy), { a: "1.0", b: "1.0" });
  });

  it("leaves out what is for older Pythons alone, as pip does, or takes it, as uv does", async () => {
    const universe = makeUniverse({
      a: {
        "1": { requiresPython: ">=3.6" },
        "2": { requiresPython: ">=3.6,<3.9" },
        "3": { requiresPython: ">=3.13" },
      },
    });
    const newest = async (policy: FilePolicy): Promise<string | undefined> => {
      const catalogue = new Catalogue(universe, makeTarget("3.11.7"), policy);
      const resolution = await resolve(catalogue, { requirements: readDemands(["a"]) });
      return resolution.kind === "solved" ? `${resolution.pins[0]?.version}` : undefined;
    };
    assert.equal(await newest({}), "1");
    assert.equal(await newest({ ignoresPythonCaps: true }), "2");
  });

  it("takes no note of a line whose marker does not hold here", async () => {
    const plain = {
      a: { "1.0": { requires: ["b"] } },
      b: { "1.0": {}, "1.5": { yanked: true }, "2.0": {} },
    };
    const elsewhere = ["a", "b ; sys_platform == 'nowhere'"];
    assert.deepEqual(await solve(plain, elsewhere, { resolution: "lowest-direct" }), { a: "1.0", b: "2.0" });
    const yanked = ["a", "b==1.5 ; sys_platform == 'nowhere'"];
    const constraints = readDemands(["b>1.0,<2"]);
    assert.equal(await solve(plain, yanked, { constraints }), undefined);
  });

  it("reads === as text and == without its local label", async () => {
    const plain = { a: { "1.0": {}, "1.0+cu1": {} } };
    assert.deepEqual(await solve(plain, ["a==1.0"]), { a: "1.0+cu1" });
    assert.deepEqual(await solve(plain, ["a===1.0"]), { a: "1.0" });
    assert.equal(await solve(plain, ["a>1.0"]), undefined);
  });

  it("stands cycles, self-dependencies and extras that do not exist", async () => {
    const plain = {
      a: { "1.0": { requires: ["b", "a"] } },
      b: { "1.0": { requires: ["a[nothing]"] } },
    };
    assert.deepEqual(await solve(plain, ["a[none]"]), { a: "1.0", b: "1.0" });
  });

  it("repairs old metadata, and gives up the one release whose metadata is beyond repair", async () => {
    const plain = {
      a: { "1.0": { requires: ["b (>=1.0.*)"] }, "2.0": { requires: ["b <>> 1"] } },
      b: { "1.0": {} },
    };
    assert.deepEqual(await solve(plain, ["a"]), { a: "1.0", b: "1.0" });
  });

  it("ends undecided, never impossible, when the budget is spent", async () => {
    const catalogue = new Catalogue(
      makeUniverse({ a: { "1.0": { requires: ["b"] } }, b: { "1.0": {} } }),
      target,
    );
    const resolution = await resolve(catalogue, { requirements: readDemands(["a"]) }, { maxDecisions: 2 });
    assert.equal(resolution.kind, "undecided");
    assert.deepEqual(resolution.kind === "undecided" && resolution.soFar.map(({ name }) => name), ["a"]);
  });

  it("stops at a project whose index refuses, however many other ways there are", async () => {
    const failure = {
      code: "unauthorized",
      index: "https://x.example/",
      message: "401.",
      next: "Sign in.",
    } as const;
    const universe = makeUniverse({ a: { "1.0": {}, "2.0": { requires: ["b"] } } });
    const refusing = {
      ...universe,
      project: (name: string) => (name === "b" ? { releases: [], failure } : universe.project(name)),
    };
    const resolution = await resolve(new Catalogue(refusing, target), { requirements: readDemands(["a"]) });
    assert.deepEqual(resolution, { kind: "stopped", project: "b", failure });
  });
});
