// Signers that stay from the first time they were seen, and never with a login in their source.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestFolder } from "./test/support.ts";

const SIGNER = {
  project: "demo",
  version: "1.0",
  filename: "demo-1.0.tar.gz",
  sha256: "AB".repeat(32),
  source: "https://index.example/simple/",
  identity: {
    kind: "GitHub",
    repository: "https://github.com/octo/demo",
    repositoryId: "1",
    signedAt: 5,
    run: "a",
  },
  uploadedAt: 3,
};

describe("signers in knowledge", () => {
  let folder: TestFolder;
  beforeEach(() => {
    folder = new TestFolder();
  });
  afterEach(() => folder.remove());

  it("keep the first time that they were seen, by whatever run they signed", () => {
    const { identities } = folder.open();
    identities.record([SIGNER], 100);
    identities.record([{ ...SIGNER, identity: { ...SIGNER.identity, run: "b", signedAt: 9 } }], 200);
    identities.record([SIGNER], 150);
    const [kept, ...others] = identities.ofProject("demo");
    assert.equal(others.length, 0);
    assert.deepEqual(kept, { ...SIGNER, sha256: "ab".repeat(32), firstSeen: 100, lastSeen: 200 });
  });

  it("stand beside each other where one differs, the first seen first, and survive the process", () => {
    const knowledge = folder.open();
    const other = { ...SIGNER, identity: { ...SIGNER.identity, repositoryId: "2" } };
    knowledge.identities.record([SIGNER], 100);
    knowledge.identities.record([other, { ...SIGNER, project: "else" }], 200);
    knowledge.close();
    const seen = folder.open().identities.ofProject("demo");
    assert.deepEqual(
      seen.map(({ identity, firstSeen }) => [identity.repositoryId, firstSeen]),
      [
        ["1", 100],
        ["2", 200],
      ],
    );
  });

  it("stay when old facts are removed", async () => {
    const knowledge = folder.open();
    knowledge.identities.record([SIGNER], 100);
    knowledge.prune({ olderThan: 1_000_000 });
    assert.equal(knowledge.identities.ofProject("demo").length, 1);
  });

  it("have no login in their source", () => {
    const knowledge = folder.open();
    const source = "https://user:secret-word@index.example/simple/";
    knowledge.identities.record([{ ...SIGNER, source }], 100);
    assert.doesNotMatch(knowledge.identities.ofProject("demo")[0]?.source ?? "", /secret-word/);
    knowledge.close();
    assert.ok(!readFileSync(folder.file).includes("secret-word"));
  });

  it("go from one machine to another with the time at which they were first seen, and come back as they were", async () => {
    const [one, two] = [
      folder.open({ file: join(folder.path, "one.db") }),
      folder.open({ file: join(folder.path, "two.db") }),
    ];
    one.identities.record([{ ...SIGNER, source: "https://ada:s3cret@index.example/simple/" }], 100);
    two.identities.record([SIGNER], 300);
    two.identities.record(
      [{ ...SIGNER, project: "other", identity: { kind: "Google", email: "a@b.example" } }],
      50,
    );
    const file = join(folder.path, "export.ndjson");
    assert.equal((await one.exportTo(file)).records, 1);
    assert.doesNotMatch(readFileSync(file, "utf8"), /s3cret/);
    assert.deepEqual(await two.importFrom(file), { records: 1, badCount: 0, bad: [] });
    assert.deepEqual(
      two.identities.ofProject("demo").map(({ firstSeen, lastSeen }) => [firstSeen, lastSeen]),
      [[100, 300]],
    );
    await two.exportTo(file);
    const three = folder.open({ file: join(folder.path, "three.db") });
    await three.importFrom(file);
    for (const project of ["demo", "other"])
      assert.deepEqual(three.identities.ofProject(project), two.identities.ofProject(project));
    const bad = { kind: "identity", project: "demo", version: "1", filename: "x", sha256: "no", source: "s" };
    writeFileSync(file, `${readFileSync(file, "utf8")}${JSON.stringify(bad)}\n`);
    assert.equal((await three.importFrom(file)).badCount, 1);
  });
});
