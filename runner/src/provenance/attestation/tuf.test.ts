// The trust root is brought up to date by TUF, and nothing that TUF forbids is taken; what is old is said to be.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientFor, settingsFor } from "../../../../test/support/indexClient.ts";
import { createSigstore } from "../../../../test/support/sigstore.ts";
import { type Published, startTufRepository, type TufRepository } from "../../../../test/support/tuf.ts";
import { currentTrust, shippedTrust, type TrustState, trustFromFile, updateTrust } from "./index.ts";
import { CONFORMANCE, isConformanceHere } from "./testing.ts";

interface Root {
  tlogs: { publicKey: { rawBytes: string; validFor: { start?: string; end?: string } } }[];
  certificateAuthorities: { certChain: { certificates: unknown[] } }[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe("the trust root", () => {
  let repository: TufRepository;
  let folder: string;
  let roots: Record<string, unknown>[];
  const closing: { close(): Promise<void> }[] = [];
  before(async () => {
    roots = [(await createSigstore()).root, (await createSigstore()).root];
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "thoth-trust-"));
    repository = await startTufRepository();
  });
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
    await repository.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const publish = (version: number, more: Partial<Published> = {}): void =>
    repository.publish({ trustedRoot: roots[version > 1 ? 1 : 0], version, ...more });

  /** Asks as the runner does: through the index client, which has proxy and certificates. */
  const update = async (now = Date.now(), more: object = {}): Promise<TrustState> => {
    const client = clientFor(settingsFor("http://127.0.0.1:9/simple/"), more);
    closing.push(client);
    return updateTrust({
      folder,
      now,
      repository: repository.url,
      root: repository.root,
      fetch: (url, maxBytes) => client.text(url, { maxBytes }),
    });
  };

  it("that is shipped is the one that the repository listed on its day", async function () {
    const trust = await shippedTrust();
    assert.equal(trust.source, "shipped");
    assert.equal(new Date(trust.time ?? 0).toISOString().slice(0, 10), "2026-08-21");
    if (!isConformanceHere) return this.skip();
    const file = readFileSync(fileURLToPath(new URL("../../data/trusted_root.json", import.meta.url)));
    const targets = JSON.parse(readFileSync(`${CONFORMANCE}trusted-root/targets.json`, "utf8"));
    const listed = targets.signed.targets["trusted_root.json"].hashes.sha256;
    assert.equal(createHash("sha256").update(file).digest("hex"), listed);
  });

  it("is the shipped one before anybody was asked, and that is said", async () => {
    const state = await currentTrust(folder, Date.now());
    assert.equal(state.trust.source, "shipped");
    assert.equal(state.sentence, "The trust root is the one that came with Thoth, of 21 August 2026.");
  });

  it("comes from the repository, is kept, and is not asked for again within a day", async () => {
    publish(1);
    const now = Date.now();
    const state = await update(now);
    assert.equal(state.failure, undefined, state.failure?.message);
    assert.deepEqual(state.trust.root, roots[0]);
    assert.equal(state.trust.source, "updated");
    assert.equal(state.freshness, "fresh");
    assert.equal(state.confirmedAt, now);
    const asked = repository.requests.length;
    assert.deepEqual((await update(now + HOUR)).trust.root, roots[0]);
    assert.equal(repository.requests.length, asked);
    const kept = await currentTrust(folder, now + HOUR);
    assert.equal(kept.trust.sha256, state.trust.sha256);
    assert.equal(kept.trust.time, now);
  });

  it("is replaced by a later one, through a root with new keys", async () => {
    publish(1);
    const now = Date.now();
    await update(now);
    publish(2, { rotate: true });
    const state = await update(now + 2 * DAY);
    assert.equal(state.failure, undefined, state.failure?.message);
    assert.deepEqual(state.trust.root, roots[1]);
    assert.equal(state.trust.time, now + 2 * DAY);
    publish(3);
    const later = await update(now + 4 * DAY);
    assert.equal(
      later.trust.time,
      now + 2 * DAY,
      "the same trust root keeps the day on which it was first seen",
    );
  });

  const refused: readonly (readonly [string, Partial<Published>, string, RegExp])[] = [
    ["an expired timestamp", { expires: { timestamp: Date.now() - DAY } }, "expired-metadata", /has expired/],
    ["an expired snapshot", { expires: { snapshot: Date.now() - DAY } }, "expired-metadata", /has expired/],
    ["expired targets", { expires: { targets: Date.now() - DAY } }, "expired-metadata", /has expired/],
    ["an expired root", { expires: { root: Date.now() - DAY } }, "expired-metadata", /has expired/],
    ["a forged timestamp", { forged: "timestamp" }, "invalid-metadata", /not validly signed/],
    ["a forged snapshot", { forged: "snapshot" }, "invalid-metadata", /not validly signed/],
    ["forged targets", { forged: "targets" }, "invalid-metadata", /not validly signed/],
    [
      "another trust root than the one listed",
      { otherTarget: "{}" },
      "invalid-metadata",
      /serves another file than its metadata lists \(Expected length/,
    ],
    [
      "a snapshot of before under a new timestamp",
      { mixed: "snapshot" },
      "invalid-metadata",
      /does not fit together/,
    ],
    [
      "targets of before under a new snapshot",
      { mixed: "targets" },
      "invalid-metadata",
      /does not fit together \(Version 2 of targets/,
    ],
    [
      "a snapshot that goes back to targets of before",
      { targetsListed: 1 },
      "older-metadata",
      /older than what it served before/,
    ],
    [
      "a root that only its own keys have signed",
      { rotate: "alone" },
      "invalid-metadata",
      /not validly signed \(root was signed by 0\/1 keys\)/,
    ],
    ["a root that leaves a version out", { rootVersion: 3 }, "invalid-metadata", /does not fit together/],
    [
      "a timestamp that is none",
      { instead: { role: "timestamp", bytes: Buffer.from("<html>") } },
      "invalid-metadata",
      /cannot be read/,
    ],
    [
      "a timestamp without an end",
      { instead: { role: "timestamp", bytes: Buffer.alloc(1_000_000, 32) } },
      "unreachable",
      /sent more than/,
    ],
    ["a trust root that is none", { trustedRoot: { tlogs: [] } }, "invalid-trust-root", /is no trust root/],
  ];
  for (const [what, change, code, message] of refused) {
    it(`is not replaced by ${what}, which is said`, async () => {
      publish(2);
      const now = Date.now();
      await update(now);
      publish(3, { trustedRoot: roots[0], ...change });
      const state = await update(now + 2 * DAY);
      assert.equal(state.failure?.code, code, state.failure?.message);
      assert.match(state.sentence, message);
      assert.deepEqual(state.trust.root, roots[1]);
      assert.equal(state.confirmedAt, now);
    });
  }

  it("is not rolled back to metadata of before", async () => {
    publish(2);
    const now = Date.now();
    await update(now);
    publish(1);
    const state = await update(now + 2 * DAY);
    assert.equal(state.failure?.code, "older-metadata", state.failure?.message);
    assert.deepEqual(state.trust.root, roots[1]);
  });

  it("stays where the repository cannot be asked, and says since when", async () => {
    publish(1);
    const now = Date.now();
    await update(now);
    repository.fail(503);
    const down = await update(now + 2 * DAY);
    assert.equal(down.failure?.code, "unreachable");
    assert.match(down.sentence, /confirmed on .*\. Not checked: .* answered 503\.$/);
    const offline = await update(now + 30 * DAY, { offline: true });
    assert.equal(offline.failure?.code, "offline");
    assert.equal(offline.freshness, "stale");
    assert.match(offline.sentence, /does not expire; its confirmation of .* ran out on /);
  });

  it("is the shipped one where nothing was ever fetched and nobody answers", async () => {
    repository.fail(500);
    const state = await update();
    assert.equal(state.trust.source, "shipped");
    assert.equal(state.failure?.code, "unreachable");
  });

  it("is fetched anew where what was kept is damaged", async () => {
    publish(1);
    const now = Date.now();
    await update(now);
    const path = join(folder, "trust", "state.json");
    const state = JSON.parse(readFileSync(path, "utf8"));
    for (const damaged of [
      { ...state, root: {} },
      { ...state, sha256: undefined },
      { ...state, expires: "" },
    ]) {
      writeFileSync(path, JSON.stringify(damaged));
      assert.equal((await currentTrust(folder, now)).trust.source, "shipped");
    }
    writeFileSync(path, "{");
    writeFileSync(join(folder, "trust", "tuf", "root.json"), "{");
    const again = await update(now + HOUR);
    assert.equal(again.failure, undefined, again.failure?.message);
    assert.deepEqual(again.trust.root, roots[0]);
  });

  it("is what a file says where the person names one, and a file that is none is refused", async () => {
    const path = join(folder, "mine.json");
    writeFileSync(path, JSON.stringify(roots[1]));
    const state = await trustFromFile(path);
    assert.ok("trust" in state);
    assert.deepEqual([state.trust.source, state.freshness], ["file", "fixed"]);
    for (const [text, code] of [
      ["{", "invalid-trust-root"],
      ["{}", "invalid-trust-root"],
      ['{"tlogs":[{"publicKey":{"rawBytes":"AAAA"}}]}', "invalid-trust-root"],
      ["[".repeat(100_000) + "]".repeat(100_000), "invalid-trust-root"],
    ] as const) {
      writeFileSync(path, text);
      const answer = await trustFromFile(path);
      assert.equal("failure" in answer && answer.failure?.code, code, text);
    }
    const bent: readonly (readonly [(root: Root) => void, RegExp])[] = [
      [(root) => delete root.tlogs[0]!.publicKey.validFor.start, /does not say since when it holds/],
      [(root) => (root.tlogs[0]!.publicKey.validFor.start = "soon"), /does not say since when it holds/],
      [(root) => (root.tlogs[0]!.publicKey.validFor.end = "never"), /does not say until when it holds/],
      [(root) => (root.certificateAuthorities[0]!.certChain.certificates = []), /has no certificate/],
      [
        (root) => (root.certificateAuthorities = root.tlogs = []),
        /names no certificate authority and no log/,
      ],
      [(root) => (root.tlogs[0]!.publicKey.rawBytes = "AAAA"), /a part of it cannot be read/],
    ];
    for (const [bend, says] of bent) {
      const root = structuredClone(roots[1]) as unknown as Root;
      bend(root);
      writeFileSync(path, JSON.stringify(root));
      const answer = await trustFromFile(path);
      assert.match(("failure" in answer && answer.failure?.message) || "", says);
    }
    const missing = await trustFromFile(join(folder, "none.json"));
    assert.equal("failure" in missing && missing.failure?.code, "unreadable");
  });
});
