// Reads the full list of an index's project names (PEP 503, 691): large, so it is read once, bounded, and never kept whole twice.
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { fail, failError, failStatus, IndexError } from "./failure.ts";
import type { IndexLocation, NamesAnswer } from "./model.ts";
import type { Secrets } from "./secrets.ts";
import { decodeBody, header, type OpenAnswer, readAll, type Transport } from "./transport.ts";

export interface NameListOptions {
  readonly transport: Transport;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  /** Told the bytes that have arrived, and of how many where that is known. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

/** The public index has 700,000; more than this is no list of projects. */
const MOST_NAMES = 3_000_000;
const MOST_BYTES = 128 * 1024 * 1024;
const ACCEPT =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";
/** PEP 508's form of a name; what has another one cannot be asked for. */
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,198}[a-z0-9])?$/i;

/** Every name that the index lists, in its order. Rejects only when cancelled. */
export async function readNameList(index: IndexLocation, options: NameListOptions): Promise<NamesAnswer> {
  const { signal } = options;
  try {
    const names = index.url.startsWith("file:")
      ? await readFolderNames(index)
      : await askForNames(new URL(index.url.endsWith("/") ? index.url : `${index.url}/`), options);
    return { names };
  } catch (error) {
    if (signal.aborted) throw error;
    return { failure: failError(index.url, error) };
  }
}

/** A `file:` index has one folder for each project. */
async function readFolderNames(index: IndexLocation): Promise<string[]> {
  const entries = await readdir(fileURLToPath(index.url), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && NAME.test(entry.name)).map(({ name }) => name);
}

async function askForNames(url: URL, options: NameListOptions): Promise<string[]> {
  const { transport, secrets, signal, onProgress } = options;
  const { downloadDeadlineMs, maxWireBytes } = transport.limits;
  const headers = { accept: ACCEPT, "accept-encoding": "gzip, deflate" };
  const answer = await transport.get(
    url,
    { headers, signal, deadlineMs: downloadDeadlineMs },
    async (open) => {
      if (open.status !== 200) throw new IndexError(failList(url, open.status, secrets));
      const body = await readAll({ ...open, body: counted(open, onProgress) }, maxWireBytes);
      return { status: open.status, headers: open.headers, url: open.url, body };
    },
  );
  const type = (header(answer.headers, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const isJson = type === "application/vnd.pypi.simple.v1+json";
  if (!isJson && type !== "text/html" && type !== "application/vnd.pypi.simple.v1+html") {
    const what = `answered with ${type === "" ? "no content type" : type}, which is no list of an index`;
    throw new IndexError(fail("bad-content-type", answer.url, what, "Check the address of the index."));
  }
  const text = (await decodeBody(answer, Math.min(MOST_BYTES, transport.limits.maxPageBytes))).toString(
    "utf8",
  );
  return isJson ? readJsonNames(text, answer.url) : readHtmlNames(text, answer.url);
}

function failList(url: URL, status: number, secrets: Secrets) {
  if (status !== 404 && status !== 410) {
    return failStatus(url, status, secrets.authorization(url) !== undefined);
  }
  return fail("not-found", url, "has no list of its projects", "Check the address of the index.", status);
}

async function* counted(
  { body, headers }: OpenAnswer,
  onProgress: NameListOptions["onProgress"],
): AsyncIterable<Uint8Array> {
  const length = Number(header(headers, "content-length"));
  const total = Number.isFinite(length) && length > 0 ? length : undefined;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    onProgress?.(bytes, total);
    yield chunk;
  }
}

function takeInto(names: string[], name: string, url: URL): void {
  if (!NAME.test(name)) return;
  if (names.length >= MOST_NAMES) {
    const what = `lists more than ${MOST_NAMES.toLocaleString("en")} projects`;
    throw new IndexError(fail("too-large", url, what, "Check the address of the index."));
  }
  names.push(name);
}

/** `projects[].name`, read without making objects of the list: it may have a million. */
async function readJsonNames(text: string, url: URL): Promise<string[]> {
  const { visit } = await import("jsonc-parser");
  const names: string[] = [];
  // 0 outside, 1 in the answer's object, 2 in its list of projects, 3 in a project.
  let depth = 0;
  let found = false;
  let key = "";
  let listKey = "";
  const broken = (): IndexError =>
    new IndexError(fail("bad-page", url, "sent a list that is not JSON of PEP 691", "Check again later."));
  const open = (): boolean => {
    depth++;
    return depth <= 3;
  };
  try {
    visit(
      text,
      {
        onObjectBegin: open,
        onArrayBegin: () => {
          if (depth === 1) listKey = key;
          if (depth === 1 && key === "projects") found = true;
          return open();
        },
        onObjectEnd: () => void depth--,
        onArrayEnd: () => void depth--,
        onObjectProperty: (property) => {
          key = property;
        },
        onLiteralValue: (value) => {
          if (depth === 3 && listKey === "projects" && key === "name" && typeof value === "string") {
            takeInto(names, value, url);
          }
        },
        onError: () => {
          throw broken();
        },
      },
      { disallowComments: true },
    );
  } catch (error) {
    // The reader goes into what is nested by calling itself.
    throw error instanceof RangeError ? broken() : error;
  }
  if (!found) throw broken();
  return names;
}

/** The text of every link. */
async function readHtmlNames(html: string, url: URL): Promise<string[]> {
  const { Parser } = await import("htmlparser2");
  const names: string[] = [];
  let text: string | undefined;
  const parser = new Parser({
    onopentagname: (tag) => {
      if (tag === "a") text = "";
    },
    ontext: (piece) => {
      if (text !== undefined && text.length < 1000) text += piece;
    },
    onclosetag: (tag) => {
      if (tag !== "a" || text === undefined) return;
      takeInto(names, text.trim(), url);
      text = undefined;
    },
  });
  parser.end(html);
  if (names.length === 0 && !/<a[\s>]/i.test(html)) {
    const what = "sent a page without a single link, which is no list of an index";
    throw new IndexError(fail("bad-page", url, what, "Check the address of the index."));
  }
  return names;
}
