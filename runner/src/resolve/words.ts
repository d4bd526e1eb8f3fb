// Sets of releases in words: what exists, never ranges of what might.
import { hasVersion, type States } from "./core/states.ts";
import type { Project } from "./python/catalogue.ts";

/** Stretches that are told one by one before the rest is counted. */
const MOST = 4;

/**
 * `numpy 1.26.0`, `numpy 1.24.0 to 1.26.4`, `all releases of numpy`. Releases that nobody can use do not break a stretch.
 * @param extra is told with the name where the package is one.
 */
export function describeReleases(project: Project, states: States, extra?: string): string {
  const { versions, verdicts } = project;
  const name = extra === undefined ? project.name : `${project.name}[${extra}]`;
  const stretches: [first: number, last: number][] = [];
  let isBroken = true;
  let isWhole = true;
  for (const place of versions.keys()) {
    if (hasVersion(states, place)) {
      const current = stretches.at(-1);
      if (isBroken || current === undefined) stretches.push([place, place]);
      else current[1] = place;
      isBroken = false;
    } else if (verdicts[place] === "usable") {
      isBroken = true;
      isWhole = false;
    }
  }
  if (stretches.length === 0) return `no release of ${name}`;
  if (isWhole && versions.length > 1 && stretches[0]![0] !== stretches.at(-1)![1])
    return `all releases of ${name}`;
  const texts = stretches.map(([first, last]) =>
    first === last ? `${versions[first]}` : `${versions[first]} to ${versions[last]}`,
  );
  const told =
    texts.length > MOST ? [...texts.slice(0, MOST - 1), `${texts.length - MOST + 1} other stretches`] : texts;
  const list = told.length > 1 ? `${told.slice(0, -1).join(", ")} and ${told.at(-1)}` : told[0];
  return `${name} ${list}`;
}
