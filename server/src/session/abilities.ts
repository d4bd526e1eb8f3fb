// What a client can do, read once from what it said when it connected.
import type { ClientCapabilities } from "vscode-languageserver";
import type { ClientAbilities } from "../model.ts";

/** Abilities that decide how the server talks, beside those that answers depend on. */
export interface Client extends ClientAbilities {
  readonly pullDiagnostics: boolean;
  readonly refreshDiagnostics: boolean;
  readonly refreshInlayHints: boolean;
  readonly refreshCodeLenses: boolean;
  readonly configuration: boolean;
  readonly watchFiles: boolean;
  readonly registerConfiguration: boolean;
  readonly documentChanges: boolean;
  readonly applyEdit: boolean;
  /** Beyond LSP: the requests and notifications of our own extension. */
  readonly ours: boolean;
}

/** Reads a client's capabilities; what it does not say, it cannot do. */
export function readAbilities(capabilities: ClientCapabilities, ours: boolean): Client {
  const { textDocument, workspace } = capabilities;
  const published = textDocument?.publishDiagnostics;
  const pulled = textDocument?.diagnostic;
  return {
    markdown: textDocument?.hover?.contentFormat?.includes("markdown") ?? false,
    disabledActions: textDocument?.codeAction?.disabledSupport ?? false,
    relatedInformation: pulled?.relatedInformation ?? published?.relatedInformation ?? false,
    codeDescription: pulled?.codeDescriptionSupport ?? published?.codeDescriptionSupport ?? false,
    diagnosticTags: pulled?.tagSupport?.valueSet ?? published?.tagSupport?.valueSet ?? [],
    snippets: textDocument?.completion?.completionItem?.snippetSupport ?? false,
    lineFoldingOnly: textDocument?.foldingRange?.lineFoldingOnly ?? false,
    hierarchicalSymbols: textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport ?? false,
    definitionLinks: textDocument?.definition?.linkSupport ?? false,
    pullDiagnostics: pulled !== undefined,
    refreshDiagnostics: workspace?.diagnostics?.refreshSupport ?? false,
    refreshInlayHints: workspace?.inlayHint?.refreshSupport ?? false,
    refreshCodeLenses: workspace?.codeLens?.refreshSupport ?? false,
    configuration: workspace?.configuration ?? false,
    watchFiles: workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false,
    registerConfiguration: workspace?.didChangeConfiguration?.dynamicRegistration ?? false,
    documentChanges: workspace?.workspaceEdit?.documentChanges ?? false,
    applyEdit: workspace?.applyEdit ?? false,
    ours,
  };
}
