// Which of the checked manifests the resolver is asked about.
import type { AdvisoryThreshold } from "../../../shared/src/advisory/index.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import type { Findings, Snapshot } from "../../../shared/src/rules/index.ts";
import { appliesHere, isFromIndex, isRequirement } from "../../../shared/src/rules/place.ts";

export interface ResolveRootsOptions {
  /** Plan repairs of what advisories are known against; without it only the line's own fix is tried. */
  readonly repairs?: boolean | undefined;
  /** The whole stack is asked for: what no line narrows is resolved too. */
  readonly whole?: boolean | undefined;
  readonly allowDowngrade?: boolean | undefined;
  /** What fixes have to hold for, in place of what is declared. */
  readonly environments?: readonly EnvironmentOptions[] | undefined;
  /** From which severity on an advisory may not come in with a repair. */
  readonly severityThreshold?: AdvisoryThreshold | undefined;
}

/** A manifest with what is known of it, and what the rules find in that. */
interface KnownRoot {
  readonly tree: ManifestTree;
  readonly snapshot: Snapshot;
  readonly findings: Findings;
}

/**
 * Whether the last pass asks the resolver about a root. A lock says what is, not what is wanted; a root without a Python was told
 * to be so already. Lines that take any version, of which nothing is to be repaired, leave nothing that an edit could relax: whether
 * those resolve is for `lock` and `explain` to say, and a check stays quick. Where no index has anything of what is asked for, facts
 * have said so of each line, and a search could say no more.
 */
export function isToBeResolved(
  { tree, snapshot, findings }: KnownRoot,
  options: Pick<ResolveRootsOptions, "repairs" | "whole">,
): boolean {
  const kind = tree.files[0]?.manifest.kind;
  if (kind !== "requirements" && kind !== "constraints" && kind !== "pipfile" && kind !== "pyproject")
    return false;
  const entries = tree.files.flatMap(({ manifest }) => manifest.entries);
  const narrows = entries.some(
    (entry) =>
      (entry.kind === "requirement" || entry.kind === "constraint") &&
      (entry.specifier.clauses.length > 0 || entry.url !== undefined || entry.sources !== undefined),
  );
  const isExposed = findings.findings.some(({ rule }) => rule === "known-vulnerability");
  return (
    (narrows || isExposed || options.repairs === true || options.whole === true) &&
    entries.some((entry) => entry.kind === "requirement") &&
    snapshot.environment?.tags !== undefined &&
    !isNothingThere({ tree, snapshot, findings })
  );
}

/** Whether each line that counts here is told that no index has its project. A line that is silenced is not told. */
function isNothingThere({ tree, snapshot, findings }: KnownRoot): boolean {
  const told = new Set<string>();
  for (const { rule, severity, uri, span } of findings.findings)
    if (rule === "unknown-project" && severity === "error") told.add(`${uri}\n${span.start}`);
  if (told.size === 0) return false;
  return tree.files.every(({ uri, manifest }) =>
    manifest.entries.every((entry) => {
      if (!isRequirement(entry) || appliesHere(entry, snapshot.environment) === false) return true;
      const { start } = entry.name?.span ?? entry.span;
      return isFromIndex(entry) && told.has(`${uri}\n${start}`);
    }),
  );
}
