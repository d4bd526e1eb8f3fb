// The same universe with some releases withheld: those that advisories forbid, and those below what is there today.

import type { AdvisoryRecord } from "../../../../shared/src/advisory/index.ts";
import { isAffected, isWithdrawn, soughtVersion } from "../../../../shared/src/advisory/index.ts";
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Universe, UniverseProject, UniverseRelease, Withheld } from "../../resolve/index.ts";

/** Asks for each project and each release once, however many searches there are. */
export function rememberUniverse(universe: Universe): Universe {
  const projects = new Map<string, ReturnType<Universe["project"]>>();
  const metadata = new Map<string, ReturnType<Universe["metadata"]>>();
  const remember = <T>(known: Map<string, T | Promise<T>>, key: string, ask: () => T | Promise<T>) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const asked = ask();
    known.set(key, asked);
    // Once it is there it is used at once, which is what keeps many searches quick.
    if (asked instanceof Promise) {
      void asked.then(
        (value) => known.set(key, value),
        () => known.delete(key),
      );
    }
    return asked;
  };
  return {
    isRemote: universe.isRemote,
    project: (name) => remember(projects, name, () => universe.project(name)),
    metadata: (name, version, file) =>
      remember(metadata, `${name} ${version.key} ${file.filename}`, () =>
        universe.metadata(name, version, file),
      ),
    ...(universe.direct ? { direct: (name: string, url: string) => universe.direct!(name, url) } : {}),
  };
}

/** The universe with some releases that nobody may choose, so that whoever asks why there is no stack is told of them. */
export function withholdReleases(
  universe: Universe,
  reasonFor: (name: string, version: Version) => Withheld | undefined,
): Universe {
  return mapReleases(universe, (name, releases) =>
    releases.map((release) => {
      const withheld = reasonFor(name, release.version);
      return withheld === undefined ? release : { ...release, withheld };
    }),
  );
}

/**
 * The universe in which a release below today's is tried after every one above it, the nearest of them first, and pre-releases after
 * both.
 */
export function orderBelow(universe: Universe, today: ReadonlyMap<string, Version>): Universe {
  return mapReleases(universe, (name, releases) => {
    const now = today.get(name);
    if (!now) return releases;
    const isBelow = ({ version }: UniverseRelease) => compareVersions(version, now) < 0;
    const below = releases.filter(isBelow).sort((a, b) => compareVersions(b.version, a.version));
    const ranks = new Map(below.map((release, at) => [release, at + 1]));
    const most = releases.length + 1;
    return releases.map((release) => {
      const rank = (ranks.get(release) ?? 0) + (release.version.isPrerelease ? most : 0);
      return { ...release, tier: (release.tier ?? 0) * 2 * most + rank };
    });
  });
}

function mapReleases(
  universe: Universe,
  map: (name: string, releases: readonly UniverseRelease[]) => readonly UniverseRelease[],
): Universe {
  const mapped = (name: string, project: UniverseProject): UniverseProject => ({
    ...project,
    releases: map(name, project.releases),
  });
  return {
    ...universe,
    project(name) {
      const project = universe.project(name);
      return project instanceof Promise ? project.then((one) => mapped(name, one)) : mapped(name, project);
    },
  };
}

/** Which of the groups of records hold for each version, worked out once for each. */
export class Affection {
  readonly #groups: (name: string) => readonly (readonly AdvisoryRecord[])[];
  readonly #known = new Map<string, readonly number[]>();

  constructor(groups: (name: string) => readonly (readonly AdvisoryRecord[])[]) {
    this.#groups = groups;
  }

  /** Places of the groups that hold for the version. */
  of(name: string, version: Version): readonly number[] {
    const groups = this.#groups(name);
    if (groups.length === 0) return [];
    const key = `${name} ${version.key}`;
    let found = this.#known.get(key);
    if (!found) {
      const sought = soughtVersion(version.toString());
      found = groups.flatMap((group, at) => (group.some((record) => isAffected(record, sought)) ? [at] : []));
      this.#known.set(key, found);
    }
    return found;
  }
}

/** The records that count now. */
export function activeRecords(records: readonly AdvisoryRecord[], now: number): AdvisoryRecord[] {
  return records.filter((record) => !isWithdrawn(record, now));
}
