// The resolver's word as an editor shows it: hover, lens, diagnostics and the explanation.
import assert from "node:assert/strict";
import type { StackConflict, StackFacts, StackLine } from "../../../shared/src/facts/stack.ts";
import { clientCommands } from "../../../shared/src/protocol/editor.ts";
import { allAbilities, type View } from "../model.ts";
import { codeActions } from "./codeActions.ts";
import { codeLens, summaryOf } from "./codeLens.ts";
import { diagnostics } from "./diagnostics.ts";
import { hover } from "./hover.ts";
import { explanationOf } from "./stackWords.ts";
import { project, resolved, rootUri, unmark, viewOf } from "./testing.ts";

const flask = project("flask", ["3.1.3", "2.2.3"]);
const numpy = project("numpy", ["2.1.0", "1.26.4"]);

const line = (name: string, start: number, length: number, more: Partial<StackLine> = {}): StackLine => ({
  uri: rootUri,
  span: { start, end: start + length },
  name,
  version: "2.2.3",
  brings: [],
  only: 0,
  ...more,
});

function hovered(marked: string, lines: readonly StackLine[]): string {
  const { text, cursor } = unmark(marked);
  const view = viewOf(text, { projects: [flask], snapshot: { stack: resolved(text, { lines }) } });
  return hover(view, cursor)?.markdown ?? "";
}

describe("a hover with the resolver's word", () => {
  it("says what the line brings in, and what of it only this line", () => {
    const brings = ["click", "itsdangerous", "jinja2", "markupsafe", "werkzeug"];
    assert.match(
      hovered("fla‸sk==2.2.3\n", [line("flask", 0, 12, { brings, only: 4 })]),
      /\nBrings in 5 packages: click, itsdangerous, jinja2, markupsafe, werkzeug · 4 only through this line/,
    );
    const many = Array.from({ length: 12 }, (_, at) => `p${at}`);
    assert.match(
      hovered("fla‸sk==2.2.3\n", [line("flask", 0, 12, { brings: many, only: 12 })]),
      /Brings in 12 packages: p0, p1, p2, p3, p4, p5, p6, p7, and 4 more {2}\n/,
    );
    assert.match(hovered("fla‸sk==2.2.3\n", [line("flask", 0, 12)]), /Brings in no other package/);
  });

  it("says what holds the package back, with its line", () => {
    const held = (by: NonNullable<StackLine["heldBack"]>["by"]) =>
      hovered("# mine\nfla‸sk==2.2.3\nfoo\n", [line("flask", 7, 12, { heldBack: { newest: "3.0.0", by } })]);
    assert.match(
      held([{ text: "foo 1.2", uri: rootUri, line: 3 }]),
      /Held back from 3\.0\.0 by foo 1\.2 \(line 3\)/,
    );
    assert.match(
      held([{ text: "flask==2.2.3", uri: rootUri, line: 2 }]),
      /Held back from 3\.0\.0 by this line/,
    );
    assert.match(
      held([{ text: "flask<3", uri: "file:///work/constraints.txt", line: 1 }]),
      /by flask&lt;3 \(constraints\.txt line 1\)|by flask\\?<3 \(constraints\.txt line 1\)/,
    );
    assert.match(held([]), /Held back from 3\.0\.0 by what that release itself needs/);
  });

  it("says nothing of another text than the present one", () => {
    const { text, cursor } = unmark("fla‸sk==2.2.3\n");
    const stack = resolved("flask==2.2.3 \n", { lines: [line("flask", 0, 12)] });
    const view = viewOf(text, { projects: [flask], snapshot: { stack } });
    assert.doesNotMatch(hover(view, cursor)?.markdown ?? "", /Brings in/);
  });
});

describe("the lens with the resolver's word", () => {
  const text = "flask==2.2.3\n";
  const summary = (snapshot: Partial<View["snapshot"]>): string =>
    summaryOf(viewOf(text, { projects: [flask], snapshot }));

  it("says that the stack resolves, with how many packages", () => {
    assert.match(summary({ stack: resolved(text) }), /^Resolves, 43 packages/);
  });

  it("says what the answer is without", () => {
    const leftOut = [{ reason: "requirements.txt line 2 cannot be read", isFinding: true }];
    assert.match(summary({ stack: resolved(text, { leftOut }) }), /^Resolves, 43 packages, without 1 line/);
  });

  it("says that it does not resolve, and opens the explanation", () => {
    const view = viewOf(text, {
      projects: [flask],
      snapshot: { stack: resolved(text, { state: "conflict" }) },
    });
    const [first] = codeLens(view);
    assert.match(first?.command?.title ?? "", /^Does not resolve · 1 package/);
    assert.equal(first?.command?.command, clientCommands.explain);
  });

  it("never calls an earlier text's answer the present one's, nor a missing answer fine", () => {
    assert.doesNotMatch(summary({ stack: resolved("flask==2.2.4\n") }), /Resolves/);
    assert.match(summary({ stack: resolved("flask==2.2.4\n"), resolving: true }), /^1 package · resolving/);
    const reason = "flask cannot be resolved: offline";
    assert.match(
      summary({ stack: resolved(text, { state: "not-checked", reason }) }),
      /not checked whether it resolves/,
    );
  });
});

const conflicting = "tensorflow==2.15.0\nnumpy>=2\n";
const conflict: StackConflict = {
  kinds: ["clash"],
  searching: false,
  steps: [
    {
      number: 1,
      because: [
        { text: "tensorflow 2.15.0 depends on numpy <2.0.0" },
        { text: "you require numpy >=2", cause: 1 },
      ],
      therefore: "your requirements cannot all be met",
    },
  ],
  causes: [
    {
      uri: rootUri,
      span: { start: 0, end: 18 },
      requirement: "tensorflow==2.15.0",
      name: "tensorflow",
      message: "tensorflow 2.15.0 needs numpy <2.0.0; line 2 asks for >=2.",
    },
    {
      uri: rootUri,
      span: { start: 19, end: 27 },
      requirement: "numpy>=2",
      name: "numpy",
      message: "numpy >=2 cannot be met: tensorflow 2.15.0 (line 1) needs numpy <2.0.0.",
    },
  ],
  relaxations: [
    {
      title: "line 2: numpy >=1.23.5,<2",
      changes: [{ uri: rootUri, span: { start: 19, end: 27 }, name: "numpy", specifier: ">=1.23.5,<2" }],
      edits: [{ uri: rootUri, edits: [{ span: { start: 24, end: 27 }, newText: ">=1.23.5,<2" }] }],
      packages: 36,
    },
  ],
};
const stack: StackFacts = resolved(conflicting, { state: "conflict", conflict, packages: undefined });
const view = viewOf(conflicting, { projects: [numpy], snapshot: { stack } });

describe("a conflict in the editor", () => {
  it("is one diagnostic on each line, linked to the others", () => {
    const told = diagnostics(view, allAbilities, () => undefined).filter(
      ({ code }) => code === "conflicting-requirements",
    );
    assert.deepEqual(
      told.map(({ range, message, relatedInformation }) => [
        range.start.line,
        message,
        relatedInformation?.map(({ location }) => location.range.start.line),
      ]),
      [
        [0, "tensorflow 2.15.0 needs numpy <2.0.0; line 2 asks for >=2.", [1]],
        [1, "numpy >=2 cannot be met: tensorflow 2.15.0 (line 1) needs numpy <2.0.0.", [0]],
      ],
    );
  });

  it("has its relaxations as quick fixes on each of its lines, the first of them preferred", () => {
    for (const at of [0, 1]) {
      const position = { line: at, character: 0 };
      const request = { range: { start: position, end: position }, diagnostics: [] };
      const [first] = codeActions(view, request, allAbilities, { digest: () => "digest" });
      assert.equal(first?.title, "Change numpy to >=1.23.5,<2 (resolves with 36 packages)");
      assert.equal(first?.isPreferred, true);
    }
  });

  it("is explained step by step with its lines, and with what would help", () => {
    const markdown = explanationOf(view, undefined);
    assert.match(
      markdown,
      /\*\*requirements\.txt does not resolve for Python 3\.11\.7 on linux x86\\?_64\.\*\*/,
    );
    assert.match(markdown, /you require numpy (>|&gt;|\\>)=2 \(line 2\)/);
    assert.match(markdown, /What would help, each checked\n\n- line 2: numpy .* · resolves with 36 packages/);
  });
});

describe("the explanation of a stack that resolves", () => {
  it("tells of the line at the cursor, and of all that is held back", () => {
    const text = "flask==2.2.3\n";
    const lines = [
      line("flask", 0, 12, {
        brings: ["werkzeug"],
        only: 1,
        heldBack: { newest: "3.1.3", by: [{ text: "flask==2.2.3", uri: rootUri, line: 1 }] },
      }),
    ];
    const markdown = explanationOf(viewOf(text, { snapshot: { stack: resolved(text, { lines }) } }), 2);
    assert.match(markdown, /requirements\.txt resolves for .*, 43 packages\./);
    assert.match(markdown, /## flask 2\.2\.3\n\nBrings in 1 package: `werkzeug`/);
    assert.match(markdown, /## Held back\n\n- flask 2\.2\.3: Held back from 3\.1\.3 by this line/);
  });

  it("says that nothing is known where the resolver has not answered", () => {
    assert.match(
      explanationOf(viewOf("flask\n"), undefined),
      /Not checked: the resolver has not answered yet\./,
    );
  });
});
