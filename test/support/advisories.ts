// Brings advisories into the file of knowledge that a runner with this data folder opens.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { updateAdvisories } from "../../runner/src/advisories/index.ts";
import { openKnowledge } from "../../runner/src/knowledge/index.ts";

/** @param records of OSV, as one file of them has them. */
export async function storeAdvisories(data: string, records: readonly object[]): Promise<void> {
  const file = join(data, "advisories.json");
  writeFileSync(file, JSON.stringify(records));
  const knowledge = openKnowledge({
    env: { XDG_DATA_HOME: data },
    platform: process.platform,
    home: data,
    warn: (message) => assert.fail(message),
  });
  await updateAdvisories({
    from: file,
    advisories: knowledge.advisories,
    now: Date.now(),
    signal: new AbortController().signal,
    client: () => Promise.reject(new Error("nothing is fetched")),
    progress: () => {},
  });
  knowledge.close();
}
