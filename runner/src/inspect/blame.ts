// Which of the person's requirements a failure goes back to.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { InspectionFailure, RequirementLine } from "./model.ts";

/** What depends on what, read from the installed metadata: PEP 503 name → names that it requires. */
export class DependencyGraph {
  readonly #plain = new Map<string, readonly string[]>();
  readonly #withExtras = new Map<string, readonly string[]>();

  /** @param requires Requires-Dist fields (PEP 566), from a source that may say anything. */
  add(name: string, requires: readonly string[]): void {
    const names = (fields: readonly string[]): string[] =>
      fields.flatMap((field) => {
        const found = /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)/.exec(field)?.[1];
        return found ? [normalizeName(found)] : [];
      });
    this.#plain.set(name, names(requires.filter((field) => !/;.*\bextra\b/.test(field))));
    this.#withExtras.set(name, names(requires));
  }

  /** The requirement that brings `name` in by the shortest way; extras count only where nothing else does. */
  requirementOf(name: string, requirements: readonly RequirementLine[]): RequirementLine | undefined {
    const direct = requirements.find((one) => one.name === name);
    if (direct) return direct;
    for (const edges of [this.#plain, this.#withExtras]) {
      const ways = requirements
        .map((one) => ({
          one,
          length: one.name ? distance(edges, one.name, name) : Number.POSITIVE_INFINITY,
        }))
        .filter(({ length }) => Number.isFinite(length))
        .sort((a, b) => a.length - b.length);
      if (ways[0]) return ways[0].one;
    }
    return undefined;
  }

  /** Whether `from` needs `to`, directly or not. */
  needs(from: string, to: string): boolean {
    return from !== to && Number.isFinite(distance(this.#plain, from, to));
  }
}

function distance(edges: ReadonlyMap<string, readonly string[]>, from: string, to: string): number {
  const seen = new Set([from]);
  let front = [from];
  for (let length = 0; front.length > 0; length++) {
    if (front.includes(to)) return length;
    const next: string[] = [];
    for (const name of front) {
      for (const other of edges.get(name) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        next.push(other);
      }
    }
    front = next;
  }
  return Number.POSITIVE_INFINITY;
}

/** Failures with causes first: one whose package needs another failing package comes after that one. */
export function orderByCause(
  failures: readonly InspectionFailure[],
  graph: DependencyGraph,
): InspectionFailure[] {
  const names = [...new Set(failures.flatMap((one) => (one.package ? [one.package] : [])))];
  const follows = (one: InspectionFailure): number =>
    one.package !== undefined &&
    names.some((name) => graph.needs(one.package!, name) && !graph.needs(name, one.package!))
      ? 1
      : 0;
  return failures
    .map((one) => ({ one, rank: follows(one) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}
