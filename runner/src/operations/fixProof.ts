// Proves chosen fixes together: each was checked alone, and two that are right alone can contradict each other.
import type { Finding, Fix, TextEdit } from "../../../shared/src/finding/model.ts";
import { applyEdits } from "../../../shared/src/manifest/edits.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { findingsOf, type RuleConfiguration } from "../../../shared/src/rules/index.ts";
import type { CheckedRoot } from "./checkRoots.ts";
import type { Loader } from "./load.ts";

export interface ChosenFix {
  readonly finding: Finding;
  readonly fix: Fix;
}

export interface DroppedFix extends ChosenFix {
  readonly reason: string;
}

/**
 * Applies the fixes in memory and looks again, with what is known already. Where together they bring an error that was not there,
 * they are taken one after the other, and each that brings one is dropped with that error as its reason.
 */
export function proveTogether(
  chosen: readonly ChosenFix[],
  roots: readonly CheckedRoot[],
  loader: Loader,
  configuration: RuleConfiguration,
): { readonly kept: readonly ChosenFix[]; readonly dropped: readonly DroppedFix[] } {
  const changed = new Set(chosen.flatMap(({ fix }) => fix.edits.map(({ uri }) => uri)));
  const concerned = roots.filter(({ tree }) =>
    [...tree.files, ...(tree.companion ? [tree.companion] : [])].some(({ uri }) => changed.has(uri)),
  );
  const before = new Map(concerned.map((root) => [root, countErrors(root.findings.findings)]));
  const newError = (fixes: readonly ChosenFix[]): Finding | undefined => {
    const edits = editsOf(fixes);
    for (const root of concerned) {
      const findings = findingsWith(root, edits, loader, configuration);
      const known = before.get(root)!;
      const now = countErrors(findings);
      const brought = findings.find((one) => (now.get(kindOf(one)) ?? 0) > (known.get(kindOf(one)) ?? 0));
      if (brought) return brought;
    }
    return undefined;
  };
  if (chosen.length < 2 || !newError(chosen)) return { kept: chosen, dropped: [] };
  let kept: ChosenFix[] = [];
  let waiting = [...chosen];
  // Twice: what brought an error at first may be right beside what was taken after it.
  for (let round = 0; round < 2; round++) {
    const refused: ChosenFix[] = [];
    for (const one of waiting) {
      if (newError([...kept, one])) refused.push(one);
      else kept = [...kept, one];
    }
    waiting = refused;
  }
  const dropped = waiting.map((one) => {
    const message = newError([...kept, one])?.message ?? "the files would have an error";
    return {
      ...one,
      reason: `beside the other fixes it would bring an error: ${message.replace(/\.$/, "")}`,
    };
  });
  return { kept, dropped };
}

function editsOf(fixes: readonly ChosenFix[]): Map<string, TextEdit[]> {
  const edits = new Map<string, TextEdit[]>();
  for (const { fix } of fixes) {
    for (const each of fix.edits) edits.set(each.uri, [...(edits.get(each.uri) ?? []), ...each.edits]);
  }
  return edits;
}

function findingsWith(
  { tree, snapshot }: CheckedRoot,
  edits: ReadonlyMap<string, readonly TextEdit[]>,
  loader: Loader,
  configuration: RuleConfiguration,
): readonly Finding[] {
  const edited = (file: ManifestFile): ManifestFile => {
    const own = edits.get(file.uri);
    return own ? loader.withText(file, applyEdits(file.manifest.text, own)) : file;
  };
  const { companion } = tree;
  const grown = {
    ...tree,
    files: tree.files.map(edited),
    ...(companion ? { companion: edited(companion) } : {}),
  };
  return findingsOf({ tree: grown, snapshot, configuration }).findings;
}

/** Lines move when text changes: an error is the same one while it is of the same rule, package and file. */
function kindOf({ uri, rule, package: name = "" }: Finding): string {
  return `${uri}\n${rule}\n${name}`;
}

function countErrors(findings: readonly Finding[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const finding of findings) {
    if (finding.severity === "error") counts.set(kindOf(finding), (counts.get(kindOf(finding)) ?? 0) + 1);
  }
  return counts;
}
