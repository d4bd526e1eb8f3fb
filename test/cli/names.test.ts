// `thoth knowledge update names` from end to end: asked as indexes are, bounded, cancellable, and said plainly where it fails.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type IndexOptions, type RunningIndex, startIndex } from "../support/index.ts";
import { finished, makePlace, type Place } from "./thoth.ts";

describe("fetching the names of an index", () => {
  let place: Place;
  const running: RunningIndex[] = [];
  const start = async (options: IndexOptions): Promise<RunningIndex> => {
    const index = await startIndex({}, options);
    running.push(index);
    return index;
  };
  const update = (url: string, env: Record<string, string> = {}, ...args: string[]) =>
    place.run(["knowledge", "update", "names", "--knowledge", "k.db", "--index-url", url, ...args], { env });
  const kept = (): string[] => {
    const db = new DatabaseSync(join(place.folder, "k.db"), { readOnly: true });
    try {
      const rows = db.prepare("SELECT name, display_name FROM known_names ORDER BY name").all();
      return rows.map((row) => String(row.display_name ?? row.name));
    } finally {
      db.close();
    }
  };

  beforeEach(() => {
    place = makePlace();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((index) => index.close()));
    place.remove();
  });

  for (const html of [false, true]) {
    it(`keeps what the ${html ? "HTML" : "JSON"} list says, and nothing that is no name`, async () => {
      const index = await start({ html, names: ["Flask", "ruamel.yaml", "a\u001b[2Jb", "../up", "x & y"] });
      const { stdout, stderr, status } = await update(index.url);
      assert.equal(stdout, `2 names of ${index.url}.\n`);
      assert.match(stderr, /^thoth: fetching the names of http:\/\/127\.0\.0\.1:\d+\/simple\/\n$/);
      assert.equal(status, 0);
      assert.deepEqual(kept(), ["Flask", "ruamel.yaml"]);
    });
  }

  it("signs in with the login of the address and of netrc, and tells it to nobody", async () => {
    const index = await start({ names: ["flask"], auth: { user: "ada", password: "s3cret" } });
    const refused = await update(index.url, { PIP_KEYRING_PROVIDER: "disabled" });
    assert.match(refused.stdout, /Not checked: names of http.*: 127\.0\.0\.1:\d+ answered 401\. Sign in/);
    assert.equal(refused.status, 3);
    const own = await update(index.url.replace("http://", "http://ada:s3cret@"), {}, "-v");
    assert.equal(own.status, 0, own.stderr);
    assert.doesNotMatch(own.stdout + own.stderr, /s3cret/);
    const netrc = place.write("netrc", "machine 127.0.0.1 login ada password s3cret\n");
    assert.equal((await update(index.url, { NETRC: netrc })).status, 0);
  });

  it("goes through the proxy that is configured", async () => {
    const index = await start({ names: ["flask"] });
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? "");
      const onward = httpRequest(request.url ?? "", { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.end();
    });
    proxy.on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      import("node:net").then(({ connect }) => {
        const target = new URL(`http://${request.url}`);
        const onward = connect(Number(target.port), target.hostname, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          onward.pipe(socket).pipe(onward);
        });
        for (const end of [socket, onward]) end.on("error", () => {});
      });
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    try {
      const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const { status, stdout } = await update(index.url, { PIP_PROXY: address });
      assert.equal(status, 0, stdout);
      assert.equal(asked.length, 1);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it("passes over plain http as pip does, and asks nothing offline", async () => {
    const plain = await update("http://packages.example.invalid/simple/");
    assert.match(plain.stdout, /is plain http, which pip passes over/);
    assert.equal(plain.status, 3);
    const index = await start({ names: ["flask"] });
    const offline = await update(index.url, {}, "--offline");
    assert.match(offline.stdout, /Not checked: .*: offline/);
    assert.equal(offline.status, 3);
    assert.equal(index.requests.length, 0);
  });

  const wrong: [string, string, string, RegExp][] = [
    ["another kind of text", "text/plain", "flask", /answered with text\/plain/],
    [
      "JSON that is broken",
      "application/vnd.pypi.simple.v1+json",
      '{"projects": [{"na',
      /not JSON of PEP 691/,
    ],
    ["JSON of another shape", "application/vnd.pypi.simple.v1+json", '{"files": []}', /not JSON of PEP 691/],
    [
      "JSON that goes very deep",
      "application/vnd.pypi.simple.v1+json",
      `{"projects": ${"[".repeat(200_000)}`,
      /not JSON of PEP 691/,
    ],
    ["a page that is no list", "text/html", "<p>Sign in here</p>", /without a single link/],
  ];
  for (const [what, type, body, said] of wrong) {
    it(`says what is wrong with ${what}`, async () => {
      const index = await start({
        misbehave: (_request, response) => {
          response.writeHead(200, { "content-type": type }).end(body);
          return true;
        },
      });
      const { stdout, stderr, status } = await update(index.url);
      assert.match(stdout, said);
      assert.doesNotMatch(stdout + stderr, /fault of Thoth's own/);
      assert.equal(status, 3);
    });
  }

  it("is cancelled while the list is on its way, and keeps what was there", async () => {
    await update((await start({ names: ["before"] })).url);
    let began: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      began = resolve;
    });
    const index = await start({
      misbehave: (_request, response) => {
        response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" });
        response.write('{"projects": [{"name": "half"}');
        began();
        return true;
      },
    });
    const child = place.start(["knowledge", "update", "names", "--knowledge", "k.db", "-i", index.url]);
    const ending = finished(child);
    await asked;
    child.kill("SIGINT");
    const { status, stderr } = await ending;
    assert.equal(status, 130);
    assert.match(stderr, /cancelled/);
    assert.deepEqual(kept(), ["before"]);
  });

  it("reads as many names as the public index has in a quarter of a gigabyte", async function () {
    this.timeout(120_000);
    const names = Array.from({ length: 700_000 }, (_, at) => `project-number-${at.toString(36)}`);
    const index = await start({ names });
    const { status, stdout, stderr } = await update(index.url, {
      NODE_OPTIONS: "--max-old-space-size=256",
    });
    assert.equal(stdout, `700,000 names of ${index.url}.\n`, stderr);
    assert.equal(status, 0);
    assert.equal(kept().length, 700_000);
  });
});
