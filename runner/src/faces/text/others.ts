// `list`, `fix`, `environment`, `knowledge` and `names` for a person.
import type { RuntimeEnvironment } from "../../../../shared/src/environment/model.ts";
import type { FixOutput } from "../../../../shared/src/protocol/fix.ts";
import type { KnowledgeOutput } from "../../../../shared/src/protocol/knowledge.ts";
import type { ListOutput } from "../../../../shared/src/protocol/list.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { sayAge } from "../../../../shared/src/rules/words.ts";
import { escapeControls, pad, type Terminal, wrap } from "../terminal.ts";
import { bytes, count, notCheckedLines, shellWord } from "./words.ts";

/** One line per entry: place, kind, what it says. */
export function listText({ result, notChecked }: Answer<ListOutput>, terminal: Terminal): string {
  const lines: string[] = [];
  for (const file of result.files) {
    lines.push(terminal.style("bold", escapeControls(file.path)));
    const rows = [
      ...file.entries.map((entry) => ({ kind: entry.kind, range: entry.range, said: sayEntry(entry) })),
      ...file.errors.map((error) => ({ kind: "error" as const, range: error.range, said: error.message })),
    ].sort((a, b) => a.range.start.line - b.range.start.line);
    const places = rows.map(({ range }) => `${range.start.line + 1}:${range.start.character + 1}`);
    const width = places.reduce((most, place) => Math.max(most, place.length), 0);
    rows.forEach(({ kind, said }, at) => {
      const label = pad(kind, 11);
      const head = `  ${pad(places[at]!, width)}  ${kind === "error" ? terminal.style("red", label) : label}  `;
      lines.push(...hang(head, width + 17, escapeControls(said), terminal));
    });
  }
  lines.push(...notCheckedLines(notChecked, terminal));
  const entries = result.files.reduce((sum, file) => sum + file.entries.length, 0);
  lines.push(`${count(entries, "entry", "entries")} in ${count(result.files.length, "file")}.`);
  return `${lines.join("\n")}\n`;
}

/** A text beside its head, further lines under its beginning. */
function hang(head: string, indent: number, text: string, terminal: Terminal): string[] {
  const [first = "", ...more] = wrap(text, Math.max(20, terminal.columns - indent));
  return [`${head}${first}`, ...more.map((line) => " ".repeat(indent) + line)];
}

function sayEntry(entry: ListOutput["files"][number]["entries"][number]): string {
  const extras = entry.extras && entry.extras.length > 0 ? `[${entry.extras.join(",")}]` : "";
  const hashes = entry.hashes && entry.hashes.length > 0 ? count(entry.hashes.length, "hash", "hashes") : "";
  const parts = [
    entry.editable ? "editable" : "",
    `${entry.name ?? ""}${extras}${entry.specifier ? ` ${entry.specifier}` : ""}`.trim(),
    entry.url ?? entry.path ?? "",
    [entry.option ?? "", entry.value ?? ""].join(" ").trim(),
    entry.marker ? `; ${entry.marker}` : "",
    entry.section ? `(${entry.section})` : "",
    hashes,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** The diff of each file with what it is for, then what was not fixed and why. `argv`: the words that the person typed after `thoth`. */
export function fixText(
  answer: Answer<FixOutput>,
  terminal: Terminal,
  options: { readonly write: boolean; readonly argv: readonly string[] },
): string {
  const { result } = answer;
  const lines: string[] = [];
  for (const file of result.files) {
    for (const line of file.diff.replace(/\n$/, "").split("\n")) lines.push(colourDiff(line, terminal));
    for (const { range, rule, title, notes = [] } of file.fixes) {
      const place = `${file.path}:${range.start.line + 1}`;
      lines.push(...hangNote(`${place}  ${rule}  ${title}`, terminal));
      for (const note of notes) lines.push(...hang("    ", 4, escapeControls(note), terminal));
    }
  }
  for (const left of result.left) {
    const place = `${left.path}:${left.range.start.line + 1}`;
    lines.push(...hangNote(`${place}  ${left.rule}  not fixed: ${left.reason}`, terminal));
  }
  lines.push(...notCheckedLines(answer.notChecked, terminal));
  const fixes = result.files.reduce((sum, file) => sum + file.fixes.length, 0);
  const written = result.files.filter((file) => file.written).length;
  if (fixes === 0) lines.push("No fixes.");
  else if (options.write) {
    const done = result.files.reduce((sum, file) => sum + (file.written ? file.fixes.length : 0), 0);
    const all = count(fixes, "fix", "fixes");
    lines.push(`${done === fixes ? all : `${done} of ${all}`} written to ${count(written, "file")}.`);
  } else {
    lines.push(`${count(fixes, "fix", "fixes")} in ${count(result.files.length, "file")}, not written.`);
    lines.push(`Next: ${sayAgain(options.argv)} --write`);
  }
  return `${lines.join("\n")}\n`;
}

function hangNote(told: string, terminal: Terminal): string[] {
  return hang("", 0, escapeControls(told), terminal).map((line, at) => (at === 0 ? line : `    ${line}`));
}

/** The command as it was typed; where it holds a login, only what it is called. */
function sayAgain(argv: readonly string[]): string {
  const typed = argv.some((word) => /:\/\/[^/]*@/.test(word)) ? ["fix", "…"] : argv;
  return ["thoth", ...typed.map(shellWord)].join(" ");
}

function colourDiff(line: string, terminal: Terminal): string {
  const text = escapeControls(line);
  if (line.startsWith("+++") || line.startsWith("---")) return terminal.style("bold", text);
  if (line.startsWith("+")) return terminal.style("green", text);
  if (line.startsWith("-")) return terminal.style("red", text);
  if (line.startsWith("@@")) return terminal.style("cyan", text);
  return text;
}

/** Each value with where it came from. */
export function environmentText(
  { result }: Answer<RuntimeEnvironment>,
  terminal: Terminal,
  options: { readonly verbose: boolean },
): string {
  const { origins } = result;
  const rows: [string, string, string][] = [
    ["Python", result.pythonVersion ?? "not found", origins.pythonVersion ?? ""],
    ["Implementation", result.implementation, origins.implementation ?? ""],
    ["Interpreter", result.executable ?? "none", origins.executable ?? ""],
    ["Platform", result.platform, origins.platform ?? ""],
    ["Architecture", result.architecture, origins.architecture ?? ""],
  ];
  if (result.libc)
    rows.push(["C library", `${result.libc.family} ${result.libc.version}`, origins.libc ?? ""]);
  if (result.tags) {
    const best = result.tags[0] === undefined ? "" : `, best ${result.tags[0]}`;
    rows.push(["Wheel tags", `${result.tags.length}${best}`, ""]);
  }
  if (result.installed)
    rows.push(["Installed", count(result.installed.length, "distribution"), result.prefix ?? ""]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => terminal.width(row[column]!))));
  const lines = [terminal.style("bold", escapeControls(result.name))];
  const indent = 2 + widths[0]! + 2;
  const longest = Math.max(...rows.map((row) => terminal.width(row[2])));
  // Too narrow for three columns: where a value is from stands below it.
  const isNarrow = indent + widths[1]! + 2 + longest > terminal.columns;
  for (const [label, value, origin] of rows) {
    const from = terminal.style("dim", escapeControls(origin));
    const head = `  ${pad(label, widths[0]!)}  `;
    if (!isNarrow) lines.push(`${head}${pad(escapeControls(value), widths[1]!)}  ${from}`.trimEnd());
    else
      lines.push(
        `${head}${escapeControls(value)}`,
        ...(origin === "" ? [] : [" ".repeat(indent + 2) + from]),
      );
  }
  if (options.verbose) {
    for (const distribution of result.installed ?? []) {
      lines.push(`  ${escapeControls(`${distribution.name} ${distribution.version}`)}`);
    }
  }
  for (const note of result.notes) lines.push(escapeControls(note));
  return `${lines.join("\n")}\n`;
}

/** What the counts are called, in the order in which they are told. */
const STAT_NAMES: Readonly<Record<string, string>> = {
  bytes: "Size",
  cacheBytes: "Of that pages and metadata",
  projects: "Projects",
  releases: "Releases",
  artifacts: "Artifacts",
  metadata: "Releases with metadata",
  dependencies: "Dependencies",
  inspections: "Inspections",
  indicators: "Indicators",
  observations: "Observations",
  pages: "Pages of indexes",
  metadataTexts: "Metadata texts",
  names: "Names for completion",
  advisories: "Advisories",
  advisoriesAsOf: "Newest advisory",
  advisoriesFetched: "Advisories read in",
  advisoriesSource: "Advisories from",
  advisoriesLicense: "Licence of advisories",
  oldest: "Oldest",
  newest: "Newest",
  journal: "Journal",
  schema: "Form of the file",
};

const TIMES: ReadonlySet<string> = new Set(["oldest", "newest", "advisoriesAsOf", "advisoriesFetched"]);

/** The path alone where only that was asked, so that a script can use it. */
export function knowledgeText(
  answer: Answer<KnowledgeOutput>,
  terminal: Terminal,
  options: { readonly now: number },
): string {
  const { result, notChecked } = answer;
  const lines: string[] = [];
  if (result.message !== undefined) lines.push(escapeControls(result.message));
  else if (!result.stats && notChecked.length === 0) lines.push(escapeControls(result.path));
  if (result.stats) lines.push(...statLines(result.path, result.stats, terminal, options.now));
  for (const problem of result.problems ?? []) lines.push(escapeControls(problem));
  lines.push(...notCheckedLines(notChecked, terminal));
  return `${lines.join("\n")}\n`;
}

function statLines(
  path: string,
  stats: NonNullable<KnowledgeOutput["stats"]>,
  terminal: Terminal,
  now: number,
): string[] {
  const known = Object.keys(STAT_NAMES).filter((key) => Object.hasOwn(stats, key));
  const others = Object.keys(stats).filter((key) => !Object.hasOwn(STAT_NAMES, key));
  const rows = [...known, ...others].map((key) => [STAT_NAMES[key] ?? key, sayStat(key, stats[key]!, now)]);
  const width = Math.max(...rows.map(([label]) => terminal.width(label!)));
  return [
    terminal.style("bold", escapeControls(path)),
    ...rows.map(([label, value]) => `  ${pad(label!, width)}  ${escapeControls(value!)}`),
  ];
}

function sayStat(key: string, value: string | number, now: number): string {
  if (typeof value === "number") return /bytes$/i.test(key) ? bytes(value) : value.toLocaleString("en");
  const time = TIMES.has(key) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? value : sayAge(time, now);
}
