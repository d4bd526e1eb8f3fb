// The one model of a manifest, whatever file it was read from: entries with exact places, and what could not be read.
import type { Marker } from "../packaging/marker.ts";
import type { SpecifierSet } from "../packaging/specifier.ts";
import type { LineIndex, Span, Spanned } from "../text/span.ts";
import type { EntryScope, ProjectData, UvSource } from "./projectModel.ts";
import type { Pylock } from "./pylockModel.ts";

export type ManifestKind =
  | "requirements"
  | "constraints"
  | "pipfile"
  | "pipfile-lock"
  | "pyproject"
  | "pylock";

/** How an entry is written, which decides how an edit is written. */
export type EntryStyle =
  | "line"
  | "toml-string"
  | "toml-inline-table"
  | "toml-table"
  /** A PEP 508 requirement in a TOML string that is one item of an array. */
  | "toml-item"
  | "json";

/** A fault in the text. The lines around it keep working. */
export interface ManifestError {
  /** Kebab-case, stable: `invalid-requirement`, `unknown-option`, `toml-syntax`, … */
  readonly code: string;
  /** One sentence, subject first, as `VOICE.md` says. */
  readonly message: string;
  readonly span: Span;
  /** What would have been understood here, where the parser knows. */
  readonly expected?: string;
}

/** One tile of a lossless reading: all pieces, joined in order, are the text. */
export interface Piece {
  readonly kind:
    | "requirement"
    | "option"
    | "comment"
    | "blank"
    | "line-end"
    | "continuation"
    | "byte-order-mark"
    | "unreadable";
  readonly span: Span;
}

export interface HashEntry {
  readonly span: Span;
  /** `sha256`, `sha512`, …: lower case, as written before the colon. */
  readonly algorithm: string;
  readonly digest: string;
}

/** `git+https://host/repository@reference#egg=name`, taken apart. Credentials and `${VAR}` stay as written. */
export interface VcsReference {
  readonly system: "git" | "hg" | "svn" | "bzr";
  readonly url: Spanned;
  readonly reference?: Spanned;
}

/** One requirement, or one constraint, which narrows and never adds. */
export interface RequirementEntry {
  readonly kind: "requirement" | "constraint";
  readonly style: EntryStyle;
  /** The entry without its trailing comment and line end. */
  readonly span: Span;
  /**
   * Pipfile and its lock: the category's table as written (`packages`, `dev-packages`, `default`, `develop`, `docs`).
   * pyproject.toml: the dotted key of the list or table (`project.dependencies`, `dependency-groups.test`).
   */
  readonly section?: string;
  /** pyproject.toml: what the entry counts for. */
  readonly scope?: EntryScope;
  /**
   * How the versions are written, where not as PEP 440 says: `poetry` for `^1.2`, `~1.2`, a bare `1.2`, `||`. `specifier` then holds
   * what they mean, each clause with the place of the piece that says it, so that two clauses may share one.
   */
  readonly grammar?: "poetry";
  /** pyproject.toml: where uv's `[tool.uv.sources]` takes the package from; the first whose marker, extra and group hold. */
  readonly sources?: readonly UvSource[];
  /** pyproject.toml: the project names itself, with the extras that it wants of itself. */
  readonly isSelf?: boolean;
  /** Poetry: `optional = true`, a package that only an extra brings. */
  readonly optional?: boolean;
  /** Poetry: `allow-prereleases`. */
  readonly allowPrereleases?: boolean;
  /** As written; absent where only a path, an archive or a URL is given. */
  readonly name?: Spanned;
  /** PEP 503 form of `name`, or of what the file name or `#egg=` says. */
  readonly normalizedName?: string;
  readonly extras: readonly Spanned[];
  /** The clauses with their places, empty where any version will do. `*` in a Pipfile is empty, with its `specifierSpan`. */
  readonly specifier: SpecifierSet;
  /** From the first operator to the end of the last clause; for TOML and JSON the inside of the quotes. */
  readonly specifierSpan?: Span;
  /** Pipfile entries may write parts of a marker as keys (`sys_platform = "== 'win32'"`): here they are joined. */
  readonly marker?: Marker;
  readonly markerSpan?: Span;
  /** Direct reference, as written: `${VAR}` is never expanded. */
  readonly url?: Spanned;
  readonly vcs?: VcsReference;
  /** Local project or archive, as written. */
  readonly path?: Spanned;
  readonly subdirectory?: string;
  readonly editable: boolean;
  readonly hashes: readonly HashEntry[];
  /** Pipfile: the name of the source that this package is bound to. */
  readonly index?: Spanned;
  /** Per-requirement options of pip (`--global-option`, `--config-settings`), hashes aside. */
  readonly options: readonly OptionEntry[];
  readonly comment?: Spanned;
  /** The rules that a `# thoth: ignore[rule, …]` on the entry names; empty means all, absent means none. */
  readonly ignores?: readonly string[];
  /** False where any part was not understood fully: then no edit is offered. */
  readonly understood: boolean;
  /** True where the text holds `${VAR}`. */
  readonly hasVariables: boolean;
  /** Pipfile: other keys of the entry's table, for hover and checks. */
  readonly keys?: readonly { readonly key: Spanned; readonly value: Spanned }[];
}

/** `-r FILE` or `-c FILE`. */
export interface IncludeEntry {
  readonly kind: "include";
  readonly span: Span;
  readonly as: "requirements" | "constraints";
  /** As written, quotes removed. */
  readonly target: Spanned;
  readonly hasVariables: boolean;
  readonly comment?: Spanned;
  /** pyproject.toml: what the entries of the file count for (setuptools' `dynamic` files). */
  readonly scope?: EntryScope;
}

/** A global option of pip on a line of its own, a per-requirement option, or a key of a Pipfile's other tables. */
export interface OptionEntry {
  readonly kind: "option";
  readonly span: Span;
  readonly section?: string;
  /** The long form: `--index-url` for `-i`. In a Pipfile the key: `python_version`, `allow_prereleases`. */
  readonly option: string;
  readonly optionSpan: Span;
  readonly value?: Spanned;
  readonly hasVariables: boolean;
  readonly comment?: Spanned;
}

/** `[[source]]` of a Pipfile, or an item of `_meta.sources`. */
export interface SourceEntry {
  readonly kind: "source";
  readonly span: Span;
  readonly section?: string;
  readonly name?: Spanned;
  readonly url?: Spanned;
  readonly verifySsl: boolean;
  readonly verifySslSpan?: Span;
  readonly hasVariables: boolean;
}

export type ManifestEntry = RequirementEntry | IncludeEntry | OptionEntry | SourceEntry;

/** What a lock says of itself: `_meta` of a Pipfile.lock. */
export interface LockMeta {
  /** The hash of the Pipfile that it was made from, and its place. */
  readonly hash?: { readonly algorithm: string; readonly digest: string; readonly span: Span };
  readonly specification?: number;
  readonly requires: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly kind: ManifestKind;
  readonly text: string;
  readonly lines: LineIndex;
  readonly entries: readonly ManifestEntry[];
  readonly errors: readonly ManifestError[];
  /** Requirements and constraints only: the tiles of the text. */
  readonly pieces?: readonly Piece[];
  /** `# thoth: ignore[rule]` on lines of their own before the first entry silence for the whole file. */
  readonly ignores: readonly string[];
  readonly lock?: LockMeta;
  /** pylock.toml: all that it says, as far as it could be read. */
  readonly pylock?: Pylock;
  /** pyproject.toml: what it says beside its requirements. */
  readonly project?: ProjectData;
  /** Pipfile: the text that pipenv takes the hash of, for comparison with a lock's `_meta.hash`. */
  readonly pipfileHashInput?: string | undefined;
  /** Pipfile: every text whose sha256 some pipenv writes as the hash: that of today first, then that of older ones. */
  readonly pipfileHashInputs?: readonly string[];
  /** Pipfile: the hashes that go with them, in hex: a lock that records any of them is up to date. */
  readonly pipfileHashes?: readonly string[];
}
