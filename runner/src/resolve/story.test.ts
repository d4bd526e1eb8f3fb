// What a line brings in and what holds its package back, against small universes.
import assert from "node:assert/strict";
import { Catalogue } from "./python/catalogue.ts";
import { resolve } from "./resolve.ts";
import { type LineStory, tellLines } from "./story.ts";
import { makeTarget, makeUniverse, type PlainUniverse, readDemands } from "./testing.ts";

async function tell(
  plain: PlainUniverse,
  lines: readonly string[],
  constraints: readonly string[] = [],
): Promise<LineStory[]> {
  const catalogue = new Catalogue(makeUniverse(plain), makeTarget("3.11.7"));
  const question = {
    requirements: readDemands(lines),
    constraints: readDemands(constraints, "constraints.txt"),
  };
  const resolution = await resolve(catalogue, question);
  assert.ok(resolution.kind === "solved");
  return tellLines(catalogue, question, resolution.pins);
}

const held = ({ heldBack }: LineStory): string | undefined =>
  heldBack &&
  `${heldBack.newest} by ${heldBack.by
    .map((one) => (one.kind === "line" ? one.demand.text : `${one.pin.name} ${one.text}`))
    .join(", ")}`;

describe("what a line does in its stack", () => {
  it("is what it needs, directly or not, and what of that no other line needs", async () => {
    const [web, cli] = await tell(
      {
        web: { "1.0": { requires: ["base", "json"] } },
        cli: { "1.0": { requires: ["base"] } },
        base: { "1.0": { requires: ["deep"] } },
        json: { "1.0": {} },
        deep: { "1.0": {} },
      },
      ["web", "cli"],
    );
    assert.deepEqual(web!.brings, ["base", "deep", "json"]);
    assert.deepEqual(web!.only, ["json"]);
    assert.deepEqual(cli!.brings, ["base", "deep"]);
    assert.deepEqual(cli!.only, []);
  });

  it("counts an extra's packages only for the line that names the extra", async () => {
    const [plain, rich] = await tell(
      {
        a: { "1.0": { extras: { x: ["fast"] } } },
        b: { "1.0": { requires: ["a[x]"] } },
        fast: { "1.0": {} },
      },
      ["a", "b"],
    );
    assert.deepEqual(plain!.brings, []);
    assert.deepEqual(rich!.brings, ["a", "fast"]);
  });

  it("is held back by the line itself, by a constraint, or by what a package needs", async () => {
    const plain = {
      a: { "1.0": {}, "2.0": {}, "3.0": {} },
      b: { "1.0": { requires: ["a<2"] } },
    };
    assert.deepEqual((await tell(plain, ["a<3"])).map(held), ["3.0 by a<3"]);
    assert.deepEqual((await tell(plain, ["a"], ["a<2"])).map(held), ["3.0 by a<2"]);
    assert.deepEqual((await tell(plain, ["a", "b"])).map(held), ["3.0 by b a <2", undefined]);
  });

  it("names nobody where what the newest release needs is in the way", async () => {
    const [a] = await tell({ a: { "1.0": {}, "2.0": { requires: ["b>=2"] } }, b: { "1.0": {}, "2.0": {} } }, [
      "a",
      "b<2",
    ]);
    assert.equal(held(a!), "2.0 by ");
  });

  it("says nothing of a line whose marker does not hold, nor of a pre-release that nobody asked for", async () => {
    const [a, b] = await tell({ a: { "1.0": {}, "2.0rc1": {} }, b: { "1.0": {} } }, [
      "a",
      "b; sys_platform == 'win32'",
    ]);
    assert.equal(a!.heldBack, undefined);
    assert.equal(b!.pin, undefined);
  });
});
