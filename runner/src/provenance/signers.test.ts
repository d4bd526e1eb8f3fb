// Signers over an index: who speaks where several have signed, what a policy that demands attestations makes of none, and a history that is rewritten.
import assert from "node:assert/strict";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import {
  makeProvenancePlace,
  onlyCheck,
  type ProvenanceAnswer,
  type ProvenancePlace,
} from "../../../test/support/provenance.ts";
import {
  createSigstore,
  publisherOf,
  type Signer,
  type ThrowAwaySigstore,
} from "../../../test/support/sigstore.ts";

const DAY = 86_400_000;

describe("signers over an index", () => {
  let sigstore: ThrowAwaySigstore;
  let place: ProvenancePlace;
  let index: RunningIndex;
  let trustedRoot: string;
  /** What the index serves below `/integrity/`: an object, or a status. */
  let served: Record<string, unknown>;
  const wheel = buildWheel({ name: "demo", version: "1.0" });
  before(async () => {
    sigstore = await createSigstore();
  });
  beforeEach(async () => {
    place = makeProvenancePlace();
    trustedRoot = place.write("trusted_root.json", JSON.stringify(sigstore.root));
    served = {};
    index = await startIndex(
      {},
      {
        // Its pages are asked for anew each time.
        cacheControl: "no-cache",
        misbehave: (request, response) => {
          const name = /^\/integrity\/(.*)$/.exec(request.url ?? "")?.[1];
          if (name === undefined) return undefined;
          const found = served[name];
          if (typeof found === "number") return !!response.writeHead(found).end();
          response.writeHead(200, { "content-type": "application/vnd.pypi.integrity.v1+json" });
          return !!response.end(JSON.stringify(found));
        },
      },
    );
    list(wheel);
  });
  afterEach(async () => {
    place.remove();
    await index.close();
  });

  const list = (artifact: typeof wheel): void => {
    const uploadTime = new Date(Date.now() - 40 * DAY).toISOString();
    index.projects.demo = [{ artifact, uploadTime, provenance: `${index.origin}/integrity/demo` }];
  };
  const attest = (signer: Partial<Signer> = {}, artifact = wheel): Promise<Record<string, unknown>> =>
    sigstore.attest({ filename: artifact.filename, sha256: artifact.sha256, signer });
  const bundle = async (signer: Partial<Signer> = {}, artifact = wheel): Promise<object> => ({
    publisher: publisherOf(signer),
    attestations: [await attest(signer, artifact)],
  });
  const provenance = (...bundles: object[]): object => ({ version: 1, attestation_bundles: bundles });
  const run = (line = `demo==1.0 --hash=sha256:${wheel.sha256}`): Promise<ProvenanceAnswer> => {
    place.write("requirements.txt", `--index-url ${index.url}\n${line}\n`);
    return place.run(["requirements.txt"], { trustedRoot }, Date.now());
  };
  const policy = (publisher: string): void =>
    void place.write(".thoth.yaml", `policy: {attestations: [{packages: [demo]${publisher}}]}\n`);
  const OCTO = ", publisher: {repository: octo/demo}";

  it("are all looked at: the one that the policy expects speaks, in whatever order they are listed", async () => {
    policy(OCTO);
    const evil = { repository: "evil/demo", repositoryId: "9", ownerId: "8" };
    for (const bundles of [
      [await bundle(), await bundle(evil)],
      [await bundle(evil), await bundle()],
    ]) {
      served.demo = provenance(...bundles);
      const answer = await run();
      const check = onlyCheck(answer.checks("demo", "attestation"), "passed");
      assert.match(check.message, /is signed by octo\/demo, release\.yml; expected by the policy\.$/);
      assert.equal(answer.of("demo").signer?.name, "octo/demo, release.yml");
    }
    served.demo = provenance(await bundle(evil));
    assert.match(
      onlyCheck((await run()).checks("demo", "attestation"), "failed").message,
      /signed by evil\/demo, release\.yml; \.thoth\.yaml expects another one \(repository\)/,
    );
  });

  it("are compared by the ids that a policy names, and what differs is said in its words", async () => {
    policy(", publisher: {repository: octo/demo, owner-id: '2002', repository-id: '1001'}");
    served.demo = provenance(await bundle());
    onlyCheck((await run()).checks("demo", "attestation"), "passed");
    served.demo = provenance(await bundle({ ownerId: "6666" }));
    const check = onlyCheck((await run()).checks("demo", "attestation"), "failed");
    assert.match(check.message, /\.thoth\.yaml expects another one \(owner-id\)\.$/);
  });

  it("fail all where one of them does not hold", async () => {
    const other = buildWheel({ name: "demo", version: "1.1" });
    served.demo = provenance(await bundle(), await bundle({}, other));
    const answer = await run();
    onlyCheck(answer.checks("demo", "attestation"), "failed");
    assert.match(
      onlyCheck(answer.checks("demo", "publisher-continuity"), "not-checked").message,
      /^demo-1\.0-py3-none-any\.whl: its attestation does not hold/,
    );
  });

  it("of the same name on another forge are not who the policy expects", async () => {
    policy(OCTO);
    const commit = "c0ffee".padEnd(40, "0");
    const extensions = {
      "12": "https://gitlab.com/octo/demo",
      "13": commit,
      "18": `https://gitlab.com/octo/demo//.gitlab-ci.yml@${commit}`,
    };
    const attestations = [await attest({ issuer: "https://gitlab.com", extensions })];
    const publisher = { kind: "GitLab", repository: "octo/demo", workflow_filepath: ".gitlab-ci.yml" };
    served.demo = provenance({ publisher, attestations });
    const check = onlyCheck((await run()).checks("demo", "attestation"), "failed");
    assert.match(check.message, /is signed by gitlab\.com\/octo\/demo, .*expects another one \(kind\)/);
  });

  it("by e-mail address are the ones of before only where all of the address is", async () => {
    const next = buildWheel({ name: "demo", version: "1.1" });
    const by = async (email: string, artifact: typeof wheel): Promise<object> => ({
      publisher: { kind: "Google", email },
      attestations: [
        await attest({ issuer: "https://accounts.google.com", extensions: {}, san: email }, artifact),
      ],
    });
    const uploadTime = new Date(Date.now() - 40 * DAY).toISOString();
    served.demo = provenance(await by("build@octo.iam.gserviceaccount.com", wheel));
    index.projects.demo = [
      { artifact: wheel, uploadTime, provenance: `${index.origin}/integrity/demo` },
      { artifact: next, uploadTime, provenance: `${index.origin}/integrity/next` },
    ];
    const expectedBy = async (email: string): Promise<string | undefined> => {
      served.next = provenance(await by(email, next));
      const answer = await run(`demo==1.1 --hash=sha256:${next.sha256}`);
      onlyCheck(answer.checks("demo", "attestation"), "passed");
      return answer.of("demo").signer?.expectedBy;
    };
    assert.equal(await expectedBy("build@evil.iam.gserviceaccount.com"), "nothing");
    assert.equal(await expectedBy("build@octo.iam.gserviceaccount.com"), "history");
  });

  it("that a policy demands and nobody can be asked for are a required check, elsewhere they are none", async () => {
    served.demo = 503;
    const free = await run();
    onlyCheck(free.checks("demo", "attestation"), "not-checked");
    assert.ok(free.notChecked.every(({ required }) => required === false));
    policy("");
    const demanded = await run();
    assert.equal(onlyCheck(demanded.checks("demo", "attestation"), "not-checked").required, true);
    assert.deepEqual(
      demanded.notChecked.filter(({ required }) => required !== false).map(({ what }) => what),
      ["demo 1.0 (attestation)"],
    );
  });

  it("that a policy demands cannot be gone around by an address, nor accepted away where they do not hold", async () => {
    policy(OCTO);
    const address = `demo @ git+https://github.com/octo/demo@${"c0ffee".padEnd(40, "0")}`;
    const check = onlyCheck((await run(address)).checks("demo", "attestation"), "failed");
    assert.deepEqual([check.severity, check.required], ["error", true]);
    assert.match(check.message, /^demo has no attestation, and \.thoth\.yaml asks for one\.$/);
    onlyCheck((await run("demo @ file:./demo")).checks("demo", "attestation"), "not-applicable");
    const other = buildWheel({ name: "demo", version: "1.1" });
    served.demo = provenance(await bundle({}, other));
    assert.equal(onlyCheck((await run()).checks("demo", "attestation"), "failed").required, true);
  });

  it("of a release are not expected because they have signed its other file", async () => {
    const next = buildWheel({ name: "demo", version: "1.1" });
    const sdist = buildSdist({ name: "demo", version: "1.1" });
    const evil = { repositoryId: "9", ownerId: "8" };
    served = {
      demo: provenance(await bundle()),
      next: provenance(await bundle(evil, next)),
      sdist: provenance(await bundle(evil, sdist)),
    };
    const uploadTime = new Date(Date.now() - 40 * DAY).toISOString();
    index.projects.demo = [
      { artifact: wheel, uploadTime, provenance: `${index.origin}/integrity/demo` },
      { artifact: next, uploadTime, provenance: `${index.origin}/integrity/next` },
      { artifact: sdist, uploadTime, provenance: `${index.origin}/integrity/sdist` },
    ];
    place.write(
      "requirements.txt",
      `--index-url ${index.url}\ndemo==1.1 --hash=sha256:${next.sha256} --hash=sha256:${sdist.sha256}\n`,
    );
    for (let round = 0; round < 2; round++) {
      const answer = await place.run(["requirements.txt"], { trustedRoot, allArtifacts: true }, Date.now());
      assert.deepEqual(
        answer.checks("demo", "attestation").map(({ labels }) => labels),
        [["expected-by-nothing"], ["expected-by-nothing"]],
      );
      assert.deepEqual(
        answer.checks("demo", "publisher-continuity").map(({ severity }) => severity),
        ["warning", "warning"],
        JSON.stringify(answer.checks("demo", "publisher-continuity"), null, 1),
      );
    }
  });

  it("of before are known: the same file by another signer is told at once", async () => {
    served.demo = provenance(await bundle());
    onlyCheck((await run()).checks("demo", "publisher-continuity"), "passed");
    served.demo = provenance(await bundle({ repositoryId: "9", ownerId: "8" }));
    const checks = (await run()).checks("demo", "publisher-continuity");
    const rewritten = checks.find(({ labels }) => labels?.includes("rewritten-history"));
    assert.equal(rewritten?.severity, "warning");
    assert.match(rewritten?.message ?? "", /was signed by octo\/demo, release\.yml when it was first seen/);
  });

  it("on another index count where it has the same files, and not where it has another project of the name", async () => {
    served.demo = provenance(await bundle());
    await run();
    const next = buildWheel({ name: "demo", version: "1.1" });
    const acme = { repository: "acme/demo", repositoryId: "9", ownerId: "8" };
    served.next = provenance(await bundle(acme, next));
    const second = await startIndex({}, { cacheControl: "no-cache" });
    try {
      const uploadTime = new Date(Date.now() - 40 * DAY).toISOString();
      const own = { artifact: next, uploadTime, provenance: `${index.origin}/integrity/next` };
      const on = async (): Promise<(string | undefined)[]> => {
        place.write(
          "requirements.txt",
          `--index-url ${second.url}\ndemo==1.1 --hash=sha256:${next.sha256}\n`,
        );
        const answer = await place.run(["requirements.txt"], { trustedRoot }, Date.now());
        return answer.checks("demo", "publisher-continuity").map(({ labels }) => labels?.[0]);
      };
      second.projects.demo = [own];
      assert.deepEqual(await on(), ["first-attested"]);
      second.projects.demo = [own, { artifact: wheel, uploadTime }];
      assert.deepEqual(await on(), ["other-owner"]);
    } finally {
      await second.close();
    }
  });

  it("of before are known: another file under the same name is told", async () => {
    served.demo = provenance(await bundle());
    await run();
    const again = buildWheel({ name: "demo", version: "1.0", files: { "demo/more.py": "" } });
    assert.notEqual(again.sha256, wheel.sha256);
    list(again);
    served.demo = provenance(
      await bundle({ repository: "evil/demo", repositoryId: "9", ownerId: "8" }, again),
    );
    const checks = (await run(`demo==1.0 --hash=sha256:${again.sha256}`)).checks(
      "demo",
      "publisher-continuity",
    );
    const rewritten = checks.find(({ labels }) => labels?.includes("rewritten-history"));
    assert.equal(rewritten?.severity, "warning", JSON.stringify(checks, null, 1));
    assert.match(
      rewritten?.message ?? "",
      /was another file, by octo\/demo, release\.yml, when it was first seen on .*; this one is by evil\/demo, release\.yml\.$/,
    );
  });
});
