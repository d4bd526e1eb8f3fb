// `knowledge`: the file of knowledge: where it lies, what is in it, what goes in and out.
import type { KnowledgeInput, KnowledgeOutput } from "../../../../shared/src/protocol/knowledge.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { OperationError } from "../../operations/index.ts";
import { common } from "../options.ts";
import { commonInput, given, text, texts } from "../optionValues.ts";
import type { CommandSpec } from "./spec.ts";

const ACTIONS = ["path", "stats", "update", "export", "import", "prune", "clear-cache"] as const;

export const knowledge: CommandSpec = {
  operation: "knowledge",
  args: [
    [`[ACTION]`, `${ACTIONS.join(", ")}; path by default`],
    ["[FILE]", "for export and import; names, advisories or trust-root for update"],
  ],
  options: [
    {
      flags: "--from <WHERE>",
      description:
        "update advisories: an archive, a folder or file of OSV records, or an address; update trust-root: a mirror's address",
    },
    {
      flags: "--for <PATH>",
      description: "update advisories: ask the service of --from for the packages of this manifest only",
      repeats: true,
    },
    { flags: "--max-bytes <BYTES>", description: "prune: keep at most so much", number: true },
    { flags: "--older-than <DAYS>", description: "prune: forget what is older", number: true },
    ...common,
  ],
  input: (args, options, cwd): KnowledgeInput => {
    const [action = "path", file] = args;
    if (!(ACTIONS as readonly string[]).includes(action)) {
      throw new OperationError(
        "usage",
        "unknown-action",
        `knowledge has no action ${action}.`,
        `Name one of ${ACTIONS.join(", ")}.`,
      );
    }
    const what = file ?? "names";
    if (action === "update" && !/^(?:names|advisories|trust-root)$/.test(what)) {
      const next = "Name names, advisories or trust-root.";
      throw new OperationError("usage", "unknown-list", `knowledge cannot update ${file}.`, next);
    }
    if (options.from !== undefined && (action !== "update" || what === "names")) {
      const message = "--from says where advisories or the trust root come from.";
      const next = "Use it with update advisories or update trust-root.";
      throw new OperationError("usage", "from-without-update", message, next);
    }
    if (file === undefined && (action === "export" || action === "import")) {
      throw new OperationError(
        "usage",
        "no-file",
        `knowledge ${action} needs a file.`,
        `Name it: thoth knowledge ${action} FILE.`,
      );
    }
    return {
      ...commonInput(options, cwd),
      action: action as KnowledgeInput["action"],
      ...(action === "update" ? { what: what as KnowledgeInput["what"] } : {}),
      ...given<Pick<KnowledgeInput, "file" | "from" | "for" | "maxBytes" | "olderThanDays">>({
        file,
        from: text(options.from),
        for: texts(options.for),
        maxBytes: typeof options.maxBytes === "number" ? options.maxBytes : undefined,
        olderThanDays: typeof options.olderThan === "number" ? options.olderThan : undefined,
      }),
    };
  },
  formats: {
    text: async () => {
      const { knowledgeText } = await import("../text/others.ts");
      return (answer: Answer<KnowledgeOutput>, { terminal, now }) => knowledgeText(answer, terminal, { now });
    },
  },
  failed: (result: KnowledgeOutput) => (result.problems?.length ?? 0) > 0,
  needsAll: true,
};
