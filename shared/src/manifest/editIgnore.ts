// The comment that silences a rule on one entry, added or extended.
import { success } from "../result.ts";
import { placeOfItemComment } from "./editItem.ts";
import { type EditPlan, refusalOf, refuse, replace } from "./editPlan.ts";
import { readIgnore } from "./ignores.ts";
import type { Manifest, RequirementEntry } from "./model.ts";

/** Silences one rule on an entry: `# thoth: ignore[rule]` behind it, or the rule added to the comment that is there. */
export function planIgnore(manifest: Manifest, entry: RequirementEntry, rule: string): EditPlan {
  const refusal = refusalOf(manifest, entry);
  if (refusal !== undefined) return refusal;
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(rule))
    return refuse("invalid-rule", `${rule} is not the name of a rule.`);
  const remark = `# thoth: ignore[${rule}]`;
  if (entry.comment === undefined) {
    const at = placeOfComment(manifest.text, entry);
    if (at === undefined) return refuse("not-alone", "The entry shares its line with others.");
    return replace(manifest, at, at, `  ${remark}`);
  }
  const { text, span } = entry.comment;
  if (span.end - span.start !== text.length) {
    return refuse("not-understood", "The comment goes on over several lines, so it is left alone.");
  }
  const found = readIgnore(text);
  if (found === undefined) {
    const end = span.start + text.trimEnd().length;
    return replace(manifest, end, end, `  ${remark}`);
  }
  if (found.rules.length === 0 || found.rules.includes(rule)) return success([]);
  const list = text.slice(found.list!.start, found.list!.end);
  const end = span.start + found.list!.start + list.trimEnd().length;
  return replace(manifest, end, end, `${list.includes(",") && !list.includes(", ") ? "," : ", "}${rule}`);
}

/** Where a comment on the entry begins: behind its last line, or behind a table's header. Undefined where more follows there. */
function placeOfComment(text: string, entry: RequirementEntry): number | undefined {
  const isTable = entry.style === "toml-table" && text[entry.span.start] === "[";
  if (isTable) {
    const header = /[^\r\n]*/y;
    header.lastIndex = entry.span.start;
    return entry.span.start + header.exec(text)![0].trimEnd().length;
  }
  const { end } = entry.span;
  if (entry.style === "line") return end;
  if (entry.style === "toml-item") return placeOfItemComment(text, entry);
  return /[ \t]*(?:\r?\n|$)/y.test(text.slice(end, end + 200)) ? end : undefined;
}
