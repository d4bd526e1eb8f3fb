// `thoth knowledge update trust-root`: a repository that Sigstore's keys have not signed is not believed, and why is said.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startTufRepository, type TufRepository } from "../support/tuf.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("thoth knowledge update trust-root", function () {
  this.timeout(60_000);
  let place: Place;
  let repository: TufRepository;
  beforeEach(async () => {
    place = makePlace();
    repository = await startTufRepository();
    repository.publish({ trustedRoot: { tlogs: [] }, version: 1 });
  });
  afterEach(async () => {
    await repository.close();
    place.remove();
  });

  const update = (...more: string[]): ReturnType<Place["run"]> =>
    place.run(["knowledge", "update", "trust-root", "--from", repository.url, ...more]);

  it("takes nothing that the keys it came with have not signed", async () => {
    const { status, stderr } = await update();
    assert.equal(status, 3, stderr);
    assert.match(stderr, /trust root not fetched: Not updated: the metadata of http:\/\/127/);
    assert.ok(repository.requests.some((path) => /^\d+\.root\.json$/.test(path)));
    assert.ok(!existsSync(join(place.env.XDG_DATA_HOME!, "thoth", "trust", "state.json")));
  });

  it("names an address that is none of a network, with exit status 2", async () => {
    for (const from of ["trust", "/srv/trust", "ftp://mirror.example"]) {
      const { status, stderr } = await place.run(["knowledge", "update", "trust-root", "--from", from]);
      assert.equal(status, 2, from);
      assert.match(stderr, /is no address of a repository\.\n/);
    }
  });

  it("says that the repository answers nothing, and that it is offline", async () => {
    repository.fail(503);
    const down = await update();
    assert.equal(down.status, 3);
    assert.match(down.stderr, /trust root not fetched: Not checked: 127\.0\.0\.1:\d+ answered 503/);
    const asked = repository.requests.length;
    const offline = await update("--offline");
    assert.equal(offline.status, 3);
    assert.match(offline.stderr, /offline/);
    assert.equal(repository.requests.length, asked);
  });
});
