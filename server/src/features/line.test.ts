// What is drawn beside the lines: hints, lenses, links, folds, the outline, and jumps between lines.
import assert from "node:assert/strict";
import { readPipfileLock } from "../../../shared/src/manifest/pipfileLock.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import { codeLens } from "./codeLens.ts";
import { definition, references } from "./definition.ts";
import { documentLinks } from "./documentLinks.ts";
import { documentSymbols, flatSymbols } from "./documentSymbols.ts";
import { foldingRanges } from "./foldingRanges.ts";
import { inlayHints } from "./inlayHints.ts";
import { adviceOn, reportOf } from "./report.ts";
import { mark, now, project, resolved, rootUri, type Setting, unmark, viewOf } from "./testing.ts";

const everywhere = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };
const flask = project("flask", ["3.1.3", { version: "2.2.5", yanked: "broken" }, "2.2.3"]);

/** Hints written into the text where they are drawn. */
function drawn(text: string, setting: Setting): string {
  const view = viewOf(text, setting);
  const hints = inlayHints(view, everywhere).map((hint) => ({
    at: view.file.manifest.lines.offsetAt(hint.position),
    label: typeof hint.label === "string" ? hint.label : hint.label.map((part) => part.value).join(""),
  }));
  return hints
    .reverse()
    .reduce((out, { at, label }) => `${out.slice(0, at)}⟦${label}⟧${out.slice(at)}`, text);
}

describe("inlay hints", () => {
  it("say the most useful thing of each line, once", () => {
    assert.equal(
      drawn("werkzeug==1 # web\nflask==2.2.5\ndjango==2\n", {
        projects: [flask, project("werkzeug", ["2", "1"]), project("django", ["2"])],
      }),
      "werkzeug==1⟦2 available⟧ # web\nflask==2.2.5⟦yanked⟧\ndjango==2\n",
    );
  });
  it("stand behind the version where hashes follow on further lines", () => {
    const text = `flask==2.2.3 \\\n    --hash=sha256:${"a".repeat(64)}\n`;
    assert.ok(drawn(text, { projects: [flask] }).startsWith("flask==2.2.3⟦3.1.3 available⟧ \\\n"));
  });
  it("say what a validation showed", () => {
    const inspection = {
      id: "1",
      outcome: "passed",
      finished: now - 60_000,
      packages: [{ name: "flask", version: "3.1.3" }],
      current: true,
    };
    assert.equal(
      drawn("flask==3.1.3\n", { projects: [flask], snapshot: { inspection } }),
      "flask==3.1.3⟦validated⟧\n",
    );
    const failed = {
      ...inspection,
      outcome: "import-failed",
      failure: { stage: "import", message: "m", lines: [], requirement: "flask" },
    };
    assert.equal(
      drawn("flask==3.1.3\n", { projects: [flask], snapshot: { inspection: failed } }),
      "flask==3.1.3⟦fails here⟧\n",
    );
  });
  it("stand behind the line where the version is inside a string", () => {
    const text = `{"default": {"flask": {\n  "version": "==2.2.3",\n  "hashes": []\n}}}\n`;
    const manifest = readPipfileLock(text);
    const hinted = text.replace('"==2.2.3",', '"==2.2.3",⟦3.1.3 available⟧');
    assert.equal(drawn(text, { projects: [flask], manifest }), hinted);
  });
  it("are silent where nothing is known, on lines that do not count here, and when turned off", () => {
    assert.equal(drawn("flask==2.2.3\n", {}), "flask==2.2.3\n");
    const elsewhere = "flask==2.2.3 ; sys_platform == 'win32'\n";
    assert.equal(drawn(elsewhere, { projects: [flask] }), elsewhere);
    const off = { projects: [flask], settings: { inlayHints: { enable: false } } };
    assert.equal(drawn("flask==2.2.3\n", off), "flask==2.2.3\n");
  });
});

describe("the lens", () => {
  const titles = (text: string, setting: Setting) =>
    codeLens(viewOf(text, setting)).map((lens) => lens.command?.title);
  it("says how the stack stands and what can be done", () => {
    const advisories = { records: [], source: "https://example.com/all.zip", asOf: now };
    assert.deepEqual(titles("flask==3.1.3\n", { projects: [{ ...flask, advisories }] }), [
      "1 package · no finding",
      "Validate",
      "Advise",
    ]);
  });
  it("never says that all is well where nothing was checked", () => {
    const unasked = { code: "untrusted", message: "the workspace is not trusted" };
    // Nor is anything offered that trust forbids.
    assert.deepEqual(titles("flask==3.1.3\n", { snapshot: { unasked } }), [
      "1 package · not checked: the workspace is not trusted",
    ]);
    assert.equal(titles("flask==3.1.3\n", { snapshot: { pending: true } })[0], "1 package · checking");
    const failed = project("flask", [], { state: "failed", freshness: "failed" });
    assert.doesNotMatch(titles("flask==3.1.3\n", { projects: [failed] })[0] ?? "", /no finding/);
  });
  it("is not there for a file without requirements", () => assert.deepEqual(titles("# nothing\n", {}), []));
});

describe("links", () => {
  it("lead to addresses without credentials and variables, and to included files", () => {
    const text =
      "-r base.txt\n--index-url https://i.test/simple\n--extra-index-url https://u:p@i.test/\n-f https://${HOST}/x\npkg @ https://x.test/p.whl\n";
    const base = {
      uri: "file:///work/base.txt",
      manifest: readRequirements("", { kind: "requirements" }),
      as: "requirements" as const,
      includedBy: { uri: rootUri, span: { start: 0, end: 11 } },
    };
    const view = viewOf(text, { included: [base] });
    assert.deepEqual(
      documentLinks(view).map((link) => link.target),
      ["file:///work/base.txt", "https://i.test/simple", "https://x.test/p.whl"],
    );
  });
});

describe("the outline", () => {
  it("names requirements, options and includes with their places", () => {
    const text = "--pre\n-c limits.txt\nFlask[async]>=2,<3 # web\n";
    const view = viewOf(text);
    const symbols = documentSymbols(view);
    assert.deepEqual(
      symbols.map((symbol) => [symbol.name, symbol.detail]),
      [
        ["--pre", undefined],
        ["-c limits.txt", undefined],
        ["Flask", ">=2,<3"],
      ],
    );
    const span = view.file.manifest.lines.spanOf(symbols[2]!.selectionRange);
    assert.equal(mark(text, span).split("\n")[2], "⟦Flask⟧[async]>=2,<3 # web");
    assert.equal(flatSymbols(view).length, 3);
  });
});

describe("jumps", () => {
  const marked = "-c limits.txt\nfla‸sk>=2\n";
  const { text, cursor } = unmark(marked);
  const limits = {
    uri: "file:///work/limits.txt",
    manifest: readRequirements("# so\nFlask<3\n", { kind: "constraints" }),
    as: "constraints" as const,
    includedBy: { uri: rootUri, span: { start: 0, end: 13 } },
  };
  const view = viewOf(text, { included: [limits] });
  it("lead from a requirement to the constraint on it, and back by references", () => {
    assert.deepEqual(
      definition(view, cursor).map((link) => [link.targetUri, link.targetSelectionRange.start.line]),
      [[limits.uri, 1]],
    );
    assert.deepEqual(
      references(view, cursor, [view.tree], true).map((place) => place.uri),
      [rootUri, limits.uri],
    );
    assert.deepEqual(
      references(view, cursor, [], false).map((place) => place.uri),
      [limits.uri],
    );
  });
  it("lead from an include to its file", () => {
    assert.deepEqual(
      definition(view, 5).map((link) => link.targetUri),
      [limits.uri],
    );
  });
});

describe("folds", () => {
  it("hold hashes of a requirement together, and blocks of comments", () => {
    const text = `# a\n# b\nflask==1 \\\n  --hash=sha256:${"a".repeat(64)} \\\n  --hash=sha256:${"b".repeat(64)}\n# alone\n`;
    assert.deepEqual(
      foldingRanges(viewOf(text)).map((fold) => [fold.startLine, fold.endLine]),
      [
        [0, 1],
        [2, 4],
      ],
    );
  });
});

describe("the report", () => {
  it("has every finding with its evidence, and what was not checked", () => {
    const failed = project("other", [], {
      state: "failed",
      freshness: "failed",
      trouble: { code: "refused", index: "i.test", message: "i.test answered 401." },
    });
    const report = reportOf(viewOf("flask==2.2.5\nother==1\n", { projects: [flask, failed] }));
    assert.match(report, /^### flask 2\.2\.5 is yanked.*[^.]\n\nWarning · line 1 · `yanked-release`\n/m);
    assert.match(report, /Evidence: /);
    assert.match(report, /401/);
    assert.match(report, /For Python 3\.11\.7, Linux x86-64/);
  });
  it("links each rule to its page", () => {
    const view = viewOf("flask==2.2.5\n", { projects: [flask] });
    const report = reportOf(view, (rule) => `https://rules.test/${rule}.md`);
    assert.match(report, /\]\(https:\/\/rules\.test\/yanked-release\.md\)/);
  });
  it("advises on one line with what could be done, or on all without one", () => {
    const text = "flask==2.2.3\n";
    const view = viewOf(text, { projects: [flask], snapshot: { stack: resolved(text) } });
    assert.match(adviceOn(view, 2), /## What could be done\n\n- Pin to 3\.1\.3/);
    assert.match(adviceOn(view, undefined), /^# requirements\.txt/);
  });
});
