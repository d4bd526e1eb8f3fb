// Parts of what a stack is for: where the search goes on apart, as uv forks. In one part no project has two releases.
import {
  ALWAYS,
  type MarkerDiagram,
  type MarkerSet,
  NEVER,
} from "../../../../shared/src/packaging/markerDiagram.ts";
import type { PythonRange } from "../../../../shared/src/packaging/pythonRange.ts";
import type { Asked } from "../python/provider.ts";

/** One part. */
export interface Part {
  /** Where it holds, beside the Pythons of the whole stack. */
  readonly where: MarkerSet;
  /** The Pythons of the whole stack, narrowed by `where`. */
  readonly pythons: PythonRange;
}

/** What is asked for in a part, with the group or extra of the person's own that asks. */
export interface AskedThere extends Asked {
  /** Where the person's own extra or group is asked for; everywhere of what belongs to none. */
  readonly own: MarkerSet;
}

/** The part of a part where `where` holds too. */
export function narrowPart(diagram: MarkerDiagram, part: Part, where: MarkerSet): Part {
  const narrowed = diagram.and(part.where, where);
  const pythons = diagram.pythons(narrowed);
  if (pythons === undefined) return { where: narrowed, pythons: part.pythons };
  return {
    where: narrowed,
    pythons: {
      low: Math.max(part.pythons.low, pythons.low),
      high: Math.min(part.pythons.high, pythons.high),
    },
  };
}

/** One way on: the part, and what one release asks for in it, which grows while it is made. */
export interface Fork {
  readonly where: MarkerSet;
  readonly asked: AskedThere[];
}

/** Thrown inside the search where it has to go on apart. */
export class Parting extends Error {
  /** The package that is decided next in each part. */
  readonly package: number;
  /** Solved last to first. A version is the one to be taken there. */
  readonly parts: readonly { readonly where: MarkerSet; readonly version?: number | undefined }[];

  constructor(package_: number, parts: Parting["parts"]) {
    super("the question is parted");
    this.package = package_;
    this.parts = parts;
  }
}

/**
 * Parts what one release asks for, where it asks for one project in several ways: each with its marker, and each without it. A
 * single requirement parts only where it holds for newer Pythons alone, since what it brings may need those.
 */
export function forkAsked(
  diagram: MarkerDiagram,
  part: Part,
  asked: readonly AskedThere[],
  conflicts: readonly (readonly MarkerSet[])[],
): readonly Fork[] {
  const supported = diagram.pythonsIn(part.pythons);
  let forks: Fork[] = [{ where: part.where, asked: [] }];
  const add = (one: AskedThere): void => {
    for (const fork of forks) {
      if (one.where === ALWAYS || !diagram.areDisjoint(fork.where, one.where)) fork.asked.push(one);
    }
  };
  for (const group of groupByName(asked)) {
    const [first] = group;
    const isAlike = group.every(({ where }) => where === first!.where);
    if (isAlike && !raisesPython(diagram, part, first!.where)) {
      for (const one of group) add(one);
      continue;
    }
    for (const one of group) {
      if (one.where === ALWAYS) add(one);
      else if (!diagram.areDisjoint(part.where, one.where)) forks = forkOne(diagram, forks, one, supported);
    }
  }
  for (const set of conflicts) forks = forks.flatMap((fork) => forkConflict(diagram, fork, set));
  return forks;
}

function groupByName(asked: readonly AskedThere[]): (readonly AskedThere[])[] {
  if (asked.length < 2) return asked.length === 0 ? [] : [asked];
  const groups = new Map<string, AskedThere[]>();
  for (const one of asked) {
    const group = groups.get(one.name);
    if (group) group.push(one);
    else groups.set(one.name, [one]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function raisesPython(diagram: MarkerDiagram, { pythons }: Part, where: MarkerSet): boolean {
  return (diagram.pythons(where)?.low ?? 0) > pythons.low;
}

function forkOne(
  diagram: MarkerDiagram,
  forks: readonly Fork[],
  one: AskedThere,
  supported: MarkerSet,
): Fork[] {
  return forks.flatMap((fork) => {
    if (diagram.areDisjoint(fork.where, one.where)) return [fork];
    const kept: Fork[] = [];
    for (const side of [diagram.not(one.where), one.where]) {
      const where = diagram.and(fork.where, side);
      if (where === NEVER || diagram.areDisjoint(where, supported)) continue;
      const asked = [...fork.asked, one].filter((other) => !diagram.areDisjoint(where, other.where));
      kept.push({ where, asked });
    }
    return kept;
  });
}

/** Extras and groups of the person's own that exclude each other: none of them, and each without the others. */
function forkConflict(diagram: MarkerDiagram, fork: Fork, set: readonly MarkerSet[]): Fork[] {
  const possible = set.filter((own) => !diagram.areDisjoint(fork.where, own));
  const isAsked = set.some((own) => fork.asked.some((one) => one.own === own));
  if (!isAsked || possible.length < 2) return [fork];
  const without = (others: readonly MarkerSet[]): MarkerSet =>
    others.reduce((where, own) => diagram.and(where, diagram.not(own)), fork.where);
  const wheres = [without(set)];
  for (const own of set) {
    wheres.push(diagram.and(without(set.filter((other) => other !== own)), own));
  }
  return wheres
    .filter((where) => where !== NEVER)
    .map((where) => ({
      where,
      asked: fork.asked.filter((one) => !diagram.areDisjoint(where, one.own)),
    }));
}

/** How many of the things asked for are held from above. */
export function countUpperBounds(asked: readonly Asked[]): number {
  return asked.filter(({ specifier }) =>
    specifier.clauses.some(({ operator }) => operator !== ">" && operator !== ">=" && operator !== "!="),
  ).length;
}
