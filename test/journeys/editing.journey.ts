// Editing: quick fixes whose result is compared, completion, and an edit that comes too late.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onStackIndex } from "./stack.ts";
import { typist } from "./typist.ts";

describe("editing a manifest", () => {
  const { open } = onStackIndex();

  it("replaces a yanked pin and leaves everything else on the line and in the file as it was", async () => {
    const text = "# web\r\nflask[async]  ==2.2.5   # pinned by hand\r\nwerkzeug>=3.0\r\n";
    const workbench = await open(text);
    await workbench.squiggles("warning").first().waitFor();
    await workbench.putCursorOn("2.2.5", 2);
    const title = await workbench.untilFix(/3\.1\.3/);
    await workbench.keepPicture("fixes");
    await workbench.chooseFix(title);
    await workbench.untilLine(2, "==3.1.3");
    assert.equal(await workbench.save("requirements.txt"), text.replace("2.2.5", "3.1.3"));
  });

  it("repairs an operator from the text alone", async () => {
    const workbench = await open("flask=2.2.3\n");
    await workbench.squiggles("error").first().waitFor();
    await workbench.putCursorOn("flask", 1);
    await workbench.openFixes();
    await workbench.chooseFix("Replace = with ==");
    await workbench.untilLine(1, "flask==2.2.3");
    assert.equal(await workbench.save("requirements.txt"), "flask==2.2.3\n");
  });

  it("refuses a fix that was planned before the text moved on", async () => {
    const workbench = await open("flask==2.2.5\n", { rivals: { "journey.typist-1.0.0": typist } });
    await workbench.squiggles("warning").first().waitFor();
    await workbench.putCursorOn("2.2.5", 1);
    const title = await workbench.untilFix(/3\.1\.3/);
    // The menu holds the keyboard, so another hand types: the line moves down by one.
    await writeFile(join(workbench.folder, "type-now"), "# typed meanwhile\n");
    await workbench.untilLine(1, "# typed meanwhile");
    await workbench.keepPicture("stale-menu");
    assert.deepEqual(await workbench.toasts().allTextContents(), [], "typing raises no toast");
    await workbench.chooseFix(title);
    await workbench
      .toasts()
      .filter({ hasText: /changed|moved on/i })
      .waitFor();
    assert.equal(await workbench.save("requirements.txt"), "# typed meanwhile\nflask==2.2.5\n");
  });

  it("completes versions, newest compatible first, and writes the one that is accepted", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.putCursorAtEnd(1);
    for (let left = "2.2.3".length; left > 0; left -= 1) await workbench.page.keyboard.press("Backspace");
    const labels = await workbench.openSuggestions();
    assert.equal(labels[0], "3.1.3", labels.join(", "));
    assert.equal(labels.indexOf("2.2.5") > labels.indexOf("2.2.3"), true, labels.join(", "));
    await workbench.keepPicture("completion");
    await workbench.acceptSuggestion();
    await workbench.untilLine(1, "flask==3.1.3");
    assert.equal(await workbench.save("requirements.txt"), "flask==3.1.3\n");
  });

  it("checks an untitled document as soon as its language is named", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.command("File: New Untitled Text File");
    await workbench.untilLanguageMode("Plain Text");
    await workbench.setLanguage("pip requirements");
    await workbench.type("flask=2.2.3");
    await workbench.squiggles("error").first().waitFor();
    await workbench.page.keyboard.press("Enter");
    await workbench.type("werkzeug==3.0.0");
    await workbench.untilHover("werkzeug", 2, /3\.1\.0/);
  });

  it("answers from what is typed, not from what is saved", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.putCursorAtEnd(2);
    await workbench.type("werkzeug==3.0.0");
    await workbench.untilHover("werkzeug", 2, /3\.1\.0/);
    assert.equal(await workbench.read("requirements.txt"), "flask==2.2.3\n");
  });
});
