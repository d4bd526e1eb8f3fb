// A zip archive from its bytes, and what in it one reader would see otherwise than another. Nothing is unpacked to disk.
import { open } from "node:fs/promises";
import { crc32, inflateRawSync } from "node:zlib";
import { BadArchive, isUnsafe, MOST_ALL, MOST_MEMBER, NotLookedInto, show } from "./archiveFaults.ts";

export interface Member {
  readonly name: string;
  readonly isFolder: boolean;
  read(): Buffer;
}

async function readWhole(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    if (size > 2 * 1024 * 1024 * 1024 - 1) throw new NotLookedInto("it is too large to be looked into");
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
/** Of a member's flags. */
const ENCRYPTED = 1;
/** Systems that a member was made on. */
const UNIX = 3;
const MACOS = 19;
/** Extra fields: sizes of 64 bits, and the name in UTF-8. */
const ZIP_64 = 0x0001;
const UNICODE_PATH = 0x7075;

interface End {
  readonly at: number;
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Where what belongs to the end begins: before it the list of members ends. */
  readonly start: number;
}

/** The end record (APPNOTE 4.3.16), its 64-bit form where there is one (4.3.14). */
function findEnd(bytes: Buffer, faults: string[]): End {
  for (let at = bytes.length - 22; at >= 0 && at >= bytes.length - 22 - 65_535; at--) {
    if (bytes.readUInt32LE(at) !== END) continue;
    const comment = bytes.readUInt16LE(at + 20);
    const behind = bytes.length - (at + 22 + comment);
    if (behind < 0) continue;
    if (behind > 0) faults.push(`${behind} bytes lie behind the archive's end`);
    // A comment is no fault; one that another reader takes for the end of an archive is.
    if (bytes.indexOf("PK", at + 22, "latin1") >= 0 && comment > 0)
      faults.push("its comment holds what may be taken for another archive");
    const end = {
      at,
      count: bytes.readUInt16LE(at + 10),
      size: bytes.readUInt32LE(at + 12),
      offset: bytes.readUInt32LE(at + 16),
      start: at,
    };
    return readEnd64(bytes, end, faults);
  }
  throw new BadArchive("it is no zip archive: it has no end record");
}

function readEnd64(bytes: Buffer, end: End, faults: string[]): End {
  const locator = end.at - 20;
  if (locator < 0 || bytes.readUInt32LE(locator) !== END_64_LOCATOR) return end;
  const at = Number(bytes.readBigUInt64LE(locator + 8));
  if (at < 0 || at + 56 > bytes.length || bytes.readUInt32LE(at) !== END_64)
    throw new BadArchive("its 64-bit end record is not where it says");
  const behind = locator - (at + 12 + Number(bytes.readBigUInt64LE(at + 4)));
  if (behind !== 0 || locator !== at + 56)
    faults.push("its 64-bit end record holds more than the standard asks for");
  const count = Number(bytes.readBigUInt64LE(at + 32));
  const size = Number(bytes.readBigUInt64LE(at + 40));
  const offset = Number(bytes.readBigUInt64LE(at + 48));
  // A reader that knows no 64 bits goes by the other record: only what does not fit there may be left to this one.
  const isSame = (small: number, most: number, large: number): boolean => small === most || small === large;
  if (
    !isSame(end.count, 0xffff, count) ||
    !isSame(end.size, 0xffffffff, size) ||
    !isSame(end.offset, 0xffffffff, offset)
  )
    faults.push("its two end records say two things");
  return { at: end.at, count, size, offset, start: at };
}

interface Entry {
  readonly name: string;
  readonly rawName: Buffer;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly local: number;
  /** By its attributes it is a symbolic link, whose text is what it leads to. */
  readonly isLink: boolean;
}

export interface ZipOptions {
  /** It is for systems alone on which names that differ by case are two. */
  readonly isCaseSensitive?: boolean;
}

/** The members of a zip archive; what two readers would see otherwise in it goes into `faults`. Throws BadArchive and NotLookedInto. */
export async function readZip(path: string, faults: string[], options: ZipOptions = {}): Promise<Member[]> {
  const bytes = await readWhole(path);
  const end = findEnd(bytes, faults);
  if (end.offset + end.size > end.start) throw new BadArchive("its list of members goes beyond its end");
  if (end.offset + end.size < end.start)
    faults.push(`${end.start - end.offset - end.size} bytes lie between the list of members and the end`);
  const entries = readEntries(bytes, end, faults);
  if (entries.length !== end.count)
    faults.push(`its end record counts ${end.count} members, and ${entries.length} are listed`);
  checkNames(entries, options, faults);
  for (const { name, isLink, flags } of entries) {
    // pip writes a link's text as a file, others follow it; and who does not look at the flag reads on where others ask for a password.
    if (isLink) faults.push(`${show(name)} is a symbolic link, which not all readers take for one`);
    if ((flags & ENCRYPTED) !== 0) faults.push(`${show(name)} is encrypted, or says so`);
  }
  let total = 0;
  const spans: { start: number; end: number; name: string }[] = [];
  const members = entries.map((entry): Member => {
    const local = compareLocal(bytes, entry, faults);
    if (local) spans.push({ ...local.span, name: entry.name });
    total += entry.size;
    const isFolder = entry.name.endsWith("/");
    if (isFolder && entry.size > 0) faults.push(`${show(entry.name)} is a folder that holds bytes itself`);
    return {
      name: entry.name,
      isFolder,
      read: () => {
        if (!local) throw new BadArchive(`${show(entry.name)} cannot be read`);
        return unpack(bytes.subarray(local.data, local.data + entry.compressed), entry);
      },
    };
  });
  checkGaps(spans, end.offset, faults);
  if (total > MOST_ALL)
    throw new NotLookedInto("it unpacks to more than 4 GiB, of which nothing is looked into");
  return members;
}

function checkNames(entries: readonly Entry[], { isCaseSensitive }: ZipOptions, faults: string[]): void {
  const names = new Map<string, number>();
  for (const { name } of entries) names.set(name, (names.get(name) ?? 0) + 1);
  for (const [name, times] of names) if (times > 1) faults.push(`${show(name)} is in it ${times} times`);
  const folded = new Map<string, string>();
  for (const name of names.keys()) {
    const key = isCaseSensitive ? name.normalize("NFC") : name.normalize("NFC").toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) faults.push(`${show(name)} and ${show(other)} are one file on some systems`);
    folded.set(key, name);
    if (isUnsafe(name)) faults.push(`${show(name)} would be put outside of the folder`);
    // Some readers end a name at its first zero byte.
    if (/[\p{Cc}]/u.test(name)) faults.push(`${show(name)} has a control character in its name`);
  }
}

/** Whether the attributes of an entry of the list, as Unix and macOS write them (APPNOTE 4.4.2, 4.4.15), are a symbolic link's. */
function isSymbolicLink(bytes: Buffer, at: number): boolean {
  const system = bytes[at + 5];
  return (system === UNIX || system === MACOS) && (bytes.readUInt16LE(at + 40) & 0xf000) === 0xa000;
}

function readEntries(bytes: Buffer, end: End, faults: string[]): Entry[] {
  const entries: Entry[] = [];
  let at = end.offset;
  const last = end.offset + end.size;
  while (at + 46 <= last && bytes.readUInt32LE(at) === CENTRAL) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const commentLength = bytes.readUInt16LE(at + 32);
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > last) throw new BadArchive("an entry of its list goes beyond the list");
    const rawName = bytes.subarray(at + 46, at + 46 + nameLength);
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const flags = bytes.readUInt16LE(at + 8);
    const name = decodeName(rawName, flags);
    const fault = faultOfExtra(extra, name);
    if (fault !== undefined) faults.push(`${show(name)} ${fault}`);
    const sizes = readSizes64(extra, {
      size: bytes.readUInt32LE(at + 24),
      compressed: bytes.readUInt32LE(at + 20),
      local: bytes.readUInt32LE(at + 42),
    });
    entries.push({
      name,
      rawName,
      method: bytes.readUInt16LE(at + 10),
      flags,
      crc: bytes.readUInt32LE(at + 16),
      isLink: isSymbolicLink(bytes, at),
      ...sizes,
    });
    if (entries.length > 200_000) throw new BadArchive("it has more than 200,000 members");
    at = next;
  }
  return entries;
}

/** What of a member's extra fields one reader takes for it and another passes over (APPNOTE 4.5.3, 4.6.9). */
function faultOfExtra(extra: Buffer, name: string): string | undefined {
  const seen = new Set<number>();
  for (let at = 0; at + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(at);
    const length = extra.readUInt16LE(at + 2);
    if (at + 4 + length > extra.length) return "has an extra field that goes beyond its header";
    if (seen.has(id) && (id === ZIP_64 || id === UNICODE_PATH)) return "has the same extra field twice";
    seen.add(id);
    if (id === UNICODE_PATH && extra.toString("utf8", at + 9, at + 4 + length) !== name)
      return "has another name in its extra field";
    at += 4 + length;
  }
  return undefined;
}

/** Sizes and place of a large member (APPNOTE 4.5.3): what is 0xffffffff stands in the extra field, in this order. */
function readSizes64(extra: Buffer, plain: { size: number; compressed: number; local: number }) {
  const sizes = { ...plain };
  for (let at = 0; at + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(at);
    const length = extra.readUInt16LE(at + 2);
    if (id === ZIP_64) {
      let from = at + 4;
      const end = Math.min(from + length, extra.length);
      for (const key of ["size", "compressed", "local"] as const) {
        if (sizes[key] !== 0xffffffff || from + 8 > end) continue;
        sizes[key] = Number(extra.readBigUInt64LE(from));
        from += 8;
      }
      break;
    }
    at += 4 + length;
  }
  return sizes;
}

/** Whether the header in front of a member says the same as the list; what some readers take decides what they unpack. */
function compareLocal(
  bytes: Buffer,
  entry: Entry,
  faults: string[],
): { data: number; span: { start: number; end: number } } | undefined {
  const at = entry.local;
  const name = show(entry.name);
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== LOCAL) {
    faults.push(`${name} is not where the list says`);
    return undefined;
  }
  const nameLength = bytes.readUInt16LE(at + 26);
  const extraLength = bytes.readUInt16LE(at + 28);
  const data = at + 30 + nameLength + extraLength;
  if (data + entry.compressed > bytes.length) {
    faults.push(`${name} goes beyond the archive`);
    return undefined;
  }
  const localName = bytes.subarray(at + 30, at + 30 + nameLength);
  const flags = bytes.readUInt16LE(at + 6);
  const differs: string[] = [];
  if (!localName.equals(entry.rawName)) differs.push("name");
  if (bytes.readUInt16LE(at + 8) !== entry.method) differs.push("method");
  const isStreamed = (flags & 8) !== 0;
  const sizes = readSizes64(bytes.subarray(at + 30 + nameLength, data), {
    size: bytes.readUInt32LE(at + 22),
    compressed: bytes.readUInt32LE(at + 18),
    local: 0,
  });
  const isLeftOpen = isStreamed && sizes.size === 0 && sizes.compressed === 0;
  if (!isLeftOpen && (sizes.size !== entry.size || sizes.compressed !== entry.compressed))
    differs.push("size");
  const crc = bytes.readUInt32LE(at + 14);
  if (crc !== entry.crc && !(isStreamed && crc === 0)) differs.push("checksum");
  if ((flags & ENCRYPTED) !== (entry.flags & ENCRYPTED)) differs.push("encryption");
  if (differs.length > 0)
    faults.push(`the header in front of ${name} says another ${differs.join(" and ")} than the list does`);
  let end = data + entry.compressed;
  if (isStreamed) {
    const behind = behindDescriptor(bytes, end, entry);
    if (behind === undefined)
      faults.push(`the record behind ${name} says another checksum or size than the list does`);
    else end = behind;
  }
  return { data, span: { start: at, end } };
}

/**
 * Behind a data descriptor (APPNOTE 4.3.9), which has a signature or none, and sizes of 4 or 8 bytes; undefined where none that stands
 * there says what the list says.
 */
function behindDescriptor(bytes: Buffer, at: number, { crc, compressed, size }: Entry): number | undefined {
  const isSigned = at + 4 <= bytes.length && bytes.readUInt32LE(at) === DESCRIPTOR;
  for (const start of isSigned ? [at + 4, at] : [at]) {
    if (start + 12 > bytes.length || bytes.readUInt32LE(start) !== crc) continue;
    if (bytes.readUInt32LE(start + 4) === compressed && bytes.readUInt32LE(start + 8) === size)
      return start + 12;
    if (start + 20 > bytes.length) continue;
    const large = [bytes.readBigUInt64LE(start + 4), bytes.readBigUInt64LE(start + 12)].map(Number);
    if (large[0] === compressed && large[1] === size) return start + 20;
  }
  return undefined;
}

function checkGaps(
  spans: { start: number; end: number; name: string }[],
  listAt: number,
  faults: string[],
): void {
  const sorted = [...spans].sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, end, name } of sorted) {
    if (start > at) {
      faults.push(`${start - at} bytes lie ${at === 0 ? "before the archive" : `before ${show(name)}`}`);
    }
    if (start < at) faults.push(`${show(name)} overlaps the member before it`);
    at = Math.max(at, end);
  }
  if (at < listAt) faults.push(`${listAt - at} bytes lie behind the last member`);
}

function decodeName(raw: Buffer, flags: number): string {
  return raw.toString(
    (flags & 0x800) !== 0 ? "utf8" : /^[\x20-\x7e]*$/.test(raw.toString("latin1")) ? "ascii" : "utf8",
  );
}

function unpack(data: Buffer, entry: Entry): Buffer {
  if (entry.size > MOST_MEMBER)
    throw new NotLookedInto(`${show(entry.name)} unpacks to more than 512 MiB, and is not looked into`);
  if (entry.method === 0 && data.length === entry.size && crc32(data) === entry.crc) return data;
  if (entry.method === 0)
    throw new BadArchive(`${show(entry.name)} has another size or checksum than it says`);
  if (entry.method !== 8)
    throw new BadArchive(`${show(entry.name)} is packed in a way that pip does not know`);
  let unpacked: Buffer;
  try {
    unpacked = inflateRawSync(data, { maxOutputLength: Math.max(1, entry.size + 1) });
  } catch (error) {
    const isLarger = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new BadArchive(
      `${show(entry.name)} ${isLarger ? "unpacks to more than it says" : "cannot be unpacked"}`,
    );
  }
  if (unpacked.length !== entry.size || crc32(unpacked) !== entry.crc)
    throw new BadArchive(`${show(entry.name)} has another size or checksum than it says`);
  return unpacked;
}
