// Turns what went wrong into a failure that a person can act on.
import type { IndexFailure, IndexFailureCode } from "./model.ts";
import { cleanText, redactText, redactUrl, shortName } from "./redact.ts";

/** Carries a failure through code that would otherwise have to hand it up by hand. Never leaves this room. */
export class IndexError extends Error {
  readonly failure: IndexFailure;
  constructor(failure: IndexFailure) {
    super(failure.message);
    this.name = "IndexError";
    this.failure = failure;
  }
}

/** A failure at `url`: `why` follows "Not checked: HOST ", without a full stop. */
export function fail(
  code: IndexFailureCode,
  url: string | URL,
  why: string,
  next: string,
  status?: number,
): IndexFailure {
  const index = redactUrl(url);
  return {
    code,
    index,
    ...(status === undefined ? {} : { status }),
    message: `Not checked: ${shortName(index)} ${cleanText(why, 300)}.`,
    next,
  };
}

/** What is not asked because the person said so. */
export function offlineFailure(url: string | URL): IndexFailure {
  return {
    code: "offline",
    index: redactUrl(url),
    message: "Not checked: offline.",
    next: "Check again when you are online.",
  };
}

/** The failure that a status other than 2xx, 304 and 404 stands for. */
export function failStatus(url: string | URL, status: number, signedIn: boolean): IndexFailure {
  const answered = `answered ${status}`;
  if (status === 401) {
    const next = signedIn
      ? "Check the user and password, or remove the index."
      : "Sign in, or remove the index.";
    return fail("unauthorized", url, answered, next, status);
  }
  if (status === 407)
    return fail("proxy", url, "is behind a proxy that answered 407", "Sign in to the proxy.", status);
  if (status === 403) return fail("forbidden", url, answered, "Ask for access, or remove the index.", status);
  if (status === 429) return fail("rate-limited", url, answered, "Wait a while, then check again.", status);
  if (status >= 500)
    return fail("server-error", url, answered, "Check again later, or remove the index.", status);
  return fail("unexpected-status", url, answered, "Check the address of the index.", status);
}

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_OSSL)/;

interface CodedError {
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** The innermost error that carries a code: wrappers say less than what they wrap. */
function innermost(error: unknown): CodedError {
  let current = error as CodedError;
  for (let depth = 0; depth < 5; depth++) {
    const inner = (current?.cause ?? current?.errors?.[0]) as CodedError | undefined;
    if (!inner || typeof inner !== "object") break;
    current = inner;
  }
  return current ?? {};
}

/** The failure that an exception of the HTTP client or of the file system stands for. */
export function failError(url: string | URL, error: unknown): IndexFailure {
  if (error instanceof IndexError) return error.failure;
  const { code = "", name = "", message = "" } = innermost(error);
  const check = "Check the address and the network, then check again.";
  if (/TIMEOUT|ETIMEDOUT/i.test(code) || name === "TimeoutError") {
    return fail("timeout", url, "did not answer in time", "Check again later, or raise pip's timeout.");
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return fail("unreachable", url, "was not found by name", check);
  if (code === "ECONNREFUSED") return fail("unreachable", url, "refused the connection", check);
  if (/^(EHOST|ENET|EADDR)/.test(code)) return fail("unreachable", url, "cannot be reached", check);
  if (TLS_CODES.test(code) || /certificate/i.test(message)) {
    return fail(
      "tls",
      url,
      `has no valid certificate (${code || redactText(message)})`,
      "Set pip's cert option to the authority that signed it.",
    );
  }
  if (/proxy/i.test(message))
    return fail("proxy", url, "cannot be reached through the proxy", "Check the proxy setting.");
  if (name === "MaxRedirectsError" || /redirect loop/i.test(message) || code === "UND_ERR_MAX_REDIRECTS") {
    return fail("redirect-loop", url, "redirects in a circle", "Check the address of the index.");
  }
  if (/Invalid URL/i.test(message)) {
    const why = "redirects to what is no address of a network";
    return fail("redirect-refused", url, why, "Check the address of the index.");
  }
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") {
    return fail("truncated", url, "sent less or more than it announced", "Check again later.");
  }
  if (/^HPE_/.test(code) || /HTTPParserError/.test(name) || code === "UND_ERR_HEADERS_OVERFLOW") {
    return fail("bad-response", url, "does not speak HTTP as it should", "Check the address of the index.");
  }
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_REQ_RETRY|ECONNABORTED|UND_ERR_ABORTED)/.test(code)) {
    return fail(
      "connection-lost",
      url,
      "closed the connection before the answer was whole",
      "Check again later.",
    );
  }
  if (/^(EACCES|EPERM|EISDIR|ELOOP|EMFILE|EIO|ENOTDIR|ENAMETOOLONG)$/.test(code)) {
    return fail("unreadable", url, `cannot be read (${code})`, "Check the folder and its permissions.");
  }
  return fail(
    "bad-response",
    url,
    `could not be read (${code || name || "error"}: ${redactText(message)})`,
    check,
  );
}
