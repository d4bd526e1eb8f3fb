// `config`: the `.thoth.yaml` that holds for a folder, checked or made.
import * as z from "zod";
import { commonInput } from "./operation.ts";

export const input = commonInput.extend({
  /** `init` writes one into the current folder; it never replaces one. */
  action: z.enum(["check", "init"]).default("check"),
});
export type ConfigInput = z.infer<typeof input>;

export const output = z.object({
  action: z.enum(["check", "init"]),
  /** Of the file that was checked or made; absent where there is none. */
  path: z.string().optional(),
  problems: z.array(
    z.object({
      code: z.enum(["bad-syntax", "bad-value", "unknown-key"]),
      /** From 1. */
      line: z.number().int(),
      message: z.string(),
    }),
  ),
  /** Names of the environments that it describes. */
  environments: z.array(z.string()),
});
export type ConfigOutput = z.infer<typeof output>;
export const partial = z.never();
