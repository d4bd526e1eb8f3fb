// Source distributions that tell what they need only when built, on the command line: refused, named, built in the sandbox, kept.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { interpreter, sandboxProblem } from "../../runner/src/inspect/testing.ts";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { buildTreeSdist, treeFiles } from "../support/sources.ts";
import { makePlace, type Place, type Ran } from "./thoth.ts";

const problem = sandboxProblem();
/** The path itself: a name is looked up anew, and a test may have changed PATH. */
const python = spawnSync(interpreter, ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).stdout?.trim();

describe(`sdists on the command line${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(120_000);
  let index: RunningIndex;
  let place: Place;
  before(async function () {
    if (problem) this.skip();
    index = await startIndex({
      base: [buildWheel({ name: "base", version: "1.0" }), buildWheel({ name: "base", version: "2.0" })],
      helper: [buildWheel({ name: "helper", version: "1.0" })],
      old: [buildTreeSdist({ name: "old", version: "1.0", requires: ["base<2"] })],
      needy: [
        buildTreeSdist({
          name: "needy",
          version: "1.0",
          buildRequires: ["helper"],
          asksFor: ["base"],
          atMetadata: "import helper, base",
        }),
      ],
      mixed: [
        buildWheel({ name: "mixed", version: "1.0" }),
        buildTreeSdist({
          name: "mixed",
          version: "2.0",
          atMetadata: "raise RuntimeError('no compiler here')",
        }),
      ],
      liar: [
        buildTreeSdist({
          name: "liar",
          version: "1.0",
          metadata: "Metadata-Version: 2.1\nName: base\nVersion: 1.0\n\n",
        }),
      ],
      newer: [
        buildTreeSdist({
          name: "newer",
          version: "1.0",
          metadata: "Metadata-Version: 2.1\nName: newer\nVersion: 7.0\n\n",
        }),
      ],
      lost: [buildTreeSdist({ name: "lost", version: "1.0", buildRequires: ["nowhere-to-be-found"] })],
      stated: [buildSdist({ name: "stated", version: "1.0", requires: ["base"] })],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place?.remove());
  after(() => index?.close());

  const run = (...args: string[]): Promise<Ran> =>
    place.run([...args, "--index-url", index.url, "-q", "--format", "json", "--python", python]);
  const lock = async (line: string, ...args: string[]): Promise<Ran> => {
    place.write("requirements.in", `${line}\n`);
    return run("lock", "requirements.in", ...args);
  };
  const pinsOf = ({ stdout, stderr }: Ran): string[] => {
    const { packages } = JSON.parse(stdout || "{}").result ?? assert.fail(stderr);
    return packages.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`);
  };
  const stepsOf = ({ stdout }: Ran): string =>
    JSON.stringify(JSON.parse(stdout).result.conflict?.steps ?? "none");
  const filesAsked = (part: string): number =>
    index.requests.filter(({ path }) => path.includes(part)).length;

  it("are left alone without the setting, and the explanation names it, not as proven", async () => {
    const refused = await lock("old");
    assert.equal(refused.status, 1);
    assert.match(stepsOf(refused), /old 1\.0 cannot be used: .*says what it needs only when built/);
    const explained = JSON.parse((await run("explain", "requirements.in")).stdout).result.conflict;
    assert.deepEqual(explained.kinds, ["needs-build"]);
    assert.deepEqual(explained.relaxations, [
      {
        title: "source distributions built in a sandbox (--build-sdists)",
        edit: [],
        proven: false,
        setting: "build-sdists",
      },
    ]);
    const { stdout } = await place.run([
      "explain",
      "requirements.in",
      "--index-url",
      index.url,
      "-q",
      "--python",
      python,
    ]);
    assert.match(
      stdout,
      /a\. setting: source distributions built in a sandbox \(--build-sdists\) +not checked: only a build shows it/,
    );
  });

  it("do not have the setting named where no build can help", async () => {
    place.write("requirements.in", "old\nbase>=3\n");
    const { conflict } = JSON.parse((await run("explain", "requirements.in")).stdout).result;
    assert.ok(conflict.relaxations.every(({ setting }: { setting?: string }) => setting !== "build-sdists"));
  });

  it("are built where the command line or .thoth.yaml allows it, with what they need", async () => {
    const locked = await lock("old", "--build-sdists");
    assert.equal(locked.stderr, "");
    assert.deepEqual(pinsOf(locked), ["base 1.0", "old 1.0"]);
    place.write(".thoth.yaml", "build-sdists: true\n");
    assert.deepEqual(pinsOf(await lock("needy")), ["needy 1.0"]);
  });

  it("are built once: what came of it is kept with its source, and is there offline", async () => {
    assert.deepEqual(pinsOf(await lock("old", "--build-sdists")), ["base 1.0", "old 1.0"]);
    const before = filesAsked("old-1.0.tar.gz");
    assert.deepEqual(pinsOf(await lock("old", "--build-sdists")), ["base 1.0", "old 1.0"]);
    assert.ok(filesAsked("old-1.0.tar.gz") - before <= 1, "looked at for static metadata at most");
    assert.equal((await place.run(["knowledge", "export", "known.jsonl", "-q"])).status, 0);
    const known = readFileSync(join(place.folder, "known.jsonl"), "utf8");
    assert.match(known, /"built from sdist in a sandbox, cpython 3\.\d+ on linux/);
  });

  it("that do not build make their release alone unusable, with the reason", async () => {
    const other = await lock("mixed", "--build-sdists");
    assert.deepEqual(pinsOf(other), ["mixed 1.0"]);
    assert.match(other.stderr, /mixed 2\.0: it does not build: RuntimeError: no compiler here/);
    assert.match(other.stderr, /in prepare_metadata_for_build_wheel/);
    const only = await lock("mixed==2.0", "--build-sdists");
    assert.equal(only.status, 1);
    assert.match(stepsOf(only), /mixed 2\.0 cannot be used: mixed 2\.0: it does not build: RuntimeError/);
  });

  it("that give metadata of another project or version are refused", async () => {
    assert.match(stepsOf(await lock("liar", "--build-sdists")), /gives metadata of another project, base/);
    assert.match(stepsOf(await lock("newer", "--build-sdists")), /gives metadata of another version, 7\.0/);
  });

  it("whose build requirements are nowhere say so", async () => {
    assert.match(
      stepsOf(await lock("lost", "--build-sdists")),
      /The build requirements of lost 1\.0 do not resolve: .*nowhere-to-be-found/,
    );
  });

  it("with static metadata are not built at all", async () => {
    // The index has no setuptools: a build would fail.
    assert.deepEqual(pinsOf(await lock("stated", "--build-sdists")), ["base 2.0", "stated 1.0"]);
  });

  it("stand for folders and commits as well", async () => {
    for (const [path, text] of Object.entries(
      treeFiles({ name: "own", version: "3.1", requires: ["base<2"] }),
    ))
      if (path !== "PKG-INFO") place.write(`own/${path}`, text);
    const refused = await lock("./own");
    assert.equal(refused.status, 3);
    assert.match(refused.stdout + refused.stderr, /let it be built: --build-sdists/);
    const locked = await lock("./own", "--build-sdists");
    assert.deepEqual(pinsOf(locked), ["base 1.0", "own 3.1"]);
    assert.deepEqual(readdirSync(join(place.folder, "own")).sort(), ["backend.py", "pyproject.toml"]);
  });

  it("are built with check and fix too", async () => {
    place.write(".thoth.yaml", "build-sdists: true\n");
    place.write("requirements.in", "old==1.0\nbase>=2\n");
    const checked = await run("check", "requirements.in");
    assert.match(checked.stdout, /old 1\.0 needs base <2/);
  });
});
