// The pre-commit hooks and the GitHub Action, as far as they run without their service: their files, and the very lines that they run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { ENTRY, finished, makePlace, type Place } from "./thoth.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const demo = buildWheel({ name: "demo", version: "1.0" });

describe("hooks and actions of others", () => {
  let index: RunningIndex;
  let place: Place;
  before(async () => {
    index = await startIndex({
      demo: [{ artifact: demo, uploadTime: "2024-01-01T00:00:00Z", provenance: null }],
    });
  });
  after(() => index.close());
  beforeEach(() => {
    place = makePlace();
    // In place of the clone's own starter, which would install and build first.
    const starter = `#!/bin/sh\nexec "${process.execPath}" "${ENTRY}" "$@"\n`;
    chmodSync(place.write("clone/thoth", starter), 0o755);
  });
  afterEach(() => place.remove());

  const run = (command: string, args: readonly string[], env: Record<string, string> = {}) =>
    finished(
      spawn(command, args, {
        cwd: place.folder,
        env: { ...place.env, PIP_INDEX_URL: index.url, ...env },
        stdio: ["pipe", "pipe", "pipe"],
      }),
    );
  const lock = (sha256: string): void =>
    void place.write("requirements.txt", `demo==1.0 --hash=sha256:${sha256}\n`);

  interface Hook {
    readonly id: string;
    readonly entry: string;
    readonly language: string;
    readonly files: string;
  }
  const hooks = parse(readFileSync(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as Hook[];

  it("hooks name a starter that is there, and match locks and nothing besides", () => {
    for (const { entry, language, files } of hooks) {
      assert.equal(language, "script");
      assert.ok(existsSync(join(ROOT, entry.split(" ")[0]!)));
      const matches = new RegExp(files);
      for (const path of [
        "requirements.txt",
        "a/dev-requirements.txt",
        "requirements/base.txt",
        "Pipfile.lock",
        "pylock.dev.toml",
      ])
        assert.match(path, matches);
      for (const path of ["README.md", "src/requirements.py", "xPipfile.lock", "pylock.a.b.toml"])
        assert.doesNotMatch(path, matches);
    }
  });

  it("hooks run on the files that they are given, and fail on a poisoned lock", async () => {
    for (const { entry } of hooks) {
      const [program, ...args] = entry.split(" ");
      lock(demo.sha256);
      const fine = await run(join("clone", program!), [...args, "requirements.txt"]);
      assert.equal(fine.status, 0, fine.stdout + fine.stderr);
      lock("0".repeat(64));
      assert.equal((await run(join("clone", program!), [...args, "requirements.txt"])).status, 1);
    }
  });

  interface Action {
    readonly inputs: Record<string, { readonly default: string }>;
    readonly runs: {
      readonly steps: readonly { readonly run: string; readonly env: Record<string, string> }[];
    };
  }
  const action = parse(readFileSync(join(ROOT, "action.yml"), "utf8")) as Action;
  const [step] = action.runs.steps;

  /** The action's own script, its variables filled in as the service would. */
  const act = async (inputs: Record<string, string> = {}) => {
    const values: Record<string, string> = { "github.action_path": join(place.folder, "clone") };
    for (const [name, input] of Object.entries(action.inputs))
      values[`inputs.${name}`] = inputs[name] ?? input.default;
    const env = Object.fromEntries(
      Object.entries(step!.env).map(([name, text]) => [
        name,
        text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, key: string) => values[key] ?? ""),
      ]),
    );
    return run("bash", ["-e", "-o", "pipefail", "-c", step!.run], {
      ...env,
      GITHUB_OUTPUT: join(place.folder, "outputs"),
    });
  };

  it("the action writes its report, says where, and fails as the command does", async () => {
    lock("0".repeat(64));
    const { status, stderr } = await act({ path: "requirements.txt" });
    assert.equal(status, 1, stderr);
    const log = JSON.parse(readFileSync(join(place.folder, "thoth.sarif"), "utf8"));
    assert.equal(log.runs[0].results[0].ruleId, "artifact-digest");
    assert.match(readFileSync(join(place.folder, "outputs"), "utf8"), /^report=thoth\.sarif$/m);
  });

  it("the action takes no input for a command or an option", async () => {
    assert.doesNotMatch(step!.run, /\$\{\{/);
    lock(demo.sha256);
    assert.equal((await act({ command: "lock; touch hacked" })).status, 2);
    assert.equal((await act({ path: "$(touch hacked)\n--trusted-host=x" })).status, 2);
    assert.equal((await act({ output: "thoth.sarif\nreport=hacked" })).status, 2);
    assert.ok(!existsSync(join(place.folder, "hacked")));
    assert.doesNotMatch(readFileSync(join(place.folder, "outputs"), "utf8"), /hacked/);
  });
});
