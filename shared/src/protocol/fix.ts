// `fix`: fixes of the findings as a diff; written only when asked.
import * as z from "zod";
import { commonInput, environmentOptions, range, severity, severityThreshold } from "./operation.ts";

export const input = commonInput.extend({
  paths: z.array(z.string()),
  constraints: z.array(z.string()).default([]),
  rules: z.record(z.string(), z.union([severity, z.literal("off")])).default({}),
  /** Apply, atomically per file, only where the file is still what was read. */
  write: z.boolean().default(false),
  /** Letters of `explain`'s relaxations: these are applied in place of the fixes of findings, to the first of `paths`. */
  choose: z.array(z.string()).default([]),
  /** The runtime environments that fixes have to hold for. Absent: the one of `environment`, or what `.thoth.yaml` declares for locks. */
  environments: z.array(environmentOptions).optional(),
  /** An advisory that is not there yet may come in with a repair below it; by default none may. */
  severityThreshold: severityThreshold.optional(),
  /** A `trusted_root.json` for the attestations of what a repair would take, in place of the one that is kept. */
  trustedRoot: z.string().optional(),
  /** Repairs may take releases below those of today. */
  allowDowngrade: z.boolean().default(false),
  /** Only fixes of these rules. */
  only: z.array(z.string()).optional(),
});
export type FixInput = z.infer<typeof input>;

const file = z.object({
  path: z.string(),
  /** Unified diff. */
  diff: z.string(),
  fixes: z.array(
    z.object({
      rule: z.string(),
      title: z.string(),
      proven: z.boolean(),
      /** What is to be known of it: releases that were passed over, checks that could not be made. */
      notes: z.array(z.string()).optional(),
      range,
    }),
  ),
  written: z.boolean(),
});
export const partial = z.object({ file });
export type FixPartial = z.infer<typeof partial>;
export const output = z.object({
  files: z.array(file),
  /** What was not fixed and why. */
  left: z.array(z.object({ path: z.string(), range, rule: z.string(), reason: z.string() })),
});
export type FixOutput = z.infer<typeof output>;
