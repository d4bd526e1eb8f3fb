// A version that pyproject.toml leaves to its back-end, read where the back-end itself would only read a text.
import { isInside, type ProjectTree } from "./projectTree.ts";

type Table = Readonly<Record<string, unknown>>;
const tableOf = (value: unknown): Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** `NAME = "1.2"` at the beginning of a line, as setuptools, hatch and flit find it without importing the module. */
function assigned(text: string | undefined, name: string): string | undefined {
  const pattern = new RegExp(`^${name}\\s*(?::[^=\\n]+)?=\\s*(["'])([^"'\\n]+)\\1`, "m");
  return pattern.exec(text ?? "")?.[2];
}

/**
 * The version of a project whose `version` is dynamic, from the settings of setuptools, hatch, flit or PDM; undefined where it
 * comes from version control or from running code.
 */
export async function readStaticVersion(
  document: Table,
  name: string,
  tree: ProjectTree,
): Promise<string | undefined> {
  const read = (path: string) => (isInside(path) ? tree.read(path) : undefined);
  const tool = tableOf(document.tool);
  const { attr, file } = tableOf(tableOf(tableOf(tool.setuptools).dynamic).version);
  if (typeof file === "string") return (await read(file))?.trim();
  if (typeof attr === "string") return readAttribute(attr, tree);
  const hatch = tableOf(tableOf(tool.hatch).version);
  if (typeof hatch.path === "string" && hatch.source === undefined && hatch.pattern === undefined) {
    const text = await read(hatch.path);
    return assigned(text, "__version__") ?? assigned(text, "VERSION");
  }
  const pdm = tableOf(tableOf(tool.pdm).version);
  if (pdm.source === "file" && typeof pdm.path === "string")
    return assigned(await read(pdm.path), "__version__");
  const backend = textOf(tableOf(document["build-system"])["build-backend"]) ?? "";
  if (!backend.startsWith("flit")) return undefined;
  const module = textOf(tableOf(tableOf(tool.flit).module).name) ?? name.replace(/[-.]+/g, "_");
  return readAttribute(`${module}.__version__`, tree);
}

/** setuptools' `attr`: the value of a name in a module, where that is a text in quotes. */
async function readAttribute(attribute: string, tree: ProjectTree): Promise<string | undefined> {
  const parts = attribute.split(".");
  const variable = parts.pop();
  if (variable === undefined || ![...parts, variable].every((part) => /^\w+$/.test(part))) return undefined;
  const module = parts.join("/");
  for (const root of ["", "src/", "lib/"]) {
    for (const path of [`${root}${module}/__init__.py`, `${root}${module}.py`]) {
      const found = assigned(await tree.read(path), variable);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
