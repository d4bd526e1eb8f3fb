// A file's provenance as an index tells it (PEP 740): there, not there, or not to be had, in JSON and in HTML.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import { clientFor, settingsFor } from "../../../test/support/indexClient.ts";
import type { PageFile, ProvenanceAnswer } from "./index.ts";

const artifact = buildWheel({ name: "demo", version: "1.0" });
const OBJECT = { version: 1, attestation_bundles: [] };

describe("a file's provenance", () => {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
  });

  interface Served {
    readonly status?: number;
    readonly body?: string;
    readonly type?: string;
    readonly location?: string;
  }

  /** An index whose page lists `listed` for its one file, and which serves `served` at /integrity. */
  const serve = async (
    listed: (index: RunningIndex) => string | null | undefined,
    served: Served = {},
    html = false,
  ): Promise<RunningIndex> => {
    const index: RunningIndex = await startIndex(
      {},
      {
        html,
        misbehave: (request, response) => {
          if (!request.url?.startsWith("/integrity")) return undefined;
          const { status = 200, body = JSON.stringify(OBJECT), type, location } = served;
          response.writeHead(status, {
            "content-type": type ?? "application/vnd.pypi.integrity.v1+json",
            ...(location === undefined ? {} : { location }),
          });
          response.end(body);
          return true;
        },
      },
    );
    closing.push(index);
    const provenance = listed(index);
    index.projects.demo = [provenance === undefined ? { artifact } : { artifact, provenance }];
    return index;
  };
  const ask = async (index: RunningIndex, options = {}): Promise<ProvenanceAnswer> => {
    const client = clientFor(settingsFor(index.url), options);
    closing.unshift(client);
    const { pages } = await client.project("demo");
    return client.provenance(pages[0]?.files[0] as PageFile);
  };
  const usual = (index: RunningIndex): string => `${index.origin}/integrity/demo`;

  for (const html of [false, true]) {
    it(`is read where the page names it in ${html ? "HTML" : "JSON"}`, async () => {
      const index = await serve(usual, {}, html);
      assert.deepEqual(await ask(index), { provenance: OBJECT, url: usual(index) });
      const [asked] = index.requests.filter(({ path }) => path.startsWith("/integrity"));
      assert.match(asked?.headers.accept ?? "", /^application\/vnd\.pypi\.integrity\.v1\+json/);
    });
  }

  it("is read where the address is relative to the page", async () => {
    const index = await serve(() => "/integrity/demo");
    assert.deepEqual(await ask(index), { provenance: OBJECT, url: usual(index) });
  });

  it("is absent where the index says null, lists none, or answers 404 or 410", async () => {
    assert.deepEqual(await ask(await serve(() => null)), { absent: "none" });
    assert.deepEqual(await ask(await serve(() => undefined)), { absent: "not-listed" });
    for (const status of [404, 410]) {
      assert.deepEqual(await ask(await serve(usual, { status })), { absent: "not-found" });
    }
  });

  for (const [status, code] of [
    [401, "unauthorized"],
    [403, "forbidden"],
    [406, "unexpected-status"],
    [429, "rate-limited"],
    [500, "server-error"],
    [503, "server-error"],
  ] as const) {
    it(`is not checked where the index answers ${status}`, async () => {
      const answer = await ask(await serve(usual, { status }));
      assert.ok("failure" in answer);
      assert.equal(answer.failure.code, code);
    });
  }

  it("is not checked where what comes is no JSON or a web page", async () => {
    const broken = await ask(await serve(usual, { body: "{" }));
    assert.equal("failure" in broken && broken.failure.code, "bad-page");
    const page = await ask(await serve(usual, { body: "<html>", type: "text/html" }));
    assert.equal("failure" in page && page.failure.code, "bad-content-type");
  });

  it("is not checked where it nests deeper than any does, in whatever part", async () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    for (const body of [deep, `{"version": 1, "attestation_bundles": [], "more": ${deep}}`]) {
      const answer = await ask(await serve(usual, { body }));
      assert.ok("failure" in answer);
      assert.equal(answer.failure.code, "bad-page");
      assert.match(answer.failure.message, /sent a provenance that nests too deep\.$/);
    }
  });

  it("is not checked, rather than absent, where the address cannot be asked", async () => {
    for (const address of ["ftp://host/x", "javascript:alert(1)", "http://["]) {
      const answer = await ask(await serve(() => address));
      assert.ok("failure" in answer);
      assert.equal(answer.failure.code, "unsafe-url", address);
      assert.equal(
        answer.failure.message,
        "Not checked: the address of its provenance is none of a network.",
      );
    }
  });

  it("is not checked offline", async () => {
    const index = await serve(usual);
    const client = clientFor(settingsFor(index.url));
    closing.unshift(client);
    const file = (await client.project("demo")).pages[0]?.files[0] as PageFile;
    const offline = clientFor(settingsFor(index.url), { store: client.store, offline: true });
    closing.unshift(offline);
    const answer = await offline.provenance(file);
    assert.equal("failure" in answer && answer.failure.code, "offline");
  });

  it("follows a redirect to another host without the index's login", async () => {
    const other = await serve(() => null);
    const index = await serve(usual, { status: 302, location: `${other.origin}/integrity/demo` });
    const settings = settingsFor(index.url.replace("http://", "http://user:secret-word@"));
    const client = clientFor(settings);
    closing.unshift(client);
    const file = (await client.project("demo")).pages[0]?.files[0] as PageFile;
    assert.ok("provenance" in (await client.provenance(file)));
    assert.ok(
      index.requests.some(({ path, headers }) => path.startsWith("/integrity") && headers.authorization),
    );
    const [reached] = other.requests.filter(({ path }) => path.startsWith("/integrity"));
    assert.ok(reached && reached.headers.authorization === undefined);
  });
});
