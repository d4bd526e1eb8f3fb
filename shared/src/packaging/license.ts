// Licence expressions: SPDX's grammar by library, with the letters of identifiers put right and PEP 639's own rules.
import spdxExceptions from "spdx-exceptions/index.json" with { type: "json" };
import parseExpression from "spdx-expression-parse";
import oldIds from "spdx-license-ids/deprecated.json" with { type: "json" };
import ids from "spdx-license-ids/index.json" with { type: "json" };
import { failure, type Result, success } from "../result.ts";
import { quoteShort } from "./version.ts";

/** Names that a licence and an exception have by their lower-case letters: identifiers are compared without case. */
const licenses = new Map<string, string>();
const exceptions = new Map<string, string>();

// SPDX's list 3.27 has these, and the library's own list not yet.
const NEWER_EXCEPTIONS = [
  "Asterisk-linking-protocols-exception",
  "CGAL-linking-exception",
  "Digia-Qt-LGPL-exception-1.1",
  "erlang-otp-linking-exception",
  "GPL-3.0-389-ds-base-exception",
  "harbour-exception",
  "Independent-modules-exception",
  "mxml-exception",
  "Nokia-Qt-exception-1.1",
  "PCRE2-exception",
  "polyparse-exception",
  "romic-exception",
  "RRDtool-FLOSS-exception-2.0",
];

// Identifiers that end in a plus of their own, before the operator.
const OWN_PLUS = ["GPL-1.0+", "GPL-2.0+", "GPL-3.0+", "LGPL-2.0+", "LGPL-2.1+", "LGPL-3.0+"];

function fill(): void {
  if (licenses.size > 0) return;
  for (const id of [...oldIds, ...ids]) licenses.set(id.toLowerCase(), id);
  for (const id of OWN_PLUS) licenses.set(id.toLowerCase(), id);
  for (const id of [...spdxExceptions, ...NEWER_EXCEPTIONS]) exceptions.set(id.toLowerCase(), id);
}

// The library descends by recursion and compares each token with every identifier.
const MAX_LENGTH = 10_000;
const OPERATORS: ReadonlySet<string> = new Set(["and", "or", "with"]);
// Python's white space parts the words: U+001C to U+001F and U+0085 are some, U+FEFF is none.
const WORD = /[()]|(?:\ufeff|[^\s()\x1c-\x1f\x85])+/g;
const LICENSE_REF = /^licenseref-([a-z0-9.-]+)$/i;

/**
 * Reads a licence expression (PEP 639, "License-Expression") and gives its normal form: operators in capitals,
 * identifiers with SPDX's own letters, single spaces.
 */
export function readLicenseExpression(text: string): Result<string> {
  fill();
  if (text.length > MAX_LENGTH) {
    return fault("license-too-long", "This is too long for a licence expression.", 0, text.length);
  }
  const words: string[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = normalizeWord(match[0], words.at(-1) === "WITH");
    if (word === undefined) {
      const kind = words.at(-1) === "WITH" ? "licence exception" : "licence";
      const message = `${quoteShort(match[0])} is not the identifier of a ${kind}.`;
      return fault(
        "unknown-license",
        message,
        match.index,
        match[0].length,
        "an SPDX identifier or LicenseRef-",
      );
    }
    words.push(word);
  }
  const normal = words.join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
  try {
    // Every identifier is known by now, some to this file alone: the library is asked about the grammar.
    parseExpression(words.map(plainWord).join(" "));
  } catch {
    const message =
      "This is not a licence expression: identifiers joined by AND, OR and WITH, in parentheses that match.";
    return fault(
      "invalid-license",
      message,
      0,
      text.length,
      "a licence expression such as MIT OR Apache-2.0",
    );
  }
  return success(normal);
}

function fault(
  code: string,
  message: string,
  offset: number,
  length: number,
  expected?: string,
): Result<never> {
  return failure(expected ? { code, message, offset, length, expected } : { code, message, offset, length });
}

/** An operator or parenthesis as it is, any licence or exception as one that every list has. */
function plainWord(word: string, at: number, words: readonly string[]): string {
  if (/^(?:[()]|AND|OR|WITH)$/.test(word)) return word;
  return words[at - 1] === "WITH" ? "Classpath-exception-2.0" : "MIT";
}

function normalizeWord(word: string, isAfterWith: boolean): string | undefined {
  const lower = word.toLowerCase();
  if (word === "(" || word === ")") return word;
  if (OPERATORS.has(lower)) return word.toUpperCase();
  if (isAfterWith) return exceptions.get(lower);
  const own = LICENSE_REF.exec(word);
  if (own) return `LicenseRef-${own[1]}`;
  const plus = lower.endsWith("+") ? "+" : "";
  const id = licenses.get(plus ? lower.slice(0, -1) : lower);
  return id === undefined ? undefined : id + plus;
}
