// pyproject.toml as pip, uv and poetry read it: the project, extras, groups, the build, and what the tools' tables add.
import { normalizeExtra, normalizeName } from "../packaging/name.ts";
import { readSpecifierSet } from "../packaging/specifier.ts";
import { LineIndex, type Span, type Spanned } from "../text/span.ts";
import { readFileIgnores, trailingComment } from "./ignores.ts";
import { mapSpans } from "./mapSpans.ts";
import type {
  IncludeEntry,
  Manifest,
  ManifestEntry,
  ManifestError,
  OptionEntry,
  RequirementEntry,
  SourceEntry,
} from "./model.ts";
import type {
  EntryScope,
  PlacedSpecifier,
  ProjectData,
  ProjectExtra,
  ProjectGroup,
  UvSource,
} from "./projectModel.ts";
import { type Mutable, type Reading, readItems } from "./pyprojectItems.ts";
import { type PoetryTables, readPoetry, stringAt, stringsOf } from "./pyprojectPoetry.ts";
import { noUvSettings, readUv, spanOf, type UvTables } from "./pyprojectUv.ts";
import { holdsVariable } from "./requirementLine.ts";
import type { TomlParser, TomlValue } from "./toml.ts";
import { placesInString } from "./tomlString.ts";
import { buildTomlTree, isTable, nodeAt, type TomlNode } from "./tomlTree.ts";

/**
 * Reads a pyproject.toml: PEP 508 and 621, PEP 735's groups, PEP 518's build, `[tool.uv]`, `[tool.poetry]`, PDM's groups and
 * setuptools' dynamic files. Never throws; broken statements are errors, the good ones around them are read.
 *
 * @param toml the reader that `loadToml` gives.
 */
export function readPyproject(text: string, toml: TomlParser): Manifest {
  // A blank in the byte-order mark's place keeps every offset.
  const document = toml.parse(text.charCodeAt(0) === 0xfeff ? ` ${text.slice(1)}` : text);
  const reading = new ProjectReading(text, buildTomlTree(document));
  const project = reading.read();
  const entries: ManifestEntry[] = [...reading.entries, ...reading.others];
  return {
    kind: "pyproject",
    text,
    lines: new LineIndex(text),
    entries: entries.sort((a, b) => a.span.start - b.span.start),
    errors: [...document.faults, ...reading.errors].sort((a, b) => a.span.start - b.span.start),
    ignores: readFileIgnores(text),
    project,
  };
}

class ProjectReading implements Reading {
  readonly text: string;
  readonly entries: RequirementEntry[] = [];
  readonly others: (OptionEntry | SourceEntry | IncludeEntry)[] = [];
  readonly errors: ManifestError[] = [];
  readonly #root: TomlNode;
  readonly #extras = new Map<string, ProjectExtra>();
  readonly #groups = new Map<string, ProjectGroup>();

  constructor(text: string, root: TomlNode) {
    this.text = text;
    this.#root = root;
  }

  read(): ProjectData {
    const root = this.#root;
    const project = root.children.get("project");
    const dynamic = stringsOf(project && nodeAt(project, "dynamic")?.value);
    const python = this.#readProject(project, dynamic);
    this.#readGroups(root.children.get("dependency-groups"));
    this.#readBuild(root.children.get("build-system"));
    const uvNode = nodeAt(root, "tool", "uv");
    const uv = uvNode && isTable(uvNode) ? readUv(this, uvNode) : undefined;
    const poetryNode = nodeAt(root, "tool", "poetry");
    const hasDependencies =
      project !== undefined &&
      (project.children.has("dependencies") || project.children.has("optional-dependencies"));
    const poetry =
      poetryNode && isTable(poetryNode) ? readPoetry(this, poetryNode, hasDependencies) : undefined;
    this.#readPdm(nodeAt(root, "tool", "pdm"));
    this.#readDynamicFiles(nodeAt(root, "tool", "setuptools", "dynamic"), dynamic);
    this.#addSettings(uvNode, uv, poetry);
    const data = this.#dataOf(project, poetryNode, { dynamic, python, uv, poetry });
    this.#checkGroups(data);
    this.#finishEntries(data);
    return data;
  }

  fault(code: string, message: string, span: Span, expected?: string): void {
    this.errors.push(expected === undefined ? { code, message, span } : { code, message, span, expected });
  }

  /** Reads the lists of `[project]`, and answers `requires-python`. */
  #readProject(project: TomlNode | undefined, dynamic: readonly Spanned[]): PlacedSpecifier | undefined {
    if (project === undefined || !isTable(project)) return undefined;
    const dependencies = project.children.get("dependencies");
    if (dependencies?.value) {
      readItems(this, dependencies.value, {
        section: "project.dependencies",
        scope: { kind: "project" },
        kind: "requirement",
      });
    } else if (dependencies) {
      this.fault(
        "invalid-value",
        "project.dependencies is a list of requirements.",
        dependencies.span,
        "[…]",
      );
    }
    this.#readExtras(project.children.get("optional-dependencies"));
    for (const field of dynamic) {
      const given = project.children.get(field.text);
      if (given === undefined) continue;
      this.fault(
        "dynamic-and-given",
        `${field.text} is given here, so it cannot be dynamic too.`,
        field.span,
      );
    }
    const python = project.children.get("requires-python");
    return python?.value && this.#readPython(python, python.value);
  }

  #readPython(node: TomlNode, value: TomlValue): PlacedSpecifier | undefined {
    this.#addOption("project", node);
    if (value.kind !== "string") {
      this.fault("invalid-value", "requires-python is a text in quotes.", value.span, `">=${value.text}"`);
      return undefined;
    }
    const places = placesInString(this.text, value);
    const map = (span: Span): Span => places?.spanOf(span) ?? value.inside;
    const read = readSpecifierSet(value.text);
    if (read.ok) return { text: value.text, span: value.inside, specifier: mapSpans(read.value, map) };
    const { code, message, offset, length, expected } = read.error;
    const span = map({ start: offset, end: offset + length });
    this.fault(code, message, span.end > span.start ? span : value.span, expected);
    return undefined;
  }

  #readExtras(table: TomlNode | undefined): void {
    if (table === undefined) return;
    if (!isTable(table)) {
      this.fault("invalid-value", "project.optional-dependencies is a table of lists.", table.span);
      return;
    }
    for (const [written, node] of table.children) {
      if (node.key === undefined) continue;
      const name = normalizeExtra(written);
      const section = `project.optional-dependencies.${written}`;
      const other = this.#extras.get(name);
      if (other) {
        const message = `${other.name.text} and ${written} are one extra: ${name}.`;
        this.fault("duplicate-extra", message, node.key.span);
      } else this.#addExtra({ name: { text: written, span: node.key.inside }, normalizedName: name });
      if (node.value)
        readItems(this, node.value, { section, scope: { kind: "extra", name }, kind: "requirement" });
      else this.fault("invalid-value", `${section} is a list of requirements.`, node.span, "[…]");
    }
  }

  #readGroups(table: TomlNode | undefined): void {
    if (table === undefined) return;
    if (!isTable(table)) {
      this.fault("invalid-value", "dependency-groups is a table of lists.", table.span);
      return;
    }
    for (const [written, node] of table.children) {
      if (node.key === undefined) continue;
      this.#addGroup(written, node, `dependency-groups.${written}`, true);
    }
  }

  #addGroup(written: string, node: TomlNode, section: string, isStandard: boolean): void {
    const name = normalizeName(written);
    const includes: Spanned[] = [];
    const other = this.#groups.get(name);
    if (other && isStandard) {
      const message = `${other.name.text} and ${written} are one group: ${name}.`;
      this.fault("duplicate-group", message, node.key!.span);
    } else {
      const key = { text: written, span: node.key!.inside };
      this.#groups.set(name, { name: key, normalizedName: name, includes, optional: false });
    }
    if (node.value === undefined) {
      this.fault("invalid-value", `${section} is a list of requirements.`, node.span, "[…]");
      return;
    }
    const scope: EntryScope = { kind: "group", name };
    readItems(this, node.value, { section, scope, kind: "requirement" }, (item) => {
      const [pair, more] = item.pairs ?? [];
      const isInclude = pair?.keys.length === 1 && pair.keys[0]!.text === "include-group" && !more;
      if (!isStandard || !isInclude || pair.value.kind !== "string") {
        if (item.kind !== "inline-table") return false;
        const message = 'An entry is a requirement or {include-group = "name"}.';
        this.fault("invalid-group-entry", message, item.span, '{include-group = "name"}');
        return true;
      }
      includes.push({ text: pair.value.text, span: pair.value.inside });
      return true;
    });
  }

  #readBuild(table: TomlNode | undefined): void {
    const requires = table?.children.get("requires");
    if (requires?.value === undefined) return;
    readItems(this, requires.value, {
      section: "build-system.requires",
      scope: { kind: "build" },
      kind: "requirement",
    });
  }

  /** `[tool.pdm.dev-dependencies]`, which PDM had before PEP 735. `-e` lines in it are PDM's own and passed over. */
  #readPdm(pdm: TomlNode | undefined): void {
    for (const [written, node] of pdm?.children.get("dev-dependencies")?.children ?? []) {
      if (node.key === undefined || node.value?.kind !== "array") continue;
      const items = node.value.items ?? [];
      const plain = items.filter((item) => !/^\s*-e\s/.test(item.text));
      const value = { ...node.value, items: plain };
      this.#addGroup(written, { ...node, value }, `tool.pdm.dev-dependencies.${written}`, false);
    }
    for (const node of pdm?.children.get("source")?.tables ?? []) this.#addSource("tool.pdm.source", node);
  }

  /** setuptools' `dependencies = {file = ["requirements.txt"]}`: what stands in those files is the project's. */
  #readDynamicFiles(table: TomlNode | undefined, dynamic: readonly Spanned[]): void {
    if (table === undefined) return;
    const isDynamic = (field: string) => dynamic.some(({ text }) => text === field);
    if (isDynamic("dependencies")) this.#addFiles(table.children.get("dependencies"), { kind: "project" });
    if (!isDynamic("optional-dependencies")) return;
    for (const [written, node] of table.children.get("optional-dependencies")?.children ?? []) {
      if (node.key === undefined) continue;
      const name = normalizeExtra(written);
      this.#addExtra({ name: { text: written, span: node.key.inside }, normalizedName: name });
      this.#addFiles(node, { kind: "extra", name });
    }
  }

  #addFiles(node: TomlNode | undefined, scope: EntryScope): void {
    const value = node?.children.get("file")?.value;
    const files = value?.kind === "string" ? [value] : (value?.items ?? []);
    for (const file of files) {
      if (file.kind !== "string") continue;
      this.others.push({
        kind: "include",
        span: file.span,
        as: "requirements",
        target: { text: file.text, span: file.inside },
        hasVariables: false,
        scope,
      });
    }
  }

  #addSettings(
    uvNode: TomlNode | undefined,
    uv: UvTables | undefined,
    poetry: PoetryTables | undefined,
  ): void {
    for (const group of uv?.groups ?? []) this.#addMissing(group);
    for (const [key, node] of uvNode?.children ?? []) {
      if (key === "index") for (const table of node.tables) this.#addSource("tool.uv.index", table);
      else if (node.value && !key.endsWith("-dependencies")) this.#addOption("tool.uv", node);
    }
    if (!poetry) return;
    if (poetry.pythonKey) this.#addOption("tool.poetry.dependencies", poetry.pythonKey);
    for (const group of poetry.groups) this.#addMissing(group);
    for (const extra of poetry.extras) this.#addExtra(extra);
    for (const node of nodeAt(this.#root, "tool", "poetry", "source")?.tables ?? [])
      this.#addSource("tool.poetry.source", node);
  }

  /** The first of a name stays. */
  #addExtra(extra: ProjectExtra): void {
    if (!this.#extras.has(extra.normalizedName)) this.#extras.set(extra.normalizedName, extra);
  }

  #addMissing(group: ProjectGroup): void {
    if (!this.#groups.has(group.normalizedName)) this.#groups.set(group.normalizedName, group);
  }

  #addOption(section: string, node: TomlNode): void {
    const { key, value } = node;
    if (!key || !value) return;
    const comment = trailingComment(this.text, node.span.end);
    this.others.push({
      kind: "option",
      span: node.span,
      section,
      option: key.text,
      optionSpan: key.inside,
      value: { text: value.text, span: value.inside },
      hasVariables: holdsVariable(value.text.slice(0, 10_000)),
      ...(comment && { comment }),
    });
  }

  #addSource(section: string, node: TomlNode): void {
    const name = stringAt(node, "name");
    const url = stringAt(node, "url");
    const verify = node.children.get("verify_ssl")?.value;
    this.others.push({
      kind: "source",
      span: spanOf(node),
      section,
      ...(name && { name }),
      ...(url && { url }),
      verifySsl: verify?.text !== "false",
      ...(verify && { verifySslSpan: verify.span }),
      hasVariables: url !== undefined && /\$\{?\w/.test(url.text),
    });
  }

  #dataOf(
    project: TomlNode | undefined,
    poetryNode: TomlNode | undefined,
    read: {
      readonly dynamic: readonly Spanned[];
      readonly python: PlacedSpecifier | undefined;
      readonly uv: UvTables | undefined;
      readonly poetry: PoetryTables | undefined;
    },
  ): ProjectData {
    const { dynamic, uv, poetry } = read;
    const name = stringAt(project, "name") ?? stringAt(poetryNode, "name");
    const version = stringAt(project, "version") ?? stringAt(poetryNode, "version");
    const buildBackend = stringAt(this.#root.children.get("build-system"), "build-backend");
    const requiresPython = read.python ?? poetry?.python;
    const tool = this.#toolOf(buildBackend?.text);
    return {
      hasProjectTable: project !== undefined && isTable(project),
      ...(name && { name, normalizedName: normalizeName(name.text) }),
      ...(version && { version }),
      ...(requiresPython && { requiresPython }),
      dynamic,
      extras: [...this.#extras.values()],
      groups: [...this.#groups.values()],
      defaultGroups: this.#defaultGroups(tool, uv),
      ...(buildBackend && { buildBackend }),
      ...(tool && { tool }),
      uv: uv?.settings ?? noUvSettings,
      poetrySources: poetry?.sources ?? [],
    };
  }

  #toolOf(buildBackend: string | undefined): ProjectData["tool"] {
    const has = (tool: string) => nodeAt(this.#root, "tool", tool) !== undefined;
    if (has("uv")) return "uv";
    if (has("poetry") || buildBackend?.startsWith("poetry")) return "poetry";
    return has("pdm") || buildBackend?.startsWith("pdm") ? "pdm" : undefined;
  }

  /** uv takes `dev` unless told otherwise; poetry and PDM take every group that is not optional. */
  #defaultGroups(tool: ProjectData["tool"], uv: UvTables | undefined): readonly string[] {
    const names = [...this.#groups.keys()];
    if (uv?.defaultGroups !== undefined) {
      return uv.defaultGroups === "all" ? names : uv.defaultGroups.filter((name) => this.#groups.has(name));
    }
    if (tool === "poetry" || tool === "pdm") {
      return names.filter((name) => !this.#groups.get(name)!.optional);
    }
    return names.filter((name) => name === "dev");
  }

  /** Includes of groups that do not exist, and groups that include themselves. */
  #checkGroups({ groups }: ProjectData): void {
    const circular = inCircles(groups);
    for (const group of groups) {
      for (const include of group.includes) {
        const name = normalizeName(include.text);
        if (!this.#groups.has(name)) {
          this.fault("unknown-group", `There is no dependency group ${include.text}.`, include.span);
        } else if (circular.has(name) && circular.has(group.normalizedName)) {
          const message = `Dependency groups include each other in a circle: ${group.name.text} and ${include.text} are in it.`;
          this.fault("cyclic-group", message, include.span);
        }
      }
    }
  }

  /** Adds what other tables say of an entry: that it is the project itself, and uv's sources. */
  #finishEntries({ normalizedName, uv }: ProjectData): void {
    for (const entry of this.entries as Mutable<RequirementEntry>[]) {
      if (entry.normalizedName === undefined) continue;
      const { scope } = entry;
      if (entry.normalizedName === normalizedName && (scope?.kind === "extra" || scope?.kind === "group"))
        entry.isSelf = true;
      const sources = uv.sources.get(entry.normalizedName)?.filter((source) => suits(source, scope));
      if (!sources || sources.length === 0) continue;
      entry.sources = sources;
      // An index that another file describes is not known here.
      const described = sources.find(
        ({ kind, value }) => kind === "index" && uv.indexes.some(({ name }) => name?.text === value?.text),
      );
      if (described?.value) entry.index ??= described.value;
    }
  }
}

function suits(source: UvSource, scope: EntryScope | undefined): boolean {
  if (source.extra !== undefined) return scope?.kind === "extra" && scope.name === source.extra;
  if (source.group !== undefined) return scope?.kind === "group" && scope.name === source.group;
  return true;
}

/** The groups that stand in a circle of includes: those left when the ends of every chain are taken away, again and again. */
function inCircles(groups: readonly ProjectGroup[]): ReadonlySet<string> {
  const after = new Map(groups.map((group) => [group.normalizedName, new Set<string>()]));
  const before = new Map(groups.map((group) => [group.normalizedName, new Set<string>()]));
  for (const group of groups) {
    for (const include of group.includes) {
      const name = normalizeName(include.text);
      if (!after.has(name)) continue;
      after.get(group.normalizedName)!.add(name);
      before.get(name)!.add(group.normalizedName);
    }
  }
  const left = new Set(after.keys());
  const waiting = [...left];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const next = after.get(name)!;
    const previous = before.get(name)!;
    if (!left.has(name) || (next.size > 0 && previous.size > 0)) continue;
    left.delete(name);
    for (const each of next) before.get(each)!.delete(name);
    for (const each of previous) after.get(each)!.delete(name);
    waiting.push(...next, ...previous);
  }
  return left;
}
