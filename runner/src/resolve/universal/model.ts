// What is asked of the resolver for several environments at once, and what it answers.
import type { Marker } from "../../../../shared/src/packaging/marker.ts";
import type { SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import type { Version } from "../../../../shared/src/packaging/version.ts";
import type { IndexFailure } from "../../index/index.ts";
import type { Counters } from "../core/model.ts";
import type { Failure } from "../python/failure.ts";
import type { Pin, PinDependency } from "../python/model.ts";

/** Everything that one universal stack is to hold for. */
export interface StackScope {
  /** The Pythons, `>=3.11`: the lower bound counts, as uv has it; an upper one narrows what wheels are kept. */
  readonly requiresPython: SpecifierSet;
  /** Only where one of these holds (uv's `environments`); everywhere where there is none. Each begins as a part of its own. */
  readonly environments?: readonly Marker[] | undefined;
  /** A release without a file for one of these is not taken there (uv's `required-environments`). */
  readonly requiredEnvironments?: readonly Marker[] | undefined;
  /**
   * `requires-python`, the default: the newest releases for each Python, a new part for each release that only newer Pythons take.
   * `fewest`: as few releases of one project as will do.
   */
  readonly forkStrategy?: "requires-python" | "fewest" | undefined;
}

/** One part of what a stack is for: in it, no project has two releases. */
export interface StackPart {
  /** Where it holds; absent of the only part of a stack that holds everywhere. */
  readonly marker?: Marker | undefined;
  /** The declared environment that it is, by the name it was given with. */
  readonly environment?: string | undefined;
}

/** A stack for several environments, or why there is none. */
export type StackResolution =
  | {
      readonly kind: "solved";
      /** Sorted by name, then version. `files` are those that one of the environments of the pin takes. */
      readonly pins: readonly Pin[];
      /** What the person's own lines lead to, sorted by name. */
      readonly roots: readonly PinDependency[];
      /** The parts that were solved one by one, in the order of solving: uv's `resolution-markers`. */
      readonly parts: readonly StackPart[];
      /** The Pythons that the stack holds for. Markers say nothing that follows from this. */
      readonly requiresPython: SpecifierSet;
      readonly counters: Counters;
    }
  | {
      readonly kind: "impossible";
      readonly failure: Failure;
      /** The part without a solution; absent where nothing was parted. */
      readonly part?: StackPart | undefined;
      readonly counters: Counters;
    }
  | {
      readonly kind: "undecided";
      readonly counters: Counters;
      readonly soFar: readonly { readonly name: string; readonly version: Version }[];
      readonly part?: StackPart | undefined;
    }
  | { readonly kind: "stopped"; readonly project: string; readonly failure: IndexFailure };
