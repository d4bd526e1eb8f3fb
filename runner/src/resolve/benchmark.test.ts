// pyrax 1.9.8 on a large frozen index, the hard case of pip's resolver benchmarks: solved, validly, in few decisions.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { readRequirementLenient } from "../../../shared/src/packaging/lenient.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { openScenario, type Scenario } from "./benchmarkScenario.ts";
import { Catalogue } from "./python/catalogue.ts";
import { resolve } from "./resolve.ts";
import { makeTarget, readDemands } from "./testing.ts";

const FILE = new URL("../../../../shared/conformance/resolver-benchmarks/pyrax_198.json", import.meta.url);

describe("the resolver benchmark pyrax_198", () => {
  if (!existsSync(FILE)) {
    it.skip("is not checked: the conformance data is not here");
    return;
  }
  it("is solved, and every requirement of the stack is met", async () => {
    const scenario = JSON.parse(readFileSync(FILE, "utf8")) as Scenario;
    const catalogue = new Catalogue(openScenario(scenario), makeTarget("3.11.6"));
    const resolution = await resolve(catalogue, { requirements: readDemands(scenario.input.requirements) });
    assert.equal(resolution.kind, "solved");
    if (resolution.kind !== "solved") return;
    const stack = new Map(resolution.pins.map((pin) => [pin.name, pin]));
    for (const { name, version } of resolution.pins) {
      for (const text of scenario.packages[name]![version.raw]!.depends_by_extra[""] ?? []) {
        const read = readRequirementLenient(text.split(";")[0]!.trim());
        assert.ok(read.ok);
        const { requirement } = read.value;
        const pin = stack.get(normalizeName(requirement.name.text));
        assert.ok(pin && requirement.specifier.contains(pin.version), `${name} ${version}: ${text}`);
      }
    }
    assert.ok(resolution.counters.decisions < 2000, `${resolution.counters.decisions} decisions`);
  });
});
