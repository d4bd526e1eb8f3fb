// Changes of the policy in a `.thoth.yaml`: what is there stays as it was written.
import assert from "node:assert/strict";
import { changePolicy, type PolicyChange } from "./changePolicy.ts";
import { readConfiguration } from "./read.ts";

const accept: PolicyChange = {
  kind: "accept",
  acceptance: {
    advisory: "GHSA-1",
    package: "demo",
    version: "1.0",
    reason: "not: reached",
    until: "2027-01-31",
  },
};
const bind: PolicyChange = {
  kind: "bind",
  package: "acme-tools",
  index: "https://packages.example.com/simple",
};

function changed(text: string, change: PolicyChange): string {
  const answer = changePolicy(text, change);
  assert.ok("text" in answer, JSON.stringify(answer));
  return answer.text;
}

describe("a change of the policy", () => {
  it("makes the file where there is none", () => {
    const { configuration } = readConfiguration(changed("", accept));
    assert.deepEqual(configuration?.policy?.accept, [accept.kind === "accept" && accept.acceptance]);
    assert.deepEqual(readConfiguration(changed("", bind)).configuration?.policy?.bindings, {
      "acme-tools": "https://packages.example.com/simple",
    });
  });

  it("leaves comments, order and other keys as they stand", () => {
    const before =
      "# ours\nindex-strategy: first-index # as uv\n\npolicy:\n  cool-down: {days: 7} # a week\n";
    const after = changed(before, accept);
    assert.ok(after.startsWith(before), after);
    const twice = changed(after, accept);
    assert.equal(readConfiguration(twice).configuration?.policy?.accept?.length, 2);
  });

  it("writes no version and no day as a number or a date", () => {
    assert.match(changed("", accept), /version: "1\.0"/);
    assert.deepEqual(readConfiguration(changed("", accept)).problems, []);
  });

  it("changes nothing in a file that it does not understand", () => {
    for (const text of ["a: [1\n", "- a list\n", "policy: no table\n"])
      assert.ok("problem" in changePolicy(text, accept), text);
  });
});
