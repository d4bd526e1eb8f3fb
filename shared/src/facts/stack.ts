// Whether a manifest resolves for its environment, as the resolver answered for one text of it: plain data, so that it travels.
import type { AdvisoryMatch } from "../advisory/model.ts";
import type { Span } from "../text/span.ts";
import type { WheelDisagreement } from "./wheels.ts";

/** One line of the person's: where its entry stands, in the text that was resolved. */
export interface StackPlace {
  readonly uri: string;
  readonly span: Span;
}

/** A line that could not be resolved. */
export interface LeftOut {
  /** A sentence. */
  readonly reason: string;
  /** Whether a finding says so already: it is what the text alone shows. */
  readonly isFinding: boolean;
}

/** What the resolver came to for one text. */
export interface StackFacts {
  readonly state: "resolves" | "conflict" | "undecided" | "not-checked";
  /** `Python 3.11.7 on linux x86_64`. */
  readonly environment?: string | undefined;
  /** Packages of the stack, where it resolves. */
  readonly packages?: number | undefined;
  /** Why it is undecided or not checked: a sentence, and what to do. */
  readonly reason?: string | undefined;
  readonly next?: string | undefined;
  /** Lines that could not be resolved and that the answer is without. */
  readonly leftOut: readonly LeftOut[];
  readonly conflict?: StackConflict | undefined;
  /** Every requirement that took part in the question. */
  readonly lines: readonly StackLine[];
  /** Releases of the stack whose wheels disagree, as far as their metadata is known; absent where that was not looked at. */
  readonly disagreements?: readonly WheelDisagreement[] | undefined;
  /** What is known against releases that only other releases bring in; absent where it was not looked for. */
  readonly exposed?: readonly StackExposure[] | undefined;
  /** Locks that move along with a repair beside the tree's own files, such as a pylock.toml: the first counts. */
  readonly locks?: readonly StackLock[] | undefined;
  /** Repairs of what advisories are known against; absent where none were looked for. */
  readonly repairs?: readonly StackRepair[] | undefined;
  /** Why an advisory is not cleared, by project. */
  readonly unrepaired?: readonly { readonly name: string; readonly reason: string }[] | undefined;
  /** What single edits come to, by `proofKey` of the edits. */
  readonly proofs: Readonly<Record<string, FixProof>>;
  /** The texts that this is about, by URI. */
  readonly texts: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly checked: number;
}

/** A lock beside a manifest. */
export interface StackLock {
  readonly uri: string;
  /** PEP 503 name → the version that is locked; of several the first. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Lines, hashes and lock changed together, so that advisories are cleared: proven before it is offered. */
export interface StackRepair {
  /** `Raise flask to 2.3.2 (fixes 2 advisories; resolves with 43 packages)`. */
  readonly title: string;
  readonly edits: readonly StackEdits[];
  readonly fixed: readonly { readonly name: string; readonly version: string; readonly id: string }[];
  /** Packages of the stack that then resolves. */
  readonly packages: number;
  /** What is to be known of it: releases that were passed over and why, what could not be checked. Sentences without a full stop. */
  readonly notes?: readonly string[] | undefined;
}

/** What is known against a release that no line names. */
export interface StackExposure {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  readonly fixedIn?: string | undefined;
  readonly matches: readonly AdvisoryMatch[];
}

export interface StackStep {
  /** From 1, in the order of telling. */
  readonly number: number;
  readonly because: readonly {
    readonly text: string;
    /** The step that says it. */
    readonly step?: number | undefined;
    /** The place of it in `causes`. */
    readonly cause?: number | undefined;
  }[];
  readonly therefore: string;
}

/** One line that takes part in a conflict. */
export interface StackCause extends StackPlace {
  /** As the person wrote it. */
  readonly requirement: string;
  /** PEP 503 form. */
  readonly name: string;
  /** What is wrong, told from this line. */
  readonly message: string;
}

export interface StackConflict {
  /** `clash`, or what else stands in the way: `tag`, `requires-python`, `yanked`, `no-project`, … */
  readonly kinds: readonly string[];
  readonly steps: readonly StackStep[];
  readonly causes: readonly StackCause[];
  readonly relaxations: readonly StackRelaxation[];
  /** True while more relaxations may come. */
  readonly searching: boolean;
}

/** A change that was shown to make the stack resolve, or a setting that could. */
export interface StackRelaxation {
  /** `line 2: numpy >=1.23.5`, or the setting: `allow source distributions (--only-binary off)`. */
  readonly title: string;
  /** Of lines: what each becomes. Empty for a change of a setting. */
  readonly changes: readonly (StackPlace & {
    readonly name: string;
    /** The line's specifier afterwards; empty: any version; absent: the line goes. */
    readonly specifier?: string | undefined;
  })[];
  readonly edits: readonly StackEdits[];
  /** Packages of the stack that then resolves; undefined of a setting that could not be tried: what is only built. */
  readonly packages: number | undefined;
  /** The setting that would change: `python`, `sdists`, `build-sdists`, `prereleases`, `cut-off`, `yanked`, `index`. */
  readonly setting?: string | undefined;
}

export interface StackEdits {
  readonly uri: string;
  readonly edits: readonly { readonly span: Span; readonly newText: string }[];
}

/** What one line does in the stack. */
export interface StackLine extends StackPlace {
  /** PEP 503 form. */
  readonly name: string;
  /** Absent where the line's marker does not hold, or nothing resolved. */
  readonly version?: string | undefined;
  /** Names of the packages that it needs, directly or not. */
  readonly brings: readonly string[];
  /** How many of those no other line needs. */
  readonly only: number;
  readonly heldBack?:
    | {
        readonly newest: string;
        /** Who speaks against it; empty where what the newest release needs does not agree with the rest. */
        readonly by: readonly {
          /** `foo 1.2`, or the line as it is written. */
          readonly text: string;
          readonly uri?: string | undefined;
          /** One-based: of the line, or of the line that brings the package in. */
          readonly line?: number | undefined;
        }[];
      }
    | undefined;
}

/** Whether the manifest resolves with an edit. */
export type FixProof =
  | {
      readonly resolves: true;
      readonly packages: number;
      /** Packages that come, go or get another version against the stack as it is; absent where there is none. */
      readonly changes?: number | undefined;
    }
  | {
      readonly resolves: false;
      /** `failed`: it does not resolve; `advisory`: it brings one in; `not-checked`: that could not be found out. */
      readonly code: "failed" | "advisory" | "not-checked";
      readonly reason: string;
      /** Where the edit is of one line: that line pinned to the newest release with which the manifest does resolve. */
      readonly instead?: ResolvingPin | undefined;
    };

/** A line pinned to the newest release with which its manifest resolves. */
export interface ResolvingPin {
  readonly version: string;
  readonly edits: readonly StackEdits[];
  readonly packages: number;
  /** As of a proof. */
  readonly changes?: number | undefined;
}

/** What tells one edit of a text from another. */
export function proofKey(edits: readonly StackEdits[]): string {
  return JSON.stringify(
    edits.map(({ uri, edits: list }) => [
      uri,
      list.map(({ span, newText }) => [span.start, span.end, newText]),
    ]),
  );
}
