// One OSV record as compact records, one for each PyPI project it names. Anything may stand in it: it is a stranger's.
import {
  type AdvisoryRecord,
  isAffected,
  type RangeEvent,
  soughtVersion,
} from "../../../shared/src/advisory/index.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { tame } from "../../../shared/src/rules/words.ts";
import { type Rating, ratingOfWord, UNKNOWN } from "./severity.ts";

/** A record of one project, to be kept. */
export interface PackageRecord {
  /** PEP 503 form. */
  readonly package: string;
  readonly record: AdvisoryRecord;
}

export type ReadRecord =
  | {
      readonly id: string;
      readonly modified: number;
      /** None where the record is of other ecosystems only. */
      readonly records: readonly PackageRecord[];
      /** What of the record could not be read, where that is a part of it. */
      readonly partly?: string;
    }
  | { readonly problem: string };

const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,198}[a-z0-9])?$/;
/** Bounds on what one record may hold: no real one comes near. */
const MOST_ALIASES = 500;
const MOST_AFFECTED = 5_000;
const MOST_VERSIONS = 50_000;
const MOST_EVENTS = 10_000;
const LONGEST_VERSION = 200;

type Loose = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown, most: number): string | undefined =>
  typeof value === "string" && value.length > 0 && value.length <= most ? value : undefined;

/** Milliseconds since the epoch of an RFC 3339 time; undefined of anything else. */
export function timeOf(value: unknown): number | undefined {
  const text = value instanceof Date ? value.toISOString() : textOf(value, 64);
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}(?:[Tt ]|$)/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Reads a record (OSV schema 1.x). Ranges of type ECOSYSTEM count, and those of type SEMVER, whose versions are compared as the
 * project's own; GIT names no release.
 * @param value what JSON or YAML gave; fractions where versions should stand are not trusted, YAML reads 1.10 as 1.1.
 */
export function readOsvRecord(value: unknown, rate: (vectors: readonly string[]) => Rating): ReadRecord {
  if (!isObject(value)) return { problem: "is no OSV record" };
  const id = textOf(value.id, 128);
  if (id === undefined || !ID.test(id)) return { problem: "has no id that could be one" };
  // Without its time a record still says what is affected: it only counts as older than any other.
  const modified = timeOf(value.modified) ?? timeOf(value.published) ?? 0;
  // Part of a record would say of the rest that nothing is known.
  if (isBeyondBounds(value)) return { problem: "is larger than any record that there is" };
  const byPackage = new Map<string, Loose[]>();
  let isPartly = false;
  for (const affected of listOf(value.affected).filter(isOfPyPI)) {
    const name = nameOf(affected);
    const all = byPackage.get(name ?? "");
    if (name === undefined) isPartly = true;
    else if (all) all.push(affected);
    else byPackage.set(name, [affected]);
  }
  const shared = sharedPart(value, id, modified);
  const records: PackageRecord[] = [];
  for (const [name, parts] of byPackage) {
    const ranges = parts.flatMap((part) => listOf(part.ranges).flatMap(rangeOf));
    const rating = ratingOf(value, parts, rate);
    const versions = parts.flatMap((part) => listOf(part.versions));
    const record: AdvisoryRecord = { ...shared, ...rating, ...(ranges.length > 0 ? { ranges } : {}) };
    const beyond = versionsBeyond(record, versions);
    records.push({
      package: name,
      record: beyond.length > 0 ? { ...record, versions: beyond } : record,
    });
  }
  const partly = isPartly ? "names a PyPI project by what is no name" : undefined;
  return { id, modified, records, ...(partly === undefined ? {} : { partly }) };
}

function isBeyondBounds({ aliases, affected }: Loose): boolean {
  const parts = listOf(affected);
  if (listOf(aliases).length > MOST_ALIASES || parts.length > MOST_AFFECTED) return true;
  let versions = 0;
  let events = 0;
  for (const part of parts) {
    if (!isObject(part)) continue;
    versions += listOf(part.versions).length;
    for (const range of listOf(part.ranges)) events += isObject(range) ? listOf(range.events).length : 0;
  }
  return versions > MOST_VERSIONS || events > MOST_EVENTS;
}

/** Whether a part is of PyPI, in any spelling. What follows a colon says where of an ecosystem (`PyPI:https://…`), not of which. */
function isOfPyPI(affected: unknown): affected is Loose {
  if (!isObject(affected) || !isObject(affected.package)) return false;
  const { ecosystem } = affected.package;
  return typeof ecosystem === "string" && /^pypi(?::|$)/i.test(ecosystem.trim());
}

function nameOf({ package: named }: Loose): string | undefined {
  const text = textOf((named as Loose).name, 200);
  const normalized = text === undefined ? "" : normalizeName(text.trim());
  return NAME.test(normalized) ? normalized : undefined;
}

function sharedPart(value: Loose, id: string, modified: number): AdvisoryRecord {
  const aliases = [
    ...new Set(
      listOf(value.aliases).filter(
        (alias): alias is string => typeof alias === "string" && ID.test(alias) && alias !== id,
      ),
    ),
  ];
  const summary = tame(
    (textOf(value.summary, 10_000) ?? textOf(value.details, 1_000_000) ?? "").slice(0, 400),
    160,
  );
  const published = timeOf(value.published);
  const withdrawn = timeOf(value.withdrawn);
  return {
    id,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(summary === "" ? {} : { summary }),
    severity: "unknown",
    ...([id, ...aliases].some((name) => /^MAL-/i.test(name)) ? { malicious: true } : {}),
    modified,
    ...(published === undefined ? {} : { published }),
    ...(withdrawn === undefined ? {} : { withdrawn }),
  };
}

/** What stands beside the project says more than what stands beside all of them. */
function ratingOf(
  value: Loose,
  parts: readonly Loose[],
  rate: (vectors: readonly string[]) => Rating,
): Rating {
  const own = parts.flatMap((part) => vectorsOf(part.severity));
  const vectors = own.length > 0 ? own : vectorsOf(value.severity);
  if (vectors.length > 0) return rate(vectors);
  // A severity that is there and cannot be read is not made up for by a word.
  if (listOf(value.severity).length > 0 || parts.some((part) => listOf(part.severity).length > 0))
    return UNKNOWN;
  return isObject(value.database_specific) ? ratingOfWord(value.database_specific.severity) : UNKNOWN;
}

function vectorsOf(severity: unknown): string[] {
  return listOf(severity)
    .slice(0, 20)
    .flatMap((one) => (isObject(one) ? (textOf(one.score, 400) ?? []) : []));
}

const KINDS = ["introduced", "fixed", "last_affected", "limit"] as const;

function rangeOf(range: unknown): (readonly RangeEvent[])[] {
  if (!isObject(range) || (range.type !== "ECOSYSTEM" && range.type !== "SEMVER")) return [];
  const events: RangeEvent[] = [];
  for (const event of listOf(range.events)) {
    if (!isObject(event)) continue;
    for (const kind of KINDS) {
      const version = eventVersion(kind, event[kind]);
      if (version !== undefined) events.push([kind, version]);
    }
  }
  return events.some(([kind]) => kind === "introduced") ? [events] : [];
}

/** A version as text. A whole number is one without loss; what opens a range and cannot be read opens it from the start. */
function eventVersion(kind: (typeof KINDS)[number], value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : textOf(value, LONGEST_VERSION)?.trim();
  if (text !== undefined || kind !== "introduced" || value === undefined || value === null) return text;
  return "0";
}

/** The versions that no range covers: nearly always none, so that what is kept stays small. */
function versionsBeyond(record: AdvisoryRecord, versions: readonly unknown[]): string[] {
  const beyond = new Set<string>();
  for (const one of versions) {
    const text = Number.isSafeInteger(one) ? String(one) : textOf(one, LONGEST_VERSION);
    if (text === undefined) continue;
    const sought = soughtVersion(text);
    // A range speaks of public versions: a version named with its local label is meant as named.
    if (sought.local !== undefined || !isAffected(record, sought)) beyond.add(text.trim());
  }
  return [...beyond];
}
