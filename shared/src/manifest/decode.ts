// From bytes to text the way pip decodes a requirements file: byte order mark, PEP 263 comment, UTF-8, then the locale's encoding.

/** The text of a file and how it was written, so that it can be written back. */
export interface DecodedManifest {
  /** Without its byte order mark, as an editor hands it out. */
  readonly text: string;
  /** Python's name of the encoding, lower case: `utf-8`, `utf-16-le`, `cp1252`, … */
  readonly encoding: string;
  /** True where `encodeManifest` gives the very bytes back. */
  readonly lossless: boolean;
  /** True where the bytes began with a byte order mark. */
  readonly byteOrderMark: boolean;
  /** What pip would stop at, in a sentence. The text is then the best reading there is. */
  readonly problem?: { readonly code: string; readonly message: string };
}

export interface DecodeOptions {
  /** The encoding of the machine's locale, used where the bytes are not UTF-8. Default `utf-8`. */
  readonly locale?: string;
}

/** Longest marks first: that of UTF-16-LE begins that of UTF-32-LE. */
const MARKS: readonly (readonly [readonly number[], string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe, 0, 0], "utf-32-le"],
  [[0, 0, 0xfe, 0xff], "utf-32-be"],
  [[0xff, 0xfe], "utf-16-le"],
  [[0xfe, 0xff], "utf-16-be"],
];

/** Python's codec names that differ from the labels of the Encoding Standard. */
const LABELS: Readonly<Record<string, string>> = {
  utf_8: "utf-8",
  u8: "utf-8",
  cp65001: "utf-8",
  utf_8_sig: "utf-8",
  utf_16_le: "utf-16le",
  utf_16_be: "utf-16be",
  utf_16: "utf-16le",
  mbcs: "windows-1252",
  sjis: "shift_jis",
  shift_jis: "shift_jis",
  shiftjis: "shift_jis",
  cp932: "shift_jis",
  ms932: "shift_jis",
  euc_jp: "euc-jp",
  eucjp: "euc-jp",
  euc_kr: "euc-kr",
  euckr: "euc-kr",
  cp949: "euc-kr",
  cp936: "gbk",
  big5: "big5",
  cp950: "big5",
  koi8_r: "koi8-r",
  koi8_u: "koi8-u",
  mac_roman: "macintosh",
  macroman: "macintosh",
  cp866: "ibm866",
  iso2022_jp: "iso-2022-jp",
  iso_2022_jp: "iso-2022-jp",
};

const LATIN_1 = new Set(["latin_1", "latin1", "latin", "l1", "iso_8859_1", "iso8859_1", "8859", "cp819"]);
const ASCII = new Set(["ascii", "us_ascii", "646"]);

interface Reading {
  readonly text: string;
  readonly lossless: boolean;
}

/**
 * Decodes the bytes of a requirements file, a Pipfile or a lock, as pip 26's `_decode_req_file` does.
 *
 * Never throws: bytes that cannot be decoded give a replacement character, `lossless: false` and a `problem`.
 */
export function decodeManifest(bytes: Uint8Array, options: DecodeOptions = {}): DecodedManifest {
  for (const [mark, encoding] of MARKS) {
    if (!mark.every((byte, at) => bytes[at] === byte)) continue;
    const reading = decodeAs(bytes.subarray(mark.length), encoding) ?? UNREADABLE;
    return result(reading, encoding, true, reading.lossless ? undefined : undecodable(encoding));
  }
  const declared = declaredEncoding(bytes);
  if (declared !== undefined) {
    const reading = decodeAs(bytes, declared);
    if (reading !== undefined) {
      return result(reading, declared, false, reading.lossless ? undefined : undecodable(declared));
    }
    return result(decodeAs(bytes, "utf-8")!, "utf-8", false, {
      code: "unknown-encoding",
      message: `The encoding "${declared}" that the first lines declare is not known.`,
    });
  }
  const reading = decodeAs(bytes, "utf-8")!;
  if (reading.lossless) return result(reading, "utf-8", false);
  const locale = (options.locale ?? "utf-8").toLowerCase();
  const local = decodeAs(bytes, locale);
  if (local?.lossless) return result(local, locale, false);
  return result(reading, "utf-8", false, undecodable("utf-8"));
}

/**
 * The bytes of a text in the encoding that it was read from, byte order mark included.
 *
 * Undefined where the text holds a character that this encoding cannot say, or the encoding is one that is only read.
 */
export function encodeManifest(text: string, as: DecodedManifest): Uint8Array | undefined {
  const body = encodeAs(text, as.encoding);
  if (body === undefined) return undefined;
  const mark = as.byteOrderMark ? (MARKS.find(([, name]) => name === as.encoding)?.[0] ?? []) : [];
  const bytes = new Uint8Array(mark.length + body.length);
  bytes.set(mark);
  bytes.set(body, mark.length);
  return bytes;
}

const UNREADABLE: Reading = { text: "", lossless: false };

function result(
  reading: Reading,
  encoding: string,
  byteOrderMark: boolean,
  problem?: { code: string; message: string },
): DecodedManifest {
  return { ...reading, encoding, byteOrderMark, ...(problem && { problem }) };
}

function undecodable(encoding: string): { code: string; message: string } {
  return {
    code: "undecodable",
    message: `The file is not ${encoding}: some bytes cannot be read. Save it as UTF-8, or name its encoding in the first line: # -*- coding: cp1252 -*-`,
  };
}

/** PEP 263 as pip applies it: the first two lines, only where the line begins with `#`. */
function declaredEncoding(bytes: Uint8Array): string | undefined {
  let start = 0;
  for (let line = 0; line < 2 && start < bytes.length; line++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    if (bytes[start] === 0x23) {
      const match = /coding[:=]\s*([-\w.]+)/.exec(latin1(bytes.subarray(start, Math.min(end, start + 4096))));
      if (match) return match[1]!.toLowerCase();
    }
    start = end + 1;
  }
  return undefined;
}

/** Undefined where the encoding is not known. */
function decodeAs(bytes: Uint8Array, encoding: string): Reading | undefined {
  const key = encoding.replace(/[-. ]/g, "_");
  if (LATIN_1.has(key)) return { text: latin1(bytes), lossless: true };
  if (ASCII.has(key)) {
    if (bytes.every((byte) => byte < 0x80)) return { text: latin1(bytes), lossless: true };
    return { text: decodeLoosely(bytes, "utf-8"), lossless: false };
  }
  if (key === "utf_32_le" || key === "utf_32_be") return utf32(bytes, key === "utf_32_le");
  const label = LABELS[key] ?? encoding.replace(/^(?:cp|windows_)(?=125\d$)/, "windows-").replace(/_/g, "-");
  try {
    return {
      text: new TextDecoder(label, { fatal: true, ignoreBOM: key !== "utf_8_sig" }).decode(bytes),
      lossless: key !== "utf_8_sig" && key !== "utf_16",
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    return { text: decodeLoosely(bytes, label), lossless: false };
  }
}

function decodeLoosely(bytes: Uint8Array, label: string): string {
  return new TextDecoder(label, { ignoreBOM: true }).decode(bytes);
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

function utf32(bytes: Uint8Array, littleEndian: boolean): Reading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  let lossless = bytes.length % 4 === 0;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, littleEndian);
    const valid = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    parts.push(valid ? String.fromCodePoint(point) : "\ufffd");
    lossless &&= valid;
  }
  return { text: parts.join(""), lossless };
}

function encodeAs(text: string, encoding: string): Uint8Array | undefined {
  const key = encoding.replace(/[-. ]/g, "_");
  if (LABELS[key] === "utf-8" || key === "utf8") {
    return text.isWellFormed() ? new TextEncoder().encode(text) : undefined;
  }
  if (LATIN_1.has(key)) return singleBytes(text, 0xff);
  if (ASCII.has(key)) return singleBytes(text, 0x7f);
  if (key.startsWith("utf_16")) {
    const bytes = new Uint8Array(text.length * 2);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), key !== "utf_16_be");
    return bytes;
  }
  if (key.startsWith("utf_32")) {
    const points = Array.from(text, (character) => character.codePointAt(0)!);
    const bytes = new Uint8Array(points.length * 4);
    const view = new DataView(bytes.buffer);
    points.forEach((point, at) => {
      view.setUint32(at * 4, point, key !== "utf_32_be");
    });
    return bytes;
  }
  return viaTable(text, encoding);
}

function singleBytes(text: string, highest: number): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > highest) return undefined;
    bytes[at] = code;
  }
  return bytes;
}

/** Single-byte encodings are written by turning their decoder round. */
function viaTable(text: string, encoding: string): Uint8Array | undefined {
  const table = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const reading = decodeAs(Uint8Array.of(byte), encoding);
    if (reading === undefined) return undefined;
    if (reading.lossless && reading.text.length === 1) table.set(reading.text, byte);
  }
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const byte = table.get(text[at]!);
    if (byte === undefined) return undefined;
    bytes[at] = byte;
  }
  return bytes;
}
