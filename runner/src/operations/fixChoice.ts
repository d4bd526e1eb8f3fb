// `fix --choose`: relaxations by the letters under which `explain` tells them, applied as one change that is proven.
import type { StackRelaxation } from "../../../shared/src/facts/stack.ts";
import type { FixInput } from "../../../shared/src/protocol/fix.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { FilePlan } from "./filePlan.ts";
import type { Loader } from "./load.ts";
import { askManifest } from "./question.ts";
import { findSettingRelaxations } from "./settingTrials.ts";
import { addRelaxations, FixProver, searchStack } from "./stackFacts.ts";
import { refuseUnanswered } from "./unanswered.ts";

export interface Choice {
  readonly loader: Loader;
  readonly plans: ReadonlyMap<string, FilePlan>;
}

/**
 * What the chosen relaxations change in which file.
 * @throws OperationError where the manifest resolves, a letter is none of the list, or the choices do not go together.
 */
export async function chooseRelaxations(
  context: OperationContext,
  input: FixInput,
  calls: Pick<Calls<never>, "progress" | "warn">,
  signal: AbortSignal,
): Promise<Choice> {
  const question = { ...input, path: input.paths[0] ?? ".", resolution: "highest" as const };
  const asked = await askManifest(context, question, calls, signal, { allSections: "pipfile" });
  try {
    calls.progress({ message: `resolving ${asked.path}` });
    const searched = await searchStack(asked, context.now(), signal);
    refuseUnanswered(searched.resolution, asked.path);
    const { conflict } = await addRelaxations(searched, signal, {}, (told, found) =>
      findSettingRelaxations(context, input, asked, told, signal, found),
    );
    if (!conflict) {
      const message = `${asked.path} resolves for ${asked.environment}: there is nothing to choose.`;
      throw new OperationError("usage", "nothing-to-choose", message, `See it: thoth explain ${asked.path}`);
    }
    const chosen = pick(input.choose, conflict.relaxations, asked);
    if (chosen.length > 1) {
      const proof = await new FixProver(searched, signal).prove(chosen.flatMap(({ edits }) => edits));
      if (!proof.resolves) {
        const message = `${input.choose.join(" and ")} together do not resolve: ${proof.reason}`;
        throw new OperationError("failed", "does-not-resolve", message, "Choose one of them.");
      }
    }
    return { loader: asked.loader, plans: plansOf(chosen, asked) };
  } finally {
    await asked.close();
  }
}

function pick(
  letters: readonly string[],
  relaxations: readonly StackRelaxation[],
  { path }: AskedManifest,
): StackRelaxation[] {
  const again = `See the choices: thoth explain ${path}`;
  const chosen = [...new Set(letters)].map((letter) => {
    const at = letter.toLowerCase().charCodeAt(0) - 97;
    const relaxation = letter.length === 1 ? relaxations[at] : undefined;
    if (relaxation === undefined) {
      const known = relaxations.map((_, index) => String.fromCharCode(97 + index));
      const which = known.length === 0 ? "nothing was found to help" : `the choices are ${known.join(", ")}`;
      throw new OperationError("usage", "unknown-choice", `There is no choice ${letter}: ${which}.`, again);
    }
    if (relaxation.edits.length === 0) {
      const message = `Choice ${letter} changes a setting and no line: ${relaxation.title}.`;
      throw new OperationError("usage", "no-edit", message, "Run the command again with that option.");
    }
    return relaxation;
  });
  const spans = chosen.flatMap(({ changes }) => changes.map(({ uri, span }) => `${uri} ${span.start}`));
  if (new Set(spans).size === spans.length) return chosen;
  const message = `${letters.join(" and ")} change the same line.`;
  throw new OperationError("usage", "same-line", message, "Choose one of them.");
}

function plansOf(chosen: readonly StackRelaxation[], { root }: AskedManifest): Map<string, FilePlan> {
  const plans = new Map<string, FilePlan>();
  for (const { edits, changes, packages } of chosen) {
    for (const { uri, edits: list } of edits) {
      const lines = root.tree.files.find((file) => file.uri === uri)!.manifest.lines;
      const plan = plans.get(uri) ?? { edits: [], fixes: [] };
      const fixes = changes
        .filter((change) => change.uri === uri)
        .map(({ name, specifier, span }) => ({
          rule: "conflicting-requirements",
          title: `${specifier === undefined ? `Remove ${name}` : `Change ${name} to ${specifier || "any version"}`} (resolves with ${packages} packages)`,
          proven: true,
          range: lines.rangeOf(span),
        }));
      plans.set(uri, { edits: [...plan.edits, ...list], fixes: [...plan.fixes, ...fixes] });
    }
  }
  return plans;
}
