// Reads what an index sent for one page, in whichever form and packing it has.
import { fail, IndexError } from "./failure.ts";
import type { PageDraft } from "./pageBody.ts";
import { type Answer, decodeBody, header } from "./transport.ts";

/** The text of an answer in its own character set, UTF-8 where it names none. Throws IndexError for JSON that is not UTF-8. */
function readText(bytes: Buffer, contentType: string, url: URL): string {
  const json = /json/i.test(contentType);
  const charset = /charset=["']?([^\s;"']+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(json ? "utf-8" : charset, { fatal: json }).decode(bytes);
  } catch {
    if (!json) return new TextDecoder("utf-8").decode(bytes);
    throw new IndexError(
      fail("bad-page", url, "sent a page that is not UTF-8", "Tell the keepers of the index."),
    );
  }
}

/** Reads a page in whichever form the answer has. Throws IndexError. */
export async function readPage(
  answer: Answer,
  name: string | undefined,
  maxBytes: number,
): Promise<PageDraft> {
  const contentType = header(answer.headers, "content-type") ?? "";
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const isJson = type === "application/vnd.pypi.simple.v1+json" && name !== undefined;
  const isHtml = type === "text/html" || type === "application/vnd.pypi.simple.v1+html";
  if (!isJson && !isHtml) {
    const newer = /^application\/vnd\.pypi\.simple\.v(\d+)\+/.exec(type)?.[1];
    if (newer !== undefined && newer !== "1") {
      const what = `speaks version ${newer} of the simple API, which is newer than 1`;
      throw new IndexError(
        fail("unsupported-version", answer.url, what, "Update Thoth, or remove the index."),
      );
    }
    const what = `answered with ${type === "" ? "no content type" : type}, which is no page of an index`;
    throw new IndexError(fail("bad-content-type", answer.url, what, "Check the address of the index."));
  }
  const bytes = await decodeBody(answer, maxBytes);
  if (bytes.length === 0) {
    throw new IndexError(fail("bad-page", answer.url, "sent an empty page", "Check again later."));
  }
  const text = readText(bytes, contentType, answer.url);
  if (isJson) return (await import("./jsonPage.ts")).readJsonPage(text, answer.url, name);
  return (await import("./htmlPage.ts")).readHtmlPage(text, answer.url, name);
}
