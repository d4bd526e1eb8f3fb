// A binding of a policy decides where a package is asked for: on that index alone, whichever command asks, and nowhere else.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("a binding of a policy", () => {
  const tools = buildWheel({ name: "acme-tools", version: "1.0", requires: ["acme-base"] });
  const base = buildWheel({ name: "acme-base", version: "1.0" });
  const impostor = buildWheel({ name: "acme-tools", version: "9.0" });
  const demo = buildWheel({ name: "demo", version: "1.0", requires: ["acme-tools"] });
  let inner: RunningIndex;
  let outer: RunningIndex;
  let place: Place;

  before(async () => {
    inner = await startIndex({ "acme-tools": [tools], "acme-base": [base] });
    outer = await startIndex({
      "acme-tools": [impostor],
      "acme-base": [buildWheel({ name: "acme-base", version: "9.0" })],
      demo: [demo],
    });
  });
  beforeEach(() => {
    place = makePlace();
    outer.requests.length = 0;
    inner.requests.length = 0;
  });
  afterEach(() => place.remove());
  after(() => Promise.all([inner.close(), outer.close()]));

  /** In the user's own policy, so that no file of the workspace has a say. */
  const bind = (text: string) =>
    place.write("../home/.config/thoth/policy.yaml", `policy: {bindings: ${text}}\n`);
  const run = (...args: string[]) => place.run([...args, "-q", "--index-url", outer.url]);
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await run(...args, "--format", "json");
    return JSON.parse(stdout || `{"stderr": ${JSON.stringify(stderr)}}`);
  };
  const told = (index: RunningIndex): string[] =>
    [...new Set(index.requests.map(({ path }) => path.split("/")[2] ?? ""))].sort();

  it("holds for what is named and for what is brought in, in every command, and is told to no other index", async () => {
    bind(`{"acme-*": "${inner.url}"}`);
    place.write("requirements.in", "demo\n");
    const locked = await json("lock", "requirements.in");
    assert.deepEqual(
      locked.result.packages.map(
        ({ name, version }: { name: string; version: string }) => `${name} ${version}`,
      ),
      ["acme-base 1.0", "acme-tools 1.0", "demo 1.0"],
    );
    place.write("requirements.in", "demo\nacme-tools>=2\n");
    assert.match((await run("explain", "requirements.in")).stdout, /acme-tools >=1\.0/);
    place.write(
      "requirements.txt",
      `demo==1.0 --hash=sha256:${demo.sha256}\nacme-tools==2.0 --hash=sha256:${tools.sha256}\n`,
    );
    for (const command of ["check", "fix", "provenance"]) {
      const { stdout, stderr } = await run(command, "requirements.txt");
      assert.doesNotMatch(stdout + stderr, /9\.0/, command);
    }
    assert.match((await run("check", "requirements.txt")).stdout, /acme-tools .*2\.0/);
    assert.ok(told(inner).includes("acme-tools"));
    assert.deepEqual(
      told(outer).filter((name) => name.startsWith("acme")),
      [],
    );
  });

  it("leaves the finding that the manifest itself admits another index, though that is not asked", async () => {
    bind(`{acme-tools: "${inner.url}"}`);
    place.write("requirements.txt", "acme-tools==1.0\n");
    const { result } = await json("provenance", "requirements.txt");
    const [one] = result.packages;
    const states = new Map(
      one.checks.map((check: { rule: string; state: string }) => [check.rule, check.state]),
    );
    assert.deepEqual(one.indexes, [inner.url]);
    assert.equal(states.get("index-policy"), "failed");
    place.write("requirements.txt", `acme-tools==1.0 --hash=sha256:${tools.sha256}\n`);
    const held = (await json("provenance", "requirements.txt")).result.packages[0].checks;
    for (const rule of ["index-policy", "artifact-digest"])
      assert.equal(held.find((check: { rule: string }) => check.rule === rule).state, "passed", rule);
    assert.deepEqual(told(outer), []);
  });

  it("outranks the source that a Pipfile names, and its lock names the source that has the files", async () => {
    bind(`{"acme-*": "${inner.url}"}`);
    const source = (name: string, url: string) =>
      `[[source]]\nname = "${name}"\nurl = "${url}"\nverify_ssl = false\n`;
    place.write(
      "Pipfile",
      `${source("outer", outer.url)}${source("inner", inner.url)}[packages]\ndemo = "*"\nacme-tools = {version = "*", index = "outer"}\n`,
    );
    const { stdout, stderr } = await place.run(["lock", "Pipfile", "-q"]);
    assert.notEqual(stdout, "", stderr);
    const { default: packages } = JSON.parse(stdout);
    assert.deepEqual(
      Object.entries<{ version: string; index?: string }>(packages).map(([name, { version, index }]) => [
        name,
        version,
        index,
      ]),
      [
        ["acme-base", "==1.0", "inner"],
        ["acme-tools", "==1.0", "inner"],
        ["demo", "==1.0", "outer"],
      ],
    );
  });

  it("of a name goes before one of a pattern, and before index-bindings", async () => {
    bind(`{"acme-*": "${inner.url}", acme-tools: "${outer.url}"}`);
    place.write(
      ".thoth.yaml",
      `indexes:\n  - {name: inner, url: "${inner.url}", explicit: true}\nindex-bindings: {acme-tools: inner, demo: inner}\n`,
    );
    place.write("requirements.in", "acme-tools\nacme-base\n");
    const { result } = await json("lock", "requirements.in");
    assert.deepEqual(
      result.packages.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`),
      ["acme-base 1.0", "acme-tools 9.0"],
    );
    place.write("requirements.in", "demo\n");
    assert.equal(
      (await run("lock", "requirements.in")).status,
      1,
      "demo is bound by name to the inner index",
    );
  });
});
