// The page of the provenance view: what stands in it, how it is walked through, and that nothing in it can run or load anything.
import assert from "node:assert/strict";
import { Parser } from "htmlparser2";
import type { ProvenanceViewData, ProvenanceViewRow } from "../../shared/src/protocol/editor.ts";
import { type PageWords, provenanceHtml } from "./provenanceHtml.ts";

const words: PageWords = {
  package: "Package",
  verdict: "Verdict",
  from: "Index",
  signedBy: "Signed by",
  packages: "Packages",
  graph: "Who needs whom",
  manifest: "The manifest",
  evidence: "Evidence",
  needs: "Needs",
  basis: "What this rests on",
  verdicts: {
    error: "Error",
    warning: "Warning",
    information: "Note",
    "not-checked": "Not checked",
    passed: "No finding",
  },
};

function row(name: string, more: Partial<ProvenanceViewRow> = {}): ProvenanceViewRow {
  return {
    name,
    version: "1.0",
    verdict: "passed",
    from: "index.test",
    signer: "no attestation",
    dependsOn: [],
    checks: [],
    ...more,
  };
}

function page(rows: readonly ProvenanceViewRow[], more: Partial<ProvenanceViewData> = {}): string {
  return provenanceHtml(
    { title: "Provenance", summary: "2 packages", basis: [], rows, file: [], ...more },
    words,
    "NONCE",
    "en",
  );
}

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function elements(html: string): Element[] {
  const found: Element[] = [];
  const parser = new Parser({ onopentag: (tag, attributes) => found.push({ tag, attributes }) });
  parser.end(html);
  return found;
}

describe("the page of the provenance view", () => {
  const bad = row("flask", {
    verdict: "error",
    dependsOn: ["werkzeug", "flask-login"],
    checks: [
      {
        rule: "artifact-digest",
        state: "failed",
        severity: "error",
        message: "The digest is of no file.",
        next: "Lock again.",
        artifact: "sha256:00",
        accepted: "",
        evidence: ["index.test: knows no file of this digest · 5 minutes ago"],
      },
    ],
  });

  it("has a row for each package, whose verdict opens its checks with their evidence", () => {
    const html = page([bad, row("werkzeug")]);
    const summaries = elements(html).filter(({ tag }) => tag === "summary");
    assert.equal(summaries.length, 2);
    assert.match(html, /<\/span> Error<\/span> · The digest is of no file\.<\/summary>/);
    assert.match(html, /<\/span> No finding<\/span><\/summary>/);
    assert.match(html, /<th scope="row" role="rowheader">flask 1\.0<\/th>/);
    assert.match(
      html,
      /artifact-digest<\/strong> · failed, error<br>The digest is of no file\.<br>sha256:00<br>Lock again\./,
    );
    assert.match(html, /<li>index\.test: knows no file of this digest · 5 minutes ago<\/li>/);
  });

  it("draws who needs whom; each node can be reached by keyboard, is named in words and opens a row that is there", () => {
    const all = elements(page([bad, row("werkzeug")]));
    const nodes = all.filter(({ attributes }) => attributes["data-opens"] !== undefined);
    const ids = new Set(all.map(({ attributes }) => attributes.id));
    assert.deepEqual(
      nodes.map(({ attributes }) => attributes["aria-label"]),
      ["flask 1.0: Error. Needs werkzeug, flask-login", "werkzeug 1.0: No finding"],
    );
    for (const { attributes } of nodes) {
      assert.equal(attributes.tabindex, "0");
      assert.ok(ids.has(attributes["data-opens"]));
    }
    assert.equal(all.filter(({ tag }) => tag === "path").length, 1, "one edge: flask-login is not here");
  });

  it("keeps the roles of a table where a narrow panel has its cells stand below one another, each named by its column", () => {
    const all = elements(page([bad]));
    const roles = (tag: string) => all.flatMap((one) => (one.tag === tag ? [one.attributes.role] : []));
    assert.deepEqual(roles("table"), ["table"]);
    assert.deepEqual(roles("tr"), ["row", "row"]);
    assert.deepEqual([...new Set(roles("td"))], ["cell"]);
    const named = all.flatMap(({ attributes }) => attributes["data-column"] ?? []);
    assert.deepEqual(named, ["Signed by", "Index"]);
  });

  it("names a node in full where it has no room for its name, and is no picture to a screen reader", () => {
    const name = "a-name-that-is-longer-than-a-node";
    const html = page([row(name, { dependsOn: ["b"] }), row("b")]);
    assert.match(html, new RegExp(`<title>${name} 1\\.0</title>`));
    assert.match(html, />a-name-that-is-longer-t…<\/text>/);
    assert.deepEqual(
      elements(html).flatMap(({ tag, attributes }) => (tag === "svg" ? [attributes.role] : [])),
      ["group"],
    );
  });

  it("ends where packages need one another in a circle", () => {
    const html = page([row("a", { dependsOn: ["b"] }), row("b", { dependsOn: ["a"] })]);
    assert.equal(elements(html).filter(({ tag }) => tag === "path").length, 2);
  });

  it("loads nothing, runs one script by its nonce, and takes no markup from a package or an index", () => {
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e';
    const html = page(
      [
        row(hostile, {
          signer: hostile,
          from: hostile,
          dependsOn: ["b"],
          checks: [
            {
              rule: hostile,
              state: hostile,
              severity: hostile,
              message: hostile,
              next: hostile,
              artifact: hostile,
              accepted: hostile,
              evidence: [hostile],
            },
          ],
        }),
        row("b"),
      ],
      { title: hostile, summary: hostile, basis: [hostile] },
    );
    const all = elements(html);
    const scripts = all.filter(({ tag }) => tag === "script");
    assert.deepEqual(
      scripts.map(({ attributes }) => attributes.nonce),
      ["NONCE"],
    );
    assert.ok(!all.some(({ tag }) => tag === "img" || tag === "iframe" || tag === "link"));
    assert.ok(
      !all.some(({ attributes }) =>
        Object.keys(attributes).some((name) => /^on|^src$|^href$|^style$/.test(name)),
      ),
    );
    const policy = all.find(({ attributes }) => attributes["http-equiv"] === "Content-Security-Policy");
    assert.equal(
      policy?.attributes.content,
      "default-src 'none'; style-src 'nonce-NONCE'; script-src 'nonce-NONCE';",
    );
    assert.ok(!html.includes("\u202e"));
  });

  it("says its state in words where nothing is known", () => {
    const html = page([], { summary: "Not checked: offline" });
    assert.match(html, /<p role="status">Not checked: offline<\/p>/);
    assert.ok(!html.includes("<table"));
  });
});
