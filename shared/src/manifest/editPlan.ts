// What every plan of an edit shares: its result, its refusals, its application.
import type { TextEdit } from "../finding/model.ts";
import { failure, type Result, success } from "../result.ts";
import { isLockKind } from "./kind.ts";
import type { Manifest, RequirementEntry } from "./model.ts";

/** Why no edit is offered, in a sentence. */
export interface EditRefusal {
  readonly code:
    | "not-understood"
    | "lock-file"
    | "direct-reference"
    | "no-name"
    | "invalid-version"
    | "invalid-specifier"
    | "invalid-name"
    | "invalid-hash"
    | "invalid-rule"
    | "hashes-needed"
    | "not-alone";
  readonly message: string;
}

/** The edits of one change, none where the text says it already. */
export type EditPlan = Result<readonly TextEdit[], EditRefusal>;

export function refuse(code: EditRefusal["code"], message: string): EditPlan {
  return failure({ code, message });
}

/** An edit, or none where it would write what stands there. */
export function replace(manifest: Manifest, start: number, end: number, newText: string): EditPlan {
  if (manifest.text.slice(start, end) === newText) return success([]);
  return success([{ span: { start, end }, newText }]);
}

/** The refusal that stands before every edit of an entry: of a lock, or of a line that is not understood. */
export function refusalOf(manifest: Manifest, entry: RequirementEntry): EditPlan | undefined {
  if (isLockKind(manifest.kind) || entry.style === "json") {
    return refuse("lock-file", "A lock is not edited: it is made anew from its manifest.");
  }
  if (!entry.understood)
    return refuse("not-understood", "A part of this line is not understood, so it is left alone.");
  return undefined;
}

/** The line end that the text uses where it stands. */
export function lineEndNear(text: string, offset: number): string {
  const next = text.indexOf("\n", offset);
  const at = next >= 0 ? next : text.lastIndexOf("\n", offset);
  return at > 0 && text[at - 1] === "\r" ? "\r\n" : "\n";
}

/**
 * The text with the edits made. They count in the text as it was; insertions at one place keep their order.
 *
 * Throws a RangeError where edits overlap or lie outside of the text: that is a fault of whoever planned them.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const sorted = edits.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  const parts: string[] = [];
  let at = 0;
  for (const { span, newText } of sorted) {
    if (span.start < at || span.end < span.start || span.end > text.length) {
      throw new RangeError(
        `The edit of ${span.start} to ${span.end} overlaps another or lies outside of the text.`,
      );
    }
    parts.push(text.slice(at, span.start), newText);
    at = span.end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}
