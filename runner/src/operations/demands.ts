// The lines of a manifest as what is asked of the resolver, each with its place: requirements, constraints, overrides.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { LeftOut } from "../../../shared/src/facts/stack.ts";
import { plainAddress } from "../../../shared/src/manifest/links.ts";
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ProjectData, ProjectSelection, UvSource } from "../../../shared/src/manifest/projectModel.ts";
import { selectEntries } from "../../../shared/src/manifest/projectSelection.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import { type Marker, markerToString } from "../../../shared/src/packaging/marker.ts";
import { andMarkers, negateMarker } from "../../../shared/src/packaging/markerAlgebra.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { redactUrl } from "../index/index.ts";
import type { Demand, OwnPart, SourceReader } from "../resolve/index.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot, Loader } from "./load.ts";

/** Where a line of the person's stands, so that it can be shown and edited. */
export interface DemandPlace {
  readonly uri: string;
  readonly manifest: Manifest;
  readonly entry: RequirementEntry;
}

export interface Demands {
  readonly requirements: Demand[];
  readonly constraints: Demand[];
  readonly overrides: Demand[];
  /** Left out whoever asks for them: normalised names. */
  readonly excluded: string[];
  readonly places: Map<Demand, DemandPlace>;
}

export interface DemandOptions {
  /** Which entries of a file count; of a pyproject.toml `selection` says so. */
  takes(entry: RequirementEntry): boolean;
  readonly selection: ProjectSelection;
  /** Names of what stands without one, by address: see `readSourceNames`. */
  readonly names: ReadonlyMap<string, string>;
  /** Absolute: where the person stands, which pip looks up paths from. */
  readonly cwd: string;
  /** Told each line that cannot be resolved, which is then left out; without it such a line is thrown. */
  readonly leaveOut?: ((line: LeftOut) => void) | undefined;
}

/** Throws OperationError for a line that cannot be resolved. */
export function readDemands({ tree }: LoadedRoot, loader: Loader, options: DemandOptions): Demands {
  const demands: Demands = {
    requirements: [],
    constraints: [],
    overrides: [],
    excluded: [],
    places: new Map(),
  };
  const refuse = (error: OperationError, isFinding: boolean): void => {
    if (!options.leaveOut) throw error;
    options.leaveOut({ reason: error.message, isFinding });
  };
  const [fault] = tree.faults;
  if (fault) refuse(notResolvable(fault.message), true);
  for (const file of tree.files) {
    // uv passes these extras over, and so do we; pip refuses the line.
    const errors = file.manifest.errors.filter(({ code }) => code !== "constraint-with-extras");
    const told = new Set<string>();
    for (const { span, message } of errors) {
      const where = placeOf(file, span.start, loader);
      if (!told.has(where)) refuse(unreadable(where, message), true);
      told.add(where);
    }
  }
  const add = (
    list: Demand[],
    file: ManifestFile,
    entry: RequirementEntry,
    marker = entry.marker,
    scope?: OwnPart,
  ): void => {
    try {
      const demand = { ...demandOf(entry, marker, file, loader, options), ...(scope ? { scope } : {}) };
      list.push(demand);
      demands.places.set(demand, { uri: file.uri, manifest: file.manifest, entry });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const { start, end } = entry.span;
      const isTold = file.manifest.errors.some(({ span }) => span.start <= end && start <= span.end);
      if (!isTold || !options.leaveOut) refuse(error, false);
    }
  };
  if (tree.files[0]?.manifest.project) {
    const selected = selectEntries(tree, options.selection);
    const [wrong] = selected.faults;
    // What the file does not name, the caller did.
    if (wrong && wrong.span === undefined && !options.leaveOut)
      throw notSelectable(wrong.message, tree.files[0].manifest.project);
    if (wrong) refuse(notResolvable(wrong.message), true);
    for (const { file, entry, marker, part } of selected.requirements) {
      for (const way of waysOf(entry, marker)) add(demands.requirements, file, way.entry, way.marker, part);
    }
    for (const { file, entry } of selected.constraints) add(demands.constraints, file, entry);
    for (const { file, entry } of selected.overrides) add(demands.overrides, file, entry);
    demands.excluded.push(...selected.excluded);
    return demands;
  }
  for (const file of tree.files) {
    for (const entry of file.manifest.entries) {
      if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
      if (!options.takes(entry)) continue;
      const narrows = file.as === "constraints" || entry.kind === "constraint";
      add(narrows ? demands.constraints : demands.requirements, file, entry);
    }
  }
  return demands;
}

/**
 * Where an entry comes from by marker (uv's `sources`): once for each way, and once from the indexes where none holds. Resolving for
 * one environment knows which holds, and has left the others out.
 */
function waysOf(
  entry: RequirementEntry,
  marker: Marker | undefined,
): readonly { readonly entry: RequirementEntry; readonly marker: Marker | undefined }[] {
  const { sources = [], ...rest } = entry;
  const ways = sources.filter(({ kind }) => kind !== "index");
  if (!ways.some((way) => way.marker)) return [{ entry, marker }];
  const indexes = sources.filter(({ kind }) => kind === "index");
  const both = (more: Marker | undefined): Marker => andMarkers(marker, more);
  const others = ways.map((way) => (way.marker ? negateMarker(way.marker) : andMarkers()));
  const isCovered = ways.some((way) => way.marker === undefined);
  return [
    ...ways.map((way) => ({ entry: { ...entry, sources: [way] }, marker: both(way.marker) })),
    ...(isCovered ? [] : [{ entry: { ...rest, sources: indexes }, marker: both(andMarkers(...others)) }]),
  ];
}

/**
 * Finds out what stands at the addresses that a tree names without a name.
 * @throws OperationError where one cannot be read.
 */
export async function readSourceNames(
  { tree }: LoadedRoot,
  loader: Loader,
  cwd: string,
  sources: SourceReader,
  isLenient = false,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of tree.files) {
    for (const entry of file.manifest.entries) {
      if (entry.kind !== "requirement" && entry.kind !== "constraint") continue;
      if (entry.hasVariables || !entry.understood) continue;
      const address = addressOf(entry, file, cwd);
      if (address === undefined || entry.name || entry.normalizedName !== undefined) continue;
      const where = placeOf(file, entry.span.start, loader);
      const read = await sources.read(address);
      // Without a name the line is left out when it is read.
      if (isLenient && (read === undefined || "failure" in read)) continue;
      if (read === undefined) {
        const next = "Write it as NAME @ ADDRESS.";
        throw new OperationError(
          "not-checked",
          "no-name",
          `${where}: its file does not tell the project's name.`,
          next,
        );
      }
      if ("failure" in read) {
        const { message, next } = read.failure;
        throw new OperationError("not-checked", "source-unreadable", `${where}: ${message}`, next);
      }
      names.set(address, read.name);
    }
  }
  return names;
}

/** Every address that a tree names, for who has to see whether what lies there has changed. */
export function addressesOf({ tree }: LoadedRoot, cwd: string): string[] {
  return tree.files.flatMap((file) =>
    file.manifest.entries.flatMap((entry) => {
      if (entry.kind !== "requirement" && entry.kind !== "constraint") return [];
      return addressOf(entry, file, cwd) ?? [];
    }),
  );
}

/** A Pipfile's development packages stay out unless all sections are asked for, as `pipenv install` leaves them out. */
export function isInstalled({ section }: RequirementEntry): boolean {
  return section === undefined || section === "packages" || section === "default";
}

function placeOf(file: ManifestFile, offset: number, loader: Loader): string {
  return `${loader.displayUri(file.uri)} line ${file.manifest.lines.positionAt(offset).line + 1}`;
}

function demandOf(
  entry: RequirementEntry,
  marker: Marker | undefined,
  file: ManifestFile,
  loader: Loader,
  { names, cwd }: DemandOptions,
): Demand {
  const { manifest } = file;
  const where = placeOf(file, entry.span.start, loader);
  if (entry.hasVariables || !entry.understood) throw notResolvable(`${where} is not understood fully.`);
  const address = addressOf(entry, file, cwd);
  const name = entry.name?.text ?? entry.normalizedName ?? names.get(address ?? "");
  if (name === undefined) throw notResolvable(`${where} names no project.`);
  const extras = entry.extras.length > 0 ? `[${entry.extras.map((extra) => extra.text).join(",")}]` : "";
  const condition = marker ? `; ${markerToString(marker)}` : "";
  const hashes = entry.hashes.map(({ algorithm, digest }) => `${algorithm}:${digest}`);
  const text =
    address === undefined
      ? `${name}${extras}${specifierOf(entry)}${condition}`
      : `${name}${extras} @ ${withDigest(address, hashes)}${condition && ` ${condition}`}`;
  const read = readRequirement(text);
  if (!read.ok) throw notResolvable(`${where}: ${read.error.message}`);
  const line = manifest.lines.positionAt(entry.span.start).line + 1;
  // PEP 508 has no words for poetry's alternatives.
  const { alternatives } = entry.specifier;
  const isOpen = alternatives !== undefined && address === undefined;
  return {
    requirement: isOpen ? { ...read.value, specifier: entry.specifier } : read.value,
    text: isOpen
      ? `${name}${extras} ${entry.specifier}${condition}`
      : address === undefined
        ? text
        : `${name}${extras} @ ${redactUrl(address)}`,
    place: { path: loader.displayUri(file.uri), line },
    // A file at an address is checked against its digest when it is read.
    ...(hashes.length > 0 && address === undefined ? { hashes } : {}),
  };
}

/** What was read, clause by clause: a bare version of a Pipfile, poetry's words and lines that are joined are no PEP 508 as written. */
function specifierOf({ specifier }: RequirementEntry): string {
  if (specifier.alternatives) return "";
  return specifier.written;
}

/**
 * The address of an entry that does not come from an index, in one form: `https:` and `file:` with their digest and
 * `subdirectory`, `git+…@reference`. Undefined of an entry that comes from an index.
 */
export function addressOf(entry: RequirementEntry, file: ManifestFile, cwd: string): string | undefined {
  const folder = file.uri.startsWith("file:") ? dirname(fileURLToPath(file.uri)) : cwd;
  const [source] = (entry.sources ?? []).filter(({ kind }) => kind !== "index");
  if (source?.kind === "workspace") return memberAddress(entry, file, folder);
  if (source) return addressOfSource(source, folder);
  if (entry.vcs) return repositoryAddress(entry);
  if (entry.path) return pathAddress(entry.path.text, entry.subdirectory, file, folder, cwd);
  if (entry.url === undefined) return undefined;
  const { text } = entry.url;
  // `file:demo` and `file:./demo` are relative, and a URL is not.
  const relative = /^file:(?!\/)(.*)$/i.exec(text)?.[1];
  if (relative !== undefined) return pathAddress(relative, entry.subdirectory, file, folder, cwd);
  return plainAddress(text);
}

function repositoryAddress({ vcs, url, style, subdirectory }: RequirementEntry): string {
  if (style === "line" && url?.text.includes("+")) return plainAddress(url.text);
  const { system, url: place, reference } = vcs!;
  const at = reference ? `@${reference.text}` : "";
  const fragment = subdirectory ? `#subdirectory=${subdirectory}` : "";
  // git's own short form of an address by ssh.
  const short = /^([\w.-]+@[\w.-]+):(?!\/)(.+)$/.exec(place.text);
  const [body = ""] = (short ? `ssh://${short[1]}/${short[2]}` : place.text).split("#");
  const address = reference && body.endsWith(at) ? body.slice(0, -at.length) : body;
  return `${system}+${address}${at}${fragment}`;
}

function pathAddress(
  written: string,
  subdirectory: string | undefined,
  file: ManifestFile,
  folder: string,
  cwd: string,
): string {
  const [path = ""] = written.split("#");
  // pip looks from where the person stands; a Pipfile and a pyproject.toml speak of their own folder.
  const isOwn = file.manifest.kind !== "requirements" && file.manifest.kind !== "constraints";
  const fromHere = resolve(isOwn ? folder : cwd, path);
  const found = isAbsolute(path) || isOwn || existsSync(fromHere) ? fromHere : resolve(folder, path);
  return `${pathToFileURL(found).href}${subdirectory ? `#subdirectory=${subdirectory}` : ""}`;
}

function addressOfSource(
  { kind, value, reference, subdirectory }: UvSource,
  folder: string,
): string | undefined {
  if (value === undefined) return undefined;
  const fragment = subdirectory ? `#subdirectory=${subdirectory}` : "";
  if (kind === "git") return `git+${value.text}${reference ? `@${reference.text}` : ""}${fragment}`;
  if (kind === "url") return `${plainAddress(value.text)}${fragment}`;
  return kind === "path" ? `${pathToFileURL(resolve(folder, value.text)).href}${fragment}` : undefined;
}

/** A member of uv's workspace: the folder among those that the root lists whose project has the name. */
function memberAddress(entry: RequirementEntry, file: ManifestFile, folder: string): string {
  for (const pattern of file.manifest.project?.uv.workspace?.members ?? []) {
    for (const member of expandFolders(folder, pattern.split("/"))) {
      const path = resolve(member, "pyproject.toml");
      const name = existsSync(path)
        ? /^\s*name\s*=\s*["']([^"'\n]+)["']/m.exec(readFileSync(path, "utf8"))?.[1]
        : undefined;
      if (name !== undefined && normalizeName(name) === entry.normalizedName)
        return pathToFileURL(member).href;
    }
  }
  throw notResolvable(
    `${entry.name?.text} comes from a workspace that this pyproject.toml does not list it in.`,
  );
}

function expandFolders(folder: string, [part, ...rest]: readonly string[]): string[] {
  if (part === undefined) return [folder];
  if (!part.includes("*")) return expandFolders(resolve(folder, part), rest);
  const pattern = new RegExp(`^${part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
  const inside = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return inside
    .filter((one) => one.isDirectory() && pattern.test(one.name))
    .flatMap((one) => expandFolders(resolve(folder, one.name), rest));
}

function withDigest(address: string, hashes: readonly string[]): string {
  const digest = hashes.find((hash) => /^sha(?:256|384|512):/.test(hash));
  if (digest === undefined || hashes.length > 1 || /[#&]sha\d+=/.test(address)) return address;
  return `${address}${address.includes("#") ? "&" : "#"}${digest.replace(":", "=")}`;
}

/** A line without which a stack would be incomplete. */
export function notSelectable(message: string, { extras, groups }: ProjectData): OperationError {
  const names = (list: readonly { readonly name: { readonly text: string } }[]) =>
    list.map(({ name }) => name.text).join(", ") || "none";
  const next = `Its extras: ${names(extras)}. Its groups: ${names(groups)}.`;
  return new OperationError("usage", "unknown-part", message, next);
}

function unreadable(where: string, message: string): OperationError {
  return new OperationError(
    "unreadable",
    "unreadable-line",
    `cannot read ${where}: ${message.replace(/^(?:This|The|It|Expected|No|There) /, (word) => word.toLowerCase())}`,
    "Without it a stack would be incomplete: change the line, or leave it out.",
  );
}

function notResolvable(message: string): OperationError {
  return new OperationError(
    "not-checked",
    "not-resolvable",
    message,
    "Without it a stack would be incomplete: change the line, or leave it out.",
  );
}
