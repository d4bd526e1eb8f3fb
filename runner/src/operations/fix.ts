// `fix`: the fixes of the findings as a diff; written only when asked, and only where the file is still what was read.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { proofKey } from "../../../shared/src/facts/stack.ts";
import type { Finding, Fix, TextEdit } from "../../../shared/src/finding/model.ts";
import { encodeManifest } from "../../../shared/src/manifest/decode.ts";
import { applyEdits } from "../../../shared/src/manifest/edits.ts";
import type { FixInput, FixOutput, FixPartial } from "../../../shared/src/protocol/fix.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import { checkRoots, closeFinders, ruleConfigurationOf } from "./checkRoots.ts";
import { resolveRoots } from "./checkStacks.ts";
import type { Operation } from "./context.ts";
import type { FilePlan } from "./filePlan.ts";
import { type ChosenFix, proveTogether } from "./fixProof.ts";
import { type LoadedFile, Loader } from "./load.ts";
import { writeWhole } from "./writeWhole.ts";

type FixedFile = FixOutput["files"][number];
type LeftFinding = FixOutput["left"][number];

/** Plans the fixes and shows them; with `write` applies them file by file, each whole or not at all. */
export const fix: Operation<FixInput, FixOutput, FixPartial> = async (context, input, calls, signal) => {
  const loader = new Loader(input.cwd, async () =>
    (await import("./remoteIncludes.ts")).createRemoteReader(context, input, calls, signal),
  );
  if (input.choose.length > 0) {
    const { chooseRelaxations } = await import("./fixChoice.ts");
    const choice = await chooseRelaxations(context, input, calls, signal);
    return {
      result: { files: await writePlans(choice.plans, choice.loader, input, calls, []), left: [] },
      notChecked: [],
    };
  }
  const { roots, notChecked } = await loader.roots(input.paths, input.constraints);
  const repairs = !input.only || input.only.includes("known-vulnerability");
  const checked = await checkRoots(context, input, roots, calls, signal, { repairs });
  const session = await resolveRoots(context, input, checked, loader, signal, {
    repairs,
    allowDowngrade: input.allowDowngrade,
    environments: input.environments,
    severityThreshold: input.severityThreshold,
  });
  signal.throwIfAborted();
  const findings = session.roots.flatMap((root) => root.findings.findings);
  const { chosen, left } = chooseFixes(findings, loader, input.only);
  const proof = await proveTogether(chosen, session.roots, loader, ruleConfigurationOf(input), signal);
  await session.closeStacks();
  await closeFinders(session);
  for (const { finding, reason } of proof.dropped) left.push(leftFinding(finding, reason, loader));
  const files = await writePlans(plansOf(proof.kept), loader, input, calls, left);
  return { result: { files, left }, notChecked: [...notChecked, ...session.notChecked] };
};

/** Shows what changes as a diff of each file and, where asked, writes it; what could not be written is put on `left`. */
async function writePlans(
  plans: ReadonlyMap<string, FilePlan>,
  loader: Loader,
  input: FixInput,
  calls: Pick<Calls<FixPartial>, "partial">,
  left: LeftFinding[],
): Promise<FixedFile[]> {
  const { patchOf } = await import("./patch.ts");
  const files: FixedFile[] = [];
  const stopped = input.write ? changedFile(plans, loader) : undefined;
  for (const [uri, plan] of plans) {
    const loaded = loader.loaded(uri)!;
    const path = loader.display(loaded.path);
    const after = applyEdits(loaded.decoded.text, plan.edits);
    const diff = await patchOf(path, loaded.decoded.text, after);
    const refusal = input.write ? (stopped ?? writeBack(loaded, after)) : undefined;
    if (refusal !== undefined) {
      for (const { rule, range } of plan.fixes) left.push({ path, range, rule, reason: refusal });
    }
    const file = { path, diff, fixes: plan.fixes, written: input.write && refusal === undefined };
    files.push(file);
    calls.partial({ file });
  }
  return files;
}

function leftFinding({ uri, range, rule }: Finding, reason: string, loader: Loader): LeftFinding {
  return { path: loader.displayUri(uri), range, rule, reason };
}

/** One fix per finding, the preferred one, as long as no two touch the same text. */
function chooseFixes(
  findings: readonly Finding[],
  loader: Loader,
  only: readonly string[] | undefined,
): { readonly chosen: ChosenFix[]; readonly left: LeftFinding[] } {
  const chosen: ChosenFix[] = [];
  const left: LeftFinding[] = [];
  const seen = new Set<string>();
  const planned = new Map<string, TextEdit[]>();
  for (const finding of findings) {
    const key = `${finding.uri}\n${finding.span.start}\n${finding.rule}`;
    if (seen.has(key) || (only && !only.includes(finding.rule))) continue;
    seen.add(key);
    const best = bestFix(finding.fixes);
    const leave = (reason: string) => {
      if (finding.severity === "hint" || finding.severity === "information") return;
      left.push(leftFinding(finding, reason, loader));
    };
    if (!best) {
      const decision = finding.fixes.find(({ kind }) => kind === "repair-name");
      if (decision) {
        leave(
          `${decision.title.charAt(0).toLowerCase()}${decision.title.slice(1)}: that is for a person to decide`,
        );
        continue;
      }
      const disabled = finding.fixes.find((one) => one.disabled !== undefined && !isDecision(one.kind));
      leave(disabled?.disabled ?? "no change is known to help");
      continue;
    }
    // One relaxation answers every line of its conflict.
    if (chosen.some(({ fix }) => fix.title === best.title && proofKey(fix.edits) === proofKey(best.edits)))
      continue;
    const obstacle = obstacleOf(best, planned, loader);
    if (obstacle !== undefined) {
      leave(obstacle);
      continue;
    }
    for (const { uri, edits } of best.edits) planned.set(uri, [...(planned.get(uri) ?? []), ...edits]);
    chosen.push({ finding, fix: best });
  }
  return { chosen, left };
}

/** To silence a rule, to do without a package or to take another one is a person's decision, never a fix. */
function bestFix(fixes: readonly Fix[]): Fix | undefined {
  const usable = fixes.filter(({ disabled, kind }) => disabled === undefined && !isDecision(kind));
  return usable.find((one) => one.preferred) ?? usable[0];
}

function isDecision(kind: string): boolean {
  return ["silence-rule", "remove-requirement", "repair-name"].includes(kind);
}

/** Why a fix cannot be taken beside those that are. */
function obstacleOf(
  fix: Fix,
  planned: ReadonlyMap<string, readonly TextEdit[]>,
  loader: Loader,
): string | undefined {
  for (const { uri, edits } of fix.edits) {
    const loaded = loader.loaded(uri);
    if (!loaded) return "the file that would change was not read from disk";
    if (!loaded.decoded.lossless) return "the file could not be written back as it was";
    const others = planned.get(uri) ?? [];
    if (edits.some((edit) => others.some((other) => touches(edit, other)))) {
      return "another fix changes the same text; run fix again for this one";
    }
  }
  return undefined;
}

function touches(a: TextEdit, b: TextEdit): boolean {
  return a.span.start <= b.span.end && b.span.start <= a.span.end;
}

/** What changes in each file, and for which findings. */
function plansOf(chosen: readonly ChosenFix[]): Map<string, FilePlan> {
  const plans = new Map<string, FilePlan>();
  for (const { finding, fix } of chosen) {
    for (const { uri, edits } of fix.edits) {
      const plan = plans.get(uri) ?? { edits: [], fixes: [] };
      plan.edits.push(...edits);
      if (uri === finding.uri || fix.edits.length === 1) {
        const { rule, range } = finding;
        const { title, proven, notes = [] } = fix;
        plan.fixes.push({ rule, title, proven, range, ...(notes.length > 0 ? { notes: [...notes] } : {}) });
      }
      plans.set(uri, plan);
    }
  }
  return plans;
}

const CHANGED = "has changed since it was read; run fix again";

/** The fixes were proven together: where one file is another by now, none is written. */
function changedFile(plans: ReadonlyMap<string, FilePlan>, loader: Loader): string | undefined {
  for (const uri of plans.keys()) {
    const loaded = loader.loaded(uri)!;
    try {
      if (!readFileSync(loaded.path).equals(loaded.bytes)) return `${loader.display(loaded.path)} ${CHANGED}`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return `${loader.display(loaded.path)} cannot be read any more (${code}); run fix again`;
    }
  }
  return undefined;
}

/** Writes a file back in its own encoding and with its own mode; the reason where it was not. */
function writeBack(loaded: LoadedFile, text: string): string | undefined {
  const bytes = encodeManifest(text, loaded.decoded);
  if (!bytes) return `the file's encoding, ${loaded.decoded.encoding}, cannot say the new text`;
  try {
    const path = realpathSync(loaded.path);
    if (!readFileSync(path).equals(loaded.bytes)) return `the file ${CHANGED}`;
    writeWhole(path, bytes, statSync(path).mode & 0o7777);
    return undefined;
  } catch (error) {
    return `the file cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}
