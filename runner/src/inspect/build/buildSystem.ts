// The build system that a source names (PEP 518, section `build-system`), else setuptools as pip takes it.

export interface BuildSystem {
  /** PEP 508 requirements. */
  readonly requires: readonly string[];
  /** `module` or `module:object`. */
  readonly backend: string;
  /** Folders of the source that the back-end itself lies in. */
  readonly backendPath: readonly string[];
}

const LEGACY: BuildSystem = {
  requires: ["setuptools >= 40.8.0"],
  backend: "setuptools.build_meta:__legacy__",
  backendPath: [],
};

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/**
 * @param document a pyproject.toml as TOML has it; undefined where there is none.
 * @returns the system, or what is wrong with the table, as the rest of a sentence about the source.
 */
export function readBuildSystem(document: unknown): BuildSystem | { readonly fault: string } {
  if (document === undefined) return LEGACY;
  const table = (document as { readonly "build-system"?: unknown })["build-system"];
  if (table === undefined) return LEGACY;
  const fault = (what: string) => ({ fault: `has a [build-system] ${what}` });
  if (typeof table !== "object" || table === null) return fault("that is no table");
  const {
    requires,
    "build-backend": backend,
    "backend-path": path = [],
  } = table as Readonly<Record<string, unknown>>;
  if (!isTexts(requires)) return fault("without a list of requirements");
  if (!isTexts(path)) return fault("whose backend-path is no list");
  if (backend === undefined) return { ...LEGACY, requires };
  if (typeof backend !== "string" || !/^[\w.]+(?::[\w.]+)?$/.test(backend))
    return fault("whose build-backend is no module");
  return { requires, backend, backendPath: path };
}
