// `resolve`: whether a manifest resolves as it stands in the editor, what each line does in the stack, and what edits come to.
import * as z from "zod";
import type { FixProof, StackEdits, StackFacts, StackRelaxation } from "../facts/stack.ts";
import { resolveOptions } from "./lock.ts";

const span = z.object({ start: z.number().int(), end: z.number().int() });
const stackEdits = z.object({
  uri: z.string(),
  edits: z.array(z.object({ span, newText: z.string() })),
});

export const input = resolveOptions.extend({
  /** Texts that are open somewhere, by absolute path: they win over the disk. */
  texts: z.record(z.string(), z.string()).default({}),
  /** Look for relaxations of a conflict. */
  relaxations: z.boolean().default(false),
  /** Edits of the texts, each tried alone; offsets are UTF-16 code units. */
  prove: z.array(z.array(stackEdits)).default([]),
  /** The newest set that resolves: every line of `path` free to move. */
  newest: z.boolean().default(false),
  /** Ask the indexes again, whatever is in memory. */
  refresh: z.boolean().default(false),
});
export type ResolveInput = z.infer<typeof input>;
/** As it may be sent: what has a default may be left out. */
export type ResolveRequest = z.input<typeof input>;

/** The status first, then each relaxation and each proof. */
export type ResolvePartial =
  | { readonly stack: StackFacts }
  | { readonly relaxation: StackRelaxation }
  | { readonly key: string; readonly proof: FixProof };
export const partial = z.custom<ResolvePartial>();

export interface ResolveOutput {
  readonly stack: StackFacts;
  readonly newest?: NewestStack;
}

/** The newest set that resolves, as edits of the lines that keep it out. */
export interface NewestStack {
  readonly edits: readonly StackEdits[];
  readonly changes: readonly { readonly name: string; readonly from?: string; readonly to: string }[];
  /** What the manifest comes to with the edits. */
  readonly proof: FixProof;
}
export const output = z.custom<ResolveOutput>();
