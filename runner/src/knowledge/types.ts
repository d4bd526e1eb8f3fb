// The facts that are kept, as plain data. Times are milliseconds since the epoch; sources carry no credentials.
import type { Freshness } from "../../../shared/src/facts/model.ts";

export type { Freshness };

/** A piece of knowledge with where it is from, when it was learned and whether it still counts. */
export interface Fact<T> {
  readonly value: T;
  /** An index URL, a file, `inspection ID`; a URL's credentials are removed when it is recorded. */
  readonly source: string;
  readonly time: number;
  readonly freshness: Freshness;
  /** Until when it counts as fresh; without it, for ever. */
  readonly freshUntil?: number;
  /** Why asking failed, where `freshness` is `failed`. */
  readonly failure?: string;
}

/** A fact on its way in. */
export interface NewFact<T> {
  readonly value: T;
  readonly source: string;
  readonly time: number;
  /** Until when it counts as fresh; without it, for ever. */
  readonly freshUntil?: number;
  /** Asking failed: the reason, in a sentence. */
  readonly failure?: string;
}

export interface Project {
  /** Any spelling on the way in; PEP 503 form on the way out. */
  readonly name: string;
  readonly displayName?: string;
  readonly summary?: string;
  readonly license?: string;
  readonly urls?: Readonly<Record<string, string>>;
  /** PEP 792. */
  readonly status?: { readonly status: string; readonly reason?: string };
}

export interface Release {
  readonly project: string;
  /** Normalised by the caller (PEP 440). */
  readonly version: string;
  readonly requiresPython?: string;
  /** PEP 592: `true`, or the reason. */
  readonly yanked?: string | true;
  readonly uploaded?: number;
}

export interface Artifact extends Release {
  readonly filename: string;
  readonly kind: "wheel" | "sdist" | "other";
  readonly url?: string;
  readonly size?: number;
  /** Algorithm → lower-case hexadecimal digest. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface ArtifactMetadata {
  readonly filename: string;
  readonly project: string;
  readonly version: string;
  readonly sha256?: string;
  readonly requiresPython?: string;
  readonly summary?: string;
  readonly license?: string;
  readonly providesExtra?: readonly string[];
  readonly urls?: Readonly<Record<string, string>>;
  /** Requires-Dist in order, as written. */
  readonly dependencies: readonly Dependency[];
}

export interface Dependency {
  readonly name: string;
  readonly requirement: string;
}

export interface StackPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256?: string;
}

/** A runtime environment as an inspection saw it. */
export interface EnvironmentRecord {
  readonly digest: string;
  /** What is shown and compared: plain JSON. */
  readonly description: Readonly<Record<string, unknown>>;
}

export interface Stage {
  readonly name: string;
  readonly outcome: string;
  readonly ms: number;
  readonly detail?: string;
  /** The requirement that caused the failure, as the manifest names it. */
  readonly requirement?: string;
}

export interface Observation {
  readonly kind: string;
  readonly package?: string;
  readonly message: string;
  readonly lines: readonly string[];
}

export interface Indicator {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The single runs behind the value. */
  readonly runs?: readonly number[];
}

/** One stack, built and run in one environment. */
export interface Inspection {
  readonly id: string;
  /** Absolute path or URI of the manifest. */
  readonly manifest?: string;
  /** Digest of the manifest's text as it was inspected. */
  readonly manifestDigest?: string;
  /** Made from `packages` where it is left out: see `stackDigest`. */
  readonly stackDigest?: string;
  readonly environment: EnvironmentRecord;
  readonly packages: readonly StackPackage[];
  readonly outcome: string;
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly stages: readonly Stage[];
  readonly observations: readonly Observation[];
  readonly indicators: readonly Indicator[];
  readonly logPath?: string;
}

/** An inspection as it was kept. */
export type KeptInspection = Inspection & { readonly stackDigest: string };
