// Policies of several levels, and what is accepted under them.
import assert from "node:assert/strict";
import { readConfiguration } from "../config/index.ts";
import { acceptanceOf } from "./accept.ts";
import { bindingOf, type MergedPolicy, mergePolicies, type PolicyLevel } from "./merge.ts";
import { matchesName } from "./pattern.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

/** The policy of levels written as YAML. */
function merged(levels: Partial<Record<PolicyLevel, string>>): MergedPolicy {
  return mergePolicies(
    Object.entries(levels).map(([level, text]) => {
      const { configuration, problems } = readConfiguration(`policy: ${text}`);
      assert.deepEqual(problems, []);
      return { level: level as PolicyLevel, from: level, policy: configuration!.policy! };
    }),
  );
}

describe("a policy of several levels", () => {
  it("asks for three days, and for what is on its index, where nobody says otherwise", () => {
    const { coolDown, require, indexes } = merged({});
    assert.deepEqual([coolDown.days, [...require], indexes], [3, ["artifact-digest"], undefined]);
  });

  it("allows only the indexes that every level allows, whatever their spelling", () => {
    const policy = merged({
      organisation: "{indexes: ['https://A.example.com/simple/', 'https://b.example.com/simple']}",
      workspace: "{indexes: ['https://a.example.com/simple', 'https://evil.example.com/simple']}",
    });
    assert.deepEqual(policy.indexes?.urls, ["https://a.example.com/simple"]);
    assert.match(
      policy.unheard.join(),
      /allows https:\/\/evil\.example\.com\/simple, which organisation does not/,
    );
  });

  it("lets a workspace tighten days, severities, requirements and attestations, and never loosen them", () => {
    const above =
      "{cool-down: {days: 7, security-fixes: false}, severities: {cool-down: warning}, require: [attestation]}";
    const tight = merged({
      user: above,
      workspace:
        "{cool-down: {days: 14}, severities: {cool-down: error}, require: [known-bad], attestations: [{packages: [flask]}]}",
    });
    assert.equal(tight.coolDown.days, 14);
    assert.equal(tight.severities["cool-down"], "error");
    assert.deepEqual([...tight.require].sort(), ["attestation", "known-bad"]);
    assert.deepEqual(tight.unheard, []);
    const loose = merged({
      user: above,
      workspace:
        "{cool-down: {days: 0, except: ['*'], security-fixes: true}, severities: {cool-down: 'off'}, require: []}",
    });
    assert.deepEqual(
      [loose.coolDown.days, loose.coolDown.except, loose.coolDown.securityFixes],
      [7, [], false],
    );
    assert.equal(loose.severities["cool-down"], "warning");
    assert.deepEqual([...loose.require], ["attestation"]);
    assert.equal(loose.unheard.length, 4);
  });

  it("keeps a binding from above against another one below, patterns included", () => {
    const policy = merged({
      organisation: "{bindings: {'acme-*': 'https://a.example.com/simple'}}",
      workspace:
        "{bindings: {acme-tools: 'https://b.example.com/simple', other: 'https://b.example.com/simple'}}",
    });
    assert.deepEqual(
      policy.bindings.map(({ pattern }) => pattern),
      ["acme-*", "other"],
    );
    assert.equal(policy.unheard.length, 1);
  });

  it("looks at names before patterns, and does not hear a binding to an index that is not allowed above it", () => {
    const { bindings, unheard } = merged({
      organisation: "{indexes: ['https://a.example.com/simple', 'https://b.example.com/simple/']}",
      workspace:
        "{bindings: {'acme-*': 'https://a.example.com/simple', acme-x: 'https://b.example.com/simple', evil: 'https://c.example.com/simple'}}",
    });
    assert.equal(bindingOf(bindings, "Acme_X")?.url, "https://b.example.com/simple");
    assert.equal(bindingOf(bindings, "acme-y")?.url, "https://a.example.com/simple");
    assert.equal(bindingOf(bindings, "evil"), undefined);
    assert.deepEqual(unheard, ["workspace binds evil to an index that organisation does not allow."]);
  });

  it("hears no acceptance of a workspace against what was made a point of above it", () => {
    const acceptance =
      "accept: [{advisory: GHSA-1, package: demo, version: '1.0', reason: looked at, until: fixed}]";
    const policy = merged({
      organisation: "{severities: {known-vulnerability: error}}",
      workspace: `{${acceptance}}`,
    });
    assert.deepEqual(policy.acceptances, []);
    assert.equal(merged({ workspace: `{${acceptance}}` }).acceptances.length, 1);
    assert.equal(
      merged({ organisation: `{severities: {known-vulnerability: error}, ${acceptance}}` }).acceptances
        .length,
      1,
    );
  });

  it("hears no acceptance and no name of its own by which a workspace would loosen what it may not change itself", () => {
    const accept = (what: string) =>
      `{accept: [{${what}, package: demo, version: '1.0', reason: no, until: fixed}]}`;
    const held: readonly (readonly [above: string, accepted: string])[] = [
      ["{severities: {known-bad: error}}", "advisory: MAL-2026-1"],
      ["{cool-down: {days: 7}}", "rule: cool-down"],
      ["{abandoned-after: 4}", "rule: abandoned-project"],
    ];
    for (const [organisation, accepted] of held) {
      const workspace = accept(accepted);
      assert.equal(merged({ workspace }).acceptances.length, 1, accepted);
      const policy = merged({ organisation, workspace });
      assert.deepEqual([policy.acceptances.length, policy.unheard.length], [0, 1], accepted);
    }
    const workspace = "{own-names: [reqeusts]}";
    assert.deepEqual(merged({ workspace }).ownNames, ["reqeusts"]);
    const policy = merged({ organisation: "{severities: {name-confusion: warning}}", workspace });
    assert.deepEqual([policy.ownNames.length, policy.unheard.length], [0, 1]);
  });

  it("wants a reason, an end, one advisory or rule, and one version or digest", () => {
    const whole = {
      advisory: "GHSA-1",
      package: "demo",
      version: "1.0",
      reason: "looked at",
      until: "2027-01-31",
    };
    const problems = (value: object): number =>
      readConfiguration(JSON.stringify({ policy: { accept: [value] } })).problems.length;
    assert.equal(problems(whole), 0);
    for (const key of ["advisory", "package", "version", "reason", "until"] as const) {
      const { [key]: _, ...rest } = whole;
      assert.equal(problems(rest), 1, key);
    }
    assert.equal(problems({ ...whole, rule: "known-bad" }), 1);
    assert.equal(problems({ ...whole, digest: "sha256:00" }), 1);
    assert.equal(problems({ ...whole, until: "soon" }), 1);
  });
});

describe("an acceptance", () => {
  const policy = (until: string, bound = "version: '1.0'") =>
    merged({
      workspace: `{accept: [{advisory: CVE-1, package: Demo_Tool, ${bound}, reason: no, until: ${until}}]}`,
    });
  const what = {
    rule: "known-vulnerability",
    advisories: ["GHSA-1", "CVE-1"],
    package: "demo-tool",
    version: "1.0.0",
    digests: ["sha256:ab"],
    isFixed: false,
  };
  const stateOf = (merge: MergedPolicy, change = {}, now = NOW): string | undefined =>
    acceptanceOf(merge.acceptances, { ...what, ...change }, now)?.state;

  it("holds for the advisory by any of its names, at that version in any spelling, up to its day", () => {
    assert.equal(stateOf(policy("2026-11-22")), "accepted");
    assert.equal(stateOf(policy("2026-11-20")), "expired");
  });

  it("holds for no other version, package or advisory", () => {
    for (const change of [
      { version: "1.0.1" },
      { package: "demo" },
      { advisories: ["GHSA-2"] },
      { version: undefined },
    ])
      assert.equal(stateOf(policy("2027-01-01"), change), undefined);
  });

  it("holds for a digest", () => {
    assert.equal(stateOf(policy("2027-01-01", "digest: 'sha256:ab'")), "accepted");
    assert.equal(stateOf(policy("2027-01-01", "digest: 'sha256:cd'")), undefined);
  });

  it("ends when it is fixed, where that was its term", () => {
    assert.equal(stateOf(policy("fixed")), "accepted");
    assert.equal(stateOf(policy("fixed"), { isFixed: true }), "expired");
  });
});

describe("a pattern of names", () => {
  it("matches whole names in any spelling", () => {
    assert.ok(matchesName("acme-*", "Acme_Tools"));
    assert.ok(matchesName("*", "anything"));
    assert.ok(matchesName("*-core-*", "acme-core-x"));
    assert.ok(!matchesName("acme-*", "acme"));
    assert.ok(!matchesName("acme", "acme-tools"));
    assert.ok(!matchesName("a*a", "a"));
  });
});
