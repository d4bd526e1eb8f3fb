// Reads a project's page in JSON (PEP 691, 700, 708, 714, 740, 792).
import { fail, IndexError } from "./failure.ts";
import { type DraftFile, isSameProject, type PageDraft } from "./pageBody.ts";
import { LinkReader, otherLocations, provenanceAddress } from "./pageLinks.ts";
import { cleanText } from "./redact.ts";

const CHECK = "Check the address of the index, or tell its keepers.";

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws where the page is of a newer major version, which may mean anything (PEP 629). */
export function checkApiVersion(version: unknown, url: URL): void {
  if (version === undefined) return;
  const major = typeof version === "string" ? /^(\d+)\.\d+$/.exec(version)?.[1] : undefined;
  if (major === undefined) {
    throw new IndexError(
      fail(
        "bad-page",
        url,
        `gives its version as ${cleanText(JSON.stringify(version) ?? "nothing", 40)}`,
        CHECK,
      ),
    );
  }
  if (major !== "1") {
    const what = `speaks version ${cleanText(String(version), 20)} of the simple API, which is newer than 1`;
    throw new IndexError(fail("unsupported-version", url, what, "Update Thoth, or remove the index."));
  }
}

const HEX = /^[0-9a-f]+$/;

interface Digests {
  sha256?: string;
  otherHashes?: Readonly<Record<string, string>>;
}

/** Puts the digests that a page gives into `into`, lower case; what is no digest is left out. */
function readHashes(value: unknown, into: Digests): void {
  if (!isObject(value)) return;
  for (const algorithm of Object.keys(value)) {
    const given = value[algorithm];
    if (typeof given !== "string" || given.length > 128) continue;
    const digest = given.toLowerCase();
    if (!HEX.test(digest)) continue;
    if (algorithm === "sha256") {
      if (digest.length === 64) into.sha256 = digest;
    } else if (/^[a-z0-9_]{1,20}$/.test(algorithm) && algorithm !== "__proto__") {
      into.otherHashes = { ...into.otherHashes, [algorithm]: digest };
    }
  }
}

/** PEP 714: `core-metadata`, or the older key where that is missing; `true` or a table of digests. */
function readCoreMetadataKey(file: Record<string, unknown>): true | string | undefined {
  const value = file["core-metadata"] ?? file["data-dist-info-metadata"] ?? file["dist-info-metadata"];
  if (value === true) return true;
  if (!isObject(value)) return undefined;
  const digests: Digests = {};
  readHashes(value, digests);
  return digests.sha256 ?? true;
}

function readFile(file: unknown, links: LinkReader, page: URL): DraftFile | undefined {
  if (!isObject(file)) return void links.leave("An entry", "is no object");
  const { filename, url, size, yanked } = file;
  if (typeof filename !== "string" || typeof url !== "string") {
    return void links.leave("An entry", "has no file name or no address");
  }
  if (!links.accepts(filename)) return undefined;
  const resolved = links.resolve(url);
  if (!resolved) return undefined;
  // Filled in field by field: spreads of optional parts take a quarter of the time that 50,000 entries need.
  const draft: { -readonly [Key in keyof DraftFile]: DraftFile[Key] } = { filename, url: resolved.url };
  readHashes(file.hashes, draft);
  const requiresPython = file["requires-python"];
  if (typeof requiresPython === "string" && requiresPython !== "") draft.requiresPython = requiresPython;
  // PEP 691 goes by whether the value is truthy: an empty reason is none, and no yank.
  if (yanked === true) draft.yanked = true;
  else if (typeof yanked === "string" && yanked !== "") draft.yanked = yanked;
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) draft.size = size;
  const uploadTime = file["upload-time"];
  if (typeof uploadTime === "string" && uploadTime.length < 64) draft.uploadTime = uploadTime;
  const coreMetadata = readCoreMetadataKey(file);
  if (coreMetadata !== undefined) draft.coreMetadata = coreMetadata;
  const { provenance } = file;
  if (provenance === null) draft.provenance = null;
  else if (typeof provenance === "string" && provenance !== "") {
    draft.provenance = provenanceAddress(provenance, page);
  }
  return draft;
}

/**
 * The page of `name` (PEP 503 form) that `text` holds, fetched from `url`. Entries that are broken or unsafe are left out
 * and counted. Throws IndexError where the whole page cannot be trusted: no JSON, another shape, version or project.
 */
export function readJsonPage(text: string, url: URL, name: string): PageDraft {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    throw new IndexError(fail("bad-page", url, `sent a page for ${name} that is not JSON`, CHECK));
  }
  if (!isObject(page))
    throw new IndexError(fail("bad-page", url, `sent a page for ${name} of another shape`, CHECK));
  if (page.meta !== undefined && !isObject(page.meta)) {
    throw new IndexError(fail("bad-page", url, `sent a page for ${name} of another shape`, CHECK));
  }
  checkApiVersion(isObject(page.meta) ? page.meta["api-version"] : undefined, url);
  if (!Array.isArray(page.files)) {
    throw new IndexError(fail("bad-page", url, `sent a page for ${name} without a list of files`, CHECK));
  }
  const said = page.name;
  if (typeof said === "string" && !isSameProject(said, name)) {
    throw new IndexError(
      fail("name-mismatch", url, `sent the page of ${cleanText(said, 60)} for ${name}`, CHECK),
    );
  }
  const links = new LinkReader(url, name);
  const files: DraftFile[] = [];
  for (const entry of page.files as unknown[]) {
    const file = readFile(entry, links, url);
    if (file) files.push(file);
  }
  const marker = page["project-status"];
  const status = isObject(marker) ? marker.status : marker;
  const reason = isObject(marker) ? marker.reason : page["project-status-reason"];
  const tracks = isObject(page.meta) ? page.meta.tracks : undefined;
  const alternates = page["alternate-locations"];
  return {
    displayName: typeof said === "string" ? said : name,
    ...(typeof status === "string" && status !== "active" ? { status } : {}),
    ...(typeof reason === "string" && reason !== "" ? { statusReason: reason } : {}),
    ...(Array.isArray(tracks) ? { tracks: otherLocations(tracks) } : {}),
    ...(Array.isArray(alternates) ? { alternateLocations: otherLocations(alternates) } : {}),
    files,
    problems: summarise(links),
  };
}

/** What was left out, the number of further ones last. */
export function summarise(links: LinkReader): string[] {
  const more = links.leftOut - links.problems.length;
  return more > 0 ? [...links.problems.slice(0, 4), `${more + 1} more files were left out.`] : links.problems;
}
