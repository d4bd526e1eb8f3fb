// One benchmark of pip's resolver in a process of its own: prints how many milliseconds resolving took, reading left out.
import { readFileSync } from "node:fs";
import { openScenario, type Scenario } from "../../../runner/src/resolve/benchmarkScenario.ts";
import { Catalogue, resolve } from "../../../runner/src/resolve/index.ts";
import { makeTarget, readDemands } from "../../../runner/src/resolve/testing.ts";

const scenario = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Scenario;
const requirements = readDemands(scenario.input.requirements);
const target = makeTarget("3.11.6");
const universe = openScenario(scenario);

const began = performance.now();
const resolution = await resolve(new Catalogue(universe, target), { requirements });
const took = performance.now() - began;
if (resolution.kind !== "solved") throw new Error(`pyrax is ${resolution.kind}`);
console.log(took);
