// Several processes on one file: nothing is lost, nothing is corrupted, whenever one of them is killed.
import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, renameSync, statSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { MIGRATIONS } from "./migrations.ts";
import { endOf, killAfter, pageOf, startChild, TestFolder } from "./test/support.ts";

describe("the file of knowledge between processes", function () {
  this.timeout(120_000);
  let folder: TestFolder;
  beforeEach(() => {
    folder = new TestFolder();
  });
  afterEach(() => folder.remove());

  it("loses no increment and no page when three processes make the file and write at once", async () => {
    folder.open().close();
    const file = `${folder.path}/shared.db`;
    const children = [1, 2, 3].map(() => startChild(file, "increment"));
    for (const end of await Promise.all(children.map(endOf))) {
      assert.equal(end.code, 0, end.errors);
      assert.deepEqual(JSON.parse(end.out), { warnings: [] });
    }
    const knowledge = folder.open({ file });
    const [counter] = await knowledge.facts.project("counter");
    assert.equal(counter?.time, 600);
    assert.equal((await knowledge.stats()).counts.pages, 600);
    assert.deepEqual(await knowledge.check(), []);
  });

  it("opens and is sound after each of many kills at random moments", async () => {
    folder.open().close();
    // The child does not wait while its lines are read, so each kill meets it somewhere in a later turn.
    for (const turns of fc.sample(fc.integer({ min: 1, max: 40 }), 20)) {
      await killAfter(startChild(folder.file, "write-for-ever"), turns);
      const knowledge = folder.open();
      assert.deepEqual(await knowledge.check(), [], `killed after ${turns} turns`);
      assert.ok((await knowledge.facts.releases("project-0")).length >= 20);
      knowledge.close();
    }
    assert.deepEqual(folder.warnings, []);
  });

  it("is set aside once when several processes find it damaged at once", async () => {
    const knowledge = folder.open();
    for (let page = 0; page < 50; page += 1) knowledge.pages.write(pageOf(`p${page}`, "x".repeat(5_000)));
    knowledge.close();
    truncateSync(folder.file, statSync(folder.file).size - 40_000);
    const children = [1, 2, 3, 4].map(() => startChild(folder.file, "read"));
    const ends = await Promise.all(children.map(endOf));
    const warnings = ends.flatMap((end) => {
      assert.equal(end.code, 0, end.errors);
      return (JSON.parse(end.out) as { warnings: string[] }).warnings;
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /was damaged\. It is kept as knowledge\.db\.damaged-\d{8}-\d{6};/);
    const aside = readdirSync(dirname(folder.file)).filter((name) => /damaged-\d{8}-\d{6}$/.test(name));
    assert.equal(aside.length, 1);
    const rebuilt = folder.open();
    rebuilt.pages.write(pageOf("a"));
    assert.deepEqual(await rebuilt.check(), []);
  });

  it("is set aside and rebuilt when it is damaged underneath three processes that write", async () => {
    folder.open().close();
    const children = [1, 2, 3].map(() => startChild(folder.file, "write-for-ever"));
    const errors: string[] = [];
    for (const child of children) child.stderr?.on("data", (text) => errors.push(String(text)));
    children[0]?.stdout?.once("data", () => {
      const file = openSync(folder.file, "r+");
      const garbage = Buffer.alloc(4_096, "garbage ");
      for (let at = 0; at < statSync(folder.file).size; at += 8_192) writeSync(file, garbage, 0, 4_096, at);
      closeSync(file);
    });
    await Promise.all(children.map((child, at) => killAfter(child, 120 + at * 30)));
    assert.deepEqual(errors, []);
    const knowledge = folder.open();
    // A kill may have come before the damage was met; then it is met here.
    await knowledge.stats();
    knowledge.pages.prune(0);
    for (let project = 0; project < 20; project += 1) await knowledge.facts.releases(`project-${project}`);
    await knowledge.facts.recordProject({ value: { name: "after" }, source: "test", time: 1 });
    assert.deepEqual(await knowledge.check(), []);
    assert.ok(readdirSync(dirname(folder.file)).some((name) => /damaged-\d{8}-\d{6}$/.test(name)));
  });

  it("keeps working in a process whose file another one has set aside, in the one that is in place", async () => {
    const early = folder.open();
    early.pages.write(pageOf("before"));
    early.flush();
    early.pages.read("before");
    for (const suffix of ["-wal", "-shm", ""])
      renameSync(folder.file + suffix, `${folder.file}.old${suffix}`);
    const late = folder.open();
    late.pages.write(pageOf("late"));
    late.flush();
    early.pages.write(pageOf("early"));
    early.flush();
    assert.equal(late.pages.read("early")?.key, "early");
    assert.equal(early.pages.read("late")?.key, "late");
    early.close();
    late.pages.write(pageOf("after"));
    late.flush();
    assert.deepEqual(await late.check(), []);
    late.close();
    assert.equal(folder.open().pages.read("after")?.key, "after");
  });

  it("goes on in memory when a newer Thoth has put a file of its own in place", () => {
    const early = folder.open();
    early.flush();
    for (const suffix of ["-wal", "-shm", ""])
      renameSync(folder.file + suffix, `${folder.file}.old${suffix}`);
    folder.open({ migrations: [...MIGRATIONS, { portable: [], embedded: [] }] }).close();
    early.pages.write(pageOf("a"));
    early.flush();
    assert.equal(early.journal, "memory");
    assert.equal(early.pages.read("a")?.key, "a");
    assert.match(folder.warnings.join("\n"), /^Knowledge cannot be kept in .*newer Thoth/);
  });

  it("goes on in memory, with one warning, when the disk is full", async function () {
    if (process.platform !== "linux") this.skip();
    const file = `${folder.path}/full.db`;
    // RLIMIT_FSIZE stands for the full disk: a write beyond 1 MiB of any file fails.
    const end = await endOf(startChild(file, "fill", ["prlimit", "--fsize=1048576"]));
    assert.equal(end.code, 0, end.errors);
    const seen = JSON.parse(end.out) as { pages: number; late: number; warnings: string[] };
    assert.equal(seen.pages, 60);
    assert.equal(seen.late, 1);
    assert.equal(seen.warnings.length, 1);
    assert.match(seen.warnings[0] ?? "", /^Knowledge cannot be kept in .*full\.db: the disk/);
    const after = folder.open({ file });
    assert.deepEqual(await after.check(), []);
    assert.equal(after.pages.read("page-0")?.body.length, 100_000);
  });
});
