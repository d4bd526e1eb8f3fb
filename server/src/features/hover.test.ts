// Hovers: a marked place in a text → what is said there.
import assert from "node:assert/strict";
import { hover } from "./hover.ts";
import { mark, project, type Setting, unmark, viewOf } from "./testing.ts";

const flask = project("flask", ["3.1.3", "2.3.3", "2.2.3"], {
  displayName: "Flask",
});

function check(
  marked: string,
  setting: Setting,
  expected: { range?: string; lines: readonly (string | RegExp)[]; without?: string },
): void {
  const { text, cursor } = unmark(marked);
  const view = viewOf(text, setting);
  const answer = hover(view, cursor);
  assert.ok(answer, "nothing is said");
  if (expected.range !== undefined) {
    assert.equal(mark(text, view.file.manifest.lines.spanOf(answer.range)), expected.range);
  }
  for (const line of expected.lines) {
    if (typeof line === "string")
      assert.ok(answer.markdown.includes(line), `${line}\nis not in\n${answer.markdown}`);
    else assert.match(answer.markdown, line);
  }
  if (expected.without !== undefined) assert.ok(!answer.markdown.includes(expected.without), answer.markdown);
}

describe("hover", () => {
  it("begins with the verdict, then says what is newest, where from and how old", () => {
    check(
      "fl‸ask==2.2.3\n",
      { projects: [flask] },
      {
        range: "⟦flask⟧==2.2.3\n",
        lines: [
          /^\*\*flask 2\.2\.3\*\* suits this environment/,
          "Newest compatible **3.1.3**",
          "From index.test/simple · checked 5 minutes ago",
        ],
      },
    );
  });
  it("says who was asked for what no index has", () => {
    const absent = project("flask", [], { state: "absent" });
    const { checked: _, ...unpaged } = absent;
    for (const [facts, line] of [
      [absent, "Asked index.test/simple · checked 5 minutes ago"],
      [unpaged, "Asked index.test/simple"],
    ] as const)
      check("fl‸ask==2.2.3\n", { projects: [facts] }, { lines: [line] });
  });
  it("says what a clause admits", () => {
    check(
      "flask~=2.‸2\n",
      { projects: [flask] },
      {
        range: "flask⟦~=2.2⟧\n",
        lines: ["At least 2.2, below 3. Admits 2 of 3 releases: 2.2.3 … 2.3.3."],
      },
    );
  });
  it("says the value of a marker here, and where it would hold", () => {
    check(
      'flask ; sys_plat‸form == "win32"\n',
      { projects: [flask] },
      {
        lines: [
          "Not used on this environment (linux). Used on Windows.",
          "sys\\_platform = `linux`".replace("\\", ""),
        ],
      },
    );
  });
  it("says which file a hash is of", () => {
    check(
      `flask==2.2.3 --hash=sha256:${"a".repeat(10)}‸${"a".repeat(54)}\n`,
      { projects: [flask] },
      {
        lines: [/`flask-[\d.]+-py3-none-any\.whl` suits this environment/],
      },
    );
  });
  it("says what an option does", () => {
    check(
      "--extra-ind‸ex-url https://x.test/simple\n",
      {},
      { lines: ["`--extra-index-url`", "Takes packages from this index as well."] },
    );
  });
  it("says that it is checking while the answer is on its way", () => {
    check("fl‸ask==1\n", { snapshot: { pending: true } }, { lines: [/checking/] });
  });
  it("says why nothing was checked, never that all is well", () => {
    const unasked = { code: "untrusted", message: "the workspace is not trusted" };
    check(
      "fl‸ask==1\n",
      { snapshot: { unasked } },
      { lines: ["was not checked: the workspace is not trusted"] },
    );
  });
  it("shows an index's trouble with its next step", () => {
    const trouble = {
      code: "refused",
      index: "https://i.test",
      message: "i.test answered 401.",
      next: "Sign in.",
    };
    check(
      "fl‸ask==1\n",
      { projects: [project("flask", [], { state: "failed", freshness: "failed", trouble })] },
      {
        lines: ["i.test answered 401.", "Sign in."],
      },
    );
  });
  it("says once that it is offline", () => {
    const trouble = {
      code: "offline",
      index: "https://i.test",
      message: "Not checked: offline.",
      next: "Check again when you are online.",
    };
    const facts = project("flask", [], { state: "unknown", freshness: "unknown", trouble });
    check("fl‸ask==1\n", { projects: [facts] }, { lines: ["offline"], without: "Not checked: offline." });
  });
  it("lets nothing of a package's metadata out of its place", () => {
    const hostile = {
      version: "1.0",
      summary: "\u001b[31m[click](command:evil) <img src=x> **bold** \u202egnp",
      projectUrls: { Homepage: "command:evil", Changelog: "https://u:p@x.test/" },
      artifacts: [],
    };
    const facts = project("flask", ["1.0"], { details: { "1.0": hostile } });
    const { text, cursor } = unmark("fl‸ask==1.0\n");
    const said = hover(viewOf(text, { projects: [facts] }), cursor)?.markdown ?? "";
    assert.ok(said.includes("\\[click\\]\\(command:evil\\) \\<img src=x\\> \\*\\*bold\\*\\*"), said);
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u202e]/.test(said), false);
    assert.equal(/\]\((?!https:)/.test(said.replace(/\\./g, "")), false);
    assert.equal(said.includes("u:p"), false);
  });
});
