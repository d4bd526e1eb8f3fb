// Looking after the file: names for completion, statistics, export and import, pruning.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Knowledge } from "./index.ts";
import { pageOf, TestFolder } from "./test/support.ts";

const INDEX = "https://index.example/simple/";

async function fill(knowledge: Knowledge): Promise<void> {
  const fact = { source: INDEX, time: 10, freshUntil: 20 };
  await knowledge.facts.recordProject({ ...fact, value: { name: "flask", summary: "A\nframework" } });
  await knowledge.facts.recordProject({ value: { name: "gone" }, source: INDEX, time: 5, failure: "503" });
  const release = { project: "flask", version: "3.0.0", yanked: "why not" };
  await knowledge.facts.recordReleases([{ ...fact, value: release }]);
  await knowledge.facts.recordArtifacts([
    { ...fact, value: { ...release, filename: "f.whl", kind: "wheel", digests: { sha256: "aa" } } },
  ]);
  await knowledge.facts.recordMetadata({
    ...fact,
    value: {
      filename: "f.whl",
      project: "flask",
      version: "3.0.0",
      dependencies: [{ name: "x", requirement: "x>1" }],
    },
  });
  await knowledge.inspections.recordInspection({
    id: "one",
    manifest: "/m",
    environment: { digest: "e", description: { python: "3.11" } },
    packages: [{ name: "flask", version: "3.0.0" }],
    outcome: "passed",
    startedAt: 10,
    duration: 1,
    stages: [{ name: "import", outcome: "passed", ms: 1 }],
    observations: [{ kind: "warning", message: "deprecated", lines: ["…"] }],
    indicators: [{ name: "start", value: 1, unit: "s" }],
    logPath: "/home/ada/one.log",
  });
  knowledge.pages.write(pageOf("secret-page", "page body"));
  knowledge.metadata.write("aa", "Metadata-Version: 2.1");
}

describe("looking after knowledge", () => {
  let folder: TestFolder;
  let knowledge: Knowledge;
  beforeEach(() => {
    folder = new TestFolder();
    knowledge = folder.open({ clock: () => 100 });
  });
  afterEach(() => folder.remove());

  describe("names", () => {
    it("are found by prefix in any spelling, known projects first, spelled as the index does", async () => {
      await knowledge.names.replaceAll(["Django", "django-cms", "Django.Rest", "flask", "djangoa"], INDEX, 1);
      await knowledge.facts.recordProject({
        value: { name: "django-zebra", displayName: "Django_Zebra" },
        source: INDEX,
        time: 1,
      });
      const found = knowledge.names.search("DJANGO", 10);
      assert.deepEqual(found, ["Django", "Django_Zebra", "django-cms", "Django.Rest", "djangoa"]);
      assert.deepEqual(knowledge.names.search("django_r", 10), ["Django.Rest"]);
      assert.deepEqual(knowledge.names.search("django", 2), ["Django", "Django_Zebra"]);
      assert.deepEqual(knowledge.names.search("nothing", 10), []);
      assert.deepEqual(knowledge.names.search("%", 10), []);
    });

    it("of projects that could not be asked for are not offered", async () => {
      await knowledge.facts.recordProject({
        value: { name: "typo" },
        source: INDEX,
        time: 1,
        failure: "404",
      });
      assert.deepEqual(knowledge.names.search("ty", 10), []);
    });

    it("of a list that came again are exactly those of the new list, each source for itself", async () => {
      await knowledge.names.replaceAll(["a1", "a2"], INDEX, 1);
      await knowledge.names.replaceAll(["a9"], "https://u:p@other.example/", 1);
      await knowledge.names.replaceAll(["a2", "a3"], INDEX, 1);
      assert.deepEqual(knowledge.names.search("a", 10), ["a2", "a3", "a9"]);
      assert.deepEqual(knowledge.names.lists(), [
        { source: INDEX, time: 1, count: 2 },
        { source: "https://other.example/", time: 1, count: 1 },
      ]);
    });

    it("can be stopped between portions, and are then still those of before, or more", async () => {
      await knowledge.names.replaceAll(["old"], INDEX, 1);
      const stop = new AbortController();
      const names = Array.from({ length: 50_000 }, (_, at) => `name-${at}`);
      const done = knowledge.names.replaceAll(names, INDEX, 2, stop.signal);
      stop.abort();
      await assert.rejects(done, { name: "AbortError" });
      assert.deepEqual(knowledge.names.search("old", 10), ["old"]);
      assert.equal(knowledge.names.lists()[0]?.time, 1);
    });
  });

  it("counts what is kept", async () => {
    await fill(knowledge);
    const stats = await knowledge.stats();
    assert.deepEqual(stats.counts, {
      pages: 1,
      metadataTexts: 1,
      projects: 2,
      releases: 1,
      artifacts: 1,
      metadata: 1,
      dependencies: 1,
      inspections: 1,
      observations: 1,
      indicators: 1,
      names: 0,
    });
    assert.equal(stats.path, folder.file);
    assert.equal(stats.journal, "wal");
    assert.ok(stats.bytes > stats.cacheBytes && stats.cacheBytes > 0);
    assert.equal(stats.oldest, 1);
    assert.equal(stats.newest, 10);
  });

  it("exports every fact without pages, lists and paths of logs, and imports it again as it was", async () => {
    await fill(knowledge);
    const path = join(folder.path, "export.ndjson");
    assert.deepEqual(await knowledge.exportTo(path), { records: 6 });
    const text = readFileSync(path, "utf8");
    assert.doesNotMatch(text, /page body|Metadata-Version|one\.log/);
    const other = folder.open({ file: join(folder.path, "other.db"), clock: () => 100 });
    assert.deepEqual(await other.importFrom(path), { records: 6, badCount: 0, bad: [] });
    assert.deepEqual(await other.facts.project("flask"), await knowledge.facts.project("flask"));
    assert.deepEqual(await other.facts.project("gone"), await knowledge.facts.project("gone"));
    assert.deepEqual(await other.facts.artifacts("flask"), await knowledge.facts.artifacts("flask"));
    assert.deepEqual(await other.facts.metadata("f.whl"), await knowledge.facts.metadata("f.whl"));
    let again = "";
    const stream = new Writable({
      write(chunk, _encoding, done) {
        again += String(chunk);
        done();
      },
    });
    await other.exportTo(stream);
    assert.equal(again, text);
    assert.equal(stream.writableEnded, false);
  });

  it("merges on import: the newer fact wins, bad lines are told with their number", async () => {
    const line = (value: object, more: object = {}) =>
      JSON.stringify({ kind: "project", source: INDEX, time: 5, value, ...more });
    const path = join(folder.path, "import.ndjson");
    writeFileSync(
      path,
      [
        '{"kind":"thoth-knowledge","version":1}',
        line({ name: "older", summary: "theirs" }),
        "{broken",
        line({ name: "newer", summary: "theirs" }),
        "",
        '{"kind":"recipe"}',
        line({ name: 7 }),
        line({ name: "future", later: true }),
        `{"kind":"project","source":"s","time":1,"value":{"name":"p","urls":{"__proto__":"x"}},"__proto__":{"a":1}}`,
      ].join("\r\n"),
    );
    const mine = (name: string, time: number) =>
      knowledge.facts.recordProject({ value: { name, summary: "mine" }, source: INDEX, time });
    await mine("older", 9);
    await mine("newer", 1);
    const result = await knowledge.importFrom(path);
    assert.equal(result.records, 4);
    assert.equal(result.badCount, 3);
    assert.deepEqual(
      result.bad.map(({ line: number }) => number),
      [3, 6, 7],
    );
    assert.equal(result.bad[0]?.reason, "it is not JSON");
    assert.match(result.bad[2]?.reason ?? "", /^value\.name: /);
    assert.equal((await knowledge.facts.project("older"))[0]?.value.summary, "mine");
    assert.equal((await knowledge.facts.project("newer"))[0]?.value.summary, "theirs");
    assert.deepEqual((await knowledge.facts.project("future"))[0]?.value, { name: "future" });
  });

  it("refuses to import what is not there, not an export, or of a newer format", async () => {
    const path = join(folder.path, "x.ndjson");
    await assert.rejects(knowledge.importFrom(path), { code: "unreadable", message: /it is not there\.$/ });
    for (const text of ["", "flask==1\n", '{"kind":"thoth-knowledge","version":2}\n']) {
      writeFileSync(path, text);
      await assert.rejects(knowledge.importFrom(path), { code: "unreadable" });
    }
    await assert.rejects(knowledge.exportTo(join(folder.path, "none", "x")), { code: "unreadable" });
  });

  it("prunes facts older than a time, but keeps the last inspection of a stack in its environment", async () => {
    await fill(knowledge);
    const kept = (await knowledge.inspections.inspection("one"))?.value;
    assert.ok(kept);
    await knowledge.inspections.recordInspection({ ...kept, id: "zero", startedAt: 3 });
    const result = await knowledge.prune({ olderThan: 8 });
    assert.equal(result.removedFacts, 2);
    assert.deepEqual(await knowledge.facts.project("gone"), []);
    assert.equal(await knowledge.inspections.inspection("zero"), undefined);
    await knowledge.prune({ olderThan: 1_000 });
    const { counts } = await knowledge.stats();
    assert.equal(counts.inspections, 1);
    assert.equal(counts.pages + counts.metadataTexts + counts.releases + counts.dependencies, 0);
  });

  it("prunes pages and texts together to a number of bytes, and vacuum gives the space back", async () => {
    for (let page = 0; page < 50; page += 1) {
      knowledge.pages.write(pageOf(`p${page}`, "x".repeat(20_000)));
      knowledge.metadata.write(`m${page}`, "x".repeat(20_000));
    }
    const before = (await knowledge.stats()).cacheBytes;
    const { freedBytes } = await knowledge.prune({ maxBytes: 100_000 });
    const after = (await knowledge.stats()).cacheBytes;
    assert.equal(before - after, freedBytes);
    assert.ok(after <= 100_000 && after > 60_000);
    await knowledge.vacuum();
    assert.ok(statSync(folder.file).size < 500_000);
    assert.deepEqual(await knowledge.check(), []);
  });

  it("clears what can be fetched again and nothing else", async () => {
    await fill(knowledge);
    await knowledge.names.replaceAll(["a"], INDEX, 1);
    await knowledge.clearCache();
    const { counts } = await knowledge.stats();
    assert.equal(counts.pages + counts.metadataTexts + counts.names, 0);
    assert.equal(counts.projects, 2);
    assert.equal(counts.inspections, 1);
    assert.equal(knowledge.pages.read("secret-page"), undefined);
  });

  describe("advisories", () => {
    const source = (name: string, asOf: number, place = name) => ({
      source: name,
      place,
      license: "CC-BY-4.0",
      time: asOf,
      newest: asOf,
      asOf,
    });
    const row = (project: string, id: string, modified = 5) => ({
      package: project,
      record: {
        id,
        severity: "high" as const,
        modified,
        aliases: ["CVE-1"],
        ranges: [[["introduced", "0"] as const, ["fixed", "2.0"] as const]],
      },
    });
    const known = (of: Knowledge) =>
      ["flask", "asked", "other"].map((name) =>
        of.advisories
          .read([name])
          ?.get(name)
          ?.records.map(({ id }) => id),
      );
    const transfer = async (other: Knowledge): Promise<string> => {
      const path = join(folder.path, "export.ndjson");
      await knowledge.exportTo(path);
      const { badCount } = await other.importFrom(path);
      assert.equal(badCount, 0);
      return readFileSync(path, "utf8");
    };

    it("go along with an export whole, without folders, and never over what is newer", async () => {
      knowledge.advisories.replace(source("archive", 50, "/home/ada/all.zip"), [row("flask", "A-1")]);
      knowledge.advisories.replace(source("/home/ada/a-own", 40), [row("flask", "B-1")]);
      knowledge.advisories.replaceProjects(source("service https://osv.example", 60), ["asked"], []);
      const other = folder.open({ file: join(folder.path, "other.db") });
      assert.doesNotMatch(await transfer(other), /ada/);
      assert.deepEqual(known(other), [["B-1", "A-1"], [], []]);
      assert.deepEqual(
        other.advisories.sources().map((one) => [one.source, one.place, one.asOf, one.records]),
        [
          ["archive", "all.zip", 50, 1],
          ["a-own", "a-own", 40, 1],
          ["service https://osv.example", "service https://osv.example", 60, 0],
        ],
      );
      assert.deepEqual(
        other.advisories.read(["flask"]),
        new Map(
          [...knowledge.advisories.read(["flask"])!].map(([name, one]) => [
            name,
            { ...one, source: "all.zip, a-own, service https://osv.example" },
          ]),
        ),
      );
      other.advisories.replace(source("archive", 90), [row("flask", "A-2", 90)]);
      await transfer(other);
      assert.deepEqual(known(other), [["B-1", "A-2"], [], []]);
    });

    it("of a bad line are left out and told", async () => {
      const path = join(folder.path, "bad.ndjson");
      const lines = [
        { kind: "thoth-knowledge", version: 1 },
        { kind: "advisory-source", ...source("archive", 50) },
        { kind: "advisory", source: "archive", ...row("flask", "A-1") },
        { kind: "advisory", source: "archive", ...row("flask", "\u001b[31m") },
        {
          kind: "advisory",
          source: "archive",
          ...row("flask", "A-3"),
          record: { id: "A-3", severity: "awful" },
        },
      ];
      writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
      const { records, bad } = await knowledge.importFrom(path);
      assert.deepEqual([records, bad.map(({ line }) => line)], [2, [4, 5]]);
      assert.deepEqual(known(knowledge)[0], ["A-1"]);
    });

    it("stay when what is old is removed and caches are emptied", async () => {
      knowledge.advisories.replace(source("archive", 50), [row("flask", "A-1")]);
      await knowledge.prune({ olderThan: 1_000, maxBytes: 0 });
      await knowledge.clearCache();
      await knowledge.vacuum();
      assert.deepEqual(known(knowledge), [["A-1"], [], []]);
    });
  });
});
