// The keeper of what is known, with time in the test's own hands.
import assert from "node:assert/strict";
import { CancellationToken } from "vscode-jsonrpc";
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import { readPylock } from "../../../shared/src/manifest/pylock.ts";
import { readPyproject } from "../../../shared/src/manifest/pyproject.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { tomlForTests } from "../../../test/support/toml.ts";
import { linux, project, rootUri, viewOf } from "../features/testing.ts";
import { type FactsExtra, type KnowledgeAsker, KnowledgeKeeper } from "./knowledge.ts";

type Asked = FactsExtra & {
  onProject(project: ProjectFacts): void;
  answer(projects: readonly ProjectFacts[]): void;
};

function keeperWith(overrides: Partial<KnowledgeAsker> = {}) {
  const asked: Asked[] = [];
  const timers = new Set<{ at: number; callback: () => void }>();
  const changes: boolean[] = [];
  let time = 1_000_000;
  const keeper = new KnowledgeKeeper({
    ask: {
      environment: async () => linux,
      facts: (input, onProject) =>
        new Promise((resolve) => {
          asked.push({ ...input, onProject, answer: (projects) => resolve({ projects }) });
        }),
      ...overrides,
    },
    now: () => time,
    digest: () => "digest",
    schedule(milliseconds, callback) {
      const timer = { at: time + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    changed: (_root, settled) => changes.push(settled),
    log: () => {},
  });
  /** Lets time pass, and everything that follows from it happen. */
  const pass = async (milliseconds: number): Promise<void> => {
    time += milliseconds;
    for (const timer of [...timers]) {
      if (timer.at > time || !timers.delete(timer)) continue;
      timer.callback();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { keeper, asked, changes, pass };
}

const context = { input: { cwd: "/work" } };

describe("the keeper of what is known", () => {
  it("binds each package of a pylock to the index that the lock names", async () => {
    const url = "https://packages.example.com/simple";
    const text = `lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "acme"\nversion = "1.0"\nindex = "${url}"\n`;
    const { keeper, asked, pass } = keeperWith();
    keeper.update(rootUri, viewOf(text, { manifest: readPylock(text, await tomlForTests()) }).tree, context);
    await pass(200);
    assert.deepEqual(
      asked[0]?.packages.map(({ source }) => source),
      [url],
    );
    assert.deepEqual(asked[0]?.sources, [{ name: url, url, verifySsl: true, explicit: true }]);
  });

  it("asks after a moment, in one question, and settles once", async () => {
    const { keeper, asked, changes, pass } = keeperWith();
    keeper.update(rootUri, viewOf("flask==1\nwerkzeug\n").tree, context);
    assert.equal(asked.length, 0);
    await pass(200);
    assert.deepEqual(
      asked[0]?.packages.map((item) => item.name),
      ["flask", "werkzeug"],
    );
    asked[0]?.answer([project("flask", ["1"]), project("werkzeug", ["1"])]);
    await pass(0);
    const snapshot = keeper.snapshotOf(rootUri);
    assert.equal(snapshot?.pending, false);
    assert.equal(snapshot?.projects.size, 2);
    assert.equal(changes.filter((settled) => settled).length, 1);
  });
  it("keeps one question in flight, and asks then only what is missing", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.update(rootUri, viewOf("flask==1\n").tree, context);
    await pass(200);
    keeper.update(rootUri, viewOf("flask==1\ndjango==2\n").tree, context);
    await pass(200);
    assert.equal(asked.length, 1);
    asked[0]?.answer([project("flask", ["1"])]);
    await pass(0);
    await pass(200);
    assert.deepEqual(
      asked[1]?.packages.map((item) => item.name),
      ["django"],
    );
  });
  it("looks into the first keystroke after a rest at once where all is known, and else when the typing rests", async () => {
    const { keeper, asked, changes, pass } = keeperWith();
    const settled = () => changes.filter((isSettled) => isSettled).length;
    keeper.update(rootUri, viewOf("flask==1\n").tree, context);
    await pass(200);
    asked[0]?.answer([project("flask", ["1"])]);
    await pass(200);
    assert.equal(settled(), 1);
    keeper.update(rootUri, viewOf("flask==1  # w\n").tree, context);
    await pass(0);
    assert.equal(settled(), 1, "the answer to the keystroke goes first");
    await pass(0);
    assert.equal(settled(), 2);
    keeper.update(rootUri, viewOf("flask==1  # we\n").tree, context);
    await pass(100);
    assert.equal(settled(), 2);
    await pass(50);
    assert.equal(settled(), 3);
    await pass(200);
    keeper.update(rootUri, viewOf("flask==1  # we\nd\n").tree, context);
    await pass(100);
    keeper.update(rootUri, viewOf("flask==1  # we\ndjango\n").tree, context);
    await pass(200);
    assert.deepEqual(
      asked.slice(1).map(({ packages }) => packages.map(({ name }) => name)),
      [["django"]],
    );
  });
  it("never changes a snapshot that it gave out", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.update(rootUri, viewOf("flask==1\nwerkzeug==1\n").tree, context);
    await pass(200);
    const before = keeper.snapshotOf(rootUri);
    asked[0]?.onProject(project("flask", ["1"]));
    await pass(200);
    assert.equal(before?.projects.size, 0);
    const after = keeper.snapshotOf(rootUri);
    assert.equal(after?.projects.size, 1);
    assert.equal(after?.pending, true);
    assert.ok((after?.number ?? 0) > (before?.number ?? 0));
  });
  it("lets a hover wait for its package alone, and no longer than it wants to", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.update(rootUri, viewOf("flask==1\nwerkzeug==1\n").tree, context);
    await pass(200);
    const flask = keeper.waitFor(rootUri, "flask", 1000, CancellationToken.None);
    const werkzeug = keeper.waitFor(rootUri, "werkzeug", 1000, CancellationToken.None);
    asked[0]?.onProject(project("flask", ["1"]));
    assert.equal((await flask)?.name, "flask");
    await pass(1000);
    assert.equal(await werkzeug, undefined);
  });
  it("says why nothing is known when the runner cannot be had, and asks again when told to", async () => {
    let broken = true;
    const { keeper, asked, pass } = keeperWith({
      environment: async () => {
        if (broken) throw Object.assign(new Error("The runner is missing."), { name: "RunnerUnavailable" });
        return linux;
      },
    });
    keeper.update(rootUri, viewOf("flask==1\n").tree, context);
    await pass(200);
    assert.deepEqual(keeper.snapshotOf(rootUri)?.unasked, {
      code: "runner-failed",
      message: "The runner is missing.",
    });
    broken = false;
    keeper.retryAll();
    await pass(0);
    assert.equal(asked.length, 1);
    assert.equal(keeper.snapshotOf(rootUri)?.unasked, undefined);
  });
  it("asks nothing where nothing may be asked", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.update(rootUri, viewOf("flask==1\n").tree, {
      ...context,
      unasked: { code: "untrusted", message: "no" },
    });
    await pass(10_000);
    assert.equal(asked.length, 0);
    assert.equal(keeper.snapshotOf(rootUri)?.pending, false);
  });
  it("asks for the Python that the manifest requires, and anew where that changes", async () => {
    const toml = await tomlForTests();
    const projectTree = (text: string) => viewOf(text, { manifest: readPyproject(text, toml) }).tree;
    const environments: CommonInput[] = [];
    const { keeper, asked, pass } = keeperWith({
      environment: async (input) => {
        environments.push(input);
        return linux;
      },
    });
    const text = (python: string) =>
      `[project]\nname = "mine"\nversion = "1"\nrequires-python = "${python}"\ndependencies = ["flask"]\n`;
    keeper.update(rootUri, projectTree(text(">=3.12,<4")), context);
    await pass(200);
    const python = {
      version: "3.12",
      origin: "pyproject.toml, requires-python",
      requires: ["<4,>=3.12"],
    };
    assert.deepEqual(environments, [{ cwd: "/work", manifestPython: python }]);
    const { manifestPython } = asked[0] as CommonInput & Asked;
    assert.deepEqual(manifestPython, python);
    keeper.update(rootUri, projectTree(text(">=3.13")), context);
    // What was under way is given up.
    for (const one of asked) one.answer([]);
    await pass(10_000);
    await pass(10_000);
    assert.equal(environments.at(-1)?.manifestPython?.version, "3.13");
  });
  it("knows a validation to be of an earlier text while that is edited, and current again when that is undone", () => {
    const { keeper } = keeperWith();
    const tree = viewOf("flask==1\n").tree;
    keeper.update(rootUri, tree, context);
    const inspection = { id: "1", outcome: "passed", finished: 1, packages: [], current: true };
    keeper.setInspection(rootUri, inspection, "flask==1\n");
    keeper.update(rootUri, viewOf("flask==2\n").tree, context);
    assert.equal(keeper.snapshotOf(rootUri)?.inspection?.current, false);
    keeper.update(rootUri, tree, context);
    assert.equal(keeper.snapshotOf(rootUri)?.inspection?.current, true);
  });
});
