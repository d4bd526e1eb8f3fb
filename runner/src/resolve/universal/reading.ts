// Files and markers read for many environments at once: a file counts if one of them may take it, a marker is carried along.
import { readSpecifierSetLenient } from "../../../../shared/src/packaging/lenient.ts";
import type { Marker, MarkerComparison } from "../../../../shared/src/packaging/marker.ts";
import {
  ALWAYS,
  MarkerDiagram,
  type MarkerSet,
  NEVER,
} from "../../../../shared/src/packaging/markerDiagram.ts";
import {
  boundPythons,
  type PythonCode,
  type PythonRange,
} from "../../../../shared/src/packaging/pythonRange.ts";
import type { PageFile } from "../../index/index.ts";
import type { Project } from "../python/catalogue.ts";
import { FileJudge, isWheel, tagPartsOf } from "../python/compatibility.ts";
import type { FilePolicy } from "../python/model.ts";
import { type Conditions, extrasOf, type Reading } from "../python/reading.ts";
import type { StackScope } from "./model.ts";
import { takesWheel, WheelMarkers } from "./wheels.ts";

export class ScopeReading extends FileJudge implements Reading {
  readonly diagram = new MarkerDiagram();
  readonly wheels = new WheelMarkers(this.diagram);
  readonly scope: StackScope;
  /** The Pythons that the whole stack is for. */
  readonly pythons: PythonRange;
  readonly #supported: MarkerSet;
  readonly #lows = new Map<string, PythonCode>();
  readonly #projectLows = new WeakMap<Project, Float64Array>();

  constructor(scope: StackScope, policy: FilePolicy) {
    super(policy);
    this.scope = scope;
    this.pythons = boundPythons(scope.requiresPython);
    this.#supported = this.diagram.pythonsIn(this.pythons);
  }

  /** Wheels for everywhere first, since their metadata speaks for all; the others in the order of the index. */
  protected rankTags(python: string, abi: string, platform: string): number {
    if (!takesWheel(this.pythons, python, abi)) return -1;
    return abi === "none" && platform === "any" ? 0 : 1;
  }

  /** Which Pythons a release takes is asked when it is chosen, since there the stack may be parted. */
  protected takesPython(): boolean {
    return true;
  }

  admitsPython(): boolean {
    return true;
  }

  admits(marker: Marker | undefined): boolean {
    return !this.diagram.areDisjoint(this.withoutExtras(marker), this.#supported);
  }

  /** Where a marker holds without any extra. */
  withoutExtras(marker: Marker | undefined): MarkerSet {
    const set = this.diagram.of(marker);
    if (marker === undefined || extrasOf(marker).length === 0) return set;
    return this.diagram.assume(set, (comparison) => decideExtra(comparison, undefined));
  }

  conditionsOf(marker: Marker): Conditions {
    const { diagram } = this;
    const base = this.withoutExtras(marker);
    const byExtra = new Map<string, MarkerSet>();
    for (const extra of extrasOf(marker)) {
      const set = diagram.assume(diagram.of(marker), (comparison) => decideExtra(comparison, extra));
      const only = diagram.and(set, diagram.not(base));
      if (only !== NEVER) byExtra.set(extra, only);
    }
    return { base, byExtra };
  }

  /** The lowest Python that a Requires-Python admits; 0 where there is none, or where it cannot be read. */
  lowOf(requiresPython: string | undefined): PythonCode {
    if (requiresPython === undefined) return 0;
    let low = this.#lows.get(requiresPython);
    if (low === undefined) {
      const read = readSpecifierSetLenient(requiresPython);
      low = read.ok ? boundPythons(read.value.specifier).low : 0;
      this.#lows.set(requiresPython, low);
    }
    return low;
  }

  /** The lowest Python of each release of a project, below 0 where that was not worked out yet. */
  lowsOf(project: Project): Float64Array {
    let lows = this.#projectLows.get(project);
    if (lows === undefined) {
      lows = new Float64Array(project.places).fill(-1);
      this.#projectLows.set(project, lows);
    }
    return lows;
  }

  /** Whether a Python below that one may take a file, by the tags of its name. */
  takesPythonsBelow(file: PageFile, high: PythonCode): boolean {
    if (!isWheel(file)) return true;
    const [python = "", abi = ""] = tagPartsOf(file.filename).split("-");
    return takesWheel({ low: 0, high }, python, abi);
  }

  /** Where the usable files of a release can be installed. */
  placesOf(files: readonly PageFile[]): MarkerSet {
    let set = NEVER;
    for (const file of files) {
      if (!isWheel(file)) return ALWAYS;
      set = this.diagram.or(set, this.wheels.of(tagPartsOf(file.filename)));
    }
    return set;
  }

  /** Those of the files that are of use where a pin is. */
  keepOfUse(files: readonly PageFile[], where: MarkerSet): PageFile[] {
    return files.filter((file) => !isWheel(file) || this.wheels.isOfUse(tagPartsOf(file.filename), where));
  }
}

function decideExtra(
  { left, right, operator }: MarkerComparison,
  extra: string | undefined,
): boolean | undefined {
  const [variable, literal] = left.kind === "variable" ? [left, right] : [right, left];
  if (variable.kind !== "variable" || variable.name !== "extra" || literal.kind !== "literal")
    return undefined;
  const isEqual = literal.value === extra;
  return operator === "!=" ? !isEqual : isEqual;
}
