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
  it("raise what an advisory is known against together with a lock beside the manifest, as one edit bound to both texts", () => {
    const [text, lock] = ["flask==2.2.3\n", 'name = "flask"\nversion = "2.2.3"\n'];
    const known = project("flask", ["3.1.3", "2.3.3", "2.2.3"], {
      advisories: {
        asOf: 0,
        source: "test",
        records: [{ id: "GHSA-1", severity: "high", versions: ["2.2.3"] }],
      },
    });
    const at = lock.indexOf("2.2.3");
    const stack = {
      ...resolved(text),
      locks: [{ uri: "file:///work/pylock.toml", versions: { flask: "2.2.3" } }],
      repairs: [
        {
          title: "Raise flask to 2.3.3 with the lock (fixes 1 advisory; resolves with 1 package)",
          edits: [
            {
              uri: "file:///work/requirements.txt",
              edits: [{ span: { start: 7, end: 12 }, newText: "2.3.3" }],
            },
            {
              uri: "file:///work/pylock.toml",
              edits: [{ span: { start: at, end: at + 5 }, newText: "2.3.3" }],
            },
          ],
          fixed: [{ name: "flask", version: "2.2.3", id: "GHSA-1" }],
          packages: 1,
        },
      ],
    };
    const texts = { ...stack.texts, "file:///work/pylock.toml": lock };
    const view = viewOf(text, { projects: [known], snapshot: { stack: { ...stack, texts } } });
    const range = { start: { line: 0, character: 7 }, end: { line: 0, character: 7 } };
    const versionOf = (uri: string) => (uri.endsWith("pylock.toml") ? 7 : undefined);
    const actions = codeActions(view, { range, diagnostics: [] }, allAbilities, { ...tools, versionOf });
    const action = actions.find(({ title }) => title.startsWith("Raise flask to 2.3.3 with the lock"));
    const plan = action?.command?.arguments?.[0] as ApplyEdits | undefined;
    assert.deepEqual(
      plan?.documents.map(({ uri, version, digest }) => [uri, version, digest]),
      [
        ["file:///work/requirements.txt", 1, tools.digest(text)],
        ["file:///work/pylock.toml", 7, tools.digest(lock)],
      ],
    );
    assert.deepEqual(plan?.documents[1]?.edits, [
      { range: { start: { line: 1, character: 11 }, end: { line: 1, character: 16 } }, newText: "2.3.3" },
    ]);
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
