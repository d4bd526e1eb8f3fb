// Reading advisories in: severities, hostile records, broken archives, what is older, and what has changed on a server.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { matchAdvisories, reaches, smallestFix } from "../../../shared/src/advisory/index.ts";
import { createIndexClient, readPipConfiguration, resolveIndexes } from "../index/index.ts";
import { createMemoryPageStore, type Knowledge, openKnowledge } from "../knowledge/index.ts";
import { readOsvRecord } from "./osv.ts";
import { baseVectorOf, createRater } from "./severity.ts";
import { type UpdateAnswer, UpdateRefused, updateAdvisories } from "./update.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function record(id: string, name = "demo", more: object = {}): Record<string, unknown> {
  return {
    id,
    modified: "2026-11-20T00:00:00Z",
    affected: [
      {
        package: { ecosystem: "PyPI", name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.0" }] }],
      },
    ],
    ...more,
  };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe("rating advisories", () => {
  it("scores whole vectors of CVSS 2, 3 and 4, and takes none of half a vector", async () => {
    const rate = await createRater();
    const cases: [string[], string, number | undefined][] = [
      [["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], "critical", 9.8],
      [["CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"], "none", 0],
      [["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"], "critical", 9.3],
      [["AV:N/AC:L/Au:N/C:P/I:P/A:P"], "high", 7.5],
      [["(AV:L/AC:H/Au:M/C:N/I:N/A:P)"], "low", 0.8],
      [["CVSS:3.1/AV:N/AC:L"], "unknown", undefined],
      [["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X"], "unknown", undefined],
      [["CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], "unknown", undefined],
      [["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:1"], "unknown", undefined],
      [["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C"], "critical", 9.8],
      [["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:Q"], "unknown", undefined],
      [["CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], "unknown", undefined],
      [["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/U:Red"], "critical", 9.3],
      [["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N"], "unknown", undefined],
      [["AV:N/AC:L/Au:N/C:N/I:N/A:N"], "low", 0],
      [["AV:N/AC:L/Au:N/C:P/I:P/A:P/RL:OF"], "high", 7.5],
      [["7.5"], "unknown", undefined],
      [[""], "unknown", undefined],
      // Of two the graver; a broken one beside a whole one takes nothing from it.
      [["nonsense", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"], "medium", 5.3],
    ];
    for (const [vectors, severity, score] of cases) {
      const rating = rate(vectors);
      assert.deepEqual([rating.severity, rating.score], [severity, score], vectors.join());
    }
    assert.equal(baseVectorOf(`CVSS:3.1/${"AV:N/".repeat(500)}`), undefined);
  });

  it("never lets what is unknown fall below a threshold", () => {
    for (const threshold of ["low", "medium", "high", "critical"] as const) {
      assert.ok(reaches("unknown", threshold));
      assert.equal(reaches("none", threshold), false);
    }
    assert.ok(reaches("high", "high"));
    assert.equal(reaches("medium", "high"), false);
  });

  it("says unknown where the severity is missing or broken, and takes a database's word only where there is no vector", async () => {
    const rate = await createRater();
    const severityOf = (more: object) => {
      const read = readOsvRecord(record("A-1", "demo", more), rate);
      return "records" in read ? read.records[0]?.record.severity : read.problem;
    };
    assert.equal(severityOf({}), "unknown");
    assert.equal(severityOf({ severity: "high" }), "unknown");
    assert.equal(severityOf({ severity: [{ type: "CVSS_V3", score: 9.8 }] }), "unknown");
    assert.equal(severityOf({ database_specific: { severity: "MODERATE" } }), "medium");
    const broken = {
      severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N" }],
      database_specific: { severity: "LOW" },
    };
    assert.equal(severityOf(broken), "unknown");
  });
});

describe("matching advisories", () => {
  const read = async (...values: unknown[]) => {
    const rate = await createRater();
    return values.flatMap((value) => {
      const one = readOsvRecord(value, rate);
      assert.ok("records" in one, JSON.stringify(one));
      return one.records.filter(({ package: name }) => name === "demo").map((item) => item.record);
    });
  };
  const ids = async (version: string, ...values: unknown[]) =>
    matchAdvisories(await read(...values), version, NOW).map(({ id }) => id);
  const ranged = (events: object[], more: object = {}) => ({
    ...record("A-1"),
    affected: [
      { package: { ecosystem: "PyPI", name: "Demo" }, ranges: [{ type: "ECOSYSTEM", events }], ...more },
    ],
  });

  it("takes events in any order, several ranges, and limits", async () => {
    const events = [{ fixed: "3.2" }, { introduced: "3.0" }, { fixed: "2.2" }, { introduced: "0" }];
    for (const [version, count] of [
      ["1.0", 1],
      ["2.2", 0],
      ["3.0", 1],
      ["3.2", 0],
      ["3.1rc1", 1],
    ] as const) {
      assert.equal((await ids(version, ranged(events))).length, count, version);
    }
    const last = [{ introduced: "1.0" }, { last_affected: "1.5" }];
    assert.equal((await ids("1.5", ranged(last))).length, 1);
    assert.equal((await ids("1.5.post1", ranged(last))).length, 0);
    const limited = [{ introduced: "0" }, { limit: "2.0" }];
    assert.equal((await ids("1.9", ranged(limited))).length, 1);
    assert.equal((await ids("2.0", ranged(limited))).length, 0);
  });

  it("matches local versions by their public part, and what is not PEP 440 by its text", async () => {
    const value = { ...ranged([{ introduced: "0" }, { fixed: "2.1.1" }], { versions: ["weird-1", "2.5"] }) };
    for (const [version, count] of [
      ["2.1.0+cu118", 1],
      ["2.1.1+cu118", 0],
      ["2.5+cpu", 1],
      ["weird-1", 1],
      ["weird-2", 0],
      ["", 0],
    ] as const) {
      assert.equal((await ids(version, value)).length, count, version);
    }
    // A range that cannot be read fully errs to the safe side.
    assert.equal((await ids("9.0", ranged([{ introduced: "0" }, { fixed: "latest" }]))).length, 1);
  });

  it("takes ranges of type SEMVER as ranges, and a whole number as the version that it is", async () => {
    const semver = {
      ...record("A-1"),
      affected: [
        {
          package: { ecosystem: "PyPI", name: "demo" },
          ranges: [{ type: "SEMVER", events: [{ introduced: "1.0.0-rc.1" }, { fixed: "1.2.0" }] }],
        },
      ],
    };
    assert.deepEqual(await ids("1.1", semver), ["A-1"]);
    assert.deepEqual(await ids("1.2", semver), []);
    const numbers = ranged([{ introduced: 0 }, { fixed: 2 }], { versions: [7] });
    assert.deepEqual([await ids("1.9", numbers), await ids("2.0", numbers)], [["A-1"], []]);
    assert.deepEqual(await ids("7.0", numbers), ["A-1"]);
    // 1.10 has become 1.1 before anybody could see it: a range may begin with it, and ends nowhere.
    const fractions = ranged([{ introduced: 1.1 }, { fixed: 1.2 }]);
    assert.deepEqual([await ids("1.0", fractions), await ids("9.0", fractions)], [["A-1"], ["A-1"]]);
  });

  it("ends a range behind the version that it is last affected at, also where it begins there", async () => {
    for (const events of [
      [{ introduced: "1.0" }, { last_affected: "1.0" }],
      [{ last_affected: "1.0" }, { introduced: "1.0" }],
    ]) {
      assert.deepEqual(await ids("1.0", ranged(events)), ["A-1"]);
      assert.deepEqual(await ids("0.9", ranged(events)), []);
      assert.deepEqual(await ids("1.0.post1", ranged(events)), []);
      assert.deepEqual(await ids("2.0", ranged(events)), []);
    }
    const local = ranged([{ introduced: "0" }, { fixed: "2.1.0+cu118.1" }]);
    assert.deepEqual([await ids("2.1.0+cu118", local), await ids("2.1.0+cu118.1", local)], [["A-1"], []]);
  });

  it("passes over commits, other ecosystems, and what was withdrawn", async () => {
    const commits = {
      ...record("A-1"),
      affected: [
        {
          package: { ecosystem: "PyPI", name: "demo" },
          ranges: [{ type: "GIT", repo: "https://example.com/demo", events: [{ introduced: "0" }] }],
        },
      ],
    };
    const npm = {
      ...record("A-2"),
      affected: [{ package: { ecosystem: "npm", name: "demo" }, versions: ["1.0"] }],
    };
    const withdrawn = record("A-3", "demo", { withdrawn: "2026-01-01T00:00:00Z" });
    const later = record("A-4", "demo", { withdrawn: "2999-01-01T00:00:00Z" });
    assert.deepEqual(await ids("1.0", commits, npm, withdrawn, later), ["A-4"]);
  });

  it("merges what is the same thing over however many names, in circles too", async () => {
    const records = [
      record("PYSEC-1", "demo", { aliases: ["CVE-1"] }),
      record("GHSA-1", "demo", { aliases: ["CVE-1", "CVE-2", "GHSA-1"] }),
      record("X-1", "demo", { aliases: ["CVE-2", "PYSEC-1"] }),
      record("GHSA-2"),
    ];
    const matches = matchAdvisories(await read(...records), "1.0", NOW);
    assert.deepEqual(
      matches.map(({ id, aliases }) => [id, aliases]),
      [
        ["GHSA-1", ["CVE-1", "CVE-2", "PYSEC-1", "X-1"]],
        ["GHSA-2", []],
      ],
    );
  });

  it("finds the smallest version at which none of several is left", async () => {
    const first = ranged([{ introduced: "0" }, { fixed: "1.5" }]);
    const second = { ...ranged([{ introduced: "1.2" }, { fixed: "2.1" }]), id: "B-1" };
    const records = await read(first, second);
    assert.equal(smallestFix(records, "1.0", NOW), "2.1");
    assert.equal(smallestFix(records, "1.0", NOW, ["1.0", "1.1", "1.9", "2.5", "2.2"]), "2.2");
    assert.equal(smallestFix(records, "1.0", NOW, ["1.0", "1.3"]), undefined);
    const [match] = matchAdvisories(
      await read(ranged([{ introduced: "0" }, { fixed: "1.5" }, { introduced: "2.0" }, { fixed: "2.3" }])),
      "1.0",
      NOW,
    );
    assert.deepEqual(match?.fixedIn, ["1.5", "2.3"]);
  });
});

describe("bringing advisories in", () => {
  let folder: string;
  let knowledge: Knowledge;
  let server: Server | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-advisories-test-"));
    knowledge = openKnowledge({
      file: join(folder, "knowledge.db"),
      env: {},
      platform: "linux",
      home: folder,
      warn: (message) => assert.fail(message),
    });
  });
  afterEach(async () => {
    knowledge.close();
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const update = (from: string, more: { signal?: AbortSignal } = {}): Promise<UpdateAnswer> =>
    updateAdvisories({
      from,
      advisories: knowledge.advisories,
      now: NOW,
      signal: new AbortController().signal,
      progress: () => {},
      client: async () =>
        createIndexClient({
          settings: resolveIndexes(
            readPipConfiguration({
              env: {},
              platform: "linux",
              home: folder,
              cwd: folder,
              readFile: () => undefined,
            }),
          ),
          store: createMemoryPageStore(),
          signal: new AbortController().signal,
          userAgent: "thoth/test",
        }),
      ...more,
    });
  const zip = (name: string, files: Record<string, Uint8Array>): string => {
    const path = join(folder, name);
    writeFileSync(path, zipSync(files));
    return path;
  };
  const refused = async (from: string, code: string): Promise<string> => {
    try {
      await update(from);
    } catch (error) {
      assert.ok(error instanceof UpdateRefused, String(error));
      assert.equal(error.code, code);
      return error.message;
    }
    return assert.fail("it was taken");
  };
  const stored = (name = "demo") =>
    knowledge.advisories
      .read([name])
      ?.get(name)
      ?.records.map(({ id }) => id) ?? [];

  it("knows nothing before anything was read in, which is not the same as none", async () => {
    assert.equal(knowledge.advisories.read(["demo"]), undefined);
    await update(zip("all.zip", { "A-1.json": json(record("A-1")) }));
    assert.deepEqual(knowledge.advisories.read(["other"])?.get("other")?.records, []);
  });

  it("passes over what is broken and keeps the rest", async () => {
    const hostile = {
      "A-1.json": json(record("A-1")),
      "broken.json": new TextEncoder().encode("{"),
      "list.json": json([record("A-2"), 7, null]),
      "noid.json": json({ ...record("A-3"), id: "../../etc" }),
      "when.json": json({ ...record("A-4"), modified: "yesterday" }),
      "deep.json": new TextEncoder().encode("[".repeat(100_000)),
      "name.json": json(record("A-5", "..\u0000\u202e")),
      "ranges.json": json({
        ...record("A-6"),
        affected: [{ package: { ecosystem: "PyPI", name: "demo" } }, null, 3],
      }),
      "summary.json": json({ ...record("A-7"), summary: "\u001b[31mred\u202e" }),
      "readme.txt": json("no record"),
    };
    const answer = await update(zip("all.zip", hostile));
    assert.deepEqual(stored(), ["A-1", "A-2", "A-4", "A-6", "A-7"]);
    assert.equal(answer.leftOut, 6);
    assert.ok(answer.problems.includes("name.json names a PyPI project by what is no name"));
    const [, , , , last] = knowledge.advisories.read(["demo"])!.get("demo")!.records;
    assert.doesNotMatch(last?.summary ?? "", /[\u001b\u202e]/);
  });

  it("tells what it passes over: other ecosystems, a part without a name, and what is beyond all bounds", async () => {
    const pypi = (name: unknown, more: object = { versions: ["1.0"] }, ecosystem = "PyPI") => ({
      package: { ecosystem, name },
      ...more,
    });
    const files = {
      "A-1.json": json({ ...record("A-1"), affected: [pypi("demo"), pypi(undefined), pypi("x", {}, "npm")] }),
      "A-2.json": json({ ...record("A-2"), affected: [pypi("demo", undefined, "npm")] }),
      "A-3.json": json({ ...record("A-3"), affected: null }),
      "A-4.json": json({
        ...record("A-4"),
        affected: [pypi("demo", { versions: Array(60_000).fill("1.0") })],
      }),
      "A-5.json": json({ ...record("A-5"), affected: [pypi("demo", undefined, "pypi:https://pypi.org")] }),
      "A-6.json": json({ ...record("A-6"), affected: [pypi("demo", undefined, "PyPIx")] }),
    };
    const { read, leftOut, foreign, problems } = await update(zip("all.zip", files));
    assert.deepEqual(stored(), ["A-1", "A-5"]);
    assert.deepEqual([read, leftOut, foreign], [2, 2, 3]);
    assert.deepEqual(problems, [
      "A-1.json names a PyPI project by what is no name",
      "A-4.json is larger than any record that there is",
    ]);
  });

  it("survives bombs: an entry that unpacks to more than it says, one that is too large, and no archive at all", async () => {
    const bytes = zipSync({ "A-1.json": json(record("A-1")), "bomb.json": new Uint8Array(20_000_000) });
    writeFileSync(join(folder, "bomb.zip"), bytes);
    assert.equal((await update(join(folder, "bomb.zip"))).leftOut, 1);
    // The directory claims less than there is.
    const lying = Buffer.from(
      zipSync({ "A-2.json": json(record("A-2")), "lie.json": new Uint8Array(5_000_000) }),
    );
    for (let at = lying.indexOf("PK\u0001\u0002"); at >= 0; at = lying.indexOf("PK\u0001\u0002", at + 4)) {
      if (lying.readUInt32LE(at + 24) === 5_000_000) lying.writeUInt32LE(100, at + 24);
    }
    writeFileSync(join(folder, "lie.zip"), lying);
    assert.equal((await update(join(folder, "lie.zip"))).leftOut, 1);
    writeFileSync(join(folder, "text.zip"), "no archive");
    assert.match(await refused(join(folder, "text.zip"), "bad-archive"), /damaged or no archive/);
    assert.deepEqual(stored(), ["A-2"]);
  });

  it("never expands a bomb of YAML anchors, and reads 1.10 as 1.10", async () => {
    const path = join(folder, "yaml");
    mkdirSync(join(path, "demo"), { recursive: true });
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (let at = 1; at < 9; at++) {
      const [before, now] = ["abcdefghij"[at - 1], "abcdefghij"[at]];
      bomb.push(`${now}: &${now} [${Array(10).fill(`*${before}`).join(", ")}]`);
    }
    writeFileSync(join(path, "bomb.yaml"), bomb.join("\n"));
    writeFileSync(
      join(path, "demo", "P-1.yaml"),
      "id: P-1\nmodified: 2026-11-01T00:00:00Z\naffected:\n- package: {name: demo, ecosystem: PyPI}\n  versions: [1.10]\n",
    );
    symlinkSync(path, join(path, "loop"));
    const answer = await update(path);
    assert.deepEqual([answer.leftOut, stored()], [1, ["P-1"]]);
    const { records } = knowledge.advisories.read(["demo"])!.get("demo")!;
    assert.equal(matchAdvisories(records, "1.10", NOW).length, 1);
    assert.equal(matchAdvisories(records, "1.1", NOW).length, 0);
  });

  it("reads every document of a YAML file, null as nothing, and an event with nothing in it as no event", async () => {
    const document = (id: string, events: string) =>
      `id: ${id}\nmodified: 2026-11-01T00:00:00Z\nwithdrawn: null\naffected:\n- package: {name: demo, ecosystem: PyPI}\n  ranges:\n` +
      `  - type: ECOSYSTEM\n    events:\n${events}`;
    const path = join(folder, "two.yaml");
    const first = document(
      "Y-1",
      "    - introduced: '1.0'\n      fixed: null\n    - {introduced: ~, fixed: '2.0'}\n",
    );
    writeFileSync(path, `${first}---\n${document("Y-2", "    - introduced: '3.0'\n      last_affected:\n")}`);
    await update(path);
    const { records } = knowledge.advisories.read(["demo"])!.get("demo")!;
    const ids = (version: string) => matchAdvisories(records, version, NOW).map(({ id }) => id);
    assert.deepEqual([ids("0.9"), ids("1.5"), ids("2.0"), ids("4.0")], [[], ["Y-1"], [], ["Y-2"]]);
  });

  it("reads the entries of an archive whatever their names are, since none is used as a path", async () => {
    const names = [
      "../../up.json",
      "/abs.json",
      "back\\slash.json",
      "C:/drive.json",
      "deep/in/it.JSON",
      ".hid/den.json",
    ];
    const files = names.map((name, at) => [name, json(record(`A-${at}`))]);
    await update(zip("odd.zip", Object.fromEntries(files)));
    assert.deepEqual(stored(), ["A-0", "A-1", "A-2", "A-3", "A-4"]);
  });

  it("refuses what is older, what is empty and what does not exist, and keeps what there is", async () => {
    await update(zip("new.zip", { "A-1.json": json(record("A-1")) }));
    const old = zip("old.zip", { "B-1.json": json({ ...record("B-1"), modified: "2026-11-01T00:00:00Z" }) });
    assert.match(await refused(old, "older-advisories"), /older than what is stored/);
    await refused(zip("empty.zip", { "readme.txt": json(1) }), "no-advisories");
    await refused(join(folder, "missing.zip"), "not-found");
    assert.deepEqual(stored(), ["A-1"]);
  });

  it("takes no time in the future for news: it would keep everything newer out", async () => {
    const future = { ...record("F-1"), modified: "2999-01-01T00:00:00Z" };
    const { source } = await update(
      zip("a.zip", { "A-1.json": json(record("A-1")), "F-1.json": json(future) }),
    );
    assert.equal(new Date(source.newest).toISOString(), "2026-11-20T00:00:00.000Z");
    const next = { ...record("A-2"), modified: "2026-11-21T00:00:00Z" };
    await update(zip("b.zip", { "A-2.json": json(next) }));
    assert.deepEqual(stored(), ["A-2"]);
  });

  it("stops when it is cancelled, and keeps what there was", async () => {
    await update(zip("a.zip", { "A-1.json": json(record("A-1")) }));
    const controller = new AbortController();
    controller.abort();
    const path = zip("b.zip", { "A-2.json": json(record("A-2")) });
    await assert.rejects(update(path, { signal: controller.signal }), { name: "AbortError" });
    assert.deepEqual(stored(), ["A-1"]);
  });

  it("fetches only what has changed once it has the archive, and refuses a list that is older", async () => {
    const records = new Map<string, Record<string, unknown>>([
      ["A-1", record("A-1")],
      ["A-2", record("A-2")],
    ]);
    const asked: string[] = [];
    server = createServer((request, response) => {
      const name = (request.url ?? "").slice("/PyPI/".length);
      asked.push(name);
      if (name === "all.zip") {
        response.end(
          Buffer.from(
            zipSync(Object.fromEntries([...records].map(([id, value]) => [`${id}.json`, json(value)]))),
          ),
        );
      } else if (name === "modified_id.csv") {
        const rows = [...records].map(([id, { modified }]) => `${modified},${id}`);
        response.end(rows.sort().reverse().join("\n"));
      } else {
        const one = records.get(name.replace(/\.json$/, ""));
        response.statusCode = one ? 200 : 404;
        response.end(one ? JSON.stringify(one) : "");
      }
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const url = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/PyPI/all.zip`;
    await update(url);
    assert.deepEqual(stored(), ["A-1", "A-2"]);
    records.set("A-2", {
      ...record("A-2"),
      modified: "2026-11-21T00:00:00Z",
      withdrawn: "2026-11-21T00:00:00Z",
    });
    records.set("A-3", { ...record("A-3"), modified: "2026-11-21T01:00:00Z" });
    asked.length = 0;
    await update(url);
    assert.deepEqual(asked.sort(), ["A-2.json", "A-3.json", "modified_id.csv"]);
    const kept = knowledge.advisories.read(["demo"])!.get("demo")!;
    assert.deepEqual(
      matchAdvisories(kept.records, "1.0", NOW).map(({ id }) => id),
      ["A-1", "A-3"],
    );
    assert.doesNotMatch(kept.source, /secret/);
    records.clear();
    records.set("A-1", record("A-1"));
    assert.match(await refused(url, "older-advisories"), /older than what is stored/);
    assert.equal(stored().length, 3);
  });
});
