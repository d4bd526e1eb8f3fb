// `provenance`: where every artifact of a manifest comes from, and whether that is so; each check with its state and its evidence.
import * as z from "zod";
import { acceptance, billAdvisory } from "./bill.ts";
import { commonInput, freshness, range, severity } from "./operation.ts";

export const input = commonInput.extend({
  /** Manifests, or folders of them. */
  paths: z.array(z.string()),
  constraints: z.array(z.string()).default([]),
  /** Open documents by absolute path, which win over the disk. */
  texts: z.record(z.string(), z.string()).default({}),
  /** Rule → severity or `off`. */
  rules: z.record(z.string(), z.union([severity, z.literal("off")])).default({}),
  /** All artifacts that a lock names, not only those for the declared environments. */
  allArtifacts: z.boolean().default(false),
  /** Fetch the artifacts and look into them. */
  download: z.boolean().default(false),
  /** Tell what each package needs of the others: core metadata that is not at hand is asked for where the index serves it. */
  graph: z.boolean().optional(),
  /** Requests that may be sent; what is beyond is not checked. */
  requestBudget: z.number().int().positive().optional(),
  /** A `trusted_root.json` in place of the one that is kept. */
  trustedRoot: z.string().optional(),
  /** PEP 503 names: only these packages. */
  only: z.array(z.string()).optional(),
});
export type ProvenanceInput = z.infer<typeof input>;
/** What a caller hands in: the schema fills in the rest. */
export type ProvenanceRequest = z.input<typeof input>;

export const checkState = z.enum(["passed", "failed", "absent", "not-applicable", "not-checked"]);
export type CheckState = z.infer<typeof checkState>;

const evidence = z.object({
  /** Where it comes from, credentials removed. */
  source: z.string(),
  time: z.string().optional(),
  freshness,
  /** What was seen there, in a few words. */
  says: z.string().optional(),
});

export const check = z.object({
  rule: z.string(),
  state: checkState,
  /** The file that was checked, or a digest where no file has that name; absent where the check is of the whole package. */
  artifact: z.string().optional(),
  /** One sentence: what is wrong, or why it could not be checked. */
  message: z.string(),
  /** Of a check that failed. */
  severity: severity.optional(),
  next: z.string().optional(),
  /** Thoth's identifiers for the same. */
  aliases: z.array(z.string()).optional(),
  /** `late-wheel`, `security-fix`, `todays-newest`, … */
  labels: z.array(z.string()).optional(),
  /** The policy asks for this check. */
  required: z.boolean().optional(),
  /** Not part of this run: nobody asked for it. */
  unasked: z.boolean().optional(),
  /** The fault is the index's or the file's, and is told there once. */
  inherited: z.boolean().optional(),
  accepted: acceptance.optional(),
  /** Advisories that the check is about. */
  advisories: z.array(billAdvisory).optional(),
  evidence: z.array(evidence),
});
export type ProvenanceCheck = z.infer<typeof check>;

const artifact = z.object({
  filename: z.string(),
  /** The index that has it, credentials removed. */
  index: z.string().optional(),
  digests: z.record(z.string(), z.string()),
  size: z.number().optional(),
  uploaded: z.string().optional(),
  /** Whether a declared environment would install it. */
  installs: z.boolean(),
});

/** Who signed the artifact, and by whom that was expected. */
export const signer = z.object({
  /** `GitHub`, `GitLab`, `Google`, `CircleCI`. */
  kind: z.string(),
  /** One line: `pallets/flask, publish.yaml`. */
  name: z.string(),
  commit: z.string().optional(),
  time: z.string().optional(),
  expectedBy: z.enum(["policy", "lock", "history", "nothing"]),
  /** When it was verified. */
  checked: z.string(),
});
export type Signer = z.infer<typeof signer>;

const place = z.object({ path: z.string(), range });

export const packageProvenance = z.object({
  name: z.string(),
  version: z.string().optional(),
  /** The version is today's newest within what is asked for: nothing pins it. */
  assumed: z.boolean().optional(),
  /** The index it is bound to, or those that are asked for it, credentials removed. */
  indexes: z.array(z.string()),
  places: z.array(place),
  artifacts: z.array(artifact),
  /** Packages of this answer that it needs, by its lock or its core metadata; absent where that is not known or not asked for. */
  dependsOn: z.array(z.string()).optional(),
  signer: signer.optional(),
  checks: z.array(check),
});
export type PackageProvenance = z.infer<typeof packageProvenance>;

const file = z.object({
  path: z.string(),
  /** Checks of the file and of the indexes that it names. */
  checks: z.array(check.extend({ range: range.optional() })),
});
export type FileProvenance = z.infer<typeof file>;

/** One package, when all that concerns it is known. */
export const partial = z.object({ package: packageProvenance });
export type ProvenancePartial = z.infer<typeof partial>;

export const output = z.object({
  files: z.array(file),
  packages: z.array(packageProvenance),
  indexes: z.array(z.string()),
  environments: z.array(z.string()),
  /** The oldest page behind the checks, ISO 8601. */
  checked: z.string().optional(),
  requests: z.number().int(),
  /** How old what the checks rest on is. */
  basis: z.array(z.object({ what: z.string(), time: z.string().optional(), says: z.string() })),
});
export type ProvenanceOutput = z.infer<typeof output>;
