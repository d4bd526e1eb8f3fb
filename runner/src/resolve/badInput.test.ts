// What nobody should write and somebody does: the resolver answers all the same, for one environment and for all.
import assert from "node:assert/strict";
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import { explainFailure } from "./explain.ts";
import { Catalogue } from "./python/catalogue.ts";
import type { Pin, Question, Universe } from "./python/model.ts";
import { resolve } from "./resolve.ts";
import { makeTarget, makeUniverse, type PlainUniverse, readDemands, readSpecifier } from "./testing.ts";
import { createScopeCatalogue, resolveUniversal } from "./universal/resolve.ts";

type Found = { readonly kind: string; readonly pins: readonly string[]; readonly why: string };
type Ask = (universe: Universe, question: Question) => Promise<Found>;

function tell(pins: readonly Pin[]): string[] {
  return pins.map(({ name, version, marker }) =>
    marker ? `${name}==${version} ; ${markerToString(marker)}` : `${name}==${version}`,
  );
}

const WAYS: Readonly<Record<string, Ask>> = {
  "for one environment": async (universe, question) => {
    const resolution = await resolve(new Catalogue(universe, makeTarget("3.12.1")), question);
    const pins = resolution.kind === "solved" ? tell(resolution.pins) : [];
    return { kind: resolution.kind, pins, why: resolution.kind === "impossible" ? whyNot(resolution) : "" };
  },
  "for every environment": async (universe, question) => {
    const catalogue = createScopeCatalogue(universe, { requiresPython: readSpecifier(">=3.12") });
    const resolution = await resolveUniversal(catalogue, question);
    const pins = resolution.kind === "solved" ? tell(resolution.pins) : [];
    return { kind: resolution.kind, pins, why: resolution.kind === "impossible" ? whyNot(resolution) : "" };
  },
};

function whyNot({ failure }: { readonly failure: Parameters<typeof explainFailure>[0] }): string {
  return explainFailure(failure)
    .steps.flatMap(({ because }) => because.map(({ text }) => text))
    .join("; ");
}

for (const [way, run] of Object.entries(WAYS)) {
  const ask = (plain: PlainUniverse, requires: readonly string[], more: Partial<Question> = {}) =>
    run(makeUniverse(plain), { requirements: readDemands(requires), ...more });

  describe(`bad input to the resolver, ${way}`, () => {
    it("names in another case and with other separators are one project", async () => {
      const { pins } = await ask(
        { "zope-interface": { "1": {}, "2": {} }, a: { "1": { requires: ["zope.INTERFACE<2"] } } },
        ["Zope_Interface>=1", "A"],
        { constraints: readDemands(["ZOPE.interface!=3"]) },
      );
      assert.deepEqual(pins, ["a==1", "zope-interface==1"]);
    });

    it("projects that need themselves and each other, with extras that do so too", async () => {
      const { pins } = await ask(
        {
          a: { "1": { requires: ["a", "b[x]"], extras: { all: ["a[all]", "a[more]"], more: ["c"] } } },
          b: { "1": { requires: ["a[all]"], extras: { x: ["b[x]"] } } },
          c: { "1": { requires: ["a"] } },
        },
        ["a"],
      );
      assert.deepEqual(pins, ["a==1", "b==1", "c==1"]);
    });

    it("a project that needs another version of itself cannot be used at that release", async () => {
      const { pins } = await ask({ a: { "1": {}, "2": { requires: ["a<2"] } } }, ["a"]);
      assert.deepEqual(pins, ["a==1"]);
    });

    it("extras that do not exist bring in nothing", async () => {
      const { pins } = await ask({ a: { "1": { extras: { x: ["b"] } } }, b: { "1": {} } }, ["a[y]"]);
      assert.deepEqual(pins, ["a==1"]);
    });

    it("a constraint on something that never appears changes nothing", async () => {
      const { pins } = await ask({ a: { "1": {} } }, ["a"], { constraints: readDemands(["nowhere<0"]) });
      assert.deepEqual(pins, ["a==1"]);
    });

    it("a requirement whose marker contradicts itself asks for nothing", async () => {
      const never = 'sys_platform == "linux" and sys_platform == "win32"';
      const old = 'python_version < "3" and python_version >= "3.12"';
      const { pins } = await ask({ a: { "1": { requires: [`gone; ${never}`, `gone; ${old}`] } } }, [
        "a",
        `gone; ${never}`,
      ]);
      assert.deepEqual(pins, ["a==1"]);
    });

    it("clauses that exclude each other are told as such", async () => {
      const { kind, why } = await ask({ a: { "1": {}, "2": {} } }, ["a>=2,<2"]);
      assert.equal(kind, "impossible");
      assert.match(why, /a >=2,<2/);
    });

    it("a project that does not exist is told by its name", async () => {
      const { kind, why } = await ask({}, ["nothing-here"]);
      assert.equal(kind, "impossible");
      assert.match(why, /nothing-here/);
    });

    it("a release whose metadata contradicts its file is given up, not the project", async () => {
      const plain = makeUniverse({ a: { "1": {}, "2": {}, "3": {} } });
      const says: Readonly<Record<string, { name: string; version: string }>> = {
        "2": { name: "a", version: "7" },
        "3": { name: "b", version: "3" },
      };
      const universe: Universe = {
        ...plain,
        metadata: (name, version, file) => {
          const lie = says[version.raw];
          return lie ? { ...lie, requiresDist: [] } : plain.metadata(name, version, file);
        },
      };
      const { pins } = await run(universe, { requirements: readDemands(["a"]) });
      assert.deepEqual(pins, ["a==1"]);
    });

    it("a release that has no metadata is given up with that reason", async () => {
      const plain = makeUniverse({ a: { "1": {}, "2": {} } });
      const universe: Universe = {
        ...plain,
        metadata: (name, version, file) =>
          version.raw === "2"
            ? { failure: { code: "not-found", message: "there is no metadata of it" } }
            : plain.metadata(name, version, file),
      };
      assert.deepEqual((await run(universe, { requirements: readDemands(["a"]) })).pins, ["a==1"]);
      const { why } = await run(universe, { requirements: readDemands(["a>=2"]) });
      assert.match(why, /no metadata/);
    });

    it("a project with 50,000 releases, of which one fits", async () => {
      const releases = Object.fromEntries(Array.from({ length: 50_000 }, (_, place) => [`1.${place}`, {}]));
      const { pins } = await ask({ many: releases, a: { "1": { requires: ["many==1.17"] } } }, ["many", "a"]);
      assert.deepEqual(pins, ["a==1", "many==1.17"]);
    });

    it("ten thousand projects, each of which needs the next", async () => {
      const chain = Object.fromEntries(
        Array.from({ length: 10_000 }, (_, place) => [
          `p${place}`,
          { "1": { requires: place < 9_999 ? [`p${place + 1}`] : [] } },
        ]),
      );
      const { pins } = await ask(chain, ["p0"]);
      assert.equal(pins.length, 10_000);
    }).timeout(60_000);
  });
}
