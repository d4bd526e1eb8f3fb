// Check 12: does the archive hold what it says, and does every reader see the same in it? Read from its bytes, nothing is unpacked to disk.
import { createHash } from "node:crypto";
import { readSdistFilename, readWheelFilename } from "../../../../shared/src/packaging/filename.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import type { CheckDraft } from "../model.ts";
import { BadArchive, NotLookedInto, show } from "./archiveFaults.ts";
import { IS_PKG_INFO, lookIntoTar } from "./tarArchive.ts";
import { type Member, readZip } from "./zipArchive.ts";

const RULE = "archive-truth";
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
  const faults: string[] = [];
  /** Why not all of it was looked into. */
  let unseen: string | undefined;
  try {
    if (filename.endsWith(".whl")) await lookIntoWheel(path, filename, faults);
    else if (/\.zip$/i.test(filename)) await lookIntoZip(path, filename, faults);
    else {
      const { info } = await lookIntoTar(path, filename, faults);
      if (info !== undefined) faults.push(...compareSdist(info, filename));
    }
  } catch (error) {
    const { message } = error as Error;
    // A fault of our own says nothing of the archive, nor does that it is too large.
    if (error instanceof NotLookedInto) unseen = message;
    else if (error instanceof TypeError || error instanceof ReferenceError)
      unseen = `Thoth could not look into it (${message})`;
    else faults.push(error instanceof BadArchive ? message : `it cannot be read: ${message}`);
  }
  if (faults.length === 0 && unseen !== undefined) {
    return [
      {
        rule: RULE,
        state: "not-checked",
        artifact: filename,
        message: `${filename}: ${unseen}.`,
        evidence: evidence(`sha256:${sha256}`),
      },
    ];
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

/** RECORD (PEP 376, 427) against the contents: every file is named in it, with its digest and size; and whose wheel it says it is. */
async function lookIntoWheel(path: string, filename: string, faults: string[]): Promise<void> {
  const named = readWheelFilename(filename);
  const isCaseSensitive = named.ok && [...named.value.tags].every((tag) => /-[a-z]*linux[^-]*$/.test(tag));
  const members = await readZip(path, faults, { isCaseSensitive });
  const records = members.filter(({ name }) => /^[^/]+\.dist-info\/RECORD$/.test(name));
  if (records.length !== 1) {
    faults.push(records.length === 0 ? "it has no RECORD" : "it has several RECORDs");
    return;
  }
  const infos = new Set(members.flatMap(({ name }) => /^([^/]+\.dist-info)\//.exec(name)?.[1] ?? []));
  if (infos.size > 1) faults.push(`it has ${infos.size} .dist-info folders, and a wheel has one`);
  const [record] = records;
  const info = record!.name.slice(0, -"RECORD".length);
  if (named.ok) faults.push(...compareInfo(info.slice(0, -1), named.value));
  const metadata = members.find(({ name }) => name === `${info}METADATA`);
  if (!metadata) faults.push("it has no METADATA beside its RECORD");
  else if (named.ok) faults.push(...compareMetadata(metadata.read().toString("utf8"), named.value));
  if (!members.some(({ name }) => name === `${info}WHEEL`)) faults.push("it has no WHEEL beside its RECORD");
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

/** A source distribution as a zip archive: every member unpacks, and its PKG-INFO is of what its name says. */
async function lookIntoZip(path: string, filename: string, faults: string[]): Promise<void> {
  for (const member of await readZip(path, faults)) {
    const bytes = member.read();
    if (IS_PKG_INFO.test(member.name)) faults.push(...compareSdist(bytes.toString("utf8"), filename));
  }
}

interface Named {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: Version;
}

/** Whether the folder of a wheel's metadata is named as its file is (PEP 427), which installers hold it to. */
function compareInfo(folder: string, { name, version }: Named): string[] {
  const [, project = "", text = ""] = /^(.+)-([^-]+)\.dist-info$/.exec(folder) ?? [];
  const own = parseVersion(text.replaceAll("_", "-"));
  const isSame = normalizeName(project) === name && own !== undefined && compareVersions(own, version) === 0;
  return isSame ? [] : [`its folder of metadata is ${show(folder)}`];
}

/** What core metadata says in a field of its headers. */
function fieldOf(metadata: string, name: string): string {
  const headers = metadata.split(/\r?\n\r?\n/, 1)[0] ?? "";
  return new RegExp(`^${name}:[ \\t]*(.*?)\\s*$`, "im").exec(headers)?.[1] ?? "";
}

/** Whether core metadata is of the project and version that the wheel's name says: an index files it under its name alone. */
function compareMetadata(metadata: string, named: Named): string[] {
  const faults: string[] = [];
  const [name, text] = [fieldOf(metadata, "Name"), fieldOf(metadata, "Version")];
  if (normalizeName(name) !== named.name)
    faults.push(`its METADATA is of ${name === "" ? "no project" : show(name)}`);
  const version = parseVersion(text);
  if (!version || compareVersions(version, named.version) !== 0)
    faults.push(`its METADATA is of version ${text === "" ? "none" : show(text)}`);
  return faults;
}

/** The same of a source distribution, of which old ones say little: what is there must not be another's. */
function compareSdist(metadata: string, filename: string): string[] {
  const named = readSdistFilename(filename);
  if (!named.ok) return [];
  const faults: string[] = [];
  const [name, text] = [fieldOf(metadata, "Name"), fieldOf(metadata, "Version")];
  if (name !== "" && normalizeName(name) !== named.value.name)
    faults.push(`its PKG-INFO is of ${show(name)}`);
  const version = parseVersion(text);
  if (version && compareVersions(version, named.value.version) !== 0)
    faults.push(`its PKG-INFO is of version ${show(text)}`);
  return faults;
}
