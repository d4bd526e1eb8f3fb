// `names`: project names that begin with a prefix, from knowledge alone.
import * as z from "zod";
import { commonInput } from "./operation.ts";

export const input = commonInput.extend({
  prefix: z.string(),
  limit: z.number().int().positive().default(100),
});
export type NamesInput = z.infer<typeof input>;
export const partial = z.never();
export const output = z.object({
  names: z.array(z.object({ name: z.string(), summary: z.string().optional() })),
  /** True where more begin with the prefix. */
  incomplete: z.boolean(),
  /** When a full list of names was last fetched, ISO 8601; absent where there is none. */
  listed: z.string().optional(),
});
export type NamesOutput = z.infer<typeof output>;
