// Asking a service: pages, refusals, half answers, and addresses below a path.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { askService } from "./service.ts";
import { AdvisoryPlace, NOW, plainClient, record } from "./test/support.ts";
import { type UpdateAnswer, UpdateRefused } from "./updating.ts";

type Query = { readonly package: { readonly name: string }; readonly page_token?: string };

describe("asking a service for advisories", () => {
  let place: AdvisoryPlace;
  let server: Server;
  let requests: string[];
  /** What the service says of one query. */
  let resultOf: (query: Query) => unknown;
  let records: Map<string, unknown>;
  /** Statuses that are answered before what is asked for. */
  let refusals: number[];

  beforeEach(async () => {
    place = new AdvisoryPlace();
    requests = [];
    refusals = [];
    records = new Map([
      ["A-1", record("A-1")],
      ["A-2", record("A-2")],
    ]);
    resultOf = ({ package: { name } }) => (name === "demo" ? { vulns: [{ id: "A-1" }] } : {});
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    place.close();
  });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.on("data", (piece: Buffer) => {
      body += piece.toString();
    });
    request.on("end", () => {
      const url = request.url ?? "";
      requests.push(url);
      const refusal = refusals.shift();
      if (refusal !== undefined) {
        response.statusCode = refusal;
        response.end();
      } else if (/\/v1\/querybatch(?:\?|$)/.test(url)) {
        const { queries } = JSON.parse(body) as { queries: Query[] };
        const results = queries.flatMap((query) => resultOf(query) ?? []);
        response.end(JSON.stringify({ results }));
      } else {
        const id = decodeURIComponent(new URL(url, "http://127.0.0.1").pathname.split("/").at(-1)!);
        response.statusCode = records.has(id) ? 200 : 404;
        response.end(JSON.stringify(records.get(id) ?? {}));
      }
    });
  }

  const ask = (path = "", names: readonly string[] = ["demo", "other"]): Promise<UpdateAnswer> =>
    askService({
      address: `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
      names,
      advisories: place.knowledge.advisories,
      client: plainClient(place.folder),
      now: NOW,
      signal: new AbortController().signal,
      progress: () => {},
    });
  const refuses = async (message: RegExp): Promise<void> => {
    await assert.rejects(ask(), (error) => error instanceof UpdateRefused && message.test(error.message));
  };

  it("takes every page of every project, and remembers whom it was asked for", async () => {
    resultOf = ({ package: { name }, page_token: token }) => {
      if (name !== "demo") return {};
      return token === undefined
        ? { vulns: [{ id: "A-1" }], next_page_token: "2" }
        : { vulns: [{ id: "A-2" }], next_page_token: "" };
    };
    const { source, read } = await ask();
    assert.deepEqual([read, source.records, source.asOf], [2, 2, NOW]);
    assert.doesNotMatch(source.source + source.place, /secret/);
    assert.deepEqual(place.stored(), ["A-1", "A-2"]);
    const { advisories } = place.knowledge;
    assert.deepEqual(advisories.read(["other"])?.get("other")?.records, []);
    assert.equal(advisories.read(["third"])?.get("third"), undefined);
    resultOf = () => ({});
    await ask("", ["demo"]);
    assert.deepEqual(place.stored(), []);
  });

  it("asks again where the service has too much to do", async () => {
    refusals = [429, 503];
    await ask();
    assert.equal(requests.filter((url) => url === "/v1/querybatch").length, 3);
    assert.deepEqual(place.stored(), ["A-1"]);
  });

  it("finds the interface below a path, with or without its version, and sends the query along", async () => {
    for (const [path, asked] of [
      ["/", "/v1/querybatch"],
      ["/v1/", "/v1/querybatch"],
      ["/osv", "/osv/v1/querybatch"],
      ["/osv/v1?token=abc", "/osv/v1/querybatch?token=abc"],
    ] as const) {
      requests = [];
      const { source } = await ask(path);
      assert.equal(requests[0], asked);
      assert.doesNotMatch(source.source, /abc/);
    }
  });

  it("keeps what there was where a page, a record or a result is missing, or is another", async () => {
    await ask();
    const good = resultOf;
    for (const [result, message] of [
      [{ vulns: [{ id: "A-1" }, { id: "A-3" }] }, /404/],
      [{ vulns: [{ id: "../x" }] }, /names an advisory by what is no id/],
      [{ vulns: [{}] }, /names an advisory by what is no id/],
      [{ next_page_token: 7 }, /names a next page that is none/],
      [undefined, /answers other queries than were asked/],
    ] as const) {
      resultOf = () => result;
      await refuses(message);
    }
    resultOf = ({ page_token: token }) => ({ next_page_token: token === undefined ? "again" : token });
    await refuses(/names a next page that is none/);
    resultOf = good;
    records.set("A-1", record("A-2"));
    await refuses(/sends another record than A-1/);
    records.set("A-1", { ...record("A-1"), affected: [{ package: { ecosystem: "PyPI" } }] });
    await refuses(/cannot be read: A-1 names a PyPI project by what is no name/);
    assert.deepEqual(place.stored(), ["A-1"]);
  });
});
