// What a person is to know of packages that come from an address: who named it, and what is not known of them before they are built.
import { redactUrl } from "../index/index.ts";
import type { Pin, Question } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";

/**
 * What a person is to know of a stack: what comes from an address because another package says so, since index and date do not hold
 * for it and pip takes it all the same; and what has no version before it is built.
 */
export function tellSources(
  pins: readonly Pin[],
  { requirements }: Question,
  { universe }: Pick<AskedManifest, "universe">,
): string[] {
  const own = new Set(
    requirements.flatMap(({ requirement }) => (requirement.url ? [requirement.url.text] : [])),
  );
  return pins.flatMap(({ name, version, direct, via }) => {
    if (direct === undefined) return [];
    const told: string[] = [];
    const isUnknown = universe.sourceOf(name, direct)?.isVersionUnknown === true;
    if (!own.has(direct)) {
      const subject = isUnknown ? name : `${name} ${version}`;
      const askers = via.join(" and ");
      told.push(
        `${subject} comes from ${redactUrl(direct)} because ${askers} names that address, not an index.`,
      );
    }
    if (isUnknown)
      told.push(`${name} gets its version when it is built: what other lines ask of it is not checked.`);
    return told;
  });
}
