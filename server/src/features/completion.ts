// textDocument/completion: what could be written at the cursor, judged from the raw line, since what is being typed does not parse yet.
import type { CompletionItem, CompletionList } from "vscode-languageserver";
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import type { ProjectData } from "../../../shared/src/manifest/projectModel.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import { say } from "../l10n.ts";
import { plain } from "../markdown.ts";
import type { View } from "../model.ts";
import { itemKinds, keyItems, markerItems, optionItems, replacing, versionItems } from "./completionItems.ts";
import { type CompletionSpot, spotAt } from "./completionSpot.ts";

/** What completion may ask: each answers in a moment or not at all. */
export interface CompletionSources {
  /** Project names that begin with the prefix, from knowledge. */
  names(
    prefix: string,
  ): Promise<{ names: readonly { name: string; summary?: string }[]; incomplete: boolean }>;
  /** What is known of a project; waits a moment for it. */
  facts(name: string): Promise<ProjectFacts | undefined>;
  /** Entries of a folder, given relative to the document; folders end in `/`. */
  listFolder(relative: string): Promise<readonly string[]>;
}

/** The items for the cursor at `offset`. */
export async function completion(
  view: View,
  offset: number,
  sources: CompletionSources,
): Promise<CompletionList> {
  const nothing: CompletionList = { isIncomplete: false, items: [] };
  if (view.refused !== undefined) return nothing;
  const spot = spotAt(view.file.manifest, offset);
  if (!spot) return nothing;
  switch (spot.what) {
    case "name":
      return nameList(view, spot, sources);
    case "version":
      return versionList(view, spot, sources);
    case "extra":
      return extraList(view, spot, sources);
    case "marker":
      return { isIncomplete: false, items: markerItems(view, spot) };
    case "option":
      return { isIncomplete: false, items: optionItems(view, spot) };
    case "path":
      return pathList(view, spot, sources);
    case "rule":
      return { isIncomplete: false, items: ruleItems(view, spot) };
    case "key":
      return { isIncomplete: false, items: keyItems(view, spot) };
    case "source":
      return { isIncomplete: false, items: sourceItems(view, spot) };
    case "group":
      return { isIncomplete: false, items: groupItems(view, spot) };
  }
}

async function nameList(
  view: View,
  spot: CompletionSpot,
  sources: CompletionSources,
): Promise<CompletionList> {
  const typed = normalizeName(spot.typed);
  if (typed === "") return { isIncomplete: true, items: [] };
  const asked = await sources.names(typed);
  const names = withKnown(view, typed, asked.names);
  const written = new Set(
    view.tree.files.flatMap((file) =>
      file.manifest.entries.flatMap((entry) =>
        (entry.kind === "requirement" || entry.kind === "constraint") && entry.normalizedName
          ? [entry.normalizedName]
          : [],
      ),
    ),
  );
  const items = names.map(
    (item, at): CompletionItem => ({
      label: item.name,
      kind: itemKinds.package,
      filterText: filterFor(item.name, spot.typed),
      sortText: `${written.has(normalizeName(item.name)) ? "1" : "0"}${String(at).padStart(5, "0")}`,
      ...(item.summary ? { documentation: { kind: "markdown", value: plain(item.summary) } } : {}),
      textEdit: replacing(view, spot, item.name),
    }),
  );
  return { isIncomplete: asked.incomplete || items.length === 0, items };
}

/** Names that the index answered for here, and what is installed, are known without a list. */
function withKnown(
  view: View,
  typed: string,
  listed: readonly { readonly name: string; readonly summary?: string }[],
): readonly { readonly name: string; readonly summary?: string }[] {
  const present = new Set(listed.map((item) => normalizeName(item.name)));
  const own = new Map<string, { name: string; summary?: string }>();
  for (const [name, facts] of view.snapshot.projects) {
    if (facts.state === "known") own.set(name, { name: facts.displayName ?? name });
  }
  for (const item of view.snapshot.environment?.installed ?? []) {
    if (!own.has(item.normalizedName)) own.set(item.normalizedName, { name: item.name });
  }
  const more = [...own]
    .filter(([name]) => name.startsWith(typed) && !present.has(name))
    .map(([, item]) => item);
  return [...listed, ...more.sort((a, b) => a.name.localeCompare(b.name))];
}

/** An editor filters by what is typed, where `_` and `.` mean the same as `-`. */
function filterFor(name: string, typed: string): string {
  return name.toLowerCase().startsWith(typed.toLowerCase()) ? name : `${typed}${name.slice(typed.length)}`;
}

async function versionList(
  view: View,
  spot: CompletionSpot,
  sources: CompletionSources,
): Promise<CompletionList> {
  const facts = await factsFor(view, spot, sources);
  if (facts?.state !== "known") return { isIncomplete: true, items: [] };
  return { isIncomplete: false, items: versionItems(view, spot, facts) };
}

async function factsFor(
  view: View,
  spot: CompletionSpot,
  sources: CompletionSources,
): Promise<ProjectFacts | undefined> {
  if (!spot.project) return undefined;
  const name = normalizeName(spot.project);
  return view.snapshot.projects.get(name) ?? (await sources.facts(name));
}

async function extraList(
  view: View,
  spot: CompletionSpot,
  sources: CompletionSources,
): Promise<CompletionList> {
  const own = view.file.manifest.project;
  if (own?.normalizedName !== undefined && own.normalizedName === normalizeName(spot.project ?? "")) {
    return { isIncomplete: false, items: ownExtraItems(view, spot, own) };
  }
  const facts = await factsFor(view, spot, sources);
  if (facts?.state !== "known") return { isIncomplete: true, items: [] };
  const extras = new Map<string, string>();
  for (const detail of Object.values(facts.details)) {
    for (const extra of detail.providesExtra ?? []) if (!extras.has(extra)) extras.set(extra, detail.version);
  }
  const items = [...extras]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(
      ([extra, version]): CompletionItem => ({
        label: extra,
        kind: itemKinds.extra,
        detail: say("extra of {0} {1}", facts.displayName ?? facts.name, version),
        textEdit: replacing(view, spot, extra),
      }),
    );
  return { isIncomplete: false, items };
}

async function pathList(
  view: View,
  spot: CompletionSpot,
  sources: CompletionSources,
): Promise<CompletionList> {
  const slash = spot.typed.lastIndexOf("/");
  const folder = spot.typed.slice(0, slash + 1);
  // The document's own trust and file system decide; a variable is never expanded.
  if (spot.typed.includes("${") || /^[a-z][a-z0-9+.-]+:/i.test(spot.typed))
    return { isIncomplete: false, items: [] };
  const names = await sources.listFolder(folder);
  const within = { ...spot, span: { start: spot.span.start + folder.length, end: spot.span.end } };
  const items = names
    .filter((name) => name.endsWith("/") || /\.(?:txt|in|pip)$/i.test(name))
    .slice(0, 500)
    .map(
      (name): CompletionItem => ({
        label: name,
        kind: name.endsWith("/") ? itemKinds.folder : itemKinds.file,
        sortText: `${name.endsWith("/") ? "1" : "0"}${name}`,
        textEdit: replacing(view, within, name),
      }),
    );
  return { isIncomplete: false, items };
}

function ruleItems(view: View, spot: CompletionSpot): CompletionItem[] {
  return Object.entries(ruleCatalogue).map(([rule, { summary }]) => ({
    label: rule,
    kind: itemKinds.value,
    documentation: { kind: "markdown", value: plain(summary) },
    textEdit: replacing(view, spot, rule),
  }));
}

function sourceItems(view: View, spot: CompletionSpot): CompletionItem[] {
  return view.file.manifest.entries.flatMap((entry): CompletionItem[] =>
    entry.kind === "source" && entry.name
      ? [{ label: entry.name.text, kind: itemKinds.value, textEdit: replacing(view, spot, entry.name.text) }]
      : [],
  );
}

/** The extras that a project has of itself. */
function ownExtraItems(view: View, spot: CompletionSpot, { extras }: ProjectData): CompletionItem[] {
  return extras.map(({ name }) => ({
    label: name.text,
    kind: itemKinds.extra,
    textEdit: replacing(view, spot, name.text),
  }));
}

/** The dependency groups of a pyproject.toml. */
function groupItems(view: View, spot: CompletionSpot): CompletionItem[] {
  return (view.file.manifest.project?.groups ?? []).map(({ name }) => ({
    label: name.text,
    kind: itemKinds.value,
    textEdit: replacing(view, spot, name.text),
  }));
}
