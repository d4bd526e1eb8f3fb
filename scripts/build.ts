// Bundles the product: dist/client.js for the editor, dist/server.js for the language server, dist/thoth.js for runner and command line.
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { gatherTexts } from "./l10n.ts";

const ROOT = resolve(fileURLToPath(new URL("..", import.meta.url)));
const DIST = join(ROOT, "dist");

/** Grammars are read beside the bundles. */
const WASM = [
  "node_modules/web-tree-sitter/web-tree-sitter.wasm",
  "node_modules/@tree-sitter-grammars/tree-sitter-toml/tree-sitter-toml.wasm",
];

/** Libraries that are CommonJS call `require` for what Node brings; an ES module has none of its own. */
const REQUIRE =
  'import { createRequire as __thothRequire } from "node:module"; const require = __thothRequire(import.meta.url);';

const common: BuildOptions = {
  absWorkingDir: ROOT,
  outdir: DIST,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  minify: true,
  keepNames: true,
  metafile: true,
  // What the SBOM library writes and checks XML with, where it is installed: we write JSON.
  external: ["xmlbuilder2", "libxmljs2"],
  legalComments: "external",
  banner: { js: REQUIRE },
  logLevel: "warning",
};

/**
 * Modules that become one CommonJS file each, with all that they import, loaded when they are asked for. The command line is one
 * of them: read from 60 chunks, it takes 25 ms longer to start. In CommonJS what Node brings is loaded where it is used, too, and
 * not before the first line runs. The others are libraries and data that a warm check does without.
 */
const PIECES = {
  commandLine: "runner/src/faces/commandLine.ts",
  http: "runner/src/index/http.ts",
  kysely: "runner/src/knowledge/kysely.ts",
  attestation: "runner/src/provenance/attestation/verify.ts",
  trustRoot: "runner/src/provenance/attestation/shipped.ts",
  tuf: "runner/src/provenance/attestation/tuf.ts",
  cyclonedx: "runner/src/faces/cyclonedx.ts",
};
type Piece = keyof typeof PIECES;

/** What each piece's source exports: an ES module that imports the piece sees no names in CommonJS. */
type Names = Readonly<Record<Piece, readonly string[]>>;

async function readNames(): Promise<Names> {
  const read = await Promise.all(
    Object.entries(PIECES).map(async ([name, source]) => {
      const { metafile } = await build({
        absWorkingDir: ROOT,
        entryPoints: [source],
        outdir: DIST,
        format: "esm",
        write: false,
        metafile: true,
      });
      return [name, Object.values(metafile.outputs)[0]!.exports] as const;
    }),
  );
  return Object.fromEntries(read) as unknown as Names;
}

const COMMAND_LINE = `import { requirePiece } from "./runner/src/faces/codeCache.ts";
export const { runCommandLine } = requirePiece("./commandLine.cjs", import.meta.url);`;

/** Makes a dynamic import of a piece load its file; the command line with the code of an earlier run. */
function pieces(among: readonly Piece[], names: Names): Plugin {
  return {
    name: "pieces",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir, kind }) => {
        if (kind !== "dynamic-import") return undefined;
        const found = among.find((name) => resolve(resolveDir, path) === join(ROOT, PIECES[name]));
        return found && { path: found, namespace: "piece" };
      });
      onResolve({ filter: /^\.\/\w+\.cjs$/ }, ({ path, namespace }) =>
        namespace === "piece" ? { path, external: true } : undefined,
      );
      onLoad({ filter: /./, namespace: "piece" }, ({ path }) => {
        if (path === ("commandLine" satisfies Piece)) return { contents: COMMAND_LINE, resolveDir: ROOT };
        return {
          contents: `export const { ${names[path as Piece].join(", ")} } = require("./${path}.cjs");`,
        };
      });
    },
  };
}

/** Libraries that few commands need, each in a file that is read when the first module that imports it is. */
const LIBRARIES = [
  "ae-cvss-calculator",
  "htmlparser2",
  "jsonc-parser",
  "tar-stream",
  "toml",
  "web-tree-sitter",
  "yaml",
  "yauzl",
];

/** Leaves the libraries in their files. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /^[a-z]/ }, ({ path }) =>
      LIBRARIES.includes(path) ? { path: `./${path}.cjs`, external: true } : undefined,
    );
  },
};

/** What of Node's own takes milliseconds to load, and most commands do without: the command line loads it when it is first used. */
const LATE = ["node:child_process", "node:crypto", "node:fs/promises", "node:zlib"] as const;

/** Leaves them for where one of their names is used, not for where a module that imports one begins. */
const late: Plugin = {
  name: "late",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
      namespace === "file" && LATE.some((name) => name === path) ? { path, namespace: "late" } : undefined,
    );
    onLoad({ filter: /./, namespace: "late" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path as (typeof LATE)[number]));
      const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
      return {
        contents: `let loaded; const load = () => (loaded ??= require("${path}"));\nmodule.exports = { ${getters.join(", ")} };`,
      };
    });
  },
};

async function buildPiece(name: string, entryPoint: string, names: Names) {
  const { outdir: _, ...rest } = common;
  const outfile = join(DIST, `${name}.cjs`);
  const built = await build({
    ...rest,
    entryPoints: [entryPoint],
    outfile,
    // A module of Node's own is there at once: by `import` it would go the long way of modules. Not in a library: web-tree-sitter
    // has a `require` of its own where it imports, which would hide the one that such an import becomes.
    supported: { "dynamic-import": LIBRARIES.includes(name) },
    format: "cjs",
    // Errors carry their names themselves; naming every function anew is five per cent of a warm check.
    keepNames: false,
    banner: { js: "const __thothUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { "import.meta.url": "__thothUrl" },
    plugins:
      name === "commandLine"
        ? [
            pieces(
              (Object.keys(PIECES) as Piece[]).filter((piece) => piece !== name),
              names,
            ),
            apart,
            late,
          ]
        : [pieces(["attestation"], names)],
  });
  await writeFile(outfile, onlyAscii(await readFile(outfile, "utf8")));
  return built;
}

/** esbuild leaves regular expressions as they are written; one character in them beyond Latin 1 doubles the memory of the whole file. */
function onlyAscii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Packages whose code is in the bundles, by folder. */
function packagesIn(metafiles: readonly Metafile[]): string[] {
  const folders = new Set<string>();
  for (const metafile of metafiles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  return [...folders].sort();
}

/** One file with the licence of every package that is bundled and every legal comment that was in their sources. */
async function writeLicences(metafiles: readonly Metafile[]): Promise<void> {
  const parts: string[] = [];
  const grammars = WASM.map((path) => path.slice(0, path.lastIndexOf("/")));
  for (const folder of [...new Set([...packagesIn(metafiles), ...grammars])]) {
    const { name, version, license } = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
    const files = await readdir(join(ROOT, folder));
    const licence = files.find((file) => /^(licen[cs]e|copying)(\.|-|$)/i.test(file));
    const text = licence === undefined ? "" : await readFile(join(ROOT, folder, licence), "utf8");
    parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  for (const file of await readdir(DIST)) {
    if (!file.endsWith(".LEGAL.txt")) continue;
    const text = (await readFile(join(DIST, file), "utf8")).trim();
    if (text !== "") parts.push(`${text}\n`);
    await rm(join(DIST, file));
  }
  await writeFile(join(DIST, "licenses.txt"), parts.join(`\n${"-".repeat(80)}\n\n`));
}

/** The command is a file that a shell runs. */
async function makeExecutable(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.startsWith("#!")) await writeFile(path, `#!/usr/bin/env node\n${text}`);
  await chmod(path, 0o755);
}

/** Builds everything anew into dist. Throws with esbuild's own words when a source does not bundle. */
export async function buildAll(): Promise<void> {
  await mkdir(DIST, { recursive: true });
  for (const file of await readdir(DIST)) {
    if (/\.(c?js|wasm|txt)$/.test(file)) await rm(join(DIST, file));
  }
  await mkdir(join(DIST, "l10n"), { recursive: true });
  await writeFile(join(DIST, "l10n/bundle.l10n.json"), await gatherTexts());
  const names = await readNames();
  const client = await build({
    ...common,
    entryPoints: { client: "client/src/extension.ts" },
    external: ["vscode"],
  });
  // One build for what runs in the editor, with splitting: an operation is a chunk that loads when it is asked for.
  const others = await build({
    ...common,
    entryPoints: { server: "server/src/node/main.ts", thoth: "runner/src/faces/main.ts" },
    splitting: true,
    chunkNames: "chunk-[hash]",
    plugins: [pieces(Object.keys(PIECES) as Piece[], names)],
  });
  const whole = await Promise.all([
    ...Object.entries(PIECES).map(([name, source]) => buildPiece(name, source, names)),
    ...LIBRARIES.map((name) => buildPiece(name, name, names)),
  ]);
  for (const path of WASM) {
    if (!existsSync(join(ROOT, path))) throw new Error(`${path} is missing. Run npm ci.`);
    await copyFile(join(ROOT, path), join(DIST, path.slice(path.lastIndexOf("/") + 1)));
  }
  const metafiles = [client, others, ...whole].map(({ metafile }) => metafile);
  await writeLicences(metafiles.filter((found) => found !== undefined));
  await makeExecutable(join(DIST, "thoth.js"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
