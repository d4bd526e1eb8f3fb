// Signers that stay from the first time they were seen, and never with a login in their source.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
});
