// What the newest inspection of a manifest showed, as facts of its stack.
import { fileURLToPath } from "node:url";
import type { InspectionFacts } from "../../../shared/src/facts/model.ts";
import type { OperationContext } from "./context.ts";

/** What the newest inspection of a manifest showed. */
export async function lastInspection(
  context: OperationContext,
  manifest: { readonly path: string; readonly digest: string },
): Promise<InspectionFacts | undefined> {
  const path = manifest.path.startsWith("file:") ? fileURLToPath(manifest.path) : manifest.path;
  const { inspections } = await context.knowledge();
  const [found] = await inspections.inspectionsOf({ manifest: path }, 1);
  if (!found) return undefined;
  const { value } = found;
  const failed = value.stages.find((stage) => stage.outcome !== "passed" && stage.outcome !== "skipped");
  const observation = value.observations[0];
  const python = value.environment.description.pythonVersion;
  return {
    id: value.id,
    outcome: value.outcome,
    finished: value.startedAt + value.duration,
    ...(typeof python === "string" ? { python } : {}),
    packages: value.packages.map(({ name, version }) => ({ name, version })),
    ...(failed && value.outcome !== "passed"
      ? {
          failure: {
            stage: failed.name,
            message: observation?.message ?? failed.detail ?? value.outcome,
            lines: observation?.lines ?? [],
            ...(failed.requirement === undefined ? {} : { requirement: failed.requirement }),
            ...(observation?.package === undefined ? {} : { package: observation.package }),
          },
        }
      : {}),
    current: value.manifestDigest === manifest.digest,
  };
}
