// What every feature is handed: the document with what it reaches, what is known, and how it is configured. Nothing else.
import type { ManifestFile, ManifestTree } from "../../shared/src/manifest/treeModel.ts";
import type { Findings, RuleInput, Snapshot } from "../../shared/src/rules/model.ts";
import type { Settings } from "./settings.ts";

/** One document at one moment. Never changed: another text, answer or setting makes another one. */
export interface View extends RuleInput {
  /** The document itself: the tree's root. */
  readonly file: ManifestFile;
  readonly tree: ManifestTree;
  readonly snapshot: Snapshot;
  readonly settings: Settings;
  /** Versions of the open documents of the tree, by URI; a file that is not open is missing. */
  readonly versions: ReadonlyMap<string, number>;
  /** What stands in the way of reading the document at all: too large, not readable. Then the manifest is empty. */
  readonly refused?: string;
  /** The findings of this view, computed on first need. */
  findings(): Findings;
}

/** What the client can do, as far as answers depend on it. */
export interface ClientAbilities {
  readonly markdown: boolean;
  readonly disabledActions: boolean;
  readonly relatedInformation: boolean;
  readonly codeDescription: boolean;
  readonly diagnosticTags: readonly number[];
  readonly snippets: boolean;
  readonly lineFoldingOnly: boolean;
  readonly hierarchicalSymbols: boolean;
  readonly definitionLinks: boolean;
  /** Our own extension, whose commands an answer may name. */
  readonly ours?: boolean;
}

export const allAbilities: ClientAbilities = {
  markdown: true,
  disabledActions: true,
  relatedInformation: true,
  codeDescription: true,
  diagnosticTags: [1, 2],
  snippets: false,
  lineFoldingOnly: true,
  hierarchicalSymbols: true,
  definitionLinks: true,
};
