// Small random worlds for the tests of the planner: projects that ask for one another, advisories, and the lines of a manifest.
import fc from "fast-check";
import type { AdvisoryRecord } from "../../../../shared/src/advisory/index.ts";
import type { PlainUniverse } from "../../resolve/testing.ts";
import type { Candidate } from "./candidate.ts";
import { isBelow } from "./candidate.ts";
import type { Exposure } from "./model.ts";

export const NAMES = ["a", "b", "c", "x", "y"];
const VERSIONS = ["1.0", "1.1", "2.0", "2.1"];
const LINES = [
  "==1.0",
  "==1.1",
  ">=1.0,<2.0",
  "~=1.0",
  "==1.*",
  ">=1.0",
  "<2",
  "<=1.1",
  "!=2.1",
  "===1.0",
  "",
];
const NEEDS = ["", "==1.0", "==1.1", "==2.0", "==2.1", "<2", ">=1.1", ">=2", "!=1.1", "<=2.0", "~=1.0"];

export interface World {
  /** Each project asks for later ones alone. */
  readonly universe: PlainUniverse;
  /** Of the first projects. */
  readonly lines: readonly (readonly [name: string, specifier: string])[];
  readonly advisories: (name: string) => readonly AdvisoryRecord[];
}

const need = fc.option(fc.constantFrom(...NEEDS), { nil: undefined, freq: 2 });
/** What one release asks of the later projects, in their order; undefined where there is no such release. */
const release = fc.option(fc.array(need, { minLength: 4, maxLength: 4 }), { nil: undefined, freq: 6 });
const advisory = fc.subarray(VERSIONS, { minLength: 1 });
/** What the lines name has few advisories: what it brings in is what is hard to clear. */
const affected = fc.tuple(
  ...NAMES.map((_, at) => fc.array(advisory, at < 3 ? { maxLength: 1, size: "xsmall" } : { maxLength: 2 })),
);

export const worlds: fc.Arbitrary<World> = fc
  .record({
    releases: fc.array(fc.array(release, { minLength: 3, maxLength: 4 }), { minLength: 5, maxLength: 5 }),
    lines: fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 3 }),
    affected,
  })
  .map(({ releases, lines, affected }) => ({
    universe: Object.fromEntries(NAMES.map((name, which) => [name, releasesOf(releases[which]!, which)])),
    lines: lines.map((specifier, at) => [NAMES[at]!, specifier] as const),
    advisories: (name) =>
      affected[NAMES.indexOf(name)]!.map((versions, at) => ({
        id: `${name}-${at}`,
        severity: "high",
        versions,
      })),
  }));

function releasesOf(all: readonly (readonly (string | undefined)[] | undefined)[], which: number) {
  return Object.fromEntries(
    all.flatMap((needs, at) => {
      // Every project has a first release.
      if (!needs && at > 0) return [];
      const requires = NAMES.slice(which + 1).flatMap((other, place) => {
        const specifier = needs?.[place];
        return specifier === undefined ? [] : [`${other}${specifier}`];
      });
      return [[VERSIONS[at]!, { requires }]];
    }),
  );
}

/** Versions by project. */
export type Stack = ReadonlyMap<string, string>;

export function stackOf(pins: readonly { readonly name: string; readonly version: object }[]): Stack {
  return new Map(pins.map(({ name, version }) => [name, version.toString()]));
}

/** The ids of what is known against a stack. */
export function exposedIn({ advisories }: World, stack: Stack): Set<string> {
  return new Set(
    [...stack].flatMap(([name, version]) =>
      advisories(name).flatMap(({ id, versions }) => (versions?.includes(version) ? [id] : [])),
    ),
  );
}

/**
 * A stack that comes of so many changed lines, to be compared by the objective; undefined where it brings something in, or takes
 * something down though that is not allowed.
 */
export function outcomeOf(
  world: World,
  today: Stack,
  stack: Stack,
  lines: number,
  allowDowngrade = false,
): Candidate | undefined {
  const present = exposedIn(world, today);
  const left = exposedIn(world, stack);
  if ([...left].some((id) => !present.has(id))) return undefined;
  const moved = [...stack].flatMap(([name, to]) => {
    const from = today.get(name);
    return from === undefined || from === to ? [] : [{ name, from, to }];
  });
  if (!allowDowngrade && moved.some(({ from, to }) => isBelow(to, from))) return undefined;
  return {
    changes: Array.from({ length: lines }),
    constraints: [],
    moved,
    stacks: [],
    exposures: new Map([...left].map((id) => [id, {} as Exposure])),
  } as unknown as Candidate;
}

/** What an outcome comes to, the most important first: advisories left, lines changed, packages moved. */
export function measuresOf({ exposures, changes, moved }: Candidate): readonly number[] {
  return [exposures.size, changes.length, moved.length];
}

/** Whether the first of some measures that differ is the lower one in `a`. */
export function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, place) => value !== b[place]);
  return at >= 0 && a[at]! < b[at]!;
}

/** A world and what else there is to say, as a failing test tells it. */
export function tell({ universe, lines, advisories }: World, more: object): string {
  const known = NAMES.flatMap((name) => advisories(name).map(({ id, versions }) => `${id} ${versions}`));
  return JSON.stringify({ universe, lines, known, ...more });
}
