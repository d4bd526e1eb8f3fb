// What `check` says of where locked packages come from: the checks of provenance over each lock, as findings beside the others.
import type { ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { ProvenanceFacts } from "../../../shared/src/facts/provenance.ts";
import type { Calls, NotChecked } from "../../../shared/src/protocol/operation.ts";
import type { ProvenanceInput } from "../../../shared/src/protocol/provenance.ts";
import { findingsOf } from "../../../shared/src/rules/index.ts";
import {
  type CheckedRoot,
  type CheckRootsInput,
  type CheckSession,
  closeFinders,
  ruleConfigurationOf,
} from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import type { Loader } from "./load.ts";

/** A manifest of which some line is held to a digest: what it installs can be told. */
export function isLocked({ tree }: Pick<CheckedRoot, "tree">): boolean {
  const files = tree.companion ? [...tree.files, tree.companion] : tree.files;
  return files.some(
    ({ manifest }) =>
      manifest.kind === "pipfile-lock" ||
      manifest.kind === "pylock" ||
      manifest.entries.some(
        (entry) => (entry.kind === "requirement" || entry.kind === "constraint") && entry.hashes.length > 0,
      ),
  );
}

/** Adds what the checks of provenance say of every locked root. Cancelled, it answers with what there is. */
export async function addProvenance<Session extends CheckSession>(
  context: OperationContext,
  input: CheckRootsInput,
  session: Session,
  loader: Loader,
  calls: Pick<Calls<never>, "progress" | "warn">,
  signal: AbortSignal,
): Promise<Session> {
  if (!session.roots.some(isLocked) || signal.aborted) return session;
  const [{ checkProvenanceOf }, { RequestBudget }, { notCheckedOf, MOST_REQUESTS }] = await Promise.all([
    import("./provenanceRoot.ts"),
    import("./provenanceIndexes.ts"),
    import("./provenance.ts"),
  ]);
  // What the finders have in hand is written, so that no page is asked for twice.
  await closeFinders(session);
  const configuration = ruleConfigurationOf(input);
  const budget = new RequestBudget(MOST_REQUESTS);
  const asked: ProvenanceInput = {
    ...input,
    paths: [],
    constraints: [],
    texts: {},
    allArtifacts: false,
    download: false,
  };
  const roots: CheckedRoot[] = [];
  const notChecked: NotChecked[] = [];
  const seen = new Set<string>();
  for (const root of session.roots) {
    if (signal.aborted || !isLocked(root)) {
      roots.push(root);
      continue;
    }
    const found = await checkProvenanceOf({
      context,
      input: asked,
      root,
      loader,
      budget,
      seen,
      advisories: advisoriesOf(root),
      signal,
      calls: { ...calls, package: () => {} },
    });
    const provenance: ProvenanceFacts = {
      packages: found.packages,
      files: found.files,
      basis: found.basis,
      checked: context.now(),
    };
    notChecked.push(
      ...summaryOf(loader.display(root.path), notCheckedOf(found.files, found.packages, signal.aborted)),
    );
    const snapshot = { ...root.snapshot, number: root.snapshot.number + 1, provenance };
    roots.push({ ...root, snapshot, findings: findingsOf({ tree: root.tree, snapshot, configuration }) });
  }
  return {
    ...session,
    roots,
    notChecked: [...session.notChecked, ...newOnes(session.notChecked, notChecked)],
  };
}

/** What was read of advisories for the findings of a root. */
function advisoriesOf({ snapshot }: CheckedRoot): ReadonlyMap<string, ProjectAdvisories> {
  const known = [...snapshot.projects.values()].flatMap(({ name, advisories }) =>
    advisories ? [[name, advisories] as const] : [],
  );
  return new Map(known);
}

/**
 * What nothing requires is counted in one sentence, with where it is told line by line: in a check it would bury the findings.
 * What a policy requires stands for itself.
 */
function summaryOf(path: string, items: readonly NotChecked[]): NotChecked[] {
  const required = items.filter((item) => item.required !== false);
  const others = items.length - required.length;
  if (others === 0) return required;
  const reason = `${others} ${others === 1 ? "check" : "checks"} of where its packages come from could not be made; thoth provenance ${path} says which and why`;
  return [...required, { what: path, reason, required: false }];
}

/** What is said of a package already is not said again of each of its checks: the reason is the same. */
function newOnes(known: readonly NotChecked[], more: readonly NotChecked[]): NotChecked[] {
  const said = new Set(known.map(({ what }) => what.split(/[ (]/)[0]));
  return more.filter(({ what, reason }) => {
    const name = what.split(/[ (]/)[0]!;
    return !said.has(name) && !/advisories are stored|advisories$/.test(reason);
  });
}
