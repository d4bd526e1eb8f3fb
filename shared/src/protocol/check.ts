// `check`: findings of the manifests.
import * as z from "zod";
import { billPackage } from "./bill.ts";
import { commonInput, freshness, range, severity, severityThreshold } from "./operation.ts";

export const input = commonInput.extend({
  /** Manifests, or folders of them. */
  paths: z.array(z.string()),
  constraints: z.array(z.string()).default([]),
  /** Rule → severity or `off`. */
  rules: z.record(z.string(), z.union([severity, z.literal("off")])).default({}),
  /** Findings of advisories that are all below it are information. */
  severityThreshold: severityThreshold.optional(),
  /** Tell the packages of the manifests too, those that the resolver takes included: a bill of materials. */
  bill: z.boolean().optional(),
});
export type CheckInput = z.infer<typeof input>;

export const advisory = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  severity: z.enum(["none", "low", "medium", "high", "critical", "unknown"]),
  /** CVSS base score. */
  score: z.number().optional(),
  malicious: z.boolean(),
  summary: z.string().optional(),
  /** Versions above the affected one at which it is fixed, lowest first. */
  fixedIn: z.array(z.string()),
});

export const finding = z.object({
  rule: z.string(),
  severity,
  message: z.string(),
  range,
  package: z.string().optional(),
  evidence: z.array(z.object({ source: z.string(), time: z.string().optional(), freshness })),
  fixes: z.array(
    z.object({
      kind: z.string(),
      title: z.string(),
      proven: z.boolean(),
      edits: z.array(z.object({ path: z.string(), range, newText: z.string() })),
    }),
  ),
  /** Of `known-vulnerability`, gravest first. */
  advisories: z.array(advisory).optional(),
  related: z.array(z.object({ path: z.string(), range, message: z.string() })).optional(),
});
export type CheckFinding = z.infer<typeof finding>;

const file = z.object({ path: z.string(), findings: z.array(finding) });
/** One file, when all that concerns it is known. */
export const partial = z.object({ file });
export type CheckPartial = z.infer<typeof partial>;

export const output = z.object({
  files: z.array(file),
  /** Findings that a comment silences. */
  silenced: z.number().int(),
  /** What would be findings, and a policy accepts. */
  accepted: z.number().int(),
  packages: z.number().int(),
  indexes: z.array(z.string()),
  /** The oldest page behind the findings, ISO 8601. */
  checked: z.string().optional(),
  /** Where the advisories are from that were matched, and up to when they tell what is known, ISO 8601; absent where none are stored. */
  advisories: z.object({ source: z.string(), asOf: z.string() }).optional(),
  /** Where `bill` was asked for. */
  bill: z.array(billPackage).optional(),
});
export type CheckOutput = z.infer<typeof output>;
