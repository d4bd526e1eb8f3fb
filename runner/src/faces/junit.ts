// JUnit's XML, as CI systems read it: one suite per file, one case per finding, and one that passes where there is none.
import type { CheckOutput } from "../../../shared/src/protocol/check.ts";
import type { Answer } from "../../../shared/src/protocol/operation.ts";

/** The report of one check. Errors and warnings fail; notes and hints are told as output of a case that passes. */
export function junitOf({ result, notChecked }: Answer<CheckOutput>): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  const fails = (severity: string) => severity === "error" || severity === "warning";
  const all = result.files.flatMap((file) => file.findings);
  const cases =
    result.files.reduce((sum, file) => sum + Math.max(1, file.findings.length), 0) + notChecked.length;
  const failures = all.filter((finding) => fails(finding.severity)).length;
  lines.push(
    `<testsuites name="thoth check" tests="${cases}" failures="${failures}" skipped="${notChecked.length}">`,
  );
  for (const file of result.files) {
    const failed = file.findings.filter((finding) => fails(finding.severity)).length;
    const tests = Math.max(1, file.findings.length);
    lines.push(`  <testsuite name="${xml(file.path)}" tests="${tests}" failures="${failed}">`);
    if (file.findings.length === 0)
      lines.push(`    <testcase classname="${xml(file.path)}" name="no findings"/>`);
    for (const finding of file.findings) {
      const place = `${file.path}:${finding.range.start.line + 1}:${finding.range.start.character + 1}`;
      const name = `${finding.rule} at line ${finding.range.start.line + 1}`;
      const open = `    <testcase classname="${xml(file.path)}" name="${xml(name)}" file="${xml(file.path)}" line="${finding.range.start.line + 1}">`;
      const body = xml(`${place}: ${finding.message}`);
      lines.push(open);
      lines.push(
        fails(finding.severity)
          ? `      <failure type="${xml(finding.rule)}" message="${xml(finding.message)}">${body}</failure>`
          : `      <system-out>${body}</system-out>`,
      );
      lines.push("    </testcase>");
    }
    lines.push("  </testsuite>");
  }
  if (notChecked.length > 0) {
    lines.push(
      `  <testsuite name="not checked" tests="${notChecked.length}" skipped="${notChecked.length}">`,
    );
    for (const { what, reason } of notChecked) {
      lines.push(
        `    <testcase classname="not checked" name="${xml(what)}"><skipped message="${xml(reason)}"/></testcase>`,
      );
    }
    lines.push("  </testsuite>");
  }
  lines.push("</testsuites>");
  return `${lines.join("\n")}\n`;
}

/** XML 1.0 has no way to write most control characters: they are left out as U+FFFD. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
