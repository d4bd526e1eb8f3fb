// Downloads one artifact: streamed to disk, verified, bounded, and never left half-done under its own name.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { fail, failError, failStatus, IndexError } from "./failure.ts";
import type { DownloadAnswer, PageFile } from "./model.ts";
import { cleanText } from "./redact.ts";
import { header, type Transport } from "./transport.ts";

export interface DownloadContext {
  readonly transport: Transport;
  readonly offline: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
  readonly maxBytes?: number | undefined;
}

const NOT_THE_FILE = "Do not install it; tell the keepers of the index.";

let parts = 0;

/** Writes the pieces to `part`, counting and hashing. Throws IndexError for what is too long or has another digest. */
async function writePieces(
  file: PageFile,
  pieces: AsyncIterable<Uint8Array>,
  part: string,
  total: number | undefined,
  context: DownloadContext,
): Promise<{ bytes: number; sha256: string }> {
  const limit = context.maxBytes ?? context.transport.limits.maxDownloadBytes;
  const listed = ["sha256", "sha512", "sha384"].find((algorithm) => file.hashes[algorithm] !== undefined);
  const sha256 = createHash("sha256");
  const other = listed !== undefined && listed !== "sha256" ? createHash(listed) : undefined;
  // What the disk refuses is another matter than what the index does, and is told as such.
  const toDisk = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: NodeJS.ErrnoException) => {
      const why = `was not downloaded from: ${cleanText(file.filename, 120)} cannot be written (${error.code ?? "error"})`;
      throw new IndexError(fail("not-writable", file.url, why, "Free some space, or choose another folder."));
    });
  const handle = await toDisk(open(part, "wx", 0o600));
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      context.signal.throwIfAborted();
      bytes += piece.length;
      if (file.size !== undefined && bytes > file.size) {
        // Whatever follows: it is not the file that is listed.
        const why = `sends more of ${cleanText(file.filename, 120)} than it lists`;
        throw new IndexError(fail("digest-mismatch", file.url, why, NOT_THE_FILE));
      }
      if (bytes > limit) {
        const why = `sends more of ${cleanText(file.filename, 120)} than is allowed`;
        throw new IndexError(fail("too-large", file.url, why, "Tell the keepers of the index."));
      }
      sha256.update(piece);
      other?.update(piece);
      await toDisk(handle.writeFile(piece));
      context.onProgress?.(bytes, total);
    }
    await toDisk(handle.sync());
  } finally {
    await handle.close();
  }
  const digest = sha256.digest("hex");
  const actual = other ? other.digest("hex") : digest;
  if (listed !== undefined && actual !== file.hashes[listed]) {
    const why = `sent a file of ${cleanText(file.filename, 120)} with another digest than it lists`;
    throw new IndexError(fail("digest-mismatch", file.url, why, NOT_THE_FILE));
  }
  if (file.size !== undefined && bytes !== file.size) {
    const why = `sent less of ${cleanText(file.filename, 120)} than it lists`;
    throw new IndexError(fail("truncated", file.url, why, "Check again later."));
  }
  return { bytes, sha256: digest };
}

/**
 * Puts `file` at the path `to`: written beside it first, renamed when its digest and size are what the index lists, removed
 * otherwise. Throws only what the signal was aborted with.
 */
export async function downloadFile(
  file: PageFile,
  to: string,
  context: DownloadContext,
): Promise<DownloadAnswer> {
  const { transport, signal, offline } = context;
  const part = `${to}.${process.pid}.${++parts}.part`;
  try {
    const url = new URL(file.url);
    if (url.protocol === "file:") {
      if (url.host !== "")
        throw new IndexError(fail("unsafe-url", url, "is no place on this machine", "Give a path."));
      const stream = createReadStream(fileURLToPath(url), { signal });
      const done = await writePieces(file, stream as AsyncIterable<Buffer>, part, file.size, context);
      await rename(part, to);
      return done;
    }
    if (offline) {
      const { index } = fail("offline", url, "", "");
      return {
        failure: {
          code: "offline",
          index,
          message: "Not checked: offline.",
          next: "Check again when you are online.",
        },
      };
    }
    const options = {
      headers: { "accept-encoding": "identity" },
      signal,
      deadlineMs: transport.limits.downloadDeadlineMs,
    };
    const done = await transport.get(url, options, (answer) => {
      if (answer.status === 404 || answer.status === 410) {
        const why = `lists ${cleanText(file.filename, 120)} and does not have it`;
        throw new IndexError(fail("not-found", url, why, "Choose another release.", answer.status));
      }
      if (answer.status !== 200) throw new IndexError(failStatus(url, answer.status, false));
      const announced = Number(header(answer.headers, "content-length"));
      const total = file.size ?? (announced > 0 ? announced : undefined);
      return writePieces(file, answer.body, part, total, context);
    });
    await rename(part, to);
    return done;
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    if (signal.aborted) throw error;
    return { failure: failError(file.url, error) };
  }
}
