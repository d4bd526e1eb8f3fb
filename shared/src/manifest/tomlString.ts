// Where the characters of a TOML string's value stand in the text: through escapes, line-end backslashes and quotes of every kind.
import type { Span } from "../text/span.ts";
import type { TomlValue } from "./toml.ts";

/** Maps stretches of a string's value to stretches of the text. */
export interface StringPlaces {
  /** Where the stretch stands; escapes are taken whole. */
  spanOf(span: Span): Span;
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001b",
  '"': '"',
  "\\": "\\",
};

/**
 * The places of a string's value (TOML 1.0, "String"); undefined where they cannot be told, which is for texts that are no TOML.
 */
export function placesInString(text: string, value: TomlValue): StringPlaces | undefined {
  const { inside } = value;
  if (value.verbatim) {
    return { spanOf: ({ start, end }) => ({ start: inside.start + start, end: inside.start + end }) };
  }
  const steps = walkString(text, value);
  if (steps === undefined) return undefined;
  const { starts, ends } = steps;
  return {
    spanOf({ start, end }) {
      const from = starts[start] ?? inside.end;
      return { start: from, end: end > start ? (ends[end - 1] ?? inside.end) : from };
    },
  };
}

/** For each UTF-16 unit of the value, where its writing begins and ends; undefined where that does not give the value. */
function walkString(text: string, value: TomlValue): { starts: number[]; ends: number[] } | undefined {
  const { inside } = value;
  const quote = text[inside.start - 1];
  const isMultiline = inside.start - value.span.start === 3;
  const starts: number[] = [];
  const ends: number[] = [];
  let at = inside.start;
  if (isMultiline) at += /^\r?\n/.exec(text.slice(at, at + 2))?.[0].length ?? 0;
  const add = (units: string, from: number, to: number): boolean => {
    for (const unit of units) {
      // A character beyond the basic plane has two units, both written as one.
      for (let index = 0; index < unit.length; index++) {
        if (value.text[starts.length] !== unit[index]) return false;
        starts.push(from);
        ends.push(to);
      }
    }
    return true;
  };
  while (at < inside.end) {
    const from = at;
    const character = text[at]!;
    if (character === "\r" && text[at + 1] === "\n" && value.text[starts.length] === "\n") {
      at += 2;
      if (!add("\n", from, at)) return undefined;
    } else if (quote === "'" || character !== "\\") {
      at++;
      if (!add(character, from, at)) return undefined;
    } else {
      const rest = text.slice(at, Math.min(inside.end, at + 10));
      const code = /^\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2}))/.exec(rest);
      const lineEnd = isMultiline && /^\\[ \t]*\r?(?:\n|$)/.test(text.slice(at, inside.end).slice(0, 200));
      if (code) {
        at += code[0].length;
        const point = Number.parseInt(code[1] ?? code[2] ?? code[3]!, 16);
        if (point > 0x10ffff || !add(String.fromCodePoint(point), from, at)) return undefined;
      } else if (lineEnd) {
        at++;
        while (at < inside.end && /\s/.test(text[at]!)) at++;
      } else {
        const meant = ESCAPES[text[at + 1] ?? ""];
        at += 2;
        if (meant === undefined || !add(meant, from, at)) return undefined;
      }
    }
  }
  return starts.length === value.text.length ? { starts, ends } : undefined;
}
