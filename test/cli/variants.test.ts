// Wheel variants from end to end: left out unless asked for, then chosen by what the environment has.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const VARIANTS = {
  $schema: "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
  "default-priorities": { namespace: ["x86_64"] },
  variants: { v3: { x86_64: { level: ["v3"] } }, v4: { x86_64: { level: ["v4"] } }, null: {} },
};

describe("wheel variants on the command line", () => {
  let index: RunningIndex;
  let place: Place;

  before(async () => {
    const wheel = (tag: string, requires: string[]) =>
      buildWheel({ name: "fast", version: "1.0", tag, requires });
    index = await startIndex(
      {
        fast: [
          wheel("py3-none-any-v4", ["for-v4"]),
          wheel("py3-none-any-v3", ["for-v3"]),
          wheel("py3-none-any-null", ["for-null"]),
          wheel("py3-none-any", ["for-all"]),
        ],
        only: [buildWheel({ name: "only", version: "2.0", tag: "py3-none-any-v4" })],
        "for-v3": [buildWheel({ name: "for-v3", version: "1" })],
        "for-v4": [buildWheel({ name: "for-v4", version: "1" })],
        "for-null": [buildWheel({ name: "for-null", version: "1" })],
        "for-all": [buildWheel({ name: "for-all", version: "1" })],
      },
      {
        misbehave: (request, response) => {
          if (request.url !== "/files/fast/fast-1.0-variants.json") return false;
          response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(VARIANTS));
          return true;
        },
      },
    );
  });
  beforeEach(() => {
    place = makePlace();
    place.write("requirements.in", "fast\n");
    place.write(
      ".thoth.yaml",
      "environments:\n  new: {variants: {x86_64: {level: [v4, v3]}}}\n  old: {variants: {x86_64: {level: [v3]}}}\n",
    );
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const lock = (...args: string[]) =>
    place.run(["lock", "requirements.in", "--index-url", index.url, "-q", "--format", "json", ...args]);
  const names = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string[] => {
    assert.equal(stderr, "");
    return JSON.parse(stdout).result.packages.map(({ name }: { name: string }) => name);
  };

  it("are left out where nobody asks for them", async () => {
    assert.deepEqual(names(await lock()), ["fast", "for-all"]);
    assert.deepEqual(names(await lock("--environment", "new")), ["fast", "for-all"]);
  });

  it("are chosen by the environment's properties, best first, and the null variant where it has none", async () => {
    assert.deepEqual(names(await lock("--variants", "--environment", "new")), ["fast", "for-v4"]);
    assert.deepEqual(names(await lock("--variants", "--environment", "old")), ["fast", "for-v3"]);
    assert.deepEqual(names(await lock("--variants")), ["fast", "for-null"]);
    const { artifacts } = JSON.parse((await lock("--variants")).stdout).result.packages[0];
    assert.ok(
      artifacts.some(({ filename }: { filename: string }) => filename === "fast-1.0-py3-none-any-v3.whl"),
    );
  });

  it("answer what their own markers ask of them, and a wheel of no variant answers with nothing", async () => {
    const marked = [
      'for-v3; variant_label == "v3"',
      'for-v4; "x86_64::level :: v4" in variant_properties and python_version > "3"',
      'for-all; "x86_64 :: level" not in variant_features',
      'for-null; variant_label == "null" or "x86_64" in variant_namespaces and python_version < "3"',
    ];
    const before = index.projects.fast!;
    index.projects.fast = ["py3-none-any-v4", "py3-none-any-v3", "py3-none-any-null", "py3-none-any"].map(
      (tag) => buildWheel({ name: "fast", version: "1.0", tag, requires: marked }),
    );
    try {
      assert.deepEqual(names(await lock()), ["fast", "for-all"]);
      assert.deepEqual(names(await lock("--variants", "--environment", "new")), ["fast", "for-v4"]);
      assert.deepEqual(names(await lock("--variants", "--environment", "old")), ["fast", "for-v3"]);
      assert.deepEqual(names(await lock("--variants")), ["fast", "for-all", "for-null"]);
      assert.deepEqual(names(await lock("--universal", "--python", "3.11")), ["fast", "for-all"]);
      // pip refuses such a marker in a requirements file.
      place.write("requirements.in", 'fast; variant_label == "v3"\n');
      assert.notEqual((await lock("--variants")).status, 0);
    } finally {
      index.projects.fast = before;
    }
  });

  it("say so where a release has nothing else", async () => {
    place.write("requirements.in", "only\n");
    const { status, stdout } = await place.run([
      "explain",
      "requirements.in",
      "--index-url",
      index.url,
      "-q",
    ]);
    assert.equal(status, 1);
    assert.match(stdout, /only 2\.0 has only wheels of variants, which are not chosen here/);
  });
});
