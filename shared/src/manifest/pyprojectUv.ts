// `[tool.uv]` of a pyproject.toml: sources, indexes, constraints, overrides and settings.
import { readMarker } from "../packaging/marker.ts";
import { normalizeName } from "../packaging/name.ts";
import type { Span, Spanned } from "../text/span.ts";
import { mapSpans } from "./mapSpans.ts";
import type {
  EntryScope,
  ProjectGroup,
  UvConflictItem,
  UvDependencyMetadata,
  UvIndex,
  UvSettings,
  UvSource,
} from "./projectModel.ts";
import { type Mutable, type Reading, readItems } from "./pyprojectItems.ts";
import { stringAt, stringsOf } from "./pyprojectPoetry.ts";
import type { TomlValue } from "./toml.ts";
import { placesInString } from "./tomlString.ts";
import { isTable, nodeAt, type TomlNode } from "./tomlTree.ts";

/** What there is without `[tool.uv]`. */
export const noUvSettings: UvSettings = {
  sources: new Map(),
  indexes: [],
  extraIndexUrls: [],
  findLinks: [],
  noIndex: false,
  conflicts: [],
  environments: [],
  requiredEnvironments: [],
  excludeNewerPackage: new Map(),
  noBinary: false,
  noBinaryPackages: [],
  noBuild: false,
  noBuildPackages: [],
  dependencyMetadata: [],
};

/** The lists of requirements in `[tool.uv]`, with what they count for. */
const LISTS: ReadonlyMap<string, EntryScope> = new Map<string, EntryScope>([
  ["dev-dependencies", { kind: "group", name: "dev" }],
  ["constraint-dependencies", { kind: "constraint" }],
  ["override-dependencies", { kind: "override" }],
  ["exclude-dependencies", { kind: "exclusion" }],
  ["build-constraint-dependencies", { kind: "build-constraint" }],
]);

export interface UvTables {
  readonly settings: UvSettings;
  readonly groups: readonly ProjectGroup[];
  /** `default-groups`, in normal form. */
  readonly defaultGroups?: readonly string[] | "all";
}

/** Reads `[tool.uv]` (uv 0.9, "Settings"). Its lists of requirements become entries of the reading. */
export function readUv(reading: Reading, uv: TomlNode): UvTables {
  const groups: ProjectGroup[] = [];
  for (const [key, scope] of LISTS) {
    const node = uv.children.get(key);
    if (node?.value === undefined) continue;
    const kind = scope.kind === "group" ? "requirement" : "constraint";
    readItems(reading, node.value, { section: `tool.uv.${key}`, scope, kind });
    if (scope.kind === "group" && node.key) {
      const name = { text: "dev", span: node.key.inside };
      groups.push({ name, normalizedName: "dev", includes: [], optional: false });
    }
  }
  const defaults = uv.children.get("default-groups")?.value;
  const defaultGroups =
    defaults?.kind === "string" && defaults.text === "all"
      ? ("all" as const)
      : defaults && stringsOf(defaults).map(({ text }) => normalizeName(text));
  return {
    settings: readSettings(reading, uv),
    groups,
    ...(defaultGroups !== undefined && { defaultGroups }),
  };
}

function readSettings(reading: Reading, uv: TomlNode): UvSettings {
  const string = (key: string): Spanned | undefined => stringAt(uv, key);
  const strings = (key: string): readonly Spanned[] => stringsOf(uv.children.get(key)?.value);
  const names = (key: string) => strings(key).map(({ text }) => normalizeName(text));
  const flag = (key: string) => uv.children.get(key)?.value?.text === "true";
  const indexUrl = string("index-url");
  const indexStrategy = string("index-strategy");
  const resolution = string("resolution");
  const prerelease = string("prerelease");
  const forkStrategy = string("fork-strategy");
  const excludeNewer = string("exclude-newer");
  const workspace = uv.children.get("workspace");
  return {
    sources: readSources(reading, uv.children.get("sources")),
    indexes: (uv.children.get("index")?.tables ?? []).map(readIndex),
    extraIndexUrls: strings("extra-index-url"),
    findLinks: strings("find-links"),
    noIndex: flag("no-index"),
    conflicts: readConflicts(uv.children.get("conflicts")?.value),
    environments: markersOf(reading, uv.children.get("environments")?.value),
    requiredEnvironments: markersOf(reading, uv.children.get("required-environments")?.value),
    excludeNewerPackage: readCutOffs(uv.children.get("exclude-newer-package")),
    noBinary: flag("no-binary"),
    noBinaryPackages: names("no-binary-package"),
    noBuild: flag("no-build"),
    noBuildPackages: names("no-build-package"),
    dependencyMetadata: (uv.children.get("dependency-metadata")?.tables ?? []).flatMap(readMetadata),
    ...(indexUrl && { indexUrl }),
    ...(indexStrategy && { indexStrategy }),
    ...(resolution && { resolution }),
    ...(prerelease && { prerelease }),
    ...(forkStrategy && { forkStrategy }),
    ...(excludeNewer && { excludeNewer }),
    ...(workspace && {
      workspace: {
        members: stringsOf(workspace.children.get("members")?.value).map(({ text }) => text),
        exclude: stringsOf(workspace.children.get("exclude")?.value).map(({ text }) => text),
      },
    }),
  };
}

function readSources(reading: Reading, table: TomlNode | undefined): Map<string, readonly UvSource[]> {
  const sources = new Map<string, readonly UvSource[]>();
  for (const [name, node] of table?.children ?? []) {
    const ways = node.tables.length > 0 ? node.tables : isTable(node) ? [node] : [];
    if (ways.length === 0) {
      reading.fault("invalid-value", "A source is a table, or a list of tables.", node.span, "{ index = … }");
      continue;
    }
    sources.set(
      normalizeName(name),
      ways.flatMap((way) => readUvSource(reading, way) ?? []),
    );
  }
  return sources;
}

const KINDS = ["index", "git", "url", "path", "workspace"] as const;

function readUvSource(reading: Reading, node: TomlNode): UvSource | undefined {
  const kinds = KINDS.filter((kind) => node.children.has(kind));
  const [kind] = kinds;
  if (kind === undefined) {
    reading.fault(
      "invalid-value",
      "A source says where from: index, git, url, path or workspace.",
      node.span,
      "one of index, git, url, path, workspace",
    );
    return undefined;
  }
  if (kinds.length > 1) {
    reading.fault("invalid-value", `A source is one of ${kinds.join(" and ")}, not both.`, node.span);
  }
  const source: Mutable<UvSource> = { kind, span: node.span };
  const value = stringAt(node, kind);
  if (value) source.value = value;
  const reference = stringAt(node, "rev") ?? stringAt(node, "tag") ?? stringAt(node, "branch");
  if (reference) source.reference = reference;
  const subdirectory = stringAt(node, "subdirectory");
  if (subdirectory) source.subdirectory = subdirectory.text;
  const flagAt = (key: string) => nodeAt(node, key)?.value;
  const editable = flagAt("editable");
  if (editable?.kind === "boolean") source.editable = editable.text === "true";
  const isPackage = flagAt("package");
  if (isPackage?.kind === "boolean") source.package = isPackage.text === "true";
  const extra = stringAt(node, "extra");
  if (extra) source.extra = normalizeName(extra.text);
  const group = stringAt(node, "group");
  if (group) source.group = normalizeName(group.text);
  const written = node.children.get("marker")?.value;
  if (written?.kind === "string") {
    const read = readMarker(written.text);
    const places = placesInString(reading.text, written);
    if (read.ok) source.marker = mapSpans(read.value, (span) => places?.spanOf(span) ?? written.inside);
    else reading.fault("invalid-marker", read.error.message, written.span, read.error.expected);
  }
  return source;
}

function readIndex(node: TomlNode): UvIndex {
  const name = stringAt(node, "name");
  const url = stringAt(node, "url");
  return {
    span: spanOf(node),
    ...(name && { name }),
    ...(url && { url }),
    explicit: nodeAt(node, "explicit")?.value?.text === "true",
    default: nodeAt(node, "default")?.value?.text === "true",
    format: stringAt(node, "format")?.text === "flat" ? "flat" : "simple",
  };
}

/** A table with its header and what stands under it. */
export function spanOf(node: TomlNode): Span {
  return { start: node.span.start, end: Math.max(node.span.end, node.pairs.at(-1)?.span.end ?? 0) };
}

function readConflicts(value: TomlValue | undefined): UvConflictItem[][] {
  return (value?.items ?? []).map((set) =>
    (set.items ?? []).map((item) => {
      const found: Record<string, string> = {};
      for (const { keys, value: named } of item.pairs ?? []) {
        if (keys.length === 1 && named.kind === "string") found[keys[0]!.text] = normalizeName(named.text);
      }
      const { package: name, extra, group } = found;
      return { ...(name && { package: name }), ...(extra && { extra }), ...(group && { group }) };
    }),
  );
}

/** Markers, in a list or one alone. What is none is told. */
function markersOf(reading: Reading, value: TomlValue | undefined): readonly Spanned[] {
  const written = value?.kind === "string" ? [value] : (value?.items ?? []);
  return written.flatMap((item) => {
    if (item.kind !== "string") return [];
    const read = readMarker(item.text);
    if (read.ok) return [{ text: item.text, span: item.inside }];
    reading.fault("invalid-marker", read.error.message, item.span, read.error.expected);
    return [];
  });
}

function readCutOffs(table: TomlNode | undefined): Map<string, Spanned | false> {
  const found = new Map<string, Spanned | false>();
  for (const [name, { value }] of table?.children ?? []) {
    if (value?.kind === "boolean" && value.text === "false") found.set(normalizeName(name), false);
    else if (value) found.set(normalizeName(name), { text: value.text, span: value.inside });
  }
  return found;
}

function readMetadata(node: TomlNode): UvDependencyMetadata[] {
  const name = stringAt(node, "name")?.text;
  if (name === undefined) return [];
  const version = stringAt(node, "version")?.text;
  const requiresPython = stringAt(node, "requires-python")?.text;
  const texts = (key: string) => stringsOf(node.children.get(key)?.value).map(({ text }) => text);
  return [
    {
      name: normalizeName(name),
      ...(version !== undefined && { version }),
      ...(requiresPython !== undefined && { requiresPython }),
      requiresDist: texts("requires-dist"),
      providesExtras: texts("provides-extras"),
    },
  ];
}
