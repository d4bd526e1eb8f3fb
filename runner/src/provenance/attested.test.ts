// Attestations as an index serves them: a real one verified, an index that lies, one that is lost, and what is kept of it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { buildSdist, type IndexedFile, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import {
  makeProvenancePlace,
  NOW,
  onlyCheck,
  type ProvenancePlace,
} from "../../../test/support/provenance.ts";

const CONFORMANCE = new URL("../../../../shared/conformance/provenance/", import.meta.url);
const NAME = "pypi-attestations";
/** What the real attestation binds: the sdist of 0.0.19. */
const SHA256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
const DAY = 86_400_000;

describe("attestations over an index", () => {
  let place: ProvenancePlace;
  let index: RunningIndex;
  let served: Record<
    string,
    { readonly body?: unknown; readonly status?: number; readonly location?: string }
  >;

  before(function () {
    if (existsSync(CONFORMANCE)) return;
    console.log("      skipped: ../shared/conformance is not here");
    this.skip();
  });
  beforeEach(async () => {
    place = makeProvenancePlace();
    served = {};
    index = await startIndex(
      {},
      {
        misbehave: (request, response) => {
          const found = served[request.url ?? ""];
          if (!found) return undefined;
          const { body, status = 200, location } = found;
          response.writeHead(status, {
            "content-type": "application/vnd.pypi.integrity.v1+json",
            ...(location ? { location } : {}),
          });
          return !!response.end(body === undefined ? "" : JSON.stringify(body));
        },
      },
    );
  });
  afterEach(async () => {
    place.remove();
    await index.close();
  });

  const provenance = (): unknown =>
    JSON.parse(
      readFileSync(new URL("attestations/pypi_attestations-0.0.19.tar.gz.provenance", CONFORMANCE), "utf8"),
    );
  const release = (version: string, change: Partial<IndexedFile> = {}): IndexedFile => ({
    artifact: buildSdist({ name: NAME, version }),
    uploadTime: new Date(NOW - 400 * DAY + Number(version.split(".")[2]) * DAY).toISOString(),
    ...change,
  });
  const attested = (): IndexedFile =>
    release("0.0.19", { listedSha256: SHA256, provenance: `${index.origin}/integrity/19` });
  const over = async (lines: readonly string[], input = {}, now?: number) => {
    place.write("requirements.txt", `--index-url ${index.url}\n${lines.join("\n")}\n`);
    return place.run(["requirements.txt"], input, now);
  };
  const pin19 = `${NAME}==0.0.19 --hash=sha256:${SHA256}`;

  it("verify, and say that nothing expected the signer: valid is not trusted", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    const answer = await over([pin19]);
    const check = onlyCheck(answer.checks(NAME, "attestation"), "passed");
    assert.match(
      check.message,
      /signed by trailofbits\/pypi-attestations, release\.yml; expected by nothing/,
    );
    assert.equal(answer.of(NAME).signer?.expectedBy, "nothing");
    onlyCheck(answer.checks(NAME, "publisher-continuity"), "passed");
  });

  it("are expected by the policy, or forbidden where it expects another signer", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    const policy = (repository: string): void =>
      void place.write(
        ".thoth.yaml",
        `policy: {attestations: [{packages: ['pypi-*'], publisher: {kind: GitHub, repository: ${repository}, workflow: release.yml}}]}\n`,
      );
    policy("trailofbits/pypi-attestations");
    assert.equal((await over([pin19])).of(NAME).signer?.expectedBy, "policy");
    policy("somebody/else");
    const check = onlyCheck((await over([pin19])).checks(NAME, "attestation"), "failed");
    assert.equal(check.severity, "error");
    assert.match(check.message, /\.thoth\.yaml expects another one \(repository\)/);
  });

  it("of another file, or with a byte changed, are errors with their own reasons", async () => {
    index.projects[NAME] = [release("0.0.19", { provenance: `${index.origin}/integrity/19` })];
    served["/integrity/19"] = { body: provenance() };
    const sdist = buildSdist({ name: NAME, version: "0.0.19" });
    const other = onlyCheck(
      (await over([`${NAME}==0.0.19 --hash=sha256:${sdist.sha256}`])).checks(NAME, "attestation"),
      "failed",
    );
    assert.deepEqual([other.severity, other.labels], ["error", ["other-digest"]]);
    const bent = provenance() as {
      attestation_bundles: { attestations: { envelope: { signature: string } }[] }[];
    };
    const { envelope } = bent.attestation_bundles[0]!.attestations[0]!;
    envelope.signature = envelope.signature.replace(/^..../, "AAAA");
    index.projects[NAME] = [
      release("0.0.19", { listedSha256: SHA256, provenance: `${index.origin}/integrity/bent` }),
    ];
    served["/integrity/bent"] = { body: bent };
    place.remove();
    place = makeProvenancePlace();
    const changed = onlyCheck((await over([pin19])).checks(NAME, "attestation"), "failed");
    assert.equal(changed.severity, "error");
  });

  it("behind a redirect are verified all the same: the signature holds them, not the place", async () => {
    served["/integrity/19"] = { status: 302, location: `${index.origin}/elsewhere` };
    served["/elsewhere"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    onlyCheck((await over([pin19])).checks(NAME, "attestation"), "passed");
  });

  it("that an update has lost are a warning; an outage is not", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    await over([pin19]);
    const next = release("0.0.20", { provenance: null });
    index.projects[NAME] = [attested(), next];
    const pin20 = `${NAME}==0.0.20 --hash=sha256:${next.artifact.sha256}`;
    const lost = await over([pin20], {}, NOW + 30 * DAY);
    const check = onlyCheck(lost.checks(NAME, "publisher-continuity"), "failed");
    assert.deepEqual([check.severity, check.labels], ["warning", ["lost-attestation"]]);
    assert.match(check.message, /0\.0\.19 was attested by trailofbits\/pypi-attestations, release\.yml/);
    onlyCheck(lost.checks(NAME, "attestation"), "absent");
    index.projects[NAME] = [attested(), release("0.0.20", { provenance: `${index.origin}/integrity/20` })];
    served["/integrity/20"] = { status: 503 };
    const outage = await over([pin20], {}, NOW + 60 * DAY);
    onlyCheck(outage.checks(NAME, "publisher-continuity"), "not-checked");
    onlyCheck(outage.checks(NAME, "attestation"), "not-checked");
  });

  it("are asked for once: the next run sends nothing, and offline it says how old they are", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    await over([pin19]);
    const before = index.requests.length;
    const again = await over([pin19], {}, NOW + 60_000);
    onlyCheck(again.checks(NAME, "attestation"), "passed");
    assert.equal(index.requests.length, before);
    assert.equal(again.result.requests, 0);
    const offline = await over([pin19], { offline: true }, NOW + 3 * DAY);
    const check = onlyCheck(offline.checks(NAME, "attestation"), "passed");
    assert.ok(check.evidence.some(({ freshness }) => freshness === "stale"));
  });

  it("are not checked beyond the requests that may be sent", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    const answer = await over([pin19], { requestBudget: 1 });
    assert.match(
      onlyCheck(answer.checks(NAME, "attestation"), "not-checked").message,
      /requests that may be sent/,
    );
    onlyCheck(answer.checks(NAME, "artifact-digest"), "passed");
  });

  it("are compared with what a pylock records", async () => {
    served["/integrity/19"] = { body: provenance() };
    index.projects[NAME] = [attested()];
    const lock = (repository: string): string =>
      [
        'lock-version = "1.0"',
        'created-by = "hand"',
        "[[packages]]",
        `name = "${NAME}"`,
        'version = "0.0.19"',
        `index = "${index.url}"`,
        "[[packages.attestation-identities]]",
        'kind = "GitHub"',
        `repository = "${repository}"`,
        'workflow = "release.yml"',
        "[packages.sdist]",
        'name = "pypi_attestations-0.0.19.tar.gz"',
        `url = "${index.origin}/files/${NAME}/pypi_attestations-0.0.19.tar.gz"`,
        `hashes = {sha256 = "${SHA256}"}`,
        "",
      ].join("\n");
    place.write("pylock.toml", lock("trailofbits/pypi-attestations"));
    const answer = await place.run(["pylock.toml"]);
    onlyCheck(answer.checks(NAME, "artifact-digest"), "passed");
    onlyCheck(answer.checks(NAME, "pinned-and-hashed"), "passed");
    assert.equal(answer.of(NAME).signer?.expectedBy, "lock");
    place.write("pylock.toml", lock("somebody/else"));
    const other = await place.run(["pylock.toml"]);
    assert.match(
      onlyCheck(other.checks(NAME, "attestation"), "failed").message,
      /the lock records another signer/,
    );
    place.write("pylock.toml", lock("trailofbits/pypi-attestations"));
    index.projects[NAME] = [{ ...attested(), provenance: null }];
    const lost = await place.run(["pylock.toml"], { allArtifacts: true }, NOW + DAY);
    onlyCheck(lost.checks(NAME, "attestation"), "absent");
    const check = onlyCheck(lost.checks(NAME, "publisher-continuity"), "failed");
    assert.deepEqual([check.severity, check.labels], ["warning", ["rewritten-history"]]);
    place.remove();
    place = makeProvenancePlace();
    place.write("pylock.toml", lock("trailofbits/pypi-attestations"));
    const unseen = await place.run(["pylock.toml"]);
    const recorded = onlyCheck(unseen.checks(NAME, "publisher-continuity"), "failed");
    assert.deepEqual([recorded.severity, recorded.labels], ["warning", ["lost-attestation"]]);
    assert.match(
      recorded.message,
      /^The lock records who signed pypi-attestations 0\.0\.19; .* is not attested\.$/,
    );
  });
});
