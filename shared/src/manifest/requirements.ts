// Requirements and constraints files as pip 26 reads them: one model with places, lossless, never failing.
import { LineIndex, type Span, type Spanned } from "../text/span.ts";
import { readIgnore } from "./ignores.ts";
import { isPythonSpace, type LogicalLine, LogicalLineReader, SourceMap } from "./logicalLines.ts";
import { mapSpans } from "./mapSpans.ts";
import type {
  HashEntry,
  IncludeEntry,
  Manifest,
  ManifestEntry,
  ManifestError,
  OptionEntry,
  Piece,
  RequirementEntry,
} from "./model.ts";
import { type OptionFault, type ReadOption, readOptions } from "./pipOptions.ts";
import { holdsVariable, type RequirementLine, readEditable, readRequirementLine } from "./requirementLine.ts";
import { type ShellWord, splitShellWords } from "./shellWords.ts";

export interface RequirementsOptions {
  readonly kind: "requirements" | "constraints";
}

/**
 * Reads a requirements or constraints file (pip 26, `_internal/req/req_file.py` and `req/constructors.py`).
 *
 * Never throws. `pieces` joined in order are the text. `${VAR}` stays as written.
 */
export function readRequirements(text: string, options: RequirementsOptions): Manifest {
  const reader = new LogicalLineReader(text);
  const file: FileReading = { text, kind: options.kind, entries: [], errors: [], ignores: [] };
  for (let line = reader.next(pieceKindOf); line !== undefined; line = reader.next(pieceKindOf)) {
    if (line.text !== "") readLine(file, line);
    else if (line.comment !== undefined && file.entries.length === 0) {
      file.ignores.push(...(readIgnore(line.comment.text)?.rules ?? []));
    }
  }
  let pieces: readonly Piece[] | undefined;
  return {
    kind: options.kind,
    text,
    lines: new LineIndex(text),
    entries: file.entries,
    errors: file.errors,
    ignores: file.ignores,
    get pieces() {
      pieces ??= piecesOf(text);
      return pieces;
    },
  };
}

/** The tiles of the text, laid when they are asked for: few who read a file do. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const reader = new LogicalLineReader(text, pieces);
  while (reader.next(pieceKindOf) !== undefined);
  return pieces;
}

interface FileReading {
  readonly text: string;
  readonly kind: "requirements" | "constraints";
  readonly entries: ManifestEntry[];
  readonly errors: ManifestError[];
  readonly ignores: string[];
}

function pieceKindOf(line: LogicalLine): Piece["kind"] {
  if (line.text.includes("\0")) return "unreadable";
  return line.text.charCodeAt(0) === 45 ? "option" : "requirement";
}

/** Everything about a line that its entries share. */
interface LineReading {
  readonly text: string;
  readonly map: SourceMap;
  readonly span: Span;
  readonly comment: { readonly comment?: Spanned };
  readonly hasVariables: boolean;
}

function readLine(file: FileReading, logical: LogicalLine): void {
  const map = new SourceMap(logical.segments);
  const { text, comment } = logical;
  const line: LineReading = {
    text,
    map,
    span: map.span(0, text.length),
    comment: comment
      ? { comment: { text: comment.text, span: { start: comment.start, end: comment.end } } }
      : {},
    hasVariables: holdsVariable(text),
  };
  const split = optionsStart(text);
  let head = split;
  while (head > 0 && isPythonSpace(text.charCodeAt(head - 1))) head--;
  if (split === text.length) {
    file.entries.push(buildRequirement(file, line, head, NO_OPTIONS, false));
    return;
  }
  const options = readLineOptions(file, line, split);
  if (head > 0) file.entries.push(buildRequirement(file, line, head, options, true));
  else readOptionLine(file, line, options);
}

/** Where the options begin: the first token, split at single spaces, that begins with a dash. The length where none does. */
function optionsStart(text: string): number {
  if (text.charCodeAt(0) === 45) return 0;
  const found = text.indexOf(" -");
  return found < 0 ? text.length : found + 1;
}

interface LineOptions {
  readonly options: readonly ReadOption[];
  readonly leftOver: readonly ShellWord[];
  /** False where pip would have stopped here. */
  readonly understood: boolean;
}

const NO_OPTIONS: LineOptions = { options: [], leftOver: [], understood: true };

/** Offsets of what comes back count in the logical line. */
function readLineOptions(file: FileReading, line: LineReading, start: number): LineOptions {
  const string = line.text.slice(start);
  const split = splitShellWords(string);
  if (!split.ok) {
    const span = line.map.span(start + split.at, line.text.length);
    const expected = "a closing quote";
    file.errors.push({ code: "unclosed-quote", message: split.message, span, expected });
    return { ...NO_OPTIONS, understood: false };
  }
  const words = start === 0 ? split.words : split.words.map((word) => moveWord(word, start));
  const { options, leftOver, fault } = readOptions(words);
  if (fault !== undefined && !(line.hasVariables && fault.code !== "missing-value")) {
    file.errors.push(faultAt(line, fault));
  }
  return { options, leftOver, understood: fault === undefined };
}

function moveWord(word: ShellWord, by: number): ShellWord {
  const moved = { text: word.text, start: word.start + by, end: word.end + by };
  return word.offsets ? { ...moved, offsets: word.offsets.map((offset) => offset + by) } : moved;
}

function faultAt(line: LineReading, fault: OptionFault): ManifestError {
  const { code, message, expected } = fault;
  const span = line.map.span(fault.start, fault.end);
  return expected === undefined ? { code, message, span } : { code, message, span, expected };
}

function valueAt(line: LineReading, read: ReadOption): Spanned {
  const value = read.value!;
  return { text: value.text, span: line.map.span(value.start, value.end) };
}

function optionEntry(line: LineReading, read: ReadOption): OptionEntry {
  return {
    kind: "option",
    span: line.map.span(read.start, read.end),
    option: read.option.name,
    optionSpan: line.map.span(read.start, read.optionEnd),
    ...(read.value && { value: valueAt(line, read) }),
    hasVariables: line.hasVariables && holdsVariable(read.value?.text ?? ""),
    ...line.comment,
  };
}

/** The requirement of a line that has something before its options. */
function buildRequirement(
  file: FileReading,
  line: LineReading,
  end: number,
  rest: LineOptions,
  hasOptions: boolean,
): RequirementEntry {
  const content = readMapped(line, 0, end, readRequirementLine);
  const hashes: HashEntry[] = [];
  const own: OptionEntry[] = [];
  let { understood } = rest;
  if (hasOptions) {
    for (const read of rest.options) {
      if (read.option.name === "--hash") hashes.push(hashEntry(line, read));
      else if (read.option.scope !== "line") own.push(optionEntry(line, read));
      else {
        understood = false;
        file.errors.push(ignoredOption(line, read));
      }
    }
    if (rest.leftOver.length > 0) {
      understood = false;
      file.errors.push(ignoredText(line, rest.leftOver));
    }
  }
  return finish(file, line, content, { editable: false, hashes, options: own, understood });
}

function hashEntry(line: LineReading, read: ReadOption): HashEntry {
  const value = read.value!.text;
  const colon = value.indexOf(":");
  return {
    span: line.map.span(read.start, read.end),
    algorithm: value.slice(0, colon).toLowerCase(),
    digest: value.slice(colon + 1),
  };
}

function ignoredOption(line: LineReading, read: ReadOption): ManifestError {
  return {
    code: "ignored-option",
    message: `pip passes over ${read.option.name} here: it stands on a line of its own.`,
    span: line.map.span(read.start, read.end),
  };
}

function ignoredText(line: LineReading, words: readonly ShellWord[]): ManifestError {
  return {
    code: "ignored-text",
    message: "pip passes over this text: it follows an option.",
    span: line.map.span(words[0]!.start, words.at(-1)!.end),
  };
}

/** A line that begins with an option: `-e` makes a requirement of it, `-r` and `-c` an include. */
function readOptionLine(file: FileReading, line: LineReading, rest: LineOptions): void {
  const editables = rest.options.filter((read) => read.option.name === "--editable");
  if (editables.length > 0) {
    readEditableLine(file, line, rest, editables);
    return;
  }
  // pip follows one include of a line: the first -r, else the first -c, and passes over everything else there.
  const included =
    rest.options.find((read) => read.option.name === "--requirement") ??
    rest.options.find((read) => read.option.name === "--constraint");
  for (const read of rest.options) {
    if (read === included) file.entries.push(includeEntry(line, read));
    else if (included !== undefined) file.errors.push(ignoredOption(line, read));
    else {
      file.entries.push(optionEntry(line, read));
      if (read.option.name === "--hash") {
        const message = "The hash has no requirement before it: pip passes over it.";
        file.errors.push({
          code: "hash-without-requirement",
          message,
          span: line.map.span(read.start, read.end),
        });
      }
    }
  }
  if (rest.leftOver.length > 0) file.errors.push(ignoredText(line, rest.leftOver));
}

function includeEntry(line: LineReading, read: ReadOption): IncludeEntry {
  const target = valueAt(line, read);
  return {
    kind: "include",
    span: line.map.span(read.start, read.end),
    as: read.option.name === "--requirement" ? "requirements" : "constraints",
    target,
    hasVariables: holdsVariable(target.text),
    ...line.comment,
  };
}

function readEditableLine(
  file: FileReading,
  line: LineReading,
  rest: LineOptions,
  editables: readonly ReadOption[],
): void {
  const read = editables[0]!;
  const value = read.value!;
  // A quoted value with escapes is not a stretch of the text: its inner places are those of the whole.
  const isVerbatim = value.end - value.start === value.text.length;
  const content = isVerbatim
    ? readMapped(line, value.start, value.end, readEditable)
    : pinned(readEditable(value.text, 0), line.map.span(value.start, value.end));
  const own: OptionEntry[] = [];
  let { understood } = rest;
  for (const each of rest.options) {
    if (each === read) continue;
    if (each.option.scope === "editable") own.push(optionEntry(line, each));
    else {
      understood = false;
      file.errors.push(ignoredOption(line, each));
    }
  }
  if (rest.leftOver.length > 0) {
    understood = false;
    file.errors.push(ignoredText(line, rest.leftOver));
  }
  file.entries.push(
    finish(file, line, content, {
      editable: true,
      hashes: [],
      options: own,
      understood: understood && isVerbatim,
    }),
  );
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function finish(
  file: FileReading,
  line: LineReading,
  content: RequirementLine,
  parts: Pick<RequirementEntry, "editable" | "hashes" | "options" | "understood">,
): RequirementEntry {
  for (const error of content.errors) file.errors.push(error);
  const entry: Mutable<RequirementEntry> = {
    kind: file.kind === "constraints" ? "constraint" : "requirement",
    style: "line",
    span: line.span,
    extras: content.extras,
    specifier: content.specifier,
    editable: parts.editable,
    hashes: parts.hashes,
    options: parts.options,
    understood: parts.understood && content.understood,
    hasVariables: line.hasVariables,
  };
  // Set one by one: spreads would make an object of another shape, and a slow one, of every line.
  if (content.name) entry.name = content.name;
  if (content.normalizedName !== undefined) entry.normalizedName = content.normalizedName;
  if (content.specifierSpan) entry.specifierSpan = content.specifierSpan;
  if (content.marker) entry.marker = content.marker;
  if (content.markerSpan) entry.markerSpan = content.markerSpan;
  if (content.url) entry.url = content.url;
  if (content.vcs) entry.vcs = content.vcs;
  if (content.path) entry.path = content.path;
  if (content.subdirectory !== undefined) entry.subdirectory = content.subdirectory;
  const { comment } = line.comment;
  if (comment) {
    entry.comment = comment;
    const ignores = readIgnore(comment.text)?.rules;
    if (ignores) entry.ignores = ignores;
  }
  if (entry.kind === "constraint") checkConstraint(file, entry);
  return entry;
}

/** What pip refuses in a constraints file. */
function checkConstraint(file: FileReading, entry: RequirementEntry): void {
  const { span } = entry;
  if (entry.editable) {
    file.errors.push({ code: "editable-constraint", message: "A constraint cannot be editable.", span });
  } else if (entry.normalizedName === undefined && (entry.url ?? entry.path) !== undefined) {
    const message = "A constraint needs a name: write NAME @ URL.";
    file.errors.push({ code: "unnamed-constraint", message, span });
  }
  if (entry.extras.length > 0) {
    const place = { start: entry.extras[0]!.span.start, end: entry.extras.at(-1)!.span.end };
    file.errors.push({
      code: "constraint-with-extras",
      message: "A constraint cannot have extras.",
      span: place,
    });
  }
}

/** Reads a part of the line in place, or, where it lies across joined lines, reads it apart and maps every place back. */
function readMapped(
  line: LineReading,
  start: number,
  end: number,
  read: (text: string, base: number) => RequirementLine,
): RequirementLine {
  const text = start === 0 && end === line.text.length ? line.text : line.text.slice(start, end);
  const shift = line.map.shiftOf(start, end);
  if (shift !== undefined) return read(text, start + shift);
  return mapSpans(read(text, start), (span) => line.map.span(span.start, span.end));
}

function pinned(content: RequirementLine, whole: Span): RequirementLine {
  return mapSpans(content, () => whole);
}
