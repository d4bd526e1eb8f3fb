// SARIF 2.1.0 (OASIS): findings for code scanning, with a fingerprint that stays when lines move.
import { createHash } from "node:crypto";
import type { CheckFinding, CheckOutput } from "../../../shared/src/protocol/check.ts";
import type { Answer, NotChecked } from "../../../shared/src/protocol/operation.ts";
import { type RuleName, ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";

export const SARIF_LEVELS = {
  error: "error",
  warning: "warning",
  information: "note",
  hint: "note",
} as const;
const HOME = "https://github.com/thoth-station/thoth";
const RULE_PAGES = `${HOME}/blob/main/docs/rules`;

/** The log of one check as SARIF text. */
export function sarifOf({ result, notChecked }: Answer<CheckOutput>, version: string): string {
  const used = [
    ...new Set(result.files.flatMap((file) => file.findings.map((finding) => finding.rule))),
  ].sort();
  return sarifLog({
    version,
    rules: used.map((rule) => ruleDescriptor(rule)),
    results: result.files.flatMap((file) => {
      const seen = new Map<string, number>();
      return file.findings.map((finding) =>
        sarifResult(file.path, finding, used.indexOf(finding.rule), seen),
      );
    }),
    notChecked,
    // A comment silences them, and a policy accepts them, before there is a result to mark as suppressed.
    properties: { silenced: result.silenced, accepted: result.accepted },
  });
}

export interface SarifParts {
  readonly version: string;
  readonly rules: readonly object[];
  readonly results: readonly object[];
  readonly notChecked: readonly NotChecked[];
  readonly properties: object;
}

/**
 * One run as SARIF text. What could not be checked makes the run one that did not succeed: a service that takes the results for
 * whole would close the alerts of what was left out.
 */
export function sarifLog({ version, rules, results, notChecked, properties }: SarifParts): string {
  const run = {
    tool: {
      driver: {
        name: "thoth",
        version,
        semanticVersion: version,
        informationUri: HOME,
        rules,
        notifications: [
          { id: "not-checked", shortDescription: { text: "Something could not be checked, and why." } },
        ],
      },
    },
    columnKind: "utf16CodeUnits",
    results,
    invocations: [
      {
        executionSuccessful: notChecked.length === 0,
        toolExecutionNotifications: notChecked.map(({ what, reason }) => ({
          descriptor: { id: "not-checked" },
          level: "warning",
          message: { text: `Not checked: ${what}: ${reason}` },
        })),
      },
    ],
    properties,
  };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [run],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** How a rule is told in a log. */
export function ruleDescriptor(rule: string) {
  const known = Object.hasOwn(ruleCatalogue, rule) ? ruleCatalogue[rule as RuleName] : undefined;
  return {
    id: rule,
    shortDescription: { text: known?.summary ?? rule },
    helpUri: `${RULE_PAGES}/${rule}.md`,
    ...(known ? { defaultConfiguration: { level: SARIF_LEVELS[known.severity] } } : {}),
  };
}

function sarifResult(path: string, finding: CheckFinding, ruleIndex: number, seen: Map<string, number>) {
  const same = `${finding.rule}\n${path}\n${finding.package ?? ""}\n${finding.package ? "" : finding.message}`;
  const nth = seen.get(same) ?? 0;
  seen.set(same, nth + 1);
  const fixes = finding.fixes.filter((fix) => fix.edits.length > 0);
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: SARIF_LEVELS[finding.severity],
    message: { text: finding.message },
    locations: [location(path, finding.range)],
    partialFingerprints: { "thoth/v1": createHash("sha256").update(`${same}\n${nth}`).digest("hex") },
    ...(finding.related && finding.related.length > 0
      ? {
          relatedLocations: finding.related.map((place, id) => ({
            id,
            ...location(place.path, place.range),
            message: { text: place.message },
          })),
        }
      : {}),
    ...(fixes.length > 0 ? { fixes: fixes.map(sarifFix) } : {}),
  };
}

function sarifFix(fix: CheckFinding["fixes"][number]) {
  const byPath = new Map<string, typeof fix.edits>();
  for (const edit of fix.edits) byPath.set(edit.path, [...(byPath.get(edit.path) ?? []), edit]);
  return {
    description: { text: fix.title },
    artifactChanges: [...byPath].map(([path, edits]) => ({
      artifactLocation: { uri: uriOf(path) },
      replacements: edits.map((edit) => ({
        deletedRegion: region(edit.range),
        insertedContent: { text: edit.newText },
      })),
    })),
  };
}

/** A place in a log. */
export function location(path: string, range: CheckFinding["range"]) {
  return { physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: region(range) } };
}

/** SARIF counts lines and columns from 1. */
function region({ start, end }: CheckFinding["range"]) {
  return {
    startLine: start.line + 1,
    startColumn: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}

function uriOf(path: string): string {
  if (/^https?:\/\//.test(path)) return path;
  const parts = path.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${parts}` : parts;
}
