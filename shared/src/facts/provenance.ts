// What the checks of provenance said of a manifest, as plain data beside the other facts.
import type { FileProvenance, PackageProvenance, ProvenanceCheck } from "../protocol/provenance.ts";

export interface ProvenanceFacts {
  readonly packages: readonly PackageProvenance[];
  readonly files: readonly FileProvenance[];
  /** Milliseconds since the epoch: when the checks were made. */
  readonly checked: number;
  /** Why nothing could be checked, in a sentence. */
  readonly failure?: string;
  /** How old what the checks rest on is. */
  readonly basis: readonly {
    readonly what: string;
    readonly time?: string | undefined;
    readonly says: string;
  }[];
}

export type { FileProvenance, PackageProvenance, ProvenanceCheck };
