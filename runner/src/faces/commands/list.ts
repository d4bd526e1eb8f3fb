// `list`: what manifests say, as data and as a table.
import type { ListInput, ListOutput } from "../../../../shared/src/protocol/list.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { common } from "../options.ts";
import { commonInput } from "../optionValues.ts";
import { type CommandSpec, paths } from "./spec.ts";

export const list: CommandSpec = {
  operation: "list",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: common,
  input: (args, options, cwd): ListInput => ({ ...commonInput(options, cwd), paths: paths(args) }),
  formats: {
    text: async () => {
      const { listText } = await import("../text/others.ts");
      return (answer: Answer<ListOutput>, { terminal }) => listText(answer, terminal);
    },
  },
  failed: (result: ListOutput) => result.files.some((file) => file.errors.length > 0),
  needsAll: false,
};
