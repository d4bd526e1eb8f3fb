// Two made-up extensions that claim what ours does: one as the Python extension does, one as a TOML extension does.
import type { Files } from "./workbench.ts";

const manifest = (name: string, contributes: object): string =>
  JSON.stringify({ name, publisher: "aaa", version: "1.0.0", engines: { vscode: "^1.125.0" }, contributes });

const python: Files = {
  "package.json": manifest("python", {
    languages: [
      { id: "pip-requirements", aliases: ["pip requirements"], filenames: ["requirements.txt"] },
      { id: "toml", filenames: ["Pipfile"] },
      { id: "json", filenames: ["Pipfile.lock"] },
    ],
  }),
};

const toml: Files = {
  "package.json": manifest("toml", {
    languages: [{ id: "toml", aliases: ["TOML"], extensions: [".toml"], filenames: ["Pipfile"] }],
    grammars: [{ language: "toml", scopeName: "source.toml", path: "./toml.json" }],
  }),
  "toml.json": JSON.stringify({
    scopeName: "source.toml",
    patterns: [{ name: "variable.rival-key.toml", match: "^\\w+" }],
  }),
};

export const rivals: Readonly<Record<string, Files>> = { "aaa.python-1.0.0": python, "aaa.toml-1.0.0": toml };
