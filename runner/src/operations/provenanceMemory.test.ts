// What is remembered of a check is kept for the next one, whatever else goes on beside it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWheel, startIndex } from "../../../test/support/index.ts";
import { createContext } from "./context.ts";
import { provenance } from "./provenance.ts";

describe("the memory of what provenance checked", () => {
  it("keeps every result, though another operation is settled while the checks are under way, and has it at hand", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thoth-memory-"));
    const index = await startIndex({
      alpha: [buildWheel({ name: "alpha", version: "1.0" })],
      beta: [buildWheel({ name: "beta", version: "1.0" })],
    });
    const env = { PIP_CONFIG_FILE: "/dev/null", THOTH_TRUST_REPOSITORY: "off", PIP_INDEX_URL: index.url };
    const context = createContext({
      version: "0.0.0",
      knowledgeFile: join(folder, "knowledge.db"),
      machine: { env, platform: "linux", home: folder },
    });
    try {
      const { pages } = await context.knowledge();
      const kept = new Set<string>();
      const write = pages.write.bind(pages);
      let reads = 0;
      const read = pages.read.bind(pages);
      pages.read = (key) => {
        if (key.startsWith("provenance result")) reads++;
        return read(key);
      };
      pages.write = (page) => {
        if (page.key.startsWith("provenance result")) kept.add(page.key);
        write(page);
      };
      const path = join(folder, "requirements.txt");
      writeFileSync(path, "alpha==1.0\nbeta==1.0\n");
      const input = {
        cwd: folder,
        paths: [path],
        constraints: [],
        texts: {},
        rules: {},
        allArtifacts: false,
        download: false,
        environment: { python: "3.11.7", platform: "x86_64-manylinux_2_28" },
      };
      const calls = { progress: () => void context.settle(), partial: () => {}, warn: assert.fail };
      const { result } = await provenance(context, input, calls, new AbortController().signal);
      await context.settle();
      assert.equal(kept.size, 2);
      // A process that goes on has them at hand.
      reads = 0;
      const again = await provenance(context, input, calls, new AbortController().signal);
      assert.deepEqual(again.result.packages, result.packages);
      assert.equal(reads, 0);
    } finally {
      await context.close();
      await index.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
