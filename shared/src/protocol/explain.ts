// `explain`: why a manifest does not resolve and what would help, or why a project is in its stack at that version.
import * as z from "zod";
import { cause, conflict, relaxation, step } from "./conflict.ts";
import { resolveOptions, wheelDisagreement } from "./lock.ts";

export type { ExplainCause, ExplainConflict, ExplainRelaxation, ExplainStep } from "./conflict.ts";

export const input = resolveOptions.extend({
  /** A project of the stack. */
  name: z.string().optional(),
});
export type ExplainInput = z.infer<typeof input>;

/** One relaxation as soon as it is proven. */
export const partial = z.object({ relaxation });
export type ExplainPartial = z.infer<typeof partial>;

/** Where a project was looked for. Addresses without credentials. */
const search = z.object({
  name: z.string(),
  /** Who wins among them, as the rest of a sentence. */
  rule: z.string(),
  /** Why these indexes, where they are not the ones for everything. */
  why: z.string().optional(),
  found: z.array(z.string()),
  absent: z.array(z.string()),
  /** Not needed: one before them has the project. */
  notAsked: z.array(z.string()),
  leftOut: z.array(z.object({ index: z.string(), reason: z.string() })),
});
export type ExplainSearch = z.infer<typeof search>;

export const output = z.object({
  /** Of the manifest, as the person named it. */
  path: z.string(),
  environment: z.string(),
  resolves: z.boolean(),
  /** Packages of the stack, where it resolves. */
  packages: z.number().int().optional(),
  conflict: conflict.optional(),
  /** Of the projects that take part in a conflict, where there is more to tell than one index that has them. */
  searches: z.array(search).optional(),
  package: z
    .object({
      name: z.string(),
      /** Absent where the stack does not have it. */
      version: z.string().optional(),
      /** From a line of the person's to the project, each asking for the next. */
      chains: z.array(z.array(z.string())),
      search: search.optional(),
      /** The file whose metadata says what it needs. */
      file: z.string().optional(),
      /** The other wheels of the release, where there are any: how many are known to ask for the same or not, and which do not. */
      wheels: z
        .object({
          compared: z.number().int(),
          notCompared: z.number().int(),
          others: wheelDisagreement.shape.others,
        })
        .optional(),
      /** Why a newer release is not taken. */
      heldBack: z.object({ newest: z.string(), steps: z.array(step), causes: z.array(cause) }).optional(),
    })
    .optional(),
});
export type ExplainOutput = z.infer<typeof output>;
