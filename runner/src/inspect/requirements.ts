// What a manifest asks for, as lines that pip reads, each with its place; what would need a build is said, not left out.
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type {
  Manifest,
  ManifestEntry,
  OptionEntry,
  RequirementEntry,
  SourceEntry,
} from "../../../shared/src/manifest/model.ts";
import { projectIndexesOf } from "../../../shared/src/manifest/projectIndexes.ts";
import { selectEntries } from "../../../shared/src/manifest/projectSelection.ts";
import { settleParts } from "../../../shared/src/manifest/pylockSelect.ts";
import type { IncludeFault, ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { markerToString } from "../../../shared/src/packaging/marker.ts";
import { LET_BUILD } from "./explain.ts";
import type { InspectionIndexes, Obstacle, RequirementLine } from "./model.ts";

export interface GatheredRequirements {
  readonly requirements: readonly RequirementLine[];
  readonly constraints: readonly RequirementLine[];
  /** The options of the files themselves. */
  readonly indexes: InspectionIndexes;
  /** The lines are a whole lock. */
  readonly onlyListed: boolean;
}

/**
 * Gathers the requirements of a manifest with its includes; of a Pipfile, its lock's pins where a lock lies beside it, else
 * its own packages. Development packages stay out, as `pipenv install` leaves them out.
 * @param pathOf turns a file's URI into the path that messages name.
 */
export function gatherRequirements(
  tree: ManifestTree,
  pathOf: (uri: string) => string,
): GatheredRequirements {
  const root = tree.files[0];
  if (!root) return { requirements: [], constraints: [], indexes: {}, onlyListed: false };
  const lock = isLockKind(root.manifest.kind)
    ? root
    : root.manifest.kind === "pipfile" && tree.companion?.manifest.kind === "pipfile-lock"
      ? tree.companion
      : undefined;
  // What the person narrows beside the manifest narrows its lock as well.
  const files = lock
    ? [lock, ...tree.files.filter((file) => file.as === "constraints" && file !== root)]
    : tree.files;
  const requirements: RequirementLine[] = [];
  const constraints: RequirementLine[] = [];
  if (root.manifest.project) gatherProject(tree, pathOf, requirements, constraints);
  for (const file of files) {
    const path = pathOf(file.uri);
    for (const entry of root.manifest.project ? [] : file.manifest.entries) {
      if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
      if (entry.section !== undefined && entry.section !== "packages" && entry.section !== "default")
        continue;
      const narrows = file.as === "constraints" || entry.kind === "constraint";
      const own = inLock(entry, file.manifest);
      if (own) (narrows ? constraints : requirements).push(lineOf(own, file, path));
    }
    for (const error of file.manifest.errors) {
      const line = file.manifest.lines.positionAt(error.span.start).line + 1;
      requirements.push({
        text: "",
        path,
        line,
        obstacle: {
          reason: "unreadable",
          message: `This line cannot be read: ${error.message}`,
          next: "Repair the line.",
        },
      });
    }
  }
  for (const fault of lock ? [] : tree.faults) {
    const file = tree.files.find(({ uri }) => uri === fault.uri);
    const line = file ? file.manifest.lines.positionAt(fault.span.start).line + 1 : undefined;
    requirements.push({
      text: "",
      path: pathOf(fault.uri),
      ...(line ? { line } : {}),
      obstacle: includeObstacle(fault.code, fault.message),
    });
  }
  const entries = files.flatMap((file): ManifestEntry[] => [...file.manifest.entries]);
  const indexes = root.manifest.project ? projectIndexes(root.manifest, files.slice(1)) : indexesOf(entries);
  return { requirements, constraints, indexes, onlyListed: lock !== undefined };
}

/** Of a pylock.toml what is installed unless extras or groups are named (PEP 751); its marker then speaks of the environment alone. */
function inLock(entry: RequirementEntry, { pylock }: Manifest): RequirementEntry | undefined {
  if (pylock === undefined || entry.marker === undefined) return entry;
  const settled = settleParts(entry.marker, [], pylock.defaultGroups);
  if (typeof settled !== "boolean") return { ...entry, hashes: entry.hashes, marker: settled };
  const { marker: _, markerSpan: __, ...rest } = entry;
  return settled ? { ...rest, hashes: entry.hashes } : undefined;
}

/** Of a pyproject.toml the project and its default groups: what is installed to work on it. */
function gatherProject(
  tree: ManifestTree,
  pathOf: (uri: string) => string,
  requirements: RequirementLine[],
  constraints: RequirementLine[],
): void {
  const selected = selectEntries(tree);
  for (const { file, entry, marker } of selected.requirements)
    requirements.push(lineOf(marker ? { ...entry, marker } : entry, file, pathOf(file.uri)));
  for (const { file, entry } of selected.constraints) constraints.push(lineOf(entry, file, pathOf(file.uri)));
  if (selected.overrides.length === 0 && selected.excluded.length === 0) return;
  requirements.push({
    text: "",
    path: pathOf(tree.root),
    obstacle: {
      reason: "unreadable",
      message: "uv's overrides and exclusions change what packages ask for, which pip has no way to do.",
      next: "Validate a lock: thoth lock --as requirements -o requirements.txt.",
    },
  });
}

function projectIndexes(manifest: Manifest, included: readonly ManifestFile[]): InspectionIndexes {
  const own = indexesOf(included.flatMap((file): ManifestEntry[] => [...file.manifest.entries]));
  const { indexUrl, extraIndexUrls, findLinks, noIndex, pre, named } = projectIndexesOf(manifest);
  // pip asks every index for every project: those for single packages are among them.
  const bound = named
    .map(({ url }) => url)
    .filter((url) => url !== indexUrl && !extraIndexUrls.includes(url));
  const extra = [...(own.extraIndexUrls ?? []), ...extraIndexUrls, ...bound].map(oneLine);
  const links = [...(own.findLinks ?? []), ...findLinks].map(oneLine);
  return {
    ...own,
    ...(indexUrl === undefined ? {} : { indexUrl: oneLine(indexUrl) }),
    ...(extra.length > 0 ? { extraIndexUrls: extra } : {}),
    ...(links.length > 0 ? { findLinks: links } : {}),
    ...(noIndex ? { noIndex } : {}),
    ...(pre ? { pre } : {}),
  };
}

function lineOf(entry: RequirementEntry, file: ManifestFile, path: string): RequirementLine {
  const line = file.manifest.lines.positionAt(entry.span.start).line + 1;
  const place = { path, line, ...(entry.normalizedName ? { name: entry.normalizedName } : {}) };
  const written = entry.name?.text ?? entry.path?.text ?? entry.url?.text ?? "this entry";
  const link = entry.url?.text ?? entry.path?.text;
  const isWheel = link !== undefined && /\.whl(?:[#?].*)?$/i.test(link);
  const isBuilt = entry.sources?.some(({ kind }) => kind !== "index");
  if (entry.editable || entry.vcs || isBuilt || (link !== undefined && !isWheel)) {
    return { text: "", ...place, obstacle: buildObstacle(entry, written) };
  }
  if (entry.specifier.alternatives) {
    const message = `${written} gives alternatives, which pip has no words for.`;
    return {
      text: "",
      ...place,
      obstacle: { reason: "unreadable", message, next: "Validate a lock of it." },
    };
  }
  if (!entry.understood && !entry.hasVariables) {
    const message = `${written} is not understood.`;
    return { text: "", ...place, obstacle: { reason: "unreadable", message, next: "Repair the line." } };
  }
  const text = (span: { start: number; end: number } | undefined): string =>
    span === undefined ? "" : file.manifest.text.slice(span.start, span.end).replaceAll(/\\\r?\n\s*/g, "");
  const marker =
    entry.style === "line" ? text(entry.markerSpan) : entry.marker ? markerToString(entry.marker) : "";
  const extras = entry.extras.length > 0 ? `[${entry.extras.map((extra) => extra.text).join(",")}]` : "";
  // Elsewhere strings may hold escapes, a bare version of a Pipfile means ==, and poetry's constraints are its own.
  const specifier = entry.style === "line" ? text(entry.specifierSpan).trim() : entry.specifier.toString();
  const wanted = link === undefined ? specifier : "";
  const subject = entry.name
    ? `${entry.name.text}${extras}${link === undefined ? wanted : ` @ ${link}`}`
    : (link ?? "");
  const hashes = entry.hashes.map(({ algorithm, digest }) => ` --hash=${algorithm}:${digest}`).join("");
  return { text: oneLine(`${subject}${marker ? ` ; ${marker}` : ""}${hashes}`), ...place };
}

function includeObstacle(code: IncludeFault["code"], message: string): Obstacle {
  if (code !== "remote") {
    return { reason: "unreadable", message, next: "Repair the include, or leave it out." };
  }
  return {
    reason: "remote-include",
    message,
    next: "Keep a copy beside this file and include that.",
  };
}

function buildObstacle(entry: RequirementEntry, subject: string): Obstacle {
  if (entry.editable) {
    return {
      reason: "editable",
      message: `${subject} is editable: installing it builds it, which runs its code.`,
      next: "Name its requirements without it, and its tests with --script.",
    };
  }
  const next = `Name a release that has a wheel, the address of a wheel, or ${LET_BUILD}.`;
  if (entry.vcs) {
    const message = `${subject} comes from version control: it would have to be built, which runs its code.`;
    return { reason: "vcs", message, next };
  }
  return {
    reason: "needs-build",
    message: `${subject} would have to be built, which runs its code.`,
    next,
  };
}

/** Nothing of a manifest may begin a line of its own in the file that pip is handed. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\v\f\u001c-\u001e\u0085\u2028\u2029]+/g, " ").trim();
}

function indexesOf(entries: readonly ManifestEntry[]): InspectionIndexes {
  const options = entries.filter(
    (entry): entry is OptionEntry => entry.kind === "option" && entry.section === undefined,
  );
  const values = (name: string): string[] =>
    options.flatMap((entry) => (entry.option === name && entry.value ? [oneLine(entry.value.text)] : []));
  const sources = entries.filter(
    (entry): entry is SourceEntry => entry.kind === "source" && entry.url !== undefined,
  );
  const [first, ...more] = sources.map((source) => oneLine(source.url!.text));
  const indexUrl = values("--index-url").at(-1) ?? first;
  const extra = [...values("--extra-index-url"), ...more];
  const unverified = sources
    .filter((source) => !source.verifySsl)
    .flatMap((source) => hostOf(source.url!.text));
  const trusted = [...values("--trusted-host"), ...unverified];
  const findLinks = values("--find-links");
  const has = (name: string): boolean => options.some((entry) => entry.option === name);
  return {
    ...(indexUrl === undefined ? {} : { indexUrl }),
    ...(extra.length > 0 ? { extraIndexUrls: extra } : {}),
    ...(findLinks.length > 0 ? { findLinks } : {}),
    ...(trusted.length > 0 ? { trustedHosts: trusted } : {}),
    ...(has("--no-index") ? { noIndex: true } : {}),
    ...(has("--pre") ? { pre: true } : {}),
  };
}

function hostOf(url: string): string[] {
  const found = /^https?:\/\/(?:[^/@]*@)?([^/?#]+)/i.exec(url)?.[1];
  return found ? [found] : [];
}
