// Repairs of what was mistyped, for lines that could not be read: offered where one reading is left.
import type { Fix } from "../finding/model.ts";
import { planRepair } from "../manifest/edits.ts";
import type { ManifestError } from "../manifest/model.ts";
import type { ManifestFile } from "../manifest/treeModel.ts";

/** The repair of one syntax error, where the text leaves no doubt what was meant. */
export function repairOf(file: ManifestFile, error: ManifestError): Fix | undefined {
  const plan = planRepair(file.manifest, error);
  if (!plan) return undefined;
  return {
    kind: plan.kind,
    title: plan.title,
    edits: [{ uri: file.uri, edits: plan.edits }],
    proven: true,
    preferred: true,
  };
}
