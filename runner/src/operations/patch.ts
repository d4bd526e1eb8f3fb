// A change of a manifest as a unified diff that can be applied and shows no login: lines around the change that hold one stay out of it.
import type { StructuredPatch, StructuredPatchHunk } from "diff";
import { redactText } from "../index/index.ts";

/** The diff of a file at `path`, as it is shown. A line that is changed itself and holds a login is shown without it. */
export async function patchOf(path: string, before: string, after: string): Promise<string> {
  const { formatPatch, structuredPatch } = await import("diff");
  const patch = structuredPatch(path, path, before, after, "", "", { context: 2 });
  const shown: StructuredPatch = { ...patch, hunks: patch.hunks.flatMap(withoutLogins) };
  return formatPatch(shown, { includeIndex: false, includeUnderline: false, includeFileHeaders: true });
}

const holdsLogin = (line: string): boolean => /:\/\/[^\s]*@|\?/.test(line) && redactText(line) !== line;

/** The hunk in the parts that its lines with logins leave; what has no change in it is left out. */
function withoutLogins(hunk: StructuredPatchHunk): StructuredPatchHunk[] {
  const parts: StructuredPatchHunk[] = [];
  let [oldAt, newAt] = [hunk.oldStart, hunk.newStart];
  let lines: string[] = [];
  let [oldStart, newStart] = [oldAt, newAt];
  const close = (): void => {
    if (lines.some((line) => /^[+-]/.test(line)))
      parts.push({ oldStart, newStart, oldLines: oldAt - oldStart, newLines: newAt - newStart, lines });
    lines = [];
  };
  for (const line of hunk.lines) {
    const kind = line[0];
    const isHidden = kind === " " && holdsLogin(line);
    if (isHidden) close();
    if (kind !== "+" && kind !== "\\") oldAt++;
    if (kind !== "-" && kind !== "\\") newAt++;
    if (isHidden) [oldStart, newStart] = [oldAt, newAt];
    else lines.push(holdsLogin(line) ? `${kind}${redactText(line.slice(1))}` : line);
  }
  close();
  return parts;
}
