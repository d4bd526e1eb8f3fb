// Why a stack does not resolve, and which edits would help: what `explain` and `lock` tell in the same form.
import * as z from "zod";
import { range } from "./operation.ts";

export const cause = z.object({
  path: z.string(),
  range,
  requirement: z.string(),
  /** What is wrong, told from this line. */
  message: z.string(),
});
export type ExplainCause = z.infer<typeof cause>;

export const step = z.object({
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

export const relaxation = z.object({
  /** `line 2: numpy >=1.23.5`. */
  title: z.string(),
  edit: z.array(z.object({ path: z.string(), range, newText: z.string() })),
  /** False of the setting `build-sdists` alone, which nothing shows but a build: whatever else is told was shown to resolve. */
  proven: z.boolean(),
  /** Packages of the stack that then resolves; absent where nothing was proven. */
  packages: z.number().int().optional(),
  /** Of a change that is no edit: the setting, as `python`, `sdists`, `build-sdists`, `cut-off`. */
  setting: z.string().optional(),
});
export type ExplainRelaxation = z.infer<typeof relaxation>;

export const conflict = z.object({
  steps: z.array(step),
  causes: z.array(cause),
  /** `clash`, `tag`, `requires-python`, `yanked`, … */
  kinds: z.array(z.string()),
  relaxations: z.array(relaxation),
});
export type ExplainConflict = z.infer<typeof conflict>;
