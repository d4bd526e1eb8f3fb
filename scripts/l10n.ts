// Gathers every text of client and server that a translation would replace for dist/l10n/bundle.l10n.json.
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(fileURLToPath(new URL("..", import.meta.url)));
const CALL = /\b(?:l10n\.t|say)\(\s*("(?:[^"\\]|\\.)*")/g;

/** The bundle's text: each English text as its own translation, sorted. */
export async function gatherTexts(): Promise<string> {
  const texts = new Set<string>();
  for (const room of ["client/src", "server/src"]) {
    for (const entry of await readdir(join(ROOT, room), { recursive: true })) {
      if (!entry.endsWith(".ts") || entry.endsWith(".test.ts")) continue;
      const source = await readFile(join(ROOT, room, entry), "utf8");
      for (const [, literal] of source.matchAll(CALL)) texts.add(JSON.parse(literal ?? '""'));
    }
  }
  const bundle = Object.fromEntries([...texts].sort().map((text) => [text, text]));
  return `${JSON.stringify(bundle, undefined, 2)}\n`;
}
