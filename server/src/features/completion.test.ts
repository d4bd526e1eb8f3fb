// Completions: a cursor in a text → the items and what they replace.
import assert from "node:assert/strict";
import { completion } from "./completion.ts";
import { mark, project, type Setting, unmark, viewOf } from "./testing.ts";

const flask = project("flask", [
  "3.0.0",
  { version: "2.9", yanked: "broken" },
  { version: "2.8", obstacle: "python", requiresPython: ">=3.12" },
  "2.7",
]);

async function check(
  marked: string,
  expected: { labels?: readonly string[]; includes?: readonly string[]; replaces?: string },
  setting: Setting = { projects: [flask] },
): Promise<void> {
  const { text, cursor } = unmark(marked);
  const view = viewOf(text, setting);
  const list = await completion(view, cursor, {
    names: async (prefix) => ({
      names: ["flask", "flask-cors"].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
      incomplete: false,
    }),
    facts: async () => undefined,
    listFolder: async (relative) => (relative === "" ? ["base.txt", "more/", "read.md"] : ["dev.txt"]),
  });
  const labels = list.items.map((item) => item.label);
  if (expected.labels) assert.deepEqual(labels, expected.labels);
  for (const label of expected.includes ?? [])
    assert.ok(labels.includes(label), `${label} is not in ${labels.join(" ")}`);
  const [first] = list.items;
  if (expected.replaces !== undefined && first?.textEdit && "range" in first.textEdit) {
    assert.equal(mark(text, view.file.manifest.lines.spanOf(first.textEdit.range)), expected.replaces);
  }
}

describe("completion", () => {
  it("offers names for what is typed and replaces the whole word", () =>
    check("fla‸sk==1\n", { labels: ["flask", "flask-cors"], replaces: "⟦flask⟧==1\n" }));
  it("offers versions newest compatible first, yanked last", () =>
    check("flask==2.‸7\n", { labels: ["3.0.0", "2.7", "2.8", "2.9"], replaces: "flask==⟦2.7⟧\n" }));
  it("offers versions behind a second clause", () =>
    check("flask>=1,<‸\n", { includes: ["3.0.0"], replaces: "flask>=1,<⟦⟧\n" }));
  it("offers marker variables, then operators, then values", async () => {
    await check("flask ; sys‸\n", { includes: ["sys_platform", "python_version"] });
    await check("flask ; sys_platform ‸\n", { includes: ["==", "not in"] });
    await check("flask ; sys_platform == ‸\n", { includes: ["linux", "win32"] });
    await check('flask ; sys_platform == "‸"\n', {
      includes: ["linux"],
      replaces: 'flask ; sys_platform == "⟦⟧"\n',
    });
  });
  it("offers pip's options, those of requirements only behind one", async () => {
    await check("--ex‸\n", { includes: ["--extra-index-url"], replaces: "⟦--ex⟧\n" });
    await check("flask==1 --‸\n", { includes: ["--hash"] });
  });
  it("matches an option by what is shown first: two dashes find the one that has a short form too", async () => {
    const tools = {
      names: async () => ({ names: [], incomplete: false }),
      facts: async () => undefined,
      listFolder: async () => [],
    };
    const { items } = await completion(viewOf("--", {}), 2, tools);
    assert.match(items.find(({ label }) => label === "--index-url")?.filterText ?? "", /^--index-url -i\b/);
  });
  it("offers files and folders behind -r", async () => {
    await check("-r ‸\n", { labels: ["base.txt", "more/"] });
    await check("-r more/d‸\n", { labels: ["dev.txt"], replaces: "-r more/⟦d⟧\n" });
  });
  it("offers rules to ignore", () =>
    check("flask==1 # thoth: ignore[yan‸]\n", { includes: ["yanked-release"] }));
  it("offers nothing in a comment or in a text that was refused", async () => {
    await check("flask # fla‸\n", { labels: [] });
    await check("fla‸\n", { labels: [] }, { refused: "too large" });
  });
});
