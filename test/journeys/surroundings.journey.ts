// Surroundings: offline, not trusted, several folders, two windows, high contrast, and other extensions that claim the same files.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extensionProcesses } from "./processes.ts";
import { rivals } from "./rivals.ts";
import { onStackIndex, SETTLED, startStackIndex } from "./stack.ts";

describe("in its surroundings", () => {
  const stack = onStackIndex("for each");
  const { open } = stack;

  it("offline asks nothing, checks the text, and says what is not checked", async () => {
    const workbench = await open("flask==2.2.5\nwerkzeug=3.0\n", {
      settings: { ...SETTLED, "thoth.offline": true },
    });
    await workbench.squiggles("error").first().waitFor();
    await workbench.untilHover("flask", 1, /not checked.*offline/is);
    assert.deepEqual(stack.index.requests, []);
    assert.equal(await workbench.squiggles("warning").count(), 0);
    await workbench.keepPicture("offline");
  });

  it("before trust asks nothing and starts nothing, checks the text, and says so; trust starts the rest", async () => {
    const workbench = await open("flask==2.2.5\nwerkzeug=3.0\n", { trusted: false });
    await workbench.squiggles("error").first().waitFor();
    await workbench.untilLanguageStatus(/not trusted/i);
    await workbench.keepPicture("untrusted");
    assert.deepEqual(stack.index.requests, []);
    assert.deepEqual(await extensionProcesses(/dist\/thoth\.js/, workbench.home), []);
    assert.ok(!(await workbench.paletteRows("Thoth: ")).includes("Thoth: Validate This Stack"));
    await workbench.trust();
    await workbench.openFile("requirements.txt");
    await workbench.squiggles("warning").first().waitFor();
    assert.ok(stack.index.requests.length > 0);
  });

  it("checks each folder of a workspace by its own settings", async () => {
    const other = await startStackIndex();
    other.projects.flask = other.projects.werkzeug ?? [];
    try {
      const workbench = await open("", {
        files: {
          "one/requirements.txt": "flask==2.2.5\n",
          "two/requirements.txt": "flask==2.2.5\n",
          "two/.vscode/settings.json": JSON.stringify({ "thoth.rules": { "yanked-release": "off" } }),
        },
        roots: ["one", "two"],
        open: "one/requirements.txt",
      });
      await workbench.squiggles("warning").first().waitFor();
      await workbench.openFile("two/requirements.txt");
      await workbench.untilHover("flask", 1, /3\.1\.3/);
      assert.equal(await workbench.squiggles("warning").count(), 0);
    } finally {
      await other.close();
    }
  });

  it("shares what is known between two windows", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "thoth-journey-data-"));
    try {
      const first = await open("flask==2.2.3\n", { dataFolder });
      await first.untilHover("flask", 1, /3\.1\.3/);
      await first.untilSettled();
      const before = stack.index.requests.map(({ path }) => path);
      const second = await open("flask==2.2.3\n", { dataFolder });
      await second.untilHover("flask", 1, /3\.1\.3/);
      await second.untilSettled();
      // What a fix would bring in is asked about when an editor looks for fixes, in whichever window that is first.
      const later = stack.index.requests.slice(before.length).map(({ path }) => path);
      const again = later.filter((path) => before.includes(path));
      assert.deepEqual(again, [], "the second window asks nothing again");
      await first.putCursorAtEnd(2);
      await first.type("werkzeug==3.0.0");
      await first.untilHover("werkzeug", 2, /3\.1\.0/);
      await first.close();
      await second.close();
    } finally {
      await rm(dataFolder, { recursive: true, force: true });
    }
  });

  it("can be read in high contrast", async () => {
    const workbench = await open("flask==2.2.5\nwerkzeug==3.0.0\n", {
      settings: { ...SETTLED, "workbench.colorTheme": "Default High Contrast" },
    });
    await workbench.squiggles("warning").first().waitFor();
    assert.ok(await workbench.page.locator(".monaco-workbench.hc-black").isVisible());
    await workbench.untilHover("flask", 1, /yanked/);
    await workbench.keepPicture("high-contrast");
  });

  it("works beside extensions that claim the same languages, and leaves them their colours", async () => {
    const workbench = await open("flask==2.2.5\n", {
      files: { "requirements.txt": "flask==2.2.5\n", Pipfile: '[packages]\nflask = "==2.2.5"\n' },
      rivals,
    });
    await workbench.squiggles("warning").first().waitFor();
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.openFile("Pipfile");
    await workbench.untilLanguageMode("TOML");
    await workbench.untilHover("flask", 2, /3\.1\.3/);
    assert.match(await workbench.tokenScopes("flask", 2), /rival-key\.toml/);
  });
});
