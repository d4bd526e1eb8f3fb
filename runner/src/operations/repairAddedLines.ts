// Lines that a repair adds: what narrows a package that only others bring in, and, where lines are pinned by hashes, what comes in.
import { dirname } from "node:path";
import type { StackEdits } from "../../../shared/src/facts/stack.ts";
import type { TextEdit } from "../../../shared/src/finding/model.ts";
import { applyEdits } from "../../../shared/src/manifest/edits.ts";
import type { Manifest, RequirementEntry } from "../../../shared/src/manifest/model.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import type { AddedConstraint, Repair } from "../advisories/index.ts";
import { requirementLines } from "../lock/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { OperationError } from "./errors.ts";
import { lockPins } from "./lockedPins.ts";

/** Whether a manifest has a place for what narrows a package and does not ask for it. */
export function takesConstraints({ root }: Pick<AskedManifest, "root">): boolean {
  const [file] = root.tree.files;
  return file !== undefined && (isOfLines(file) || file.manifest.project?.tool === "uv");
}

/** The lines that a repair needs beside those that it changes; a sentence where they cannot be written. */
export async function planAddedLines(
  asked: AskedManifest,
  { constraints }: Repair,
  pins: ReadonlyMap<string, Pin>,
  today: readonly Pin[],
): Promise<readonly StackEdits[] | string> {
  const [file] = asked.root.tree.files;
  if (!file) return [];
  if (isOfLines(file)) {
    const lines = isHashed(asked)
      ? await linesComingIn(asked, pins, today)
      : constraints.map((one) => `${one.name}${one.specifier}${sayVia(one)}`);
    if (typeof lines === "string") return lines;
    return lines.length === 0 ? [] : [{ uri: file.uri, edits: [appended(file.manifest.text, lines)] }];
  }
  if (constraints.length === 0) return [];
  const edits = takesConstraints(asked) ? uvConstraints(file, constraints) : [];
  const names = constraints.map(({ name, specifier }) => `${name}${specifier}`).join(", ");
  if (!hasConstraints(asked, file, edits, constraints))
    return `it needs a constraint (${names}), and no place for one was found in this file`;
  return [{ uri: file.uri, edits }];
}

function isOfLines({ manifest: { kind } }: ManifestFile): boolean {
  return kind === "requirements" || kind === "constraints";
}

function isHashed({ root }: AskedManifest): boolean {
  return root.tree.files.some(({ manifest }) =>
    manifest.entries.some((entry) => entry.kind === "requirement" && entry.hashes.length > 0),
  );
}

/** pip installs nothing without a hash where one line has one: what was not there before gets a pin of its own. */
async function linesComingIn(
  asked: AskedManifest,
  pins: ReadonlyMap<string, Pin>,
  today: readonly Pin[],
): Promise<readonly string[] | string> {
  const { root } = asked;
  const known = new Set(today.map(({ name }) => name));
  for (const { manifest } of root.tree.files) {
    for (const entry of manifest.entries) {
      if (entry.kind === "requirement" && entry.normalizedName) known.add(entry.normalizedName);
    }
  }
  const coming = [...pins.values()].filter(({ name, direct }) => !known.has(name) && direct === undefined);
  try {
    const packages = await lockPins(coming, asked, "chosen");
    const bare = packages.find(({ artifacts }) => artifacts.length === 0);
    if (bare) return `the index lists no sha256 for ${bare.name} ${bare.version}`;
    return packages.flatMap((one) => requirementLines(one, dirname(root.path), true));
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error.message;
  }
}

function appended(text: string, lines: readonly string[]): TextEdit {
  const eol = lineEndOf(text);
  const head = text === "" || /\n$/.test(text) ? "" : eol;
  const newText = head + lines.map((line) => `${line}${eol}`).join("");
  return insertion(text.length, newText);
}

function lineEndOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function sayVia({ via }: AddedConstraint): string {
  return via.length > 0 ? `  # brought in by ${via.join(", ")}` : "";
}

/** In `[tool.uv] constraint-dependencies`: after the last one there is, else as the first key of the table. */
function uvConstraints(
  { manifest: { text, entries } }: ManifestFile,
  constraints: readonly AddedConstraint[],
): TextEdit[] {
  const items = constraints.map(({ name, specifier }) => `"${name}${specifier}"`);
  const eol = lineEndOf(text);
  const last = entries.filter(isUvConstraint).at(-1);
  if (last) return itemsAfter(text, last, items, eol);
  const via = sayVia({ name: "", specifier: "", via: [...new Set(constraints.flatMap((one) => one.via))] });
  const line = `constraint-dependencies = [${items.join(", ")}]${via}`;
  const header = /^\[tool\.uv\][ \t]*(?:#.*)?$/m.exec(text);
  if (!header) return [appended(text, ["", "[tool.uv]", line])];
  const at = header.index + header[0].replace(/\r$/, "").length;
  return [insertion(at, `${eol}${line}`)];
}

/** Items beside the last one of an array, or below it where it has a line of its own. */
function itemsAfter(
  text: string,
  { span }: RequirementEntry,
  items: readonly string[],
  eol: string,
): TextEdit[] {
  const lead = text.slice(text.lastIndexOf("\n", span.start) + 1, span.start);
  const rest = /([ \t]*,)?[ \t]*(?:#[^\r\n]*)?(?=[\r\n])/y;
  rest.lastIndex = span.end;
  const found = /^[ \t]*$/.test(lead) ? rest.exec(text) : null;
  if (!found) return [insertion(span.end, items.map((item) => `, ${item}`).join(""))];
  const hasComma = found[1] !== undefined;
  const below = items.map((item) => `${eol}${lead}${item}`).join(",") + (hasComma ? "," : "");
  return [...(hasComma ? [] : [insertion(span.end, ",")]), insertion(rest.lastIndex, below)];
}

function insertion(at: number, newText: string): TextEdit {
  return { span: { start: at, end: at }, newText };
}

function isUvConstraint(entry: Manifest["entries"][number]): entry is RequirementEntry {
  return "scope" in entry && entry.scope?.kind === "constraint";
}

/** Read again: the file says no less than before, and the constraints. */
function hasConstraints(
  { loader }: AskedManifest,
  file: ManifestFile,
  edits: readonly TextEdit[],
  constraints: readonly AddedConstraint[],
): boolean {
  const { manifest } = loader.withText(file, applyEdits(file.manifest.text, edits));
  const found = manifest.entries.flatMap((entry) => (isUvConstraint(entry) ? [entry.normalizedName] : []));
  return (
    manifest.errors.length === file.manifest.errors.length &&
    manifest.entries.length === file.manifest.entries.length + constraints.length &&
    constraints.every(({ name }) => found.includes(name))
  );
}
