// Small source distributions with a build back-end of their own (PEP 517, `backend-path`), so that building them needs no other package.
import { createHash } from "node:crypto";
import type { BuiltArtifact } from "./wheels.ts";
import { buildTarGz } from "./wheels.ts";

export interface TreeOptions {
  readonly name: string;
  readonly version: string;
  /** Requires-Dist, as the back-end writes it. */
  readonly requires?: readonly string[];
  /** Statements that the back-end runs when its module is imported. */
  readonly atImport?: string;
  /** Statements inside of `prepare_metadata_for_build_wheel`; there `directory` is where the metadata goes. */
  readonly atMetadata?: string;
  /** Statements inside of `build_wheel`. */
  readonly atWheel?: string;
  /** Whether it has `prepare_metadata_for_build_wheel` at all. */
  readonly hasPrepare?: boolean;
  /** What `build-system.requires` lists. */
  readonly buildRequires?: readonly string[];
  /** What `get_requires_for_build_wheel` answers. */
  readonly asksFor?: readonly string[];
  /** Core metadata in place of what the options say. */
  readonly metadata?: string;
  /** A module of the wheel, by the project's name: its source. */
  readonly source?: string;
  readonly backend?: string;
}

const moduleOf = (name: string): string => name.replace(/[-_.]+/g, "_").toLowerCase();

/** The files of a project whose dependencies only a build tells, by path. */
export function treeFiles(options: TreeOptions): Record<string, string> {
  const { name, version, requires = [], buildRequires = [], asksFor = [], backend = "backend" } = options;
  const list = (values: readonly string[]): string => JSON.stringify(values);
  const metadata =
    options.metadata ??
    `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires.map((one) => `Requires-Dist: ${one}\n`).join("")}\n`;
  const info = `${moduleOf(name)}-${version}.dist-info`;
  const prepare = `
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    print("the back-end prepares metadata")
${(options.atMetadata ?? "pass").replace(/^/gm, "    ")}
    os.makedirs(directory + "/" + INFO)
    with open(directory + "/" + INFO + "/METADATA", "w") as file:
        file.write(METADATA)
    return INFO
`;
  return {
    "pyproject.toml": `[build-system]\nrequires = ${list(buildRequires)}\nbuild-backend = "${backend}"\nbackend-path = ["."]\n\n[project]\nname = "${name}"\ndynamic = ["version", "dependencies"]\n`,
    "PKG-INFO": `Metadata-Version: 2.2\nName: ${name}\nVersion: ${version}\nDynamic: Requires-Dist\n\n`,
    "backend.py": `import os, zipfile
METADATA = ${JSON.stringify(metadata)}
INFO = ${JSON.stringify(info)}
${options.atImport ?? ""}

def get_requires_for_build_wheel(config_settings=None):
    return ${list(asksFor)}
${options.hasPrepare === false ? "" : prepare}
def build_wheel(directory, config_settings=None, metadata_directory=None):
    print("the back-end builds a wheel")
${(options.atWheel ?? "pass").replace(/^/gm, "    ")}
    name = ${JSON.stringify(`${moduleOf(name)}-${version}-py3-none-any.whl`)}
    files = {
        ${JSON.stringify(`${moduleOf(name)}.py`)}: ${JSON.stringify(options.source ?? "")},
        INFO + "/METADATA": METADATA,
        INFO + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: thoth-tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[INFO + "/RECORD"] = "".join(path + ",,\\n" for path in [*files, INFO + "/RECORD"])
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
`,
  };
}

/** The same as an sdist. */
export function buildTreeSdist(options: TreeOptions): BuiltArtifact {
  const stem = `${moduleOf(options.name)}-${options.version}`;
  const files = Object.entries(treeFiles(options)).map(([path, text]) => [`${stem}/${path}`, text]);
  const bytes = buildTarGz(Object.fromEntries(files));
  return {
    filename: `${stem}.tar.gz`,
    bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    metadata: "",
  };
}
