// Facts and inspections: what goes in comes out, with its source and freshness, and the newer one wins.
import assert from "node:assert/strict";
import type { Inspection, Knowledge } from "./index.ts";
import { stackDigest } from "./index.ts";
import { TestFolder } from "./test/support.ts";

const INDEX = "https://index.example/simple/";

const INSPECTION: Inspection = {
  id: "one",
  manifest: "/home/ada/requirements.txt",
  manifestDigest: "m1",
  environment: { digest: "e1", description: { python: "3.11.7", platform: "linux" } },
  packages: [
    { name: "flask", version: "3.0.0", sha256: "aa" },
    { name: "werkzeug", version: "3.0.0" },
  ],
  outcome: "import-failed",
  startedAt: 1_000,
  duration: 12_345.5,
  stages: [
    { name: "install", outcome: "passed", ms: 6_100 },
    { name: "import", outcome: "failed", ms: 20, detail: "url_quote", requirement: "flask" },
  ],
  observations: [
    {
      kind: "import-error",
      package: "flask",
      message: "cannot import url_quote",
      lines: ["Traceback", "ImportError"],
    },
  ],
  indicators: [{ name: "matmul", value: 31.2, unit: "TFLOP/s", runs: [31.1, 31.3] }],
  logPath: "/home/ada/.local/state/thoth/one.log",
};

describe("facts", () => {
  let folder: TestFolder;
  let knowledge: Knowledge;
  let now = 1_000;
  beforeEach(() => {
    folder = new TestFolder();
    now = 1_000;
    knowledge = folder.open({ clock: () => now });
  });
  afterEach(() => folder.remove());

  it("keeps what each index says of a project apart", async () => {
    await knowledge.facts.recordProject({ value: { name: "Flask" }, source: INDEX, time: 1 });
    await knowledge.facts.recordProject({
      value: { name: "flask" },
      source: "https://other.example/",
      time: 2,
    });
    assert.deepEqual(
      (await knowledge.facts.project("FLASK")).map((fact) => fact.source),
      ["https://other.example/", INDEX],
    );
  });

  it("lets the newer fact win in whatever order they come", async () => {
    const told = (summary: string, time: number) =>
      knowledge.facts.recordProject({ value: { name: "flask", summary }, source: INDEX, time });
    await told("second", 2);
    await told("first", 1);
    assert.equal((await knowledge.facts.project("flask"))[0]?.value.summary, "second");
    await told("third", 3);
    assert.equal((await knowledge.facts.project("flask"))[0]?.value.summary, "third");
  });

  it("says fresh, stale and failed, and knows nothing of what was never asked", async () => {
    await knowledge.facts.recordProject({ value: { name: "a" }, source: INDEX, time: 1, freshUntil: 1_500 });
    await knowledge.facts.recordProject({
      value: { name: "b" },
      source: INDEX,
      time: 1,
      failure: "index.example answered 503.",
    });
    assert.equal((await knowledge.facts.project("a"))[0]?.freshness, "fresh");
    now = 2_000;
    assert.equal((await knowledge.facts.project("a"))[0]?.freshness, "stale");
    const [failed] = await knowledge.facts.project("b");
    assert.equal(failed?.freshness, "failed");
    assert.equal(failed?.failure, "index.example answered 503.");
    assert.deepEqual(await knowledge.facts.project("c"), []);
  });

  it("never keeps the credentials of a source or an address", async () => {
    const source = "https://ada:s3cret@index.example/simple/";
    await knowledge.facts.recordArtifacts([
      {
        value: {
          project: "flask",
          version: "3.0.0",
          filename: "flask-3.0.0-py3-none-any.whl",
          kind: "wheel",
          url: "https://ada:s3cret@files.example/flask-3.0.0-py3-none-any.whl",
          digests: {},
        },
        source,
        time: 1,
      },
    ]);
    const [fact] = await knowledge.facts.artifacts("flask");
    assert.equal(fact?.source, INDEX);
    assert.equal(fact?.value.url, "https://files.example/flask-3.0.0-py3-none-any.whl");
  });

  it("gives releases, artifacts with digests and metadata back as they went in", async () => {
    const release = {
      project: "flask",
      version: "2.2.5",
      requiresPython: ">=3.7",
      yanked: "broken wheel",
      uploaded: 5,
    };
    await knowledge.facts.recordReleases([
      { value: release, source: INDEX, time: 1 },
      { value: { project: "flask", version: "2.2.6", yanked: true }, source: INDEX, time: 1 },
      { value: { project: "flask", version: "2.2.7" }, source: INDEX, time: 1 },
    ]);
    assert.deepEqual(
      (await knowledge.facts.releases("flask")).map((fact) => fact.value),
      [release, { project: "flask", version: "2.2.6", yanked: true }, { project: "flask", version: "2.2.7" }],
    );
    const artifact = {
      ...release,
      filename: "flask-2.2.5.tar.gz",
      kind: "sdist" as const,
      url: "https://files.example/flask-2.2.5.tar.gz",
      size: 12,
      digests: { sha256: "aa", md5: "bb" },
    };
    await knowledge.facts.recordArtifacts([{ value: artifact, source: INDEX, time: 1 }]);
    assert.deepEqual((await knowledge.facts.artifacts("flask", "2.2.5"))[0]?.value, artifact);
    assert.deepEqual(await knowledge.facts.artifacts("flask", "2.2.6"), []);
    const metadata = {
      filename: artifact.filename,
      project: "flask",
      version: "2.2.5",
      sha256: "aa",
      requiresPython: ">=3.7",
      summary: "A framework",
      license: "BSD-3-Clause",
      urls: { Source: "https://code.example/flask" },
      providesExtra: ["async"],
      dependencies: [
        { name: "werkzeug", requirement: "Werkzeug>=2.2.2" },
        { name: "asgiref", requirement: 'asgiref>=3.2; extra == "async"' },
      ],
    };
    await knowledge.facts.recordMetadata({ value: metadata, source: INDEX, time: 1 });
    assert.deepEqual((await knowledge.facts.metadata(artifact.filename))[0]?.value, metadata);
    const shorter = { ...metadata, dependencies: metadata.dependencies.slice(1) };
    await knowledge.facts.recordMetadata({ value: shorter, source: INDEX, time: 2 });
    await knowledge.facts.recordMetadata({ value: metadata, source: INDEX, time: 1 });
    assert.deepEqual((await knowledge.facts.metadata(artifact.filename))[0]?.value, shorter);
  });

  it("records thousands of releases in one call, the newest of two equal ones", async () => {
    const releases = Array.from({ length: 3_000 }, (_, at) => ({
      value: { project: "big", version: `1.${at}` },
      source: INDEX,
      time: 1,
    }));
    await knowledge.facts.recordReleases([
      ...releases,
      { value: { project: "big", version: "1.0", yanked: true }, source: INDEX, time: 2 },
    ]);
    const found = await knowledge.facts.releases("big");
    assert.equal(found.length, 3_000);
    assert.equal(found.find((fact) => fact.value.version === "1.0")?.value.yanked, true);
  });

  it("gives an inspection back whole, as the last of its stack in its environment", async () => {
    await knowledge.inspections.recordInspection(INSPECTION);
    const digest = stackDigest(INSPECTION.packages);
    const last = await knowledge.inspections.lastInspection({ stackDigest: digest, environmentDigest: "e1" });
    assert.deepEqual(last, {
      value: { ...INSPECTION, stackDigest: digest },
      source: "inspection one",
      time: 1_000,
      freshness: "fresh",
    });
    const elsewhere = { stackDigest: digest, environmentDigest: "e2" };
    assert.equal(await knowledge.inspections.lastInspection(elsewhere), undefined);
  });

  it("finds inspections by manifest and by package, newest first", async () => {
    await knowledge.inspections.recordInspection({ ...INSPECTION, id: "b", startedAt: 2 });
    await knowledge.inspections.recordInspection({ ...INSPECTION, id: "a", startedAt: 3 });
    await knowledge.inspections.recordInspection({
      ...INSPECTION,
      id: "c",
      startedAt: 1,
      manifest: "/other",
    });
    const ids = async (...what: Parameters<typeof knowledge.inspections.inspectionsOf>) =>
      (await knowledge.inspections.inspectionsOf(...what)).map((fact) => fact.value.id);
    assert.deepEqual(await ids({ manifest: "/home/ada/requirements.txt" }), ["a", "b"]);
    assert.deepEqual(await ids({ package: "Flask", version: "3.0.0" }), ["a", "b", "c"]);
    assert.deepEqual(await ids({ package: "flask", version: "2" }), []);
    assert.deepEqual(await ids({ package: "flask" }, 1), ["a"]);
  });

  it("replaces an inspection of the same id with all of its parts", async () => {
    await knowledge.inspections.recordInspection(INSPECTION);
    const shorter = { ...INSPECTION, stages: [], observations: [], indicators: [] };
    await knowledge.inspections.recordInspection(shorter);
    const kept = await knowledge.inspections.inspection("one");
    assert.deepEqual(kept?.value.stages, []);
    assert.equal((await knowledge.stats()).counts.observations, 0);
  });

  it("knows a stack by its packages in any order and spelling", () => {
    assert.equal(
      stackDigest([
        { name: "Flask_X", version: "1" },
        { name: "b", version: "2", sha256: "AA" },
      ]),
      stackDigest([
        { name: "b", version: "2", sha256: "aa" },
        { name: "flask-x", version: "1" },
      ]),
    );
    assert.notEqual(stackDigest([{ name: "b", version: "2" }]), stackDigest([{ name: "b", version: "3" }]));
  });

  it("leaves nothing of a change that failed half-way", async () => {
    const broken = { ...INSPECTION, indicators: [{ name: "x", value: Number.NaN, unit: "s" }] };
    await assert.rejects(knowledge.inspections.recordInspection(broken));
    assert.equal(await knowledge.inspections.inspection("one"), undefined);
    await knowledge.inspections.recordInspection(INSPECTION);
  });
});
