// `config`: the `.thoth.yaml` that holds for a folder, checked, made, or its policy changed.
import * as z from "zod";
import { commonInput } from "./operation.ts";

/** What `accept` and `bind` write into a policy. */
export const policyChange = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("accept"),
    /** The id of an advisory, or a rule. */
    finding: z.string(),
    package: z.string(),
    /** Absent with `digest`: the one that the manifests of the folder pin. */
    version: z.string().optional(),
    /** `sha256:…` */
    digest: z.string().optional(),
    reason: z.string(),
    /** A day, or `fixed`. Absent: in 90 days. */
    until: z.string().optional(),
    evidence: z.string().optional(),
  }),
  z.object({
    kind: z.literal("bind"),
    /** A name or pattern. */
    package: z.string(),
    /** The address of the index. */
    index: z.string(),
  }),
]);
export type AskedPolicyChange = z.infer<typeof policyChange>;

export const input = commonInput.extend({
  /** `init` writes one into the current folder; it never replaces one. `change` changes the policy. */
  action: z.enum(["check", "init", "change"]).default("check"),
  /** Of `change`. */
  change: policyChange.optional(),
  /** Of `change`: in the user's own policy, not in the folder's. */
  user: z.boolean().default(false),
});
export type ConfigInput = z.infer<typeof input>;

export const output = z.object({
  action: z.enum(["check", "init", "change"]),
  /** Of the file that was checked, made or changed; absent where there is none. */
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
  /** What the policy says from now on, in a sentence. */
  says: z.string().optional(),
  /** What is odd about that, in sentences. */
  notes: z.array(z.string()).optional(),
});
export type ConfigOutput = z.infer<typeof output>;
export const partial = z.never();
