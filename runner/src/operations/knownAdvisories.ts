// What is stored against releases, and whether a stack brings in something that is not known against today's.
import { type AdvisoryThreshold, matchAdvisories, reaches } from "../../../shared/src/advisory/index.ts";
import type { AdvisoryLookup } from "../advisories/index.ts";
import type { Knowledge } from "../knowledge/index.ts";
import type { Pin } from "../resolve/index.ts";

/** What is stored against each project, read when a search first comes to it. */
export function createLookup({ advisories }: Knowledge): AdvisoryLookup {
  const known = new Map<string, ReturnType<AdvisoryLookup>>();
  return (name) => {
    let records = known.get(name);
    if (!records) {
      records = advisories.read([name])?.get(name)?.records ?? [];
      known.set(name, records);
    }
    return records;
  };
}

/** Says what a stack brings in, `low 1.0 has GHSA-1`; undefined where that is nothing. */
export type AdvisoryGuard = (pins: readonly Pin[]) => string | undefined;

/**
 * Holds stacks against today's.
 * @param threshold what is below it may come in, but for what is malicious or of unknown severity.
 */
export function createAdvisoryGuard(
  lookup: AdvisoryLookup,
  today: readonly Pin[],
  now: number,
  threshold?: AdvisoryThreshold,
): AdvisoryGuard {
  const known = new Map<string, ReturnType<typeof matchAdvisories>>();
  const matchesOf = ({ name, version }: Pin) => {
    const key = `${name} ${version.key}`;
    const found = known.get(key) ?? matchAdvisories(lookup(name), version.toString(), now);
    known.set(key, found);
    return found;
  };
  const there = new Set(today.flatMap((pin) => matchesOf(pin).map(({ id }) => `${pin.name} ${id}`)));
  return (pins) => {
    for (const pin of pins) {
      const brought = matchesOf(pin).find(({ id, malicious, severity }) => {
        const mayComeIn = threshold !== undefined && !malicious && !reaches(severity, threshold);
        return !there.has(`${pin.name} ${id}`) && !mayComeIn;
      });
      if (brought) return `${pin.name} ${pin.version} has ${brought.id}`;
    }
    return undefined;
  };
}
