// A Pipfile's stack as pipenv locks it: each category on its own, all others held to what the packages came to.
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { Marker } from "../../../shared/src/packaging/marker.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { LockedPackage, LockedPipfile } from "../../../shared/src/protocol/lock.ts";
import { type PipfileMarkers, parsePipfileMarkers, pipenvMarker } from "../lock/index.ts";
import type { Demand, Pin, Question } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { OperationError } from "./errors.ts";
import { lockPins } from "./lockedPins.ts";
import { withoutCredentials } from "./lockIndexes.ts";
import { keptPins, keptVersions, type PreviousLock } from "./previousLock.ts";

/** The table of a Pipfile for each category of its lock. */
function sectionOf(category: string): string {
  if (category === "default") return "packages";
  return category === "develop" ? "dev-packages" : category;
}

/** What the text that is hashed says: the Pipfile as pipenv sees it. */
interface HashedPipfile {
  readonly _meta: {
    readonly requires: Readonly<Record<string, unknown>>;
    readonly sources: readonly Readonly<Record<string, unknown>>[];
  };
}

/** One category while it is locked. */
interface Category {
  readonly name: string;
  readonly asked: Pick<AskedManifest, "question" | "places">;
}

export interface LockedCategories {
  readonly packages: LockedPackage[];
  readonly pipfile: LockedPipfile;
}

/** Solves one question; throws or gives up as the operation does. */
export type Solve = (question: Question, places: AskedManifest["places"]) => Promise<readonly Pin[]>;

/**
 * Locks every category (pipenv, `do_lock`).
 * @param isForSeveral `solve` solves for several environments: pins say by markers where they are used.
 * @throws OperationError where the Pipfile cannot be hashed, and whatever `solve` throws.
 */
export async function lockCategories(
  asked: AskedManifest,
  previous: PreviousLock,
  solve: Solve,
  isForSeveral: boolean,
): Promise<LockedCategories> {
  const manifest = asked.root.tree.files[0]!.manifest;
  const hashed = hashedPipfile(manifest, asked.path);
  const names = categoriesOf(manifest, hashed);
  const isHeld = settingOf(manifest, "use_default_constraints") !== "false";
  const found = new Map<string, LockedPackage>();
  const unused: LockedPipfile["unused"] = [];
  let defaults: LockedPackage[] = [];
  /** Where the packages are in the way, both are asked together: then a person's own lines say why. */
  const solveHeld: Solve = async (question, places) => {
    try {
      return await solve(question, places);
    } catch (error) {
      const packages = asked.ofSection(sectionOf("default"));
      const requirements = [...packages.question.requirements, ...question.requirements];
      await solve({ ...packages.question, requirements }, new Map([...packages.places, ...places]));
      throw error;
    }
  };
  for (const name of names) {
    const category = { name, asked: asked.ofSection(sectionOf(name)) };
    const { question, places } = category.asked;
    const held = isHeld && name !== "default" ? defaults.flatMap(constraintOf) : [];
    const narrowed = {
      ...question,
      constraints: [...(question.constraints ?? []), ...held],
      ...(isForSeveral
        ? { kept: keptPins(previous, ({ section }) => section === name) }
        : { preferences: keptVersions(previous, ({ section }) => section === name) }),
    } as const;
    const pins = held.length > 0 ? await solveHeld(narrowed, places) : await solve(narrowed, places);
    const locked = await lockCategory(category, pins, asked, hashed);
    // What the packages hold already stands in the other categories as it stands there.
    const own = isHeld
      ? locked.map((one) => defaults.find((other) => other.name === one.name) ?? one)
      : locked;
    if (name === "default") defaults = own;
    for (const one of own) addPackage(found, one, name);
    if (!isForSeveral) unused.push(...(await unusedOf(category, asked, previous, own)));
  }
  const pipfile = {
    hash: manifest.pipfileHashes![0]!,
    requires: hashed._meta.requires as LockedPipfile["requires"],
    sources: hashed._meta.sources.map(sourceOf),
    categories: names,
    unused,
  };
  return { packages: [...found.values()].sort(byNameAndVersion), pipfile };
}

function byNameAndVersion(a: LockedPackage, b: LockedPackage): number {
  return a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1;
}

/** The same entry in several categories is one package. */
function addPackage(found: Map<string, LockedPackage>, one: LockedPackage, category: string): void {
  const { categories: _, via, ...content } = one;
  const key = JSON.stringify(content);
  const known = found.get(key);
  const lines = [...new Set([...(known?.via ?? []), ...via])];
  found.set(key, { ...one, via: lines, categories: [...(known?.categories ?? []), category] });
}

function hashedPipfile({ pipfileHashInput }: Manifest, path: string): HashedPipfile {
  if (pipfileHashInput !== undefined) return JSON.parse(pipfileHashInput) as HashedPipfile;
  throw new OperationError(
    "unreadable",
    "no-hash",
    `${path} holds a value that JSON does not have, such as a date: pipenv could not hash it.`,
    "Write it in quotes.",
  );
}

/** `default` and `develop`, then the others in the order of the Pipfile. */
function categoriesOf({ text }: Manifest, hashed: HashedPipfile): string[] {
  const known = new Set(["_meta", "default", "develop"]);
  const others = Object.keys(hashed).filter((key) => !known.has(key));
  const placeOf = (name: string): number => {
    const at = text.search(new RegExp(`^\\s*\\[?\\s*["']?${name.replace(/\W/g, "\\$&")}["']?`, "m"));
    return at < 0 ? text.length : at;
  };
  return ["default", "develop", ...others.sort((a, b) => placeOf(a) - placeOf(b))];
}

/** A key of `[pipenv]`. */
function settingOf({ entries }: Manifest, key: string): string | undefined {
  for (const entry of entries) {
    if (entry.kind === "option" && entry.section === "pipenv" && entry.option === key)
      return entry.value?.text;
  }
  return undefined;
}

/** What is not given of a source is derived (pipenv, `populate_source`). Credentials are no part of a lock. */
function sourceOf(source: Readonly<Record<string, unknown>>): LockedPipfile["sources"][number] {
  const url = String(source.url ?? "");
  const verifies = source.verify_ssl ?? url.includes("https://");
  return {
    ...(source as LockedPipfile["sources"][number]),
    name: String(source.name ?? URL.parse(url)?.hostname ?? ""),
    url: withoutCredentials(url),
    verify_ssl: typeof verifies === "boolean" ? verifies : String(verifies).toLowerCase() === "true",
  };
}

/** What comes from an address cannot be written as a constraint. */
function constraintOf({ name, version, url }: LockedPackage): Demand[] {
  const text = `${name}==${version}`;
  const read = readRequirement(text);
  return url === undefined && read.ok ? [{ requirement: read.value, text }] : [];
}

async function lockCategory(
  { asked: category }: Category,
  pins: readonly Pin[],
  asked: AskedManifest,
  hashed: HashedPipfile,
): Promise<LockedPackage[]> {
  const places = new Map([...asked.places, ...category.places]);
  const packages = await lockPins(pins, { ...asked, places }, "every");
  const lines = new Map(
    [...category.places].map(([demand, { entry }]) => [normalizeName(demand.requirement.name.text), entry]),
  );
  const written = writtenNames(pins);
  const inherited = inheritedMarkers(pins, lines);
  return packages.map((one) => {
    const line = lines.get(one.name);
    const key = keyOf(line?.name?.text ?? written.get(one.name)?.text ?? one.name);
    const source = sourceNameOf(one, key, line, asked, hashed);
    const marker = pipenvMarker({
      requiresPython: one.url === undefined ? one.requiresPython : undefined,
      required: written.get(one.name)?.marker,
      own: line && markersOf(line, key),
      inherited: inherited.get(one.name),
    });
    const { index: _, marker: where, ...rest } = one;
    return {
      ...rest,
      ...(line && line.extras.length > 0 ? { extras: line.extras.map(({ text }) => text).sort() } : {}),
      key,
      ...(source === undefined ? {} : { source }),
      ...bothMarkers(marker, where),
    };
  });
}

/** What pipenv writes of any release, and where a stack for several environments uses it. */
function bothMarkers(marker: string | undefined, where: string | undefined): Pick<LockedPackage, "marker"> {
  if (where === undefined) return marker === undefined ? {} : { marker };
  const said = where.replaceAll('"', "'");
  if (marker === undefined || marker === said) return { marker: said };
  const part = (text: string): string => (/ or /.test(text) ? `(${text})` : text);
  return { marker: `${part(marker)} and ${part(said)}` };
}

/** pipenv's form of a name: dots stay. */
function keyOf(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** What is not named by the Pipfile goes by the name, and the marker, of a requirement that brings it in. */
function writtenNames(
  pins: readonly Pin[],
): Map<string, { readonly text: string; readonly marker?: Marker }> {
  const written = new Map<string, { text: string; marker?: Marker }>();
  for (const { dependencies, extraDependencies } of pins) {
    for (const { name, written: text, writtenMarker: marker } of [
      ...dependencies,
      ...[...extraDependencies.values()].flat(),
    ]) {
      if (text !== undefined && !written.has(name))
        written.set(name, { text, ...(marker ? { marker } : {}) });
    }
  }
  return written;
}

function markersOf({ keys = [], name }: RequirementEntry, key?: string): PipfileMarkers | undefined {
  const own = parsePipfileMarkers(keys.map((one) => ({ key: one.key.text, value: one.value.text })));
  return own && { ...own, isKey: name?.text === key };
}

/**
 * Markers of entries for what they alone bring in, which is for the same environments. pipenv takes those of the entry that it
 * came to first, whoever else asks.
 */
function inheritedMarkers(
  pins: readonly Pin[],
  lines: ReadonlyMap<string, RequirementEntry>,
): Map<string, string> {
  const markers = new Map<string, string | undefined>();
  const byName = new Map(pins.map((pin) => [pin.name, pin]));
  const find = (pin: Pin, seen: ReadonlySet<string>): string | undefined => {
    if (markers.has(pin.name)) return markers.get(pin.name);
    const line = lines.get(pin.name);
    if (line) return foldedMarker(line);
    const askers = pin.via.flatMap((name) => (seen.has(name) ? [] : (byName.get(name) ?? [])));
    const all = askers.map((asker) => find(asker, new Set([...seen, pin.name])));
    const distinct = new Set(all);
    return distinct.size === 1 ? all[0] : undefined;
  };
  for (const pin of pins) {
    if (!lines.has(pin.name)) markers.set(pin.name, find(pin, new Set([pin.name])));
  }
  return new Map([...markers].flatMap(([name, marker]) => (marker === undefined ? [] : [[name, marker]])));
}

/** The parts that pipenv hands on (`_get_pipfile_markers`). */
function foldedMarker(line: RequirementEntry): string | undefined {
  const own = markersOf(line);
  const key = (name: string) => own?.keys.filter((text) => text.startsWith(`${name} `)) ?? [];
  const parts = [...key("sys_platform"), ...(own?.markers ? [own.markers] : []), ...key("platform_machine")];
  return parts.length === 0 ? undefined : parts.map((part) => `(${part})`).join(" and ");
}

/**
 * The source that an entry names: one that is a version in quotes names the first. Beside the packages, what another entry binds
 * is bound too.
 */
function sourceNameOf(
  { name, url, index }: LockedPackage,
  key: string,
  line: RequirementEntry | undefined,
  { root }: AskedManifest,
  { _meta }: HashedPipfile,
): string | undefined {
  if (url !== undefined) return undefined;
  const sources = _meta.sources.map(sourceOf);
  const [first] = sources;
  const named = sources.find((source) => source.name === line?.index?.text) ?? first;
  const isFrom = (source: { readonly url?: unknown }): boolean =>
    index !== undefined && indexKey(String(source.url)) === indexKey(index);
  // What a policy or a setting has taken from another source than the entry's is in that one alone.
  const found = named && isFrom(named) ? undefined : sources.find(isFrom);
  if (found) return String(found.name);
  // pipenv looks names up in their normal form, which one with a dot is not in.
  if (key !== name) return undefined;
  if (line?.index) return line.index.text;
  if (line?.style === "toml-string") return String(first?.name ?? "");
  const section = line?.section;
  if (section === "packages") return undefined;
  return otherBinding(root.tree.files[0]!.manifest, name, section);
}

function otherBinding({ entries }: Manifest, name: string, section: string | undefined): string | undefined {
  for (const entry of entries) {
    if (entry.kind !== "requirement" || entry.normalizedName !== name || entry.section === section) continue;
    if (entry.index) return entry.index.text;
  }
  return undefined;
}

/**
 * Entries whose marker does not hold here: as the lock before has them while that holds, else as they are written, a pinned one with
 * its digests (pipenv, `clean_skipped_result`, which sets `==` before a range too: that nothing can read).
 */
async function unusedOf(
  { name, asked: { question, places } }: Category,
  { catalogue }: AskedManifest,
  previous: PreviousLock,
  locked: readonly LockedPackage[],
): Promise<LockedPipfile["unused"]> {
  const unused: LockedPipfile["unused"] = [];
  for (const demand of question.requirements) {
    const entry = places.get(demand)?.entry;
    if (entry === undefined || catalogue.admits(demand.requirement.marker)) continue;
    const key = keyOf(demand.requirement.name.text);
    const marker = pipenvMarker({ own: markersOf(entry) });
    if (marker === undefined || locked.some((one) => (one.key ?? one.name) === key)) continue;
    const before = previousEntry(previous, normalizeName(key), name);
    const isKept = before !== undefined && entry.specifier.contains(before.version);
    const hashes = isKept
      ? before.entry.hashes.map(({ algorithm, digest }) => `${algorithm}:${digest}`)
      : await digestsOf(entry, normalizeName(key), catalogue);
    const index = entry.index?.text ?? (isKept ? before.entry.index?.text : undefined);
    unused.push({
      category: name,
      key,
      marker,
      version: isKept ? `==${before.version}` : entry.specifier.written || "*",
      hashes: [...new Set(hashes)].sort(),
      ...(entry.extras.length > 0 ? { extras: entry.extras.map(({ text }) => text).sort() } : {}),
      ...(index === undefined ? {} : { index }),
    });
  }
  return unused;
}

function previousEntry({ upgraded, pins }: PreviousLock, name: string, category: string) {
  if (upgraded === "all" || upgraded.has(name)) return undefined;
  return pins.find((pin) => pin.name === name && pin.entry.section === category);
}

/** Of every file of the one release that an entry names; none where it names several or a file's digest is not listed. */
async function digestsOf(
  { specifier, url, path }: RequirementEntry,
  name: string,
  catalogue: AskedManifest["catalogue"],
): Promise<string[]> {
  const isPinned = specifier.clauses.some(
    ({ operator, version }) => operator === "===" || (operator === "==" && !version.endsWith(".*")),
  );
  if (!isPinned || (url ?? path) !== undefined) return [];
  const { versions, files } = await catalogue.project(name);
  const place = versions.findIndex((version) => specifier.contains(version));
  const digests = (files[place] ?? []).map(({ hashes }) => hashes.sha256);
  return digests.every((digest) => digest !== undefined) ? digests.map((digest) => `sha256:${digest}`) : [];
}
