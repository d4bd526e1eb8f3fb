// Packs the extension: builds, then writes dist/thoth.vsix with vsce.
import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";
import { buildAll } from "./build.ts";

const ROOT = resolve(fileURLToPath(new URL("..", import.meta.url)));

/** Writes dist/thoth.vsix and returns its path. Throws with vsce's own words when the manifest does not hold. */
export async function packageExtension(): Promise<string> {
  await buildAll();
  const packagePath = join(ROOT, "dist/thoth.vsix");
  await mkdir(join(ROOT, "dist"), { recursive: true });
  const before = process.cwd();
  process.chdir(ROOT);
  try {
    await createVSIX({
      cwd: ROOT,
      packagePath,
      dependencies: false,
      ignoreFile: join(ROOT, ".npmignore"),
      skipLicense: false,
    });
  } finally {
    process.chdir(before);
  }
  return packagePath;
}

const SOURCES = [
  "client",
  "server",
  "runner",
  "shared",
  "syntaxes",
  "scripts/build.ts",
  "package.json",
  "package.nls.json",
  ".npmignore",
];

async function youngest(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
      .map((entry) => stat(join(entry.parentPath, entry.name)).then(({ mtimeMs }) => mtimeMs)),
  );
  return Math.max(0, ...times);
}

async function packWhenYounger(): Promise<string> {
  if (process.env.THOTH_VSIX !== undefined) return resolve(process.env.THOTH_VSIX);
  const vsix = join(ROOT, "dist/thoth.vsix");
  const packed = await stat(vsix)
    .then(({ mtimeMs }) => mtimeMs)
    .catch(() => 0);
  const sources = await Promise.all(SOURCES.map((source) => youngest(join(ROOT, source))));
  return packed > Math.max(...sources) ? vsix : packageExtension();
}

let packed: Promise<string> | undefined;

/** The packed extension: dist/thoth.vsix, packed anew when a source is younger; or the file that THOTH_VSIX names. Decided once. */
export function packedExtension(): Promise<string> {
  packed ??= packWhenYounger();
  return packed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = await packageExtension();
  const { size } = await stat(path);
  process.stdout.write(`${path}  ${(size / 1024 / 1024).toFixed(2)} MiB\n`);
}
