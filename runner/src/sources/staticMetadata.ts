// Static metadata of a source tree: PKG-INFO (PEP 643), pyproject.toml (PEP 621), setup.cfg, in the order in which they bind.
import { readCoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readProjectTable, withExtra } from "../../../shared/src/packaging/projectTable.ts";
import { readIniFile } from "../index/index.ts";
import { isInside, type ProjectTree } from "./projectTree.ts";
import { readStaticVersion } from "./staticVersion.ts";

export interface StaticProject {
  readonly name: string;
  /** Undefined where only a build tells it. */
  readonly version: string | undefined;
  readonly requiresDist: readonly string[];
  readonly requiresPython: string | undefined;
  readonly providesExtra: readonly string[];
  /** The file that says so. */
  readonly from: string;
}

export type StaticMetadata =
  | { readonly project: StaticProject }
  | {
      /** What stands in the way, as the rest of a sentence about the tree: `has no pyproject.toml`. */
      readonly fault: string;
      /** Set where a build would tell. */
      readonly isBuildable?: boolean;
    };

/** Reads what a source tree says of its project without being built. */
export async function readStaticMetadata(tree: ProjectTree): Promise<StaticMetadata> {
  const packageInfo = await tree.read("PKG-INFO");
  const fromInfo = packageInfo === undefined ? undefined : fromPackageInfo(packageInfo);
  if (fromInfo) return { project: fromInfo };
  const pyproject = await tree.read("pyproject.toml");
  const setupConfig = await tree.read("setup.cfg");
  const setupScript = await tree.read("setup.py");
  if (pyproject !== undefined) {
    const read = await fromPyproject(pyproject, tree);
    if ("project" in read || read.isFinal) return read;
  }
  if (setupConfig !== undefined && (setupScript === undefined || isBareSetup(setupScript))) {
    const project = await fromSetupConfig(setupConfig, tree);
    if (project) return { project };
  }
  if (pyproject === undefined && setupConfig === undefined && setupScript === undefined) {
    return { fault: "has no pyproject.toml, setup.cfg or setup.py" };
  }
  return { fault: "says what it needs only when built", isBuildable: true };
}

/** PKG-INFO binds where it is of version 2.2 or newer and nothing that matters is dynamic (PEP 643). */
function fromPackageInfo(text: string): StaticProject | undefined {
  const { metadata } = readCoreMetadata(text);
  const [major = 0, minor = 0] = (metadata.metadataVersion ?? "").split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 2) || metadata.name === "" || metadata.version === "")
    return undefined;
  const dynamic = metadata.dynamic.map((field) => field.toLowerCase());
  if (dynamic.some((field) => ["requires-dist", "requires-python", "provides-extra"].includes(field)))
    return undefined;
  const { name, version, requiresDist, requiresPython, providesExtra } = metadata;
  return { name, version, requiresDist, requiresPython, providesExtra, from: "PKG-INFO" };
}

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const tableOf = (value: unknown): Table => (isTable(value) ? value : {});
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** `isFinal`: no other file may say otherwise. */
type PyprojectRead =
  | { readonly project: StaticProject }
  | { readonly fault: string; readonly isFinal: boolean; readonly isBuildable?: boolean };

async function fromPyproject(text: string, tree: ProjectTree): Promise<PyprojectRead> {
  const { parse } = await import("toml");
  let document: Table;
  try {
    document = tableOf(parse(text, { bigint: true }));
  } catch (error) {
    const [why = ""] = String((error as Error).message).split("\n");
    return { fault: `has a pyproject.toml that is not TOML: ${why.replace(/\.$/, "")}`, isFinal: true };
  }
  const setuptools = tableOf(tableOf(tableOf(document.tool).setuptools).dynamic);
  const read = readProjectTable(document, {
    dependencies: await filesOf(setuptools.dependencies, tree),
    optional: await optionalFilesOf(setuptools["optional-dependencies"], tree),
  });
  if (read === undefined) return { fault: "", isFinal: false };
  if ("fault" in read) {
    const isBuildable = read.fault.endsWith("to the build");
    return { fault: `has a pyproject.toml that ${read.fault}`, isFinal: true, isBuildable };
  }
  const { project } = read;
  const version = project.version ?? (await readStaticVersion(document, project.name, tree));
  return { project: { ...project, version, from: "pyproject.toml" } };
}

/** setuptools' `{file = [...]}`: requirements, one a line. Undefined where they come from elsewhere. */
async function filesOf(value: unknown, tree: ProjectTree): Promise<string[] | undefined> {
  const { file } = tableOf(value);
  const paths = typeof file === "string" ? [file] : isTexts(file) ? file : undefined;
  if (paths === undefined) return undefined;
  const found: string[] = [];
  for (const path of paths) {
    const text = isInside(path) ? await tree.read(path) : undefined;
    if (text === undefined) return undefined;
    for (const line of text.split(/\r?\n/)) {
      const wanted = line.replace(/(?:^|\s)#.*$/, "").trim();
      if (wanted.startsWith("-")) return undefined;
      if (wanted !== "") found.push(wanted);
    }
  }
  return found;
}

async function optionalFilesOf(
  value: unknown,
  tree: ProjectTree,
): Promise<Readonly<Record<string, readonly string[]>> | undefined> {
  if (!isTable(value)) return undefined;
  const found: Record<string, readonly string[]> = {};
  for (const [extra, one] of Object.entries(value)) {
    const wanted = await filesOf(one, tree);
    if (wanted === undefined) return undefined;
    found[extra] = wanted;
  }
  return found;
}

/** Whether a setup.py only hands over to setup.cfg or pyproject.toml. */
function isBareSetup(text: string): boolean {
  const code = text
    .replace(/^\uFEFF?(?:\s*#.*\n|\s*\n)*/, "")
    .replace(/^\s*(?:"""[\s\S]*?"""|'''[\s\S]*?''')/, "")
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "")
    .join("\n");
  return /^(?:from setuptools import setup|import setuptools)\n(?:if __name__ == ["']__main__["']:\n)?(?:setuptools\.)?setup\(\)$/.test(
    code,
  );
}

/** setuptools' declarative configuration; undefined where it takes a value from running code. */
async function fromSetupConfig(text: string, tree: ProjectTree): Promise<StaticProject | undefined> {
  const { sections, error } = readIniFile(text);
  const metadata = sections.get("metadata");
  const options = sections.get("options");
  const name = metadata?.get("name");
  if (error !== undefined || name === undefined) return undefined;
  if (/^(?:attr|file):/.test(name)) return undefined;
  const requiresDist: string[] = [];
  const lines = (value: string | undefined): string[] =>
    (value ?? "")
      .split(/[\n;](?=\s*$)|\n/)
      .map((line) => line.replace(/\s#.*$/, "").trim())
      .filter((line) => line !== "");
  const install = options?.get("install-requires");
  if (install?.startsWith("file:")) return undefined;
  requiresDist.push(...lines(install));
  const extras: string[] = [];
  for (const [extra, value] of sections.get("options.extras_require") ?? []) {
    if (value.startsWith("file:")) return undefined;
    extras.push(normalizeName(extra));
    for (const one of lines(value)) requiresDist.push(withExtra(one, normalizeName(extra)));
  }
  const written = metadata?.get("version");
  const version = await readConfigVersion(written, tree);
  return {
    name,
    version,
    requiresDist,
    requiresPython: options?.get("python-requires"),
    providesExtra: extras,
    from: "setup.cfg",
  };
}

async function readConfigVersion(
  written: string | undefined,
  tree: ProjectTree,
): Promise<string | undefined> {
  const file = /^file:\s*(\S+)$/.exec(written ?? "")?.[1];
  if (file !== undefined) return isInside(file) ? (await tree.read(file))?.trim() : undefined;
  const attribute = /^attr:\s*(\S+)$/.exec(written ?? "")?.[1];
  if (attribute === undefined) return written;
  const setuptools = { dynamic: { version: { attr: attribute } } };
  return readStaticVersion({ tool: { setuptools } }, "", tree);
}
