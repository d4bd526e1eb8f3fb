// What a checked package asks for of the others: by its lock where that says it, else by the core metadata of the file that is installed.
import { evaluateMarker, type MarkerEnvironment } from "../../../shared/src/packaging/marker.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import type { IndexClient, IndexLocation, PageFile } from "../index/index.ts";
import type { IndexView, Subject } from "../provenance/index.ts";
import type { RequestBudget } from "./provenanceIndexes.ts";

/** The names, in PEP 503 form, that core metadata requires in one of the environments; in any, where none is known. */
function requiredNames(
  requiresDist: readonly string[],
  environments: readonly MarkerEnvironment[],
  extras: readonly string[],
): string[] {
  const names = new Set<string>();
  for (const text of requiresDist) {
    const read = readRequirement(text);
    if (!read.ok) continue;
    const { marker, name } = read.value;
    const applies =
      !marker ||
      environments.length === 0 ||
      environments.some((environment) => evaluateMarker(marker, environment, extras));
    if (applies) names.add(normalizeName(name.text));
  }
  return [...names];
}

export interface NeedsInput {
  readonly views: readonly IndexView[];
  /** The file that is installed; undefined where none is known. */
  readonly filename: string | undefined;
  readonly clientOf: (location: IndexLocation) => IndexClient | undefined;
  readonly markers: readonly MarkerEnvironment[];
  readonly budget: RequestBudget;
  readonly offline: boolean;
}

/** What a subject needs, in PEP 503 form; undefined where that is not known. Rejects only when cancelled. */
export async function needsOf(subject: Subject, input: NeedsInput): Promise<string[] | undefined> {
  if (subject.lockedDependencies) return [...subject.lockedDependencies];
  for (const { answer, location, isBound } of input.views) {
    if (!isBound || answer.state !== "page" || input.filename === undefined) continue;
    const file = answer.page.files.find(({ filename }) => filename === input.filename);
    const client = file && input.clientOf(location);
    const requires = client && (await readRequiresDist(file, client, input.budget, input.offline));
    const extras = subject.places.flatMap(({ entry }) => entry.extras.map(({ text }) => text));
    if (requires) return requiredNames(requires, input.markers, extras);
  }
  return undefined;
}

/**
 * What a file's core metadata requires; undefined where it is not at hand and the index serves none beside the file. Rejects only when
 * cancelled.
 */
async function readRequiresDist(
  file: PageFile,
  client: IndexClient,
  budget: RequestBudget,
  offline: boolean,
): Promise<readonly string[] | undefined> {
  const stored = await client.metadata(file, { stored: true });
  if ("metadata" in stored) return stored.metadata.requiresDist;
  if (offline || !file.coreMetadata || !budget.take()) return undefined;
  const fetched = await client.metadata(file);
  return "metadata" in fetched ? fetched.metadata.requiresDist : undefined;
}
