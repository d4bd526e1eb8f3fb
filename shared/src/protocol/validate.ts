// `validate`: build, import and run the stack of a manifest in a sandbox.
import * as z from "zod";
import { commonInput } from "./operation.ts";

export const outcome = z.enum([
  "passed",
  "build-failed",
  "install-failed",
  "check-failed",
  "import-failed",
  "test-failed",
  "measure-failed",
  "timed-out",
  "out-of-memory",
  "disk-limit",
  "process-limit",
  "output-limit",
  "cancelled",
  "lost",
  "refused",
  "infrastructure-failed",
]);
export type Outcome = z.infer<typeof outcome>;

/** Why a validation is refused before anything runs: nothing contains it, or an entry cannot be taken. */
export const refusalReason = z.enum([
  "no-sandbox",
  "editable",
  "vcs",
  "needs-build",
  "direct-address",
  "remote-include",
  "unreadable",
]);
export type RefusalReason = z.infer<typeof refusalReason>;

export const input = commonInput.extend({
  path: z.string(),
  /** Open text in place of the file's, by path. */
  texts: z.record(z.string(), z.string()).default({}),
  /** Constraints files beside those that the manifest names. */
  constraints: z.array(z.string()).optional(),
  script: z.string().optional(),
  /** Seconds. */
  timeout: z.number().positive().optional(),
  /** MiB. */
  memory: z.number().positive().optional(),
  allowWithoutSandbox: z.boolean().default(false),
});
export type ValidateInput = z.infer<typeof input>;

const stage = z.object({
  name: z.string(),
  outcome: z.union([outcome, z.literal("skipped")]),
  /** Milliseconds. */
  duration: z.number(),
  /** "43 packages", "61 modules". */
  detail: z.string().optional(),
});

/** Each stage as it ends. A cancelled validation is answered with all of them again, the one it was cancelled in included. */
export const partial = z.object({
  stage: stage.partial({ outcome: true, duration: true }),
  log: z.string().optional(),
});
export type ValidatePartial = z.infer<typeof partial>;

export const output = z.object({
  id: z.string(),
  /** Of the manifest, as the person named it. */
  path: z.string(),
  outcome,
  environment: z.string(),
  /** What contains the stack, in words. */
  sandbox: z.string(),
  /** Its particulars, such as the user that the stack runs as. */
  sandboxDetail: z.string().optional(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string().optional() })),
  stages: z.array(stage),
  runs: z.array(
    z.object({ command: z.string(), outcome: z.string(), duration: z.number(), exit: z.number().optional() }),
  ),
  indicators: z.array(
    z.object({ name: z.string(), value: z.number(), unit: z.string(), detail: z.string().optional() }),
  ),
  observations: z.array(
    z.object({
      kind: z.string(),
      /** With the kind `refused`. */
      reason: refusalReason.optional(),
      message: z.string(),
      lines: z.array(z.string()),
      package: z.string().optional(),
      /** PEP 503 form of the person's own requirement that brings the package in, with its place. */
      requirement: z.string().optional(),
      path: z.string().optional(),
      /** Zero-based, as positions are. */
      line: z.number().int().optional(),
    }),
  ),
  log: z.string().optional(),
});
export type ValidateOutput = z.infer<typeof output>;
