// What depends on where a stack is to run: which files are taken, and what markers come to.
import { evaluateMarker, type Marker } from "../../../../shared/src/packaging/marker.ts";
import { ALWAYS, type MarkerSet, NEVER } from "../../../../shared/src/packaging/markerDiagram.ts";
import type { PageFile } from "../../index/index.ts";
import { Compatibility, type Verdict } from "./compatibility.ts";
import type { FilePolicy, Target } from "./model.ts";

/** Where a requirement holds. */
export interface Conditions {
  /** Without an extra. */
  readonly base: MarkerSet;
  /** With an extra and not without one, for each extra that the marker speaks of. */
  readonly byExtra: ReadonlyMap<string, MarkerSet>;
}

export interface Reading {
  /** What one release comes to before anyone asks for it. */
  judge(name: string, files: readonly PageFile[]): Verdict;
  /** The files that can be used, best first; yanked ones where those are asked for. */
  usableFiles(name: string, files: readonly PageFile[], takesYanked: boolean): PageFile[];
  /** Whether the Requires-Python of a release's metadata lets it be used at all. */
  admitsPython(text: string): boolean;
  /** Whether a line of the person's with this marker counts. */
  admits(marker: Marker | undefined): boolean;
  conditionsOf(marker: Marker): Conditions;
}

const NO_EXTRAS: ReadonlyMap<string, MarkerSet> = new Map();
const HOLDS: Conditions = { base: ALWAYS, byExtra: NO_EXTRAS };
const FAILS: Conditions = { base: NEVER, byExtra: NO_EXTRAS };

/** One environment: markers are evaluated. */
export class TargetReading extends Compatibility implements Reading {
  readonly #target: Target;

  constructor(target: Target, policy: FilePolicy) {
    super(target, policy);
    this.#target = target;
  }

  admits(marker: Marker | undefined): boolean {
    return marker === undefined || evaluateMarker(marker, this.#target.markers);
  }

  conditionsOf(marker: Marker): Conditions {
    const { markers } = this.#target;
    if (evaluateMarker(marker, markers)) return HOLDS;
    const extras = extrasOf(marker);
    if (extras.length === 0) return FAILS;
    const holding = extras.filter((extra) => evaluateMarker(marker, markers, [extra]));
    return { base: NEVER, byExtra: new Map(holding.map((extra) => [extra, ALWAYS])) };
  }
}

/** The extras that a marker speaks of. */
export function extrasOf(marker: Marker): string[] {
  if (marker.kind === "constant") return [];
  if (marker.kind !== "comparison") return [...new Set(marker.operands.flatMap(extrasOf))];
  const { left, right } = marker;
  if (left.kind === "variable" && left.name === "extra" && right.kind === "literal") return [right.value];
  if (right.kind === "variable" && right.name === "extra" && left.kind === "literal") return [left.value];
  return [];
}
