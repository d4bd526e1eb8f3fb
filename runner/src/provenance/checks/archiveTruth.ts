// Check 12: does the archive hold what it says, and does every reader see the same in it? Read from its bytes, nothing is unpacked to disk.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip, inflateRawSync } from "node:zlib";
import type { CheckDraft } from "../model.ts";

const RULE = "archive-truth";
/** Bytes that a member, and that all together, may unpack to. */
const MOST_MEMBER = 512 * 1024 * 1024;
const MOST_ALL = 4 * 1024 * 1024 * 1024;
/** Faults that are told of one archive. */
const MOST_FAULTS = 5;

/** One result for the archive at `path`, or one for each fault in it. Rejects for nothing that the file holds. */
export async function checkArchive(
  path: string,
  filename: string,
  source: string,
  sha256: string,
): Promise<CheckDraft[]> {
  const evidence = (says: string) => [{ source, freshness: "fresh" as const, says }];
  let faults: string[];
  try {
    faults = filename.endsWith(".whl")
      ? await faultsOfWheel(path)
      : /\.zip$/i.test(filename)
        ? (await readZip(path)).faults
        : await faultsOfTar(path, filename);
  } catch (error) {
    const { message } = error as Error;
    // A fault of our own says nothing of the archive.
    if (error instanceof TypeError || error instanceof ReferenceError) {
      return [
        {
          rule: RULE,
          state: "not-checked",
          artifact: filename,
          message: `${filename}: Thoth could not look into it (${message}).`,
          evidence: evidence(`sha256:${sha256}`),
        },
      ];
    }
    faults = [error instanceof BadArchive ? message : `it cannot be read: ${message}`];
  }
  if (faults.length === 0) {
    return [
      {
        rule: RULE,
        state: "passed",
        artifact: filename,
        message: `${filename} holds what it says.`,
        evidence: evidence(`sha256:${sha256}`),
      },
    ];
  }
  const told = faults.slice(0, MOST_FAULTS);
  const more = faults.length - told.length;
  return told.map((fault, at) => ({
    rule: RULE,
    state: "failed",
    artifact: filename,
    message: `${filename}: ${fault}${at === told.length - 1 && more > 0 ? `, and ${more} more such` : ""}.`,
    next: "Do not install it; tell its maintainers.",
    evidence: evidence(`sha256:${sha256}`),
  }));
}

/** An archive that cannot be taken for one at all. */
class BadArchive extends Error {}

interface Member {
  readonly name: string;
  readonly isFolder: boolean;
  read(): Buffer;
}

interface Zip {
  readonly members: readonly Member[];
  readonly faults: string[];
}

async function readWhole(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    if (size > 2 * 1024 * 1024 * 1024 - 1) throw new BadArchive("it is too large to be looked into");
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
    if (comment > 0) faults.push(`${comment} bytes stand in the archive's comment`);
    const end = {
      at,
      count: bytes.readUInt16LE(at + 10),
      size: bytes.readUInt32LE(at + 12),
      offset: bytes.readUInt32LE(at + 16),
      start: at,
    };
    return readEnd64(bytes, end);
  }
  throw new BadArchive("it is no zip archive: it has no end record");
}

function readEnd64(bytes: Buffer, end: End): End {
  const locator = end.at - 20;
  if (locator < 0 || bytes.readUInt32LE(locator) !== END_64_LOCATOR) return end;
  const at = Number(bytes.readBigUInt64LE(locator + 8));
  if (at < 0 || at + 56 > bytes.length || bytes.readUInt32LE(at) !== END_64)
    throw new BadArchive("its 64-bit end record is not where it says");
  return {
    at: end.at,
    count: Number(bytes.readBigUInt64LE(at + 32)),
    size: Number(bytes.readBigUInt64LE(at + 40)),
    offset: Number(bytes.readBigUInt64LE(at + 48)),
    start: at,
  };
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
}

async function readZip(path: string): Promise<Zip> {
  const bytes = await readWhole(path);
  const faults: string[] = [];
  const end = findEnd(bytes, faults);
  if (end.offset + end.size > end.start) throw new BadArchive("its list of members goes beyond its end");
  if (end.offset + end.size < end.start)
    faults.push(`${end.start - end.offset - end.size} bytes lie between the list of members and the end`);
  const entries = readEntries(bytes, end);
  if (entries.length !== end.count)
    faults.push(`its end record counts ${end.count} members, and ${entries.length} are listed`);
  const names = new Map<string, number>();
  for (const { name } of entries) names.set(name, (names.get(name) ?? 0) + 1);
  for (const [name, times] of names) if (times > 1) faults.push(`${show(name)} is in it ${times} times`);
  const folded = new Map<string, string>();
  for (const name of names.keys()) {
    const key = name.normalize("NFC").toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) faults.push(`${show(name)} and ${show(other)} are one file on some systems`);
    folded.set(key, name);
    if (isUnsafe(name)) faults.push(`${show(name)} would be put outside of the folder`);
  }
  let total = 0;
  const spans: { start: number; end: number; name: string }[] = [];
  const members = entries.map((entry): Member => {
    const local = compareLocal(bytes, entry, faults);
    if (local) spans.push({ ...local.span, name: entry.name });
    total += entry.size;
    return {
      name: entry.name,
      isFolder: entry.name.endsWith("/"),
      read: () => {
        if (!local) throw new BadArchive(`${show(entry.name)} cannot be read`);
        return unpack(bytes.subarray(local.data, local.data + entry.compressed), entry);
      },
    };
  });
  if (total > MOST_ALL) throw new BadArchive("it unpacks to more than 4 GiB");
  checkGaps(spans, end.offset, faults);
  return { members, faults };
}

function readEntries(bytes: Buffer, end: End): Entry[] {
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
    const sizes = readSizes64(extra, {
      size: bytes.readUInt32LE(at + 24),
      compressed: bytes.readUInt32LE(at + 20),
      local: bytes.readUInt32LE(at + 42),
    });
    entries.push({
      name: decodeName(rawName, flags),
      rawName,
      method: bytes.readUInt16LE(at + 10),
      flags,
      crc: bytes.readUInt32LE(at + 16),
      ...sizes,
    });
    if (entries.length > 200_000) throw new BadArchive("it has more than 200,000 members");
    at = next;
  }
  return entries;
}

/** Sizes and place of a large member (APPNOTE 4.5.3): what is 0xffffffff stands in the extra field, in this order. */
function readSizes64(extra: Buffer, plain: { size: number; compressed: number; local: number }) {
  const sizes = { ...plain };
  for (let at = 0; at + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(at);
    const length = extra.readUInt16LE(at + 2);
    if (id === 1) {
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
  if ((flags & 1) !== (entry.flags & 1)) differs.push("encryption");
  if (differs.length > 0)
    faults.push(`the header in front of ${name} says another ${differs.join(" and ")} than the list does`);
  let end = data + entry.compressed;
  if (isStreamed) end = behindDescriptor(bytes, end);
  return { data, span: { start: at, end } };
}

/** Behind a data descriptor (APPNOTE 4.3.9), which has a signature or none, and sizes of 4 or 8 bytes. */
function behindDescriptor(bytes: Buffer, at: number): number {
  const isSigned = at + 4 <= bytes.length && bytes.readUInt32LE(at) === DESCRIPTOR;
  const start = isSigned ? at + 4 : at;
  for (const length of [12, 20]) {
    const end = start + length;
    if (end + 4 > bytes.length) continue;
    const next = bytes.readUInt32LE(end);
    if (next === LOCAL || next === CENTRAL || next === END_64) return end;
  }
  return start + 12;
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

function isUnsafe(name: string): boolean {
  return (
    name.startsWith("/") || /^[A-Za-z]:/.test(name) || name.includes("\\") || name.split("/").includes("..")
  );
}

function unpack(data: Buffer, entry: Entry): Buffer {
  if (entry.size > MOST_MEMBER) throw new BadArchive(`${show(entry.name)} unpacks to more than 512 MiB`);
  if (entry.method === 0) return data;
  if (entry.method !== 8)
    throw new BadArchive(`${show(entry.name)} is packed in a way that pip does not know`);
  const unpacked = inflateRawSync(data, { maxOutputLength: Math.max(1, entry.size + 1) });
  if (unpacked.length !== entry.size)
    throw new BadArchive(`${show(entry.name)} has another size than it says`);
  return unpacked;
}

/** RECORD (PEP 376, 427) against the contents: every file is named in it, with its digest and size. */
async function faultsOfWheel(path: string): Promise<string[]> {
  const { members, faults } = await readZip(path);
  const records = members.filter(({ name }) => /^[^/]+\.dist-info\/RECORD$/.test(name));
  if (records.length !== 1) {
    faults.push(records.length === 0 ? "it has no RECORD" : "it has several RECORDs");
    return faults;
  }
  const [record] = records;
  const info = record!.name.slice(0, -"RECORD".length);
  const listed = readRecord(record!.read().toString("utf8"), faults);
  const files = new Map(members.filter(({ isFolder }) => !isFolder).map((member) => [member.name, member]));
  for (const name of listed.keys())
    if (!files.has(name)) faults.push(`its RECORD names ${show(name)}, which it does not hold`);
  for (const [name, member] of files) {
    const isSignature = name === `${info}RECORD.jws` || name === `${info}RECORD.p7s`;
    if (name === record!.name || isSignature) continue;
    const row = listed.get(name);
    if (!row) {
      faults.push(`it holds ${show(name)}, which its RECORD does not name`);
      continue;
    }
    const fault = compareRow(member, row);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

interface RecordRow {
  readonly digest: string;
  readonly size: string;
}

/** RECORD is CSV: a name may stand in quotes. */
function readRecord(text: string, faults: string[]): Map<string, RecordRow> {
  const rows = new Map<string, RecordRow>();
  for (const line of text.split(/\r?\n/)) {
    if (line === "") continue;
    const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
    );
    const [name = "", digest = "", size = ""] = fields;
    if (rows.has(name)) faults.push(`its RECORD names ${show(name)} twice`);
    rows.set(name, { digest, size });
  }
  return rows;
}

const STRONG = new Set(["sha256", "sha384", "sha512"]);

function compareRow(member: Member, { digest, size }: RecordRow): string | undefined {
  const name = show(member.name);
  const [algorithm = "", wanted = ""] = digest.split(/=(.*)/s);
  if (digest === "") return `its RECORD has no digest of ${name}`;
  if (!STRONG.has(algorithm)) return `its RECORD has only ${show(algorithm)} of ${name}`;
  const bytes = member.read();
  const given = createHash(algorithm).update(bytes).digest("base64url");
  if (given !== wanted.replace(/=+$/, "")) return `${name} has another digest than its RECORD says`;
  if (size !== "" && Number(size) !== bytes.length) return `${name} has another size than its RECORD says`;
  return undefined;
}

/** An sdist: members that are there twice, that go outside, and bytes behind the end. */
async function faultsOfTar(path: string, filename: string): Promise<string[]> {
  if (!/\.(?:tar\.gz|tgz|tar)$/i.test(filename)) return [];
  // CommonJS: in a bundle that is split, its names are on what it exports by default alone.
  const { extract } = (await import("tar-stream")).default;
  const faults: string[] = [];
  const names = new Map<string, number>();
  const tops = new Set<string>();
  const unpackTar = extract();
  const source = createReadStream(path);
  const gunzip = /\.tar$/i.test(filename) ? undefined : createGunzip();
  let total = 0;
  const failAll = (error: Error): void => void unpackTar.destroy(error);
  source.on("error", failAll);
  if (gunzip) {
    gunzip.on("error", failAll);
    gunzip.on("data", (piece: Buffer) => {
      total += piece.length;
      if (total > MOST_ALL) gunzip.destroy(new BadArchive("it unpacks to more than 4 GiB"));
    });
    source.pipe(gunzip).pipe(unpackTar);
  } else source.pipe(unpackTar);
  try {
    for await (const entry of unpackTar) {
      const { name, type, linkname } = entry.header;
      names.set(name, (names.get(name) ?? 0) + 1);
      tops.add(name.replace(/^\.\//, "").split("/")[0] ?? "");
      if (isUnsafe(name.replace(/^\.\//, "")))
        faults.push(`${show(name)} would be put outside of the folder`);
      if ((type === "symlink" || type === "link") && linkname && isOutside(name, linkname, type === "link"))
        faults.push(`${show(name)} is a link to ${show(linkname)}, outside of the folder`);
      if (type && !["file", "directory", "symlink", "link", "pax-header", "contiguous-file"].includes(type))
        faults.push(`${show(name)} is a ${type}, which no sdist holds`);
      entry.resume();
    }
  } finally {
    source.destroy();
    gunzip?.destroy();
  }
  for (const [name, times] of names) {
    if (times > 1 && !name.endsWith("/")) faults.push(`${show(name)} is in it ${times} times`);
  }
  if (tops.size > 1) faults.push(`it has ${tops.size} folders at its top, and an sdist has one`);
  return faults;
}

function isOutside(name: string, target: string, isHard: boolean): boolean {
  if (target.startsWith("/")) return true;
  const at = isHard ? [] : name.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.pop() === undefined) return true;
    } else at.push(part);
  }
  return false;
}

/** A name from an archive, as it may stand in a sentence. */
function show(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "?");
  return clean.length > 120 ? `${clean.slice(0, 119)}…` : clean;
}
