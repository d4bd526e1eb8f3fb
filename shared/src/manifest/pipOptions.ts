// The options that pip 26 admits in a requirements file, read as its `optparse` reads them.
import type { ShellWord } from "./shellWords.ts";
import { offsetInWord } from "./shellWords.ts";

export interface PipOption {
  /** The long form that stands for all forms. */
  readonly name: string;
  readonly forms: readonly string[];
  readonly takesValue: boolean;
  /** Where it counts: on a line of its own, behind a requirement, behind an editable one. */
  readonly scope: "line" | "requirement" | "editable";
  readonly placeholder?: string;
  readonly values?: readonly string[];
  /** One sentence for hover and completion. */
  readonly description: string;
}

/** Every option of pip 26.3's `SUPPORTED_OPTIONS` and `SUPPORTED_OPTIONS_REQ`. */
export const PIP_OPTIONS: readonly PipOption[] = [
  option(
    "--index-url",
    ["-i", "--index-url", "--pypi-url"],
    "URL",
    "Takes packages from this index instead of PyPI.",
  ),
  option("--extra-index-url", ["--extra-index-url"], "URL", "Takes packages from this index as well."),
  option("--no-index", ["--no-index"], undefined, "Uses no index, only what --find-links names."),
  option("--constraint", ["-c", "--constraint"], "FILE", "Narrows versions by the constraints in this file."),
  option("--requirement", ["-r", "--requirement"], "FILE", "Includes the requirements in this file."),
  option(
    "--editable",
    ["-e", "--editable"],
    "PATH or URL",
    "Installs a local project or a repository so that edits take effect at once.",
  ),
  option(
    "--find-links",
    ["-f", "--find-links"],
    "PATH or URL",
    "Looks for artifacts in this folder or on this page as well.",
  ),
  option("--no-binary", ["--no-binary"], "NAMES", "Builds these packages from source, never from a wheel."),
  option(
    "--only-binary",
    ["--only-binary"],
    "NAMES",
    "Takes these packages from wheels only, never builds them.",
  ),
  option(
    "--prefer-binary",
    ["--prefer-binary"],
    undefined,
    "Prefers an older wheel to a newer source distribution.",
  ),
  option(
    "--require-hashes",
    ["--require-hashes"],
    undefined,
    "Installs nothing without a hash that was given for it.",
  ),
  option(
    "--no-require-hashes",
    ["--no-require-hashes"],
    undefined,
    "Does not ask every requirement for a hash because one has it.",
  ),
  option("--pre", ["--pre"], undefined, "Admits pre-releases of every package."),
  option("--all-releases", ["--all-releases"], "NAMES", "Admits pre-releases of these packages."),
  option("--only-final", ["--only-final"], "NAMES", "Admits final releases only of these packages."),
  option("--trusted-host", ["--trusted-host"], "HOST", "Trusts this host without valid HTTPS."),
  {
    ...option(
      "--use-feature",
      ["--use-feature"],
      "FEATURE",
      "Turns a feature of pip on that is not yet the default.",
    ),
    values: [
      "fast-deps",
      "inprocess-build-deps",
      "venv-isolation",
      "truststore",
      "no-binary-enable-wheel-cache",
      "build-constraint",
    ],
  },
  {
    ...option("--hash", ["--hash"], "ALGORITHM:DIGEST", "Admits only an artifact with this hash."),
    scope: "requirement",
  },
  {
    ...option(
      "--config-settings",
      ["-C", "--config-settings"],
      "KEY=VALUE",
      "Hands a setting to the build backend.",
    ),
    scope: "editable",
  },
];

function option(
  name: string,
  forms: readonly string[],
  placeholder: string | undefined,
  description: string,
): PipOption {
  const takesValue = placeholder !== undefined;
  return { name, forms, takesValue, scope: "line", description, ...(takesValue && { placeholder }) };
}

/** Options that older pips read here and pip 26 does not. */
const REMOVED: Readonly<Record<string, string>> = {
  "--global-option": "pip 25.3 removed it; use --config-settings",
  "--install-option": "pip 23.1 removed it; use --config-settings",
  "--build-option": "pip never reads it here; use --config-settings",
  "--process-dependency-links": "pip 19 removed it; name the link with a direct reference",
  "--allow-external": "pip 10 removed it",
  "--allow-all-external": "pip 10 removed it",
  "--allow-unverified": "pip 10 removed it",
  "--always-unzip": "pip 21 removed it",
  "-Z": "pip 21 removed it",
  "--use-wheel": "pip 10 removed it; wheels are the default",
  "--no-use-wheel": "pip 10 removed it; use --no-binary",
};

const STRONG_HASHES = ["sha256", "sha384", "sha512"];

const BY_FORM = new Map<string, PipOption>();
for (const each of PIP_OPTIONS) for (const form of each.forms) BY_FORM.set(form, each);
const LONG_FORMS = [...BY_FORM.keys()].filter((form) => form.startsWith("--"));

/** One option as it stands. Offsets are into the string that the words were split from. */
export interface ReadOption {
  readonly option: PipOption;
  /** The option itself, without its value. */
  readonly start: number;
  readonly optionEnd: number;
  /** The end of the option with its value. */
  readonly end: number;
  readonly value?: { readonly text: string; readonly start: number; readonly end: number };
}

export interface OptionFault {
  readonly code: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly expected?: string;
}

export interface OptionsReading {
  readonly options: readonly ReadOption[];
  /** Words that are no option: pip leaves them out without a word. */
  readonly leftOver: readonly ShellWord[];
  readonly fault?: OptionFault;
}

/**
 * Reads words as `optparse` does: abbreviations of long forms where they are unique, `--name=value`, `-nvalue`, clustered
 * short forms, `--` as the end. The first fault ends the reading, as it ends pip's.
 */
export function readOptions(words: readonly ShellWord[]): OptionsReading {
  const options: ReadOption[] = [];
  const leftOver: ShellWord[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.text === "--") return { options, leftOver: [...leftOver, ...words.slice(at + 1)] };
    if (!word.text.startsWith("-") || word.text.length === 1) {
      leftOver.push(word);
      continue;
    }
    const read = word.text.startsWith("--") ? readLong(word, words[at + 1]) : readShort(word, words[at + 1]);
    if ("code" in read) return { options, leftOver, fault: read };
    options.push(...read.options);
    if (read.tookNext) at++;
    for (const each of read.options) {
      const fault = checkValue(each);
      if (fault !== undefined) return { options, leftOver, fault };
    }
  }
  return { options, leftOver };
}

type Reading = { readonly options: readonly ReadOption[]; readonly tookNext: boolean } | OptionFault;

function readLong(word: ShellWord, next: ShellWord | undefined): Reading {
  const equals = word.text.indexOf("=");
  const written = equals < 0 ? word.text : word.text.slice(0, equals);
  const exact = BY_FORM.get(written);
  const matches = exact
    ? [exact]
    : LONG_FORMS.filter((form) => form.startsWith(written)).map((form) => BY_FORM.get(form)!);
  const place = { start: word.start, end: equals < 0 ? word.end : offsetInWord(word, equals) };
  if (matches.length === 0) return unknownOption(written, place);
  if (matches.length > 1) {
    const names = LONG_FORMS.filter((form) => form.startsWith(written)).join(", ");
    return { code: "ambiguous-option", message: `${written} could be ${names}.`, ...place, expected: names };
  }
  const found = matches[0]!;
  const base = { option: found, start: word.start, optionEnd: place.end };
  if (!found.takesValue) {
    if (equals < 0) return { options: [{ ...base, end: word.end }], tookNext: false };
    const message = `${found.name} takes no value.`;
    return { code: "unexpected-value", message, start: offsetInWord(word, equals), end: word.end };
  }
  if (equals >= 0) {
    const text = word.text.slice(equals + 1);
    const start = text === "" ? word.end : offsetInWord(word, equals + 1);
    const end = text === "" ? word.end : offsetInWord(word, word.text.length - 1) + 1;
    return { options: [{ ...base, end: word.end, value: { text, start, end } }], tookNext: false };
  }
  return withNext(base, word, next);
}

/** Every short form that pip admits here takes a value, so that none can stand in a cluster before another. */
function readShort(word: ShellWord, next: ShellWord | undefined): Reading {
  const start = offsetInWord(word, 0);
  const optionEnd = offsetInWord(word, 1) + 1;
  const found = BY_FORM.get(word.text.slice(0, 2));
  if (found === undefined) return unknownOption(word.text.slice(0, 2), { start, end: optionEnd });
  const base = { option: found, start, optionEnd };
  if (word.text.length === 2) return withNext(base, word, next);
  const value = {
    text: word.text.slice(2),
    start: offsetInWord(word, 2),
    end: offsetInWord(word, word.text.length - 1) + 1,
  };
  return { options: [{ ...base, end: word.end, value }], tookNext: false };
}

function withNext(
  base: { option: PipOption; start: number; optionEnd: number },
  word: ShellWord,
  next: ShellWord | undefined,
): Reading {
  if (next === undefined) {
    const expected = base.option.placeholder!;
    const message = `${base.option.name} has no value: ${expected} must follow it.`;
    return { code: "missing-value", message, start: base.start, end: word.end, expected };
  }
  const start = next.text === "" ? next.end : offsetInWord(next, 0);
  const end = next.text === "" ? next.end : offsetInWord(next, next.text.length - 1) + 1;
  return { options: [{ ...base, end: next.end, value: { text: next.text, start, end } }], tookNext: true };
}

function unknownOption(written: string, place: { start: number; end: number }): OptionFault {
  const removed = REMOVED[written];
  if (removed !== undefined) {
    return { code: "removed-option", message: `pip 26 does not know ${written}: ${removed}.`, ...place };
  }
  return {
    code: "unknown-option",
    message: `pip does not know the option ${shorten(written)} here.`,
    ...place,
  };
}

function checkValue(read: ReadOption): OptionFault | undefined {
  const { option: known, value } = read;
  if (value === undefined) return undefined;
  const place = { start: read.start, end: read.end };
  if (known.name === "--hash") {
    const colon = value.text.indexOf(":");
    const expected = "sha256:DIGEST";
    if (colon < 0) {
      return {
        code: "invalid-hash",
        message: "The hash names no algorithm, as in sha256:DIGEST.",
        ...place,
        expected,
      };
    }
    const algorithm = value.text.slice(0, colon);
    if (STRONG_HASHES.includes(algorithm)) return undefined;
    const message = `pip does not admit ${shorten(algorithm) || "an empty"} hashes, only sha256, sha384 and sha512.`;
    return { code: "weak-hash", message, ...place, expected };
  }
  if (known.name === "--config-settings" && !value.text.includes("=")) {
    const message = "A build setting is written as KEY=VALUE.";
    return { code: "invalid-setting", message, ...place, expected: "KEY=VALUE" };
  }
  if (known.values !== undefined && !known.values.includes(value.text)) {
    const expected = known.values.join(", ");
    const message = `pip knows no feature ${shorten(value.text)}.`;
    return { code: "unknown-feature", message, ...place, expected };
  }
  return undefined;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
