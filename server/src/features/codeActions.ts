// textDocument/codeAction: fixes from the snapshot alone. Each runs a command that refuses when a text has moved on.
import { type CodeAction, CodeActionKind, type Diagnostic } from "vscode-languageserver";
import { proofKey } from "../../../shared/src/facts/stack.ts";
import type { Finding, Fix } from "../../../shared/src/finding/model.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { type ApplyEdits, commands } from "../../../shared/src/protocol/editor.ts";
import { ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import { fixesOf, judgedFixesOf, silenceOf } from "../../../shared/src/rules/index.ts";
import { LineIndex, type Range, type Span } from "../../../shared/src/text/span.ts";
import { requirementsIn } from "../at.ts";
import { say } from "../l10n.ts";
import type { ClientAbilities, View } from "../model.ts";
import type { DiagnosticData } from "./diagnostics.ts";
import { policyActions } from "./policyActions.ts";

/** The kind of the one action that takes every local repair. */
export const fixAllKind = "source.fixAll.thoth";
export const codeActionKinds: readonly string[] = [
  CodeActionKind.QuickFix,
  CodeActionKind.SourceFixAll,
  fixAllKind,
];

/** What an action needs to know beyond the view. */
export interface ActionTools {
  /** SHA-256 of a text, in hex. */
  digest(text: string): string;
  /** The version of a document that is open and of no tree, such as a lock beside the manifest. */
  versionOf?(uri: string): number | undefined;
}

export interface ActionRequest {
  readonly range: Range;
  readonly diagnostics: readonly Diagnostic[];
  /** Kinds asked for, or all. */
  readonly only?: readonly string[];
}

/** The actions for a range of the document. Nothing is fetched. */
export function codeActions(
  view: View,
  request: ActionRequest,
  abilities: ClientAbilities,
  tools: ActionTools,
): CodeAction[] {
  if (view.refused !== undefined) return [];
  const actions: CodeAction[] = [];
  if (wants(request.only, CodeActionKind.QuickFix))
    actions.push(...quickFixes(view, request, abilities, tools));
  if (wants(request.only, fixAllKind)) {
    // Without being asked for by kind, the action would crowd every menu.
    const all = request.only ? fixAllAction(view, tools) : undefined;
    if (all) actions.push(all);
  }
  return actions;
}

/** LSP: a kind that is asked for includes all below it. */
function wants(only: readonly string[] | undefined, kind: string): boolean {
  return (
    only === undefined || only.some((asked) => asked === "" || kind === asked || kind.startsWith(`${asked}.`))
  );
}

function quickFixes(
  view: View,
  request: ActionRequest,
  abilities: ClientAbilities,
  tools: ActionTools,
): CodeAction[] {
  const span = view.file.manifest.lines.spanOf(request.range);
  const entries = requirementsIn(view.file.manifest, lineSpan(view, span)).slice(0, 20);
  const findings = view
    .findings()
    .findings.filter((item) => item.uri === view.file.uri && touches(item.span, span, entries));
  const actions: CodeAction[] = [];
  const titles = new Set<string>();
  const add = (fix: Fix, finding?: Finding): void => {
    // Two ways to say the same edit are one fix.
    const key = proofKey(fix.edits);
    if (titles.has(fix.title) || (fix.edits.length > 0 && titles.has(key))) return;
    const action = actionOf(
      view,
      fix,
      abilities,
      tools,
      finding && diagnosticFor(request.diagnostics, finding),
    );
    if (!action) return;
    titles.add(fix.title);
    titles.add(key);
    actions.push(action);
  };
  for (const finding of findings) for (const fix of finding.fixes) add(fix, finding);
  for (const entry of entries)
    for (const fix of fixesOf(view, { file: view.file, entry })) add(fix, findingFor(findings, entry, fix));
  if (abilities.ours) actions.push(...policyActions(view, findings));
  for (const finding of findings) {
    const entry = entries.find(
      (item) => item.span.start <= finding.span.start && finding.span.end <= item.span.end,
    );
    const silence = entry && silenceOf({ file: view.file, entry }, finding);
    // An editor puts what answers a diagnostic first, and silence is the last resort: it is said to answer none.
    if (silence) add(silence);
  }
  return onePreferred(actions).sort((a, b) => rank(a) - rank(b));
}

/** The fixes for a range that the resolver is still to be asked about. */
export function unprovenFixes(view: View, request: ActionRequest): Fix[] {
  if (view.refused !== undefined || !wants(request.only, CodeActionKind.QuickFix)) return [];
  const span = view.file.manifest.lines.spanOf(request.range);
  const entries = requirementsIn(view.file.manifest, lineSpan(view, span)).slice(0, 20);
  const ofLines = entries.flatMap((entry) => judgedFixesOf(view, { file: view.file, entry }).unproven);
  const ofFindings = view
    .findings()
    .unproven.filter((fix) =>
      fix.edits.some(
        ({ uri, edits }) => uri === view.file.uri && edits.some((edit) => touches(edit.span, span, entries)),
      ),
    );
  return [...ofLines, ...ofFindings];
}

/** The lines that the span touches, whole: a light bulb is for the line. */
function lineSpan(view: View, span: Span): Span {
  const { lines, text } = view.file.manifest;
  const first = lines.positionAt(span.start).line;
  const last = lines.positionAt(span.end).line;
  const end = last + 1 < lines.lineCount ? lines.offsetAt({ line: last + 1, character: 0 }) - 1 : text.length;
  return { start: lines.offsetAt({ line: first, character: 0 }), end: Math.max(end, span.end) };
}

function touches(found: Span, asked: Span, entries: readonly RequirementEntry[]): boolean {
  if (found.start <= asked.end && asked.start <= found.end) return true;
  return entries.some((entry) => entry.span.start <= found.start && found.end <= entry.span.end);
}

/** A pin answers what is said of the release that stands there now. */
function findingFor(findings: readonly Finding[], entry: RequirementEntry, fix: Fix): Finding | undefined {
  if (fix.disabled !== undefined) return undefined;
  const answered = [
    "yanked-release",
    "no-matching-release",
    "python-incompatible",
    "no-artifact",
    "unpinned-requirement",
  ];
  return findings.find((item) => item.package === entry.normalizedName && answered.includes(item.rule));
}

function diagnosticFor(given: readonly Diagnostic[], finding: Finding): Diagnostic | undefined {
  return given.find(
    (item) =>
      (item.data as DiagnosticData | undefined)?.rule === finding.rule &&
      item.range.start.line === finding.range.start.line &&
      item.range.start.character === finding.range.start.character,
  );
}

function actionOf(
  view: View,
  fix: Fix,
  abilities: ClientAbilities,
  tools: ActionTools,
  diagnostic?: Diagnostic,
): CodeAction | undefined {
  const base = {
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    ...(diagnostic ? { diagnostics: [diagnostic] } : {}),
  };
  if (fix.disabled !== undefined || fix.edits.length === 0) {
    if (fix.disabled === undefined || !abilities.disabledActions) return undefined;
    return { ...base, disabled: { reason: fix.disabled } };
  }
  const argument = planOf(view, fix.title, fix.edits, tools);
  if (!argument) return undefined;
  return {
    ...base,
    ...(fix.preferred ? { isPreferred: true } : {}),
    command: { title: fix.title, command: commands.apply, arguments: [argument] },
  };
}

/** An auto fix takes the preferred action without asking, so there is one at most. */
function onePreferred(actions: CodeAction[]): CodeAction[] {
  let taken = false;
  return actions.map((action) => {
    if (!action.isPreferred) return action;
    if (taken) return { ...action, isPreferred: false };
    taken = true;
    return action;
  });
}

function rank(action: CodeAction): number {
  if (action.disabled) return 2;
  return action.isPreferred ? 0 : 1;
}

/** What `thoth.apply` gets: the edits, with what they were planned on. Undefined where a file of them is not in the view. */
export function planOf(
  view: View,
  title: string,
  edits: Fix["edits"],
  tools: ActionTools,
): ApplyEdits | undefined {
  const documents: ApplyEdits["documents"][number][] = [];
  for (const { uri, edits: changes } of edits) {
    const file = [...view.tree.files, ...(view.tree.companion ? [view.tree.companion] : [])].find(
      (item) => item.uri === uri,
    );
    // A lock that moves along is no file of the tree: its text is the one that the resolver was given.
    const text = file?.manifest.text ?? view.snapshot.stack?.texts[uri];
    if (text === undefined) return undefined;
    const lines = file?.manifest.lines ?? new LineIndex(text);
    documents.push({
      uri,
      version: view.versions.get(uri) ?? tools.versionOf?.(uri) ?? null,
      digest: tools.digest(text),
      edits: changes.map((edit) => ({ range: lines.rangeOf(edit.span), newText: edit.newText })),
    });
  }
  return { title, documents };
}

/** Every fix of a finding that the text alone decides, taken together where they do not touch the same place. */
export function localRepairs(view: View): Fix["edits"] {
  return mergeEdits(
    view
      .findings()
      .findings.filter(
        (finding) =>
          finding.uri === view.file.uri &&
          Object.hasOwn(ruleCatalogue, finding.rule) &&
          isLocal(finding.rule),
      )
      .flatMap((finding) => takenFix(finding.fixes)),
  );
}

function isLocal(rule: string): boolean {
  return ruleCatalogue[rule as keyof typeof ruleCatalogue].local;
}

/** Everything that is proven or needs no proof: the preferred fix of every finding of the document. */
export function provenFixes(view: View): { edits: Fix["edits"]; fixes: Fix[] } {
  const fixes = view
    .findings()
    .findings.filter((finding) => finding.uri === view.file.uri)
    .flatMap((finding) => takenFix(finding.fixes));
  return { edits: mergeEdits(fixes), fixes };
}

function takenFix(fixes: readonly Fix[]): Fix[] {
  const open = fixes.filter(
    ({ disabled, edits, kind }) =>
      disabled === undefined && edits.length > 0 && kind !== "silence-rule" && kind !== "remove-requirement",
  );
  const [only] = open.filter((fix) => fix.preferred);
  if (only) return [only];
  return open.length === 1 && open[0] ? [open[0]] : [];
}

/** Edits of several fixes in one; of two that touch, the first counts. */
function mergeEdits(fixes: readonly Fix[]): Fix["edits"] {
  const byUri = new Map<string, { span: Span; newText: string }[]>();
  for (const fix of fixes) {
    const clashes = fix.edits.some(({ uri, edits }) =>
      edits.some((edit) =>
        byUri
          .get(uri)
          ?.some((other) => edit.span.start <= other.span.end && other.span.start <= edit.span.end),
      ),
    );
    if (clashes) continue;
    for (const { uri, edits } of fix.edits) byUri.set(uri, [...(byUri.get(uri) ?? []), ...edits]);
  }
  return [...byUri].map(([uri, edits]) => ({
    uri,
    edits: edits.sort((a, b) => a.span.start - b.span.start),
  }));
}

function fixAllAction(view: View, tools: ActionTools): CodeAction | undefined {
  const edits = localRepairs(view);
  const title = say("Repair all that Thoth can");
  const argument = edits.length > 0 ? planOf(view, title, edits, tools) : undefined;
  if (!argument) return undefined;
  return { title, kind: fixAllKind, command: { title, command: commands.apply, arguments: [argument] } };
}
