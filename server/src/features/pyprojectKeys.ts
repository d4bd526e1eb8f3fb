// What the keys of a pyproject.toml mean, for hover and completion. Sources: PEP 621 and 735, uv's settings, poetry's documentation.

export type PyprojectTable =
  | "project"
  | "build-system"
  | "tool.uv"
  | "tool.uv.index"
  | "uv-source"
  | "tool.poetry"
  | "tool.poetry.source"
  | "poetry-dependency"
  | "dependency-group";

const texts: Readonly<Record<PyprojectTable, Readonly<Record<string, string>>>> = {
  project: {
    name: "Name of the project.",
    version: "Version of the project, unless it is dynamic.",
    description: "The project in one line.",
    readme: "File with the long description.",
    "requires-python": "Versions of Python that the project runs on.",
    license: "Licence of the project, as an SPDX expression.",
    "license-files": "Files of the licence.",
    authors: "Who wrote it.",
    maintainers: "Who looks after it.",
    keywords: "Words to find it by.",
    classifiers: "Classifiers of the package index.",
    urls: "Addresses of the project.",
    scripts: "Commands that the project installs.",
    "gui-scripts": "Commands with a window of their own.",
    "entry-points": "What other programs find by its name.",
    dependencies: "What the project needs to run.",
    "optional-dependencies": "Extras: what some uses of the project need beside.",
    dynamic: "Fields that the build back-end fills in.",
  },
  "build-system": {
    requires: "What building the project needs; no part of its stack.",
    "build-backend": "What builds the project.",
    "backend-path": "Folders of a back-end that is part of the project.",
  },
  "tool.uv": {
    index: "Indexes that uv asks.",
    sources: "Where packages are taken from while the project is worked on.",
    "constraint-dependencies": "Versions that are admitted of packages, whoever requires them; adds none.",
    "override-dependencies": "Takes the place of every requirement on the package.",
    "exclude-dependencies": "Packages that are left out wherever they are required.",
    "build-constraint-dependencies": "Versions that are admitted of what builds packages.",
    "dev-dependencies": "Older form of the dependency group dev.",
    "default-groups": 'Groups that are installed unless left out; `["dev"]` where this is not given.',
    "dependency-metadata": "Metadata of packages that takes the place of their own.",
    conflicts: "Extras and groups that are never installed together.",
    environments: "Markers of the environments that the lock is for.",
    "required-environments": "Markers of environments that every package must have a wheel for.",
    resolution: "Which releases are taken: `highest`, `lowest` or `lowest-direct`.",
    prerelease: "When pre-releases are taken: `if-necessary` where this is not given.",
    "fork-strategy": "What is preferred where environments differ: `requires-python` or `fewest`.",
    "exclude-newer": "Leaves out what was uploaded after this time.",
    "exclude-newer-package": "The same for single packages.",
    "index-strategy": "Which index wins: `first-index` where this is not given.",
    "index-url": "Index in the place of the public one; `[[tool.uv.index]]` says more.",
    "extra-index-url": "Further indexes; `[[tool.uv.index]]` says more.",
    "find-links": "Folders and pages with files of packages.",
    "no-index": "Asks no index.",
    "no-binary": "Builds every package from source.",
    "no-binary-package": "Builds these packages from source.",
    "no-build": "Builds no package from source.",
    "no-build-package": "Builds none of these packages from source.",
    package: "Whether the project is built and installed.",
    managed: "Whether uv manages the project.",
    workspace: "Projects that share one lock.",
  },
  "tool.uv.index": {
    name: "Name that `[tool.uv.sources]` binds packages to.",
    url: "Address of the index.",
    explicit: "Asked only for packages that are bound to it.",
    default: "Takes the place of the public index, and is asked last.",
    format: "`simple`, or `flat` for a folder or page of files.",
  },
  "uv-source": {
    index: "Name of the index that the package is taken from.",
    git: "Address of a Git repository.",
    rev: "Commit of the repository.",
    tag: "Tag of the repository.",
    branch: "Branch of the repository.",
    subdirectory: "Folder of the project within the repository or archive.",
    url: "Address of an archive.",
    path: "Local project or archive.",
    workspace: "Taken from this workspace.",
    editable: "Installs so that edits of the sources take effect at once.",
    package: "Whether the project itself is installed, or what it needs alone.",
    marker: "Holds only where this marker does.",
    extra: "Holds for the requirements of this extra only.",
    group: "Holds for the requirements of this group only.",
  },
  "tool.poetry": {
    name: "Name of the project.",
    version: "Version of the project.",
    dependencies: "What the project needs to run, in poetry's own constraints.",
    "dev-dependencies": "Older form of the group dev.",
    group: "Groups of dependencies.",
    extras: "Optional packages, by the extra that brings them.",
    source: "Indexes that poetry asks.",
    packages: "Packages that are part of the project.",
    "package-mode": "Whether the project is built and installed.",
  },
  "tool.poetry.source": {
    name: "Name that a dependency binds to with `source`.",
    url: "Address of the index.",
    priority:
      "`primary`, `supplemental` where the others have nothing, or `explicit` for packages that are bound to it.",
  },
  "poetry-dependency": {
    version:
      "Versions that are admitted: `^1.2` up to the next breaking release, `~1.2` up to the next minor one, `1.2` exactly.",
    python: "Installed only for these versions of Python.",
    platform: "Installed only on this platform, as `sys.platform` names it.",
    markers: "Installed only where this marker holds (PEP 508).",
    optional: "Installed only with an extra that brings it.",
    extras: "Extras of the package that are installed with it.",
    "allow-prereleases": "Admits pre-releases of this package.",
    source: "Name of the one source that this package is taken from.",
    git: "Address of a Git repository to install from.",
    branch: "Branch of the repository.",
    tag: "Tag of the repository.",
    rev: "Commit of the repository.",
    path: "Local project to install.",
    file: "Local archive to install.",
    url: "Address of an archive to install.",
    subdirectory: "Folder of the project within the repository.",
    develop: "Installs so that edits of the sources take effect at once.",
  },
  "dependency-group": {
    "include-group": "Takes the requirements of another group in.",
  },
};

/** What a key of a table means; undefined where that is not known. */
export function pyprojectKeyText(table: string, key: string): string | undefined {
  const keys = Object.hasOwn(texts, table) ? texts[table as PyprojectTable] : undefined;
  return keys && Object.hasOwn(keys, key) ? keys[key] : undefined;
}

/** All keys of a table with their texts; none where the table is not known. */
export function pyprojectKeys(table: string): readonly (readonly [string, string])[] {
  return Object.hasOwn(texts, table) ? Object.entries(texts[table as PyprojectTable]) : [];
}
