// Advisories from one machine to another: lines of an export, and how they are merged with what is here.
import { posix, win32 } from "node:path";
import * as z from "zod";
import type { AdvisoryRecord } from "../../../shared/src/advisory/index.ts";
import { type Advisories, type AdvisoryRow, type AdvisorySource, SERVICE } from "./advisories.ts";

/** Some records are of the year 1, which is before the epoch. */
const time = z.number().int();
const name = z.string().min(1).max(200);

export const ADVISORY_SOURCE_LINE = z.object({
  kind: z.literal("advisory-source"),
  source: z.string().min(1),
  place: z.string(),
  license: z.string(),
  time,
  newest: time,
  asOf: time,
});

export const ADVISORY_LINE = z.object({
  kind: z.literal("advisory"),
  source: z.string().min(1),
  package: name,
  /** Absent of a project that a service was asked for: whatever it knows stands on lines of its own. */
  record: z
    .object({
      id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
      aliases: z.array(name).optional(),
      summary: z.string().max(400).optional(),
      severity: z.enum(["none", "low", "medium", "high", "critical", "unknown"]),
      score: z.number().optional(),
      malicious: z.literal(true).optional(),
      modified: time.optional(),
      published: time.optional(),
      withdrawn: time.optional(),
      ranges: z
        .array(z.array(z.tuple([z.enum(["introduced", "fixed", "last_affected", "limit"]), z.string()])))
        .optional(),
      versions: z.array(z.string()).optional(),
    })
    .optional(),
});

export type AdvisoryTransfer = z.infer<typeof ADVISORY_SOURCE_LINE> | z.infer<typeof ADVISORY_LINE>;

/** Every source and what it has, a source before its records. Of a path only its last part is told. */
export function* exportAdvisories(advisories: Advisories): Generator<AdvisoryTransfer> {
  for (const { records: _, ...one } of advisories.sources()) {
    const source = withoutFolders(one.source);
    yield { kind: "advisory-source", ...one, source, place: withoutFolders(one.place) };
    for (const { package: project, record } of advisories.rowsOf(one.source)) {
      yield {
        kind: "advisory",
        source,
        package: project,
        ...(record.id === "" ? {} : { record: record as z.infer<typeof ADVISORY_LINE>["record"] }),
      };
    }
  }
}

function withoutFolders(place: string): string {
  if (place.startsWith(SERVICE) || /^https?:\/\//i.test(place)) return place;
  return posix.basename(win32.basename(place)) || place;
}

/** Gathers the lines of an import; `merge` brings in each source whole, where what is here is not newer. */
export class ImportedAdvisories {
  readonly #sources = new Map<string, Omit<AdvisorySource, "records">>();
  readonly #rows = new Map<string, AdvisoryRow[]>();
  readonly #asked = new Map<string, Set<string>>();

  add(line: AdvisoryTransfer): void {
    if (line.kind === "advisory-source") {
      const { kind: _, ...source } = line;
      this.#sources.set(source.source, source);
    } else if (line.record === undefined) {
      this.#asked.set(line.source, (this.#asked.get(line.source) ?? new Set()).add(line.package));
    } else {
      const rows = this.#rows.get(line.source) ?? [];
      rows.push({ package: line.package, record: line.record as AdvisoryRecord });
      this.#rows.set(line.source, rows);
    }
  }

  merge(advisories: Advisories): void {
    const here = new Map(advisories.sources().map((one) => [one.source, one]));
    for (const [key, source] of this.#sources) {
      const rows = this.#rows.get(key) ?? [];
      const kept = here.get(key);
      if (!key.startsWith(SERVICE)) {
        if (rows.length > 0) advisories.replace(source, rows);
      } else if (!kept || kept.asOf <= source.asOf) {
        advisories.replaceProjects(source, [...(this.#asked.get(key) ?? [])], rows);
      }
    }
  }
}
