// The compact form in which a parsed page is kept: one line of JSON, then one line of fields per file, read only when looked at.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion, type Version } from "../../../shared/src/packaging/version.ts";
import { versionStart, versionText } from "./fileNames.ts";
import type { IndexLocation, PageFile, ProjectPage, Release } from "./model.ts";
import { cleanText } from "./redact.ts";

/** A page as a reader of HTML or JSON found it; texts need not be clean yet, addresses are absolute. */
export interface PageDraft {
  readonly displayName: string;
  readonly status?: string;
  readonly statusReason?: string;
  /** PEP 708, absolute and without logins. */
  readonly tracks?: readonly string[];
  readonly alternateLocations?: readonly string[];
  readonly files: readonly DraftFile[];
  readonly problems: readonly string[];
  /** Another origin than the index's, which answered in its place. */
  readonly answeredBy?: string;
}

export interface DraftFile {
  readonly filename: string;
  readonly url: string;
  readonly sha256?: string;
  readonly otherHashes?: Readonly<Record<string, string>>;
  readonly requiresPython?: string;
  readonly yanked?: string | true;
  readonly size?: number;
  readonly uploadTime?: string;
  readonly coreMetadata?: true | string;
  readonly provenance?: string | null;
}

interface Head {
  readonly v: number;
  readonly n: string;
  /** What most addresses begin with. */
  readonly b: string;
  /** Requires-Python texts, of which a page has few. */
  readonly py: readonly string[];
  readonly st?: string;
  readonly sr?: string;
  /** What it tracks, and its alternate locations. */
  readonly tr?: readonly string[];
  readonly al?: readonly string[];
  readonly p?: readonly string[];
  /** The origin that answered in the index's place. */
  readonly from?: string;
}

/** In place of an address: the index says that there is none. */
const NONE = "-";

const VERSION = 2;
/** The body kept for a project that the index does not have. */
export const ABSENT_BODY = "absent";

// What separates fields and lines must not be in a field, and no escape of a terminal is of use in one.
const UNCLEAN = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/;
const field = (text: string | undefined): string =>
  text === undefined ? "" : UNCLEAN.test(text) ? cleanText(text, 2000) : text;

/** The text that `decodePage` reads. Fields: name, address, sha256, Requires-Python, yanked, size, time, metadata, provenance, other hashes. */
export function encodePage(draft: PageDraft): string {
  const first = draft.files[0]?.url ?? "";
  const base = /^[a-z]+:\/\/[^/]*\/(?:[^/]+\/)?/.exec(first)?.[0] ?? "";
  const pythons = new Map<string, number>();
  const lines: string[] = [""];
  for (const file of draft.files) {
    const { filename, url, requiresPython, yanked, coreMetadata } = file;
    const directory = url.endsWith(`/${filename}`) ? url.slice(0, -filename.length) : url;
    let python = "";
    if (requiresPython !== undefined) {
      const text = field(requiresPython);
      let at = pythons.get(text);
      if (at === undefined) {
        at = pythons.size;
        pythons.set(text, at);
      }
      python = String(at);
    }
    let line = `${filename}\t${
      base !== "" && directory.startsWith(base) ? directory.slice(base.length) : `!${directory}`
    }\t${file.sha256 ?? ""}\t${python}\t${
      yanked === undefined ? "" : yanked === true ? "1" : `"${field(yanked)}`
    }\t${file.size ?? ""}\t${field(file.uploadTime)}\t${
      coreMetadata === undefined ? "" : coreMetadata === true ? "1" : coreMetadata
    }`;
    if (file.provenance !== undefined || file.otherHashes !== undefined) {
      const provenance = file.provenance === null ? NONE : field(file.provenance).replace(filename, "*");
      line += `\t${provenance}\t${file.otherHashes ? JSON.stringify(file.otherHashes) : ""}`;
    }
    lines.push(line);
  }
  const head: Head = {
    v: VERSION,
    n: field(draft.displayName),
    b: base,
    py: [...pythons.keys()],
    ...(draft.status ? { st: field(draft.status) } : {}),
    ...(draft.statusReason ? { sr: field(draft.statusReason) } : {}),
    ...(draft.tracks?.length ? { tr: draft.tracks.map(field) } : {}),
    ...(draft.alternateLocations?.length ? { al: draft.alternateLocations.map(field) } : {}),
    ...(draft.problems.length > 0 ? { p: draft.problems.slice(0, 5) } : {}),
    ...(draft.answeredBy ? { from: field(draft.answeredBy) } : {}),
  };
  lines[0] = JSON.stringify(head);
  return lines.join("\n");
}

const UPLOAD_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Milliseconds since the epoch of a time in ISO 8601 (PEP 700), UTC where it names no zone. Date.parse alone sees a date in nearly any text. */
function readUploadTime(text: string): number | undefined {
  const found = UPLOAD_TIME.exec(text);
  if (!found) return undefined;
  const time = Date.parse(text.length > 10 && found[1] === undefined ? `${text}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}

/** A line of a page. A field is looked for when it is asked for: of most files few ever are. */
class StoredFile implements PageFile {
  readonly filename: string;
  readonly #head: Head;
  readonly #line: string;

  constructor(head: Head, line: string) {
    this.#head = head;
    this.#line = line;
    const end = line.indexOf("\t");
    this.filename = end < 0 ? line : line.slice(0, end);
  }

  #field(at: number): string {
    const line = this.#line;
    let start = 0;
    for (let field = 0; field < at; field++) {
      start = line.indexOf("\t", start) + 1;
      if (start === 0) return "";
    }
    const end = line.indexOf("\t", start);
    return end < 0 ? line.slice(start) : line.slice(start, end);
  }

  get url(): string {
    const text = this.#field(1);
    const url = text.startsWith("!") ? text.slice(1) : this.#head.b + text;
    return url.endsWith("/") ? url + this.filename : url;
  }
  get hashes(): Readonly<Record<string, string>> {
    const sha256 = this.#field(2);
    const other = this.#field(9);
    return { ...(other ? (JSON.parse(other) as Record<string, string>) : {}), ...(sha256 ? { sha256 } : {}) };
  }
  get requiresPython(): string | undefined {
    const at = this.#field(3);
    return at === "" ? undefined : this.#head.py[Number(at)];
  }
  get yanked(): string | true | undefined {
    const text = this.#field(4);
    return text === "" ? undefined : text === "1" ? true : text.slice(1);
  }
  get size(): number | undefined {
    const text = this.#field(5);
    return text === "" ? undefined : Number(text);
  }
  get uploadTime(): number | undefined {
    return readUploadTime(this.#field(6));
  }
  get coreMetadata(): true | { readonly sha256: string } | undefined {
    const text = this.#field(7);
    return text === "" ? undefined : text === "1" ? true : { sha256: text };
  }
  get provenance(): string | null | undefined {
    const text = this.#field(8);
    return text === NONE ? null : text.replace("*", this.filename) || undefined;
  }
  toJSON(): Record<string, unknown> {
    return plainFile(this);
  }
}

function plainFile(file: PageFile): Record<string, unknown> {
  const { filename, url, hashes, requiresPython, yanked, size, uploadTime, coreMetadata, provenance } = file;
  return { filename, url, hashes, requiresPython, yanked, size, uploadTime, coreMetadata, provenance };
}

/** Files grouped by version, newest first; what is no PEP 440 version last. */
export function groupReleases(files: readonly PageFile[], name: string): Release[] {
  const byText = new Map<string, PageFile[]>();
  for (const file of files) {
    const text = versionText(file.filename, versionStart(file.filename, name)) ?? "";
    const group = byText.get(text);
    if (group) group.push(file);
    else byText.set(text, [file]);
  }
  const byVersion = new Map<string, { version: string; parsed: Version | undefined; files: PageFile[] }>();
  for (const [text, group] of byText) {
    const parsed = parseVersion(text);
    const version = parsed ? parsed.toString() : text;
    const known = byVersion.get(version);
    if (known) known.files.push(...group);
    else byVersion.set(version, { version, parsed, files: group });
  }
  return [...byVersion.values()].sort((a, b) => {
    if (a.parsed && b.parsed) return compareVersions(b.parsed, a.parsed);
    return a.parsed ? -1 : b.parsed ? 1 : a.version < b.version ? 1 : -1;
  });
}

export interface PageState {
  readonly index: IndexLocation;
  readonly fetchedAt: number;
  readonly freshUntil?: number;
  readonly freshness: "fresh" | "stale";
  readonly source: ProjectPage["source"];
}

class StoredProjectPage implements ProjectPage {
  readonly name: string;
  readonly displayName: string;
  readonly index: IndexLocation;
  readonly fetchedAt: number;
  readonly freshUntil: number | undefined;
  readonly freshness: "fresh" | "stale";
  readonly source: ProjectPage["source"];
  readonly problems: readonly string[];
  readonly #head: Head;
  readonly #body: string;
  #files: readonly PageFile[] | undefined;
  #releases: readonly Release[] | undefined;

  constructor(name: string, head: Head, body: string, state: PageState) {
    this.name = name;
    this.displayName = head.n;
    this.index = state.index;
    this.fetchedAt = state.fetchedAt;
    this.freshUntil = state.freshUntil;
    this.freshness = state.freshness;
    this.source = state.source;
    this.problems = head.p ?? [];
    this.#head = head;
    this.#body = body;
  }

  get files(): readonly PageFile[] {
    if (!this.#files) {
      const lines = this.#body.split("\n");
      lines.shift();
      this.#files = lines.map((line) => new StoredFile(this.#head, line));
    }
    return this.#files;
  }

  get releases(): readonly Release[] {
    this.#releases ??= groupReleases(this.files, this.name);
    return this.#releases;
  }

  get status(): { status: string; reason?: string } | undefined {
    const { st, sr } = this.#head;
    return st === undefined ? undefined : { status: st, ...(sr === undefined ? {} : { reason: sr }) };
  }

  get tracks(): readonly string[] | undefined {
    return this.#head.tr;
  }

  get alternateLocations(): readonly string[] | undefined {
    return this.#head.al;
  }

  get answeredBy(): string | undefined {
    return this.#head.from;
  }
}

/** The page that `body` holds, or undefined if it is in no form known here: then it is fetched again. */
export function decodePage(name: string, body: string, state: PageState): ProjectPage | undefined {
  const end = body.indexOf("\n");
  try {
    const head = JSON.parse(end < 0 ? body : body.slice(0, end)) as Head;
    if (head.v !== VERSION || !Array.isArray(head.py) || typeof head.n !== "string") return undefined;
    return new StoredProjectPage(name, head, body, state);
  } catch {
    return undefined;
  }
}

/** A file of a page that was just fetched: what the line of a stored page would say, without writing and reading that line. */
class FetchedFile implements PageFile {
  readonly filename: string;
  readonly url: string;
  readonly #draft: DraftFile;

  constructor(draft: DraftFile) {
    this.filename = draft.filename;
    this.url = draft.url;
    this.#draft = draft;
  }

  get hashes(): Readonly<Record<string, string>> {
    const { otherHashes, sha256 } = this.#draft;
    return { ...otherHashes, ...(sha256 === undefined ? {} : { sha256 }) };
  }
  get requiresPython(): string | undefined {
    const { requiresPython } = this.#draft;
    return requiresPython === undefined ? undefined : field(requiresPython);
  }
  get yanked(): string | true | undefined {
    const { yanked } = this.#draft;
    return typeof yanked === "string" ? field(yanked) : yanked;
  }
  get size(): number | undefined {
    return this.#draft.size;
  }
  get uploadTime(): number | undefined {
    const { uploadTime } = this.#draft;
    return uploadTime === undefined ? undefined : readUploadTime(field(uploadTime));
  }
  get coreMetadata(): true | { readonly sha256: string } | undefined {
    const { coreMetadata } = this.#draft;
    return typeof coreMetadata === "string" ? { sha256: coreMetadata } : coreMetadata;
  }
  get provenance(): string | null | undefined {
    const { provenance } = this.#draft;
    return provenance === null ? null : field(provenance) || undefined;
  }
  toJSON(): Record<string, unknown> {
    return plainFile(this);
  }
}

class FetchedPage implements ProjectPage {
  readonly name: string;
  readonly displayName: string;
  readonly index: IndexLocation;
  readonly fetchedAt: number;
  readonly freshUntil: number | undefined;
  readonly freshness: "fresh" | "stale";
  readonly source: ProjectPage["source"];
  readonly problems: readonly string[];
  readonly files: readonly PageFile[];
  readonly status: { status: string; reason?: string } | undefined;
  readonly tracks: readonly string[] | undefined;
  readonly alternateLocations: readonly string[] | undefined;
  readonly answeredBy: string | undefined;
  #releases: readonly Release[] | undefined;

  constructor(name: string, draft: PageDraft, state: PageState) {
    const { status, statusReason } = draft;
    this.name = name;
    this.displayName = field(draft.displayName);
    this.index = state.index;
    this.fetchedAt = state.fetchedAt;
    this.freshUntil = state.freshUntil;
    this.freshness = state.freshness;
    this.source = state.source;
    this.problems = draft.problems.slice(0, 5);
    this.tracks = draft.tracks?.length ? draft.tracks.map(field) : undefined;
    this.alternateLocations = draft.alternateLocations?.length
      ? draft.alternateLocations.map(field)
      : undefined;
    this.answeredBy = draft.answeredBy === undefined ? undefined : field(draft.answeredBy);
    this.files = draft.files.map((file) => new FetchedFile(file));
    this.status = status
      ? { status: field(status), ...(statusReason ? { reason: field(statusReason) } : {}) }
      : undefined;
  }

  get releases(): readonly Release[] {
    this.#releases ??= groupReleases(this.files, this.name);
    return this.#releases;
  }
}

/** The page as `decodePage` would give it of what `encodePage` writes. */
export function pageOfDraft(name: string, draft: PageDraft, state: PageState): ProjectPage {
  return new FetchedPage(name, draft, state);
}

/** Whether what an index says a page is of is what was asked for. */
export function isSameProject(said: string, asked: string): boolean {
  return said === asked || normalizeName(said) === asked;
}
