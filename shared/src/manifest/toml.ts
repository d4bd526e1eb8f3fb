// TOML with places, broken text included: tree-sitter's tree turned into plain tables. The grammar's bytes are handed in.
import { parse as parseToml } from "toml";
import type { Node, Parser, Tree } from "web-tree-sitter";
import type { Span, Spanned } from "../text/span.ts";
import type { ManifestError } from "./model.ts";

export type TomlValueKind =
  | "string"
  | "integer"
  | "float"
  | "boolean"
  | "date-time"
  | "array"
  | "inline-table"
  /** Nested deeper than any manifest is: not looked into. */
  | "too-deep";

export interface TomlValue {
  readonly kind: TomlValueKind;
  /** Quotes and brackets included. */
  readonly span: Span;
  /** Strings: the value, escapes undone. Others: as written. */
  readonly text: string;
  /** Strings: the inside of the quotes. Others: as `span`. */
  readonly inside: Span;
  /** Strings whose inside is the value, character for character. For others `placesInString` knows the places. */
  readonly verbatim: boolean;
  readonly items?: readonly TomlValue[];
  readonly pairs?: readonly TomlPair[];
  /** True for an array of which a part could not be read: the items that could be are there. */
  readonly isBroken?: boolean;
}

export interface TomlKey extends Spanned {
  /** The inside of the quotes, where there are any. */
  readonly inside: Span;
}

export interface TomlPair {
  /** More than one for a dotted key. */
  readonly keys: readonly TomlKey[];
  readonly value: TomlValue;
  readonly span: Span;
}

/** A table with its header; the pairs before the first header are in one without. */
export interface TomlTable {
  readonly header?: { readonly keys: readonly TomlKey[]; readonly span: Span; readonly isArray: boolean };
  readonly pairs: readonly TomlPair[];
}

export interface TomlDocument {
  readonly tables: readonly TomlTable[];
  readonly faults: readonly ManifestError[];
}

/** What reads TOML, once its grammar is loaded. */
export interface TomlParser {
  parse(text: string): TomlDocument;
}

/** The two files that the reader needs, as bytes: `web-tree-sitter.wasm` and `tree-sitter-toml.wasm`. */
export interface TomlBinaries {
  readonly runtime: Uint8Array;
  readonly grammar: Uint8Array;
}

/**
 * Loads the TOML reader. Throws where the bytes are not those of the runtime and of a grammar that it knows.
 *
 * It takes about 10 ms, so that only who reads a Pipfile calls it.
 */
export async function loadToml(binaries: TomlBinaries): Promise<TomlParser> {
  grammar ??= loadGrammar(binaries);
  try {
    return createTomlReader((await grammar)());
  } catch (error) {
    grammar = undefined;
    throw error;
  }
}

/** Once for the process: starting the runtime a second time, while a grammar is being loaded into it, spoils both. */
let grammar: Promise<() => Parser> | undefined;

async function loadGrammar(binaries: TomlBinaries): Promise<() => Parser> {
  const { Parser, Language } = await import("web-tree-sitter");
  await Parser.init({ wasmBinary: binaries.runtime });
  const language = await Language.load(binaries.grammar);
  return () => {
    const parser = new Parser();
    parser.setLanguage(language);
    return parser;
  };
}

/** The reader over a tree-sitter parser whose language is set to TOML. */
export function createTomlReader(parser: Parser): TomlParser {
  return { parse: (text) => readDocument(parser, text) };
}

/** TOML's integers have 64 bits, more than a number holds. */
const WHOLE_INTEGERS = { bigint: true } as const;

/** Arrays and inline tables deeper than this are not looked into. */
const MAX_DEPTH = 32;

function readDocument(parser: Parser, text: string): TomlDocument {
  const whole = withTree(parser, text, (tree) =>
    tree.rootNode.hasError ? undefined : tablesOf(tree.rootNode, text, 0),
  );
  if (whole !== undefined) return { tables: whole, faults: faultsOfValues(text) };
  const read = readBroken(parser, text);
  // The grammar knows less of TOML than its standard has, blanks behind a backslash at a line's end for one.
  return isToml(text) ? { ...read, faults: [] } : read;
}

function isToml(text: string): boolean {
  try {
    parseToml(text, WHOLE_INTEGERS);
    return true;
  } catch {
    return false;
  }
}

function withTree<T>(parser: Parser, text: string, use: (tree: Tree) => T): T | undefined {
  const tree = parser.parse(text);
  if (tree === null) return undefined;
  try {
    return use(tree);
  } finally {
    tree.delete();
  }
}

/** What the grammar admits and TOML does not: a key given twice, a date that is none. */
function faultsOfValues(text: string): ManifestError[] {
  try {
    parseToml(text, WHOLE_INTEGERS);
    return [];
  } catch (error) {
    const { line, column, message } = error as { line?: number; column?: number; message?: string };
    // Without a place it is a limit of the reader, such as its stack, and no fault of the text.
    if (line === undefined || column === undefined) return [];
    const offset = offsetOf(text, line, column);
    const sentence = (message ?? "").split("\n")[0]!.replace(/\.?$/, ".");
    return [
      { code: "toml-value", message: `This is not TOML: ${sentence}`, span: { start: offset, end: offset } },
    ];
  }
}

function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let count = 1; count < line; count++) {
    const next = text.indexOf("\n", at);
    if (next < 0) break;
    at = next + 1;
  }
  return Math.min(text.length, at + Math.max(0, column - 1));
}

/** A line that can only begin a table, and one that can only begin a pair. */
const HEADER =
  /^[ \t]*\[\[?[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*[ \t]*\]\]?[ \t]*(?:#.*)?\r?$/;
const PAIR = /^[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*[ \t]*=/;
const OPEN_HEADER = /^\[\[?[ \t]*[A-Za-z][\w-]*[ \t]*(?:#.*)?\r?$/;
/** Longer lines begin nothing that is looked for. */
const MAX_LINE = 5000;

interface Block {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a text that is not TOML so that what is good in it is kept: table by table, and in a broken table statement by
 * statement. Every line is parsed at most three times.
 */
function readBroken(parser: Parser, text: string): TomlDocument {
  const tables: TomlTable[] = [];
  const faults: ManifestError[] = [];
  for (const section of splitAt(text, { start: 0, end: text.length }, isHeader)) {
    const good = readBlock(parser, text, section);
    if (good !== undefined) {
      append(tables, good);
      continue;
    }
    for (const statement of splitAt(text, section, isStatement)) {
      const read = readBlock(parser, text, statement);
      if (read !== undefined) append(tables, read);
      else faults.push(...explainFault(parser, text, statement, tables));
    }
  }
  return { tables, faults };
}

/** Pairs without a header belong to the table before them. */
function append(tables: TomlTable[], more: readonly TomlTable[]): void {
  for (const table of more) {
    const last = tables.at(-1);
    if (table.header !== undefined || last === undefined) tables.push(table);
    else if (table.pairs.length > 0) (last.pairs as TomlPair[]).push(...table.pairs);
  }
}

function isHeader(line: string): boolean {
  return HEADER.test(line);
}

function isStatement(line: string): boolean {
  return PAIR.test(line) || HEADER.test(line) || OPEN_HEADER.test(line);
}

function splitAt(text: string, within: Block, isStart: (line: string) => boolean): Block[] {
  const blocks: Block[] = [];
  let start = within.start;
  for (let at = within.start; at < within.end; ) {
    const found = text.indexOf("\n", at);
    const end = found < 0 || found >= within.end ? within.end : found;
    if (at > start && end - at <= MAX_LINE && isStart(text.slice(at, end))) {
      blocks.push({ start, end: at });
      start = at;
    }
    at = end + 1;
  }
  if (start < within.end) blocks.push({ start, end: within.end });
  return blocks;
}

function readBlock(parser: Parser, text: string, block: Block): TomlTable[] | undefined {
  const part = text.slice(block.start, block.end);
  return withTree(parser, part, (tree) =>
    tree.rootNode.hasError ? undefined : tablesOf(tree.rootNode, part, block.start),
  );
}

/** A statement that is not TOML by itself: its first line may still be, then what follows it is at fault. */
function explainFault(parser: Parser, text: string, block: Block, tables: TomlTable[]): ManifestError[] {
  const array = readBrokenArray(parser, text, block);
  if (array !== undefined) {
    append(tables, [{ pairs: [array.pair] }]);
    return array.faults;
  }
  const firstEnd = text.indexOf("\n", block.start);
  if (firstEnd >= 0 && firstEnd + 1 < block.end) {
    const first = readBlock(parser, text, { start: block.start, end: firstEnd + 1 });
    if (first !== undefined) {
      append(tables, first);
      return brokenLines(text, { start: firstEnd + 1, end: block.end });
    }
  }
  const table = guessTable(text, block);
  if (table !== undefined) tables.push(table);
  return brokenLines(text, block).slice(0, 1);
}

const OPEN_ARRAY = /^[ \t]*([\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*)[ \t]*=[ \t]*\[/;
/** More lines than any list of a person's. */
const MAX_ARRAY_LINES = 5000;

/** A list that goes over several lines, one of them being typed: the lines that are whole items by themselves are kept. */
function readBrokenArray(
  parser: Parser,
  text: string,
  block: Block,
): { readonly pair: TomlPair; readonly faults: ManifestError[] } | undefined {
  const open = OPEN_ARRAY.exec(text.slice(block.start, Math.min(block.end, block.start + MAX_LINE)));
  if (open === null || !text.slice(block.start, block.end).trimEnd().includes("\n")) return undefined;
  const start = block.start + open[0].length - 1;
  const items: TomlValue[] = [];
  const faults: ManifestError[] = [];
  let end = start + 1;
  let isClosed = false;
  let lines = 0;
  for (let at = start + 1; at < block.end; ) {
    const found = text.indexOf("\n", at);
    const lineEnd = found < 0 || found > block.end ? block.end : found;
    const line = { start: at, end: lineEnd };
    at = lineEnd + 1;
    if (++lines > MAX_ARRAY_LINES) break;
    if (isClosed) {
      faults.push(...brokenLines(text, line));
      continue;
    }
    const read = readArrayLine(parser, text, line);
    if (read === undefined) faults.push(...brokenLines(text, line));
    else items.push(...read.items);
    isClosed = read?.isLast ?? /\][ \t]*(?:#.*)?\r?$/.test(text.slice(line.start, line.end));
    if (isClosed || (read && read.items.length > 0)) end = line.end;
  }
  if (faults.length === 0) {
    const headEnd = text.indexOf("\n", start);
    faults.push(...brokenLines(text, { start: block.start, end: headEnd < 0 ? block.end : headEnd }));
  }
  const keyStart = block.start + open[0].indexOf(open[1]!);
  const span = { start, end };
  const pair: TomlPair = {
    keys: dottedKeys(open[1]!, keyStart),
    value: {
      kind: "array",
      span,
      inside: span,
      text: text.slice(start, end),
      verbatim: true,
      items,
      isBroken: true,
    },
    span: { start: keyStart, end },
  };
  return { pair, faults };
}

function dottedKeys(text: string, start: number): TomlKey[] {
  return [...text.matchAll(/[\w-]+/g)].map((match) => {
    const span = { start: start + match.index, end: start + match.index + match[0].length };
    return { text: match[0], span, inside: span };
  });
}

/** The items on one line of an array, where they are whole. */
function readArrayLine(
  parser: Parser,
  text: string,
  line: Block,
): { readonly items: readonly TomlValue[]; readonly isLast: boolean } | undefined {
  if (line.end - line.start > MAX_LINE) return undefined;
  const written = text.slice(line.start, line.end);
  const trimmed = written.trim();
  if (trimmed === "" || trimmed.startsWith("#")) return { items: [], isLast: false };
  for (const isLast of [false, true]) {
    const part = isLast ? `_=[${written}` : `_=[${written}\n]`;
    const items = withTree(parser, part, (tree) =>
      tree.rootNode.hasError ? undefined : tablesOf(tree.rootNode, part, line.start - 3)[0]!.pairs[0],
    );
    if (items?.value.items) return { items: items.value.items, isLast };
  }
  return undefined;
}

/** `[packages` without its bracket still begins that table: the pairs below it belong to no other. */
function guessTable(text: string, block: Block): TomlTable | undefined {
  const line = text.slice(block.start, Math.min(block.end, block.start + 200));
  const match = /^\s*(\[\[?)\s*([\w-]+)(?:\s*\.\s*([\w-]+))?/.exec(line);
  if (match === null) return undefined;
  const span = { start: block.start, end: block.start + match[0].length };
  const keys = match.slice(2).filter((key) => key !== undefined);
  return {
    header: {
      keys: keys.map((key) => ({ text: key, span, inside: span })),
      span,
      isArray: match[1] === "[[",
    },
    pairs: [],
  };
}

function brokenLines(text: string, block: Block): ManifestError[] {
  const faults: ManifestError[] = [];
  for (let at = block.start; at < block.end; ) {
    const found = text.indexOf("\n", at);
    const end = found < 0 || found > block.end ? block.end : found;
    const line = text.slice(at, Math.min(end, at + MAX_LINE));
    const trimmed = line.trim();
    if (trimmed !== "" && !trimmed.startsWith("#")) {
      const start = at + line.length - line.trimStart().length;
      faults.push({
        code: "toml-syntax",
        message: sayFault(trimmed),
        span: { start, end: start + trimmed.length },
      });
    }
    at = end + 1;
  }
  return faults;
}

function sayFault(line: string): string {
  const what = faultOf(line);
  return `This line is not TOML: ${what}.`;
}

function faultOf(line: string): string {
  const value = line.slice(line.indexOf("=") + 1).trim();
  if (line.startsWith("[")) return "the table's header is not closed";
  if (!line.includes("=")) return "a key, = and a value are expected";
  if (value === "") return "the value is missing";
  const quotes = value.replace(/\\./g, "").replace(/[^"']/g, "");
  if (/^("|')/.test(value) && quotes.length % 2 === 1) return "the string is not closed";
  if (value.startsWith("{") && !value.includes("}")) return "the inline table is not closed";
  if (value.startsWith("[") && !value.includes("]")) return "the array is not closed";
  if (/^[*~<>=!^]/.test(value)) return "the value needs quotes";
  if (quotes.length % 2 === 1) return "the string is not closed";
  return "the value cannot be read";
}

function tablesOf(root: Node, text: string, base: number): TomlTable[] {
  const builder = new TableBuilder(text, base);
  const first: TomlPair[] = [];
  const tables: TomlTable[] = [];
  for (const child of root.namedChildren) {
    if (child.type === "pair") first.push(builder.pair(child, 0));
    else if (child.type === "table" || child.type === "table_array_element")
      tables.push(builder.table(child));
  }
  return [{ pairs: first }, ...tables];
}

/** Turns nodes into plain values; `base` is where the parsed part begins in the whole text. */
class TableBuilder {
  readonly #text: string;
  readonly #base: number;

  constructor(text: string, base: number) {
    this.#text = text;
    this.#base = base;
  }

  table(node: Node): TomlTable {
    const isArray = node.type === "table_array_element";
    const pairs: TomlPair[] = [];
    let keys: TomlKey[] = [];
    let end = node.startIndex;
    for (const child of node.children) {
      if (child.type === "pair") pairs.push(this.pair(child, 0));
      else if (child.type === "]" || child.type === "]]") end = child.endIndex;
      else if (child.type.endsWith("_key")) keys = this.#keys(child);
    }
    return { header: { keys, span: this.#place(node.startIndex, end), isArray }, pairs };
  }

  pair(node: Node, depth: number): TomlPair {
    const [key, value] = node.namedChildren.filter((child) => child.type !== "comment") as [Node, Node];
    return {
      keys: this.#keys(key),
      value: this.#value(value, depth),
      span: this.#place(node.startIndex, value.endIndex),
    };
  }

  #keys(node: Node): TomlKey[] {
    const keys: TomlKey[] = [];
    // A dotted key nests to the left, as deep as it is long: walked, not recursed into.
    let at: Node | undefined = node;
    while (at !== undefined) {
      if (at.type !== "dotted_key") {
        keys.push(this.#key(at));
        break;
      }
      const parts: Node[] = at.namedChildren.filter((child) => child.type !== "comment");
      keys.push(this.#key(parts.at(-1)!));
      at = parts[0];
    }
    return keys.reverse();
  }

  #key(node: Node): TomlKey {
    const span = this.#place(node.startIndex, node.endIndex);
    if (node.type === "bare_key") {
      return { text: this.#text.slice(node.startIndex, node.endIndex), span, inside: span };
    }
    const { text, inside } = this.#string(node);
    return { text, span, inside };
  }

  #value(node: Node, depth: number): TomlValue {
    const span = this.#place(node.startIndex, node.endIndex);
    if (node.type === "string") return { kind: "string", span, ...this.#string(node) };
    const plain = {
      span,
      inside: span,
      verbatim: true,
      text: this.#text.slice(node.startIndex, node.endIndex),
    };
    if (node.type === "array" || node.type === "inline_table") {
      if (depth >= MAX_DEPTH) return { kind: "too-deep", ...plain };
      const children = node.namedChildren.filter((child) => child.type !== "comment");
      if (node.type === "array") {
        return { kind: "array", ...plain, items: children.map((child) => this.#value(child, depth + 1)) };
      }
      return { kind: "inline-table", ...plain, pairs: children.map((child) => this.pair(child, depth + 1)) };
    }
    const kind =
      node.type === "integer" || node.type === "float" || node.type === "boolean" ? node.type : "date-time";
    return { kind, ...plain };
  }

  #string(node: Node): { text: string; inside: Span; verbatim: boolean } {
    const raw = this.#text.slice(node.startIndex, node.endIndex);
    const quotes = /^(?:"""|'''|"|')/.exec(raw)![0].length;
    const inside = this.#place(node.startIndex + quotes, node.endIndex - quotes);
    const body = raw.slice(quotes, raw.length - quotes);
    if (quotes === 1 && (raw[0] === "'" || !body.includes("\\")))
      return { text: body, inside, verbatim: true };
    return { text: unescapeString(raw) ?? body, inside, verbatim: false };
  }

  #place(start: number, end: number): Span {
    return { start: this.#base + start, end: this.#base + end };
  }
}

function unescapeString(raw: string): string | undefined {
  try {
    return (parseToml(`v = ${raw}`) as { v: string }).v;
  } catch {
    return undefined;
  }
}
