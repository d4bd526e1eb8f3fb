// What each of the person's lines brings into a stack, and what keeps its package below its newest release.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, type Version } from "../../../shared/src/packaging/version.ts";
import { type Catalogue, extraNames, type Need, type Project } from "./python/catalogue.ts";
import type { Demand, Pin, Question } from "./python/model.ts";

/** Who speaks against a release: a line of the person's, or a package of the stack with what it needs. */
export type Objector =
  | { readonly kind: "line"; readonly demand: Demand }
  | { readonly kind: "package"; readonly pin: Pin; readonly text: string };

export interface HeldBack {
  /** The newest release that could be used on its own. */
  readonly newest: Version;
  /** Empty where nobody says so outright: then what the release itself needs does not agree with the rest. */
  readonly by: readonly Objector[];
}

export interface LineStory {
  readonly demand: Demand;
  /** The package that the line asks for; undefined where its marker does not hold. */
  readonly pin: Pin | undefined;
  /** Names of the packages that it needs, directly or not, sorted. */
  readonly brings: readonly string[];
  /** Those of them that no other line needs. */
  readonly only: readonly string[];
  readonly heldBack: HeldBack | undefined;
}

/** Tells of every requirement of the question what it does in its stack. Nothing is asked that the search has not read. */
export function tellLines(catalogue: Catalogue, question: Question, pins: readonly Pin[]): LineStory[] {
  const byName = new Map(pins.map((pin) => [pin.name, pin]));
  const needed = neededBy(pins);
  const reached = question.requirements.map((demand) => {
    const name = normalizeName(demand.requirement.name.text);
    const pin = catalogue.admits(demand.requirement.marker) ? byName.get(name) : undefined;
    return { demand, pin, names: pin ? reach(pin, demand, byName, needed) : new Set<string>() };
  });
  const lines = new Map<string, Set<string>>();
  for (const { pin, names } of reached) {
    if (pin === undefined) continue;
    for (const name of [pin.name, ...names]) lines.set(name, (lines.get(name) ?? new Set()).add(pin.name));
  }
  return reached.map(({ demand, pin, names }) => {
    const brings = [...names].sort();
    const only = brings.filter((name) => lines.get(name)?.size === 1);
    return { demand, pin, brings, only, heldBack: pin && tellHeldBack(catalogue, question, pins, pin) };
  });
}

interface Needed {
  readonly base: readonly string[];
  readonly byExtra: ReadonlyMap<string, readonly string[]>;
}

function neededBy(pins: readonly Pin[]): Map<string, Needed> {
  return new Map(
    pins.map(({ name, dependencies, extraDependencies }) => [
      name,
      {
        base: dependencies.map((one) => one.name),
        byExtra: new Map(
          [...extraDependencies].map(([extra, list]) => [extra, list.map((one) => one.name)] as const),
        ),
      },
    ]),
  );
}

/**
 * All that a line needs, itself left out. Of the package on the line only the extras count that the line names; of what comes
 * after it, those that the stack has.
 */
function reach(
  start: Pin,
  { requirement }: Demand,
  byName: ReadonlyMap<string, Pin>,
  needed: ReadonlyMap<string, Needed>,
): Set<string> {
  const found = new Set<string>();
  const open: [Pin, readonly string[]][] = [[start, extraNames(requirement)]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [pin, extras] = next;
    const needs = needed.get(pin.name)!;
    for (const name of [...needs.base, ...extras.flatMap((extra) => needs.byExtra.get(extra) ?? [])]) {
      const other = byName.get(name);
      if (other === undefined || name === start.name || found.has(name)) continue;
      found.add(name);
      open.push([other, other.extras]);
    }
  }
  return found;
}

/** What keeps a package of the stack below its newest release that could be used; undefined of one that is newest. */
export function tellHeldBack(
  catalogue: Catalogue,
  question: Question,
  pins: readonly Pin[],
  pin: Pin,
): HeldBack | undefined {
  if (pin.direct !== undefined) return undefined;
  const project = catalogue.project(pin.name);
  if (project instanceof Promise) return undefined;
  const newest = newestUsable(project, question.prereleases === "allow" || pin.version.isPrerelease);
  if (newest === undefined || compareVersions(newest, pin.version) <= 0) return undefined;
  const admits = ({ specifier }: Pick<Need, "specifier">): boolean =>
    specifier.contains(newest, { prereleases: true });
  const by: Objector[] = [];
  for (const demand of [...question.requirements, ...(question.constraints ?? [])]) {
    const { requirement } = demand;
    if (normalizeName(requirement.name.text) !== pin.name || requirement.url !== undefined) continue;
    if (catalogue.admits(requirement.marker) && !admits(requirement)) by.push({ kind: "line", demand });
  }
  for (const other of pins) {
    const need = needsOf(catalogue, other).find((one) => one.name === pin.name && !admits(one));
    if (need) by.push({ kind: "package", pin: other, text: need.text });
  }
  return { newest, by };
}

function newestUsable({ versions, verdicts }: Project, takesPrereleases: boolean): Version | undefined {
  for (let place = versions.length - 1; place >= 0; place--) {
    if (verdicts[place] !== "usable") continue;
    if (takesPrereleases || !versions[place]!.isPrerelease) return versions[place];
  }
  return undefined;
}

/** What a package of the stack needs, with the extras that the stack has of it. */
function needsOf(catalogue: Catalogue, pin: Pin): readonly Need[] {
  const project = catalogue.project(pin.name, pin.direct);
  if (project instanceof Promise) return [];
  const place = project.versions.findIndex((version) => version.key === pin.version.key);
  const needs = place < 0 ? undefined : catalogue.needs(project, place);
  if (needs === undefined || needs instanceof Promise || "unusable" in needs) return [];
  return [...needs.base, ...pin.extras.flatMap((extra) => needs.byExtra.get(extra) ?? [])];
}
