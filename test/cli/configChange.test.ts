// `thoth config accept` and `bind`: what they write, what they refuse, and that the other commands hear it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, type Place } from "./thoth.ts";

const INDEX = "https://packages.example.com/simple";

describe("thoth config accept and bind", () => {
  let place: Place;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());

  const config = (...args: string[]) => place.run(["config", ...args]);
  const file = () => readFileSync(join(place.folder, ".thoth.yaml"), "utf8");
  const accept = (finding: string, ...more: string[]) =>
    config("accept", finding, "--package", "demo", "--reason", "not: reached", ...more);
  const advise = async (fixed?: string): Promise<void> => {
    const events = [{ introduced: "0" }, ...(fixed === undefined ? [] : [{ fixed }])];
    const record = {
      id: "ACME-one",
      aliases: ["CVE-2026-1"],
      modified: "2026-11-20T00:00:00Z",
      affected: [{ package: { ecosystem: "PyPI", name: "demo" }, ranges: [{ type: "ECOSYSTEM", events }] }],
    };
    place.write("advisories/ACME-one.json", JSON.stringify(record));
    assert.equal((await place.run(["knowledge", "update", "advisories", "--from", "advisories"])).status, 0);
  };

  it("accept an advisory of the version that is pinned here, and check passes over it", async () => {
    await advise();
    place.write("requirements.txt", "demo==1.0\n");
    const check = () => place.run(["check", "-q", "--offline"]);
    assert.match((await check()).stdout, /demo 1\.0 has 1 advisory/);
    place.write(".thoth.yaml", "# ours\nindex-strategy: first-index   # as uv\n");
    const { status, stdout, stderr } = await accept("ACME-one", "--until", "2099-01-31");
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^ACME-one of demo 1\.0 is accepted until 2099-01-31\. Written to \S*\.thoth\.yaml\.\nNext: /,
    );
    assert.equal(
      file(),
      '# ours\nindex-strategy: first-index   # as uv\npolicy:\n  accept:\n    - advisory: ACME-one\n      package: demo\n      version: "1.0"\n      reason: "not: reached"\n      until: 2099-01-31\n',
    );
    const after = await check();
    assert.doesNotMatch(after.stdout, /advisory/);
    assert.match(after.stdout, /, 1 accepted\./);
  });

  it("accept a rule of a digest, with evidence, for ninety days where no day is given", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const { status, stderr } = await accept(
      "archive-truth",
      "--digest",
      digest,
      "--evidence",
      "https://example.com/1",
    );
    assert.equal(status, 0, stderr);
    assert.match(file(), new RegExp(`digest: ${digest}\n`));
    assert.match(file(), /evidence: https:\/\/example\.com\/1\n/);
    const [, until = ""] = /until: (\S+)/.exec(file()) ?? [];
    const days = (Date.parse(until) - Date.now()) / 86_400_000;
    assert.ok(days > 88 && days <= 90, until);
    const told = JSON.parse((await accept("CVE-2026-9", "--version", "1.0", "--format", "json")).stdout);
    assert.equal(told.result.action, "change");
    assert.match(told.result.says, /^CVE-2026-9 of demo 1\.0 is accepted until/);
  });

  it("bind a package or a pattern, in the user's own policy too", async () => {
    assert.equal((await config("bind", "acme-*", INDEX)).status, 0);
    assert.equal(file(), `policy:\n  bindings:\n    acme-*: ${INDEX}\n`);
    const { status, stdout, stderr } = await config("bind", "demo", INDEX, "--user");
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^demo comes from https:\/\/packages\.example\.com\/simple alone\. Written to .*policy\.yaml\./,
    );
    const own = join(place.folder, "..", "home", ".config", "thoth", "policy.yaml");
    assert.equal(readFileSync(own, "utf8"), `policy:\n  bindings:\n    demo: ${INDEX}\n`);
  });

  it("refuse what they cannot mean, with what to write, and write nothing", async () => {
    await advise("1.1");
    place.write("requirements.txt", "demo==1.0\n");
    const pinned = ["--version", "1.0"];
    const refusals: readonly (readonly [RegExp, readonly string[]])[] = [
      [/config has no action agree/, ["agree"]],
      [/config check takes no more/, ["check", "more"]],
      [/config accept needs an advisory or a rule/, ["accept"]],
      [/needs the package that CVE-2026-1 is accepted of/, ["accept", "CVE-2026-1", "--reason", "x"]],
      [/needs a reason/, ["accept", "CVE-2026-1", "--package", "demo"]],
      [
        /An acceptance has a reason|an acceptance has a reason/i,
        ["accept", "CVE-2026-1", "--package", "demo", "--reason", " "],
      ],
      [/--reason is an option of config accept/, ["bind", "demo", INDEX, "--reason", "x"]],
      [/config bind needs a package and an index/, ["bind", "demo"]],
      [/inner is no address of an index/, ["bind", "demo", "inner"]],
      [/has a login in it/, ["bind", "demo", "https://ada:secret@packages.example.com/simple"]],
      [/demo>=1 is not the name of a package/, ["bind", "demo>=1", INDEX]],
      [/manifest here pins other/i, ["accept", "CVE-2026-1", "--package", "other", "--reason", "x"]],
    ];
    for (const [message, args] of refusals) {
      const { status, stderr } = await config(...args);
      assert.equal(status, 2, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, message);
      assert.match(stderr, /^thoth: .*\n {7}\S/, "a next step");
      assert.doesNotMatch(stderr, /secret/);
    }
    const unfit: readonly (readonly [RegExp, string, readonly string[]])[] = [
      [/knwon-vulnerability is neither an advisory nor a rule/, "knwon-vulnerability", pinned],
      [/unpinned-requirement is no rule that a policy accepts/, "unpinned-requirement", pinned],
      [/2020-01-31 is over/, "CVE-2026-1", [...pinned, "--until", "2020-01-31"]],
      [/2027-02-30 is no day/, "CVE-2026-1", [...pinned, "--until", "2027-02-30"]],
      [/CVE-2026-1 is fixed in 1\.1: until fixed/, "CVE-2026-1", [...pinned, "--until", "fixed"]],
      [/fixes cool-down: until which day/, "cool-down", [...pinned, "--until", "fixed"]],
      [/sha1:ab is no digest/, "CVE-2026-1", ["--digest", "sha1:ab"]],
      [/of a version or of a digest/, "CVE-2026-1", [...pinned, "--digest", "sha256:ab"]],
      [/one is no version/, "CVE-2026-1", ["--version", "one"]],
    ];
    for (const [message, finding, args] of unfit) {
      const { status, stderr } = await accept(finding, ...args);
      assert.equal(status, 2, `${finding}: ${stderr}`);
      assert.match(stderr, message);
    }
    assert.equal(existsSync(join(place.folder, ".thoth.yaml")), false);
  });

  it("refuse what a policy above would not hear, and a file that they do not understand", async () => {
    place.write(
      "organisation.yaml",
      `policy: {severities: {known-bad: error}, bindings: {'acme-*': '${INDEX}'}}\n`,
    );
    const env = { THOTH_ORGANISATION_POLICY: join(place.folder, "organisation.yaml") };
    const run = (...args: string[]) => place.run(["config", ...args], { env });
    const bound = await run("bind", "acme-tools", "https://elsewhere.example.com/simple");
    assert.equal(bound.status, 2);
    assert.match(
      bound.stderr,
      /binds acme-tools elsewhere than \S*organisation\.yaml does\. It would not be heard\./,
    );
    const args = ["accept", "known-bad", "--package", "demo", "--version", "1.0", "--reason", "no"];
    const accepted = await run(...args);
    assert.equal(accepted.status, 2);
    assert.match(accepted.stderr, /accepts known-bad of demo, which was forbidden above it/);
    assert.equal(existsSync(join(place.folder, ".thoth.yaml")), false);
    place.write(".thoth.yaml", "policy: [broken\n");
    const broken = await config("bind", "demo", INDEX);
    assert.equal(broken.status, 2);
    assert.equal(file(), "policy: [broken\n");
  });

  it("say in words why a file cannot be written", async () => {
    place.write("../home/.config", "a file");
    const { status, stderr } = await config("bind", "demo", INDEX, "--user");
    assert.equal(status, 2);
    assert.match(stderr, /cannot write \S*policy\.yaml: its folder is a file\./);
  });

  it("write where the repository begins, and to what is there already", async () => {
    place.write(".git/HEAD", "ref: refs/heads/main\n");
    place.write("sub/requirements.txt", "demo==1.0\n");
    const cwd = join(place.folder, "sub");
    assert.equal((await place.run(["config", "bind", "demo", INDEX], { cwd })).status, 0);
    assert.equal((await place.run(["config", "bind", "demo", `${INDEX}/b`], { cwd })).status, 0);
    assert.equal(file(), `policy:\n  bindings:\n    demo: ${INDEX}/b\n`);
  });
});
