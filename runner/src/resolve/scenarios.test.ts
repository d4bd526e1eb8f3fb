// packse's scenarios: small universes, and what has to come out of each, for one environment and for all at once.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { parse } from "toml";
import {
  compareWithLock,
  type ExpectedLock,
  runForAll,
  runForOne,
  runUniversally,
  type Scenario,
} from "./scenarioTesting.ts";

const FOLDER = new URL("../../../../shared/conformance/resolver-scenarios/", import.meta.url);

interface Row {
  readonly scenario: string;
  readonly ok: boolean;
  readonly resolved: Readonly<Record<string, string>> | null;
  readonly args: readonly string[];
}

interface LockRow {
  readonly scenario: string;
  readonly lock_exit_codes: readonly number[];
  readonly lock?: ExpectedLock;
}

function readScenario(path: string): Scenario {
  return parse(readFileSync(new URL(path, FOLDER), "utf8")) as unknown as Scenario;
}

describe("packse's scenarios", () => {
  if (!existsSync(FOLDER)) {
    it.skip("are not checked: the conformance data is not here");
    return;
  }
  const expected = JSON.parse(readFileSync(new URL("expected.json", FOLDER), "utf8"));
  for (const row of expected.pip as Row[]) {
    const scenario = readScenario(row.scenario);
    it(`${row.scenario} ${row.ok ? "resolves as expected" : "has no solution"}`, async () => {
      const run = scenario.resolver_options?.universal ? runUniversally : runForOne;
      assert.deepEqual(await run(scenario), row.ok ? row.resolved : undefined);
    });
  }
  for (const row of expected.lock as LockRow[]) {
    const { lock } = row;
    const isLocked = row.lock_exit_codes[0] === 0;
    it(`${row.scenario} ${isLocked ? "is locked as expected" : "cannot be locked"}`, async () => {
      const resolution = await runForAll(readScenario(row.scenario), true);
      if (lock) compareWithLock(resolution, lock);
      else assert.equal(resolution.kind, isLocked ? "solved" : "impossible");
    });
  }
});
