// Code actions: a range in a text → titles, what they would edit, and why some cannot be taken.
import assert from "node:assert/strict";
import { type ApplyEdits, commands } from "../../../shared/src/protocol/editor.ts";
import { allAbilities } from "../model.ts";
import { codeActions, fixAllKind, unprovenFixes } from "./codeActions.ts";
import { project, resolved, type Setting, unmark, viewOf } from "./testing.ts";

const tools = { digest: (text: string) => `digest of ${text.length}` };

function check(
  marked: string,
  setting: Setting,
  title: RegExp,
  expected: string | { disabled: RegExp },
  only?: string[],
): void {
  const { text, cursor } = unmark(marked);
  const view = viewOf(text, setting);
  const { lines } = view.file.manifest;
  const position = lines.positionAt(cursor);
  const actions = codeActions(
    view,
    { range: { start: position, end: position }, diagnostics: [], ...(only ? { only } : {}) },
    allAbilities,
    tools,
  );
  const action = actions.find((item) => title.test(item.title));
  assert.ok(action, `no ${title} among ${actions.map((item) => item.title).join(" | ")}`);
  assert.equal(action.edit, undefined);
  if (typeof expected !== "string") {
    assert.match(action.disabled?.reason ?? "", expected.disabled);
    assert.equal(action.command, undefined);
    return;
  }
  assert.equal(action.command?.command, commands.apply);
  const plan = action.command?.arguments?.[0] as ApplyEdits;
  const [document] = plan.documents;
  assert.equal(document?.version, 1);
  assert.equal(document?.digest, tools.digest(text));
  let edited = text;
  for (const edit of [...(document?.edits ?? [])].reverse()) {
    const span = lines.spanOf(edit.range);
    edited = edited.slice(0, span.start) + edit.newText + edited.slice(span.end);
  }
  assert.equal(edited, expected);
}

const flask = project("flask", ["3.1.3", "2.3.3", "2.2.3"]);

describe("code actions", () => {
  it("pin to the newest compatible release and keep all else as written", () => {
    const pinned = "flask [async] == 2.2.3  ;python_version>'3'   # web ‸\r\n";
    check(
      pinned,
      { projects: [flask], snapshot: { stack: resolved(unmark(pinned).text) } },
      /^Pin to 3\.1\.3 \(newest compatible; resolves with 43 packages, 2 change\)$/,
      "flask [async] == 3.1.3  ;python_version>'3'   # web \r\n",
    );
  });
  it("repair an operator", () => {
    check("flask=2.2.3‸\n", {}, /^Replace = with ==/, "flask==2.2.3\n");
  });
  it("repair all of a file when asked for by kind", () => {
    check("flask=2.2.3‸\nwerkzeug=3\n", {}, /Repair all/, "flask==2.2.3\nwerkzeug==3\n", [fixAllKind]);
  });
  it("silence a rule on its line", () => {
    const yanked = project("flask", ["3.1.3", { version: "2.2.5", yanked: "broken" }]);
    check(
      "flask==2.2.5‸\n",
      { projects: [yanked] },
      /silence yanked-release/,
      "flask==2.2.5  # thoth: ignore[yanked-release]\n",
    );
  });
  it("have one preferred action at most", () => {
    const text = "flask==2.2.3\n";
    const view = viewOf(text, { projects: [flask], snapshot: { stack: resolved(text) } });
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const actions = codeActions(view, { range, diagnostics: [] }, allAbilities, tools);
    assert.equal(actions.filter((action) => action.isPreferred).length, 1);
  });
  it("name what the resolver is to be asked about, and offer none of it before", () => {
    const view = viewOf("flask==2.2.3\n", { projects: [flask] });
    const request = {
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      diagnostics: [],
    };
    assert.deepEqual(
      unprovenFixes(view, request).map(({ title }) => title),
      ["Pin to 3.1.3 (newest compatible)"],
    );
    assert.deepEqual(codeActions(view, request, allAbilities, tools), []);
  });
  it("show with its reason what does not resolve", () => {
    const text = "flask==2.2.3\n";
    const reason = "werkzeug <3 cannot be met: flask 3.1.3 (line 1) needs werkzeug >=3.";
    const stack = resolved(text, {}, { resolves: false, code: "failed", reason });
    check(text, { projects: [flask], snapshot: { stack } }, /^Pin to 3\.1\.3/, {
      disabled: /does not resolve: werkzeug <3/,
    });
  });
  it("are none for a text that was refused", () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    assert.deepEqual(
      codeActions(
        viewOf("flask=1\n", { refused: "too large" }),
        { range, diagnostics: [] },
        allAbilities,
        tools,
      ),
      [],
    );
  });
});
