// Reading: hovers, squiggles, lens and report of a manifest that an index knows.
import assert from "node:assert/strict";
import { onStackIndex } from "./stack.ts";
import { drawnText } from "./workbench.ts";

describe("reading a manifest", () => {
  const stack = onStackIndex();
  const { open } = stack;

  it("shows the verdict first in a hover by the mouse, then what is newest and where it is from", async () => {
    const workbench = await open('flask==2.2.3\nwerkzeug>=3.0 ; sys_platform == "win32"\n');
    await workbench.untilHover("flask", 1, /Newest compatible 3\.1\.3 \(February 2026\)/);
    const hover = (await drawnText(workbench.hover())).replaceAll("\u00a0", " ");
    assert.match(hover, /^\s*flask 2\.2\.3/);
    assert.match(hover, /127\.0\.0\.1/);
    assert.match(hover, /checked/);
    await workbench.keepPicture("hover");
  });

  it("shows the same hover by the keyboard", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/, "keyboard");
  });

  it("says what a version clause admits and whether a marker holds here", async () => {
    const workbench = await open('flask~=2.2\nwerkzeug>=3.0 ; sys_platform == "win32"\n');
    await workbench.untilHover("~=2.2", 1, /At least 2\.2, below 3/);
    await workbench.keepPicture("hover-clause");
    await workbench.untilHover("sys_platform", 2, /Not used on this environment/);
    await workbench.keepPicture("hover-marker");
  });

  it("says what an option does and whether a hash is one of the index", async () => {
    const workbench = await open(`--pre\nwerkzeug==3.1.0 --hash=sha256:${"0".repeat(64)}\n`);
    await workbench.untilHover("--pre", 1, /pre-releases/i);
    await workbench.keepPicture("hover-option");
    await workbench.untilHover("sha256", 2, /no file of werkzeug 3\.1\.0|not/i);
    await workbench.keepPicture("hover-hash");
  });

  it("draws a squiggle under a yanked release, with the reason in the Problems panel", async () => {
    const workbench = await open("flask==2.2.5\n");
    await workbench.squiggles("warning").first().waitFor();
    const problems = await workbench.problems();
    const yanked = problems.filter({ hasText: 'flask 2.2.5 is yanked: "broken wheel"' });
    await yanked.waitFor();
    await workbench.keepPicture("squiggle");
  });

  it("draws a squiggle under a name that the index does not have", async () => {
    const workbench = await open("flask==3.1.3\nflaskk==1.0\n");
    await workbench.squiggles("error").first().waitFor();
    await (await workbench.problems()).filter({ hasText: "flaskk is not on 127.0.0.1" }).waitFor();
  });

  it("shows the state of the whole stack above the first line, and the report behind it", async () => {
    const workbench = await open("flask==2.2.5\nflaskk==1.0\n");
    const lens = workbench.lenses().filter({ hasText: "1 error, 1 warning" });
    await lens.waitFor();
    assert.match((await drawnText(lens)).replaceAll("\u00a0", " "), /2 packages.*Validate.*Advise/s);
    await workbench.command("Thoth: Show Report");
    const report = await workbench.preview();
    await report.getByText('flask 2.2.5 is yanked: "broken wheel"').first().waitFor();
    await workbench.keepPicture("report");
  });

  it("reads a constraints file, and says which constraint stands in the way", async () => {
    const workbench = await open("", {
      files: { "requirements.txt": "-c constraints.txt\nflask>=3\n", "constraints.txt": "flask<3\n" },
    });
    await workbench.squiggles("error").first().waitFor();
    await (await workbench.problems()).filter({ hasText: "constraints.txt" }).first().waitFor();
    await workbench.keepPicture("constraints");
    await workbench.openFile("constraints.txt");
    await workbench.untilLanguageMode("pip requirements");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
  });

  it("counts characters as the editor does where a line has some beyond the basic plane", async () => {
    const workbench = await open('# 🧪🧪🧪\nflask==2.2.5 ; os_name != "🧪" # 🧪 pinned\nwerkzeug=3.0 # 🧪\n');
    await workbench.squiggles("warning").first().waitFor();
    await workbench.untilHover("flask", 2, /yanked/);
    await workbench.putCursorOn("werkzeug", 3);
    await workbench.openFixes();
    await workbench.chooseFix("Replace = with ==");
    await workbench.untilLine(3, "werkzeug==3.0 # 🧪");
    assert.match(await workbench.save("requirements.txt"), /\nwerkzeug==3\.0 # 🧪\n$/);
  });

  it("names the environment in the language status", async () => {
    const workbench = await open("flask==2.2.3\n");
    await workbench.untilHover("flask", 1, /3\.1\.3/);
    await workbench.untilLanguageStatus(/Python 3\.11/);
    await workbench.keepPicture("status");
  });

  it("reads a Pipfile and its lock as well", async () => {
    const lock = {
      _meta: { hash: { sha256: "0".repeat(64) }, "pipfile-spec": 6, requires: {}, sources: [] },
      default: { flask: { version: "==2.2.3", hashes: [] } },
      develop: {},
    };
    const workbench = await open("", {
      files: {
        Pipfile: `[[source]]\nname = "journey"\nurl = "${stack.index.url}"\nverify_ssl = true\n\n[packages]\nflask = "==2.2.5"\n`,
        "Pipfile.lock": `${JSON.stringify(lock, undefined, 2)}\n`,
      },
      open: "Pipfile",
    });
    await workbench.untilLanguageMode("Pipfile");
    await workbench.untilHover("flask", 7, /3\.1\.3/);
    await (await workbench.problems()).filter({ hasText: "made from another Pipfile" }).first().waitFor();
    await workbench.keepPicture("pipfile");
    await workbench.openFile("Pipfile.lock");
    await workbench.untilLanguageMode("JSON");
    await workbench.untilLine(12, '"version": "==2.2.3",3.1.3 available');
    await workbench.untilHover("0000", 4, /made from another Pipfile/);
    await workbench.untilSquiggles("warning", 1);
    await workbench.untilHover("flask", 11, /3\.1\.3/);
    await workbench.keepPicture("lock");
  });
});
