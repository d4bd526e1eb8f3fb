// The `[project]` table of a pyproject.toml (PEP 621) as core metadata, where it says all that matters without a build.
import { normalizeName } from "./name.ts";
import { readRequirement } from "./requirement.ts";

export interface ProjectTable {
  readonly name: string;
  /** Undefined where the table leaves it to the back-end. */
  readonly version: string | undefined;
  /** As core metadata writes them: what an extra brings has its marker. */
  readonly requiresDist: readonly string[];
  readonly requiresPython: string | undefined;
  readonly providesExtra: readonly string[];
}

/** What a back-end reads from files in place of the table, where somebody has read it. */
export interface DynamicFields {
  readonly dependencies?: readonly string[] | undefined;
  readonly optional?: Readonly<Record<string, readonly string[]>> | undefined;
}

export type ReadProjectTable =
  | { readonly project: ProjectTable }
  /** As the rest of a sentence about the file: `leaves its dependencies to the build`. */
  | { readonly fault: string };

type Table = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/**
 * Reads the table of a parsed pyproject.toml. Undefined where there is none: then the file says nothing of the kind.
 * @param document the values of the whole file.
 */
export function readProjectTable(
  document: unknown,
  dynamicFields: DynamicFields = {},
): ReadProjectTable | undefined {
  if (!isTable(document) || !isTable(document.project)) return undefined;
  const { project } = document;
  const { name } = project;
  if (typeof name !== "string" || !/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) {
    return { fault: "names no project" };
  }
  const dynamic = isTexts(project.dynamic) ? project.dynamic : [];
  if (dynamic.includes("requires-python")) return { fault: "leaves requires-python to the build" };
  const dependencies = dynamic.includes("dependencies")
    ? dynamicFields.dependencies
    : (project.dependencies ?? []);
  if (!isTexts(dependencies)) return { fault: "leaves its dependencies to the build" };
  const optional = dynamic.includes("optional-dependencies")
    ? dynamicFields.optional
    : (project["optional-dependencies"] ?? {});
  if (!isTable(optional)) return { fault: "leaves its extras to the build" };
  const requiresDist = [...dependencies];
  for (const [extra, wanted] of Object.entries(optional)) {
    if (!isTexts(wanted)) return { fault: `has an extra ${extra} that is no list` };
    for (const one of wanted) requiresDist.push(withExtra(one, normalizeName(extra)));
  }
  const { version } = project;
  const requiresPython = project["requires-python"];
  return {
    project: {
      name,
      version: typeof version === "string" && !dynamic.includes("version") ? version : undefined,
      requiresDist,
      requiresPython: typeof requiresPython === "string" ? requiresPython : undefined,
      providesExtra: Object.keys(optional).map(normalizeName),
    },
  };
}

/** A requirement that only an extra brings, as core metadata writes it. */
export function withExtra(text: string, extra: string): string {
  const read = readRequirement(text);
  // What cannot be read is kept as it is, and told by whoever reads it.
  if (!read.ok) return text;
  const { markerSpan } = read.value;
  const condition = `extra == "${extra}"`;
  if (markerSpan === undefined) return `${text.trim()} ; ${condition}`;
  const head = text.slice(0, text.lastIndexOf(";", markerSpan.start)).trim();
  return `${head} ; (${text.slice(markerSpan.start, markerSpan.end)}) and ${condition}`;
}
