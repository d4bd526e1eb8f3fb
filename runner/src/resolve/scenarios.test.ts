// packse's scenarios: small universes, and what has to come out of each. What needs universal resolution is listed.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { parse } from "toml";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import { Catalogue } from "./python/catalogue.ts";
import { readNameSet } from "./python/compatibility.ts";
import { resolve } from "./resolve.ts";
import { makeTarget, makeUniverse, type PlainRelease, readDemands } from "./testing.ts";

const FOLDER = new URL("../../../../shared/conformance/resolver-scenarios/", import.meta.url);

interface Scenario {
  readonly root: { readonly requires: readonly string[] };
  readonly packages?: Readonly<Record<string, { versions: Record<string, ScenarioRelease> }>>;
  readonly environment?: { readonly python?: string };
  readonly resolver_options?: {
    readonly python?: string;
    readonly universal?: boolean;
    readonly prereleases?: boolean;
    readonly no_build?: readonly string[];
    readonly no_binary?: readonly string[];
    readonly resolution?: "highest" | "lowest" | "lowest-direct";
  };
}

interface ScenarioRelease {
  readonly requires?: readonly string[];
  readonly requires_python?: string;
  readonly extras?: Readonly<Record<string, readonly string[]>>;
  readonly sdist?: boolean;
  readonly wheel?: boolean;
  readonly yanked?: boolean;
  readonly wheel_tags?: readonly string[];
}

interface Row {
  readonly scenario: string;
  readonly ok: boolean;
  readonly resolved: Readonly<Record<string, string>> | null;
  readonly args: readonly string[];
}

function readReleases({ packages = {} }: Scenario): Record<string, Record<string, PlainRelease>> {
  const universe: Record<string, Record<string, PlainRelease>> = {};
  for (const [name, { versions }] of Object.entries(packages)) {
    universe[name] = {};
    for (const [version, release] of Object.entries(versions)) {
      const { requires_python = ">=3.12", wheel_tags, ...rest } = release;
      universe[name][version] = {
        ...rest,
        requiresPython: requires_python,
        ...(wheel_tags ? { wheelTags: wheel_tags } : {}),
      };
    }
  }
  return universe;
}

async function run(scenario: Scenario): Promise<Record<string, string> | undefined> {
  const options = scenario.resolver_options ?? {};
  const python = options.python ?? scenario.environment?.python ?? "3.12";
  const full = parseVersion(python)!.release.length < 3 ? `${python}.0` : python;
  const catalogue = new Catalogue(makeUniverse(readReleases(scenario)), makeTarget(full), {
    onlyBinary: readNameSet(options.no_build ?? []),
    noBinary: readNameSet(options.no_binary ?? []),
  });
  const resolution = await resolve(catalogue, {
    requirements: readDemands(scenario.root.requires),
    prereleases: options.prereleases ? "allow" : "last",
    resolution: options.resolution,
  });
  assert.notEqual(resolution.kind, "undecided");
  if (resolution.kind !== "solved") return undefined;
  return Object.fromEntries(resolution.pins.map(({ name, version }) => [name, version.toString()]));
}

describe("packse's scenarios", () => {
  if (!existsSync(FOLDER)) {
    it.skip("are not checked: the conformance data is not here");
    return;
  }
  const expected = JSON.parse(readFileSync(new URL("expected.json", FOLDER), "utf8"));
  for (const row of expected.pip as Row[]) {
    const scenario = parse(readFileSync(new URL(row.scenario, FOLDER), "utf8")) as unknown as Scenario;
    if (scenario.resolver_options?.universal) {
      it.skip(`${row.scenario} is not checked: it needs one stack for every platform`);
      continue;
    }
    it(`${row.scenario} ${row.ok ? "resolves as expected" : "has no solution"}`, async () => {
      assert.deepEqual(await run(scenario), row.ok ? row.resolved : undefined);
    });
  }
  for (const row of expected.lock as Row[]) {
    it.skip(`${row.scenario} (lock) is not checked: it needs one stack for every platform`);
  }
});
