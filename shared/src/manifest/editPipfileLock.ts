// Edits of a Pipfile.lock that moves along with its Pipfile: the packages that another version was proven for, and the hash.
import { applyEdits as applyJsonEdits, type Edit, modify } from "jsonc-parser";
import type { TextEdit } from "../finding/model.ts";
import { success } from "../result.ts";
import { type EditPlan, refuse as refusePlan } from "./editPlan.ts";
import type { Manifest } from "./model.ts";

/** One package as the lock is to hold it. */
export interface LockMove {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  /** `sha256:…` of every file of the release, from the index that the package is bound to. */
  readonly hashes: readonly string[];
  /** Requires-Python of the release, where it has one. */
  readonly requiresPython?: string | undefined;
}

export interface LockChange {
  /** Packages with another version, and those that come in: the latter go into the sections named. */
  readonly moved: readonly LockMove[];
  readonly added: readonly (LockMove & { readonly sections: readonly string[] })[];
  /** PEP 503 names of what nothing needs any more. */
  readonly removed: readonly string[];
  /** `_meta.hash` of the edited Pipfile; absent where the Pipfile stays. */
  readonly pipfileHash?: string | undefined;
}

/** Bounds the places that are edited: a lock of more packages is made anew. */
const MOST_CHANGES = 500;

/**
 * The edits of a lock's text. What is not concerned stays byte for byte.
 * @returns why not, in a sentence, where the lock is broken or an entry has a form that no version can be put into.
 */
export function planLockChange(manifest: Manifest, change: LockChange): EditPlan {
  const { text } = manifest;
  const refuse = (message: string): EditPlan => refusePlan("lock-file", message);
  if (manifest.kind !== "pipfile-lock" || manifest.errors.length > 0) {
    return refuse("The lock cannot be read as it is, so it is not edited.");
  }
  const count = change.moved.length + change.added.length + change.removed.length;
  if (count > MOST_CHANGES) return refuse("Most of the lock would change: make it anew.");
  const formattingOptions = {
    insertSpaces: true,
    tabSize: indentOf(text),
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
  let edited = text;
  const set = (path: readonly string[], value: unknown, sortedAmong?: readonly string[]): void => {
    const index = sortedAmong?.filter((other) => other < path.at(-1)!).length;
    const edits: Edit[] = modify(edited, [...path], value, {
      formattingOptions,
      ...(index === undefined ? {} : { getInsertionIndex: () => index }),
    });
    edited = applyJsonEdits(edited, edits);
  };
  for (const move of change.moved) {
    const places = manifest.entries.filter(
      (entry) => entry.kind === "requirement" && entry.normalizedName === move.name,
    );
    if (places.length === 0) return refuse(`The lock does not hold ${move.name}.`);
    for (const place of places) {
      if (place.kind !== "requirement" || place.url || place.path || place.vcs || !place.specifierSpan) {
        return refuse(`${move.name} is not locked by its version.`);
      }
      const path = [place.section!, place.name!.text];
      set([...path, "version"], `==${move.version}`);
      set([...path, "hashes"], [...move.hashes].sort());
      const marker = pythonMarker(move.requiresPython);
      const had = place.marker ? text.slice(place.markerSpan?.start, place.markerSpan?.end) : undefined;
      // A marker that says more than the release's own Python comes from who requires it, and stays.
      if (had !== undefined && isPythonMarker(had)) set([...path, "markers"], marker);
    }
  }
  for (const { name, version, hashes, requiresPython, sections } of change.added) {
    const markers = pythonMarker(requiresPython);
    for (const section of sections) {
      const others = namesIn(manifest, section);
      const value = {
        hashes: [...hashes].sort(),
        ...(markers === undefined ? {} : { markers }),
        version: `==${version}`,
      };
      set([section, name], value, others);
    }
  }
  for (const name of change.removed) {
    for (const entry of manifest.entries) {
      if (entry.kind === "requirement" && entry.normalizedName === name)
        set([entry.section!, entry.name!.text], undefined);
    }
  }
  if (change.pipfileHash !== undefined) set(["_meta", "hash", "sha256"], change.pipfileHash);
  return success(differenceOf(text, edited));
}

/** Blanks of the first indented line: pipenv writes four. */
function indentOf(text: string): number {
  return /^\{\r?\n( +)"/.exec(text)?.[1]?.length ?? 4;
}

function namesIn(manifest: Manifest, section: string): string[] {
  return manifest.entries.flatMap((entry) =>
    entry.kind === "requirement" && entry.section === section && entry.name ? [entry.name.text] : [],
  );
}

/** `python_version >= '3.8'` for `>=3.8`, as pipenv writes it. */
function pythonMarker(requiresPython: string | undefined): string | undefined {
  const clauses = (requiresPython ?? "")
    .split(",")
    .map((clause) => /^\s*(>=|<=|==|!=|>|<|~=)\s*([0-9]+(?:\.[0-9]+)*(?:\.\*)?)\s*$/.exec(clause))
    .filter((match) => match !== null);
  if (clauses.length === 0) return undefined;
  return clauses.map(([, operator, version]) => `python_version ${operator} '${version}'`).join(" and ");
}

function isPythonMarker(marker: string): boolean {
  return marker
    .split(/\s+and\s+/)
    .every((part) => /^\(?\s*python_version\s*[<>=!~]+\s*'[^']*'\s*\)?$/.test(part.replaceAll('"', "'")));
}

/** What differs, line by line from both ends inwards in blocks, so that an editor sees no more change than there is. */
function differenceOf(before: string, after: string): TextEdit[] {
  const left = linesOf(before);
  const right = linesOf(after);
  const edits: TextEdit[] = [];
  let at = 0;
  let a = 0;
  let b = 0;
  while (a < left.length || b < right.length) {
    if (left[a] === right[b]) {
      at += left[a++]!.length;
      b++;
      continue;
    }
    const [skipA, skipB] = nearestMatch(left, right, a, b);
    const length = sum(left, a, a + skipA);
    edits.push({ span: { start: at, end: at + length }, newText: right.slice(b, b + skipB).join("") });
    at += length;
    a += skipA;
    b += skipB;
  }
  return edits;
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function sum(lines: readonly string[], from: number, to: number): number {
  let length = 0;
  for (let at = from; at < to; at++) length += lines[at]!.length;
  return length;
}

/** How many lines to pass over on either side until two lines and their next agree again. */
function nearestMatch(
  left: readonly string[],
  right: readonly string[],
  a: number,
  b: number,
): [number, number] {
  const most = left.length - a + (right.length - b);
  for (let skip = 1; skip <= most; skip++) {
    for (let skipA = 0; skipA <= skip; skipA++) {
      const skipB = skip - skipA;
      if (a + skipA > left.length || b + skipB > right.length) continue;
      if (left[a + skipA] !== right[b + skipB]) continue;
      if (left[a + skipA] === undefined || left[a + skipA + 1] === right[b + skipB + 1])
        return [skipA, skipB];
    }
  }
  return [left.length - a, right.length - b];
}
