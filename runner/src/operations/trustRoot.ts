// The trust root for operations: brought up to date when a person asks, and after an answer for the next time.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KnowledgeInput, KnowledgeOutput } from "../../../shared/src/protocol/knowledge.ts";
import type { Answer, CommonInput } from "../../../shared/src/protocol/operation.ts";
import { dataFolder } from "../data/index.ts";
import { redactUrl } from "../index/index.ts";
import { type TrustState, updateTrust } from "../provenance/attestation/index.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { openIndexClient } from "./indexSettings.ts";

/** Milliseconds that an update after an answer may take, all requests together: the process ends with it. */
const LATE_LIMIT = 8_000;
/** Milliseconds for which a repository that could not be asked is left alone. */
const LEFT_ALONE = 3_600_000;
/** Names the repository, a mirror of Sigstore's, or `off`. */
const VARIABLE = "THOTH_TRUST_REPOSITORY";

interface Wants {
  readonly signal: AbortSignal;
  readonly maxAge?: number;
  readonly repository?: string | undefined;
}

async function ask(context: OperationContext, input: CommonInput, wants: Wants): Promise<TrustState> {
  const { signal, maxAge } = wants;
  const named = wants.repository ?? context.env[VARIABLE];
  const repository = named === "off" ? undefined : named?.replace(/\/+$/, "");
  if (repository && !/^https?:$/.test(URL.parse(repository)?.protocol ?? "")) {
    const message = `${redactUrl(repository)} is no address of a repository.`;
    throw new OperationError("usage", "bad-address", message, "Give one of http or https.");
  }
  const { client } = await openIndexClient(context, input, signal);
  try {
    return await updateTrust({
      folder: dataFolder(context),
      now: context.now(),
      signal,
      fetch: (url, maxBytes) => client.text(url, { maxBytes, signal }),
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(repository ? { repository } : {}),
    });
  } finally {
    await client.close();
  }
}

/**
 * `knowledge update trust-root`.
 * @throws OperationError where nothing was fetched, with the reason; what `signal` was aborted with.
 */
export async function updateStoredTrust(
  context: OperationContext,
  input: KnowledgeInput,
  signal: AbortSignal,
  path: string,
): Promise<Answer<KnowledgeOutput>> {
  const { failure, sentence } = await ask(context, input, { signal, maxAge: 0, repository: input.from });
  if (failure) {
    const kind = failure.code === "not-writable" ? "failed" : "not-checked";
    throw new OperationError(kind, failure.code, `trust root not fetched: ${failure.message}`, failure.next);
  }
  return { result: { path, message: sentence }, notChecked: [] };
}

/**
 * Has the trust root brought up to date once the answer has been told, where the last time is more than a day ago: nobody waits for
 * it, and the answer of this time says how old its own is. Nothing happens offline or where the person has switched it off.
 */
export function refreshTrustLater(context: OperationContext, input: CommonInput): void {
  if (input.offline === true || context.env[VARIABLE] === "off") return;
  const folder = join(dataFolder(context), "trust");
  const mark = join(folder, "failed.json");
  if (context.now() - lastFailure(mark) < LEFT_ALONE) return;
  context.afterwards(async () => {
    const { failure } = await ask(context, input, { signal: AbortSignal.timeout(LATE_LIMIT) }).catch(() => ({
      failure: true,
    }));
    if (!failure) return;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(mark, JSON.stringify({ time: context.now() }), { mode: 0o600 });
    } catch {
      // Then it is asked again the next time.
    }
  });
}

function lastFailure(mark: string): number {
  try {
    const { time } = JSON.parse(readFileSync(mark, "utf8")) as { time?: unknown };
    return typeof time === "number" ? time : 0;
  } catch {
    return 0;
  }
}
