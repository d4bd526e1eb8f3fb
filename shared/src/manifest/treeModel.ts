// A manifest with what it reaches: includes, constraints and the lock beside it.
import type { Span } from "../text/span.ts";
import type { Manifest } from "./model.ts";

export interface ManifestFile {
  readonly uri: string;
  readonly manifest: Manifest;
  /** What it counts as here: a file reached by `-c` only narrows. */
  readonly as: "requirements" | "constraints";
  /** The include that reached it first; absent for the root. */
  readonly includedBy?: { readonly uri: string; readonly span: Span };
}

/** An include that could not be followed, told on the line that names it. */
export interface IncludeFault {
  readonly code: "not-found" | "unreadable" | "cycle" | "too-many" | "too-deep" | "remote" | "not-allowed";
  readonly uri: string;
  readonly span: Span;
  /** Where it points, for a link; absent where it names no place. */
  readonly target?: string;
  readonly message: string;
}

export interface ManifestTree {
  readonly root: string;
  /** The root first, then includes in pip's order. */
  readonly files: readonly ManifestFile[];
  readonly faults: readonly IncludeFault[];
  /** `Pipfile.lock` beside a Pipfile root, and the Pipfile beside a lock root, where there is one. */
  readonly companion?: ManifestFile;
}
