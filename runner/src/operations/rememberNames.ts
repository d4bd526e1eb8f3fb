// Keeps which projects exist, for completion and for the repair of mistyped names.
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import type { OperationContext } from "./context.ts";

const remembered = new WeakMap<OperationContext, Set<string>>();

/** Keeps the names of projects that exist and are not kept yet. A convenience: nobody waits for it and nothing fails with it. */
export async function rememberNames(
  context: OperationContext,
  projects: readonly ProjectFacts[],
): Promise<void> {
  const known = remembered.get(context) ?? new Set();
  remembered.set(context, known);
  const found = projects.filter(({ state, name }) => state === "known" && !known.has(name));
  if (found.length === 0) return;
  const { facts: kept, names } = await context.knowledge();
  for (const name of names.knownAmong(found.map(({ name }) => name))) known.add(name);
  for (const project of found) {
    if (known.has(project.name)) continue;
    known.add(project.name);
    const summary = Object.values(project.details).find((detail) => detail.summary)?.summary;
    await kept.recordProject({
      value: {
        name: project.name,
        ...(project.displayName === undefined ? {} : { displayName: project.displayName }),
        ...(summary === undefined ? {} : { summary }),
        ...(project.status === undefined ? {} : { status: project.status }),
      },
      source: project.indexes[0] ?? "index",
      time: project.checked ?? context.now(),
    });
  }
}
