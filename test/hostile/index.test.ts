// What an index may do to us, and the sentence that a person gets for it. Real servers on loopback, with small bounds.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { IndexFailureCode, PageFile } from "../../runner/src/index/index.ts";
import type { TransportLimits } from "../../runner/src/index/transport.ts";
import {
  buildSdist,
  buildWheel,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../support/index.ts";
import { clientFor, settingsFor, type TestClient } from "../support/indexClient.ts";

const JSON_TYPE = "application/vnd.pypi.simple.v1+json";
const wheel = buildWheel({ name: "demo", version: "1.0", requires: ["other>=1"] });
const projects = (): RunningIndex["projects"] => ({ demo: [wheel] });

const send = (
  response: ServerResponse,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): true => {
  response.writeHead(200, { "content-type": JSON_TYPE, ...headers }).end(body);
  return true;
};
const page = (files: unknown, more: object = {}): string =>
  JSON.stringify({ meta: { "api-version": "1.1" }, name: "demo", files, ...more });
const file = (filename: string, more: object = {}): object => ({
  filename,
  url: `/files/demo/${filename}`,
  hashes: {},
  ...more,
});

interface HostileCase {
  readonly title: string;
  readonly code: IndexFailureCode;
  readonly misbehave: (request: IncomingMessage, response: ServerResponse) => boolean | undefined;
  readonly limits?: Partial<TransportLimits>;
}

const SHORT = { timeoutMs: 150, deadlineMs: 400 };
const status =
  (code: number) =>
  (_: IncomingMessage, response: ServerResponse): true => {
    response.writeHead(code, { "content-type": "text/plain" }).end("no\n");
    return true;
  };
const circle = (_: IncomingMessage, response: ServerResponse): true => {
  response.writeHead(302, { location: `/simple/demo/?${Math.random()}` }).end();
  return true;
};
const drip = (_: IncomingMessage, response: ServerResponse): true => {
  response.writeHead(200, { "content-type": JSON_TYPE });
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
  return true;
};

const CASES: readonly HostileCase[] = [
  { title: "never answers", code: "timeout", misbehave: () => true, limits: SHORT },
  { title: "drips a byte now and then, for ever", code: "timeout", misbehave: drip, limits: SHORT },
  {
    title: "stops in the middle of a body",
    code: "timeout",
    limits: SHORT,
    misbehave: (_, response) => {
      response.writeHead(200, { "content-type": JSON_TYPE, "content-length": "1000" }).write("{");
      return true;
    },
  },
  { title: "redirects in a circle", code: "redirect-loop", misbehave: circle },
  {
    title: "redirects to itself",
    code: "redirect-loop",
    misbehave: (_, response) => {
      response.writeHead(302, { location: "/simple/demo/" }).end();
      return true;
    },
  },
  {
    title: "redirects to a file on this machine",
    code: "redirect-refused",
    misbehave: (_, response) => {
      response.writeHead(302, { location: "file:///etc/passwd" }).end();
      return true;
    },
  },
  { title: "answers 401", code: "unauthorized", misbehave: status(401) },
  { title: "answers 403", code: "forbidden", misbehave: status(403) },
  { title: "answers 500", code: "server-error", misbehave: status(500) },
  { title: "answers 503", code: "server-error", misbehave: status(503) },
  { title: "answers 429", code: "rate-limited", misbehave: status(429) },
  { title: "answers 418", code: "unexpected-status", misbehave: status(418) },
  {
    title: "answers 304 to a question that was not conditional",
    code: "unexpected-status",
    misbehave: status(304),
  },
  {
    title: "sends broken gzip",
    code: "bad-encoding",
    misbehave: (_, response) => send(response, "not gzip", { "content-encoding": "gzip" }),
  },
  {
    title: "sends truncated gzip",
    code: "bad-encoding",
    misbehave: (_, response) =>
      send(response, gzipSync(page([])).subarray(0, 20), { "content-encoding": "gzip" }),
  },
  {
    title: "sends a gzip bomb",
    code: "too-large",
    limits: { maxPageBytes: 100_000 },
    misbehave: (_, response) =>
      send(response, gzipSync(Buffer.alloc(5_000_000, 32)), { "content-encoding": "gzip" }),
  },
  {
    title: "packs a page three times over",
    code: "bad-encoding",
    misbehave: (_, response) => send(response, "x", { "content-encoding": "gzip, gzip, gzip" }),
  },
  {
    title: "sends an encoding that nobody asked for",
    code: "bad-encoding",
    misbehave: (_, response) => send(response, "x", { "content-encoding": "compress" }),
  },
  {
    title: "sends a page larger than the bound",
    code: "too-large",
    limits: { maxWireBytes: 10_000 },
    misbehave: (_, response) => send(response, `${page([])}${" ".repeat(20_000)}`),
  },
  {
    title: "announces a page larger than the bound",
    code: "too-large",
    limits: { maxWireBytes: 10_000 },
    misbehave: (_, response) => {
      response.writeHead(200, { "content-type": JSON_TYPE, "content-length": "99999999" }).write("{");
      return true;
    },
  },
  { title: "sends an empty body", code: "bad-page", misbehave: (_, response) => send(response, "") },
  { title: "sends no JSON", code: "bad-page", misbehave: (_, response) => send(response, "<html></html>") },
  { title: "sends JSON that is a list", code: "bad-page", misbehave: (_, response) => send(response, "[]") },
  { title: "sends JSON that is null", code: "bad-page", misbehave: (_, response) => send(response, "null") },
  {
    title: "sends files that are no list",
    code: "bad-page",
    misbehave: (_, response) => send(response, page({ "0": file("demo-1.0.tar.gz") })),
  },
  {
    title: "sends a meta that is no table",
    code: "bad-page",
    misbehave: (_, response) => send(response, page([], { meta: "1.0" })),
  },
  {
    title: "sends JSON nested a hundred thousand deep",
    code: "bad-page",
    misbehave: (_, response) => send(response, "[".repeat(100_000)),
  },
  {
    title: "sends bytes that are not UTF-8",
    code: "bad-page",
    misbehave: (_, response) =>
      send(response, Buffer.from(`${page([])}`.replace("demo", "d\xffmo"), "latin1")),
  },
  {
    title: "speaks version 2.0",
    code: "unsupported-version",
    misbehave: (_, response) => send(response, page([], { meta: { "api-version": "2.0" } })),
  },
  {
    title: "speaks version 2 by its content type",
    code: "unsupported-version",
    misbehave: (_, response) =>
      send(response, "{}", { "content-type": "application/vnd.pypi.simple.v2+json" }),
  },
  {
    title: "gives a version that is none",
    code: "bad-page",
    misbehave: (_, response) => send(response, page([], { meta: { "api-version": { major: 1 } } })),
  },
  {
    title: "answers for another project",
    code: "name-mismatch",
    misbehave: (_, response) => send(response, page([], { name: "demo-evil" })),
  },
  {
    title: "answers with another content type",
    code: "bad-content-type",
    misbehave: (_, response) => send(response, page([]), { "content-type": "application/octet-stream" }),
  },
  {
    title: "closes the connection in the middle of a body",
    code: "connection-lost",
    misbehave: (_, response) => {
      response.writeHead(200, { "content-type": JSON_TYPE, "content-length": "1000" });
      response.write("{", () => response.socket?.destroy());
      return true;
    },
  },
  {
    title: "closes the connection at once",
    code: "connection-lost",
    misbehave: (request) => {
      request.socket.destroy();
      return true;
    },
  },
];

/** A server that writes bytes of its own in answer to anything. */
async function startRaw(
  write: (socket: Socket) => void,
): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("data", () => write(socket));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`,
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

const RAW: readonly { title: string; code: IndexFailureCode; bytes: string }[] = [
  { title: "does not speak HTTP", code: "bad-response", bytes: "SSH-2.0-OpenSSH_9.2\r\n" },
  {
    title: "lies about the length, sending less",
    code: "connection-lost",
    bytes: `HTTP/1.1 200 OK\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: 500\r\n\r\n{"files": []}`,
  },
  {
    title: "sends broken chunks",
    code: "bad-response",
    bytes: `HTTP/1.1 200 OK\r\ncontent-type: ${JSON_TYPE}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  },
  {
    title: "gives two lengths",
    code: "truncated",
    bytes: `HTTP/1.1 200 OK\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}`,
  },
  {
    title: "sends headers without end",
    code: "bad-response",
    bytes: `HTTP/1.1 200 OK\r\n${"x-padding: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(2000)}`,
  },
];

describe("an index that", () => {
  let index: RunningIndex | undefined;
  let client: TestClient | undefined;
  let raw: { close: () => Promise<void> } | undefined;
  const start = async (options: IndexOptions, limits: Partial<TransportLimits> = {}): Promise<TestClient> => {
    index = await startIndex(projects(), options);
    client = clientFor(index.url, { limits });
    return client;
  };
  afterEach(async () => {
    await client?.close();
    await index?.close();
    await raw?.close();
    client = index = raw = undefined;
  });

  const assertTold = async (asked: TestClient, code: IndexFailureCode): Promise<void> => {
    const answer = await asked.project("demo");
    assert.equal(answer.failure?.code, code, JSON.stringify(answer.failure));
    assert.match(answer.failure?.message ?? "", /^Not checked: [^\p{Cc}]{3,300}\.$/u);
    assert.match(answer.failure?.next ?? "", /^[A-Z].{5,100}\.$/);
    assert.deepEqual(answer.pages, []);
    await asked.close();
    const later = clientFor(asked.settings, { store: asked.store, offline: true });
    assert.equal((await later.project("demo")).failure?.code, "offline", "nothing of it is kept");
    await later.close();
  };

  for (const { title, code, misbehave, limits } of CASES) {
    it(`${title} is told as ${code}`, async () => assertTold(await start({ misbehave }, limits), code));
  }
  for (const { title, code, bytes } of RAW) {
    it(`${title} is told as ${code}`, async () => {
      const started = await startRaw((socket) => socket.end(bytes));
      raw = started;
      client = clientFor(started.url);
      await assertTold(client, code);
    });
  }

  it("answers in HTTP/1.0 without a length is read", async () => {
    const body = page([file("demo-1.0.tar.gz")]);
    const started = await startRaw((socket) =>
      socket.end(`HTTP/1.0 200 OK\r\ncontent-type: ${JSON_TYPE}\r\n\r\n${body}`),
    );
    raw = started;
    client = clientFor(started.url);
    const { pages } = await client.project("demo");
    assert.deepEqual(
      pages[0]?.files.map(({ filename }) => filename),
      ["demo-1.0.tar.gz"],
    );
  });

  it("is not there is told as unreachable", async () => {
    const gone = await startIndex();
    await gone.close();
    await assertTold(clientFor(gone.url), "unreachable");
  });

  it("has nothing but 404 is told as absence, not as failure", async () => {
    const { failure, absentFrom, pages } = await (await start({ misbehave: status(404) })).project("demo");
    assert.equal(failure, undefined);
    assert.equal(pages.length, 0);
    assert.equal(absentFrom.length, 1);
  });

  it("recovers from a 503 is asked again", async () => {
    let asked = 0;
    const misbehave = (request: IncomingMessage, response: ServerResponse): boolean | undefined =>
      asked++ === 0 ? status(503)(request, response) : undefined;
    const { failure, pages } = await (await start({ misbehave }, { retries: 2 })).project("demo");
    assert.equal(failure, undefined);
    assert.equal(pages[0]?.files.length, 1);
  });

  const filesOf = async (files: readonly object[], more: object = {}): Promise<readonly PageFile[]> => {
    const asked = await start({ misbehave: (_, response) => send(response, page(files, more)) });
    const { pages, failure } = await asked.project("demo");
    assert.equal(failure, undefined, JSON.stringify(failure));
    return pages[0]?.files ?? [];
  };

  it("names files that climb out has them left out", async () => {
    const files = await filesOf([
      file("../../demo-1.0-py3-none-any.whl"),
      file("..\\demo-1.0-py3-none-any.whl"),
      file("/etc/demo-1.0.tar.gz"),
      file("demo-1.0.tar.gz"),
    ]);
    assert.deepEqual(
      files.map(({ filename }) => filename),
      ["demo-1.0.tar.gz"],
    );
  });

  it("names files with control characters and NUL has them left out, and says so without them", async () => {
    const asked = await start({
      misbehave: (_, response) =>
        send(
          response,
          page([file("demo-1.0\u001b[31m.tar.gz"), file("demo-1.1\0.tar.gz"), file("demo-1.2.tar.gz")]),
        ),
    });
    const { pages } = await asked.project("demo");
    assert.deepEqual(
      pages[0]?.files.map(({ filename }) => filename),
      ["demo-1.2.tar.gz"],
    );
    assert.equal(pages[0]?.problems.length, 2);
    assert.doesNotMatch(pages[0]?.problems.join("\n") ?? "", /[\0\u001b]/);
  });

  it("gives a yank reason with terminal escapes, tabs and line ends has them cleaned, its fields in place", async () => {
    const [first, second] = await filesOf([
      file("demo-1.0.tar.gz", {
        yanked: "bad\u001b]0;evil\u0007\n\tdemo\u202e",
        "requires-python": ">=3\n.8",
        size: 7,
      }),
      file("demo-1.1.tar.gz"),
    ]);
    assert.equal(first?.yanked, "bad ]0;evil demo");
    assert.equal(first?.requiresPython, ">=3 .8");
    assert.equal(first?.size, 7);
    assert.equal(second?.filename, "demo-1.1.tar.gz");
    assert.equal(second?.yanked, undefined);
  });

  it("sends __proto__ as key, name and digest changes nothing of ours", async () => {
    const asked = await start({
      misbehave: (_, response) =>
        send(
          response,
          `{"meta":{"api-version":"1.0"},"__proto__":{"files":[]},"files":[{"filename":"demo-1.0.tar.gz","url":"/x/demo-1.0.tar.gz","hashes":{"__proto__":"aa","sha256":"${"a".repeat(64)}"},"__proto__":{"yanked":true}}]}`,
        ),
    });
    const { pages } = await asked.project("demo");
    assert.equal(pages[0]?.files[0]?.yanked, undefined);
    assert.deepEqual(Object.keys(pages[0]?.files[0]?.hashes ?? {}), ["sha256"]);
    assert.equal(({} as { yanked?: boolean }).yanked, undefined);
    const named = await asked.project("__proto__");
    assert.equal(named.name, "-proto-");
  });

  it("gives values of the wrong type has them passed over, one by one", async () => {
    const files = await filesOf([
      null as never,
      ["demo-1.0.tar.gz"],
      { filename: 7, url: "x" },
      { filename: "demo-1.0.tar.gz" },
      file("demo-1.1.tar.gz", {
        hashes: "none",
        size: -1,
        yanked: {},
        "requires-python": 3,
        "upload-time": [],
      }),
      file("demo-1.2.tar.gz", { hashes: { sha256: "zz" }, size: 1e300, yanked: "" }),
    ]);
    assert.deepEqual(
      files.map(({ filename }) => filename),
      ["demo-1.1.tar.gz", "demo-1.2.tar.gz"],
    );
    assert.deepEqual(
      files.map(({ hashes, size, yanked }) => [hashes, size, yanked]),
      [
        [{}, undefined, undefined],
        [{}, undefined, undefined],
      ],
    );
  });

  it("points at file:, javascript: and data: addresses has those files left out", async () => {
    const files = await filesOf([
      { filename: "demo-1.0.tar.gz", url: "file:///etc/passwd", hashes: {} },
      { filename: "demo-1.1.tar.gz", url: "javascript:alert(1)", hashes: {} },
      { filename: "demo-1.2.tar.gz", url: "data:text/plain,x", hashes: {} },
      { filename: "demo-1.3.tar.gz", url: "//[", hashes: {} },
      { filename: "demo-1.4.tar.gz", url: "https://user:secret@files.example/demo-1.4.tar.gz", hashes: {} },
    ]);
    assert.deepEqual(
      files.map(({ url }) => url),
      ["https://files.example/demo-1.4.tar.gz"],
    );
  });

  it("sets a base of file: in HTML does not make us open local files", async () => {
    const html = `<html><head><base href="file:///etc/"></head><a href="demo-1.0.tar.gz">x</a><a href="file:///demo-1.1.tar.gz">y</a></html>`;
    const asked = await start({ misbehave: (_, r) => send(r, html, { "content-type": "text/html" }) });
    const { pages } = await asked.project("demo");
    assert.deepEqual(
      pages[0]?.files.map(({ url }) => url),
      [`${index?.origin}/simple/demo/demo-1.0.tar.gz`],
    );
  });

  it("lists a hundred thousand files is read whole", async () => {
    const many = Array.from({ length: 100_000 }, (_, i) =>
      file(`demo-${Math.floor(i / 10)}.${i % 10}.tar.gz`),
    );
    const files = await filesOf(many);
    assert.equal(files.length, 100_000);
    assert.equal(files.at(-1)?.filename, "demo-9999.9.tar.gz");
  });

  it("lists files of other projects has them left out", async () => {
    const files = await filesOf([
      file("demo_evil-1.0.tar.gz"),
      file("evil-1.0-py3-none-any.whl"),
      file("Demo-1.0.tar.gz"),
    ]);
    assert.deepEqual(
      files.map(({ filename }) => filename),
      ["Demo-1.0.tar.gz"],
    );
  });

  it("redirects to another origin does not get the login there", async () => {
    const other = await startIndex(projects());
    try {
      index = await startIndex(
        {},
        {
          misbehave: (_, response) => {
            response.writeHead(302, { location: `${other.url}demo/` }).end();
            return true;
          },
        },
      );
      client = clientFor(settingsFor(index.url.replace("//", "//user:s3cret@")));
      const { pages, failure } = await client.project("demo");
      assert.equal(failure, undefined);
      assert.equal(pages[0]?.files[0]?.url, `${other.origin}/files/demo/${wheel.filename}`);
      assert.match(index.requests[0]?.headers.authorization ?? "", /^Basic /);
      assert.equal(other.requests[0]?.headers.authorization, undefined);
    } finally {
      await other.close();
    }
  });

  it("refuses a login never sees it again in what we say or keep", async () => {
    index = await startIndex(projects(), { auth: { user: "user", password: "right" } });
    client = clientFor(settingsFor(index.url.replace("//", "//user:s3cret@")));
    const answer = await client.project("demo");
    assert.equal(answer.failure?.code, "unauthorized");
    assert.doesNotMatch(JSON.stringify([answer, client.settings]), /s3cret|user:/);
  });

  const onlyFile = async (
    options: IndexOptions,
    limits: Partial<TransportLimits> = {},
  ): Promise<PageFile> => {
    const { pages } = await (await start(options, limits)).project("demo");
    return pages[0]?.files[0] as PageFile;
  };
  const metadataCode = async (listed: PageFile): Promise<string> => {
    const answer = await (client as TestClient).metadata(listed);
    return "failure" in answer ? answer.failure.code : answer.source;
  };

  it("lists another digest of the metadata than it serves is told", async () => {
    const misbehave = (request: IncomingMessage, response: ServerResponse): boolean | undefined =>
      request.url?.endsWith(".metadata")
        ? send(response, "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n")
        : undefined;
    assert.equal(await metadataCode(await onlyFile({ misbehave })), "digest-mismatch");
  });

  it("serves metadata of another project is told", async () => {
    index = await startIndex({
      demo: [{ artifact: { ...wheel, metadata: "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n\n" } }],
    });
    client = clientFor(index.url);
    const { pages } = await client.project("demo");
    assert.equal(await metadataCode(pages[0]?.files[0] as PageFile), "bad-metadata");
  });

  it("lists a metadata file that is not there has the wheel read instead", async () => {
    const misbehave = (request: IncomingMessage, response: ServerResponse): boolean | undefined =>
      request.url?.endsWith(".metadata") ? status(404)(request, response) : undefined;
    assert.equal(await metadataCode(await onlyFile({ misbehave })), "range");
  });

  it("answers a range with the whole file has it taken", async () => {
    assert.equal(await metadataCode(await onlyFile({ noCoreMetadata: true, noRanges: true })), "wheel");
  });

  it("answers with another range than was asked has the whole file read", async () => {
    const misbehave = (request: IncomingMessage, response: ServerResponse): boolean | undefined => {
      if (!request.headers.range) return undefined;
      response.writeHead(206, { "content-range": "bytes 0-9/100000" }).end("0123456789");
      return true;
    };
    assert.equal(await metadataCode(await onlyFile({ noCoreMetadata: true, misbehave })), "wheel");
  });

  it("answers a range with garbage has the whole file read", async () => {
    const misbehave = (request: IncomingMessage, response: ServerResponse): boolean | undefined => {
      if (!request.headers.range) return undefined;
      response.writeHead(206, { "content-range": "bytes 0-99/100" }).end("x".repeat(100));
      return true;
    };
    assert.equal(await metadataCode(await onlyFile({ noCoreMetadata: true, misbehave })), "wheel");
  });

  it("serves a wheel that is no archive is told", async () => {
    const bytes = Buffer.from("this is no archive");
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    index = await startIndex({ demo: [{ artifact: { ...wheel, bytes, sha256 }, coreMetadata: false }] });
    client = clientFor(index.url);
    const { pages } = await client.project("demo");
    assert.equal(await metadataCode(pages[0]?.files[0] as PageFile), "bad-archive");
  });

  it("serves a wheel of another digest, whole, is told", async () => {
    index = await startIndex(
      { demo: [{ artifact: wheel, listedSha256: "0".repeat(64), coreMetadata: false }] },
      { noRanges: true },
    );
    client = clientFor(index.url);
    const { pages } = await client.project("demo");
    assert.equal(await metadataCode(pages[0]?.files[0] as PageFile), "digest-mismatch");
  });

  it("serves an sdist whose dependencies are dynamic has it told, and runs nothing", async () => {
    const sdist = buildSdist({
      name: "demo",
      version: "1.0",
      dynamic: ["Requires-Dist"],
      setupPy: "raise SystemExit(9)",
    });
    index = await startIndex({ demo: [sdist] });
    client = clientFor(index.url);
    const { pages } = await client.project("demo");
    assert.equal(await metadataCode(pages[0]?.files[0] as PageFile), "metadata-not-static");
  });
});
