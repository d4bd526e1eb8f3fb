// Validating from the palette: a stack that passes, one that fails, one that is cancelled; and a runner that is killed.
import assert from "node:assert/strict";
import type { RunningIndex } from "../support/index.ts";
import { extensionProcesses } from "./processes.ts";
import { askingOnly, startStackIndex } from "./stack.ts";
import { Workbench } from "./workbench.ts";

describe("validating a stack", () => {
  let index: RunningIndex;
  before(async () => {
    index = await startStackIndex();
  });
  after(() => index.close());

  const open = (text: string) =>
    Workbench.open({
      files: { "requirements.txt": text },
      open: "requirements.txt",
      environment: askingOnly(index),
    });

  it("says that a stack passed, where the person asked", async () => {
    const workbench = await open("werkzeug==3.1.0\n");
    await workbench.untilPaletteHas("Thoth: Validate This Stack");
    await workbench.command("Thoth: Validate This Stack");
    await workbench
      .toasts()
      .filter({ hasText: /^Passed in [0-9.]+ s: 1 package, 1 module\.$/ })
      .waitFor({ timeout: 90_000 });
    await workbench.keepPicture("validation-passed");
  });

  it("shows a failure on the line that causes it", async () => {
    const workbench = await open("werkzeug==3.1.0\nbrittle==1.0\n");
    await workbench.untilPaletteHas("Thoth: Validate This Stack");
    await workbench.command("Thoth: Validate This Stack");
    await workbench
      .toasts()
      .filter({ hasText: /^Import failed: .*ImportError: brittle needs a newer glue/ })
      .waitFor({ timeout: 90_000 });
    await (await workbench.problems())
      .filter({
        hasText: "brittle 1.0 fails when brittle is imported: ImportError: brittle needs a newer glue",
      })
      .filter({ hasText: "Ln 2" })
      .waitFor();
    await workbench.untilHover("brittle", 2, /brittle needs a newer glue/);
    await workbench.keepPicture("validation-failed");
  });

  it("ends everything that it started when it is cancelled", async () => {
    const workbench = await open("slowpoke==1.0\n");
    await workbench.untilPaletteHas("Thoth: Validate This Stack");
    await workbench.command("Thoth: Validate This Stack");
    await workbench
      .progress()
      .filter({ hasText: /import/i })
      .waitFor({ timeout: 90_000 });
    await workbench.keepPicture("validation-running");
    await workbench.cancelProgress();
    await workbench
      .toasts()
      .filter({ hasText: /cancelled/i })
      .waitFor();
    assert.deepEqual(await extensionProcesses(/slowpoke/), []);
  });

  it("goes on after its runner was killed", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    const [runner, ...others] = await extensionProcesses(/dist\/thoth\.js/, workbench.home);
    assert.ok(runner !== undefined && others.length === 0, "one runner");
    process.kill(runner.pid, "SIGKILL");
    await workbench.putCursorAtEnd(2);
    await workbench.type("werkzeug==3.0.0");
    await workbench.untilHover("werkzeug", 2, /3\.1\.0/);
    const after = await extensionProcesses(/dist\/thoth\.js/, workbench.home);
    assert.equal(after.length, 1);
    assert.notEqual(after[0]?.pid, runner.pid);
  });
});
