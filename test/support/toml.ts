// The TOML reader for tests, its grammar read from the packages that the bundles copy it from.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadToml, type TomlBinaries, type TomlParser } from "../../shared/src/manifest/toml.ts";

const require = createRequire(import.meta.url);
let loaded: Promise<TomlParser> | undefined;

/** The files of the runtime and of the grammar. */
export function tomlBinaries(): TomlBinaries {
  return {
    runtime: readFileSync(require.resolve("web-tree-sitter/web-tree-sitter.wasm")),
    grammar: readFileSync(
      join(
        dirname(require.resolve("@tree-sitter-grammars/tree-sitter-toml/package.json")),
        "tree-sitter-toml.wasm",
      ),
    ),
  };
}

/** One reader for all tests of a process. */
export function tomlForTests(): Promise<TomlParser> {
  loaded ??= loadToml(tomlBinaries());
  return loaded;
}
