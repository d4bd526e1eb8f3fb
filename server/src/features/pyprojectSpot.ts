// What is being written at the cursor of a pyproject.toml: the table, the key and the string, found from the raw text before it.

/** Where the cursor stands, in TOML's words. */
export interface TomlSpot {
  /** Of the header above and of the keys on the way, joined: `project.dependencies`. */
  readonly path: readonly string[];
  /** The open string's inside up to the cursor; absent outside of strings. */
  readonly string?: { readonly text: string; readonly quote: '"' | "'" };
  /** The cursor is in an array that belongs to the last key. */
  readonly inArray: boolean;
  /** In an inline table: the key before `=` there, or "" where a key is being written. */
  readonly inlineKey?: string;
  /** The comment that the cursor is in. */
  readonly comment?: string;
  /** What is written of a key at the start of a line; absent elsewhere. */
  readonly key?: string;
}

const HEADER =
  /^[ \t]*\[\[?[ \t]*((?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*)[ \t]*\]\]?[ \t]*(?:#.*)?$/;
const PAIR =
  /^[ \t]*((?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*)[ \t]*=(?!=)/;
/** No list of a person's is longer. */
const MOST_LINES = 3000;

/** The spot at the offset; undefined in a header and before the first table. */
export function tomlSpotAt(text: string, offset: number): TomlSpot | undefined {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  let pairAt = -1;
  let table: readonly string[] = [];
  for (let at = lines.length - 1, steps = 0; at >= 0 && steps < MOST_LINES; at--, steps++) {
    const line = lines[at]!;
    const header = at < lines.length - 1 ? HEADER.exec(line) : null;
    if (header) {
      table = keysOf(header[1]!);
      break;
    }
    if (pairAt < 0 && PAIR.test(line)) pairAt = at;
  }
  const last = lines.at(-1)!;
  if (/^[ \t]*\[/.test(last) && pairAt < 0) return undefined;
  if (pairAt >= 0) {
    const pair = PAIR.exec(lines[pairAt]!)!;
    const value = [lines[pairAt]!.slice(pair[0].length), ...lines.slice(pairAt + 1)].join("\n");
    const inside = scanValue(value);
    const isOpen = pairAt === lines.length - 1 || inside.depth > 0 || inside.string !== undefined;
    if (isOpen) {
      return {
        path: [...table, ...keysOf(pair[1]!)],
        inArray: inside.inArray,
        ...(inside.string && { string: inside.string }),
        ...(inside.inlineKey !== undefined && { inlineKey: inside.inlineKey }),
        ...(inside.comment !== undefined && { comment: inside.comment }),
      };
    }
  }
  const comment = /(?:^|[ \t])#(.*)$/.exec(last)?.[1];
  if (comment !== undefined) return { path: table, inArray: false, comment };
  const key = /^[ \t]*["']?([A-Za-z0-9._-]*)$/.exec(last)?.[1];
  return key === undefined ? undefined : { path: table, inArray: false, key };
}

function keysOf(dotted: string): string[] {
  return [...dotted.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3]!,
  );
}

interface Inside {
  readonly depth: number;
  readonly inArray: boolean;
  readonly inlineKey?: string;
  readonly string?: { readonly text: string; readonly quote: '"' | "'" };
  readonly comment?: string;
}

/** What is open at the end of a value that began at the start of the text. */
function scanValue(text: string): Inside {
  const stack: { readonly open: "[" | "{"; key: string }[] = [];
  let word = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "#") {
      const end = text.indexOf("\n", at);
      if (end < 0) return { ...stateOf(stack, word), comment: text.slice(at + 1) };
      at = end;
    } else if (character === '"' || character === "'") {
      const end = endOfString(text, at, character);
      if (end === undefined) {
        return { ...stateOf(stack, word), string: { text: text.slice(at + 1), quote: character } };
      }
      at = end;
    } else if (character === "[" || character === "{") {
      stack.push({ open: character, key: "" });
      word = "";
    } else if (character === "]" || character === "}") {
      stack.pop();
      word = "";
    } else if (character === ",") {
      const top = stack.at(-1);
      if (top?.open === "{") top.key = "";
      word = "";
    } else if (character === "=") {
      const top = stack.at(-1);
      if (top?.open === "{") top.key = word.trim();
      word = "";
    } else word += character;
  }
  return stateOf(stack, word);
}

function stateOf(stack: readonly { readonly open: "[" | "{"; readonly key: string }[], word: string): Inside {
  const top = stack.at(-1);
  const table = stack.findLast(({ open }) => open === "{");
  const isWord = top?.open === "{" && top.key === "";
  return {
    depth: stack.length,
    inArray: top?.open === "[",
    ...(table && { inlineKey: isWord ? `?${word.trim()}` : table.key }),
  };
}

/** Where a string ends; undefined where its line, or for three quotes the text, ends before it. */
function endOfString(text: string, start: number, quote: string): number | undefined {
  const isLong = text.startsWith(quote.repeat(3), start);
  if (isLong) {
    const end = text.indexOf(quote.repeat(3), start + 3);
    return end < 0 ? undefined : end + 2;
  }
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "\\" && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  const lineEnd = text.indexOf("\n", start);
  // A string that a later line does not close is given up with its line.
  return lineEnd < 0 ? undefined : lineEnd;
}
