// textDocument/documentSymbol: the outline: sections with their requirements, includes and options.
import { type DocumentSymbol, type SymbolInformation, SymbolKind } from "vscode-languageserver";
import type { ManifestEntry } from "../../../shared/src/manifest/model.ts";
import { saySpecifier, tame } from "../../../shared/src/rules/words.ts";
import type { View } from "../model.ts";

const mostSymbols = 5000;

/** The outline of the document, by section where it has sections. */
export function documentSymbols(view: View): DocumentSymbol[] {
  const { lines } = view.file.manifest;
  const sections = new Map<string, DocumentSymbol>();
  const roots: DocumentSymbol[] = [];
  for (const entry of view.file.manifest.entries.slice(0, mostSymbols)) {
    const symbol = symbolOf(view, entry);
    const section = sectionOf(entry);
    if (section === undefined) {
      roots.push(symbol);
      continue;
    }
    let parent = sections.get(section);
    if (!parent) {
      parent = {
        name: section,
        kind: SymbolKind.Namespace,
        range: symbol.range,
        selectionRange: symbol.selectionRange,
        children: [],
      };
      sections.set(section, parent);
      roots.push(parent);
    }
    parent.children?.push(symbol);
    // A section's range holds all of its entries, wherever the file puts them.
    const start =
      lines.offsetAt(parent.range.start) <= lines.offsetAt(symbol.range.start)
        ? parent.range.start
        : symbol.range.start;
    const end =
      lines.offsetAt(parent.range.end) >= lines.offsetAt(symbol.range.end)
        ? parent.range.end
        : symbol.range.end;
    parent.range = { start, end };
  }
  return roots;
}

/** The outline as one list, for clients that show no tree. */
export function flatSymbols(view: View): SymbolInformation[] {
  const flat: SymbolInformation[] = [];
  const add = (symbol: DocumentSymbol, containerName?: string): void => {
    flat.push({
      name: symbol.name,
      kind: symbol.kind,
      location: { uri: view.file.uri, range: symbol.range },
      ...(containerName === undefined ? {} : { containerName }),
    });
    for (const child of symbol.children ?? []) add(child, symbol.name);
  };
  for (const symbol of documentSymbols(view)) add(symbol);
  return flat;
}

function sectionOf(entry: ManifestEntry): string | undefined {
  if (entry.kind === "include") return undefined;
  return entry.section ?? (entry.kind === "source" ? "source" : undefined);
}

function symbolOf(view: View, entry: ManifestEntry): DocumentSymbol {
  const { lines } = view.file.manifest;
  const range = lines.rangeOf(entry.span);
  const named = (
    name: string,
    kind: SymbolKind,
    selection = entry.span,
    detail?: string,
  ): DocumentSymbol => ({
    // An empty name is not allowed by the protocol.
    name: tame(name, 120) || "?",
    kind,
    range,
    selectionRange: lines.rangeOf(selection),
    ...(detail ? { detail: tame(detail, 120) } : {}),
  });
  switch (entry.kind) {
    case "include":
      return named(
        `${entry.as === "constraints" ? "-c" : "-r"} ${entry.target.text}`,
        SymbolKind.File,
        entry.target.span,
      );
    case "option":
      return named(entry.option, SymbolKind.Property, entry.optionSpan);
    case "source":
      return named(entry.name?.text ?? "source", SymbolKind.Interface, entry.name?.span);
    default: {
      const name = entry.name?.text ?? entry.normalizedName ?? entry.path?.text ?? "URL";
      return named(name, SymbolKind.Package, entry.name?.span, saySpecifier(entry.specifier));
    }
  }
}
