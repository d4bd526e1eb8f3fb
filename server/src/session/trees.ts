// The manifest tree of each open document: open buffers win over disk, what did not change is not read again.
import { decodeManifest } from "../../../shared/src/manifest/decode.ts";
import { sameFileKey } from "../../../shared/src/manifest/includeTarget.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { BoundedCache } from "./boundedCache.ts";

/** An open document, as the client last described it. */
export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
}

/** A text of this many UTF-16 code units is still read. */
export const largestText = 8_000_000;

export interface TreeHost {
  open(uri: string): OpenDocument | undefined;
  /** Throws where the file cannot be read, or must not be. */
  readFile(uri: string): Promise<Uint8Array>;
  /** Changes when the file does; undefined where there is none. */
  stamp(uri: string): Promise<string | undefined>;
  /** Reads a root with all that it reaches, through `read`. */
  load(root: OpenDocument, read: (uri: string) => Promise<string>): Promise<ManifestTree>;
}

interface Entry {
  tree: Promise<ManifestTree> | undefined;
  readonly touched: Set<string>;
}

/** Trees by root, loaded on need and dropped when a file of them changes. */
export class TreeStore {
  readonly #host: TreeHost;
  readonly #roots = new Map<string, Entry>();
  readonly #texts = new BoundedCache<{ stamp: string; text: string }>(64);

  constructor(host: TreeHost) {
    this.#host = host;
  }

  /** The present tree of a root. */
  tree(root: string): Promise<ManifestTree> {
    let entry = this.#roots.get(root);
    if (!entry) {
      entry = { tree: undefined, touched: new Set() };
      this.#roots.set(root, entry);
    }
    if (!entry.tree) {
      const loading = this.#load(root, entry);
      entry.tree = loading;
      // What failed is tried again by whoever asks next.
      loading.catch(() => {
        if (entry.tree === loading) entry.tree = undefined;
      });
    }
    return entry.tree;
  }

  async #load(root: string, entry: Entry): Promise<ManifestTree> {
    entry.touched.clear();
    const document = this.#host.open(root);
    if (!document) throw new Error(`${root} is not open`);
    return this.#host.load(document, (uri) => {
      entry.touched.add(sameFileKey(uri));
      return this.#read(uri);
    });
  }

  async #read(uri: string): Promise<string> {
    const open = this.#host.open(uri);
    if (open) return open.text;
    const stamp = await this.#host.stamp(uri);
    const known = stamp === undefined ? undefined : this.#texts.get(uri);
    if (known && known.stamp === stamp) return known.text;
    const { text } = decodeManifest(await this.#host.readFile(uri));
    if (stamp !== undefined) this.#texts.set(uri, { stamp, text });
    return text;
  }

  /** A file changed, appeared or went. Gives the roots whose trees are to be loaded again. */
  changed(uri: string): string[] {
    const key = sameFileKey(uri);
    const roots: string[] = [];
    for (const [root, entry] of this.#roots) {
      if (root !== uri && !entry.touched.has(key)) continue;
      entry.tree = undefined;
      roots.push(root);
    }
    return roots;
  }

  /** All trees are to be loaded again: trust or settings changed. */
  clear(): void {
    for (const entry of this.#roots.values()) entry.tree = undefined;
  }

  close(root: string): void {
    this.#roots.delete(root);
  }

  /** The trees that are loaded. */
  async loaded(): Promise<ManifestTree[]> {
    const trees = await Promise.all(
      [...this.#roots.values()].map((entry) => entry.tree?.catch(() => undefined)),
    );
    return trees.filter((tree) => tree !== undefined);
  }
}
