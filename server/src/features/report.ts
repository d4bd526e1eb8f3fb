// What the commands "advise" and "report" show, as markdown: the findings of a manifest, or all there is to say about one line.
import type { Finding } from "../../../shared/src/finding/model.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { describeRequirement, fixesOf, sayAdmitted } from "../../../shared/src/rules/index.ts";
import { count, fileName, sayAge, sayEnvironment } from "../../../shared/src/rules/words.ts";
import { entryAt } from "../at.ts";
import { say } from "../l10n.ts";
import { code, link, plain } from "../markdown.ts";
import type { View } from "../model.ts";
import { outcomeWords, summaryOf } from "./codeLens.ts";
import { hover } from "./hover.ts";

/** The address of a rule's page, where there is one to link to. */
export type RulePage = (rule: string) => string | undefined;

/** Findings that are told in full; the rest get one line each (DESIGN.md, section 5). */
const inFull = 5;

/** Markdown of all findings of the manifest and its last validation. */
export function reportOf(view: View, rulePage: RulePage = () => undefined): string {
  if (view.refused !== undefined)
    return `# ${plain(fileName(view.file.uri))}\n\n${plain(view.refused, 400)}\n`;
  const { findings, silenced, accepted, notChecked } = view.findings();
  const parts = [
    `# ${plain(fileName(view.file.uri))}`,
    plain(summaryOf(view), 400),
    environmentLine(view),
    ...(findings.length > 0
      ? [
          `## ${say("Findings")}`,
          ...findings.slice(0, inFull).map((item) => inFullText(view, item, rulePage)),
        ]
      : []),
    findings
      .slice(inFull)
      .map((item) => `- ${oneLine(view, item)}`)
      .join("\n"),
    silenced > 0 ? say("{0} silenced by comments.", count(silenced, "finding")) : "",
    accepted > 0 ? say("{0} accepted by policy.", count(accepted, "finding")) : "",
    ...(notChecked.length > 0
      ? [
          `## ${say("Not checked")}`,
          notChecked.map((item) => `- ${plain(item.what)}: ${plain(item.reason, 300)}`).join("\n"),
        ]
      : []),
    ...inspectionParts(view),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function environmentLine(view: View): string {
  const { environment } = view.snapshot;
  if (!environment) return "";
  const notes = environment.notes.map((note) => plain(note, 300));
  return [say("For {0}.", plain(sayEnvironment(environment))), ...notes].join("  \n");
}

function placeOf(view: View, finding: Finding): string {
  const line = finding.range.start.line + 1;
  return finding.uri === view.file.uri
    ? say("line {0}", line)
    : say("{0} line {1}", plain(fileName(finding.uri)), line);
}

/** The first sentence, which alone is enough, and what follows it. A full stop inside quotation marks ends nothing. */
function headOf(message: string): [string, string] {
  for (const stop of message.matchAll(/\.(?= [A-Z])/g)) {
    const quotes = message.slice(0, stop.index).split('"').length - 1;
    if (quotes % 2 === 0) return [message.slice(0, stop.index), message.slice(stop.index + 2)];
  }
  return [message.replace(/\.$/, ""), ""];
}

function oneLine(view: View, finding: Finding): string {
  return `${plain(finding.message, 300)} (${finding.severity}, ${placeOf(view, finding)}, ${code(finding.rule)})`;
}

function inFullText(view: View, finding: Finding, rulePage: RulePage): string {
  const [head, more] = headOf(finding.message);
  const page = rulePage(finding.rule);
  const rule = page === undefined ? code(finding.rule) : link(finding.rule, page);
  const severity = `${finding.severity.charAt(0).toUpperCase()}${finding.severity.slice(1)}`;
  const evidence = finding.evidence.map((item) => {
    const age = item.time === undefined ? "" : `, ${sayAge(item.time, view.snapshot.now)}`;
    return `${plain(item.source)}${age}${item.freshness === "fresh" ? "" : ` (${item.freshness})`}`;
  });
  const related = finding.related.map(
    (place) =>
      `- ${plain(fileName(place.uri))} ${say("line {0}", place.range.start.line + 1)}: ${plain(place.message, 300)}`,
  );
  const fixes = finding.fixes.map((fix) =>
    fix.disabled
      ? `- ${say("Not offered: {0}", `${plain(fix.title, 300)}: ${plain(fix.disabled, 300)}`)}`
      : `- ${say("Fix: {0}", plain(fix.title, 300))}`,
  );
  return [
    `### ${plain(head, 300)}`,
    `${severity} · ${placeOf(view, finding)} · ${rule}`,
    plain(more, 300),
    evidence.length > 0 ? say("Evidence: {0}", evidence.join(" · ")) : "",
    related.join("\n"),
    fixes.join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}

function inspectionParts(view: View): string[] {
  const { inspection, now } = view.snapshot;
  if (!inspection) return [];
  const stale = inspection.current ? "" : ` ${say("It was of an earlier text.")}`;
  const parts = [
    `## ${say("Last validation")}`,
    `${plain(outcomeWords(inspection.outcome))}, ${count(inspection.packages.length, "package")}, ${sayAge(inspection.finished, now)}.${stale}`,
  ];
  if (inspection.failure) {
    parts.push(`${plain(inspection.failure.stage)}: ${plain(inspection.failure.message, 300)}`);
    const lines = inspection.failure.lines.slice(-20).map((line) => `- ${code(line, 300)}`);
    if (lines.length > 0) parts.push(lines.join("\n"));
  }
  return parts;
}

/** Markdown on the dependency at the offset: what it is, what could be done, each option with its proof. */
export function adviceOn(view: View, offset: number | undefined, rulePage?: RulePage): string {
  const entry = offset === undefined ? undefined : entryAt(view.file.manifest, offset);
  if (!entry || (entry.kind !== "requirement" && entry.kind !== "constraint"))
    return reportOf(view, rulePage);
  return adviceOnEntry(view, entry);
}

function adviceOnEntry(view: View, entry: RequirementEntry): string {
  const placed = { file: view.file, entry };
  const described = describeRequirement(view, placed);
  const about = hover(view, entry.name?.span.start ?? entry.span.start);
  const fixes = fixesOf(view, placed);
  const open = fixes.filter((fix) => fix.disabled === undefined);
  const closed = fixes.filter((fix) => fix.disabled !== undefined);
  const parts = [
    `# ${plain(described.name)}`,
    about?.markdown ?? plain(described.verdict, 400),
    plain(sayAdmitted(described), 300),
    environmentLine(view),
    open.length > 0 ? `## ${say("What could be done")}` : "",
    open.map((fix) => `- ${plain(fix.title, 300)}`).join("\n"),
    closed.length > 0 ? `## ${say("What could not, and why")}` : "",
    closed.map((fix) => `- ${plain(fix.title, 300)}: ${plain(fix.disabled ?? "", 300)}`).join("\n"),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}
