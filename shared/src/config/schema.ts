// What `.thoth.yaml` may say: named runtime environments, and how this repository's manifests are resolved and judged.
import * as z from "zod";
import { policy } from "./policy.ts";
import { prereleaseMode } from "./prerelease.ts";

/** A version or date that YAML reads as a number is another one by then: `3.10` is 3.1. */
const text = z.string({
  error: ({ input }) =>
    typeof input === "number" ? `write it in quotes: "${input}" may not be what was meant` : undefined,
});

const name = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/, "is not a name");

/** A date (`2026-01-31`, with a time or without), or a span before now (`3 days`, `P7D`). */
const cutOff = text;

/** One per project; false lifts the general cut-off. */
const cutOffs = z.record(name, z.union([cutOff, z.literal(false)]));

export const torchBackend = z
  .string()
  .regex(
    /^(?:auto|cpu|cu\d{2,3}|rocm\d+(?:\.\d+)*|xpu)$/,
    "is no back-end: auto, cpu, cu128 and its like, rocm6.4 and its like, or xpu",
  );

export const indexStrategy = z.enum(["first-index", "unsafe-first-match", "unsafe-best-match"]);
export type IndexStrategy = z.infer<typeof indexStrategy>;

const gpu = z.strictObject({
  vendor: z.enum(["nvidia", "amd", "intel"]),
  /** As `nvidia-smi` shows it. */
  driver: text.optional(),
  /** AMD: the target, `gfx942`. NVIDIA: the compute capability, `9.0`. */
  architecture: text.optional(),
});

/** Where a stack is to run. What is left out is as on the machine that asks. */
export const configuredEnvironment = z.strictObject({
  python: text.optional(),
  platform: text.optional(),
  gpu: z.union([gpu, z.literal(false)]).optional(),
  "torch-backend": torchBackend.optional(),
  /** Properties of wheel variants (draft PEP 825): namespace, feature, values from best to least. */
  variants: z.record(z.string(), z.record(z.string(), z.array(text))).optional(),
});
export type ConfiguredEnvironment = z.infer<typeof configuredEnvironment>;

/** An index beside those of the manifest and of pip's configuration. */
const index = z.strictObject({
  name,
  url: z.string(),
  /** Asked for projects alone that are bound to it. */
  explicit: z.boolean().optional(),
});

export const configuration = z.strictObject({
  environments: z.record(name, configuredEnvironment).optional(),
  lock: z
    .strictObject({
      /** Names of environments that `lock` is made for where none is named. */
      environments: z.array(name).optional(),
    })
    .optional(),
  "index-strategy": indexStrategy.optional(),
  indexes: z.array(index).optional(),
  /** Project → name of an index. */
  "index-bindings": z.record(name, name).optional(),
  "torch-backend": torchBackend.optional(),
  /** Where a copy of PyTorch's indexes lies: the address above `cpu`, `cu128` and the others. */
  "torch-index": z.string().optional(),
  /** Whether wheel variants are chosen by the environment's properties; else they are left out. */
  variants: z.boolean().optional(),
  /** Whether source distributions are built in a sandbox where only a build tells what they need. */
  "build-sdists": z.boolean().optional(),
  "exclude-newer": cutOff.optional(),
  "exclude-newer-package": cutOffs.optional(),
  prerelease: prereleaseMode.optional(),
  "only-binary": z.array(z.string()).optional(),
  "no-binary": z.array(z.string()).optional(),
  /** Requirements in place of every other one of their project. */
  overrides: z.array(z.string()).optional(),
  /** Projects that are left out whoever asks for them. */
  exclude: z.array(name).optional(),
  policy: policy.optional(),
});
export type Configuration = z.infer<typeof configuration>;
