// The hash lines of one requirement, replaced in the style in which they stand.
import { success } from "../result.ts";
import { type EditPlan, lineEndNear, refusalOf, refuse, replace } from "./editPlan.ts";
import type { HashEntry, Manifest, RequirementEntry } from "./model.ts";

const HASH = /^(sha256|sha384|sha512):[0-9a-f]+$/;

/**
 * Gives an entry exactly these hashes (`sha256:…`). Those that stand there keep their order, or all are sorted where they were.
 *
 * One hash in each line stays so, with its indent and line ends; an entry without hashes gets them as pip-compile writes them.
 */
export function planHashes(manifest: Manifest, entry: RequirementEntry, hashes: readonly string[]): EditPlan {
  const refusal = refusalOf(manifest, entry);
  if (refusal !== undefined) return refusal;
  if (entry.editable) return refuse("direct-reference", "An editable requirement takes no hashes.");
  const wanted = [...new Set(hashes.map((hash) => hash.toLowerCase()))];
  const bad = wanted.find((hash) => !HASH.test(hash));
  if (wanted.length === 0 || bad !== undefined) {
    return refuse(
      "invalid-hash",
      bad === undefined ? "No hash is known." : `${bad} is not a hash that pip admits.`,
    );
  }
  if (entry.hashes.length === 0) return addHashes(manifest, entry, wanted);
  return replaceHashes(manifest, entry, wanted);
}

function keyOf(hash: HashEntry): string {
  return `${hash.algorithm}:${hash.digest.toLowerCase()}`;
}

/** The wanted hashes in the order that disturbs the least. */
function arrange(present: readonly string[], wanted: readonly string[]): string[] {
  const isSorted = present.length > 1 && present.every((hash, at) => at === 0 || present[at - 1]! <= hash);
  if (isSorted || (present.length === 1 && !wanted.includes(present[0]!))) return wanted.toSorted();
  const kept = present.filter((hash, at) => wanted.includes(hash) && present.indexOf(hash) === at);
  return [...kept, ...wanted.filter((hash) => !kept.includes(hash))];
}

function replaceHashes(manifest: Manifest, entry: RequirementEntry, wanted: readonly string[]): EditPlan {
  const { text } = manifest;
  const present = entry.hashes.map(keyOf);
  if (present.length === wanted.length && wanted.every((hash) => present.includes(hash))) return success([]);
  const first = entry.hashes[0]!;
  const written = text.slice(first.span.start, first.span.end);
  const prefix = written.slice(
    0,
    Math.max(0, written.length - first.algorithm.length - 1 - first.digest.length),
  );
  const isPlain = entry.hashes.every(
    (hash) =>
      text.slice(hash.span.start, hash.span.end).toLowerCase() === `${prefix}${keyOf(hash)}`.toLowerCase(),
  );
  const gaps = entry.hashes
    .slice(1)
    .map((hash, at) => text.slice(entry.hashes[at]!.span.end, hash.span.start));
  const admitted = entry.style === "line" ? /^(?:\s|\\(?=\r?\n))+$/ : /^["'],\s*["']$/;
  if (!isPlain || !gaps.every((gap) => admitted.test(gap))) {
    return refuse("not-understood", "The hashes do not stand together, so they are left alone.");
  }
  const separator = gaps[0] ?? separatorBefore(text, first.span.start, entry.style === "line");
  const list = arrange(present, wanted).map((hash) => prefix + hash);
  return replace(manifest, first.span.start, entry.hashes.at(-1)!.span.end, list.join(separator));
}

/** With one hash, what stands before it says how the next is set off. */
function separatorBefore(text: string, start: number, isLine: boolean): string {
  if (!isLine) return `${text[start - 1]}, ${text[start - 1]}`;
  const before = text.slice(Math.max(0, start - 200), start);
  return /[ \t]*\\\r?\n[ \t]*$/.exec(before)?.[0] ?? " ";
}

function addHashes(manifest: Manifest, entry: RequirementEntry, wanted: readonly string[]): EditPlan {
  if (entry.style !== "line")
    return refuse(
      "not-understood",
      manifest.kind === "pyproject"
        ? "Hashes belong into a lock, not into pyproject.toml."
        : "pipenv keeps hashes in its lock, not in the Pipfile.",
    );
  const { end } = entry.span;
  const gap = ` \\${lineEndNear(manifest.text, end)}    `;
  return replace(
    manifest,
    end,
    end,
    wanted
      .toSorted()
      .map((hash) => `${gap}--hash=${hash}`)
      .join(""),
  );
}
