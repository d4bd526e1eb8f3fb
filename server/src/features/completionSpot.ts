// What is being written at the cursor: found from the raw text before it, in a requirements line, a Pipfile or a pyproject.toml.
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { Manifest } from "../../../shared/src/manifest/model.ts";
import type { Span } from "../../../shared/src/text/span.ts";
import { type TomlSpot, tomlSpotAt } from "./pyprojectSpot.ts";

export interface CompletionSpot {
  readonly what:
    | "name"
    | "version"
    | "extra"
    | "marker"
    | "option"
    | "path"
    | "rule"
    | "key"
    | "source"
    | "group";
  /** What is typed so far, up to the cursor. */
  readonly typed: string;
  /** What an accepted item replaces: the whole word that the cursor stands in. */
  readonly span: Span;
  /** The project that a version or an extra belongs to, as written. */
  readonly project?: string;
  /** Marker: the text of the marker before the word. Key: the table. */
  readonly context?: string;
  /** Options: whether a requirement stands before them. */
  readonly behindRequirement?: boolean;
  /** Inside of which quotes the text stands, as markers in a Pipfile do. */
  readonly quotedBy?: '"' | "'";
}

/** A longer line is not completed: what a person types is shorter. */
const longestLine = 20_000;
const nameHead = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*/;

/** The spot at the offset; undefined where nothing is to be completed. */
export function spotAt(manifest: Manifest, offset: number): CompletionSpot | undefined {
  const lineStart = startOfLine(manifest.text, offset);
  if (offset - lineStart > longestLine) return undefined;
  if (manifest.kind === "pipfile") return pipfileSpot(manifest.text, lineStart, offset);
  if (manifest.kind === "pyproject") return pyprojectSpot(manifest.text, offset);
  if (isLockKind(manifest.kind)) return undefined;
  return requirementSpot(manifest.text, lineStart, offset);
}

function startOfLine(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && text[at - 1] !== "\n" && text[at - 1] !== "\r") at--;
  return at;
}

/** The word around the cursor: back to where it began, forward to where it ends. */
function word(
  text: string,
  start: number,
  offset: number,
  part: RegExp,
): Pick<CompletionSpot, "typed" | "span"> {
  let end = offset;
  while (end < text.length && part.test(text[end] ?? "")) end++;
  return { typed: text.slice(start, offset), span: { start, end } };
}

function requirementSpot(text: string, physicalStart: number, offset: number): CompletionSpot | undefined {
  const start = logicalStart(text, physicalStart);
  const before = text.slice(start, offset);
  const comment = /(?:^|\s)#(.*)$/s.exec(before);
  if (comment) return ruleSpot(text, comment[1] ?? "", offset);
  const include = /^\s*(?:-r|-c|--requirement|--constraint|-e|--editable)(?:\s+|=|(?<=-[rce]))(\S*)$/.exec(
    before,
  );
  if (include) {
    const typed = include[1] ?? "";
    return { what: "path", ...word(text, offset - typed.length, offset, /[^\s#]/) };
  }
  const option = /(?:^|\s)(-[A-Za-z-]*)$/.exec(before);
  if (option) {
    const typed = option[1] ?? "";
    const behindRequirement = before.slice(0, before.length - typed.length).trim() !== "";
    return { what: "option", behindRequirement, ...word(text, offset - typed.length, offset, /[A-Za-z-]/) };
  }
  if (/^\s*-/.test(before)) return undefined;
  return specifierSpot(text, before, offset, /[A-Za-z0-9._-]/);
}

/** Lines that end in a backslash go on: the logical line began further up. */
function logicalStart(text: string, physicalStart: number): number {
  let start = physicalStart;
  for (let steps = 0; start > 0 && steps < 50; steps++) {
    const end = text[start - 1] === "\n" && text[start - 2] === "\r" ? start - 2 : start - 1;
    if (text[end - 1] !== "\\") return start;
    start = startOfLine(text, end);
  }
  return start;
}

/** What stands in `name[extras] >=1,<2 ; marker` before the cursor. */
function specifierSpot(
  text: string,
  before: string,
  offset: number,
  wordPart: RegExp,
): CompletionSpot | undefined {
  const semicolon = before.indexOf(";");
  if (semicolon >= 0) return markerSpot(text, before.slice(semicolon + 1), offset);
  const head = nameHead.exec(before);
  const bare = /^\s*([A-Za-z0-9._-]*)$/.exec(before);
  if (bare) {
    const typed = bare[1] ?? "";
    return { what: "name", ...word(text, offset - typed.length, offset, wordPart) };
  }
  const project = head?.[1];
  if (project === undefined) return undefined;
  const rest = before.slice(head?.[0].length ?? 0);
  const extra = /^\[(?:[^\]]*,)?\s*([A-Za-z0-9._-]*)$/.exec(rest);
  if (extra) {
    const typed = extra[1] ?? "";
    return { what: "extra", project, ...word(text, offset - typed.length, offset, /[A-Za-z0-9._-]/) };
  }
  return versionSpot(text, rest, offset, project);
}

function versionSpot(
  text: string,
  rest: string,
  offset: number,
  project: string,
): CompletionSpot | undefined {
  const version = /(?:^|[\s,\]("'])(===|==|~=|!=|>=|<=|>|<)\s*([A-Za-z0-9.!+*_-]*)$/.exec(rest);
  if (!version) return undefined;
  const typed = version[2] ?? "";
  return { what: "version", project, ...word(text, offset - typed.length, offset, /[A-Za-z0-9.!+*_-]/) };
}

function markerSpot(
  text: string,
  before: string,
  offset: number,
  quotedBy?: '"' | "'",
): CompletionSpot | undefined {
  const typed = /[\w.-]*$/.exec(before)?.[0] ?? "";
  const context = before.slice(0, before.length - typed.length);
  return {
    what: "marker",
    context,
    ...(quotedBy ? { quotedBy } : {}),
    ...word(text, offset - typed.length, offset, /[\w.-]/),
  };
}

function ruleSpot(text: string, comment: string, offset: number): CompletionSpot | undefined {
  const match = /^\s*thoth:\s*ignore\[(?:[^\]]*,)?\s*([a-z-]*)$/.exec(comment);
  if (!match) return undefined;
  const typed = match[1] ?? "";
  return { what: "rule", ...word(text, offset - typed.length, offset, /[a-z-]/) };
}

const packageTables = /^(?!source$|requires$|scripts$|pipenv$|pipfile$)[^.]+(?:\..+)?$/;

function pipfileSpot(text: string, lineStart: number, offset: number): CompletionSpot | undefined {
  const before = text.slice(lineStart, offset);
  const table = tableBefore(text, lineStart);
  const string = openString(before);
  if (!string) {
    if (/(^|\s)#/.test(before)) return undefined;
    return pipfileKeySpot(text, before, offset, table);
  }
  if (table === undefined) return undefined;
  const inside = before.slice(string.at + 1);
  const key = keyBefore(before.slice(0, string.at));
  const [root = "", project] = splitTable(table);
  if (!packageTables.test(table) || key === undefined) return undefined;
  const inTable = key.inline ?? (project !== undefined ? key.key : undefined);
  const name = project ?? key.key;
  void root;
  switch (inTable ?? "version") {
    case "version":
      return versionSpot(text, inside, offset, name);
    case "markers":
      return markerSpot(text, inside, offset, string.quote);
    case "index":
      return { what: "source", ...word(text, offset - inside.length, offset, /[^"']/) };
    case "path":
      return { what: "path", ...word(text, offset - inside.length, offset, /[^"']/) };
    case "extras": {
      return {
        what: "extra",
        project: name,
        ...word(text, offset - inside.length, offset, /[A-Za-z0-9._-]/),
      };
    }
    default:
      return undefined;
  }
}

/** `packages.flask` → `packages`, `flask`. */
function splitTable(table: string): [string, string | undefined] {
  const dot = table.indexOf(".");
  return dot < 0
    ? [table, undefined]
    : [table.slice(0, dot), table.slice(dot + 1).replace(/^["']|["']$/g, "")];
}

/** The name in the last `[table]` above; undefined before the first. */
function tableBefore(text: string, lineStart: number): string | undefined {
  const headers = text.slice(0, lineStart).matchAll(/^[ \t]*\[\[?[ \t]*([^\]\r\n]+?)[ \t]*\]\]?/gm);
  let last: string | undefined;
  for (const header of headers) last = header[1];
  return last;
}

/** The string that is open at the end of the text, if one is. */
function openString(before: string): { quote: '"' | "'"; at: number } | undefined {
  let open: { quote: '"' | "'"; at: number } | undefined;
  for (let at = 0; at < before.length; at++) {
    const character = before[at];
    if (open) {
      if (character === "\\" && open.quote === '"') at++;
      else if (character === open.quote) open = undefined;
    } else if (character === "#") return undefined;
    else if (character === '"' || character === "'") open = { quote: character, at };
  }
  return open;
}

/** The key that a value belongs to, and the key inside an inline table where the value stands in one. */
function keyBefore(before: string): { key: string; inline?: string } | undefined {
  const match = /^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9._-]+))\s*=\s*(.*)$/s.exec(before);
  const key = match?.[1] ?? match?.[2] ?? match?.[3];
  if (key === undefined) return undefined;
  const value = match?.[4] ?? "";
  if (value === "") return { key };
  const inline = /[{,]\s*([A-Za-z0-9_-]+)\s*=\s*(?:\[[^\]]*)?$/.exec(value)?.[1];
  return inline === undefined ? undefined : { key, inline };
}

function pipfileKeySpot(
  text: string,
  before: string,
  offset: number,
  table: string | undefined,
): CompletionSpot | undefined {
  const bare = /^\s*([A-Za-z0-9._-]*)$/.exec(before);
  if (bare && table !== undefined) {
    const typed = bare[1] ?? "";
    const spot = word(text, offset - typed.length, offset, /[A-Za-z0-9._-]/);
    const [, project] = splitTable(table);
    if (packageTables.test(table))
      return project === undefined ? { what: "name", ...spot } : { what: "key", context: "package", ...spot };
    return { what: "key", context: table, ...spot };
  }
  const inline = /=\s*\{(?:.*,)?\s*([A-Za-z_]*)$/s.exec(before);
  if (inline && table !== undefined && packageTables.test(table)) {
    const typed = inline[1] ?? "";
    return { what: "key", context: "package", ...word(text, offset - typed.length, offset, /[A-Za-z_]/) };
  }
  return undefined;
}

const requirementLists =
  /^(?:project\.dependencies|project\.optional-dependencies\..+|dependency-groups\..+|build-system\.requires|tool\.uv\.[a-z-]+-dependencies|tool\.pdm\.dev-dependencies\..+)$/;
const poetryTables = /^tool\.poetry\.(?:dependencies|dev-dependencies|group\.[^.]+\.dependencies)$/;
const tomlWord = /[A-Za-z0-9._-]/;

function pyprojectSpot(text: string, offset: number): CompletionSpot | undefined {
  const spot = tomlSpotAt(text, offset);
  if (spot === undefined) return undefined;
  if (spot.comment !== undefined) return ruleSpot(text, spot.comment, offset);
  const path = spot.path.join(".");
  if (spot.key !== undefined) return tomlKeySpot(text, spot.key, offset, spot.path);
  if (spot.string && requirementLists.test(path)) return listSpot(text, spot, offset);
  if (poetryTables.test(spot.path.slice(0, -1).join(".")))
    return poetrySpot(text, spot, offset, spot.path.at(-1)!, spot.inlineKey ?? "version");
  // `[tool.poetry.dependencies.flask]`: the key is one of the package's.
  if (poetryTables.test(spot.path.slice(0, -2).join(".")))
    return poetrySpot(text, spot, offset, spot.path.at(-2)!, spot.path.at(-1)!);
  if (spot.path.slice(0, 3).join(".") === "tool.uv.sources") return uvSourceSpot(text, spot, offset);
  return undefined;
}

function listSpot(text: string, spot: TomlSpot, offset: number): CompletionSpot | undefined {
  const { text: inside, quote } = spot.string!;
  if (spot.inlineKey === "include-group")
    return { what: "group", ...word(text, offset - inside.length, offset, tomlWord) };
  if (spot.inlineKey !== undefined || !spot.inArray) return undefined;
  const found = specifierSpot(text, inside, offset, tomlWord);
  return found?.what === "marker" ? { ...found, quotedBy: quote } : found;
}

function poetrySpot(
  text: string,
  { string, inlineKey }: TomlSpot,
  offset: number,
  project: string,
  key: string,
): CompletionSpot | undefined {
  if (!string)
    return inlineKey?.startsWith("?")
      ? inlineKeySpot(text, inlineKey, offset, "poetry-dependency")
      : undefined;
  const inside = string.text;
  switch (key) {
    case "version": {
      const typed = /(?:^|[\s,|^~<>=!])([A-Za-z0-9.!+*_-]*)$/.exec(inside)?.[1];
      if (typed === undefined) return undefined;
      return { what: "version", project, ...word(text, offset - typed.length, offset, /[A-Za-z0-9.!+*_-]/) };
    }
    case "markers":
      return markerSpot(text, inside, offset, string.quote);
    case "extras":
      return { what: "extra", project, ...word(text, offset - inside.length, offset, tomlWord) };
    case "source":
      return { what: "source", ...word(text, offset - inside.length, offset, /[^"']/) };
    default:
      return undefined;
  }
}

function uvSourceSpot(
  text: string,
  { path, string, inlineKey }: TomlSpot,
  offset: number,
): CompletionSpot | undefined {
  const key = path[4] ?? inlineKey;
  if (!string)
    return inlineKey?.startsWith("?") ? inlineKeySpot(text, inlineKey, offset, "uv-source") : undefined;
  const inside = string.text;
  if (key === "index") return { what: "source", ...word(text, offset - inside.length, offset, /[^"']/) };
  if (key === "group") return { what: "group", ...word(text, offset - inside.length, offset, tomlWord) };
  return key === "marker" ? markerSpot(text, inside, offset, string.quote) : undefined;
}

function inlineKeySpot(text: string, typed: string, offset: number, context: string): CompletionSpot {
  const length = typed.length - 1;
  return { what: "key", context, ...word(text, offset - length, offset, /[A-Za-z_-]/) };
}

function tomlKeySpot(
  text: string,
  typed: string,
  offset: number,
  table: readonly string[],
): CompletionSpot | undefined {
  const spot = word(text, offset - typed.length, offset, tomlWord);
  const path = table.join(".");
  if (poetryTables.test(path) || path === "tool.uv.sources") return { what: "name", ...spot };
  if (poetryTables.test(table.slice(0, -1).join(".")))
    return { what: "key", context: "poetry-dependency", ...spot };
  if (table.slice(0, -1).join(".") === "tool.uv.sources")
    return { what: "key", context: "uv-source", ...spot };
  return { what: "key", context: path, ...spot };
}
