// The pass of provenance with the runner and the time in the test's own hands: when it asks, what it shows, what it gives up.
import assert from "node:assert/strict";
import type { PackageProvenance } from "../../../shared/src/facts/provenance.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import { Cancelled } from "../backend/client.ts";
import { rootUri, viewOf } from "../features/testing.ts";
import { ProvenanceKeeper } from "./provenances.ts";

interface Asked {
  readonly tree: ManifestTree;
  tell(one: PackageProvenance): void;
  answer(...packages: PackageProvenance[]): void;
  fail(reason: string): void;
  isCancelled: boolean;
}

function keeperWith() {
  const asked: Asked[] = [];
  const changes: boolean[] = [];
  const timers = new Set<{ at: number; callback: () => void }>();
  let time = 1_000_000;
  const keeper = new ProvenanceKeeper({
    ask: (_root, tree, tell, token) =>
      new Promise((resolve, reject) => {
        const one: Asked = {
          tree,
          tell: (found) => tell({ package: found }),
          answer: (...packages) => resolve({ packages, files: [], basis: [] } as unknown as ProvenanceOutput),
          fail: (reason) => reject(new Error(reason)),
          isCancelled: false,
        };
        asked.push(one);
        token.onCancellationRequested(() => {
          one.isCancelled = true;
          reject(new Cancelled());
        });
      }),
    now: () => time,
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
    for (const timer of [...timers]) if (timer.at <= time && timers.delete(timer)) timer.callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const shown = (): string[] =>
    keeper.factsOf(rootUri)?.packages.map(({ name, version }) => `${name} ${version}`) ?? [];
  return { keeper, asked, changes, pass, shown };
}

function said(name: string, version: string): PackageProvenance {
  return { name, version, indexes: [], places: [], artifacts: [], checks: [] };
}

const first = viewOf("flask==1\nclick==1\n").tree;
const second = viewOf("flask==2\nclick==1\n").tree;

describe("the pass of provenance", () => {
  it("shows what is first known soon, the rest in batches, and is settled with the whole answer", async () => {
    const { keeper, asked, changes, pass, shown } = keeperWith();
    keeper.start(rootUri, first);
    asked[0]!.tell(said("flask", "1"));
    await pass(20);
    assert.deepEqual(shown(), ["flask 1"]);
    asked[0]!.tell(said("click", "1"));
    await pass(20);
    assert.deepEqual(shown(), ["flask 1"]);
    await pass(80);
    assert.deepEqual(shown(), ["flask 1", "click 1"]);
    asked[0]!.answer(said("flask", "1"), said("click", "1"));
    await pass(0);
    assert.deepEqual(changes, [false, false, true]);
  });

  it("keeps what was said of the others while a text that was edited is asked about", async () => {
    const { keeper, asked, pass, shown } = keeperWith();
    keeper.start(rootUri, first);
    asked[0]!.answer(said("flask", "1"), said("click", "1"));
    await pass(0);
    keeper.start(rootUri, second);
    asked[1]!.tell(said("flask", "2"));
    await pass(20);
    assert.deepEqual(shown(), ["click 1", "flask 2"]);
  });

  it("counts as answered by the first whole answer, until that is void: not by a piece, nor where the text changed meanwhile", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.start(rootUri, first);
    asked[0]!.tell(said("flask", "1"));
    await pass(20);
    keeper.update(rootUri, second);
    assert.equal(keeper.isAnswered(rootUri), false);
    keeper.start(rootUri, second);
    asked[1]!.answer(said("flask", "2"), said("click", "1"));
    await pass(0);
    keeper.start(rootUri, first);
    assert.equal(keeper.isAnswered(rootUri), true);
    keeper.forget(rootUri);
    assert.equal(keeper.isAnswered(rootUri), false);
  });

  it("gives up an answer for another text at once, and asks again where only a part of it came", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.start(rootUri, first);
    asked[0]!.answer(said("flask", "1"), said("click", "1"));
    await pass(0);
    keeper.start(rootUri, second);
    asked[1]!.tell(said("flask", "2"));
    await pass(20);
    keeper.update(rootUri, second);
    assert.equal(asked[1]!.isCancelled, false);
    keeper.update(rootUri, first);
    assert.equal(asked[1]!.isCancelled, true);
    keeper.start(rootUri, first);
    assert.equal(asked.length, 3);
  });

  it("asks once about one text, again when ten minutes are over, and says what stood in the way", async () => {
    const { keeper, asked, pass } = keeperWith();
    keeper.start(rootUri, first);
    keeper.start(rootUri, first);
    asked[0]!.answer(said("flask", "1"));
    await pass(0);
    keeper.start(rootUri, first);
    assert.equal(asked.length, 1);
    await pass(11 * 60_000);
    keeper.start(rootUri, first);
    asked[1]!.fail("The runner is missing.");
    await pass(0);
    assert.equal(keeper.factsOf(rootUri)?.failure, "The runner is missing.");
  });
});
