// Poetry's own version constraints: caret, tilde, bare versions, wildcards and alternatives, as clauses of PEP 440.
import type { Clause } from "../packaging/specifier.ts";
import { SpecifierSet } from "../packaging/specifier.ts";
import { increment, parseVersion, quoteShort, type Version } from "../packaging/version.ts";
import { failure, type ParseError, type Result, success } from "../result.ts";
import type { Span } from "../text/span.ts";

/** Longer texts and more pieces are no constraint that a person wrote. */
const MAX_LENGTH = 10_000;

/**
 * Reads a constraint as poetry does (poetry-core 2.5, `constraints/version/parser.py`): `^1.2`, `~1.2`, `1.2.*`, a bare `1.2` for
 * exactly that, `>=1,<2` or with a space between, and `||` for alternatives.
 *
 * Each clause has the place of the piece that says it: both of `^1.2` (`>=1.2` and `<2.0`) have that of `^1.2`. Where alternatives
 * are given the set has `alternatives`.
 *
 * @param base is added to every offset.
 */
export function readPoetryConstraint(text: string, base = 0): Result<SpecifierSet> {
  if (text.length > MAX_LENGTH) {
    return failure({
      code: "constraint-too-long",
      message: `The constraint is longer than ${MAX_LENGTH} characters.`,
      offset: base,
      length: text.length,
    });
  }
  const alternatives: SpecifierSet[] = [];
  let at = 0;
  for (const part of text.split(/(\|\|?)/)) {
    if (!part.startsWith("|")) {
      const read = readAlternative(part, base + at);
      if (!read.ok) return read;
      alternatives.push(read.value);
    }
    at += part.length;
  }
  return success(alternatives.length === 1 ? alternatives[0]! : SpecifierSet.anyOf(alternatives));
}

/** One piece: an operator, blanks, and what follows up to a comma or a blank. */
const PIECE = /([\^~<>=!]*)([ \t]*)([^\s,]*)/y;
const BETWEEN = /[ \t]*[, \t][ \t]*/y;

function readAlternative(text: string, base: number): Result<SpecifierSet> {
  const clauses: Clause[] = [];
  const start = text.length - text.trimStart().length;
  // Poetry passes over commas at the end.
  const end = text.replace(/[\s,]+$/, "").length;
  if (end <= start) {
    return failure({
      code: "empty-specifier",
      message: 'The version is empty: "*" stands for any release.',
      offset: base,
      length: text.length,
      expected: '"*" for any release',
    });
  }
  for (let at = start; at < end; ) {
    PIECE.lastIndex = at;
    const [whole, operator, blanks, body] = PIECE.exec(text)! as unknown as [string, string, string, string];
    const bodyAt = at + operator.length + blanks.length;
    const read = readPiece(operator, body, {
      span: { start: base + at, end: base + bodyAt + body.length },
      versionSpan: { start: base + bodyAt, end: base + bodyAt + body.length },
    });
    if (!read.ok) return read;
    clauses.push(...read.value);
    at += whole.length;
    BETWEEN.lastIndex = at;
    if (BETWEEN.test(text)) at = BETWEEN.lastIndex;
    else if (whole.length === 0) break;
  }
  return success(new SpecifierSet(clauses));
}

interface Place {
  readonly span: Span;
  readonly versionSpan: Span;
}

const OPERATORS = "one of ^, ~, ==, !=, <=, >=, <, >, ~=, or a bare version";

function readPiece(operator: string, written: string, place: Place): Result<readonly Clause[]> {
  // Poetry has the word for a checkout without a version.
  const body = written === "dev" ? "0.0.dev0" : written;
  if (operator === "" && /^v?[x*](?:\.[x*])*$/i.test(body)) return success([]);
  if (!["", "^", "~", "~=", "=", "==", "!=", "<", "<=", ">", ">="].includes(operator)) {
    return fault("invalid-operator", `${operator} is not an operator of poetry.`, place.span, OPERATORS);
  }
  if (body === "")
    return fault("missing-version", `No version follows ${operator}.`, place.span, "a version");
  const wildcard = /^(.*?)(?:\.\*)+$/.exec(body);
  const version = parseVersion(wildcard?.[1] ?? body);
  if (version === undefined || /^\s|\s$/.test(body)) {
    return fault("invalid-version", `${quoteShort(body)} is not a version.`, place.versionSpan, "a version");
  }
  const clause = (operator: Clause["operator"], text: string): Clause => ({
    operator,
    version: text,
    ...place,
  });
  if (wildcard) return readWildcard(operator, wildcard[1]!, version, place, clause);
  switch (operator) {
    case "^":
      return success([clause(">=", body), clause("<", nextBreaking(version))]);
    case "~":
      return success([clause(">=", body), clause("<", bump(version, version.release.length > 1 ? 1 : 0))]);
    case "~=":
      return version.release.length > 1
        ? success([clause("~=", body)])
        : success([clause(">=", body), clause("<", bump(version, 0))]);
    case "":
    case "=":
      return success([clause("==", body)]);
    default:
      return success([clause(operator as Clause["operator"], body)]);
  }
}

function readWildcard(
  operator: string,
  prefix: string,
  version: Version,
  place: Place,
  clause: (operator: Clause["operator"], text: string) => Clause,
): Result<readonly Clause[]> {
  const isPlain = version.toString() === version.base;
  if (operator === "^" || operator === "~" || operator === "~=" || !isPlain) {
    return fault(
      "wildcard-not-allowed",
      isPlain
        ? `A .* cannot be used with ${operator}.`
        : "A .* cannot follow a pre-, post-, development or local version.",
      place.span,
      "a version without .*",
    );
  }
  if (operator === "" || operator === "=" || operator === "==") return success([clause("==", `${prefix}.*`)]);
  if (operator === "!=") return success([clause("!=", `${prefix}.*`)]);
  // Poetry reads the bound and passes over the wildcard.
  return success([clause(operator as Clause["operator"], prefix)]);
}

/** The first version that a caret keeps out: the one after the leftmost number that is not 0. */
function nextBreaking(version: Version): string {
  const { release } = version.parts;
  if (release[0] !== "0" || release.length === 1) return bump(version, 0);
  if (release[1] !== "0" || release.length === 2) return bump(version, 1);
  return bump(version, 2);
}

/** The release with one number raised and those after it 0. */
function bump(version: Version, at: number): string {
  const { epoch, release } = version.parts;
  const next = release.map((part, index) => (index < at ? part : index === at ? increment(part) : "0"));
  return `${epoch === "0" ? "" : `${epoch}!`}${next.slice(0, Math.max(at + 1, Math.min(release.length, 3))).join(".")}`;
}

/**
 * The constraint that admits `version`, in the style in which it is written: `^1.2` becomes `^3.1`, `~4.2` `~5.1`, `1.2.*` `3.1.*`.
 * Undefined for every other.
 */
export function raisePoetryConstraint(text: string, version: Version): string | undefined {
  const match = /^([\^~]?)([ \t]*)(v?)\d+((?:\.\d+)*)((?:\.\*)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, operator, blanks, prefix, rest, wildcard] = match as unknown as string[];
  if (operator === "" && wildcard === "") return undefined;
  const length = rest!.split(".").length;
  const release = Array.from({ length }, (_, at) => version.release[at] ?? 0);
  const epoch = version.epoch > 0 ? `${version.epoch}!` : "";
  const raised = `${operator}${blanks}${prefix}${epoch}${release.join(".")}${wildcard}`;
  const read = readPoetryConstraint(raised);
  return read.ok && read.value.contains(version, { prereleases: true }) ? raised : undefined;
}

function fault(code: string, message: string, span: Span, expected: string): Result<never, ParseError> {
  return failure({ code, message, offset: span.start, length: span.end - span.start, expected });
}
