// Picks what one resolve of a pyproject.toml takes: the project, some extras, some groups, and what narrows or replaces them.
import type { Marker } from "../packaging/marker.ts";
import { areDisjoint } from "../packaging/markerAlgebra.ts";
import { normalizeName } from "../packaging/name.ts";
import type { Span } from "../text/span.ts";
import type { IncludeEntry, RequirementEntry } from "./model.ts";
import type {
  EntryScope,
  ProjectData,
  ProjectGroup,
  ProjectSelection,
  UvConflictItem,
} from "./projectModel.ts";
import type { ManifestFile, ManifestTree } from "./treeModel.ts";

export interface SelectedEntry {
  readonly file: ManifestFile;
  readonly entry: RequirementEntry;
  /** The entry's own marker, and that of the self-reference that brings its extra: both have to hold. */
  readonly marker?: Marker;
  /** The extra or group that brings it, where parts are selected apart: an entry that several bring is there once for each. */
  readonly part?: { readonly kind: "extra" | "group"; readonly name: string };
}

export interface SelectionFault {
  readonly code: "unknown-extra" | "unknown-group" | "cyclic-group" | "conflicting-selection";
  readonly message: string;
  /** Where the file names what is missing; absent where the caller does. */
  readonly span?: Span;
}

export interface SelectedEntries {
  readonly requirements: readonly SelectedEntry[];
  readonly constraints: readonly SelectedEntry[];
  readonly overrides: readonly SelectedEntry[];
  /** Names in normal form. */
  readonly excluded: readonly string[];
  /** What is taken, in normal form. */
  readonly extras: readonly string[];
  readonly groups: readonly string[];
  /** What `all` leaves out, since it is not meant to stand beside what is taken: `extra gpu`. */
  readonly skipped: readonly string[];
  readonly faults: readonly SelectionFault[];
}

/**
 * What one resolve of a pyproject.toml takes. The default is that of `uv export`: the project's dependencies and the default
 * groups, no extras. References of the project to its own extras are followed, included groups too (PEP 735).
 *
 * @param tree its root is a pyproject.toml; files that it includes count as the include says.
 */
export function selectEntries(tree: ManifestTree, selection: ProjectSelection = {}): SelectedEntries {
  const project = tree.files[0]?.manifest.project;
  if (project === undefined) {
    return {
      requirements: [],
      constraints: [],
      overrides: [],
      excluded: [],
      extras: [],
      groups: [],
      skipped: [],
      faults: [],
    };
  }
  return new Selector(tree, project).select(selection);
}

/** What an entry counts for: its own scope, or that of the include that reached its file. Undefined outside of a pyproject.toml. */
export function scopeOf(
  tree: ManifestTree,
  file: ManifestFile,
  entry: RequirementEntry,
): EntryScope | undefined {
  if (entry.scope !== undefined || file.includedBy === undefined) return entry.scope;
  const { uri, span } = file.includedBy;
  const from = tree.files.find((each) => each.uri === uri);
  if (from === undefined || from === file) return undefined;
  const include = from.manifest.entries.find(
    (each): each is IncludeEntry => each.kind === "include" && holds(each.span, span),
  );
  if (include?.scope !== undefined) return include.scope;
  return from.includedBy === undefined ? undefined : scopeOf(tree, from, { ...entry, span });
}

function holds(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

interface Scoped {
  readonly file: ManifestFile;
  readonly entry: RequirementEntry;
  readonly scope: EntryScope;
}

class Selector {
  readonly #project: ProjectData;
  readonly #entries: readonly Scoped[];
  readonly #requirements: SelectedEntry[] = [];
  readonly #faults: SelectionFault[] = [];
  readonly #skipped: string[] = [];
  readonly #extras = new Set<string>();
  readonly #groups = new Set<string>();
  #part: SelectedEntry["part"];
  /** Extras with the markers under which they were taken, so that circles end. */
  readonly #taken = new Set<string>();

  constructor(tree: ManifestTree, project: ProjectData) {
    this.#project = project;
    this.#entries = tree.files.flatMap((file) =>
      file.manifest.entries.flatMap((entry) => {
        if (entry.kind !== "requirement" && entry.kind !== "constraint") return [];
        if (file.as === "constraints") return [{ file, entry, scope: { kind: "constraint" } as const }];
        return [{ file, entry, scope: scopeOf(tree, file, entry) ?? ({ kind: "project" } as const) }];
      }),
    );
  }

  select(selection: ProjectSelection): SelectedEntries {
    if (selection.isApart) this.#takeApart();
    else if (selection.onlyGroups !== undefined) {
      for (const name of selection.onlyGroups) this.#takeGroup(name, [], undefined);
    } else {
      this.#takeProject();
      for (const name of this.#extrasOf(selection)) {
        const isApart = selection.extras === "all" && this.#isApart({ extra: normalizeName(name) });
        if (!isApart) this.#takeExtra(name, undefined, undefined);
      }
      for (const name of this.#groupsOf(selection)) {
        const isApart = selection.groups === "all" && this.#isApart({ group: normalizeName(name) });
        if (!isApart) this.#takeGroup(name, [], undefined);
      }
    }
    if (!selection.isApart) this.#checkConflicts();
    const of = (kind: EntryScope["kind"]) =>
      this.#entries
        .filter(({ scope }) => scope.kind === kind)
        .map(({ file, entry }) => ({ file, entry, ...(entry.marker && { marker: entry.marker }) }));
    return {
      requirements: this.#requirements,
      constraints: of("constraint"),
      overrides: of("override"),
      excluded: of("exclusion").flatMap(({ entry }) => entry.normalizedName ?? []),
      extras: [...this.#extras],
      groups: [...this.#groups],
      skipped: this.#skipped,
      faults: this.#faults,
    };
  }

  /** Every extra and group as if it were the only one, whatever excludes what. */
  #takeApart(): void {
    this.#takeProject();
    const extras = this.#project.extras.map(({ normalizedName }) => normalizedName);
    const groups = new Set(this.#project.groups.map(({ normalizedName }) => normalizedName));
    for (const name of extras) {
      this.#begin({ kind: "extra", name });
      this.#takeExtra(name, undefined, undefined);
    }
    for (const name of groups) {
      this.#begin({ kind: "group", name });
      this.#takeGroup(name, [], undefined);
    }
    for (const name of extras) this.#extras.add(name);
    for (const name of groups) this.#groups.add(name);
  }

  #begin(part: NonNullable<SelectedEntry["part"]>): void {
    this.#part = part;
    this.#taken.clear();
    this.#extras.clear();
    this.#groups.clear();
  }

  #extrasOf({ extras = [] }: ProjectSelection): readonly string[] {
    return extras === "all" ? this.#project.extras.map(({ normalizedName }) => normalizedName) : extras;
  }

  #groupsOf(selection: ProjectSelection): readonly string[] {
    const without = new Set((selection.withoutGroups ?? []).map(normalizeName));
    const asked =
      selection.groups === "all"
        ? this.#project.groups.map(({ normalizedName }) => normalizedName)
        : (selection.groups ?? []);
    const names = [...(selection.defaultGroups === false ? [] : this.#project.defaultGroups), ...asked];
    return [...new Map(names.map((name) => [normalizeName(name), name])).entries()]
      .filter(([normal]) => !without.has(normal))
      .map(([, name]) => name);
  }

  #takeProject(): void {
    for (const { file, entry, scope } of this.#entries) {
      if (scope.kind === "project" && !entry.optional) this.#take(file, entry, undefined);
    }
  }

  /** @param span where the file asks for the extra. */
  #takeExtra(asked: string, outer: Marker | undefined, span: Span | undefined): void {
    const name = normalizeName(asked);
    const key = `${name} ${outer === undefined ? "" : `${outer.span.start}-${outer.span.end}`}`;
    if (this.#taken.has(key)) return;
    this.#taken.add(key);
    const extra = this.#project.extras.find(({ normalizedName }) => normalizedName === name);
    if (extra === undefined) {
      this.#fault("unknown-extra", `The project has no extra ${asked}.`, span);
      return;
    }
    this.#extras.add(name);
    for (const { file, entry, scope } of this.#entries) {
      const isOf = scope.kind === "extra" && scope.name === name;
      const isBrought =
        scope.kind === "project" &&
        entry.optional === true &&
        extra.brings?.includes(entry.normalizedName ?? "") === true;
      if (isOf || isBrought) this.#take(file, entry, outer);
    }
  }

  #takeGroup(asked: string, path: readonly string[], span: Span | undefined): void {
    const name = normalizeName(asked);
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(" → ");
      this.#fault("cyclic-group", `Dependency groups include each other in a circle: ${circle}.`, span);
      return;
    }
    const groups = this.#project.groups.filter(({ normalizedName }) => normalizedName === name);
    if (groups.length === 0) {
      this.#fault("unknown-group", `There is no dependency group ${asked}.`, span);
      return;
    }
    if (this.#groups.has(name)) return;
    this.#groups.add(name);
    for (const { file, entry, scope } of this.#entries) {
      if (scope.kind === "group" && scope.name === name) this.#take(file, entry, undefined);
    }
    for (const include of groups.flatMap((group: ProjectGroup) => group.includes)) {
      this.#takeGroup(include.text, [...path, name], include.span);
    }
  }

  #take(file: ManifestFile, entry: RequirementEntry, outer: Marker | undefined): void {
    const marker = joined(entry.marker, outer);
    if (entry.isSelf) {
      for (const extra of entry.extras) this.#takeExtra(extra.text, marker, extra.span);
      return;
    }
    this.#requirements.push({
      file,
      entry,
      ...(marker && { marker }),
      ...(this.#part && { part: this.#part }),
    });
  }

  /**
   * Whether an extra or a group is not meant to stand beside what is taken already: declared so, or, where no tool locks all of
   * them together, since a requirement of it excludes one that is taken.
   */
  #isApart(part: UvConflictItem): boolean {
    const isDeclared = this.#project.uv.conflicts.some((set) => {
      const isIn = set.some(
        ({ package: of, extra, group }) => this.#isOwn(of) && extra === part.extra && group === part.group,
      );
      return isIn && set.some((item) => this.#isTaken(item));
    });
    const isLockedTogether = this.#project.tool === "uv" || this.#project.tool === "poetry";
    if (!isDeclared && (isLockedTogether || !this.#clashes(part))) return false;
    this.#skipped.push(part.extra === undefined ? `group ${part.group}` : `extra ${part.extra}`);
    return true;
  }

  #clashes({ extra, group }: UvConflictItem): boolean {
    const taken = new Map<string, RequirementEntry[]>();
    for (const { entry } of this.#requirements) {
      const name = entry.normalizedName ?? "";
      taken.set(name, [...(taken.get(name) ?? []), entry]);
    }
    return this.#entries.some(({ entry, scope }) => {
      if (!("name" in scope) || scope.name !== (scope.kind === "extra" ? extra : group)) return false;
      const set = entry.specifier.toVersionSet();
      return (taken.get(entry.normalizedName ?? "") ?? []).some(
        (other) =>
          other.specifier.toVersionSet().isDisjoint(set) &&
          (!other.marker || !entry.marker || !areDisjoint(other.marker, entry.marker)),
      );
    });
  }

  #isOwn(name: string | undefined): boolean {
    return name === undefined || name === this.#project.normalizedName;
  }

  #isTaken({ package: of, extra, group }: UvConflictItem): boolean {
    if (!this.#isOwn(of)) return false;
    return (
      (extra !== undefined && this.#extras.has(extra)) || (group !== undefined && this.#groups.has(group))
    );
  }

  #checkConflicts(): void {
    for (const set of this.#project.uv.conflicts) {
      const both = set.filter((item) => this.#isTaken(item));
      if (both.length < 2) continue;
      const words = both.map((item) => (item.extra ? `extra ${item.extra}` : `group ${item.group}`));
      this.#fault(
        "conflicting-selection",
        `${words.join(" and ")} are declared as conflicting: they cannot be taken together.`,
        undefined,
      );
    }
  }

  #fault(code: SelectionFault["code"], message: string, span: Span | undefined): void {
    if (this.#faults.some((fault) => fault.message === message)) return;
    this.#faults.push(span === undefined ? { code, message } : { code, message, span });
  }
}

function joined(own: Marker | undefined, outer: Marker | undefined): Marker | undefined {
  if (own === undefined || outer === undefined) return own ?? outer;
  return {
    kind: "and",
    operands: [grouped(own), grouped(outer)],
    parenthesized: false,
    span: own.span,
  };
}

/** Or binds looser than and: joined by and, it needs its parentheses. */
function grouped(marker: Marker): Marker {
  return marker.kind === "or" ? { ...marker, parenthesized: true } : marker;
}
