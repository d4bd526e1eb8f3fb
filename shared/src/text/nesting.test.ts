// The depth of JSON as a table: brackets in texts are none.
import assert from "node:assert/strict";
import { nestsDeeperThan } from "./nesting.ts";

const depthOf = (json: string): number => {
  let depth = 0;
  while (nestsDeeperThan(json, depth)) depth++;
  return depth;
};

describe("the depth of JSON", () => {
  for (const [json, depth] of [
    ["1", 0],
    ["[]", 1],
    ['{"a": [[], {}], "b": []}', 3],
    ['["[[[", "\\"[[", "\\\\", []]', 2],
    ["[[],[],[]]", 2],
  ] as const) {
    it(`of ${json} is ${depth}`, () => {
      assert.doesNotThrow(() => JSON.parse(json));
      assert.equal(depthOf(json), depth);
    });
  }

  it("is found where it is far deeper than the stack goes", () => {
    assert.ok(nestsDeeperThan("[".repeat(1_000_000) + "]".repeat(1_000_000), 64));
  });
});
