// Repairs of what was mistyped: of lines that could not be read, where one reading is left; of names that an index confirmed.
import type { MeantProject } from "../facts/model.ts";
import type { Fix } from "../finding/model.ts";
import { planRename, planRepair } from "../manifest/edits.ts";
import type { ManifestError } from "../manifest/model.ts";
import type { ManifestFile } from "../manifest/treeModel.ts";
import type { PlacedRequirement } from "./model.ts";

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

/** The name that was meant in place of one that no index has. The index was seen to have it. */
export function repairNameOf(
  { file, entry }: PlacedRequirement,
  { name, how }: MeantProject,
  isOnly: boolean,
): Fix[] {
  // Hashes beside the name are of the project that was not found.
  if (entry.hashes.length > 0) return [];
  const plan = planRename(file.manifest, entry, name);
  if (!plan.ok || plan.value.length === 0) return [];
  return [
    {
      kind: "repair-name",
      title: `Replace ${entry.name?.text} with ${name} (${how}; on the index)`,
      edits: [{ uri: file.uri, edits: plan.value }],
      proven: true,
      preferred: isOnly,
    },
  ];
}
