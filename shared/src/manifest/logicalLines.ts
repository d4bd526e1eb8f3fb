// A requirements file's lines as pip sees them: split as Python splits, joined at backslashes, comments cut off; places kept.
import type { Piece } from "./model.ts";

/** A stretch of a logical line that stands in one physical line. */
export interface Segment {
  /** Where it begins in the logical line. */
  readonly at: number;
  /** Where it begins in the source. */
  readonly source: number;
  readonly length: number;
}

/** What pip hands to its line parser, with the way back into the source. */
export interface LogicalLine {
  /** Joined, without its comment, stripped. Empty for a blank or a comment line. */
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly comment?: { readonly text: string; readonly start: number; readonly end: number };
}

/** The whitespace of Python's `str.isspace` and of `\s`, which is not JavaScript's. */
export function isPythonSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x1f);
  if (code < 0x85) return false;
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** Where Python's `str.splitlines` ends a line: more places than LSP knows. */
function isLineEnd(code: number): boolean {
  if (code > 0x1e) return code === 0x85 || code === 0x2028 || code === 0x2029;
  return (code >= 10 && code <= 13) || code >= 0x1c;
}

interface PhysicalLine {
  readonly start: number;
  /** Before the line's end. */
  readonly end: number;
  /** After it. */
  readonly next: number;
}

/** Physical lines that backslashes join. */
interface JoinedLines {
  readonly physical: readonly PhysicalLine[];
  /** The stretch of each that counts, without the backslashes. */
  readonly parts: readonly { readonly start: number; readonly end: number }[];
  readonly endsInCommentLine: boolean;
}

function physicalLineAt(text: string, start: number): PhysicalLine {
  let end = start;
  while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++;
  let next = end;
  if (next < text.length) next += text.charCodeAt(next) === 13 && text.charCodeAt(next + 1) === 10 ? 2 : 1;
  return { start, end, next };
}

/** Reads the lines one after another and lays the tiles that are not content as it goes. */
export class LogicalLineReader {
  readonly #text: string;
  readonly #pieces: Piece[] | undefined;
  #at: number;
  #hashAt = -1;

  /** @param pieces receives the tiles of the text; nobody pays for them where it is absent. */
  constructor(text: string, pieces?: Piece[]) {
    this.#text = text;
    this.#pieces = pieces;
    this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    if (this.#at === 1) this.#tile("byte-order-mark", 0, 1);
  }

  /** The next logical line, blank ones included; undefined at the end. `kindOf` says what its content's tiles are. */
  next(kindOf: (line: LogicalLine) => Piece["kind"]): LogicalLine | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const first = physicalLineAt(this.#text, this.#at);
    if (!this.#isContinued(first)) return this.#single(first, kindOf);
    return this.#lay(this.#joined(first), kindOf);
  }

  /** Lines are mostly one physical line, which is read without the lists that joining needs. */
  #single({ start, end, next }: PhysicalLine, kindOf: (line: LogicalLine) => Piece["kind"]): LogicalLine {
    this.#at = next;
    const text = this.#text;
    let comment = this.#hashFrom(start);
    while (comment < end && comment > start && !isPythonSpace(text.charCodeAt(comment - 1))) {
      comment = this.#hashFrom(comment + 1);
    }
    if (comment > end) comment = end;
    let from = start;
    while (from < comment && isPythonSpace(text.charCodeAt(from))) from++;
    let to = comment;
    while (to > from && isPythonSpace(text.charCodeAt(to - 1))) to--;
    const content = text.slice(from, to);
    const segments = from < to ? [{ at: 0, source: from, length: to - from }] : [];
    const line: LogicalLine =
      comment < end
        ? { text: content, segments, comment: { text: text.slice(comment, end), start: comment, end } }
        : { text: content, segments };
    if (from < to) {
      this.#tile("blank", start, from);
      this.#tile(kindOf(line), from, to);
      this.#tile("blank", to, comment);
    } else this.#tile("blank", start, comment);
    this.#tile("comment", comment, end);
    this.#tile("line-end", end, next);
    return line;
  }

  #joined(first: PhysicalLine): JoinedLines {
    const physical: PhysicalLine[] = [];
    const parts: { start: number; end: number }[] = [];
    let line = first;
    while (this.#isContinued(line)) {
      physical.push(line);
      let { start, end } = line;
      while (end > start && this.#text.charCodeAt(end - 1) === 92) end--;
      while (start < end && this.#text.charCodeAt(start) === 92) start++;
      parts.push({ start, end });
      this.#at = line.next;
      if (this.#at >= this.#text.length) return { physical, parts, endsInCommentLine: false };
      line = physicalLineAt(this.#text, this.#at);
    }
    physical.push(line);
    parts.push({ start: line.start, end: line.end });
    this.#at = line.next;
    return { physical, parts, endsInCommentLine: this.#isCommentLine(line.start, line.end) };
  }

  #isContinued(line: PhysicalLine): boolean {
    return (
      line.end > line.start &&
      this.#text.charCodeAt(line.end - 1) === 92 &&
      !this.#isCommentLine(line.start, line.end)
    );
  }

  #isCommentLine(start: number, end: number): boolean {
    let at = start;
    while (at < end && isPythonSpace(this.#text.charCodeAt(at))) at++;
    return at < end && this.#text.charCodeAt(at) === 35;
  }

  /** The offset in the source of the `#` that begins the comment, with the part that it stands in. */
  #findComment(parts: JoinedLines["parts"], endsInCommentLine: boolean) {
    let before = 32;
    for (let part = 0; part < parts.length; part++) {
      const { start, end } = parts[part]!;
      // pip sets a space before a comment line that ends a continuation, so that it stays a comment.
      if (endsInCommentLine && part === parts.length - 1) before = 32;
      for (let at = this.#hashFrom(start); at < end; at = this.#hashFrom(at + 1)) {
        const previous = at > start ? this.#text.charCodeAt(at - 1) : before;
        if (isPythonSpace(previous)) return { part, at };
      }
      if (end > start) before = this.#text.charCodeAt(end - 1);
    }
    return undefined;
  }

  /** The next `#`, remembered: a text without any is looked through once, not once for every line. */
  #hashFrom(start: number): number {
    if (this.#hashAt < start) {
      const found = this.#text.indexOf("#", start);
      this.#hashAt = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#hashAt;
  }

  #lay({ physical, parts, endsInCommentLine }: JoinedLines, kindOf: (line: LogicalLine) => Piece["kind"]) {
    const text = this.#text;
    const comment = this.#findComment(parts, endsInCommentLine);
    const content = parts.map(({ start, end }, part) => {
      if (comment === undefined || part < comment.part) return { start, end };
      return part === comment.part ? { start, end: comment.at } : { start: end, end };
    });
    trim(text, content);

    const segments: Segment[] = [];
    let joined = "";
    for (const { start, end } of content) {
      if (start >= end) continue;
      segments.push({ at: joined.length, source: start, length: end - start });
      joined += text.slice(start, end);
    }
    const last = parts.at(-1)!;
    const line: LogicalLine = {
      text: joined,
      segments,
      ...(comment && {
        comment: {
          text: parts
            .slice(comment.part)
            .map(({ start, end }, part) => text.slice(part === 0 ? comment.at : start, end))
            .join(""),
          start: comment.at,
          end: last.end,
        },
      }),
    };

    const kind = joined === "" ? "blank" : kindOf(line);
    physical.forEach(({ start, end, next }, at) => {
      const part = parts[at]!;
      const { start: from, end: to } = content[at]!;
      const commentAt =
        comment === undefined || at < comment.part ? part.end : at === comment.part ? comment.at : start;
      if (from < to) {
        this.#tile("blank", start, from);
        this.#tile(kind, from, to);
        this.#tile("blank", to, commentAt);
      } else this.#tile("blank", start, commentAt);
      this.#tile("comment", commentAt, part.end);
      const continued = at < physical.length - 1 || part.end < end;
      this.#tile(continued ? "continuation" : "line-end", part.end, next);
    });
    return line;
  }

  #tile(kind: Piece["kind"], start: number, end: number): void {
    if (start < end) this.#pieces?.push({ kind, span: { start, end } });
  }
}

/** Strips whitespace from the beginning of the first and the end of the last stretch, across stretches. */
function trim(text: string, parts: { start: number; end: number }[]): void {
  for (const part of parts) {
    while (part.start < part.end && isPythonSpace(text.charCodeAt(part.start))) part.start++;
    if (part.start < part.end) break;
  }
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at]!;
    while (part.end > part.start && isPythonSpace(text.charCodeAt(part.end - 1))) part.end--;
    if (part.end > part.start) break;
  }
}

/** Turns offsets of a logical line into offsets of the source. */
export class SourceMap {
  readonly #segments: readonly Segment[];

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  /** The one stretch that a part of the logical line lies in, as what to add to its offsets; undefined where it lies in several. */
  shiftOf(start: number, end: number): number | undefined {
    const segment = this.#segmentAt(start);
    return end <= segment.at + segment.length ? segment.source - segment.at : undefined;
  }

  startAt(offset: number): number {
    const segment = this.#segmentAt(offset);
    return segment.source + (offset - segment.at);
  }

  /** An end belongs to the character before it. */
  endAt(offset: number): number {
    return offset === 0 ? this.startAt(0) : this.startAt(offset - 1) + 1;
  }

  span(start: number, end: number): { start: number; end: number } {
    return end <= start
      ? { start: this.startAt(start), end: this.startAt(start) }
      : { start: this.startAt(start), end: this.endAt(end) };
  }

  #segmentAt(offset: number): Segment {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#segments[middle]!.at <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low]!;
  }
}
