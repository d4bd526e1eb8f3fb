// What a bill of materials is made of: the packages that a manifest stands for, and what is known against each.
import * as z from "zod";

export const acceptance = z.object({
  reason: z.string(),
  until: z.string().optional(),
  from: z.string(),
  /** Where it was looked into, as the policy says. */
  evidence: z.string().optional(),
});

/** An advisory against one release, and who has accepted it. */
export const billAdvisory = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  severity: z.string(),
  fixedIn: z.array(z.string()),
  accepted: acceptance.optional(),
  score: z.number().optional(),
  vector: z.string().optional(),
  summary: z.string().optional(),
});
export type BillAdvisory = z.infer<typeof billAdvisory>;

export const billPackage = z.object({
  name: z.string(),
  version: z.string().optional(),
  /** The version is the resolver's choice of today: nothing pins it. */
  assumed: z.boolean().optional(),
  from: z.enum(["index", "url", "vcs", "path"]),
  /** Of `url`, `vcs` and `path`: where it comes from, credentials removed. */
  address: z.string().optional(),
  /** Indexes that it comes from, credentials removed. */
  indexes: z.array(z.string()),
  /** Files by name, or the digests that a line admits. */
  artifacts: z.array(
    z.object({
      filename: z.string().optional(),
      url: z.string().optional(),
      digests: z.record(z.string(), z.string()),
    }),
  ),
  /** Packages of this bill that it needs; absent where that is not known. */
  dependsOn: z.array(z.string()).optional(),
  /** Absent where none are known of it: none are stored, or its version is not known. */
  advisories: z.array(billAdvisory).optional(),
});
export type BillPackage = z.infer<typeof billPackage>;
