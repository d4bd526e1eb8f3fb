// Places in a text: offsets for the parsers, positions for the editor.

/** A half-open stretch of a text in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A piece of text together with where it stands. */
export interface Spanned {
  readonly text: string;
  readonly span: Span;
}

/** A position as the Language Server Protocol counts: zero-based line, UTF-16 code unit in it. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** A half-open range as the Language Server Protocol counts. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** Maps offsets of one text to positions and back. Lines end at `\n`, `\r\n` or `\r`, as in LSP 3.17. */
export class LineIndex {
  readonly #text: string;
  #known: number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Found when first asked for: who only reads values never pays for places. */
  get #starts(): number[] {
    this.#known ??= lineStartsOf(this.#text);
    return this.#known;
  }

  get lineCount(): number {
    return this.#starts.length;
  }

  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.#text.length));
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: at - this.#starts[low]! };
  }

  /** The offset of a position; one beyond its line's end is drawn back to it. */
  offsetAt(position: Position): number {
    const start = this.#starts[position.line];
    if (start === undefined) return position.line < 0 ? 0 : this.#text.length;
    const next = this.#starts[position.line + 1] ?? this.#text.length + 1;
    return Math.max(start, Math.min(start + position.character, next - 1, this.#text.length));
  }

  rangeOf(span: Span): Range {
    return { start: this.positionAt(span.start), end: this.positionAt(span.end) };
  }

  spanOf(range: Range): Span {
    return { start: this.offsetAt(range.start), end: this.offsetAt(range.end) };
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  if (text.includes("\r")) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
    }
    return starts;
  }
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
