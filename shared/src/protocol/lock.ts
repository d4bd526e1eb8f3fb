// `lock`: one pinned stack for a manifest, with the files that may be installed and who asks for each.
import * as z from "zod";
import { commonInput } from "./operation.ts";

/** What decides which stack comes out, beside the manifest and the environment. */
export const resolveOptions = commonInput.extend({
  /** A manifest, or a folder with one. */
  path: z.string(),
  constraints: z.array(z.string()).default([]),
  /** Absent: as the manifest says, else the highest. */
  resolution: z.enum(["highest", "lowest", "lowest-direct"]).optional(),
  /** A date, a moment, or a span before now such as `3 days` or `P3D`: files from then on are left out. */
  excludeNewer: z.string().optional(),
  /** The same for single projects; false lifts the general cut-off. */
  excludeNewerPackages: z.record(z.string(), z.union([z.string(), z.literal(false)])).optional(),
  /** Absent: as the manifest and pip's configuration say, else where no final release is left. */
  prerelease: z.enum(["allow", "if-necessary", "disallow"]).optional(),
  /** Files whose requirements take the place of all others of their projects. */
  overrides: z.array(z.string()).optional(),
  /** Projects that are left out whoever asks for them. */
  exclude: z.array(z.string()).optional(),
  /** Where PyTorch's packages come from: `auto`, or the name of a back-end. */
  torchBackend: z.string().optional(),
  /** Whether wheel variants (draft PEP 825) are chosen; else they are left out. */
  variants: z.boolean().optional(),
});

export const input = resolveOptions.extend({
  /** A lock whose pins are kept as far as they hold; a file that is not there keeps nothing. */
  previous: z.string().optional(),
  /** Keep nothing. */
  upgrade: z.boolean().default(false),
  /** Do not keep these. */
  upgradePackages: z.array(z.string()).default([]),
});
export type LockInput = z.infer<typeof input>;

export const lockedPackage = z.object({
  /** Normalised. */
  name: z.string(),
  version: z.string(),
  extras: z.array(z.string()),
  /** Without credentials; absent of what was asked for by address. */
  index: z.string().optional(),
  /** Address, where it was asked for by one. */
  url: z.string().optional(),
  artifacts: z.array(z.object({ filename: z.string(), sha256: z.string() })),
  marker: z.string().optional(),
  /** Who asks for it: projects, and lines as `-r requirements.in`. */
  via: z.array(z.string()),
});
export type LockedPackage = z.infer<typeof lockedPackage>;

export const output = z.object({
  /** Of the manifest, as the person named it. */
  path: z.string(),
  /** `Python 3.11.7 on linux x86_64`. */
  environment: z.string(),
  packages: z.array(lockedPackage),
  /** Names whose version differs from the previous lock's. */
  changed: z.array(z.string()),
});
export type LockOutput = z.infer<typeof output>;
