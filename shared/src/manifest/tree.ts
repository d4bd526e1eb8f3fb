// Follows includes from a root manifest, as pip does; texts are handed in, so that it runs in the editor and in a terminal.
import { resolveInclude, sameFileKey } from "./includeTarget.ts";
import { manifestKindOf } from "./kind.ts";
import type { IncludeEntry, Manifest, ManifestKind } from "./model.ts";
import { readRequirements } from "./requirements.ts";
import type { IncludeFault, ManifestFile, ManifestTree } from "./treeModel.ts";

/** A file that was not read, with the reason that a person is told. */
export interface ReadFailure {
  readonly code: "not-found" | "unreadable" | "remote" | "not-allowed";
  /** A sentence; a fitting one is made where it is absent. */
  readonly message?: string;
}

/** A file as the reader gives it: its text, or its manifest where one is at hand, or why there is neither. */
export type ReadAnswer = string | { readonly manifest: Manifest } | ReadFailure | undefined;

export interface TreeLimits {
  /** How many includes may stand within one another. Default 50. */
  readonly depth?: number;
  /** How many files are read at most. Default 500. */
  readonly files?: number;
}

export interface TreeOptions extends TreeLimits {
  /** Makes a manifest of a text; by default requirements and constraints alone can be read. */
  readonly parse?: (text: string, kind: ManifestKind, uri: string) => Manifest;
  /** What the root is, where its name does not say it. */
  readonly rootKind?: ManifestKind;
}

/**
 * Reads a root and what it includes, each file once for each way it counts, in pip's order (pip 26, `_parse_and_recurse`):
 * depth first, every file where its include stands. As in pip, `-r` makes requirements of a file even inside a constraints
 * file, and `-c` constraints.
 *
 * Cycles, bombs, unreadable and remote files are faults on the line that includes them. `read` may throw: the file is then
 * unreadable. Rejects nothing.
 */
export async function loadManifestTree(
  root: string,
  read: (uri: string) => Promise<ReadAnswer> | ReadAnswer,
  options: TreeOptions = {},
): Promise<ManifestTree> {
  const walk = walkTree(root, options);
  for (let step = walk.next(); ; ) {
    if (step.done) return step.value;
    let answer: ReadAnswer;
    try {
      answer = await read(step.value);
    } catch {
      answer = { code: "unreadable" };
    }
    step = walk.next(answer);
  }
}

/** As `loadManifestTree`, with a reader that answers at once. */
export function loadManifestTreeSync(
  root: string,
  read: (uri: string) => ReadAnswer,
  options: TreeOptions = {},
): ManifestTree {
  const walk = walkTree(root, options);
  for (let step = walk.next(); ; ) {
    if (step.done) return step.value;
    let answer: ReadAnswer;
    try {
      answer = read(step.value);
    } catch {
      answer = { code: "unreadable" };
    }
    step = walk.next(answer);
  }
}

type Walk = Generator<string, ManifestTree, ReadAnswer>;

/** A file whose includes are being followed. */
interface Frame {
  readonly file: ManifestFile;
  readonly key: string;
  readonly includes: readonly IncludeEntry[];
  next: number;
}

function* walkTree(root: string, options: TreeOptions): Walk {
  const rootKind = options.rootKind ?? manifestKindOf(root) ?? "requirements";
  const manifest = manifestOf(yield root, rootKind, root, options);
  if ("code" in manifest) {
    const message = manifest.message ?? sayFailure(manifest.code, nameOf(root));
    const fault: IncludeFault = {
      code: manifest.code,
      uri: root,
      span: { start: 0, end: 0 },
      target: root,
      message,
    };
    return { root, files: [], faults: [fault] };
  }
  const first: ManifestFile = {
    uri: root,
    manifest,
    as: rootKind === "constraints" ? "constraints" : "requirements",
  };
  if (rootKind === "pipfile" || rootKind === "pipfile-lock")
    return yield* withCompanion(first, rootKind, options);
  return yield* followIncludes(first, options);
}

function* withCompanion(file: ManifestFile, kind: ManifestKind, options: TreeOptions): Walk {
  const tree = { root: file.uri, files: [file], faults: [] };
  const uri = kind === "pipfile" ? `${file.uri}.lock` : file.uri.replace(/\.lock$/, "");
  if (uri === file.uri) return tree;
  const manifest = manifestOf(yield uri, kind === "pipfile" ? "pipfile-lock" : "pipfile", uri, options);
  return "code" in manifest ? tree : { ...tree, companion: { uri, manifest, as: "requirements" } };
}

function* followIncludes(first: ManifestFile, options: TreeOptions): Walk {
  const { depth = 50, files: most = 500 } = options;
  const files: ManifestFile[] = [first];
  const faults: IncludeFault[] = [];
  const reached = new Set([keyOf(first.uri, first.as)]);
  const manifests = new Map<string, Manifest | ReadFailure>([[sameFileKey(first.uri), first.manifest]]);
  const stack: Frame[] = [frameOf(first)];
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    const include = frame.includes[frame.next++];
    if (include === undefined) {
      stack.pop();
      continue;
    }
    const from = { uri: frame.file.uri, span: include.span };
    const { text: target } = include.target;
    // A login in an address is told to nobody.
    const written = target.replace(/^(https?:\/\/)[^/?#]*@/i, "$1");
    const resolved = resolveInclude(from.uri, target);
    if ("reason" in resolved) {
      const message =
        resolved.reason === "variable"
          ? `${written} is not looked into: it holds a variable that is not expanded.`
          : `${written} is not looked into: this file has no folder yet. Save it first.`;
      faults.push({ code: "unreadable", ...from, message });
      continue;
    }
    const { uri } = resolved;
    const fault = (code: IncludeFault["code"], message: string) => {
      faults.push({ code, ...from, target: uri, message });
    };
    if (/^https?:/i.test(from.uri) && !/^https?:/i.test(uri)) {
      // pip follows it. A stranger's file that has this machine's files read, and names an index to ask, could carry them off.
      fault(
        "not-allowed",
        `${written} is not looked into: a file from the network may not name one of this machine.`,
      );
      continue;
    }
    const key = sameFileKey(uri);
    if (stack.some((each) => each.key === key)) {
      fault("cycle", `${written} includes this file again: pip stops at the circle.`);
      continue;
    }
    if (reached.has(keyOf(uri, include.as))) continue;
    if (stack.length > depth) {
      fault("too-deep", `${written} is not looked into: ${depth} files include one another already.`);
      continue;
    }
    if (files.length >= most) {
      fault("too-many", `${written} is not looked into: ${most} files are included already.`);
      continue;
    }
    let manifest = manifests.get(key);
    // A file that counts both ways is read once and parsed for each.
    if (manifest === undefined || (!("code" in manifest) && manifest.kind !== include.as)) {
      manifest = manifestOf(yield uri, include.as, uri, options);
      manifests.set(key, manifest);
    }
    if ("code" in manifest) {
      fault(manifest.code, manifest.message ?? sayFailure(manifest.code, written));
      continue;
    }
    reached.add(keyOf(uri, include.as));
    const file: ManifestFile = { uri, manifest, as: include.as, includedBy: from };
    files.push(file);
    stack.push(frameOf(file));
  }
  return { root: first.uri, files, faults };
}

function frameOf(file: ManifestFile): Frame {
  const includes = file.manifest.entries.filter((entry) => entry.kind === "include");
  return { file, key: sameFileKey(file.uri), includes, next: 0 };
}

function keyOf(uri: string, as: "requirements" | "constraints"): string {
  return `${as} ${sameFileKey(uri)}`;
}

function manifestOf(
  answer: ReadAnswer,
  kind: ManifestKind,
  uri: string,
  options: TreeOptions,
): Manifest | ReadFailure {
  if (answer === undefined) return { code: /^https?:/i.test(uri) ? "remote" : "not-found" };
  if (typeof answer !== "string") return "manifest" in answer ? answer.manifest : answer;
  if (options.parse !== undefined) return options.parse(answer, kind, uri);
  return readRequirements(answer, { kind: kind === "constraints" ? "constraints" : "requirements" });
}

function sayFailure(code: ReadFailure["code"], written: string): string {
  switch (code) {
    case "not-found":
      return `${written} does not exist.`;
    case "remote":
      return `${written} is not looked into: it is on the network.`;
    case "not-allowed":
      return `${written} is not looked into before the workspace is trusted.`;
    default:
      return `${written} cannot be read.`;
  }
}

function nameOf(uri: string): string {
  return uri.slice(uri.lastIndexOf("/") + 1) || uri;
}
