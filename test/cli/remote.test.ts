// Includes on the network, followed by the command line as pip follows them.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

type Served = string | ((request: IncomingMessage, response: ServerResponse) => void);

interface Host {
  readonly origin: string;
  readonly asked: string[];
  close(): void;
}

/** A host of plain texts. */
async function startHost(texts: Readonly<Record<string, Served>>): Promise<Host> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    const served = texts[path];
    if (served === undefined) response.writeHead(404).end("none\n");
    else if (typeof served === "string")
      response.writeHead(200, { "content-type": "text/plain" }).end(served);
    else served(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("includes on the network", () => {
  let index: RunningIndex;
  let place: Place;
  const hosts: Host[] = [];
  const serve = async (texts: Readonly<Record<string, Served>>): Promise<Host> => {
    const host = await startHost(texts);
    hosts.push(host);
    return host;
  };
  const check = (...args: string[]) => place.run(["check", "-q", "--index-url", index.url, ...args]);

  before(async () => {
    index = await startIndex({
      flask: [buildWheel({ name: "flask", version: "3.1.3" })],
      click: [buildWheel({ name: "click", version: "8.1.0" })],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => {
    for (const host of hosts.splice(0)) host.close();
    place.remove();
  });
  after(() => index.close());

  it("are checked with the files beside them, each asked for once", async () => {
    const host = await serve({
      "/team/base.txt": "click==8.1.0\n-r more/extra.txt\n-c ../limits.txt\n",
      "/team/more/extra.txt": "nonesuch==1\n",
      "/limits.txt": "flask<4\n",
    });
    place.write("requirements.txt", `-r ${host.origin}/team/base.txt\nflask==3.1.3\n`);
    const { stdout, status } = await check();
    assert.match(
      stdout,
      /^http:\/\/127\.0\.0\.1:\d+\/team\/more\/extra\.txt\n +1:1 +error +nonesuch is not on/,
    );
    assert.match(stdout, /1 error in 4 files\. 3 packages checked/);
    assert.equal(status, 1);
    assert.deepEqual(host.asked.toSorted(), ["/limits.txt", "/team/base.txt", "/team/more/extra.txt"]);
  });

  it("are listed, and their logins are not", async () => {
    const login = `Basic ${Buffer.from("ada:s3cret").toString("base64")}`;
    const host = await serve({
      "/base.txt": (request, response) => {
        const allowed = request.headers.authorization === login;
        response.writeHead(allowed ? 200 : 401, { "content-type": "text/plain" }).end("click==8.1.0\n");
      },
    });
    const address = host.origin.replace("http://", "http://ada:s3cret@");
    place.write("requirements.txt", `-r ${address}/base.txt\n-r ${address}/gone.txt\n`);
    const { stdout, stderr, status } = await place.run(["list", "--format", "json"]);
    const { result } = JSON.parse(stdout);
    assert.equal(result.files[1].entries[0].name, "click");
    assert.equal(result.files[0].errors.length, 1);
    assert.equal(status, 1);
    const told = await check();
    assert.doesNotMatch(stdout + stderr + told.stdout + told.stderr, /s3cret/);
  });

  it("do not send a login to another origin", async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve({
      "/more.txt": (request, response) => {
        seen.push(request.headers.authorization);
        response.writeHead(200, { "content-type": "text/plain" }).end("flask==3.1.3\n");
      },
    });
    const host = await serve({ "/base.txt": `-r ${other.origin}/more.txt\n` });
    place.write("requirements.txt", `-r ${host.origin.replace("//", "//ada:s3cret@")}/base.txt\n`);
    assert.equal((await check()).status, 0);
    assert.deepEqual(seen, [undefined]);
  });

  it("that are not there are an error on the line that names them", async () => {
    const host = await serve({});
    place.write("requirements.txt", `flask==3.1.3\n-r ${host.origin}/gone.txt\n`);
    const { stdout, status } = await check();
    assert.match(
      stdout,
      /2:\d+ +error +http:.*gone\.txt is not looked into: .* answered 404 +unreadable-include/,
    );
    assert.equal(status, 1);
  });

  it("that refuse, or are offline, are said not to be checked", async () => {
    const host = await serve({ "/base.txt": (_request, response) => void response.writeHead(403).end() });
    place.write("requirements.txt", `flask==3.1.3\n-r ${host.origin}/base.txt\n`);
    const refused = await check();
    assert.match(refused.stdout, /Not checked: http:\/\/127.*base\.txt: 127\.0\.0\.1:\d+ answered 403\./);
    assert.equal(refused.status, 3);
    const asked = host.asked.length;
    const offline = await check("--offline");
    assert.match(offline.stdout, /Not checked: http:\/\/127.*base\.txt: offline\./);
    assert.equal(offline.status, 3);
    assert.equal(host.asked.length, asked);
  });

  it("may not name a file of this machine", async () => {
    const secret = place.write("secret.txt", "nonesuch==1\n");
    const host = await serve({ "/base.txt": `-r file://${secret}\n` });
    place.write("requirements.txt", `-r ${host.origin}/base.txt\nflask==3.1.3\n`);
    const { stdout, status } = await check();
    assert.match(stdout, /a file from the network may not name one of this machine/);
    assert.doesNotMatch(stdout, /nonesuch/);
    assert.equal(status, 1);
  });

  it("are no web page, no flood, and no circle without end", async () => {
    const host = await serve({
      "/page": (_request, response) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
      "/flood": (_request, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        const more = (): void => {
          while (response.write("x".repeat(65_536)));
          response.once("drain", more);
        };
        more();
      },
      "/self": "-r self\n",
      ...Object.fromEntries(
        Array.from({ length: 130 }, (_, at) => [`/chain/${at}`, `-r ${at + 1}\n`] as const),
      ),
    });
    place.write(
      "requirements.txt",
      ["page", "flood", "self", "chain/0"].map((path) => `-r ${host.origin}/${path}\n`).join(""),
    );
    const { stdout, status } = await check("-v");
    assert.match(stdout, /answered with a web page/);
    assert.match(stdout, /sent more than 4 MB/);
    assert.match(stdout, /circle/);
    assert.match(stdout, /50 files include one another already/);
    assert.ok(host.asked.length <= 60, `${host.asked.length} requests`);
    assert.notEqual(status, 0);
  });

  it("are cancelled at once", async () => {
    let began: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      began = resolve;
    });
    const host = await serve({ "/base.txt": () => began() });
    place.write("requirements.txt", `-r ${host.origin}/base.txt\n`);
    const child = place.start(["check", "--index-url", index.url]);
    const status = new Promise((resolve) => child.on("close", resolve));
    await asked;
    child.kill("SIGINT");
    assert.equal(await status, 130);
  });

  it("over plain http are a finding", async () => {
    place.write("requirements.txt", "-r http://packages.example.invalid/base.txt\n");
    const { stdout } = await check("--offline");
    assert.match(stdout, /1:\d+ +warning +This file is read over http, .* +insecure-source/);
  });

  it("narrow as a constraints file that the command line names", async () => {
    const host = await serve({ "/limits.txt": "flask<3\n" });
    place.write("requirements.txt", "flask==3.1.3\n");
    const { stdout, status } = await check("-c", `${host.origin}/limits.txt`);
    assert.match(stdout, /conflicting-requirements/);
    assert.equal(status, 1);
    const gone = await check("-c", `${host.origin}/gone.txt`);
    assert.match(
      gone.stderr,
      /^thoth: cannot read http:.*gone\.txt: .* answered 404\.\n {7}Check the address\.\n$/,
    );
    assert.equal(gone.status, 2);
  });
});
