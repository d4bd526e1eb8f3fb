// Diagnostics: a text and what is known → what is said where.
import assert from "node:assert/strict";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import { allAbilities } from "../model.ts";
import { diagnostics, mostDiagnostics } from "./diagnostics.ts";
import { mark, project, rootUri, type Setting, unmark, viewOf } from "./testing.ts";

const page = (rule: string): string => `https://docs.test/${rule}`;

function check(marked: string, setting: Setting, code: string, message: RegExp) {
  const { text } = unmark(marked);
  const view = viewOf(text, setting);
  const found = diagnostics(view, allAbilities, page).find((item) => item.code === code);
  assert.ok(found, `no ${code}`);
  assert.equal(mark(text, view.file.manifest.lines.spanOf(found.range)), marked);
  assert.match(String(found.message), message);
  return found;
}

describe("diagnostics", () => {
  it("link to the page of their rule and carry it for quick fixes", () => {
    const yanked = project("flask", ["3.1.3", { version: "2.2.5", yanked: "broken wheel" }]);
    const found = check(
      "flask⟦==2.2.5⟧\n",
      { projects: [yanked] },
      "yanked-release",
      /flask 2\.2\.5 is yanked/,
    );
    assert.deepEqual(found.data, { rule: "yanked-release", package: "flask" });
    assert.equal(found.codeDescription?.href, "https://docs.test/yanked-release");
    assert.deepEqual(found.tags, [2]);
  });
  it("link the line that a duplicate repeats", () => {
    const found = check("flask==1\n⟦flask⟧==1\n", {}, "duplicate-requirement", /./);
    assert.equal(found.relatedInformation?.[0]?.location.range.start.line, 0);
    assert.deepEqual(found.tags, [1]);
  });
  it("show what is wrong in an unopened include on the line that leads to it, over two steps", () => {
    const text = "-r one.txt\n";
    const one = {
      uri: "file:///work/one.txt",
      manifest: readRequirements("-r two.txt\n", { kind: "requirements" }),
      as: "requirements" as const,
      includedBy: { uri: rootUri, span: { start: 0, end: 10 } },
    };
    const two = {
      uri: "file:///work/two.txt",
      manifest: readRequirements("flask==2.2.5\n", { kind: "requirements" }),
      as: "requirements" as const,
      includedBy: { uri: one.uri, span: { start: 0, end: 10 } },
    };
    const yanked = project("flask", ["3.1.3", { version: "2.2.5", yanked: true }]);
    const found = check(
      "⟦-r one.txt⟧\n",
      { projects: [yanked], included: [one, two] },
      "yanked-release",
      /^two\.txt line 1: flask/,
    );
    assert.equal(found.relatedInformation?.[0]?.location.uri, two.uri);
    const view = viewOf(text, { projects: [yanked], included: [one, two] });
    const opened = {
      ...view,
      versions: new Map([
        [rootUri, 1],
        [two.uri, 4],
      ]),
    };
    assert.deepEqual(diagnostics(opened, allAbilities, page), []);
  });
  it("are told in bounds, with the rest counted", () => {
    const view = viewOf("flask=1\n".repeat(mostDiagnostics + 5), {});
    const told = diagnostics(view, allAbilities, page);
    assert.equal(told.length, mostDiagnostics + 1);
    assert.match(String(told.at(-1)?.message), /^\d+ more findings/);
  });
  it("say in one sentence why a text was refused", () => {
    assert.deepEqual(
      diagnostics(viewOf("", { refused: "Too large." }), allAbilities, page).map((item) => item.message),
      ["Too large."],
    );
  });
});
