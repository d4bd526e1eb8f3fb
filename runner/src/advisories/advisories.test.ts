// Reading advisories in: severities, hostile records, broken archives, and what is older.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { matchAdvisories, reaches, smallestFix, staleness } from "../../../shared/src/advisory/index.ts";
import { readOsvRecord } from "./osv.ts";
import { baseVectorOf, createRater } from "./severity.ts";
import { AdvisoryPlace, json, NOW, record } from "./test/support.ts";

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
    // Introduced anew where it was fixed, in any order; but what is fixed where it is introduced was never there.
    const anew = [{ introduced: "0" }, { fixed: "1.0" }, { introduced: "1.0" }, { fixed: "2.0" }];
    for (const order of [anew, [...anew].reverse(), [anew[3]!, anew[2]!, anew[0]!, anew[1]!]]) {
      assert.deepEqual([await ids("1.0", ranged(order)), await ids("2.0", ranged(order))], [["A-1"], []]);
    }
    assert.deepEqual(await ids("1.5", ranged([{ introduced: "1.0" }, { fixed: "1.0" }])), []);
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

  it("answers the same question once for as long as the same records count", async () => {
    const day = 86_400_000;
    const [until, from] = [NOW + day, NOW - day].map((time) => ({ withdrawn: new Date(time).toISOString() }));
    const records = await read(record("A-1", "demo", from), record("A-2", "demo", until), record("A-3"));
    const at = (time: number) => matchAdvisories(records, "1.0", time);
    assert.deepEqual(
      at(NOW).map(({ id }) => id),
      ["A-2", "A-3"],
    );
    assert.equal(at(NOW + 1000), at(NOW), "what time passes changes nothing");
    assert.deepEqual(
      at(NOW + day).map(({ id }) => id),
      ["A-3"],
    );
    assert.deepEqual(
      at(NOW - day - 1).map(({ id }) => id),
      ["A-1", "A-2", "A-3"],
    );
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

  it("merges names in any case, and what is only related not at all", async () => {
    const records = [
      record("ghsa-aaaa-bbbb-cccc", "demo", { aliases: ["cve-2026-1"] }),
      record("PYSEC-1", "demo", { aliases: ["CVE-2026-1", "GHSA-aaaa-bbbb-cccc"] }),
      record("PYSEC-2", "demo", { related: ["PYSEC-1"], upstream: ["CVE-2026-1"] }),
    ];
    const matches = matchAdvisories(await read(...records), "1.0", NOW);
    assert.deepEqual(
      matches.map(({ id, aliases }) => [id, aliases]),
      [
        ["PYSEC-2", []],
        ["ghsa-aaaa-bbbb-cccc", ["PYSEC-1", "cve-2026-1"]],
      ],
    );
  });

  it("calls malicious only the versions that a report of malice holds for", async () => {
    const report = {
      ...record("MAL-1", "demo", { aliases: ["CVE-1"] }),
      affected: [{ package: { ecosystem: "PyPI", name: "demo" }, versions: ["1.5"] }],
    };
    const records = await read(report, record("PYSEC-1", "demo", { aliases: ["CVE-1"] }));
    const told = (version: string) => {
      const [match, ...others] = matchAdvisories(records, version, NOW);
      assert.deepEqual(others, []);
      return [match?.id, match?.malicious, match?.aliases];
    };
    assert.deepEqual(told("1.5"), ["MAL-1", true, ["CVE-1", "PYSEC-1"]]);
    assert.deepEqual(told("1.0"), ["PYSEC-1", false, ["CVE-1", "MAL-1"]]);
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
  let place: AdvisoryPlace;

  beforeEach(() => {
    place = new AdvisoryPlace();
  });
  afterEach(() => place.close());

  it("knows nothing before anything was read in, which is not the same as none", async () => {
    assert.equal(place.knowledge.advisories.read(["demo"]), undefined);
    await place.update(place.zip("all.zip", { "A-1.json": json(record("A-1")) }));
    assert.deepEqual(place.knowledge.advisories.read(["other"])?.get("other")?.records, []);
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
    const answer = await place.update(place.zip("all.zip", hostile));
    assert.deepEqual(place.stored(), ["A-1", "A-2", "A-4", "A-6", "A-7"]);
    assert.equal(answer.leftOut, 6);
    assert.ok(answer.problems.includes("name.json names a PyPI project by what is no name"));
    const [, , , , last] = place.knowledge.advisories.read(["demo"])!.get("demo")!.records;
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
    const { read, leftOut, foreign, problems } = await place.update(place.zip("all.zip", files));
    assert.deepEqual(place.stored(), ["A-1", "A-5"]);
    assert.deepEqual([read, leftOut, foreign], [2, 2, 3]);
    assert.deepEqual(problems, [
      "A-1.json names a PyPI project by what is no name",
      "A-4.json is larger than any record that there is",
    ]);
  });

  it("survives bombs: an entry that unpacks to more than it says, one that is too large, and no archive at all", async () => {
    const bytes = zipSync({ "A-1.json": json(record("A-1")), "bomb.json": new Uint8Array(20_000_000) });
    writeFileSync(join(place.folder, "bomb.zip"), bytes);
    assert.equal((await place.update(join(place.folder, "bomb.zip"))).leftOut, 1);
    // The directory claims less than there is.
    const lying = Buffer.from(
      zipSync({ "A-2.json": json(record("A-2")), "lie.json": new Uint8Array(5_000_000) }),
    );
    for (let at = lying.indexOf("PK\u0001\u0002"); at >= 0; at = lying.indexOf("PK\u0001\u0002", at + 4)) {
      if (lying.readUInt32LE(at + 24) === 5_000_000) lying.writeUInt32LE(100, at + 24);
    }
    writeFileSync(join(place.folder, "lie.zip"), lying);
    assert.equal((await place.update(join(place.folder, "lie.zip"))).leftOut, 1);
    writeFileSync(join(place.folder, "text.zip"), "no archive");
    assert.match(await place.refused(join(place.folder, "text.zip"), "bad-archive"), /damaged or no archive/);
    assert.deepEqual(place.stored(), ["A-2"]);
  });

  it("never expands a bomb of YAML anchors, and reads 1.10 as 1.10", async () => {
    const path = join(place.folder, "yaml");
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
    const answer = await place.update(path);
    assert.deepEqual([answer.leftOut, place.stored()], [1, ["P-1"]]);
    const { records } = place.knowledge.advisories.read(["demo"])!.get("demo")!;
    assert.equal(matchAdvisories(records, "1.10", NOW).length, 1);
    assert.equal(matchAdvisories(records, "1.1", NOW).length, 0);
  });

  it("reads every document of a YAML file, null as nothing, and an event with nothing in it as no event", async () => {
    const document = (id: string, events: string) =>
      `id: ${id}\nmodified: 2026-11-01T00:00:00Z\nwithdrawn: null\naffected:\n- package: {name: demo, ecosystem: PyPI}\n  ranges:\n` +
      `  - type: ECOSYSTEM\n    events:\n${events}`;
    const path = join(place.folder, "two.yaml");
    const first = document(
      "Y-1",
      "    - introduced: '1.0'\n      fixed: null\n    - {introduced: ~, fixed: '2.0'}\n",
    );
    writeFileSync(path, `${first}---\n${document("Y-2", "    - introduced: '3.0'\n      last_affected:\n")}`);
    await place.update(path);
    const { records } = place.knowledge.advisories.read(["demo"])!.get("demo")!;
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
    await place.update(place.zip("odd.zip", Object.fromEntries(files)));
    assert.deepEqual(place.stored(), ["A-0", "A-1", "A-2", "A-3", "A-4"]);
  });

  it("refuses what is older, what is empty and what does not exist, and keeps what there is", async () => {
    await place.update(place.zip("new.zip", { "A-1.json": json(record("A-1")) }));
    const old = place.zip("old.zip", {
      "B-1.json": json({ ...record("B-1"), modified: "2026-11-01T00:00:00Z" }),
    });
    assert.match(await place.refused(old, "older-advisories"), /older than what is stored/);
    await place.refused(place.zip("empty.zip", { "readme.txt": json(1) }), "no-advisories");
    await place.refused(join(place.folder, "missing.zip"), "not-found");
    assert.deepEqual(place.stored(), ["A-1"]);
  });

  it("takes no time in the future for news: it would keep everything newer out", async () => {
    const future = { ...record("F-1"), modified: "2999-01-01T00:00:00Z" };
    const { source } = await place.update(
      place.zip("a.zip", { "A-1.json": json(record("A-1")), "F-1.json": json(future) }),
    );
    assert.equal(new Date(source.newest).toISOString(), "2026-11-20T00:00:00.000Z");
    const next = { ...record("A-2"), modified: "2026-11-21T00:00:00Z" };
    await place.update(place.zip("b.zip", { "A-2.json": json(next) }));
    assert.deepEqual(place.stored(), ["A-2"]);
  });

  it("keeps what was known of a record that cannot be read any more, and forgets one that is not there", async () => {
    const good = {
      "A-1.json": json(record("A-1")),
      "A-2.json": json(record("A-2")),
      "A-3.json": json(record("A-3")),
    };
    await place.update(place.zip("a.zip", good));
    const broken = { "PyPI/A-1.json": new TextEncoder().encode("{"), "A-3.json": json(record("A-3")) };
    const answer = await place.update(place.zip("b.zip", broken));
    assert.deepEqual([place.stored(), answer.read, answer.leftOut], [["A-1", "A-3"], 1, 1]);
  });

  it("goes by the advisories rather than by a clock that is years behind", async () => {
    const years = { now: NOW - 3 * 365 * 86_400_000 };
    const path = place.zip("a.zip", { "A-1.json": json(record("A-1")) });
    const { source } = await place.update(path, years);
    assert.equal(new Date(source.asOf).toISOString(), "2026-11-20T00:00:00.000Z");
    assert.equal(staleness(source.asOf, years.now), "ahead");
    // Loaded under the right clock, they are not taken for older than themselves under the wrong one.
    await place.update(path);
    assert.equal((await place.update(path, years)).source.asOf, source.asOf);
    assert.deepEqual(
      [0, 6, 8, -2].map((days) => staleness(NOW - days * 86_400_000, NOW)),
      [undefined, undefined, "old", "ahead"],
    );
  });

  it("stops when it is cancelled, and keeps what there was", async () => {
    await place.update(place.zip("a.zip", { "A-1.json": json(record("A-1")) }));
    const controller = new AbortController();
    controller.abort();
    const path = place.zip("b.zip", { "A-2.json": json(record("A-2")) });
    await assert.rejects(place.update(path, { signal: controller.signal }), { name: "AbortError" });
    assert.deepEqual(place.stored(), ["A-1"]);
  });
});
