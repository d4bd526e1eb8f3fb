// `thoth validate` as a person and a script meet it: lines without a terminal, exit status, a cancel over the pipe.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CancellationTokenSource,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import {
  methods,
  type PartialParams,
  type ProgressParams,
  type RunResult,
} from "../../shared/src/protocol/rpc.ts";
import type { ValidateOutput, ValidatePartial } from "../../shared/src/protocol/validate.ts";
import { buildWheel } from "../support/wheels.ts";
import { makePlace, type Place } from "./thoth.ts";

/** Why no sandbox can be had on this machine; undefined where one can. */
function missing(): string | undefined {
  if (spawnSync("python3", ["-c", "import pip, venv"]).status !== 0)
    return "python3 with pip and venv is not installed";
  const bwrap = spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "true"]);
  return bwrap.status === 0 ? undefined : "bubblewrap is not to be had";
}

const problem = missing();

describe(`thoth validate${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(60_000);
  let place: Place;
  let python: string[];
  /** The interpreter's own folder: where the home folder lies in it, nothing can be contained. */
  let prefix: string;

  before(function () {
    if (problem) this.skip();
  });
  beforeEach(() => {
    place = makePlace();
    const wheels = join(place.folder, "..", "wheels");
    mkdirSync(wheels);
    for (const [name, source] of [
      ["calm", ""],
      ["second", ""],
      ["faulty", "raise RuntimeError('no luck')\n"],
      ["slow", "import time\ntime.sleep(3600)\n"],
    ] as const) {
      const built = buildWheel({ name, version: "1.0", modules: { [name]: source } });
      writeFileSync(join(wheels, built.filename), built.bytes);
    }
    const found = spawnSync("python3", ["-c", "import sys; print(sys.executable, sys.base_prefix)"], {
      encoding: "utf8",
    });
    const [executable = "", base = ""] = found.stdout.trim().split(" ");
    prefix = base;
    python = ["--python", executable, "--no-index", "--find-links", wheels];
  });
  afterEach(() => place?.remove());

  it("shows each stage with its time, and one line per stage where there is no terminal", async () => {
    place.write("requirements.txt", "calm\nsecond\n");
    const { status, stdout, stderr } = await place.run(["validate", ...python]);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^Python \S+, \S+ · bubblewrap, no network, system-call filter\n/);
    assert.match(stdout, / import {3}2 modules +\S+ m?s\nPassed in \S+ m?s\.\n$/);
    assert.deepEqual(
      stderr.trim().split("\n"),
      ["sandbox", "resolve", "fetch", "install", "check", "import"].map((stage) => `thoth: ${stage}`),
    );
    const verbose = await place.run(["validate", "--verbose", "--quiet", ...python]);
    assert.match(verbose.stdout, /system-call filter, user .*memory watched\n/);
    assert.equal(verbose.stderr, "");
  });

  it("ends with 1 where the stack fails, on the line that is to blame, with the time of the failing stage", async () => {
    place.write("requirements.txt", "calm\nfaulty\n");
    const { status, stdout } = await place.run(["validate", ...python]);
    assert.equal(status, 1, stdout);
    assert.match(stdout, / import +2 modules +\S+ m?s {2}import failed\n/);
    assert.match(
      stdout,
      /\nrequirements\.txt:2 {2}faulty 1\.0 fails when faulty is imported: RuntimeError: no luck\n/,
    );
    assert.match(stdout, /\nFailed at import after /);
  });

  it("takes a constraints file of the command line", async () => {
    place.write("requirements.txt", "calm\n");
    place.write("narrow.txt", "calm>=2\n");
    const { status, stdout } = await place.run(["validate", "-c", "narrow.txt", ...python]);
    assert.equal(status, 1, stdout);
    assert.match(stdout, /Failed at resolve after /);
  });

  it("ends with 3 and the true reason where it refuses an entry, and names each", async () => {
    place.write("requirements.txt", "calm\n-e ./project\ngit+https://example.com/a.git#egg=a\n");
    const { status, stdout } = await place.run(["validate", ...python]);
    assert.equal(status, 3, stdout);
    assert.match(stdout, /\nrequirements\.txt:2 {2}\.\/project is editable: /);
    assert.match(stdout, /\nrequirements\.txt:3 {2}git\+https:\S+ comes from version control: /);
    assert.match(stdout, /\nNot validated: 2 entries cannot be taken\. Nothing of it ran\.\n$/);
    assert.doesNotMatch(stdout, /no sandbox/);
    place.write("requirements.txt", "-r https://127.0.0.1:9/base.txt\n");
    const remote = await place.run(["validate", ...python]);
    assert.equal(remote.status, 3, remote.stdout);
    assert.match(remote.stdout, /\nNot validated: an included file is on the network\. /);
  });

  it("ends with 3 and the reason where there is no sandbox", async () => {
    place.write("requirements.txt", "calm\n");
    const { status, stdout } = await place.run(["validate", ...python], { env: { HOME: prefix } });
    assert.equal(status, 3, stdout);
    assert.match(stdout, /No sandbox: .* holds the home folder, .*--allow-without-sandbox/);
    assert.match(stdout, /\nNot validated: no sandbox is to be had\. /);
  });

  for (const name of ["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"]) {
    it(`answers where ${name} can never be made`, async function () {
      if (process.platform !== "linux") this.skip();
      place.write("requirements.txt", "calm\n");
      const { status, stdout, stderr } = await place.run(["validate", ...python], {
        env: { [name]: "/proc/x" },
      });
      const [expected, text] = name === "XDG_CACHE_HOME" ? [3, stdout] : ([0, stderr] as const);
      assert.equal(status, expected, stdout + stderr);
      assert.match(text, /\/proc\/x\S* ?(?:cannot be written|: )/);
    });
  }

  it("ends with 2 where the script cannot be read", async () => {
    place.write("requirements.txt", "calm\n");
    const { status, stderr } = await place.run(["validate", "--script", "none.py", ...python]);
    assert.equal(status, 2);
    assert.match(stderr, /^thoth: cannot read none\.py\.\n/m);
  });

  it("answers a cancel over the pipe with every stage that was done, each told before as a piece", async () => {
    place.write("requirements.txt", "calm\nslow\n");
    const child = place.start(["--stdio"]);
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    try {
      const cancel = new CancellationTokenSource();
      const pieces: ValidatePartial[] = [];
      connection.onNotification(methods.partial, ({ piece }: PartialParams) => {
        pieces.push(piece as ValidatePartial);
      });
      connection.onNotification(methods.progress, ({ stage, done }: ProgressParams) => {
        if (stage === "import" && done === 1) cancel.cancel();
      });
      connection.listen();
      const input = {
        cwd: place.folder,
        path: "requirements.txt",
        environment: { interpreter: python[1] },
        index: { noIndex: true, findLinks: [python[4]] },
      };
      const params = { operation: "validate", token: "1", input };
      const answer = await connection.sendRequest<RunResult>(methods.run, params, cancel.token);
      const { outcome, stages } = answer.result as ValidateOutput;
      assert.equal(outcome, "cancelled");
      const done = ["resolve", "fetch", "install", "check"];
      assert.deepEqual(
        stages.filter((stage) => stage.outcome === "passed").map(({ name }) => name),
        done,
      );
      assert.deepEqual(
        pieces.map(({ stage }) => `${stage.name} ${stage.outcome}`),
        done.map((name) => `${name} passed`),
      );
      assert.equal(stages.find(({ name }) => name === "import")?.outcome, "cancelled");
      assert.deepEqual(
        answer.notChecked.map(({ what }) => what),
        [],
      );
    } finally {
      connection.dispose();
      child.stdin?.end();
      await new Promise((settle) =>
        child.exitCode === null ? child.on("close", settle) : settle(undefined),
      );
    }
  });
});
