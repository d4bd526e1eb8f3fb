// Every check of provenance in every state that it has, against indexes on loopback.
import assert from "node:assert/strict";
import type { AdvisoryRecord } from "../../../shared/src/advisory/index.ts";
import type { CheckState, ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import {
  buildSdist,
  buildWheel,
  type IndexedFile,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import {
  makeProvenancePlace,
  NOW,
  onlyCheck,
  type ProvenancePlace,
} from "../../../test/support/provenance.ts";
import { openKnowledge } from "../knowledge/index.ts";

const DAY = 86_400_000;
const ZERO = "0".repeat(64);
const uploaded = (daysAgo: number): string => new Date(NOW - daysAgo * DAY).toISOString();

describe("the checks of provenance", () => {
  const open: RunningIndex[] = [];
  let place: ProvenancePlace;

  beforeEach(() => {
    place = makeProvenancePlace();
  });
  afterEach(async () => {
    place.remove();
    for (const index of open.splice(0)) await index.close();
  });

  const serve = async (projects: RunningIndex["projects"], options?: IndexOptions): Promise<RunningIndex> => {
    const index = await startIndex(projects, options);
    open.push(index);
    return index;
  };
  const demo = buildWheel({ name: "demo", version: "1.0" });
  const old = { artifact: demo, uploadTime: uploaded(100), provenance: null } satisfies IndexedFile;
  /** Runs over a requirements file with these lines, against the one index. */
  const over = async (index: RunningIndex, lines: readonly string[], input = {}, now?: number) => {
    place.write("requirements.txt", `--index-url ${index.url}\n${lines.join("\n")}\n`);
    return place.run(["requirements.txt"], input, now);
  };
  const pinned = `demo==1.0 --hash=sha256:${demo.sha256}`;

  describe("1, pinned and hashed", () => {
    const rule = "pinned-and-hashed";

    it("passes a pin with a strong digest", async () => {
      const answer = await over(await serve({ demo: [old] }), [pinned]);
      onlyCheck(answer.checks("demo", rule), "passed");
    });

    it("fails a range, a line that alone has no digest, weak digests, loose references and addresses", async () => {
      const lines = {
        "demo>=1": /not pinned to one version/,
        "other==1.0": /no digest although others have/,
        [`weak==1.0 --hash=md5:${"a".repeat(32)}`]: /only held to md5/,
        "demo @ git+https://example.com/demo.git@main": /git at main, which is no whole commit/,
        "short @ git+https://example.com/short.git@1234567": /no whole commit/,
        "bare @ git+https://example.com/bare.git": /git at no commit/,
        "away @ https://example.com/away-1.0-py3-none-any.whl": /an address without a hash/,
      };
      const index = await serve({});
      for (const [line, message] of Object.entries(lines)) {
        const name = /^\w+/.exec(line)![0];
        const answer = await over(index, [line, `also==1.0 --hash=sha256:${ZERO}`]);
        const check = onlyCheck(answer.checks(name, rule), "failed");
        assert.match(check.message, message);
        assert.equal(check.severity, "information");
      }
    });

    it("holds an address that names no project to the same, by what its path ends in", async () => {
      const answer = await over(await serve({}), [
        "git+https://ada:s3cret@example.com/team/demo.git@main",
        `git+https://example.com/other.git@${"a".repeat(40)}`,
        "https://example.com/archive/tool.zip",
      ]);
      assert.match(
        onlyCheck(answer.checks("demo", rule), "failed").message,
        /demo is taken from git at main/,
      );
      onlyCheck(answer.checks("other", rule), "passed");
      onlyCheck(answer.checks("tool-zip", rule), "failed");
      assert.doesNotMatch(JSON.stringify(answer), /s3cret/);
    });

    it("passes a whole commit and an address with its digest", async () => {
      const commit = "a".repeat(40);
      const answer = await over(await serve({}), [
        `demo @ git+https://example.com/demo.git@${commit}`,
        `away @ https://example.com/away-1.0-py3-none-any.whl#sha256=${ZERO}`,
      ]);
      onlyCheck(answer.checks("demo", rule), "passed");
      onlyCheck(answer.checks("away", rule), "passed");
    });

    it("has nothing to check in a file without any digest, and says so of each line", async () => {
      const answer = await over(await serve({ demo: [old] }), ["demo==1.0"]);
      onlyCheck(answer.checks("demo", rule), "absent");
    });

    it("does not apply to a path", async () => {
      for (const line of ["./demo-1.0-py3-none-any.whl", "demo @ file:///srv/demo-1.0-py3-none-any.whl"]) {
        const answer = await over(await serve({}), [line]);
        onlyCheck(answer.checks("demo", rule), "not-applicable");
        onlyCheck(answer.checks("demo", "runs-code-at-install"), "passed");
      }
    });

    it("compares a lock with its Pipfile, and says where there is none", async () => {
      const index = await serve({ demo: [old] });
      const pipfile = `[[source]]\nname = "main"\nurl = "${index.url}"\nverify_ssl = true\n\n[packages]\ndemo = "*"\n`;
      const lock = (hash: string): string =>
        JSON.stringify({
          _meta: {
            hash: { sha256: hash },
            "pipfile-spec": 6,
            requires: {},
            sources: [{ name: "main", url: index.url, verify_ssl: true }],
          },
          default: { demo: { hashes: [`sha256:${demo.sha256}`], index: "main", version: "==1.0" } },
          develop: {},
        });
      place.write("Pipfile.lock", lock(ZERO));
      onlyCheck((await place.run(["Pipfile.lock"])).fileChecks(rule), "not-checked");
      place.write("Pipfile", pipfile);
      const failed = onlyCheck((await place.run(["Pipfile.lock"])).fileChecks(rule), "failed");
      assert.deepEqual(failed.aliases, ["INVALID-LOCK-HASH"]);
      const right = /sha256:([0-9a-f]{64})/.exec(failed.evidence[1]?.says ?? "")![1]!;
      place.write("Pipfile.lock", lock(right));
      const answer = await place.run(["."]);
      onlyCheck(answer.fileChecks(rule), "passed");
      assert.equal(answer.result.packages.length, 1, "a Pipfile and its lock are one");
    });
  });

  describe("2, index policy", () => {
    const rule = "index-policy";

    it("passes an index on this machine and one over https", async () => {
      const answer = await over(await serve({ demo: [old] }), [pinned]);
      onlyCheck(answer.checks("demo", rule), "passed");
      onlyCheck(answer.fileChecks(rule), "passed");
    });

    it("fails plain http, a host that is trusted blindly and a login in the file, and never shows the login", async () => {
      place.write(
        "requirements.txt",
        [
          "--index-url http://packages.example.com/simple",
          "--extra-index-url https://ada:s3cret@private.example.com/simple",
          "--trusted-host private.example.com",
          pinned,
        ].join("\n"),
      );
      const answer = await place.run(["requirements.txt"], { offline: true });
      const checks = answer.fileChecks(rule).filter(({ state }) => state === "failed");
      assert.deepEqual(
        checks.map(({ message }) => message.replace(/:? .*$/, "")),
        ["packages.example.com/simple", "private.example.com/simple", "private.example.com/simple"],
      );
      assert.deepEqual(
        checks.map(({ aliases }) => aliases?.[0]),
        ["INSECURE-SOURCE", "INSECURE-SOURCE", undefined],
      );
      assert.doesNotMatch(JSON.stringify(answer), /s3cret/);
    });

    it("forbids an index that the policy does not allow, and a package that it binds elsewhere", async () => {
      const index = await serve({ demo: [old] });
      place.write(".thoth.yaml", "policy:\n  indexes: ['https://packages.example.com/simple']\n");
      const answer = await over(index, [pinned]);
      const check = onlyCheck(answer.fileChecks(rule), "failed");
      assert.deepEqual([check.severity, check.aliases], ["error", ["SOURCE-NOT-WHITELISTED"]]);
      assert.equal(answer.checks("demo", rule)[0]?.inherited, true);
      const other = await serve({});
      place.write(".thoth.yaml", `policy:\n  bindings: {'dem*': '${other.url}'}\n`);
      const bound = await over(index, [pinned]);
      const forbidden = onlyCheck(bound.checks("demo", rule), "failed");
      assert.equal(forbidden.severity, "error");
      assert.match(forbidden.message, /\.thoth\.yaml binds it to 127\.0\.0\.1:\d+\/simple/);
    });

    it("lets a line keep to its binding by the digests of the files there, and by nothing less", async () => {
      const twin = buildWheel({ name: "demo", version: "1.0", summary: "another" });
      const [index, further] = [await serve({ demo: [old] }), await serve({ demo: [twin] })];
      place.write(".thoth.yaml", `policy:\n  bindings: {demo: '${index.url}'}\n`);
      const elsewhere = `demo==1.0 --hash=sha256:${twin.sha256}`;
      for (const [line, state] of [
        [pinned, "passed"],
        ["demo==1.0", "failed"],
        [elsewhere, "failed"],
      ] as const) {
        const answer = await over(index, [`--extra-index-url ${further.url}`, line]);
        for (const one of [rule, "artifact-on-several-indexes"]) {
          assert.deepEqual(
            answer.checks("demo", one).map((check) => check.state),
            [state],
            `${one} of ${line}`,
          );
        }
      }
    });

    it("tells nothing of a login that the file no longer has, whatever is remembered", async () => {
      place.remove();
      place = makeProvenancePlace({ TOKEN: "s3cret" });
      const index = await serve({ demo: [old] });
      const withLogin = (password: string) => ({
        ...index,
        url: index.url.replace("//", `//ada:${password}@`),
      });
      const told = await over(withLogin("s3cret"), [pinned]);
      assert.equal(told.checks("demo", rule)[0]?.state, "failed");
      onlyCheck((await over(withLogin("${TOKEN}"), [pinned])).checks("demo", rule), "passed");
    });

    it("tells a page that another origin answered, and a login that would be sent in the clear", async () => {
      const other = await serve({ demo: [old] });
      const front = await serve(
        {},
        {
          misbehave: (request, response) =>
            request.url?.startsWith("/simple/")
              ? !!response.writeHead(302, { location: `${other.origin}${request.url}` }).end()
              : undefined,
        },
      );
      const answer = await over(front, [pinned]);
      const check = onlyCheck(answer.checks("demo", rule), "failed");
      assert.equal(check.severity, "information");
      assert.match(check.message, /hands the page of demo over to/);
      assert.equal(answer.checks("demo", "artifact-digest")[0]?.state, "passed");
    });

    it("is not checked where no page came, and does not apply to a path", async () => {
      const index = await serve({ demo: [old] });
      const offline = await over(index, [pinned], { offline: true });
      onlyCheck(offline.checks("demo", rule), "not-checked");
      const local = await over(index, ["./demo-1.0-py3-none-any.whl"]);
      onlyCheck(local.checks("demo", rule), "not-applicable");
    });
  });

  describe("3, index and digest", () => {
    const rule = "artifact-digest";

    it("passes a digest that the index lists; files that the lock does not name are normal", async () => {
      const sdist = buildSdist({ name: "demo", version: "1.0" });
      const answer = await over(await serve({ demo: [old, sdist] }), [pinned]);
      const check = onlyCheck(answer.checks("demo", rule), "passed");
      assert.equal(check.artifact, demo.filename);
      assert.equal(check.required, true);
    });

    it("fails a digest that the index does not know, even beside one that it does", async () => {
      const answer = await over(await serve({ demo: [old] }), [`${pinned} --hash=sha256:${ZERO}`]);
      const check = onlyCheck(answer.checks("demo", rule), "failed");
      assert.deepEqual([check.severity, check.aliases], ["error", ["INVALID-ARTIFACT-HASH"]]);
      assert.match(check.message, /1 of 2 digests of demo 1\.0 is of no file/);
    });

    it("fails a package and a release that are not there", async () => {
      const index = await serve({ demo: [old] });
      const gone = await over(index, [`gone==1.0 --hash=sha256:${ZERO}`]);
      assert.deepEqual(onlyCheck(gone.checks("gone", rule), "failed").aliases, ["MISSING-PACKAGE"]);
      const release = await over(index, [`demo==2.0 --hash=sha256:${ZERO}`]);
      assert.deepEqual(onlyCheck(release.checks("demo", rule), "failed").aliases, ["MISSING-PACKAGE"]);
    });

    it("is absent without a digest, and does not apply without a pin", async () => {
      const index = await serve({ demo: [old] });
      onlyCheck((await over(index, ["demo==1.0"])).checks("demo", rule), "absent");
      onlyCheck((await over(index, ["demo"])).checks("demo", rule), "not-applicable");
    });

    it("is not checked where the index gives no digest, refuses, or cannot be asked; the rest is still said", async () => {
      const bare = await serve(
        { demo: [old] },
        {
          editPage: (page) => ({
            ...page,
            files: (page.files as object[]).map((file) => ({ ...file, hashes: {} })),
          }),
        },
      );
      assert.match(
        onlyCheck((await over(bare, [pinned])).checks("demo", rule), "not-checked").message,
        /gives no sha256/,
      );
      for (const status of [401, 403, 500, 503]) {
        const refusing = await serve({}, { misbehave: (_, response) => !!response.writeHead(status).end() });
        const answer = await over(refusing, [pinned]);
        assert.match(
          onlyCheck(answer.checks("demo", rule), "not-checked").message,
          new RegExp(String(status)),
        );
        onlyCheck(answer.checks("demo", "name-confusion"), "passed");
        onlyCheck(answer.checks("demo", "pinned-and-hashed"), "passed");
      }
      const offline = await over(await serve({ demo: [old] }), [pinned], { offline: true });
      assert.match(onlyCheck(offline.checks("demo", rule), "not-checked").message, /offline/);
    });

    it("does not call a digest unknown by a page that is old", async () => {
      const index = await serve({ demo: [old] });
      await over(index, [pinned]);
      const later = await over(index, [`demo==1.0 --hash=sha256:${ZERO}`], { offline: true }, NOW + 30 * DAY);
      const check = onlyCheck(later.checks("demo", rule), "not-checked");
      assert.match(check.message, /is old/);
    });
  });

  describe("3, the other indexes", () => {
    const rule = "artifact-on-several-indexes";
    const two = (main: RunningIndex, other: RunningIndex, lines: readonly string[]) => {
      place.write(
        "requirements.txt",
        [`--index-url ${main.url}`, `--extra-index-url ${other.url}`, ...lines].join("\n"),
      );
      return place.run(["requirements.txt"]);
    };

    it("does not apply with one index, passes with another one that lacks the name, and a mirror", async () => {
      const main = await serve({ demo: [old] });
      onlyCheck((await over(main, [pinned])).checks("demo", rule), "not-applicable");
      const empty = await serve({});
      onlyCheck((await two(main, empty, [pinned])).checks("demo", rule), "passed");
      const mirror = await serve({ demo: [demo, buildWheel({ name: "demo", version: "2.0" })] });
      onlyCheck((await two(main, mirror, [pinned])).checks("demo", rule), "passed");
    });

    it("passes an index of builds for an accelerator", async () => {
      const main = await serve({ torch: [buildWheel({ name: "torch", version: "2.1.0" })] });
      const wheels = await serve({ torch: [buildWheel({ name: "torch", version: "2.1.0+cu118" })] });
      onlyCheck((await two(main, wheels, ["torch"])).checks("torch", rule), "passed");
    });

    it("tells another content under the same file name", async () => {
      const main = await serve({ demo: [old] });
      const other = await serve({ demo: [buildWheel({ name: "demo", version: "1.0", summary: "another" })] });
      const loose = onlyCheck((await two(main, other, ["demo==1.0"])).checks("demo", rule), "failed");
      assert.deepEqual([loose.severity, loose.aliases], ["warning", ["DIFFERENT-ARTIFACTS-ON-SOURCES"]]);
      const held = onlyCheck((await two(main, other, [pinned])).checks("demo", rule), "failed");
      assert.equal(held.severity, "information");
    });

    it("tells a name that two indexes have, and who would win", async () => {
      const main = await serve({ tools: [buildWheel({ name: "tools", version: "99.0" })] });
      const own = await serve({ tools: [buildWheel({ name: "tools", version: "1.0" })] });
      const check = onlyCheck((await two(main, own, ["tools"])).checks("tools", rule), "failed");
      assert.deepEqual([check.severity, check.aliases], ["warning", ["ARTIFACT-POSSIBLE-DIFFERENT-SOURCE"]]);
      const [public_, private_] = [main, own].map(({ url }) => new URL(url).host);
      assert.match(check.message, new RegExp(`pip would take 99\\.0 of ${public_}/simple`));
      assert.match(check.message, new RegExp(`uv what ${private_}/simple has`));
    });

    it("is not checked where the other index refuses", async () => {
      const main = await serve({ demo: [old] });
      const refusing = await serve({}, { misbehave: (_, response) => !!response.writeHead(500).end() });
      const answer = await two(main, refusing, ["demo==1.0"]);
      onlyCheck(answer.checks("demo", rule), "not-checked");
    });

    const pipfileLock = (sources: readonly RunningIndex[], index: string, sha256: string): string =>
      JSON.stringify({
        _meta: {
          hash: { sha256: ZERO },
          "pipfile-spec": 6,
          requires: {},
          sources: sources.map(({ url }, at) => ({ name: `source${at}`, url, verify_ssl: true })),
        },
        default: { demo: { hashes: [`sha256:${sha256}`], index, version: "==1.0" } },
        develop: {},
      });

    it("finds a locked artifact on another index than the one that it is bound to", async () => {
      const main = await serve({ demo: [old] });
      const twin = buildWheel({ name: "demo", version: "1.0", summary: "another" });
      const other = await serve({ demo: [twin] });
      place.write("Pipfile.lock", pipfileLock([main, other], "source0", twin.sha256));
      const answer = await place.run(["Pipfile.lock"]);
      const check = onlyCheck(answer.checks("demo", "artifact-digest"), "failed");
      assert.deepEqual(check.aliases, ["INVALID-ARTIFACT-HASH", "ARTIFACT-DIFFERENT-SOURCE"]);
      assert.match(check.message, new RegExp(`${new URL(other.url).host}/simple has a file of it`));
    });

    it("never tells a name that is bound to a private index to the index that is asked for all else", async () => {
      const main = await serve({});
      const own = await serve({ demo: [old] });
      place.write("Pipfile.lock", pipfileLock([main, own], "source1", demo.sha256));
      const answer = await place.run(["Pipfile.lock"]);
      onlyCheck(answer.checks("demo", "artifact-digest"), "passed");
      assert.match(
        onlyCheck(answer.checks("demo", rule), "passed").message,
        /its name is told to no other index/,
      );
      assert.deepEqual(main.requests, []);
    });
  });

  describe("4, known bad", () => {
    const rule = "known-bad";
    const marked = async (status?: string): Promise<readonly ProvenanceCheck[]> => {
      const index = await serve({
        demo: { files: [old], ...(status ? { status, statusReason: "why" } : {}) },
      });
      return (await over(index, [pinned])).checks("demo", rule);
    };

    it("passes an active project, and says that reports of malicious ones are not stored", async () => {
      assert.deepEqual(
        (await marked()).map(({ state }) => state),
        ["passed", "not-checked"],
      );
    });

    it("tells the index's markers by their weight, in JSON and in HTML", async () => {
      for (const [status, severity] of Object.entries({
        quarantined: "error",
        archived: "information",
        deprecated: "information",
      })) {
        const [check] = await marked(status);
        assert.deepEqual([check?.state, check?.severity, check?.labels], ["failed", severity, [status]]);
        const html = await serve({ demo: { files: [old], status } }, { html: true });
        const [again] = (await over(html, [pinned])).checks("demo", rule);
        assert.deepEqual([again?.state, again?.severity], ["failed", severity]);
      }
    });

    it("is not checked where no page came, and does not apply to a repository", async () => {
      const refusing = await serve({}, { misbehave: (_, response) => !!response.writeHead(500).end() });
      assert.equal((await over(refusing, [pinned])).checks("demo", rule)[0]?.state, "not-checked");
      const vcs = await over(refusing, [`demo @ git+https://example.com/demo.git@${"a".repeat(40)}`]);
      assert.deepEqual(
        vcs.checks("demo", rule).map(({ state }) => state),
        ["not-applicable", "not-applicable"],
      );
    });
  });

  describe("4 and 5, what the advisories say", () => {
    /** Keeps these records against demo, as an archive of this age. */
    const advise = (records: readonly AdvisoryRecord[], daysAgo = 1): void => {
      const knowledge = openKnowledge({
        env: {},
        platform: "linux",
        home: place.folder,
        file: place.knowledge,
        warn() {},
      });
      const asOf = NOW - daysAgo * DAY;
      knowledge.advisories.replace(
        // All of one time, so that none is refused for being older than the one before.
        {
          source: "archive",
          place: "an archive",
          license: "CC-BY-4.0",
          time: asOf,
          newest: NOW - 90 * DAY,
          asOf,
        },
        records.map((record) => ({ package: "demo", record })),
      );
      knowledge.close();
    };
    const malware: AdvisoryRecord = {
      id: "MAL-2026-1",
      severity: "unknown",
      malicious: true,
      versions: ["1.0"],
    };
    const fault: AdvisoryRecord = {
      id: "GHSA-1",
      aliases: ["CVE-2026-1"],
      severity: "high",
      ranges: [
        [
          ["introduced", "0"],
          ["fixed", "1.0"],
        ],
      ],
    };

    it("fails a release that is reported as malicious, which a person can accept, and passes one that is not", async () => {
      const index = await serve({ demo: [old] });
      advise([malware]);
      const [, report] = (await over(index, [pinned])).checks("demo", "known-bad");
      assert.deepEqual([report?.state, report?.severity], ["failed", "error"]);
      assert.match(report?.message ?? "", /reported as malicious: MAL-2026-1/);
      place.write(
        ".thoth.yaml",
        "policy: {accept: [{advisory: MAL-2026-1, package: demo, version: '1.0', reason: a false report, until: 2027-01-31}]}\n",
      );
      const [, accepted] = (await over(index, [pinned])).checks("demo", "known-bad");
      assert.equal(accepted?.accepted?.reason, "a false report");
      advise([{ ...malware, versions: ["0.9"] }]);
      const [, fine] = (await over(index, [pinned])).checks("demo", "known-bad");
      assert.equal(fine?.state, "passed");
    });

    it("fails a project of which all releases are reported, although its index has none any more, and says how old reports are", async () => {
      const index = await serve({});
      const all: AdvisoryRecord = { ...malware, versions: [], ranges: [[["introduced", "0"]]] };
      advise([all]);
      const [, report] = (await over(index, ["demo"])).checks("demo", "known-bad");
      assert.deepEqual([report?.state, report?.labels], ["failed", ["malicious", "MAL-2026-1"]]);
      for (const record of [malware, { ...all, withdrawn: NOW - DAY }, { ...all, ranges: fault.ranges! }]) {
        advise([record]);
        assert.equal((await over(index, ["demo"])).checks("demo", "known-bad")[1]?.state, "not-checked");
      }
      advise([], 30);
      const [, quiet] = (await over(await serve({ demo: [old] }), [pinned])).checks("demo", "known-bad");
      assert.deepEqual([quiet?.state, quiet?.evidence[0]?.freshness], ["passed", "stale"]);
    });

    it("fails a vulnerable release with the smallest fix, passes a fixed one, and says how old the data is", async () => {
      const newer = buildWheel({ name: "demo", version: "1.1" });
      const index = await serve({
        demo: [old, { artifact: newer, uploadTime: uploaded(50), provenance: null }],
      });
      advise(
        [
          {
            ...fault,
            ranges: [
              [
                ["introduced", "0"],
                ["fixed", "1.1"],
              ],
            ],
          },
        ],
        30,
      );
      const check = onlyCheck((await over(index, [pinned])).checks("demo", "known-vulnerability"), "failed");
      assert.match(check.message, /demo 1\.0 has 1 advisory, high, fixed in 1\.1: GHSA-1/);
      assert.deepEqual([check.severity, check.evidence[0]?.freshness], ["warning", "stale"]);
      const line = `demo==1.1 --hash=sha256:${newer.sha256}`;
      onlyCheck((await over(index, [line])).checks("demo", "known-vulnerability"), "passed");
    });

    it("lets a young release pass its cool-down where it fixes an advisory, labelled; not where the policy forbids it", async () => {
      const young = { ...old, uploadTime: uploaded(1) };
      const index = await serve({ demo: [young] });
      advise([fault]);
      const check = onlyCheck((await over(index, [pinned])).checks("demo", "cool-down"), "passed");
      assert.deepEqual(check.labels, ["security-fix"]);
      assert.match(check.message, /fixes GHSA-1/);
      place.write(".thoth.yaml", "policy: {cool-down: {security-fixes: false}}\n");
      onlyCheck((await over(index, [pinned])).checks("demo", "cool-down"), "failed");
    });
  });

  describe("6, attestations, as far as none is there", () => {
    const rule = "attestation";

    it("tells none, none listed and none found apart from what cannot be had", async () => {
      const cases: readonly [string | null | undefined, number, CheckState, string | undefined][] = [
        [null, 200, "absent", "none"],
        [undefined, 200, "absent", "not-listed"],
        ["/integrity/demo", 404, "absent", "not-found"],
        ["/integrity/demo", 401, "not-checked", undefined],
        ["/integrity/demo", 403, "not-checked", undefined],
        ["/integrity/demo", 406, "not-checked", undefined],
        ["/integrity/demo", 503, "not-checked", undefined],
      ];
      for (const [listed, status, state, label] of cases) {
        const index = await serve(
          {},
          {
            misbehave: (request, response) =>
              request.url?.startsWith("/integrity") ? !!response.writeHead(status).end() : undefined,
          },
        );
        const provenance = typeof listed === "string" ? `${index.origin}${listed}` : listed;
        index.projects.demo = [
          { artifact: demo, uploadTime: uploaded(9), ...(provenance === undefined ? {} : { provenance }) },
        ];
        const check = onlyCheck((await over(index, [pinned])).checks("demo", rule), state);
        assert.equal(check.labels?.[0], label, `${listed} ${status}`);
      }
    });

    it("is an error to have none where the policy asks for one", async () => {
      place.write(".thoth.yaml", "policy:\n  attestations: [{packages: ['dem*']}]\n");
      const check = onlyCheck(
        (await over(await serve({ demo: [old] }), [pinned])).checks("demo", rule),
        "failed",
      );
      assert.equal(check.severity, "error");
    });
  });

  describe("8, yanked", () => {
    const rule = "yanked-release";

    it("tells a yanked file with its reason, and none where another file is yanked", async () => {
      const index = await serve({ demo: [{ ...old, yanked: "broken wheel" }] });
      const check = onlyCheck((await over(index, [pinned])).checks("demo", rule), "failed");
      assert.match(check.message, /demo 1\.0 is yanked: "broken wheel"/);
      const sdist = buildSdist({ name: "demo", version: "1.0" });
      const other = await serve({ demo: [old, { artifact: sdist, yanked: true }] });
      onlyCheck((await over(other, [pinned])).checks("demo", rule), "passed");
    });

    it("is not checked where no page came, and does not apply to a path", async () => {
      const index = await serve({ demo: [old] });
      onlyCheck((await over(index, [pinned], { offline: true })).checks("demo", rule), "not-checked");
      onlyCheck((await over(index, ["./demo-1.0-py3-none-any.whl"])).checks("demo", rule), "not-applicable");
    });
  });

  describe("9, cool-down", () => {
    const rule = "cool-down";
    const at = async (file: Partial<IndexedFile>, lines = [pinned]) =>
      (await over(await serve({ demo: [{ artifact: demo, ...file }] }), lines)).checks("demo", rule);

    it("passes a file of three days, fails a younger one, and tells its age", async () => {
      onlyCheck(await at({ uploadTime: uploaded(3) }), "passed");
      const check = onlyCheck(await at({ uploadTime: uploaded(2.5) }), "failed");
      assert.equal(check.severity, "information");
      assert.match(check.message, /was uploaded 2 days ago; 3 days are asked for/);
    });

    it("is not checked without a time, and with one in the future", async () => {
      assert.match(onlyCheck(await at({}), "not-checked").message, /does not tell when/);
      assert.match(onlyCheck(await at({ uploadTime: uploaded(-1) }), "not-checked").message, /in the future/);
    });

    it("tells a wheel that was added late for another Python as that, and another late file as late", async () => {
      const late = buildWheel({ name: "demo", version: "1.0", tag: "cp311-cp311-manylinux_2_17_x86_64" });
      const early = buildWheel({ name: "demo", version: "1.0", tag: "cp310-cp310-manylinux_2_17_x86_64" });
      const line = `demo==1.0 --hash=sha256:${late.sha256}`;
      const files = [
        { artifact: early, uploadTime: uploaded(200) },
        { artifact: late, uploadTime: uploaded(1) },
      ];
      const check = onlyCheck(
        (await over(await serve({ demo: files }), [line])).checks("demo", rule),
        "failed",
      );
      assert.deepEqual(check.labels, ["late-wheel"]);
      // The first wheel of a release that was built from source, and one for any Python, are for no newer one.
      for (const earlier of [buildSdist({ name: "demo", version: "1.0" }), early]) {
        const late_ = [
          { artifact: earlier, uploadTime: uploaded(200) },
          { artifact: demo, uploadTime: uploaded(1) },
        ];
        const one = onlyCheck(
          (await over(await serve({ demo: late_ }), [pinned])).checks("demo", rule),
          "failed",
        );
        assert.match(one.message, /long after the rest of it/);
      }
      const sdist = buildSdist({ name: "demo", version: "1.0" });
      const replaced = [
        { artifact: late, uploadTime: uploaded(200) },
        { artifact: sdist, uploadTime: uploaded(1) },
      ];
      const odd = await over(await serve({ demo: replaced }), [`demo==1.0 --hash=sha256:${sdist.sha256}`]);
      assert.match(onlyCheck(odd.checks("demo", rule), "failed").message, /long after the rest of it/);
    });

    it("does not apply to what the policy excepts, and asks for as many days as the policy says", async () => {
      place.write(".thoth.yaml", "policy: {cool-down: {except: ['dem*']}}\n");
      onlyCheck(await at({ uploadTime: uploaded(1) }), "not-applicable");
      place.write(".thoth.yaml", "policy: {cool-down: {days: 14}, severities: {cool-down: error}}\n");
      const check = onlyCheck(await at({ uploadTime: uploaded(10) }), "failed");
      assert.equal(check.severity, "error");
    });
  });

  describe("10, name confusion", () => {
    const rule = "name-confusion";

    it("passes established and other names, and fails a slip", async () => {
      const index = await serve({});
      for (const name of ["requests", "my-own-thing"])
        onlyCheck((await over(index, [name])).checks(name, rule), "passed");
      const check = onlyCheck((await over(index, ["reqeusts"])).checks("reqeusts", rule), "failed");
      assert.equal(check.severity, "warning");
    });

    it("takes no name for one's own that everything is bound with, nor that a public index has", async () => {
      const index = await serve({});
      place.write(".thoth.yaml", `policy: {bindings: {'*': '${index.url}'}}\n`);
      onlyCheck((await over(index, ["reqeusts"])).checks("reqeusts", rule), "failed");
      place.write(".thoth.yaml", "policy: {bindings: {reqeusts: 'https://pypi.org/simple'}}\n");
      onlyCheck((await over(index, ["reqeusts"])).checks("reqeusts", rule), "failed");
      place.write(".thoth.yaml", `policy: {bindings: {'req*': '${index.url}'}}\n`);
      onlyCheck((await over(index, ["reqeusts"])).checks("reqeusts", rule), "passed");
    });

    it("passes what lies on this machine", async () => {
      onlyCheck(
        (await over(await serve({}), ["./reqeusts-1.0-py3-none-any.whl"])).checks("reqeusts", rule),
        "passed",
      );
    });

    it("passes a name of one's own", async () => {
      place.write(".thoth.yaml", "policy: {own-names: ['reqeusts']}\n");
      onlyCheck((await over(await serve({}), ["reqeusts"])).checks("reqeusts", rule), "passed");
    });
  });

  describe("11, code at install", () => {
    const rule = "runs-code-at-install";
    const sdist = buildSdist({ name: "demo", version: "1.0" });
    const foreign = buildWheel({ name: "demo", version: "1.0", tag: "cp311-cp311-win_amd64" });

    it("passes a wheel, and fails an sdist alone and a release without a wheel for the environment", async () => {
      onlyCheck(
        (await over(await serve({ demo: [old, sdist] }), ["demo==1.0"])).checks("demo", rule),
        "passed",
      );
      const alone = onlyCheck(
        (await over(await serve({ demo: [sdist] }), ["demo==1.0"])).checks("demo", rule),
        "failed",
      );
      assert.match(alone.message, /has no wheel/);
      const elsewhere = await over(await serve({ demo: [foreign, sdist] }), ["demo==1.0"]);
      assert.match(
        onlyCheck(elsewhere.checks("demo", rule), "failed").message,
        /no wheel for .*: installing it runs/,
      );
    });

    it("does not apply where no file is for the environment, and is not checked offline", async () => {
      const index = await serve({ demo: [foreign] });
      onlyCheck((await over(index, ["demo==1.0"])).checks("demo", rule), "not-applicable");
      onlyCheck(
        (await over(await serve({ demo: [old] }), [pinned], { offline: true })).checks("demo", rule),
        "not-checked",
      );
    });
  });

  describe("12, archive truth", () => {
    const rule = "archive-truth";

    it("is not asked for without --download, passes a sound wheel with it, and fails where the index sends another file", async () => {
      const index = await serve({ demo: [old] });
      assert.equal(
        onlyCheck((await over(index, [pinned])).checks("demo", rule), "not-checked").unasked,
        true,
      );
      onlyCheck((await over(index, [pinned], { download: true })).checks("demo", rule), "passed");
      const lying = await serve({ demo: [{ ...old, listedSha256: ZERO }] });
      const answer = await over(lying, [`demo==1.0 --hash=sha256:${ZERO}`], { download: true });
      assert.match(onlyCheck(answer.checks("demo", rule), "failed").message, /another digest/);
    });

    it("is not checked where the file cannot be had, and does not apply to a path", async () => {
      const index = await serve(
        { demo: [old] },
        {
          misbehave: (request, response) =>
            request.url?.startsWith("/files/") ? !!response.writeHead(500).end() : undefined,
        },
      );
      onlyCheck((await over(index, [pinned], { download: true })).checks("demo", rule), "not-checked");
      onlyCheck(
        (await over(index, ["./demo-1.0-py3-none-any.whl"], { download: true })).checks("demo", rule),
        "not-applicable",
      );
    });
  });

  describe("13, abandonment", () => {
    const rule = "abandoned-project";

    it("passes without a sign, and fails an archived project and one that the policy holds to be too old", async () => {
      const index = await serve({ demo: [{ artifact: demo, uploadTime: uploaded(2000) }] });
      onlyCheck((await over(index, [pinned])).checks("demo", rule), "passed");
      place.write(".thoth.yaml", "policy: {abandoned-after: 4}\n");
      onlyCheck((await over(index, [pinned])).checks("demo", rule), "failed");
      const archived = await serve({ demo: { files: [old], status: "archived" } });
      onlyCheck((await over(archived, [pinned])).checks("demo", rule), "failed");
    });

    it("is not checked where the index tells no time, and does not apply to a path", async () => {
      const index = await serve({ demo: [demo] });
      onlyCheck((await over(index, [pinned])).checks("demo", rule), "not-checked");
      onlyCheck((await over(index, ["./demo-1.0-py3-none-any.whl"])).checks("demo", rule), "not-applicable");
    });
  });

  describe("what a package needs of the others", () => {
    const needing = (requires: readonly string[]) => buildWheel({ name: "demo", version: "1.0", requires });
    const other = buildWheel({ name: "other", version: "1.0" });
    const lines = (one: typeof demo): string[] => [
      `demo==1.0 --hash=sha256:${one.sha256}`,
      `other==1.0 --hash=sha256:${other.sha256}`,
    ];

    it("is told by its core metadata for the environment, of what is in the answer, and only where it is asked for", async () => {
      const whole = needing(["Other>=1", "absent", "demo"]);
      const index = await serve({ demo: [whole], other: [other] });
      const answer = await over(index, lines(whole), { graph: true });
      assert.deepEqual([answer.of("demo").dependsOn, answer.of("other").dependsOn], [["other"], []]);
      assert.equal((await over(index, lines(whole))).of("demo").dependsOn, undefined);
      assert.deepEqual(
        (await over(index, lines(whole), { graph: true, offline: true })).of("demo").dependsOn,
        ["other"],
      );
      const foreign = needing(['other; sys_platform == "win32"', 'other; extra == "more"']);
      const windows = await serve({ demo: [foreign], other: [other] });
      assert.deepEqual((await over(windows, lines(foreign), { graph: true })).of("demo").dependsOn, []);
      const [, second] = lines(foreign);
      const extra = [`demo[more]==1.0 --hash=sha256:${foreign.sha256}`, second!];
      assert.deepEqual((await over(windows, extra, { graph: true })).of("demo").dependsOn, ["other"]);
    });

    it("is not known where no metadata is at hand, and is what a pylock says", async () => {
      const whole = needing(["other"]);
      const index = await serve({ demo: [whole], other: [other] }, { noCoreMetadata: true });
      assert.equal((await over(index, lines(whole), { graph: true })).of("demo").dependsOn, undefined);
      const entry = (artifact: typeof demo, name: string): string[] => [
        "[[packages]]",
        `name = "${name}"`,
        'version = "1.0"',
        `index = "${index.url}"`,
        ...(name === "demo" ? ['dependencies = [{name = "other"}]'] : []),
        "[[packages.wheels]]",
        `name = "${artifact.filename}"`,
        `url = "${index.origin}/files/${name}/${artifact.filename}"`,
        `hashes = {sha256 = "${artifact.sha256}"}`,
      ];
      const head = ['lock-version = "1.0"', 'created-by = "hand"'];
      place.write("pylock.toml", [...head, ...entry(whole, "demo"), ...entry(other, "other"), ""].join("\n"));
      const answer = await place.run(["pylock.toml"], { graph: true });
      assert.deepEqual([answer.of("demo").dependsOn, answer.of("other").dependsOn], [["other"], []]);
    });
  });
});
