// Version specifiers: reading, containment and the pre-release rules of PEP 440.
import { failure, type ParseError, type Result, success } from "../result.ts";
import type { Span } from "../text/span.ts";
import { canonicalVersion, MAX_VERSION_LENGTH, parseVersion, quoteShort, type Version } from "./version.ts";
import { type Operator, VersionSet } from "./versionSet.ts";

/** One comparison of a specifier set. */
export interface Clause {
  readonly operator: Operator;
  /** As written, `.*` included. */
  readonly version: string;
  /** From the operator to the end of the version. */
  readonly span: Span;
  readonly versionSpan: Span;
}

/** What `matchClause` found in a text. */
export interface ClauseMatch {
  readonly operator: Operator;
  readonly version: string;
  readonly start: number;
  readonly versionStart: number;
  readonly end: number;
}

/** Choices of one containment question. */
export interface ContainsOptions {
  /** true admits pre-releases, false refuses them, undefined leaves it to the set. */
  readonly prereleases?: boolean | undefined;
  /** An installed version is admitted though it is a pre-release. */
  readonly installed?: boolean | undefined;
}

/** Choices of a filter. */
export interface FilterOptions<T> {
  readonly prereleases?: boolean | undefined;
  /** The version of an item, where the item is none. */
  readonly key?: (item: T) => Version | string;
}

const S = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const RELEASE = "v?(?:\\d+!)?\\d+(?:\\.\\d+)";
const SUFFIXES =
  "(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?\\d*)?" +
  "(?:-\\d+|[-_.]?(?:post|rev|r)[-_.]?\\d*)?" +
  "(?:[-_.]?dev[-_.]?\\d*)?";
const LOCAL = "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?";
const OTHER = `${RELEASE}*${SUFFIXES}`;
const CLAUSE = new RegExp(
  `(===)${S}((?:\\ufeff|[^\\s\\x1c-\\x1f\\x85;)])*)|(==|!=)${S}(${RELEASE}*(?:\\.\\*|${SUFFIXES}${LOCAL}))|` +
    `(~=)${S}(${RELEASE}+${SUFFIXES})|(<=|>=|<|>)${S}(${OTHER})`,
  "iy",
);
const SPACES = new RegExp(S, "y");

function skipSpaces(text: string, at: number): number {
  SPACES.lastIndex = at;
  SPACES.exec(text);
  return SPACES.lastIndex;
}

/** The longest clause that stands at this place of the text, as the reference's tokenizer sees it; undefined if none. */
export function matchClause(text: string, at: number): ClauseMatch | undefined {
  const isLong = text.length - at > MAX_VERSION_LENGTH;
  CLAUSE.lastIndex = isLong ? 0 : at;
  const match = CLAUSE.exec(isLong ? text.slice(at, at + MAX_VERSION_LENGTH) : text);
  if (match === null) return undefined;
  const operator = (match[1] ?? match[3] ?? match[5] ?? match[7]) as Operator;
  const version = match[2] ?? match[4] ?? match[6] ?? match[8]!;
  const end = at + match[0].length;
  return { operator, version, start: at, versionStart: end - version.length, end };
}

/** A clause of a match, its spans moved by `base`. */
export function clauseOf(match: ClauseMatch, base: number): Clause {
  return {
    operator: match.operator,
    version: match.version,
    span: { start: base + match.start, end: base + match.end },
    versionSpan: { start: base + match.versionStart, end: base + match.end },
  };
}

// More than any person or tool writes; a bound keeps hostile text from filling the memory.
const MAX_CLAUSES = 10_000;

/**
 * Reads clauses with commas between them (PEP 440, "Version specifiers"). Empty pieces are passed over, as the reference does.
 * @param base is added to every offset, for a specifier that stands within a longer text.
 */
export function readSpecifierSet(text: string, base = 0): Result<SpecifierSet> {
  const clauses: Clause[] = [];
  let at = 0;
  while (at <= text.length) {
    const comma = text.indexOf(",", at);
    const end = comma < 0 ? text.length : comma;
    const read = readPiece(text, at, end, base, clauses);
    if (read) return failure(read);
    if (clauses.length > MAX_CLAUSES) {
      const message = `There are more than ${MAX_CLAUSES} clauses.`;
      return failure({ code: "too-many-clauses", message, offset: base + at, length: end - at });
    }
    at = end + 1;
  }
  return success(new SpecifierSet(clauses));
}

/** Reads the clause between two commas into `clauses`; the error if it is none. */
function readPiece(
  text: string,
  from: number,
  to: number,
  base: number,
  clauses: Clause[],
): ParseError | undefined {
  const piece = from === 0 && to === text.length ? text : text.slice(from, to);
  const plain = readPlainClause(piece, base + from);
  if (plain) {
    clauses.push(plain);
    return undefined;
  }
  const start = skipSpaces(piece, 0);
  if (start === piece.length) return undefined;
  const match = matchClause(piece, start);
  if (match && skipSpaces(piece, match.end) === piece.length) {
    const version = match.operator === "===" ? undefined : match.version;
    if (version === undefined || isReadable(version)) {
      clauses.push(clauseOf(match, base + from));
      return undefined;
    }
  }
  return explainBadClause(piece, start, match, base + from);
}

const MAX_PLAIN = 64;

/**
 * A clause without spaces whose version is digits and dots, perhaps with `.*`: nearly all are. Undefined for every other.
 * @param offset of the piece in the text that it stands in.
 */
export function readPlainClause(piece: string, offset: number): Clause | undefined {
  const first = piece.charCodeAt(0);
  const second = piece.charCodeAt(1);
  const isLong = second === 61;
  if (piece.length > MAX_PLAIN || !(first === 60 || first === 62 || isLong)) return undefined;
  const at = isLong ? 2 : 1;
  let segments = 1;
  let end = piece.length;
  if (piece.endsWith(".*")) {
    if (!isLong || (first !== 61 && first !== 33)) return undefined;
    end -= 2;
  }
  let isDigitDue = true;
  for (let index = at; index < end; index++) {
    const code = piece.charCodeAt(index);
    if (code >= 48 && code <= 57) isDigitDue = false;
    else if (code === 46 && !isDigitDue) {
      isDigitDue = true;
      segments++;
    } else return undefined;
  }
  if (isDigitDue) return undefined;
  if (
    isLong &&
    first !== 61 &&
    first !== 33 &&
    first !== 60 &&
    first !== 62 &&
    (first !== 126 || segments < 2)
  ) {
    return undefined;
  }
  return {
    operator: piece.slice(0, at) as Operator,
    version: piece.slice(at),
    span: { start: offset, end: offset + piece.length },
    versionSpan: { start: offset + at, end: offset + piece.length },
  };
}

function isReadable(version: string): boolean {
  return parseVersion(version.endsWith(".*") ? version.slice(0, -2) : version) !== undefined;
}

const OPERATORS = "one of ==, !=, <=, >=, <, >, ~=, ===";
const MISTAKEN_OPERATORS: Readonly<Record<string, string>> = {
  "=": "==",
  "=>": ">=",
  "=<": "<=",
  "=~": "~=",
  "~": "~=",
  "^": "~=",
  "<>": "!=",
  "~>": "~=",
  "!": "!=",
};

/** Says what is wrong with a piece that is no clause, at the place where it goes wrong. */
function explainBadClause(
  piece: string,
  start: number,
  match: ClauseMatch | undefined,
  base: number,
): ParseError {
  let end = piece.length;
  while (end > start && skipSpaces(piece.charAt(end - 1), 0) === 1) end--;
  const make = (code: string, message: string, from: number, to: number, expected?: string): ParseError => ({
    code,
    message,
    offset: base + from,
    length: to - from,
    ...(expected === undefined ? {} : { expected }),
  });
  if (match) {
    const rest = piece.slice(match.end, end);
    if (rest.startsWith(".*")) {
      const text = /^[=!]=/.test(match.operator)
        ? "A .* cannot follow a pre-, post-, development or local version."
        : `A .* can only be used with == and !=, not with ${match.operator}.`;
      return make("wildcard-not-allowed", text, match.start, end, "a version without .*");
    }
    if (rest.startsWith("+") && match.operator !== "==" && match.operator !== "!=") {
      const text = `A local version label can only be used with == and !=, not with ${match.operator}.`;
      return make("local-not-allowed", text, match.start, end, "a version without a local label");
    }
    if (rest.trim() === "") {
      return make(
        "version-number-too-long",
        "A number in this version is too long.",
        match.versionStart,
        match.end,
      );
    }
    return make(
      "invalid-specifier",
      `${quoteShort(piece.slice(start, match.end))} is a specifier, but ${quoteShort(rest.trim())} follows it without a comma.`,
      match.end,
      end,
      "a comma or the end of the specifier",
    );
  }
  const operator = /^[=<>!~^]+/.exec(piece.slice(start, start + 8))?.[0];
  if (operator === undefined) {
    const text = `A specifier starts with an operator: ${quoteShort(piece.slice(start, end))} has none.`;
    return make("missing-operator", text, start, end, OPERATORS);
  }
  const isKnown = /^(===?|!=|~=|<=?|>=?)$/.test(operator);
  if (!isKnown) {
    const meant = MISTAKEN_OPERATORS[operator];
    const text = `${operator} is not an operator${meant ? `; ${meant} is` : ""}.`;
    return make("invalid-operator", text, start, start + operator.length, meant ?? OPERATORS);
  }
  const versionStart = skipSpaces(piece, start + operator.length);
  if (versionStart >= end) {
    return make("missing-version", `No version follows ${operator}.`, start, end, "a version");
  }
  const version = piece.slice(versionStart, end);
  if (operator === "~=" && /^v?(?:\d+!)?\d+(?!\.?\d)/i.test(version)) {
    const text = "~= needs at least two release segments, as in ~=1.4.";
    return make("compatible-needs-two-segments", text, versionStart, end, "a version such as 1.4");
  }
  return make("invalid-version", `${quoteShort(version)} is not a version.`, versionStart, end, "a version");
}

function impliesPrereleases(clause: Clause): boolean {
  const { operator, version } = clause;
  if (operator === "!=" || (operator === "==" && version.endsWith(".*"))) return false;
  return parseVersion(version)?.isPrerelease ?? false;
}

function clauseKey(clause: Clause): string {
  const { operator, version } = clause;
  if (operator === "===" || version.endsWith(".*")) return operator + version;
  return operator + (operator === "~=" ? parseVersion(version)!.toString() : canonicalVersion(version));
}

function asVersion(version: Version | string): Version | undefined {
  return typeof version === "string" ? parseVersion(version) : version;
}

/** Clauses that all have to hold. Without any, every version is admitted. Immutable. */
export class SpecifierSet {
  static readonly any: SpecifierSet = new SpecifierSet([]);

  /**
   * Admits what any of the sets admits: PEP 440 has no such thing, poetry writes it as `<2 || >=3`. Its `clauses` are those of
   * all of them in a row, so that who reads them one by one looks at `alternatives` first.
   */
  static anyOf(sets: readonly SpecifierSet[]): SpecifierSet {
    const [only, ...more] = sets.flatMap((set) => set.alternatives ?? [set]);
    if (only === undefined) return SpecifierSet.any;
    if (more.length === 0) return only;
    const alternatives = [only, ...more];
    // One that admits everything leaves nothing to the others.
    if (alternatives.some((set) => set.clauses.length === 0)) return SpecifierSet.any;
    const union = new SpecifierSet(alternatives.flatMap((set) => set.clauses));
    union.#alternatives = alternatives;
    return union;
  }

  /** In the order in which they were written. */
  readonly clauses: readonly Clause[];
  /** The choice about pre-releases that was laid upon the set; undefined leaves it to PEP 440's rule. */
  readonly prereleasesSetting: boolean | undefined;
  readonly #arbitrary: boolean;
  #set: VersionSet | undefined;
  #canonical: readonly Clause[] | undefined;
  #alternatives: readonly SpecifierSet[] | undefined;

  constructor(clauses: readonly Clause[], prereleases?: boolean) {
    this.clauses = clauses;
    this.prereleasesSetting = prereleases;
    this.#arbitrary = clauses.some((clause) => clause.operator === "===");
    this.#set = undefined;
    this.#canonical = undefined;
    this.#alternatives = undefined;
  }

  /** The sets of which one has to hold; undefined where all clauses have to. */
  get alternatives(): readonly SpecifierSet[] | undefined {
    return this.#alternatives;
  }

  /** The same clauses with another choice about pre-releases. */
  withPrereleases(prereleases: boolean | undefined): SpecifierSet {
    if (this.#alternatives)
      return SpecifierSet.anyOf(this.#alternatives.map((set) => set.withPrereleases(prereleases)));
    return new SpecifierSet(this.clauses, prereleases);
  }

  /** All clauses of both. */
  and(other: SpecifierSet): SpecifierSet {
    if (this.#alternatives) return SpecifierSet.anyOf(this.#alternatives.map((set) => set.and(other)));
    if (other.#alternatives) return SpecifierSet.anyOf(other.#alternatives.map((set) => this.and(set)));
    return new SpecifierSet(
      [...this.clauses, ...other.clauses],
      this.prereleasesSetting ?? other.prereleasesSetting,
    );
  }

  /** true if pre-releases are asked for, by setting or by a clause that names one; false if refused; else undefined. */
  get prereleases(): boolean | undefined {
    if (this.prereleasesSetting !== undefined) return this.prereleasesSetting;
    return this.clauses.some(impliesPrereleases) ? true : undefined;
  }

  /**
   * Whether the version is admitted. With nothing said about pre-releases a matching one is admitted, since PEP 440 takes
   * them where nothing else matches and there is nothing else here; to choose from a list use `filter`.
   * @param version text that is no version can only be matched by `===`.
   */
  contains(version: Version | string, options?: ContainsOptions): boolean {
    const parsed = asVersion(version);
    const prereleases = options?.prereleases ?? this.prereleasesSetting;
    if (prereleases === false && !options?.installed && parsed?.isPrerelease) return false;
    return this.#matches(version, parsed);
  }

  #matches(version: Version | string, parsed: Version | undefined): boolean {
    if (this.#alternatives) return this.#alternatives.some((set) => set.#matches(version, parsed));
    if (!this.#arbitrary) {
      return parsed === undefined ? this.clauses.length === 0 : this.#ordered().contains(parsed);
    }
    const text = version.toString().toLowerCase();
    for (const clause of this.clauses) {
      if (clause.operator === "===" && clause.version.toLowerCase() !== text) return false;
    }
    return parsed === undefined
      ? this.clauses.every((clause) => clause.operator === "===")
      : this.#ordered().contains(parsed);
  }

  /** What the clauses other than `===` admit. */
  #ordered(): VersionSet {
    if (this.#set === undefined) {
      let set = VersionSet.all;
      for (const { operator, version } of this.clauses) {
        if (operator !== "===") set = set.intersect(VersionSet.fromClause(operator, version));
      }
      this.#set = set;
    }
    return this.#set;
  }

  /**
   * The admitted items, in their order. With nothing said about pre-releases these come only if no final release matches
   * (PEP 440, "Handling of pre-releases"); then, as in the reference, after everything else.
   */
  filter<T extends Version | string>(items: Iterable<T>, options?: FilterOptions<T>): T[];
  filter<T>(items: Iterable<T>, options: FilterOptions<T> & { key: (item: T) => Version | string }): T[];
  filter<T>(items: Iterable<T>, options: FilterOptions<T> = {}): T[] {
    const { key } = options;
    const policy = options.prereleases ?? this.prereleases;
    const all: T[] = [];
    const finals: T[] = [];
    let hasFinal = false;
    for (const item of items) {
      const version = key ? key(item) : (item as unknown as Version | string);
      const parsed = asVersion(version);
      if (!this.#matches(version, parsed)) continue;
      const isPre = parsed?.isPrerelease ?? false;
      if (isPre && policy === false) continue;
      all.push(item);
      if (isPre) continue;
      finals.push(item);
      if (parsed !== undefined) hasFinal = true;
    }
    return policy === undefined && hasFinal ? finals : all;
  }

  /** Whether no version can meet all clauses. */
  isUnsatisfiable(): boolean {
    if (this.#alternatives) return this.#alternatives.every((set) => set.isUnsatisfiable());
    const set = this.#ordered();
    if (set.isEmpty) return true;
    if (this.#arbitrary && this.#isArbitraryUnsatisfiable(set)) return true;
    return this.prereleases === false && set.holdsPrereleasesOnly;
  }

  #isArbitraryUnsatisfiable(set: VersionSet): boolean {
    const texts = this.clauses.filter((clause) => clause.operator === "===").map((clause) => clause.version);
    const first = texts[0]!;
    if (texts.some((text) => text.toLowerCase() !== first.toLowerCase())) return true;
    const candidate = parseVersion(first);
    if (candidate?.isPrerelease && this.prereleases === false) return true;
    if (texts.length === this.clauses.length) return false;
    return candidate === undefined || !set.contains(candidate);
  }

  /**
   * The admitted versions as a set of the total order, pre-releases included. `===` stands for the one version that its
   * text reads as: other spellings of it are told apart by `contains` alone.
   */
  toVersionSet(): VersionSet {
    if (this.#alternatives) {
      return this.#alternatives.reduce((set, next) => set.union(next.toVersionSet()), VersionSet.empty);
    }
    let set = this.#ordered();
    if (this.#arbitrary) {
      for (const { operator, version } of this.clauses) {
        if (operator === "===") set = set.intersect(VersionSet.fromClause(operator, version));
      }
    }
    return set;
  }

  #sorted(): readonly Clause[] {
    if (this.#canonical === undefined) {
      const byKey = new Map<string, Clause>();
      const texts = this.clauses.map((clause) => ({ clause, text: clause.operator + clause.version }));
      texts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
      for (const { clause } of texts) {
        const key = clauseKey(clause);
        if (!byKey.has(key)) byKey.set(key, clause);
      }
      this.#canonical = [...byKey.values()];
    }
    return this.#canonical;
  }

  /** Equal for sets of the same clauses, whatever their order, spelling of versions and doubles. */
  get key(): string {
    if (this.#alternatives)
      return this.#alternatives
        .map((set) => set.key)
        .sort()
        .join("|");
    return this.#sorted().map(clauseKey).sort().join(",");
  }

  equals(other: SpecifierSet): boolean {
    return this.key === other.key;
  }

  /** The clauses in the order in which they stand, with nothing but commas between them. */
  get written(): string {
    return this.clauses.map(({ operator, version }) => operator + version).join(",");
  }

  /** The clauses sorted and without doubles, as the reference prints them. */
  toString(): string {
    if (this.#alternatives) return this.#alternatives.join(" || ");
    return this.#sorted()
      .map((clause) => clause.operator + clause.version)
      .join(",");
  }
}
