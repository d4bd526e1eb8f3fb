// Reads the values of a TOML table by their keys and types, each fault told with its place and with its path in the document.
import { readMarker } from "../packaging/marker.ts";
import { readSpecifierSet } from "../packaging/specifier.ts";
import type { Span } from "../text/span.ts";
import type { ManifestError } from "./model.ts";
import type { FreeTable, WrittenMarker, WrittenSpecifier } from "./pylockModel.ts";
import type { TomlValue, TomlValueKind } from "./toml.ts";
import { isTable, type TomlNode } from "./tomlTree.ts";

/** A fault of a lock, with the path of the value that has it: `packages[0].wheels[1].size`. */
export interface PylockFault extends ManifestError {
  readonly where: string;
}

const WORDS: Readonly<Partial<Record<TomlValueKind, string>>> = {
  string: "a text in quotes",
  integer: "a whole number",
  boolean: "true or false",
  "date-time": "a date and time",
};

/** One table of the document. What is wrong is added to `faults`; what is absent or wrong reads as undefined. */
export class PylockFields {
  readonly node: TomlNode;
  readonly where: string;
  readonly #faults: PylockFault[];

  constructor(node: TomlNode, where: string, faults: PylockFault[]) {
    this.node = node;
    this.where = where;
    this.#faults = faults;
  }

  fault(code: string, message: string, key?: string, span?: Span, expected?: string): void {
    const where = [this.where, key].filter((part) => part !== undefined && part !== "").join(".");
    const at = span ?? this.node.key?.inside ?? this.node.span;
    this.#faults.push({ code, message, span: at, where, ...(expected === undefined ? {} : { expected }) });
  }

  has(key: string): boolean {
    return this.node.children.has(key);
  }

  value(key: string): TomlValue | undefined {
    return this.node.children.get(key)?.value;
  }

  string(key: string): string | undefined {
    return this.#typed(key, "string")?.text;
  }

  required(key: string): string | undefined {
    if (!this.has(key)) this.missing(key);
    return this.string(key);
  }

  missing(key: string): void {
    this.fault("missing-key", `${this.#subject()} has no ${key}.`, key, undefined, key);
  }

  integer(key: string): number | undefined {
    const value = this.#typed(key, "integer");
    if (value === undefined) return undefined;
    return Number(value.text.replaceAll("_", "").replace(/^\+/, ""));
  }

  boolean(key: string): boolean | undefined {
    const value = this.#typed(key, "boolean");
    return value === undefined ? undefined : value.text === "true";
  }

  /** A date with its time, as written (PEP 751, `upload-time`). */
  dateTime(key: string): string | undefined {
    const value = this.#typed(key, "date-time");
    if (value === undefined) return undefined;
    if (/^\d{4}-\d\d-\d\d[Tt ]/.test(value.text)) return value.text;
    this.fault("invalid-value", `${key} is not a date with a time.`, key, value.inside, "a date and time");
    return undefined;
  }

  marker(key: string): WrittenMarker | undefined {
    const value = this.#typed(key, "string");
    return value && this.#marker(value, key);
  }

  specifier(key: string): WrittenSpecifier | undefined {
    const value = this.#typed(key, "string");
    if (value === undefined) return undefined;
    const read = readSpecifierSet(value.text, value.verbatim ? value.inside.start : 0);
    if (read.ok) return { text: value.text, specifier: read.value };
    this.#textFault(value, key, read.error);
    return undefined;
  }

  strings(key: string): readonly TomlValue[] {
    return (this.#items(key) ?? []).flatMap(({ value, where }) => {
      if (value?.kind === "string") return [value];
      this.fault("invalid-value", `${key} holds texts in quotes.`, where, value?.span, WORDS.string);
      return [];
    });
  }

  markers(key: string): readonly WrittenMarker[] {
    const read: WrittenMarker[] = [];
    for (const { value, where } of this.#items(key) ?? []) {
      if (value?.kind === "string") {
        const marker = this.#marker(value, where);
        if (marker) read.push(marker);
      } else this.fault("invalid-value", `${key} holds texts in quotes.`, where, value?.span, WORDS.string);
    }
    return read;
  }

  table(key: string): PylockFields | undefined {
    const child = this.node.children.get(key);
    if (child === undefined) return undefined;
    if (isTable(child)) return this.#below(child, key);
    this.fault("invalid-value", `${key} is not a table.`, key, spanOf(child), "a table");
    return undefined;
  }

  /** The tables of an array; undefined where there is no such key. */
  tables(key: string): readonly PylockFields[] | undefined {
    return this.#items(key)?.flatMap(({ node, value, where }) => {
      if (node) return [this.#below(node, where)];
      this.fault("invalid-value", `${key} holds tables.`, where, value?.span, "a table");
      return [];
    });
  }

  /** Everything in the table, as plain values. */
  free(): FreeTable {
    const entries = [...this.node.children].map(([key, child]) => [key, freeValue(child)] as const);
    return Object.fromEntries(entries);
  }

  #below(node: TomlNode, key: string): PylockFields {
    return new PylockFields(node, this.where === "" ? key : `${this.where}.${key}`, this.#faults);
  }

  #subject(): string {
    return this.where === "" ? "The lock" : this.where;
  }

  #typed(key: string, kind: "string" | "integer" | "boolean" | "date-time"): TomlValue | undefined {
    const child = this.node.children.get(key);
    if (child === undefined) return undefined;
    if (child.value?.kind === kind) return child.value;
    this.fault("invalid-value", `${key} is not ${WORDS[kind]}.`, key, spanOf(child), WORDS[kind]);
    return undefined;
  }

  #items(key: string): { value?: TomlValue; node?: TomlNode; where: string }[] | undefined {
    const child = this.node.children.get(key);
    if (child === undefined) return undefined;
    if (child.value === undefined && child.tables.length > 0)
      return child.tables.map((node, index) => ({ node, where: `${key}[${index}]` }));
    if (child.value?.kind !== "array") {
      this.fault("invalid-value", `${key} is not a list.`, key, spanOf(child), "a list");
      return undefined;
    }
    let table = 0;
    return child.value.items!.map((value, index) => {
      const where = `${key}[${index}]`;
      return value.kind === "inline-table"
        ? { value, node: child.tables[table++]!, where }
        : { value, where };
    });
  }

  #marker(value: TomlValue, key: string): WrittenMarker | undefined {
    const read = readMarker(value.text, value.verbatim ? value.inside.start : 0);
    if (read.ok) return { text: value.text, marker: read.value };
    this.#textFault(value, key, { ...read.error, code: "invalid-marker" });
    return undefined;
  }

  /** A fault within a text; with escapes in it only the text as a whole has a place. */
  #textFault(
    { verbatim, inside }: TomlValue,
    key: string,
    error: { code: string; message: string; offset: number; length: number; expected?: string },
  ): void {
    const start = verbatim ? Math.min(error.offset, inside.end) : inside.start;
    const end = verbatim ? Math.min(start + error.length, inside.end) : inside.end;
    this.fault(error.code, error.message, key, { start, end }, error.expected);
  }
}

function spanOf({ value, span }: TomlNode): Span {
  return value?.span ?? span;
}

function freeValue(node: TomlNode): unknown {
  const { value, children, tables } = node;
  if (value === undefined) return tables.length > 0 ? tables.map(freeTable) : freeTable({ children });
  if (value.kind === "inline-table") return freeTable(node);
  if (value.kind !== "array") return scalarOf(value);
  let table = 0;
  return value.items!.map((item) =>
    item.kind === "inline-table" ? freeTable(tables[table++]!) : scalarOf(item),
  );
}

function freeTable({ children }: Pick<TomlNode, "children">): FreeTable {
  return Object.fromEntries([...children].map(([key, child]) => [key, freeValue(child)]));
}

/** Dates and numbers that JSON has not stay texts. */
function scalarOf({ kind, text, items }: TomlValue): unknown {
  if (kind === "boolean") return text === "true";
  if (kind === "integer" || kind === "float") {
    const number = Number(text.replaceAll("_", "").replace(/^\+/, ""));
    return Number.isFinite(number) ? number : text;
  }
  return kind === "array" ? items!.map(scalarOf) : text;
}
