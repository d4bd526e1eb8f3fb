// Loading the TOML grammar: several who want it at once all get one that reads.
import assert from "node:assert/strict";
import { tomlBinaries } from "../../../test/support/toml.ts";
import { loadToml } from "./toml.ts";

describe("loading the TOML grammar", () => {
  it("gives everybody who asks at the same time a reader that reads", async () => {
    const binaries = tomlBinaries();
    const readers = await Promise.all(Array.from({ length: 8 }, () => loadToml(binaries)));
    for (const reader of readers) assert.deepEqual(reader.parse('[packages]\nflask = "*"\n').faults, []);
  });
});
