// Commands of the palette: select environment, advise, fix all, clear cache; and a setting that is not valid.
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onStackIndex, SETTLED } from "./stack.ts";

describe("the commands", () => {
  const stack = onStackIndex();
  const { open } = stack;

  it("select the environment that the stack is meant for, and keep it with the workspace", async () => {
    const workbench = await open("flask==2.2.3\n", {
      files: {
        "requirements.txt": "flask==2.2.3\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.9.18\n",
        ".venv/bin/python": "#!/bin/sh\nexit 1\n",
      },
    });
    await chmod(join(workbench.folder, ".venv/bin/python"), 0o755);
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.command("Thoth: Select Environment");
    const choices = await workbench.choices(/Python 3\.9\.18/);
    assert.match(choices[0] ?? "", /^Automatic/);
    await workbench.keepPicture("select-environment");
    await workbench.choose(/Python 3\.9\.18/);
    const kept = await workbench.untilFile(".vscode/settings.json", /thoth\.environment\.python"/);
    assert.match(kept, /\.venv\/bin\/python/);
  });

  it("advise on the dependency at the cursor", async () => {
    const workbench = await open("flask==2.2.5\n");
    await workbench.squiggles("warning").first().waitFor();
    await workbench.putCursorOn("flask", 1);
    await workbench.command("Thoth: Advise on This Dependency");
    const advice = await workbench.preview();
    await advice.getByText("What could be done").waitFor();
    await advice.getByText("Pin to 3.1.3").first().waitFor();
    await workbench.keepPicture("advice");
  });

  it("fix all that is proven in one step that is undone at once", async () => {
    const text = "flask=2.2.3\nwerkzeug=3.0.0 # keep\n";
    const workbench = await open(text);
    await workbench.squiggles("error").nth(1).waitFor();
    await workbench.command("Thoth: Fix All That Is Proven");
    await workbench.toasts().filter({ hasText: "2 fixes applied." }).waitFor();
    assert.equal(await workbench.save("requirements.txt"), "flask==2.2.3\nwerkzeug==3.0.0 # keep\n");
    await workbench.putCursorAtEnd(1);
    await workbench.page.keyboard.press("Control+Z");
    assert.equal(await workbench.save("requirements.txt"), text);
  });

  it("clear the cache, and ask the index again afterwards", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    const asked = stack.index.requests.length;
    await workbench.command("Thoth: Clear Cache");
    await workbench.toasts().filter({ hasText: "are forgotten" }).waitFor();
    await workbench.command("Thoth: Check This Manifest");
    // The editor keeps a third toast within a moment to itself, so what is asked tells it; the journey's time limit ends this.
    while (stack.index.requests.length === asked) await workbench.untilHover("flask", 1, /3\.1\.3/);
  });

  it("check the manifest, and say what was found where the person asked", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.command("Thoth: Check This Manifest");
    await workbench
      .toasts()
      .filter({ hasText: "No error, no warning in 1 file. 1 package checked." })
      .waitFor();
    await workbench.keepPicture("checked");
  });

  it("are not hindered by a setting that is not valid: one warning, and its default", async () => {
    const workbench = await open("flask==2.2.5\n", {
      settings: { ...SETTLED, "thoth.inlayHints.enable": "sometimes" },
    });
    await workbench.untilLine(1, "yanked");
    const warning = workbench.toasts().filter({ hasText: "thoth.inlayHints.enable is not used" });
    await warning.waitFor();
    await workbench.keepPicture("bad-setting");
    await writeFile(join(workbench.folder, "constraints.txt"), "flask<3\n");
    await workbench.openFile("constraints.txt");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    assert.equal(await warning.count(), 1);
  });
});
