// Releases that are taken where they hold: those of a lock, and those that other parts of the stack came to.
import type { MarkerDiagram, MarkerSet } from "../../../../shared/src/packaging/markerDiagram.ts";
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";

export interface Preference {
  readonly version: Version;
  /** Where it was taken. */
  readonly where: MarkerSet;
  /** Whether a lock says so, or another part of the same stack. */
  readonly isKept: boolean;
}

export class Preferences {
  readonly #byName = new Map<string, Preference[]>();

  add(name: string, preference: Preference): void {
    const list = this.#byName.get(name);
    if (list === undefined) this.#byName.set(name, [preference]);
    else if (
      !list.some((one) => one.where === preference.where && one.version.key === preference.version.key)
    ) {
      list.push(preference);
    }
  }

  /** Those that were taken in the part first, then the newest, or the oldest where the oldest is asked for. */
  of(name: string, diagram: MarkerDiagram, where: MarkerSet, isLowest: boolean): readonly Preference[] {
    const list = this.#byName.get(name);
    if (list === undefined || list.length === 1) return list ?? [];
    const isHere = (one: Preference): number => (diagram.areDisjoint(one.where, where) ? 1 : 0);
    const sign = isLowest ? 1 : -1;
    return [...list].sort((a, b) => isHere(a) - isHere(b) || sign * compareVersions(a.version, b.version));
  }
}
