// Reads the provenance object of one file (PEP 740): bounded, and told apart whether there is none or it could not be asked.
import { nestsDeeperThan } from "../../../shared/src/text/nesting.ts";
import { fail, failError, failStatus, IndexError } from "./failure.ts";
import type { ProvenanceAnswer } from "./model.ts";
import { redactUrl } from "./redact.ts";
import type { Secrets } from "./secrets.ts";
import { decodeBody, header, type Transport } from "./transport.ts";

export interface ProvenanceContext {
  readonly transport: Transport;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
}

const ACCEPT = "application/vnd.pypi.integrity.v1+json, application/json; q=0.1";
/** Some hundred attestations: real ones take ten kilobytes each. */
const MAX_BYTES = 4 * 1024 * 1024;
/** A provenance object nests about eight deep. What is deeper would end whoever writes it down again. */
const MAX_DEPTH = 64;
const CHECK = "Check again later, or tell the keepers of the index.";
const TELL = "Tell the keepers of the index.";

/** What the index has at `address`. Only 404 and 410 mean that there is none. Rejects only when cancelled. */
export async function readProvenance(address: string, context: ProvenanceContext): Promise<ProvenanceAnswer> {
  const { transport, secrets, signal } = context;
  const url = URL.parse(address) ?? new URL("about:invalid");
  if (!/^https?:$/.test(url.protocol)) {
    const message = "Not checked: the address of its provenance is none of a network.";
    return { failure: { code: "unsafe-url", index: redactUrl(url), message, next: TELL } };
  }
  try {
    const answer = await transport.getWhole(url, {
      headers: { accept: ACCEPT, "accept-encoding": "gzip, deflate" },
      signal,
      maxBytes: MAX_BYTES,
    });
    if (answer.status === 404 || answer.status === 410) return { absent: "not-found" };
    if (answer.status !== 200) {
      return { failure: failStatus(url, answer.status, secrets.authorization(url) !== undefined) };
    }
    const type = (header(answer.headers, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
    if (type === "text/html") {
      const what = "answered with a web page in place of a provenance";
      return { failure: fail("bad-content-type", url, what, CHECK) };
    }
    const text = (await decodeBody(answer, MAX_BYTES)).toString("utf8");
    let provenance: unknown;
    try {
      provenance = JSON.parse(text);
    } catch {
      return { failure: fail("bad-page", url, "sent a provenance that is not JSON", CHECK) };
    }
    if (nestsDeeperThan(text, MAX_DEPTH)) {
      return { failure: fail("bad-page", url, "sent a provenance that nests too deep", CHECK) };
    }
    return { provenance, url: address };
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof IndexError) return { failure: error.failure };
    return { failure: failError(url, error) };
  }
}
