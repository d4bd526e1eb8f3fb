// `explain`: why a manifest does not resolve and what would help, or why a project is in its stack at that version.
import * as z from "zod";
import { resolveOptions } from "./lock.ts";
import { range } from "./operation.ts";

export const input = resolveOptions.extend({
  /** A project of the stack. */
  name: z.string().optional(),
});
export type ExplainInput = z.infer<typeof input>;

const cause = z.object({ path: z.string(), range, requirement: z.string() });
export type ExplainCause = z.infer<typeof cause>;

const step = z.object({
  number: z.number().int(),
  because: z.array(
    z.object({
      text: z.string(),
      /** The step that says it. */
      step: z.number().int().optional(),
      /** The place of it in `causes`. */
      cause: z.number().int().optional(),
    }),
  ),
  therefore: z.string(),
});
export type ExplainStep = z.infer<typeof step>;

const relaxation = z.object({
  /** `line 2: numpy >=1.23.5`. */
  title: z.string(),
  edit: z.array(z.object({ path: z.string(), range, newText: z.string() })),
  /** Always true: what was not shown to resolve is not told. */
  proven: z.boolean(),
  /** Packages of the stack that then resolves. */
  packages: z.number().int(),
});
export type ExplainRelaxation = z.infer<typeof relaxation>;

const conflict = z.object({
  steps: z.array(step),
  causes: z.array(cause),
  /** `clash`, `tag`, `requires-python`, `yanked`, … */
  kinds: z.array(z.string()),
  relaxations: z.array(relaxation),
});
export type ExplainConflict = z.infer<typeof conflict>;

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
