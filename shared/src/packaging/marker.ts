// Environment markers: reading, printing and evaluating (PEP 508, PEP 685, PEP 751's sets).
import { failure, type ParseError, type Result, success } from "../result.ts";
import type { Span } from "../text/span.ts";
import { normalizeName } from "./name.ts";
import { readSpecifierSet, type SpecifierSet } from "./specifier.ts";

/** The variables that a marker may name, in their present spelling. */
export type MarkerVariable =
  | "implementation_name"
  | "implementation_version"
  | "os_name"
  | "platform_machine"
  | "platform_release"
  | "platform_system"
  | "platform_version"
  | "python_full_version"
  | "platform_python_implementation"
  | "python_version"
  | "sys_platform"
  | "extra"
  | "extras"
  | "dependency_groups"
  | VariantVariable;

/** What a wheel of a variant says of itself (draft PEP 825): only what such a wheel needs may ask for it. */
export type VariantVariable =
  | "variant_label"
  | "variant_namespaces"
  | "variant_features"
  | "variant_properties";

/** What a marker is evaluated against. The ones that may be absent are there only where they have a meaning. */
export interface MarkerEnvironment {
  readonly implementation_name: string;
  readonly implementation_version: string;
  readonly os_name: string;
  readonly platform_machine: string;
  readonly platform_release: string;
  readonly platform_system: string;
  readonly platform_version: string;
  readonly python_full_version: string;
  readonly platform_python_implementation: string;
  readonly python_version: string;
  readonly sys_platform: string;
  /** The one extra that core metadata is read for; the empty text for none. */
  readonly extra?: string;
  /** Lock files only (PEP 751). */
  readonly extras?: readonly string[];
  /** Lock files only (PEP 751). */
  readonly dependency_groups?: readonly string[];
  /** Of a wheel alone (draft PEP 825): the empty text and empty sets for one of no variant. */
  readonly variant_label?: string;
  readonly variant_namespaces?: readonly string[];
  /** `namespace :: feature` */
  readonly variant_features?: readonly string[];
  /** `namespace :: feature :: value` */
  readonly variant_properties?: readonly string[];
}

export type MarkerOperator = "==" | "!=" | "<=" | ">=" | "<" | ">" | "~=" | "===" | "in" | "not in";

/** One side of a comparison. */
export type MarkerOperand =
  | { readonly kind: "variable"; readonly name: MarkerVariable; readonly span: Span }
  | { readonly kind: "literal"; readonly value: string; readonly span: Span };

export interface MarkerComparison {
  readonly kind: "comparison";
  readonly left: MarkerOperand;
  readonly operator: MarkerOperator;
  readonly right: MarkerOperand;
  readonly operatorSpan: Span;
  readonly span: Span;
}

export interface MarkerGroup {
  readonly kind: "and" | "or";
  readonly operands: readonly Marker[];
  /** Whether it stood in parentheses, which printing keeps. */
  readonly parenthesized: boolean;
  readonly span: Span;
}

/** What is left of a marker that is always or never true. Reading never gives one. */
export interface MarkerConstant {
  readonly kind: "constant";
  readonly value: boolean;
  readonly span: Span;
}

export type Marker = MarkerComparison | MarkerGroup | MarkerConstant;

const VARIABLE =
  /(?:python_version|python_full_version|os[._]name|sys[._]platform|platform_(?:release|system)|platform[._](?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)|extras?|dependency_groups)(?![\p{L}\p{N}_])/uy;
const VARIANT_VARIABLE = /variant_(?:label|namespaces|features|properties)(?![\p{L}\p{N}_])/uy;
const OPERATOR = /===|==|~=|!=|<=|>=|<|>/y;
const WORD = /[\p{L}\p{N}_]/u;
const VARIABLES = "a marker variable or quoted string";
const MARKER_OPERATORS = "one of <=, <, !=, ==, >=, >, ~=, ===, in, not in";

/** Whether a letter, a digit or an underscore stands at that place. */
export function isWordAt(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const code = text.charCodeAt(at);
  if (code >= 128) return WORD.test(text.charAt(at));
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
  );
}

// Deeper nesting than any person writes; a bound keeps hostile text from exhausting the stack.
const MAX_DEPTH = 200;

/** Thrown inside the readers only, to leave a recursion; what comes out is a Result. */
export class MarkerSyntaxError extends Error {
  readonly detail: ParseError;

  constructor(detail: ParseError) {
    super(detail.message);
    this.detail = detail;
  }
}

/** The reader of one marker, which the requirement reader shares. Offsets are into `text`; spans are moved by `base`. */
export class MarkerReader {
  readonly text: string;
  readonly base: number;
  at: number;
  #depth: number;
  readonly #takesVariants: boolean;

  /** @param takesVariants whether the variables of draft PEP 825 are known, which only the metadata of a wheel may name. */
  constructor(text: string, at: number, base: number, takesVariants = false) {
    this.text = text;
    this.base = base;
    this.at = at;
    this.#depth = 0;
    this.#takesVariants = takesVariants;
  }

  skipBlanks(): void {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === 32 || code === 9) code = text.charCodeAt(++this.at);
  }

  /** marker = marker_and ("or" marker_and)* */
  readMarker(): Marker {
    const operands = [this.#readAnd()];
    while (this.#takeWord("or")) operands.push(this.#readAnd());
    return this.#group("or", operands);
  }

  #readAnd(): Marker {
    const operands = [this.#readAtom()];
    while (this.#takeWord("and")) operands.push(this.#readAtom());
    return this.#group("and", operands);
  }

  #group(kind: "and" | "or", operands: Marker[]): Marker {
    if (operands.length === 1) return operands[0]!;
    const span = { start: operands[0]!.span.start, end: operands.at(-1)!.span.end };
    return { kind, operands, parenthesized: false, span };
  }

  #readAtom(): Marker {
    this.skipBlanks();
    const start = this.at;
    if (this.text.charCodeAt(start) !== 40) {
      const comparison = this.#readComparison();
      this.skipBlanks();
      return comparison;
    }
    if (++this.#depth > MAX_DEPTH) {
      this.fail("marker-too-deep", `Parentheses are nested more than ${MAX_DEPTH} deep.`, start, start + 1);
    }
    this.at++;
    const inner = this.readMarker();
    this.skipBlanks();
    if (this.text.charCodeAt(this.at) !== 41) {
      this.fail(
        "unclosed-parenthesis",
        "The parenthesis that opens here is not closed.",
        start,
        this.at + 1,
        "a closing parenthesis after the marker expression",
      );
    }
    this.at++;
    this.#depth--;
    const span = this.#spanFrom(start);
    this.skipBlanks();
    return inner.kind === "and" || inner.kind === "or" ? { ...inner, parenthesized: true, span } : inner;
  }

  #readComparison(): MarkerComparison {
    const left = this.#readOperand();
    this.skipBlanks();
    const operatorStart = this.at;
    const operator = this.#readOperator();
    const operatorSpan = this.#spanFrom(operatorStart);
    this.skipBlanks();
    const right = this.#readOperand();
    const [first, second] = normalizeOperands(left, right);
    return {
      kind: "comparison",
      left: first,
      operator,
      right: second,
      operatorSpan,
      span: { start: left.span.start, end: right.span.end },
    };
  }

  #readOperand(): MarkerOperand {
    const { text, at } = this;
    const quote = text[at];
    if (quote === "'" || quote === '"') {
      const end = text.indexOf(quote, at + 1);
      if (end < 0) {
        const message = "The quote that opens here is not closed.";
        this.fail("unclosed-quote", message, at, at + 1, `a closing ${quote}`);
      }
      this.at = end + 1;
      const value = unescapePython(text.slice(at + 1, end));
      if (value === undefined) {
        this.fail(
          "invalid-string",
          "This is not a string as Python writes them.",
          at,
          end + 2,
          "a quoted string",
        );
      }
      return { kind: "literal", value, span: this.#spanFrom(at) };
    }
    if (!isWordAt(text, at - 1)) {
      VARIABLE.lastIndex = at;
      VARIANT_VARIABLE.lastIndex = at;
      const match = VARIABLE.exec(text) ?? (this.#takesVariants ? VARIANT_VARIABLE.exec(text) : null);
      if (match) {
        this.at = at + match[0].length;
        const name = match[0].replace(".", "_");
        return {
          kind: "variable",
          name: (name === "python_implementation"
            ? "platform_python_implementation"
            : name) as MarkerVariable,
          span: this.#spanFrom(at),
        };
      }
    }
    return this.fail("invalid-marker", `Expected ${VARIABLES}.`, at, at + 1, VARIABLES);
  }

  #readOperator(): MarkerOperator {
    const { text, at } = this;
    if (this.#takeWord("in")) return "in";
    if (this.#takeWord("not")) {
      const gap = this.at;
      this.skipBlanks();
      if (this.at === gap)
        this.fail("invalid-marker", "Expected a space after not.", gap, gap + 1, "a space");
      if (!this.#takeWord("in")) {
        this.fail("invalid-marker", "Expected in after not.", this.at, this.at + 1, "in");
      }
      return "not in";
    }
    OPERATOR.lastIndex = at;
    const match = OPERATOR.exec(text);
    if (match === null) {
      return this.fail(
        "invalid-marker",
        `Expected a marker operator, ${MARKER_OPERATORS}.`,
        at,
        at + 1,
        MARKER_OPERATORS,
      );
    }
    this.at = at + match[0].length;
    return match[0] as MarkerOperator;
  }

  /** Takes a word that stands alone at the present place. */
  #takeWord(word: string): boolean {
    const { text, at } = this;
    if (!text.startsWith(word, at)) return false;
    if (isWordAt(text, at - 1) || isWordAt(text, at + word.length)) return false;
    this.at = at + word.length;
    return true;
  }

  #spanFrom(start: number): Span {
    return { start: this.base + start, end: this.base + this.at };
  }

  fail(code: string, message: string, start: number, end: number, expected?: string): never {
    throw new MarkerSyntaxError(makeError(this.text, this.base, code, message, start, end, expected));
  }
}

/** An error whose place is kept within the text. */
export function makeError(
  text: string,
  base: number,
  code: string,
  message: string,
  start: number,
  end: number,
  expected?: string,
): ParseError {
  const error = {
    code,
    message,
    offset: base + start,
    length: Math.max(0, Math.min(end, text.length) - start),
  };
  return expected === undefined ? error : { ...error, expected };
}

/** Names of extras and groups are compared in their normal form, so they are kept in it (PEP 685, PEP 735). */
function normalizeOperands(left: MarkerOperand, right: MarkerOperand): [MarkerOperand, MarkerOperand] {
  if (left.kind === "variable" && left.name === "extra" && right.kind === "literal") {
    return [left, { ...right, value: normalizeName(right.value) }];
  }
  if (right.kind === "variable" && left.kind === "literal") {
    const { name } = right;
    if (name === "extra" || name === "extras" || name === "dependency_groups") {
      return [{ ...left, value: normalizeName(left.value) }, right];
    }
    if (isVariantVariable(name)) return [{ ...left, value: joinedParts(left.value) }, right];
  }
  return [left, right];
}

/** Whether the variable is of a wheel's variant. */
export function isVariantVariable(name: MarkerVariable): name is VariantVariable {
  return name.startsWith("variant_");
}

/** Blanks around `::` do not count. */
function joinedParts(text: string): string {
  return text.replace(/\s*::\s*/g, " :: ").trim();
}

const ESCAPE =
  /\\(?:([\\'"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\n))|\\([xuUN]|$)|[\n\r\0]/g;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** What Python makes of the inside of a string literal, which the reference evaluates; undefined where it refuses. */
function unescapePython(text: string): string | undefined {
  if (!/[\\\n\r\0]/.test(text)) return text;
  let isBad = false;
  const value = text.replace(ESCAPE, (...[whole, simple, octal, hex, short, long, newline]: string[]) => {
    if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? simple;
    if (newline !== undefined) return "";
    const code =
      octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long ?? "", 16);
    if (Number.isNaN(code) || code > 0x10ffff) {
      isBad = true;
      return whole!;
    }
    return String.fromCodePoint(code);
  });
  return isBad ? undefined : value;
}

/** Reads a marker (PEP 508, "Environment markers"), legacy dotted names included. `base` is added to every offset. */
export function readMarker(text: string, base = 0): Result<Marker> {
  const reader = new MarkerReader(text, 0, base);
  try {
    const marker = reader.readMarker();
    if (reader.at < text.length) {
      const expected = "and, or, or the end of the marker";
      reader.fail("invalid-marker", `Expected ${expected}.`, reader.at, reader.at + 1, expected);
    }
    return success(marker);
  } catch (error) {
    if (error instanceof MarkerSyntaxError) return failure(error.detail);
    throw error;
  }
}

function operandText(operand: MarkerOperand): string {
  if (operand.kind === "variable") return operand.name;
  const { value } = operand;
  const quote = value.includes('"') && !value.includes("'") ? "'" : '"';
  if (!value.includes(quote) && unescapePython(value) === value) return quote + value + quote;
  const escaped = value.replace(/[\\\n\r\0]/g, (character) =>
    character === "\\" ? "\\\\" : character === "\n" ? "\\n" : character === "\r" ? "\\r" : "\\x00",
  );
  // The reference ends a string at the first quote of its kind, escaped or not, so a second kind has to be written as a code.
  return quote + (quote === '"' ? escaped.replaceAll('"', "\\x22") : escaped) + quote;
}

/** The marker as the reference prints it: present names, double quotes, the parentheses that were there. */
export function markerToString(marker: Marker): string {
  return printMarker(marker, true);
}

function printMarker(marker: Marker, isOutermost: boolean): string {
  switch (marker.kind) {
    case "constant":
      return marker.value ? "" : 'python_version < "0"';
    case "comparison":
      return `${operandText(marker.left)} ${marker.operator} ${operandText(marker.right)}`;
    default: {
      const parts = marker.operands.map((operand) => {
        const isLooser = marker.kind === "and" && operand.kind === "or";
        const text = printMarker(operand, true);
        const isGroup = operand.kind === "and" || operand.kind === "or";
        return isLooser || (isGroup && operand.parenthesized) ? `(${text})` : text;
      });
      const text = parts.join(` ${marker.kind} `);
      return isOutermost ? text : `(${text})`;
    }
  }
}

const VERSION_VARIABLES: ReadonlySet<string> = new Set([
  "implementation_version",
  "platform_release",
  "python_full_version",
  "python_version",
]);

/** Whether comparisons of this variable are comparisons of versions where the other side reads as one. */
export function isVersionVariable(name: MarkerVariable): boolean {
  return VERSION_VARIABLES.has(name);
}

/**
 * Evaluates a marker, telling where a comparison has no meaning: an operator that texts do not have, a set that is not
 * asked for membership, a variable that the environment lacks (`extra` outside core metadata).
 */
export function tryEvaluateMarker(marker: Marker, environment: Partial<MarkerEnvironment>): Result<boolean> {
  switch (marker.kind) {
    case "constant":
      return success(marker.value);
    case "comparison":
      return evaluateComparison(marker, environment);
    default: {
      let value = marker.kind === "and";
      for (const operand of marker.operands) {
        const result = tryEvaluateMarker(operand, environment);
        if (!result.ok) return result;
        value = marker.kind === "and" ? value && result.value : value || result.value;
      }
      return success(value);
    }
  }
}

/**
 * Whether the marker holds in the environment. A comparison without meaning counts as false.
 * @param extras the extras that were asked for: true if the marker holds for one of them, or, if there are none, for no extra.
 */
export function evaluateMarker(
  marker: Marker,
  environment: MarkerEnvironment,
  extras?: readonly string[],
): boolean {
  if (extras !== undefined && extras.length > 0) {
    return extras.some((extra) => evaluateTolerantly(marker, { ...environment, extra }));
  }
  return evaluateTolerantly(
    marker,
    environment.extra === undefined ? { ...environment, extra: "" } : environment,
  );
}

function evaluateTolerantly(marker: Marker, environment: MarkerEnvironment): boolean {
  switch (marker.kind) {
    case "constant":
      return marker.value;
    case "comparison": {
      const result = evaluateComparison(marker, environment);
      return result.ok && result.value;
    }
    case "and":
      return marker.operands.every((operand) => evaluateTolerantly(operand, environment));
    case "or":
      return marker.operands.some((operand) => evaluateTolerantly(operand, environment));
  }
}

function lookUp(
  name: MarkerVariable,
  environment: Partial<MarkerEnvironment>,
): string | readonly string[] | undefined {
  const value = environment[name];
  // Builds of Python between releases call themselves "3.11.1+", which is no version.
  if (name === "python_full_version" && typeof value === "string" && value.endsWith("+"))
    return `${value}local`;
  if (name === "extra" && typeof value === "string") return normalizeName(value);
  return value;
}

function evaluateComparison(
  comparison: MarkerComparison,
  environment: Partial<MarkerEnvironment>,
): Result<boolean> {
  const { left, right, operator } = comparison;
  const variable = left.kind === "variable" ? left : right.kind === "variable" ? right : undefined;
  if (variable === undefined) return undefinedComparison(comparison, "neither side is a variable");
  const found = lookUp(variable.name, environment);
  if (found === undefined) return undefinedComparison(comparison, `${variable.name} has no value here`);
  // The reference takes the name of a second variable as text.
  const other = left.kind === "variable" ? (right.kind === "variable" ? right.name : right.value) : "";
  if (typeof found !== "string") {
    if (variable === left) {
      return undefinedComparison(comparison, `${variable.name} is a set, which can only be asked with in`);
    }
    // A set is never a text, so that it equals none and has no order to one.
    if (operator !== "in" && operator !== "not in") return compareTexts(comparison, "", "a set");
    const usual = isVariantVariable(variable.name) ? joinedParts : normalizeName;
    const isMember = found.some((item) => usual(item) === (left as { value: string }).value);
    return success(operator === "in" ? isMember : !isMember);
  }
  const leftText = variable === left ? found : (left as { value: string }).value;
  const rightText = variable === left ? other : found;
  if (isVersionVariable(variable.name) && operator !== "in" && operator !== "not in") {
    const specifier = readClauseCached(operator + rightText);
    if (specifier) return success(specifier.contains(leftText, { prereleases: true }));
  }
  return compareTexts(comparison, leftText, rightText);
}

function compareTexts(comparison: MarkerComparison, left: string, right: string): Result<boolean> {
  switch (comparison.operator) {
    case "in":
      return success(right.includes(left));
    case "not in":
      return success(!right.includes(left));
    case "==":
    case "<=":
    case ">=":
      return success(left === right);
    case "!=":
      return success(left !== right);
    // Texts have no order: the specification made these false instead of an error.
    case "<":
    case ">":
      return success(false);
    default:
      return undefinedComparison(comparison, `${comparison.operator} needs versions on both sides`);
  }
}

function undefinedComparison(comparison: MarkerComparison, reason: string): Result<never> {
  const { span } = comparison;
  return failure({
    code: "undefined-comparison",
    message: `This comparison has no meaning: ${reason}.`,
    offset: span.start,
    length: span.end - span.start,
  });
}

const CLAUSE_CACHE_SIZE = 2048;
const clauseCache = new Map<string, SpecifierSet | undefined>();

/** The one clause that a version comparison is; undefined where the text is none and texts are compared instead. */
export function readClauseCached(text: string): SpecifierSet | undefined {
  const known = clauseCache.get(text);
  if (known !== undefined || clauseCache.has(text)) return known;
  const result = text.includes(",") ? undefined : readSpecifierSet(text);
  const specifier = result?.ok ? result.value : undefined;
  if (clauseCache.size >= CLAUSE_CACHE_SIZE) clauseCache.clear();
  clauseCache.set(text, specifier);
  return specifier;
}
