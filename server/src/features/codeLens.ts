// textDocument/codeLens: one line above the first: how the stack stands, then what can be done about it.
import type { CodeLens } from "vscode-languageserver";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { clientCommands } from "../../../shared/src/protocol/editor.ts";
import { areAdvisoriesKnown, stackStateOf } from "../../../shared/src/rules/index.ts";
import { count, sayAge, shortPython } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";
import { stackState } from "./stackWords.ts";

/** The lenses of the first line. */
export function codeLens(view: View): CodeLens[] {
  if (!view.settings["codeLens.enable"] || view.refused !== undefined || packagesOf(view) === 0) return [];
  const start = { line: 0, character: 0 };
  const range = { start, end: start };
  const target = [{ uri: view.file.uri }];
  const isConflict = stackStateOf(view.snapshot, view.tree) === "conflict";
  const command = isConflict ? clientCommands.explain : clientCommands.showReport;
  const state = { title: summaryOf(view), command, arguments: target };
  // What nothing may be run or asked for is not offered.
  if (view.snapshot.unasked?.code === "untrusted") return [{ range, command: state }];
  return [
    { range, command: state },
    { range, command: { title: say("Validate"), command: clientCommands.validate, arguments: target } },
    { range, command: { title: say("Advise"), command: clientCommands.advise, arguments: target } },
  ];
}

function packagesOf(view: View): number {
  const names = new Set<string>();
  for (const file of view.tree.files) {
    for (const entry of file.manifest.entries) {
      if (entry.kind === "requirement" && !entry.isSelf && !isBeside(entry))
        names.add(entry.normalizedName ?? `at ${file.uri} ${entry.span.start}`);
    }
  }
  return names.size;
}

/** What a pyproject.toml needs to be built, and what only says more of another entry, is no part of its stack. */
function isBeside({ scope }: RequirementEntry): boolean {
  return scope?.kind === "build" || scope?.kind === "detail";
}

/** `Resolves, 43 packages · 1 error, 2 warnings · imports on py3.11 · 2 hours ago`: every part says what was looked at. */
export function summaryOf(view: View): string {
  const { snapshot } = view;
  const stands = stackState(view);
  const parts = stackStateOf(snapshot, view.tree) === "resolves" ? [] : [count(packagesOf(view), "package")];
  if (stands !== undefined) {
    // The verdict comes first; what is still to come, or could not be had, comes after what there is.
    if (/^[A-Z]/.test(stands)) parts.unshift(stands);
    else parts.push(stands);
  }
  const { findings } = view.findings();
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const warnings = findings.filter((finding) => finding.severity === "warning").length;
  const found = [errors > 0 ? count(errors, "error") : "", warnings > 0 ? count(warnings, "warning") : ""]
    .filter(Boolean)
    .join(", ");
  if (found) parts.push(found);
  parts.push(...advisoryParts(view));
  parts.push(...checkedParts(view, found === ""));
  if (snapshot.inspection) parts.push(...inspectionParts(view));
  return parts.join(" · ");
}

/** How many advisories are known against the stack; the one place that says that none were ever loaded. */
function advisoryParts(view: View): string[] {
  const { snapshot } = view;
  if (snapshot.unasked || snapshot.pending) return [];
  const input = { tree: view.tree, snapshot, configuration: { severities: {} } };
  if (areAdvisoriesKnown(input) === false) return [say("advisories not checked: none stored")];
  const found = view
    .findings()
    .findings.flatMap(({ advisories = [], package: name }) => advisories.map(({ id }) => `${name} ${id}`));
  const { size } = new Set(found);
  if (size === 0) return [];
  return [size === 1 ? say("1 advisory") : say("{0} advisories", size)];
}

function checkedParts(view: View, isClean: boolean): string[] {
  const { snapshot } = view;
  if (snapshot.unasked) return [say("not checked: {0}", snapshot.unasked.message)];
  if (snapshot.pending) return [say("checking")];
  if (snapshot.resolving) return [];
  if (snapshot.tracing) return [say("checking")];
  const notChecked = view.findings().notChecked.length + notTraced(view);
  if (notChecked > 0) return [say("{0} not checked", notChecked)];
  if (!isClean) return [];
  return [say("no finding")];
}

/** Packages of which a check could not be made that the policy requires, beside those that are told already. */
function notTraced(view: View): number {
  const told = new Set(view.findings().notChecked.map(({ what }) => what));
  const open = view.snapshot.provenance?.packages.filter(
    ({ name, checks }) =>
      !told.has(name) && checks.some(({ state, required }) => state === "not-checked" && required),
  );
  return new Set(open?.map(({ name }) => name)).size;
}

function inspectionParts(view: View): string[] {
  const { inspection, now } = view.snapshot;
  if (!inspection) return [];
  const python = inspection.python ?? view.snapshot.environment?.pythonVersion;
  const where = python === undefined ? "" : ` ${say("on py{0}", shortPython(python))}`;
  const earlier = inspection.current ? "" : ` ${say("(an earlier text)")}`;
  const outcome = inspection.outcome === "passed" ? say("imports") : outcomeWords(inspection.outcome);
  return [`${outcome}${where}${earlier}`, sayAge(inspection.finished, now)];
}

/** `import failed` for `import-failed`. */
export function outcomeWords(outcome: string): string {
  return outcome.replaceAll("-", " ");
}
