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
