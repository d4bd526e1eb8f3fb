// `knowledge`: the file of what is known: where it is, what it holds, and its upkeep.
import * as z from "zod";
import { commonInput } from "./operation.ts";

export const input = commonInput.extend({
  action: z.enum(["path", "stats", "update", "export", "import", "prune", "clear-cache"]),
  /** `update`: what to fetch: `names`, the full list of names of the index, which is large, `advisories`, or Sigstore's `trust-root`. */
  what: z.enum(["names", "advisories", "trust-root"]).optional(),
  /** `update advisories`: an archive, a folder or a file, or an address; the published archive by default. `update trust-root`: the
   * address of a mirror of Sigstore's TUF repository. */
  from: z.string().optional(),
  /** `update advisories`: manifests whose packages the service of `from` is asked for; without it all advisories are read in. */
  for: z.array(z.string()).optional(),
  /** `export` and `import`. */
  file: z.string().optional(),
  /** `prune`: bytes to keep at most, and days. */
  maxBytes: z.number().int().nonnegative().optional(),
  olderThanDays: z.number().nonnegative().optional(),
});
export type KnowledgeInput = z.infer<typeof input>;
export const partial = z.never();
export const output = z.object({
  path: z.string(),
  /** Absent where only the path was asked. */
  stats: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** One sentence on what was done. */
  message: z.string().optional(),
  problems: z.array(z.string()).optional(),
});
export type KnowledgeOutput = z.infer<typeof output>;
