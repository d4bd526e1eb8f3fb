// The page store against the simplest thing that could be right: a list in order of use.
import assert from "node:assert/strict";
import fc from "fast-check";
import { createMemoryPageStore, type PageStore, type StoredPage } from "./index.ts";
import { sizeOfPage } from "./pageStore.ts";
import { pageOf, TestFolder } from "./test/support.ts";

/** Least recently used first. */
class Model {
  pages: StoredPage[] = [];

  use(key: string, change: (page: StoredPage) => StoredPage = (page) => page): StoredPage | undefined {
    const page = this.pages.find((each) => each.key === key);
    if (page === undefined) return undefined;
    const changed = change(page);
    this.pages = [...this.pages.filter((each) => each.key !== key), changed];
    return changed;
  }

  write(page: StoredPage): void {
    this.pages = [...this.pages.filter((each) => each.key !== page.key), page];
  }

  remove(key: string): void {
    this.pages = this.pages.filter((each) => each.key !== key);
  }

  bytes(): number {
    return this.pages.reduce((sum, page) => sum + sizeOfPage(page), 0);
  }

  prune(maxBytes: number): number {
    const before = this.bytes();
    while (this.bytes() > maxBytes) this.pages = this.pages.slice(1);
    return before - this.bytes();
  }
}

const key = fc.constantFrom("a", "b", "c", "d", "é", "__proto__");
const text = fc.string({ unit: "binary", maxLength: 30 }).filter((value) => value.isWellFormed());
const time = fc.integer({ min: 0, max: 2 ** 45 });
const page = fc.record(
  {
    key,
    partition: text,
    url: text,
    etag: text,
    policy: text,
    freshUntil: time,
    fetchedAt: time,
    body: text,
  },
  {
    requiredKeys: ["key", "partition", "url", "policy", "freshUntil", "fetchedAt", "body"],
    noNullPrototype: true,
  },
) as fc.Arbitrary<StoredPage>;
const step = fc.oneof(
  { weight: 4, arbitrary: page.map((value) => ({ call: "write" as const, value })) },
  { weight: 4, arbitrary: key.map((value) => ({ call: "read" as const, value })) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant("touch" as const), value: key, text, at: time }) },
  { weight: 1, arbitrary: key.map((value) => ({ call: "remove" as const, value })) },
  { weight: 1, arbitrary: fc.constant({ call: "bytes" as const }) },
  { weight: 1, arbitrary: fc.constant({ call: "tick" as const }) },
  { weight: 1, arbitrary: fc.nat(200).map((value) => ({ call: "prune" as const, value })) },
);

async function agree(
  store: PageStore,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const model = new Model();
  for (const each of steps) {
    switch (each.call) {
      case "write":
        model.write(each.value);
        store.write(each.value);
        break;
      case "read":
        assert.deepEqual(store.read(each.value), model.use(each.value));
        break;
      case "touch": {
        const { value, text: policy, at } = each;
        model.use(value, (old) => ({ ...old, policy, freshUntil: at, fetchedAt: at + 1 }));
        store.touch(value, policy, at, at + 1);
        break;
      }
      case "remove":
        model.remove(each.value);
        store.remove(each.value);
        break;
      case "bytes":
        assert.equal(store.bytes(), model.bytes());
        break;
      case "tick":
        await new Promise((resolve) => setImmediate(resolve));
        break;
      case "prune":
        assert.equal(store.prune(each.value), model.prune(each.value));
        break;
    }
  }
  for (const left of model.pages) assert.deepEqual(store.read(left.key), left);
  assert.equal(store.bytes(), model.bytes());
}

describe("the page store", () => {
  let folder: TestFolder;
  beforeEach(() => {
    folder = new TestFolder();
  });
  afterEach(() => folder.remove());

  it("in a file behaves as a list in order of use", async () => {
    const knowledge = folder.open();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        knowledge.pages.prune(0);
        await agree(knowledge.pages, steps);
      }),
      { numRuns: 150 },
    );
  });

  it("in memory behaves as a list in order of use", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => agree(createMemoryPageStore(), steps)),
    );
  });

  it("keeps what was written in this tick for the next process, without being closed", async () => {
    const first = folder.open();
    first.pages.write(pageOf("a", "one"));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(folder.open().pages.read("a")?.body, "one");
  });

  it("drops the least recently used pages first, also those that only another process has used", () => {
    const first = folder.open({ clock: () => 1_000 });
    for (const name of ["a", "b", "c"]) first.pages.write(pageOf(name, "x".repeat(1_000)));
    first.flush();
    const second = folder.open({ clock: () => 5_000 });
    second.pages.read("a");
    second.close();
    assert.ok(first.pages.prune(2_500) > 1_000);
    assert.equal(first.pages.read("b"), undefined);
    assert.equal(first.pages.read("a")?.key, "a");
    assert.equal(first.pages.read("c")?.key, "c");
  });

  it("does not write for a read of what was used within the last hour", async () => {
    const first = folder.open({ clock: () => 1_000, useGranularity: 3_600_000 });
    first.pages.write(pageOf("a"));
    first.close();
    const { statSync } = await import("node:fs");
    const before = statSync(folder.file).mtimeMs;
    const second = folder.open({ clock: () => 3_000_000, useGranularity: 3_600_000 });
    second.pages.read("a");
    second.close();
    assert.equal(statSync(folder.file).mtimeMs, before);
  });

  it("waits with its writes while a transaction of somebody else is open, and reads them meanwhile", async () => {
    const knowledge = folder.open();
    await assert.rejects(
      knowledge.change(async () => {
        knowledge.pages.write(pageOf("a", "kept"));
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(knowledge.pages.read("a")?.body, "kept");
        throw new Error("rolled back");
      }),
      /rolled back/,
    );
    knowledge.flush();
    assert.equal(folder.open().pages.read("a")?.body, "kept");
  });

  it("says so and goes on when a page cannot be written at all", async () => {
    const knowledge = folder.open();
    knowledge.pages.write({ ...pageOf("bad"), freshUntil: Number.NaN });
    await new Promise((resolve) => setImmediate(resolve));
    assert.match(folder.warnings.join("\n"), /^Some pages were not kept: .*fresh_until/);
    knowledge.pages.write(pageOf("good"));
    knowledge.flush();
    assert.equal(folder.open().pages.read("good")?.key, "good");
    assert.equal(knowledge.pages.read("bad"), undefined);
  });

  it("keeps the first metadata text of a key, since an artifact never changes", () => {
    const knowledge = folder.open();
    knowledge.metadata.write("sha", "one");
    assert.equal(knowledge.metadata.read("sha"), "one");
    knowledge.metadata.write("sha", "two");
    knowledge.flush();
    knowledge.metadata.write("sha", "three");
    assert.equal(knowledge.metadata.read("sha"), "one");
    assert.equal(knowledge.metadata.bytes(), 6);
    assert.equal(knowledge.metadata.prune(0), 6);
    assert.equal(knowledge.metadata.read("sha"), undefined);
  });
});
