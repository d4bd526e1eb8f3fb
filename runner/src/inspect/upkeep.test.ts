// Folders of inspections stay within bounds.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimRun, pruneLogs, pruneWheels, removeAbandonedRuns } from "./upkeep.ts";

describe("the upkeep of inspections", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-upkeep-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("removes runs whose process is gone, and no other", () => {
    for (const name of ["mine", "gone", "unsigned"])
      mkdirSync(join(folder, "runs", name), { recursive: true });
    claimRun(join(folder, "runs", "mine"));
    // No process has a number beyond the largest that Linux gives.
    writeFileSync(join(folder, "runs", "gone", "owner"), "4194305");
    removeAbandonedRuns(folder);
    assert.deepEqual(readdirSync(join(folder, "runs")).sort(), ["mine", "unsigned"]);
    utimesSync(join(folder, "runs", "unsigned"), 1, 1);
    removeAbandonedRuns(folder);
    assert.deepEqual(readdirSync(join(folder, "runs")), ["mine"]);
  });

  it("removes the wheels that were used longest ago first", () => {
    const place = (digest: string, time: number): string => {
      const path = join(folder, "wheels", digest.slice(0, 2), digest);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "a-1-py3-none-any.whl"), "x".repeat(100));
      utimesSync(path, time, time);
      return path;
    };
    const [old, newer, newest] = [place("aa1", 1000), place("bb2", 2000), place("cc3", 3000)];
    pruneWheels(folder, 250);
    assert.deepEqual([old, newer, newest].map(existsSync), [false, true, true]);
  });

  it("keeps the newest logs, and files that are not its own", () => {
    for (const day of ["01", "02", "03"])
      writeFileSync(join(folder, `2026-01-${day}T00-00-00-000Z-x.log`), "");
    writeFileSync(join(folder, "other.log"), "");
    pruneLogs(folder, 2);
    assert.deepEqual(readdirSync(folder).sort(), [
      "2026-01-02T00-00-00-000Z-x.log",
      "2026-01-03T00-00-00-000Z-x.log",
      "other.log",
    ]);
  });
});
