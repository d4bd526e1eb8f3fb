// What happens around every journey: pictures and logs of a failure are kept, every window is closed, the browser at the end.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/workbench.ts";
import { closeBrowser, openWorkbenches } from "./workbench.ts";

const FAILURES = join(ROOT, "test/journeys/failures");

export const mochaHooks = {
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
      await workbench.close();
    }
  },
  async afterAll(): Promise<void> {
    await closeBrowser();
  },
};
