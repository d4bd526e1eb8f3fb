// textDocument/diagnostic: the findings of one document, and on its including lines those of files that are not open.
import {
  type Diagnostic,
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  DiagnosticTag,
} from "vscode-languageserver";
import type { Finding, Severity } from "../../../shared/src/finding/model.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { isOfProvenance } from "../../../shared/src/rules/index.ts";
import { count, fileName } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import type { ClientAbilities, View } from "../model.ts";

/** What a diagnostic carries for code actions. */
export interface DiagnosticData {
  readonly rule: string;
  readonly package?: string;
}

/** Diagnostics beyond this number in one file are told in one line. */
export const mostDiagnostics = 1000;

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

const tags: Readonly<Record<string, DiagnosticTag>> = {
  "duplicate-requirement": DiagnosticTag.Unnecessary,
  "yanked-release": DiagnosticTag.Deprecated,
  "project-status": DiagnosticTag.Deprecated,
};

/**
 * The diagnostics of the view's document, gravest first.
 * @param rulePage the address of a rule's page, where there is one to link to.
 */
export function diagnostics(
  view: View,
  abilities: ClientAbilities,
  rulePage: (rule: string) => string | undefined,
): Diagnostic[] {
  if (view.refused !== undefined) {
    const start = { line: 0, character: 0 };
    return [
      {
        range: { start, end: start },
        severity: DiagnosticSeverity.Information,
        source: "thoth",
        message: view.refused,
      },
    ];
  }
  const all = view.findings().findings;
  const own = onePerPackage(all.filter((finding) => finding.uri === view.file.uri));
  const told = own.slice(0, mostDiagnostics).map((finding) => diagnosticOf(finding, abilities, rulePage));
  if (own.length > mostDiagnostics) {
    const at = own[mostDiagnostics]?.range ?? {
      start: { line: 0, character: 0 },
      end: { line: 0, character: 0 },
    };
    told.push({
      range: at,
      severity: DiagnosticSeverity.Information,
      source: "thoth",
      message: say(
        "{0} more findings are not shown here. The report has them.",
        own.length - mostDiagnostics,
      ),
    });
  }
  return [...told, ...includedDiagnostics(view, all, abilities, rulePage)];
}

/**
 * What is said of where a package comes from and what is known against it: only the gravest of it is told, the rest is left to the
 * hover.
 */
const isQuiet = ({ rule }: Finding): boolean =>
  rule === "known-vulnerability" || rule === "project-status" || isOfProvenance({ rule });

/** Findings without those that only add to what is said of the same package already; they come gravest first. */
function onePerPackage(findings: readonly Finding[]): Finding[] {
  const told = new Set<string>();
  return findings.filter((finding) => {
    const key = finding.package;
    if (key === undefined || !isQuiet(finding)) return true;
    if (told.has(key)) return false;
    told.add(key);
    return true;
  });
}

/** The diagnostic of one finding. */
export function diagnosticOf(
  finding: Finding,
  abilities: ClientAbilities,
  rulePage: (rule: string) => string | undefined,
): Diagnostic {
  const page = abilities.codeDescription ? rulePage(finding.rule) : undefined;
  const tag = tags[finding.rule];
  const data: DiagnosticData = {
    rule: finding.rule,
    ...(finding.package === undefined ? {} : { package: finding.package }),
  };
  const related: DiagnosticRelatedInformation[] = abilities.relatedInformation
    ? finding.related.map((place) => ({
        location: { uri: place.uri, range: place.range },
        message: place.message,
      }))
    : [];
  return {
    range: finding.range,
    severity: severities[finding.severity],
    code: finding.rule,
    source: "thoth",
    message: finding.message,
    data,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
    ...(tag !== undefined && abilities.diagnosticTags.includes(tag) ? { tags: [tag] } : {}),
  };
}

/**
 * Errors and warnings of included files that are not open, on the line of this document that leads to them. Faults of
 * syntax are the rules' own: they are told there already.
 */
function includedDiagnostics(
  view: View,
  all: readonly Finding[],
  abilities: ClientAbilities,
  rulePage: (rule: string) => string | undefined,
): Diagnostic[] {
  const answers: Diagnostic[] = [];
  for (const file of view.tree.files) {
    if (file.uri === view.file.uri || view.versions.has(file.uri)) continue;
    const span = includingSpan(view, file);
    if (!span) continue;
    const found = all.filter(
      (finding) =>
        finding.uri === file.uri &&
        finding.rule !== "invalid-syntax" &&
        (finding.severity === "error" || finding.severity === "warning"),
    );
    const [first] = found;
    if (!first) continue;
    const more = found.length > 1 ? ` ${say("And {0}.", count(found.length - 1, "more finding"))}` : "";
    const summary: Finding = {
      ...first,
      uri: view.file.uri,
      span,
      range: view.file.manifest.lines.rangeOf(span),
      message: `${say("{0} line {1}: {2}", fileName(file.uri), first.range.start.line + 1, first.message)}${more}`,
      related: found
        .slice(0, 10)
        .map((item) => ({ uri: item.uri, span: item.span, range: item.range, message: item.message })),
      fixes: [],
    };
    const { tags: _, ...diagnostic } = diagnosticOf(summary, abilities, rulePage);
    answers.push(diagnostic);
  }
  return answers;
}

/** The place in the view's document of the include that leads to the file, over however many files. */
export function includingSpan(view: View, file: ManifestFile): { start: number; end: number } | undefined {
  let at: ManifestFile | undefined = file;
  for (let steps = 0; at?.includedBy && steps < 100; steps++) {
    const { uri, span }: { uri: string; span: { start: number; end: number } } = at.includedBy;
    if (uri === view.file.uri) return span;
    at = view.tree.files.find((item) => item.uri === uri);
  }
  return undefined;
}
