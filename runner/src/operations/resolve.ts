// `resolve`: a manifest as it stands in the editor, on indexes that stay open: its status first, then what would help.
import { resolve as resolvePath } from "node:path";
import { proofKey, type StackFacts } from "../../../shared/src/facts/stack.ts";
import type { ResolveInput, ResolveOutput, ResolvePartial } from "../../../shared/src/protocol/resolve.ts";
import { environmentFor } from "./checkRoots.ts";
import type { Operation, OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { type LoadedRoot, Loader } from "./load.ts";
import { proposeNewest } from "./newestStack.ts";
import { askRoot } from "./question.ts";
import { findSettingRelaxations } from "./settingTrials.ts";
import { shelfOf } from "./shelf.ts";
import {
  addRelaxations,
  FixProver,
  type SearchedStack,
  searchStack,
  unaskable,
  untilAborted,
} from "./stackFacts.ts";

/** Never fails for what the manifest says: what cannot be resolved is `not-checked`, with its reason. */
export const resolveManifest: Operation<ResolveInput, ResolveOutput, ResolvePartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const shelf = shelfOf(context);
  if (input.refresh) {
    shelf.clear();
    const { forgetFailedBuilds } = await import("./failedBuilds.ts");
    forgetFailedBuilds(context);
  }
  const texts = new Map(
    Object.entries(input.texts).map(([path, text]) => [resolvePath(input.cwd, path), text]),
  );
  const loader = new Loader(input.cwd, undefined, texts);
  const root = await rootOf(loader, input);
  const finish = async (): Promise<ResolveOutput> => {
    const environment = await environmentFor(context, input, root, signal);
    signal.throwIfAborted();
    const read = { loader, root, environment };
    const asked = await askRoot(context, input, read, calls, signal, {
      shelf,
      allSections: true,
      lenient: true,
    });
    try {
      const scope = await (await import("./repairScope.ts")).repairScopeFor(context, input, asked, signal);
      const searched = { ...(await searchStack(asked, context.now(), signal)), scope };
      calls.partial({ stack: searched.facts });
      const prover = new FixProver(searched, signal);
      const proofs: Record<string, Awaited<ReturnType<FixProver["prove"]>>> = {};
      for (const edits of input.prove) {
        const key = proofKey(edits);
        proofs[key] = await prover.prove(edits);
        calls.partial({ key, proof: proofs[key] });
      }
      const newest = input.newest ? await proposeNewest(searched, prover, signal) : undefined;
      const facts = input.relaxations
        ? await addRelaxations(
            searched,
            signal,
            { onRelaxation: (relaxation) => calls.partial({ relaxation }) },
            (told, found) => findSettingRelaxations(context, input, asked, told, signal, found),
          )
        : searched.facts;
      // With the relaxations comes all that takes longer than the status itself.
      const full = input.relaxations ? await addSlowFacts(context, input, searched, facts, signal) : facts;
      return { stack: { ...full, proofs }, ...(newest ? { newest } : {}) };
    } finally {
      await asked.close();
    }
  };
  try {
    return { result: await untilAborted(finish(), signal), notChecked: [] };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return { result: { stack: unaskable(root, error, context.now()) }, notChecked: [] };
  }
};

async function addSlowFacts(
  context: OperationContext,
  input: ResolveInput,
  searched: SearchedStack,
  facts: StackFacts,
  signal: AbortSignal,
): Promise<StackFacts> {
  const [{ addAdvisories }, { addDisagreements }] = await Promise.all([
    import("./repairs.ts"),
    import("./wheelMetadata.ts"),
  ]);
  const compared = await addDisagreements(searched, facts, signal);
  return addAdvisories(context, input, searched, compared, signal, { wanted: "each" });
}

async function rootOf(loader: Loader, { path, constraints }: ResolveInput): Promise<LoadedRoot> {
  const { roots } = await loader.roots([path], constraints);
  const [root] = roots;
  if (root) return root;
  throw new OperationError("unreadable", "unreadable", `cannot read ${path}.`, "Name a manifest.");
}
