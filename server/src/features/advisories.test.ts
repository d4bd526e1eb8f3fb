// What the editor draws of advisories: a line in the hover, one hint, one diagnostic, a count in the lens.
import assert from "node:assert/strict";
import type { AdvisoryRecord } from "../../../shared/src/advisory/index.ts";
import { codeLens } from "./codeLens.ts";
import { diagnostics } from "./diagnostics.ts";
import { hover } from "./hover.ts";
import { inlayHints } from "./inlayHints.ts";
import { now, project, type Setting, viewOf } from "./testing.ts";

const everywhere = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };
const advisory: AdvisoryRecord = {
  id: "GHSA-m2qf-hxjv-5gpq",
  aliases: ["CVE-2023-30861"],
  severity: "high",
  ranges: [
    [
      ["introduced", "0"],
      ["fixed", "2.3.2"],
    ],
  ],
};

function flask(records: readonly AdvisoryRecord[], asOf = now - 3_600_000) {
  const advisories = { records, source: "https://example.com/all.zip", asOf };
  return project("flask", ["3.1.3", "2.3.2", "2.2.3"], { advisories });
}

const abilities = { codeDescription: false, relatedInformation: false, diagnosticTags: [] } as never;
const told = (text: string, setting: Setting) =>
  diagnostics(viewOf(text, setting), abilities, () => undefined).map(
    ({ severity, message }) => `${severity} ${message}`,
  );
const drawnHint = (text: string, setting: Setting) =>
  inlayHints(viewOf(text, setting), everywhere).flatMap(({ label }) =>
    typeof label === "string" ? label : label.map(({ value }) => value),
  );

describe("advisories in the editor", () => {
  const vulnerable: Setting = { projects: [flask([advisory])] };

  it("have a line of their own in the hover, with a link and their age", () => {
    const { markdown } = hover(viewOf("flask==2.2.3\n", vulnerable), 2)!;
    assert.match(
      markdown,
      /1 advisory, high, fixed in 2\.3\.2: \[GHSA-m2qf-hxjv-5gpq\]\(https:\/\/osv\.dev\/vulnerability\/GHSA-m2qf-hxjv-5gpq\) · records of 1 hour ago/,
    );
    assert.equal(markdown.match(/GHSA-m2qf-hxjv-5gpq\]/g)?.length, 1);
    assert.match(markdown, /^\*\*flask 2\.2\.3\*\* suits this environment but has 1 advisory/);
  });

  it("say in the hover that none is known, and as of when; nothing where none were loaded", () => {
    const clean = hover(viewOf("flask==2.3.2\n", vulnerable), 2)!;
    assert.match(clean.markdown, /No advisory known · records of 1 hour ago/);
    const unloaded = hover(viewOf("flask==2.3.2\n", { projects: [project("flask", ["2.3.2"])] }), 2)!;
    assert.doesNotMatch(unloaded.markdown, /dvisor/);
  });

  it("are one warning and one hint for each package", () => {
    assert.deepEqual(told("flask==2.2.3\n", vulnerable), [
      "2 flask 2.2.3 has 1 advisory, high, fixed in 2.3.2: GHSA-m2qf-hxjv-5gpq.",
    ]);
    assert.deepEqual(drawnHint("flask==2.2.3\n", vulnerable), ["1 advisory"]);
    const second = { ...advisory, id: "GHSA-zzzz-hxjv-5gpq", aliases: [] };
    assert.deepEqual(drawnHint("flask==2.2.3\n", { projects: [flask([advisory, second])] }), [
      "2 advisories",
    ]);
  });

  it("that were accepted are no diagnostic and no hint; the hover names them and says so", () => {
    const second = { ...advisory, id: "GHSA-zzzz-hxjv-5gpq", aliases: [] };
    const accepting = (records: readonly AdvisoryRecord[]): Setting => {
      const advisories = [
        {
          id: advisory.id,
          aliases: [],
          severity: "high",
          fixedIn: ["2.3.2"],
          accepted: { reason: "unused", from: "" },
        },
      ];
      const check = { rule: "known-vulnerability", state: "failed", message: "", evidence: [], advisories };
      const packages = [{ name: "flask", version: "2.2.3", checks: [check] }] as never;
      const provenance = { packages, files: [], basis: [], checked: now };
      return { projects: [flask(records)], snapshot: { provenance } };
    };
    assert.deepEqual(told("flask==2.2.3\n", accepting([advisory])), []);
    assert.deepEqual(drawnHint("flask==2.2.3\n", accepting([advisory])), ["3.1.3 available"]);
    assert.match(
      hover(viewOf("flask==2.2.3\n", accepting([advisory])), 2)!.markdown,
      /\[GHSA-m2qf-hxjv-5gpq\]\([^)]*\) \(accepted\)/,
    );
    assert.deepEqual(drawnHint("flask==2.2.3\n", accepting([advisory, second])), ["1 advisory"]);
  });

  it("are an error where a release is reported as malicious", () => {
    const malicious: AdvisoryRecord = {
      id: "MAL-2026-1",
      severity: "unknown",
      malicious: true,
      versions: ["2.2.3"],
    };
    const setting = { projects: [flask([advisory, malicious])] };
    assert.deepEqual(told("flask==2.2.3\n", setting), [
      "1 flask 2.2.3 is reported as malicious: MAL-2026-1.",
    ]);
    assert.deepEqual(drawnHint("flask==2.2.3\n", setting), ["malicious"]);
  });

  it("are counted in the lens, which alone says that none were ever loaded", () => {
    const lens = (setting: Setting) => codeLens(viewOf("flask==2.2.3\n", setting))[0]?.command?.title ?? "";
    assert.match(lens(vulnerable), /1 advisory/);
    const none = { projects: [project("flask", ["2.2.3"])] };
    assert.match(lens(none), /advisories not checked: none stored/);
    assert.deepEqual(told("flask==2.2.3\n", none), []);
  });

  it("are said to be old once, on the first line", () => {
    const old = flask([], now - 30 * 86_400_000);
    const findings = told("flask==3.1.3\nflask\n", { projects: [old] });
    assert.equal(findings.filter((message) => /stored advisories end 1 month ago/.test(message)).length, 1);
  });

  it("pass over text that would be markup", () => {
    const hostile: AdvisoryRecord = { ...advisory, id: "X](command:evil)" };
    const { markdown } = hover(viewOf("flask==2.2.3\n", { projects: [flask([hostile])] }), 2)!;
    assert.doesNotMatch(markdown, /\]\(command:/);
  });
});
