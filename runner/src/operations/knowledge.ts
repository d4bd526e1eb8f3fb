// `knowledge`: the file of what is known: where it is, what it holds, and its upkeep.
import { resolve } from "node:path";
import type { KnowledgeInput, KnowledgeOutput } from "../../../shared/src/protocol/knowledge.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import { type Knowledge, knowledgePath } from "../knowledge/index.ts";
import type { Operation, OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";

const DAY = 86_400_000;

/** Looks after the file of knowledge. Throws KnowledgeError for a file that is not ours or too new. */
export const knowledge: Operation<KnowledgeInput, KnowledgeOutput, never> = async (
  context,
  input,
  calls,
  signal,
) => {
  const { env, platform, home, knowledgeFile } = context;
  const path = knowledgePath({
    env,
    platform,
    home,
    ...(knowledgeFile === undefined ? {} : { file: knowledgeFile }),
  });
  if (input.action === "path") return { result: { path }, notChecked: [] };
  if (input.action === "update" && input.what === "advisories") {
    const { updateStoredAdvisories } = await import("./advisories.ts");
    return updateStoredAdvisories(context, input, calls, signal, path);
  }
  if (input.action === "update" && input.what === "trust-root") {
    const { updateStoredTrust } = await import("./trustRoot.ts");
    return updateStoredTrust(context, input, signal, path);
  }
  if (input.action === "update") return updateNames(context, input, calls, signal, path);
  return { result: await act(await context.knowledge(), input, context, path), notChecked: [] };
};

async function act(
  known: Knowledge,
  input: KnowledgeInput,
  context: OperationContext,
  path: string,
): Promise<KnowledgeOutput> {
  switch (input.action) {
    case "export": {
      const file = requireFile(input);
      const { records } = await known.exportTo(file);
      return { path, message: `${records} records written to ${file}.` };
    }
    case "import": {
      const file = requireFile(input);
      const { records, badCount, bad } = await known.importFrom(file);
      const problems = bad.map(({ line, reason }) => `${file} line ${line}: ${reason}`);
      const message = `${records} records read from ${file}${badCount > 0 ? `, ${badCount} lines left out` : ""}.`;
      return { path, message, ...(problems.length > 0 ? { problems } : {}) };
    }
    case "prune": {
      const { maxBytes, olderThanDays } = input;
      const { freedBytes, removedFacts } = await known.prune({
        ...(maxBytes === undefined ? {} : { maxBytes }),
        ...(olderThanDays === undefined ? {} : { olderThan: context.now() - olderThanDays * DAY }),
      });
      await known.vacuum();
      return { path, message: `${freedBytes} bytes of pages and ${removedFacts} facts removed.` };
    }
    case "clear-cache": {
      await known.clearCache();
      return { path, message: "Pages, metadata and lists of names are forgotten; facts are kept." };
    }
    default:
      return statsOf(known, path);
  }
}

async function statsOf(known: Knowledge, path: string): Promise<KnowledgeOutput> {
  const { schema, journal, bytes, cacheBytes, counts, oldest, newest } = await known.stats();
  const problems = await known.check();
  const [first, ...others] = known.advisories.sources();
  return {
    path,
    stats: {
      schema,
      journal,
      bytes,
      cacheBytes,
      ...counts,
      ...(oldest === undefined ? {} : { oldest: new Date(oldest).toISOString() }),
      ...(newest === undefined ? {} : { newest: new Date(newest).toISOString() }),
      ...(first
        ? {
            advisories: known.advisories.count(),
            advisoriesAsOf: new Date(first.asOf).toISOString(),
            advisoriesFetched: new Date(first.time).toISOString(),
            advisoriesSource: [first, ...others].map(({ place }) => place).join(", "),
            advisoriesLicense: [...new Set([first, ...others].map(({ license }) => license))].join("; "),
          }
        : { advisories: "none stored; thoth knowledge update advisories" }),
    },
    ...(problems.length > 0 ? { problems } : {}),
  };
}

function requireFile(input: KnowledgeInput): string {
  if (input.file === undefined) {
    throw new OperationError("usage", "no-file", `knowledge ${input.action} needs a file.`, "Name the file.");
  }
  return resolve(input.cwd, input.file);
}

async function updateNames(
  context: OperationContext,
  input: KnowledgeInput,
  calls: Pick<Calls<never>, "progress" | "warn">,
  signal: AbortSignal,
  path: string,
): ReturnType<typeof knowledge> {
  const { fetchNames } = await import("./nameLists.ts");
  const lists = await fetchNames(context, input, signal, calls);
  const failed = lists.filter((list) => "failure" in list);
  const counted = lists.flatMap((list) =>
    "failure" in list
      ? []
      : [`${list.count.toLocaleString("en")} ${list.count === 1 ? "name" : "names"} of ${list.index}`],
  );
  return {
    result: { path, ...(counted.length > 0 ? { message: `${counted.join(", ")}.` } : {}) },
    notChecked: failed.map((list) => ({ what: `names of ${list.index}`, reason: list.failure })),
  };
}
