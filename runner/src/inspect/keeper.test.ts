// Nothing is left behind: not after a cancel, not after the runner is killed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runKept } from "./keeper.ts";
import { inspectStack } from "./stack.ts";
import { InspectionFixture, processesOf, sandboxProblem, waitUntilGone } from "./testing.ts";

const problem = sandboxProblem();
const rounds = Number(process.env.THOTH_TEST_KILLS ?? 6);

describe(`what an inspection leaves behind${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(60_000 + rounds * 10_000);
  let fixture: InspectionFixture;
  before(function () {
    if (problem) this.skip();
    fixture = new InspectionFixture();
    // A tree that does its best to stay: sessions of their own, ignored signals, grandchildren.
    const stay =
      "import os, signal, time\nfor name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(name, signal.SIG_IGN)\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        os.fork()\n        time.sleep(3600)\nprint('staying', flush=True)\ntime.sleep(3600)\n";
    fixture.wheel("stayer", stay);
    fixture.wheel("aaa-first", "");
  });
  after(() => fixture?.remove());

  const userOf = (message: string): number | undefined => {
    const found = /user (\d+)/.exec(message)?.[1];
    return found === undefined ? undefined : Number(found);
  };

  it("is nothing after a cancel, and the stages and the log so far are kept", async () => {
    const stop = new AbortController();
    let user: number | undefined;
    let stopped = 0;
    const running: string[] = [];
    const result = await inspectStack(fixture.request(["stayer", "aaa-first"]), {
      signal: stop.signal,
      progress: (step) => {
        if (step.stage === "sandbox") user ??= userOf(step.detail ?? "");
        if (step.message !== "import aaa_first") return;
        setImmediate(() => {
          running.push(...processesOf(fixture.folder, user));
          stopped = performance.now();
          stop.abort();
        });
      },
    });
    const took = performance.now() - stopped;
    assert.deepEqual(processesOf(fixture.folder, user), []);
    assert.ok(running.length >= 2, "the sandbox was running when it was cancelled");
    assert.equal(result.outcome, "cancelled");
    assert.equal(result.stages.find(({ name }) => name === "install")?.outcome, "passed");
    assert.equal(result.stages.find(({ name }) => name === "import")?.outcome, "cancelled");
    assert.match(readFileSync(result.log!, "utf8"), /== import aaa_first/);
    process.env.THOTH_TEST_VERBOSE && console.log(`cancel took ${took.toFixed(0)} ms`);
  });

  it("is nothing after a cancel at any other moment", async () => {
    for (const stage of ["sandbox", "resolve", "fetch", "install", "check"]) {
      const stop = new AbortController();
      const result = await inspectStack(fixture.request(["stayer"]), {
        signal: stop.signal,
        progress: (step) => {
          if (step.stage === stage) setImmediate(() => stop.abort());
        },
      });
      assert.equal(result.outcome, "cancelled", stage);
      assert.deepEqual(await waitUntilGone(fixture.folder, undefined, 0), [], stage);
    }
    const early = await inspectStack(fixture.request(["stayer"]), { signal: AbortSignal.abort() });
    assert.equal(early.outcome, "cancelled");
  });

  it(`is nothing after the runner is killed, at ${rounds} moments`, async () => {
    const program = join(fixture.folder, "runner.mts");
    writeFileSync(
      program,
      `import { inspectStack } from ${JSON.stringify(join(import.meta.dirname, "stack.ts"))};
await inspectStack(JSON.parse(process.argv[2]), { progress: (step) => console.log(JSON.stringify(step)) });\n`,
    );
    const moments = ["resolve", "install", "check", "import", "import aaa_first", "sandbox"];
    for (let round = 0; round < rounds; round++) {
      const moment = moments[round % moments.length]!;
      const runner = spawn(
        process.execPath,
        [program, JSON.stringify(fixture.request(["stayer", "aaa-first"]))],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let user: number | undefined;
      let seen = "";
      let before = 0;
      runner.stdout.on("data", (chunk: Buffer) => {
        seen += chunk;
        user ??= userOf(seen);
        if (before > 0 || !seen.includes(`"message":"${moment}"`)) return;
        before = processesOf(fixture.folder, user).length;
        // Spread over the stage, so that no moment of starting is left out.
        setTimeout(() => runner.kill("SIGKILL"), (round * 7) % 60);
      });
      await new Promise((resolve) => runner.on("close", resolve));
      assert.ok(before > 0, `round ${round}: the runner reached ${moment}`);
      const began = performance.now();
      assert.deepEqual(
        await waitUntilGone(fixture.folder, user, 3000),
        [],
        `round ${round}, killed at ${moment}`,
      );
      if (process.env.THOTH_TEST_VERBOSE) console.log(moment, `${(performance.now() - began).toFixed(0)} ms`);
    }
  });

  it("kills a plain command with its children when it is told to stop", async () => {
    const stop = new AbortController();
    const token = join(fixture.folder, "plain");
    const result = await runKept({
      command: "/bin/sh",
      args: ["-c", `sleep 3600 & echo up; sleep 3600; : ${token}`],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
      deadline: 60_000,
      label: token,
      signal: stop.signal,
      onOutput: () => stop.abort(),
      onStandardOutput: () => stop.abort(),
    });
    assert.equal(result.signal, "SIGKILL");
    assert.deepEqual(await waitUntilGone(token, undefined, 1000), []);
  });

  it("says why a command cannot be started", async () => {
    const result = await runKept({
      command: "/no/such/command",
      args: [],
      env: {},
      cwd: "/",
      deadline: 1000,
    });
    assert.match(result.error ?? "", /ENOENT/);
  });
});
