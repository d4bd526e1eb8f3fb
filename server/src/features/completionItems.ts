// The items that completion offers: versions, markers, options and the keys of a Pipfile.
import {
  type CompletionItem,
  CompletionItemKind,
  CompletionItemTag,
  type TextEdit,
} from "vscode-languageserver";
import type { ProjectFacts, ReleaseFacts } from "../../../shared/src/facts/model.ts";
import type { FixProof } from "../../../shared/src/facts/stack.ts";
import { releaseChoice, sayProof } from "../../../shared/src/rules/index.ts";
import { sayPython, tame } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import { plain } from "../markdown.ts";
import type { View } from "../model.ts";
import type { CompletionSpot } from "./completionSpot.ts";
import { type PipfileTable, pipfileKeys } from "./pipfileKeys.ts";
import { PIP_OPTIONS } from "./pipOptionTexts.ts";
import { pyprojectKeys } from "./pyprojectKeys.ts";

export const itemKinds = {
  package: CompletionItemKind.Module,
  version: CompletionItemKind.Value,
  extra: CompletionItemKind.Field,
  variable: CompletionItemKind.Variable,
  value: CompletionItemKind.EnumMember,
  keyword: CompletionItemKind.Keyword,
  option: CompletionItemKind.Property,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
} as const;

/** More versions than this are not read by anyone; typing narrows. */
const mostVersions = 300;

/** The edit that puts the text in the place of the word at the cursor. */
export function replacing(view: View, spot: Pick<CompletionSpot, "span">, newText: string): TextEdit {
  return { range: view.file.manifest.lines.rangeOf(spot.span), newText };
}

/** Newest compatible first, yanked last; each with its date and what stands against it. */
export function versionItems(view: View, spot: CompletionSpot, facts: ProjectFacts): CompletionItem[] {
  return releaseChoice(facts)
    .slice(0, mostVersions)
    .map((release, at) => {
      const version = tame(release.version, 60);
      const detail = facts.details[release.version]?.summary;
      return {
        label: version,
        kind: itemKinds.version,
        detail: versionDetail(release),
        sortText: String(at).padStart(5, "0"),
        filterText: version,
        ...(at === 0 ? { preselect: true } : {}),
        ...(release.yanked === undefined ? {} : { tags: [CompletionItemTag.Deprecated] }),
        ...(detail ? { documentation: { kind: "markdown" as const, value: plain(detail) } } : {}),
        textEdit: replacing(view, spot, version),
        data: { uri: view.file.uri, span: { ...spot.span }, newText: version } satisfies VersionData,
      };
    });
}

/** What is needed to find out whether the stack resolves with a version, once somebody looks at it. */
export interface VersionData {
  readonly uri: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly newText: string;
}

/** What an item of versions was made with; undefined of any other item. */
export function versionDataOf({ data }: CompletionItem): VersionData | undefined {
  const given = data as Partial<VersionData> | undefined;
  if (typeof given?.uri !== "string" || typeof given.newText !== "string") return undefined;
  const { start, end } = given.span ?? {};
  return typeof start === "number" && typeof end === "number" && start <= end
    ? { uri: given.uri, span: { start, end }, newText: given.newText }
    : undefined;
}

/** The item with what the resolver says of it; as it was where it says nothing. */
export function markProven(item: CompletionItem, proof: FixProof | undefined): CompletionItem {
  if (!proof) return item;
  const said = proof.resolves
    ? sayProof(proof)
    : proof.code === "failed"
      ? say("does not resolve: {0}", tame(proof.reason, 200))
      : say("not checked: {0}", tame(proof.reason, 200));
  return { ...item, detail: [item.detail, said].filter(Boolean).join(" · ") };
}

function versionDetail(release: ReleaseFacts): string {
  const date = release.uploaded === undefined ? "" : new Date(release.uploaded).toISOString().slice(0, 10);
  return [date, obstacleOf(release)].filter(Boolean).join(" · ");
}

function obstacleOf(release: ReleaseFacts): string {
  if (release.yanked !== undefined) {
    return release.yanked === true ? say("yanked") : say("yanked: {0}", tame(release.yanked, 80));
  }
  switch (release.obstacle) {
    case "python":
      return release.requiresPython
        ? say("needs {0}", tame(sayPython(release.requiresPython), 60))
        : say("needs another Python");
    case "tags":
      return say("no file for this platform");
    case "no-artifact":
      return say("no file that installs");
    case "legacy-version":
      return say("not a PEP 440 version");
    default:
      return "";
  }
}

const variableTexts: Readonly<Record<string, string>> = {
  python_version: "Python's version in two parts, as 3.11",
  python_full_version: "Python's full version",
  os_name: "posix or nt",
  sys_platform: "linux, darwin, win32",
  platform_machine: "x86_64, aarch64, arm64, AMD64",
  platform_system: "Linux, Darwin, Windows",
  platform_release: "Release of the operating system's kernel",
  platform_version: "Version text of the operating system",
  platform_python_implementation: "CPython, PyPy",
  implementation_name: "cpython, pypy",
  implementation_version: "Version of the implementation",
};

const usualValues: Readonly<Record<string, readonly string[]>> = {
  sys_platform: ["linux", "darwin", "win32"],
  platform_system: ["Linux", "Darwin", "Windows"],
  os_name: ["posix", "nt"],
  platform_machine: ["x86_64", "aarch64", "arm64", "AMD64"],
  platform_python_implementation: ["CPython", "PyPy"],
  implementation_name: ["cpython", "pypy"],
  python_version: ["3.10", "3.11", "3.12", "3.13", "3.14"],
};

const comparison = /([a-z_.]+)\s*(?:===|==|~=|!=|>=|<=|>|<|\bnot\s+in\b|\bin\b)\s*(["']?)$/;

/** Variables, operators or values, as the text of the marker before the cursor asks. */
export function markerItems(view: View, spot: CompletionSpot): CompletionItem[] {
  const context = spot.context ?? "";
  const value = comparison.exec(context);
  if (value) return valueItems(view, spot, value[1] ?? "", value[2] ?? "");
  if (insideQuotes(context)) return [];
  if (/[a-z_]\s+$/.test(context) && !/\b(?:and|or|in)\s+$/.test(context)) return operatorItems(view, spot);
  if (/["')]\s*$/.test(context)) return words(view, spot, ["and", "or"]);
  return Object.entries(variableTexts).map(([name, text]) => {
    const here = view.snapshot.environment?.markers?.[name as "os_name"];
    return {
      label: name,
      kind: itemKinds.variable,
      detail: here === undefined ? text : say("{0} · here {1}", text, here),
      textEdit: replacing(view, spot, name),
    };
  });
}

function insideQuotes(context: string): boolean {
  const open = context.match(/["']/g)?.length ?? 0;
  return open % 2 === 1;
}

function valueItems(view: View, spot: CompletionSpot, name: string, opened: string): CompletionItem[] {
  const variable = name.replace(".", "_");
  const here = view.snapshot.environment?.markers?.[variable as "os_name"];
  const values = [...new Set([...(here === undefined ? [] : [here]), ...(usualValues[variable] ?? [])])];
  // A marker inside a quoted string takes the other kind of quote.
  const quote = spot.quotedBy === '"' ? "'" : '"';
  return values.map((value, at) => ({
    label: value,
    kind: itemKinds.value,
    sortText: String(at).padStart(3, "0"),
    ...(value === here ? { detail: say("here") } : {}),
    filterText: value,
    textEdit: replacing(view, spot, opened ? value : `${quote}${value}${quote}`),
  }));
}

function operatorItems(view: View, spot: CompletionSpot): CompletionItem[] {
  return words(view, spot, ["==", "!=", ">=", "<=", ">", "<", "~=", "in", "not in"]);
}

function words(view: View, spot: CompletionSpot, list: readonly string[]): CompletionItem[] {
  return list.map((label, at) => ({
    label,
    kind: itemKinds.keyword,
    sortText: String(at).padStart(3, "0"),
    textEdit: replacing(view, spot, label),
  }));
}

/** pip's options: those of a line of its own, or those behind a requirement. */
export function optionItems(view: View, spot: CompletionSpot): CompletionItem[] {
  return PIP_OPTIONS.filter((option) => (option.scope === "line") !== (spot.behindRequirement ?? false)).map(
    (option) => ({
      label: option.name,
      kind: itemKinds.option,
      ...(option.placeholder ? { detail: option.placeholder } : {}),
      documentation: { kind: "markdown", value: plain(option.description) },
      // What is shown is matched first: with a short form before it, two dashes would list it behind all others.
      filterText: [option.name, ...option.forms.filter((form) => form !== option.name)].join(" "),
      textEdit: replacing(
        view,
        spot,
        option.takesValue ? `${option.name}${option.name === "--hash" ? "=" : " "}` : option.name,
      ),
    }),
  );
}

/** Keys of a Pipfile's tables, or of those of a pyproject.toml. */
export function keyItems(view: View, spot: CompletionSpot): CompletionItem[] {
  if (view.file.manifest.kind === "pyproject") {
    return keyItemsOf(view, spot, pyprojectKeys(spot.context ?? ""));
  }
  const table = spot.context as PipfileTable | undefined;
  if (table === undefined || !["package", "source", "requires", "pipenv"].includes(table)) return [];
  return keyItemsOf(view, spot, pipfileKeys(table));
}

function keyItemsOf(
  view: View,
  spot: CompletionSpot,
  keys: readonly (readonly [string, string])[],
): CompletionItem[] {
  return keys.map(([key, text]) => ({
    label: key,
    kind: itemKinds.option,
    documentation: { kind: "markdown", value: text },
    textEdit: replacing(view, spot, `${key} = `),
  }));
}
