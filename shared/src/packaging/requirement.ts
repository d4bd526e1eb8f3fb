// Dependency specifiers: name, extras, versions or URL, marker (PEP 508), read with the place of every piece.
import { failure, type Result, success } from "../result.ts";
import type { Span, Spanned } from "../text/span.ts";
import { isWordAt, type Marker, MarkerReader, MarkerSyntaxError, markerToString } from "./marker.ts";
import { normalizeExtra, normalizeName } from "./name.ts";
import { type Clause, matchClause, readPlainClause, readSpecifierSet, SpecifierSet } from "./specifier.ts";

/** One dependency specifier. All spans count from the start of the text plus the base that was handed in. */
export interface Requirement {
  /** As written; `normalizeName` makes it comparable. */
  readonly name: Spanned;
  readonly extras: readonly Spanned[];
  readonly specifier: SpecifierSet;
  /** From the first clause to the last, or the parentheses around them; absent where there is neither. */
  readonly specifierSpan?: Span;
  /** Whether the versions stand in parentheses, the form that old metadata has. */
  readonly parenthesized: boolean;
  readonly url?: Spanned;
  readonly marker?: Marker;
  /** The marker without the semicolon. */
  readonly markerSpan?: Span;
  readonly span: Span;
}

function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 45 ||
    code === 46 ||
    code === 95
  );
}

const COMMA = 44;

/** Whether no version goes on here: at a blank, a comma, a semicolon or a parenthesis. */
function isClauseEnd(code: number): boolean {
  return code === COMMA || code === 32 || code === 59 || code === 41 || code === 9;
}

const CLAUSE_EXPECTED = "a version clause such as >=1.0, or a semicolon";

class RequirementReader extends MarkerReader {
  readRequirement(): Requirement {
    this.skipBlanks();
    const start = this.at;
    const name = this.#takeIdentifier();
    if (name === undefined) {
      const expected = "a package name at the start of the requirement";
      this.fail("missing-name", `Expected ${expected}.`, start, start + 1, expected);
    }
    this.skipBlanks();
    const extras = this.#readExtras();
    this.skipBlanks();
    const isUrl = this.text[this.at] === "@";
    const body = isUrl ? this.#readUrl() : this.#readVersions();
    const { marker, markerSpan } = this.#readMarkerPart(body);
    if (this.at < this.text.length) {
      const expected = "the end of the requirement";
      this.fail("unexpected-text", `Expected ${expected}.`, this.at, this.at + 1, expected);
    }
    return {
      name,
      extras,
      specifier: body.specifier ?? SpecifierSet.any,
      ...(body.specifierSpan ? { specifierSpan: body.specifierSpan } : {}),
      parenthesized: body.parenthesized ?? false,
      ...(body.url ? { url: body.url } : {}),
      ...(marker ? { marker } : {}),
      ...(markerSpan ? { markerSpan } : {}),
      span: { start: this.base + start, end: this.base + this.#trimmedEnd() },
    };
  }

  #trimmedEnd(): number {
    let end = this.text.length;
    while (end > 0 && (this.text[end - 1] === " " || this.text[end - 1] === "\t")) end--;
    return end;
  }

  #span(start: number, end: number): Span {
    return { start: this.base + start, end: this.base + end };
  }

  #takeIdentifier(): Spanned | undefined {
    const { text, at } = this;
    const first = text.charCodeAt(at);
    if (!isNameCode(first) || first === 45 || first === 46 || first === 95) return undefined;
    if (at > 0 && isWordAt(text, at - 1)) return undefined;
    let end = at + 1;
    while (isNameCode(text.charCodeAt(end))) end++;
    // A name ends where a word ends: dots and dashes at its end are not part of it.
    while (end > at && isWordAt(text, end - 1) === isWordAt(text, end)) end--;
    if (end === at) return undefined;
    this.at = end;
    return { text: text.slice(at, end), span: this.#span(at, end) };
  }

  #readExtras(): Spanned[] {
    if (this.text[this.at] !== "[") return [];
    const open = this.at++;
    this.skipBlanks();
    const extras: Spanned[] = [];
    let extra = this.#takeIdentifier();
    while (extra) {
      extras.push(extra);
      this.skipBlanks();
      const { at } = this;
      if (this.#takeIdentifier()) {
        this.fail("missing-comma", "Expected a comma between extra names.", at, at + 1, "a comma");
      }
      if (this.text[at] !== ",") break;
      this.at++;
      this.skipBlanks();
      extra = this.#takeIdentifier();
      if (!extra) {
        const expected = "an extra name after the comma";
        this.fail("missing-extra", `Expected ${expected}.`, this.at, this.at + 1, expected);
      }
    }
    this.skipBlanks();
    if (this.text[this.at] !== "]") {
      const message = "The bracket that opens the extras here is not closed.";
      this.fail("unclosed-bracket", message, open, this.at + 1, "a closing bracket after the extras");
    }
    this.at++;
    return extras;
  }

  #readUrl(): Body {
    this.at++;
    this.skipBlanks();
    const start = this.at;
    let end = start;
    while (end < this.text.length && this.text[end] !== " " && this.text[end] !== "\t") end++;
    if (end === start) {
      this.fail("missing-url", "Expected a URL after @.", start, start + 1, "a URL after @");
    }
    this.at = end;
    this.skipBlanks();
    const url = { text: this.text.slice(start, end), span: this.#span(start, end) };
    return { url, start, expected: "a semicolon (after the URL and a space)" };
  }

  #readVersions(): Body {
    const start = this.at;
    const parenthesized = this.text[start] === "(";
    if (parenthesized) {
      this.at++;
      this.skipBlanks();
    }
    const clauses = this.#readClauses();
    let end = clauses.at(-1)?.span.end;
    if (parenthesized) {
      this.skipBlanks();
      if (this.text[this.at] !== ")") {
        const message = "The parenthesis that opens the versions here is not closed.";
        this.fail(
          "unclosed-parenthesis",
          message,
          start,
          this.at + 1,
          "a closing parenthesis after the versions",
        );
      }
      this.at++;
      end = this.base + this.at;
    }
    this.skipBlanks();
    const first = parenthesized ? this.base + start : clauses[0]?.span.start;
    return {
      specifier: clauses.length === 0 ? SpecifierSet.any : new SpecifierSet(clauses),
      ...(first === undefined || end === undefined ? {} : { specifierSpan: { start: first, end } }),
      parenthesized,
      start,
      expected:
        clauses.length > 0
          ? "a comma (between clauses) or a semicolon (after the versions)"
          : CLAUSE_EXPECTED,
    };
  }

  #readClauses(): Clause[] {
    const { text } = this;
    const clauses: Clause[] = [];
    let match = this.#takePlainClauses(clauses) ? undefined : matchClause(text, this.at);
    while (match) {
      this.at = match.end;
      if (text.startsWith(".*", match.end)) {
        const message = /^[!=]=$/.test(match.operator)
          ? "A .* cannot follow a pre-, post-, development or local version."
          : `A .* can only be used with == and !=, not with ${match.operator}.`;
        this.fail("wildcard-not-allowed", message, match.start, match.end + 2, "a version without .*");
      }
      if (/^\+[a-z0-9]/.test(text.slice(match.end, match.end + 2))) {
        const message = `A local version label can only be used with == and !=, not with ${match.operator}.`;
        this.fail(
          "local-not-allowed",
          message,
          match.start,
          match.end + 1,
          "a version without a local label",
        );
      }
      this.#addClauses(match.start, match.end, clauses);
      this.skipBlanks();
      if (text[this.at] !== ",") break;
      this.at++;
      this.skipBlanks();
      match = matchClause(text, this.at);
    }
    return clauses;
  }

  /** Takes clauses as nearly all are, without spaces and odd versions. @returns false where one follows that is not so. */
  #takePlainClauses(clauses: Clause[]): boolean {
    const { text } = this;
    for (;;) {
      let end = this.at;
      while (end < text.length && !isClauseEnd(text.charCodeAt(end))) end++;
      const clause = readPlainClause(text.slice(this.at, end), this.base + this.at);
      if (clause === undefined) return false;
      clauses.push(clause);
      this.at = end;
      this.skipBlanks();
      if (text.charCodeAt(this.at) !== COMMA) return true;
      this.at++;
      this.skipBlanks();
    }
  }

  /** Takes what stands at one place; the text after `===` may hold commas, which part clauses all the same. */
  #addClauses(start: number, end: number, clauses: Clause[]): void {
    const result = readSpecifierSet(this.text.slice(start, end), this.base + start);
    if (!result.ok) throw new MarkerSyntaxError(result.error);
    clauses.push(...result.value.clauses);
  }

  #readMarkerPart(body: Body): { marker?: Marker; markerSpan?: Span } {
    if (this.at >= this.text.length) return {};
    if (this.text[this.at] !== ";") {
      const isSingle = body.expected === CLAUSE_EXPECTED && this.text[this.at] === "=";
      const expected = isSingle ? "an operator such as == or >=, not =" : `${body.expected} or the end`;
      this.fail("unexpected-text", `Expected ${expected}.`, body.start, this.at + 1, expected);
    }
    this.at++;
    this.skipBlanks();
    const start = this.at;
    const marker = this.readMarker();
    let end = this.at;
    while (end > start && (this.text[end - 1] === " " || this.text[end - 1] === "\t")) end--;
    this.skipBlanks();
    return { marker, markerSpan: this.#span(start, end) };
  }
}

/** What stands between the extras and the marker. */
interface Body {
  readonly specifier?: SpecifierSet;
  readonly specifierSpan?: Span;
  readonly parenthesized?: boolean;
  readonly url?: Spanned;
  /** Where the blame starts if no semicolon follows. */
  readonly start: number;
  readonly expected: string;
}

/**
 * Reads a dependency specifier (PEP 508; the grammar and the places of errors are those of the reference, packaging 26).
 * @param base is added to every offset, for a requirement that stands within a longer text.
 */
export function readRequirement(text: string, base = 0, takesVariants = false): Result<Requirement> {
  try {
    return success(new RequirementReader(text, 0, base, takesVariants).readRequirement());
  } catch (error) {
    if (error instanceof MarkerSyntaxError) return failure(error.detail);
    throw error;
  }
}

/** The requirement in its usual form: extras and clauses sorted, the marker as `markerToString` prints it. */
export function requirementToString(requirement: Requirement): string {
  const { name, extras, specifier, url, marker } = requirement;
  let text = name.text;
  const names = [...new Set(extras.map((extra) => extra.text))].sort();
  if (names.length > 0) text += `[${names.join(",")}]`;
  text += specifier.toString();
  if (url) text += ` @ ${url.text}${marker ? " " : ""}`;
  return marker ? `${text}; ${markerToString(marker)}` : text;
}

/** Whether two requirements ask for the same: names, extras and versions compared in their normal forms. */
export function requirementsEqual(a: Requirement, b: Requirement): boolean {
  return requirementKey(a) === requirementKey(b);
}

function requirementKey(requirement: Requirement): string {
  const extras = [...new Set(requirement.extras.map((extra) => normalizeExtra(extra.text)))].sort();
  return JSON.stringify([
    normalizeName(requirement.name.text),
    extras,
    requirement.specifier.key,
    requirement.url?.text ?? null,
    requirement.marker ? markerToString(requirement.marker) : null,
  ]);
}
