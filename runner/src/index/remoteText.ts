// Reads one requirements file from the network, as pip does for `-r https://…`: bounded, and said plainly where it is something else.
import { fail, failError, failStatus, IndexError } from "./failure.ts";
import type { TextAnswer } from "./model.ts";
import type { Secrets } from "./secrets.ts";
import { decodeBody, header, type Transport } from "./transport.ts";

export interface RemoteTextOptions {
  readonly transport: Transport;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** JSON that is sent: the address is then asked by POST. */
  readonly json?: string | undefined;
}

const ACCEPT = "text/plain, */*; q=0.1";

/** The bytes at `url`. Credentials are those of its own origin. Rejects only when cancelled. */
export async function readRemoteText(url: URL, options: RemoteTextOptions): Promise<TextAnswer> {
  const { transport, secrets, signal, maxBytes, json } = options;
  try {
    const answer = await transport.getWhole(url, {
      headers: {
        accept: ACCEPT,
        "accept-encoding": "gzip, deflate",
        ...(json === undefined ? {} : { "content-type": "application/json" }),
      },
      body: json,
      signal,
      maxBytes,
    });
    if (answer.status === 404 || answer.status === 410) {
      throw new IndexError(
        fail("not-found", url, `answered ${answer.status}`, "Check the address.", answer.status),
      );
    }
    if (answer.status !== 200)
      throw new IndexError(failStatus(url, answer.status, secrets.authorization(url) !== undefined));
    const type = (header(answer.headers, "content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    if (type === "text/html") {
      const what = "answered with a web page";
      throw new IndexError(fail("bad-content-type", url, what, "Name the address of the plain text."));
    }
    return { bytes: await decodeBody(answer, maxBytes) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { failure: failError(url, error) };
  }
}
