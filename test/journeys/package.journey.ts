// What is shipped: the VSIX and the npm package carry what they need and nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { packedExtension } from "../../scripts/package.ts";
import { ROOT } from "../../scripts/workbench.ts";

/** Chunks are named by their content. */
const unnumbered = (path: string): string => path.replace(/chunk-[A-Z0-9]{8}\.js$/, "chunk-*.js");
const listed = (paths: readonly string[]): string[] => [...new Set(paths.map(unnumbered))].sort();

const CARRIED = [
  "client/media/environment.md",
  "client/media/fix.md",
  "client/media/hover.md",
  "client/media/icon.png",
  "client/media/open.md",
  "client/media/validate.md",
  "dist/ae-cvss-calculator.cjs",
  "dist/attestation.cjs",
  "dist/chunk-*.js",
  "dist/client.js",
  "dist/commandLine.cjs",
  "dist/cyclonedx.cjs",
  "dist/htmlparser2.cjs",
  "dist/http.cjs",
  "dist/jsonc-parser.cjs",
  "dist/kysely.cjs",
  "dist/l10n/bundle.l10n.json",
  "dist/licenses.txt",
  "dist/server.js",
  "dist/thoth.js",
  "dist/tar-stream.cjs",
  "dist/toml.cjs",
  "dist/tree-sitter-toml.wasm",
  "dist/trustRoot.cjs",
  "dist/tuf.cjs",
  "dist/web-tree-sitter.cjs",
  "dist/web-tree-sitter.wasm",
  "dist/yaml.cjs",
  "dist/yauzl.cjs",
  "package.json",
  "package.nls.json",
  "syntaxes/pip-requirements.language.json",
  "syntaxes/pip-requirements.tmLanguage.json",
  "syntaxes/pipfile.language.json",
  "syntaxes/pipfile.tmLanguage.json",
  "syntaxes/pyproject.tmLanguage.json",
];

describe("the packed extension", () => {
  it("carries what it needs and nothing else, in at most 2 MB", async () => {
    const vsix = await packedExtension();
    const names = Object.keys(unzipSync(await readFile(vsix)));
    const carried = names
      .filter((name) => name.startsWith("extension/"))
      .map((name) => name.slice("extension/".length));
    // vsce gives these three names of its own.
    const documents = ["LICENSE.txt", "changelog.md", "readme.md"];
    assert.deepEqual(listed(carried), [...CARRIED, ...documents].sort());
    assert.ok((await stat(vsix)).size <= 2_000_000, "at most 2 MB");
  });

  it("holds no native module", async () => {
    const files = unzipSync(await readFile(await packedExtension()));
    for (const [name, bytes] of Object.entries(files)) {
      assert.doesNotMatch(name, /\.(node|so|dll|dylib)$/);
      assert.notEqual(Buffer.from(bytes.subarray(0, 4)).toString("latin1"), "\u007fELF", name);
    }
  });

  it("reads every form of manifest from the command line, with the code that a run before it kept too", async () => {
    await packedExtension();
    const folder = await mkdtemp(join(tmpdir(), "thoth-packed-"));
    const env = { ...process.env, XDG_CACHE_HOME: folder, XDG_DATA_HOME: folder };
    try {
      for (const round of ["first", "second"]) {
        const command = [join(ROOT, "dist", "thoth.js"), "list", join(ROOT, "example"), "--format", "json"];
        const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { env });
        assert.equal(stderr, "", round);
        for (const name of ["requirements.txt", "Pipfile", "Pipfile.lock"])
          assert.match(stdout, new RegExp(`"[^"]*${name.replace(".", "\\.")}"`), round);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("is what the npm package carries too", async () => {
    await packedExtension();
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}` };
    const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      env,
    });
    const answer = JSON.parse(stdout) as
      | { files: { path: string }[] }[]
      | Record<string, { files: { path: string }[] }>;
    const [pack] = Object.values(answer);
    const documents = ["CHANGELOG.md", "LICENSE", "README.md"];
    assert.deepEqual(listed((pack?.files ?? []).map((file) => file.path)), [...CARRIED, ...documents].sort());
  });
});
