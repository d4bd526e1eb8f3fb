// The façade: every answer that the server gives, as a pure function of a view. Nothing below opens a file or a socket.
import { codeActions, localRepairs, planOf, provenFixes, unprovenFixes } from "./features/codeActions.ts";
import { codeLens, summaryOf } from "./features/codeLens.ts";
import { completion } from "./features/completion.ts";
import { definition, definitionLocations, references } from "./features/definition.ts";
import { diagnostics } from "./features/diagnostics.ts";
import { documentLinks } from "./features/documentLinks.ts";
import { documentSymbols, flatSymbols } from "./features/documentSymbols.ts";
import { foldingRanges } from "./features/foldingRanges.ts";
import { hover, hoveredProject } from "./features/hover.ts";
import { inlayHints } from "./features/inlayHints.ts";
import { adviceOn, reportOf } from "./features/report.ts";
import { explanationOf } from "./features/stackWords.ts";

export interface LanguageService {
  readonly hover: typeof hover;
  readonly hoveredProject: typeof hoveredProject;
  readonly diagnostics: typeof diagnostics;
  readonly codeActions: typeof codeActions;
  readonly unprovenFixes: typeof unprovenFixes;
  readonly explanationOf: typeof explanationOf;
  readonly localRepairs: typeof localRepairs;
  readonly provenFixes: typeof provenFixes;
  readonly planOf: typeof planOf;
  readonly completion: typeof completion;
  readonly inlayHints: typeof inlayHints;
  readonly codeLens: typeof codeLens;
  readonly summaryOf: typeof summaryOf;
  readonly documentLinks: typeof documentLinks;
  readonly documentSymbols: typeof documentSymbols;
  readonly flatSymbols: typeof flatSymbols;
  readonly definition: typeof definition;
  readonly definitionLocations: typeof definitionLocations;
  readonly references: typeof references;
  readonly foldingRanges: typeof foldingRanges;
  readonly reportOf: typeof reportOf;
  readonly adviceOn: typeof adviceOn;
}

/** All features, bound together. They hold no state. */
export function createLanguageService(): LanguageService {
  return {
    hover,
    hoveredProject,
    diagnostics,
    codeActions,
    unprovenFixes,
    explanationOf,
    localRepairs,
    provenFixes,
    planOf,
    completion,
    inlayHints,
    codeLens,
    summaryOf,
    documentLinks,
    documentSymbols,
    flatSymbols,
    definition,
    definitionLocations,
    references,
    foldingRanges,
    reportOf,
    adviceOn,
  };
}
