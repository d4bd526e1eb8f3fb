// An index, an advisory or a clock that lies: what the operation says of each, and that nothing of it passes for checked.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import type { CheckState } from "../../../shared/src/protocol/provenance.ts";
import {
  type BuiltArtifact,
  buildSdist,
  buildWheel,
  type IndexedFile,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import { makeProvenancePlace, onlyCheck, type ProvenancePlace } from "../../../test/support/provenance.ts";
import { createSigstore, type ThrowAwaySigstore } from "../../../test/support/sigstore.ts";
import { createContext, loadOperation } from "../operations/index.ts";

const DAY = 86_400_000;
const NOW = Date.now() + 3_600_000;
const YEAR = 365.25 * DAY;
const uploaded = (daysAgo: number): string => new Date(NOW - daysAgo * DAY).toISOString();
const demo = buildWheel({ name: "demo", version: "1.0" });
const twin = buildWheel({ name: "demo", version: "1.0", summary: "another" });
const old = { artifact: demo, uploadTime: uploaded(100), provenance: null } satisfies IndexedFile;
const pinned = `demo==1.0 --hash=sha256:${demo.sha256}`;

describe("lies", () => {
  let place: ProvenancePlace;
  let sigstore: ThrowAwaySigstore;
  const open: RunningIndex[] = [];

  before(async () => {
    sigstore = await createSigstore();
  });
  beforeEach(() => {
    place = makeProvenancePlace();
  });
  afterEach(async () => {
    place.remove();
    for (const index of open.splice(0)) await index.close();
  });

  const serve = async (
    files: readonly (IndexedFile | BuiltArtifact)[],
    options?: IndexOptions,
  ): Promise<RunningIndex> => {
    const index = await startIndex({ demo: files }, options);
    open.push(index);
    return index;
  };
  const over = async (indexes: readonly RunningIndex[], line = pinned, input = {}, now = NOW) => {
    const options = indexes.map(({ url }, at) => `${at === 0 ? "--index-url" : "--extra-index-url"} ${url}`);
    place.write("requirements.txt", [...options, line, ""].join("\n"));
    return place.run(["requirements.txt"], input, now);
  };
  /** Reads records in as `thoth knowledge update advisories --from FOLDER` does. */
  const advise = async (records: readonly Record<string, unknown>[]): Promise<void> => {
    const folder = join(place.folder, "records");
    mkdirSync(folder, { recursive: true });
    records.forEach((record, at) => void writeFileSync(join(folder, `${at}.json`), JSON.stringify(record)));
    const context = createContext({
      version: "0.0.0",
      knowledgeFile: place.knowledge,
      now: () => NOW,
      machine: { env: { HOME: place.folder }, platform: "linux", home: place.folder },
    });
    try {
      const update = await loadOperation("knowledge");
      const input = { cwd: place.folder, action: "update", what: "advisories", from: folder } as const;
      await update(context, input, { progress() {}, partial() {}, warn() {} }, new AbortController().signal);
    } finally {
      await context.close();
    }
  };
  const advisory = (id: string, more: object = {}, affected: object = {}) => ({
    id,
    modified: uploaded(1),
    affected: [{ package: { ecosystem: "PyPI", name: "demo" }, ...affected }],
    ...more,
  });
  const everywhere = { ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.0" }] }] };

  describe("of an index about a digest", () => {
    it("in HTML and another one in JSON: whichever it sends, a lock of the other one is refused", async () => {
      for (const html of [false, true]) {
        const told = html ? twin : demo;
        const other = html ? demo : twin;
        const index = await serve([{ ...old, listedSha256: told.sha256 }], { html });
        const right = await over([index], `demo==1.0 --hash=sha256:${told.sha256}`);
        onlyCheck(right.checks("demo", "artifact-digest"), "passed");
        const wrong = await over([index], `demo==1.0 --hash=sha256:${other.sha256}`);
        const check = onlyCheck(wrong.checks("demo", "artifact-digest"), "failed");
        assert.deepEqual([check.severity, check.aliases], ["error", ["INVALID-ARTIFACT-HASH"]]);
      }
    });

    it("that changes from one request to the next is told as soon as the page is asked for again", async () => {
      const index = await serve([old]);
      onlyCheck((await over([index])).checks("demo", "artifact-digest"), "passed");
      index.projects.demo = [{ ...old, artifact: twin }];
      const later = await over([index], pinned, {}, NOW + DAY);
      onlyCheck(later.checks("demo", "artifact-digest"), "failed");
    });

    it("that two forms of one index give differently is another content under one name", async () => {
      const json = await serve([old]);
      const html = await serve([{ ...old, listedSha256: twin.sha256 }], { html: true });
      const check = onlyCheck(
        (await over([json, html])).checks("demo", "artifact-on-several-indexes"),
        "failed",
      );
      assert.deepEqual(check.aliases, ["DIFFERENT-ARTIFACTS-ON-SOURCES"]);
    });

    it("is found out by its bytes, with --download", async () => {
      const index = await serve([{ ...old, artifact: { ...twin, sha256: demo.sha256 } }]);
      onlyCheck((await over([index])).checks("demo", "artifact-digest"), "passed");
      const checks = (await over([index], pinned, { download: true })).checks("demo", "archive-truth");
      assert.match(onlyCheck(checks, "failed").message, /another digest/);
    });
  });

  describe("of an index about who has signed", () => {
    const signed = async (artifact: BuiltArtifact, more: object = {}): Promise<unknown> =>
      sigstore.provenance({ filename: artifact.filename, sha256: artifact.sha256, ...more });
    const attested = async (answers: Record<string, unknown>, options: IndexOptions = {}, now = NOW) => {
      const index = await serve([], {
        ...options,
        misbehave: (request, response) => {
          const found = answers[request.url ?? ""];
          if (found === undefined) return options.misbehave?.(request, response);
          if (typeof found === "string") return !!response.writeHead(302, { location: found }).end();
          return !!response.end(JSON.stringify(found));
        },
      });
      index.projects.demo = [{ ...old, provenance: `${index.origin}/integrity` }];
      const trustedRoot = place.write("root.json", JSON.stringify(sigstore.root));
      const answer = await over([index], pinned, { trustedRoot }, now);
      return { index, check: (state: CheckState) => onlyCheck(answer.checks("demo", "attestation"), state) };
    };

    it("with another file's attestation, of the same project and signer", async () => {
      const { check } = await attested({ "/integrity": await signed(twin) });
      assert.deepEqual(check("failed").labels, ["other-digest"]);
      const sdist = buildSdist({ name: "demo", version: "1.0" });
      const other = await attested({ "/integrity": await signed(sdist) });
      assert.deepEqual(other.check("failed").labels, ["other-name"]);
    });

    it("with a publisher that is not the certificate's", async () => {
      const { check } = await attested({
        "/integrity": await sigstore.provenance(
          { filename: demo.filename, sha256: demo.sha256 },
          { kind: "GitHub", repository: "octo/other", workflow: "release.yml" },
        ),
      });
      assert.deepEqual(check("failed").labels, ["other-publisher"]);
    });

    it("behind a redirect is what the signature holds, and behind one that never ends nothing", async () => {
      const provenance = await signed(demo);
      const there = await startIndex(
        {},
        { misbehave: (_, response) => !!response.end(JSON.stringify(provenance)) },
      );
      open.push(there);
      (await attested({ "/integrity": `${there.origin}/elsewhere` })).check("passed");
      (await attested({ "/integrity": "/integrity" })).check("not-checked");
      (await attested({ "/integrity": "file:///etc/passwd" })).check("not-checked");
    });

    it("with a web page, with no object, and with a bomb", async () => {
      for (const body of [
        Buffer.from("<html>"),
        Buffer.from('"text'),
        gzipSync(Buffer.alloc(64 * 1024 * 1024)),
      ]) {
        const { check } = await attested(
          {},
          {
            misbehave: (request, response) => {
              if (request.url !== "/integrity") return undefined;
              const headers = body[0] === 0x1f ? { "content-encoding": "gzip" } : {};
              return !!response.writeHead(200, { "content-type": "application/json", ...headers }).end(body);
            },
          },
        );
        check("not-checked");
      }
      (await attested({ "/integrity": [] })).check("failed");
      (await attested({ "/integrity": { version: 1, attestation_bundles: [] } })).check("absent");
      (await attested({ "/integrity": { version: 2, attestation_bundles: [] } })).check("not-checked");
    });

    it("and is told, as information, where the project's pages name another repository", async () => {
      const states = async (url: string) => {
        const artifact = buildWheel({
          name: "demo",
          version: "1.0",
          headers: [`Project-URL: Source, ${url}`],
        });
        const provenance = await signed(artifact);
        const index = await serve([], {
          misbehave: (request, response) =>
            request.url === "/integrity" ? !!response.end(JSON.stringify(provenance)) : undefined,
        });
        index.projects.demo = [{ ...old, artifact, provenance: `${index.origin}/integrity` }];
        const trustedRoot = place.write("root.json", JSON.stringify(sigstore.root));
        const line = `demo==1.0 --hash=sha256:${artifact.sha256}`;
        // The metadata is at hand once it was asked for.
        await over([index], line, { trustedRoot, graph: true });
        const answer = await over([index], line, { trustedRoot });
        onlyCheck(answer.checks("demo", "attestation"), "passed");
        return answer
          .checks("demo", "publisher-continuity")
          .filter(({ state }) => state === "failed")
          .map(({ severity, message }) => [severity, message]);
      };
      assert.deepEqual(await states("https://github.com/octo/demo"), []);
      assert.deepEqual(await states("https://example.com/octo/demo"), []);
      assert.deepEqual(await states("https://github.com/evil/demo"), [
        ["information", "The project's pages name github.com/evil/demo; it is signed by octo/demo."],
      ]);
    });

    it("cannot be told by a clock that is years behind, and holds by one that is years ahead", async () => {
      const provenance = await signed(demo);
      const early = await attested({ "/integrity": provenance }, {}, NOW - 5 * YEAR);
      assert.deepEqual(early.check("not-checked").labels, ["future-signature"]);
      (await attested({ "/integrity": provenance }, {}, NOW + 10 * YEAR)).check("passed");
      // What a false clock said is forgotten with it.
      (await attested({ "/integrity": provenance })).check("passed");
    });
  });

  describe("of a clock", () => {
    it("years behind: no file is old enough by it, and none is called young", async () => {
      const index = await serve([old]);
      const answer = await over([index], pinned, {}, NOW - 5 * YEAR);
      assert.match(onlyCheck(answer.checks("demo", "cool-down"), "not-checked").message, /in the future/);
      onlyCheck(answer.checks("demo", "artifact-digest"), "passed");
      onlyCheck((await over([index])).checks("demo", "cool-down"), "passed");
    });

    it("years ahead: advisories are told to be old, and offline pages too", async () => {
      await advise([advisory("GHSA-1", {}, everywhere)]);
      const index = await serve([old]);
      await over([index]);
      const answer = await over([index], pinned, { offline: true }, NOW + 10 * YEAR);
      const check = onlyCheck(answer.checks("demo", "known-vulnerability"), "failed");
      assert.equal(check.evidence[0]?.freshness, "stale");
      assert.ok(
        answer.result.basis.some(({ what, says }) => what === "advisories" && /older than a week/.test(says)),
      );
      assert.equal(answer.checks("demo", "artifact-digest")[0]?.evidence[0]?.freshness, "stale");
    });

    it("of the index, which dates an upload years ahead or before there were indexes", async () => {
      const ahead = await serve([{ ...old, uploadTime: uploaded(-3650) }]);
      onlyCheck((await over([ahead])).checks("demo", "cool-down"), "not-checked");
      const broken = await serve([{ ...old, uploadTime: "yesterday" }]);
      onlyCheck((await over([broken])).checks("demo", "cool-down"), "not-checked");
      onlyCheck((await over([broken])).checks("demo", "abandoned-project"), "not-checked");
    });
  });

  describe("of advisories", () => {
    const known = async (line = pinned) => {
      const index = await serve([old]);
      return (await over([index], line)).checks("demo", "known-vulnerability");
    };

    it("whose aliases go in circles are one thing, told once", async () => {
      await advise([
        advisory("GHSA-1", { aliases: ["CVE-1"] }, everywhere),
        advisory("PYSEC-1", { aliases: ["CVE-2", "GHSA-3"] }, everywhere),
        advisory("GHSA-3", { aliases: ["CVE-1", "PYSEC-1", "GHSA-3"] }, everywhere),
      ]);
      const { advisories = [], message } = onlyCheck(await known(), "failed");
      assert.equal(advisories.length, 1);
      assert.equal(advisories[0]?.id, "GHSA-1");
      assert.match(message, /demo 1\.0 has 1 advisory/);
    });

    it("without ranges hold for the versions that they name, and for none where they name none", async () => {
      await advise([
        advisory("A-1"),
        advisory("A-2", {}, { ranges: null }),
        advisory("A-3", {}, { ranges: "all" }),
      ]);
      onlyCheck(await known(), "passed");
      await advise([advisory("A-1"), advisory("A-4", {}, { versions: ["1.0.0", 3, null] })]);
      assert.deepEqual(
        onlyCheck(await known(), "failed").advisories?.map(({ id }) => id),
        ["A-4"],
      );
    });

    it("with hostile texts come out without control characters, and what is no advisory is left out", async () => {
      const hostile = "\u001b[31mred\u202e\u0000\nPASSED";
      await advise([
        advisory(
          "A-1",
          { summary: hostile, aliases: [hostile, "CVE-1\n"], severity: [{ score: hostile }] },
          everywhere,
        ),
        advisory("../../A-2", {}, everywhere),
        advisory("__proto__", {}, everywhere),
      ]);
      const { advisories = [], message } = onlyCheck(await known(), "failed");
      assert.deepEqual(
        advisories.map(({ id, aliases, severity, summary }) => [id, aliases, severity, summary]),
        [["A-1", [], "unknown", "[31mred PASSED"]],
      );
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
    });
  });

  it("in every text of an index come out without control characters, in each place that they are told at", async () => {
    const hostile = "\u001b]0;title\u0007\u202eno\u0000t\r\n1:1 passed";
    const index = await serve([]);
    index.projects.demo = {
      files: [{ ...old, yanked: hostile }],
      status: "quarantined",
      statusReason: hostile,
    };
    const answer = await over([index]);
    assert.equal(answer.checks("demo", "known-bad")[0]?.severity, "error");
    const texts: string[] = [];
    JSON.stringify(answer.result, (_, value) => {
      if (typeof value === "string") texts.push(value);
      return value;
    });
    assert.ok(texts.some((text) => text.includes("1:1 passed")));
    for (const text of texts) assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
  });

  it("of an archive: a bomb in a wheel, looked into, ends as a finding or as not checked, and never as sound", async () => {
    const record =
      "demo.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\ndemo-1.0.dist-info/RECORD,,\n";
    const bytes = Buffer.from(
      zipSync({ "demo.py": new Uint8Array(3_000_000), "demo-1.0.dist-info/RECORD": strToU8(record) }),
    );
    for (const size of [0, 600_000_000]) {
      const bomb = Buffer.from(bytes);
      for (const at of [22, bomb.indexOf("PK\u0001\u0002") + 24]) bomb.writeUInt32LE(size, at);
      const sha256 = createHash("sha256").update(bomb).digest("hex");
      const index = await serve([{ ...demo, bytes: bomb, sha256 }]);
      const checks = (await over([index], "demo==1.0", { download: true })).checks("demo", "archive-truth");
      assert.ok(
        checks.length > 0 && checks.every(({ state }) => state === "failed" || state === "not-checked"),
      );
    }
  });
});
