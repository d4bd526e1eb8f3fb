// `thoth check`, `list` and `fix` from end to end, against an index on loopback.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { finished, makePlace, type Place } from "./thoth.ts";

const ESC = String.fromCharCode(27);

describe("the command line", () => {
  let index: RunningIndex;
  let place: Place;
  const check = (args: readonly string[], env?: Record<string, string>) =>
    place.run(["check", ...args, "--index-url", index.url, "--quiet"], env ? { env } : {});

  before(async () => {
    index = await startIndex({
      flask: [
        buildWheel({ name: "flask", version: "2.2.5", requires: ["werkzeug>=2.2"] }),
        buildWheel({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
      ],
      broken: {
        files: [
          { artifact: buildWheel({ name: "broken", version: "1.0" }), yanked: `bad${ESC}[2Jwheel` },
          buildWheel({ name: "broken", version: "1.1" }),
        ],
      },
      werkzeug: [buildWheel({ name: "werkzeug", version: "3.0.0" })],
      modern: {
        files: [
          { artifact: buildWheel({ name: "modern", version: "2.0" }), requiresPython: ">=3.13" },
          { artifact: buildWheel({ name: "modern", version: "1.0" }), requiresPython: ">=3.8" },
        ],
      },
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("says that all is well in one line, what was not looked for in another, and ends with 0", async () => {
    place.write("requirements.txt", "flask==3.1.3\nwerkzeug==3.0.0\n");
    const { status, stdout, stderr } = await check([]);
    assert.equal(stderr, "");
    assert.equal(
      stdout,
      "Not checked: advisories: none stored; thoth knowledge update advisories.\n" +
        "No findings in 1 file. 2 packages checked against 1 index, just now.\nNext: thoth validate requirements.txt\n",
    );
    assert.equal(status, 0);
  });

  it("tells an unknown project with its place and ends with 1", async () => {
    place.write("requirements.txt", "flask==3.1.3\nfalsk==1.0\n");
    const { status, stdout } = await check([]);
    assert.match(
      stdout,
      /^requirements\.txt\n {2}2:1 {2}error {4}falsk is not on 127\.0\.0\.1:\d+\. One slip away: flask +unknown-project\n/,
    );
    assert.match(stdout, /\n1 error in 1 file\. 2 packages checked/);
    assert.equal(status, 1);
  });

  it("ends with 0 on warnings unless --fail-on asks for them, and writes a stranger's escapes out", async () => {
    place.write("requirements.txt", "broken==1.0\n");
    const fine = await check([]);
    assert.match(fine.stdout, /broken 1\.0 is yanked/);
    assert.ok(!fine.stdout.includes(ESC));
    assert.equal(fine.status, 0);
    assert.equal((await check(["--fail-on", "warning"])).status, 1);
  });

  it("judges releases for the Python asked for", async () => {
    place.write("requirements.txt", "modern==2.0\n");
    const here = await check(["requirements.txt"]);
    assert.match(here.stdout, /modern 2\.0 needs Python 3\.13 or newer; this environment has 3\.11/);
    assert.equal(here.status, 1);
    assert.equal((await check(["requirements.txt", "--python", "3.13"])).status, 0);
  });

  it("gives JSON as one object with ranges, evidence and fixes", async () => {
    place.write("requirements.txt", "modern==2.0\n");
    const { stdout } = await check(["--format", "json"]);
    const answer = JSON.parse(stdout);
    assert.deepEqual(Object.keys(answer), ["operation", "schema", "result", "notChecked"]);
    assert.equal(answer.operation, "check");
    assert.equal(answer.schema, 1);
    const [finding] = answer.result.files[0].findings;
    assert.equal(finding.rule, "python-incompatible");
    assert.deepEqual(finding.range, { start: { line: 0, character: 6 }, end: { line: 0, character: 11 } });
    assert.equal(finding.evidence[0].freshness, "fresh");
    assert.ok(
      finding.fixes.some((fix: { edits: { newText: string }[] }) => fix.edits[0]?.newText.includes("1.0")),
    );
  });

  it("says that an index which refuses was not checked, and ends with 3", async () => {
    const closed = await startIndex({}, { auth: { user: "a", password: "b" } });
    try {
      place.write("requirements.txt", "flask==3.1.3\n");
      const { status, stdout } = await place.run(["check", "-q", "--index-url", closed.url]);
      assert.match(stdout, /answered 401/);
      assert.match(stdout, /No package was checked/);
      assert.equal(status, 3);
    } finally {
      await closed.close();
    }
  });

  it("uses what it knows when offline, with its age, and says what it does not know", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    await check([]);
    const before = index.requests.length;
    const known = await check(["--offline"]);
    assert.equal(known.status, 0);
    place.write("requirements.txt", "flask==3.1.3\nmodern==2.0\n");
    const unknown = await check(["--offline"]);
    assert.match(unknown.stdout, /Not checked: modern/);
    assert.equal(unknown.status, 3);
    assert.equal(index.requests.length, before);
  });

  it("asks nothing twice while the pages are fresh", async () => {
    place.write("requirements.txt", "flask==2.2.5\nbroken==1.1\n");
    const first = await check([]);
    const before = index.requests.length;
    const second = await check([]);
    assert.equal(index.requests.length, before);
    assert.equal(second.stdout, first.stdout);
  });

  it("asks for the pages alone where the resolver is not asked: without its proof no pin is offered", async () => {
    place.write("requirements.txt", "flask\nwerkzeug\n");
    const before = index.requests.length;
    const { stdout } = await check(["--format", "json"]);
    const [file] = JSON.parse(stdout).result.files;
    assert.deepEqual(
      file.findings.map((finding: { rule: string; fixes: unknown[] }) => [finding.rule, finding.fixes]),
      [
        ["unpinned-requirement", []],
        ["unpinned-requirement", []],
      ],
    );
    const asked = index.requests.slice(before).map(({ path }) => path);
    assert.deepEqual(asked.sort(), ["/simple/flask/", "/simple/werkzeug/"]);
  });

  it("looks for no way around a name that no index has: the name is told, and what else would resolve is not asked for", async () => {
    place.write("requirements.txt", "flask>=2\nnowhere==1.0\n");
    const before = index.requests.length;
    const { stdout } = await check([]);
    assert.match(stdout, /\n {2}2:1 {2}error .*nowhere is not on .* unknown-project\n/);
    assert.doesNotMatch(stdout, /conflicting-requirements/);
    const asked = index.requests.slice(before).map(({ path }) => path);
    assert.deepEqual(
      asked.filter((path) => path.includes("werkzeug")),
      [],
    );
  });

  it("follows includes and constraints and tells a missing one on its line", async () => {
    place.write("requirements.txt", "-r base.txt\n-c constraints.txt\n-r gone.txt\n");
    place.write("base.txt", "flask\n");
    place.write("constraints.txt", "flask<3\n");
    const { stdout, status } = await check(["requirements.txt"]);
    assert.match(stdout, /3:\d+ +error +gone\.txt does not exist/);
    assert.equal(status, 1);
  });

  it("checks a Pipfile against its own source and its own Python", async () => {
    place.write(
      "Pipfile",
      `[[source]]\nname = "here"\nurl = "${index.url}"\nverify_ssl = true\n\n[packages]\nmodern = "==2.0"\n\n[requires]\npython_version = "3.13"\n`,
    );
    const { stdout, status, stderr } = await place.run(["check", "-q", "Pipfile"]);
    assert.equal(stderr, "");
    assert.match(stdout, /No findings in 1 file\. 1 package checked against 1 index/);
    assert.equal(status, 0);
  });

  it("shows fixes as a diff and writes nothing", async () => {
    const text = "modern==2.0  # why\r\nflask = 3.1.3\r\n";
    const path = place.write("requirements.txt", text);
    const { status, stdout } = await place.run(["fix", "-q", "--index-url", index.url]);
    assert.match(stdout, /^--- requirements\.txt\n\+\+\+ requirements\.txt\n@@ /);
    assert.match(stdout, /\n\+modern==1\.0 {2}# why/);
    assert.match(stdout, /\n\+flask == 3\.1\.3/);
    assert.equal(readFileSync(path, "utf8"), text);
    assert.equal(status, 0);
  });

  it("writes fixes keeping line ends, byte order mark and mode", async () => {
    const path = place.write("requirements.txt", "\ufeffmodern==2.0\r\nflask==3.1.3\r\n");
    chmodSync(path, 0o640);
    const { stdout } = await place.run(["fix", "--write", "-q", "--index-url", index.url]);
    assert.match(stdout, /1 fix written to 1 file\./);
    assert.equal(readFileSync(path, "utf8"), "\ufeffmodern==1.0\r\nflask==3.1.3\r\n");
    assert.equal(statSync(path).mode & 0o777, 0o640);
  });

  it("writes SARIF that code scanning can take", async () => {
    place.write("requirements.txt", "modern==2.0\nmodern==2.0\n");
    const { stdout } = await check(["--format", "sarif"]);
    const log = JSON.parse(stdout);
    assert.equal(log.version, "2.1.0");
    const [run] = log.runs;
    assert.equal(run.columnKind, "utf16CodeUnits");
    assert.equal(run.tool.driver.name, "thoth");
    const prints = new Set<string>();
    for (const result of run.results) {
      assert.equal(run.tool.driver.rules[result.ruleIndex].id, result.ruleId);
      assert.ok(["error", "warning", "note"].includes(result.level));
      assert.ok(result.locations[0].physicalLocation.region.startLine >= 1);
      prints.add(result.partialFingerprints["thoth/v1"]);
    }
    assert.equal(prints.size, run.results.length);
    assert.ok(run.results.length >= 2);
  });

  it("writes JUnit whose counts are those of its cases", async () => {
    place.write("requirements.txt", "modern==2.0\nfalsk<1\n");
    const { stdout } = await check(["--format", "junit"]);
    const tests = Number(/<testsuites [^>]*tests="(\d+)"/.exec(stdout)?.[1]);
    assert.equal(stdout.match(/<testcase /g)?.length, tests);
    assert.equal(stdout.match(/<failure /g)?.length, Number(/failures="(\d+)"/.exec(stdout)?.[1]));
    assert.match(stdout, /falsk&lt;1|falsk is not on/);
  });

  it("lists a Pipfile's markers and references as a requirement says them", async () => {
    const tables = ["[packages]", "a = {version = '*', sys_platform = \"== 'win32'\"}"];
    tables.push("b = {git = 'https://u:p@h/r.git', ref = 'v1', markers = \"os_name == 'nt'\"}", "");
    place.write("Pipfile", tables.join("\n"));
    const { stdout } = await place.run(["list", "--format", "json", "Pipfile"]);
    const [a, b] = JSON.parse(stdout).result.files[0].entries;
    assert.equal(a.marker, 'sys_platform == "win32"');
    assert.deepEqual([b.url, b.marker], ["git+https://h/r.git@v1", "os_name == 'nt'"]);
  });

  it("lists clauses and markers in one line, and the version that a wheel's name tells", async () => {
    place.write(
      "requirements.txt",
      [
        "a==\\",
        "    1.0 ; \\",
        "  python_version \\",
        "  > '3'",
        "b (>= 1, <2)",
        "./c-1.0+l_1-py3-none-any.whl",
        "https://h/d-2.tar.gz",
        "git+ssh://git@h/e.git@v1#egg=e",
        "",
      ].join("\n"),
    );
    const { stdout } = await place.run(["list", "--format", "json"]);
    const { entries } = JSON.parse(stdout).result.files[0];
    assert.deepEqual(
      entries.map((entry: { specifier?: string }) => entry.specifier),
      ["==1.0", ">=1,<2", "==1.0+l.1", undefined, undefined],
    );
    assert.equal(entries[0].marker, 'python_version > "3"');
    assert.equal(entries[4].url, "git+ssh://git@h/e.git@v1#egg=e");
  });

  it("lists a lock or a Pipfile under another name, which its text tells", async () => {
    place.write(
      "two.json",
      '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1.0"}}, "develop": {}}',
    );
    place.write("app.Pipfile", "[packages]\nb = '>=2'\n");
    place.write(
      "pip.toml",
      "lock-version = '1.0'\ncreated-by = 'pip'\n[[packages]]\nname = 'c'\nversion = '3'\n",
    );
    const { stdout } = await place.run(["list", "--format", "json", "two.json", "app.Pipfile", "pip.toml"]);
    const found = JSON.parse(stdout).result.files.flatMap(
      (file: { entries: { name: string; specifier: string }[] }) =>
        file.entries.map(({ name, specifier }) => name + specifier),
    );
    assert.deepEqual(found, ["a==1.0", "b>=2", "c==3"]);
  });

  it("lists what the manifests say, credentials and variables left out", async () => {
    place.write(
      "requirements.txt",
      "--index-url https://me:secret@host.example/simple\nflask[async]>=2 ; python_version<'3.12'\n-e ./here\n",
    );
    const { stdout, status } = await place.run(["list", "--format", "json"]);
    assert.ok(!stdout.includes("secret"));
    const { entries } = JSON.parse(stdout).result.files[0];
    assert.deepEqual(
      entries.map((entry: { kind: string }) => entry.kind),
      ["option", "requirement", "requirement"],
    );
    assert.equal(entries[1].specifier, ">=2");
    assert.deepEqual(entries[1].extras, ["async"]);
    assert.equal(entries[2].editable, true);
    assert.equal(status, 0);
  });

  it("writes an answer to a file whole, and nothing to standard output", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    const { stdout } = await check(["--format", "json", "--output", "answer.json"]);
    assert.equal(stdout, "");
    assert.equal(JSON.parse(readFileSync(join(place.folder, "answer.json"), "utf8")).operation, "check");
  });

  it("colours only where it is asked to, and never over NO_COLOR", async () => {
    place.write("requirements.txt", "falsk==1\n");
    assert.ok(!(await check([])).stdout.includes(ESC));
    assert.ok((await check([], { FORCE_COLOR: "1" })).stdout.includes(ESC));
    assert.ok(!(await check([], { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout.includes(ESC));
  });

  it("shows one line per stage without a terminal, none with --no-progress", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    const told = await place.run(["check", "--index-url", index.url]);
    assert.equal(told.stderr, "thoth: checking packages, 1 in all\n");
    const quiet = await place.run(["check", "--index-url", index.url, "--no-progress"]);
    assert.equal(quiet.stderr, "");
  });

  it("ends with 130 when interrupted, with what it knew by then", async () => {
    let asked: () => void = () => {};
    const waiting = new Promise<void>((settle) => {
      asked = settle;
    });
    const hanging = await startIndex(
      {},
      {
        misbehave: (request) => {
          if (!request.url?.includes("slow")) return false;
          asked();
          return true;
        },
      },
    );
    try {
      place.write("requirements.txt", "slow==1\nfalsk==1 ; python_version ==\n");
      const child = place.start(["check", "-q", "--index-url", hanging.url]);
      const ran = finished(child);
      await waiting;
      child.kill("SIGINT");
      const { status, stdout } = await ran;
      assert.match(stdout, /invalid-syntax/);
      assert.match(stdout, /Not checked: slow.*: cancelled/);
      assert.doesNotMatch(stdout, /^Next:/m);
      assert.equal(status, 130);
    } finally {
      await hanging.close();
    }
  });

  it("is quiet when its reader goes away", async () => {
    place.write("requirements.txt", Array.from({ length: 20_000 }, (_, at) => `p${at}==1`).join("\n"));
    const child = place.start(["list"]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    let stderr = "";
    child.stderr?.on("data", (piece) => {
      stderr += piece;
    });
    await new Promise((settle) => child.on("exit", settle));
    assert.equal(stderr, "");
  });
});
