// The JSON-RPC face: hello, run, partial answers, cancel, bad input, and the end of the process when its input closes.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { methods, protocolVersion } from "../../shared/src/protocol/rpc.ts";
import { buildWheel, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("the JSON-RPC face", () => {
  let place: Place;
  let child: ChildProcess;
  let connection: MessageConnection;
  let ended: Promise<number | null>;

  beforeEach(() => {
    place = makePlace();
    child = place.start(["--stdio"]);
    ended = new Promise((settle) => child.on("close", settle));
    connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    connection.listen();
  });
  afterEach(async () => {
    connection.dispose();
    child.stdin?.end();
    child.kill();
    await ended;
    place.remove();
  });

  it("says its protocol, version and file of knowledge", async () => {
    const hello = await connection.sendRequest<{ protocol: number; knowledge: string }>(methods.hello, {
      protocol: protocolVersion,
      client: "test",
    });
    assert.equal(hello.protocol, protocolVersion);
    assert.match(hello.knowledge, /knowledge\.db$/);
  });

  it("refuses a client of another protocol with a sentence and a next step", async () => {
    await assert.rejects(
      connection.sendRequest(methods.hello, { protocol: 99, client: "test" }),
      (error: unknown) => {
        const { message, data } = error as { message: string; data: { code: string; next: string } };
        assert.match(message, /speaks protocol 1, the editor speaks 99/);
        assert.equal(data.code, "protocol-mismatch");
        return data.next.length > 0;
      },
    );
  });

  it("tells each project as soon as it is known, and all of them at the end", async () => {
    const index = await startIndex({
      flask: [buildWheel({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] })],
    });
    try {
      const pieces: string[] = [];
      connection.onNotification(methods.partial, ({ token, piece }) => {
        pieces.push(`${token} ${piece.project.name}`);
      });
      const { result } = await connection.sendRequest<{
        result: {
          projects: { name: string; state: string; details: Record<string, { requiresDist: string[] }> }[];
        };
      }>(methods.run, {
        operation: "facts",
        token: "t1",
        input: {
          cwd: place.folder,
          index: { indexUrl: index.url },
          packages: [{ name: "flask" }, { name: "falsk" }],
        },
      });
      assert.deepEqual(pieces.sort(), ["t1 falsk", "t1 flask"]);
      const [flask, falsk] = result.projects;
      assert.equal(flask?.state, "known");
      assert.deepEqual(flask?.details["3.1.3"]?.requiresDist, ["werkzeug>=3"]);
      assert.equal(falsk?.state, "absent");
      const names = async () =>
        (
          await connection.sendRequest<{ result: { names: { name: string }[] } }>(methods.run, {
            operation: "names",
            token: "t2",
            input: { cwd: place.folder, prefix: "fl" },
          })
        ).result.names.map(({ name }) => name);
      // What was seen is kept behind the answer: each question gives it its turn.
      let seen = await names();
      while (seen.length === 0) seen = await names();
      assert.deepEqual(seen, ["flask"]);
    } finally {
      await index.close();
    }
  });

  it("asks the indexes that .thoth.yaml names and binds", async () => {
    const outer = await startIndex({ demo: [buildWheel({ name: "demo", version: "2.0" })] });
    const inner = await startIndex({
      demo: [buildWheel({ name: "demo", version: "1.0" })],
      own: [buildWheel({ name: "own", version: "0.1" })],
    });
    try {
      place.write(
        ".thoth.yaml",
        `indexes:\n  - {name: inner, url: "${inner.url}", explicit: true}\nindex-bindings: {Demo: inner}\n`,
      );
      const { result } = await connection.sendRequest<{
        result: { projects: { name: string; state: string; releases: { version: string }[] }[] };
      }>(methods.run, {
        operation: "facts",
        token: "t1",
        input: {
          cwd: place.folder,
          index: { indexUrl: outer.url },
          packages: [{ name: "demo" }, { name: "own" }],
        },
      });
      assert.deepEqual(
        result.projects.map(({ name, state, releases }) => [
          name,
          state,
          ...releases.map(({ version }) => version),
        ]),
        [
          ["demo", "known", "1.0"],
          ["own", "absent"],
        ],
      );
    } finally {
      await Promise.all([outer.close(), inner.close()]);
    }
  });

  it("asks for what a policy binds on that index alone, and for nothing where the file cannot be understood", async () => {
    const outer = await startIndex({ demo: [buildWheel({ name: "demo", version: "2.0" })] });
    const inner = await startIndex({ demo: [buildWheel({ name: "demo", version: "1.0" })] });
    const facts = async () => {
      const input = { cwd: place.folder, index: { indexUrl: outer.url }, packages: [{ name: "demo" }] };
      const { result } = await connection.sendRequest<{
        result: {
          projects: { state: string; trouble?: { message: string }; releases: { version: string }[] }[];
        };
      }>(methods.run, { operation: "facts", token: "t2", input });
      return result.projects[0]!;
    };
    try {
      place.write(".thoth.yaml", `policy:\n  bindings: {"dem*": "${inner.url}"}\n`);
      const known = await facts();
      assert.deepEqual(
        known.releases.map(({ version }) => version),
        ["1.0"],
      );
      place.write(".thoth.yaml", "policy:\n  bindings: {\n");
      const { state, trouble } = await facts();
      assert.equal(state, "unknown");
      assert.match(trouble!.message, /^Not checked: cannot read .*\.thoth\.yaml line \d/);
      assert.deepEqual(outer.requests, []);
    } finally {
      await Promise.all([outer.close(), inner.close()]);
    }
  });

  it("refuses an operation that is not there and an input of the wrong shape", async () => {
    const code = (expected: string) => (error: unknown) =>
      (error as { data: { code: string } }).data.code === expected;
    await assert.rejects(
      connection.sendRequest(methods.run, { operation: "explode", token: "x", input: {} }),
      code("unknown-operation"),
    );
    await assert.rejects(
      connection.sendRequest(methods.run, { operation: "constructor", token: "x", input: {} }),
      code("unknown-operation"),
    );
    await assert.rejects(
      connection.sendRequest(methods.run, { operation: "list", token: "x", input: { cwd: 7 } }),
      code("invalid-input"),
    );
  });

  it("ends a cancelled call though the index never answers, and goes on serving", async () => {
    let asked: () => void = () => {};
    const waiting = new Promise<void>((settle) => {
      asked = settle;
    });
    const index = await startIndex(
      {},
      {
        misbehave: () => {
          asked();
          return true;
        },
      },
    );
    try {
      const source = new CancellationTokenSource();
      const run = connection.sendRequest(
        methods.run,
        {
          operation: "facts",
          token: "t",
          input: { cwd: place.folder, index: { indexUrl: index.url }, packages: [{ name: "flask" }] },
        },
        source.token,
      );
      const refused = assert.rejects(run, (error) => (error as { code: number }).code === -32800);
      await waiting;
      source.cancel();
      await refused;
      const hello = await connection.sendRequest<{ protocol: number }>(methods.hello, {
        protocol: protocolVersion,
        client: "test",
      });
      assert.equal(hello.protocol, protocolVersion);
    } finally {
      await index.close();
    }
  });

  it("answers before it has kept anything for the next time, be that a trust root that nobody sends", async () => {
    const index = await startIndex({ flask: [buildWheel({ name: "flask", version: "3.1.3" })] });
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((settle) => {
      asked = settle;
    });
    let isGivenUp = false;
    const silent = await startIndex(
      {},
      {
        misbehave: (request) => {
          asked();
          request.socket.once("close", () => {
            isGivenUp = true;
          });
          return true;
        },
      },
    );
    const runner = place.start(["--stdio"], { env: { THOTH_TRUST_REPOSITORY: silent.origin } });
    const over = new Promise((settle) => runner.on("close", settle));
    const other = createMessageConnection(
      new StreamMessageReader(runner.stdout!),
      new StreamMessageWriter(runner.stdin!),
    );
    other.listen();
    try {
      const path = place.write("requirements.txt", "flask==3.1.3\n");
      const input = { cwd: place.folder, index: { indexUrl: index.url }, paths: [path] };
      const run = () => other.sendRequest(methods.run, { operation: "provenance", token: "t", input });
      await run();
      await isAsked;
      await run();
      assert.equal(isGivenUp, false);
    } finally {
      other.dispose();
      runner.kill();
      await over;
      await Promise.all([index.close(), silent.close()]);
    }
  });

  it("tells the first step of progress and the latest, and not each of a hundred", async () => {
    const names = Array.from({ length: 100 }, (_value, at) => `package-${at}`);
    const index = await startIndex(
      Object.fromEntries(names.map((name) => [name, [buildWheel({ name, version: "1.0" })]])),
    );
    try {
      const steps: { done?: number; total?: number }[] = [];
      connection.onNotification(methods.progress, (step) => void steps.push(step));
      const path = place.write("requirements.txt", names.map((name) => `${name}==1.0\n`).join(""));
      const input = { cwd: place.folder, index: { indexUrl: index.url }, paths: [path] };
      await connection.sendRequest(methods.run, { operation: "provenance", token: "t", input });
      assert.ok(steps.length > 0 && steps.length < 100, `${steps.length} steps`);
      assert.equal(steps.at(-1)?.done, 100);
    } finally {
      await index.close();
    }
  });

  it("ends when its standard input closes", async () => {
    await connection.sendRequest(methods.hello, { protocol: protocolVersion, client: "test" });
    child.stdin?.end();
    assert.equal(await ended, 0);
  });
});
