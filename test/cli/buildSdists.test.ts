// Source distributions that tell what they need only when built, on the command line: refused, named, built in the sandbox, kept.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { interpreter, processesOf, sandboxProblem, waitUntilGone } from "../../runner/src/inspect/testing.ts";
import { createContext, loadOperation } from "../../runner/src/operations/index.ts";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { buildTreeSdist, treeFiles } from "../support/sources.ts";
import { type BuiltArtifact, buildTarGz } from "../support/wheels.ts";
import { finished, makePlace, type Place, type Ran } from "./thoth.ts";

const problem = sandboxProblem();
/** The path itself: a name is looked up anew, and a test may have changed PATH. */
const python = spawnSync(interpreter, ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).stdout?.trim();

/** An sdist as they were before PEP 517: a setup.py that says what it needs when it runs. */
function legacySdist(): BuiltArtifact {
  const setup =
    "import sys\nfrom setuptools import setup\nsetup(name='legacy', version='1.0', py_modules=[], install_requires=['base<2'] if sys.version_info > (3,) else [])\n";
  const bytes = buildTarGz({
    "legacy-1.0/PKG-INFO": "Metadata-Version: 1.0\nName: legacy\nVersion: 1.0\n",
    "legacy-1.0/setup.py": setup,
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { filename: "legacy-1.0.tar.gz", bytes, sha256, metadata: "" };
}

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
      front: [buildWheel({ name: "front", version: "1.0", requires: ["broken-wheel"] })],
      "broken-wheel": [
        buildTreeSdist({
          name: "broken-wheel",
          version: "1.0",
          atWheel: "raise RuntimeError('out of luck')",
        }),
      ],
      legacy: [legacySdist()],
      hangs: [
        buildTreeSdist({
          name: "hangs",
          version: "1.0",
          atMetadata:
            'import subprocess, sys\nsubprocess.run([sys.executable, "-c", "import time; time.sleep(1000)", "hang-here"])',
        }),
      ],
      swapped: [{ ...buildTreeSdist({ name: "swapped", version: "1.0" }), sha256: "0".repeat(64) }],
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

  it("take setuptools where they name no back-end", async function () {
    const tools = join(place.folder, "tools");
    const args = [
      "-m",
      "pip",
      "download",
      "-q",
      "--retries",
      "0",
      "--timeout",
      "15",
      "--no-deps",
      "-d",
      tools,
    ];
    const got = spawnSync(interpreter, [...args, "setuptools", "wheel"], { timeout: 90_000 });
    if (got.status !== 0) {
      this.test!.title += " (skipped: no registry gave setuptools)";
      this.skip();
    }
    const locked = await lock("legacy", "--build-sdists", "--find-links", tools);
    assert.deepEqual(pinsOf(locked), ["base 1.0", "legacy 1.0"]);
  });

  it("are taken by their commit from a repository", async () => {
    for (const [path, text] of Object.entries(
      treeFiles({ name: "own", version: "3.2", requires: ["base<2"] }),
    ))
      if (path !== "PKG-INFO") place.write(`repository/${path}`, text);
    const repository = join(place.folder, "repository");
    const git = (...more: string[]) =>
      spawnSync("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@b", ...more], {
        encoding: "utf8",
      });
    for (const step of [
      ["init", "-q"],
      ["add", "."],
      ["commit", "-q", "-m", "first"],
    ])
      git(...step);
    const commit = git("rev-parse", "HEAD").stdout.trim();
    const locked = await lock(`own @ git+file://${repository}@${commit}`, "--build-sdists");
    assert.deepEqual(pinsOf(locked), ["base 1.0", "own 3.2"]);
  });

  it("are refused as an archive that is another than its index lists", async () => {
    const refused = await lock("swapped", "--build-sdists");
    assert.notEqual(refused.status, 0);
    assert.match(refused.stdout + refused.stderr, /another digest than it lists/);
  });

  it("leave nothing running where the command is interrupted", async () => {
    place.write("requirements.in", "hangs\n");
    const args = ["lock", "requirements.in", "--build-sdists", "--index-url", index.url, "--python", python!];
    const child = place.start(args);
    const ran = finished(child);
    const runs = join(place.env.XDG_CACHE_HOME!, "thoth", "validation", "runs");
    const begun = (): boolean => processesOf(runs).length > 0 && processesOf("hang-here").length > 0;
    while (!begun() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.deepEqual(await waitUntilGone(runs, undefined, 500), []);
    assert.equal((await ran).status, 130);
    assert.deepEqual(processesOf("hang-here"), []);
    assert.deepEqual(readdirSync(runs), []);
  });

  it("leave nothing running in the editor's runner when nobody waits for them any more", async () => {
    const path = place.write("requirements.in", "hangs\n");
    const context = createContext({
      version: "0.0.0",
      machine: { env: place.env, platform: process.platform, home: place.env.HOME! },
    });
    const typed = new AbortController();
    try {
      const calls = { progress() {}, partial() {}, warn() {} };
      const input = {
        path,
        cwd: place.folder,
        texts: {},
        prove: [],
        constraints: [],
        environment: { interpreter: python },
        index: { indexUrl: index.url },
        buildSdists: true,
      };
      const resolveManifest = await loadOperation("resolve");
      const asked = Promise.resolve(resolveManifest(context, input as never, calls, typed.signal)).catch(
        () => {},
      );
      while (processesOf("hang-here").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      typed.abort(new DOMException("The text changed", "AbortError"));
      await asked;
      const runs = join(place.env.XDG_CACHE_HOME!, "thoth", "validation", "runs");
      assert.deepEqual(await waitUntilGone(runs, undefined, 500), []);
      assert.deepEqual(processesOf("hang-here"), []);
    } finally {
      typed.abort();
      await context.close();
    }
  });

  it("stand for folders as well", async () => {
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

  const validate = async (...args: string[]) => {
    const ran = await run("validate", "requirements.in", ...args);
    const { result } = JSON.parse(ran.stdout || "{}");
    assert.ok(result, ran.stderr);
    return { ...result, status: ran.status };
  };
  const stageNames = ({ stages }: { stages: { name: string; outcome: string }[] }): string[] =>
    stages.map(({ name, outcome }) => `${name} ${outcome}`);

  it("have no validation without the setting, which is named", async () => {
    place.write("requirements.in", "old\n");
    const { observations, status } = await validate();
    assert.equal(status, 1);
    assert.match(observations[0].message, /--build-sdists \(thoth\.resolve\.buildSdists\)/);
    place.write("requirements.in", "./own\n");
    const refused = await validate();
    assert.equal(refused.outcome, "refused");
    assert.match(refused.observations[0].message, /would have to be built.*--build-sdists/);
  });

  it("are built into wheels for a validation, which installs and imports them", async () => {
    const own = treeFiles({ name: "own", version: "3.1", requires: ["base"], source: "import base\n" });
    for (const [path, text] of Object.entries(own)) if (path !== "PKG-INFO") place.write(`own/${path}`, text);
    place.write("requirements.in", "old\n./own\n");
    const { outcome, stages, packages } = await validate("--build-sdists");
    assert.equal(outcome, "passed");
    assert.deepEqual(stageNames({ stages }).slice(0, 4), [
      "resolve passed",
      "build passed",
      "fetch passed",
      "install passed",
    ]);
    assert.equal(stages[1].detail, "2 wheels built");
    assert.ok(stages[1].duration > 0);
    assert.deepEqual(
      packages.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`),
      ["base 1.0", "old 1.0", "own 3.1"],
    );
  });

  it("that fail to build end a validation on the line that brings them in", async () => {
    place.write("requirements.in", "base\nfront\n");
    const { outcome, observations, stages } = await validate("--build-sdists");
    assert.equal(outcome, "build-failed");
    assert.deepEqual(stageNames({ stages }).slice(0, 2), ["resolve passed", "build build-failed"]);
    const { message, line, requirement, lines } = observations[0];
    assert.match(message, /^broken-wheel 1\.0: it does not build: RuntimeError: out of luck/);
    assert.deepEqual([requirement, line], ["front", 1]);
    assert.match(lines.join("\n"), /in build_wheel/);
  });
});
