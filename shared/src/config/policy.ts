// The `policy` of `.thoth.yaml`, of the user and of the organisation: what a stack must fulfil, and what is accepted all the same.
import * as z from "zod";

/** YAML reads a bare date or version as something else; what was meant is in quotes. */
const text = z.string({
  error: ({ input }) =>
    typeof input === "number" ? `write it in quotes: "${input}" may not be what was meant` : undefined,
});

/** A PEP 503 name, or a pattern with `*` in it. */
const pattern = z
  .string()
  .regex(/^[A-Za-z0-9*](?:[A-Za-z0-9._*-]*[A-Za-z0-9*])?$/, "is not a name or pattern");

const day = text.regex(/^\d{4}-\d{2}-\d{2}$/, "is not a date like 2027-01-31");

const expectedIdentity = z.strictObject({
  kind: z.enum(["GitHub", "GitLab", "Google", "CircleCI"]).optional(),
  /** `owner/name` or its address. */
  repository: text.optional(),
  "repository-id": text.optional(),
  owner: text.optional(),
  "owner-id": text.optional(),
  workflow: text.optional(),
  environment: text.optional(),
  issuer: text.optional(),
  email: text.optional(),
});

const requiredAttestation = z.strictObject({
  packages: z.array(pattern).min(1),
  /** Who must have signed; without it anybody may have. */
  publisher: expectedIdentity.optional(),
});

/** One advisory or one rule, for one package, at one version or digest: accepted until a day, or until it is fixed. */
const acceptance = z
  .strictObject({
    advisory: text.optional(),
    rule: text.optional(),
    package: text,
    version: text.optional(),
    /** `sha256:…` */
    digest: text.regex(/^sha(?:256|384|512):[0-9a-f]+$/, "is not a digest like sha256:…").optional(),
    reason: text.min(1, "a reason is wanted here"),
    until: z.union([day, z.literal("fixed")]),
    /** Where it was looked into: an address, a ticket. */
    evidence: text.optional(),
  })
  .refine((one) => (one.advisory === undefined) !== (one.rule === undefined), {
    message: "names one advisory or one rule",
  })
  .refine((one) => (one.version === undefined) !== (one.digest === undefined), {
    message: "names one version or one digest",
  });

const severity = z.enum(["error", "warning", "information", "hint", "off"]);

export const policy = z.strictObject({
  /** Addresses of indexes: packages may come from these alone. */
  indexes: z.array(text).optional(),
  /** Package or pattern → address of the index that it must come from. */
  bindings: z.record(pattern, text).optional(),
  attestations: z.array(requiredAttestation).optional(),
  "cool-down": z
    .strictObject({
      days: z.number().min(0).max(365).optional(),
      except: z.array(pattern).optional(),
      /** Whether a release that fixes an advisory may pass before its days are over. */
      "security-fixes": z.boolean().optional(),
    })
    .optional(),
  severities: z.record(z.string(), severity).optional(),
  /** Rules that must have been checked: where one could not be, the exit status is 3. */
  require: z.array(z.string()).optional(),
  /** Names of this organisation's own packages: never mistaken for another one's. */
  "own-names": z.array(pattern).optional(),
  /** Years without a release after which a project counts as abandoned. */
  "abandoned-after": z.number().positive().optional(),
  accept: z.array(acceptance).optional(),
});
export type Policy = z.infer<typeof policy>;
export type Acceptance = z.infer<typeof acceptance>;
export type RequiredIdentity = z.infer<typeof expectedIdentity>;
