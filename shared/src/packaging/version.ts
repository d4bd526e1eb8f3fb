// Versions and their total order: PEP 440 and the version specifiers specification.
import { failure, type Result, success } from "../result.ts";

/** The letters of a pre-release in their normal form. */
export type PreKind = "a" | "b" | "rc";

/**
 * The pieces of a version as digit strings without leading zeros. Numbers in versions have no upper bound, and dates
 * with times exceed what a double holds, so that order and text are made from these.
 */
export interface VersionParts {
  readonly epoch: string;
  readonly release: readonly string[];
  readonly pre: readonly [PreKind, string] | undefined;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[] | undefined;
}

// Python refuses to read integers with more digits, and so does the reference implementation.
const MAX_DIGITS = 4300;

// What Python's `\s` matches: JavaScript's differs in U+FEFF, U+001C to U+001F and U+0085.
const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** A release, its suffixes and its local label, without anything around them. */
const PATTERN =
  /v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d+)?)?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d+)?)?(?:[-_.]?(dev)[-_.]?(\d+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?/iy;
const LEADING_SPACE = new RegExp(`${SPACE}*`, "y");

// The order of most versions fits into one double. A version with no epoch, no local label, at most four release segments
// and at most one suffix is packed into 51 bits: 11 + 10 + 10 + 6 of release, 3 for the kind of suffix (a final release is
// one kind), 11 for its number. Its order is twice that, an even number. Every other version lies between two of those and
// has the odd number between theirs. So orders that differ decide, equal even ones mean equal versions, and only
// between equal odd ones the keys have to be asked.
const KIND_UNIT = 2048;
const RELEASE_UNIT = 8 * KIND_UNIT;
const LIMITS: readonly number[] = [2048, 1024, 1024, 64];
const KIND_DEV = 0;
const KIND_FINAL = 4;
const KIND_POST = 5;
const KIND_AFTER_POSTS = 6;
const BEYOND_PACKING = 2 * 2048 * 1024 * 1024 * 64 * RELEASE_UNIT - 1;

/** Where a cut stands relative to the version that it is made from. */
export type CutMode = "before" | "after" | "after-posts";

function stripZeros(digits: string): string {
  let start = 0;
  while (start < digits.length - 1 && digits.charCodeAt(start) === 48) start++;
  return start === 0 ? digits : digits.slice(start);
}

function preKind(letters: string): PreKind {
  const first = letters.charAt(0).toLowerCase();
  return first === "a" ? "a" : first === "b" ? "b" : "rc";
}

/** A longer text is cut before it is matched: the engine's own stack would not hold, and no version is that long. */
export const MAX_VERSION_LENGTH = 65_536;

function matchAt(text: string, start: number): RegExpExecArray | null {
  if (text.length - start > MAX_VERSION_LENGTH) {
    PATTERN.lastIndex = 0;
    return PATTERN.exec(text.slice(start, start + MAX_VERSION_LENGTH));
  }
  PATTERN.lastIndex = start;
  return PATTERN.exec(text);
}

function partsOf(match: RegExpExecArray): VersionParts | undefined {
  const release: string[] = [];
  for (const segment of match[2]!.split(".")) release.push(stripZeros(segment));
  const pre = match[3];
  const post = match[5] ?? (match[6] === undefined ? undefined : (match[7] ?? "0"));
  const dev = match[8] === undefined ? undefined : (match[9] ?? "0");
  const parts: VersionParts = {
    epoch: stripZeros(match[1] ?? "0"),
    release,
    pre: pre === undefined ? undefined : [preKind(pre), stripZeros(match[4] ?? "0")],
    post: post === undefined ? undefined : stripZeros(post),
    dev: dev === undefined ? undefined : stripZeros(dev),
    local: match[10]?.toLowerCase().split(/[-_.]/).map(normalizeLocalSegment),
  };
  return match[0].length > MAX_DIGITS && hasOverlongNumber(match[0]) ? undefined : parts;
}

function hasOverlongNumber(text: string): boolean {
  let run = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    run = code >= 48 && code <= 57 ? run + 1 : 0;
    if (run > MAX_DIGITS) return true;
  }
  return false;
}

function isNumber(segment: string): boolean {
  for (let index = 0; index < segment.length; index++) {
    const code = segment.charCodeAt(index);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

function normalizeLocalSegment(segment: string): string {
  return isNumber(segment) ? stripZeros(segment) : segment;
}

/** The next greater number of a digit string. */
export function increment(digits: string): string {
  return digits.length < 16 ? String(Number(digits) + 1) : String(BigInt(digits) + 1n);
}

function encode(digits: string): string {
  return String.fromCharCode(64 + digits.length) + digits;
}

/**
 * The order of PEP 440 as text: two keys compare as strings (by code unit) as their versions do. Cuts get keys in the same
 * order, so that a version lies beyond a cut exactly if its key is not less than the cut's.
 */
export function keyOf(parts: VersionParts, mode: CutMode = "before"): string {
  let end = parts.release.length;
  while (end > 1 && parts.release[end - 1] === "0") end--;
  let key = encode(parts.epoch);
  for (let index = 0; index < end; index++) key += encode(parts.release[index]!);
  key += "!";
  const { pre, post, dev, local } = parts;
  if (pre !== undefined) key += (pre[0] === "a" ? "1" : pre[0] === "b" ? "2" : "3") + encode(pre[1]);
  else key += dev !== undefined && post === undefined ? "0" : "4";
  if (mode === "after-posts") return `${key}2`;
  key += post === undefined ? "0" : `1${encode(post)}`;
  key += dev === undefined ? "1" : `0${encode(dev)}`;
  if (local !== undefined) {
    key += "+";
    for (const segment of local) key += isNumber(segment) ? `2${encode(segment)}` : `1${segment}!`;
  }
  return mode === "after" ? `${key}\0` : key;
}

/** The packed release, or, where it does not fit, the odd order that stands for it as a negative number. */
function packRelease(parts: VersionParts): number {
  if (parts.epoch !== "0") return -BEYOND_PACKING;
  const { release } = parts;
  let packed = 0;
  for (let index = 0; index < 4; index++) {
    const segment = index < release.length ? Number(release[index]) : 0;
    const limit = LIMITS[index]!;
    if (segment >= limit) return -orderOfOverflow(packed, index);
    packed = packed * limit + segment;
  }
  packed *= RELEASE_UNIT;
  for (let index = 4; index < release.length; index++) {
    if (release[index] !== "0") return -(2 * (packed + RELEASE_UNIT) - 1);
  }
  return packed;
}

/** The order of every release that agrees in `index` segments and whose next segment is too great to be packed. */
function orderOfOverflow(packed: number, index: number): number {
  let next = index === 0 ? 1 : packed + 1;
  for (let rest = index; rest < 4; rest++) next *= LIMITS[rest]!;
  return 2 * next * RELEASE_UNIT - 1;
}

/**
 * The order of a version or a cut (see above). A cut's is even only if it stands right before a version whose order is.
 * A version lies beyond a cut if its order is greater, or the same and even, or the same and its key is not less.
 */
export function orderOf(parts: VersionParts, mode: CutMode): number {
  const release = packRelease(parts);
  if (release < 0) return -release;
  const { pre, post, dev, local } = parts;
  if (mode === "after-posts") return 2 * (release + KIND_AFTER_POSTS * KIND_UNIT) + 1;
  let kind = KIND_FINAL;
  let number = "0";
  // 0 at the packed version itself, -1 somewhere before it, 1 somewhere after it.
  let side = local !== undefined || mode === "after" ? 1 : 0;
  if (pre !== undefined) {
    kind = pre[0] === "a" ? 1 : pre[0] === "b" ? 2 : 3;
    number = pre[1];
    if (post !== undefined) side = 1;
    else if (dev !== undefined) side = -1;
  } else if (post !== undefined) {
    kind = KIND_POST;
    number = post;
    if (dev !== undefined) side = -1;
  } else if (dev !== undefined) {
    kind = KIND_DEV;
    number = dev;
  }
  if (number.length > 4 || Number(number) >= KIND_UNIT) return 2 * (release + (kind + 1) * KIND_UNIT) - 1;
  return 2 * (release + kind * KIND_UNIT + Number(number)) + side;
}

/** The orders of the cuts that clauses make, worked out from a version's order alone; -1 where that cannot be. */
export const cutOrders = {
  /** Before the development releases of the release: `<V` for a final V, and the start of `==V.*`. */
  first(order: number): number {
    const suffix = order % (2 * RELEASE_UNIT);
    return suffix === 2 * KIND_FINAL * KIND_UNIT ? order - suffix : -1;
  },
  /** After the version and its local labels. */
  afterLocals(order: number): number {
    if (order % 2 !== 0) return -1;
    const suffix = order % (2 * RELEASE_UNIT);
    if (suffix === 2 * KIND_FINAL * KIND_UNIT) return order - suffix + 2 * KIND_POST * KIND_UNIT - 1;
    if (suffix >= 2 * KIND_UNIT) return order + 1;
    return suffix === 2 * (KIND_UNIT - 1) ? -1 : order + 2;
  },
  /** After a final release, its local labels and its post-releases. */
  afterFinal(order: number): number {
    const suffix = order % (2 * RELEASE_UNIT);
    return suffix === 2 * KIND_FINAL * KIND_UNIT ? order - suffix + 2 * KIND_AFTER_POSTS * KIND_UNIT + 1 : -1;
  },
};

const PLAIN = /^[\d.]{1,64}$/;
const PLAIN_PARTS: VersionParts = {
  epoch: "0",
  release: [],
  pre: undefined,
  post: undefined,
  dev: undefined,
  local: undefined,
};

/** One version. Made by `parseVersion` or `readVersion`; immutable to the eye, with fields worked out when first asked for. */
export class Version {
  /** The text as it was given. */
  readonly raw: string;
  /** Decides most comparisons: see the top of this file. */
  readonly order: number;
  // Plain fields: private names made the making of a version, of which there are many, a third slower.
  declare private knownParts: VersionParts | undefined;
  declare private knownText: string | undefined;
  declare private knownKey: string | undefined;

  constructor(raw: string, order: number, parts: VersionParts | undefined) {
    this.raw = raw;
    this.order = order;
    this.knownParts = parts;
    this.knownText = undefined;
    this.knownKey = undefined;
  }

  /** The pieces as digit strings, exact at any size. */
  get parts(): VersionParts {
    this.knownParts ??= PLAIN.test(this.raw)
      ? { ...PLAIN_PARTS, release: this.raw.split(".").map(stripZeros) }
      : partsOf(matchAt(this.raw, skipSpace(this.raw, 0))!)!;
    return this.knownParts;
  }

  get epoch(): number {
    return Number(this.parts.epoch);
  }

  /** The release segment, as written: `1.0` has two numbers. Exact to 2^53; `toString()` and the order are always exact. */
  get release(): readonly number[] {
    return this.parts.release.map(Number);
  }

  get pre(): readonly [PreKind, number] | undefined {
    const { pre } = this.parts;
    return pre && [pre[0], Number(pre[1])];
  }

  get post(): number | undefined {
    const { post } = this.parts;
    return post === undefined ? undefined : Number(post);
  }

  get dev(): number | undefined {
    const { dev } = this.parts;
    return dev === undefined ? undefined : Number(dev);
  }

  /** The local label in its normal form, without the plus sign. */
  get local(): string | undefined {
    return this.parts.local?.join(".");
  }

  /** Whether it is an alpha, beta, candidate or development release. */
  get isPrerelease(): boolean {
    if (this.order % 2 === 0) return this.order % (2 * RELEASE_UNIT) < 2 * KIND_FINAL * KIND_UNIT;
    return this.parts.pre !== undefined || this.parts.dev !== undefined;
  }

  get isPostrelease(): boolean {
    return this.parts.post !== undefined;
  }

  get isDevrelease(): boolean {
    return this.parts.dev !== undefined;
  }

  get isLocal(): boolean {
    return this.order % 2 !== 0 && this.parts.local !== undefined;
  }

  /** The normal form without the local label. */
  get public(): string {
    const text = this.toString();
    const plus = text.indexOf("+");
    return plus < 0 ? text : text.slice(0, plus);
  }

  /** The normal form of epoch and release alone. */
  get base(): string {
    const { epoch, release } = this.parts;
    return (epoch === "0" ? "" : `${epoch}!`) + release.join(".");
  }

  /** The sort key of `versionKey`. */
  get key(): string {
    this.knownKey ??= keyOf(this.parts);
    return this.knownKey;
  }

  /** The normal form (PEP 440, "Normalization"). Trailing zeros stay. */
  toString(): string {
    this.knownText ??= isNormalRelease(this.raw) ? this.raw : textOf(this.parts);
    return this.knownText;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Whether a version is digits and dots in its normal form, as most are: no number begins with a zero but the zero itself. */
function isNormalRelease(text: string): boolean {
  let isStart = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) isStart = true;
    else if (code < 48 || code > 57) return false;
    else {
      const next = text.charCodeAt(at + 1);
      if (isStart && code === 48 && next >= 48 && next <= 57) return false;
      isStart = false;
    }
  }
  return true;
}

/** The normal form of the pieces. */
export function textOf(parts: VersionParts): string {
  let text = parts.epoch === "0" ? "" : `${parts.epoch}!`;
  text += parts.release.join(".");
  if (parts.pre) text += parts.pre[0] + parts.pre[1];
  if (parts.post !== undefined) text += `.post${parts.post}`;
  if (parts.dev !== undefined) text += `.dev${parts.dev}`;
  if (parts.local) text += `+${parts.local.join(".")}`;
  return text;
}

/**
 * The order of a version that is written plainly (`1.2.3`, `1.2rc1`, `1.2.post1`, `1.2.dev3`, `1.2+cu118`, any of them after
 * an epoch); -1 for every other text, which the pattern then reads.
 */
function scanOrder(text: string): number {
  const { length } = text;
  let at = 0;
  let packed = 0;
  let segments = 0;
  // The odd order of a release that does not fit, once it is seen not to.
  let overflow = -1;
  for (;;) {
    const start = at;
    let number = 0;
    let code = text.charCodeAt(at);
    while (code >= 48 && code <= 57) {
      number = number * 10 + code - 48;
      code = text.charCodeAt(++at);
    }
    if (at === start || at - start > 15) return -1;
    if (code === 33) {
      if (segments > 0 || start > 0) return -1;
      if (number > 0) overflow = BEYOND_PACKING;
      at++;
      continue;
    }
    if (overflow < 0) {
      if (segments > 3) {
        if (number > 0) overflow = 2 * (packed + 1) * RELEASE_UNIT - 1;
      } else {
        const limit = LIMITS[segments]!;
        if (number >= limit) overflow = orderOfOverflow(packed, segments);
        else packed = packed * limit + number;
      }
    }
    segments++;
    if (code !== 46) break;
    const next = text.charCodeAt(at + 1);
    if (!(next >= 48 && next <= 57)) break;
    at++;
  }
  for (let index = segments; index < 4; index++) packed *= LIMITS[index]!;
  packed *= RELEASE_UNIT;
  if (at === length) return overflow < 0 ? 2 * (packed + KIND_FINAL * KIND_UNIT) : overflow;
  const order = text.charCodeAt(at) === 43 ? scanLocal(text, at + 1, packed) : scanSuffix(text, at, packed);
  return overflow < 0 || order < 0 ? order : overflow;
}

/** A final release with a local label of lower-case letters and digits. */
function scanLocal(text: string, start: number, release: number): number {
  let isOpen = true;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57)) isOpen = false;
    else if (!isOpen && (code === 46 || code === 45 || code === 95)) isOpen = true;
    else return -1;
  }
  return isOpen || text.length - start > MAX_DIGITS ? -1 : 2 * (release + KIND_FINAL * KIND_UNIT) + 1;
}

function scanSuffix(text: string, start: number, release: number): number {
  let at = start;
  let kind: number;
  const code = text.charCodeAt(at);
  if (code === 97) kind = 1;
  else if (code === 98) kind = 2;
  else if (text.startsWith("rc", at)) kind = 3;
  else if (text.startsWith(".post", at)) kind = KIND_POST;
  else if (text.startsWith(".dev", at)) kind = KIND_DEV;
  else return -1;
  at += kind === KIND_POST ? 5 : kind === KIND_DEV ? 4 : kind === 3 ? 2 : 1;
  const digits = text.length - at;
  if (digits < 1 || digits > 15) return -1;
  let number = 0;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number < KIND_UNIT
    ? 2 * (release + kind * KIND_UNIT + number)
    : 2 * (release + (kind + 1) * KIND_UNIT) - 1;
}

function skipSpace(text: string, at: number): number {
  LEADING_SPACE.lastIndex = at;
  LEADING_SPACE.exec(text);
  return LEADING_SPACE.lastIndex;
}

function parseElaborate(text: string): Version | undefined {
  const start = skipSpace(text, 0);
  const match = matchAt(text, start);
  if (match === null) return undefined;
  if (skipSpace(text, start + match[0].length) !== text.length) return undefined;
  const parts = partsOf(match);
  return parts && new Version(text, orderOf(parts, "before"), parts);
}

const CACHE_SIZE = 8192;
const CACHED_LENGTH = 128;
const cache = new Map<string, Version | undefined>();

/**
 * Reads a version (PEP 440, appendix B), with whatever space is around it; undefined if the text is none.
 * Plain versions are read afresh, which is quicker than looking them up; the others are kept, at most 8,192 of them.
 */
export function parseVersion(text: string): Version | undefined {
  const order = scanOrder(text);
  if (order >= 0) return new Version(text, order, undefined);
  if (text.length > CACHED_LENGTH) return parseElaborate(text);
  const known = cache.get(text);
  if (known !== undefined || cache.has(text)) return known;
  const version = parseElaborate(text);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(text, version);
  return version;
}

/** As `parseVersion`, but tells where the text stops being a version and what was expected there. */
export function readVersion(text: string): Result<Version> {
  const version = parseVersion(text);
  if (version) return success(version);
  const start = skipSpace(text, 0);
  const match = matchAt(text, start);
  if (match === null) {
    const expected = "a version such as 1.2.3";
    const found = start === text.length ? "the text ends" : "this is not one";
    return failure({
      code: "invalid-version",
      message: `Expected ${expected}: ${found}.`,
      offset: start,
      length: text.length - start,
      expected,
    });
  }
  const end = start + match[0].length;
  if (skipSpace(text, end) === text.length) {
    return failure({
      code: "version-number-too-long",
      message: `A number in this version has more than ${MAX_DIGITS} digits.`,
      offset: start,
      length: end - start,
    });
  }
  const expected = expectedAfter(match);
  return failure({
    code: "invalid-version",
    message: `${quoteShort(match[0])} is a version, but what follows is not part of one: expected ${expected}.`,
    offset: end,
    length: text.length - end,
    expected,
  });
}

function expectedAfter(match: RegExpExecArray): string {
  if (match[10] !== undefined) return "the end of the version";
  if (match[8] !== undefined) return "a local label after + or the end of the version";
  return "a pre-, post- or development release, a local label after + or the end of the version";
}

/** A stretch of text in quotes for a message, shortened, on one line. */
export function quoteShort(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** Negative, zero or positive as `a` comes before, with or after `b` in PEP 440's order, local labels included. */
export function compareVersions(a: Version, b: Version): number {
  if (a.order !== b.order) return a.order - b.order;
  if (a.order % 2 === 0) return 0;
  const left = a.key;
  const right = b.key;
  return left < right ? -1 : left > right ? 1 : 0;
}

const RADIX_BITS = 13;
const RADIX = 1 << RADIX_BITS;
const WORTH_RADIX = 1024;

/**
 * The versions in their order, lowest first; equal ones stay as they were. Long lists are sorted by the digits of their
 * orders, several times quicker than by comparing.
 */
export function sortVersions(versions: readonly Version[]): Version[] {
  const { length } = versions;
  if (length < WORTH_RADIX) return [...versions].sort(compareVersions);
  const high = new Uint32Array(length);
  const low = new Uint32Array(length);
  let places = new Uint32Array(length);
  for (let index = 0; index < length; index++) {
    const { order } = versions[index]!;
    high[index] = order / (RADIX * RADIX);
    low[index] = order % (RADIX * RADIX);
    places[index] = index;
  }
  let next = new Uint32Array(length);
  for (const [digits, shift] of [
    [low, 0],
    [low, RADIX_BITS],
    [high, 0],
    [high, RADIX_BITS],
  ] as const) {
    sortByDigit(places, next, digits, shift);
    [places, next] = [next, places];
  }
  const sorted = new Array<Version>(length);
  for (let index = 0; index < length; index++) sorted[index] = versions[places[index]!]!;
  sortOddRuns(sorted);
  return sorted;
}

function sortByDigit(from: Uint32Array, to: Uint32Array, digits: Uint32Array, shift: number): void {
  const starts = new Uint32Array(RADIX + 1);
  for (let index = 0; index < from.length; index++) {
    const digit = (digits[from[index]!]! >>> shift) & (RADIX - 1);
    starts[digit + 1]!++;
  }
  for (let digit = 0; digit < RADIX; digit++) starts[digit + 1]! += starts[digit]!;
  for (let index = 0; index < from.length; index++) {
    const place = from[index]!;
    const digit = (digits[place]! >>> shift) & (RADIX - 1);
    to[starts[digit]!++] = place;
  }
}

/** Equal odd orders say nothing yet: their keys do. Such runs are short. */
function sortOddRuns(versions: Version[]): void {
  for (let start = 0; start < versions.length; ) {
    const { order } = versions[start]!;
    let end = start + 1;
    while (end < versions.length && versions[end]!.order === order) end++;
    if (end - start > 1 && order % 2 !== 0) {
      const run = versions.slice(start, end).sort(compareVersions);
      for (let index = 0; index < run.length; index++) versions[start + index] = run[index]!;
    }
    start = end;
  }
}

/** A text that sorts (by code unit) as versions do; equal versions (`1.0`, `1.0.0`) have equal keys. */
export function versionKey(version: Version): string {
  return version.key;
}

/** The normal form without trailing zeros of the release, as the reference's `canonicalize_version`; other text unchanged. */
export function canonicalVersion(text: string): string {
  const version = parseVersion(text);
  if (!version) return text;
  const { parts } = version;
  let end = parts.release.length;
  while (end > 1 && parts.release[end - 1] === "0") end--;
  return textOf({ ...parts, release: parts.release.slice(0, end) });
}
