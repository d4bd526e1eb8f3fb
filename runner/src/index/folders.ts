// Reads indexes and loose files that lie in folders: `file:` indexes (PEP 503 pages on disk) and find-links.
import { promises } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import { fail, failError, IndexError } from "./failure.ts";
import { versionStart, versionText } from "./fileNames.ts";
import type { IndexFailure, IndexLocation, PageFile, ProjectPage, Release } from "./model.ts";
import { decodePage, encodePage, groupReleases, type PageDraft, type PageState } from "./pageBody.ts";
import type { PageResult } from "./pages.ts";

const isAbsent = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/** The path of a `file:` address, or the failure of one that names another machine or is none. */
function localPath(url: URL): string {
  try {
    if (url.host !== "") throw new Error("host");
    return fileURLToPath(url);
  } catch {
    throw new IndexError(
      fail(
        "unsafe-url",
        url,
        "is no place on this machine",
        "Give a path, or a file: address without a host.",
      ),
    );
  }
}

/** The archives of a folder as a draft of a page. */
async function listFolder(folder: string): Promise<PageDraft> {
  const { LinkReader } = await import("./pageLinks.ts");
  const links = new LinkReader(pathToFileURL(`${folder}/`), undefined);
  const names = (await promises.readdir(folder)).sort();
  const files = names
    .filter((filename) => links.accepts(filename))
    .map((filename) => ({ filename, url: pathToFileURL(join(folder, filename)).href }));
  return { displayName: "", files, problems: links.problems };
}

const stateOf = (index: IndexLocation, now: number): PageState => ({
  index,
  fetchedAt: now,
  freshness: "fresh",
  source: "folder",
});

/** The project `name` of the `file:` index: its `NAME/index.html`, else the archives in `NAME/`. Never throws. */
export async function readFolderIndex(index: IndexLocation, name: string, now: number): Promise<PageResult> {
  const root = new URL(index.url.endsWith("/") ? index.url : `${index.url}/`);
  try {
    const folder = localPath(new URL(`${encodeURIComponent(name)}/`, root));
    let draft: PageDraft;
    try {
      const html = await promises.readFile(join(folder, "index.html"), "utf8");
      const { readHtmlPage } = await import("./htmlPage.ts");
      draft = readHtmlPage(html, pathToFileURL(join(folder, "index.html")), name);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      const { files, problems } = await listFolder(folder);
      draft = {
        displayName: name,
        files: files.filter((f) => versionStart(f.filename, name) >= 0),
        problems,
      };
    }
    const page = decodePage(name, encodePage({ ...draft, displayName: name }), stateOf(index, now));
    return page ? { page } : { absent: true };
  } catch (error) {
    return isAbsent(error) ? { absent: true } : { failure: failError(index.url, error) };
  }
}

/** Whether the folder of a `file:` index is there at all. pip leaves out one that is not, and says so. */
export async function isFolderThere(index: IndexLocation): Promise<boolean> {
  try {
    await promises.stat(localPath(new URL(index.url)));
    return true;
  } catch (error) {
    return !isAbsent(error);
  }
}

/** Every archive of a local find-links place: a folder, a page in HTML, or one archive. */
export type LooseFiles =
  | { readonly page: ProjectPage }
  | { readonly missing: IndexFailure }
  | { readonly failure: IndexFailure };

/** Reads a local find-links place whole. Never throws. */
export async function readLooseFiles(index: IndexLocation, now: number): Promise<LooseFiles> {
  try {
    const url = new URL(index.url);
    const path = localPath(url);
    const found = await promises.stat(path);
    let draft: PageDraft;
    if (found.isDirectory()) draft = await listFolder(path);
    else if (/\.html?$/i.test(path)) {
      const { readHtmlPage } = await import("./htmlPage.ts");
      draft = readHtmlPage(await promises.readFile(path, "utf8"), url, undefined);
    } else {
      const { LinkReader } = await import("./pageLinks.ts");
      const links = new LinkReader(url, undefined);
      const filename = links.filenameOf(url.href);
      const files = links.accepts(filename) ? [{ filename, url: url.href }] : [];
      draft = { displayName: "", files, problems: links.problems };
    }
    const page = decodePage("", encodePage(draft), stateOf(index, now));
    if (!page) throw new Error("a page that was just written cannot be read");
    return { page };
  } catch (error) {
    if (isAbsent(error)) return { missing: missingFolder(index) };
    return { failure: failError(index.url, error) };
  }
}

/** What is said of a place that pip passes over because it is not there. */
export function missingFolder(index: IndexLocation): IndexFailure {
  return fail(
    "not-found",
    index.url,
    "is not there",
    `Make the folder, or remove it from ${index.origin.where}.`,
  );
}

/** The files of one project among loose files, as a page of its own; undefined where there are none. */
export function selectProject(all: ProjectPage, name: string): ProjectPage | undefined {
  const files = all.files.filter(({ filename }) => {
    const start = versionStart(filename, name);
    // Among loose files `demo-tools-1.0.tar.gz` is no release "tools-1.0" of demo.
    return start >= 0 && parseVersion(versionText(filename, start) ?? "") !== undefined;
  });
  return files.length > 0 ? new LoosePage(name, files, all) : undefined;
}

class LoosePage implements ProjectPage {
  readonly name: string;
  readonly displayName: string;
  readonly files: readonly PageFile[];
  readonly index: IndexLocation;
  readonly fetchedAt: number;
  readonly freshness: "fresh" | "stale";
  readonly source: ProjectPage["source"];
  readonly problems: readonly string[] = [];
  #releases: readonly Release[] | undefined;

  constructor(name: string, files: readonly PageFile[], of: ProjectPage) {
    this.name = name;
    this.displayName = name;
    this.files = files;
    this.index = of.index;
    this.fetchedAt = of.fetchedAt;
    this.freshness = of.freshness;
    this.source = of.source;
  }

  get releases(): readonly Release[] {
    this.#releases ??= groupReleases(this.files, this.name);
    return this.#releases;
  }
}
