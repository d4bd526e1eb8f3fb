// Whether the wheels of one release ask for the same. A resolver reads one of them, as uv does; an installer reads the one that it takes.
import { dirname } from "node:path";
import type { StackFacts } from "../../../shared/src/facts/stack.ts";
import type { OtherWheel, WheelDisagreement } from "../../../shared/src/facts/wheels.ts";
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import { normalizeExtra, normalizeName } from "../../../shared/src/packaging/name.ts";
import { type Requirement, readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import type { PageFile } from "../index/index.ts";
import type { IndexUniverse, Pin, ReleaseMetadata } from "../resolve/index.ts";
import { configurationFor } from "./configuration.ts";
import { type SearchedStack, untilAborted } from "./stackFacts.ts";

/** What was compared of one release. */
export interface WheelComparison extends WheelDisagreement {
  /** Wheels that are known to ask for the same or for something else, beside the one that was read. */
  readonly compared: number;
  /** Wheels whose metadata is not at hand. */
  readonly notCompared: number;
}

type Known = Exclude<ReleaseMetadata, { failure: unknown }>;

/** Of one release so many metadata files are fetched at most: builds of one release have one or two texts. */
const MOST_FETCHED = 4;
/** Of one release so many other metadata texts are looked at: a release of eighty wheels has one text, or one for each system. */
const MOST_READ = 16;

/**
 * Compares the wheels of each pin with the one whose metadata was used. Equal digests of the metadata, as indexes list them, are
 * equal metadata; what is stored costs nothing. Nothing else is fetched, unless `fetches`: then one file for each other digest.
 * @param scope `used`: wheels that one of the environments takes; `all`: every wheel of the release.
 */
export async function compareWheels(
  pins: readonly Pin[],
  universe: Pick<IndexUniverse, "metadata" | "storedMetadata">,
  { scope, fetches }: { readonly scope: "used" | "all"; readonly fetches: boolean },
): Promise<WheelComparison[]> {
  const compared = await Promise.all(
    pins.map(async (pin) => {
      if (pin.direct !== undefined || !isWheel(pin.file)) return undefined;
      const files = scope === "used" ? pin.files : pin.release;
      const wheels = files.filter((file) => isWheel(file) && file.filename !== pin.file.filename);
      return wheels.length === 0 ? undefined : compareRelease(pin, wheels, universe, fetches);
    }),
  );
  return compared.filter((one) => one !== undefined);
}

/** Those of the comparisons that found a difference. */
export function disagreementsOf(comparisons: readonly WheelComparison[]): WheelDisagreement[] {
  return comparisons
    .filter(({ others }) => others.length > 0)
    .map(({ name, version, file, others }) => ({ name, version, file, others }));
}

function isWheel({ filename }: PageFile): boolean {
  return /\.whl$/i.test(filename);
}

function metadataDigest({ coreMetadata }: PageFile): string | undefined {
  return typeof coreMetadata === "object" ? coreMetadata.sha256 : undefined;
}

async function compareRelease(
  pin: Pin,
  wheels: readonly PageFile[],
  universe: Pick<IndexUniverse, "metadata" | "storedMetadata">,
  fetches: boolean,
): Promise<WheelComparison> {
  const { name, file } = pin;
  const about = { name, version: pin.version.toString(), file: file.filename };
  const own = metadataDigest(file);
  const same = own === undefined ? [] : wheels.filter((wheel) => metadataDigest(wheel) === own);
  const groups = new Map<string, PageFile[]>();
  for (const wheel of wheels) {
    const digest = metadataDigest(wheel);
    if (digest !== undefined && digest === own) continue;
    const key = digest ?? wheel.filename;
    groups.set(key, [...(groups.get(key) ?? []), wheel]);
  }
  const used = groups.size === 0 ? undefined : await universe.storedMetadata(name, file);
  if (used === undefined || "failure" in used) {
    return { ...about, others: [], compared: same.length, notCompared: wheels.length - same.length };
  }
  const others: OtherWheel[] = [];
  let compared = same.length;
  let fetched = 0;
  for (const group of [...groups.values()].slice(0, MOST_READ)) {
    const [first] = group;
    let other = await universe.storedMetadata(name, first!);
    if ("failure" in other && fetches && metadataDigest(first!) !== undefined && fetched < MOST_FETCHED) {
      fetched++;
      other = await universe.metadata(name, pin.version, first!);
    }
    if ("failure" in other) continue;
    compared += group.length;
    const difference = differenceOf(used, other);
    if (difference) others.push(...group.map(({ filename }) => ({ file: filename, ...difference })));
  }
  return { ...about, others, compared, notCompared: wheels.length - compared };
}

/** What another wheel's metadata says that the used one's does not, and the other way round; undefined where they mean the same. */
function differenceOf(used: Known, other: Known): Omit<OtherWheel, "file"> | undefined {
  const [own, theirs] = [meaningsOf(used), meaningsOf(other)];
  const adds = [...theirs].flatMap(([meaning, text]) => (own.has(meaning) ? [] : [text]));
  const lacks = [...own].flatMap(([meaning, text]) => (theirs.has(meaning) ? [] : [text]));
  const isSamePython = pythonMeaning(used) === pythonMeaning(other);
  if (adds.length === 0 && lacks.length === 0 && isSamePython) return undefined;
  return { adds, lacks, ...(isSamePython ? {} : { requiresPython: other.requiresPython ?? "" }) };
}

/** Requirements by what they mean, whatever their order and spelling. */
function meaningsOf({ requiresDist }: Known): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of requiresDist) {
    const read = readRequirement(text);
    found.set(read.ok ? meaningOf(read.value) : text, text);
  }
  return found;
}

function meaningOf({ name, extras, specifier, marker, url }: Requirement): string {
  const brackets = extras.map((extra) => normalizeExtra(extra.text)).sort();
  const clauses = specifier.clauses.map(({ operator, version }) => operator + version).sort();
  return JSON.stringify([
    normalizeName(name.text),
    brackets,
    clauses,
    marker && markerToString(marker),
    url?.text,
  ]);
}

function pythonMeaning({ requiresPython = "" }: Known): string {
  const read = readSpecifierSet(requiresPython);
  if (!read.ok) return requiresPython.trim();
  return read.value.clauses
    .map(({ operator, version }) => operator + version)
    .sort()
    .join(",");
}

/** What resolving a manifest came to, with the disagreements of its releases as far as their wheels' metadata is known. */
export async function addDisagreements(
  { asked, resolution }: SearchedStack,
  facts: StackFacts,
  signal: AbortSignal,
): Promise<StackFacts> {
  if (resolution.kind !== "solved") return facts;
  const fetches = (await declaredEnvironments(asked.root.path)).length > 1;
  const work = compareWheels(resolution.pins, asked.universe, { scope: "all", fetches });
  const disagreements = disagreementsOf(await untilAborted(work, signal));
  return disagreements.length === 0 ? facts : { ...facts, disagreements };
}

/** The environments that one lock is declared to hold for: where there are several, different wheels of a release are installed. */
async function declaredEnvironments(path: string): Promise<readonly string[]> {
  const { configuration } = await configurationFor(dirname(path));
  return configuration.lock?.environments ?? [];
}
