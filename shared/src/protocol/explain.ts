// `explain`: why a manifest does not resolve and what would help, or why a project is in its stack at that version.
import * as z from "zod";
import { cause, conflict, relaxation, step } from "./conflict.ts";
import { resolveOptions } from "./lock.ts";

export type { ExplainCause, ExplainConflict, ExplainRelaxation, ExplainStep } from "./conflict.ts";

export const input = resolveOptions.extend({
  /** A project of the stack. */
  name: z.string().optional(),
});
export type ExplainInput = z.infer<typeof input>;

/** One relaxation as soon as it is proven. */
export const partial = z.object({ relaxation });
export type ExplainPartial = z.infer<typeof partial>;

export const output = z.object({
  /** Of the manifest, as the person named it. */
  path: z.string(),
  environment: z.string(),
  resolves: z.boolean(),
  /** Packages of the stack, where it resolves. */
  packages: z.number().int().optional(),
  conflict: conflict.optional(),
  package: z
    .object({
      name: z.string(),
      /** Absent where the stack does not have it. */
      version: z.string().optional(),
      /** From a line of the person's to the project, each asking for the next. */
      chains: z.array(z.array(z.string())),
      /** Why a newer release is not taken. */
      heldBack: z.object({ newest: z.string(), steps: z.array(step), causes: z.array(cause) }).optional(),
    })
    .optional(),
});
export type ExplainOutput = z.infer<typeof output>;
