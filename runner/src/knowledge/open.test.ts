// Opening: what is made, migrated, refused, moved aside, and done without.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { KnowledgeError } from "./index.ts";
import { MIGRATIONS, SCHEMA } from "./migrations.ts";
import { CHILD, endOf, pageOf, startChild, TestFolder } from "./test/support.ts";

describe("opening knowledge", () => {
  let folder: TestFolder;
  beforeEach(() => {
    folder = new TestFolder();
  });
  afterEach(() => folder.remove());

  function fillAndClose(): void {
    const knowledge = folder.open();
    for (let page = 0; page < 100; page += 1) {
      knowledge.pages.write(pageOf(`p${page}`, String.fromCharCode(97 + (page % 26)).repeat(20_000)));
    }
    knowledge.close();
  }

  function asideNames(): string[] {
    return readdirSync(dirname(folder.file)).filter((name) => /\.damaged-\d{8}-\d{6}$/.test(name));
  }

  it("makes the folder and the file for the owner alone, with WAL", () => {
    const knowledge = folder.open();
    assert.equal(knowledge.path, folder.file);
    assert.equal(knowledge.journal, "wal");
    assert.equal(knowledge.schema, SCHEMA);
    assert.equal(statSync(folder.file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(folder.file)).mode & 0o777, 0o700);
    assert.deepEqual(folder.warnings, []);
  });

  it("takes the file that is named", () => {
    const file = join(folder.path, "elsewhere.db");
    folder.open({ file }).pages.write(pageOf("a"));
    assert.equal(folder.open({ file }).path, file);
  });

  it("migrates schema 1 and keeps its data", async () => {
    const old = folder.open({ migrations: MIGRATIONS.slice(0, 1) });
    assert.equal(old.schema, 1);
    old.pages.write(pageOf("a", "kept"));
    await old.facts.recordProject({ value: { name: "flask" }, source: "s", time: 7 });
    old.close();
    const now = folder.open();
    assert.equal(now.schema, SCHEMA);
    assert.equal(now.pages.read("a")?.body, "kept");
    assert.equal((await now.facts.project("flask"))[0]?.time, 7);
    await now.names.replaceAll(["flask"], "s", 1);
    assert.deepEqual(now.names.search("fl", 5), ["flask"]);
    assert.deepEqual(folder.warnings, []);
  });

  it("refuses a newer schema with a sentence and leaves the file as it is", () => {
    folder.open({ migrations: [...MIGRATIONS, { portable: [], embedded: [] }] }).close();
    const before = readFileSync(folder.file);
    assert.throws(
      () => folder.open(),
      (error) => {
        assert.ok(error instanceof KnowledgeError);
        assert.equal(error.code, "newer-schema");
        const [newer, known] = [MIGRATIONS.length + 1, MIGRATIONS.length];
        assert.ok(
          error.message.endsWith(
            `was written by a newer Thoth: its schema is ${newer}, this one knows ${known}.`,
          ),
        );
        assert.match(error.next, /^Update Thoth/);
        return true;
      },
    );
    assert.deepEqual(readFileSync(folder.file), before);
  });

  for (const [what, content] of [
    ["a text", "flask==1\n"],
    ["a binary", Buffer.from([0, 1, 2, 255])],
  ] as const) {
    it(`refuses ${what} that is named by mistake, and does not touch it`, () => {
      const file = join(folder.path, "requirements.txt");
      writeFileSync(file, content);
      assert.throws(() => folder.open({ file }), { code: "not-knowledge" });
      assert.deepEqual(readFileSync(file), Buffer.from(content));
    });
  }

  for (const version of [0, 1]) {
    it(`refuses another program's database of version ${version}, and leaves it as it is`, () => {
      const file = join(folder.path, "places.db");
      const other = new DatabaseSync(file);
      other.exec(`CREATE TABLE places (x); PRAGMA user_version = ${version}`);
      other.close();
      const before = readFileSync(file);
      assert.throws(() => folder.open({ file }), { code: "not-knowledge" });
      assert.deepEqual(readFileSync(file), before);
    });
  }

  it("takes an empty file as a new one", () => {
    mkdirSync(dirname(folder.file), { recursive: true });
    writeFileSync(folder.file, "");
    folder.open().pages.write(pageOf("a"));
    assert.deepEqual(folder.warnings, []);
  });

  const damages: Record<string, (file: string) => void> = {
    "cut off": (file) => truncateSync(file, Math.floor(statSync(file).size / 3)),
    "cut off within its header": (file) => truncateSync(file, 50),
    "with garbage for a header": (file) => overwrite(file, 0, 4_096),
    "all garbage": (file) => writeFileSync(file, Buffer.alloc(100_000, "garbage")),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`moves a file ${what} aside, says so once, and starts again`, async () => {
      fillAndClose();
      damage(folder.file);
      const damaged = readFileSync(folder.file);
      const knowledge = folder.open();
      assert.equal(knowledge.pages.read("p1"), undefined);
      knowledge.pages.write(pageOf("a"));
      assert.deepEqual(await knowledge.check(), []);
      knowledge.close();
      assert.equal(folder.open().pages.read("a")?.key, "a");
      assert.equal(folder.warnings.length, 1);
      assert.match(folder.warnings[0] ?? "", /was damaged\. It is kept as knowledge\.db\.damaged-/);
      const [aside] = asideNames();
      assert.deepEqual(readFileSync(join(dirname(folder.file), aside ?? "")), damaged);
    });
  }

  it("finds garbage in the middle when it is read, moves the file aside and goes on", async () => {
    fillAndClose();
    // The schema lies at the beginning and stays whole, so that opening finds nothing.
    const middle = Math.floor(statSync(folder.file).size / 2);
    overwrite(folder.file, middle, middle);
    const knowledge = folder.open();
    assert.deepEqual(folder.warnings, []);
    assert.notDeepEqual(await knowledge.check(), []);
    for (let page = 0; page < 100; page += 1) knowledge.pages.read(`p${page}`);
    knowledge.pages.write(pageOf("a"));
    knowledge.flush();
    assert.equal(knowledge.pages.read("a")?.key, "a");
    assert.equal(folder.warnings.length, 1);
    assert.equal(asideNames().length, 1);
    assert.deepEqual(await knowledge.check(), []);
  });

  it("finds garbage in the middle when a fact is recorded, and records it all the same", async () => {
    fillAndClose();
    overwrite(folder.file, 4_096, statSync(folder.file).size - 4_096);
    const knowledge = folder.open();
    await knowledge.facts.recordProject({ value: { name: "flask" }, source: "s", time: 1 });
    assert.equal((await knowledge.facts.project("flask")).length, 1);
    assert.equal(folder.warnings.length, 1);
  });

  it("finds garbage in the middle when facts are read, and knows nothing of them then", async () => {
    fillAndClose();
    overwrite(folder.file, 4_096, statSync(folder.file).size - 4_096);
    const knowledge = folder.open();
    assert.deepEqual(await knowledge.facts.releases("flask"), []);
    assert.equal(folder.warnings.length, 1);
  });

  it("does not play a journal that was left behind into a new file", () => {
    fillAndClose();
    writeFileSync(`${folder.file}-wal`, readFileSync(folder.file).subarray(0, 50_000));
    overwrite(folder.file, 0, 4_096);
    const knowledge = folder.open();
    knowledge.pages.write(pageOf("a"));
    knowledge.close();
    assert.equal(folder.open().pages.read("a")?.key, "a");
  });

  it("works in memory, with one warning, where the data folder's path goes through a file", async () => {
    writeFileSync(join(folder.path, "data"), "");
    const knowledge = folder.open();
    knowledge.pages.write(pageOf("a"));
    await knowledge.facts.recordProject({ value: { name: "flask" }, source: "s", time: 1 });
    assert.equal(knowledge.journal, "memory");
    assert.equal(knowledge.pages.read("a")?.key, "a");
    assert.equal((await knowledge.facts.project("flask")).length, 1);
    assert.deepEqual(folder.warnings, [
      `Knowledge cannot be kept in ${folder.file}: a part of its path is not a folder. What is learned now is forgotten at the end.`,
    ]);
  });

  it("works in memory where the file's own path is a folder", () => {
    mkdirSync(folder.file, { recursive: true });
    assert.equal(folder.open().journal, "memory");
    assert.match(folder.warnings[0] ?? "", /cannot be opened/);
    assert.equal(folder.warnings.length, 1);
  });

  it("says nothing of an unwritable folder where only reading is asked for", () => {
    writeFileSync(join(folder.path, "data"), "");
    assert.equal(folder.open({ readOnlyOk: true }).journal, "memory");
    assert.deepEqual(folder.warnings, []);
  });

  it("reads a file that it may not write, and keeps what is new in memory", async function () {
    const prefix = asSomebodyWhoMayNotWrite();
    if (prefix === undefined) {
      console.log("      skipped: nobody here may read this clone but not write it");
      this.skip();
    }
    const knowledge = folder.open();
    knowledge.pages.write(pageOf("a", "kept"));
    await knowledge.inspections.recordInspection({
      id: "one",
      manifest: "/m",
      environment: { digest: "e", description: {} },
      packages: [{ name: "flask", version: "3.0.0" }],
      outcome: "passed",
      startedAt: 1,
      duration: 1,
      stages: [{ name: "import", outcome: "passed", ms: 1 }],
      observations: [],
      indicators: [],
    });
    knowledge.close();
    chmodSync(folder.path, 0o755);
    chmodSync(join(folder.path, "data"), 0o755);
    chmodSync(folder.file, 0o444);
    chmodSync(dirname(folder.file), 0o555);
    const end = await endOf(startChild(folder.file, "read-and-write", prefix));
    chmodSync(dirname(folder.file), 0o755);
    assert.equal(end.code, 0, end.errors);
    const seen = JSON.parse(end.out) as Record<string, unknown>;
    assert.equal(seen.page, "kept");
    assert.equal(seen.renewed, 99);
    assert.equal(seen.removed, null);
    assert.equal(seen.written, "new");
    assert.equal(seen.stages, 1);
    assert.equal((seen.warnings as string[]).length, 1);
  });

  it("works in memory where it may not even look into the folder", async function () {
    const prefix = asSomebodyWhoMayNotWrite();
    if (prefix === undefined) {
      console.log("      skipped: nobody here may read this clone but not write it");
      this.skip();
    }
    mkdirSync(join(folder.path, "closed"), { mode: 0o000 });
    chmodSync(folder.path, 0o755);
    const end = await endOf(startChild(join(folder.path, "closed", "k.db"), "where-from", prefix));
    assert.equal(end.code, 0, end.errors);
    const seen = JSON.parse(end.out) as { journal: string; warnings: string[] };
    assert.equal(seen.journal, "memory");
    assert.equal(seen.warnings.length, 1);
    assert.match(seen.warnings[0] ?? "", /permission is denied/);
  });

  it("loads no library until facts are asked for", async () => {
    const built = await build({
      entryPoints: [fileURLToPath(new URL("index.ts", import.meta.url))],
      bundle: true,
      splitting: true,
      platform: "node",
      format: "esm",
      outdir: folder.path,
      write: false,
      metafile: true,
    });
    const { outputs } = built.metafile;
    const entry = Object.keys(outputs).find((path) =>
      outputs[path]?.entryPoint?.endsWith("knowledge/index.ts"),
    );
    const eager = new Set([entry ?? ""]);
    for (const path of eager) {
      for (const { kind, path: imported } of outputs[path]?.imports ?? []) {
        if (kind === "import-statement") eager.add(imported);
      }
    }
    const inputs = [...eager].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
    assert.ok(inputs.some((path) => path.endsWith("knowledge/sqlitePages.ts")));
    assert.deepEqual(
      inputs.filter((path) => path.includes("node_modules")),
      [],
    );
  });

  describe("on a network file system", () => {
    const mounts = { statfsType: () => 0x6969, mounts: () => "" };

    it("keeps a rollback journal instead of WAL, and says so when the file is made", () => {
      const knowledge = folder.open({ mounts });
      knowledge.pages.write(pageOf("a"));
      knowledge.flush();
      assert.equal(knowledge.journal, "delete");
      assert.deepEqual(
        readdirSync(dirname(folder.file)).filter((name) => name.endsWith("-wal")),
        [],
      );
      assert.equal(folder.warnings.length, 1);
      assert.match(folder.warnings[0] ?? "", /network file system \(nfs\).*rollback journal/);
      knowledge.close();
      folder.open({ mounts }).close();
      assert.equal(folder.warnings.length, 1);
    });

    it("changes a file that was made on a local disk, and back again", () => {
      const local = folder.open();
      local.pages.write(pageOf("a"));
      local.close();
      const remote = folder.open({ mounts });
      assert.equal(remote.pages.read("a")?.key, "a");
      assert.equal(remote.journal, "delete");
      remote.close();
      assert.equal(folder.open().journal, "wal");
    });
  });

  it("waits for a process that holds the file, and says so when it takes too long", async () => {
    folder.open().close();
    const other = new DatabaseSync(folder.file);
    const knowledge = folder.open({ busyTimeout: 10 });
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(knowledge.facts.recordProject({ value: { name: "a" }, source: "s", time: 1 }), {
      code: "busy",
    });
    knowledge.pages.write(pageOf("a"));
    knowledge.flush();
    assert.equal(knowledge.pages.read("a")?.key, "a");
    other.exec("COMMIT");
    other.close();
    knowledge.flush();
    assert.equal(folder.open().pages.read("a")?.key, "a");
  });
});

/** Root may write whatever the mode says, so it runs the child as somebody else, who must be able to read this clone. */
function asSomebodyWhoMayNotWrite(): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  if (process.getuid?.() !== 0) return [];
  const prefix = ["setpriv", "--reuid=65534", "--clear-groups"];
  const [command = "", ...rest] = [...prefix, process.execPath, "--check", CHILD];
  return spawnSync(command, rest).status === 0 ? prefix : undefined;
}

function overwrite(path: string, from: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, "garbage "), 0, length, from);
  closeSync(file);
}
