// `thoth provenance` as a process: exit status, JSON, SARIF and CycloneDX against their schemas, acceptances, and no secret anywhere.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../../shared/src/protocol/provenance.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { assertCyclonedx, assertSarif } from "./schemas.ts";
import { finished, makePlace, type Place } from "./thoth.ts";

describe("thoth provenance", () => {
  const demo = buildWheel({ name: "demo", version: "1.0" });
  let index: RunningIndex;
  let place: Place;

  before(async () => {
    index = await startIndex({
      demo: [{ artifact: demo, uploadTime: "2024-01-01T00:00:00Z", provenance: null }],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const pinned = `demo==1.0 --hash=sha256:${demo.sha256}`;
  const poisoned = `demo==1.0 --hash=sha256:${"0".repeat(64)}`;
  const run = (...args: string[]) => place.run(["provenance", "-q", "--index-url", index.url, ...args]);
  /** An advisory against demo, read into the place's own knowledge. */
  const advise = async (): Promise<void> => {
    const record = {
      id: "GHSA-aaaa-bbbb-cccc",
      aliases: ["CVE-2026-1"],
      modified: "2026-11-20T00:00:00Z",
      summary: "A fault in demo",
      affected: [
        {
          package: { ecosystem: "PyPI", name: "demo" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.1" }] }],
        },
      ],
      severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N" }],
    };
    place.write("advisories/GHSA-aaaa-bbbb-cccc.json", JSON.stringify(record));
    const { status, stderr } = await place.run(["knowledge", "update", "advisories", "--from", "advisories"]);
    assert.equal(status, 0, stderr);
  };

  it("ends with 0, 1, and 3 only where what the policy requires could not be checked", async () => {
    place.write("requirements.txt", `${pinned}\n`);
    assert.equal((await run()).status, 0);
    place.write("requirements.txt", `${poisoned}\n`);
    assert.equal((await run()).status, 1);
    const offline = await run("--offline", "--knowledge", "empty.db");
    assert.equal(offline.status, 3);
    assert.match(offline.stdout, /Not checked: demo \(artifact-digest.*offline/s);
    place.write(".thoth.yaml", "policy: {require: [name-confusion]}\n");
    assert.equal((await run("--offline", "--knowledge", "empty.db")).status, 0);
    place.write("requirements.txt", `${poisoned}\nreqeusts\n`);
    place.write(".thoth.yaml", "policy: {severities: {name-confusion: error}}\n");
    assert.equal((await run("--offline", "--knowledge", "empty.db")).status, 1, "1 outranks 3");
  });

  it("answers JSON of its schema, each check with its state and evidence", async () => {
    place.write("requirements.txt", `${poisoned}\n`);
    const { stdout } = await run("--format", "json");
    const envelope = JSON.parse(stdout) as { operation: string; schema: number; result: unknown };
    assert.deepEqual([envelope.operation, envelope.schema], ["provenance", 1]);
    const { packages } = output.parse(envelope.result);
    const check = packages[0]?.checks.find(({ rule }) => rule === "artifact-digest");
    assert.equal(check?.state, "failed");
    assert.ok((check?.evidence.length ?? 0) > 0);
    const rules = new Set(packages[0]?.checks.map(({ rule }) => rule));
    assert.equal(rules.size, 14);
  });

  it("writes SARIF with a fingerprint of its own, and does not claim success over what was not checked", async () => {
    place.write("requirements.txt", `${poisoned}\n`);
    const { stdout } = await run("--format", "sarif");
    const log = JSON.parse(stdout);
    assertSarif(log);
    const [result] = log.runs[0].results;
    assert.equal(result.ruleId, "artifact-digest");
    assert.deepEqual(Object.keys(result.partialFingerprints), ["thothProvenance/v1"]);
    const [invocation] = log.runs[0].invocations;
    assert.equal(invocation.executionSuccessful, false);
    assert.ok(invocation.toolExecutionNotifications.length > 0);
    const moved = `\n\n${poisoned}\n`;
    place.write("requirements.txt", moved);
    const again = JSON.parse((await run("--format", "sarif")).stdout);
    assert.deepEqual(again.runs[0].results[0].partialFingerprints, result.partialFingerprints);
  });

  it("writes CycloneDX 1.6 whose vulnerabilities are in triage, or exploitable where they were accepted", async () => {
    await advise();
    place.write("requirements.txt", `${pinned}\n`);
    const document = async () => {
      const { stdout } = await run("--format", "cyclonedx");
      const bom = JSON.parse(stdout);
      assertCyclonedx(bom);
      assert.deepEqual([bom.bomFormat, bom.specVersion], ["CycloneDX", "1.6"]);
      return bom;
    };
    const first = await document();
    assert.deepEqual(
      first.vulnerabilities.map(({ id, analysis }: { id: string; analysis: object }) => [id, analysis]),
      [["GHSA-aaaa-bbbb-cccc", { state: "in_triage" }]],
    );
    assert.equal(first.vulnerabilities[0].affects[0].ref, first.components[0]["bom-ref"]);
    place.write(
      ".thoth.yaml",
      "policy:\n  accept:\n    - {advisory: CVE-2026-1, package: demo, version: '1.0', reason: not reached, until: 2099-01-31}\n",
    );
    const accepted = await document();
    const [{ analysis }] = accepted.vulnerabilities;
    assert.deepEqual([analysis.state, analysis.response], ["exploitable", ["will_not_fix"]]);
    assert.doesNotMatch(JSON.stringify(accepted), /not_affected/);
    assert.equal(accepted.serialNumber, first.serialNumber);
    place.write("requirements.txt", `${pinned}\ngone==1\n`);
    const incomplete = await run("--offline", "--knowledge", "empty.db", "--format", "cyclonedx");
    const bom = JSON.parse(incomplete.stdout);
    assertCyclonedx(bom);
    const names = bom.metadata.properties.map(({ name }: { name: string }) => name);
    assert.ok(names.includes("thoth:not-checked"));
  });

  it("tells in JSON and in CycloneDX what each package needs of the others", async () => {
    const above = buildWheel({ name: "above", version: "2.0", requires: ["demo>=1"] });
    const both = await startIndex({ demo: [demo], above: [above] });
    try {
      place.write("requirements.txt", `${pinned}\nabove==2.0 --hash=sha256:${above.sha256}\n`);
      const answer = async (format: string) =>
        JSON.parse(
          (await place.run(["provenance", "-q", "--index-url", both.url, "--format", format])).stdout,
        );
      const { packages } = output.parse((await answer("json")).result);
      assert.deepEqual(
        packages.map(({ name, dependsOn }) => [name, dependsOn]),
        [
          ["demo", []],
          ["above", ["demo"]],
        ],
      );
      const bom = await answer("cyclonedx");
      assertCyclonedx(bom);
      const needs = bom.dependencies.find(({ ref }: { ref: string }) => ref.includes("/above@"));
      assert.deepEqual(
        needs.dependsOn.map((ref: string) => ref.replace(/\?.*/, "")),
        ["pkg:pypi/demo@1.0"],
      );
    } finally {
      await both.close();
    }
  });

  it("asks the index that a pylock names for a package, and tells the name to no other one", async () => {
    const other = await startIndex({ demo: [buildWheel({ name: "demo", version: "9.0" })] });
    try {
      const locked = (sha256: string) =>
        place.write(
          "pylock.toml",
          `lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "demo"\nversion = "1.0"\nindex = "${index.url}"\n` +
            `[[packages.wheels]]\nname = "${demo.filename}"\nurl = "https://files.example.com/${demo.filename}"\nhashes = {sha256 = "${sha256}"}\n`,
        );
      locked(demo.sha256);
      const args = ["check", "-q", "pylock.toml", "--index-url", other.url, "--format", "json"];
      const rules = async () =>
        JSON.parse((await place.run(args)).stdout).result.files.flatMap(
          ({ findings }: { findings: { rule: string; severity: string }[] }) =>
            findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
        );
      assert.deepEqual(await rules(), []);
      locked("0".repeat(64));
      assert.deepEqual(await rules(), ["artifact-digest"]);
      assert.deepEqual(other.requests, []);
    } finally {
      await other.close();
    }
  });

  it("lets a check tell what a constraint's digest shows", async () => {
    place.write("c.txt", `${poisoned}\n`);
    place.write("requirements.txt", "-c c.txt\ndemo\n");
    const { stdout } = await place.run(["check", "-q", "requirements.txt", "--index-url", index.url]);
    assert.match(stdout, /The digest of demo 1\.0 is of no file .*artifact-digest/);
  });

  it("lets a check pass over an advisory that was accepted, and tells it again once that has expired", async () => {
    await advise();
    place.write("requirements.txt", `${pinned}\n`);
    const check = async () => (await place.run(["check", "-q", "--index-url", index.url])).stdout;
    const accept = (until: string) =>
      place.write(
        ".thoth.yaml",
        `policy:\n  accept:\n    - {advisory: CVE-2026-1, package: demo, version: '1.0', reason: not reached, until: ${until}}\n`,
      );
    assert.match(await check(), /demo 1\.0 has 1 advisory.*known-vulnerability/);
    accept("2099-01-31");
    assert.doesNotMatch(await check(), /known-vulnerability/);
    accept("2020-01-31");
    assert.match(await check(), /demo 1\.0 has 1 advisory.*known-vulnerability/);
  });

  it("tells an accepted finding as accepted, and an expired acceptance as a finding", async () => {
    place.write("requirements.txt", `${poisoned}\n`);
    const accept = (until: string) =>
      place.write(
        ".thoth.yaml",
        `policy:\n  accept:\n    - {rule: artifact-digest, package: demo, version: '1.0', reason: rebuilt by us, until: ${until}}\n`,
      );
    accept("2099-01-31");
    const held = await run();
    assert.equal(held.status, 0, held.stdout);
    assert.match(held.stdout, /Accepted until 2099-01-31 in \.thoth\.yaml: .*Reason: rebuilt by us/s);
    accept("2025-01-31");
    const over = await run();
    assert.equal(over.status, 1);
    assert.match(over.stdout, /The acceptance of artifact-digest for demo 1\.0 has expired/);
  });

  it("says when interrupted that there were more packages, and ends with 130", async () => {
    const { promise: waiting, resolve: asked } = Promise.withResolvers<void>();
    const hanging = await startIndex(
      { demo: [demo] },
      {
        misbehave: ({ url }) => {
          const isSlow = url?.includes("slow") === true;
          if (isSlow) asked();
          return isSlow;
        },
      },
    );
    try {
      place.write("requirements.txt", `${pinned}\nslow==1.0 --hash=sha256:${"0".repeat(64)}\n`);
      const child = place.start(["provenance", "-q", "--index-url", hanging.url]);
      const ran = finished(child);
      await waiting;
      child.kill("SIGINT");
      const { status, stdout } = await ran;
      assert.equal(status, 130);
      assert.match(stdout, /^Not checked: the packages after these: cancelled\.$/m);
    } finally {
      await hanging.close();
    }
  });

  it("hears the organisation's policy before the workspace's", async () => {
    place.write("requirements.txt", `${pinned}\n`);
    place.write("organisation.yaml", "policy: {indexes: ['https://packages.example.com/simple']}\n");
    place.write(".thoth.yaml", `policy: {indexes: ['${index.url}']}\n`);
    const env = { THOTH_ORGANISATION_POLICY: join(place.folder, "organisation.yaml") };
    const { status, stdout } = await place.run(["provenance", "-q", "--index-url", index.url], { env });
    assert.equal(status, 1);
    assert.match(stdout, /none of the indexes that \S*organisation\.yaml\s+allows/);
    writeFileSync(env.THOTH_ORGANISATION_POLICY, "policy: [broken\n");
    assert.equal((await place.run(["provenance", "-q"], { env })).status, 2);
  });

  it("shows no login of any configured place in any output, nor keeps it", async () => {
    const secrets = {
      inFile: "CANARY-file",
      inVariable: "CANARY-variable",
      inNetrc: "CANARY-netrc",
      inToken: "CANARY-token",
      inCommandLine: "CANARY-argument",
      inPipfile: "CANARY-pipfile",
      inVcs: "CANARY-vcs",
    };
    const host = new URL(index.url).host;
    place.write("../home/.netrc", `machine 127.0.0.1 login ada password ${secrets.inNetrc}\n`);
    place.write(
      "requirements.txt",
      [
        `--index-url http://ada:${secrets.inFile}@${host}/simple/`,
        `--extra-index-url http://ada:${"${TOKEN}"}@${host}/simple/`,
        `--extra-index-url http://${host}/simple/?token=${secrets.inToken}`,
        pinned,
        `vcs @ git+https://ada:${secrets.inVcs}@example.com/vcs.git@main`,
      ].join("\n"),
    );
    place.write(
      "Pipfile.lock",
      JSON.stringify({
        _meta: {
          hash: { sha256: "0" },
          "pipfile-spec": 6,
          requires: {},
          sources: [
            { name: "main", url: `http://ada:${secrets.inPipfile}@${host}/simple/`, verify_ssl: true },
          ],
        },
        default: { demo: { hashes: [`sha256:${demo.sha256}`], index: "main", version: "==1.0" } },
        develop: {},
      }),
    );
    const env = { TOKEN: secrets.inVariable };
    const outputs: string[] = [];
    const url = `http://ada:${secrets.inCommandLine}@${host}/simple/`;
    for (const [format, ...more] of [
      ["text", "--verbose", "--download"],
      ["json"],
      ["sarif", "--offline"],
      ["cyclonedx"],
    ]) {
      const args = ["provenance", "requirements.txt", "Pipfile.lock", "--format", format!, ...more];
      const { stdout, stderr } = await place.run([...args, "--extra-index-url", url], { env });
      outputs.push(stdout, stderr);
    }
    const kept = filesBelow(join(place.folder, "..", "home", "data"));
    assert.ok(kept.length > 0, "something was kept");
    outputs.push(...kept.map((path) => readFileSync(path, "latin1")));
    for (const [where, secret] of Object.entries(secrets)) {
      const basic = Buffer.from(`ada:${secret}`).toString("base64");
      for (const text of outputs) assert.ok(!text.includes(secret) && !text.includes(basic), where);
    }
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
