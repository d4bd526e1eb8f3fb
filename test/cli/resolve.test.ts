// `thoth lock` and `explain` from end to end, against an index on loopback.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ExplainCause } from "../../shared/src/protocol/explain.ts";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("lock and explain on the command line", () => {
  let index: RunningIndex;
  let place: Place;
  const thoth = (args: readonly string[]) => place.run([...args, "--index-url", index.url, "--quiet"]);

  before(async () => {
    index = await startIndex({
      flask: [
        buildWheel({ name: "flask", version: "2.2.5", requires: ["werkzeug>=2.2"] }),
        buildWheel({
          name: "flask",
          version: "3.1.3",
          requires: ["werkzeug>=3", 'dotenv; extra == "dotenv"'],
        }),
        buildSdist({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
      ],
      werkzeug: [
        buildWheel({ name: "werkzeug", version: "2.3.0" }),
        buildWheel({ name: "werkzeug", version: "3.0.0" }),
        buildWheel({ name: "werkzeug", version: "3.1.0" }),
      ],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("tells that two lines want one project from two addresses", async () => {
    const lines = ["1.0", "2.0"].map((version) => {
      const wheel = buildWheel({ name: "twice", version });
      place.write(`twice-${version}-py3-none-any.whl`, wheel.bytes);
      return `./twice-${version}-py3-none-any.whl\n`;
    });
    place.write("requirements.in", lines.join(""));
    const { status, stdout, stderr } = await place.run(["explain", "requirements.in", "-q", "--offline"]);
    assert.equal(status, 1, stderr);
    for (const line of [1, 2]) {
      const said = `you require twice @ \\S*twice-${line}\\.0-py3-none-any\\.whl +requirements\\.in:${line}\\n`;
      assert.match(stdout, new RegExp(said));
    }
    assert.match(stdout, /a\. line 1: leave out twice/);
  });

  it("locks with every digest and who asks for what, the same each time", async () => {
    place.write("requirements.in", "flask\n");
    const first = await thoth(["lock", "requirements.in", "-o", "-"]);
    assert.equal(first.stderr, "");
    assert.equal(first.status, 0);
    const hash = "    --hash=sha256:[0-9a-f]{64}";
    assert.match(
      first.stdout,
      new RegExp(
        `^# The stack of requirements\\.in for Python 3\\.11\\.7 on \\S+ \\S+, made by thoth lock\\.\n` +
          `flask==3\\.1\\.3 \\\\\n${hash} \\\\\n${hash}\n    # via -r requirements\\.in\n` +
          `werkzeug==3\\.1\\.0 \\\\\n${hash}\n    # via flask\n$`,
      ),
    );
    const second = await thoth(["lock", "requirements.in", "-o", "-"]);
    assert.equal(second.stdout, first.stdout);
  });

  it("keeps what the lock has as far as it holds, until told to upgrade", async () => {
    place.write("requirements.in", "flask>=3\n");
    const lock = place.write("requirements.txt", "flask==2.2.5\nwerkzeug==3.0.0\n");
    const pins = () => readFileSync(lock, "utf8").match(/^[a-z]+==\S+/gm);
    assert.equal((await thoth(["lock", "requirements.in", "-o", "requirements.txt"])).status, 0);
    assert.deepEqual(pins(), ["flask==3.1.3", "werkzeug==3.0.0"]);
    await thoth(["lock", "requirements.in", "-o", "requirements.txt", "-P", "Werkzeug"]);
    assert.deepEqual(pins(), ["flask==3.1.3", "werkzeug==3.1.0"]);
  });

  it("locks a Pipfile's packages, and the oldest where that is asked for", async () => {
    place.write(
      "Pipfile",
      `[[source]]\nname = "here"\nurl = "${index.url}"\nverify_ssl = false\n\n[packages]\nflask = "*"\n`,
    );
    const { status, stdout } = await thoth(["lock", "--resolution", "lowest", "--format", "json"]);
    assert.equal(status, 0);
    const { result } = JSON.parse(stdout);
    assert.deepEqual(
      result.packages.map(({ name, version, via }: Record<string, unknown>) => [name, version, via]),
      [
        ["flask", "2.2.5", ["-r Pipfile"]],
        ["werkzeug", "2.3.0", ["flask"]],
      ],
    );
  });

  it("reads versions that are no PEP 508 as written: bare in a Pipfile, over joined lines", async () => {
    const source = `[[source]]\nname = "here"\nurl = "${index.url}"\nverify_ssl = false\n`;
    place.write("Pipfile", `${source}\n[packages]\nflask = "2.2.5"\nwerkzeug = {version = "3.0.*"}\n`);
    place.write(
      "requirements.in",
      "flask==\\\n    2.2.5\nwerkzeug (>=3, \\\n <3.1) ; \\\n os_name \\\n == 'posix'\n",
    );
    for (const path of ["Pipfile", "requirements.in"]) {
      const { stdout } = await thoth(["lock", path, "--as", "requirements"]);
      assert.deepEqual(stdout.match(/^[a-z]+==\S+/gm), ["flask==2.2.5", "werkzeug==3.0.0"], path);
    }
  });

  it("writes no lock where nothing resolves, and leaves the one that is there", async () => {
    place.write("requirements.in", "flask>=3\nwerkzeug<3\n");
    const kept = place.write("kept.txt", "flask==2.2.5\n");
    const { status, stdout, stderr } = await thoth(["lock", "requirements.in", "-o", "kept.txt"]);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^thoth: requirements\.in does not resolve for Python 3\.11\.7 on .*\n {7}.*thoth explain/,
    );
    assert.equal(readFileSync(kept, "utf8"), "flask==2.2.5\n");
    await thoth(["lock", "requirements.in", "-o", "none.txt"]);
    assert.ok(!existsSync(join(place.folder, "none.txt")));
  });

  it("explains a clash on its lines, with edits that were checked, and ends with 1", async () => {
    place.write("requirements.in", "# mine\nflask==3.1.3\nwerkzeug<3\n");
    const { status, stdout, stderr } = await thoth(["explain", "requirements.in"]);
    assert.equal(stderr, "");
    assert.equal(status, 1);
    const lines = stdout.split("\n");
    assert.match(lines[0]!, /^requirements\.in does not resolve for Python 3\.11\.7 on /);
    assert.deepEqual(lines.slice(1), [
      "",
      "  1. flask 3.1.3 depends on werkzeug >=3",
      "     you require flask ==3.1.3              requirements.in:2",
      "     So your requirements need werkzeug 3.0.0 to 3.1.0.",
      "  2. your requirements need werkzeug 3.0.0 to 3.1.0 (1)",
      "     you require werkzeug <3                               requirements.in:3",
      "     So your requirements cannot all be met.",
      "",
      "What would help, each checked:",
      "  a. line 2: flask ==2.2.5       2 packages",
      "  b. line 3: werkzeug <=3.1.0    2 packages",
      "thoth fix requirements.in --choose a shows the change as a diff.",
      "",
    ]);
  });

  it("gives the conflict as data whose edits resolve when they are made", async () => {
    const text = "flask==3.1.3\nwerkzeug<3  # old\n";
    place.write("requirements.in", text);
    const { stdout } = await thoth(["explain", "requirements.in", "--format", "json"]);
    const { conflict } = JSON.parse(stdout).result;
    assert.deepEqual(conflict.kinds, ["clash"]);
    assert.deepEqual(
      conflict.causes.map((cause: ExplainCause) => [cause.requirement, cause.range.start.line]),
      [
        ["flask==3.1.3", 0],
        ["werkzeug<3", 1],
      ],
    );
    assert.equal(conflict.relaxations.length, 2);
    for (const { edit, proven } of conflict.relaxations) {
      assert.equal(proven, true);
      const lines = text.split("\n");
      for (const { range, newText } of edit) {
        const line = lines[range.start.line]!;
        lines[range.start.line] =
          line.slice(0, range.start.character) + newText + line.slice(range.end.character);
      }
      place.write("edited.in", lines.join("\n"));
      assert.equal((await thoth(["lock", "edited.in"])).status, 0, lines.join("\n"));
    }
  });

  it("applies a relaxation by its letter: as a diff first, then in the file, as it was explained", async () => {
    const text = "# mine\nflask ==3.1.3  # web\nwerkzeug<3\n";
    place.write("requirements.in", text);
    const shown = await thoth(["fix", "requirements.in", "--choose", "a"]);
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /\n-flask ==3\.1\.3 {2}# web\n\+flask ==2\.2\.5 {2}# web\n/);
    assert.match(
      shown.stdout,
      /1 fix in 1 file, not written\.\nNext: thoth fix requirements\.in --choose a .*--write\n$/,
    );
    assert.equal(readFileSync(join(place.folder, "requirements.in"), "utf8"), text);
    const written = await thoth(["fix", "requirements.in", "--choose", "a", "--write"]);
    assert.equal(written.status, 0, written.stderr);
    assert.equal(
      readFileSync(join(place.folder, "requirements.in"), "utf8"),
      "# mine\nflask ==2.2.5  # web\nwerkzeug<3\n",
    );
    const nothing = await thoth(["fix", "requirements.in", "--choose", "a"]);
    assert.equal(nothing.status, 2);
    assert.match(nothing.stderr, /resolves for .*: there is nothing to choose/);
  });

  it("refuses a letter that is none of the list, and names those that are", async () => {
    place.write("requirements.in", "flask==3.1.3\nwerkzeug<3\n");
    const { status, stderr } = await thoth(["fix", "requirements.in", "--choose", "q"]);
    assert.equal(status, 2);
    assert.match(stderr, /there is no choice q: the choices are a, b\./);
  });

  it("names the setting that would help, as what it is", async () => {
    const old = buildWheel({ name: "modern", version: "1.0" });
    const one = await startIndex({ modern: { files: [{ artifact: old, requiresPython: ">=3.12" }] } });
    try {
      place.write("requirements.in", "modern\n");
      const { status, stdout } = await place.run([
        "explain",
        "requirements.in",
        "--index-url",
        one.url,
        "--quiet",
      ]);
      assert.equal(status, 1);
      assert.match(stdout, /a\. setting: Python 3\.12 \(--python 3\.12\) +1 package\n/);
      const chosen = await place.run([
        "fix",
        "requirements.in",
        "--choose",
        "a",
        "--index-url",
        one.url,
        "-q",
      ]);
      assert.equal(chosen.status, 2);
      assert.match(chosen.stderr, /Choice a changes a setting and no line: Python 3\.12/);
    } finally {
      await one.close();
    }
  });

  it("names the yanked release that would help where it is pinned, and no other one", async () => {
    const wheel = (name: string, version: string, ...requires: string[]) =>
      buildWheel({ name, version, requires });
    const one = await startIndex({
      top: [wheel("top", "1.0", "low>=2", "free")],
      low: [wheel("low", "1.0"), { artifact: wheel("low", "2.0"), yanked: "broken" }],
      free: [wheel("free", "1.0"), { artifact: wheel("free", "2.0"), yanked: true }],
    });
    try {
      place.write("requirements.in", "top\n");
      const args = ["explain", "requirements.in", "--index-url", one.url, "--quiet"];
      const { status, stdout } = await place.run([...args, "--format", "json"]);
      assert.equal(status, 1);
      const { relaxations, kinds } = JSON.parse(stdout).result.conflict;
      assert.ok(kinds.includes("yanked"), kinds.join());
      assert.deepEqual(relaxations, [
        {
          title: "the yanked release, pinned (low==2.0)",
          edit: [],
          proven: true,
          packages: 3,
          setting: "yanked",
        },
      ]);
      place.write("pins.txt", "low==2.0\n");
      const { stdout: pinned } = await place.run([
        "lock",
        "requirements.in",
        "--constraint",
        "pins.txt",
        "--index-url",
        one.url,
        "-q",
        "-o",
        "-",
      ]);
      assert.match(pinned, /^low==2\.0/m);
      assert.match(pinned, /^free==1\.0/m);
    } finally {
      await one.close();
    }
  });

  it("tells a conflict of a check on each of its lines, with the fixes that were proven", async () => {
    place.write("requirements.in", "flask==3.1.3\nwerkzeug<3\n");
    const { status, stdout } = await thoth(["check", "requirements.in", "--format", "json"]);
    assert.equal(status, 1);
    const { findings } = JSON.parse(stdout).result.files[0];
    const told = findings.filter(({ rule }: { rule: string }) => rule === "conflicting-requirements");
    assert.deepEqual(
      told.map((one: { range: { start: { line: number } }; message: string }) => [
        one.range.start.line,
        one.message,
      ]),
      [
        [0, "flask 3.1.3 needs werkzeug >=3; line 2 asks for <3."],
        [1, "werkzeug <3 cannot be met: flask 3.1.3 (line 1) needs werkzeug >=3."],
      ],
    );
    for (const { fixes, related } of told) {
      assert.deepEqual(
        fixes.map(({ title, proven }: { title: string; proven: boolean }) => [title, proven]),
        [
          ["Change flask to ==2.2.5 (resolves with 2 packages)", true],
          ["Change werkzeug to <=3.1.0 (resolves with 2 packages)", true],
        ],
      );
      assert.equal(related.length, 1);
    }
  });

  it("says why a project is there and what holds it back", async () => {
    place.write("requirements.in", "flask\nwerkzeug<3.1\n");
    const { status, stdout } = await thoth(["explain", "requirements.in", "werkzeug"]);
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^requirements\.in resolves for .*, 2 packages\.\n\nwerkzeug 3\.0\.0 is there because of:\n/,
    );
    assert.match(stdout, / {2}requirements\.in line 2: werkzeug<3\.1 → werkzeug 3\.0\.0\n/);
    assert.match(stdout, / {2}requirements\.in line 1: flask → flask 3\.1\.3 → werkzeug 3\.0\.0\n/);
    assert.match(stdout, /werkzeug 3\.1\.0 is not taken:\n/);
    assert.match(stdout, /you require werkzeug <3\.1 +requirements\.in:2/);
    assert.match(stdout, /\n +werkzeug 3\.1\.0 is tried\n +So werkzeug 3\.1\.0 cannot be taken\.\n$/);
  });

  it("hashes what comes from an address, and says that a constraint's extras count for nothing", async () => {
    const wheel = buildWheel({ name: "loose", version: "1.5", requires: ["werkzeug"] });
    place.write(`files/${wheel.filename}`, wheel.bytes);
    const url = pathToFileURL(join(place.folder, "files", wheel.filename)).href;
    place.write("requirements.in", `loose @ ${url}\n`);
    place.write("narrow.txt", "werkzeug[fast]<3.1\n");
    const { status, stdout } = await thoth([
      "lock",
      "requirements.in",
      "-c",
      "narrow.txt",
      "--format",
      "json",
    ]);
    assert.equal(status, 0);
    const [loose, werkzeug] = JSON.parse(stdout).result.packages;
    assert.deepEqual(
      loose.artifacts.map(({ filename, sha256 }: Record<string, unknown>) => ({ filename, sha256 })),
      [{ filename: wheel.filename, sha256: createHash("sha256").update(wheel.bytes).digest("hex") }],
    );
    assert.equal(loose.url, url);
    assert.equal(werkzeug.version, "3.0.0");
    const told = await place.run(["lock", "requirements.in", "-c", "narrow.txt", "--index-url", index.url]);
    assert.match(told.stderr, /narrow\.txt line 1: the extras of a constraint are passed over\./);
  });

  it("refuses a line that only a build could resolve, with its place", async () => {
    place.write("requirements.in", "flask\n-e ./here\n");
    place.write("here/setup.py", "import setuptools, os\nsetuptools.setup(name=os.environ['NAME'])\n");
    const { status, stderr } = await thoth(["lock", "requirements.in"]);
    assert.equal(status, 3);
    assert.match(stderr, /requirements\.in line 2: .*\/here says what it needs only when built\./);
  });

  it("says that an index refuses, in place of a stack that would do without it", async () => {
    place.write("requirements.in", "flask\n");
    const { status, stderr } = await place.run([
      "lock",
      "requirements.in",
      "--index-url",
      "http://127.0.0.1:9/simple/",
      "--quiet",
    ]);
    assert.equal(status, 3);
    assert.match(stderr, /^thoth: flask cannot be resolved: /);
  });
});
