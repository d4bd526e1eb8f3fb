// textDocument/foldingRange: tables of a Pipfile, requirements that go on over lines of hashes, blocks of comments.
import { type FoldingRange, FoldingRangeKind } from "vscode-languageserver";
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { View } from "../model.ts";

const mostRanges = 5000;

/** The folds of the document. A lock is JSON or TOML: the editor folds it. */
export function foldingRanges(view: View): FoldingRange[] {
  const { manifest } = view.file;
  if (isLockKind(manifest.kind)) return [];
  const lines = manifest.text.length > 2_000_000 ? [] : manifest.text.split(/\r\n|\n|\r/);
  // Beside an extension for TOML the editor shows each fold once.
  const isToml = manifest.kind === "pipfile" || manifest.kind === "pyproject";
  const folds = isToml ? [...tableFolds(lines), ...arrayFolds(lines)] : entryFolds(view);
  return [...folds, ...commentFolds(lines)].sort((a, b) => a.startLine - b.startLine).slice(0, mostRanges);
}

function entryFolds(view: View): FoldingRange[] {
  const { entries, lines } = view.file.manifest;
  return entries.flatMap((entry) => {
    const startLine = lines.positionAt(entry.span.start).line;
    const endLine = lines.positionAt(entry.span.end).line;
    return endLine > startLine ? [{ startLine, endLine }] : [];
  });
}

function tableFolds(lines: readonly string[]): FoldingRange[] {
  const headers = lines.flatMap((line, at) =>
    /^\s*\[{1,2}[^[\]{},]*\]{1,2}\s*(?:#.*)?$/.test(line) ? [at] : [],
  );
  return headers.flatMap((startLine, at) => {
    let endLine = (headers[at + 1] ?? lines.length) - 1;
    while (endLine > startLine && lines[endLine]?.trim() === "") endLine--;
    return endLine > startLine ? [{ startLine, endLine, kind: FoldingRangeKind.Region }] : [];
  });
}

/** Lists that go on over several lines. */
function arrayFolds(lines: readonly string[]): FoldingRange[] {
  const folds: FoldingRange[] = [];
  let start = -1;
  for (const [at, line] of lines.entries()) {
    if (/=\s*\[\s*(?:#.*)?$/.test(line)) start = at;
    if (start < 0 || !/^\s*\]/.test(line)) continue;
    if (at - start > 1) folds.push({ startLine: start, endLine: at - 1 });
    start = -1;
  }
  return folds;
}

function commentFolds(lines: readonly string[]): FoldingRange[] {
  const folds: FoldingRange[] = [];
  let start = -1;
  for (let at = 0; at <= lines.length; at++) {
    const isComment = /^\s*#/.test(lines[at] ?? "");
    if (isComment && start < 0) start = at;
    if (!isComment && start >= 0) {
      if (at - start > 1) folds.push({ startLine: start, endLine: at - 1, kind: FoldingRangeKind.Comment });
      start = -1;
    }
  }
  return folds;
}
