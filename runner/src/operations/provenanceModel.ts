// What the checks of one manifest's provenance are handed, and what they answer.
import type { ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { EnvironmentOptions, Progress } from "../../../shared/src/protocol/operation.ts";
import type {
  FileProvenance,
  PackageProvenance,
  ProvenanceInput,
  ProvenanceOutput,
} from "../../../shared/src/protocol/provenance.ts";
import type { OperationContext } from "./context.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import type { RequestBudget } from "./provenanceIndexes.ts";

export interface RootProvenance {
  readonly files: readonly FileProvenance[];
  readonly packages: readonly PackageProvenance[];
  readonly indexes: readonly string[];
  readonly environments: readonly string[];
  /** Milliseconds since the epoch. */
  readonly checked?: number;
  readonly basis: ProvenanceOutput["basis"];
}

export interface RootInput {
  readonly context: OperationContext;
  readonly input: ProvenanceInput;
  readonly root: LoadedRoot;
  readonly loader: Loader;
  readonly budget: RequestBudget;
  /** Locks that were checked already, by their URI: a Pipfile and its lock are one. */
  readonly seen: Set<string>;
  /** What is stored against projects, by their names, as far as it was read already: the others' is read. */
  readonly advisories?: ReadonlyMap<string, ProjectAdvisories> | undefined;
  /** In place of those that are declared or that `input` means. */
  readonly environments?: readonly EnvironmentOptions[] | undefined;
  /** The advisories that a release clears, where they are known otherwise than by its being named as their fix. */
  readonly clears?: ((name: string, version: string) => readonly string[] | undefined) | undefined;
  /**
   * The release of a project that is in use: who publishes another one is compared with that and what came before it. What came
   * between was passed over, and may be by whom nobody trusts.
   */
  readonly inUse?: ((name: string) => Version | undefined) | undefined;
  readonly signal: AbortSignal;
  readonly calls: {
    progress(step: Progress): void;
    warn(message: string): void;
    package(one: PackageProvenance): void;
  };
}
