// Edits of requirements that are items of a TOML array: taken out with their comma, or given a comment.
import { success } from "../result.ts";
import type { EditPlan } from "./editPlan.ts";
import type { Manifest, RequirementEntry } from "./model.ts";

/** Takes an item out of its array: with its line and comment where it stands alone, else with its comma. */
export function planRemoveItem({ text }: Manifest, entry: RequirementEntry): EditPlan {
  const { start, end } = entry.span;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const rest = /[ \t]*,?[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)/y;
  rest.lastIndex = end;
  if (text.slice(lineStart, start).trim() === "" && rest.test(text)) {
    return success([{ span: { start: lineStart, end: rest.lastIndex }, newText: "" }]);
  }
  const comma = /[ \t]*,[ \t]*/y;
  comma.lastIndex = end;
  if (comma.test(text)) return success([{ span: { start, end: comma.lastIndex }, newText: "" }]);
  // The last of its line: the comma before it goes, where no comment stands between.
  const before = /,\s*$/.exec(text.slice(Math.max(0, start - 200), start));
  return success([{ span: { start: start - (before?.[0].length ?? 0), end }, newText: "" }]);
}

/** Where a comment on an item begins: behind its comma, or behind an array that is one line. Undefined where more follows. */
export function placeOfItemComment(text: string, entry: RequirementEntry): number | undefined {
  const { start, end } = entry.span;
  const found = text.indexOf("\n", end);
  const line = text.slice(end, found < 0 ? text.length : found).replace(/\r$/, "");
  const alone = /^[ \t]*,?(?=[ \t]*$)/.exec(line);
  if (alone) return end + alone[0].trimEnd().length;
  const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const others = /^(?:[ \t,]|"(?:[^"\\]|\\.)*"|'[^']*')*\](?=[ \t]*$)/.exec(line.slice(0, 5000));
  return others && before.includes("[") ? end + others[0].length : undefined;
}
