// Finds the grammars: beside the bundle, or in node_modules above the sources.
import { readFileSync } from "node:fs";
import type { TomlBinaries } from "../../../shared/src/manifest/toml.ts";

/** The runtime and the grammar of TOML. Throws where the installation lacks them. */
export function readTomlBinaries(): TomlBinaries {
  return {
    runtime: readGrammar("web-tree-sitter.wasm", "web-tree-sitter"),
    grammar: readGrammar("tree-sitter-toml.wasm", "@tree-sitter-grammars/tree-sitter-toml"),
  };
}

function readGrammar(file: string, packageName: string): Uint8Array {
  const here = new URL(".", import.meta.url);
  const places = [new URL(file, here)];
  for (let folder = here; ; folder = new URL("..", folder)) {
    places.push(new URL(`node_modules/${packageName}/${file}`, folder));
    if (folder.pathname === new URL("..", folder).pathname) break;
  }
  for (const place of places) {
    try {
      return readFileSync(place);
    } catch {
      // The next place.
    }
  }
  throw new Error(`${file} is missing: install Thoth again.`);
}
