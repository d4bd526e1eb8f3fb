// Fetches the full list of project names of each index (PEP 691, "project list"): large, so only when a person asks.
import type { KnowledgeInput } from "../../../shared/src/protocol/knowledge.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import { redactUrl } from "../index/index.ts";
import type { OperationContext } from "./context.ts";
import { openIndexClient } from "./indexSettings.ts";

export type NameListAnswer =
  | { readonly index: string; readonly count: number }
  | { readonly index: string; readonly failure: string };

const MEGABYTE = 1_000_000;

/** Fetches and keeps the names of every configured index. Rejects only when cancelled. */
export async function fetchNames(
  context: OperationContext,
  input: KnowledgeInput,
  signal: AbortSignal,
  calls: Pick<Calls<never>, "progress" | "warn">,
): Promise<NameListAnswer[]> {
  const { client, settings } = await openIndexClient(context, input, signal);
  for (const problem of settings.problems) calls.warn(problem);
  const { names } = await context.knowledge();
  const answers: NameListAnswer[] = [];
  try {
    for (const index of settings.indexes) {
      const shown = redactUrl(index.url);
      const stage = `fetching the names of ${shown}`;
      calls.progress({ message: stage, stage });
      const answer = await client.names(index, {
        signal,
        onProgress: (bytes, total) => calls.progress({ message: `${stage}: ${amount(bytes, total)}`, stage }),
      });
      if ("failure" in answer) {
        const reason = answer.failure.message.replace(/^Not checked: /, "");
        answers.push({ index: shown, failure: `${reason} ${answer.failure.next}` });
        continue;
      }
      calls.progress({ message: `keeping ${answer.names.length} names of ${shown}`, stage });
      await names.replaceAll(answer.names, index.url, context.now(), signal);
      answers.push({ index: shown, count: answer.names.length });
    }
  } finally {
    await client.close();
  }
  return answers.length > 0 ? answers : [{ index: "any index", failure: "no index is configured" }];
}

function amount(bytes: number, total: number | undefined): string {
  const read = (bytes / MEGABYTE).toFixed(1);
  return total === undefined ? `${read} MB` : `${read} of ${(total / MEGABYTE).toFixed(1)} MB`;
}
