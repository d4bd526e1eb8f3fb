// The Python that a manifest asks for, where nobody names another: a Pipfile's, a project's lowest one.
import type { OptionEntry } from "./model.ts";
import type { ProjectData } from "./projectModel.ts";
import type { ManifestTree } from "./treeModel.ts";

/** Plain data, so that it travels. */
export interface RequiredPython {
  /** `3.11`, `3.11.7`. */
  readonly version: string;
  /** Where that stands, for a person. */
  readonly origin: string;
  /** Specifiers, one of which a Python has to meet: one that does is taken in place of `version`. Absent: `version` it is. */
  readonly requires?: readonly string[] | undefined;
}

/** The Python that a tree asks for: a project's lowest one; a Pipfile's as pipenv reads it, `python_full_version`, else `python_version`. */
export function requiredPythonOf(tree: ManifestTree): RequiredPython | undefined {
  for (const { manifest } of tree.companion ? [...tree.files, tree.companion] : tree.files) {
    if (manifest.project) return lowestPython(manifest.project);
    if (manifest.kind === "pipfile-lock" && manifest.lock) {
      const version = manifest.lock.requires.python_full_version ?? manifest.lock.requires.python_version;
      if (version) return { version, origin: "Pipfile.lock, _meta.requires" };
    }
    if (manifest.kind !== "pipfile") continue;
    const keys = manifest.entries.filter(
      (entry): entry is OptionEntry => entry.kind === "option" && entry.section === "requires",
    );
    for (const key of ["python_full_version", "python_version"]) {
      const value = keys.find((entry) => entry.option === key)?.value?.text;
      if (value) return { version: value, origin: `Pipfile, ${key}` };
    }
  }
  return undefined;
}

/** The lowest Python that a project runs on, and whether it runs on another. */
function lowestPython({ requiresPython }: ProjectData): RequiredPython | undefined {
  if (requiresPython === undefined) return undefined;
  const { specifier } = requiresPython;
  const alternatives = specifier.alternatives ?? [specifier];
  const { clauses } = alternatives[0]!;
  const lower = clauses.find(({ operator }) => operator === ">=" || operator === "~=" || operator === "==");
  if (lower === undefined) return undefined;
  return {
    version: lower.version.replace(/\.\*$/, ""),
    origin: "pyproject.toml, requires-python",
    requires: alternatives.map((one) => one.toString()),
  };
}
