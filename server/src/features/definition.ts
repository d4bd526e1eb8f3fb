// textDocument/definition and textDocument/references: one package over includes, constraints and locks.
import type { Location, LocationLink } from "vscode-languageserver";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Span } from "../../../shared/src/text/span.ts";
import { covers, placeAt } from "../at.ts";
import type { View } from "../model.ts";
import { includeTarget } from "./documentLinks.ts";

/** Where the thing at the offset is decided: an include's file, a source's table, the lock's entry, other lines on the package. */
export function definition(view: View, offset: number): LocationLink[] {
  const named = namedTarget(view, offset);
  if (named)
    return [linkTo(view.file, named.target, named.target, view.file.manifest.lines.rangeOf(named.from))];
  const place = placeAt(view.file.manifest, offset);
  if (!place) return [];
  const origin = view.file.manifest.lines.rangeOf(place.span);
  const start = { line: 0, character: 0 };
  switch (place.what) {
    case "include": {
      const uri = includeTarget(view, place.entry.target.span);
      const range = { start, end: start };
      return uri === undefined
        ? []
        : [{ originSelectionRange: origin, targetUri: uri, targetRange: range, targetSelectionRange: range }];
    }
    case "index": {
      const name = place.entry.index?.text;
      const source = view.file.manifest.entries.find(
        (item) => item.kind === "source" && item.name?.text === name,
      );
      return source ? [linkTo(view.file, source.span, source.span, origin)] : [];
    }
    case "option":
    case "source":
      return [];
    default:
      return placesOf([view.tree], place.entry)
        .filter((found) => found.entry !== place.entry)
        .map((found) =>
          linkTo(found.file, found.entry.span, found.entry.name?.span ?? found.entry.span, origin),
        );
  }
}

/** In a pyproject.toml: the index that uv's source names, the group that is included, the project's own extra. */
function namedTarget(
  { file }: View,
  offset: number,
): { readonly from: Span; readonly target: Span } | undefined {
  const { project } = file.manifest;
  if (project === undefined) return undefined;
  for (const { kind, value } of [...project.uv.sources.values()].flat()) {
    if (kind !== "index" || !value || !covers(value.span, offset)) continue;
    const index = project.uv.indexes.find(({ name }) => name?.text === value.text);
    return index?.name && { from: value.span, target: index.name.span };
  }
  for (const include of project.groups.flatMap(({ includes }) => includes)) {
    if (!covers(include.span, offset)) continue;
    const group = project.groups.find(({ normalizedName }) => normalizedName === normalizeName(include.text));
    return group && { from: include.span, target: group.name.span };
  }
  const place = placeAt(file.manifest, offset);
  if (place?.what !== "extra" || !place.entry.isSelf) return undefined;
  const extra = project.extras.find(
    ({ normalizedName }) => normalizedName === normalizeName(place.extra.text),
  );
  return extra && { from: place.span, target: extra.name.span };
}

/** The same for clients that know no links. */
export function definitionLocations(view: View, offset: number): Location[] {
  return definition(view, offset).map((item) => ({ uri: item.targetUri, range: item.targetSelectionRange }));
}

/**
 * Every line on the package at the offset, in this tree and in others that are known.
 * @param others trees of other open documents.
 */
export function references(
  view: View,
  offset: number,
  others: readonly ManifestTree[],
  includeDeclaration: boolean,
): Location[] {
  const place = placeAt(view.file.manifest, offset);
  if (!place || place.what === "include" || place.what === "option" || place.what === "source") return [];
  const seen = new Set<string>();
  return placesOf([view.tree, ...others], place.entry)
    .filter((found) => includeDeclaration || found.entry !== place.entry)
    .map((found) => ({
      uri: found.file.uri,
      range: found.file.manifest.lines.rangeOf(found.entry.name?.span ?? found.entry.span),
    }))
    .filter((location) => {
      const key = `${location.uri} ${location.range.start.line} ${location.range.start.character}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

function placesOf(
  trees: readonly ManifestTree[],
  entry: RequirementEntry,
): { file: ManifestFile; entry: RequirementEntry }[] {
  const { normalizedName } = entry;
  if (normalizedName === undefined) return [];
  return trees
    .flatMap((tree) => [...tree.files, ...(tree.companion ? [tree.companion] : [])])
    .flatMap((file) =>
      file.manifest.entries.flatMap((item) =>
        (item.kind === "requirement" || item.kind === "constraint") && item.normalizedName === normalizedName
          ? [{ file, entry: item }]
          : [],
      ),
    );
}

function linkTo(
  file: ManifestFile,
  span: Span,
  selection: Span,
  origin: LocationLink["originSelectionRange"],
): LocationLink {
  return {
    ...(origin ? { originSelectionRange: origin } : {}),
    targetUri: file.uri,
    targetRange: file.manifest.lines.rangeOf(span),
    targetSelectionRange: file.manifest.lines.rangeOf(selection),
  };
}
