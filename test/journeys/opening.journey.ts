// Opening a folder: the extension wakes, names the languages, and says what state it is in.
import assert from "node:assert/strict";
import { Workbench } from "./workbench.ts";

describe("opening a folder", () => {
  it("names a requirements file pip requirements and shows a language status", async () => {
    const workbench = await Workbench.open({
      files: { "requirements.txt": "flask==2.2.3\nrequests>=2.0 # keep\n" },
      open: "requirements.txt",
      settings: { "thoth.offline": true },
    });
    await workbench.untilLanguageMode("pip requirements");
    assert.deepEqual((await workbench.lines()).slice(0, 2), ["flask==2.2.3", "requests>=2.0 # keep"]);
    await workbench.untilLanguageStatus(/2 packages/);
  });

  it("offers the commands of the category Thoth on a manifest, and not on another file", async () => {
    const workbench = await Workbench.open({
      files: { "requirements.txt": "flask==2.2.3\n", "notes.md": "# notes\n" },
      open: "requirements.txt",
      settings: { "thoth.offline": true },
    });
    await workbench.untilLanguageMode("pip requirements");
    await workbench.untilPaletteHas("Thoth: Validate This Stack");
    assert.deepEqual(
      (await workbench.paletteRows("Thoth: ")).filter((row) => row.startsWith("Thoth: ")).sort(),
      [
        "Thoth: Advise on This Dependency",
        "Thoth: Check This Manifest",
        "Thoth: Clear Cache",
        "Thoth: Explain",
        "Thoth: Fetch Package Names",
        "Thoth: Fix All That Is Proven",
        "Thoth: Restart Runner",
        "Thoth: Select Environment",
        "Thoth: Show Log",
        "Thoth: Show Provenance",
        "Thoth: Show Report",
        "Thoth: Update All…",
        "Thoth: Validate This Stack",
      ],
    );
    await workbench.openFile("notes.md");
    await workbench.untilLanguageMode("Markdown");
    const rows = await workbench.paletteRows("Thoth: ");
    assert.ok(!rows.includes("Thoth: Validate This Stack"), rows.join(", "));
    assert.ok(rows.includes("Thoth: Show Log"), rows.join(", "));
  });
});
