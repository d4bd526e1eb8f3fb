// What `lock`, `explain` and the rest work on: a manifest as a question to the resolver, with everything that answers it.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { LeftOut } from "../../../shared/src/facts/stack.ts";
import type { Catalogue, Demand, FilePolicy, IndexUniverse, Question, Reading } from "../resolve/index.ts";
import type { DemandPlace } from "./demands.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import type { OpenIndexes } from "./openIndexes.ts";
import type { IndexShelf } from "./shelf.ts";
import type { SourceBuilds } from "./sourceBuilds.ts";

export interface AskedManifest {
  readonly loader: Loader;
  /** As the person named it. */
  readonly path: string;
  readonly root: LoadedRoot;
  /** In words. */
  readonly environment: string;
  /** What it is resolved for. */
  readonly runtime: RuntimeEnvironment;
  readonly question: Question;
  readonly places: ReadonlyMap<Demand, DemandPlace>;
  /** Lines that the question is without, each with its reason; always empty unless it was asked leniently. */
  readonly leftOut: readonly LeftOut[];
  readonly catalogue: Catalogue;
  /** How the catalogue reads what the universe has: for another catalogue over part of the same universe. */
  readonly reading: Reading;
  /** What holds for every project, whatever it is resolved for. */
  readonly policy: FilePolicy;
  readonly universe: IndexUniverse;
  /** Where building is allowed. */
  readonly builds: SourceBuilds | undefined;
  /** The same question with other texts in the place of the manifest's. Throws as `askRoot` does. */
  reread(edited: LoadedRoot): Pick<AskedManifest, "question" | "places" | "leftOut">;
  /** Other ways to ask the indexes that are configured for projects by their normalised names; each is opened when it is tried. */
  otherIndexes(
    names: readonly string[],
  ): readonly { readonly title: string; open(signal: AbortSignal): Promise<OpenIndexes> }[];
  /** The same for one section of a Pipfile alone, and what narrows all of them. Throws as `askRoot` does. */
  ofSection(section: string): Pick<AskedManifest, "question" | "places">;
  /** Ends the clients; what they have in hand is written. */
  close(): Promise<void>;
}

export interface AskOptions {
  readonly shelf?: IndexShelf | undefined;
  /**
   * Every section of a Pipfile, and every extra and group of a pyproject.toml, at once, as they have to agree; `pipfile`: of a
   * Pipfile only. Without it the packages alone, as `pipenv install` takes them.
   */
  readonly allSections?: boolean | "pipfile" | undefined;
  /** A line that cannot be resolved is left out and said, in place of the whole question being refused. */
  readonly lenient?: boolean | undefined;
  /** Every extra and group of a pyproject.toml at once, each line with the one that it belongs to. */
  readonly scoped?: boolean | undefined;
  /** Not for the environment alone: what holds elsewhere stays. */
  readonly everywhere?: boolean | undefined;
}
