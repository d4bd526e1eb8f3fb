// Facts: what is known of projects on the indexes, for one environment, with source and age. Plain data that crosses the protocol.
import type { ProjectAdvisories } from "../advisory/model.ts";

/** A piece of knowledge's state: `failed` and `unknown` are said as such and never read as "no problem". */
export type Freshness = "fresh" | "stale" | "unknown" | "failed";

/** Why a release cannot be used in the environment; absent where it can. */
export type Obstacle =
  /** Requires-Python excludes the environment. */
  | "python"
  /** It has wheels, none for these tags, and no sdist. */
  | "tags"
  /** It has no file at all that pip would install. */
  | "no-artifact"
  /** Its version is not PEP 440. */
  | "legacy-version";

export interface ReleaseFacts {
  /** Normalised version. */
  readonly version: string;
  /** `true`, or the reason given, when every file of the release is yanked (PEP 592). */
  readonly yanked?: string | true;
  /** The loosest Requires-Python of its files, as written. */
  readonly requiresPython?: string;
  readonly obstacle?: Obstacle;
  /** What pip would install here: the best wheel, or the sdist. */
  readonly artifact?: "wheel" | "sdist";
  /** True where the best wheel is for any platform. */
  readonly anyPlatform?: boolean;
  /** Milliseconds since the epoch: the earliest upload of its files. */
  readonly uploaded?: number;
  /** Index of `indexes` that has it. */
  readonly index?: number;
}

export interface ArtifactFacts {
  readonly filename: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly yanked?: string | true;
  /** Whether the environment's tags and Python admit it. */
  readonly suits: boolean;
  readonly index: number;
}

/** What only some releases are asked for: those that a manifest pins, a lock holds, an environment has, or a fix would pin. */
export interface ReleaseDetail {
  readonly version: string;
  readonly requiresDist?: readonly string[];
  readonly providesExtra?: readonly string[];
  readonly summary?: string;
  readonly projectUrls?: Readonly<Record<string, string>>;
  readonly license?: string;
  readonly artifacts: readonly ArtifactFacts[];
  /** Why the metadata is not there, in a sentence. */
  readonly notChecked?: string;
}

/** An index that could not be asked: a finding of its own, never "no such project". */
export interface IndexTrouble {
  readonly code: string;
  /** Credentials removed. */
  readonly index: string;
  readonly message: string;
  readonly next?: string;
}

/** A project that a name is one slip away from. */
export interface MeantProject {
  /** As the index spells it, where it says. */
  readonly name: string;
  /** `two characters are swapped`, … */
  readonly how: string;
}

export interface ProjectFacts {
  /** What is known against its releases; absent where no advisories were ever loaded, which is not "none". */
  readonly advisories?: ProjectAdvisories;
  /** PEP 503 form. */
  readonly name: string;
  /** As the index spells it, where it says. */
  readonly displayName?: string;
  readonly state: "known" | "absent" | "failed" | "unknown";
  readonly freshness: Freshness;
  /** Milliseconds since the epoch: when the oldest page behind this was fetched or confirmed. */
  readonly checked?: number;
  /** Indexes asked, credentials removed, in order. */
  readonly indexes: readonly string[];
  readonly trouble?: IndexTrouble;
  /** Of a name that no index has: established or known projects that it is one slip away from and that the indexes do have. */
  readonly meant?: readonly MeantProject[];
  /** PEP 792: `archived`, `quarantined`, `deprecated`, with the reason given. */
  readonly status?: { readonly status: string; readonly reason?: string };
  /** Newest first, by PEP 440; versions that are not PEP 440 last. */
  readonly releases: readonly ReleaseFacts[];
  /** By normalised version. */
  readonly details: Readonly<Record<string, ReleaseDetail>>;
}

/** What the last inspection of a manifest's stack showed, for lens, hover and the line that failed. */
export interface InspectionFacts {
  readonly id: string;
  readonly outcome: string;
  /** Milliseconds since the epoch. */
  readonly finished: number;
  readonly python?: string;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  readonly failure?: {
    readonly stage: string;
    readonly message: string;
    readonly lines: readonly string[];
    /** PEP 503 form of the requirement that caused it, where that is known. */
    readonly requirement?: string;
    readonly package?: string;
  };
  /** Whether the text of the manifest is still what was inspected. */
  readonly current: boolean;
}
