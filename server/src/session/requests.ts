// What the passes over a whole tree send to the runner: the very texts that are open, by the paths that the runner knows them by.
import type { StackEdits } from "../../../shared/src/facts/stack.ts";
import { isPylockName } from "../../../shared/src/manifest/pylockModel.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import type { ProvenanceRequest } from "../../../shared/src/protocol/provenance.ts";
import type { ResolveRequest } from "../../../shared/src/protocol/resolve.ts";
import type { Settings } from "../settings.ts";
import type { StackWants } from "./stacks.ts";
import { pairUris, type UriPairs } from "./stackUris.ts";
import type { OpenDocument } from "./trees.ts";

/** Where the runner finds a document. */
export type PathFor = (uri: string) => string;

export function provenanceRequest(
  tree: ManifestTree,
  input: CommonInput,
  { rules }: Settings,
  pathFor: PathFor,
): ProvenanceRequest {
  const files = tree.companion ? [...tree.files, tree.companion] : tree.files;
  return {
    ...input,
    paths: [pathFor(tree.root)],
    texts: Object.fromEntries(files.map(({ uri, manifest }) => [pathFor(uri), manifest.text])),
    rules,
  };
}

export interface ResolveAbout {
  readonly tree: ManifestTree;
  /** Open locks of the tree's root, as `opensBeside` gives them. */
  readonly beside: readonly OpenDocument[];
  readonly wants: StackWants;
  readonly input: CommonInput;
  readonly settings: Settings;
  readonly pathFor: PathFor;
}

export function resolveRequest({
  tree,
  beside,
  wants,
  input,
  settings,
  pathFor,
}: ResolveAbout): ResolveRequest {
  const { "resolve.prerelease": prerelease } = settings;
  return {
    ...input,
    ...(prerelease === "" ? {} : { prerelease }),
    path: pathFor(tree.root),
    texts: Object.fromEntries(
      [
        ...beside.map(({ uri, text }) => [uri, text] as const),
        ...tree.files.map(({ uri, manifest }) => [uri, manifest.text] as const),
      ].map(([uri, text]) => [pathFor(uri), text]),
    ),
    relaxations: wants.relaxations ?? false,
    prove: (wants.prove ?? []).map((edits) => edits.map(plainEdits)),
    newest: wants.newest ?? false,
    refresh: wants.refresh ?? false,
  };
}

/** How the runner names what a request to resolve holds. */
export function pairsOf(tree: ManifestTree, beside: readonly OpenDocument[], pathFor: PathFor): UriPairs {
  const uris = new Set([...tree.files, ...beside].map(({ uri }) => uri));
  return pairUris([...uris].map((uri) => [uri, pathFor(uri)]));
}

/** Open documents that may be locks of a manifest in the same folder: what is typed there counts, saved or not. */
export function opensBeside(root: string, opened: readonly OpenDocument[]): readonly OpenDocument[] {
  const folder = root.slice(0, root.lastIndexOf("/") + 1);
  return opened.filter(({ uri }) => {
    const name = uri.startsWith(folder) ? uri.slice(folder.length) : "";
    return uri !== root && !name.includes("/") && (isPylockName(name) || /\.txt$/i.test(name));
  });
}

function plainEdits({ uri, edits }: StackEdits) {
  return { uri, edits: edits.map(({ span, newText }) => ({ span: { ...span }, newText })) };
}
