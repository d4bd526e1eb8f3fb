// A finding: something to tell the person, with rule, severity, evidence, age and fixes.
import type { AdvisoryMatch } from "../advisory/model.ts";
import type { Freshness } from "../facts/model.ts";
import type { Range, Span } from "../text/span.ts";

export type Severity = "error" | "warning" | "information" | "hint";

export interface Evidence {
  /** Where it comes from, credentials removed: an index, a file with its line, `PEP 440`, an inspection. */
  readonly source: string;
  /** Milliseconds since the epoch; absent where it is the text itself. */
  readonly time?: number;
  readonly freshness: Freshness;
}

/** One replacement in one text, against the version of the text that the finding was made from. */
export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

/** A change that helps. It is minimal: what it need not touch stays as the person wrote it. */
export interface Fix {
  /** `pin-newest-compatible`, `pin-locked`, `pin-installed`, `raise-within`, `raise-beyond`, `replace-yanked`, `repair-operator`,
   *  `repair-name`, `pin-newest-resolving`, `remove-duplicate`, `raise-fixed`, `add-hashes`, `refresh-hashes`, `relax-requirement`, `remove-requirement`, `silence-rule`. */
  readonly kind: string;
  readonly title: string;
  readonly edits: readonly { readonly uri: string; readonly edits: readonly TextEdit[] }[];
  /** Checked before it is offered; false only for what needs no proof (a repair of spelling in place). */
  readonly proven: boolean;
  readonly preferred?: boolean;
  /** Why it cannot be taken now; it is then shown, not applied. */
  readonly disabled?: string;
  /** What is to be known of it: releases that were passed over, checks that could not be made. */
  readonly notes?: readonly string[];
}

export interface RelatedPlace {
  readonly uri: string;
  readonly span: Span;
  readonly range: Range;
  readonly message: string;
}

export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly uri: string;
  readonly span: Span;
  readonly range: Range;
  /** PEP 503 form. */
  readonly package?: string;
  readonly evidence: readonly Evidence[];
  readonly fixes: readonly Fix[];
  readonly related: readonly RelatedPlace[];
  /** Of `known-vulnerability`: what is known against the release. */
  readonly advisories?: readonly AdvisoryMatch[];
  /** No comment silences it. */
  readonly stands?: true;
  /** For ranking: larger has more effect on this stack. */
  readonly weight: number;
}
