// `facts`: what is known of the projects that a manifest names, for one environment; each project arrives as soon as it is known.
import * as z from "zod";
import type { InspectionFacts, ProjectFacts } from "../facts/model.ts";
import { commonInput, freshness, indexOptions } from "./operation.ts";

export const input = commonInput.extend({
  packages: z.array(
    z.object({
      /** PEP 503 form. */
      name: z.string(),
      /** Normalised versions whose detail is wanted: pinned, locked, installed. The newest compatible one is added by the runner. */
      versions: z.array(z.string()).default([]),
      /** Specifiers as written: the newest compatible release within them is detailed too. */
      specifiers: z.array(z.string()).default([]),
      /** The name of the source that a Pipfile or a pyproject.toml binds this package to. */
      source: z.string().optional(),
    }),
  ),
  /** Index options of the manifest's own lines. */
  fileOptions: indexOptions.optional(),
  /** Sources of a Pipfile: then each package has one source, the first unless bound. */
  sources: z
    .array(
      z.object({
        name: z.string(),
        url: z.string(),
        verifySsl: z.boolean(),
        /** Only for packages that are bound to it; the others are asked of what the options name (pyproject.toml). */
        explicit: z.boolean().optional(),
      }),
    )
    .optional(),
  /** The manifest, for what inspections of it showed. */
  manifest: z.object({ path: z.string(), digest: z.string() }).optional(),
  /** Ask the index again even where the stored page is fresh. */
  refresh: z.boolean().optional(),
});
export type FactsInput = z.infer<typeof input>;

const release = z.object({
  version: z.string(),
  yanked: z.union([z.string(), z.literal(true)]).optional(),
  requiresPython: z.string().optional(),
  obstacle: z.enum(["python", "tags", "no-artifact", "legacy-version"]).optional(),
  artifact: z.enum(["wheel", "sdist"]).optional(),
  anyPlatform: z.boolean().optional(),
  uploaded: z.number().optional(),
  index: z.number().optional(),
});

const detail = z.object({
  version: z.string(),
  requiresDist: z.array(z.string()).optional(),
  providesExtra: z.array(z.string()).optional(),
  summary: z.string().optional(),
  projectUrls: z.record(z.string(), z.string()).optional(),
  license: z.string().optional(),
  artifacts: z.array(
    z.object({
      filename: z.string(),
      hashes: z.record(z.string(), z.string()),
      yanked: z.union([z.string(), z.literal(true)]).optional(),
      suits: z.boolean(),
      index: z.number(),
    }),
  ),
  notChecked: z.string().optional(),
});

const advisoryRecord = z.object({
  id: z.string(),
  aliases: z.array(z.string()).optional(),
  summary: z.string().optional(),
  severity: z.enum(["none", "low", "medium", "high", "critical", "unknown"]),
  score: z.number().optional(),
  malicious: z.literal(true).optional(),
  modified: z.number().optional(),
  published: z.number().optional(),
  withdrawn: z.number().optional(),
  ranges: z
    .array(z.array(z.tuple([z.enum(["introduced", "fixed", "last_affected", "limit"]), z.string()])))
    .optional(),
  versions: z.array(z.string()).optional(),
});

export const project = z.object({
  /** What is known against its releases; absent where no advisories were ever loaded. */
  advisories: z.object({ records: z.array(advisoryRecord), source: z.string(), asOf: z.number() }).optional(),
  name: z.string(),
  displayName: z.string().optional(),
  state: z.enum(["known", "absent", "failed", "unknown"]),
  freshness,
  checked: z.number().optional(),
  indexes: z.array(z.string()),
  trouble: z
    .object({ code: z.string(), index: z.string(), message: z.string(), next: z.string().optional() })
    .optional(),
  meant: z.array(z.object({ name: z.string(), how: z.string() })).optional(),
  status: z.object({ status: z.string(), reason: z.string().optional() }).optional(),
  releases: z.array(release),
  details: z.record(z.string(), detail),
});

export const inspection = z.object({
  id: z.string(),
  outcome: z.string(),
  finished: z.number(),
  python: z.string().optional(),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  failure: z
    .object({
      stage: z.string(),
      message: z.string(),
      lines: z.array(z.string()),
      requirement: z.string().optional(),
      package: z.string().optional(),
    })
    .optional(),
  current: z.boolean(),
});

/** One project, as soon as it is known. */
export const partial = z.object({ project });
export type FactsPartial = { project: ProjectFacts };

export const output = z.object({ projects: z.array(project), inspection: inspection.optional() });
export type FactsOutput = { projects: ProjectFacts[]; inspection?: InspectionFacts };
