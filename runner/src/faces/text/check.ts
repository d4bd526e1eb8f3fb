// `check` for a person: grouped by file, ranked, five findings in full, the rest in one line each, and what to do next.

import type { CheckFinding, CheckOutput } from "../../../../shared/src/protocol/check.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { sayAge } from "../../../../shared/src/rules/words.ts";
import { cut, escapeControls, pad, type Style, type Terminal, wrap } from "../terminal.ts";
import { count, joinCounts, notCheckedLines, shellWord } from "./words.ts";

const SEVERITIES = ["error", "warning", "information", "hint"] as const;
const STYLES: Readonly<Record<CheckFinding["severity"], Style>> = {
  error: "red",
  warning: "yellow",
  information: "blue",
  hint: "dim",
};
const LABELS = { error: "error", warning: "warning", information: "info", hint: "hint" } as const;
/** Columns of messages that the rules are lined up behind. */
const WIDEST = 100;
/** So many findings are told in full. */
const IN_FULL = 5;

interface Row {
  readonly place: string;
  readonly severity: CheckFinding["severity"];
  readonly message: string;
  readonly rule: string;
  readonly details: readonly string[];
  readonly full: boolean;
}

export interface CheckTextOptions {
  readonly now: number;
  readonly verbose: boolean;
}

/** The text of a check's answer. */
export function checkText(
  answer: Answer<CheckOutput>,
  terminal: Terminal,
  options: CheckTextOptions,
): string {
  const { result } = answer;
  const lines: string[] = [];
  let told = 0;
  for (const file of ranked(result.files)) {
    if (file.findings.length === 0) continue;
    const rows = rowsOf(file.path, file.findings, terminal.columns, () => told++ < IN_FULL);
    lines.push(terminal.style("bold", escapeControls(file.path)), ...drawRows(rows, terminal));
  }
  lines.push(...notCheckedLines(answer.notChecked, terminal, options.verbose));
  lines.push(...wrap(summary(result, answer.notChecked.length, options.now), terminal.columns));
  const isCancelled = answer.notChecked.some(({ reason }) => reason === "cancelled");
  if (!isCancelled) lines.push(...nextLine(result));
  return `${lines.join("\n")}\n`;
}

/** Files in the order of their gravest finding; among equals as they were named. */
function ranked(files: CheckOutput["files"]): CheckOutput["files"] {
  const gravest = (findings: readonly CheckFinding[]) =>
    Math.min(...findings.map((finding) => SEVERITIES.indexOf(finding.severity)), SEVERITIES.length);
  return files
    .map((file, at) => ({ file, at, gravest: gravest(file.findings) }))
    .sort((a, b) => a.gravest - b.gravest || a.at - b.at)
    .map(({ file }) => file);
}

/**
 * Quiet findings of one rule that stand on many lines become one row, and so does one sentence that stands on many:
 * nothing is hidden, nothing shouts.
 */
function rowsOf(
  path: string,
  findings: readonly CheckFinding[],
  columns: number,
  takeFull: () => boolean,
): Row[] {
  const keyOf = (finding: CheckFinding) =>
    finding.severity === "hint" || finding.severity === "information"
      ? finding.rule
      : `${finding.rule}\n${finding.message}`;
  const alike = new Map<string, CheckFinding[]>();
  for (const finding of findings) alike.set(keyOf(finding), [...(alike.get(keyOf(finding)) ?? []), finding]);
  const rows: Row[] = [];
  for (const finding of findings) {
    const group = alike.get(keyOf(finding)) ?? [];
    if (group.length <= 3) rows.push(rowOf(path, finding, takeFull()));
    else if (group[0] === finding) rows.push(groupRow(group, columns));
  }
  return rows;
}

function rowOf(path: string, finding: CheckFinding, full: boolean): Row {
  const { line, character } = finding.range.start;
  const fix = finding.fixes.find((one) => one.proven) ?? finding.fixes[0];
  const details = full
    ? [...relatedLines(path, finding), ...(fix && fix.kind !== "silence-rule" ? [`Fix: ${fix.title}`] : [])]
    : [];
  return {
    place: `${line + 1}:${character + 1}`,
    severity: finding.severity,
    message: escapeControls(finding.message).replace(/\.$/, ""),
    rule: finding.rule,
    details: details.map(escapeControls),
    full,
  };
}

/** Places that the message does not name already. */
function relatedLines(path: string, finding: CheckFinding): string[] {
  return (finding.related ?? []).flatMap((place) => {
    const line = place.range.start.line + 1;
    if (place.path === path && new RegExp(`\\bline ${line}\\b`).test(finding.message)) return [];
    return [`${place.path}:${line}: ${place.message.replace(/\.$/, "")}`];
  });
}

function groupRow(alike: readonly CheckFinding[], columns: number): Row {
  const first = alike[0]!;
  const names = [
    ...new Set(alike.map((finding) => finding.package ?? `line ${finding.range.start.line + 1}`)),
  ];
  const most = Number.isFinite(columns) ? 5 : names.length;
  const shown = names.slice(0, most).join(", ");
  const rest = names.length > most ? ` and ${names.length - most} more` : "";
  const isOneSentence = alike.every((finding) => finding.message === first.message);
  const said = isOneSentence ? `${first.message.replace(/\.$/, "")}: ` : "";
  return {
    place: `${first.range.start.line + 1}:${first.range.start.character + 1}`,
    severity: first.severity,
    message: escapeControls(`${said}${alike.length} lines: ${shown}${rest}`),
    rule: first.rule,
    details: [],
    full: true,
  };
}

function drawRows(rows: readonly Row[], terminal: Terminal): string[] {
  const placeWidth = Math.max(...rows.map((row) => row.place.length));
  const labelWidth = Math.max(...rows.map((row) => LABELS[row.severity].length), 7);
  const ruleWidth = Math.max(...rows.map((row) => row.rule.length));
  const indent = 2 + placeWidth + 2 + labelWidth + 2;
  const room = Number.isFinite(terminal.columns)
    ? terminal.columns - indent - ruleWidth - 2
    : Number.POSITIVE_INFINITY;
  // Too narrow for two columns: the rule follows the message.
  const isNarrow = room < 30;
  const messageRoom = isNarrow ? Math.max(20, terminal.columns - indent) : room;
  // What is longer than the others' column stands out of it, and does not push it apart.
  const widths = rows.map((row) => Math.min(terminal.width(row.message), messageRoom));
  const longest = Math.max(...widths.filter((width) => width <= WIDEST), Math.min(...widths, WIDEST));
  return rows.flatMap((row) => {
    const label =
      terminal.style(STYLES[row.severity], LABELS[row.severity]) +
      " ".repeat(labelWidth - LABELS[row.severity].length);
    const head = `  ${pad(row.place, placeWidth)}  ${label}  `;
    const message = row.full ? wrap(row.message, messageRoom) : [cut(row.message, messageRoom)];
    const [first = "", ...more] = message;
    const rule = terminal.style("dim", row.rule);
    const out = isNarrow
      ? [`${head}${first}`, ...more.map((line) => " ".repeat(indent) + line), " ".repeat(indent) + rule]
      : [`${head}${pad(first, longest)}  ${rule}`, ...more.map((line) => " ".repeat(indent) + line)];
    for (const detail of row.details) {
      for (const line of wrap(detail, Math.max(20, terminal.columns - indent - 2))) {
        out.push(" ".repeat(indent + 2) + terminal.style("dim", line));
      }
    }
    return out;
  });
}

function summary(result: CheckOutput, unchecked: number, now: number): string {
  const all = result.files.flatMap((file) => file.findings);
  const counts = joinCounts([
    [all.filter((finding) => finding.severity === "error").length, "error"],
    [all.filter((finding) => finding.severity === "warning").length, "warning"],
    [all.filter((finding) => finding.severity === "information").length, "note"],
    [all.filter((finding) => finding.severity === "hint").length, "hint"],
  ]);
  const files = count(result.files.length, "file");
  const silenced = result.silenced > 0 ? `, ${result.silenced} silenced` : "";
  const accepted = result.accepted > 0 ? `, ${result.accepted} accepted` : "";
  const found = `${all.length === 0 ? "No findings" : counts} in ${files}${silenced}${accepted}.`;
  if (result.packages === 0) return unchecked > 0 ? `${found} No package was checked.` : found;
  const age = result.checked === undefined ? "" : `, ${sayAge(Date.parse(result.checked), now)}`;
  const indexes =
    result.indexes.length === 0 ? "" : ` against ${count(result.indexes.length, "index", "indexes")}`;
  const { advisories } = result;
  const known = advisories ? ` Advisories of ${sayAge(Date.parse(advisories.asOf), now)}.` : "";
  return `${found} ${count(result.packages, "package")} checked${indexes}${age}.${known}`;
}

function nextLine(result: CheckOutput): string[] {
  const fixable = result.files.filter((file) =>
    file.findings.some((finding) => finding.fixes.some((fix) => fix.proven && fix.kind !== "silence-rule")),
  );
  const [only] = fixable;
  if (only) return [`Next: thoth fix ${fixable.length === 1 ? shellWord(only.path) : ""}`.trimEnd()];
  const anyError = result.files.some((file) => file.findings.some((finding) => finding.severity === "error"));
  const first = result.files[0];
  if (anyError || !first || result.packages === 0) return [];
  return result.files.length === 1 ? [`Next: thoth validate ${shellWord(first.path)}`] : [];
}
