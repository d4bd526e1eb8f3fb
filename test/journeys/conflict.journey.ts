// A stack that does not resolve: explained on its lines, repaired by a fix that was proven, and brought up to date as a diff.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { askingOnly, SETTLED } from "./stack.ts";
import { Workbench } from "./workbench.ts";

const wheel = (name: string, version: string, ...requires: string[]) =>
  buildWheel({ name, version, requires });

describe("a stack that does not resolve", () => {
  let index: RunningIndex;

  before(async () => {
    index = await startIndex({
      tensorflow: [
        wheel("tensorflow", "2.15.0", "numpy>=1.23.5,<2.0.0", "keras>=2.15,<2.16", "absl-py"),
        wheel("tensorflow", "2.18.0", "numpy>=1.26,<2.1", "keras>=3.5", "absl-py"),
      ],
      numpy: [
        wheel("numpy", "1.23.5"),
        wheel("numpy", "1.26.4"),
        wheel("numpy", "2.0.2"),
        wheel("numpy", "2.2.0"),
      ],
      keras: [wheel("keras", "2.15.0"), wheel("keras", "3.7.0", "absl-py", "rich")],
      "absl-py": [wheel("absl-py", "2.1.0")],
      rich: [wheel("rich", "13.9.4")],
      pandas: [wheel("pandas", "2.2.3", "numpy>=1.26")],
    });
  });
  after(() => index.close());

  const open = (files: Record<string, string>): Promise<Workbench> =>
    Workbench.open({
      files,
      open: Object.keys(files)[0]!,
      environment: askingOnly(index),
      settings: SETTLED,
    });

  it("is explained on the lines of a Pipfile, and repaired by a quick fix that was proven", async () => {
    const text = [
      "[[source]]",
      'name = "journey"',
      `url = "${index.url}"`,
      "verify_ssl = true",
      "",
      "[packages]",
      'tensorflow = "==2.15.0"  # trained with it',
      'numpy = ">=2"',
      'pandas = "*"',
      "",
    ].join("\n");
    const workbench = await open({ Pipfile: text });
    await workbench.lenses().filter({ hasText: "Does not resolve" }).waitFor();
    await workbench.squiggles("error").nth(1).waitFor();
    const problems = await workbench.problems();
    await problems.filter({ hasText: "tensorflow 2.15.0 needs numpy" }).first().waitFor();
    await problems.filter({ hasText: "numpy >=2 cannot be met" }).first().waitFor();
    await workbench.keepPicture("conflict");
    await workbench.command("View: Toggle Panel Visibility");
    await workbench.untilHover("tensorflow", 7, /needs numpy .*; line 8 asks for >=2/);
    await workbench.keepPicture("conflict-hover");
    await workbench.putCursorOn("2.15.0", 7);
    await workbench.untilFix(/^Change tensorflow to ==2\.18\.0/);
    const titles = await workbench.fixTitles();
    const title = "Change tensorflow to ==2.18.0 (resolves with 6 packages)";
    assert.ok(
      titles.some((each) => each.includes(title)),
      titles.join("\n"),
    );
    await workbench.keepPicture("conflict-fixes");
    await workbench.chooseFix(title);
    await workbench.untilLine(7, "==2.18.0");
    await workbench.lenses().filter({ hasText: "Resolves, 6 packages" }).waitFor();
    await workbench.keepPicture("conflict-repaired");
    await workbench.untilSquiggles("error", 0);
    assert.equal(await workbench.save("Pipfile"), text.replace("2.15.0", "2.18.0"));
  });

  it("has its explanation one step away, as a document to read", async () => {
    const workbench = await open({ "requirements.txt": "tensorflow==2.15.0\nnumpy>=2\n" });
    const lens = workbench.lenses().getByText("Does not resolve");
    await lens.waitFor();
    const explanation = await workbench.preview();
    const verdict = explanation.getByText("does not resolve for").first();
    // A lens that is drawn anew under the mouse takes no click.
    while (!(await verdict.isVisible())) {
      await lens.click({ timeout: 5000 }).catch(() => {});
      await verdict.waitFor({ timeout: 5000 }).catch(() => {});
    }
    await explanation.getByText("What would help").first().waitFor();
    await workbench.keepPicture("explanation");
  });

  it("shows what each line brings in and what holds it back, and updates all lines through a diff", async () => {
    const text = "tensorflow==2.15.0  # trained with it\nnumpy<2\npandas\n";
    const workbench = await open({ "requirements.txt": text });
    await workbench.lenses().filter({ hasText: "Resolves, 5 packages" }).waitFor();
    await workbench.untilHover("tensorflow", 1, /Brings in 3 packages: absl-py, keras, numpy/);
    await workbench.keepPicture("brings-in");
    await workbench.untilHover("numpy", 2, /Held back from 2\.2\.0 by this line and 1 more/);
    await workbench.keepPicture("held-back");
    await workbench.command("Thoth: Update All");
    const choices = await workbench.choices(/^Apply/);
    assert.match(
      choices[0] ?? "",
      /tensorflow 2\.15\.0 → 2\.18\.0, numpy 1\.26\.4 → 2\.0\.2: resolves with 6 packages/,
    );
    const modified = workbench.page.locator(".modified-in-monaco-diff-editor .view-line");
    await modified.filter({ hasText: "tensorflow==2.18.0" }).waitFor();
    await workbench.keepPicture("update-all");
    await workbench.choose(/^Apply/);
    await workbench.untilLine(1, "tensorflow==2.18.0");
    const saved = await workbench.save("requirements.txt");
    assert.equal(saved, "tensorflow==2.18.0  # trained with it\nnumpy<3\npandas\n");
  });
});
