// Requirements and specifiers of old metadata that today's grammar refuses, repaired where their meaning is beyond doubt.
// The repairs are those that uv makes, so that the same releases can be read.
import { type Result, success } from "../result.ts";
import { type Requirement, readRequirement } from "./requirement.ts";
import { readSpecifierSet, type SpecifierSet } from "./specifier.ts";

/** One thing that was put right. */
export interface Repair {
  readonly code: string;
  readonly message: string;
}

export interface LenientRequirement {
  readonly requirement: Requirement;
  readonly repairs: readonly Repair[];
  /** What was read in the end; the spans of the requirement count in it. */
  readonly text: string;
}

export interface LenientSpecifierSet {
  readonly specifier: SpecifierSet;
  readonly repairs: readonly Repair[];
  /** What was read in the end; the spans of the clauses count in it. */
  readonly text: string;
}

interface Rule extends Repair {
  readonly pattern: RegExp;
  readonly replacement: string;
}

const RULES: readonly Rule[] = [
  {
    code: "stray-quote",
    message: "Quotes around a version were removed.",
    pattern:
      /(?<=[<>=!~]\s{0,9})['"](?=[\d*])|(?<=[\w*])['"](?=\s*(?:[,)]|$))|(?<=^|[(,]\s{0,9})['"](?=\s{0,9}[<>=!~])/g,
    replacement: "",
  },
  {
    code: "version-named-dev",
    message: "A comparison with the word dev was read as one with 0.0.0.dev0.",
    pattern: /([<>]=?)\s{0,9}dev\b/g,
    replacement: "$10.0.0.dev0",
  },
  {
    code: "tilde-after-not-equal",
    message: "!=~ was read as != of the whole series.",
    pattern: /!=~\s{0,9}(\d{1,20}(?:\.\d{1,20}){0,20})(?!\.?[\d*])/g,
    replacement: "!=$1.*",
  },
  {
    code: "missing-dot",
    message: "A dot was put before the *.",
    pattern: /(?<=\d)\*/g,
    replacement: ".*",
  },
  {
    code: "wildcard-in-comparison",
    message: "A .* after an order comparison was removed, since it has no meaning there.",
    pattern: /(~=|<=|>=|<|>)(\s{0,9}v?\d{1,20}(?:\.\d{1,20}){0,20})\.\*/g,
    replacement: "$1$2",
  },
  {
    code: "missing-comma",
    message: "A comma was put between two clauses.",
    pattern: /(?<=[\da-z*])\s{0,9}(?=(?:[<>]=?|[=!~]=)\s{0,9}v?\d)/g,
    replacement: ",",
  },
  {
    code: "stray-comma",
    message: "A comma with no clause after it was removed.",
    pattern: /,\s{0,9}(?=,|\)|$)|(?<=\()\s{0,9},/g,
    replacement: "",
  },
  {
    code: "zero-after-prerelease",
    message: "A .0 after a pre-release was removed.",
    pattern: /(\d(?:\.\d{1,20}){0,20}(?:a|b|rc|post|dev)\d{1,20})\.0\b/g,
    replacement: "$1",
  },
  {
    code: "missing-operator-equal-sign",
    message: "=> was read as >= and =< as <=.",
    pattern: /=([<>])(?=\s*v?\d)/g,
    replacement: "$1=",
  },
];

// Longer texts are not what old tools wrote, and are not worth the passes over them.
const MAX_LENGTH = 20_000;

/** Applies the rules one after another until the text is read; undefined if no rule helps. */
function repair<T>(
  text: string,
  read: (text: string) => Result<T>,
  apply: (text: string, rule: Rule) => string,
): { value: T; repairs: Repair[]; text: string } | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const repairs: Repair[] = [];
  let current = text;
  for (const rule of RULES) {
    const next = apply(current, rule);
    if (next === current) continue;
    repairs.push({ code: rule.code, message: rule.message });
    current = next;
    const result = read(current);
    if (result.ok) return { value: result.value, repairs, text: current };
  }
  return undefined;
}

/** Reads a specifier set; one that is broken in a known way is repaired. The error is that of the text as it stands. */
export function readSpecifierSetLenient(text: string): Result<LenientSpecifierSet> {
  const strict = readSpecifierSet(text);
  if (strict.ok) return success({ specifier: strict.value, repairs: [], text });
  const repaired = repair(text, readSpecifierSet, (current, rule) =>
    current.replace(rule.pattern, rule.replacement),
  );
  if (!repaired) return strict;
  return success({ specifier: repaired.value, repairs: repaired.repairs, text: repaired.text });
}

/** Reads a requirement; one whose versions are broken in a known way is repaired. The error is that of the text as it stands. */
export function readRequirementLenient(text: string, takesVariants = false): Result<LenientRequirement> {
  const read = (one: string): Result<Requirement> => readRequirement(one, 0, takesVariants);
  const strict = read(text);
  if (strict.ok) return success({ requirement: strict.value, repairs: [], text });
  const repaired = repair(text, read, replaceInVersions);
  if (!repaired) return strict;
  return success({ requirement: repaired.value, repairs: repaired.repairs, text: repaired.text });
}

/** Applies a rule between the name and the marker only: never to a URL or a marker. */
function replaceInVersions(text: string, rule: Rule): string {
  const semicolon = text.indexOf(";");
  const end = semicolon < 0 ? text.length : semicolon;
  const start = text.slice(0, end).search(/[<>=!~(]/);
  if (start < 0 || /@/.test(text.slice(0, start))) return text;
  const versions = text.slice(start, end);
  const isCut = end < text.length;
  // A rule that looks for the end of the text has to see the end of the versions.
  const trimmed = isCut ? versions.trimEnd() : versions;
  return (
    text.slice(0, start) +
    trimmed.replace(rule.pattern, rule.replacement) +
    (isCut ? versions.slice(trimmed.length) : "") +
    text.slice(end)
  );
}
