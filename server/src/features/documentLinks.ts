// textDocument/documentLink: addresses, included files, and the pages of projects that jump nowhere else.
import type { DocumentLink } from "vscode-languageserver";
import type { ManifestEntry } from "../../../shared/src/manifest/model.ts";
import type { Span, Spanned } from "../../../shared/src/text/span.ts";
import { say } from "../l10n.ts";
import { webAddress } from "../markdown.ts";
import type { View } from "../model.ts";

const mostLinks = 5000;

/** The links of the document. An address with credentials or a variable is none. */
export function documentLinks(view: View): DocumentLink[] {
  const links: DocumentLink[] = [];
  for (const entry of view.file.manifest.entries) {
    const found = linkOf(view, entry);
    if (found)
      links.push({
        range: view.file.manifest.lines.rangeOf(found.span),
        target: found.target,
        tooltip: found.tooltip,
      });
    if (links.length >= mostLinks) return links;
  }
  for (const { value } of [...(view.file.manifest.project?.uv.sources.values() ?? [])].flat()) {
    const found = address(value);
    if (found) links.push({ range: view.file.manifest.lines.rangeOf(found.span), ...toLink(found) });
  }
  return links.slice(0, mostLinks);
}

function toLink({ target, tooltip }: { target: string; tooltip: string }) {
  return { target, tooltip };
}

function linkOf(
  view: View,
  entry: ManifestEntry,
): { span: Span; target: string; tooltip: string } | undefined {
  switch (entry.kind) {
    case "include": {
      const target = includeTarget(view, entry.target.span);
      return target === undefined
        ? undefined
        : { span: entry.target.span, target, tooltip: say("Open the file") };
    }
    case "source":
      return address(entry.url);
    case "option":
      return address(entry.value);
    default:
      return address(entry.vcs?.url ?? entry.url);
  }
}

/** The file that the include at this place leads to. */
export function includeTarget(view: View, span: Span): string | undefined {
  const reached = view.tree.files.find(
    (file) => file.includedBy?.uri === view.file.uri && touches(file.includedBy.span, span),
  );
  if (reached) return reached.uri;
  const fault = view.tree.faults.find((item) => item.uri === view.file.uri && touches(item.span, span));
  return fault?.code === "remote" || fault?.code === "cycle" ? fault.target : undefined;
}

function touches(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

function address(url: Spanned | undefined): { span: Span; target: string; tooltip: string } | undefined {
  if (!url || url.text.includes("${")) return undefined;
  const target = webAddress(url.text.replace(/^(?:git|hg|svn|bzr)\+/, ""));
  return target === undefined ? undefined : { span: url.span, target, tooltip: say("Open in a browser") };
}
