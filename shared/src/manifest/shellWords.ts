// Splits an option string as Python's `shlex.split` does, and keeps where each character stood.

export interface ShellWord {
  /** Quotes and escapes removed. */
  readonly text: string;
  /** Where the word begins and ends in the string, quotes included. */
  readonly start: number;
  readonly end: number;
  /** Where each character of `text` stood; absent where nothing was quoted and they follow one another. */
  readonly offsets?: readonly number[];
}

export type ShellSplit =
  | { readonly ok: true; readonly words: readonly ShellWord[] }
  | { readonly ok: false; readonly at: number; readonly message: string };

const WORD = /[^ \t\r\n]+/g;

/** The offset in the string of the `at`th character of a word. */
export function offsetInWord(word: ShellWord, at: number): number {
  if (word.offsets === undefined) return word.start + at;
  return word.offsets[at] ?? (word.offsets.length > 0 ? word.offsets.at(-1)! + 1 : word.end);
}

/**
 * Splits like `shlex.split(string)`: POSIX quoting, backslash escapes, no comments.
 *
 * A quote that is not closed and a backslash at the end are errors, as there.
 */
export function splitShellWords(string: string): ShellSplit {
  if (!/["'\\]/.test(string)) {
    const words = [];
    for (const match of string.matchAll(WORD)) {
      words.push({ text: match[0], start: match.index, end: match.index + match[0].length });
    }
    return { ok: true, words };
  }
  return splitQuoted(string);
}

function splitQuoted(string: string): ShellSplit {
  const words: ShellWord[] = [];
  let at = 0;
  while (at < string.length) {
    if (isSpace(string[at]!)) {
      at++;
      continue;
    }
    const start = at;
    const offsets: number[] = [];
    let quote = "";
    let quotedAt = at;
    for (; at < string.length; at++) {
      const character = string[at]!;
      if (quote === "" && isSpace(character)) break;
      if (character === quote) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) {
        quote = character;
        quotedAt = at;
      } else if (character === "\\" && quote !== "'") {
        const next = string[at + 1];
        if (next === undefined) return { ok: false, at, message: "The backslash escapes nothing." };
        if (quote === "" || next === quote || next === "\\") at++;
        offsets.push(at);
      } else offsets.push(at);
    }
    if (quote !== "") return { ok: false, at: quotedAt, message: `The ${quote} is not closed.` };
    words.push({ text: offsets.map((offset) => string[offset]).join(""), start, end: at, offsets });
  }
  return { ok: true, words };
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}
