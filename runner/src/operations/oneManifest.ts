// Which manifest a folder stands for, where an operation takes one: the same rule for all of them.
import { basename } from "node:path";
import { isLockKind } from "../../../shared/src/manifest/kind.ts";
import type { ManifestKind } from "../../../shared/src/manifest/model.ts";
import type { NotChecked } from "../../../shared/src/protocol/operation.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot, Loader } from "./load.ts";

/** What people write comes before what tools wrote from it. */
const RANKING = ["requirements.in", "Pipfile", "pyproject.toml", "requirements.txt"];

/** What tools write beside it, where it is no companion of its tree already as a Pipfile.lock is. */
const LOCKS: Readonly<Record<string, string>> = {
  "requirements.in": "requirements.txt",
  "pyproject.toml": "pylock.toml",
};

/** `declared`: what people ask for, to be resolved. `installed`: what would be installed, its lock where there is one. */
export type Wanted = "declared" | "installed";

/**
 * The manifest that a path means: a file itself, a folder by the ranking, else by name. A folder that has locks alone stands for the
 * first of them where what is installed is wanted.
 * @throws OperationError where the path has none, or cannot be read.
 */
export async function oneManifest(
  loader: Loader,
  path: string,
  constraints: readonly string[] | undefined,
  wanted: Wanted,
): Promise<LoadedRoot> {
  const { roots, notChecked } = await loader.roots([path], constraints);
  const root = roots.length === 1 ? roots[0] : chooseFrom(roots, wanted);
  if (root) return root;
  throw noneOf(path, notChecked);
}

function chooseFrom(roots: readonly LoadedRoot[], wanted: Wanted): LoadedRoot | undefined {
  const named = (name: string | undefined) => roots.find((root) => basename(root.path) === name);
  const declared =
    RANKING.flatMap((name) => named(name) ?? [])[0] ??
    roots.find((root) => kindOf(root) !== "constraints" && !isLockKind(kindOf(root)));
  if (wanted === "declared") return declared;
  const lock = declared && named(LOCKS[basename(declared.path)]);
  const alone =
    named("Pipfile.lock") ?? named("pylock.toml") ?? roots.find((root) => isLockKind(kindOf(root)));
  return lock ?? declared ?? alone;
}

function kindOf({ tree }: LoadedRoot): ManifestKind {
  return tree.files[0]?.manifest.kind ?? "requirements";
}

function noneOf(path: string, [unread]: readonly NotChecked[]): OperationError {
  if (unread) {
    return new OperationError(
      "unreadable",
      "unreadable",
      `cannot read ${unread.what}: ${unread.reason}.`,
      "Name a manifest that can be read.",
    );
  }
  return new OperationError(
    "usage",
    "no-manifest",
    `${path === "." ? "This folder" : path} has no requirements file, no Pipfile and no pyproject.toml with dependencies.`,
    "Name the manifest.",
  );
}
