// What answering from the store must not load: the libraries that only a request or a page in HTML needs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { buildWheel, type RunningIndex, startIndex } from "../../../test/support/index.ts";

const SCRIPT = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  const at = (path) => new URL(path, process.argv[1]).href;
  const { createMemoryPageStore } = await import(at("../knowledge/pageStore.ts"));
  const { clientFor } = await import(at("../../../test/support/indexClient.ts"));
  const store = createMemoryPageStore();
  const heavy = () => ["undici", "htmlparser2", "yauzl", "http-cache-semantics", "tar-stream"].filter((name) => loaded.some((url) => url.includes("/" + name + "/")));
  const said = [];
  const warm = clientFor(process.argv[2], { store });
  said.push(heavy());
  await warm.project("demo");
  await warm.close();
  said.push(heavy());
  console.log(JSON.stringify({ said, pages: [...dump(store)] }));
  function* dump() { yield store.read("page\\n\\n" + process.argv[2] + "demo/"); }
`;

const WARM = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  const at = (path) => new URL(path, process.argv[1]).href;
  const { createMemoryPageStore } = await import(at("../knowledge/pageStore.ts"));
  const { clientFor } = await import(at("../../../test/support/indexClient.ts"));
  const store = createMemoryPageStore();
  store.write(JSON.parse(process.argv[3]));
  const client = clientFor(process.argv[2], { store });
  const { pages } = await client.project("demo");
  const newest = pages[0].releases[0].version;
  await client.close();
  console.log(JSON.stringify({ newest, source: pages[0].source, heavy: loaded.filter((url) => url.includes("/node_modules/")) }));
`;

describe("an answer from the store", () => {
  let index: RunningIndex | undefined;
  afterEach(async () => index?.close());

  it("loads no library at all, while a request loads the HTTP client", async () => {
    index = await startIndex({ demo: [buildWheel({ name: "demo", version: "1.0" })] });
    const run = async (script: string, ...args: string[]): Promise<Record<string, unknown>> => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        "--input-type=module",
        "-e",
        script,
        import.meta.url,
        ...args,
      ]);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const cold = await run(SCRIPT, index.url);
    assert.deepEqual(cold.said, [[], ["undici", "http-cache-semantics"]]);
    const [page] = cold.pages as unknown[];
    const warm = await run(WARM, index.url, JSON.stringify(page));
    assert.deepEqual(warm, { newest: "1.0", source: "store", heavy: [] });
    assert.equal(index.requests.length, 1);
  });
});
