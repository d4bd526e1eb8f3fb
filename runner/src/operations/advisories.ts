// Advisories for operations: bringing them into the file of knowledge, and what is kept against the projects of a manifest.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { KnowledgeInput, KnowledgeOutput } from "../../../shared/src/protocol/knowledge.ts";
import type { Answer, Calls, NotChecked } from "../../../shared/src/protocol/operation.ts";
import { askService, type UpdateAnswer, UpdateRefused, updateAdvisories } from "../advisories/index.ts";
import type { IndexClient } from "../index/index.ts";
import { SERVICE } from "../knowledge/index.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { openIndexClient } from "./indexSettings.ts";

/**
 * Reads advisories in.
 * @throws OperationError where nothing was changed, with the reason; what `signal` was aborted with.
 */
export async function updateStoredAdvisories(
  context: OperationContext,
  input: KnowledgeInput,
  calls: Pick<Calls<never>, "progress" | "warn">,
  signal: AbortSignal,
  path: string,
): Promise<Answer<KnowledgeOutput>> {
  const { advisories } = await context.knowledge();
  let client: IndexClient | undefined;
  const open = async (): Promise<IndexClient> => {
    ({ client } = await openIndexClient(context, input, signal));
    return client;
  };
  const progress = (message: string, stage: string, done?: number, total?: number): void =>
    calls.progress({
      message,
      stage,
      ...(done === undefined ? {} : { done }),
      ...(total === undefined ? {} : { total }),
    });
  const common = { advisories, now: context.now(), signal, progress };
  const notChecked: NotChecked[] = [];
  try {
    let answer: UpdateAnswer;
    if (input.for === undefined) {
      answer = await updateAdvisories({ ...common, from: placeOf(input), client: open });
    } else {
      const { tellableNames } = await import("./advisoryNames.ts");
      const { names, kept } = await tellableNames(context, input, input.for, signal);
      if (kept.length > 0) {
        const reason = "an index that is not public is asked for it, so its name is told to no service";
        notChecked.push(...kept.map((name) => ({ what: `advisories of ${name}`, reason })));
      }
      if (names.length === 0) return { result: { path, message: "No service was asked." }, notChecked };
      answer = await askService({ ...common, address: serviceOf(input), names, client: await open() });
    }
    for (const problem of answer.problems) calls.warn(problem);
    return { result: { path, message: sayUpdate(answer) }, notChecked };
  } catch (error) {
    if (!(error instanceof UpdateRefused)) throw error;
    const { code, message, next, unreachable } = error;
    if (unreachable)
      throw new OperationError("not-checked", code, `advisories not fetched: ${message}`, next);
    const isUnreadable = code === "not-found" || code === "not-advisories";
    throw new OperationError(isUnreadable ? "unreadable" : "failed", code, message, next);
  } finally {
    await client?.close();
  }
}

/** `2,661 advisories from PLACE, 12 of them read now, the newest of 2026-11-20. 3 left out. 40 of other ecosystems passed over.` */
function sayUpdate({ source, read, leftOut, foreign }: UpdateAnswer): string {
  const amount = (number: number): string => number.toLocaleString("en");
  const day = new Date(source.asOf).toISOString().slice(0, 10);
  const age = source.source.startsWith(SERVICE) ? `as of ${day}` : `the newest of ${day}`;
  const count = `${amount(source.records)} ${source.records === 1 ? "advisory" : "advisories"}`;
  const news = read === source.records ? "" : `, ${amount(read)} of them read now`;
  const left = leftOut > 0 ? ` ${amount(leftOut)} left out.` : "";
  const passed = foreign > 0 ? ` ${amount(foreign)} of other ecosystems passed over.` : "";
  return `${count} from ${source.place}${news}, ${age}.${left}${passed}`;
}

/** The address of the service to be asked: it is never asked by default. */
function serviceOf({ from }: KnowledgeInput): string {
  if (from !== undefined && /^https?:\/\//i.test(from)) return from;
  const message = "--for names manifests whose packages a service is asked for, and no service is named.";
  throw new OperationError("usage", "no-service", message, "Name it: --from https://api.osv.dev.");
}

/** A path is looked up from where the person stands. */
function placeOf({ from, cwd }: KnowledgeInput): string | undefined {
  if (from === undefined || /^https?:\/\//i.test(from)) return from;
  return from.startsWith("file:") && URL.canParse(from) ? fileURLToPath(from) : resolve(cwd, from);
}
