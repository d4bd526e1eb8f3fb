// pyproject.toml in a real workbench: hover, squiggle and quick fix in a list of uv's and in a table of poetry's.
import assert from "node:assert/strict";
import { onStackIndex } from "./stack.ts";

describe("a pyproject.toml", () => {
  const { open } = onStackIndex();

  it("is hovered, underlined and fixed within its strings, and nothing else in it moves", async () => {
    const text = `[project]
name = "shop"
version = "1.0"
dependencies = [
  "flask==2.2.5",  # pinned by hand
  'werkzeug>=3.0',
]

[dependency-groups]
dev = ["werkzeug=3.0"]

[tool.ruff]
line-length = 100
`;
    const workbench = await open("", { files: { "pyproject.toml": text }, open: "pyproject.toml" });
    await workbench.untilLanguageMode("pyproject.toml");
    await workbench.squiggles("warning").first().waitFor();
    await workbench.squiggles("error").first().waitFor();
    const problems = await workbench.problems();
    await problems.filter({ hasText: 'flask 2.2.5 is yanked: "broken wheel"' }).waitFor();
    await workbench.putCursorOn("2.2.5", 5);
    const title = await workbench.untilFix(/3\.1\.3/);
    await workbench.chooseFix(title);
    await workbench.untilLine(5, "flask==3.1.3");
    await workbench.putCursorOn("werkzeug=3.0", 10);
    await workbench.openFixes();
    await workbench.chooseFix("Replace = with ==");
    await workbench.untilLine(10, "werkzeug==3.0");
    const fixed = text.replace("2.2.5", "3.1.3").replace("werkzeug=3.0", "werkzeug==3.0");
    assert.equal(await workbench.save("pyproject.toml"), fixed);
    await workbench.untilHover("werkzeug", 6, /werkzeug 3\./);
    await workbench.keepPicture("pyproject");
  });

  it("speaks poetry's own constraints, and writes them", async () => {
    const text = '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "2.2.5"\nwerkzeug = "^3.0"\n';
    const workbench = await open("", { files: { "pyproject.toml": text }, open: "pyproject.toml" });
    await workbench.squiggles("warning").first().waitFor();
    await workbench.untilHover("^3.0", 4, /At least 3\.0, below 4\.0/);
    await workbench.putCursorOn("2.2.5", 3);
    const title = await workbench.untilFix(/3\.1\.3/);
    await workbench.chooseFix(title);
    await workbench.untilLine(3, '"3.1.3"');
    assert.equal(await workbench.save("pyproject.toml"), text.replace("2.2.5", "3.1.3"));
  });
});
