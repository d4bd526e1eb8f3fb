// Reads manifests for the editor: which reader a document takes, the parse cache, and the tree of what it includes.
import { manifestKindOf } from "../../../shared/src/manifest/kind.ts";
import type { Manifest, ManifestKind } from "../../../shared/src/manifest/model.ts";
import { readPipfile } from "../../../shared/src/manifest/pipfile.ts";
import { readPipfileLock } from "../../../shared/src/manifest/pipfileLock.ts";
import { readPylock } from "../../../shared/src/manifest/pylock.ts";
import { readPyproject } from "../../../shared/src/manifest/pyproject.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import { loadToml, type TomlParser } from "../../../shared/src/manifest/toml.ts";
import { loadManifestTree, type ReadAnswer } from "../../../shared/src/manifest/tree.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { Runtime } from "../runtime.ts";
import { BoundedCache } from "./boundedCache.ts";
import { largestText, type OpenDocument } from "./trees.ts";

/** Parsed files that are kept. */
const mostParsed = 64;

/** Includes in one tree: a person's are a handful, and each keystroke looks at all of them. */
const limits = { depth: 20, files: 200 } as const;

/** Kinds that are TOML, or whose companion is. */
const needsToml: ReadonlySet<ManifestKind> = new Set<ManifestKind>([
  "pipfile",
  "pipfile-lock",
  "pyproject",
  "pylock",
]);

export class ManifestReader {
  readonly #runtime: Runtime;
  readonly #parsed = new BoundedCache<{ text: string; manifest: Manifest }>(mostParsed);
  #toml: Promise<TomlParser> | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** What a document is, by its name or by what the editor calls it; undefined for no manifest. */
  kindOf(uri: string, languageId: string): ManifestKind | undefined {
    if (languageId === "pipfile") return "pipfile";
    if (languageId === "pyproject-toml") return "pyproject";
    return manifestKindOf(uri, languageId);
  }

  /** The tree of an open document. A text that is too large counts as empty: the view says so. */
  async loadTree(
    root: OpenDocument,
    read: (uri: string) => Promise<string>,
    forbidden: (uri: string) => string | undefined,
  ): Promise<ManifestTree> {
    const rootKind = this.kindOf(root.uri, root.languageId) ?? "requirements";
    const toml = needsToml.has(rootKind) ? await this.#loadToml() : undefined;
    const parse = (text: string, kind: ManifestKind, uri: string): Manifest =>
      this.#parse(text, kind, uri, toml);
    const rootText = root.text.length > largestText ? "" : root.text;
    const answer = async (uri: string): Promise<ReadAnswer> => {
      if (uri === root.uri) return { manifest: parse(rootText, rootKind, uri) };
      const reason = forbidden(uri);
      if (reason) return { code: "not-allowed", message: reason };
      if (/^https?:/i.test(uri)) return { code: "remote" };
      try {
        return await read(uri);
      } catch (problem) {
        return failureOf(problem);
      }
    };
    return loadManifestTree(root.uri, answer, { ...limits, rootKind, parse });
  }

  #loadToml(): Promise<TomlParser> {
    this.#toml ??= this.#runtime.tomlBinaries().then(loadToml);
    this.#toml.catch(() => {
      this.#toml = undefined;
    });
    return this.#toml;
  }

  #parse(text: string, kind: ManifestKind, uri: string, toml: TomlParser | undefined): Manifest {
    const key = `${kind} ${uri}`;
    const known = this.#parsed.get(key);
    if (known?.text === text) return known.manifest;
    const manifest = parseManifest(text, kind, toml);
    this.#parsed.set(key, { text, manifest });
    return manifest;
  }
}

function parseManifest(text: string, kind: ManifestKind, toml: TomlParser | undefined): Manifest {
  if (kind === "pipfile" && toml) return readPipfile(text, toml);
  if (kind === "pyproject" && toml) return readPyproject(text, toml);
  if (kind === "pylock" && toml) return readPylock(text, toml);
  if (kind === "pipfile-lock") return readPipfileLock(text);
  return readRequirements(text, { kind: kind === "constraints" ? "constraints" : "requirements" });
}

function failureOf(problem: unknown): ReadAnswer {
  const code = (problem as { code?: unknown }).code;
  if (code === "ENOENT" || code === "ENOTDIR") return { code: "not-found" };
  // Node's own errors name paths in a form that no one wants to read.
  if (typeof code === "string" || !(problem instanceof Error)) return { code: "unreadable" };
  return { code: "unreadable", message: problem.message };
}
