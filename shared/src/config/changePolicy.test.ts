// Changes of the policy in a `.thoth.yaml`: what is there stays as it was written.
import assert from "node:assert/strict";
import { changePolicy, type PolicyChange } from "./changePolicy.ts";
import type { Acceptance } from "./policy.ts";
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
    const { acceptance } = accept as { acceptance: Acceptance };
    const twice = changed(after, { kind: "accept", acceptance: { ...acceptance, advisory: "GHSA-2" } });
    assert.equal(readConfiguration(twice).configuration?.policy?.accept?.length, 2);
  });

  it("leaves indentation, aligned comments, blank lines and the ends of lines as they stand", () => {
    const before = `environments:
    gpu:   # four
        python: "3.11"           # in quotes


policy:
    cool-down: {days: 7}
    accept:
        # first
        - advisory: A-1
          package: demo
          version: "1.0"
          reason: no
          until: fixed   # see the ticket

        - {rule: yanked-release, package: x, version: "2", reason: no, until: 2027-01-01}   # flow
    # end of policy

index-strategy: first-index
`;
    const added = `        - advisory: GHSA-1
          package: demo
          version: "1.0"
          reason: "not: reached"
          until: 2027-01-31
`;
    const at = before.indexOf("    # end of policy");
    assert.equal(changed(before, accept), before.slice(0, at) + added + before.slice(at));
    const bound = "    bindings:\n      acme-tools: https://packages.example.com/simple\n";
    assert.equal(changed(before, bind), before.slice(0, at) + bound + before.slice(at));
    const windows = before.replaceAll("\n", "\r\n");
    assert.equal(
      changed(windows, accept),
      (before.slice(0, at) + added + before.slice(at)).replaceAll("\n", "\r\n"),
    );
    assert.equal(changed("index-strategy: first-index", bind).split("\n")[1], "policy:");
  });

  it("replaces an acceptance of the same finding, and a binding of the same package, where they stand", () => {
    const twice = changed("", accept);
    const later: PolicyChange = {
      kind: "accept",
      acceptance: {
        ...(accept as { acceptance: Acceptance }).acceptance,
        package: "Demo",
        until: "2028-01-31",
      },
    };
    assert.equal(
      changed(`${twice}# behind\n`, later),
      `${twice.replace("2027-01-31", "2028-01-31").replace("demo", "Demo")}# behind\n`,
    );
    const flow =
      'policy:\n  accept:\n    - {advisory: ghsa-1, package: demo, version: "1.0", reason: a, until: fixed} # why\n';
    assert.equal(
      changed(flow, accept),
      'policy:\n  accept:\n    - {advisory: GHSA-1, package: demo, version: "1.0", reason: "not: reached", until: 2027-01-31} # why\n',
    );
    assert.equal(
      changed("policy:\n  bindings: {acme-tools: a}\n", bind),
      "policy:\n  bindings: {acme-tools: https://packages.example.com/simple}\n",
    );
    assert.match(
      changed("policy: {cool-down: {days: 7}}\n", bind),
      /^policy: \{cool-down: \{days: 7\}, bindings:/,
    );
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
