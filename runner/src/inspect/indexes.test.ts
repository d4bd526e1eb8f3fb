// Indexes that refuse while a stack is resolved: the index is named, and the stack is not blamed.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buildWheel, type IndexOptions, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import type { Inspection } from "./model.ts";
import { inspectStack } from "./stack.ts";
import { InspectionFixture, sandboxProblem } from "./testing.ts";

const problem = sandboxProblem();
const wheel = (name: string, requires: readonly string[] = []) =>
  buildWheel({ name, version: "1.0", modules: { [name]: "" }, requires });

/** A port of loopback where nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}/simple/`;
}

const answering = (status: number): IndexOptions => ({
  misbehave: (_request, response) => {
    response.writeHead(status, { "content-type": "text/plain" }).end("no\n");
    return true;
  },
});

describe(`an index that refuses${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(60_000);
  let fixture: InspectionFixture;
  const running: RunningIndex[] = [];
  before(function () {
    if (problem) this.skip();
    fixture = new InspectionFixture();
  });
  after(async () => {
    fixture?.remove();
    await Promise.all(running.map((index) => index.close()));
  });

  const start = async (
    projects: Parameters<typeof startIndex>[0],
    options?: IndexOptions,
  ): Promise<string> => {
    const index = await startIndex(projects, options);
    running.push(index);
    return index.url;
  };
  const inspect = (names: readonly string[], indexUrl: string, ...extra: string[]): Promise<Inspection> =>
    inspectStack(
      fixture.request(names, {
        indexes: { indexUrl, extraIndexUrls: extra, usePipConfiguration: false },
        env: { PATH: process.env.PATH, HOME: fixture.folder },
      }),
    );

  for (const [status, words] of [
    [401, /^Not checked: 127\.0\.0\.1\S* answered 401\.$/],
    [403, /^Not checked: 127\.0\.0\.1\S* answered 403\.$/],
    [500, /^Not checked: 127\.0\.0\.1\S* answered 500\.$/],
  ] as const) {
    it(`is named when it answers ${status}, whatever another one has`, async () => {
      const refusing = await start({}, answering(status));
      const other = await start({ front: [wheel("front", ["back"])] });
      const absent = await inspect(["front"], refusing, other);
      assert.equal(absent.outcome, "infrastructure-failed", JSON.stringify(absent.failures));
      assert.match(absent.failures[0]?.message ?? "", words);
      assert.ok(absent.failures[0]?.next);
      const whole = await start({ front: [wheel("front", ["back"])], back: [wheel("back")] });
      const taken = await inspect(["front"], refusing, whole);
      assert.equal(taken.outcome, "infrastructure-failed", JSON.stringify(taken.failures));
      assert.equal(taken.failures[0]?.requirement?.line, 1);
      assert.match(taken.failures[0]?.message ?? "", words);
      assert.ok(taken.stages.every(({ name, outcome }) => name === "sandbox" || outcome !== "passed"));
    });
  }

  it("is named when nobody listens there", async () => {
    const nobody = await closedPort();
    const other = await start({ back: [wheel("back")] });
    const result = await inspect(["front"], nobody, other);
    assert.equal(result.outcome, "infrastructure-failed", JSON.stringify(result.failures));
    assert.match(
      result.failures[0]?.message ?? "",
      /^Not checked: 127\.0\.0\.1\S* refused the connection\.$/,
    );
  });

  it("is no reason where it refuses only what the stack does not ask for", async () => {
    const partly = await start(
      { front: [wheel("front")] },
      {
        misbehave: (request, response) => {
          if (request.url?.includes("front") || request.url?.includes("/files/")) return false;
          response.writeHead(500).end();
          return true;
        },
      },
    );
    const other = await start({});
    const result = await inspect(["front"], partly, other);
    assert.equal(result.outcome, "passed", JSON.stringify(result.failures));
  });

  it("is not blamed for what no index has", async () => {
    const one = await start({});
    const two = await start({ back: [wheel("back")] });
    const result = await inspect(["front"], one, two);
    assert.equal(result.outcome, "install-failed", JSON.stringify(result.failures));
    assert.match(result.failures[0]?.message ?? "", /No wheel of front matches/);
  });
});
