// textDocument/inlayHint: at most one hint per line, the most useful one.
import type { InlayHint } from "vscode-languageserver";
import { sayAdvisories } from "../../../shared/src/advisory/index.ts";
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { compareVersions, parseVersion } from "../../../shared/src/packaging/index.ts";
import { describeRequirement, type RequirementView } from "../../../shared/src/rules/index.ts";
import { sayAge } from "../../../shared/src/rules/words.ts";
import type { Position, Range } from "../../../shared/src/text/span.ts";
import { requirementsIn } from "../at.ts";
import { say } from "../l10n.ts";
import { plain } from "../markdown.ts";
import type { View } from "../model.ts";

/** No editor shows more lines than this at once. */
const mostHints = 2000;

/** Behind more characters than this, nobody sees a hint. */
const longestLine = 10_000;

/** The hints of the lines in the range. */
export function inlayHints(view: View, range: Range): InlayHint[] {
  if (!view.settings["inlayHints.enable"] || view.refused !== undefined) return [];
  const { lines } = view.file.manifest;
  const hints: InlayHint[] = [];
  const taken = new Set<number>();
  for (const entry of requirementsIn(view.file.manifest, lines.spanOf(range))) {
    const position = endOfFirstLine(view, entry);
    if (taken.has(position.line)) continue;
    const hint = hintFor(view, entry);
    if (!hint) continue;
    taken.add(position.line);
    hints.push({
      position,
      label: [{ value: hint.label, tooltip: { kind: "markdown", value: hint.tooltip } }],
      paddingLeft: true,
    });
    if (hints.length >= mostHints) break;
  }
  return hints;
}

/** Behind the entry, or behind its version where it goes on over several lines. */
function endOfFirstLine(view: View, entry: RequirementEntry): Position {
  const { kind, lines } = view.file.manifest;
  const start = lines.positionAt(entry.span.start);
  const end = lines.positionAt(entry.span.end);
  if (start.line === end.line) return end;
  const own = [entry.name, ...entry.extras].reduce(
    (last, part) => Math.max(last, part?.span.end ?? 0),
    entry.span.start,
  );
  const place = lines.positionAt(Math.max(own, entry.specifierSpan?.end ?? 0));
  // In TOML and JSON that is inside a string.
  const isQuoted = kind === "pipfile" || kind === "pyproject" || isLockKind(kind);
  return isQuoted ? endOfLine(view, place.line) : place;
}

function endOfLine(view: View, line: number): Position {
  const { lines, text } = view.file.manifest;
  const start = lines.offsetAt({ line, character: 0 });
  const [drawn = ""] = /^[^\r\n]*/.exec(text.slice(start, start + longestLine)) ?? [];
  return lines.positionAt(start + drawn.trimEnd().length);
}

function hintFor(view: View, entry: RequirementEntry): { label: string; tooltip: string } | undefined {
  const described = describeRequirement(view, { file: view.file, entry });
  if (described.state !== "known" || described.applies === false) return undefined;
  const tooltip = plain(described.verdict, 400);
  const failed = failedLabel(view, described);
  if (failed) return { label: failed, tooltip };
  const { open = [], fixedIn } = described.vulnerability ?? {};
  if (open.length > 0) {
    const { length } = open;
    const bad = open.some((match) => match.malicious);
    const label = bad ? say("malicious") : length === 1 ? say("1 advisory") : say("{0} advisories", length);
    return { label, tooltip: `${tooltip} · ${sayAdvisories(open, fixedIn)}` };
  }
  if (described.currentRelease?.yanked !== undefined) return { label: say("yanked"), tooltip };
  const newest = described.newestCompatible;
  if (newest && described.current && isNewer(newest.version, described.current.version)) {
    return { label: say("{0} available", newest.version), tooltip };
  }
  const validated = validatedAge(view, described);
  if (validated !== undefined) return { label: say("validated"), tooltip: `${tooltip} · ${validated}` };
  return undefined;
}

function failedLabel(view: View, described: RequirementView): string | undefined {
  const { inspection } = view.snapshot;
  if (!inspection?.current || inspection.failure?.requirement !== described.normalizedName) return undefined;
  return say("fails here");
}

function validatedAge(view: View, described: RequirementView): string | undefined {
  const { inspection } = view.snapshot;
  if (!inspection?.current || inspection.outcome !== "passed") return undefined;
  if (!inspection.packages.some((item) => item.name === described.normalizedName)) return undefined;
  return sayAge(inspection.finished, view.snapshot.now);
}

function isNewer(a: string, b: string): boolean {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return left !== undefined && right !== undefined && compareVersions(left, right) > 0;
}
