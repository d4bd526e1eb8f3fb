// What can be shown: colour, width, and text that others wrote made harmless.
import { styleText } from "node:util";

export type Style = "red" | "yellow" | "blue" | "dim" | "bold" | "green" | "cyan";

/** Where text goes, and what may be done there. */
export interface Terminal {
  /** Columns; Infinity where nothing needs to fit, as in a file or a pipe. */
  readonly columns: number;
  style(style: Style, text: string): string;
  /** Columns that a text takes. */
  width(text: string): number;
}

export interface TerminalOptions {
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The output goes to a file: neither colour nor width. */
  readonly toFile?: boolean;
}

/** Describes a stream: NO_COLOR (https://no-color.org) outranks FORCE_COLOR, which outranks whether it is a terminal. */
export function createTerminal({ stream, env, toFile }: TerminalOptions): Terminal {
  const isTerminal = stream.isTTY === true && !toFile;
  const isColoured = !toFile && wantsColour(env, isTerminal);
  return {
    columns: isTerminal ? Math.max(40, stream.columns ?? 80) : Number.POSITIVE_INFINITY,
    style: (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text),
    width: textWidth,
  };
}

function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== "0" && force !== "false";
  return isTerminal && env.TERM !== "dumb";
}

/**
 * Text from a manifest, an index or a log, made fit for one line of a terminal: control characters and escape sequences are written
 * out (`\x1b`), so that nothing it holds can move the cursor, set a title or hide text (bidirectional overrides).
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code === 10) return "\\n";
    if (code === 13) return "\\r";
    if (code === 9) return " ";
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** Columns of a text: wide characters (East Asian, emoji) take two, combining marks and joiners none. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter().segment(text)) {
    const code = segment.codePointAt(0) ?? 0;
    if (/^\p{Mark}+$|^[\u200b-\u200f\u2060-\u2064\ufeff]$/u.test(segment)) continue;
    width += isWide(code) || /\p{Emoji_Presentation}|\ufe0f/u.test(segment) ? 2 : 1;
  }
  return width;
}

let madeSegmenter: Intl.Segmenter | undefined;
function segmenter(): Intl.Segmenter {
  madeSegmenter ??= new Intl.Segmenter();
  return madeSegmenter;
}

/** The blocks that Unicode's EastAsianWidth calls wide or full-width, joined where nothing else lies between. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0x303e) ||
    (code >= 0x3041 && code <= 0xa4cf) ||
    (code >= 0xa960 && code <= 0xa97c) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff01 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Fills up with spaces to a width. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Cuts to a width, with an ellipsis where something is left out. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of segmenter().segment(text)) {
    const next = textWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept}…`;
}

/** Breaks a text at spaces into lines of a width; a word that is longer stands alone. */
export function wrap(text: string, width: number): string[] {
  if (!Number.isFinite(width)) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
