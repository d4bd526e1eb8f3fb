// What is asked of the resolver and what it answers, in the words of Python packaging.
import type { Marker, MarkerEnvironment } from "../../../../shared/src/packaging/marker.ts";
import type { Requirement } from "../../../../shared/src/packaging/requirement.ts";
import type { Version } from "../../../../shared/src/packaging/version.ts";
import type { IndexFailure, PageFile } from "../../index/index.ts";

/** One line of the person's own: a requirement, a constraint or an override. */
export interface Demand {
  readonly requirement: Requirement;
  /** As the person wrote it. */
  readonly text: string;
  /** Where it stands; handed back unread. */
  readonly place?: { readonly path: string; readonly line: number } | undefined;
  /** `sha256:…`: only files of these digests will do. */
  readonly hashes?: readonly string[] | undefined;
  /**
   * The person's own extra or dependency group that the line belongs to. A stack for several environments holds it where that
   * is asked for (`"x" in extras`, PEP 751); a stack for one environment takes the line as it is: who asks leaves out the others.
   */
  readonly scope?: OwnPart | undefined;
}

/** One of the person's own extras or dependency groups, by its normalised name. */
export interface OwnPart {
  readonly kind: "extra" | "group";
  readonly name: string;
}

/** Where a stack is to run. */
export interface Target {
  /** The full version; a bare `3.11` counts as 3.11.0. */
  readonly python: Version;
  readonly markers: MarkerEnvironment;
  /** Best first. */
  readonly tags: readonly string[];
}

/** `all`, or some projects by their normalised names. */
export interface NameSet {
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
}

/** What holds for every project, whoever asks for it. */
export interface FilePolicy {
  readonly onlyBinary?: NameSet | undefined;
  readonly noBinary?: NameSet | undefined;
  /** Milliseconds since the epoch: files from then on are as if they were not there. */
  readonly excludeNewer?: number | undefined;
  /** The same for single projects, by normalised name. */
  readonly excludeNewerPackages?: ReadonlyMap<string, number> | undefined;
  /**
   * Whether a Requires-Python counts by its lower bound alone, as uv has it: what is capped below a newer Python mostly works there.
   * pip refuses to install such a release, so that it is left out where pip will install.
   */
  readonly ignoresPythonCaps?: boolean | undefined;
  /** Yanked files count as any others: to find out which a stack would take, never to choose them. */
  readonly takesYanked?: boolean | undefined;
}

export interface Question {
  readonly requirements: readonly Demand[];
  /** They narrow what is selected anyway and never add. Extras in them are passed over. */
  readonly constraints?: readonly Demand[] | undefined;
  /** Each takes the place of every requirement of its project. */
  readonly overrides?: readonly Demand[] | undefined;
  readonly resolution?: "highest" | "lowest" | "lowest-direct" | undefined;
  /**
   * `last`, as uv has it: where no final release is left. `explicit`: so too, and only of projects of which a line of the person's
   * names a pre-release in a clause other than `!=`.
   */
  readonly prereleases?: "allow" | "last" | "explicit" | "never" | undefined;
  /** Normalised name → version that is kept as far as it holds: from a lock or from what is installed. */
  readonly preferences?: ReadonlyMap<string, Version> | undefined;
  /** The same for stacks for several environments, whose locks may pin one project several times. */
  readonly kept?: readonly KeptPin[] | undefined;
  /**
   * Extras and groups of the person's own of which no two are ever installed together (uv's `[tool.uv] conflicts`), one list for
   * each such set: a stack for several environments may hold different releases for each.
   */
  readonly conflicts?: readonly (readonly OwnPart[])[] | undefined;
}

/** A pin of a lock. */
export interface KeptPin {
  /** Normalised. */
  readonly name: string;
  readonly version: Version;
  /** Where the lock uses it. */
  readonly marker?: Marker | undefined;
}

/** Why a release cannot be chosen. One code each. */
export type FilterCode =
  | "tag"
  /** Wheels of variants that were not chosen. */
  | "variant"
  | "requires-python"
  | "yanked"
  | "cut-off"
  | "only-sdist"
  | "only-wheels"
  | "no-files"
  | "prerelease"
  | "hash"
  | Withheld;

/** Why whoever asks withholds a release: known against it and to go, older than what is there, or refused when it was looked at. */
export type Withheld = "affected" | "downgrade" | "refused";

/** One release as an index has it. */
export interface UniverseRelease {
  readonly version: Version;
  readonly files: readonly PageFile[];
  /** Not to be chosen, whatever its files are. */
  readonly withheld?: Withheld | undefined;
  /** Releases of a lower tier are tried before every one of a higher. Absent: 0. */
  readonly tier?: number | undefined;
}

/** What is known of one project: releases in no order. */
export interface UniverseProject {
  readonly releases: readonly UniverseRelease[];
  /** Set where an index could not be asked: nobody may choose from what is there. */
  readonly failure?: IndexFailure | undefined;
  /** What lies at an address tells its version only when built: every clause on it counts as met. */
  readonly isVersionUnknown?: boolean | undefined;
}

/** What a release needs. */
export type ReleaseMetadata =
  | {
      readonly name: string;
      readonly version: string;
      readonly requiresDist: readonly string[];
      readonly requiresPython?: string | undefined;
    }
  | { readonly failure: { readonly code: string; readonly message: string } };

type Eventual<T> = T | Promise<T>;

/** Where projects and metadata come from. A value is used at once, a promise waited for; neither is asked twice. */
export interface Universe {
  project(name: string): Eventual<UniverseProject>;
  metadata(name: string, version: Version, file: PageFile): Eventual<ReleaseMetadata>;
  /** A project that is asked for by address: one release with one file. Without it such requirements cannot be met. */
  direct?(name: string, url: string): Eventual<UniverseProject>;
  /** Whether asking takes long enough that it pays to ask ahead of need. */
  readonly isRemote: boolean;
  /** Whether the metadata of a file costs so much that it is asked for only when it is needed. Without it: no. */
  isCostly?(file: PageFile): boolean;
}

/** Why an incompatibility is known: what explanations are told from. */
export type Reason =
  | { readonly kind: "required"; readonly demand: Demand }
  | { readonly kind: "constrained"; readonly demand: Demand }
  | { readonly kind: "depends"; readonly text: string; readonly demand?: Demand | undefined }
  /** A release with an extra is that release. */
  | { readonly kind: "same-release" }
  | { readonly kind: "filtered"; readonly code: FilterCode }
  /** Nothing of the project matches what is asked for. */
  | { readonly kind: "no-release" }
  /** `demands`: the person's lines that make it so, where they do. */
  | {
      readonly kind: "unusable";
      readonly code: string;
      readonly message: string;
      readonly demands?: readonly Demand[];
    };

/** One requirement of a distribution as the stack meets it. */
export interface PinDependency {
  /** Normalised. */
  readonly name: string;
  /** The version of the pin that meets it. */
  readonly version: Version;
  /** Address or path, where that pin comes from one. */
  readonly direct?: string | undefined;
  /** Extras that it asks for, normalised and sorted. */
  readonly extras: readonly string[];
  /** The name as the requirement writes it: `zope.interface`. */
  readonly written?: string | undefined;
  /** The requirement's own marker, in a stack for one environment. */
  readonly writtenMarker?: Marker | undefined;
  /** Where it holds; absent where the pin that asks does so wherever it is used itself. */
  readonly marker?: Marker | undefined;
}

/** One distribution of a stack. */
export interface Pin {
  /** Normalised. */
  readonly name: string;
  readonly version: Version;
  /** Extras that were asked for, normalised and sorted. */
  readonly extras: readonly string[];
  /** Those of its files that the target takes, best first. */
  readonly files: readonly PageFile[];
  /** Every file of the release. */
  readonly release: readonly PageFile[];
  /** The file whose metadata was used. */
  readonly file: PageFile;
  /** Address or path, where the project was asked for by one. */
  readonly direct?: string | undefined;
  /** Names of the projects that ask for it, sorted, and the person's own lines that do. */
  readonly via: readonly string[];
  readonly demands: readonly Demand[];
  /**
   * Where the pin is used, in a stack for several environments: no two pins of one name are ever used at once. Absent where it is
   * used everywhere that the stack is for, and in a stack for one environment.
   */
  readonly marker?: Marker | undefined;
  /** What it needs, extras aside, sorted by name; requirements on itself are left out. */
  readonly dependencies: readonly PinDependency[];
  /** What each of `extras` adds, by the extra. */
  readonly extraDependencies: ReadonlyMap<string, readonly PinDependency[]>;
}
