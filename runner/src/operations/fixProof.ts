// Proves chosen fixes together: each was checked alone, and two that are right alone can contradict each other.
import type { StackEdits } from "../../../shared/src/facts/stack.ts";
import type { Finding, Fix, TextEdit } from "../../../shared/src/finding/model.ts";
import { applyEdits } from "../../../shared/src/manifest/edits.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { choosesVersion, findingsOf, type RuleConfiguration } from "../../../shared/src/rules/index.ts";
import type { CheckedRoot } from "./checkRoots.ts";
import type { ResolvedRoot } from "./checkStacks.ts";
import type { Loader } from "./load.ts";
import { FixProver } from "./stackFacts.ts";

export interface ChosenFix {
  readonly finding: Finding;
  readonly fix: Fix;
}

export interface DroppedFix extends ChosenFix {
  readonly reason: string;
}

/**
 * Applies the fixes in memory and looks again, with what is known already. Where together they bring an error that was not there,
 * or choose versions that do not resolve, they are taken one after the other, and each that does so is dropped with its reason.
 */
export async function proveTogether(
  chosen: readonly ChosenFix[],
  roots: readonly ResolvedRoot[],
  loader: Loader,
  configuration: RuleConfiguration,
  signal: AbortSignal,
): Promise<{ readonly kept: readonly ChosenFix[]; readonly dropped: readonly DroppedFix[] }> {
  const changed = new Set(chosen.flatMap(({ fix }) => fix.edits.map(({ uri }) => uri)));
  const concerned = roots.filter(({ tree }) =>
    [...tree.files, ...(tree.companion ? [tree.companion] : [])].some(({ uri }) => changed.has(uri)),
  );
  const before = new Map(concerned.map((root) => [root, countErrors(root.findings.findings)]));
  const newError = async (fixes: readonly ChosenFix[]): Promise<string | undefined> => {
    const edits = editsOf(fixes);
    for (const root of concerned) {
      const findings = findingsWith(root, edits, loader, configuration);
      const known = before.get(root)!;
      const now = countErrors(findings);
      const brought = findings.find((one) => (now.get(kindOf(one)) ?? 0) > (known.get(kindOf(one)) ?? 0));
      if (brought) return brought.message;
    }
    if (!fixes.some(({ fix }) => choosesVersion(fix))) return undefined;
    const all: StackEdits[] = [...edits].map(([uri, list]) => ({ uri, edits: list }));
    for (const { searched, guard, tree, snapshot } of concerned) {
      // Beside a lock this is not the stack that is installed: what comes in there was looked at with the lock.
      const isLocked = tree.companion !== undefined || (snapshot.stack?.locks ?? []).length > 0;
      const prover = searched && new FixProver(searched, signal, isLocked ? undefined : guard);
      const proof = await prover?.prove(all);
      if (proof && !proof.resolves) return proof.reason;
    }
    return undefined;
  };
  if (chosen.length < 2 || (await newError(chosen)) === undefined) return { kept: chosen, dropped: [] };
  let kept: ChosenFix[] = [];
  let waiting = [...chosen];
  // Twice: what brought an error at first may be right beside what was taken after it.
  for (let round = 0; round < 2; round++) {
    const refused: ChosenFix[] = [];
    for (const one of waiting) {
      if ((await newError([...kept, one])) !== undefined) refused.push(one);
      else kept = [...kept, one];
    }
    waiting = refused;
  }
  const dropped: DroppedFix[] = [];
  for (const one of waiting) {
    const message = (await newError([...kept, one])) ?? "the files would have an error";
    dropped.push({
      ...one,
      reason: `beside the other fixes it would bring an error: ${message.replace(/\.$/, "")}`,
    });
  }
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
