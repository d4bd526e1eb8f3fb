// What the rules look at: a manifest tree, and an immutable snapshot of what is known. Features are pure functions of the two.

import type { AdvisoryThreshold } from "../advisory/model.ts";
import type { RuntimeEnvironment } from "../environment/model.ts";
import type { InspectionFacts, ProjectFacts } from "../facts/model.ts";
import type { ProvenanceFacts } from "../facts/provenance.ts";
import type { StackFacts } from "../facts/stack.ts";
import type { Finding, Fix, Severity } from "../finding/model.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import type { ManifestFile, ManifestTree } from "../manifest/treeModel.ts";
import type { PlacedAcceptance } from "../policy/index.ts";

/** What is known at one moment. A later answer makes another snapshot, never changes this one. */
export interface Snapshot {
  /** Grows with every snapshot of the same tree. */
  readonly number: number;
  readonly environment?: RuntimeEnvironment;
  /** By PEP 503 name. A name that is missing has not been answered yet. */
  readonly projects: ReadonlyMap<string, ProjectFacts>;
  readonly inspection?: InspectionFacts;
  /** What the resolver said, perhaps of an earlier text. */
  readonly stack?: StackFacts;
  /** True while the resolver is being asked, or will be as soon as the facts are known. */
  readonly resolving?: boolean;
  /** True until it was answered for the first time where the packages come from. */
  readonly tracing?: boolean;
  /** What the checks of provenance said, perhaps of an earlier text. */
  readonly provenance?: ProvenanceFacts;
  /** Of the policies that hold, where they were read: what the checks of provenance accept is in what they said. */
  readonly acceptances?: readonly PlacedAcceptance[];
  /** Why nothing is asked: `untrusted`, `offline`, `disabled`, `runner-failed`; absent while all is well. */
  readonly unasked?: { readonly code: string; readonly message: string };
  /** True while answers are still to come. */
  readonly pending: boolean;
  /** Milliseconds since the epoch, for ages. Handed in, so that answers are pure. */
  readonly now: number;
}

export interface RuleConfiguration {
  /** Rule → severity in place of its own, or `off`. */
  readonly severities: Readonly<Record<string, Severity | "off">>;
  /** Advisories that are all below it are information. What is malicious, or of unknown severity, never is below it. */
  readonly severityThreshold?: AdvisoryThreshold | undefined;
}

export interface RuleInput {
  readonly tree: ManifestTree;
  readonly snapshot: Snapshot;
  readonly configuration: RuleConfiguration;
}

export interface Findings {
  /** Ranked: those with the most effect on this stack first. */
  readonly findings: readonly Finding[];
  /** How many a comment silences. */
  readonly silenced: number;
  /** How many things a policy accepts that would be findings. */
  readonly accepted: number;
  /** Fixes that are right by what is known of the releases, and that the resolver is still to be asked about. */
  readonly unproven: readonly Fix[];
  readonly notChecked: readonly NotCheckedItem[];
}

/** What was not checked and why. */
export interface NotCheckedItem {
  readonly what: string;
  readonly reason: string;
}

/** One requirement together with the file that it stands in. */
export interface PlacedRequirement {
  readonly file: ManifestFile;
  readonly entry: RequirementEntry;
}

/** What `facts` is to be asked for a tree. */
export interface WantedProject {
  readonly name: string;
  readonly versions: readonly string[];
  readonly specifiers: readonly string[];
  readonly source?: string;
}
