// `list`: what the manifests say, as data.
import * as z from "zod";
import { commonInput, range } from "./operation.ts";

export const input = commonInput.extend({ paths: z.array(z.string()) });
export type ListInput = z.infer<typeof input>;

const entry = z.object({
  kind: z.enum(["requirement", "constraint", "include", "option", "source"]),
  section: z.string().optional(),
  name: z.string().optional(),
  extras: z.array(z.string()).optional(),
  specifier: z.string().optional(),
  marker: z.string().optional(),
  url: z.string().optional(),
  path: z.string().optional(),
  editable: z.boolean().optional(),
  hashes: z.array(z.string()).optional(),
  /** Options: the long name and its value; includes: what is included. */
  option: z.string().optional(),
  value: z.string().optional(),
  range,
});
const file = z.object({
  path: z.string(),
  entries: z.array(entry),
  errors: z.array(z.object({ message: z.string(), range })),
});
export const partial = z.object({ file });
export type ListPartial = z.infer<typeof partial>;
export const output = z.object({ files: z.array(file) });
export type ListOutput = z.infer<typeof output>;
