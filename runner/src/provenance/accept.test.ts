// Acceptances of findings: each holds for what it is bound to, and for nothing beside it.
import assert from "node:assert/strict";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import { makeProvenancePlace, type ProvenancePlace } from "../../../test/support/provenance.ts";

describe("an acceptance in the policy", () => {
  const demo = buildWheel({ name: "demo", version: "1.0" });
  const sdist = buildSdist({ name: "demo", version: "1.0" });
  let place: ProvenancePlace;
  let index: RunningIndex;

  beforeEach(async () => {
    place = makeProvenancePlace();
    const files = [demo, sdist].map((artifact) => ({
      artifact,
      yanked: "broken",
      uploadTime: "2026-01-01T00:00:00Z",
    }));
    index = await startIndex({ demo: files });
  });
  afterEach(async () => {
    place.remove();
    await index.close();
  });

  const accept = (...items: readonly string[]) =>
    place.write(
      ".thoth.yaml",
      `policy: {accept: [${items.map((item) => `{package: demo, reason: looked at, ${item}}`).join(", ")}]}\n`,
    );
  const over = async (digests: readonly string[], input = {}) => {
    const hashes = digests.map((digest) => `--hash=sha256:${digest}`);
    place.write("requirements.txt", `--index-url ${index.url}\ndemo==1.0 ${hashes.join(" ")}\n`);
    return place.run(["requirements.txt"], input);
  };

  it("of one file by its digest is none of another file's", async () => {
    accept(`rule: yanked-release, digest: 'sha256:${demo.sha256}', until: 2099-01-31`);
    const answer = await over([demo.sha256, sdist.sha256], { allArtifacts: true });
    assert.deepEqual(
      answer
        .checks("demo", "yanked-release")
        .map(({ artifact, accepted }) => [artifact, accepted !== undefined]),
      [
        [demo.filename, true],
        [sdist.filename, false],
      ],
    );
  });

  it("of a digest that the index knows is none of one that it does not know", async () => {
    const strange = "0".repeat(64);
    accept(`rule: artifact-digest, digest: 'sha256:${demo.sha256}', until: 2099-01-31`);
    const [poisoned] = (await over([demo.sha256, strange])).checks("demo", "artifact-digest");
    assert.deepEqual([poisoned?.state, poisoned?.accepted], ["failed", undefined]);
    accept(`rule: artifact-digest, digest: 'sha256:${strange}', until: 2099-01-31`);
    const [accepted] = (await over([demo.sha256, strange])).checks("demo", "artifact-digest");
    assert.equal(accepted?.accepted?.reason, "looked at");
  });

  it("shows where it was looked into", async () => {
    accept("rule: yanked-release, version: '1.0', until: 2099-01-31, evidence: TICKET-7");
    const [yanked] = (await over([demo.sha256])).checks("demo", "yanked-release");
    assert.equal(yanked?.accepted?.evidence, "TICKET-7");
  });

  it("whose day is over is a finding while its package is there, and none for another version", async () => {
    accept(
      "rule: known-bad, version: '1.0', until: 2020-01-31",
      "rule: known-bad, version: '2.0', until: 2020-01-31",
      "rule: known-bad, version: '1', until: fixed",
    );
    const messages = (await over([demo.sha256])).fileChecks("policy").map(({ message }) => message);
    assert.deepEqual(messages, [
      "The acceptance of known-bad for demo 1.0 has expired: it was until 2020-01-31.",
    ]);
  });
});

describe("what a policy requires", () => {
  const demo = buildWheel({ name: "demo", version: "1.0" });
  let place: ProvenancePlace;
  let index: RunningIndex;

  beforeEach(async () => {
    place = makeProvenancePlace();
    index = await startIndex({ demo: [demo] });
    place.write("requirements.txt", `--index-url ${index.url}\ndemo==1.0 --hash=sha256:${demo.sha256}\n`);
  });
  afterEach(async () => {
    place.remove();
    await index.close();
  });

  const missing = async (input = {}) =>
    (await place.run(["requirements.txt"], input)).notChecked.filter(({ required }) => required !== false);

  it("is missed where nobody asked for it in this run", async () => {
    place.write(".thoth.yaml", "policy: {require: [archive-truth]}\n");
    assert.deepEqual(
      (await missing()).map(({ what }) => what),
      ["demo 1.0 (archive-truth)"],
    );
    assert.deepEqual(await missing({ download: true }), []);
  });

  it("is told where there is no such rule, and takes the place of nothing", async () => {
    place.write(".thoth.yaml", "policy: {require: [artifact-digests]}\n");
    const answer = await place.run(["requirements.txt"], { offline: true });
    assert.match(answer.fileChecks("policy")[0]?.message ?? "", /names artifact-digests, which is no rule/);
    assert.ok(answer.checks("demo", "artifact-digest")[0]?.required);
  });
});
