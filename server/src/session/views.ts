// The present view of each open document: one object for as long as its text, its settings and what is known stay the same.
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { findingsOf } from "../../../shared/src/rules/index.ts";
import type { Findings, Snapshot } from "../../../shared/src/rules/model.ts";
import { fileName } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";
import type { Settings } from "../settings.ts";
import type { ContextKeeper } from "./contexts.ts";
import type { Passes } from "./passes.ts";
import type { SessionSetup } from "./setup.ts";
import { largestText, type OpenDocument } from "./trees.ts";

export class ViewKeeper {
  readonly #setup: Pick<SessionSetup, "runtime" | "open">;
  readonly #contexts: ContextKeeper;
  readonly #passes: Passes;
  readonly #views = new Map<string, View>();
  readonly #empty = new WeakMap<ManifestTree, Snapshot>();

  constructor(setup: Pick<SessionSetup, "runtime" | "open">, contexts: ContextKeeper, passes: Passes) {
    this.#setup = setup;
    this.#contexts = contexts;
    this.#passes = passes;
  }

  /** The view of a document whose tree was just read. What is not known of it is asked for soon. */
  of(document: OpenDocument, tree: ManifestTree, settings: Settings): View | undefined {
    const [file] = tree.files;
    if (!file) return undefined;
    const snapshot = this.#snapshotFor(document, tree, settings);
    const known = this.#views.get(document.uri);
    if (known && known.tree === tree && known.snapshot === snapshot && known.settings === settings)
      return known;
    let findings: Findings | undefined;
    const view: View = {
      file,
      tree,
      snapshot,
      settings,
      configuration: { severities: settings.rules },
      versions: this.#versionsOf(tree),
      ...(document.text.length > largestText ? { refused: refusal(document) } : {}),
      findings: () => {
        findings ??= findingsOf(view);
        return findings;
      },
    };
    this.#views.set(document.uri, view);
    return view;
  }

  #versionsOf(tree: ManifestTree): Map<string, number> {
    const versions = new Map<string, number>();
    for (const file of [...tree.files, ...(tree.companion ? [tree.companion] : [])]) {
      const open = this.#setup.open(file.uri);
      if (open) versions.set(file.uri, open.version);
    }
    return versions;
  }

  #snapshotFor(document: OpenDocument, tree: ManifestTree, settings: Settings): Snapshot {
    const context = this.#contexts.of(document.uri);
    if (context) {
      const snapshot = this.#passes.update(document.uri, tree, context);
      if (snapshot) return snapshot;
    } else this.#contexts.prepare(document.uri, settings);
    return this.#emptySnapshot(tree);
  }

  /** What is known of a tree that nothing was asked of yet. */
  #emptySnapshot(tree: ManifestTree): Snapshot {
    let snapshot = this.#empty.get(tree);
    if (!snapshot) {
      const { unasked } = this.#contexts;
      snapshot = {
        number: 0,
        projects: new Map(),
        pending: !unasked,
        now: this.#setup.runtime.now(),
        ...(unasked ? { unasked } : {}),
      };
      this.#empty.set(tree, snapshot);
    }
    return snapshot;
  }

  close(uri: string): void {
    this.#views.delete(uri);
  }
}

function refusal(document: OpenDocument): string {
  return say(
    "{0} is larger than {1} MB and is not read. Split it with -r, or check it with `thoth check`.",
    fileName(document.uri),
    largestText / 1e6,
  );
}
