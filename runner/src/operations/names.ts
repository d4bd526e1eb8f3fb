// `names`: project names that begin with a prefix, from knowledge alone.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { NamesInput, NamesOutput } from "../../../shared/src/protocol/names.ts";
import type { Operation } from "./context.ts";

/** Answers at once: nothing is fetched. */
export const names: Operation<NamesInput, NamesOutput, never> = async (context, input) => {
  const known = (await context.knowledge()).names;
  const found = known.search(normalizeName(input.prefix), input.limit + 1);
  const times = known.lists().map((list) => list.time);
  return {
    result: {
      names: found.slice(0, input.limit).map((name) => ({ name })),
      incomplete: found.length > input.limit,
      ...(times.length > 0 ? { listed: new Date(Math.min(...times)).toISOString() } : {}),
    },
    notChecked: [],
  };
};
