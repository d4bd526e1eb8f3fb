// `provenance` for a person: what is wrong first, each with its evidence and what now; what passed is counted, what was not checked is said.
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import type {
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceOutput,
} from "../../../../shared/src/protocol/provenance.ts";
import { sayAge } from "../../../../shared/src/rules/words.ts";
import { escapeControls, pad, type Style, type Terminal, wrap } from "../terminal.ts";
import { count, joinCounts, notCheckedLines as sayNotChecked } from "./words.ts";

const SEVERITIES = ["error", "warning", "information", "hint"] as const;
type Severity = (typeof SEVERITIES)[number];
const STYLES: Readonly<Record<Severity, Style>> = {
  error: "red",
  warning: "yellow",
  information: "blue",
  hint: "dim",
};
const LABELS: Readonly<Record<Severity, string>> = {
  error: "error",
  warning: "warning",
  information: "info",
  hint: "hint",
};
/** So many findings are told with their evidence and what now. */
const IN_FULL = 5;

interface Told {
  readonly where: string;
  readonly check: ProvenanceCheck;
}

export interface ProvenanceTextOptions {
  readonly now: number;
  readonly verbose: boolean;
}

/** The text of an answer. */
export function provenanceText(
  answer: Answer<ProvenanceOutput>,
  terminal: Terminal,
  options: ProvenanceTextOptions,
): string {
  const { result } = answer;
  const lines: string[] = [];
  const findings = findingsOf(result);
  if (findings.length > 0) lines.push(...findingLines(findings, terminal, options));
  if (options.verbose) lines.push(...packageLines(result.packages, terminal));
  lines.push(...acceptedLines(result, terminal));
  lines.push(...signerLines(result.packages, terminal, options));
  lines.push(...notCheckedLines(result, terminal, options));
  // What is of no package's check: a file that cannot be read, packages that a cancelled run did not come to.
  const others = answer.notChecked.filter(({ what }) => !/ \([a-z-]+\)$/.test(what));
  lines.push(...sayNotChecked(others, terminal, options.verbose));
  for (const { what, time, says } of result.basis) {
    const age = time === undefined || what === "trust root" ? "" : `, of ${time.slice(0, 10)}`;
    lines.push(
      ...wrap(
        terminal.style(
          "dim",
          escapeControls(`${what === "trust root" ? says : `${upperFirst(what)}: ${says}`}${age}`),
        ),
        terminal.columns,
      ),
    );
  }
  lines.push(...wrap(summaryOf(result, findings, options.now), terminal.columns));
  return `${lines.join("\n")}\n`;
}

/** Whether the result is a finding of its own. */
export function isTold(check: ProvenanceCheck): boolean {
  return (
    check.state === "failed" && check.severity !== undefined && !check.accepted && check.inherited !== true
  );
}

function findingsOf({ files, packages }: ProvenanceOutput): Told[] {
  const all: Told[] = [
    ...files.flatMap(({ path, checks }) =>
      checks.map((check) => ({
        where: check.range ? `${path}:${check.range.start.line + 1}` : path,
        check,
      })),
    ),
    ...packages.flatMap((one) => one.checks.map((check) => ({ where: placeOf(one), check }))),
  ];
  return all
    .filter(({ check }) => isTold(check))
    .map((told, at) => ({ told, at }))
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.told.check.severity!) - SEVERITIES.indexOf(b.told.check.severity!) ||
        a.at - b.at,
    )
    .map(({ told }) => told);
}

/** How a person finds the package: the line of its first place. */
function placeOf(one: PackageProvenance): string {
  const [place] = one.places;
  return place ? `${place.path}:${place.range.start.line + 1}` : one.name;
}

interface Row {
  readonly where: string;
  readonly severity: Severity;
  readonly message: string;
  readonly rule: string;
  readonly details: readonly string[];
}

/** One row for each finding; of quiet ones that are alike, one for all. */
function rowsOf(findings: readonly Told[], options: ProvenanceTextOptions): Row[] {
  const rows: Row[] = [];
  const quiet = new Map<string, Told[]>();
  for (const told of findings) {
    const { check } = told;
    if (options.verbose || check.severity === "error" || check.severity === "warning") {
      rows.push(rowOf(told, rows.length < IN_FULL));
      continue;
    }
    quiet.set(check.rule, [...(quiet.get(check.rule) ?? []), told]);
  }
  for (const group of quiet.values()) {
    if (group.length <= 3) for (const told of group) rows.push(rowOf(told, false));
    else rows.push(groupRow(group));
  }
  return rows;
}

function rowOf({ where, check }: Told, full: boolean): Row {
  const evidence = check.evidence
    .filter(({ says }) => says !== undefined)
    .slice(0, 3)
    .map(
      ({ source, says, freshness }) => `${source}: ${says}${freshness === "fresh" ? "" : ` (${freshness})`}`,
    );
  return {
    where,
    severity: check.severity!,
    message: check.message.replace(/\.$/, ""),
    rule: check.rule,
    details: full ? [...evidence, ...(check.next ? [check.next.replace(/\.$/, "")] : [])] : [],
  };
}

function groupRow(group: readonly Told[]): Row {
  const [first] = group;
  const names = [...new Set(group.map(({ check }) => check.message.split(" ")[0] ?? ""))];
  const shown = names.slice(0, 5).join(", ");
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return {
    where: first!.where,
    severity: first!.check.severity!,
    message: `${count(group.length, "finding")} like "${first!.check.message.replace(/\.$/, "")}": ${shown}${rest}`,
    rule: first!.check.rule,
    details: [],
  };
}

function findingLines(
  findings: readonly Told[],
  terminal: Terminal,
  options: ProvenanceTextOptions,
): string[] {
  const rows = rowsOf(findings, options);
  const longest = Math.min(28, Math.max(...rows.map(({ where }) => terminal.width(where))));
  const labelWidth = 7;
  // Too narrow for three columns: the place stands above its finding.
  const placeWidth = terminal.columns - longest - labelWidth - 6 < 40 ? 0 : longest;
  const indent = placeWidth + labelWidth + (placeWidth === 0 ? 4 : 6);
  const room = Number.isFinite(terminal.columns) ? Math.max(24, terminal.columns - indent) : 100;
  return rows.flatMap((row) => {
    const label = terminal.style(STYLES[row.severity], LABELS[row.severity]);
    const filled = `${label}${" ".repeat(labelWidth - LABELS[row.severity].length)}`;
    const place = escapeControls(row.where);
    const isLong = terminal.width(place) > placeWidth;
    const head = isLong
      ? [`  ${place}`, `  ${" ".repeat(placeWidth)}${placeWidth === 0 ? "" : "  "}${filled}  `]
      : [`  ${pad(place, placeWidth)}  ${filled}  `];
    const [first = "", ...more] = wrap(escapeControls(row.message), room);
    const out = [...head.slice(0, -1), `${head.at(-1)}${first}`];
    for (const line of more) out.push(" ".repeat(indent) + line);
    const rule = terminal.style("dim", row.rule);
    const fits = terminal.width(more.at(-1) ?? first) + 2 + row.rule.length <= terminal.columns - indent;
    if (fits) out.push(`${out.pop()}  ${rule}`);
    else out.push(" ".repeat(indent) + rule);
    for (const detail of row.details)
      for (const line of wrap(escapeControls(detail), room - 2))
        out.push(`${" ".repeat(indent + 2)}${terminal.style("dim", line)}`);
    return out;
  });
}

const MARKS: Readonly<Record<ProvenanceCheck["state"], string>> = {
  passed: "passed",
  failed: "FAILED",
  absent: "absent",
  "not-applicable": "-",
  "not-checked": "not checked",
};

/** Every check of every package, for who wants to see it all. */
function packageLines(packages: readonly PackageProvenance[], terminal: Terminal): string[] {
  return packages.flatMap((one) => [
    terminal.style("bold", escapeControls(`${one.name} ${one.version ?? ""}`.trim())),
    ...one.checks.flatMap((check) =>
      wrap(
        `  ${pad(check.rule, 28)}${pad(MARKS[check.state], 12)}${escapeControls(check.message)}`,
        terminal.columns,
      ),
    ),
  ]);
}

function acceptedLines({ files, packages }: ProvenanceOutput, terminal: Terminal): string[] {
  const accepted = [...files, ...packages]
    .flatMap(({ checks }) => checks as readonly ProvenanceCheck[])
    .filter((check) => check.accepted);
  return accepted.flatMap(({ message, accepted: by }) =>
    wrap(
      escapeControls(
        `Accepted ${by!.until === "fixed" ? "until it is fixed" : `until ${by!.until}`} in ${by!.from}: ${message} Reason: ${by!.reason}${by!.evidence === undefined ? "" : ` (${by!.evidence})`}`,
      ),
      terminal.columns,
    ),
  );
}

/** Who signed what, and by what that was expected. "Nothing" is no tick. */
function signerLines(
  packages: readonly PackageProvenance[],
  terminal: Terminal,
  { verbose }: ProvenanceTextOptions,
): string[] {
  const signed = packages.filter(({ signer }) => signer);
  if (signed.length === 0) return [];
  const most = verbose ? signed.length : 10;
  const lines = signed.slice(0, most).flatMap((one) => {
    const { name, expectedBy } = one.signer!;
    const expected = expectedBy === "nothing" ? "nothing expects it" : `as the ${expectedBy} expects`;
    return wrap(
      escapeControls(`${one.name} ${one.version}: signed by ${name}; ${expected}.`),
      terminal.columns,
    );
  });
  if (signed.length > most) lines.push(`And ${signed.length - most} more that are signed.`);
  return lines;
}

/** Each line says what could not be checked and why; alike ones are told together. */
function notCheckedLines(
  { files, packages }: ProvenanceOutput,
  terminal: Terminal,
  { verbose }: ProvenanceTextOptions,
): string[] {
  const byReason = new Map<string, { rules: Set<string>; names: Set<string> }>();
  const add = (name: string, check: ProvenanceCheck): void => {
    if (check.state !== "not-checked" || check.unasked) return;
    const reason = tidyReason(check.message, name);
    const group = byReason.get(reason) ?? { rules: new Set(), names: new Set() };
    group.rules.add(check.rule);
    group.names.add(name);
    byReason.set(reason, group);
  };
  for (const file of files) for (const check of file.checks) add(file.path, check);
  for (const one of packages) for (const check of one.checks) add(one.name, check);
  return [...byReason].flatMap(([reason, { rules, names }]) => {
    const most = verbose ? names.size : 5;
    const shown = [...names].slice(0, most).join(", ");
    const more = names.size > most ? ` and ${names.size - most} more` : "";
    const text = `Not checked: ${shown}${more} (${[...rules].join(", ")}): ${reason}.`;
    return wrap(escapeControls(text), terminal.columns).map((line) =>
      line.replace(/^Not checked/, (words) => terminal.style("yellow", words)),
    );
  });
}

/** The reason without the package that it is said of, so that alike reasons are one. */
function tidyReason(message: string, name: string): string {
  const colon = message.indexOf(": ");
  const head = colon < 0 ? "" : message.slice(0, colon);
  const isAbout =
    head !== "" &&
    head
      .toLowerCase()
      .replace(/[-_.]+/g, "-")
      .includes(name);
  return (isAbout ? message.slice(colon + 2) : message).replace(/\.$/, "");
}

function summaryOf(result: ProvenanceOutput, findings: readonly Told[], now: number): string {
  const numbers = joinCounts(
    SEVERITIES.map((severity) => [
      findings.filter(({ check }) => check.severity === severity).length,
      severity === "information" ? "note" : severity,
    ]),
  );
  const all = [...result.files, ...result.packages].flatMap(
    ({ checks }) => checks as readonly ProvenanceCheck[],
  );
  const of = (state: ProvenanceCheck["state"]): number =>
    all.filter((check) => check.state === state && !check.unasked).length;
  const states = [
    `${of("passed")} passed`,
    `${of("failed")} failed`,
    `${of("absent")} with nothing to check`,
    `${of("not-checked")} not checked`,
  ].join(", ");
  const age = result.checked === undefined ? "" : `, ${sayAge(Date.parse(result.checked), now)}`;
  const indexes =
    result.indexes.length === 0 ? "" : ` against ${count(result.indexes.length, "index", "indexes")}`;
  const first = numbers === "" ? "No findings" : numbers;
  return `${first} in ${count(result.packages.length, "package")}${indexes}${age}. Checks: ${states}.`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
