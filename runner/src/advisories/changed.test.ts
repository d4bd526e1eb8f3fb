// Following a published archive: what is fetched, what has vanished, lists that are cut off, and two processes at once.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { zipSync } from "fflate";
import { matchAdvisories } from "../../../shared/src/advisory/index.ts";
import { AdvisoryPlace, json, NOW, record } from "./test/support.ts";

type Published = Map<string, Record<string, unknown>>;

/** An archive, its list and its records on loopback. */
class Publisher {
  readonly records: Published = new Map();
  readonly asked: string[] = [];
  /** The list as it is sent; by default every record, the latest first. */
  list = (rows: readonly string[]): string => rows.join("\n");
  /** Status of what is asked for, where it is not what is there. */
  readonly status = new Map<string, number>();
  onAsked: (name: string) => void = () => {};
  readonly #server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const name = url.pathname.slice("/PyPI/".length);
    this.asked.push(name + url.search);
    this.onAsked(name);
    response.statusCode = this.status.get(name) ?? 200;
    if (response.statusCode !== 200) response.end();
    else if (name === "all.zip") response.end(this.#archive());
    else if (name === "modified_id.csv") response.end(this.list(this.#rows()));
    else {
      const one = this.records.get(name.replace(/^PyPI\/|\.json$/g, ""));
      response.statusCode = one ? 200 : 404;
      response.end(one ? JSON.stringify(one) : "");
    }
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://user:secret@127.0.0.1:${(this.#server.address() as AddressInfo).port}/PyPI/all.zip`;
  }

  put(id: string, modified: string, more: object = {}): void {
    this.records.set(id, record(id, "demo", { modified, ...more }));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #archive(): Buffer {
    const files = [...this.records].map(([id, value]) => [`${id}.json`, json(value)] as const);
    return Buffer.from(zipSync(Object.fromEntries(files)));
  }

  #rows(): string[] {
    return [...this.records]
      .map(([id, { modified }]) => `${modified},${id}`)
      .sort()
      .reverse();
  }
}

describe("following a published archive", () => {
  let place: AdvisoryPlace;
  let publisher: Publisher;

  beforeEach(async () => {
    place = new AdvisoryPlace();
    publisher = new Publisher();
    publisher.put("A-1", "2026-11-20T00:00:00Z");
    publisher.put("A-2", "2026-11-19T00:00:00Z");
    await publisher.start();
    await place.update(publisher.url);
    publisher.asked.length = 0;
  });
  afterEach(() => {
    publisher.close();
    place.close();
  });

  const asked = async (url = publisher.url): Promise<string[]> => {
    publisher.asked.length = 0;
    await place.update(url);
    return publisher.asked.sort();
  };

  it("fetches only what has changed, and refuses a list that is older", async () => {
    assert.deepEqual(place.stored(), ["A-1", "A-2"]);
    publisher.put("A-2", "2026-11-21T00:00:00Z", { withdrawn: "2026-11-21T00:00:00Z" });
    publisher.put("A-3", "2026-11-21T01:00:00Z");
    assert.deepEqual(await asked(), ["A-2.json", "A-3.json", "modified_id.csv"]);
    const kept = place.knowledge.advisories.read(["demo"])!.get("demo")!;
    const matches = matchAdvisories(kept.records, "1.0", NOW);
    assert.deepEqual(
      matches.map(({ id }) => id),
      ["A-1", "A-3"],
    );
    assert.doesNotMatch(kept.source, /secret/);
    assert.deepEqual(await asked(), ["modified_id.csv"]);
    publisher.records.clear();
    publisher.put("A-1", "2026-11-20T00:00:00Z");
    assert.match(await place.refused(publisher.url, "older-advisories"), /older than what is stored/);
    assert.equal(place.stored().length, 3);
  });

  it("takes one that was published late, with a time from long ago", async () => {
    publisher.put("A-0", "0001-01-01T00:00:00Z");
    assert.deepEqual(await asked(), ["A-0.json", "modified_id.csv"]);
    assert.deepEqual(place.stored(), ["A-0", "A-1", "A-2"]);
  });

  it("forgets one that has vanished, by the archive itself", async () => {
    publisher.records.delete("A-2");
    assert.deepEqual(await asked(), ["all.zip", "modified_id.csv"]);
    assert.deepEqual(place.stored(), ["A-1"]);
  });

  it("takes a list that is cut off for no news of what is missing", async () => {
    publisher.put("A-3", "2026-11-21T01:00:00Z");
    publisher.list = (rows) => rows.join("\n").slice(0, -4);
    assert.deepEqual(await asked(), ["all.zip", "modified_id.csv"]);
    assert.deepEqual(place.stored(), ["A-1", "A-2", "A-3"]);
  });

  it("takes a list in any order, with PyPI before the ids and others among them, and sends the archive's query along", async () => {
    publisher.put("A-3", "2026-11-21T01:00:00Z");
    publisher.list = (rows) => {
      const prefixed = rows.map((row) => row.replace(",", ",PyPI/")).reverse();
      return [...prefixed, "2026-11-21T02:00:00Z,npm/N-1", "", "x"].join("\r\n");
    };
    const query = "?token=abc";
    assert.deepEqual(await asked(publisher.url + query), [
      `PyPI/A-3.json${query}`,
      `modified_id.csv${query}`,
    ]);
    assert.deepEqual(place.stored(), ["A-1", "A-2", "A-3"]);
  });

  it("asks for the archive where a record of the list is not there, and changes nothing where a server refuses", async () => {
    publisher.put("A-3", "2026-11-21T01:00:00Z");
    publisher.status.set("A-3.json", 404);
    assert.deepEqual(await asked(), ["A-3.json", "all.zip", "modified_id.csv"]);
    publisher.put("A-4", "2026-11-21T02:00:00Z");
    publisher.status.set("A-4.json", 403);
    await assert.rejects(place.update(publisher.url), { unreachable: true });
    publisher.status.set("modified_id.csv", 503);
    await assert.rejects(place.update(publisher.url), { unreachable: true });
    assert.deepEqual(place.stored(), ["A-1", "A-2", "A-3"]);
  });

  it("takes a single record from its address, beside the archive, and no address of a server alone", async () => {
    const at = (name: string) => publisher.url.replace("all.zip", name);
    publisher.put("B-1", "2026-11-21T00:00:00Z");
    const { source } = await place.update(`${at("B-1.json")}?token=abc`);
    assert.match(source.source, /^http:\/\/127\.0\.0\.1:\d+\/PyPI\/B-1\.json$/);
    assert.deepEqual(place.stored(), ["A-1", "A-2", "B-1"]);
    for (const server of ["https://api.example.com", "https://api.example.com/v1"]) {
      assert.match(
        await place.refused(server, "not-advisories"),
        /is the address of a server, not of advisories/,
      );
    }
    publisher.asked.length = 0;
    await place.update(at(""));
    assert.deepEqual(publisher.asked, ["modified_id.csv", "B-1.json"]);
  });

  it("never puts what is older in place of what another process has brought in meanwhile", async () => {
    publisher.put("A-3", "2026-11-21T01:00:00Z");
    const { advisories } = place.knowledge;
    let meanwhile = 0;
    publisher.onAsked = (name) => {
      if (name !== "A-3.json" || meanwhile++ > 0) return;
      // The same archive, a step further: what is asked for now was of the state before.
      const [kept] = advisories.sources();
      const later = Date.parse("2026-11-21T03:00:00Z");
      advisories.replace({ ...kept!, newest: later, asOf: later }, [
        { package: "demo", record: { id: "A-9", severity: "unknown", modified: later } },
      ]);
    };
    assert.match(await place.refused(publisher.url, "older-advisories"), /older than what is stored/);
    assert.deepEqual(place.stored(), ["A-9"]);
    const [source] = advisories.sources();
    const newer = advisories.replace({ ...source!, newest: source!.newest - 1 }, []);
    assert.equal(newer?.newest, source!.newest);
    assert.deepEqual(place.stored(), ["A-9"]);
  });
});
