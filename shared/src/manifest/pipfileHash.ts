// The hash by which pipenv knows whether a lock is up to date with its Pipfile.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { DEFAULT_INDEX_URL } from "../packaging/defaultIndex.ts";
import { normalizeName } from "../packaging/name.ts";
import type { TomlDocument, TomlPair, TomlValue } from "./toml.ts";

/** A TOML value as Python's `json.dumps` sees it. Leaves are JSON text already. */
type Tree = Map<string, Tree> | readonly Tree[] | string;

const SECTIONS = new Set(["source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv"]);
const DEFAULT_SOURCE: readonly (readonly [string, Tree])[] = [
  ["name", '"pypi"'],
  ["url", JSON.stringify(DEFAULT_INDEX_URL)],
  ["verify_ssl", "true"],
];

/** A dotted key with more parts is none that pipenv could write as JSON. */
const MAX_KEYS = 100;

/** Thrown inside where a document has no hash. */
class NoHash extends Error {}

/**
 * The texts whose sha256 pipenv writes into `_meta.hash`: compact JSON with sorted keys (pipenv `calculate_hash`, plette
 * `get_hash`). The first is what pipenv 2026 computes, with package names in their PEP 503 form; the second what older ones did.
 *
 * Empty where the document is not whole, or holds a value that JSON does not have.
 */
export function pipfileHashInputs(document: TomlDocument): string[] {
  if (document.faults.length > 0) return [];
  try {
    const root = treeOf(document);
    return [...new Set([hashInput(root, true), hashInput(root, false)])];
  } catch (error) {
    if (error instanceof NoHash) return [];
    throw error;
  }
}

/** The lower-case hexadecimal sha256 of a text in UTF-8. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

function hashInput(root: ReadonlyMap<string, Tree>, isNormalized: boolean): string {
  const section = (value: Tree | undefined): Tree => {
    const table = value ?? new Map<string, Tree>();
    if (!(table instanceof Map)) throw new NoHash();
    if (!isNormalized) return table;
    return new Map([...table].map(([name, item]) => [normalizeName(name), item]));
  };
  const data = new Map<string, Tree>([
    [
      "_meta",
      new Map<string, Tree>([
        ["sources", root.get("source")!],
        ["requires", root.get("requires") ?? new Map()],
      ]),
    ],
    ["default", section(root.get("packages"))],
    ["develop", section(root.get("dev-packages"))],
  ]);
  for (const [category, values] of root) {
    if (SECTIONS.has(category) || category === "default" || category === "develop") continue;
    data.set(category, section(values));
  }
  return toJson(data);
}

function toJson(tree: Tree): string {
  if (typeof tree === "string") return tree;
  if (!(tree instanceof Map)) return `[${(tree as readonly Tree[]).map(toJson).join(",")}]`;
  const keys = [...tree.keys()].sort(compareCodePoints);
  return `{${keys.map((key) => `${jsonString(key)}:${toJson(tree.get(key)!)}`).join(",")}}`;
}

/** Python sorts text by code points, JavaScript by UTF-16 units. */
export function compareCodePoints(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    const isLeftPair = left >= 0xd800 && left <= 0xdfff;
    const isRightPair = right >= 0xd800 && right <= 0xdfff;
    if (isLeftPair !== isRightPair) return isLeftPair ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** `json.dumps` writes printable ASCII alone. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The document as pipenv loads it. Where it names no source, plette puts the lines of the default one before the text: pairs that
 * stand before the first header are then that source's.
 */
function treeOf(document: TomlDocument): Map<string, Tree> {
  const root = new Map<string, Tree>();
  const isSource = ([first]: readonly { readonly text: string }[]): boolean => first?.text === "source";
  const hasSource = document.tables.some(({ header, pairs }) =>
    header ? isSource(header.keys) : pairs.some(({ keys }) => isSource(keys)),
  );
  const defaultSource = new Map<string, Tree>(DEFAULT_SOURCE);
  if (!hasSource) root.set("source", [defaultSource]);
  for (const table of document.tables) {
    let target = hasSource ? root : defaultSource;
    if (table.header !== undefined) {
      target = root;
      const keys = table.header.keys.map((key) => key.text);
      const last = keys.pop()!;
      target = descend(root, keys);
      if (table.header.isArray) {
        const items = target.get(last) ?? [];
        if (!Array.isArray(items)) throw new NoHash();
        const item = new Map<string, Tree>();
        target.set(last, [...items, item]);
        target = item;
      } else target = descend(target, [last]);
    }
    addPairs(target, table.pairs);
  }
  return root;
}

function descend(from: Map<string, Tree>, keys: readonly string[]): Map<string, Tree> {
  if (keys.length > MAX_KEYS) throw new NoHash();
  let at = from;
  for (const key of keys) {
    const found = at.get(key);
    const next = Array.isArray(found) ? found.at(-1) : (found ?? new Map<string, Tree>());
    if (!(next instanceof Map)) throw new NoHash();
    if (found === undefined) at.set(key, next);
    at = next;
  }
  return at;
}

function addPairs(target: Map<string, Tree>, pairs: readonly TomlPair[]): void {
  for (const { keys, value } of pairs) {
    const names = keys.map((key) => key.text);
    const last = names.pop()!;
    descend(target, names).set(last, treeOfValue(value));
  }
}

function treeOfValue(value: TomlValue): Tree {
  switch (value.kind) {
    case "string":
      return jsonString(value.text);
    case "boolean":
      return value.text;
    case "integer":
      return BigInt(value.text.replaceAll("_", "").replace(/^\+/, "")).toString();
    case "float":
      return pythonFloat(value.text);
    case "array":
      return value.items!.map(treeOfValue);
    case "inline-table": {
      const table = new Map<string, Tree>();
      addPairs(table, value.pairs!);
      return table;
    }
    default:
      throw new NoHash();
  }
}

/** Python's `repr` of a float, which is what `json.dumps` writes. */
function pythonFloat(text: string): string {
  const bare = text.replaceAll("_", "");
  if (/inf$/.test(bare)) return bare.startsWith("-") ? "-Infinity" : "Infinity";
  if (/nan$/.test(bare)) return "NaN";
  const value = Number(bare);
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (value !== 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    const sign = exponent[0]!;
    return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  const written = String(value);
  return /[.]/.test(written) ? written : `${written}.0`;
}
