// A conflict told from each of its lines: one sentence, its subject first, other lines by their number.
import assert from "node:assert/strict";
import { Catalogue, explainFailure, resolve, TargetReading } from "../resolve/index.ts";
import { makeTarget, makeUniverse, type PlainUniverse, readDemands } from "../resolve/testing.ts";
import { tellFromLine } from "./conflictWords.ts";

async function tell(
  plain: PlainUniverse,
  lines: readonly string[],
  constraints: readonly string[] = [],
): Promise<string[]> {
  const catalogue = new Catalogue(makeUniverse(plain), new TargetReading(makeTarget("3.11.7"), {}));
  const question = {
    requirements: readDemands(lines),
    constraints: readDemands(constraints, "constraints.txt"),
  };
  const resolution = await resolve(catalogue, question);
  assert.ok(resolution.kind === "impossible");
  const explanation = explainFailure(resolution.failure);
  return explanation.causes.map((line) => `${line.place?.line} ${tellFromLine(line, explanation)}`);
}

describe("a conflict told from its lines", () => {
  it("names what a line brings in against what another asks for", async () => {
    assert.deepEqual(
      await tell({ a: { "1.0": { requires: ["b<2"] } }, b: { "1.0": {}, "2.0": {} } }, ["a==1.0", "b>=2"]),
      ["1 a 1.0 needs b <2; line 2 asks for >=2.", "2 b >=2 cannot be met: a 1.0 (line 1) needs b <2."],
    );
  });

  it("names what stands between a line and what it brings in", async () => {
    const plain = {
      a: { "1.0": { requires: ["m"] } },
      m: { "1.0": { requires: ["b<2"] } },
      b: { "1.0": {}, "2.0": {} },
    };
    assert.deepEqual(await tell(plain, ["a", "b>=2"]), [
      "1 a 1.0 needs b <2 through m 1.0; line 2 asks for >=2.",
      "2 b >=2 cannot be met: m 1.0 (through line 1) needs b <2.",
    ]);
  });

  it("names two lines that bring in what excludes each other", async () => {
    const plain = {
      a: { "1.0": { requires: ["b<2"] } },
      c: { "1.0": { requires: ["b>=2"] } },
      b: { "1.0": {}, "2.0": {} },
    };
    assert.deepEqual(await tell(plain, ["a", "c"]), [
      "1 a 1.0 needs b <2; c 1.0 (line 2) needs b >=2.",
      "2 c 1.0 needs b >=2; a 1.0 (line 1) needs b <2.",
    ]);
  });

  it("names a constraint with its file", async () => {
    const told = await tell({ a: { "1.0": {}, "2.0": {} } }, ["a>=2"], ["a<2"]);
    assert.ok(told.includes("1 a >=2 cannot be met: constraints.txt line 1 asks for <2."), told.join("\n"));
  });

  it("says the kind of what stands in the way where it is no clash", async () => {
    assert.deepEqual(await tell({ a: { "1.0": { yanked: true } } }, ["a>=1"]), [
      "1 a >=1 cannot be met: a 1.0 is yanked.",
    ]);
    assert.deepEqual(await tell({ a: { "1.0": { requires: ["gone"] } } }, ["a"]), [
      "1 a 1.0 needs gone, but no index has a project named gone.",
    ]);
    const wheels = { "1.0": { wheelTags: ["cp312-cp312-win_amd64"], sdist: false } };
    assert.deepEqual(await tell({ a: { "1.0": { requires: ["b"] } }, b: wheels }, ["a"]), [
      "1 a 1.0 needs b, but no wheel of b 1.0 fits this Python and platform.",
    ]);
  });

  it("stays within a sentence however many releases ask for how much", async () => {
    const releases = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`1.${at}`, { requires: [`b==${at}.0`] }]),
    );
    for (const sentence of await tell({ a: releases, b: { "99.0": {} } }, ["a", "b"]))
      assert.ok(sentence.length < 300, sentence);
  });
});
