// Walks JSON by its tokens with a handler for every key: tolerant of faults, bounded in depth, with places.
import { createScanner, type JSONScanner } from "jsonc-parser";
import type { Span, Spanned } from "../text/span.ts";
import type { ManifestError } from "./model.ts";

export interface JsonField extends Spanned {
  /** The inside of the quotes. */
  readonly inside: Span;
}

export type JsonKind =
  | "{"
  | "}"
  | "["
  | "]"
  | ","
  | ":"
  | "null"
  | "true"
  | "false"
  | "string"
  | "number"
  | "unknown"
  | "end";

export interface JsonToken {
  readonly kind: JsonKind;
  readonly span: Span;
}

/** By the number of jsonc-parser's `SyntaxKind`. */
const KINDS: readonly JsonKind[] = [
  "unknown",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "true",
  "false",
  "string",
  "number",
  "unknown",
  "unknown",
  "unknown",
  "unknown",
  "unknown",
  "end",
];

/** More than these say nothing more. */
const MAX_FAULTS = 50;

/**
 * A pull reader: `readObject` hands every key with the token that begins its value to a handler. What the handler does not
 * read of a value is passed over.
 */
export class JsonReader {
  readonly #text: string;
  readonly #errors: ManifestError[];
  readonly #scanner: JSONScanner;
  /** Why the text is no JSON, in the engine's words. */
  readonly #parserFault: string | undefined;
  #kind: JsonKind = "unknown";
  #faults = 0;

  constructor(text: string, errors: ManifestError[]) {
    this.#text = text;
    this.#errors = errors;
    this.#parserFault = faultOf(text);
    this.#scanner = createScanner(text, true);
    if (text.charCodeAt(0) === 0xfeff) this.#scanner.setPosition(1);
  }

  /** Reads the whole text, which is to be one object. */
  readRoot(onKey: (key: JsonField, value: JsonToken) => void): void {
    this.#next();
    if (this.#is("end")) this.#fault("The file is empty: a lock is a JSON object.", "{");
    else if (!this.#is("{")) this.#fault("This is not a lock: a JSON object is expected.", "{");
    else {
      this.readObject("the lock", onKey);
      this.#next();
      if (!this.#is("end") && this.#faults === 0)
        this.#fault("More text follows the end of the lock.", "the end");
    }
  }

  /** Tells what the engine refuses and this reader passed over, such as a comment. */
  addParserFault(): void {
    if (this.#parserFault === undefined || this.#faults > 0) return;
    const position = /position (\d+)/.exec(this.#parserFault)?.[1];
    const start = Math.min(Number(position ?? this.#text.length), this.#text.length);
    const span = { start, end: Math.min(start + 1, this.#text.length) };
    this.#errors.push({ code: "json-syntax", message: "Here the text stops being JSON.", span });
  }

  /**
   * Reads the object that the current token opens; any other value is passed over with an error.
   *
   * @returns the offset behind it.
   */
  readObject(what: string, onKey: (key: JsonField, value: JsonToken) => void): number {
    if (!this.#is("{")) {
      this.#errors.push({
        code: "invalid-value",
        message: `${what} is not an object.`,
        span: this.#token().span,
      });
      this.#skip();
      return this.#end();
    }
    this.#next();
    while (!this.#is("}")) {
      if (this.#is("end")) {
        this.#fault(`The object of ${what} is not closed.`, "}");
        return this.#end();
      }
      if (!this.#is("string")) {
        // A stray bracket closes what another opened; anything else is passed over up to the next key.
        if (this.#is("]")) return this.#fault(`A key of ${what} is expected.`, "a key in quotes");
        this.#fault(`A key of ${what} is expected.`, "a key in quotes");
        this.#skip();
        this.#next();
        continue;
      }
      if (!this.#readField(what, onKey)) return this.#end();
    }
    return this.#end();
  }

  /** False where the text is at its end. */
  #readField(what: string, onKey: (key: JsonField, value: JsonToken) => void): boolean {
    const key = this.#field();
    this.#next();
    if (this.#is(":")) this.#next();
    else this.#fault(`After ${quoted(key.text)} a colon is expected.`, ":");
    if (this.#is(",") || this.#is("}") || this.#is("end") || this.#is("]")) {
      this.#fault(`${quoted(key.text)} has no value.`, "a value");
    } else {
      const before = this.#scanner.getTokenOffset();
      onKey(key, this.#token());
      if (this.#scanner.getTokenOffset() === before) this.#skip();
      this.#next();
    }
    if (this.#is(",")) {
      this.#next();
      if (this.#is("}")) this.#fault(`A comma stands before the end of ${what}.`, "a key in quotes");
    } else if (this.#is("string")) this.#fault("A comma is missing before this key.", ",");
    return !this.#is("end") || this.#fault(`The object of ${what} is not closed.`, "}") < 0;
  }

  /** Reads the array that the current token opens, whose items are objects: the handler reads each. */
  readArray(onItem: (start: number) => void): void {
    if (!this.#is("[")) return;
    this.#next();
    while (!this.#is("]") && !this.#is("end")) {
      const start = this.#scanner.getTokenOffset();
      if (this.#is("{")) onItem(start);
      else if (!this.#is(",")) this.#skip();
      this.#next();
    }
    if (this.#is("end")) this.#fault("The list is not closed.", "]");
  }

  /** The strings of the array that the current token opens. */
  readStrings(): Spanned[] {
    const strings: Spanned[] = [];
    this.#next();
    let isAfterItem = false;
    while (!this.#is("]") && !this.#is("end") && !this.#is("}")) {
      if (this.#is(",")) isAfterItem = false;
      else {
        if (isAfterItem) this.#fault("A comma is missing before this item.", ",");
        isAfterItem = true;
        if (this.#is("string"))
          strings.push({ text: this.textOf(this.#token()), span: this.insideOf(this.#token()) });
        else {
          const message = "The list holds texts in quotes.";
          this.#errors.push({ code: "invalid-value", message, span: this.#token().span });
          this.#skip();
        }
      }
      this.#next();
    }
    if (!this.#is("]")) this.#fault("The list is not closed.", "]");
    return strings;
  }

  /** Jumps over an array of plain strings in a text that is known to be JSON; undefined where it must be read token by token. */
  skipPlainArray(): Span | undefined {
    if (this.#parserFault !== undefined) return undefined;
    const start = this.#scanner.getTokenOffset() + 1;
    const end = this.#text.indexOf("]", start);
    let quotes = 0;
    for (let at = this.#text.indexOf('"', start); at >= 0 && at < end; at = this.#text.indexOf('"', at + 1))
      quotes++;
    const list = this.#text.slice(start, end);
    const isPlain = quotes % 2 === 0 && /^\s*(?:"|$)/.test(list) && !/[\\[{]/.test(list);
    if (!isPlain) return undefined;
    this.#scanner.setPosition(end);
    this.#next();
    return { start, end };
  }

  /** The current token, where it is a value that holds no others. */
  readScalar(): JsonToken | undefined {
    return this.#is("{") || this.#is("[") ? undefined : this.#token();
  }

  /** A string's value, or a number as written. */
  textOf(token: JsonToken): string {
    if (token.span.start === this.#scanner.getTokenOffset()) return this.#scanner.getTokenValue();
    return this.#text.slice(token.span.start, token.span.end);
  }

  insideOf(token: JsonToken): Span {
    const { start, end } = token.span;
    const inside = Math.min(start + 1, end);
    return { start: inside, end: Math.max(inside, end - 1) };
  }

  #field(): JsonField {
    const token = this.#token();
    return { text: this.#scanner.getTokenValue(), span: token.span, inside: this.insideOf(token) };
  }

  #token(): JsonToken {
    const start = this.#scanner.getTokenOffset();
    const end = Math.min(start + this.#scanner.getTokenLength(), this.#text.length);
    return { kind: this.#kind, span: { start: Math.min(start, end), end } };
  }

  #end(): number {
    return this.#token().span.end;
  }

  #is(kind: JsonKind): boolean {
    return this.#kind === kind;
  }

  #next(): void {
    this.#kind = KINDS[this.#scanner.scan()] ?? "unknown";
    if (this.#scanner.getTokenError() !== 0)
      this.#fault("The text in quotes is not closed, or not well formed.");
  }

  /** Moves to the last token of the value that begins here, however deep it is. */
  #skip(): void {
    if (!this.#is("{") && !this.#is("[")) return;
    let depth = 1;
    while (depth > 0) {
      this.#next();
      if (this.#is("{") || this.#is("[")) depth++;
      else if (this.#is("}") || this.#is("]")) depth--;
      else if (this.#is("end")) {
        this.#fault("The value is not closed.");
        return;
      }
    }
  }

  #fault(message: string, expected?: string): number {
    this.#faults++;
    if (this.#faults <= MAX_FAULTS) {
      const { span } = this.#token();
      const error = { code: "json-syntax", message, span };
      this.#errors.push(expected === undefined ? error : { ...error, expected });
    }
    return this.#end();
  }
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function quoted(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 39)}…` : text}"`;
}
