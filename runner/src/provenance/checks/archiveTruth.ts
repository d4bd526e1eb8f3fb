// Check 12: does the archive hold what it says, and does every reader see the same in it? Read from its bytes, nothing is unpacked to disk.
import { createHash } from "node:crypto";
import { readWheelFilename } from "../../../../shared/src/packaging/filename.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion } from "../../../../shared/src/packaging/version.ts";
import type { CheckDraft } from "../model.ts";
import { BadArchive, NotLookedInto, show } from "./archiveFaults.ts";
import { lookIntoTar } from "./tarArchive.ts";
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
    else if (/\.zip$/i.test(filename)) for (const member of await readZip(path, faults)) member.read();
    else await lookIntoTar(path, filename, faults);
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
  const members = await readZip(path, faults);
  const records = members.filter(({ name }) => /^[^/]+\.dist-info\/RECORD$/.test(name));
  if (records.length !== 1) {
    faults.push(records.length === 0 ? "it has no RECORD" : "it has several RECORDs");
    return;
  }
  const infos = new Set(members.flatMap(({ name }) => /^([^/]+\.dist-info)\//.exec(name)?.[1] ?? []));
  if (infos.size > 1) faults.push(`it has ${infos.size} .dist-info folders, and a wheel has one`);
  const [record] = records;
  const info = record!.name.slice(0, -"RECORD".length);
  const metadata = members.find(({ name }) => name === `${info}METADATA`);
  if (metadata) faults.push(...compareIdentity(metadata.read().toString("utf8"), filename));
  else faults.push("it has no METADATA beside its RECORD");
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

/** Whether core metadata is of the project and version that the wheel's name says: an index files it under its name alone. */
function compareIdentity(metadata: string, filename: string): string[] {
  const named = readWheelFilename(filename);
  if (!named.ok) return [];
  const headers = metadata.split(/\r?\n\r?\n/, 1)[0] ?? "";
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(.*?)\\s*$`, "im").exec(headers)?.[1];
  const faults: string[] = [];
  const [name = "", text = ""] = [field("Name"), field("Version")];
  if (normalizeName(name) !== named.value.name)
    faults.push(`its METADATA is of ${name === "" ? "no project" : show(name)}`);
  const version = parseVersion(text);
  if (!version || compareVersions(version, named.value.version) !== 0)
    faults.push(`its METADATA is of version ${text === "" ? "none" : show(text)}`);
  return faults;
}
