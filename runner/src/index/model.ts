// What the index client says: indexes, pages, files, failures. Plain data and views on it; nothing here opens anything.
import type { CoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";

/** Where a configured value was written: shown to a person who asks why an index is asked. */
export interface ValueOrigin {
  readonly kind:
    | "default"
    | "global"
    | "user"
    | "site"
    | "pip-config-file"
    | "environment"
    | "file"
    | "command-line";
  /** A path, or the name of the variable or option. */
  readonly where: string;
}

/** An index (PEP 503) or a place of loose files. Credentials are kept elsewhere: see `Secrets`. */
export interface IndexLocation {
  readonly kind: "index" | "find-links";
  /** `http:`, `https:` or `file:`, without credentials. */
  readonly url: string;
  readonly origin: ValueOrigin;
}

/** Every reason for which an index or a file could not be read. Kebab-case, stable. */
export type IndexFailureCode =
  | "unauthorized"
  | "forbidden"
  | "server-error"
  | "rate-limited"
  | "unexpected-status"
  | "timeout"
  | "unreachable"
  | "connection-lost"
  | "tls"
  | "proxy"
  | "redirect-loop"
  | "redirect-refused"
  | "insecure-index"
  | "unsafe-url"
  | "bad-response"
  | "bad-encoding"
  | "bad-content-type"
  | "bad-page"
  | "unsupported-version"
  | "name-mismatch"
  | "too-large"
  | "truncated"
  | "digest-mismatch"
  | "not-found"
  | "bad-archive"
  | "bad-metadata"
  | "metadata-not-static"
  | "unsupported-archive"
  | "unreadable"
  | "not-writable"
  | "offline";

/** Why something was not checked, told to a person: `message` is a whole sentence, `next` what can be done. */
export interface IndexFailure {
  readonly code: IndexFailureCode;
  /** Address without credentials. */
  readonly index: string;
  readonly status?: number;
  readonly message: string;
  readonly next: string;
}

/** One file on a page (PEP 503, 691, 700, 592, 714, 740). */
export interface PageFile {
  readonly filename: string;
  /** Absolute, without credentials and fragment. */
  readonly url: string;
  /** By algorithm, lower-case hex. Empty where the index gives none. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly requiresPython?: string | undefined;
  /** The reason, or `true` where none is given. Absent: not yanked. */
  readonly yanked?: string | true | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly uploadTime?: number | undefined;
  /** The index serves the core metadata beside the file. */
  readonly coreMetadata?: true | { readonly sha256: string } | undefined;
  /** PEP 740: where the attestations are; null where the index says that there are none, absent where it does not say. */
  readonly provenance?: string | null | undefined;
  /** Absent of a wheel whose variant nobody looked at: it is not taken. */
  readonly variant?: ChosenVariant | undefined;
}

/** A wheel of a variant (draft PEP 825) that the environment takes: a lower rank is tried first. */
export interface ChosenVariant {
  readonly label: string;
  readonly rank: number;
  /** Of the variant, as far as the environment has them: `namespace :: feature :: value`. */
  readonly properties: readonly string[];
}

/** The files of one version, in the page's order. */
export interface Release {
  /** Normalised where it is PEP 440, else as written. */
  readonly version: string;
  readonly parsed: Version | undefined;
  readonly files: readonly PageFile[];
}

/** What one index has of one project. Files and releases are made when they are first looked at. */
export interface ProjectPage {
  /** PEP 503 form. */
  readonly name: string;
  /** As the index spells it. */
  readonly displayName: string;
  readonly index: IndexLocation;
  /** In the page's order: wheels and sdists. */
  readonly files: readonly PageFile[];
  /** Newest first by PEP 440; versions that are not PEP 440 last. */
  readonly releases: readonly Release[];
  /** PEP 792. Absent: active. */
  readonly status?: { readonly status: string; readonly reason?: string } | undefined;
  /** PEP 708: addresses of the project on the indexes that this one's project extends. */
  readonly tracks?: readonly string[] | undefined;
  /** PEP 708: addresses under which the same project is on other indexes. */
  readonly alternateLocations?: readonly string[] | undefined;
  /** Milliseconds since the epoch: fetched, or confirmed by the index. */
  readonly fetchedAt: number;
  /** Milliseconds since the epoch: as long as that it may be used without asking. Absent for folders. */
  readonly freshUntil?: number | undefined;
  readonly freshness: "fresh" | "stale";
  readonly source: "network" | "store" | "folder";
  /** The origin that answered in place of the index's own, after redirects. */
  readonly answeredBy?: string | undefined;
  /** What was left out of the page, and why: at most five sentences. */
  readonly problems: readonly string[];
}

/** What all configured indexes say of one project. */
export interface ProjectAnswer {
  /** PEP 503 form. */
  readonly name: string;
  /**
   * In the order of the settings. With `failure` set, only what is known from before of the failing index and what else
   * could be read beside it: nobody may choose from these as if nothing were missing.
   */
  readonly pages: readonly ProjectPage[];
  readonly absentFrom: readonly IndexLocation[];
  /** Indexes that come after the one that had the project, where the first to have it is the only one that counts. */
  readonly notAsked?: readonly IndexLocation[];
  /** An index that could not be asked: the search for this project stops here. */
  readonly failure?: IndexFailure;
  /** Indexes that pip leaves out, so that they do not stop the search. */
  readonly notChecked?: readonly IndexFailure[];
}

export type MetadataAnswer =
  | {
      readonly metadata: CoreMetadata;
      readonly text: string;
      readonly source: "store" | "metadata-file" | "range" | "wheel" | "sdist";
    }
  | { readonly failure: IndexFailure };

export type DownloadAnswer =
  | { readonly bytes: number; readonly sha256: string }
  | { readonly failure: IndexFailure };

/** Every project that an index lists, as it spells them. */
export type NamesAnswer = { readonly names: readonly string[] } | { readonly failure: IndexFailure };

/** A text from the network, as sent. */
export type TextAnswer = { readonly bytes: Buffer } | { readonly failure: IndexFailure };

/**
 * What an index serves as a file's provenance (PEP 740), parsed. `absent`: it says that there is none (`null`), lists none, or
 * answers 404 where it listed one. Everything else is a failure, which is not the same as none.
 */
export type ProvenanceAnswer =
  | { readonly provenance: unknown; readonly url: string }
  | { readonly absent: "none" | "not-listed" | "not-found" }
  | { readonly failure: IndexFailure };
