// Edits of one entry, planned on its manifest: minimal, in the style in which the person wrote, or refused with the reason.
import { isValidName } from "../packaging/name.ts";
import type { Clause } from "../packaging/specifier.ts";
import { readSpecifierSet } from "../packaging/specifier.ts";
import { parseVersion } from "../packaging/version.ts";
import { success } from "../result.ts";
import { planHashes } from "./editHashes.ts";
import { planRemoveItem } from "./editItem.ts";
import { type EditPlan, lineEndNear, refusalOf, refuse, replace } from "./editPlan.ts";
import type { Manifest, RequirementEntry } from "./model.ts";
import { readPoetryConstraint } from "./poetryConstraint.ts";

export { planHashes } from "./editHashes.ts";
export { planIgnore } from "./editIgnore.ts";
export { applyEdits, type EditPlan, type EditRefusal } from "./editPlan.ts";
export { planRepair, planRepairOperator, type RepairPlan } from "./editRepair.ts";

/**
 * Pins an entry to one version: `flask>=2,<3` becomes `flask==3.1.3`, `"*"` becomes `"==3.1.3"`; for poetry `"^2"` becomes
 * `"3.1.3"`, as `poetry add` writes it.
 *
 * An entry with hashes is pinned together with its new hashes only (`sha256:…`): without them the plan is refused.
 */
export function planPin(
  manifest: Manifest,
  entry: RequirementEntry,
  version: string,
  hashes?: readonly string[],
): EditPlan {
  if (parseVersion(version) === undefined) return refuse("invalid-version", `${version} is not a version.`);
  const [only] = entry.specifier.clauses;
  const isArbitrary = entry.specifier.clauses.length === 1 && only!.operator === "===";
  const pin = planSpecifierOnly(manifest, entry, `${isArbitrary ? "===" : "=="}${version}`);
  if (!pin.ok || entry.hashes.length === 0 || pin.value.length === 0) return pin;
  if (hashes === undefined || hashes.length === 0) {
    return refuse(
      "hashes-needed",
      `The hashes of ${version} are not known, and this line is pinned by hashes.`,
    );
  }
  const change = planHashes(manifest, entry, hashes);
  return change.ok ? success([...pin.value, ...change.value]) : change;
}

/**
 * Replaces the whole specifier; an empty text takes it away (`"*"` in a Pipfile).
 *
 * Refused for an entry with hashes, since they belong to the release that is pinned now.
 */
export function planSpecifier(manifest: Manifest, entry: RequirementEntry, specifier: string): EditPlan {
  const plan = planSpecifierOnly(manifest, entry, specifier);
  if (plan.ok && plan.value.length > 0 && entry.hashes.length > 0) {
    return refuse("hashes-needed", "This line is pinned by hashes: another version needs other hashes.");
  }
  return plan;
}

/** Replaces one clause of the specifier, or takes it out where the text is empty. */
export function planReplaceClause(
  manifest: Manifest,
  entry: RequirementEntry,
  clause: Clause,
  text: string,
): EditPlan {
  const { clauses } = entry.specifier;
  const at = clauses.findIndex(
    ({ span }) => span.start === clause.span.start && span.end === clause.span.end,
  );
  if (at < 0) return refuse("not-understood", "The clause is not one of this line.");
  if (text.trim() === "" && clauses.length === 1) return planSpecifier(manifest, entry, "");
  const refusal = refusalOf(manifest, entry) ?? refusalOfSpecifier(text, entry);
  if (refusal !== undefined) return refusal;
  if (entry.grammar === "poetry") return planPoetryClause(manifest, entry, clause, text);
  if (entry.hashes.length > 0) {
    return refuse("hashes-needed", "This line is pinned by hashes: another version needs other hashes.");
  }
  if (text.trim() !== "")
    return replace(manifest, clause.span.start, clause.span.end, spaced(text, isWide(manifest, clause)));
  const before = clauses[at - 1];
  const start = before === undefined ? clause.span.start : before.span.end;
  return replace(manifest, start, before === undefined ? clauses[at + 1]!.span.start : clause.span.end, "");
}

/** Writes another name. Extras, specifier, marker and comment stay. */
export function planRename(manifest: Manifest, entry: RequirementEntry, name: string): EditPlan {
  const refusal = refusalOf(manifest, entry);
  if (refusal !== undefined) return refusal;
  if (!isValidName(name)) return refuse("invalid-name", `${name} is not a package name.`);
  if (entry.name === undefined) return refuse("no-name", "This line gives no name.");
  const isKey = entry.style !== "line" && entry.style !== "toml-item";
  if (isKey && name.includes(".") && manifest.text[entry.name.span.start - 1] !== '"') {
    // A bare key with a dot in it would be two keys.
    return replace(manifest, entry.name.span.start, entry.name.span.end, `"${name}"`);
  }
  return replace(manifest, entry.name.span.start, entry.name.span.end, name);
}

/** Takes an entry out with its lines, its comment and, as pip-compile writes them, the indented comments below it. */
export function planRemoveEntry(manifest: Manifest, entry: RequirementEntry): EditPlan {
  const refusal = refusalOf(manifest, entry);
  if (refusal !== undefined) return refusal;
  if (entry.style === "toml-item") return planRemoveItem(manifest, entry);
  const { text } = manifest;
  let { start } = entry.span;
  while (start > 0 && isBlank(text.charCodeAt(start - 1))) start--;
  if (start > 0 && !isLineEnd(text.charCodeAt(start - 1)) && text.charCodeAt(start - 1) !== 0xfeff) {
    return refuse("not-alone", "The entry shares its line with others.");
  }
  let end = Math.max(entry.span.end, entry.comment?.span.end ?? 0);
  while (end < text.length && (isBlank(text.charCodeAt(end)) || text[end] === "\\")) end++;
  if (end < text.length && !isLineEnd(text.charCodeAt(end)) && text[end] !== "#") {
    return refuse("not-alone", "The entry shares its line with others.");
  }
  end = afterLine(text, end);
  if (entry.style === "line") {
    const comment = /[ \t]+#[^\r\n]*(?:\r?\n|$)/y;
    comment.lastIndex = end;
    while (comment.test(text)) end = comment.lastIndex;
  }
  return success([{ span: { start, end }, newText: "" }]);
}

function afterLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at + (text[at] === "\r" && text[at + 1] === "\n" ? 2 : at < text.length ? 1 : 0);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function isLineEnd(code: number): boolean {
  return (
    (code >= 10 && code <= 13) ||
    (code >= 0x1c && code <= 0x1e) ||
    code === 0x85 ||
    code === 0x2028 ||
    code === 0x2029
  );
}

function refusalOfSpecifier(specifier: string, entry: RequirementEntry): EditPlan | undefined {
  const isRead =
    entry.grammar === "poetry" && specifier.trim() !== ""
      ? readPoetryConstraint(specifier).ok
      : readSpecifierSet(specifier).ok;
  if (/["'\\\r\n#;]/.test(specifier) || !isRead) {
    return refuse("invalid-specifier", `${specifier} is not a version specifier.`);
  }
  return undefined;
}

function planSpecifierOnly(manifest: Manifest, entry: RequirementEntry, asked: string): EditPlan {
  const specifier = entry.grammar === "poetry" ? inPoetryStyle(manifest, entry, asked) : asked;
  const refusal = refusalOf(manifest, entry) ?? refusalOfSpecifier(specifier, entry);
  if (refusal !== undefined) return refusal;
  if (entry.url !== undefined || entry.path !== undefined || entry.vcs !== undefined) {
    return refuse(
      "direct-reference",
      "This line takes the package from one place: it has no version to choose.",
    );
  }
  if (entry.name === undefined) return refuse("no-name", "This line gives no name.");
  return entry.style === "line" || entry.style === "toml-item"
    ? planLineSpecifier(manifest, entry, specifier)
    : planTomlSpecifier(manifest, entry, specifier.trim() === "" ? "*" : specifier);
}

function planLineSpecifier(manifest: Manifest, entry: RequirementEntry, specifier: string): EditPlan {
  const { text } = manifest;
  const styled = styleLike(manifest, entry, specifier);
  if (entry.specifierSpan === undefined) {
    const at = endOfExtras(text, entry);
    if (at === undefined)
      return refuse("not-understood", "The extras are written with escapes, so the text is left alone.");
    return specifier.trim() === "" ? success([]) : replace(manifest, at, at, styled);
  }
  const { start, end } = entry.specifierSpan;
  if (styled === "") {
    // The space that stood before the specifier goes with it.
    let from = start;
    while (isBlank(text.charCodeAt(from - 1))) from--;
    return replace(manifest, from, end, "");
  }
  return replace(manifest, start, end, text[start] === "(" ? `(${styled})` : styled);
}

function planTomlSpecifier(manifest: Manifest, entry: RequirementEntry, specifier: string): EditPlan {
  const { text } = manifest;
  if (entry.specifierSpan !== undefined) {
    const { start, end } = entry.specifierSpan;
    const isOwnStyle = entry.grammar === "poetry" && /[|^]/.test(specifier);
    return replace(
      manifest,
      start,
      end,
      specifier === "*" || isOwnStyle ? specifier : styleLike(manifest, entry, specifier),
    );
  }
  if (specifier === "*") return success([]);
  const { start } = entry.span;
  if (entry.style === "toml-inline-table") {
    // Of poetry's lists of tables each is an entry, the key before them all.
    const open = text.indexOf("{", Math.max(start, entry.name!.span.end));
    const inner = /\{(\s*)(\}?)/y;
    inner.lastIndex = open;
    const [, space = "", close = ""] = inner.exec(text) ?? [];
    const item = `version = "${specifier}"`;
    if (close !== "") return replace(manifest, open + 1, open + 1, space === "" ? item : ` ${item}`);
    const at = open + 1 + space.length;
    return replace(manifest, at, at, `${item}, `);
  }
  const lineEnd = lineEndNear(text, start);
  if (text[start] === "[") {
    const after = afterLine(text, start);
    const lead = after > 0 && isLineEnd(text.charCodeAt(after - 1)) ? "" : lineEnd;
    return replace(manifest, after, after, `${lead}version = "${specifier}"${lineEnd}`);
  }
  const key = text.slice(start, /["']/.test(text[start]!) ? entry.name!.span.end + 1 : entry.name!.span.end);
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return replace(manifest, start, start, `${key}.version = "${specifier}"${lineEnd}${indent}`);
}

/** After the name and its extras, brackets included; undefined where a TOML string writes those with escapes. */
function endOfExtras(text: string, entry: RequirementEntry): number | undefined {
  const { end } = entry.name!.span;
  const brackets = /\s*\[[^\]\r\n]*\]/y;
  brackets.lastIndex = end;
  if (brackets.test(text)) return brackets.lastIndex;
  return entry.extras.length > 0 && entry.style === "toml-item" ? undefined : end;
}

/** A bare version is poetry's own pin, unless the person writes `==`. */
function inPoetryStyle(manifest: Manifest, { specifierSpan }: RequirementEntry, specifier: string): string {
  const pin = /^\s*==\s*([^\s,*|]+)\s*$/.exec(specifier)?.[1];
  const written = specifierSpan ? manifest.text.slice(specifierSpan.start, specifierSpan.end) : "";
  return pin === undefined || written.trimStart().startsWith("==") ? specifier : pin;
}

/** One bound of `^1.2` is no text of its own: its piece is written out, so that the other bound stays. */
function planPoetryClause(
  manifest: Manifest,
  entry: RequirementEntry,
  clause: Clause,
  text: string,
): EditPlan {
  if (entry.specifier.alternatives)
    return refuse("not-understood", "The line gives alternatives, so no one clause of it is changed.");
  const isOfPiece = ({ span }: Clause) => span.start === clause.span.start && span.end === clause.span.end;
  const at = entry.specifier.clauses.findIndex(
    (each) => isOfPiece(each) && each.operator === clause.operator && each.version === clause.version,
  );
  const clauses = entry.specifier.clauses.map(({ operator, version }, index) =>
    index === at ? text.trim() : `${operator}${version}`,
  );
  const pieces = entry.specifier.clauses.filter(isOfPiece).length;
  if (pieces === 1 && text.trim() !== "")
    return replace(manifest, clause.span.start, clause.span.end, text.trim());
  return planSpecifierOnly(manifest, entry, clauses.filter((each) => each !== "").join(","));
}

/** Spaces around operators and after commas as the entry has them. */
function styleLike(manifest: Manifest, entry: RequirementEntry, specifier: string): string {
  const [first, second] = entry.specifier.clauses;
  const isOpen = first !== undefined && isWide(manifest, first);
  // One clause shows no comma: who writes a space after an operator writes one after a comma.
  const isAiry = second
    ? /^\s*,[ \t]+$/.test(manifest.text.slice(first!.span.end, second.span.start))
    : isOpen;
  const comma = isAiry ? ", " : ",";
  return specifier
    .split(",")
    .map((clause) => spaced(clause, isOpen))
    .join(comma);
}

function isWide(manifest: Manifest, clause: Clause): boolean {
  const { start } = clause.versionSpan;
  return start > clause.span.start && isBlank(manifest.text.charCodeAt(start - 1));
}

function spaced(clause: string, isOpen: boolean): string {
  const match = /^\s*([<>=!~]+)\s*(.*?)\s*$/.exec(clause);
  if (match === null) return clause.trim();
  return `${match[1]}${isOpen ? " " : ""}${match[2]}`;
}
