// The runner's client against runners that answer, refuse, die and never start.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import {
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { methods, type RunParams } from "../../../shared/src/protocol/rpc.ts";
import { Cancelled, RunnerClient, type RunnerProcess, RunnerRefusal, RunnerUnavailable } from "./client.ts";

type Behave = (params: RunParams, runner: { die(): void }) => unknown;

/** A client whose runners are within this process; `behaves` gives each of them its manners. */
function clientWith(behaves: readonly Behave[], protocol = 1) {
  const warnings: string[] = [];
  let started = 0;
  const launch = async (): Promise<RunnerProcess> => {
    const behave = behaves[Math.min(started++, behaves.length - 1)];
    const down = new PassThrough();
    const up = new PassThrough();
    const ended = Promise.withResolvers<string>();
    const die = (): void => ended.resolve("ended by SIGKILL");
    const runner = createMessageConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    runner.onRequest(methods.hello, () => ({ protocol, version: "1", knowledge: "k" }));
    runner.onRequest(methods.run, (params: RunParams) => behave?.(params, { die }));
    runner.listen();
    return {
      reader: new StreamMessageReader(up),
      writer: new StreamMessageWriter(down),
      onEnd: (listener) => void ended.promise.then(listener),
      kill: die,
    };
  };
  const client = new RunnerClient({
    launch,
    now: () => 0,
    log: () => {},
    warn: (message) => warnings.push(message),
    stateChanged: () => {},
  });
  return { client, warnings, started: () => started };
}

const answer = (operation: string) => ({ operation, schema: 1, result: operation, notChecked: [] });
const dies: Behave = (_params, runner) => {
  runner.die();
  return new Promise(() => {});
};

describe("the runner's client", () => {
  it("sends what was in flight to the next runner, each request once more", async () => {
    const { client, warnings, started } = clientWith([dies, (params) => answer(params.operation)]);
    const results = await Promise.all([
      client.run("facts", {}),
      client.run("names", {}),
      client.run("list", {}),
    ]);
    assert.deepEqual(
      results.map(({ result }) => result),
      ["facts", "names", "list"],
    );
    assert.equal(started(), 2);
    assert.deepEqual(warnings, []);
  });
  it("gives a request up whose runners die twice", async () => {
    const { client } = clientWith([dies]);
    await assert.rejects(client.run("facts", {}), RunnerUnavailable);
  });
  it("tells once that runners die again and again, until it is told to restart", async () => {
    const { client, warnings } = clientWith([dies, dies, dies, dies, (params) => answer(params.operation)]);
    await assert.rejects(client.run("facts", {}));
    await assert.rejects(client.run("facts", {}));
    await assert.rejects(client.run("facts", {}), RunnerUnavailable);
    assert.equal(warnings.length, 1);
    await client.restart();
    assert.equal((await client.run("facts", {})).result, "facts");
  });
  it("passes a refusal on with its code and next step", async () => {
    const { client } = clientWith([
      () => {
        throw new ResponseError(-32803, "No sandbox.", { code: "no-sandbox", next: "Install bubblewrap." });
      },
    ]);
    await assert.rejects(client.run("validate", {}), (problem: unknown) => {
      assert.ok(problem instanceof RunnerRefusal);
      assert.deepEqual(
        [problem.code, problem.message, problem.next],
        ["no-sandbox", "No sandbox.", "Install bubblewrap."],
      );
      return true;
    });
  });
  it("refuses a runner of another protocol", async () => {
    const { client, warnings } = clientWith([() => null], 2);
    await assert.rejects(client.run("facts", {}), /speaks version 2/);
    assert.equal(warnings.length, 1);
  });
  it("asks nothing for a request that is cancelled already", async () => {
    const { client, started } = clientWith([(params) => answer(params.operation)]);
    const source = new CancellationTokenSource();
    source.cancel();
    await assert.rejects(client.run("facts", {}, { token: source.token }), Cancelled);
    assert.equal(started(), 0);
  });
});
