// Edits of a pylock.toml that moves along with what it was made from: the packages that move, and nothing else of its text.
import { success } from "../result.ts";
import { type EditPlan, lineEndNear, refuse } from "./editPlan.ts";
import type { Manifest } from "./model.ts";

export interface PylockMove {
  /** PEP 503 form. */
  readonly name: string;
  /** Its tables as they are to stand, `[[packages]]` first, lines without their ends. None: the package goes. */
  readonly blocks: readonly (readonly string[])[];
}

/** The edits of a lock's text; refused where its packages are not tables that begin with `[[packages]]`. */
export function planPylockChange(manifest: Manifest, moves: readonly PylockMove[]): EditPlan {
  const { text, pylock } = manifest;
  if (pylock === undefined || manifest.errors.length > 0) {
    return refuse("lock-file", "The lock cannot be read as it is, so it is not edited.");
  }
  const blocks = blocksOf(text);
  if (blocks.length !== pylock.packages.length) {
    return refuse("lock-file", "The lock is not written as tables of [[packages]]: lock it anew.");
  }
  const eol = lineEndNear(text, 0);
  const names = pylock.packages.map(({ name }) => name);
  const moved = new Set(moves.map(({ name }) => name));
  const print = (lines: readonly string[]): string => lines.map((line) => line + eol).join("");
  const edits: { span: { start: number; end: number }; newText: string }[] = [];
  for (const { name, blocks: after } of moves) {
    const places = names.flatMap((other, at) => (other === name ? [at] : []));
    if (places.length > 0 && after.length === places.length) {
      places.forEach((at, which) => {
        const { start, end } = blocks[at]!;
        edits.push({ span: { start, end }, newText: print(after[which]!) });
      });
      continue;
    }
    const whole = after.map((lines) => print(lines)).join(eol);
    if (places.length > 0) {
      places.forEach((at, which) => {
        const { start, whole: end } = blocks[at]!;
        edits.push({ span: { start, end }, newText: which === 0 && whole !== "" ? whole + eol : "" });
      });
      continue;
    }
    const next = names.findIndex((other) => other > name && !moved.has(other));
    const at = next >= 0 ? blocks[next]!.start : (blocks.at(-1)?.end ?? text.length);
    edits.push({ span: { start: at, end: at }, newText: next >= 0 ? whole + eol : eol + whole });
  }
  return success(edits.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end));
}

interface Block {
  readonly start: number;
  /** After the line end of its last line that says something. */
  readonly end: number;
  /** The blank lines below it included. */
  readonly whole: number;
}

/** The tables of the packages, in the order of the text, with the sub-tables of each. */
function blocksOf(text: string): Block[] {
  const heads = [...text.matchAll(/^[ \t]*\[\[?[ \t]*([^\]\n]*?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?$/gm)];
  const starts = heads.filter((head) => /^[ \t]*\[\[[ \t]*packages[ \t]*\]\]/.test(head[0]));
  return starts.map((head): Block => {
    const next = heads.find(
      (other) =>
        other.index > head.index &&
        (!/^packages\s*\./.test(other[1]!) || /^[ \t]*\[\[[ \t]*packages[ \t]*\]\]/.test(other[0])),
    );
    const whole = next?.index ?? text.length;
    const said = text.slice(head.index, whole).replace(/\s*$/, "");
    const lineEnd = text.indexOf("\n", head.index + said.length);
    const end = lineEnd < 0 || lineEnd >= whole ? whole : lineEnd + 1;
    return { start: head.index, end, whole };
  });
}
