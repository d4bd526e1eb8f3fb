// Checks of a manifest's files themselves: the indexes that they name, the lock's hash, and what no longer holds of the policy.
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { MergedPolicy } from "../../../shared/src/policy/index.ts";
import type { FileProvenance } from "../../../shared/src/protocol/provenance.ts";
import {
  type CheckDraft,
  checkIndexUse,
  checkLockHash,
  type IndexUse,
  type JudgeOptions,
  judge,
  lockedFilesOf,
} from "../provenance/index.ts";
import type { RootInput } from "./provenanceModel.ts";

export interface FileChecks {
  readonly uses: readonly IndexUse[];
  readonly policy: MergedPolicy;
  readonly judging: JudgeOptions;
  /** The acceptances that were found expired in the checks of packages. */
  readonly expired: Map<string, CheckDraft>;
}

/** What is to be said of the files of a manifest, once its packages are checked: one entry, of the first that locks. */
export function checkFiles(
  { root: { tree }, loader }: Pick<RootInput, "root" | "loader">,
  { uses, policy, judging, expired }: FileChecks,
): FileProvenance[] {
  const [first] = lockedFilesOf(tree);
  if (!first) return [];
  const judged = (draft: CheckDraft): FileProvenance["checks"] => judge([draft], undefined, judging, expired);
  const checks: FileProvenance["checks"] = uses.flatMap((use) => {
    const place = sourcePlace(tree, use.written);
    const range = place && place.uri === first.uri ? { range: place.range } : {};
    return checkIndexUse(use, policy)
      .flatMap(judged)
      .map((check) => ({ ...check, ...range }));
  });
  if (first.manifest.kind === "pipfile-lock") {
    const pipfile = tree.files.find(({ manifest }) => manifest.kind === "pipfile") ?? tree.companion;
    const { lines, lock } = first.manifest;
    const range = lock?.hash ? { range: lines.rangeOf(lock.hash.span) } : {};
    checks.push(...judged(checkLockHash(first, pipfile)).map((check) => ({ ...check, ...range })));
  }
  const unheard: CheckDraft[] = policy.unheard.map((message) => ({
    rule: "policy",
    state: "failed",
    message,
    next: "Take it out, or have it changed where it was set.",
    evidence: [{ source: "policy", freshness: "fresh" }],
  }));
  checks.push(...judge([...unheard, ...expired.values()], undefined, judging, new Map()));
  return [{ path: loader.displayUri(first.uri), checks }];
}

/** Where the address of an index stands in the manifests of a tree. */
function sourcePlace(tree: ManifestTree, written: string | undefined) {
  if (written === undefined) return undefined;
  for (const file of [...tree.files, ...(tree.companion ? [tree.companion] : [])]) {
    for (const entry of file.manifest.entries) {
      const place = entry.kind === "source" ? entry.url : entry.kind === "option" ? entry.value : undefined;
      if (place?.text === written) return { uri: file.uri, range: file.manifest.lines.rangeOf(place.span) };
    }
  }
  return undefined;
}
