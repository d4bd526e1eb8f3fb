// TOML as the tables that it means: headers, dotted keys and inline tables joined into one tree, each node with its places.
import type { Span } from "../text/span.ts";
import type { TomlDocument, TomlKey, TomlPair, TomlTable, TomlValue } from "./toml.ts";

/** A key of a document, with all that is said below it. */
export interface TomlNode {
  /** Where the key is first written; absent for the root and for items of arrays. */
  readonly key?: TomlKey;
  /** The value, of an inline table too; absent for tables with headers and dotted keys. */
  readonly value?: TomlValue;
  /** From the key to the end of the value; for tables the header, or the first pair that makes it. */
  readonly span: Span;
  readonly children: ReadonlyMap<string, TomlNode>;
  /** The tables of `[[key]]`, or those in an array of inline tables. */
  readonly tables: readonly TomlNode[];
  /** How the table is written, where it is one. */
  readonly header?: TomlTable["header"];
  /** The pairs that stand under the header or between the braces. */
  readonly pairs: readonly TomlPair[];
  /** More values for the same key, which TOML forbids and broken texts have. */
  readonly doubles: readonly TomlValue[];
}

interface Builder extends TomlNode {
  value?: TomlValue;
  header?: TomlTable["header"];
  span: Span;
  readonly children: Map<string, Builder>;
  readonly tables: Builder[];
  readonly pairs: TomlPair[];
  readonly doubles: TomlValue[];
}

/** Joins the tables of a document. Never throws: what contradicts itself keeps what was said first. */
export function buildTomlTree(document: TomlDocument): TomlNode {
  const root = newNode({ start: 0, end: 0 });
  for (const table of document.tables) addTable(root, table);
  return root;
}

/** The node that a path of keys leads to; undefined where the document does not say it. */
export function nodeAt(root: TomlNode, ...keys: readonly string[]): TomlNode | undefined {
  let node: TomlNode | undefined = root;
  for (const key of keys) {
    node = node.children.get(key);
    if (node === undefined) return undefined;
  }
  return node;
}

/** Whether the node is a table, however it is written. */
export function isTable(node: TomlNode): boolean {
  return node.value === undefined ? node.tables.length === 0 : node.value.kind === "inline-table";
}

function newNode(span: Span, key?: TomlKey): Builder {
  return {
    span,
    ...(key && { key }),
    children: new Map<string, Builder>(),
    tables: [],
    pairs: [],
    doubles: [],
  };
}

function addTable(root: Builder, { header, pairs }: TomlTable): void {
  let at = root;
  if (header !== undefined) {
    for (const [index, key] of header.keys.entries()) {
      const isLast = index === header.keys.length - 1;
      let next = childOf(at, key, header.span);
      if (isLast && header.isArray) {
        const item = newNode(header.span);
        next.tables.push(item);
        next = item;
      } else next = next.tables.at(-1) ?? next;
      at = next;
    }
    at.header ??= header;
  }
  for (const pair of pairs) addPair(at, pair);
}

function childOf(node: Builder, key: TomlKey, span: Span): Builder {
  const known = node.children.get(key.text);
  if (known) return known;
  const child = newNode(span, key);
  node.children.set(key.text, child);
  return child;
}

function addPair(table: Builder, pair: TomlPair): void {
  table.pairs.push(pair);
  let at = table;
  for (const key of pair.keys) at = childOf(at, key, pair.span);
  if (at.value !== undefined) {
    at.doubles.push(pair.value);
    return;
  }
  at.value = pair.value;
  at.span = pair.span;
  addInside(at, pair.value);
}

function addInside(node: Builder, value: TomlValue): void {
  for (const pair of value.pairs ?? []) addPair(node, pair);
  for (const item of value.items ?? []) {
    if (item.kind !== "inline-table") continue;
    const table = newNode(item.span);
    table.value = item;
    addInside(table, item);
    node.tables.push(table);
  }
}
