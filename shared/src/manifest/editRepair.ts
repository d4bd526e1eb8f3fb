// Repairs of what was mistyped in a requirement: operators, a comma, quotes; offered only where the result can be read.
import type { TextEdit } from "../finding/model.ts";
import { readRequirement } from "../packaging/requirement.ts";
import { failure, type Result, success } from "../result.ts";
import type { Span } from "../text/span.ts";
import { applyEdits, type EditRefusal } from "./editPlan.ts";
import { isLockKind } from "./kind.ts";
import type { Manifest, ManifestError, RequirementEntry } from "./model.ts";

/** A repair with the words to offer it by. */
export interface RepairPlan {
  readonly kind: "repair-operator";
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

const MEANT: Readonly<Record<string, string>> = {
  "=": "==",
  "=>": ">=",
  "=<": "<=",
  "~>": "~=",
  "=~": "~=",
  "<>": "!=",
  "=!": "!=",
  "!==": "!=",
  "~==": "~=",
  ">==": ">=",
  "<==": "<=",
};

/** The repair of the entry that an error lies in, where the text leaves one reading; undefined elsewhere. */
export function planRepair(manifest: Manifest, error: ManifestError): RepairPlan | undefined {
  const entry = entryAt(manifest, error.span.start);
  if (entry === undefined || entry.kind === "include" || entry.kind === "option" || entry.kind === "source") {
    return undefined;
  }
  const plan = planOf(manifest, entry);
  return plan?.edits.length ? plan : undefined;
}

/** Repairs the specifier of an entry: `=` to `==`, `=>` to `>=`, `~>` to `~=`, a missing comma, `foo 1.0`. */
export function planRepairOperator(
  manifest: Manifest,
  entry: RequirementEntry,
): Result<readonly TextEdit[], EditRefusal> {
  if (entry.understood) return success([]);
  const plan = planOf(manifest, entry);
  if (plan !== undefined) return success(plan.edits);
  return failure({
    code: "not-understood",
    message: "More than one reading is left, so the line is left alone.",
  });
}

/** Entries stand in order of their places. */
function entryAt(manifest: Manifest, offset: number) {
  let low = 0;
  let high = manifest.entries.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (manifest.entries[middle]!.span.start <= offset) low = middle;
    else high = middle - 1;
  }
  const entry = manifest.entries[low];
  return entry !== undefined && offset >= entry.span.start && offset <= entry.span.end ? entry : undefined;
}

function planOf(manifest: Manifest, entry: RequirementEntry): RepairPlan | undefined {
  if (entry.understood || entry.hasVariables || entry.editable) return undefined;
  if (entry.style === "json" || isLockKind(manifest.kind)) return undefined;
  const stretch = stretchOf(manifest, entry);
  if (stretch === undefined) return undefined;
  const { text, start, prefix } = stretch;
  const edits = [...quoteEdits(text, prefix), ...clauseEdits(text, prefix)];
  if (edits.length === 0 || !readRequirement(prefix + applyEdits(text, edits)).ok) return undefined;
  const placed = edits.map(({ span, newText }) => ({
    span: { start: start + span.start, end: start + span.end },
    newText,
  }));
  return { kind: "repair-operator", title: titleOf(text, edits), edits: placed };
}

interface Stretch {
  readonly text: string;
  readonly start: number;
  /** What makes a requirement of it. */
  readonly prefix: string;
}

function stretchOf(manifest: Manifest, entry: RequirementEntry): Stretch | undefined {
  if (entry.style === "line") return lineStretch(manifest, entry.span);
  if (entry.style !== "toml-item") return tomlStretch(manifest, entry);
  const { start, end } = entry.span;
  const written = manifest.text.slice(start, Math.min(end, start + 1000));
  // Through escapes and over several lines what is meant has no stretch of its own.
  if (!/^(?:"[^"\\]+"|'[^']+')$/.test(written)) return undefined;
  return lineStretch(manifest, { start: start + 1, end: end - 1 });
}

/** The requirement without marker, options and comment; undefined where it goes over several lines. */
function lineStretch(manifest: Manifest, { start, end }: Span): Stretch | undefined {
  const whole = manifest.text.slice(start, Math.min(end, start + 1000));
  const cut = /\s-|;|\s*\\\r?\n/.exec(whole);
  const text = cut === null ? whole : whole.slice(0, cut.index);
  if (/[\r\n@/]/.test(text) || text === "") return undefined;
  return { text, start, prefix: "" };
}

function tomlStretch(manifest: Manifest, entry: RequirementEntry): Stretch | undefined {
  if (entry.specifierSpan === undefined) return undefined;
  const { start, end } = entry.specifierSpan;
  if (end - start > 1000) return undefined;
  return { text: manifest.text.slice(start, end), start, prefix: "name" };
}

/** Quotes belong into a shell, not into the file. */
function quoteEdits(text: string, prefix: string): TextEdit[] {
  if (prefix !== "") return [];
  return [...text.matchAll(/["']/g)].map((match) => ({
    span: { start: match.index, end: match.index + 1 },
    newText: "",
  }));
}

function clauseEdits(text: string, prefix: string): TextEdit[] {
  const edits: TextEdit[] = [];
  const nameEnd =
    prefix === "" ? (/^["']?[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?/.exec(text)?.[0].length ?? 0) : 0;
  const rest = text.slice(nameEnd);
  for (const match of rest.matchAll(/[<>=!~]+/g)) {
    const start = nameEnd + match.index;
    const meant = Object.hasOwn(MEANT, match[0]) ? MEANT[match[0]] : undefined;
    if (meant !== undefined) edits.push({ span: { start, end: start + match[0].length }, newText: meant });
    const before = text.slice(0, start).trimEnd();
    // A version, then an operator: the comma between them is missing.
    if (match.index > 0 && /[\w*]$/.test(before) && before.length > nameEnd) {
      edits.push({ span: { start: before.length, end: before.length }, newText: "," });
    }
  }
  const bare = /^\s*(?=v?\d)/.exec(rest);
  if (bare !== null && prefix === "" && bare[0] !== "") {
    edits.push({ span: { start: nameEnd, end: nameEnd + bare[0].length }, newText: "==" });
  } else if (prefix === "" && /\s/.test(text[nameEnd - 1] ?? "") && /^v?\d/.test(rest)) {
    const name = text.slice(0, nameEnd).trimEnd().length;
    edits.push({ span: { start: name, end: nameEnd }, newText: "==" });
  }
  for (const match of rest.matchAll(/(?:<=|>=|<|>)\s*v?\d[\d.]*(\.\*)/g)) {
    const end = nameEnd + match.index + match[0].length;
    edits.push({ span: { start: end - 2, end }, newText: "" });
  }
  const tail = /\s*,\s*$/.exec(rest);
  if (tail !== null)
    edits.push({ span: { start: nameEnd + tail.index, end: text.trimEnd().length }, newText: "" });
  return edits;
}

function titleOf(text: string, edits: readonly TextEdit[]): string {
  const [first] = edits;
  if (edits.length === 1 && first !== undefined) {
    const old = text.slice(first.span.start, first.span.end);
    if (old.trim() !== "" && first.newText !== "") return `Replace ${old} with ${first.newText}`;
    if (first.newText === ",") return "Put a comma between the clauses";
  }
  return `Write ${applyEdits(text, edits).trim()}`;
}
