// What a pyproject.toml says beside its requirements, as plain data: the project, its extras and groups, uv's and poetry's settings.
import type { Marker } from "../packaging/marker.ts";
import type { SpecifierSet } from "../packaging/specifier.ts";
import type { Span, Spanned } from "../text/span.ts";

/**
 * What an entry of a pyproject.toml counts for. Names are in their normal form (PEP 685).
 *
 * `selectEntries` in `projectSelection.ts` picks by it what one resolve takes.
 */
export type EntryScope =
  /** `[project] dependencies`, or `[tool.poetry.dependencies]` where the former does not exist. */
  | { readonly kind: "project" }
  | { readonly kind: "extra"; readonly name: string }
  /** `[dependency-groups]` (PEP 735), uv's and PDM's `dev-dependencies`, poetry's groups. */
  | { readonly kind: "group"; readonly name: string }
  /** `[build-system] requires`: installed to build the project, never a part of its stack. */
  | { readonly kind: "build" }
  /** uv's `constraint-dependencies`: narrows all of the above but the build. */
  | { readonly kind: "constraint" }
  /** uv's `override-dependencies`: takes the place of every requirement on the package. */
  | { readonly kind: "override" }
  /** uv's `exclude-dependencies`: the package is left out wherever it is required. */
  | { readonly kind: "exclusion" }
  /** uv's `build-constraint-dependencies`. */
  | { readonly kind: "build-constraint" }
  /** `[tool.poetry.dependencies]` beside `[project] dependencies`: says where from, and requires nothing. */
  | { readonly kind: "detail" };

/** A specifier with its place. */
export interface PlacedSpecifier extends Spanned {
  readonly specifier: SpecifierSet;
}

export interface ProjectExtra {
  readonly name: Spanned;
  readonly normalizedName: string;
  /** Poetry 1: the optional packages, by normal name, that the extra brings. */
  readonly brings?: readonly string[];
}

export interface ProjectGroup {
  readonly name: Spanned;
  readonly normalizedName: string;
  /** `{include-group = "…"}`, as written. */
  readonly includes: readonly Spanned[];
  /** Poetry's `optional = true`: left out unless asked for. */
  readonly optional: boolean;
}

export interface ProjectData {
  /** Whether there is a `[project]` table (PEP 621). */
  readonly hasProjectTable: boolean;
  readonly name?: Spanned;
  readonly normalizedName?: string;
  readonly version?: Spanned;
  /** `requires-python`; else poetry's `python`. */
  readonly requiresPython?: PlacedSpecifier;
  /** `[project] dynamic`: fields that the build back-end fills in, so that the file does not say them. */
  readonly dynamic: readonly Spanned[];
  readonly extras: readonly ProjectExtra[];
  readonly groups: readonly ProjectGroup[];
  /** Groups taken unless left out, in normal form: uv's `default-groups` (`["dev"]`), poetry's groups that are not optional. */
  readonly defaultGroups: readonly string[];
  /** `[build-system] build-backend`. */
  readonly buildBackend?: Spanned;
  /** Which tool manages the project, by the tables that it alone reads. */
  readonly tool?: "uv" | "poetry" | "pdm";
  /** `[tool.uv]`, all defaults where there is none. */
  readonly uv: UvSettings;
  /** `[[tool.poetry.source]]`, in order; as `SourceEntry` they are entries too. */
  readonly poetrySources: readonly PoetrySource[];
}

/** One way of `[tool.uv.sources]`; several are chosen from by marker, extra and group. */
export interface UvSource {
  readonly kind: "index" | "git" | "url" | "path" | "workspace";
  readonly span: Span;
  /** The index's name, the repository, the URL or the path as written; absent for `workspace = true`. */
  readonly value?: Spanned;
  /** git: `rev`, `tag` or `branch`. */
  readonly reference?: Spanned;
  readonly subdirectory?: string;
  readonly editable?: boolean;
  /** path: `package = false` installs its dependencies alone. */
  readonly package?: boolean;
  readonly marker?: Marker;
  /** Normal forms: the source holds for the requirements of this extra or group only. */
  readonly extra?: string;
  readonly group?: string;
}

/** `[[tool.uv.index]]`. */
export interface UvIndex {
  readonly span: Span;
  readonly name?: Spanned;
  readonly url?: Spanned;
  /** Searched only for packages that name it. */
  readonly explicit: boolean;
  /** Takes the place of the public index, and is searched last. */
  readonly default: boolean;
  /** `simple`, unless it is a folder or page of links: `flat`. */
  readonly format: "simple" | "flat";
}

/** `[tool.uv] conflicts`: extras and groups that are never installed together. Normal forms. */
export interface UvConflictItem {
  readonly package?: string;
  readonly extra?: string;
  readonly group?: string;
}

/** `[tool.uv]`, values as written; what has another type than uv takes is an error of the manifest and left out here. */
export interface UvSettings {
  /** By normal name. */
  readonly sources: ReadonlyMap<string, readonly UvSource[]>;
  readonly indexes: readonly UvIndex[];
  readonly indexUrl?: Spanned;
  readonly extraIndexUrls: readonly Spanned[];
  readonly findLinks: readonly Spanned[];
  readonly noIndex: boolean;
  readonly indexStrategy?: Spanned;
  readonly conflicts: readonly (readonly UvConflictItem[])[];
  /** Markers. */
  readonly environments: readonly Spanned[];
  readonly requiredEnvironments: readonly Spanned[];
  readonly resolution?: Spanned;
  readonly prerelease?: Spanned;
  readonly forkStrategy?: Spanned;
  readonly excludeNewer?: Spanned;
  /** By normal name: a date or a span, or false for no cut-off. */
  readonly excludeNewerPackage: ReadonlyMap<string, Spanned | false>;
  readonly noBinary: boolean;
  readonly noBinaryPackages: readonly string[];
  readonly noBuild: boolean;
  readonly noBuildPackages: readonly string[];
  /** `[tool.uv.workspace]`: folders as written. */
  readonly workspace?: { readonly members: readonly string[]; readonly exclude: readonly string[] };
  /** `[[tool.uv.dependency-metadata]]`: metadata that takes the place of what the index says. */
  readonly dependencyMetadata: readonly UvDependencyMetadata[];
}

export interface UvDependencyMetadata {
  readonly name: string;
  readonly version?: string;
  readonly requiresDist: readonly string[];
  readonly requiresPython?: string;
  readonly providesExtras: readonly string[];
}

/** `[[tool.poetry.source]]`. */
export interface PoetrySource {
  readonly span: Span;
  readonly name?: Spanned;
  readonly url?: Spanned;
  /** `primary` unless written: searched in order; then the `supplemental` ones; `explicit` only for packages that name it. */
  readonly priority: "primary" | "supplemental" | "explicit" | "default" | "secondary";
}

/** Which parts of a pyproject.toml one resolve takes, as `uv export` names them. */
export interface ProjectSelection {
  /** Extras to take, of any spelling, or all. */
  readonly extras?: readonly string[] | "all";
  /** Groups beside the default ones, or all. */
  readonly groups?: readonly string[] | "all";
  /** Groups to leave out; wins over everything. */
  readonly withoutGroups?: readonly string[];
  /** These groups alone, without the project. */
  readonly onlyGroups?: readonly string[];
  /** False leaves `defaultGroups` out. Default true. */
  readonly defaultGroups?: boolean;
  /** Every extra and group, each by itself, for a lock from which any of them may be installed. Nothing else counts then. */
  readonly isApart?: boolean;
}
