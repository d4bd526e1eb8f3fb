// What happens around every journey: the workbench is there before the first one starts, pictures and logs of a failure are kept, every window is closed, the browser at the end; no planted secret is in what was drawn, logged or kept.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packedExtension } from "../../scripts/package.ts";
import { installWorkbench, ROOT } from "../../scripts/workbench.ts";
import { foundCanaries, searchFolder, searchText } from "./canaries.ts";
import { closeBrowser, openWorkbenches } from "./workbench.ts";

const FAILURES = join(ROOT, "test/journeys/failures");

/** Milliseconds for what is downloaded and built once, which is no part of any journey. */
const SET_UP = 600_000;

export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(SET_UP);
    await installWorkbench((line) => process.stderr.write(`${line}\n`));
    await packedExtension();
  },
  async afterEach(this: Mocha.Context): Promise<void> {
    const test = this.currentTest;
    for (const [at, workbench] of openWorkbenches().entries()) {
      if (test?.state === "failed") {
        const name = test
          .fullTitle()
          .replaceAll(/[^A-Za-z0-9]+/g, "-")
          .slice(0, 100);
        await mkdir(FAILURES, { recursive: true });
        await workbench.picture(join(FAILURES, `${name}-${at}.png`)).catch(() => {});
        await writeFile(join(FAILURES, `${name}-${at}.log`), await workbench.logs().catch(String));
      }
      const where = test?.fullTitle() ?? "a journey";
      searchText(`${where}: what is drawn`, await workbench.everythingDrawn().catch(() => ""));
      searchText(`${where}: logs`, await workbench.logs().catch(() => ""));
      await searchFolder(`${where}: data`, workbench.dataFolder);
      await workbench.close();
    }
  },
  async afterAll(): Promise<void> {
    await closeBrowser();
    assert.deepEqual(foundCanaries(), []);
  },
};
