// `environment`: this machine or a described one, and where each value came from.
import * as z from "zod";
import type { RuntimeEnvironment } from "../environment/model.ts";
import { commonInput } from "./operation.ts";

export const input = commonInput.extend({
  /** Read the installed distributions too. */
  installed: z.boolean().optional(),
});
export type EnvironmentInput = z.infer<typeof input>;

export const output = z.object({
  name: z.string(),
  pythonVersion: z.string().optional(),
  implementation: z.string(),
  executable: z.string().optional(),
  prefix: z.string().optional(),
  platform: z.string(),
  architecture: z.string(),
  libc: z.object({ family: z.enum(["glibc", "musl"]), version: z.string() }).optional(),
  gpu: z
    .union([
      z.object({
        vendor: z.enum(["nvidia", "amd", "intel"]),
        driver: z.string().optional(),
        architecture: z.string().optional(),
      }),
      z.literal(false),
    ])
    .optional(),
  torchBackend: z.string().optional(),
  variants: z.record(z.string(), z.record(z.string(), z.array(z.string()))).optional(),
  markers: z.record(z.string(), z.string()).optional(),
  tags: z.array(z.string()).optional(),
  installed: z
    .array(
      z.object({
        name: z.string(),
        normalizedName: z.string(),
        version: z.string(),
        requiresDist: z.array(z.string()).optional(),
        direct: z.string().optional(),
      }),
    )
    .optional(),
  origins: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
});
export type EnvironmentOutput = RuntimeEnvironment;
export const partial = z.never();
