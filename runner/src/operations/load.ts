// Reads manifests from disk: which files a path means, their trees, and how each file was written.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type DecodedManifest, decodeManifest } from "../../../shared/src/manifest/decode.ts";
import { manifestKindOf, manifestKindOfText } from "../../../shared/src/manifest/kind.ts";
import type { Manifest, ManifestEntry, ManifestKind } from "../../../shared/src/manifest/model.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import type { TomlParser } from "../../../shared/src/manifest/toml.ts";
import { loadManifestTreeSync, type ReadAnswer } from "../../../shared/src/manifest/tree.ts";
import type { ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { NotChecked } from "../../../shared/src/protocol/operation.ts";
import { redactUrl } from "../index/index.ts";
import { OperationError } from "./errors.ts";
import type { RemoteAnswer, RemoteReader } from "./remoteIncludes.ts";

/** Larger files are refused: no manifest that people or their tools write comes near, and reading on would not end. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_LINES = 250_000;

/** A file as it was read, so that it can be written back and seen to have changed. */
export interface LoadedFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly decoded: DecodedManifest;
  readonly manifest: Manifest;
}

export interface LoadedRoot {
  readonly path: string;
  readonly tree: ManifestTree;
}

/** The manifests that paths mean, each file read once. */
export class Loader {
  readonly #cwd: string;
  readonly #files = new Map<string, LoadedFile | { readonly reason: string; readonly code: string }>();
  #toml: TomlParser | undefined;
  #readLock: ((text: string) => Manifest) | undefined;
  #readPipfile: ((text: string, toml: TomlParser) => Manifest) | undefined;
  #readPyproject: ((text: string, toml: TomlParser) => Manifest) | undefined;
  #readPylock: ((text: string, toml: TomlParser) => Manifest) | undefined;
  readonly #remote: (() => Promise<RemoteReader>) | undefined;
  readonly #fetched = new Map<string, RemoteAnswer>();

  readonly #texts: ReadonlyMap<string, string>;

  /**
   * `remote` follows includes on the network; without it they are told and not followed. `texts`, by absolute path, are open
   * somewhere and win over the disk.
   */
  constructor(
    cwd: string,
    remote?: () => Promise<RemoteReader>,
    texts: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#cwd = cwd;
    this.#remote = remote;
    this.#texts = texts;
  }

  /** The manifests of files and folders, without those that another one includes. Throws OperationError for a path that has none. */
  async roots(
    paths: readonly string[],
    constraints: readonly string[] = [],
  ): Promise<{ readonly roots: LoadedRoot[]; readonly notChecked: NotChecked[] }> {
    const named = new Set<string>();
    const found = new Set<string>();
    for (const path of paths) {
      const absolute = resolve(this.#cwd, path);
      if (!this.#texts.has(absolute) && isFolder(absolute, path)) {
        const inside = manifestsIn(absolute);
        if (inside.length === 0) throw noManifests(path);
        for (const file of inside) found.add(file);
      } else {
        named.add(absolute);
        found.add(absolute);
      }
    }
    await this.#prepare([...found]);
    const extra: ManifestFile[] = [];
    for (const path of constraints) extra.push(...(await this.#constraintFiles(path)));
    const roots: LoadedRoot[] = [];
    const notChecked: NotChecked[] = [];
    for (const path of found) {
      const tree = await this.#follow(() => this.#tree(path, undefined, named.has(path)));
      if (tree.files.length > 0) {
        roots.push({ path, tree: extra.length > 0 ? { ...tree, files: [...tree.files, ...extra] } : tree });
        continue;
      }
      const failed = this.#files.get(path);
      const reason = failed && "reason" in failed ? failed.reason : "it cannot be read";
      notChecked.push({ what: this.display(path), reason });
    }
    for (const [address, answer] of this.#fetched) {
      if ("reason" in answer && !answer.absent)
        notChecked.push({ what: redactUrl(address), reason: answer.reason });
    }
    await this.#closeRemote();
    const kept = withoutToolFiles(roots, named);
    if (kept.length === 0 && notChecked.length === 0) throw noManifests(paths[0] ?? ".");
    return { roots: withoutIncluded(kept, named), notChecked };
  }

  /** A tree with the files on the network that it reaches. One that names none costs nothing more. */
  async #follow(grow: () => ManifestTree): Promise<ManifestTree> {
    for (let tree = grow(); ; tree = grow()) {
      const wanted = new Set<string>();
      for (const { code, target } of tree.faults) {
        if (code === "remote" && target !== undefined && !this.#fetched.has(target)) wanted.add(target);
      }
      if (wanted.size === 0 || !this.#remote) return tree;
      this.#openRemote ??= await this.#remote();
      const answers = await this.#openRemote.read([...wanted], tree);
      for (const [address, answer] of answers) this.#fetched.set(address, answer);
    }
  }

  #openRemote: RemoteReader | undefined;

  async #closeRemote(): Promise<void> {
    const reader = this.#openRemote;
    this.#openRemote = undefined;
    await reader?.close();
  }

  /** A constraints file that the command line names, by its path or, as pip takes it too, by its address. */
  async #constraintFiles(path: string): Promise<readonly ManifestFile[]> {
    if (!/^https?:\/\//i.test(path)) {
      const tree = await this.#follow(() => this.#tree(resolve(this.#cwd, path), "constraints", true));
      return tree.files;
    }
    const tree = await this.#follow(() => this.#grow(path, "constraints"));
    if (tree.files.length > 0) return tree.files;
    const answer = this.#fetched.get(path);
    const why = answer && "reason" in answer ? answer.reason : "it is on the network";
    const message = `cannot read ${redactUrl(path)}: ${why}.`;
    throw new OperationError("unreadable", "unreadable", message, "Check the address.");
  }

  /** A file that a tree holds, by its URI; undefined for one that was not read from disk. */
  loaded(uri: string): LoadedFile | undefined {
    if (!uri.startsWith("file:")) return undefined;
    const file = this.#files.get(fileURLToPath(uri));
    return file && "manifest" in file ? file : undefined;
  }

  /** A file of a tree as it would be with another text. */
  withText(file: ManifestFile, text: string): ManifestFile {
    return { ...file, manifest: this.#parseText(text, file.manifest.kind) };
  }

  /** How a person would name the file: relative to where they stand, where it lies below. */
  display(path: string): string {
    const from = relative(this.#cwd, path);
    return from === "" || from.startsWith(`..${sep}..`) || isAbsolute(from)
      ? path
      : from.replaceAll("\\", "/");
  }

  displayUri(uri: string): string {
    return uri.startsWith("file:") ? this.display(fileURLToPath(uri)) : redactUrl(uri);
  }

  async #prepare(paths: readonly string[]): Promise<void> {
    const kinds = new Set(paths.map((path) => this.#kindOf(path)));
    const isPipenv = kinds.has("pipfile") || kinds.has("pipfile-lock");
    if (!isPipenv && !kinds.has("pyproject") && !kinds.has("pylock")) return;
    if (isPipenv) {
      const [{ readPipfile }, { readPipfileLock }] = await Promise.all([
        import("../../../shared/src/manifest/pipfile.ts"),
        import("../../../shared/src/manifest/pipfileLock.ts"),
      ]);
      this.#readPipfile = readPipfile;
      this.#readLock = readPipfileLock;
    }
    if (kinds.has("pyproject")) {
      this.#readPyproject = (await import("../../../shared/src/manifest/pyproject.ts")).readPyproject;
    }
    if (kinds.has("pylock")) {
      this.#readPylock = (await import("../../../shared/src/manifest/pylock.ts")).readPylock;
    }
    const { loadToml } = await import("../../../shared/src/manifest/toml.ts");
    const { readTomlBinaries } = await import("./grammars.ts");
    this.#toml = await loadToml(readTomlBinaries());
  }

  /** By the name; a name that tells nothing was chosen by a person, and then the text tells. */
  #kindOf(path: string): ManifestKind {
    const named = manifestKindOf(path);
    if (named !== undefined) return named;
    const text = this.#read(pathToFileURL(path).href);
    return (typeof text === "string" ? manifestKindOfText(text) : undefined) ?? "requirements";
  }

  #tree(path: string, rootKind: ManifestKind | undefined, isNamed: boolean): ManifestTree {
    const uri = pathToFileURL(path).href;
    const tree = this.#grow(uri, rootKind ?? this.#kindOf(path));
    if (tree.files.length > 0 || !isNamed) return tree;
    const failed = this.#files.get(path);
    const reason = failed && "reason" in failed ? failed.reason : "it cannot be read";
    const code = failed && "code" in failed ? failed.code : "unreadable";
    throw new OperationError(
      "unreadable",
      code,
      `cannot read ${this.display(path)}: ${reason}.`,
      nextFor(code),
    );
  }

  #grow(uri: string, rootKind: ManifestKind): ManifestTree {
    return loadManifestTreeSync(uri, (file) => this.#read(file), {
      rootKind,
      parse: (text, as, file) => this.#parse(text, as, file),
    });
  }

  #readFetched(uri: string): ReadAnswer {
    const answer = this.#fetched.get(uri);
    if (answer === undefined) return { code: "remote" };
    if ("reason" in answer) return { code: answer.absent ? "unreadable" : "remote", message: answer.message };
    const { text } = decodeManifest(answer.bytes);
    if (!text.includes("\0")) return text;
    const message = `${redactUrl(uri)} cannot be read: it is not a text, it holds zero bytes.`;
    return { code: "unreadable", message };
  }

  #read(uri: string): ReadAnswer {
    if (!uri.startsWith("file:")) return this.#readFetched(uri);
    let path: string;
    try {
      path = fileURLToPath(uri);
    } catch {
      return { code: "unreadable" };
    }
    const open = this.#texts.get(path);
    if (open !== undefined) return open;
    const known = this.#files.get(path);
    if (known && "manifest" in known) return known.decoded.text;
    const read = readBytes(path);
    if ("reason" in read) {
      this.#files.set(path, read);
      if (read.code === "not-found") return { code: "not-found" };
      return { code: "unreadable", message: `${this.display(path)} cannot be read: ${read.reason}.` };
    }
    const decoded = decodeManifest(read.bytes);
    if (decoded.text.includes("\0")) {
      const failed = { code: "binary", reason: "it is not a text, it holds zero bytes" };
      this.#files.set(path, failed);
      return { code: "unreadable", message: `${this.display(path)} cannot be read: ${failed.reason}.` };
    }
    this.#pending.set(uri, { path, bytes: read.bytes, decoded });
    return decoded.text;
  }

  readonly #pending = new Map<string, Omit<LoadedFile, "manifest">>();

  #parse(text: string, kind: ManifestKind, uri: string): Manifest {
    const manifest = this.#parseText(text, kind);
    const file = this.#pending.get(uri);
    if (!file) return manifest;
    const { problem } = file.decoded;
    const said = problem
      ? {
          ...manifest,
          errors: [
            { code: problem.code, message: problem.message, span: { start: 0, end: 0 } },
            ...manifest.errors,
          ],
        }
      : manifest;
    this.#files.set(file.path, { ...file, manifest: said });
    return said;
  }

  #parseText(text: string, kind: ManifestKind): Manifest {
    if (kind === "pipfile" && this.#readPipfile && this.#toml) return this.#readPipfile(text, this.#toml);
    if (kind === "pyproject" && this.#readPyproject && this.#toml)
      return this.#readPyproject(text, this.#toml);
    if (kind === "pipfile-lock" && this.#readLock) return this.#readLock(text);
    if (kind === "pylock" && this.#readPylock && this.#toml) return this.#readPylock(text, this.#toml);
    return readRequirements(text, { kind: kind === "constraints" ? "constraints" : "requirements" });
  }
}

/** Whether the path is a folder. Throws OperationError for one that does not exist. */
function isFolder(absolute: string, written: string): boolean {
  try {
    return statSync(absolute).isDirectory();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (/^https?:\/\//i.test(written)) {
      throw new OperationError(
        "unreadable",
        "not-a-file",
        `cannot read ${redactUrl(written)}: it is an address, and a file is needed.`,
        "Name a file that includes it with -r.",
      );
    }
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new OperationError(
        "unreadable",
        "not-found",
        `cannot read ${written}: it does not exist.`,
        "Name a manifest, or a folder that has one.",
      );
    }
    throw new OperationError(
      "unreadable",
      "unreadable",
      `cannot read ${written}: ${sayCode(code)}.`,
      nextFor("unreadable"),
    );
  }
}

/**
 * The manifests of a folder: its own and those of `requirements/`. Folders of dependencies are never looked into, and neither are
 * other sub-folders: a project there is a project of its own.
 */
export function manifestsIn(folder: string): string[] {
  const own = listFiles(folder).filter((path) => manifestKindOf(path) !== undefined);
  const inside = listFiles(join(folder, "requirements")).filter((path) => /\.(txt|in)$/i.test(path));
  return [...own, ...inside];
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => join(folder, entry.name))
      .sort();
  } catch {
    return [];
  }
}

/** What another root includes is told there; a path that was named stays a root of its own. */
function withoutIncluded(roots: readonly LoadedRoot[], named: ReadonlySet<string>): LoadedRoot[] {
  const included = new Set<string>();
  for (const { tree } of roots) {
    for (const file of tree.files) if (file.uri !== tree.root && file.includedBy) included.add(file.uri);
  }
  return roots.filter(({ path, tree }) => named.has(path) || !included.has(tree.root));
}

/**
 * A folder's pyproject.toml without dependencies is passed over: it configures tools, or its project's are in another file. Where
 * there is nothing else, a project without dependencies is an answer too.
 */
function withoutToolFiles(roots: readonly LoadedRoot[], named: ReadonlySet<string>): LoadedRoot[] {
  const kept = roots.filter(({ path, tree }) => named.has(path) || !isWithoutDependencies(tree));
  if (kept.length > 0) return kept;
  return roots.filter(({ tree }) => {
    const project = tree.files[0]?.manifest.project;
    return project !== undefined && (project.hasProjectTable || project.tool !== undefined);
  });
}

function isWithoutDependencies({ files: [root] }: ManifestTree): boolean {
  if (root?.manifest.kind !== "pyproject" || root.manifest.errors.length > 0) return false;
  return root.manifest.entries.every(
    (entry) => entry.kind === "option" || entry.kind === "source" || isForBuild(entry),
  );
}

function isForBuild(entry: ManifestEntry): boolean {
  return "scope" in entry && (entry.scope?.kind === "build" || entry.scope?.kind === "build-constraint");
}

function noManifests(path: string): OperationError {
  return new OperationError(
    "unreadable",
    "no-manifests",
    `${path === "." ? "this folder" : path} has no manifest: no requirements file, no Pipfile, no pyproject.toml with dependencies.`,
    "Name a manifest, or a folder that has one.",
  );
}

function readBytes(
  path: string,
): { readonly bytes: Buffer } | { readonly reason: string; readonly code: string } {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { code: "unreadable", reason: "it is a folder" };
    if (!stat.isFile()) return { code: "unreadable", reason: "it is not a file" };
    if (stat.size > MOST_BYTES) return { code: "too-large", reason: "it is larger than 64 MiB" };
    const bytes = readFileSync(path);
    if (hasTooManyLines(bytes)) {
      return { code: "too-large", reason: `it has more than ${MOST_LINES.toLocaleString("en")} lines` };
    }
    return { bytes };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOENT" || code === "ENOTDIR") return { code: "not-found", reason: "it does not exist" };
    return { code: "unreadable", reason: sayCode(code) };
  }
}

function hasTooManyLines(bytes: Buffer): boolean {
  if (bytes.length <= MOST_LINES) return false;
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (++lines > MOST_LINES) return true;
  }
  return false;
}

function sayCode(code: string): string {
  if (code === "EACCES" || code === "EPERM") return "permission is denied";
  if (code === "ELOOP") return "its symbolic links go in a circle";
  if (code === "ENAMETOOLONG") return "its name is too long";
  return code === "" ? "the system gives no reason" : code;
}

function nextFor(code: string): string {
  if (code === "binary") return "Name a requirements file, a Pipfile or a Pipfile.lock.";
  return code === "too-large" ? "Name a manifest." : "Check the path and its permissions.";
}

/** Every file of a tree, the companion included. */
export function filesOf(tree: ManifestTree): ManifestFile[] {
  return tree.companion ? [...tree.files, tree.companion] : [...tree.files];
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return basename(path);
}
