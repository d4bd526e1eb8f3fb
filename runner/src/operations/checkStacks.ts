// The last pass of `check` and `fix`: whether each manifest resolves, and whether the fixes of its findings do.
import { existsSync } from "node:fs";
import { type FixProof, proofKey, type StackFacts } from "../../../shared/src/facts/stack.ts";
import type { Fix } from "../../../shared/src/finding/model.ts";
import type { NotChecked } from "../../../shared/src/protocol/operation.ts";
import {
  findingsOf,
  isConflictTold,
  type RuleConfiguration,
  repairsFor,
} from "../../../shared/src/rules/index.ts";
import {
  type CheckedRoot,
  type CheckRootsInput,
  type CheckSession,
  ruleConfigurationOf,
} from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { AdvisoryGuard } from "./knownAdvisories.ts";
import type { Loader } from "./load.ts";
import { isToBeResolved, type ResolveRootsOptions } from "./resolvable.ts";
import type { FixProver, SearchedStack } from "./stackFacts.ts";

/** More fixes than this in one manifest are not tried. */
const MOST_PROOFS = 100;

export interface ResolvedRoot extends CheckedRoot {
  /** Absent where nothing could be searched: the snapshot's stack says why. */
  readonly searched?: SearchedStack;
  /** What fixes of it may not bring in. */
  readonly guard?: AdvisoryGuard | undefined;
}

export interface ResolvedSession extends CheckSession {
  readonly roots: readonly ResolvedRoot[];
  /** Ends the clients of the searches; what they have in hand is written. */
  closeStacks(): Promise<void>;
}

/** Resolves what was checked, so that the findings hold the resolver's word. Cancelled, it answers with what there is. */
export async function resolveRoots(
  context: OperationContext,
  input: CheckRootsInput & { readonly trustedRoot?: string | undefined },
  session: CheckSession,
  loader: Loader,
  signal: AbortSignal,
  options: ResolveRootsOptions = {},
): Promise<ResolvedSession> {
  const configuration = ruleConfigurationOf(input);
  const closers: (() => Promise<void>)[] = [];
  const { sources, locks } = options.repairs
    ? await sourcesBeside(session.roots, loader)
    : { sources: [], locks: new Set<CheckedRoot>() };
  const roots: ResolvedRoot[] = [];
  for (const root of [...session.roots, ...sources]) {
    // A lock is repaired from what it was made from.
    const own = locks.has(root) ? { ...options, repairs: false } : options;
    if (signal.aborted || !isToBeResolved(root, own)) {
      roots.push(root);
      continue;
    }
    try {
      roots.push(await resolveRoot(context, input, root, loader, configuration, closers, signal, own));
    } catch (error) {
      if (!signal.aborted) throw error;
      roots.push(root);
    }
  }
  return {
    ...session,
    roots: shareRepairs(roots).slice(0, session.roots.length),
    notChecked: withStacks(session.notChecked, roots),
    async closeStacks() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

/** The roots that are locks of a manifest, and those of the manifests that nobody named. */
async function sourcesBeside(
  roots: readonly CheckedRoot[],
  loader: Loader,
): Promise<{ readonly sources: readonly CheckedRoot[]; readonly locks: ReadonlySet<CheckedRoot> }> {
  const { sourcesOfLock } = await import("./repairLocks.ts");
  const sources: CheckedRoot[] = [];
  const locks = new Set<CheckedRoot>();
  const known = new Set(roots.map(({ path }) => path));
  for (const root of roots) {
    for (const path of sourcesOfLock(root)) {
      if (!known.has(path)) {
        if (!existsSync(path)) continue;
        const { roots: loaded } = await loader.roots([path]);
        sources.push(...loaded.map((source) => ({ ...root, ...source })));
        known.add(path);
      }
      if (path !== root.path) locks.add(root);
    }
  }
  return { sources, locks };
}

async function resolveRoot(
  context: OperationContext,
  input: CheckRootsInput & { readonly trustedRoot?: string | undefined },
  root: CheckedRoot,
  loader: Loader,
  configuration: RuleConfiguration,
  closers: (() => Promise<void>)[],
  signal: AbortSignal,
  options: ResolveRootsOptions,
): Promise<ResolvedRoot> {
  // A lock is not resolved, and neither is what narrows nothing: what resolves is loaded where something does.
  const [{ askRoot }, { addRelaxations, FixProver, searchStack, unaskable }] = await Promise.all([
    import("./question.ts"),
    import("./stackFacts.ts"),
  ]);
  const { environment } = root.snapshot;
  const question = { ...input, path: root.path, constraints: [], resolution: "highest" as const };
  const quiet = { warn: () => {} };
  let searched: SearchedStack;
  try {
    const asked = await askRoot(context, question, { loader, root, environment }, quiet, signal, {
      allSections: true,
      lenient: true,
    });
    closers.push(() => asked.close());
    const { repairScopeFor } = await import("./repairScope.ts");
    const environments = options.environments && [...options.environments];
    const scope = await repairScopeFor(context, { ...input, environments }, asked, signal);
    searched = { ...(await searchStack(asked, context.now(), signal)), scope };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return withStack(root, unaskable(root, error, context.now()), configuration);
  }
  const { addDisagreements } = await import("./wheelMetadata.ts");
  const snapshot = { ...root.snapshot, stack: searched.facts };
  // What would help against a conflict is told with it: where facts have said of its line all there is, nobody would see it.
  const isTold = isConflictTold({ tree: root.tree, snapshot, configuration }, root.findings.findings);
  const relaxed = isTold ? await addRelaxations(searched, signal) : searched.facts;
  const compared = await addDisagreements(searched, relaxed, signal);
  const { addAdvisories } = await import("./repairs.ts");
  const wanted = options.repairs ? "whole" : undefined;
  const facts = await addAdvisories(context, input, searched, compared, signal, { ...options, wanted });
  const first = withStack(root, facts, configuration);
  const { unproven } = first.findings;
  const guard = await guardFor(context, searched, options);
  const proofs = await proveAll(unproven, new FixProver(searched, signal, guard));
  if (Object.keys(proofs).length === 0) return { ...first, searched, guard };
  // Where the line alone cannot be raised, what clears it is looked for in the whole stack.
  const isStuck = unproven.some(({ kind, edits }) => {
    const proof = kind === "raise-fixed" ? proofs[proofKey(edits)] : undefined;
    return proof?.resolves === false && proof.code !== "not-checked";
  });
  const planned = isStuck
    ? await addAdvisories(context, input, searched, compared, signal, { ...options, wanted: "each" })
    : facts;
  return { ...withStack(root, { ...planned, proofs }, configuration), searched, guard };
}

/** What may not come in with a fix; undefined where nothing is known, or nothing of today to hold it against. */
async function guardFor(
  context: OperationContext,
  { resolution }: SearchedStack,
  { severityThreshold }: ResolveRootsOptions,
): Promise<AdvisoryGuard | undefined> {
  const knowledge = await context.knowledge();
  if (resolution.kind !== "solved" || knowledge.advisories.sources().length === 0) return undefined;
  const { createAdvisoryGuard, createLookup } = await import("./knownAdvisories.ts");
  return createAdvisoryGuard(createLookup(knowledge), resolution.pins, context.now(), severityThreshold);
}

function withStack(root: CheckedRoot, stack: StackFacts, configuration: RuleConfiguration): CheckedRoot {
  const snapshot = { ...root.snapshot, number: root.snapshot.number + 1, stack };
  return { ...root, snapshot, findings: findingsOf({ tree: root.tree, snapshot, configuration }) };
}

async function proveAll(fixes: readonly Fix[], prover: FixProver): Promise<Record<string, FixProof>> {
  const proofs: Record<string, FixProof> = {};
  for (const { edits } of fixes.slice(0, MOST_PROOFS)) {
    const key = proofKey(edits);
    proofs[key] ??= await prover.prove(edits);
  }
  return proofs;
}

/** A lock that moves with its Pipfile is repaired there: its own findings have that repair too. */
function shareRepairs(roots: readonly ResolvedRoot[]): ResolvedRoot[] {
  const byLock = new Map<string, ResolvedRoot>();
  for (const root of roots) {
    for (const { uri } of root.snapshot.stack?.locks ?? []) byLock.set(uri, root);
    if (root.tree.companion) byLock.set(root.tree.companion.uri, root);
  }
  return roots.map((root) => {
    const { stack } = byLock.get(root.tree.root)?.snapshot ?? {};
    if (!stack?.repairs) return root;
    const findings = root.findings.findings.map((finding) =>
      finding.rule === "known-vulnerability"
        ? { ...finding, fixes: repairsFor(stack, finding.package) }
        : finding,
    );
    return { ...root, findings: { ...root.findings, findings } };
  });
}

/** What the stacks add to what was not checked. */
function withStacks(items: readonly NotChecked[], roots: readonly ResolvedRoot[]): NotChecked[] {
  const known = new Set(items.map(({ what, reason }) => `${what}\n${reason}`));
  const more = roots.flatMap(({ findings }) => findings.notChecked);
  const all = [...items];
  for (const item of more) {
    const key = `${item.what}\n${item.reason}`;
    if (known.has(key) || !item.what.startsWith("whether ")) continue;
    known.add(key);
    all.push(item);
  }
  return all;
}
