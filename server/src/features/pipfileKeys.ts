// What the keys of a Pipfile mean, for hover and completion. Source: pipenv's documentation of the Pipfile.

export type PipfileTable = "package" | "source" | "requires" | "pipenv" | "scripts";

const texts: Readonly<Record<PipfileTable, Readonly<Record<string, string>>>> = {
  package: {
    version: "Versions that are admitted, as PEP 440 writes them; `*` admits any.",
    extras: "Extras of the package that are installed with it.",
    markers: "Installed only where this marker holds (PEP 508).",
    index: "Name of the one source that this package is taken from.",
    git: "Address of a Git repository to install from.",
    hg: "Address of a Mercurial repository to install from.",
    svn: "Address of a Subversion repository to install from.",
    bzr: "Address of a Bazaar repository to install from.",
    ref: "Branch, tag or commit of the repository.",
    subdirectory: "Folder of the project within the repository or archive.",
    path: "Local project to install.",
    file: "Archive or address to install.",
    editable: "Installs so that edits of the sources take effect at once.",
    hashes: "Hashes that an artifact must have.",
    allow_prereleases: "Admits pre-releases of this package.",
    install_command: "Arguments that pip gets for this package alone.",
    skip_resolver: "Leaves this package out of pipenv's resolving.",
    no_binary: "Builds this package from source, never from a wheel.",
    sys_platform: "Part of the marker: `sys_platform`.",
    os_name: "Part of the marker: `os_name`.",
    platform_machine: "Part of the marker: `platform_machine`.",
    platform_system: "Part of the marker: `platform_system`.",
    platform_release: "Part of the marker: `platform_release`.",
    platform_version: "Part of the marker: `platform_version`.",
    platform_python_implementation: "Part of the marker: `platform_python_implementation`.",
    python_version: "Part of the marker: `python_version`.",
    python_full_version: "Part of the marker: `python_full_version`.",
    implementation_name: "Part of the marker: `implementation_name`.",
    implementation_version: "Part of the marker: `implementation_version`.",
  },
  source: {
    name: "Name that packages bind to with `index`.",
    url: "Address of the index.",
    verify_ssl: "Whether the index must show a valid certificate.",
  },
  requires: {
    python_version: "Python that pipenv makes the environment with, as `3.11`.",
    python_full_version: "Python that pipenv makes the environment with, as `3.11.7`.",
  },
  pipenv: {
    allow_prereleases: "Admits pre-releases of every package.",
    disable_pip_input: "Never lets pip ask questions.",
    install_search_all_sources: "Looks for locked packages on every source.",
    sort_pipfile: "Sorts packages by name when pipenv writes the Pipfile.",
    keep_outdated: "Keeps locked versions that are not the newest.",
    use_lockfile_in_resolver: "Resolves starting from what is locked.",
    cooldown_period: "Leaves releases out that are younger than this.",
  },
  scripts: {},
};

/** What a key means; `table` is a table of the Pipfile as written, or `package` for a package's own keys. */
export function pipfileKeyText(table: string, key: string): string | undefined {
  const keys = Object.hasOwn(texts, table) ? texts[table as PipfileTable] : undefined;
  return keys && Object.hasOwn(keys, key) ? keys[key] : undefined;
}

/** All keys of a table with their texts. */
export function pipfileKeys(table: PipfileTable): readonly (readonly [string, string])[] {
  return Object.entries(texts[table]);
}
