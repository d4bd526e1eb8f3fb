// Changes the policy in the text of a `.thoth.yaml`, and nothing else in it: comments, order, indentation and spacing stay.
import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  stringify,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import { normalizeName } from "../packaging/name.ts";
import type { Acceptance } from "./policy.ts";
import { readConfiguration } from "./read.ts";

export type PolicyChange =
  | { readonly kind: "accept"; readonly acceptance: Acceptance }
  | { readonly kind: "bind"; readonly package: string; readonly index: string };

export type PolicyChangeAnswer = { readonly text: string } | { readonly problem: string };

/**
 * The text with the change made; an empty text is a file that is not there yet. An acceptance of the same finding, and a binding of
 * the same package, is replaced. Never throws.
 */
export function changePolicy(text: string, change: PolicyChange): PolicyChangeAnswer {
  const document = parse(text);
  const [error] = document.errors;
  if (error) return { problem: `is not YAML: ${error.message.split("\n")[0]}` };
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isMap(document.contents)) return { problem: "is no table of keys" };
  const policy = document.getIn(["policy"], true);
  if (policy === undefined || isNull(policy)) document.setIn(["policy"], new YAMLMap());
  else if (!isMap(policy)) return { problem: "has a policy that is no table of keys" };
  const edited = editText(text, change);
  applyTo(document, change);
  // What cannot be put in by itself, as into a table in braces, is written anew with all that is around it.
  const changed =
    edited !== undefined && isSame(edited, document)
      ? edited
      : withLineEnds(text, document.toString({ lineWidth: 0, flowCollectionPadding: !/\{\S/.test(text) }));
  const [problem] = readConfiguration(changed).problems.filter(({ code }) => code !== "unknown-key");
  return problem ? { problem: problem.message } : { text: changed };
}

const parse = (text: string): Document => parseDocument(text, { version: "1.2" });
const isNull = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null);

function applyTo(document: Document, change: PolicyChange): void {
  if (change.kind === "bind") {
    if (!isMap(document.getIn(["policy", "bindings"]))) document.setIn(["policy", "bindings"], new YAMLMap());
    document.setIn(["policy", "bindings", change.package], change.index);
    return;
  }
  const list = document.getIn(["policy", "accept"]);
  if (!isSeq(list)) document.setIn(["policy", "accept"], new YAMLSeq());
  const at = isSeq(list) ? indexOfSame(list, change.acceptance) : -1;
  const node = document.createNode(change.acceptance);
  if (at < 0) document.addIn(["policy", "accept"], node);
  else document.setIn(["policy", "accept", at], node);
}

/** Where the list accepts the same finding of the same release already; below 0 where it does not. */
function indexOfSame(list: YAMLSeq, acceptance: Acceptance): number {
  const keyOf = (one: Partial<Acceptance>): string =>
    [
      String(one.advisory ?? one.rule).toLowerCase(),
      normalizeName(String(one.package)),
      one.version ?? one.digest,
    ].join("\n");
  const wanted = keyOf(acceptance);
  return list.items.findIndex((item) => isMap(item) && keyOf(item.toJSON() as Acceptance) === wanted);
}

function isSame(text: string, document: Document): boolean {
  const read = parse(text);
  return read.errors.length === 0 && JSON.stringify(read.toJS()) === JSON.stringify(document.toJS());
}

const withLineEnds = (like: string, text: string): string =>
  /\r\n/.test(like) ? text.replace(/\r?\n/g, "\r\n") : text;

/** The text with the few lines of the change put in; undefined where they cannot stand by themselves. */
function editText(text: string, change: PolicyChange): string | undefined {
  const root = parse(text).contents;
  const key = change.kind === "bind" ? "bindings" : "accept";
  const item = change.kind === "bind" ? { [change.package]: change.index } : [change.acceptance];
  if (root === null || (isMap(root) && !root.has("policy"))) {
    const isApart = text.trim() === "" || (isMap(root) && root.flow !== true) || root === null;
    return isApart ? insertAt(text, text.length, { policy: { [key]: item } }, 0) : undefined;
  }
  const policy = isMap(root) ? root.get("policy", true) : undefined;
  if (!isMap(policy) || policy.flow || policy.items.length === 0) return undefined;
  const list = policy.get(key, true);
  if (list === undefined)
    return insertAt(text, endOfLines(text, policy), { [key]: item }, columnOf(text, policy));
  if (!isCollection(list) || list.items.length === 0) return undefined;
  const known = sameIn(list, change);
  if (known) return replaceNode(text, known, change.kind === "bind" ? change.index : change.acceptance);
  if (list.flow) return undefined;
  return insertAt(text, endOfLines(text, list), item, columnOf(text, list));
}

/** What the change replaces. */
function sameIn(list: unknown, change: PolicyChange): Node | undefined {
  if (change.kind === "bind")
    return isMap(list) ? (list.get(change.package, true) as Node | undefined) : undefined;
  return isSeq(list) ? (list.items[indexOfSame(list, change.acceptance)] as Node | undefined) : undefined;
}

function insertAt(text: string, at: number, value: object, column: number): string {
  const before = text.slice(0, at);
  const start = before === "" || before.endsWith("\n") ? "" : "\n";
  return before + withLineEnds(text, start + indented(written(value), column)) + text.slice(at);
}

function replaceNode(text: string, node: Node, value: unknown): string | undefined {
  if (!node.range) return undefined;
  const [start] = node.range;
  const isFlow = isCollection(node) && node.flow === true;
  const now = isFlow
    ? stringify(value, { lineWidth: 0, collectionStyle: "flow", flowCollectionPadding: false })
    : indented(written(value), columnAt(text, start)).trimStart();
  return text.slice(0, start) + withLineEnds(text, now.trimEnd()) + text.slice(valueEnd(node));
}

const written = (value: unknown): string => stringify(value, { lineWidth: 0 });
const indented = (text: string, column: number): string => text.replace(/^(?=.)/gm, " ".repeat(column));

const columnAt = (text: string, offset: number): number => offset - (text.lastIndexOf("\n", offset - 1) + 1);
/** Of the first dash or key of a block. */
const columnOf = (text: string, node: Node): number => columnAt(text, node.range![0]);

/** Behind the last line of a block, with a comment that stands on it. */
function endOfLines(text: string, node: Node): number {
  const end = valueEnd(node);
  if (text[end - 1] === "\n") return end;
  const next = text.indexOf("\n", end);
  return next < 0 ? text.length : next + 1;
}

/** Where the last word of a node ends. */
function valueEnd(node: unknown): number {
  if (isPair(node))
    return isNull(node.value) && !hasRange(node.value) ? valueEnd(node.key) : valueEnd(node.value);
  if (isCollection(node) && !node.flow && node.items.length > 0) return valueEnd(node.items.at(-1));
  return (node as Node).range![1];
}

const hasRange = (node: unknown): boolean => isScalar(node) && node.range != null;
