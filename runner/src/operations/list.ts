// `list`: what the manifests say, as data. No variable is expanded and no credential is shown.
import { versionOfWheel } from "../../../shared/src/manifest/links.ts";
import type { Manifest, ManifestEntry, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { markerToString, readMarker } from "../../../shared/src/packaging/index.ts";
import type { ListInput, ListOutput, ListPartial } from "../../../shared/src/protocol/list.ts";
import { redactText } from "../index/index.ts";
import type { Operation } from "./context.ts";
import { Loader } from "./load.ts";

type ListedFile = ListOutput["files"][number];
type ListedEntry = ListedFile["entries"][number];

/** Lists every file that the paths mean or reach. Throws OperationError for what cannot be read. */
export const list: Operation<ListInput, ListOutput, ListPartial> = async (context, input, calls, signal) => {
  const loader = new Loader(input.cwd, async () =>
    (await import("./remoteIncludes.ts")).createRemoteReader(context, input, calls, signal),
  );
  const { roots, notChecked } = await loader.roots(input.paths);
  const files: ListedFile[] = [];
  const seen = new Set<string>();
  for (const { tree } of roots) {
    for (const { uri, manifest } of tree.files) {
      signal.throwIfAborted();
      if (seen.has(uri)) continue;
      seen.add(uri);
      const errors = manifest.errors.map(({ message, span }) => ({
        message,
        range: manifest.lines.rangeOf(span),
      }));
      for (const fault of tree.faults) {
        if (fault.uri === uri)
          errors.push({ message: fault.message, range: manifest.lines.rangeOf(fault.span) });
      }
      const file = {
        path: loader.displayUri(uri),
        entries: manifest.entries.map((entry) => listEntry(entry, manifest)),
        errors,
      };
      files.push(file);
      calls.partial({ file });
    }
  }
  return { result: { files }, notChecked };
};

function listEntry(entry: ManifestEntry, manifest: Manifest): ListedEntry {
  const range = manifest.lines.rangeOf(entry.span);
  switch (entry.kind) {
    case "include":
      return {
        kind: "include",
        path: redactText(entry.target.text),
        option: entry.as === "constraints" ? "--constraint" : "--requirement",
        range,
      };
    case "option":
      return {
        kind: "option",
        ...(entry.section === undefined ? {} : { section: entry.section }),
        option: entry.option,
        ...(entry.value === undefined ? {} : { value: redactText(entry.value.text) }),
        range,
      };
    case "source":
      return {
        kind: "source",
        ...(entry.section === undefined ? {} : { section: entry.section }),
        ...(entry.name === undefined ? {} : { name: entry.name.text }),
        ...(entry.url === undefined ? {} : { url: redactText(entry.url.text) }),
        range,
      };
    default:
      return listRequirement(entry, manifest);
  }
}

function listRequirement(entry: RequirementEntry, manifest: Manifest): ListedEntry {
  const { text } = manifest;
  const specifier = specifierOf(entry, manifest);
  const marker = markerOf(entry, text);
  const name = entry.name?.text ?? entry.normalizedName;
  return {
    kind: entry.kind,
    ...(entry.section === undefined ? {} : { section: entry.section }),
    ...(name === undefined ? {} : { name }),
    extras: entry.extras.map((extra) => extra.text),
    ...(specifier === undefined ? {} : { specifier }),
    ...(marker === undefined ? {} : { marker }),
    ...(entry.url === undefined ? {} : { url: redactText(addressOf(entry, entry.url.text)) }),
    ...(entry.path === undefined ? {} : { path: entry.path.text }),
    editable: entry.editable,
    hashes: entry.hashes.map(({ algorithm, digest }) => `${algorithm}:${digest}`),
    range: manifest.lines.rangeOf(entry.span),
  };
}

/**
 * The clauses as PEP 440 joins them, without the parentheses, blanks and line ends that may stand between them. Poetry's own
 * constraints and what is no clause are told as written; a pylock.toml writes versions alone; a wheel's name says one.
 */
function specifierOf(entry: RequirementEntry, { kind, text }: Manifest): string | undefined {
  const { specifier, specifierSpan, grammar } = entry;
  if (specifierSpan === undefined) {
    const version =
      entry.name === undefined ? versionOfWheel((entry.url ?? entry.path)?.text ?? "") : undefined;
    return version && `==${version}`;
  }
  const written = text.slice(specifierSpan.start, specifierSpan.end);
  if (kind === "pylock") return `==${written}`;
  if (grammar !== undefined || specifier.clauses.length === 0) return written;
  return specifier.written;
}

/** The marker as written where it is one piece of text, and as joined where a Pipfile's keys say parts of it. */
function markerOf({ marker, markerSpan }: RequirementEntry, text: string): string | undefined {
  const written = markerSpan && text.slice(markerSpan.start, markerSpan.end);
  if (marker === undefined) return written;
  const joined = markerToString(marker);
  // What goes on over a line's end is no marker as it stands.
  const read = written === undefined ? undefined : readMarker(written);
  return read?.ok && markerToString(read.value) === joined ? written : joined;
}

/** The address as written; with a table's system and reference as pip writes them: `git+https://host/repository@main`. */
function addressOf({ style, vcs }: RequirementEntry, url: string): string {
  if (vcs === undefined || style === "line" || style === "toml-item") return url;
  const system = url.startsWith(`${vcs.system}+`) || url.startsWith(`${vcs.system}:`) ? "" : `${vcs.system}+`;
  return `${system}${vcs.url.text}${vcs.reference === undefined ? "" : `@${vcs.reference.text}`}`;
}
